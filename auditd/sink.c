/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sink.h"

#include <errno.h>
#include <stdlib.h>

#include <libaudit.h>

#include "status.h"

struct qm_sink {
	/** audit socket, or -1 after a failure to open it again */
	int fd;
};

static const char *const state_texts[QM_SINK_STATE_MAX] = {
	[QM_SINK_READY] = "audit is on and auditd takes the records",
	[QM_SINK_UNVERIFIED] =
		"whether audit is on could not be asked (this needs CAP_AUDIT_CONTROL): see "
		"that 'auditctl -s' shows enabled 1 or 2 and a pid, or records get lost",
	[QM_SINK_NO_KERNEL_AUDIT] =
		"this kernel has no audit: boot one with CONFIG_AUDIT and without audit=0",
	[QM_SINK_NO_CAPABILITY] =
		"CAP_AUDIT_WRITE is missing: let the daemon have it (in systemd "
		"CapabilityBoundingSet= and AmbientCapabilities=, in a container --cap-add "
		"AUDIT_WRITE)",
	[QM_SINK_USER_NAMESPACE] =
		"the kernel takes no audit records from a user namespace: run the daemon "
		"outside, in a container that is not rootless and maps no users",
	[QM_SINK_DISABLED] =
		"audit is off, records are thrown away: start auditd, or run 'auditctl -e 1'",
	[QM_SINK_NO_AUDITD] =
		"audit is on but no auditd runs, records reach the kernel log at best: "
		"install and start auditd",
	[QM_SINK_AUDITD_STUCK] =
		"auditd stands still, records wait in the kernel until it is full: let it go on "
		"with 'kill -CONT', or end what traces it",
	[QM_SINK_AUDITD_SUSPENDED] =
		"auditd takes records and does not write its log: see in the system's log why "
		"it suspended that (a full disk?), make room, then 'kill -USR2' it or restart it",
};

const char *qm_sink_state_text(enum qm_sink_state state)
{
	if ((unsigned)state >= QM_SINK_STATE_MAX) {
		return "unknown state of audit";
	}
	return state_texts[state];
}

static enum qm_sink_state probe(int fd)
{
	struct qm_status status;
	int r = qm_status_ask(fd, &status);

	/* in a user namespace this comes before any look at capabilities */
	if (r == -ECONNREFUSED) {
		return QM_SINK_USER_NAMESPACE;
	}
	if (!audit_can_write()) {
		return QM_SINK_NO_CAPABILITY;
	}
	return r < 0 ? QM_SINK_UNVERIFIED : qm_status_judge(&status);
}

enum qm_sink_state qm_sink_probe(void)
{
	enum qm_sink_state state;
	int fd = audit_open();

	if (fd < 0) {
		return qm_status_lacks_audit(errno) ? QM_SINK_NO_KERNEL_AUDIT
											: QM_SINK_UNVERIFIED;
	}
	state = probe(fd);
	audit_close(fd);
	return state;
}

static int open_socket(struct qm_sink *sink)
{
	sink->fd = audit_open();
	return sink->fd < 0 ? -errno : 0;
}

int qm_sink_new(struct qm_sink **ret)
{
	struct qm_sink *sink = malloc(sizeof(*sink));
	int r;

	if (!sink) {
		return -ENOMEM;
	}
	r = open_socket(sink);
	if (r < 0) {
		free(sink);
		return r;
	}
	*ret = sink;
	return 0;
}

/** Sends once. hostname NULL and tty "" keep libaudit from DNS and from ttys. */
static int send_record(struct qm_sink *sink, const struct qm_record *record)
{
	int r = audit_log_user_message(sink->fd, AUDIT_CRYPTO_IPSEC_SA, record->body, NULL,
								   record->addr, "", record->success);

	if (r > 0) {
		return 0;
	}
	if (r < 0) {
		return r;
	}
	/* libaudit has two reasons for 0, and looks at files after the second */
	return errno == ECONNREFUSED ? -ECONNREFUSED : -EPERM;
}

/** Whether the same record on a new socket could fare better. */
static bool may_pass(int r)
{
	return r != -EPERM && r != -ECONNREFUSED && r != -EINVAL;
}

static int reopen(struct qm_sink *sink, int why)
{
	/* a bad descriptor is not ours any more: its number may be another's soon */
	if (why != -EBADF) {
		audit_close(sink->fd);
	}
	return open_socket(sink);
}

int qm_sink_write(struct qm_sink *sink, const struct qm_record *record)
{
	int r = sink->fd < 0 ? -EBADF : send_record(sink, record);

	if (r < 0 && may_pass(r)) {
		r = reopen(sink, r);
		if (!r) {
			r = send_record(sink, record);
		}
	}
	return r;
}

struct qm_sink *qm_sink_free(struct qm_sink *sink)
{
	if (sink) {
		audit_close(sink->fd);
		free(sink);
	}
	return NULL;
}
