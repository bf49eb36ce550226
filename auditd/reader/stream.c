/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stream.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>
#include <unistd.h>

#include "stream_tell.h"

/** Between two messages about bad lines. */
#define COMPLAIN_MS 60000

static uint64_t clock_ms(clockid_t clock)
{
	struct timespec now;

	clock_gettime(clock, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

/** Tells of bad lines: of the first at once, of others together. */
static void complain(struct qm_stream *stream, const char *problem)
{
	struct qm_stream_count *bad = &stream->bad_lines;
	const uint64_t now = clock_ms(CLOCK_MONOTONIC);

	bad->count++;
	if (bad->told_ms && now - bad->told_ms < COMPLAIN_MS) {
		return;
	}
	qm_stream_tell("line %" PRIu64 " of standard input %s, skipped, %" PRIu64
				   " since the last message; does the plugin's configuration say "
				   "format = string?",
				   stream->lines.number, problem, bad->count - bad->told);
	bad->told = bad->count;
	bad->told_ms = now;
}

/** Renders a record. @return the event; .s is NULL without memory */
static struct qm_span render(struct qm_stream *stream, const struct qm_line *line)
{
	struct qm_out *out = &stream->printer.out;

	out->len = 0;
	out->error = 0;
	qm_printer_event(&stream->printer, line);
	return (struct qm_span){ out->error ? NULL : out->buf, out->len };
}

static void take_record(struct qm_stream *stream)
{
	struct qm_stream_queue *queue = &stream->queue;
	const uint64_t now = clock_ms(CLOCK_REALTIME);
	const bool dropping = queue->dropped;
	struct qm_span event = { 0 };

	if (!dropping) {
		event = render(stream, &stream->line);
	}
	if (event.s) {
		qm_stream_queue_put(queue, event, now);
	} else {
		qm_stream_queue_drop(queue, now);
	}
	if (queue->dropped && !dropping) {
		qm_stream_tell("%s does not take events, %" PRIu64
					   " of them wait and --buffer is "
					   "full: events are dropped, and counted, from now on",
					   qm_stream_output_name(&stream->output), queue->count);
	}
}

static void take_line(void *owner, struct qm_span text)
{
	struct qm_stream *const stream = owner;
	const char *problem = "is no audit record";
	bool strange;

	if (!text.s) {
		complain(stream, "is longer than any record");
		return;
	}
	if (!qm_line_is_ours(text, &strange)) {
		if (strange) {
			complain(stream, problem);
		}
		return;
	}
	if (qm_line_parse(text, &stream->line, &problem) < 0) {
		complain(stream, problem);
		return;
	}
	if (!qm_stream_seen_note(stream->seen, &stream->line)) {
		if (stream->queue.count) {
			/* make room; if the output fails, who can do something notices it again */
			(void)qm_stream_flush(stream);
		}
		take_record(stream);
	}
}

/** Makes the record of a loss, in the form of those that auditd hands over. */
static int make_loss(struct qm_stream *stream, char *text, size_t size)
{
	const struct qm_stream_queue *queue = &stream->queue;
	const uint64_t now = clock_ms(CLOCK_REALTIME);
	const char *problem;
	const int len = snprintf(
		text, size,
		"type=CRYPTO_IPSEC_SA msg=audit(%" PRIu64 ".%03u:0): pid=%d uid=%u msg='op=lost "
		"count=%" PRIu64 " since=%" PRIu64 ".%03u cause=stream when=%" PRIu64 ".%03u "
		"exe=? hostname=? addr=? terminal=? res=failed'",
		now / 1000, (unsigned)(now % 1000), (int)getpid(), (unsigned)getuid(),
		queue->dropped, queue->since_ms / 1000, (unsigned)(queue->since_ms % 1000),
		now / 1000, (unsigned)(now % 1000));
	int error;

	error = qm_line_parse((struct qm_span){ text, (size_t)len }, &stream->loss, &problem);
	/* it is in no log */
	stream->loss.stamp = (struct qm_span){ 0 };
	return error;
}

void qm_stream_settle(struct qm_stream *stream)
{
	struct qm_stream_queue *queue = &stream->queue;
	const uint64_t dropped = queue->dropped;
	struct qm_span event;
	char text[512];

	if (!qm_stream_queue_relieved(queue) || make_loss(stream, text, sizeof(text)) < 0) {
		return;
	}
	event = render(stream, &stream->loss);
	if (event.s) {
		qm_stream_queue_resume(queue, event);
	}
	if (!queue->dropped) {
		qm_stream_tell("%s takes events again; %" PRIu64 " were dropped",
					   qm_stream_output_name(&stream->output), dropped);
	}
}

void qm_stream_feed(struct qm_stream *stream, const char *data, size_t size)
{
	qm_lines_feed(&stream->lines, data, size);
}

int qm_stream_init(struct qm_stream *stream, const struct qm_stream_options *options)
{
	int error;

	memset(stream, 0, sizeof(*stream));
	qm_stream_queue_init(&stream->queue, options->buffer);
	error = qm_stream_output_init(&stream->output, options->output);
	error = error ? error : qm_printer_init(&stream->printer, -1, options->format);
	error = error ? error : qm_lines_init(&stream->lines, take_line, stream);
	if (error) {
		return error;
	}
	stream->printer.names.provider = options->provider;
	stream->printer.names.computer = options->computer;
	stream->seen = qm_stream_seen_new();
	return stream->seen ? 0 : -ENOMEM;
}

void qm_stream_fini(struct qm_stream *stream)
{
	qm_stream_output_close(&stream->output);
	qm_stream_queue_fini(&stream->queue);
	stream->seen = qm_stream_seen_free(stream->seen);
	qm_lines_fini(&stream->lines);
	qm_printer_fini(&stream->printer);
}
