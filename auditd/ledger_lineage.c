/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger_lineage.h"

#include <utlist.h>

static void forget(struct qm_sa *sa)
{
	sa->before[QM_IN].known = false;
	sa->before[QM_OUT].known = false;
}

static void untie(struct qm_sa *sa)
{
	if (sa->older) {
		LL_DELETE2(sa->older->younger, sa, sibling);
		sa->older = NULL;
	}
}

void qm_lineage_settle(struct qm_sa *sa)
{
	const struct qm_sa *older = sa->older;

	for (enum qm_side side = 0; side < QM_SIDES; side++) {
		sa->before[side] = qm_lineage_total(older, side);
	}
	untie(sa);
}

void qm_lineage_join(struct qm_sa *sa, struct qm_sa *old)
{
	untie(sa);
	if (!old) {
		forget(sa);
		return;
	}
	sa->older = old;
	LL_PREPEND2(old->younger, sa, sibling);
	if (old->phase == QM_PHASE_OVER && old->wait != QM_SA_UNCOUNTED) {
		qm_lineage_settle(sa);
	}
}

void qm_lineage_leave(struct qm_sa *sa)
{
	untie(sa);
	while (sa->younger) {
		forget(sa->younger);
		untie(sa->younger);
	}
}

static struct qm_count before(const struct qm_sa *sa, enum qm_side side)
{
	const bool known = sa->before[side].known && !sa->older;

	return (struct qm_count){ .known = known, .n = known ? sa->before[side].n : 0 };
}

struct qm_past qm_lineage_past(const struct qm_sa *sa)
{
	return (struct qm_past){
		.rekeys = sa->rekeys,
		.before = { [QM_IN] = before(sa, QM_IN), [QM_OUT] = before(sa, QM_OUT) },
	};
}

static bool is_same(struct qm_count a, struct qm_count b)
{
	return a.known == b.known && a.n == b.n;
}

bool qm_lineage_is_same(const struct qm_past *a, const struct qm_past *b)
{
	return a->rekeys == b->rekeys && is_same(a->before[QM_IN], b->before[QM_IN]) &&
		   is_same(a->before[QM_OUT], b->before[QM_OUT]);
}

struct qm_count qm_lineage_total(const struct qm_sa *sa, enum qm_side side)
{
	const struct qm_count own = qm_flow_bytes(&sa->flow[side]);

	return (struct qm_count){
		.known = own.known && sa->before[side].known && !sa->older,
		.n = own.n + sa->before[side].n,
	};
}
