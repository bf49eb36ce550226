/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where auditd's logs are, and how they are read.
 */
#ifndef QM_LOGS_H
#define QM_LOGS_H

#include "report.h"
#include "span.h"

#define QM_AUDITD_CONF "/etc/audit/auditd.conf"

/** Files, oldest first. */
struct qm_logs {
	char **paths;
	size_t count;
};

/**
 * Finds auditd's logs: log_file of its configuration, and what it was rotated to.
 *
 * @param conf		auditd.conf; where it is not there, auditd's default is taken
 * @param ret		receives the paths, for qm_logs_free(); the log in use is the last
 * @return			0, or a negative errno: the configuration cannot be read
 */
int qm_logs_find(const char *conf, struct qm_logs *ret);

void qm_logs_free(struct qm_logs *logs);

/** A log in memory. */
struct qm_log {
	/** for messages, not owned */
	const char *name;
	char *data;
	size_t size;
	/** mapped, and not allocated */
	bool mapped;
};

/**
 * Has all of a log in memory: a file is mapped, anything else, such as a pipe, is
 * read to its end, of which only lines with records of ours are kept. A file that
 * is cut short meanwhile reads as zeros.
 *
 * @param fd			closed by the caller
 * @param with_kernel	of what is no file, keeps the kernel's records of SAs, too
 * @return				0 or a negative errno
 */
int qm_log_open(struct qm_log *log, int fd, bool with_kernel, struct qm_report *report);

void qm_log_close(struct qm_log *log);

#endif
