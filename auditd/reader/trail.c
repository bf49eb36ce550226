/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "trail.h"

#include <errno.h>
#include <stdlib.h>

/** Lines between two looks at the clock for progress. */
#define PROGRESS_LINES 65536

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

static unsigned wider(unsigned width, size_t len)
{
	return len > width ? (unsigned)len : width;
}

/** What the columns of a table need. */
static void measure(struct qm_trail *trail, const struct qm_line *line)
{
	const struct qm_span conn = qm_line_value(line, QM_KEY_CONN_NAME);
	const struct qm_span child = qm_line_value(line, QM_KEY_CHILD_NAME);

	trail->with_node = trail->with_node || line->node.len;
	trail->node_width = wider(trail->node_width, line->node.len);
	trail->peer_width = wider(trail->peer_width, qm_line_value(line, QM_KEY_RADDR).len);
	trail->peer_width =
		wider(trail->peer_width, qm_line_value(line, QM_KEY_SRC_ADDR).len);
	if (conn.len > 1 && child.len > 1) {
		/* without the quotes, with a slash between */
		trail->name_width = wider(trail->name_width, conn.len + child.len - 3);
	}
}

static int push(struct qm_trail *trail, const struct qm_line *line, struct qm_span text)
{
	struct qm_entry *entry;
	uint64_t n;

	if (trail->count == trail->size) {
		const size_t size = trail->size ? trail->size * 2 : 4096;
		struct qm_entry *entries = realloc(trail->entries, size * sizeof(*entries));

		if (!entries) {
			return -ENOMEM;
		}
		trail->entries = entries;
		trail->size = size;
	}
	entry = &trail->entries[trail->count];
	*entry = (struct qm_entry){
		.time_ms = qm_line_time(line),
		.text = text.s,
		.len = (uint32_t)text.len,
		.node_len = (uint32_t)line->node.len,
		.body_at = (uint32_t)(line->body.s - text.s),
		.body_len = (uint32_t)line->body.len,
		.index = trail->count,
	};
	if (!qm_span_number(qm_line_value(line, QM_KEY_INSTANCE), &n)) {
		entry->instance = (uint32_t)n;
	}
	if (!qm_span_number(qm_line_value(line, QM_KEY_REC_SEQ), &n)) {
		entry->seq = (uint32_t)n;
	}
	trail->count++;
	measure(trail, line);
	return 0;
}

static int add_line(struct qm_trail *trail, const struct qm_log *log, struct qm_span text,
					const char *name)
{
	const char *problem = "is no audit record";
	bool strange;

	if (qm_line_is_ours(text, &strange)) {
		if (qm_line_parse(text, &trail->line, &problem) == 0) {
			return qm_filter_match(trail->filter, &trail->line)
					   ? push(trail, &trail->line, text)
					   : 0;
		}
	} else if (!strange) {
		return 0;
	}
	/* lines are counted only while they are told of */
	qm_report_line(
		trail->report, name,
		trail->report->bad_lines < QM_REPORT_LINES_MAX ? line_number(log, text.s) : 0,
		problem);
	return 0;
}

static int add_lines(struct qm_trail *trail, const struct qm_log *log, const char *name)
{
	const char *p = log->data ? log->data : "", *const end = p + log->size, *newline;
	unsigned lines = 0;
	int error = 0;

	for (; p < end && !error; p = newline + 1) {
		newline = memchr(p, '\n', (size_t)(end - p));
		if (!newline && trail->whole_lines) {
			break;
		}
		newline = newline ? newline : end;
		error = add_line(trail, log, (struct qm_span){ p, (size_t)(newline - p) }, name);
		if (++lines % PROGRESS_LINES == 0) {
			qm_report_progress(trail->report, name, (uint64_t)(p - log->data), log->size);
		}
	}
	qm_report_end(trail->report, name);
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
	error = qm_log_open(&logs[trail->n_logs], fd, trail->report);
	if (error < 0) {
		return error;
	}
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
	trail->count = count;
}
