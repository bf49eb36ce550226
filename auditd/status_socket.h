/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The Unix socket that a daemon's status is asked for on: its place in the file system,
 * and who may connect.
 */
#ifndef QM_STATUS_SOCKET_H
#define QM_STATUS_SOCKET_H

#include <limits.h>
#include <stdbool.h>
#include <sys/types.h>

/** Bytes of a path with the NUL: what fits into a struct sockaddr_un. */
#define QM_STATUS_PATH_MAX 108

/** Bytes of an error message, with the NUL. */
#define QM_STATUS_ERROR_MAX 512

struct qm_status_socket {
	/** listens, does not block; -1 when closed */
	int fd;
	/** holds the lock on PATH.lock, by which a living owner is told from a stale file */
	int lock_fd;
	char path[QM_STATUS_PATH_MAX];
	/** which file at the path is ours */
	dev_t dev;
	ino_t ino;
};

/**
 * Makes the socket, mode 0600, and of its directory the last component, mode 0700. A
 * socket file that nobody serves is replaced.
 *
 * @param ret		receives it, to be closed by qm_status_socket_close(); untouched on
 *					failure
 * @param path		absolute
 * @param error		receives what failed, on what, why, and what to do
 * @return			0; -EADDRINUSE where another daemon serves it; -EEXIST for a file that
 *					is no socket; -EPERM for a directory that others may write to;
 *					-ENAMETOOLONG; -EINVAL; another negative errno
 */
int qm_status_socket_open(struct qm_status_socket *ret, const char *path,
						  char error[QM_STATUS_ERROR_MAX]);

/**
 * Takes the next client that may ask: root, or who runs this process. Others are
 * disconnected.
 *
 * @return	its descriptor, which does not block; -EACCES for one who was sent away;
 *			-EAGAIN for none; another negative errno
 */
int qm_status_socket_accept(const struct qm_status_socket *sock);

/** Closes it and removes its file, unless that is another's by now. One that is closed
 * is fine. */
void qm_status_socket_close(struct qm_status_socket *sock);

#endif
