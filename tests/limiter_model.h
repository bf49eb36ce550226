/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flood limiter over again, simple and slow: it keeps every observation that
 * is held back, and looks at all of them each time it is asked. Nothing is shared
 * with the real one but the interface, whose comments are what it follows.
 */
#ifndef QM_LIMITER_MODEL_H
#define QM_LIMITER_MODEL_H

#include "limiter.h"

/** Sources that it can tell apart at most. */
#define QM_MODEL_SOURCES 16
/** Observations that it can hold. */
#define QM_MODEL_HELD 4096

/** An observation that is held back. */
struct qm_model_held {
	enum qm_limit_kind kind;
	/** as it was given, cleared of what does not count */
	struct qm_addr from;
	enum qm_fault fault;
	enum qm_tristate authenticated;
	uint64_t wall_ms;
	uint64_t mono_ms;
	/** its source is not told any more */
	bool unnamed;
};

/** A source, and how much it may have written. */
struct qm_model_source {
	/** its address, or its /64 */
	struct qm_addr name;
	/** records that it may cause, in 60000ths */
	uint64_t tokens;
	/** when that was so */
	uint64_t at_ms;
	/** number of its last use */
	uint64_t used;
};

/** All that it knows. */
struct qm_limiter_model {
	struct qm_limiter_rates rates;
	/** latest monotonic time it was told */
	uint64_t now_ms;
	/** sources that it may tell apart */
	size_t capacity;
	/** uses of any source */
	uint64_t uses;
	struct qm_model_source sources[QM_MODEL_SOURCES];
	size_t n_sources;
	/** for all sources together; `name` and `used` mean nothing */
	struct qm_model_source total;
	/** in the order in which they came */
	struct qm_model_held held[QM_MODEL_HELD];
	size_t n_held;
	/** when a summary of the unnamed was handed out last, by kind */
	uint64_t unnamed_ms[QM_LIMIT_KIND_MAX];
};

/** An observation, as qm_limiter_admit() and qm_limiter_hold() take it. */
struct qm_observation {
	enum qm_limit_kind kind;
	struct qm_addr source;
	enum qm_fault fault;
	enum qm_tristate authenticated;
	struct qm_time now;
};

/** As the function of qm_limiter with that name does. */
void qm_limiter_model_init(struct qm_limiter_model *model, size_t sources,
						   const struct qm_limiter_rates *rates);
bool qm_limiter_model_admit(struct qm_limiter_model *model,
							const struct qm_observation *observation);
void qm_limiter_model_hold(struct qm_limiter_model *model,
						   const struct qm_observation *observation);
bool qm_limiter_model_take(struct qm_limiter_model *model, struct qm_time now, bool all,
						   struct qm_summary *ret);
void qm_limiter_model_set_rates(struct qm_limiter_model *model,
								const struct qm_limiter_rates *rates);

#endif
