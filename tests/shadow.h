/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is kept of SA pairs between a 5451 and its 5452, by nothing but what a ledger
 * tells: this is what a store would have when the daemon is killed. It has to be what
 * the 5452 says when it comes, and is told of no more than that takes.
 */
#ifndef QM_SHADOW_H
#define QM_SHADOW_H

#include <stdbool.h>

#include "charon_model.h"
#include "ledger.h"

struct qm_shadow {
	/** by CHILD_SA */
	bool is_open[QM_MODEL_CHILDREN];
	struct qm_open_sa open[QM_MODEL_CHILDREN];
	/** the ledger is being asked what it would tell, and has told of so many */
	bool asking;
	unsigned told;
	/** SA pairs that the ledger lists */
	unsigned listed;
	/** what is wrong, NULL while nothing is */
	const char *wrong;
	/** updates since it began, to see that there are any */
	uint64_t updates;
};

void qm_shadow_init(struct qm_shadow *shadow);

/** Takes an event; to be called with each. */
void qm_shadow_event(struct qm_shadow *shadow, const struct qm_event *event);

/** Asks the ledger whether all is as it should be; it emits events that do not count.
 * @return whether nothing was ever wrong */
bool qm_shadow_check(struct qm_shadow *shadow, struct qm_ledger *ledger);

#endif
