/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a reader tells on standard error: what is wrong, and how far it is.
 */
#ifndef QM_REPORT_H
#define QM_REPORT_H

#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>

/** Messages about one log before the rest of its bad lines are only counted. */
#define QM_REPORT_LINES_MAX 10

struct qm_report {
	/** the command, as messages begin with it */
	const char *command;
	/** standard error is a terminal: show progress */
	bool interactive;
	/** an error after which something is missing */
	bool failed;
	/** bad lines of the log that is read now */
	uint64_t bad_lines;
	/** when progress is to be shown next, in ms of the monotonic clock */
	uint64_t next_ms;
	bool shown;
};

void qm_report_init(struct qm_report *report, const char *command);

/** Says what went wrong; what is read is not complete then. */
void qm_report_error(struct qm_report *report, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** Says what is not wrong, and yet to be known. */
void qm_report_note(struct qm_report *report, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** Says what is wrong with a line, or only counts it when there were many. */
void qm_report_line(struct qm_report *report, const char *file, uint64_t line,
					const char *problem);

/** At the end of a log: says how many bad lines were only counted. */
void qm_report_end(struct qm_report *report, const char *file);

/** Shows how far reading is, now and then, on a terminal. */
void qm_report_progress(struct qm_report *report, const char *what, uint64_t done,
						uint64_t total);

/** Takes the last progress away. */
void qm_report_clear(struct qm_report *report);

#endif
