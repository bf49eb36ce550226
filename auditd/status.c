/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "status.h"

#include <errno.h>
#include <poll.h>
#include <stddef.h>

#include <libaudit.h>

#include "clock.h"

/** How long the kernel gets to answer a status request. */
#define STATUS_TIMEOUT_MS 1000

/** An answer that reaches beyond a member; older kernels end earlier. */
#define REACHES(member) \
	((int)NLMSG_LENGTH(offsetof(struct audit_status, member) + sizeof(uint32_t)))

bool qm_status_lacks_audit(int error)
{
	return error == EPROTONOSUPPORT || error == EAFNOSUPPORT || error == EINVAL;
}

/** Reads up to the answer to a status request, for a limited time. */
static int read_status(int fd, struct audit_reply *reply)
{
	const uint64_t deadline = qm_time_now().mono_ms + STATUS_TIMEOUT_MS;
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	uint64_t now;
	int r;

	while ((now = qm_time_now().mono_ms) < deadline) {
		if (poll(&pfd, 1, (int)(deadline - now)) <= 0) {
			continue;
		}
		r = audit_get_reply(fd, reply, GET_REPLY_NONBLOCKING, 0);
		if (r > 0 && reply->type == AUDIT_GET && reply->len >= REACHES(pid)) {
			return 0;
		}
		if (r < 0 && r != -EAGAIN) {
			return r;
		}
	}
	return -ETIMEDOUT;
}

int qm_status_ask(int fd, struct qm_status *ret)
{
	struct audit_reply reply;
	int r = audit_request_status(fd);

	if (r <= 0) {
		return r < 0 ? r : -EIO;
	}
	r = read_status(fd, &reply);
	if (r < 0) {
		return r;
	}
	*ret = (struct qm_status){
		.enabled = reply.status->enabled,
		.pid = reply.status->pid,
		.has_lost = reply.len >= REACHES(lost),
	};
	if (ret->has_lost) {
		ret->lost = reply.status->lost;
	}
	return 0;
}

enum qm_sink_state qm_status_judge(const struct qm_status *status)
{
	if (!status->enabled) {
		return QM_SINK_DISABLED;
	}
	return status->pid ? QM_SINK_READY : QM_SINK_NO_AUDITD;
}
