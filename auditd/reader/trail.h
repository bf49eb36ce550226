/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The records of several logs, each once and in the order of their time.
 */
#ifndef QM_TRAIL_H
#define QM_TRAIL_H

#include "filter.h"
#include "logs.h"
#include "scan.h"

struct qm_trail {
	const struct qm_filter *filter;
	struct qm_report *report;
	/** the widths are wanted */
	bool measured;
	/** leave a last line without an end: it is still being written */
	bool whole_lines;
	/** take the kernel's records of SAs, too */
	bool with_kernel;
	struct qm_log *logs;
	size_t n_logs;
	struct qm_entry *entries;
	size_t count;
	/** how many of them there were twice */
	size_t repeated;
	struct qm_widths widths;
};

/** @param filter, report	must outlive the trail */
void qm_trail_init(struct qm_trail *trail, const struct qm_filter *filter,
				   struct qm_report *report);

void qm_trail_fini(struct qm_trail *trail);

/**
 * Adds what a log has. Bad lines are told of and passed over.
 *
 * @param fd		read to its end
 * @param name		for messages
 * @return			0 or a negative errno: the log cannot be read
 */
int qm_trail_add(struct qm_trail *trail, int fd, const char *name);

/** Says what is wrong with a line that begins at `at` in one of the logs. */
void qm_trail_complain(struct qm_trail *trail, const char *at, const char *what);

/** Puts all that was added in order, and drops what is there twice. */
void qm_trail_sort(struct qm_trail *trail);

#endif
