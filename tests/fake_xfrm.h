/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's XFRM as a test wants it: what the mirror's sockets give. Programs are
 * linked with -Wl,--wrap for every function of netlink/xfrm_socket.h and for
 * clock_gettime(); while no fake is begun, the real ones are called.
 *
 * One thread: a test queues notifications and dumps, then has the mirror run.
 */
#ifndef QM_FAKE_XFRM_H
#define QM_FAKE_XFRM_H

#include <stddef.h>
#include <stdint.h>

#include "xfrm_craft.h"

/** Begins anew, with nothing queued: dumps are empty. */
void fake_xfrm_begin(void);
/** Ends it. Checks that the mirror closed what it opened. */
void fake_xfrm_end(void);

/** Queues a datagram of notifications. */
void fake_xfrm_notify(const struct craft *craft);
/** Queues an SA, XFRM_MSG_NEWSA or XFRM_MSG_UPDSA, or that one was deleted. */
void fake_xfrm_notify_sa(int type, uint32_t port, const struct craft_sa *sa);
void fake_xfrm_notify_deleted(uint32_t port, const struct craft_sa *sa);
/** Queues a negative errno to be received in place of a notification. */
void fake_xfrm_fail(int error);
/** Has the kernel count dropped notifications. */
void fake_xfrm_drop(uint32_t count);

/**
 * Sets a datagram of the next dump of SAs that begins, or of policies; those of one
 * dump are queued one after the other. A dump ends by NLMSG_DONE on its own unless
 * fake_xfrm_dump_end() says how.
 *
 * @param type	XFRM_MSG_GETSA or XFRM_MSG_GETPOLICY
 * @param craft	copied
 */
void fake_xfrm_dump(int type, const struct craft *craft);
/** Sets a datagram with an SA, or with a policy; flags besides NLM_F_MULTI. */
void fake_xfrm_dump_sa(const struct craft_sa *sa, int flags);
void fake_xfrm_dump_policy(const struct craft_policy *policy);
/** Has it end as any dump does, with nothing set from here on. */
void fake_xfrm_dump_done(int type);
/** Has it end by an error to be received, or by this datagram and nothing else. */
void fake_xfrm_dump_error(int type, int error);
void fake_xfrm_dump_end(int type, const struct craft *craft);
/** The dump that was set is complete; what is set from here on is of the next one. */
void fake_xfrm_dump_next(int type);
/** Called when a dump of that type begins to be read, once: to have things happen. */
void fake_xfrm_on_dump(int type, void (*call)(void));

/** A kernel that makes up its datagrams when they are received. */
struct fake_kernel {
	/** receives a notification, as qm_xfrm_socket_recv() */
	int (*recv)(void *buf, size_t size, size_t *ret);
	/** begins a dump, and receives a datagram of it: of SAs, then of policies */
	void (*begin_dump)(int type);
	int (*recv_dump)(void *buf, size_t size, size_t *ret);
};

/** Has notifications and dumps come from it, and not from what was queued. */
void fake_xfrm_set_kernel(const struct fake_kernel *kernel);

/** Has the next openings of the socket for notifications, or of dumps, fail. */
void fake_xfrm_fail_listen(int error, unsigned times);
void fake_xfrm_fail_dump(int error, unsigned times);
/** Has the socket for notifications look as if another file had its number. */
void fake_xfrm_lose_socket(void);

/** Has so much of CLOCK_MONOTONIC pass each time that no notification is there. */
void fake_xfrm_tick(uint64_t ms);
/** Has so much of it pass now. */
void fake_xfrm_pass(uint64_t ms);
/** Ticks that had passed when the nth dump of SAs, from 0, was tried, in ms. */
uint64_t fake_xfrm_tried_ms(unsigned nth);

/** Notifications that were not received yet when a dump was asked for, at most. */
size_t fake_xfrm_unread_at_dump(void);

/** Openings so far that succeeded. */
unsigned fake_xfrm_listens(void);
unsigned fake_xfrm_dumps(int type);

#endif
