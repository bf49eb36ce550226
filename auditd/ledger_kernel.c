/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger_kernel.h"

#include <string.h>

#include "ledger_earlier.h"
#include "ledger_end.h"
#include "ledger_stray.h"
#include "ledger_why.h"

void qm_kernel_before(const struct qm_scene *scene)
{
	qm_end_before(scene);
	qm_stray_before(scene);
}

static void arrive(const struct qm_scene *scene, struct qm_sa *sa, enum qm_side side,
				   const struct qm_kernel_sa *kernel)
{
	struct qm_flow *flow = &sa->flow[side];

	qm_flow_arrive(flow, kernel);
	qm_stray_part(scene, flow);
	qm_end_returned(scene, sa);
}

void qm_kernel_added(const struct qm_scene *scene, const struct qm_kernel_sa *kernel)
{
	enum qm_side side;
	struct qm_sa *sa = qm_table_find_kernel(scene->table, kernel, &side);

	if (sa) {
		arrive(scene, sa, side, kernel);
	} else if (!qm_stray_find(scene->table, kernel)) {
		qm_stray_add(scene, kernel);
	}
}

/** The kernel had it end, whatever charon knows of that. */
static void cut(const struct qm_scene *scene, struct qm_sa *sa, bool at_once)
{
	if (sa->phase == QM_PHASE_ACTIVE) {
		qm_end(scene, sa, at_once);
	} else if (sa->phase != QM_PHASE_OVER) {
		sa->cut = true;
	}
}

/** charon deletes the other half of what expired. */
static void expire(const struct qm_scene *scene, struct qm_sa *sa,
				   const struct qm_kernel_sa *kernel)
{
	if (sa->peer_delete) {
		/* with equal lifetimes, the peer's kernel may have been first */
		qm_why_blame(&sa->why, QM_REASON_DELETED, QM_PARTY_PEER);
	} else {
		qm_why_expired(sa, kernel->by == QM_PARTY_EXTERNAL ? QM_PARTY_EXTERNAL :
															 QM_PARTY_KERNEL);
	}
	cut(scene, sa, false);
}

static void delete(const struct qm_scene *scene, struct qm_sa *sa,
				   const struct qm_kernel_sa *kernel)
{
	/* in a rekey, and to give it other addresses, it does this to what lives on */
	if (kernel->by == QM_PARTY_LOCAL && !sa->instance) {
		return;
	}
	if (kernel->by == QM_PARTY_LOCAL) {
		qm_why_blame(&sa->why, QM_REASON_DELETED, QM_PARTY_LOCAL);
	} else {
		qm_why_blame(&sa->why, kernel->end == QM_KERNEL_END_FLUSHED ?
					 QM_REASON_EXTERNAL_FLUSH : QM_REASON_EXTERNAL_DELETE,
					 QM_PARTY_EXTERNAL);
	}
	/* nobody but the kernel will say more of an earlier run's */
	cut(scene, sa, !sa->instance);
}

/** The CHILD_SA of which an SA was a half, by an address it has or had. */
static struct qm_sa *owner(const struct qm_scene *scene,
						   const struct qm_kernel_sa *kernel, enum qm_side *ret)
{
	struct qm_sa *sa = qm_table_find_kernel(scene->table, kernel, ret);
	struct qm_stray *stray = sa ? NULL : qm_stray_find(scene->table, kernel);

	if (stray) {
		sa = stray->child;
		*ret = stray->side;
		qm_stray_drop(scene->table, stray);
	}
	return sa;
}

void qm_kernel_removed(const struct qm_scene *scene, const struct qm_kernel_sa *kernel)
{
	enum qm_side side;
	struct qm_sa *sa = owner(scene, kernel, &side);

	if (!sa) {
		return;
	}
	qm_flow_leave(&sa->flow[side], kernel);
	switch (sa->wait == QM_SA_UNCOUNTED ? QM_KERNEL_END_NONE : kernel->end) {
	case QM_KERNEL_END_EXPIRED:
		expire(scene, sa, kernel);
		break;
	case QM_KERNEL_END_DELETED:
	case QM_KERNEL_END_FLUSHED:
		delete(scene, sa, kernel);
		break;
	default:
		/* that it vanished may have an explanation that is still to come */
		qm_end_counted(scene, sa);
		break;
	}
}

