/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * New contents are written into a file beside the old one, which they then replace in
 * one step. That file is the lock as well: nobody but the owner of the old one can open
 * it, so nobody else can hold us up. Its name begins with a dot and ends in no suffix
 * that programs look for.
 */
#include "file.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/xattr.h>
#include <time.h>
#include <unistd.h>

/** How long others may be at the file. */
#define LOCK_TRIES 100
#define LOCK_PAUSE_NS (100 * 1000 * 1000)

/** Names of extended attributes, and the value of one. */
#define XATTR_NAMES_MAX 4096
#define XATTR_VALUE_MAX 65536

struct qm_file {
	/** without symbolic links */
	char path[PATH_MAX];
	/** within the directory */
	char name[NAME_MAX + 1];
	char new_name[NAME_MAX + 1];
	int dir;
	/** the file beside, and whether it is locked */
	int new;
	bool locked;
	/** there was a file, and it was like this */
	bool existed;
	struct stat st;
	char *data;
	size_t size;
};

/** What the system said of a file, and what to do about it. */
static int complain_errno(struct qm_complaint *why, const char *doing, int error)
{
	const char *advice = "";

	if (error == -EACCES || error == -EPERM) {
		advice =
			geteuid() ? ": run this as root" : ": see what protects it (lsattr, mount)";
	} else if (error == -ENOSPC || error == -EDQUOT) {
		advice = ": make room, nothing was changed";
	} else if (error == -ENOENT) {
		advice = ": name another one";
	} else if (error == -EBUSY) {
		advice = ": if it is a mount point, change it where it is mounted from";
	} else if (error == -EROFS) {
		advice = ": the file system is mounted read-only";
	}
	return qm_complain(why, error, 0, "%s: %s%s", doing, strerror(-error), advice);
}

/** Reads what is left of a descriptor. */
static int read_all(int fd, size_t max, char **ret, size_t *ret_size)
{
	char *data = NULL;
	size_t size = 0, room = 0;
	ssize_t n = 1;

	while (n && size <= max) {
		if (size == room) {
			char *more = realloc(data, room = room ? 2 * room : 4096);

			if (!more) {
				free(data);
				return -ENOMEM;
			}
			data = more;
		}
		n = read(fd, data + size, room - size);
		if (n < 0 && errno != EINTR) {
			int error = -errno;

			free(data);
			return error;
		}
		size += n > 0 ? (size_t)n : 0;
	}
	if (size > max) {
		free(data);
		return -EFBIG;
	}
	*ret = data;
	*ret_size = size;
	return 0;
}

/** Opens a regular file to be read, and does not wait for a pipe's other end. */
static int open_regular(const char *path, struct stat *ret_st, struct qm_complaint *why)
{
	int fd = open(path, O_RDONLY | O_NONBLOCK | O_CLOEXEC | O_NOCTTY);

	if (fd < 0) {
		return complain_errno(why, "cannot be opened", -errno);
	}
	if (fstat(fd, ret_st) < 0) {
		int error = -errno;

		close(fd);
		return complain_errno(why, "cannot be looked at", error);
	}
	if (!S_ISREG(ret_st->st_mode)) {
		close(fd);
		return qm_complain(why, -EINVAL, 0, "is no file: name one");
	}
	return fd;
}

static int complain_read(struct qm_complaint *why, int error, size_t max)
{
	if (error == -EFBIG) {
		return qm_complain(why, error, 0, "is larger than %zu bytes: name another file",
						   max);
	}
	return error < 0 ? complain_errno(why, "cannot be read", error) : error;
}

int qm_file_read(const char *path, size_t max, char **ret, size_t *ret_size,
				 struct qm_complaint *why)
{
	struct stat st;
	int fd, error;

	if (!strcmp(path, "-")) {
		return complain_read(why, read_all(STDIN_FILENO, max, ret, ret_size), max);
	}
	fd = open_regular(path, &st, why);
	if (fd < 0) {
		return fd;
	}
	error = read_all(fd, max, ret, ret_size);
	close(fd);
	return complain_read(why, error, max);
}

