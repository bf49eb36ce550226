/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Goes on reading a log as it grows, and when it is rotated.
 */
#ifndef QM_FOLLOW_H
#define QM_FOLLOW_H

#include <sys/types.h>

#include "lines.h"
#include "printer.h"
#include "trail.h"

/** A power of two: how many records are known again when they come once more. */
#define QM_FOLLOW_RECENT 65536

struct qm_follow {
	struct qm_printer *printer;
	const struct qm_filter *filter;
	struct qm_report *report;
	/** for messages, and to see whether it was rotated; NULL for a stream */
	const char *path;
	struct qm_lines lines;
	/** by their hashes */
	uint64_t *recent;
	struct qm_line line;
};

/**
 * @param path		NULL for a stream
 * @return			0 or -ENOMEM
 */
int qm_follow_init(struct qm_follow *follow, struct qm_printer *printer,
				   const struct qm_filter *filter, struct qm_report *report,
				   const char *path);

void qm_follow_fini(struct qm_follow *follow);

/** Notes a record as one that was printed. @return whether it was before */
bool qm_follow_seen(struct qm_follow *follow, const struct qm_line *line);

/** Takes bytes of the log: prints what is complete. */
void qm_follow_feed(struct qm_follow *follow, const char *data, size_t size);

/**
 * Follows a log until the output fails, or a stream ends.
 *
 * @param fd		where to go on reading, -1 for a log that is not there yet; taken
 *					over
 * @return			0 at the end of a stream, or a negative errno
 */
int qm_follow_run(struct qm_follow *follow, int fd);

/**
 * One round of it: reads all there is, and goes over to a new file when there is
 * one and the old one is at its end.
 *
 * @param fd		may become another; -1 while the log is not there
 * @return			bytes read, or a negative errno
 */
ssize_t qm_follow_step(struct qm_follow *follow, int *fd);

#endif
