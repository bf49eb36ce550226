/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records that wait, their numbers, and transactions.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store_kit.h"
#include "test.h"

/** Counts that wait. */
static void expect_waiting(const struct qm_store *store, uint64_t records, uint64_t bytes)
{
	uint64_t told, told_bytes;

	qm_store_waiting(store, &told, &told_bytes);
	QM_INT(told, records);
	QM_INT(told_bytes, bytes);
}

/** Closes and opens it again. */
static struct qm_store *reopen(const struct place *place, struct qm_store *store,
							   struct qm_store_start *start)
{
	qm_store_close(store);
	return store_must_open(place, start);
}

static void test_round_trip(void)
{
	struct place place = store_place();
	struct qm_store_start start;
	struct qm_store *store = store_must_open(&place, &start);

	store_expect(store, 1, 0);
	store_add(store, start.instance, 1, 300);
	store_expect(store, 1, 300);
	QM_OK(qm_store_commit(store, 5));
	store_expect(store, 1, 300);
	store = reopen(&place, store, &start);
	store_expect(store, 1, 300);
	qm_store_close(store);
	store_remove(&place);
}

/** What is not committed is not kept. */
static void test_not_committed(void)
{
	struct place place = store_place();
	struct qm_store_start start;
	struct qm_store *store = store_must_open(&place, &start);
	uint64_t id = store_add(store, start.instance, 1, 10);

	QM_OK(qm_store_commit(store, 5));
	store_add(store, start.instance, 11, 10);
	QM_OK(qm_store_remove(store, id - 5));
	store_expect(store, 6, 15);
	store = reopen(&place, store, &start);
	store_expect(store, 1, 10);
	qm_store_close(store);
	store_remove(&place);
}

static void test_remove(void)
{
	struct place place = store_place();
	struct qm_store_start start;
	struct qm_store *store = store_must_open(&place, &start);
	uint64_t id = store_add(store, start.instance, 1, 100);

	QM_OK(qm_store_remove(store, 0));
	store_expect(store, 1, 100);
	QM_OK(qm_store_remove(store, id - 40));
	store_expect(store, 61, 40);
	QM_OK(qm_store_remove(store, id - 40));
	QM_OK(qm_store_commit(store, 5));
	store_expect(store, 61, 40);
	QM_OK(qm_store_remove(store, UINT64_MAX));
	store_expect(store, 1, 0);
	QM_OK(qm_store_commit(store, 5));
	/* an id that was removed does not come again, not even after a start */
	store = reopen(&place, store, &start);
	store_expect(store, 1, 0);
	CU_ASSERT(store_add(store, start.instance, 1, 1) > id);
	qm_store_close(store);
	store_remove(&place);
}

/** Adds until it is refused. @return how many went in */
static unsigned fill(struct qm_store *store, unsigned len)
{
	struct qm_record record = { .len = len };
	unsigned count = 0;
	uint64_t id;
	int r;

	memset(record.body, 'x', len);
	while (!(r = qm_store_add(store, 1, count + 1, &record, &id))) {
		count++;
	}
	QM_FAILS(r, -EDQUOT);
	return count;
}

static void check_bound(uint64_t records, uint64_t bytes, unsigned expected)
{
	struct place place = store_place();
	const struct qm_store_config config = {
		.dir = place.dir,
		.durability = QM_DURABLE_POWER,
		.max_records = records,
		.max_bytes = bytes,
	};
	struct outcome o = store_open_with(&config);

	QM_OK_FATAL(o.r);
	QM_INT(fill(o.store, 100), expected);
	/* the transaction goes on */
	expect_waiting(o.store, expected, expected * 100);
	QM_OK(qm_store_commit(o.store, 5));
	QM_STR(qm_store_error(o.store), "");
	QM_INT(fill(o.store, 100), 0);
	QM_OK(qm_store_remove(o.store, 3));
	QM_INT(fill(o.store, 100), 3);
	QM_OK(qm_store_commit(o.store, 5));
	qm_store_close(o.store);
	o = store_open_with(&config);
	QM_OK_FATAL(o.r);
	expect_waiting(o.store, expected, expected * 100);
	QM_INT(fill(o.store, 100), 0);
	qm_store_close(o.store);
	store_remove(&place);
}