/** Finds out where a file is that does not exist yet. */
static int resolve_new(const char *path, char *resolved, struct qm_complaint *why)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	char dir[PATH_MAX], real[PATH_MAX];
	struct stat st;

	if (!lstat(path, &st)) {
		return qm_complain(why, -ENOENT, 0,
						   "is a symbolic link to a file that is not there: remove it");
	}
	snprintf(dir, sizeof(dir), "%.*s", slash ? (int)(slash - path) + 1 : 1,
			 slash ? path : ".");
	if (!*name || !realpath(dir, real)) {
		return complain_errno(why, "cannot be created", *name ? -errno : -EISDIR);
	}
	if ((size_t)snprintf(resolved, PATH_MAX, "%s/%s", real, name) >= PATH_MAX) {
		return complain_errno(why, "cannot be created", -ENAMETOOLONG);
	}
	return 0;
}

/** Finds the file itself, and its directory. */
static int locate(struct qm_file *file, const char *path, bool create,
				  struct qm_complaint *why)
{
	char *slash;
	int error;

	if (!realpath(path, file->path)) {
		error = -errno;
		if (error != -ENOENT || !create) {
			return complain_errno(why, "cannot be opened", error);
		}
		error = resolve_new(path, file->path, why);
		if (error < 0) {
			return error;
		}
	}
	slash = strrchr(file->path, '/');
	if ((size_t)snprintf(file->name, sizeof(file->name), "%s", slash + 1) >
			sizeof(file->name) - sizeof("..new") ||
		!file->name[0]) {
		return complain_errno(why, "cannot be changed",
							  file->name[0] ? -ENAMETOOLONG : -EISDIR);
	}
	snprintf(file->new_name, sizeof(file->new_name), ".%.*s.new",
			 (int)(NAME_MAX - sizeof("..new")), file->name);
	*slash = '\0';
	file->dir =
		open(slash == file->path ? "/" : file->path, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	*slash = '/';
	return file->dir < 0 ? complain_errno(why, "its directory cannot be opened", -errno)
						 : 0;
}

/** Waits for the lock on the file beside. */
static int wait_lock(int fd)
{
	struct timespec pause = { .tv_nsec = LOCK_PAUSE_NS };

	for (int i = 0; i < LOCK_TRIES; i++) {
		if (!flock(fd, LOCK_EX | LOCK_NB)) {
			return 0;
		}
		if (errno != EWOULDBLOCK && errno != EINTR) {
			return -errno;
		}
		nanosleep(&pause, NULL);
	}
	return -EBUSY;
}

/** Opens the file beside and locks it. @return 1 when it was replaced meanwhile */
static int open_beside(struct qm_file *file, struct qm_complaint *why)
{
	struct stat mine, there;
	int error;

	file->new = openat(file->dir, file->new_name,
					   O_RDWR | O_CREAT | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC, 0600);
	if (file->new < 0 || fstat(file->new, &mine) < 0) {
		return complain_errno(why, "cannot be changed, as nothing can be put beside it",
							  -errno);
	}
	if (!S_ISREG(mine.st_mode) || mine.st_uid != geteuid() || mine.st_nlink > 1) {
		return qm_complain(why, -EPERM, 0, "'%s' beside it is not ours: remove it",
						   file->new_name);
	}
	error = wait_lock(file->new);
	if (error == -EBUSY) {
		return qm_complain(why, error, 0, "is being changed by somebody else: try again");
	}
	if (error < 0) {
		return complain_errno(why, "cannot be locked", error);
	}
	if (!fstatat(file->dir, file->new_name, &there, AT_SYMLINK_NOFOLLOW) &&
		there.st_ino == mine.st_ino && there.st_dev == mine.st_dev) {
		file->locked = true;
		return 0;
	}
	close(file->new);
	file->new = -1;
	return 1;
}

static int read_old(struct qm_file *file, bool create, size_t max,
					struct qm_complaint *why)
{
	int fd, error;

	if (create && faccessat(file->dir, file->name, F_OK, 0) < 0 && errno == ENOENT) {
		return 0;
	}
	fd = open_regular(file->path, &file->st, why);
	if (fd < 0) {
		return fd;
	}
	file->existed = true;
	error = read_all(fd, max, &file->data, &file->size);
	close(fd);
	return complain_read(why, error, max);
}

int qm_file_open(const char *path, bool create, size_t max, struct qm_file **ret,
				 struct qm_complaint *why)
{
	struct qm_file *file = calloc(1, sizeof(*file));
	int error;

