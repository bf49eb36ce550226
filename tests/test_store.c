/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store_kit.h"
#include "test.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/** A start that must work, and what number it gets. */
static void expect_instance(const char *dir, uint32_t expected)
{
	struct outcome o = store_start(dir);

	QM_OK(o.r);
	QM_INT(o.instance, expected);
	QM_STR(o.error, STORE_UNTOUCHED);
}

/** A start that must fail, and all that it says. */
static void expect_failure(struct outcome o, int error, const char *path,
						   const char *advice)
{
	char text[QM_STORE_ERROR_MAX];

	snprintf(text, sizeof(text), "%s: %s", path, advice);
	QM_FAILS(o.r, error);
	QM_INT(o.instance, STORE_NO_INSTANCE);
	QM_STR(o.error, text);
}

static mode_t mode_of(const char *path)
{
	struct stat st;

	return stat(path, &st) ? 0 : st.st_mode & 07777;
}

static void test_first_start(void)
{
	struct place place = store_place();
	mode_t mask = umask(0);

	expect_instance(place.dir, 1);
	QM_INT(mode_of(place.dir), 0700);
	QM_INT(mode_of(place.file), 0600);
	umask(mask);
	store_remove(&place);
}

static void test_counting(void)
{
	struct place place = store_place();
	char with_slash[PATH_MAX];

	for (uint32_t i = 1; i <= 20; i++) {
		expect_instance(place.dir, i);
	}
	snprintf(with_slash, sizeof(with_slash), "%s/", place.dir);
	expect_instance(with_slash, 21);
	store_remove(&place);
}

/** An administrator's own rights on the directory stay. */
static void test_existing_directory(void)
{
	struct place place = store_place();
	mode_t mask = umask(022);

	QM_OK_FATAL(mkdir(place.dir, 0750));
	expect_instance(place.dir, 1);
	QM_INT(mode_of(place.dir), 0750);
	QM_INT(mode_of(place.file), 0600);
	umask(mask);
	store_remove(&place);
}

static void test_no_parent(void)
{
	struct place place = store_place();
	char dir[PATH_MAX], named[PATH_MAX + 32];

	snprintf(dir, sizeof(dir), "%s/state", place.dir);
	snprintf(named, sizeof(named), "making state directory '%s'", dir);
	expect_failure(store_start(dir), -ENOENT, named,
				   "No such file or directory: make its parent directory, or set "
				   "state_dir to another");
	QM_INT(access(place.dir, F_OK), -1);
	store_remove(&place);
}

static void test_not_a_directory(void)
{
	struct place place = store_place();
	char dir[PATH_MAX], named[PATH_MAX + 32];

	store_write(place.dir, "text", 4);
	expect_failure(store_start(place.dir), -ENOTDIR, place.named,
				   "Not a directory: set state_dir to a directory");
	snprintf(dir, sizeof(dir), "%s/state", place.dir);
	snprintf(named, sizeof(named), "making state directory '%s'", dir);
	expect_failure(store_start(dir), -ENOTDIR, named,
				   "Not a directory: set state_dir to a directory");
	store_remove(&place);
}

static void test_long_path(void)
{
	struct place place = store_place();
	char dir[PATH_MAX], named[PATH_MAX + 32];

	memset(dir, 'x', sizeof(dir));
	dir[0] = '/';
	dir[300] = '\0';
	snprintf(named, sizeof(named), "making state directory '%s'", dir);
	expect_failure(store_start(dir), -ENAMETOOLONG, named,
				   "File name too long: set state_dir to a shorter path");
	store_remove(&place);
}

static const char denied[] =
	"Permission denied: let the daemon's user write there, and its AppArmor profile "
	"where it has one";

/** A start in a process that is nobody's. */
static struct outcome start_as_nobody(const char *dir)
{
	return store_start_as(65534, dir);
}

static void test_rights(void)
{
	struct place place = store_place();
	char named[PATH_MAX + 32];

	if (geteuid()) {
		qm_test_skip("changing the user needs root");
		store_remove(&place);
		return;
	}
	QM_OK_FATAL(chmod(place.base, 0755));
	snprintf(named, sizeof(named), "making state directory '%s'", place.dir);
	expect_failure(start_as_nobody(place.dir), -EACCES, named, denied);
	QM_OK_FATAL(mkdir(place.dir, 0755));
	expect_failure(start_as_nobody(place.dir), -EACCES, place.named, denied);
	expect_instance(place.dir, 1);
	expect_failure(start_as_nobody(place.dir), -EACCES, place.named, denied);
	QM_OK_FATAL(chmod(place.file, 0644));
	expect_failure(start_as_nobody(place.dir), -EACCES, place.named, denied);
	/* the file may be written, but not the directory, where the log goes */
	QM_OK_FATAL(chmod(place.file, 0666));
	CU_ASSERT(start_as_nobody(place.dir).r < 0);
	QM_OK_FATAL(chmod(place.dir, 0777));
	QM_INT(start_as_nobody(place.dir).instance, 2);
	expect_instance(place.dir, 3);
	store_remove(&place);
}

static const char foreign[] =
	"damaged, or not a qm-audit database of this version: move it away";

/** A start on a file that is not ours fails and leaves the file as it is. */
static void expect_foreign(const struct place *place)
{
	struct content before = store_read(place->file), after;

	CU_ASSERT_FATAL(before.len > 0);
	expect_failure(store_start(place->dir), -EILSEQ, place->named, foreign);
	after = store_read(place->file);
	QM_INT(after.len, before.len);
	CU_ASSERT(after.len == before.len && !memcmp(after.data, before.data, after.len));
	free(before.data);
	free(after.data);
}

