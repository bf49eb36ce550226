/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store with several processes at it, some of them dying.
 */
#include <errno.h>
#include <signal.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "store_kit.h"
#include "test.h"

/** Records of each transaction, and transactions whose records are kept. */
#define BATCH 7
#define KEPT 5

static const char busy[] =
	"in use by another process: give each daemon a state_dir of its own";

/** A start that is refused, soon, as another has the store. */
static void expect_busy(const struct place *place, const char *what, const char *path)
{
	struct timespec before, after;
	char text[QM_STORE_ERROR_MAX];
	struct outcome o;

	clock_gettime(CLOCK_MONOTONIC, &before);
	o = store_start(place->dir);
	clock_gettime(CLOCK_MONOTONIC, &after);
	QM_FAILS(o.r, -EBUSY);
	snprintf(text, sizeof(text), "%s '%s': %s", what, path, busy);
	QM_STR(o.error, text);
	CU_ASSERT(!o.start.set_aside);
	CU_ASSERT((after.tv_sec - before.tv_sec) * 1000 +
			  (after.tv_nsec - before.tv_nsec) / 1000000 < 2500);
}

/** In a child: holds the store until it is killed. */
static pid_t fork_holder(const struct place *place)
{
	char ready = 0;
	int fds[2];
	pid_t pid;

	QM_OK_FATAL(pipe(fds));
	pid = fork();
	if (!pid) {
		if (store_open(place->dir).r || write(fds[1], &ready, 1) != 1) {
			_exit(1);
		}
		for (;;) {
			pause();
		}
	}
	QM_OK_FATAL(pid);
	QM_INT(read(fds[0], &ready, 1), 1);
	close(fds[0]);
	close(fds[1]);
	return pid;
}

static void end(pid_t pid)
{
	int status;

	kill(pid, SIGKILL);
	waitpid(pid, &status, 0);
	CU_ASSERT(WIFSIGNALED(status));
}

static void test_twice(void)
{
	struct place place = store_place();
	struct qm_store_start start;
	struct qm_store *store = store_must_open(&place, NULL);
	pid_t pid;

	expect_busy(&place, "state directory", place.dir);
	store_add(store, 1, 1, 5);
	QM_OK(qm_store_commit(store, 5));
	expect_busy(&place, "state directory", place.dir);
	store_expect(store, 1, 5);
	qm_store_close(store);

	pid = fork_holder(&place);
	expect_busy(&place, "state directory", place.dir);
	end(pid);
	qm_store_close(store_must_open(&place, &start));
	QM_INT(start.instance, 3);
	store_remove(&place);
}

/** A daemon that is about to end is waited for. */
static void test_soon(void)
{
	struct place place = store_place();
	const struct timespec soon = { .tv_nsec = 300000000 };
	pid_t pid = fork_holder(&place), killer = fork();

	if (!killer) {
		nanosleep(&soon, NULL);
		kill(pid, SIGKILL);
		_exit(0);
	}
	qm_store_close(store_must_open(&place, NULL));
	waitpid(killer, NULL, 0);
	waitpid(pid, NULL, 0);
	store_remove(&place);
}

/** Who only reads is not in the way, nor kept out. */
static void test_readers(void)
{
	struct place place = store_place();
	struct qm_store *store = store_must_open(&place, NULL);
	sqlite3 *db;

	store_add(store, 1, 1, 5);
	QM_INT(store_ask(&place, "SELECT count(*) FROM record"), 0);
	QM_OK(qm_store_commit(store, 5));
	QM_INT(store_ask(&place, "SELECT count(*) FROM record"), 5);

	QM_INT(sqlite3_open(place.file, &db), SQLITE_OK);
	QM_INT(sqlite3_exec(db, "BEGIN; SELECT * FROM record", NULL, NULL, NULL), SQLITE_OK);
	store_add(store, 1, 6, 5000);
	QM_OK(qm_store_commit(store, 5));
	QM_OK(qm_store_remove(store, 1000));
	QM_OK(qm_store_commit(store, 5));
	qm_store_close(store);
	store = store_must_open(&place, NULL);
	store_expect(store, 1001, 4005);
	qm_store_close(store);
	sqlite3_close(db);
	store_remove(&place);
}

