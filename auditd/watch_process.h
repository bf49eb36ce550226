/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * auditd as a process: whether it is there, and whether it runs.
 */
#ifndef QM_WATCH_PROCESS_H
#define QM_WATCH_PROCESS_H

#include <stdbool.h>
#include <stdint.h>

enum qm_process_state {
	/** it may be there or not: /proc does not show it, or not to us */
	QM_PROCESS_HIDDEN,
	QM_PROCESS_GONE,
	/** by a signal, or by who traces it */
	QM_PROCESS_STOPPED,
	QM_PROCESS_RUNS,
};

struct qm_process {
	uint32_t pid;
	enum qm_process_state state;
	/** the process's name as the kernel has it, "" when hidden or gone */
	char name[32];
};

/**
 * Whether the numbers that others give to processes are those of /proc: only the
 * first PID namespace can have an auditd.
 *
 * @param proc	where /proc is
 */
bool qm_process_is_first_namespace(const char *proc);

/** Looks at a process. */
void qm_process_look(const char *proc, uint32_t pid, struct qm_process *ret);

/**
 * Reads a pid file.
 *
 * @param ret	receives the number in it; untouched on failure
 * @return		0, -EINVAL for anything else than a number, or another negative errno
 */
int qm_process_read_pid(const char *path, uint32_t *ret);

/**
 * Looks for auditd among all processes.
 *
 * @param ret	receives its number; untouched on failure
 * @return		0, -ENOENT if there is none that /proc shows, or another negative errno
 */
int qm_process_find_auditd(const char *proc, uint32_t *ret);

/** Whether it is auditd. */
bool qm_process_is_auditd(const struct qm_process *process);

#endif