static void test_garbage(void)
{
	struct place place = store_place();
	char garbage[8192];

	QM_OK_FATAL(mkdir(place.dir, 0700));
	memset(garbage, 'x', sizeof(garbage));
	store_write(place.file, garbage, sizeof(garbage));
	expect_foreign(&place);
	store_write(place.file, "half a line", 11);
	expect_foreign(&place);
	store_remove(&place);
}

static void test_foreign_databases(void)
{
	static const char *const made_by[] = {
		"CREATE TABLE t (x); INSERT INTO t VALUES (1)",
		"CREATE TABLE counter AS SELECT 'instance' AS name, 5 AS value",
		"PRAGMA application_id = 1; CREATE TABLE t (x)",
		"PRAGMA application_id = 0x514d4175; CREATE TABLE t (x)",
		"PRAGMA user_version = 1; CREATE TABLE t (x)",
		"PRAGMA journal_mode = WAL; CREATE TABLE t (x)",
	};

	for (size_t i = 0; i < COUNT(made_by); i++) {
		struct place place = store_place();

		QM_OK_FATAL(mkdir(place.dir, 0700));
		store_sql(&place, made_by[i]);
		expect_foreign(&place);
		store_remove(&place);
	}
}

/** Ours, but from another version, or tampered with. */
static void test_other_versions(void)
{
	static const char *const changes[] = {
		"PRAGMA user_version = 2",
		"PRAGMA user_version = 0",
		"PRAGMA application_id = 0",
		"DELETE FROM counter",
		"DROP TABLE counter",
		"ALTER TABLE counter RENAME COLUMN value TO number",
	};

	for (size_t i = 0; i < COUNT(changes); i++) {
		struct place place = store_place();

		expect_instance(place.dir, 1);
		store_sql(&place, changes[i]);
		expect_foreign(&place);
		store_remove(&place);
	}
}

static void test_truncated(void)
{
	static const off_t lengths[] = { 2, 99, 100, 512, 4095, 4096, 4097, 8191 };

	for (size_t i = 0; i < COUNT(lengths); i++) {
		struct place place = store_place();

		expect_instance(place.dir, 1);
		QM_OK_FATAL(truncate(place.file, lengths[i]));
		expect_foreign(&place);
		store_remove(&place);
	}
}

/** An empty file is what is left if the first start dies early. */
static void test_empty_file(void)
{
	struct place place = store_place();

	QM_OK_FATAL(mkdir(place.dir, 0700));
	store_write(place.file, "", 0);
	expect_instance(place.dir, 1);
	expect_instance(place.dir, 2);
	store_remove(&place);
}

static void test_no_file(void)
{
	struct place place = store_place();
	char target[PATH_MAX];

	snprintf(target, sizeof(target), "%s/target", place.base);
	QM_OK_FATAL(mkdir(place.dir, 0700));
	QM_OK_FATAL(mkdir(place.file, 0700));
	expect_failure(store_start(place.dir), -EISDIR, place.named,
				   "Is a directory: move it away");
	QM_OK_FATAL(rmdir(place.file));

	QM_OK_FATAL(symlink(target, place.file));
	expect_failure(store_start(place.dir), -ELOOP, place.named,
				   "a symbolic link: move it away");
	QM_INT(access(target, F_OK), -1);
	store_write(target, "precious", 8);
	expect_failure(store_start(place.dir), -ELOOP, place.named,
				   "a symbolic link: move it away");
	QM_OK_FATAL(unlink(place.file));

	QM_OK_FATAL(mkfifo(place.file, 0600));
	CU_ASSERT(store_start(place.dir).r < 0);
	store_remove(&place);
}

static void test_limits(void)
{
	static const struct {
		const char *value;
		uint32_t next;
	} limits[] = {
		{ "4294967293", UINT32_MAX - 1 },
		{ "4294967294", UINT32_MAX },
		{ "4294967295", 0 },
		{ "4294967296", 0 },
		{ "9223372036854775807", 0 },
		{ "-1", 0 },
		{ "-9223372036854775808", 0 },
		{ "'text'", 1 },
	};

	for (size_t i = 0; i < COUNT(limits); i++) {
		struct place place = store_place();
		char sql[128];

		expect_instance(place.dir, 1);
		snprintf(sql, sizeof(sql), "UPDATE counter SET value = %s", limits[i].value);
		store_sql(&place, sql);
		if (limits[i].next) {
			expect_instance(place.dir, limits[i].next);
		} else {
			expect_foreign(&place);
		}
		store_remove(&place);
	}
}

CU_TestInfo store_tests[] = {
	{ "first start", test_first_start },
	{ "counts", test_counting },
	{ "directory that is there", test_existing_directory },
	{ "parent that is missing", test_no_parent },
	{ "directory that is none", test_not_a_directory },
	{ "path that is too long", test_long_path },
	{ "rights that are missing", test_rights },
	{ "garbage", test_garbage },
	{ "databases of others", test_foreign_databases },
	{ "databases of other versions", test_other_versions },
	{ "database cut short", test_truncated },
	{ "empty file", test_empty_file },
	{ "file that is none", test_no_file },
	{ "ends of the counter", test_limits },
	CU_TEST_INFO_NULL,
};