/** A connection of someone else that lets nobody write. */
static sqlite3 *hold(const struct place *place, const char *how)
{
	sqlite3 *db;

	QM_INT(sqlite3_open(place->file, &db), SQLITE_OK);
	QM_INT(sqlite3_exec(db, how, NULL, NULL, NULL), SQLITE_OK);
	return db;
}

static void test_writers(void)
{
	struct place place = store_place();
	struct qm_store *store = store_must_open(&place, NULL);
	const struct qm_record record = store_record(6);
	uint64_t id;
	sqlite3 *db;

	store_add(store, 1, 1, 5);
	QM_OK(qm_store_commit(store, 5));
	db = hold(&place, "BEGIN IMMEDIATE");
	QM_FAILS(qm_store_add(store, 1, 6, &record, &id), -EBUSY);
	CU_ASSERT_PTR_NOT_NULL(strstr(qm_store_error(store), busy));
	store_expect(store, 1, 5);
	sqlite3_close(db);
	store_add(store, 1, 6, 1);
	QM_OK(qm_store_commit(store, 5));
	store_expect(store, 1, 6);
	qm_store_close(store);

	db = hold(&place, "BEGIN EXCLUSIVE");
	expect_busy(&place, "state database", place.file);
	sqlite3_close(db);
	store_install(&place, "version-1.db");
	db = hold(&place, "BEGIN EXCLUSIVE");
	expect_busy(&place, "state database", place.file);
	sqlite3_close(db);
	db = hold(&place, "BEGIN; SELECT * FROM counter");
	expect_busy(&place, "state database", place.file);
	sqlite3_close(db);
	qm_store_close(store_must_open(&place, NULL));
	store_remove(&place);
}

/** Starts of several processes at once: no number comes twice. */
static void test_many_starts(void)
{
	enum { PROCESSES = 4, STARTS = 10 };
	struct place place = store_place();
	struct qm_store_start start;
	bool given[PROCESSES * STARTS + 1] = { false };
	uint32_t number;
	int fds[2];

	QM_OK_FATAL(pipe(fds));
	for (int i = 0; i < PROCESSES; i++) {
		if (!fork()) {
			for (int n = 0; n < STARTS; n += number > 0) {
				number = store_start(place.dir).start.instance;
				if (number && write(fds[1], &number, sizeof(number)) < 0) {
					_exit(1);
				}
			}
			_exit(0);
		}
	}
	close(fds[1]);
	while (read(fds[0], &number, sizeof(number)) == sizeof(number)) {
		CU_ASSERT_FATAL(number <= PROCESSES * STARTS);
		CU_ASSERT(!given[number]);
		given[number] = true;
	}
	close(fds[0]);
	while (wait(NULL) > 0) {
	}
	qm_store_close(store_must_open(&place, &start));
	QM_INT(start.instance, PROCESSES * STARTS + 1);
	store_remove(&place);
}

/** One transaction: records come and go, a pair, a count, all with its number. */
static int transact(struct qm_store *store, uint32_t instance, uint64_t *id, unsigned n)
{
	const struct qm_open_sa sa = store_sa(instance, n + 1);
	int r = 0;

	for (unsigned i = 0; i < BATCH && !r; i++) {
		const struct qm_record record = store_record(n * BATCH + i);

		r = qm_store_add(store, instance, n * BATCH + i, &record, id);
	}
	if (!r && n >= KEPT) {
		r = qm_store_remove(store, *id - KEPT * BATCH);
	}
	r = r ? r : qm_store_drop_sa(store, instance, n);
	r = r ? r : qm_store_keep_sa(store, &sa);
	r = r ? r : qm_store_set_loss(store, QM_LOSS_QUEUE, n + 1, n);
	return r ? r : qm_store_commit(store, n + 1);
}

