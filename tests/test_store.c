/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Starts, and where the store is.
 */
#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "store_kit.h"
#include "test.h"

/** A start that must work, and what number it gets. */
static void expect_instance(const char *dir, uint32_t expected)
{
	struct outcome o = store_start(dir);

	QM_OK(o.r);
	QM_INT(o.start.instance, expected);
	QM_STR(o.error, "");
	CU_ASSERT(!o.start.set_aside);
}

/** A start that must fail, and all that it says. */
static void expect_failure(struct outcome o, int error, const char *what,
						   const char *path, const char *advice)
{
	char text[QM_STORE_ERROR_MAX];

	snprintf(text, sizeof(text), "%s '%s': %s", what, path, advice);
	QM_FAILS(o.r, error);
	QM_STR(o.error, text);
	CU_ASSERT_PTR_NULL(o.store);
}

static mode_t mode_of(const struct place *place, const char *suffix)
{
	char path[PATH_MAX + 8];
	struct stat st;

	snprintf(path, sizeof(path), "%s%s", place->file, suffix);
	return stat(path, &st) ? 0 : st.st_mode & 07777;
}

static mode_t dir_mode(const struct place *place)
{
	struct stat st;

	return stat(place->dir, &st) ? 0 : st.st_mode & 07777;
}

/** Whatever the umask is, nobody else reads what is kept. */
static void check_modes(mode_t mask)
{
	struct place place = store_place();
	const mode_t before = umask(mask);
	struct qm_store_start start;
	struct qm_store *store = store_must_open(&place, &start);
	char lock[PATH_MAX];
	struct stat st;

	store_add(store, start.instance, 1, 1);
	QM_OK(qm_store_commit(store, 1));
	QM_INT(dir_mode(&place), 0700 & ~mask);
	QM_INT(mode_of(&place, ""), 0600);
	QM_INT(mode_of(&place, "-wal"), 0600);
	QM_INT(mode_of(&place, "-shm"), 0600);
	snprintf(lock, sizeof(lock), "%s/state.lock", place.dir);
	QM_OK(stat(lock, &st));
	QM_INT(st.st_mode & 07777, 0600);
	umask(before);
	qm_store_close(store);
	QM_INT(mode_of(&place, "-wal"), 0);
	store_remove(&place);
}

static void test_modes(void)
{
	check_modes(0);
	check_modes(022);
	check_modes(077);
}

static void test_counting(void)
{
	struct place place = store_place();
	char with_slashes[PATH_MAX];

	for (uint32_t i = 1; i <= 20; i++) {
		expect_instance(place.dir, i);
	}
	snprintf(with_slashes, sizeof(with_slashes), "%s//", place.dir);
	expect_instance(with_slashes, 21);
	store_remove(&place);
}

/** An administrator's own rights on the directory stay. */
static void test_existing_directory(void)
{
	struct place place = store_place();
	mode_t mask = umask(022);

	QM_OK_FATAL(mkdir(place.dir, 0750));
	expect_instance(place.dir, 1);
	QM_INT(dir_mode(&place), 0750);
	QM_INT(mode_of(&place, ""), 0600);
	umask(mask);
	store_remove(&place);
}

static void test_no_parent(void)
{
	struct place place = store_place();
	char dir[PATH_MAX];

	snprintf(dir, sizeof(dir), "%s/state", place.dir);
	expect_failure(store_start(dir), -ENOENT, "making state directory", dir,
				   "No such file or directory: make its parent directory, or set "
				   "state_dir to another");
	QM_INT(access(place.dir, F_OK), -1);
	store_remove(&place);
}

static void test_not_a_directory(void)
{
	struct place place = store_place();
	char dir[PATH_MAX];

	store_write(place.dir, "text", 4);
	expect_failure(store_start(place.dir), -ENOTDIR, "opening state directory", place.dir,
				   "Not a directory: set state_dir to a directory");
	snprintf(dir, sizeof(dir), "%s/state", place.dir);
	expect_failure(store_start(dir), -ENOTDIR, "making state directory", dir,
				   "Not a directory: set state_dir to a directory");
	store_remove(&place);
}

static void test_long_path(void)
{
	char dir[PATH_MAX];

	memset(dir, 'x', sizeof(dir));
	dir[0] = '/';
	dir[300] = '\0';
	expect_failure(store_start(dir), -ENAMETOOLONG, "making state directory", dir,
				   "File name too long: set state_dir to a shorter path");
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
	static const char opening[] = "opening state.lock in state directory";
	struct place place = store_place();
	char lock[PATH_MAX];

	if (geteuid()) {
		qm_test_skip("changing the user needs root");
		store_remove(&place);
		return;
	}
	snprintf(lock, sizeof(lock), "%s/state.lock", place.dir);
	QM_OK_FATAL(chmod(place.base, 0755));
	expect_failure(start_as_nobody(place.dir), -EACCES, "making state directory",
				   place.dir, denied);
	QM_OK_FATAL(mkdir(place.dir, 0755));
	expect_failure(start_as_nobody(place.dir), -EACCES, opening, place.dir, denied);
	expect_instance(place.dir, 1);
	expect_failure(start_as_nobody(place.dir), -EACCES, opening, place.dir, denied);
	QM_OK_FATAL(chmod(lock, 0666));
	expect_failure(start_as_nobody(place.dir), -EACCES, "state database", place.file,
				   denied);
	/* the file may be written, but not the directory, where the log goes */
	QM_OK_FATAL(chmod(place.file, 0666));
	CU_ASSERT(start_as_nobody(place.dir).r < 0);
	QM_OK_FATAL(chmod(place.dir, 0777));
	QM_INT(start_as_nobody(place.dir).start.instance, 2);
	expect_instance(place.dir, 3);
	store_remove(&place);
}

