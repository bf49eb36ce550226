/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger_life.h"

#include "ledger_end.h"

static void start(const struct qm_scene *scene, struct qm_sa *sa)
{
	const struct qm_event event = {
		.kind = QM_EVENT_ESTABLISHED,
		.when_ms = scene->now.wall_ms,
		.sa = &sa->facts,
		.old_child_sa = sa->old_child_sa,
	};

	sa->established = scene->now;
	scene->table->open++;
	scene->emit(scene->user, &event);
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
