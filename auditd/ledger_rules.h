/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What becomes of a CHILD_SA when something is said of it. Private to the
 * ledger.
 */
#ifndef QM_LEDGER_RULES_H
#define QM_LEDGER_RULES_H

#include "ledger_table.h"

/** What can be said of a CHILD_SA, whichever hook says it. */
enum qm_marker {
	/** installed in the kernel */
	QM_MARKER_INSTALLED,
	/** announced as established: up, or the new one of a rekey */
	QM_MARKER_ANNOUNCED,
	/** set aside for another */
	QM_MARKER_REKEYED,
	/** being deleted */
	QM_MARKER_DELETING,
	/** announced as down */
	QM_MARKER_DOWN,
	/** refused by the kernel, in whole or in part */
	QM_MARKER_REFUSED,
	/** gone */
	QM_MARKER_DESTROYED,
	QM_MARKER_MAX,
};

/** What to do: write its 5451, write its 5452, forget it. */
#define QM_START 1
#define QM_END 2
#define QM_FORGET 4

struct qm_rule {
	uint8_t actions;
	enum qm_phase next;
};

/** The rule for a CHILD_SA that has come this far. */
const struct qm_rule *qm_rule_of(enum qm_phase phase, enum qm_marker marker);

#endif
