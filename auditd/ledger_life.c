/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger_life.h"

#include "ledger_end.h"

static void tell(const struct qm_scene *scene, const struct qm_sa *sa,
				 enum qm_event_kind kind)
{
	const struct qm_past past = qm_lineage_past(sa);
	const struct qm_event event = {
		.kind = kind,
		.when_ms = scene->now.wall_ms,
		.sa = &sa->facts,
		.old_child_sa = sa->old_child_sa,
		.established_ms = sa->established.wall_ms,
		.rekeys = past.rekeys,
		.before_in = past.before[QM_IN],
		.before_out = past.before[QM_OUT],
	};

	scene->emit(scene->user, &event);
}

static void start(const struct qm_scene *scene, struct qm_sa *sa)
{
	sa->established = scene->now;
	scene->table->open++;
	tell(scene, sa, QM_EVENT_ESTABLISHED);
}

void qm_life_updated(const struct qm_scene *scene, const struct qm_sa *sa)
{
	if (sa->phase == QM_PHASE_ACTIVE || sa->wait == QM_SA_UNCOUNTED) {
		tell(scene, sa, QM_EVENT_UPDATED);
	}
}

void qm_life_past_updated(const struct qm_scene *scene, const struct qm_sa *sa,
						  const struct qm_past *before)
{
	const struct qm_past past = qm_lineage_past(sa);

	if (!qm_lineage_is_same(&past, before)) {
		qm_life_updated(scene, sa);
	}
}

void qm_life_mark(const struct qm_scene *scene, struct qm_sa *sa, enum qm_marker marker)
{
	const struct qm_rule *rule = qm_rule_of(sa->phase, marker);

	sa->phase = rule->next;
	if (rule->actions & QM_START) {
		start(scene, sa);
	}
	if (rule->actions & QM_END) {
		qm_end(scene, sa, false);
	} else if ((rule->actions & QM_START) && sa->cut) {
		/* the kernel had lost it before charon could announce it */
		qm_end(scene, sa, true);
	}
	if (rule->actions & QM_FORGET) {
		qm_end_forget(scene, sa);
	}
}
