/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store with several processes at it, some of them dying.
 */
#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store_kit.h"
#include "test.h"

/** Numbers that were given out, each once. */
#define NUMBERS_MAX 65536

struct numbers {
	bool given[NUMBERS_MAX];
	uint32_t count;
	uint32_t highest;
	uint32_t repeated;
};

static void give(struct numbers *numbers, uint32_t number)
{
	if (number >= NUMBERS_MAX || numbers->given[number]) {
		numbers->repeated++;
		return;
	}
	numbers->given[number] = true;
	numbers->count++;
	if (number > numbers->highest) {
		numbers->highest = number;
	}
}

/**
 * In a child: starts over and over, and sends each number it gets. A start that
 * was kept out by the others' never ending ones is made again, but not the only
 * one of a process.
 */
static _Noreturn void start_often(const char *dir, unsigned times, int out)
{
	unsigned done = 0;

	while (done < times) {
		struct outcome o = store_start(dir);

		if (o.r == -EBUSY && times > 1) {
			continue;
		}
		if (o.r < 0) {
			fprintf(stderr, "# %s\n", o.error);
			_exit(1);
		}
		if (write(out, &o.instance, sizeof(o.instance)) != sizeof(o.instance)) {
			_exit(2);
		}
		done++;
	}
	_exit(0);
}

/** A child that sends its numbers to the end of a pipe. */
static pid_t fork_starter(const char *dir, unsigned times, const int pipe_fds[2])
{
	pid_t pid = fork();

	if (!pid) {
		close(pipe_fds[0]);
		start_often(dir, times, pipe_fds[1]);
	}
	QM_OK_FATAL(pid);
	return pid;
}

#define PROCESSES 8

/** Each of several processes makes so many starts; the first number is known. */
static void check_crowd(struct place *place, unsigned starts, uint32_t first)
{
	static struct numbers numbers;
	pid_t pids[PROCESSES];
	int fds[2], status, i;
	uint32_t number;

	numbers = (struct numbers){ 0 };
	QM_OK_FATAL(pipe(fds));
	for (i = 0; i < PROCESSES; i++) {
		pids[i] = fork_starter(place->dir, starts, fds);
	}
	close(fds[1]);
	while (read(fds[0], &number, sizeof(number)) == sizeof(number)) {
		give(&numbers, number);
	}
	close(fds[0]);
	for (i = 0; i < PROCESSES; i++) {
		waitpid(pids[i], &status, 0);
		QM_INT(status, 0);
	}
	QM_INT(numbers.repeated, 0);
	QM_INT(numbers.count, PROCESSES * starts);
	QM_INT(numbers.highest, first + PROCESSES * starts - 1);
}

/** From nothing: the directory, the file and its tables are made by one of many. */
static void test_many_first_starts(void)
{
	for (int i = 0; i < 10; i++) {
		struct place place = store_place();

		check_crowd(&place, 1, 1);
		store_remove(&place);
	}
}

static void test_many_starts(void)
{
	struct place place = store_place();

	QM_INT(store_start(place.dir).instance, 1);
	check_crowd(&place, 25, 2);
	store_remove(&place);
}

/** Takes what a child has sent so far, waiting for the first of it. */
static void collect(int fd, struct numbers *numbers)
{
	struct pollfd pfd = { .fd = fd, .events = POLLIN };
	uint32_t number;

	while (poll(&pfd, 1, 0) > 0 && read(fd, &number, sizeof(number)) == sizeof(number)) {
		give(numbers, number);
	}
}

/** Kills a child at some point after its first start. */
static void start_and_kill(const struct place *place, struct numbers *numbers,
						   long delay_ns)
{
	const struct timespec delay = { .tv_nsec = delay_ns };
	uint32_t number = 0;
	int fds[2], status;
	pid_t pid;

	QM_OK_FATAL(pipe(fds));
	pid = fork_starter(place->dir, NUMBERS_MAX, fds);
	close(fds[1]);
	QM_INT(read(fds[0], &number, sizeof(number)), sizeof(number));
	CU_ASSERT(number > numbers->highest);
	give(numbers, number);
	nanosleep(&delay, NULL);
	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	CU_ASSERT(WIFSIGNALED(status));
	collect(fds[0], numbers);
	close(fds[0]);
}

