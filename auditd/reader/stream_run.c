/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The loop of a stream: one thread, which waits in poll() alone.
 */
#include "stream.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <sys/signalfd.h>
#include <time.h>
#include <unistd.h>

#include "stream_tell.h"

/** Most that is read, and written, before the other has its turn. */
#define READ_MAX 65536
#define WRITE_MAX 64

/** How long what is left may take in the end. */
#define END_MS 2000

/** Between attempts to open the output: doubled from the first to the last. */
#define RETRY_MIN_MS 100
#define RETRY_MAX_MS 5000

/** An output that worked for so long is not given up for longer and longer. */
#define STEADY_MS 1000

enum { INPUT, SIGNALS, OUTPUT, FDS };

static uint64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

static const char *name_of(const struct qm_stream *stream)
{
	return qm_stream_output_name(&stream->output);
}

static const char *hint_for(int error)
{
	switch (error) {
	case -ENOENT:
	case -ECONNREFUSED:
	case -ENXIO:
	case -EPIPE:
	case -ECONNRESET:
		return "; does its reader run?";
	case -EACCES:
	case -EPERM:
		return "; may this user write there?";
	case -ENOSPC:
	case -EDQUOT:
	case -EFBIG:
		return "; make room";
	default:
		return "";
	}
}

/** Nobody comes back to read standard output. */
static bool is_lost(const struct qm_stream *stream, int error)
{
	return stream->output.kind == QM_STREAM_STDOUT &&
		   (error == -EPIPE || error == -ECONNRESET || error == -EBADF);
}

/** Gives the output up for a while. @return 0, or the error where it is for ever */
static int fail(struct qm_stream *stream, int error)
{
	const uint64_t now = now_ms();

	if (is_lost(stream, error)) {
		return error;
	}
	if (!stream->trouble_told) {
		qm_stream_tell("cannot write to %s: %s%s; trying again, events wait meanwhile",
					   name_of(stream), strerror(-error), hint_for(error));
		stream->trouble_told = true;
	}
	if (stream->output.fd >= 0 && now - stream->opened_ms >= STEADY_MS) {
		stream->delay_ms = 0;
	}
	qm_stream_output_close(&stream->output);
	stream->delay_ms = stream->delay_ms ? stream->delay_ms * 2 : RETRY_MIN_MS;
	if (stream->delay_ms > RETRY_MAX_MS) {
		stream->delay_ms = RETRY_MAX_MS;
	}
	stream->retry_ms = now + stream->delay_ms;
	return 0;
}

/** @return 0, or a negative errno where it cannot ever be opened */
static int open_output(struct qm_stream *stream)
{
	int error;

	if (stream->output.fd >= 0 || now_ms() < stream->retry_ms) {
		return 0;
	}
	error = qm_stream_output_open(&stream->output);
	if (error) {
		return fail(stream, error);
	}
	stream->opened_ms = now_ms();
	return 0;
}

/** Opens a file anew, for it may be another now; a socket has not changed. */
static void reopen(struct qm_stream *stream)
{
	if (stream->output.kind == QM_STREAM_FILE) {
		qm_stream_output_close(&stream->output);
	}
	stream->retry_ms = 0;
	stream->delay_ms = 0;
}

static void note_works(struct qm_stream *stream)
{
	if (stream->trouble_told) {
		qm_stream_tell("%s takes events again", name_of(stream));
		stream->trouble_told = false;
	}
}

static uint64_t wall_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_REALTIME, &now);
	return (uint64_t)now.tv_sec * 1000 + (uint64_t)now.tv_nsec / 1000000;
}

int qm_stream_flush(struct qm_stream *stream)
{
	struct qm_span event;
	int error = 0;

	for (unsigned i = 0; i < WRITE_MAX && stream->output.fd >= 0; i++) {
		qm_stream_settle(stream);
		event = qm_stream_queue_first(&stream->queue);
		error = event.s ? qm_stream_output_write(&stream->output, event) : -EAGAIN;
		if (error == -EAGAIN) {
			return 0;
		}
		if (error && error != -EMSGSIZE) {
			return fail(stream, error);
		}
		if (error) {
			qm_stream_queue_drop(&stream->queue, wall_ms());
		} else {
			note_works(stream);
		}
		qm_stream_queue_pop(&stream->queue);
	}
	return 0;
}

/** @return 0 or a negative errno */
static int read_input(struct qm_stream *stream)
{
	char chunk[READ_MAX];
	const ssize_t n = read(STDIN_FILENO, chunk, sizeof(chunk));

	if (n < 0) {
		return errno == EINTR || errno == EAGAIN ? 0 : -errno;
	}
	if (n == 0) {
		qm_lines_end(&stream->lines);
		stream->input_ended = true;
		return 0;
	}
	qm_stream_feed(stream, chunk, (size_t)n);
	return 0;
}

