/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xfrm_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/netlink.h>
#include <linux/sock_diag.h>
#include <linux/xfrm.h>
#include <netlink/netlink.h>
#include <netlink/socket.h>

/** libnl's errors are not errno, but it calls nothing after what failed. */
static int last_error(void)
{
	return errno ? -errno : -EIO;
}

static int connect_socket(struct nl_sock **ret)
{
	struct nl_sock *nl = nl_socket_alloc();

	if (!nl) {
		return -ENOMEM;
	}
	errno = 0;
	if (nl_connect(nl, NETLINK_XFRM) < 0) {
		int r = last_error();

		nl_socket_free(nl);
		return r;
	}
	*ret = nl;
	return 0;
}

/**
 * Takes the descriptor out of libnl's hands: nl_socket_free() would close its number
 * even if by then it were another file's.
 */
static int keep(struct qm_xfrm_socket *ret, struct nl_sock *nl)
{
	struct stat st;
	int fd = fcntl(nl_socket_get_fd(nl), F_DUPFD_CLOEXEC, 0), r;

	if (fd < 0) {
		return -errno;
	}
	if (fstat(fd, &st) < 0) {
		r = -errno;
		close(fd);
		return r;
	}
	ret->fd = fd;
	ret->inode = st.st_ino;
	return 0;
}

static int join_groups(struct nl_sock *nl)
{
	errno = 0;
	if (nl_socket_add_memberships(nl, XFRMNLGRP_SA, XFRMNLGRP_EXPIRE, XFRMNLGRP_POLICY,
								  XFRMNLGRP_MIGRATE, 0) < 0) {
		return last_error();
	}
	return 0;
}

/** Failure is no error: the smaller buffer is reported, and overrun sooner. */
static void set_rcvbuf(struct nl_sock *nl, int bytes)
{
	int fd = nl_socket_get_fd(nl);

	if (setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes)) < 0) {
		setsockopt(fd, SOL_SOCKET, SO_RCVBUF, &bytes, sizeof(bytes));
	}
}

int qm_xfrm_socket_listen(struct qm_xfrm_socket *ret, int rcvbuf)
{
	struct nl_sock *nl;
	int r = connect_socket(&nl);

	if (r < 0) {
		return r;
	}
	set_rcvbuf(nl, rcvbuf);
	r = join_groups(nl);
	if (!r) {
		r = keep(ret, nl);
	}
	nl_socket_free(nl);
	return r;
}

int qm_xfrm_socket_dump(struct qm_xfrm_socket *ret, int type)
{
	struct nl_sock *nl;
	int r = connect_socket(&nl);

	if (r < 0) {
		return r;
	}
	errno = 0;
	if (nl_send_simple(nl, type, NLM_F_REQUEST | NLM_F_DUMP, NULL, 0) < 0) {
		r = last_error();
	} else {
		r = keep(ret, nl);
	}
	nl_socket_free(nl);
	return r;
}

int qm_xfrm_socket_open(struct qm_xfrm_socket *ret)
{
	struct nl_sock *nl;
	int r = connect_socket(&nl);

	if (r < 0) {
		return r;
	}
	r = keep(ret, nl);
	nl_socket_free(nl);
	return r;
}

int qm_xfrm_socket_recv(const struct qm_xfrm_socket *sock, void *buf, size_t size,
						size_t *ret)
{
	struct sockaddr_nl from = { 0 };
	struct iovec iov = { .iov_base = buf, .iov_len = size };
	struct msghdr msg = {
		.msg_name = &from,
		.msg_namelen = sizeof(from),
		.msg_iov = &iov,
		.msg_iovlen = 1,
	};
	ssize_t len;

	do {
		len = recvmsg(sock->fd, &msg, MSG_DONTWAIT);
	} while (len < 0 && errno == EINTR);
	*ret = len < 0 ? 0 : (size_t)len;
	if (len < 0) {
		return -errno;
	}
	if (msg.msg_namelen != sizeof(from) || from.nl_family != AF_NETLINK || from.nl_pid) {
		return -EREMOTE;
	}
	return msg.msg_flags & MSG_TRUNC ? -EMSGSIZE : 0;
}

int qm_xfrm_socket_check(const struct qm_xfrm_socket *sock)
{
	struct stat st;
	bool ours = sock->fd >= 0 && fstat(sock->fd, &st) == 0 && S_ISSOCK(st.st_mode) &&
				st.st_ino == sock->inode;

	return ours ? 0 : -EBADF;
}

uint32_t qm_xfrm_socket_rcvbuf(const struct qm_xfrm_socket *sock)
{
	socklen_t len = sizeof(int);
	int bytes;

	if (getsockopt(sock->fd, SOL_SOCKET, SO_RCVBUF, &bytes, &len) < 0) {
		return 0;
	}
	return (uint32_t)bytes;
}

int qm_xfrm_socket_drops(const struct qm_xfrm_socket *sock, uint32_t *ret)
{
	uint32_t info[SK_MEMINFO_VARS] = { 0 };
	socklen_t len = sizeof(info);

	if (getsockopt(sock->fd, SOL_SOCKET, SO_MEMINFO, info, &len) < 0) {
		return -errno;
	}
	*ret = info[SK_MEMINFO_DROPS];
	return 0;
}

void qm_xfrm_socket_close(struct qm_xfrm_socket *sock)
{
	if (!qm_xfrm_socket_check(sock)) {
		close(sock->fd);
	}
	sock->fd = -1;
}