static const char linked[] = "a symbolic link: move it away, or name what it leads to";

/** A link where a file of the store is to be; it leads to one that must not change. */
static void check_link(const char *name, const char *what, bool names_file)
{
	struct place place = store_place();
	char target[PATH_MAX], path[PATH_MAX];
	struct content content;

	snprintf(target, sizeof(target), "%s/target", place.base);
	snprintf(path, sizeof(path), "%s/%s", place.dir, name);
	expect_instance(place.dir, 1);
	unlink(path);
	QM_OK_FATAL(symlink(target, path));
	expect_failure(store_start(place.dir), -ELOOP, what,
				   names_file ? place.file : place.dir, linked);
	QM_INT(access(target, F_OK), -1);
	store_write(target, "precious", 8);
	expect_failure(store_start(place.dir), -ELOOP, what,
				   names_file ? place.file : place.dir, linked);
	content = store_read(target);
	QM_INT(content.len, 8);
	free(content.data);
	store_remove(&place);
}

static void test_links(void)
{
	struct place place = store_place();
	char other[PATH_MAX];

	check_link("state.db", "state database", true);
	check_link("state.db-wal", "state database", true);
	check_link("state.db-shm", "state database", true);
	check_link("state.db-journal", "state database", true);
	check_link("state.lock", "opening state.lock in state directory", false);
	snprintf(other, sizeof(other), "%s/other", place.base);
	QM_OK_FATAL(mkdir(other, 0700));
	QM_OK_FATAL(symlink(other, place.dir));
	expect_failure(store_start(place.dir), -ELOOP, "opening state directory", place.dir,
				   linked);
	snprintf(other, sizeof(other), "%s/", place.dir);
	expect_failure(store_start(other), -ELOOP, "opening state directory", other, linked);
	store_remove(&place);
}

static void test_no_file(void)
{
	struct place place = store_place();

	QM_OK_FATAL(mkdir(place.dir, 0700));
	QM_OK_FATAL(mkdir(place.file, 0700));
	expect_failure(store_start(place.dir), -EISDIR, "state database", place.file,
				   "Is a directory: move it away");
	QM_OK_FATAL(rmdir(place.file));
	QM_OK_FATAL(mkfifo(place.file, 0600));
	expect_failure(store_start(place.dir), -EINVAL, "state database", place.file,
				   "not a regular file: move it away");
	store_remove(&place);
}

/** Nothing is known of what it left, nor where the numbers are. */
static void test_file_that_is_gone(void)
{
	struct place place = store_place();
	const time_t before = time(NULL);
	struct outcome o;

	expect_instance(place.dir, 1);
	QM_OK_FATAL(unlink(place.file));
	o = store_start(place.dir);
	QM_OK(o.r);
	QM_STR(o.error, "");
	QM_INT(o.start.last, QM_LAST_UNKNOWN);
	CU_ASSERT(o.start.instance >= before && o.start.instance <= time(NULL));
	expect_instance(place.dir, o.start.instance + 1);
	store_remove(&place);
}

static void test_memory(void)
{
	const struct qm_store_config config = { .dir = "/nowhere/at all", .max_records = 2 };
	const struct qm_record record = store_record(3);
	struct outcome o = store_open_with(&config);
	uint64_t id;

	QM_OK_FATAL(o.r);
	QM_STR(o.error, "");
	QM_INT(o.start.instance, 1);
	QM_INT(o.start.last, QM_LAST_UNKNOWN);
	store_add(o.store, 1, 1, 2);
	QM_OK(qm_store_commit(o.store, 5));
	QM_FAILS(qm_store_add(o.store, 1, 3, &record, &id), -EDQUOT);
	QM_STR(qm_store_error(o.store), "keeping a record in state database ':memory:': as "
		   "many records wait as may: see that auditd takes them, or set store_records "
		   "and store_bytes higher");
	store_expect(o.store, 1, 2);
	CU_ASSERT_PTR_NULL(qm_store_close(o.store));
	CU_ASSERT_PTR_NULL(qm_store_close(NULL));
	QM_INT(access("/nowhere", F_OK), -1);
}

CU_TestInfo store_tests[] = {
	{ "rights of the files", test_modes },
	{ "counts", test_counting },
	{ "directory that is there", test_existing_directory },
	{ "parent that is missing", test_no_parent },
	{ "directory that is none", test_not_a_directory },
	{ "path that is too long", test_long_path },
	{ "rights that are missing", test_rights },
	{ "symbolic links", test_links },
	{ "file that is none", test_no_file },
	{ "file that is gone", test_file_that_is_gone },
	{ "in memory", test_memory },
	CU_TEST_INFO_NULL,
};
