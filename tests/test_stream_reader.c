/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qm-audit stream: readers that are slow, stuck or gone, and disks that are full.
 * Writing to its standard input never waits for long, or these tests would.
 */
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/resource.h>
#include <time.h>
#include <unistd.h>

#include "stream_kit.h"
#include "test.h"

#define SMALL "buffer=64K,unix:@/sock"

/** Several times what a small buffer and a socket hold. */
#define MANY 2000

/** Begins with a reader that listens. */
static void begin(struct stream_kit *kit, int type, const char *words)
{
	CU_ASSERT_FATAL(stream_begin(kit));
	stream_listen(kit, type);
	stream_start(kit, words);
	if (type != SOCK_DGRAM) {
		stream_accept(kit);
	}
}

/** Ends it; all that was written has come, or is counted as dropped. */
static void expect_all(struct stream_kit *kit, int fd)
{
	stream_await(kit, fd, kit->next);
	QM_INT(stream_finish(kit), 0);
	QM_STR(kit->tally.problem, "");
	QM_INT(kit->tally.events + kit->tally.dropped, kit->next);
}

static void test_slow(void)
{
	static const int types[] = { SOCK_STREAM, SOCK_SEQPACKET };

	for (size_t i = 0; i < sizeof(types) / sizeof(types[0]); i++) {
		struct stream_kit kit;

		begin(&kit, types[i], SMALL);
		stream_records(&kit, MANY);
		stream_await_input(&kit);
		stream_await_message(&kit, "events are dropped, and counted");
		while (kit.tally.losses == 0 && stream_read(&kit, kit.peer) > 0) {
		}
		CU_ASSERT(kit.tally.events > 0);
		/* what comes then is not dropped */
		stream_records(&kit, 5);
		stream_await(&kit, kit.peer, kit.next);
		QM_INT(kit.tally.losses, 1);
		QM_INT(stream_times(&kit, "err", "events are dropped, and counted"), 1);
		QM_INT(stream_times(&kit, "err", "takes events again;"), 1);
		expect_all(&kit, kit.peer);
		stream_end(&kit);
	}
}

static void test_buffer_is_enough(void)
{
	struct stream_kit kit;

	begin(&kit, SOCK_STREAM, "unix:@/sock");
	stream_records(&kit, MANY);
	expect_all(&kit, kit.peer);
	QM_INT(kit.tally.dropped, 0);
	QM_INT(stream_times(&kit, "err", "\n"), 0);
	stream_end(&kit);
}

/** More at once than a small buffer holds, but less than that and the socket. */
static void test_burst(void)
{
	char text[55 * 1024];
	size_t length = 0;
	struct stream_kit kit;

	begin(&kit, SOCK_STREAM, SMALL);
	for (; kit.next < 55; kit.next++) {
		length += (size_t)snprintf(text + length, sizeof(text) - length, "%s",
								   stream_record("", kit.next));
	}
	QM_OK(kill(kit.pid, SIGSTOP));
	stream_write(&kit, text, length, 0);
	QM_OK(kill(kit.pid, SIGCONT));
	expect_all(&kit, kit.peer);
	QM_INT(kit.tally.dropped, 0);
	stream_end(&kit);
}

static void test_datagrams(void)
{
	struct stream_kit kit;

	begin(&kit, SOCK_DGRAM, SMALL);
	stream_records(&kit, MANY);
	stream_await_input(&kit);
	stream_await_message(&kit, "events are dropped, and counted");
	while (kit.tally.losses == 0 && stream_read(&kit, kit.listener) > 0) {
		/* each is one event */
		QM_INT(kit.tally.rest_len, 0);
	}
	stream_records(&kit, 5);
	expect_all(&kit, kit.listener);
	QM_INT(kit.tally.losses, 1);
	stream_end(&kit);
}

/** Reads on until the other end has closed, so that nothing is lost between. */
static void hang_up(struct stream_kit *kit)
{
	shutdown(kit->peer, SHUT_RD);
	while (stream_read(kit, kit->peer) > 0) {
	}
	close(kit->peer);
	kit->peer = -1;
	/* an event that came in part comes again */
	stream_forget(&kit->tally);
}

static void test_goes_and_comes_back(void)
{
	struct stream_kit kit;

	begin(&kit, SOCK_STREAM, "unix:@/sock");
	for (unsigned round = 0; round < 4; round++) {
		/* more than the socket holds: an event is under way */
		stream_records(&kit, 300);
		stream_await(&kit, kit.peer, kit.next - 250);
		hang_up(&kit);
		stream_records(&kit, 100);
		stream_accept(&kit);
	}
	expect_all(&kit, kit.peer);
	QM_INT(kit.tally.dropped, 0);
	stream_end(&kit);
}

