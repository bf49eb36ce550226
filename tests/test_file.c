/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reader/file.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <sys/xattr.h>
#include <unistd.h>

#include "reader_kit.h"
#include "test.h"

#define NAME "qm-audit.conf"
#define MAX 65536

/* The calls that replace a file; the one that fail_at counts down to fails. */
static int fail_at;

static bool fails(void)
{
	return fail_at && !--fail_at;
}

#define WRAP(type, name, params, args) \
	type __real_##name params;         \
	type __wrap_##name params;         \
	type __wrap_##name params          \
	{                                  \
		if (fails()) {                 \
			errno = EIO;               \
			return -1;                 \
		}                              \
		return __real_##name args;     \
	}

WRAP(int, ftruncate, (int fd, off_t size), (fd, size))
WRAP(ssize_t, write, (int fd, const void *data, size_t size), (fd, data, size))
WRAP(int, fchown, (int fd, uid_t uid, gid_t gid), (fd, uid, gid))
WRAP(int, fchmod, (int fd, mode_t mode), (fd, mode))
WRAP(ssize_t, flistxattr, (int fd, char *names, size_t size), (fd, names, size))
WRAP(int, fsync, (int fd), (fd))
WRAP(int, renameat, (int from, const char *a, int to, const char *b), (from, a, to, b))

static int replace(const char *path, bool create, const char *text,
				   struct qm_complaint *why)
{
	struct qm_file *file = NULL;
	int error = qm_file_open(path, create, MAX, &file, why);

	if (!error) {
		error = qm_file_replace(file, text, strlen(text), why);
	}
	CU_ASSERT_PTR_NULL(qm_file_close(file));
	return error;
}

static void check_holds(struct kit *kit, const char *name, const char *text)
{
	char *held = kit_read(kit, name);

	QM_STR(held, text);
	free(held);
}

static void test_replace(void)
{
	struct kit kit;
	struct qm_complaint why;
	struct stat st;
	char value[8] = "";

	CU_ASSERT_FATAL(kit_begin(&kit));
	kit_write(&kit, NAME, "old", 0640);
	setxattr(kit.path, "user.note", "kept", 4, 0);
	if (!geteuid()) {
		QM_OK(chown(kit.path, 12, 34));
	}
	QM_OK(replace(kit_path(&kit, NAME), false, "new", &why));
	check_holds(&kit, NAME, "new");
	QM_OK_FATAL(stat(kit_path(&kit, NAME), &st));
	QM_INT(st.st_mode & 07777, 0640);
	if (!geteuid()) {
		QM_INT(st.st_uid, 12);
		QM_INT(st.st_gid, 34);
	}
	if (getxattr(kit.path, "user.note", value, sizeof(value)) >= 0 || errno != ENOTSUP) {
		QM_STR(value, "kept");
	}
	QM_INT(kit_count(&kit), 1);
	kit_end(&kit);
}

static void test_link(void)
{
	struct kit kit;
	struct qm_complaint why;
	struct stat st;

	CU_ASSERT_FATAL(kit_begin(&kit));
	QM_OK_FATAL(mkdir(kit_path(&kit, "sub"), 0700));
	kit_write(&kit, "sub/" NAME, "old", 0600);
	QM_OK_FATAL(symlink("sub/" NAME, kit_path(&kit, "link")));
	QM_OK(replace(kit.path, false, "new", &why));
	check_holds(&kit, "sub/" NAME, "new");
	QM_OK(lstat(kit_path(&kit, "link"), &st));
	CU_ASSERT(S_ISLNK(st.st_mode));
	QM_OK_FATAL(symlink("nowhere", kit_path(&kit, "dangling")));
	QM_FAILS(replace(kit.path, true, "new", &why), -ENOENT);
	QM_INT(kit_count(&kit), 3);
	kit_end(&kit);
}

static void test_create(void)
{
	struct kit kit;
	struct qm_complaint why;
	struct stat st;
	mode_t mask = umask(027);

	CU_ASSERT_FATAL(kit_begin(&kit));
	QM_FAILS(replace(kit_path(&kit, NAME), false, "new", &why), -ENOENT);
	QM_OK(replace(kit_path(&kit, NAME), true, "new", &why));
	check_holds(&kit, NAME, "new");
	QM_OK_FATAL(stat(kit_path(&kit, NAME), &st));
	QM_INT(st.st_mode & 07777, 0640);
	QM_FAILS(replace(kit_path(&kit, "no/file"), true, "new", &why), -ENOENT);
	QM_FAILS(replace(kit.dir, true, "new", &why), -EINVAL);
	umask(mask);
	kit_end(&kit);
}

/** Whatever fails, the old file is there, and nothing beside it. */
static void test_failures(void)
{
	struct kit kit;
	struct qm_complaint why;
	int step = 0, error;

	CU_ASSERT_FATAL(kit_begin(&kit));
	do {
		kit_write(&kit, NAME, "old", 0600);
		fail_at = ++step;
		error = replace(kit_path(&kit, NAME), false, "new", &why);
		/* all was done before the last one, fsync() of the directory */
		if (error < 0 && strncmp(why.text, "is changed", 10)) {
			QM_FAILS(error, -EIO);
			check_holds(&kit, NAME, "old");
		}
		QM_INT(kit_count(&kit), 1);
	} while (fail_at == 0);
	QM_OK(error);
	check_holds(&kit, NAME, "new");
	QM_INT(step, 9);
	fail_at = 0;
	kit_end(&kit);
}

