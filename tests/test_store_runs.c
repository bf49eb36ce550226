/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs of the daemon: how the last one ended, and what is left of those before.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store_kit.h"
#include "test.h"

/** What the next start finds. */
static void expect_last(const struct place *place, enum qm_last_run last,
						uint64_t alive_ms)
{
	struct qm_store_start start;

	qm_store_close(store_must_open(place, &start));
	QM_INT(start.last, last);
	QM_INT(start.last_alive_ms, alive_ms);
}

static void test_ends(void)
{
	struct place place = store_place();
	const uint64_t before = (uint64_t)time(NULL) * 1000;
	struct qm_store_start start;
	struct qm_store *store = store_must_open(&place, &start);

	QM_INT(start.last, QM_LAST_NONE);
	QM_INT(start.last_alive_ms, 0);
	QM_OK(qm_store_commit(store, 12345));
	qm_store_close(store);
	expect_last(&place, QM_LAST_DIED, 12345);

	/* it was known to live when it began */
	store = store_must_open(&place, &start);
	QM_INT(start.last, QM_LAST_DIED);
	CU_ASSERT(start.last_alive_ms >= before);
	QM_OK(qm_store_mark_stopped(store));
	QM_OK(qm_store_commit(store, 67890));
	qm_store_close(store);
	expect_last(&place, QM_LAST_STOPPED, 67890);

	/* that it stops is to be committed */
	store = store_must_open(&place, &start);
	QM_OK(qm_store_commit(store, 5));
	QM_OK(qm_store_mark_stopped(store));
	qm_store_close(store);
	expect_last(&place, QM_LAST_DIED, 5);
	store_remove(&place);
}

/** The row of the last run is changed, and the next start takes it for that. */
static void check_changed(const char *change, enum qm_last_run last, uint64_t alive_ms)
{
	struct place place = store_place();
	struct qm_store *store = store_must_open(&place, NULL);
	char sql[256];

	QM_OK(qm_store_commit(store, 5));
	qm_store_close(store);
	snprintf(sql, sizeof(sql), "UPDATE run SET %s", change);
	store_sql(&place, sql);
	expect_last(&place, last, alive_ms);
	store_remove(&place);
}

static void test_changed(void)
{
	check_changed("boot_id = boot_id", QM_LAST_DIED, 5);
	check_changed("boot_id = '00000000-0000-0000-0000-000000000000'", QM_LAST_REBOOTED,
				  5);
	check_changed("boot_id = ''", QM_LAST_UNKNOWN, 5);
	check_changed("boot_id = x'00'", QM_LAST_UNKNOWN, 5);
	check_changed("boot_id = printf('%.*c', 100000, 'x')", QM_LAST_UNKNOWN, 5);
	check_changed("boot_id = '', stopped = 1", QM_LAST_STOPPED, 5);
	check_changed("stopped = 'x'", QM_LAST_DIED, 5);
	check_changed("alive_ms = -1", QM_LAST_DIED, 0);
	check_changed("alive_ms = 'now'", QM_LAST_DIED, 0);
	check_changed("alive_ms = 9223372036854775807", QM_LAST_DIED, INT64_MAX);
}

static int64_t runs(const struct place *place)
{
	return store_ask(place, "SELECT count(*) FROM run");
}

/** Of runs without SA pairs and records only the last one and this one are left. */
static void test_pruning(void)
{
	struct place place = store_place();
	struct qm_open_sa sa;
	struct qm_store *store;
	uint64_t seq;

	for (uint32_t run = 1; run <= 6; run++) {
		store = store_must_open(&place, NULL);
		if (run == 2) {
			sa = store_sa(run, 1);
			QM_OK(qm_store_keep_sa(store, &sa));
		} else if (run == 4) {
			store_add(store, run, 1, 1);
		}
		QM_OK(qm_store_commit(store, run));
		qm_store_close(store);
	}
	QM_INT(runs(&place), 4);
	QM_INT(store_ask(&place, "SELECT sum(instance) FROM run"), 2 + 4 + 5 + 6);
	store = store_must_open(&place, NULL);
	QM_FAILS(qm_store_next_seq(store, 1, &seq), -ENOENT);
	QM_OK(qm_store_next_seq(store, 2, &seq));
	QM_INT(seq, 1);
	QM_OK(qm_store_next_seq(store, 4, &seq));
	QM_INT(seq, 2);
	QM_OK(qm_store_drop_sa(store, 2, 1));
	QM_OK(qm_store_remove(store, UINT64_MAX));
	QM_OK(qm_store_commit(store, 7));
	qm_store_close(store);
	qm_store_close(store_must_open(&place, NULL));
	QM_INT(runs(&place), 2);
	store_remove(&place);
}

static void expect_loss(const struct qm_store_start *start, enum qm_loss_cause cause,
						uint64_t count, uint64_t since_ms)
{
	QM_INT(start->lost[cause].n, count);
	QM_INT(start->lost[cause].known, count > 0);
	QM_INT(start->lost_since_ms[cause], since_ms);
}

