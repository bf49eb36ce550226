/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that cannot be used: set aside as they are, and a new one begun.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store_kit.h"
#include "test.h"

/** A start on what is there sets it aside, and says why. */
static struct outcome expect_aside(const struct place *place, const char *why)
{
	const unsigned before = store_count_files(place->dir, "state.db.damaged-");
	struct outcome o = store_open(place->dir);
	char text[QM_STORE_ERROR_MAX];

	QM_OK_FATAL(o.r);
	CU_ASSERT(o.start.set_aside);
	QM_INT(o.start.last, QM_LAST_UNKNOWN);
	QM_INT(o.start.last_alive_ms, 0);
	QM_INT(o.start.lost[QM_LOSS_AUDIT].n, 0);
	snprintf(text, sizeof(text), "%s: %s", place->named, why);
	o.error[strlen(text)] = '\0';
	QM_STR(o.error, text);
	CU_ASSERT(store_count_files(place->dir, "state.db.damaged-") > before);
	/* what is new works */
	store_expect(o.store, 1, 0);
	store_add(o.store, o.start.instance, 1, 3);
	QM_OK(qm_store_commit(o.store, 5));
	store_expect(o.store, 1, 3);
	qm_store_close(o.store);
	return o;
}

/** The same; the number is the time, as none could be read. */
static void expect_new_numbers(const struct place *place, const char *why)
{
	const time_t before = time(NULL);
	const struct outcome o = expect_aside(place, why);
	struct qm_store_start start;

	CU_ASSERT(o.start.instance >= before && o.start.instance <= time(NULL));
	qm_store_close(store_must_open(place, &start));
	QM_INT(start.instance, o.start.instance + 1);
}

/** The one file that was set aside. */
static struct content aside_of(const struct place *place, const char *error)
{
	const char *name = strstr(error, "state.db.damaged-");
	char path[PATH_MAX + 64];

	CU_ASSERT_PTR_NOT_NULL_FATAL(name);
	snprintf(path, sizeof(path), "%s/%.*s", place->dir, (int)strcspn(name, "'"), name);
	return store_read(path);
}

/** It is kept as it was, under a name after the time. */
static void test_name(void)
{
	struct place place = store_place();
	char garbage[8192], before[32], after[32], *name;
	time_t now = time(NULL);
	struct content content;
	struct outcome o;
	struct tm tm;

	QM_OK_FATAL(mkdir(place.dir, 0700));
	memset(garbage, 'x', sizeof(garbage));
	store_write(place.file, garbage, sizeof(garbage));
	strftime(before, sizeof(before), "%Y%m%dT%H%M%SZ", gmtime_r(&now, &tm));
	o = store_start(place.dir);
	now = time(NULL);
	strftime(after, sizeof(after), "%Y%m%dT%H%M%SZ", gmtime_r(&now, &tm));
	QM_OK_FATAL(o.r);
	content = aside_of(&place, o.error);
	QM_INT(content.len, sizeof(garbage));
	CU_ASSERT(!memcmp(content.data, garbage, sizeof(garbage)));
	free(content.data);
	name = strstr(o.error, "state.db.damaged-");
	CU_ASSERT(!strncmp(name + 17, before, 16) || !strncmp(name + 17, after, 16));
	QM_STR(strchr(name, '\''), "': look into it, or remove it");
	store_remove(&place);
}

/** Several in one second do not replace each other. */
static void test_many(void)
{
	struct place place = store_place();

	QM_OK_FATAL(mkdir(place.dir, 0700));
	for (char i = 0; i < 20; i++) {
		const char garbage[] = { 'x', i };

		unlink(place.file);
		store_write(place.file, garbage, sizeof(garbage));
		CU_ASSERT(store_start(place.dir).start.set_aside);
	}
	QM_INT(store_count_files(place.dir, "state.db.damaged-"), 20);
	store_remove(&place);
}

static void test_garbage(void)
{
	struct place place = store_place();

	QM_OK_FATAL(mkdir(place.dir, 0700));
	store_write(place.file, "half a line", 11);
	expect_new_numbers(&place, "damaged: file is not a database");
	store_write(place.file, "", 0);
	expect_new_numbers(&place, "damaged");
	store_remove(&place);
}

/** Those of others come back as they were. */
static void test_foreign_databases(void)
{
	static const char *const made_by[] = {
		"CREATE TABLE t (x); INSERT INTO t VALUES (1)",
		"CREATE TABLE counter AS SELECT 'instance' AS name, 5 AS value",
		"CREATE TABLE run (instance INTEGER PRIMARY KEY); INSERT INTO run VALUES (5)",
		"PRAGMA application_id = 1; CREATE TABLE t (x)",
		"PRAGMA user_version = 2; CREATE TABLE t (x)",
		"PRAGMA journal_mode = WAL; CREATE TABLE t (x)",
	};

	for (size_t i = 0; i < sizeof(made_by) / sizeof(made_by[0]); i++) {
		struct place place = store_place();
		struct content before, after;
		struct outcome o;

		QM_OK_FATAL(mkdir(place.dir, 0700));
		store_sql(&place, made_by[i]);
		before = store_read(place.file);
		o = store_start(place.dir);
		QM_OK_FATAL(o.r);
		CU_ASSERT_PTR_NOT_NULL(strstr(o.error, ": the database of another program: it"));
		after = aside_of(&place, o.error);
		QM_INT(after.len, before.len);
		CU_ASSERT(!memcmp(after.data, before.data, before.len));
		free(before.data);
		free(after.data);
		store_remove(&place);
	}
}

/** A store of three runs, with some of everything. */
static struct place filled(void)
{
	struct place place = store_place();