static void take_signal(struct qm_stream *stream, int fd)
{
	struct signalfd_siginfo info;

	if (read(fd, &info, sizeof(info)) != sizeof(info)) {
		return;
	}
	if (info.ssi_signo == SIGHUP) {
		reopen(stream);
	} else if (!stream->asked_to_end) {
		stream->asked_to_end = true;
		stream->end_ms = now_ms() + END_MS;
	}
}

/** Milliseconds until something is due by itself, -1 for never. */
static int time_left(const struct qm_stream *stream)
{
	const uint64_t now = now_ms();
	uint64_t due = UINT64_MAX;

	if (stream->output.fd < 0) {
		due = stream->retry_ms;
	}
	if (stream->end_ms && stream->end_ms < due) {
		due = stream->end_ms;
	}
	if (due == UINT64_MAX) {
		return -1;
	}
	return due > now ? (int)(due - now) : 0;
}

static int wait_for_work(struct qm_stream *stream, struct pollfd *fds)
{
	/* what has come already is taken in the end, without waiting for more */
	const bool draining = stream->asked_to_end && !stream->input_ended;

	fds[INPUT].fd = stream->input_ended ? -1 : STDIN_FILENO;
	fds[OUTPUT].fd = stream->output.fd;
	fds[OUTPUT].events = stream->queue.count ? POLLOUT : 0;
	for (unsigned i = 0; i < FDS; i++) {
		fds[i].revents = 0;
	}
	if (poll(fds, FDS, draining ? 0 : time_left(stream)) < 0 && errno != EINTR) {
		return -errno;
	}
	if (draining && !fds[INPUT].revents) {
		qm_lines_end(&stream->lines);
		stream->input_ended = true;
	}
	return 0;
}

/** One round. @return 0 or a negative errno after which nothing goes */
static int step(struct qm_stream *stream, struct pollfd *fds)
{
	int error;

	qm_stream_settle(stream);
	error = wait_for_work(stream, fds);
	if (!error && fds[SIGNALS].revents) {
		take_signal(stream, fds[SIGNALS].fd);
	}
	if (!error && fds[INPUT].revents) {
		error = read_input(stream);
	}
	error = error ? error : open_output(stream);
	if (!error && stream->output.fd >= 0 && stream->output.fd == fds[OUTPUT].fd &&
		fds[OUTPUT].revents & (POLLERR | POLLHUP | POLLNVAL)) {
		error = fail(stream, -EPIPE);
	}
	if (!error && stream->queue.count) {
		error = qm_stream_flush(stream);
	}
	if (stream->input_ended && !stream->end_ms) {
		stream->end_ms = now_ms() + END_MS;
	}
	return error;
}

static bool is_over(const struct qm_stream *stream)
{
	return stream->end_ms &&
		   (now_ms() >= stream->end_ms ||
			(stream->input_ended && !stream->queue.count && !stream->queue.dropped));
}

static int open_signals(void)
{
	static const int signals[] = { SIGHUP, SIGTERM, SIGINT };
	sigset_t set;
	int fd;

	sigemptyset(&set);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		sigaddset(&set, signals[i]);
	}
	sigprocmask(SIG_BLOCK, &set, NULL);
	for (size_t i = 0; i < sizeof(signals) / sizeof(signals[0]); i++) {
		/* an ignored one would not come */
		signal(signals[i], SIG_DFL);
	}
	/* what they say is an error of write(), too */
	signal(SIGPIPE, SIG_IGN);
	signal(SIGXFSZ, SIG_IGN);
	fd = signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK);
	return fd < 0 ? -errno : fd;
}

static void tell_end(const struct qm_stream *stream)
{
	const struct qm_stream_queue *queue = &stream->queue;

	if (queue->count || queue->dropped) {
		qm_stream_tell("ends, and %s did not take %" PRIu64 " events that waited, after "
					   "%" PRIu64 " that were dropped",
					   name_of(stream), queue->count, queue->dropped);
	}
	if (stream->bad_lines.count > stream->bad_lines.told) {
		qm_stream_tell("%" PRIu64 " more bad lines of standard input, skipped",
					   stream->bad_lines.count - stream->bad_lines.told);
	}
}

int qm_stream_run(struct qm_stream *stream)
{
	struct pollfd fds[FDS] = { [INPUT] = { .events = POLLIN } };
	int error;

	fds[SIGNALS] = (struct pollfd){ .fd = open_signals(), .events = POLLIN };
	if (fds[SIGNALS].fd < 0) {
		return fds[SIGNALS].fd;
	}
	error = open_output(stream);
	while (!error && !is_over(stream)) {
		error = step(stream, fds);
	}
	tell_end(stream);
	close(fds[SIGNALS].fd);
	return error;
}