/** A file system that takes no more, as far as one process sees it. */
static void test_full(void)
{
	struct rlimit before, small = { 2, 2 };
	struct kit kit;
	struct qm_complaint why;
	int error;

	CU_ASSERT_FATAL(kit_begin(&kit));
	kit_write(&kit, NAME, "old", 0600);
	signal(SIGXFSZ, SIG_IGN);
	getrlimit(RLIMIT_FSIZE, &before);
	small.rlim_max = before.rlim_max;
	QM_OK(setrlimit(RLIMIT_FSIZE, &small));
	error = replace(kit.path, false, "new and longer", &why);
	setrlimit(RLIMIT_FSIZE, &before);
	QM_FAILS(error, -EFBIG);
	check_holds(&kit, NAME, "old");
	QM_INT(kit_count(&kit), 1);
	kit_end(&kit);
}

/** In another process, which is nobody: root may do all. @return its exit status */
static int replace_as_nobody(const char *path)
{
	struct qm_complaint why;
	pid_t pid = fork();
	int status = -1;

	if (!pid) {
		int error =
			!geteuid() && setuid(65534) < 0 ? -1 : replace(path, false, "new", &why);

		_exit(error == -EACCES && strstr(why.text, "run this as root") ? 0 : 1);
	}
	waitpid(pid, &status, 0);
	return status;
}

static void test_forbidden(void)
{
	struct kit kit;

	CU_ASSERT_FATAL(kit_begin(&kit));
	kit_write(&kit, NAME, "old", 0644);
	QM_OK(chmod(kit.dir, 0555));
	QM_INT(replace_as_nobody(kit_path(&kit, NAME)), 0);
	check_holds(&kit, NAME, "old");
	QM_OK(chmod(kit.dir, 0755));
	QM_INT(kit_count(&kit), 1);
	kit_end(&kit);
}

/** What somebody without locks does meanwhile is not lost. */
static void test_meanwhile(void)
{
	struct kit kit;
	struct qm_complaint why;
	struct qm_file *file;

	CU_ASSERT_FATAL(kit_begin(&kit));
	kit_write(&kit, NAME, "old", 0600);
	QM_OK_FATAL(qm_file_open(kit.path, false, MAX, &file, &why));
	kit_write(&kit, NAME, "theirs", 0600);
	QM_FAILS(qm_file_replace(file, "new", 3, &why), -EBUSY);
	qm_file_close(file);
	check_holds(&kit, NAME, "theirs");
	QM_INT(kit_count(&kit), 1);
	kit_end(&kit);
}

/** Writers add one line each: none gets lost. */
static void add_line(const char *path)
{
	struct qm_complaint why;
	struct qm_file *file;
	char text[256];
	size_t size;

	if (qm_file_open(path, false, MAX, &file, &why) < 0) {
		_exit(1);
	}
	snprintf(text, sizeof(text), "%.*sx", (int)(qm_file_data(file, &size), size),
			 qm_file_data(file, &size));
	if (qm_file_replace(file, text, strlen(text), &why) < 0) {
		_exit(1);
	}
	qm_file_close(file);
}

static void test_crowd(void)
{
	struct kit kit;
	int status, failed = 0;

	CU_ASSERT_FATAL(kit_begin(&kit));
	kit_write(&kit, NAME, "", 0600);
	for (int i = 0; i < 4; i++) {
		if (!fork()) {
			for (int n = 0; n < 8; n++) {
				add_line(kit_path(&kit, NAME));
			}
			_exit(0);
		}
	}
	while (wait(&status) > 0) {
		failed += status != 0;
	}
	QM_INT(failed, 0);
	check_holds(&kit, NAME, "xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx");
	QM_INT(kit_count(&kit), 1);
	kit_end(&kit);
}

/** What a killed process left behind is no obstacle; what is not ours is. */
static void test_left_behind(void)
{
	struct kit kit;
	struct qm_complaint why;

	CU_ASSERT_FATAL(kit_begin(&kit));
	kit_write(&kit, "." NAME ".new", "a rest that is longer", 0600);
	kit_write(&kit, NAME, "old", 0600);
	QM_OK(replace(kit.path, false, "new", &why));
	check_holds(&kit, NAME, "new");
	QM_INT(kit_count(&kit), 1);
	QM_OK_FATAL(symlink("/dev/null", kit_path(&kit, "." NAME ".new")));
	QM_FAILS(replace(kit_path(&kit, NAME), false, "newer", &why), -ELOOP);
	check_holds(&kit, NAME, "new");
	kit_end(&kit);
}

static void test_read(void)
{
	struct kit kit;
	struct qm_complaint why;
	char *text = NULL;
	size_t size = 0;

	CU_ASSERT_FATAL(kit_begin(&kit));
	kit_write(&kit, NAME, "12345", 0600);
	QM_OK(qm_file_read(kit.path, 5, &text, &size, &why));
	QM_INT(size, 5);
	free(text);
	QM_FAILS(qm_file_read(kit.path, 4, &text, &size, &why), -EFBIG);
	QM_FAILS(qm_file_read(kit.dir, 4, &text, &size, &why), -EINVAL);
	QM_OK_FATAL(mkfifo(kit_path(&kit, "pipe"), 0600));
	QM_FAILS(qm_file_read(kit.path, 4, &text, &size, &why), -EINVAL);
	QM_FAILS(qm_file_read(kit_path(&kit, "none"), 4, &text, &size, &why), -ENOENT);
	kit_end(&kit);
}

CU_TestInfo file_tests[] = {
	{ "mode, owner and attributes stay", test_replace },
	{ "links are followed", test_link },
	{ "a new file is as others are", test_create },
	{ "a step that fails leaves the old file", test_failures },
	{ "no room leaves the old file", test_full },
	{ "without permission the old file stays, and root is named", test_forbidden },
	{ "what others do meanwhile stays", test_meanwhile },
	{ "several writers wait for one another", test_crowd },
	{ "what a killed writer left is taken over", test_left_behind },
	{ "only files of a size are read", test_read },
	CU_TEST_INFO_NULL,
};
