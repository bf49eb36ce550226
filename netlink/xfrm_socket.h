/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A netlink socket to the kernel's XFRM: one that hears its notifications, or one
 * that was asked for a dump.
 *
 * libnl makes and sets it up. Receiving is done here: libnl has one error for
 * ENOBUFS, which says that notifications were lost, and for ENOMEM, which does not;
 * and it lends no buffer that could be wiped. NETLINK_NO_ENOBUFS is never set.
 */
#ifndef QM_XFRM_SOCKET_H
#define QM_XFRM_SOCKET_H

#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

struct qm_xfrm_socket {
	/** -1 when closed */
	int fd;
	/** which tells whether the descriptor is still what was opened */
	ino_t inode;
};

/**
 * Opens a socket that hears of changes to SAs and policies. Of the kernel's groups
 * it does not join AEVENTS: with a listener there, the kernel sends a message for
 * every other packet.
 *
 * @param rcvbuf	bytes that can wait, beyond the system's limit where we have
 *					CAP_NET_ADMIN; the kernel doubles it
 * @return			0; -EPROTONOSUPPORT for a kernel without XFRM, -EPERM without
 *					CAP_NET_ADMIN, other negative errno
 */
int qm_xfrm_socket_listen(struct qm_xfrm_socket *ret, int rcvbuf);

/**
 * Opens a socket and asks for a dump, which is all that it will receive.
 *
 * @param type	XFRM_MSG_GETSA or XFRM_MSG_GETPOLICY
 * @return		0 or a negative errno
 */
int qm_xfrm_socket_dump(struct qm_xfrm_socket *ret, int type);

/** Opens a socket for requests: it hears of nothing. @return 0 or a negative errno */
int qm_xfrm_socket_open(struct qm_xfrm_socket *ret);

/**
 * Takes what waits, one datagram, without waiting for one.
 *
 * @param buf	receives it, aligned to 4 bytes; holds keys, so wipe it
 * @param size	bytes of buf
 * @param ret	receives the number of bytes in buf that are to be wiped, also in the
 *				cases of -EMSGSIZE and -EREMOTE
 * @return		0; -EAGAIN for none; -ENOBUFS: the kernel had to drop some; -EMSGSIZE:
 *				it is longer than buf; -EREMOTE: it is not from the kernel; any other
 *				negative errno: the socket is of no use any more
 */
int qm_xfrm_socket_recv(const struct qm_xfrm_socket *sock, void *buf, size_t size,
						size_t *ret);

/**
 * Whether the descriptor still is the socket that was opened, and not closed, or by
 * now another file, because something in this process closed one too many.
 *
 * @return	0 or -EBADF
 */
int qm_xfrm_socket_check(const struct qm_xfrm_socket *sock);

/** Bytes that can wait, as the kernel counts them; 0 when unknown. */
uint32_t qm_xfrm_socket_rcvbuf(const struct qm_xfrm_socket *sock);

/**
 * @param ret	receives how many notifications the kernel had to drop since the socket
 *				was opened, modulo 2^32
 * @return		0 or a negative errno
 */
int qm_xfrm_socket_drops(const struct qm_xfrm_socket *sock, uint32_t *ret);

/** Closes it, unless it is not ours any more. One that is closed is fine. */
void qm_xfrm_socket_close(struct qm_xfrm_socket *sock);

#endif
