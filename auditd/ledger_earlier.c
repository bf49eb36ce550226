/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger_earlier.h"

#include <utlist.h>

#include "ledger_end.h"
#include "ledger_why.h"

int qm_earlier_add(const struct qm_scene *scene, const struct qm_open_sa *open,
				   uint64_t last_seen_ms)
{
	struct qm_sa *sa;
	int r = qm_table_add_earlier(scene->table, open, &sa);

	if (r < 0) {
		return r;
	}
	sa->phase = QM_PHASE_ACTIVE;
	sa->last_seen_ms = last_seen_ms;
	/* the monotonic clock may have begun after it: then this wraps, and back again
	 * where the duration is made of it */
	sa->established.wall_ms = open->established_ms;
	sa->established.mono_ms = scene->now.mono_ms -
							  (scene->now.wall_ms - open->established_ms);
	scene->table->open++;
	return 0;
}

/** The kernel does not have it: since it was seen to, or since before this run. */
static void end(const struct qm_scene *scene, struct qm_sa *sa, bool seen)
{
	if (seen) {
		qm_why_blame(&sa->why, QM_REASON_EXTERNAL_DELETE, QM_PARTY_EXTERNAL);
	} else {
		qm_why_blame(&sa->why, QM_REASON_DAEMON_DIED, QM_PARTY_UNKNOWN);
	}
	qm_end(scene, sa, true);
}

void qm_earlier_settle(const struct qm_scene *scene)
{
	struct qm_sa *sa, *next;

	DL_FOREACH_SAFE(scene->table->earlier, sa, next) {
		if (sa->phase == QM_PHASE_ACTIVE && !sa->flow[QM_IN].present) {
			end(scene, sa, sa->flow[QM_IN].seen);
		}
	}
}

bool qm_earlier_yield(const struct qm_scene *scene, const struct qm_sa *to,
					  enum qm_side side)
{
	struct qm_sa *sa = qm_table_find_earlier(scene->table, to, side);
	bool present;

	if (!sa) {
		return false;
	}
	present = sa->flow[side].present;
	if (!qm_flow_is_gone(&sa->flow[side])) {
		sa->flow[side] = (struct qm_flow){ .seen = true, .uncounted = true };
	}
	qm_table_hide(scene->table, sa, side);
	if (sa->phase == QM_PHASE_OVER) {
		qm_end_counted(scene, sa);
	} else if (side == QM_IN) {
		/* what was seen before all was known may have been the new one */
		end(scene, sa, scene->table->mirrored);
	}
	return present;
}