static void test_bounds(void)
{
	check_bound(7, 0, 7);
	check_bound(0, 1000, 10);
	check_bound(0, 1099, 10);
	check_bound(9, 1000, 9);
	check_bound(11, 1000, 10);
}

static void expect_seq(struct qm_store *store, uint32_t instance, uint64_t expected)
{
	uint64_t seq = 0;

	QM_OK(qm_store_next_seq(store, instance, &seq));
	QM_INT(seq, expected);
}

static void test_numbers(void)
{
	struct place place = store_place();
	struct qm_store_start start;
	struct qm_store *store = store_must_open(&place, &start);
	uint64_t seq = 77;

	expect_seq(store, 1, 1);
	expect_seq(store, 1, 2);
	store_add(store, 1, 10, 3);
	store_add(store, 1, 5, 1);
	expect_seq(store, 1, 13);
	QM_OK(qm_store_commit(store, 5));
	QM_FAILS(qm_store_next_seq(store, 2, &seq), -ENOENT);
	QM_INT(seq, 77);
	expect_seq(store, 1, 14);

	/* that number was not committed */
	store = reopen(&place, store, &start);
	QM_INT(start.instance, 2);
	expect_seq(store, 1, 14);
	expect_seq(store, 1, 15);
	store_add(store, 1, 100, 1);
	store_add(store, 2, 50, 1);
	expect_seq(store, 1, 101);
	expect_seq(store, 2, 51);
	QM_OK(qm_store_commit(store, 5));
	store = reopen(&place, store, &start);
	expect_seq(store, 1, 102);
	expect_seq(store, 2, 52);
	expect_seq(store, 3, 1);
	qm_store_close(store);
	store_remove(&place);
}

/** No number there is makes the store unusable. */
static void test_numbers_out_of_range(void)
{
	struct place place = store_place();
	struct qm_store *store = store_must_open(&place, NULL);
	const struct qm_record record = store_record(1);
	char expected[QM_STORE_ERROR_MAX];
	uint64_t id = 0, seq = 0;

	store_add(store, 1, 1, 1);
	QM_FAILS(qm_store_add(store, 1, UINT64_MAX, &record, &id), -ERANGE);
	snprintf(expected, sizeof(expected), "keeping a record in %s: a number that is out "
			 "of range: report this to the makers of qm-audit", place.named);
	QM_STR(qm_store_error(store), expected);
	store_expect(store, 1, 0);
	QM_OK(qm_store_add(store, 1, INT64_MAX, &record, &id));
	QM_STR(qm_store_error(store), "");
	QM_FAILS(qm_store_next_seq(store, 1, &seq), -ENOENT);
	QM_OK(qm_store_commit(store, UINT64_MAX));
	QM_OK(qm_store_remove(store, id));
	QM_OK(qm_store_commit(store, 5));
	qm_store_close(store);
	store_remove(&place);
}

/** Rows that someone has changed: left out, and removed with the others. */
static void test_bad_rows(void)
{
	static const char *const changes[] = {
		"body = NULL", "body = x'414243'", "body = 'a' || char(0) || 'b'",
		"body = printf('%.*c', 6144, 'x')", "body = printf('%.*c', 1000000, 'x')",
		"addr = printf('%.*c', 46, 'x')", "addr = x'00'", "success = 2",
		"success = -1", "success = 'yes'", "success = 0.5",
	};

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct place place = store_place();
		struct qm_store *store = store_must_open(&place, NULL);
		struct qm_stored stored;
		char sql[256];

		store_add(store, 1, 1, 3);
		QM_OK(qm_store_commit(store, 5));
		snprintf(sql, sizeof(sql), "UPDATE OR IGNORE record SET %s WHERE id = 2",
				 changes[i]);
		store_sql(&place, sql);
		QM_OK(qm_store_next(store, 0, &stored));
		QM_INT(stored.id, 1);
		if (i) {
			QM_FAILS(qm_store_next(store, 1, &stored), -EILSEQ);
			CU_ASSERT_PTR_NOT_NULL(strstr(qm_store_error(store), "record 2 in"));
		} else {
			QM_OK(qm_store_next(store, 1, &stored));
		}
		QM_INT(stored.id, 2);
		QM_OK(qm_store_next(store, 2, &stored));
		QM_INT(stored.id, 3);
		store = reopen(&place, store, NULL);
		QM_OK(qm_store_remove(store, 3));
		expect_waiting(store, 0, 0);
		QM_OK(qm_store_commit(store, 5));
		qm_store_close(store);
		store_remove(&place);
	}
}

