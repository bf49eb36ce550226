/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store on a disk that fails, is full, or gives back something else.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <setjmp.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "store_kit.h"
#include "test.h"

/** Waits for the disk so far. */
static unsigned syncs;

/* SQLite's and the store's own calls come here */
int fsync(int fd)
{
	syncs++;
	return (int)syscall(SYS_fsync, fd);
}

int fdatasync(int fd)
{
	syncs++;
	return (int)syscall(SYS_fdatasync, fd);
}

/** Writes so far, the one that fails, and how; those after it fail too, for a while. */
static unsigned writes, fail_at, fail_count;
static int fail_with;

static ssize_t write_or_fail(int fd, const void *buf, size_t n, off_t at)
{
	writes++;
	if (fail_at && writes >= fail_at && writes < fail_at + fail_count) {
		errno = fail_with;
		return -1;
	}
	return pwrite(fd, buf, n, at);
}

static void take_writes(bool take)
{
	sqlite3_vfs *vfs = sqlite3_vfs_find(NULL);
	const sqlite3_syscall_ptr call = take ? (sqlite3_syscall_ptr)write_or_fail : NULL;
	const bool taken = vfs->xSetSystemCall(vfs, "pwrite", call) == SQLITE_OK;

	CU_ASSERT_FATAL(vfs->xSetSystemCall(vfs, "pwrite64", call) == SQLITE_OK || taken);
	writes = fail_at = 0;
}

static void fail_writes(unsigned at, unsigned count, int error)
{
	writes = 0;
	fail_at = at;
	fail_count = count;
	fail_with = error;
}

/** A transaction of everything: 30 records after those up to `n`, 10 of which go. */
static int transact(struct qm_store *store, uint64_t n)
{
	const struct qm_open_sa sa = store_sa(1, (uint32_t)n + 1);
	struct qm_stored first;
	uint64_t id;
	int r = 0;

	for (unsigned i = 1; i <= 30 && !r; i++) {
		const struct qm_record record = store_record(n + i);

		r = qm_store_add(store, 1, n + i, &record, &id);
	}
	r = r ? r : qm_store_keep_sa(store, &sa);
	r = r ? r : qm_store_next(store, 0, &first);
	r = r ? r : qm_store_remove(store, first.id + 9);
	return r ? r : qm_store_commit(store, n);
}

/** What is there of SA pairs and of the time, from outside. */
static void expect_committed(const struct place *place, unsigned transactions)
{
	QM_INT(store_ask(place, "SELECT count(*) FROM sa"), transactions);
	QM_INT(store_ask(place, "SELECT alive_ms FROM run"), (transactions - 1) * 30);
	QM_INT(store_ask(place, "SELECT count(*) FROM record"), transactions * 20);
}

/** The nth write of a transaction fails, which then is made again. */
static bool check_write(unsigned nth, int error, int expected)
{
	struct place place = store_place();
	struct qm_store *store;
	bool failed;
	int r;

	take_writes(true);
	store = store_must_open(&place, NULL);
	QM_OK(transact(store, 0));
	fail_writes(nth, UINT32_MAX - nth, error);
	r = transact(store, 30);
	failed = r < 0;
	if (failed) {
		QM_FAILS(r, expected);
		CU_ASSERT_PTR_NOT_NULL(strstr(qm_store_error(store), place.named));
		CU_ASSERT_PTR_NOT_NULL(strstr(qm_store_error(store), strerror(-expected)));
		store_expect(store, 11, 20);
		fail_writes(0, 0, 0);
		expect_committed(&place, 1);
		QM_OK(transact(store, 30));
		QM_STR(qm_store_error(store), "");
	}
	fail_writes(0, 0, 0);
	store_expect(store, 21, 40);
	expect_committed(&place, 2);
	qm_store_close(store);
	store = store_must_open(&place, NULL);
	store_expect(store, 21, 40);
	qm_store_close(store);
	take_writes(false);
	store_remove(&place);
	return failed;
}

