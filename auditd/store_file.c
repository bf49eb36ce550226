/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define STORE_FILE "state.db"
#define LOCK_FILE "state.lock"

/** How often, and after what time each, a lock is tried that another has. */
#define LOCK_TRIES 10
#define LOCK_WAIT_NS 100000000

/** Files set aside in one second. */
#define ASIDE_MAX 100

/** The database, and what SQLite has beside it. */
static const char *const suffixes[] = { "", "-wal", "-shm", "-journal" };

#define SUFFIXES (sizeof(suffixes) / sizeof(suffixes[0]))

/** One file, opened or made with our rights whatever the umask. */
static int open_file(int dir, const char *name, int *ret)
{
	struct stat st;
	int fd, r = 0;

	fd = openat(dir, name, O_RDWR | O_CREAT | O_EXCL | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd >= 0) {
		r = fchmod(fd, 0600) < 0 ? -errno : 0;
	} else if (errno == EEXIST) {
		fd = openat(dir, name, O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK);
	}
	if (fd < 0) {
		return -errno;
	}
	if (!r && fstat(fd, &st) < 0) {
		r = -errno;
	}
	if (!r && !S_ISREG(st.st_mode)) {
		r = -EINVAL;
	}
	if (r < 0) {
		close(fd);
		return r;
	}
	*ret = fd;
	return 0;
}

/** The path without slashes at its end, which would follow a symbolic link. */
static char *without_slashes(const char *dir)
{
	size_t len = strlen(dir);

	while (len > 1 && dir[len - 1] == '/') {
		len--;
	}
	return strndup(dir, len);
}

static int open_dir(const char *dir, int *ret)
{
	int fd = open(dir, O_RDONLY | O_DIRECTORY | O_CLOEXEC | O_NOFOLLOW);
	struct stat st;

	if (fd < 0) {
		/* with O_DIRECTORY a link is only said not to be a directory */
		return errno == ENOTDIR && !lstat(dir, &st) && S_ISLNK(st.st_mode) ? -ELOOP :
																			-errno;
	}
	*ret = fd;
	return 0;
}

static int make_dir(struct qm_store_files *files, const char *dir, const char **ret_what)
{
	const mode_t mode = 0700;

	*ret_what = "making state directory";
	if (mkdir(dir, mode) < 0 && errno != EEXIST) {
		return -errno;
	}
	*ret_what = "opening state directory";
	return open_dir(dir, &files->dir);
}

/** Keeps others out; they may be about to end. */
static int lock(int fd)
{
	const struct timespec wait = { .tv_nsec = LOCK_WAIT_NS };

	for (int i = 0; flock(fd, LOCK_EX | LOCK_NB) < 0; i++) {
		if (errno != EWOULDBLOCK && errno != EINTR) {
			return -errno;
		}
		if (i == LOCK_TRIES) {
			return -EBUSY;
		}
		nanosleep(&wait, NULL);
	}
	return 0;
}

int qm_store_files_open(struct qm_store_files *files, const char *dir,
						const char **ret_what, const char **ret_path)
{
	char *path = without_slashes(dir);
	struct stat st;
	int r;

	*files = (struct qm_store_files){ .dir = -1, .lock = -1 };
	*ret_path = dir;
	*ret_what = "state directory";
	if (!path) {
		return -ENOMEM;
	}
	r = make_dir(files, path, ret_what);
	if (!r && asprintf(&files->path, "%s/%s", path, STORE_FILE) < 0) {
		files->path = NULL;
		r = -ENOMEM;
	}
	free(path);
	if (!r) {
		*ret_what = "opening " LOCK_FILE " in state directory";
		r = open_file(files->dir, LOCK_FILE, &files->lock);
	}
	if (!r) {
		*ret_what = "state directory";
		r = lock(files->lock);
	}
	if (!r && fstat(files->lock, &st) < 0) {
		r = -errno;
	}
	files->used = !r && st.st_size > 0;
	return r;
}