static void test_losses(void)
{
	struct place place = store_place();
	struct qm_store_start start;
	struct qm_store *store = store_must_open(&place, &start);

	for (enum qm_loss_cause cause = 0; cause < QM_LOSS_MAX; cause++) {
		expect_loss(&start, cause, 0, 0);
	}
	QM_OK(qm_store_set_loss(store, QM_LOSS_AUDIT, 5, 1000));
	QM_OK(qm_store_set_loss(store, QM_LOSS_STORE, 6, 2000));
	QM_OK(qm_store_set_loss(store, QM_LOSS_STORE, 7, 3000));
	QM_OK(qm_store_commit(store, 5));
	QM_OK(qm_store_set_loss(store, QM_LOSS_STORE, 8, 4000));
	qm_store_close(store);
	store = store_must_open(&place, &start);
	expect_loss(&start, QM_LOSS_QUEUE, 0, 0);
	expect_loss(&start, QM_LOSS_AUDIT, 5, 1000);
	expect_loss(&start, QM_LOSS_STORE, 7, 3000);
	QM_OK(qm_store_set_loss(store, QM_LOSS_AUDIT, 0, 0));
	QM_OK(qm_store_commit(store, 5));
	qm_store_close(store);
	store_sql(&place, "INSERT INTO loss VALUES (-1, 1, 1), (4, 1, 1), (99, 1, 1)");
	store_sql(&place, "INSERT INTO loss VALUES (0, 'x', 'y'), (2, -5, -6)");
	qm_store_close(store_must_open(&place, &start));
	expect_loss(&start, QM_LOSS_QUEUE, 0, 0);
	expect_loss(&start, QM_LOSS_AUDIT, 0, 0);
	expect_loss(&start, QM_LOSS_NETLINK, 0, 0);
	expect_loss(&start, QM_LOSS_STORE, 7, 3000);
	QM_INT(store_ask(&place, "SELECT count(*) FROM loss WHERE cause = 1"), 0);
	store_remove(&place);
}

/** A database of the release that only counted starts: the last was 41. */
static void test_upgrade(void)
{
	struct place place = store_place();
	struct qm_store_start start;
	struct qm_store *store;
	uint64_t seq;

	store_install(&place, "version-1.db");
	store = store_must_open(&place, &start);
	QM_INT(start.instance, 42);
	QM_INT(start.last, QM_LAST_UNKNOWN);
	QM_INT(start.last_alive_ms, 0);
	store_add(store, 42, 1, 10);
	store_expect(store, 1, 10);
	QM_OK(qm_store_next_seq(store, 41, &seq));
	QM_OK(qm_store_mark_stopped(store));
	QM_OK(qm_store_commit(store, 5));
	qm_store_close(store);
	QM_INT(store_ask(&place, "PRAGMA user_version"), 2);
	QM_INT(store_ask(&place, "SELECT count(*) FROM sqlite_schema WHERE name = 'counter'"),
		   0);
	store = store_must_open(&place, &start);
	QM_INT(start.instance, 43);
	QM_INT(start.last, QM_LAST_STOPPED);
	store_expect(store, 1, 10);
	qm_store_close(store);
	store_remove(&place);
}

/** What its counter may be, and the number after it; 0 where it is set aside. */
static void test_upgrade_limits(void)
{
	static const struct {
		const char *change;
		uint32_t next;
	} limits[] = {
		{ "UPDATE counter SET value = 0", 1 },
		{ "UPDATE counter SET value = 4294967294", UINT32_MAX },
		{ "UPDATE counter SET value = 4294967295", 0 },
		{ "UPDATE counter SET value = 9223372036854775807", 0 },
		{ "UPDATE counter SET value = -1", 0 },
		{ "UPDATE counter SET value = 'text'", 0 },
		{ "UPDATE counter SET value = 1.5", 0 },
		{ "DELETE FROM counter", 0 },
		{ "DROP TABLE counter", 0 },
		{ "ALTER TABLE counter RENAME COLUMN value TO number", 0 },
		{ "PRAGMA user_version = 0", 0 },
	};

	for (size_t i = 0; i < sizeof(limits) / sizeof(limits[0]); i++) {
		struct place place = store_place();
		const time_t before = time(NULL);
		struct outcome o;

		store_install(&place, "version-1.db");
		store_sql(&place, limits[i].change);
		o = store_start(place.dir);
		QM_OK(o.r);
		QM_INT(o.start.set_aside, !limits[i].next);
		if (limits[i].next) {
			QM_INT(o.start.instance, limits[i].next);
		} else {
			CU_ASSERT(o.start.instance >= before && o.start.instance <= time(NULL));
		}
		store_remove(&place);
	}
}

CU_TestInfo store_runs_tests[] = {
	{ "how the last one ended", test_ends },
	{ "what is there of the last one", test_changed },
	{ "runs that nothing is left of", test_pruning },
	{ "losses", test_losses },
	{ "upgrade", test_upgrade },
	{ "counts that are upgraded", test_upgrade_limits },
	CU_TEST_INFO_NULL,
};