static void test_writes(void)
{
	static const struct {
		int error;
		int expected;
	} errors[] = {
		{ EIO, -EIO }, { ENOSPC, -ENOSPC }, { EDQUOT, -ENOSPC }, { EFBIG, -EFBIG },
	};

	for (size_t i = 0; i < sizeof(errors) / sizeof(errors[0]); i++) {
		unsigned nth = 1;

		while (check_write(nth, errors[i].error, errors[i].expected)) {
			nth++;
		}
		CU_ASSERT(nth > 5);
	}
}

/** A start whose nth write fails says so, or works; nothing of before is lost. */
static void test_writes_of_a_start(void)
{
	struct place place = store_place();
	unsigned nth = 0, failures = 0;
	struct qm_store *store;
	uint32_t last = 0;
	struct outcome o;

	take_writes(true);
	do {
		nth++;
		fail_writes(nth, 1, nth % 2 ? EIO : ENOSPC);
		o = store_start(place.dir);
		CU_ASSERT(!o.start.set_aside);
		if (o.r < 0) {
			failures++;
			QM_FAILS(o.r, nth % 2 ? -EIO : -ENOSPC);
			CU_ASSERT(*o.error);
		} else {
			CU_ASSERT(o.start.instance > last);
			last = o.start.instance;
		}
	} while (writes >= nth);
	CU_ASSERT(failures > 2);
	fail_writes(0, 0, 0);
	store = store_must_open(&place, &o.start);
	CU_ASSERT(o.start.instance > last);
	qm_store_close(store);
	take_writes(false);
	store_remove(&place);
}

static unsigned syncs_of_commit(struct qm_store *store)
{
	static uint64_t now_ms;

	syncs = 0;
	now_ms++;
	QM_OK(qm_store_commit(store, now_ms));
	return syncs;
}

/** What each commit waits for. */
static void test_syncs(void)
{
	struct place place = store_place();
	struct qm_store_config config = { .dir = place.dir, .durability = QM_DURABLE_POWER };
	struct outcome o = store_open_with(&config);

	QM_OK_FATAL(o.r);
	/* the first writes the log's header */
	store_add(o.store, 1, 1, 10);
	CU_ASSERT(syncs_of_commit(o.store) > 0);
	for (unsigned i = 0; i < 20; i++) {
		QM_INT(syncs_of_commit(o.store), 1);
		store_add(o.store, 1, 11 + i * 10, 10);
		QM_INT(syncs_of_commit(o.store), 1);
	}
	qm_store_close(o.store);
	config.durability = QM_DURABLE_CRASH;
	syncs = 0;
	o = store_open_with(&config);
	QM_OK_FATAL(o.r);
	CU_ASSERT(syncs > 0);
	store_add(o.store, 2, 1, 10);
	QM_INT(syncs_of_commit(o.store), 1);
	store_add(o.store, 2, 11, 10);
	QM_INT(syncs_of_commit(o.store), 0);
	qm_store_close(o.store);
	store_remove(&place);
}

/** Overwrites the file but for its start and end. */
static void damage(const struct place *place)
{
	const int fd = open(place->file, O_WRONLY);
	char page[4096];
	struct stat st;

	QM_OK_FATAL(fd);
	QM_OK_FATAL(fstat(fd, &st));
	memset(page, 0xa5, sizeof(page));
	for (off_t at = 10 * 4096; at < st.st_size / 2; at += 4096) {
		QM_INT(pwrite(fd, page, sizeof(page), at), sizeof(page));
	}
	close(fd);
}