/** The next reader gets all of an event that the last one got in part. */
static void test_goes_amid_an_event(void)
{
	struct stream_kit kit;
	size_t part = 0;

	begin(&kit, SOCK_STREAM, "unix:@/sock");
	for (unsigned round = 0; round < 4; round++) {
		for (unsigned i = 0; i < 8; i++) {
			const char *text = stream_long_record(kit.next++);

			stream_write(&kit, text, strlen(text), 0);
		}
		stream_await_input(&kit);
		shutdown(kit.peer, SHUT_RD);
		while (stream_read(&kit, kit.peer) > 0) {
		}
		part += kit.tally.rest_len;
		stream_forget(&kit.tally);
		stream_accept(&kit);
	}
	CU_ASSERT(part > 0);
	expect_all(&kit, kit.peer);
	QM_INT(kit.tally.dropped, 0);
	stream_end(&kit);
}

static void test_comes_late(void)
{
	struct stream_kit kit;

	CU_ASSERT_FATAL(stream_begin(&kit));
	stream_start(&kit, SMALL);
	stream_records(&kit, 5);
	stream_await_message(&kit, "sock: No such file or directory; does its reader run?");
	stream_records(&kit, MANY);
	stream_await_input(&kit);
	stream_await_message(&kit, "events are dropped, and counted");
	stream_listen(&kit, SOCK_STREAM);
	stream_accept(&kit);
	expect_all(&kit, kit.peer);
	QM_INT(kit.tally.losses, 1);
	QM_INT(stream_times(&kit, "err", "cannot write to"), 1);
	stream_end(&kit);
}

/** It is told when it is gone, and listens elsewhere under the same name. */
static void test_other_type(void)
{
	struct stream_kit kit;

	begin(&kit, SOCK_STREAM, "unix:@/sock");
	stream_records(&kit, 5);
	stream_await(&kit, kit.peer, 5);
	stream_deaf(&kit);
	hang_up(&kit);
	stream_await_message(&kit, "cannot write to");
	stream_records(&kit, 5);
	stream_listen(&kit, SOCK_DGRAM);
	/* at once, not after what its patience says */
	QM_OK(kill(kit.pid, SIGHUP));
	expect_all(&kit, kit.listener);
	QM_INT(kit.tally.dropped, 0);
	stream_end(&kit);
}

/** A connection stays when a file would be opened anew. */
static void test_hup_keeps_connection(void)
{
	struct stream_kit kit;

	begin(&kit, SOCK_STREAM, "unix:@/sock");
	for (unsigned i = 0; i < 5; i++) {
		stream_records(&kit, 300);
		QM_OK(kill(kit.pid, SIGHUP));
		stream_await(&kit, kit.peer, kit.next);
	}
	expect_all(&kit, kit.peer);
	stream_end(&kit);
}

static void test_nobody_reads_standard_output(void)
{
	struct stream_kit kit;

	CU_ASSERT_FATAL(stream_begin(&kit));
	stream_start(&kit, "");
	stream_records(&kit, 1);
	stream_await(&kit, kit.out, 1);
	close(kit.out);
	kit.out = -1;
	QM_INT(stream_finish(&kit), 2);
	QM_INT(stream_times(&kit, "err", "cannot go on: Broken pipe"), 1);
	stream_end(&kit);
}

static void set_limit(struct stream_kit *kit, rlim_t size)
{
	const struct rlimit limit = { size, RLIM_INFINITY };

	QM_OK_FATAL(prlimit(kit->pid, RLIMIT_FSIZE, &limit, NULL));
}

static void count_file(struct stream_kit *kit)
{
	char *text = kit_read(&kit->kit, "out");

	CU_ASSERT_PTR_NOT_NULL_FATAL(text);
	stream_count(&kit->tally, text, strlen(text));
	free(text);
}

