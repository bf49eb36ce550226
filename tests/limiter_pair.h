/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A limiter and its model, told the same, which must answer the same; and the
 * books of it: nothing is lost and nothing counted twice.
 */
#ifndef QM_LIMITER_PAIR_H
#define QM_LIMITER_PAIR_H

#include "limiter_model.h"

/** Both, with the books; large, as the model is. */
struct qm_limiter_pair {
	struct qm_limiter *limiter;
	struct qm_limiter_model model;
	/** observations that they were told of, admitted, and counted in summaries */
	uint64_t told;
	uint64_t admitted;
	uint64_t summed;
	/** those that were admitted and then held after all */
	uint64_t returned;
	/** summaries handed out, of sources with a name and without */
	uint64_t named;
	uint64_t unnamed;
	/** what is wrong, NULL if nothing was so far */
	const char *wrong;
};

/** Makes both. @return 0, -EINVAL, -ENOMEM, as qm_limiter_new() */
int qm_limiter_pair_init(struct qm_limiter_pair *pair, size_t sources,
						 const struct qm_limiter_rates *rates);

/** Tells both of an observation. */
void qm_limiter_pair_admit(struct qm_limiter_pair *pair,
						   const struct qm_observation *observation);

/** Has both count an observation that was admitted. */
void qm_limiter_pair_hold(struct qm_limiter_pair *pair,
						  const struct qm_observation *observation);

/** Takes one summary. @return whether there was one */
bool qm_limiter_pair_take(struct qm_limiter_pair *pair, struct qm_time now, bool all);

/** Puts other rates in force in both. */
void qm_limiter_pair_set_rates(struct qm_limiter_pair *pair,
							   const struct qm_limiter_rates *rates);

/** Takes all that is left, and closes the books. */
void qm_limiter_pair_end(struct qm_limiter_pair *pair, struct qm_time now);

#endif