	for (uint32_t run = 1; run <= 3; run++) {
		struct qm_store *store = store_must_open(&place, NULL);

		for (uint32_t i = 1; i <= 20; i++) {
			const struct qm_open_sa sa = store_sa(run, i);

			QM_OK(qm_store_keep_sa(store, &sa));
		}
		store_add(store, run, 1, 50);
		QM_OK(qm_store_set_loss(store, QM_LOSS_AUDIT, 5, 1000));
		QM_OK(qm_store_commit(store, run));
		qm_store_close(store);
	}
	return place;
}

/** Of a newer qm-audit: its numbers go on. */
static void test_newer(void)
{
	struct place place = filled();

	store_sql(&place, "PRAGMA user_version = 3; ALTER TABLE record ADD COLUMN more");
	QM_INT(expect_aside(&place, "of version 3, which is newer than this qm-audit's 2")
		   .start.instance, 4);
	store_sql(&place, "PRAGMA user_version = 2147483647; DROP TABLE run");
	expect_new_numbers(&place, "of version 2147483647, which is newer than this "
					   "qm-audit's 2");
	store_remove(&place);
}

/** Ours, but tampered with. */
static void test_tampered(void)
{
	static const char *const changes[] = {
		"PRAGMA user_version = 0", "PRAGMA user_version = -1", "DROP TABLE record",
		"DROP TABLE sa", "DROP TABLE loss", "ALTER TABLE sa DROP COLUMN acct",
		"ALTER TABLE record ADD COLUMN more", "ALTER TABLE run RENAME COLUMN seq TO n",
		"DROP TABLE loss; CREATE VIEW loss AS SELECT 1 AS cause, 2 AS count",
		"INSERT INTO run VALUES (4294967296, 0, '', 0, 0)",
		"INSERT INTO run VALUES (-1, 0, '', 0, 0)",
		"INSERT INTO run VALUES (4294967295, 0, '', 0, 0)",
		"UPDATE sqlite_sequence SET seq = 9223372036854775807",
		"UPDATE sqlite_sequence SET seq = 'x'",
		"UPDATE record SET id = -1 WHERE id = 1",
		"UPDATE record SET id = 9223372036854775807 WHERE id = 1",
		"UPDATE sa SET number = 9223372036854775807 WHERE number = 1",
	};

	for (size_t i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		struct place place = filled();

		store_sql(&place, changes[i]);
		expect_aside(&place, "damaged: its tables are not those of version ");
		store_remove(&place);
	}
}

/** What others put beside our tables is not ours to refuse, and does nothing. */
static void test_additions(void)
{
	struct place place = filled();
	struct qm_store *store;

	store_sql(&place, "CREATE INDEX i ON record (seq); CREATE TABLE notes (x);"
			  "CREATE VIEW v AS SELECT body FROM record;"
			  "CREATE TRIGGER t AFTER INSERT ON record BEGIN DELETE FROM record; END");
	store = store_must_open(&place, NULL);
	QM_OK(qm_store_remove(store, UINT64_MAX));
	store_add(store, 4, 1, 10);
	store_expect(store, 1, 10);
	QM_OK(qm_store_commit(store, 5));
	qm_store_close(store);
	store_remove(&place);
}

static void test_truncated(void)
{
	static const off_t lengths[] = { 0, 2, 99, 100, 512, 4095, 4096, 4097, 8191, 20480 };

	for (size_t i = 0; i < sizeof(lengths) / sizeof(lengths[0]); i++) {
		struct place place = filled();

		QM_OK_FATAL(truncate(place.file, lengths[i]));
		CU_ASSERT(expect_aside(&place, "damaged").start.instance > 3);
		store_remove(&place);
	}
}

/** Any page of it. */
static void test_overwritten(void)
{
	struct place first = filled();
	const int64_t pages = store_ask(&first, "PRAGMA page_count");

	store_remove(&first);
	CU_ASSERT(pages > 20);
	for (int64_t page = 0; page < pages; page++) {
		struct place place = filled();
		struct content content = store_read(place.file);
		struct outcome o;

		memset(content.data + page * 4096, 0xa5, 4096);
		store_write(place.file, content.data, content.len);
		free(content.data);
		o = store_start(place.dir);
		QM_OK(o.r);
		CU_ASSERT(o.start.instance > 3);
		if (o.start.set_aside) {
			CU_ASSERT_PTR_NOT_NULL(strstr(o.error, ": damaged"));
		}
		store_remove(&place);
	}
}

/** An empty file is what is left if the first start dies early. */
static void test_empty_file(void)
{
	struct place place = store_place();
	struct qm_store_start start;

	QM_OK_FATAL(mkdir(place.dir, 0700));
	store_write(place.file, "", 0);
	qm_store_close(store_must_open(&place, &start));
	QM_INT(start.instance, 1);
	QM_INT(start.last, QM_LAST_NONE);
	store_remove(&place);
}

/** A log without its database goes with it. */
static void test_log(void)
{
	struct place place = filled();
	char path[PATH_MAX + 8];

	snprintf(path, sizeof(path), "%s-wal", place.file);
	store_write(path, "a log", 5);
	QM_OK(unlink(place.file));
	expect_new_numbers(&place, "damaged");
	QM_INT(store_count_files(place.dir, "state.db.damaged-"), 2);
	store_remove(&place);
}

CU_TestInfo store_aside_tests[] = {
	{ "name and content", test_name },
	{ "many", test_many },
	{ "garbage", test_garbage },
	{ "databases of others", test_foreign_databases },
	{ "newer versions", test_newer },
	{ "databases that were tampered with", test_tampered },
	{ "databases with more in them", test_additions },
	{ "databases cut short", test_truncated },
	{ "pages that are overwritten", test_overwritten },
	{ "empty file", test_empty_file },
	{ "log that is left", test_log },
	CU_TEST_INFO_NULL,
};