/** A failing statement undoes all since the last commit; the store can be used on. */
static void test_roll_back(void)
{
	struct place place = store_place();
	struct qm_store *store = store_must_open(&place, NULL);
	const struct qm_record record = store_record(1);
	const struct qm_open_sa sa = store_sa(1, 3);
	uint64_t id;

	store_add(store, 1, 1, 20);
	QM_OK(qm_store_keep_sa(store, &sa));
	QM_OK(qm_store_commit(store, 5));
	QM_OK(qm_store_remove(store, 10));
	store_add(store, 1, 21, 20);
	QM_OK(qm_store_drop_sa(store, 1, 3));
	QM_OK(qm_store_set_loss(store, QM_LOSS_AUDIT, 5, 6));
	QM_FAILS(qm_store_add(store, 1, UINT64_MAX, &record, &id), -ERANGE);
	store_expect(store, 1, 20);
	QM_OK(qm_store_commit(store, 5));
	store_expect(store, 1, 20);
	QM_INT(store_ask(&place, "SELECT count(*) FROM sa"), 1);
	QM_INT(store_ask(&place, "SELECT count(*) FROM loss"), 0);
	QM_INT(store_ask(&place, "SELECT count(*) FROM record"), 20);
	store_add(store, 1, 21, 5);
	QM_OK(qm_store_commit(store, 5));
	store_expect(store, 1, 25);
	qm_store_close(store);
	store_remove(&place);
}

/** A big backlog comes and goes: neither the log nor the file grows for ever. */
static void test_growth(void)
{
	struct place place = store_place();
	struct qm_store *store = store_must_open(&place, NULL);
	int64_t pages = 0;

	for (int round = 0; round < 6; round++) {
		uint64_t id = 0;

		for (unsigned i = 0; i < 80; i++) {
			id = store_add(store, 1, 1 + i * 256, 256);
			QM_OK(qm_store_commit(store, 5));
		}
		for (unsigned i = 80; i--;) {
			QM_OK(qm_store_remove(store, id - i * 256));
			QM_OK(qm_store_commit(store, 5));
		}
		if (!round) {
			pages = store_ask(&place, "PRAGMA page_count");
		}
		CU_ASSERT(store_ask(&place, "PRAGMA page_count") < pages + 32);
	}
	CU_ASSERT(pages > 2000);
	store_expect(store, 1, 0);
	store = reopen(&place, store, NULL);
	CU_ASSERT(store_ask(&place, "PRAGMA page_count") < 50);
	qm_store_close(store);
	store_remove(&place);
}

static void test_log(void)
{
	struct place place = store_place();
	struct qm_store *store = store_must_open(&place, NULL);
	char path[PATH_MAX + 8];
	struct content log;

	for (unsigned i = 0; i < 900; i++) {
		QM_OK(qm_store_remove(store, store_add(store, 1, 1 + i * 100, 100) - 50));
		QM_OK(qm_store_commit(store, 5));
	}
	snprintf(path, sizeof(path), "%s-wal", place.file);
	log = store_read(path);
	CU_ASSERT(log.len > 0 && log.len < 18 << 20);
	free(log.data);
	qm_store_close(store);
	store_remove(&place);
}

CU_TestInfo store_records_tests[] = {
	{ "records come back", test_round_trip },
	{ "what was not committed", test_not_committed },
	{ "removing", test_remove },
	{ "bounds", test_bounds },
	{ "numbers of runs", test_numbers },
	{ "numbers out of range", test_numbers_out_of_range },
	{ "rows that are damaged", test_bad_rows },
	{ "statement that fails", test_roll_back },
	{ "backlogs that come and go", test_growth },
	{ "size of the log", test_log },
	CU_TEST_INFO_NULL,
};
