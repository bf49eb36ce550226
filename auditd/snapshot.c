/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "snapshot.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** How long a loss is remembered as a reason, and what the mirror may take to look at
 * all SAs, in ms. */
#define LOST_MS 3600000
#define GAP_MS 10000

static const char *const sink_names[] = {
	[QM_SINK_READY] = "ready",
	[QM_SINK_UNVERIFIED] = "unverified",
	[QM_SINK_NO_KERNEL_AUDIT] = "no-kernel-audit",
	[QM_SINK_NO_CAPABILITY] = "no-capability",
	[QM_SINK_USER_NAMESPACE] = "user-namespace",
	[QM_SINK_DISABLED] = "disabled",
	[QM_SINK_NO_AUDITD] = "no-auditd",
	[QM_SINK_AUDITD_STUCK] = "auditd-stuck",
	[QM_SINK_AUDITD_SUSPENDED] = "auditd-suspended",
};

_Static_assert(sizeof(sink_names) / sizeof(sink_names[0]) == QM_SINK_STATE_MAX,
			   "every state has a name");

const char *qm_snapshot_sink_name(enum qm_sink_state state)
{
	return (unsigned)state < QM_SINK_STATE_MAX ? sink_names[state] : "?";
}

static void __attribute__((format(printf, 3, 4)))
blame(struct qm_snapshot *snapshot, const char *what, const char *fmt, ...)
{
	struct qm_snapshot_reason *reason = &snapshot->reasons[snapshot->n_reasons];
	va_list args;

	if (snapshot->n_reasons == QM_SNAPSHOT_REASONS) {
		return;
	}
	snapshot->n_reasons++;
	snprintf(reason->what, sizeof(reason->what), "%s", what);
	va_start(args, fmt);
	vsnprintf(reason->text, sizeof(reason->text), fmt, args);
	va_end(args);
}

static void judge_sink(struct qm_snapshot *snapshot)
{
	const bool takes =
		!strcmp(snapshot->sink, qm_snapshot_sink_name(QM_SINK_READY)) ||
		!strcmp(snapshot->sink, qm_snapshot_sink_name(QM_SINK_UNVERIFIED));

	if (!takes) {
		blame(snapshot, "sink", "%.400s; %" PRIu64 " records wait", snapshot->sink_text,
			  snapshot->waiting);
	}
	if (snapshot->send_error[0]) {
		blame(snapshot, "sink", "records cannot be sent: %.300s; %" PRIu64 " wait",
			  snapshot->send_error, snapshot->waiting);
	}
}

static void judge_store(struct qm_snapshot *snapshot)
{
	if (snapshot->store_error[0]) {
		blame(snapshot, "store", "records and open SA pairs are kept in memory alone: "
			  "%.400s", snapshot->store_error);
	} else if (strcmp(snapshot->durability, snapshot->durability_wanted)) {
		blame(snapshot, "store", "records and open SA pairs are kept with durability %s, "
			  "not %s as it is set: see the daemon's log of its start",
			  snapshot->durability, snapshot->durability_wanted);
	}
}

static void judge_losses(struct qm_snapshot *snapshot)
{
	if (snapshot->lost_at_ms && snapshot->time_ms - snapshot->lost_at_ms < LOST_MS) {
		blame(snapshot, "lost", "something was lost within the last hour; since the "
			  "start: queue %" PRIu64 ", audit %" PRIu64 ", netlink %" PRIu64
			  ", store %" PRIu64 " (see the op=lost records)", snapshot->lost_queue,
			  snapshot->lost_audit, snapshot->lost_netlink, snapshot->lost_store);
	}
}

static void judge_mirror(struct qm_snapshot *snapshot)
{
	const struct qm_snapshot_mirror *mirror = &snapshot->mirror;

	if (!mirror->wanted) {
		return;
	}
	if (!mirror->watched) {
		blame(snapshot, "mirror", "the kernel's SAs are not watched: see the daemon's "
			  "log for why");
	} else if (mirror->gap_ms >= GAP_MS) {
		blame(snapshot, "mirror", "which SAs the kernel has is not known, for %" PRIu64
			  " s: looking at them failed %" PRIu64 " times, see the daemon's log",
			  mirror->gap_ms / 1000, mirror->failures);
	}
}

void qm_snapshot_judge(struct qm_snapshot *snapshot)
{
	snapshot->n_reasons = 0;
	if (snapshot->answers) {
		judge_sink(snapshot);
		judge_store(snapshot);
		judge_losses(snapshot);
	} else {
		blame(snapshot, "writer", "the recorder has stood still for %" PRIu64 " s: the "
			  "kernel makes it wait for auditd, or a disk does",
			  snapshot->still_ms / 1000);
	}
	if (!snapshot->keeps) {
		blame(snapshot, "store", "records are not taken, and can be kept in memory "
			  "alone, or not at all");
	}
	if (snapshot->queue > snapshot->queue_size / 2) {
		blame(snapshot, "queue", "the queue is more than half full: %" PRIu64 " of %"
			  PRIu64, snapshot->queue, snapshot->queue_size);
	}
	judge_mirror(snapshot);
	snapshot->healthy = !snapshot->n_reasons;
}

struct qm_snapshot *qm_snapshot_free(struct qm_snapshot *snapshot)
{
	if (snapshot) {
		free(snapshot->sas);
		free(snapshot);
	}
	return NULL;
}
