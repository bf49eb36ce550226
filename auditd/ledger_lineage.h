/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which CHILD_SA a rekey put in the place of which, and what went through all of
 * them. A CHILD_SA is tied to the one before it until that has ended, which is soon
 * after the rekey; then it has its sums. Private to the ledger.
 */
#ifndef QM_LEDGER_LINEAGE_H
#define QM_LEDGER_LINEAGE_H

#include "ledger_table.h"

/** What a 5452 tells of those before its CHILD_SA. */
struct qm_past {
	uint32_t rekeys;
	/** bytes of them all, not known while one of them is left */
	struct qm_count before[QM_SIDES];
};

/**
 * A CHILD_SA replaces another.
 *
 * @param old	NULL if nothing is known of it
 */
void qm_lineage_join(struct qm_sa *sa, struct qm_sa *old);

/** Takes over the sums of the one before it, whose 5452 is out. */
void qm_lineage_settle(struct qm_sa *sa);

/** A CHILD_SA is forgotten: unties it. */
void qm_lineage_leave(struct qm_sa *sa);

/** What its 5452 would tell of those before it. */
struct qm_past qm_lineage_past(const struct qm_sa *sa);

/** Whether it would tell the same. */
bool qm_lineage_is_same(const struct qm_past *a, const struct qm_past *b);

/** Bytes of it and of all before it, of which none may be left. */
struct qm_count qm_lineage_total(const struct qm_sa *sa, enum qm_side side);

#endif
