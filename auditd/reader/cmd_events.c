/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qm-audit events: prints the trail as Windows events.
 */
#include "cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "follow.h"
#include "options.h"
#include "printer.h"
#include "reading.h"
#include "share.h"

struct run {
	struct qm_options options;
	struct qm_report report;
	struct qm_trail trail;
	struct qm_printer printer;
	struct qm_follow follow;
	/** there is a log to follow, or there will be */
	bool following;
	/** as far as it was read; -1 for one that is not there yet */
	int last_fd;
	const char *last_path;
};

/** Reads a log; of the one to follow, keeps the file. */
static void add_log(struct run *run, const char *path, bool last)
{
	const bool is_stdin = !strcmp(path, "-"), follow = last && run->options.follow;
	const int fd = is_stdin ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	int error = fd < 0 ? -errno : 0;

	if (error == -ENOENT && follow) {
		qm_report_note(&run->report,
					   "%s is not there: waiting for it; does auditd write there?", path);
		error = 0;
	} else if (!error && !(is_stdin && follow)) {
		error = qm_trail_add(&run->trail, fd, path);
	}
	if (error) {
		qm_reading_failed(&run->report, path, error);
	}
	if (follow && !error) {
		run->following = true;
		run->last_fd = fd;
		run->last_path = is_stdin ? NULL : path;
	} else if (fd >= 0) {
		close(fd);
	}
}

static int add_default_logs(struct run *run, struct qm_logs *logs)
{
	const int error = qm_logs_find(run->options.conf, logs);

	if (error) {
		qm_reading_failed(&run->report, run->options.conf, error);
		return error;
	}
	for (size_t i = 0; i < logs->count; i++) {
		add_log(run, logs->paths[i], i + 1 == logs->count);
	}
	return 0;
}

/** Notes what is there as printed, for it may come again. */
static void note_trail(struct run *run)
{
	const char *problem;

	for (size_t i = 0; i < run->trail.count; i++) {
		const struct qm_entry *entry = &run->trail.entries[i];

		if (qm_line_parse((struct qm_span){ entry->text, entry->len }, &run->follow.line,
						  &problem) == 0) {
			qm_follow_seen(&run->follow, &run->follow.line);
		}
	}
}

/** Where the trail's last log ends: after its last whole line. */
static void go_on_from(struct run *run)
{
	const struct qm_log *log = &run->trail.logs[run->trail.n_logs - 1];
	const char *newline = log->size ? memrchr(log->data, '\n', log->size) : NULL;
	const off_t at = newline ? newline + 1 - log->data : 0;

	for (const char *p = log->data;
		 at && (p = memchr(p, '\n', (size_t)(log->data + at - p))); p++) {
		run->follow.lines.number++;
	}
	lseek(run->last_fd, at, SEEK_SET);
}

static void follow_log(struct run *run)
{
	int error;

	if (run->last_path && run->last_fd >= 0) {
		go_on_from(run);
	}
	error = qm_follow_run(&run->follow, run->last_fd);
	run->last_fd = -1;
	if (error && error != run->printer.out.error) {
		qm_reading_failed(&run->report, run->last_path ? run->last_path : "-", error);
	}
}

static int read_and_print(struct run *run)
{
	struct qm_logs logs = { 0 };
	int error = 0;

	for (int i = 0; i < run->options.n_files; i++) {
		add_log(run, run->options.files[i], i + 1 == run->options.n_files);
	}
	if (!run->options.n_files) {
		error = add_default_logs(run, &logs);
	}
	if (!error && run->options.follow) {
		error = qm_follow_init(&run->follow, &run->printer, &run->options.filter,
							   &run->report, run->last_path);
	}
	if (!error) {
		qm_report_clear(&run->report);
		qm_trail_sort(&run->trail);
		qm_printer_begin(&run->printer, &run->trail.widths);
		error = qm_share_print(&run->printer, &run->trail);
		if (!error && run->following) {
			note_trail(run);
			follow_log(run);
		}
		error = error ? error : qm_out_flush(&run->printer.out);
	}
	qm_follow_fini(&run->follow);
	qm_logs_free(&logs);
	return error;
}

int qm_cmd_events(int argc, char **argv)
{
	struct run *run = calloc(1, sizeof(*run));
	int error, status = QM_EXIT_ERROR;

	if (!run) {
		fprintf(stderr, "qm-audit events: cannot go on: %s\n", strerror(ENOMEM));
		return QM_EXIT_ERROR;
	}
	run->last_fd = -1;
	qm_report_init(&run->report, "qm-audit events");
	if (qm_options_parse(&run->options, argc, argv) < 0 || run->options.helped) {
		status = run->options.helped ? QM_EXIT_OK : QM_EXIT_ERROR;
		free(run);
		return status;
	}
	qm_trail_init(&run->trail, &run->options.filter, &run->report);
	run->trail.whole_lines = run->options.follow;
	run->trail.measured = run->options.format->begin == qm_render_table_begin;
	error = qm_printer_init(&run->printer, STDOUT_FILENO, run->options.format);
	if (!error) {
		run->printer.style.pretty = run->options.pretty;
		run->printer.names.provider = run->options.provider;
		run->printer.names.computer = run->options.computer;
		error = read_and_print(run);
	}
	if (error && error != -ENOMEM && error == run->printer.out.error) {
		qm_report_error(&run->report, "cannot write: %s", strerror(-error));
	} else if (error && !run->report.failed) {
		qm_report_error(&run->report, "cannot go on: %s", strerror(-error));
	}
	if (!run->report.failed) {
		status = run->printer.count ? QM_EXIT_OK : QM_EXIT_NONE;
	}
	qm_printer_fini(&run->printer);
	qm_trail_fini(&run->trail);
	free(run);
	return status;
}
