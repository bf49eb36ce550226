/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger_end.h"

#include "ledger_life.h"
#include "ledger_lineage.h"
#include "ledger_stray.h"
#include "ledger_why.h"

/** How long the kernel may take to tell of what charon does to an SA. */
#define GRACE_MS 2000

/** Whether nothing more is to come that its record could tell. */
static bool is_complete(const struct qm_sa *sa)
{
	return qm_flow_is_gone(&sa->flow[QM_IN]) && qm_flow_is_gone(&sa->flow[QM_OUT]) &&
		   !sa->older;
}

/** The kernel's word may have been on its way since before the 5451. */
static uint64_t duration_ms(const struct qm_sa *sa, struct qm_time ended)
{
	const int64_t lived = (int64_t)(ended.mono_ms - sa->established.mono_ms);

	return lived > 0 ? (uint64_t)lived : 0;
}

/** When it was last known to be there, if all that is known is that it is gone. */
static uint64_t last_seen_ms(const struct qm_sa *sa)
{
	return sa->why.reason == QM_REASON_DAEMON_DIED ? sa->last_seen_ms : 0;
}

static void write_end(const struct qm_scene *scene, struct qm_sa *sa,
					  struct qm_time ended)
{
	const struct qm_flow *in = &sa->flow[QM_IN], *out = &sa->flow[QM_OUT];
	const struct qm_event event = {
		.kind = QM_EVENT_ENDED,
		.when_ms = ended.wall_ms,
		.sa = &sa->facts,
		.instance = sa->instance,
		.last_seen_ms = last_seen_ms(sa),
		.reason = sa->why.reason,
		.ended_by = sa->why.by,
		.traffic = {
			.bytes_in = qm_flow_bytes(in),
			.bytes_out = qm_flow_bytes(out),
			.packets_in = qm_flow_packets(in),
			.packets_out = qm_flow_packets(out),
		},
		.duration_ms = duration_ms(sa, ended),
		.total_bytes_in = qm_lineage_total(sa, QM_IN),
		.total_bytes_out = qm_lineage_total(sa, QM_OUT),
		.rekeys = sa->rekeys,
	};

	scene->table->open--;
	scene->emit(scene->user, &event);
	/* those after it may have waited for its sums alone */
	while (sa->younger) {
		struct qm_sa *younger = sa->younger;
		const struct qm_past before = qm_lineage_past(younger);

		qm_lineage_settle(younger);
		qm_life_past_updated(scene, younger, &before);
		qm_end_counted(scene, younger);
	}
}

/** Writes a record that has waited. */
static void conclude(const struct qm_scene *scene, struct qm_sa *sa)
{
	const struct qm_time ended = sa->since;

	qm_table_set_pending(scene->table, sa, QM_SA_SETTLED, ended);
	write_end(scene, sa, ended);
	if (!sa->ike) {
		qm_end_forget(scene, sa);
	}
}

void qm_end(const struct qm_scene *scene, struct qm_sa *sa, bool at_once)
{
	struct qm_table *table = scene->table;

	sa->phase = QM_PHASE_OVER;
	sa->why = qm_why_of(sa);
	qm_table_set_pending(table, sa, QM_SA_UNCOUNTED, scene->now);
	/* of an earlier run's, nobody but a mirror has told that it ends */
	if (at_once || (!table->mirrored && !sa->instance) || is_complete(sa)) {
		conclude(scene, sa);
	}
}

void qm_end_write(const struct qm_scene *scene, struct qm_sa *sa)
{
	if (sa->wait == QM_SA_UNCOUNTED) {
		conclude(scene, sa);
	}
}

void qm_end_counted(const struct qm_scene *scene, struct qm_sa *sa)
{
	if (is_complete(sa)) {
		qm_end_write(scene, sa);
	}
}

static bool is_doubtful(const struct qm_sa *sa)
{
	return sa->phase == QM_PHASE_ACTIVE &&
		   (qm_flow_is_gone(&sa->flow[QM_IN]) ||
			(sa->flow[QM_OUT].missing && !sa->replaced));
}

void qm_end_returned(const struct qm_scene *scene, struct qm_sa *sa)
{
	if (sa->wait == QM_SA_DOUBTED && !is_doubtful(sa)) {
		qm_table_set_pending(scene->table, sa, QM_SA_SETTLED, scene->now);
	}
}

void qm_end_doubt(const struct qm_scene *scene)
{
	struct qm_sa *sa, *next;

	HASH_ITER(hh, scene->table->sas, sa, next) {
		if (sa->wait == QM_SA_SETTLED && is_doubtful(sa)) {
			qm_table_set_pending(scene->table, sa, QM_SA_DOUBTED, scene->now);
		}
	}
}

void qm_end_forget(const struct qm_scene *scene, struct qm_sa *sa)
{
	if (sa->wait == QM_SA_UNCOUNTED) {
		qm_table_orphan(scene->table, sa);
		return;
	}
	for (enum qm_side side = 0; side < QM_SIDES; side++) {
		struct qm_flow *flow = &sa->flow[side];

		if (flow->former) {
			qm_stray_part(scene, flow);
		} else if (flow->present && (scene->table->mirrored || sa->instance)) {
			qm_stray_leave(scene, sa, side);
		}
	}
	qm_lineage_leave(sa);
	qm_table_remove(scene->table, sa);
}

/** It did not come back: it had ended when that was found. */
static void end_doubted(const struct qm_scene *scene, struct qm_sa *sa)
{
	struct qm_scene then = *scene;

	then.now = sa->since;
	qm_table_set_pending(scene->table, sa, QM_SA_SETTLED, sa->since);
	if (!is_doubtful(sa)) {
		return;
	}
	/* what charon itself removed ended for a reason that it did not tell */
	if (sa->flow[QM_IN].missing || sa->flow[QM_OUT].missing) {
		qm_why_blame(&sa->why, QM_REASON_EXTERNAL_DELETE, QM_PARTY_EXTERNAL);
	}
	qm_end(&then, sa, true);
}

void qm_end_before(const struct qm_scene *scene)
{
	struct qm_sa *sa;

	/* threads take the time before they queue: it may go back a little */
	while ((sa = scene->table->pending) &&
		   (int64_t)(scene->now.mono_ms - sa->since.mono_ms) >= GRACE_MS) {
		if (sa->wait == QM_SA_UNCOUNTED) {
			conclude(scene, sa);
		} else {
			end_doubted(scene, sa);
		}
	}
}

void qm_end_waiting(const struct qm_scene *scene)
{
	struct qm_sa *sa;

	while ((sa = scene->table->pending)) {
		if (sa->wait == QM_SA_UNCOUNTED) {
			conclude(scene, sa);
		} else {
			qm_table_set_pending(scene->table, sa, QM_SA_SETTLED, sa->since);
		}
	}
}