/** A disk that is full for a while; `size` falls into the middle of an event. */
static void play_full(const char *words, bool lossy)
{
	struct stream_kit kit;

	CU_ASSERT_FATAL(stream_begin(&kit));
	stream_start(&kit, words);
	stream_records(&kit, 1);
	stream_await_text(&kit, "out", "\n");
	set_limit(&kit, 10000);
	stream_records(&kit, MANY);
	stream_await_message(&kit, "File too large; make room; trying again");
	stream_await_input(&kit);
	if (lossy) {
		stream_await_message(&kit, "events are dropped, and counted");
	}
	set_limit(&kit, RLIM_INFINITY);
	stream_await_message(&kit, lossy ? "takes events again; " : "takes events again");
	stream_records(&kit, 5);
	QM_INT(stream_finish(&kit), 0);
	count_file(&kit);
	QM_STR(kit.tally.problem, "");
	QM_INT(kit.tally.next, kit.next);
	QM_INT(kit.tally.losses, lossy);
	QM_INT(kit.tally.dropped != 0, lossy);
	stream_end(&kit);
}

static void test_full_disk(void)
{
	play_full("file:@/out", false);
	play_full("buffer=64K,file:@/out", true);
}

/** Rotation is what makes room: what was cut is whole in the new file. */
static void test_full_and_rotated(void)
{
	struct stream_kit kit;
	char old[PATH_MAX * 2], *text, *cut;

	CU_ASSERT_FATAL(stream_begin(&kit));
	stream_start(&kit, "file:@/out");
	stream_records(&kit, 1);
	stream_await_text(&kit, "out", "\n");
	set_limit(&kit, 10000);
	stream_records(&kit, 4);
	stream_await_message(&kit, "File too large");
	snprintf(old, sizeof(old), "%s", kit_path(&kit.kit, "old"));
	QM_OK_FATAL(rename(kit_path(&kit.kit, "out"), old));
	text = kit_read(&kit.kit, "old");
	cut = strrchr(text, '\n') + 1;
	CU_ASSERT(*cut);
	stream_count(&kit.tally, text, (size_t)(cut - text));
	free(text);
	QM_OK(kill(kit.pid, SIGHUP));
	QM_INT(stream_finish(&kit), 0);
	count_file(&kit);
	QM_STR(kit.tally.problem, "");
	QM_INT(kit.tally.events, kit.next);
	stream_end(&kit);
}

static void test_pipe_with_a_name(void)
{
	struct stream_kit kit;
	FILE *pipe;

	CU_ASSERT_FATAL(stream_begin(&kit));
	QM_OK_FATAL(mkfifo(kit_path(&kit.kit, "out"), 0600));
	stream_start(&kit, "file:@/out");
	stream_records(&kit, MANY);
	stream_await_message(&kit, "No such device or address; does its reader run?");
	pipe = fopen(kit_path(&kit.kit, "out"), "r");
	CU_ASSERT_PTR_NOT_NULL_FATAL(pipe);
	expect_all(&kit, fileno(pipe));
	QM_INT(kit.tally.dropped, 0);
	fclose(pipe);
	stream_end(&kit);
}

/** It sleeps while there is nothing to do, also with events that nobody takes. */
static void test_sleeps(void)
{
	const struct timespec second = { 1, 0 };
	struct stream_kit kit;
	char *text;

	begin(&kit, SOCK_STREAM, SMALL);
	stream_records(&kit, MANY);
	stream_await_message(&kit, "events are dropped, and counted");
	nanosleep(&second, NULL);
	stream_deaf(&kit);
	close(kit.peer);
	kit.peer = -1;
	nanosleep(&second, NULL);
	QM_INT(stream_finish(&kit), 0);
	text = kit_read(&kit.kit, "polls");
	/* once for each piece of input, and a few times while nobody took what waits */
	CU_ASSERT(strtoul(text, NULL, 10) < MANY + 500);
	free(text);
	QM_INT(stream_times(&kit, "err", "ends, and "), 1);
	stream_end(&kit);
}

CU_TestInfo stream_reader_tests[] = {
	{ "a slow reader", test_slow },
	{ "a buffer that is large enough", test_buffer_is_enough },
	{ "a burst", test_burst },
	{ "datagrams", test_datagrams },
	{ "a reader goes and comes back", test_goes_and_comes_back },
	{ "a reader goes amid an event", test_goes_amid_an_event },
	{ "a reader comes late", test_comes_late },
	{ "a reader comes back with a socket of another type", test_other_type },
	{ "SIGHUP keeps a connection", test_hup_keeps_connection },
	{ "nobody reads standard output", test_nobody_reads_standard_output },
	{ "a full disk", test_full_disk },
	{ "a full disk, and rotation", test_full_and_rotated },
	{ "a pipe with a name", test_pipe_with_a_name },
	{ "it sleeps", test_sleeps },
	CU_TEST_INFO_NULL,
};