/** Looks at a file that SQLite will open. Size -1 is for one that is not there. */
static int look_at(int dir, const char *name, off_t *ret_size)
{
	struct stat st;

	*ret_size = -1;
	if (fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) < 0) {
		return errno == ENOENT ? 0 : -errno;
	}
	if (!S_ISREG(st.st_mode)) {
		return S_ISLNK(st.st_mode) ? -ELOOP : S_ISDIR(st.st_mode) ? -EISDIR : -EINVAL;
	}
	*ret_size = st.st_size;
	return 0;
}

int qm_store_files_check(const struct qm_store_files *files)
{
	off_t sizes[SUFFIXES];
	char name[64];
	int fd, r = 0;

	for (size_t i = 0; i < SUFFIXES && !r; i++) {
		snprintf(name, sizeof(name), "%s%s", STORE_FILE, suffixes[i]);
		r = look_at(files->dir, name, &sizes[i]);
	}
	/* SQLite would make the file with the umask's rights */
	if (!r) {
		r = open_file(files->dir, STORE_FILE, &fd);
	}
	if (r < 0) {
		return r;
	}
	close(fd);
	/* SQLite would remove the log of an empty database */
	return sizes[0] <= 0 && (sizes[1] > 0 || (files->used && !sizes[0])) ? -EILSEQ : 0;
}

static bool is_there(int dir, const char *name)
{
	struct stat st;

	return fstatat(dir, name, &st, AT_SYMLINK_NOFOLLOW) == 0;
}

/** Whether a name can be had, with all that goes beside it. */
static bool is_free(int dir, const char *name)
{
	char full[128];

	for (size_t i = 0; i < SUFFIXES; i++) {
		snprintf(full, sizeof(full), "%s%s", name, suffixes[i]);
		if (is_there(dir, full)) {
			return false;
		}
	}
	return true;
}

/** A name after the time that is not in use; we have the lock, so it stays so. */
static int free_name(int dir, char *name, size_t size)
{
	const time_t now = time(NULL);
	struct tm tm;
	char when[32];

	if (!gmtime_r(&now, &tm) || !strftime(when, sizeof(when), "%Y%m%dT%H%M%SZ", &tm)) {
		return -EOVERFLOW;
	}
	snprintf(name, size, "%s.damaged-%s", STORE_FILE, when);
	for (int i = 2; !is_free(dir, name); i++) {
		if (i > ASIDE_MAX) {
			return -EEXIST;
		}
		snprintf(name, size, "%s.damaged-%s.%d", STORE_FILE, when, i);
	}
	return 0;
}

int qm_store_files_set_aside(const struct qm_store_files *files, char *name, size_t size)
{
	char from[64], to[128];
	int r = free_name(files->dir, name, size);

	for (size_t i = 0; i < SUFFIXES && !r; i++) {
		snprintf(from, sizeof(from), "%s%s", STORE_FILE, suffixes[i]);
		snprintf(to, sizeof(to), "%s%s", name, suffixes[i]);
		if (renameat(files->dir, from, files->dir, to) < 0 && errno != ENOENT) {
			r = -errno;
		}
	}
	return r;
}

int qm_store_files_mark_used(const struct qm_store_files *files)
{
	static const char mark[] = "held by the daemon that counts its starts in " STORE_FILE
							   "\n";

	if (!files->used && (pwrite(files->lock, mark, sizeof(mark) - 1, 0) < 0 ||
						 fsync(files->lock) < 0)) {
		return -errno;
	}
	return fsync(files->dir) < 0 ? -errno : 0;
}

void qm_store_files_tidy(const struct qm_store_files *files)
{
	off_t size;

	if (!look_at(files->dir, STORE_FILE, &size) && !size) {
		unlinkat(files->dir, STORE_FILE, 0);
	}
}

void qm_store_files_close(struct qm_store_files *files)
{
	if (files->lock >= 0) {
		close(files->lock);
	}
	if (files->dir >= 0) {
		close(files->dir);
	}
	free(files->path);
	*files = (struct qm_store_files){ .dir = -1, .lock = -1 };
}
