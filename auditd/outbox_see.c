/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "outbox_priv.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define LOG_MAX 1024

void qm_outbox_tell(struct qm_outbox *outbox, const char *fmt, ...)
{
	char message[LOG_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	outbox->tell(outbox->user, message);
}

bool qm_outbox_takes(enum qm_sink_state state)
{
	return state == QM_SINK_READY || state == QM_SINK_UNVERIFIED;
}

void qm_outbox_hurry(struct qm_outbox *outbox)
{
	outbox->retry_ms = 0;
	outbox->retry_at = 0;
}

/** What is not known to have arrived is sent again, now. */
static void start_over(struct qm_outbox *outbox)
{
	qm_keep_unsend(outbox->keep);
	qm_outbox_hurry(outbox);
	outbox->doubt = false;
}

static void on_seen(void *user, uint64_t mark)
{
	struct qm_outbox *outbox = user;

	if (qm_keep_arrived(outbox->keep, mark)) {
		outbox->arrived++;
		if (outbox->doubt) {
			/* what else did not arrive has to be sent again */
			start_over(outbox);
		}
	}
}

/** What is forgotten is to be on disk elsewhere: auditd leaves that to the kernel. */
static void sync_log(struct qm_outbox *outbox)
{
	int r = qm_watch_sync(outbox->watch);

	if (r < 0 && r != outbox->sync_error) {
		qm_outbox_tell(outbox, "bringing auditd's log to disk failed: %s; records "
					   "there may be lost with the machine's power, see to the file "
					   "system that it is on", strerror(-r));
	}
	outbox->sync_error = r;
}

void qm_outbox_read_log(struct qm_outbox *outbox)
{
	const uint64_t arrived = outbox->arrived;
	int r;

	do {
		r = qm_watch_read(outbox->watch, on_seen, outbox);
	} while (r > 0);
	outbox->read_up = !r;
	if (outbox->arrived != arrived &&
		qm_keep_durability(outbox->keep) == QM_DURABLE_POWER) {
		sync_log(outbox);
	}
}

static void tell_kernel_lost(struct qm_outbox *outbox)
{
	const struct qm_watch_view *view = &outbox->view;

	if (view->has_lost && outbox->has_lost && view->lost != outbox->told_lost) {
		qm_outbox_tell(outbox, "the kernel threw away %" PRIu32 " audit records, of "
					   "whomever: raise its backlog ('auditctl -b'), or have auditd keep "
					   "up", view->lost - outbox->told_lost);
	}
	outbox->has_lost = view->has_lost;
	outbox->told_lost = view->lost;
}

void qm_outbox_look(struct qm_outbox *outbox)
{
	const bool listened = outbox->listened;
	uint32_t pid;

	qm_watch_look(outbox->watch, &outbox->view);
	tell_kernel_lost(outbox);
	outbox->listened = qm_outbox_takes(outbox->view.state);
	if (outbox->listened && !listened) {
		/* what was on its way stood still */
		qm_keep_touch(outbox->keep, qm_time_now().mono_ms);
		qm_outbox_hurry(outbox);
	}
	pid = outbox->view.auditd_pid;
	if (pid && outbox->auditd_pid && pid != outbox->auditd_pid) {
		/* what the other had not written went with it */
		qm_outbox_read_log(outbox);
		start_over(outbox);
	}
	outbox->auditd_pid = pid ? pid : outbox->auditd_pid;
	if (outbox->doubt && outbox->listened) {
		outbox->view.state = QM_SINK_AUDITD_SUSPENDED;
	}
}

bool qm_outbox_has_complained(const struct qm_outbox *outbox)
{
	return outbox->told_error || !qm_outbox_takes(outbox->told_state);
}

void qm_outbox_report(struct qm_outbox *outbox, uint64_t waiting)
{
	const enum qm_sink_state state = outbox->view.state;
	const bool was = qm_outbox_has_complained(outbox);
	const bool is = outbox->error || !qm_outbox_takes(state);

	if (is && (outbox->told_error != outbox->error || outbox->told_state != state)) {
		qm_outbox_tell(outbox, "audit records are not taken, %" PRIu64 " wait: %s%s%s",
					   waiting, outbox->error ? strerror(-outbox->error) : "",
					   outbox->error ? ", " : "",
					   qm_sink_state_text(qm_outbox_takes(state) ? qm_sink_probe() :
																   state));
	} else if (was && !is) {
		qm_outbox_tell(outbox, "audit records are taken again, %" PRIu64 " wait",
					   waiting);
	}
	outbox->told_error = outbox->error;
	outbox->told_state = state;
}