	if (!file) {
		return complain_errno(why, "cannot be opened", -ENOMEM);
	}
	file->dir = file->new = -1;
	error = locate(file, path, create, why);
	if (!error) {
		do {
			error = open_beside(file, why);
		} while (error > 0);
	}
	if (!error) {
		error = read_old(file, create, max, why);
	}
	if (error < 0) {
		qm_file_close(file);
		return error;
	}
	*ret = file;
	return 0;
}

const char *qm_file_data(const struct qm_file *file, size_t *ret_size)
{
	*ret_size = file->size;
	return file->data ? file->data : "";
}

static int write_all(int fd, const char *data, size_t size)
{
	while (size) {
		ssize_t n = write(fd, data, size);

		if (n < 0 && errno != EINTR) {
			return -errno;
		}
		data += n > 0 ? n : 0;
		size -= n > 0 ? (size_t)n : 0;
	}
	return 0;
}

/** Whether an attribute is the administrator's: others are about the old contents. */
static bool is_kept(const char *name)
{
	return !strcmp(name, "system.posix_acl_access") ||
		   !strcmp(name, "security.selinux") || !strncmp(name, "user.", strlen("user."));
}

/** Gives the new file one attribute of the old one. */
static int copy_attribute(int from, int to, const char *name, char *value)
{
	ssize_t n = fgetxattr(from, name, value, XATTR_VALUE_MAX);

	if (n < 0) {
		return errno == ENODATA || errno == ENOTSUP ? 0 : -errno;
	}
	if (fsetxattr(to, name, value, (size_t)n, 0) < 0 && errno != ENOTSUP) {
		return -errno;
	}
	return 0;
}

/** Gives the new file the extended attributes of the old one. */
static int copy_attributes(const struct qm_file *file)
{
	char names[XATTR_NAMES_MAX], *value = malloc(XATTR_VALUE_MAX);
	int old = openat(file->dir, file->name, O_RDONLY | O_CLOEXEC);
	ssize_t n = old < 0 || !value ? -1 : flistxattr(old, names, sizeof(names));
	int error = n >= 0 || errno == ENOTSUP ? 0 : -errno;

	for (ssize_t at = 0; !error && at < n; at += (ssize_t)strlen(names + at) + 1) {
		if (is_kept(names + at)) {
			error = copy_attribute(old, file->new, names + at, value);
		}
	}
	free(value);
	if (old >= 0) {
		close(old);
	}
	return error;
}

/** Makes the new file like the old one in all but its contents. */
static int dress(const struct qm_file *file)
{
	mode_t mask;

	if (file->existed) {
		if (fchown(file->new, file->st.st_uid, file->st.st_gid) < 0 ||
			fchmod(file->new, file->st.st_mode & 07777) < 0) {
			return -errno;
		}
		return copy_attributes(file);
	}
	mask = umask(077);
	umask(mask);
	return fchmod(file->new, 0666 & ~mask) < 0 ? -errno : 0;
}

/** Whether somebody who knows of no locks has changed the file since it was read. */
static bool is_changed(const struct qm_file *file)
{
	struct stat st;

	if (fstatat(file->dir, file->name, &st, 0) < 0) {
		return file->existed;
	}
	return !file->existed || st.st_ino != file->st.st_ino ||
		   st.st_size != file->st.st_size ||
		   st.st_mtim.tv_sec != file->st.st_mtim.tv_sec ||
		   st.st_mtim.tv_nsec != file->st.st_mtim.tv_nsec;
}

int qm_file_replace(struct qm_file *file, const char *data, size_t size,
					struct qm_complaint *why)
{
	int error = ftruncate(file->new, 0) < 0 ? -errno : 0;

	if (!error) {
		error = write_all(file->new, data, size);
	}
	if (!error) {
		error = dress(file);
	}
	if (!error && fsync(file->new) < 0) {
		error = -errno;
	}
	if (!error && is_changed(file)) {
		return qm_complain(why, -EBUSY, 0, "was changed by somebody else: try again");
	}
	if (!error && renameat(file->dir, file->new_name, file->dir, file->name) < 0) {
		error = -errno;
	}
	if (error < 0) {
		return complain_errno(why, "cannot be changed", error);
	}
	file->locked = false;
	if (fsync(file->dir) < 0) {
		return complain_errno(
			why, "is changed, but may be as it was after a power failure", -errno);
	}
	return 0;
}

struct qm_file *qm_file_close(struct qm_file *file)
{
	if (!file) {
		return NULL;
	}
	if (file->locked) {
		/* who waits for the lock sees that it is gone */
		unlinkat(file->dir, file->new_name, 0);
	}
	if (file->new >= 0) {
		close(file->new);
	}
	if (file->dir >= 0) {
		close(file->dir);
	}
	free(file->data);
	free(file);
	return NULL;
}