/** Damage that shows while the store is used: no more of it, until it is reopened. */
static void test_damage(void)
{
	struct place place = store_place();
	struct qm_store *store = store_must_open(&place, NULL);
	const struct qm_record record = store_record(1);
	const struct qm_open_sa sa = store_sa(1, 1);
	struct qm_stored stored = { 0 };
	uint64_t n, bytes;
	struct outcome o;
	int r;

	store_add(store, 1, 1, 8000);
	QM_OK(qm_store_commit(store, 5));
	qm_store_close(store);
	store = store_must_open(&place, NULL);
	damage(&place);
	while (!(r = qm_store_next(store, stored.id, &stored))) {
	}
	QM_FAILS(r, -EIO);
	CU_ASSERT_PTR_NOT_NULL(strstr(qm_store_error(store), "damaged: restart the daemon"));
	QM_FAILS(qm_store_next(store, 0, &stored), -EIO);
	QM_FAILS(qm_store_add(store, 2, 1, &record, &n), -EILSEQ);
	QM_FAILS(qm_store_next_seq(store, 2, &n), -EILSEQ);
	QM_FAILS(qm_store_remove(store, 1), -EILSEQ);
	QM_FAILS(qm_store_keep_sa(store, &sa), -EILSEQ);
	QM_FAILS(qm_store_drop_sa(store, 2, 1), -EILSEQ);
	QM_FAILS(qm_store_earlier_sas(store, NULL, NULL, &n), -EILSEQ);
	QM_FAILS(qm_store_set_loss(store, QM_LOSS_AUDIT, 1, 1), -EILSEQ);
	QM_FAILS(qm_store_mark_stopped(store), -EILSEQ);
	QM_FAILS(qm_store_commit(store, 5), -EILSEQ);
	qm_store_waiting(store, &n, &bytes);
	QM_INT(n, 8000);
	CU_ASSERT_PTR_NOT_NULL(strstr(qm_store_error(store), "damaged: restart the daemon"));
	qm_store_close(store);
	o = store_start(place.dir);
	QM_OK(o.r);
	CU_ASSERT(o.start.set_aside && o.start.instance > 2);
	store_remove(&place);
}

/** Takes so many pages of a disk, or what is left. */
static void fill_disk(const char *path, unsigned pages)
{
	static const char zeros[4096];
	const int fd = open(path, O_WRONLY | O_CREAT, 0600);

	QM_OK_FATAL(fd);
	while (pages-- && write(fd, zeros, sizeof(zeros)) > 0) {
	}
	close(fd);
}

static const char full[] = "No space left on device: make room there";

/** Adds until the disk is full. @return records that are kept */
static unsigned add_until_full(struct qm_store *store)
{
	unsigned kept = 0;
	uint64_t id;
	int r = 0;

	while (!r) {
		for (unsigned i = 1; i <= 50 && !r; i++) {
			const struct qm_record record = store_record(kept + i);

			r = qm_store_add(store, 1, kept + i, &record, &id);
		}
		r = r ? r : qm_store_commit(store, 5);
		kept += r ? 0 : 50;
	}
	QM_FAILS(r, -ENOSPC);
	CU_ASSERT_PTR_NOT_NULL(strstr(qm_store_error(store), full));
	return kept;
}

/** On a disk of 1 MiB. */
static void use_full_disk(const struct place *place)
{
	struct qm_store *store = store_must_open(place, NULL);
	char filler[PATH_MAX];
	struct outcome o;
	unsigned kept;

	snprintf(filler, sizeof(filler), "%s/filler", place->base);
	fill_disk(filler, 150);
	kept = add_until_full(store);
	CU_ASSERT(kept > 0);
	store_expect(store, 1, kept);
	QM_INT(store_ask(place, "SELECT count(*) FROM record"), kept);
	QM_OK(unlink(filler));
	QM_OK(qm_store_remove(store, 1));
	QM_OK(qm_store_commit(store, 6));
	store_expect(store, 2, kept - 1);
	qm_store_close(store);

	/* a start finds no room: it is neither counted nor is anything set aside */
	fill_disk(filler, UINT_MAX);
	o = store_start(place->dir);
	QM_FAILS(o.r, -ENOSPC);
	CU_ASSERT(!o.start.set_aside);
	CU_ASSERT_PTR_NOT_NULL(strstr(o.error, full));
	QM_OK(unlink(filler));
	store = store_must_open(place, &o.start);
	QM_INT(o.start.instance, 2);
	store_expect(store, 2, kept - 1);
	qm_store_close(store);

	store_write(place->file, "garbage", 7);
	fill_disk(filler, UINT_MAX);
	o = store_start(place->dir);
	QM_FAILS(o.r, -ENOSPC);
	CU_ASSERT_PTR_NOT_NULL(strstr(o.error, "file is not a database: it is set aside as"));
	CU_ASSERT_PTR_NOT_NULL(strstr(o.error, full));
	QM_OK(unlink(filler));
	o = store_start(place->dir);
	QM_OK(o.r);
	CU_ASSERT(o.start.instance > 2 && !o.start.set_aside);
}

