/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who asked for a change, as far as the kernel's notification tells.
 *
 * A notification has in nlmsg_pid what the requester wrote into that field of its
 * request (c.portid = nlh->nlmsg_pid in net/xfrm/xfrm_user.c), not what its socket
 * is bound to. What programs write there: strongSwan its process id, whatever the
 * port ids of its sockets (kernel_netlink_shared.c, 5.9 and 6); libnl and others
 * the port id of the socket, which the kernel made the process id for the first
 * socket of a process and a random number for further ones; iproute2 nothing. So it
 * is a claim: good to tell our own changes from others', no proof against a
 * requester with CAP_NET_ADMIN that lies, or that has the same id in another pid
 * namespace.
 *
 * Our own are the process id, that of any of our threads, and the port id of any
 * XFRM socket that this process has open. One thread uses an actor cache.
 */
#ifndef QM_XFRM_ACTOR_H
#define QM_XFRM_ACTOR_H

#include <stdint.h>

/** Bytes of the kernel's name of a process, with the terminating NUL. */
#define QM_XFRM_COMM_MAX 16
/** Port ids remembered. */
#define QM_XFRM_ACTORS 8

enum qm_xfrm_actor_kind {
	/** the change was not notified, only found */
	QM_XFRM_ACTOR_UNKNOWN,
	/** this process */
	QM_XFRM_ACTOR_OWN,
	/** another process: port, and pid and comm if it could be found */
	QM_XFRM_ACTOR_OTHER,
	/** a process that did not say who it is, as iproute2 does not */
	QM_XFRM_ACTOR_UNNAMED,
	/** the kernel by itself, at a limit of the SA */
	QM_XFRM_ACTOR_KERNEL,
	QM_XFRM_ACTOR_KIND_MAX,
};

struct qm_xfrm_actor {
	enum qm_xfrm_actor_kind kind;
	/** what the requester called itself, 0 for nothing */
	uint32_t port;
	/** its process id, 0 if there is no process that has the port id for one */
	int32_t pid;
	/** name of that process, any bytes but NUL; "" when pid is 0 */
	char comm[QM_XFRM_COMM_MAX];
};

/** What was found lately, so that a thousand changes cost one look into /proc. */
struct qm_xfrm_actors {
	struct {
		struct qm_xfrm_actor actor;
		/** CLOCK_MONOTONIC, milliseconds: not valid after that */
		uint64_t until_ms;
	} known[QM_XFRM_ACTORS];
	/** the one to be replaced next */
	unsigned next;
};

/**
 * Finds out who has a port id, from /proc.
 *
 * @param actors	zeroed before the first use; nothing in it is to be freed
 * @param port		of a notification; 0 gives UNNAMED
 * @param now_ms	CLOCK_MONOTONIC, milliseconds
 */
struct qm_xfrm_actor qm_xfrm_actor_find(struct qm_xfrm_actors *actors, uint32_t port,
										uint64_t now_ms);

#endif
