/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "scan.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <unistd.h>

#include "peek.h"

/** Lines between two looks at the clock for progress. */
#define PROGRESS_LINES 65536

/** Bytes for which another thread is worth it. */
#define PART_MIN 4194304

#define THREADS_MAX 8

static unsigned wider(unsigned width, size_t len)
{
	return len > width ? (unsigned)len : width;
}

static void measure(struct qm_widths *widths, const struct qm_line *line)
{
	const struct qm_span conn = qm_line_value(line, QM_KEY_CONN_NAME);
	const struct qm_span child = qm_line_value(line, QM_KEY_CHILD_NAME);

	widths->with_node = widths->with_node || line->node.len;
	widths->node = wider(widths->node, line->node.len);
	widths->peer = wider(widths->peer, qm_line_value(line, QM_KEY_RADDR).len);
	widths->peer = wider(widths->peer, qm_line_value(line, QM_KEY_SRC_ADDR).len);
	if (conn.len > 1 && child.len > 1) {
		/* without the quotes, with a slash between */
		widths->name = wider(widths->name, conn.len + child.len - 3);
	}
}

/** Makes room for another entry. @return NULL without memory */
static struct qm_entry *push(struct qm_scan *scan)
{
	if (scan->count == scan->size) {
		const size_t size = scan->size ? scan->size * 2 : 4096;
		struct qm_entry *entries = realloc(scan->entries, size * sizeof(*entries));

		if (!entries) {
			scan->error = -ENOMEM;
			return NULL;
		}
		scan->entries = entries;
		scan->size = size;
	}
	return &scan->entries[scan->count++];
}

static uint32_t number_of(const struct qm_line *line, enum qm_key key)
{
	uint64_t n;

	return qm_span_number(qm_line_value(line, key), &n) ? 0 : (uint32_t)n;
}

static void push_line(struct qm_scan *scan, struct qm_span text)
{
	const struct qm_line *line = &scan->line;
	struct qm_entry *entry = push(scan);

	if (entry) {
		*entry = (struct qm_entry){
			.time_ms = qm_line_time(line),
			.instance = number_of(line, QM_KEY_INSTANCE),
			.seq = number_of(line, QM_KEY_REC_SEQ),
			.text = text.s,
			.len = (uint32_t)text.len,
			.node_len = (uint32_t)line->node.len,
			.body_at = (uint32_t)(line->body.s - text.s),
			.body_len = (uint32_t)line->body.len,
		};
		measure(&scan->widths, line);
	}
}

static void push_peek(struct qm_scan *scan, struct qm_span text,
					  const struct qm_peek *peek)
{
	struct qm_entry *entry = push(scan);

	if (entry) {
		*entry = (struct qm_entry){
			.time_ms = peek->time_ms,
			.instance = peek->instance,
			.seq = peek->seq,
			.text = text.s,
			.len = (uint32_t)text.len,
			.body_at = (uint32_t)(peek->body.s - text.s),
			.body_len = (uint32_t)peek->body.len,
		};
	}
}

/** The kernel's; what cannot be read of them is not missed. */
static void take_kernel(struct qm_scan *scan, struct qm_span text)
{
	const char *const node = scan->filter->node;
	struct qm_kernel_line line;
	struct qm_entry *entry;

	if (!qm_kernel_line_is_wanted(&scan->recent, text) ||
		qm_kernel_line_parse(text, &line) < 0 || (node && !qm_span_is(line.node, node))) {
		return;
	}
	entry = push(scan);
	if (entry) {
		*entry = (struct qm_entry){
			.time_ms = line.stamp_ms,
			.text = text.s,
			.len = (uint32_t)text.len,
			.body_len = (uint32_t)text.len,
		};
	}
}

static void note_problem(struct qm_scan *scan, const char *at, const char *what)
{
	if (scan->n_problems < QM_REPORT_LINES_MAX) {
		scan->problems[scan->n_problems] = (struct qm_problem){ at, what };
	}
	scan->n_problems++;
}

/** Whether a look is enough to know that a line is wanted, or not. */
static bool take_peek(struct qm_scan *scan, struct qm_span text)
{
	struct qm_peek peek;

	if (scan->measured || !qm_filter_is_time(scan->filter) ||
		!qm_line_peek(text, &peek)) {
		return false;
	}
	if (peek.time_ms >= scan->filter->start_ms && peek.time_ms <= scan->filter->end_ms) {
		push_peek(scan, text, &peek);
	}
	return true;
}

static void take_line(struct qm_scan *scan, struct qm_span text)
{
	const char *problem;
	bool strange;

	if (!qm_line_is_ours(text, &strange)) {
		if (strange) {
			note_problem(scan, text.s, "is no audit record");
		} else if (scan->with_kernel) {
			take_kernel(scan, text);
		}
	} else if (take_peek(scan, text)) {
		return;
	} else if (qm_line_parse(text, &scan->line, &problem) < 0) {
		note_problem(scan, text.s, problem);
	} else if (qm_filter_match(scan->filter, &scan->line)) {
		push_line(scan, text);
	}
}

