/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "report.h"

#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

/** Until progress is shown first, and between its updates. */
#define FIRST_MS 700
#define EVERY_MS 200

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

void qm_report_init(struct qm_report *report, const char *command)
{
	*report = (struct qm_report){
		.command = command,
		.interactive = isatty(STDERR_FILENO),
		.next_ms = now_ms() + FIRST_MS,
	};
}

void qm_report_clear(struct qm_report *report)
{
	if (report->shown) {
		fputs("\r\033[K", stderr);
		report->shown = false;
	}
}

__attribute__((format(printf, 2, 0))) static void tell(struct qm_report *report,
													   const char *format, va_list args)
{
	qm_report_clear(report);
	fprintf(stderr, "%s: ", report->command);
	vfprintf(stderr, format, args);
	fputc('\n', stderr);
}

void qm_report_error(struct qm_report *report, const char *format, ...)
{
	va_list args;

	report->failed = true;
	va_start(args, format);
	tell(report, format, args);
	va_end(args);
}

void qm_report_note(struct qm_report *report, const char *format, ...)
{
	va_list args;

	va_start(args, format);
	tell(report, format, args);
	va_end(args);
}

void qm_report_line(struct qm_report *report, const char *file, uint64_t line,
					const char *problem)
{
	if (report->bad_lines++ < QM_REPORT_LINES_MAX) {
		qm_report_clear(report);
		fprintf(stderr, "%s: %s:%" PRIu64 ": %s, skipped\n", report->command, file, line,
				problem);
	}
}

void qm_report_end(struct qm_report *report, const char *file)
{
	if (report->bad_lines > QM_REPORT_LINES_MAX) {
		qm_report_clear(report);
		fprintf(stderr, "%s: %s: %" PRIu64 " more bad lines, skipped\n", report->command,
				file, report->bad_lines - QM_REPORT_LINES_MAX);
	}
	report->bad_lines = 0;
}

void qm_report_progress(struct qm_report *report, const char *what, uint64_t done,
						uint64_t total)
{
	uint64_t now;

	if (!report->interactive) {
		return;
	}
	now = now_ms();
	if (now < report->next_ms) {
		return;
	}
	report->next_ms = now + EVERY_MS;
	report->shown = true;
	if (total) {
		fprintf(stderr, "\r\033[K%s: %u%%", what, (unsigned)(done * 100.0 / total));
	} else {
		fprintf(stderr, "\r\033[K%s: %" PRIu64, what, done);
	}
	fflush(stderr);
}