/** Everything is known again. */
static void complete(const struct qm_scene *scene, const struct qm_sync *sync)
{
	const uint64_t missed = sync->dropped ? sync->dropped : sync->changes;
	struct qm_table *table = scene->table;

	if (!sync->start && missed) {
		qm_stray_lost(scene, missed, table->gap ? table->gap_since_ms :
												  scene->now.wall_ms);
	}
	table->mirrored = true;
	table->gap = false;
	qm_end_doubt(scene);
	qm_earlier_settle(scene);
}

void qm_kernel_sync(const struct qm_scene *scene, const struct qm_sync *sync)
{
	struct qm_table *table = scene->table;

	switch (sync->phase) {
	case QM_SYNC_BEGIN:
		table->gap_since_ms = table->gap ? table->gap_since_ms : scene->now.wall_ms;
		table->gap = true;
		break;
	case QM_SYNC_END:
		complete(scene, sync);
		break;
	case QM_SYNC_OFF:
		table->mirrored = false;
		qm_end_waiting(scene);
		break;
	case QM_SYNC_NONE:
		qm_earlier_settle(scene);
		break;
	default:
		break;
	}
}

static void claim(const struct qm_scene *scene, struct qm_sa *sa, enum qm_side side)
{
	struct qm_stray *stray = qm_stray_claim(scene->table, sa, side);

	if (stray) {
		arrive(scene, sa, side, &stray->kernel);
		qm_stray_drop(scene->table, stray);
	}
	if (qm_earlier_yield(scene, sa, side)) {
		arrive(scene, sa, side, &(const struct qm_kernel_sa){ .found = true });
	}
}

void qm_kernel_learned(const struct qm_scene *scene, struct qm_sa *sa)
{
	claim(scene, sa, QM_IN);
	claim(scene, sa, QM_OUT);
}

void qm_kernel_moving(const struct qm_scene *scene, struct qm_sa *sa)
{
	/* the kernel's SAs are replaced, and nobody may see how the old ones end */
	if (!scene->table->mirrored || scene->table->gap) {
		sa->flow[QM_IN].uncounted = true;
		sa->flow[QM_OUT].uncounted = true;
	}
}

static void move(const struct qm_scene *scene, struct qm_sa *sa, enum qm_side side,
				 const struct qm_half halves[QM_SIDES])
{
	const struct qm_half *half = side == QM_IN ? &sa->in : &sa->out;
	struct qm_flow *flow = &sa->flow[side];
	struct qm_stray *former = flow->former;

	if (!memcmp(half, &halves[side], sizeof(*half))) {
		return;
	}
	if (former && !memcmp(half, &former->half, sizeof(*half))) {
		/* back where it was */
		qm_stray_drop(scene->table, former);
	} else if (flow->present && !former) {
		qm_stray_keep_former(scene, sa, side, halves);
	}
	/* what went through it where nobody saw it will not be told */
	flow->uncounted |= !flow->seen;
	claim(scene, sa, side);
}

void qm_kernel_moved(const struct qm_scene *scene, struct qm_sa *sa,
					 const struct qm_half halves[QM_SIDES])
{
	move(scene, sa, QM_IN, halves);
	move(scene, sa, QM_OUT, halves);
}

void qm_kernel_lost(const struct qm_scene *scene, struct qm_sa *sa)
{
	for (enum qm_side side = 0; side < QM_SIDES; side++) {
		if (sa->flow[side].former) {
			qm_stray_drop(scene->table, sa->flow[side].former);
		}
		sa->flow[side] = (struct qm_flow){ .uncounted = true };
	}
}

bool qm_kernel_waits(const struct qm_table *table)
{
	return table->pending || qm_stray_waits(table);
}

void qm_kernel_finish(const struct qm_scene *scene)
{
	scene->table->mirrored = false;
	qm_end_waiting(scene);
	qm_stray_clear(scene->table);
}