void qm_scan_run(struct qm_scan *scan)
{
	const char *p = scan->from, *const end = scan->to, *newline;
	unsigned lines = 0;

	while (p < end && !scan->error) {
		newline = memchr(p, '\n', (size_t)(end - p));
		newline = newline ? newline : end;
		take_line(scan, (struct qm_span){ p, (size_t)(newline - p) });
		p = newline + 1;
		if (scan->report && ++lines % PROGRESS_LINES == 0) {
			qm_report_progress(scan->report, scan->name, (uint64_t)(p - scan->from),
							   (uint64_t)(end - scan->from));
		}
	}
}

unsigned qm_scan_threads(size_t pieces)
{
	const long processors = sysconf(_SC_NPROCESSORS_ONLN);
	size_t threads = processors > 0 ? (size_t)processors : 1;

	threads = threads < THREADS_MAX ? threads : THREADS_MAX;
	threads = threads < pieces ? threads : pieces;
	return threads ? (unsigned)threads : 1;
}

static void *run_part(void *arg)
{
	qm_scan_run(arg);
	return NULL;
}

/** After the end of a line, and of those that belong to it. */
static const char *after_line(const char *at, const char *end)
{
	const char *newline;

	do {
		newline = memchr(at, '\n', (size_t)(end - at));
		at = newline ? newline + 1 : end;
	} while (at < end && qm_kernel_line_is_call((struct qm_span){ at,
																  (size_t)(end - at) }));
	return at;
}

/** Divides at ends of lines. */
static void divide(const struct qm_scan *whole, struct qm_scan *parts, unsigned count)
{
	const size_t step = (size_t)(whole->to - whole->from) / count;
	const char *from = whole->from;

	for (unsigned i = 0; i < count; i++) {
		const char *to = whole->from + step * (i + 1);

		if (i + 1 == count) {
			to = whole->to;
		} else if (to < from) {
			to = from;
		} else {
			to = after_line(to, whole->to);
		}
		parts[i].filter = whole->filter;
		parts[i].measured = whole->measured;
		parts[i].with_kernel = whole->with_kernel;
		parts[i].from = from;
		parts[i].to = to;
		from = to;
	}
	/* one shows the progress of all */
	parts[0].report = whole->report;
	parts[0].name = whole->name;
}

static void add_widths(struct qm_widths *sum, const struct qm_widths *part)
{
	sum->with_node = sum->with_node || part->with_node;
	sum->node = wider(sum->node, part->node);
	sum->peer = wider(sum->peer, part->peer);
	sum->name = wider(sum->name, part->name);
}

static int add_entries(struct qm_scan *whole, const struct qm_scan *part)
{
	const size_t count = whole->count + part->count;
	struct qm_entry *entries;

	if (!part->count) {
		return 0;
	}
	entries = realloc(whole->entries, count * sizeof(*entries));
	if (!entries) {
		return -ENOMEM;
	}
	memcpy(entries + whole->count, part->entries, part->count * sizeof(*entries));
	whole->entries = entries;
	whole->count = whole->size = count;
	return 0;
}

static void add_part(struct qm_scan *whole, struct qm_scan *part)
{
	whole->error = whole->error ? whole->error : part->error;
	if (!whole->entries) {
		whole->entries = part->entries;
		whole->count = part->count;
		whole->size = part->size;
		part->entries = NULL;
	} else if (!whole->error) {
		whole->error = add_entries(whole, part);
	}
	add_widths(&whole->widths, &part->widths);
	for (uint64_t i = 0; i < part->n_problems && i < QM_REPORT_LINES_MAX; i++) {
		note_problem(whole, part->problems[i].at, part->problems[i].what);
	}
	if (part->n_problems > QM_REPORT_LINES_MAX) {
		whole->n_problems += part->n_problems - QM_REPORT_LINES_MAX;
	}
	free(part->entries);
}

void qm_scan_parts(struct qm_scan *scan)
{
	const unsigned count = qm_scan_threads((size_t)(scan->to - scan->from) / PART_MIN);
	struct qm_scan *parts = count > 1 ? calloc(count, sizeof(*parts)) : NULL;
	pthread_t threads[THREADS_MAX];
	bool started[THREADS_MAX] = { false };

	if (!parts) {
		qm_scan_run(scan);
		return;
	}
	divide(scan, parts, count);
	for (unsigned i = 1; i < count; i++) {
		started[i] = pthread_create(&threads[i], NULL, run_part, &parts[i]) == 0;
	}
	for (unsigned i = 0; i < count; i++) {
		if (started[i]) {
			pthread_join(threads[i], NULL);
		} else {
			qm_scan_run(&parts[i]);
		}
		add_part(scan, &parts[i]);
	}
	free(parts);
}
