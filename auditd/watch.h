/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether anybody takes what the kernel acknowledges. The kernel's answer to a
 * record only says that it was well-formed: with audit off, no auditd, an auditd
 * that stands still or has suspended writing, or a backlog that overflows, it is
 * the same. So auditd's process is looked at, and its log is read: a record has
 * arrived when it stands there. One thread owns a watch.
 */
#ifndef QM_WATCH_H
#define QM_WATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "sink.h"

struct qm_watch;

struct qm_watch_config {
	/** NULL for what auditd.conf says; "" to read none */
	const char *log;
	/** ask the kernel for its audit status, which takes CAP_AUDIT_CONTROL */
	bool ask_kernel;
	/** bring what was read to disk before going on to the next file */
	bool sync;
	/** NULL for /etc/audit/auditd.conf, /run/auditd.pid, where newer auditds have that,
	 * /run/audit/auditd.pid, and /proc */
	const char *auditd_conf;
	const char *pid_file;
	const char *newer_pid_file;
	const char *proc;
};

/** What a look found. */
struct qm_watch_view {
	/** READY: somebody takes the records; UNVERIFIED: that could not be found out */
	enum qm_sink_state state;
	/** auditd, 0 when not known; another number is another process */
	uint32_t auditd_pid;
	/** the kernel's count of records that it threw away, where known */
	bool has_lost;
	uint32_t lost;
};

/**
 * @param ret	receives the watch, to be freed by qm_watch_free()
 * @return		0 or -ENOMEM
 */
int qm_watch_new(struct qm_watch **ret, const struct qm_watch_config *config);

/**
 * Looks who listens. A few system calls, never blocks for long; with ask_kernel it can
 * be made to wait as a record can, where too many wait for an auditd that is slow.
 */
void qm_watch_look(struct qm_watch *watch, struct qm_watch_view *ret);

/**
 * Whether records can be seen to arrive: auditd's log is there, is being written by
 * this auditd (write_logs), and can be read.
 */
bool qm_watch_confirms(const struct qm_watch *watch);

/**
 * Why not, and what to do. Where it does: what else could not be looked at, or "".
 * Good until the next call.
 */
const char *qm_watch_complaint(const struct qm_watch *watch);

/** A number that stands for a record's body; never 0. */
uint64_t qm_watch_mark(const char *body, size_t len);

/**
 * Reads what has been added to auditd's log since the last call, also where it was
 * rotated in between. It begins at the end that the log had when it was first looked
 * at or read; no more than so much is read at a time.
 *
 * @param seen	called with the mark of each IPsec SA record there, whoever wrote it
 * @return		1 if there is more to read now, 0, or a negative errno (nothing can be
 *				seen to arrive for now; see qm_watch_complaint())
 */
int qm_watch_read(struct qm_watch *watch, void (*seen)(void *user, uint64_t mark),
				  void *user);

/**
 * Has what was read of auditd's log be on disk, also when the power is lost. May take
 * as long as the disk does.
 *
 * @return	0 or the negative errno of fdatasync()
 */
int qm_watch_sync(struct qm_watch *watch);

/** Frees the watch. NULL is fine. @return NULL */
struct qm_watch *qm_watch_free(struct qm_watch *watch);

#endif
