/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Hands auditd's events on as they come, as Windows events. It reads without fail:
 * whatever becomes of the reader, auditd does not wait.
 */
#ifndef QM_STREAM_H
#define QM_STREAM_H

#include "lines.h"
#include "printer.h"
#include "stream_output.h"
#include "stream_queue.h"
#include "stream_seen.h"

/** A complaint that may come often: told at most once a minute. */
struct qm_stream_count {
	uint64_t count;
	uint64_t told;
	/** monotonic ms; 0 for never */
	uint64_t told_ms;
};

struct qm_stream {
	struct qm_printer printer;
	struct qm_lines lines;
	/** the record at hand, and one that tells of a loss */
	struct qm_line line;
	struct qm_line loss;
	struct qm_stream_seen *seen;
	struct qm_stream_queue queue;
	struct qm_stream_output output;
	struct qm_stream_count bad_lines;

	/** the end: nothing is read any more, or what is there only */
	bool input_ended;
	bool asked_to_end;
	/** monotonic ms until when what is left may be written, 0 before the end */
	uint64_t end_ms;

	/* of the output, in monotonic ms */
	uint64_t opened_ms;
	uint64_t retry_ms;
	unsigned delay_ms;
	/** it was said that the output does not work */
	bool trouble_told;
};

struct qm_stream_options {
	const struct qm_format *format;
	const char *output;
	const char *provider;
	const char *computer;
	/** bytes that may wait for the reader */
	size_t buffer;
	/** --help was printed */
	bool helped;
};

/**
 * Reads the arguments. What is wrong with them is said on standard error.
 *
 * @param argv		permuted, and changed: options reach into it
 * @return			0 or -EINVAL
 */
int qm_stream_options_parse(struct qm_stream_options *options, int argc, char **argv);

/** @return 0, -EINVAL for an output that is none, or -ENOMEM */
int qm_stream_init(struct qm_stream *stream, const struct qm_stream_options *options);

void qm_stream_fini(struct qm_stream *stream);

/** Takes what came from auditd. */
void qm_stream_feed(struct qm_stream *stream, const char *data, size_t size);

/** Tells the reader what was dropped, when there is room for it again. */
void qm_stream_settle(struct qm_stream *stream);

/**
 * Writes as much as goes without waiting.
 *
 * @return			0, or a negative errno where nothing will ever go
 */
int qm_stream_flush(struct qm_stream *stream);

/**
 * Reads standard input and writes until it ends, or SIGTERM or SIGINT comes. SIGHUP
 * opens the output anew.
 *
 * @return			0, or a negative errno where it cannot go on
 */
int qm_stream_run(struct qm_stream *stream);

#endif