/** In a child: one transaction after the other, each told of when it is done. */
static _Noreturn void transact_often(const char *dir, int out)
{
	struct outcome o = store_open(dir);
	unsigned n = 0;
	uint64_t id;
	int r = o.r;

	if (!r) {
		r = qm_store_remove(o.store, UINT64_MAX);
	}
	r = r ? r : qm_store_commit(o.store, 1);
	while (!r && write(out, &n, sizeof(n)) == sizeof(n)) {
		r = transact(o.store, o.start.instance, &id, n);
		n++;
	}
	fprintf(stderr, "# %s: %s\n", strerror(-r), o.r ? o.error : qm_store_error(o.store));
	_exit(1);
}

/** What is there after `n` transactions of the run before. */
static void expect_transactions(struct qm_store *store,
								const struct qm_store_start *start, unsigned n)
{
	struct store_sas *sas = store_earlier(store);
	const unsigned kept = n < KEPT ? n : KEPT;

	QM_INT(start->last, QM_LAST_DIED);
	store_expect(store, (uint64_t)(n - kept) * BATCH, kept * BATCH);
	QM_INT(start->last_alive_ms, n ? n : 1);
	QM_OK(sas->r);
	QM_INT(sas->bad, 0);
	QM_INT(sas->count, n > 0);
	if (n) {
		QM_INT(sas->sas[0].facts.child_sa, n);
		QM_OK(qm_store_drop_sa(store, sas->sas[0].instance, n));
	}
	free(sas);
}

/** Kills a child amid its transactions. @return how many were there then */
static unsigned kill_and_look(const struct place *place, long delay_ns)
{
	const struct timespec delay = { .tv_nsec = delay_ns };
	unsigned told = 0, n, there;
	struct qm_store_start start;
	struct qm_store *store;
	int fds[2];
	pid_t pid;

	QM_OK_FATAL(pipe(fds));
	pid = fork();
	if (!pid) {
		close(fds[0]);
		transact_often(place->dir, fds[1]);
	}
	close(fds[1]);
	QM_INT(read(fds[0], &n, sizeof(n)), sizeof(n));
	nanosleep(&delay, NULL);
	end(pid);
	while (read(fds[0], &n, sizeof(n)) == sizeof(n)) {
		told = n;
	}
	close(fds[0]);
	store = store_must_open(place, &start);
	there = (unsigned)start.lost[QM_LOSS_QUEUE].n;
	CU_ASSERT(there == told || there == told + 1);
	expect_transactions(store, &start, there);
	QM_OK(qm_store_set_loss(store, QM_LOSS_QUEUE, 0, 0));
	QM_OK(qm_store_commit(store, 1));
	qm_store_close(store);
	return there;
}

static void test_kill(void)
{
	struct place place = store_place();
	unsigned sum = 0;

	for (long i = 0; i < 200; i++) {
		sum += kill_and_look(&place, i * 271828 % 12000000);
	}
	CU_ASSERT(sum > 200);
	printf("# 200 processes killed, after %u transactions\n", sum);
	QM_INT(store_count_files(place.dir, "state.db.damaged-"), 0);
	store_remove(&place);
}

/** Also in a start, where nothing was there yet. */
static void test_kill_first_start(void)
{
	for (long i = 0; i < 60; i++) {
		struct place place = store_place();
		struct outcome o;
		pid_t pid = fork();

		if (!pid) {
			store_start(place.dir);
			pause();
		}
		nanosleep(&(struct timespec){ .tv_nsec = i * 90000 }, NULL);
		end(pid);
		o = store_start(place.dir);
		QM_OK(o.r);
		QM_STR(o.error, "");
		CU_ASSERT(o.start.instance == 1 || o.start.instance == 2);
		store_remove(&place);
	}
}

CU_TestInfo store_crowd_tests[] = {
	{ "opened twice", test_twice },
	{ "held by one that ends", test_soon },
	{ "others that read", test_readers },
	{ "others that write", test_writers },
	{ "many starts at once", test_many_starts },
	{ "killed amid transactions", test_kill },
	{ "first starts that are killed", test_kill_first_start },
	CU_TEST_INFO_NULL,
};