static void test_kill(void)
{
	static struct numbers numbers;
	struct place place = store_place();

	numbers = (struct numbers){ 0 };
	for (long i = 0; i < 50; i++) {
		start_and_kill(&place, &numbers, i * 270000 % 9000000);
	}
	QM_INT(numbers.repeated, 0);
	CU_ASSERT(numbers.count >= 50);
	store_remove(&place);
}

/** Also where nothing was there yet. */
static void test_kill_first_start(void)
{
	for (long i = 0; i < 40; i++) {
		struct place place = store_place();
		struct outcome o;
		int fds[2], status;
		pid_t pid;

		QM_OK_FATAL(pipe(fds));
		pid = fork_starter(place.dir, 1, fds);
		nanosleep(&(struct timespec){ .tv_nsec = i * 150000 }, NULL);
		kill(pid, SIGKILL);
		waitpid(pid, &status, 0);
		close(fds[0]);
		close(fds[1]);
		o = store_start(place.dir);
		QM_OK(o.r);
		CU_ASSERT(o.instance == 1 || o.instance == 2);
		store_remove(&place);
	}
}

/** A connection of someone else that lets nobody in. */
static sqlite3 *hold(const struct place *place)
{
	sqlite3 *db;

	QM_INT(sqlite3_open(place->file, &db), SQLITE_OK);
	QM_INT(sqlite3_exec(db, "BEGIN EXCLUSIVE", NULL, NULL, NULL), SQLITE_OK);
	return db;
}

static void test_busy(void)
{
	struct place place = store_place();
	char expected[QM_STORE_ERROR_MAX];
	struct outcome o;
	sqlite3 *db;

	QM_INT(store_start(place.dir).instance, 1);
	snprintf(expected, sizeof(expected), "%s: in use by another process: give each "
			 "daemon a state_dir of its own", place.named);
	db = hold(&place);
	o = store_start(place.dir);
	QM_FAILS(o.r, -EBUSY);
	QM_INT(o.instance, STORE_NO_INSTANCE);
	QM_STR(o.error, expected);
	QM_INT(sqlite3_exec(db, "ROLLBACK", NULL, NULL, NULL), SQLITE_OK);
	sqlite3_close(db);
	QM_INT(store_start(place.dir).instance, 2);

	/* readers are let in, which does not help */
	QM_INT(sqlite3_open(place.file, &db), SQLITE_OK);
	QM_INT(sqlite3_exec(db, "BEGIN IMMEDIATE", NULL, NULL, NULL), SQLITE_OK);
	o = store_start(place.dir);
	QM_FAILS(o.r, -EBUSY);
	QM_STR(o.error, expected);
	sqlite3_close(db);
	QM_INT(store_start(place.dir).instance, 3);
	store_remove(&place);
}

/** Someone who is done soon is waited for. */
static void test_busy_for_a_while(void)
{
	struct place place = store_place();
	int fds[2], status = -1;
	char ready = 0;
	pid_t pid;

	QM_INT(store_start(place.dir).instance, 1);
	QM_OK_FATAL(pipe(fds));
	pid = fork();
	if (!pid) {
		sqlite3 *db = hold(&place);

		if (write(fds[1], &ready, 1) == 1) {
			nanosleep(&(struct timespec){ .tv_nsec = 200000000 }, NULL);
		}
		sqlite3_close(db);
		_exit(0);
	}
	QM_OK_FATAL(pid);
	QM_INT(read(fds[0], &ready, 1), 1);
	QM_INT(store_start(place.dir).instance, 2);
	waitpid(pid, &status, 0);
	QM_INT(status, 0);
	close(fds[0]);
	close(fds[1]);
	store_remove(&place);
}

CU_TestInfo store_crowd_tests[] = {
	{ "many starts at once, the first among them", test_many_first_starts },
	{ "many starts at once", test_many_starts },
	{ "starts that are killed", test_kill },
	{ "first starts that are killed", test_kill_first_start },
	{ "database that is in use", test_busy },
	{ "database that is in use for a while", test_busy_for_a_while },
	CU_TEST_INFO_NULL,
};
