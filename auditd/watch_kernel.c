/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "watch_kernel.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <libaudit.h>

#include "clock.h"

void qm_watch_kernel_init(struct qm_watch_kernel *kernel)
{
	kernel->fd = -1;
	kernel->again_ms = 0;
	kernel->unasked = QM_SINK_UNVERIFIED;
	kernel->complaint[0] = '\0';
}

void qm_watch_kernel_end(struct qm_watch_kernel *kernel)
{
	if (kernel->fd >= 0) {
		audit_close(kernel->fd);
		kernel->fd = -1;
	}
}

static int ask(struct qm_watch_kernel *kernel, struct qm_status *ret)
{
	if (kernel->fd < 0) {
		kernel->fd = audit_open();
	}
	if (kernel->fd < 0) {
		return qm_status_lacks_audit(errno) ? -EPROTONOSUPPORT : -errno;
	}
	return qm_status_ask(kernel->fd, ret);
}

/** What a failure to ask says by itself. */
static enum qm_sink_state judge_failure(int error)
{
	switch (error) {
	case -EPROTONOSUPPORT:
		return QM_SINK_NO_KERNEL_AUDIT;
	case -ECONNREFUSED:
		return QM_SINK_USER_NAMESPACE;
	default:
		return QM_SINK_UNVERIFIED;
	}
}

bool qm_watch_kernel_ask(struct qm_watch_kernel *kernel, struct qm_status *ret)
{
	int r;

	if (qm_time_now().mono_ms < kernel->again_ms) {
		return false;
	}
	r = ask(kernel, ret);
	if (!r) {
		kernel->complaint[0] = '\0';
		return true;
	}
	/* an answer that comes late would be taken for that to the next question */
	qm_watch_kernel_end(kernel);
	kernel->again_ms = qm_time_now().mono_ms + QM_WATCH_AGAIN_MS;
	kernel->unasked = judge_failure(r);
	snprintf(kernel->complaint, sizeof(kernel->complaint),
			 "asking the kernel for the status of audit failed: %s; this needs "
			 "CAP_AUDIT_CONTROL, outside of containers: let the daemon have it, or set "
			 "it not to ask", strerror(-r));
	return false;
}
