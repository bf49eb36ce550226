/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "share.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

/** Events of a share: some megabytes of text at most. */
#define SHARE_EVENTS 2048

struct share {
	struct qm_printer printer;
	struct qm_line line;
	const struct qm_entry *from;
	const struct qm_entry *to;
	/** the first bad one, and how many there are */
	struct qm_problem problem;
	uint64_t n_problems;
	pthread_t thread;
	bool started;
};

static void *print_share(void *arg)
{
	struct share *share = arg;
	const char *problem;

	for (const struct qm_entry *entry = share->from; entry < share->to; entry++) {
		/* what a look did not show, or a log that is cut short meanwhile */
		if (qm_line_parse((struct qm_span){ entry->text, entry->len }, &share->line,
						  &problem) == 0) {
			qm_printer_event(&share->printer, &share->line);
		} else if (share->n_problems++ == 0) {
			share->problem = (struct qm_problem){ entry->text, problem };
		}
	}
	return NULL;
}

/** Has all print their shares from `entry` on. @return what comes after those */
static const struct qm_entry *start(struct share *shares, unsigned count,
									const struct qm_entry *entry,
									const struct qm_entry *end)
{
	for (unsigned i = 0; i < count; i++) {
		struct share *share = &shares[i];

		share->from = entry;
		entry += end - entry < SHARE_EVENTS ? end - entry : SHARE_EVENTS;
		share->to = entry;
		share->started = i > 0 && share->from < share->to &&
						 !pthread_create(&share->thread, NULL, print_share, share);
	}
	return entry;
}

/** Takes over what all have printed, in order. */
static int finish(struct share *shares, unsigned count, struct qm_printer *printer,
				  struct qm_trail *trail)
{
	int error = 0;

	for (unsigned i = 0; i < count; i++) {
		struct qm_printer *const from = &shares[i].printer;

		if (shares[i].started) {
			pthread_join(shares[i].thread, NULL);
		} else {
			print_share(&shares[i]);
		}
		error = error ? error : from->out.error;
		qm_out_pass(&printer->out, &from->out);
		printer->count += from->count;
		from->count = 0;
		if (shares[i].n_problems) {
			qm_trail_complain(trail, shares[i].problem.at, shares[i].problem.what);
			trail->report->bad_lines += shares[i].n_problems - 1;
		}
		shares[i].n_problems = 0;
	}
	return error ? error : printer->out.error;
}

static int init(struct share *shares, unsigned count, const struct qm_printer *printer)
{
	int error = 0;

	for (unsigned i = 0; i < count && !error; i++) {
		error = qm_printer_init(&shares[i].printer, -1, printer->format);
		shares[i].printer.style = printer->style;
		shares[i].printer.names = printer->names;
	}
	return error;
}

static int print_all(struct share *shares, unsigned count, struct qm_printer *printer,
					 struct qm_trail *trail)
{
	const struct qm_entry *entry = trail->entries, *const end = entry + trail->count;
	const bool progress = !isatty(printer->out.fd);
	int error = init(shares, count, printer);

	while (entry < end && !error) {
		entry = start(shares, count, entry, end);
		error = finish(shares, count, printer, trail);
		if (progress) {
			qm_report_progress(trail->report, "printing",
							   (uint64_t)(entry - trail->entries), trail->count);
		}
	}
	return error;
}

int qm_share_print(struct qm_printer *printer, struct qm_trail *trail)
{
	const unsigned count = qm_scan_threads(trail->count / SHARE_EVENTS);
	struct share *shares;
	int error;

	if (!trail->count) {
		return 0;
	}
	shares = calloc(count, sizeof(*shares));
	if (!shares) {
		return -ENOMEM;
	}
	error = print_all(shares, count, printer, trail);
	for (unsigned i = 0; i < count; i++) {
		qm_printer_fini(&shares[i].printer);
	}
	free(shares);
	qm_report_clear(trail->report);
	qm_report_end(trail->report, "all logs");
	return error;
}
