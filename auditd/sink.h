/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way to Linux audit. One thread owns a sink: libaudit keeps state in
 * static variables, and a send may sleep in the kernel while auditd is behind.
 */
#ifndef QM_SINK_H
#define QM_SINK_H

#include "record.h"

struct qm_sink;

/** What qm_sink_probe() found. */
enum qm_sink_state {
	/** records will be accepted, and auditd is there to take them */
	QM_SINK_READY,
	/** could not find out more; records may be accepted */
	QM_SINK_UNVERIFIED,
	/** the kernel has no audit, or was booted with audit=0 */
	QM_SINK_NO_KERNEL_AUDIT,
	/** CAP_AUDIT_WRITE is missing */
	QM_SINK_NO_CAPABILITY,
	/** in a user namespace: the kernel refuses */
	QM_SINK_USER_NAMESPACE,
	/** audit is switched off (enabled=0): accepted records are thrown away */
	QM_SINK_DISABLED,
	/** no auditd is registered with the kernel */
	QM_SINK_NO_AUDITD,
	/** auditd stands still: it was stopped by a signal or is being traced */
	QM_SINK_AUDITD_STUCK,
	/** auditd runs and does not write its log */
	QM_SINK_AUDITD_SUSPENDED,
	QM_SINK_STATE_MAX,
};

/** What it is and what to do, a sentence for a log; never NULL. */
const char *qm_sink_state_text(enum qm_sink_state state);

/**
 * Finds out whether audit can be written, without writing.
 *
 * Asks the kernel for the audit status where CAP_AUDIT_CONTROL allows.
 */
enum qm_sink_state qm_sink_probe(void);

/**
 * Opens the audit socket.
 *
 * @param ret	receives the sink, to be freed by qm_sink_free()
 * @return		0, -ENOMEM, or the negative errno of audit_open()
 *				(-EPROTONOSUPPORT: no audit in this kernel)
 */
int qm_sink_new(struct qm_sink **ret);

/**
 * Hands one record to the kernel and waits for its acknowledgement.
 *
 * May block as long as the kernel makes writers wait (backlog_wait_time).
 * libaudit's silent zero, "not sent" (audit-userspace lib/deprecated.c), is an
 * error here. A transient failure is tried once more on a new socket.
 *
 * @return	0 when the kernel accepted it, -EPERM without CAP_AUDIT_WRITE,
 *			-ECONNREFUSED in a user namespace, else the negative errno
 */
int qm_sink_write(struct qm_sink *sink, const struct qm_record *record);

/** Closes and frees. NULL is fine. @return NULL */
struct qm_sink *qm_sink_free(struct qm_sink *sink);

#endif
