/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trail.h"

#include <errno.h>
#include <stdlib.h>

/** Most entries of one time that are compared with each other. */
#define TWINS_MAX 256

void qm_trail_init(struct qm_trail *trail, const struct qm_filter *filter,
				   struct qm_report *report)
{
	memset(trail, 0, sizeof(*trail));
	trail->filter = filter;
	trail->report = report;
}

void qm_trail_fini(struct qm_trail *trail)
{
	for (size_t i = 0; i < trail->n_logs; i++) {
		qm_log_close(&trail->logs[i]);
	}
	free(trail->logs);
	free(trail->entries);
	memset(trail, 0, sizeof(*trail));
}

/** Number of the line at `at`, which is only counted for messages. */
static uint64_t line_number(const struct qm_log *log, const char *at)
{
	uint64_t n = 1;

	for (const char *p = log->data; (p = memchr(p, '\n', (size_t)(at - p))) != NULL;
		 p++) {
		n++;
	}
	return n;
}

static void tell_problems(struct qm_trail *trail, const struct qm_log *log,
						  const struct qm_scan *scan, const char *name)
{
	for (uint64_t i = 0; i < scan->n_problems && i < QM_REPORT_LINES_MAX; i++) {
		qm_report_line(trail->report, name, line_number(log, scan->problems[i].at),
					   scan->problems[i].what);
	}
	if (scan->n_problems > QM_REPORT_LINES_MAX) {
		trail->report->bad_lines = scan->n_problems;
	}
	qm_report_end(trail->report, name);
}

void qm_trail_complain(struct qm_trail *trail, const char *at, const char *what)
{
	for (size_t i = 0; i < trail->n_logs; i++) {
		const struct qm_log *log = &trail->logs[i];

		if (at >= log->data && at < log->data + log->size) {
			qm_report_line(trail->report, log->name, line_number(log, at), what);
			return;
		}
	}
}

static void add_widths(struct qm_widths *sum, const struct qm_widths *more)
{
	sum->with_node = sum->with_node || more->with_node;
	sum->node = sum->node > more->node ? sum->node : more->node;
	sum->peer = sum->peer > more->peer ? sum->peer : more->peer;
	sum->name = sum->name > more->name ? sum->name : more->name;
}

static int add_entries(struct qm_trail *trail, struct qm_scan *scan)
{
	struct qm_entry *entries;

	if (!trail->count) {
		free(trail->entries);
		trail->entries = scan->entries;
		scan->entries = NULL;
	} else if (scan->count) {
		entries =
			realloc(trail->entries, (trail->count + scan->count) * sizeof(*entries));
		if (!entries) {
			return -ENOMEM;
		}
		memcpy(entries + trail->count, scan->entries, scan->count * sizeof(*entries));
		trail->entries = entries;
	}
	for (size_t i = trail->count; i < trail->count + scan->count; i++) {
		trail->entries[i].index = i;
	}
	trail->count += scan->count;
	return 0;
}

static int add_lines(struct qm_trail *trail, const struct qm_log *log, const char *name)
{
	struct qm_scan *scan = calloc(1, sizeof(*scan));
	const char *data = log->data ? log->data : "", *end = data + log->size, *newline;
	int error;

	if (!scan) {
		return -ENOMEM;
	}
	if (trail->whole_lines) {
		newline = log->size ? memrchr(data, '\n', log->size) : NULL;
		end = newline ? newline + 1 : data;
	}
	scan->filter = trail->filter;
	scan->with_kernel = trail->with_kernel;
	scan->from = data;
	scan->to = end;
	scan->report = trail->report;
	scan->measured = trail->measured;
	scan->name = name;
	qm_scan_parts(scan);
	tell_problems(trail, log, scan, name);
	add_widths(&trail->widths, &scan->widths);
	error = scan->error ? scan->error : add_entries(trail, scan);
	free(scan->entries);
	free(scan);
	return error;
}

int qm_trail_add(struct qm_trail *trail, int fd, const char *name)
{
	struct qm_log *logs = realloc(trail->logs, (trail->n_logs + 1) * sizeof(*logs));
	int error;

	if (!logs) {
		return -ENOMEM;
	}
	trail->logs = logs;
	error = qm_log_open(&logs[trail->n_logs], fd, trail->with_kernel, trail->report);
	if (error < 0) {
		return error;
	}
	logs[trail->n_logs].name = name;
	trail->n_logs++;
	return add_lines(trail, &logs[trail->n_logs - 1], name);
}

/** By time and, as the log may not have them in it, in the writer's order. */
static int in_order(const struct qm_entry *a, const struct qm_entry *b)
{
	if (a->time_ms != b->time_ms) {
		return a->time_ms < b->time_ms ? -1 : 1;
	}
	if (a->instance != b->instance) {
		return a->instance < b->instance ? -1 : 1;
	}
	if (a->seq != b->seq) {
		return a->seq < b->seq ? -1 : 1;
	}
	return a->index < b->index ? -1 : a->index > b->index;
}

static int compare(const void *a, const void *b)
{
	return in_order(a, b);
}

static struct qm_span span_of(const struct qm_entry *entry, uint32_t at, uint32_t len)
{
	return (struct qm_span){ entry->text + at, len };
}

/**
 * Whether both are one record that was handed over twice: what the writer wrote is
 * the same. A record without a number is the same only with the kernel's number.
 */
static bool is_same(const struct qm_entry *a, const struct qm_entry *b)
{
	if (a->body_len != b->body_len || a->node_len != b->node_len ||
		!qm_span_same(span_of(a, a->body_at, a->body_len),
					  span_of(b, b->body_at, b->body_len))) {
		return false;
	}
	if (a->seq) {
		return qm_span_same(span_of(a, 0, a->node_len ? a->node_len + 5 : 0),
							span_of(b, 0, b->node_len ? b->node_len + 5 : 0));
	}
	return a->body_at == b->body_at &&
		   qm_span_same(span_of(a, 0, a->body_at), span_of(b, 0, b->body_at));
}

static bool is_repeated(const struct qm_entry *entries, size_t count,
						const struct qm_entry *entry)
{
	for (size_t i = count; i > 0 && count - i < TWINS_MAX; i--) {
		const struct qm_entry *other = &entries[i - 1];

		if (other->time_ms != entry->time_ms || other->instance != entry->instance ||
			other->seq != entry->seq) {
			return false;
		}
		if (is_same(other, entry)) {
			return true;
		}
	}
	return false;
}

void qm_trail_sort(struct qm_trail *trail)
{
	struct qm_entry *const entries = trail->entries;
	size_t count = 0;
	bool sorted = true;

	for (size_t i = 1; i < trail->count && sorted; i++) {
		sorted = in_order(&entries[i - 1], &entries[i]) < 0;
	}
	if (!sorted) {
		qsort(entries, trail->count, sizeof(*entries), compare);
	}
	for (size_t i = 0; i < trail->count; i++) {
		if (!is_repeated(entries, count, &entries[i])) {
			entries[count++] = entries[i];
		}
	}
	trail->repeated += trail->count - count;
	trail->count = count;
}
