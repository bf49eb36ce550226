/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where a stream of events goes. Nothing here waits, except for a regular file's disk.
 */
#ifndef QM_STREAM_OUTPUT_H
#define QM_STREAM_OUTPUT_H

#include <sys/types.h>

#include "span.h"

enum qm_stream_kind {
	QM_STREAM_STDOUT,
	QM_STREAM_FILE,
	QM_STREAM_UNIX,
	QM_STREAM_SYSLOG,
};

struct qm_stream_output {
	enum qm_stream_kind kind;
	/** of the file or socket; that of syslog's socket is known */
	const char *path;
	/** -1 when it is not open */
	int fd;
	/** SOCK_STREAM and so on, 0 for no socket */
	int socket_type;
	/** bytes of the first event that are written already */
	size_t done;
	/* the file that was opened last */
	dev_t dev;
	ino_t ino;
	/** standard output's flags, to be set again */
	int old_flags;
};

/**
 * Reads "-", "file:PATH", "unix:PATH" or "syslog".
 *
 * @param text		must outlive the output
 * @return			0 or -EINVAL
 */
int qm_stream_output_init(struct qm_stream_output *output, const char *text);

/** What it is called in messages. */
const char *qm_stream_output_name(const struct qm_stream_output *output);

/** Opens it, or connects to it. @return 0 or a negative errno */
int qm_stream_output_open(struct qm_stream_output *output);

/** Closes it, where it is open. */
void qm_stream_output_close(struct qm_stream_output *output);

/**
 * Writes an event, or what of it is not written yet.
 *
 * @param text		the same event until it is written
 * @return			0 when all of it is written; -EAGAIN when the reader takes no more
 *					now; -EMSGSIZE when it is too large for a datagram; another negative
 *					errno when the output is broken
 */
int qm_stream_output_write(struct qm_stream_output *output, struct qm_span text);

/** Begins a message for syslog: priority, time, and who says it. @return its length */
size_t qm_stream_syslog_begin(char *buf, size_t size, int priority);

/** Opens a socket to syslog. @return a descriptor or a negative errno */
int qm_stream_syslog_open(void);

#endif