static bool put(const char *path, const char *text)
{
	const int fd = open(path, O_WRONLY);
	const bool good = fd >= 0 && write(fd, text, strlen(text)) > 0;

	close(fd);
	return good;
}

/** Has this process mount, as root of a user namespace unless it is root. */
static bool may_mount(void)
{
	const uid_t uid = geteuid(), gid = getegid();
	char uids[32], gids[32];

	if (!uid) {
		return !unshare(CLONE_NEWNS);
	}
	snprintf(uids, sizeof(uids), "0 %u 1", uid);
	snprintf(gids, sizeof(gids), "0 %u 1", gid);
	return !unshare(CLONE_NEWNS | CLONE_NEWUSER) && put("/proc/self/uid_map", uids) &&
		   put("/proc/self/setgroups", "deny") && put("/proc/self/gid_map", gids);
}

/** A disk of 1 MiB on a directory. @return 0 or a negative errno */
static int mount_disk(const char *dir)
{
	if (!may_mount() ||
		mount("none", "/", NULL, MS_REC | MS_PRIVATE, NULL) < 0 ||
		mount("none", dir, "tmpfs", 0, "size=1m") < 0) {
		return -errno;
	}
	return 0;
}

/** In a process with a disk of its own; what fails there is told here. */
static void on_disk(void (*use)(const struct place *place))
{
	struct place place = store_place();
	const unsigned before = CU_get_number_of_failures();
	int status = -1;
	pid_t pid = fork();

	if (!pid) {
		const CU_FailureRecord *failure;
		jmp_buf end;

		if (mount_disk(place.base) < 0) {
			_exit(77);
		}
		/* what is fatal ends here, not in this process's copy of the other tests */
		CU_get_current_test()->pJumpBuf = &end;
		if (!setjmp(end)) {
			use(&place);
		}
		for (failure = CU_get_failure_list(); failure; failure = failure->pNext) {
			printf("# %s:%u: %s\n", failure->strFileName, failure->uiLineNumber,
				   failure->strCondition);
		}
		_exit(CU_get_number_of_failures() > before);
	}
	waitpid(pid, &status, 0);
	if (WIFEXITED(status) && WEXITSTATUS(status) == 77) {
		qm_test_skip("a disk of its own needs CAP_SYS_ADMIN, or user namespaces");
	} else {
		QM_INT(status, 0);
	}
	store_remove(&place);
}

static void test_full_disk(void)
{
	on_disk(use_full_disk);
}

static void use_read_only(const struct place *place)
{
	struct qm_store_start start;
	struct outcome o;

	qm_store_close(store_must_open(place, NULL));
	QM_OK_FATAL(mount("none", place->base, NULL, MS_REMOUNT | MS_RDONLY, NULL));
	o = store_start(place->dir);
	QM_FAILS(o.r, -EROFS);
	CU_ASSERT_PTR_NOT_NULL(strstr(o.error, "Read-only file system: set state_dir to a "
								  "directory that can be written"));
	QM_OK_FATAL(mount("none", place->base, NULL, MS_REMOUNT, NULL));
	qm_store_close(store_must_open(place, &start));
	QM_INT(start.instance, 2);
}

static void test_read_only(void)
{
	on_disk(use_read_only);
}

CU_TestInfo store_fail_tests[] = {
	{ "writes that fail", test_writes },
	{ "writes of a start that fail", test_writes_of_a_start },
	{ "waits for the disk", test_syncs },
	{ "damage that shows", test_damage },
	{ "disk that is full", test_full_disk },
	{ "disk that cannot be written", test_read_only },
	CU_TEST_INFO_NULL,
};
