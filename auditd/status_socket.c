/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "status_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/file.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <unistd.h>

/** Clients that may wait to be accepted. */
#define BACKLOG 8

#define LOCK_SUFFIX ".lock"

_Static_assert(sizeof(((struct sockaddr_un *)NULL)->sun_path) == QM_STATUS_PATH_MAX,
			   "a path fits into an address");

static int __attribute__((format(printf, 3, 4)))
fail(char error[QM_STATUS_ERROR_MAX], int r, const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(error, QM_STATUS_ERROR_MAX, fmt, args);
	va_end(args);
	return r;
}

/** Makes the directory, or checks that only its owner, who is root or us, writes there:
 * others could put a socket of their own in the place of ours. */
static int prepare_directory(const char *path, char error[QM_STATUS_ERROR_MAX])
{
	char dir[QM_STATUS_PATH_MAX];
	struct stat st;
	char *slash;

	snprintf(dir, sizeof(dir), "%s", path);
	slash = strrchr(dir, '/');
	slash[slash == dir] = '\0';
	if (mkdir(dir, 0700) < 0 && errno != EEXIST) {
		return fail(error, -errno, "making the directory %s failed: %s; make it (mode "
					"0700, of the user that the daemon runs as), or name another "
					"status_socket", dir, strerror(errno));
	}
	if (stat(dir, &st) < 0) {
		return fail(error, -errno, "looking at %s failed: %s", dir, strerror(errno));
	}
	if (!S_ISDIR(st.st_mode) || (st.st_uid && st.st_uid != geteuid()) ||
		(st.st_mode & (S_IWGRP | S_IWOTH))) {
		return fail(error, -EPERM, "%s is not a directory that only root, or the user "
					"that the daemon runs as, may write to; set that right, or name "
					"another status_socket", dir);
	}
	return 0;
}

/** Sees to it that of all who use this path we are the only one. @return the
 * descriptor that holds the lock */
static int take_lock(const char *path, char error[QM_STATUS_ERROR_MAX])
{
	char name[QM_STATUS_PATH_MAX + sizeof(LOCK_SUFFIX)];
	int fd, r;

	snprintf(name, sizeof(name), "%s" LOCK_SUFFIX, path);
	fd = open(name, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		return fail(error, -errno, "opening %s failed: %s", name, strerror(errno));
	}
	if (flock(fd, LOCK_EX | LOCK_NB) < 0) {
		r = errno == EWOULDBLOCK ? -EADDRINUSE : -errno;
		close(fd);
		return fail(error, r, "%s is another daemon's: %s is locked; give each daemon a "
					"status_socket of its own", path, name);
	}
	return fd;
}

/** Removes a socket file that nobody serves. */
static int remove_stale(const char *path, char error[QM_STATUS_ERROR_MAX])
{
	struct stat st;

	if (lstat(path, &st) < 0) {
		return errno == ENOENT ? 0 : fail(error, -errno, "looking at %s failed: %s", path,
										  strerror(errno));
	}
	if (!S_ISSOCK(st.st_mode)) {
		return fail(error, -EEXIST, "%s is there and is no socket; remove it, or name "
					"another status_socket", path);
	}
	if (unlink(path) < 0) {
		return fail(error, -errno, "removing %s, which nobody serves, failed: %s", path,
					strerror(errno));
	}
	return 0;
}

/** Nobody can connect before it listens, so its mode is in force from the start. */
static int make(struct qm_status_socket *sock, char error[QM_STATUS_ERROR_MAX])
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct stat st;
	int r;

	sock->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (sock->fd < 0) {
		return fail(error, -errno, "making a socket failed: %s", strerror(errno));
	}
	snprintf(address.sun_path, sizeof(address.sun_path), "%s", sock->path);
	if (bind(sock->fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		r = fail(error, -errno, "binding to %s failed: %s", sock->path, strerror(errno));
		close(sock->fd);
		return r;
	}
	if (chmod(sock->path, 0600) < 0 || lstat(sock->path, &st) < 0 ||
		listen(sock->fd, BACKLOG) < 0) {
		r = fail(error, -errno, "setting up %s failed: %s", sock->path, strerror(errno));
		unlink(sock->path);
		close(sock->fd);
		return r;
	}
	sock->dev = st.st_dev;
	sock->ino = st.st_ino;
	return 0;
}

int qm_status_socket_open(struct qm_status_socket *ret, const char *path,
						  char error[QM_STATUS_ERROR_MAX])
{
	struct qm_status_socket sock = { .fd = -1 };
	int r;

	if (path[0] != '/') {
		return fail(error, -EINVAL, "%s is no absolute path", path);
	}
	if (strlen(path) >= sizeof(sock.path)) {
		return fail(error, -ENAMETOOLONG, "%s is too long for a socket: up to %zu bytes "
					"will do", path, sizeof(sock.path) - 1);
	}
	snprintf(sock.path, sizeof(sock.path), "%s", path);
	r = prepare_directory(path, error);
	if (r < 0) {
		return r;
	}
	sock.lock_fd = take_lock(path, error);
	if (sock.lock_fd < 0) {
		return sock.lock_fd;
	}
	r = remove_stale(path, error);
	if (!r) {
		r = make(&sock, error);
	}
	if (r < 0) {
		close(sock.lock_fd);
		return r;
	}
	*ret = sock;
	return 0;
}

int qm_status_socket_accept(const struct qm_status_socket *sock)
{
	struct ucred peer;
	socklen_t len = sizeof(peer);
	int fd = accept4(sock->fd, NULL, NULL, SOCK_CLOEXEC | SOCK_NONBLOCK);

	if (fd < 0) {
		return -errno;
	}
	if (getsockopt(fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0 ||
		(peer.uid && peer.uid != geteuid())) {
		close(fd);
		return -EACCES;
	}
	return fd;
}

void qm_status_socket_close(struct qm_status_socket *sock)
{
	struct stat st;

	if (sock->fd < 0) {
		return;
	}
	if (!lstat(sock->path, &st) && st.st_dev == sock->dev && st.st_ino == sock->ino) {
		unlink(sock->path);
	}
	close(sock->fd);
	close(sock->lock_fd);
	sock->fd = -1;
}
