/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of the mirror share. mirror.c is its thread's loop, mirror_sync.c
 * compares the tables with dumps, mirror_sas.c and mirror_policies.c are the tables
 * and what happens to them.
 */
#ifndef QM_MIRROR_PRIV_H
#define QM_MIRROR_PRIV_H

#include <stdatomic.h>
#include <stddef.h>
#include <sys/types.h>

#include "mirror.h"
#include "xfrm_map.h"
#include "xfrm_socket.h"

/** Bytes of a datagram. The kernel's dumps come in up to 32 KiB, as it is willing to
 * believe in large buffers (netlink_recvmsg()); notifications are far smaller. */
#define QM_MIRROR_BUFFER (64 * 1024)

enum qm_mirror_phase {
	/** nothing is missing */
	QM_MIRROR_SYNCED,
	/** something is; the next dump begins at retry_at_ms */
	QM_MIRROR_WAITING,
	/** a dump of this is being read */
	QM_MIRROR_DUMPING_SAS,
	QM_MIRROR_DUMPING_POLICIES,
};

/** What an entry stands for. */
enum qm_mirror_state {
	/** an SA or policy */
	QM_MIRROR_LIVE,
	/** an SPI that was reserved: the kernel notifies neither that it is nor that an SA
	 * takes its place */
	QM_MIRROR_LARVAL,
	/** one that ended during a dump, which may have it yet */
	QM_MIRROR_ENDED,
};

/** An SA in the table. */
struct qm_mirror_sa {
	struct qm_xfrm_link link;
	struct qm_xfrm_id id;
	uint8_t src[16];
	uint32_t reqid;
	/** seconds since the epoch, good until 2106 */
	uint32_t add_time;
	/** in host byte order, 0 for none */
	uint16_t sport;
	uint16_t dport;
	/** number of the last dump in which, or since which, it was seen */
	uint16_t seen;
	/** 0 for none: they are few, and small numbers */
	uint8_t encap_type;
	uint8_t mode;
	uint8_t flags;
	/** enum qm_mirror_state */
	uint8_t state;
};

_Static_assert(sizeof(struct qm_mirror_sa) == 80, "an SA takes little memory");

/** A policy in the table. */
struct qm_mirror_policy {
	struct qm_xfrm_link link;
	uint32_t index;
	uint32_t if_id;
	/** of the first template */
	uint32_t reqid;
	uint16_t seen;
	uint8_t dir;
	uint8_t type;
	/** enum qm_mirror_state, never LARVAL */
	uint8_t state;
};

struct qm_mirror_counters {
	_Atomic bool synced;
	_Atomic uint32_t sas;
	_Atomic uint32_t policies;
	_Atomic uint64_t sa_bytes;
	_Atomic uint32_t rcvbuf;
	_Atomic uint64_t messages;
	_Atomic uint64_t foreign;
	_Atomic uint64_t overruns;
	_Atomic uint64_t dropped;
	_Atomic uint64_t malformed;
	_Atomic uint64_t resyncs;
	_Atomic uint64_t failures;
};

struct qm_mirror {
	struct qm_mirror_config config;
	/** eventfd that ends a wait of the thread; -1 once something else closed it */
	_Atomic int wake_fd;
	/** what tells it from another file that has its number by then */
	dev_t wake_dev;
	ino_t wake_ino;
	_Atomic bool stopped;
	_Atomic bool asked;
	/** qm_mirror_run() was called before */
	bool started;
	/** hears notifications */
	struct qm_xfrm_socket live;
	/** a dump, open in the phases that read one */
	struct qm_xfrm_socket dump;
	/** of struct qm_mirror_sa and of struct qm_mirror_policy */
	struct qm_xfrm_map sas;
	struct qm_xfrm_map policies;
	struct qm_xfrm_actors actors;
	enum qm_mirror_phase phase;
	/** the kernel has told all of the dump that is open */
	bool dump_done;
	/** no notification waits that was sent before the flag was last cleared. Only
	 * then the kernel tells again of any that it drops: after an overrun it drops all
	 * without a word until the buffer is empty (NETLINK_S_CONGESTED) */
	bool drained;
	/** number of the last dump, compared with `seen` */
	uint16_t number;
	/** dumps that failed since RESYNC_BEGIN */
	uint32_t failures;
	/** gaps that nobody asked for, each soon after the one before */
	uint32_t storm;
	/** when the last gap ended, like retry_at_ms */
	uint64_t synced_at_ms;
	/** CLOCK_MONOTONIC, milliseconds: when to begin a dump, or to give it up */
	uint64_t retry_at_ms;
	uint64_t give_up_ms;
	/** the same: when to compare; set when `phase` becomes SYNCED */
	uint64_t compare_at_ms;
	/** drops of the socket that were counted before */
	uint32_t drops;
	struct qm_mirror_resync resync;
	struct qm_mirror_counters counters;
	/** bytes of the buffer that may hold keys, and are wiped at the end of each turn */
	size_t dirty;
	_Alignas(max_align_t) uint8_t buffer[QM_MIRROR_BUFFER];
};

/* mirror.c */

/** CLOCK_MONOTONIC in milliseconds. */
uint64_t qm_mirror_now_ms(void);

/** Tells the user, and counts what is found. */
void qm_mirror_tell(struct qm_mirror *mirror, const struct qm_mirror_event *event);

/** Who has a port id. */
struct qm_xfrm_actor qm_mirror_actor(struct qm_mirror *mirror, uint32_t port);

/**
 * Takes a datagram.
 *
 * @param take	called for each message in it
 * @return		as qm_xfrm_socket_recv(), or -EBADMSG if a message was not understood
 */
int qm_mirror_receive(struct qm_mirror *mirror, const struct qm_xfrm_socket *sock,
					  void (*take)(struct qm_mirror *mirror,
								   const struct qm_xfrm_msg *msg));

/* mirror_sync.c */

/** Opens the socket for notifications. @return 0 or a negative errno */
int qm_mirror_listen(struct qm_mirror *mirror);

/** Something may have been missed: tells so, and has a dump begin. */
void qm_mirror_gap(struct qm_mirror *mirror, enum qm_mirror_cause cause, int error);

/** Counts notifications that the kernel dropped by now. */
void qm_mirror_count_drops(struct qm_mirror *mirror);

/** Begins what is due: a dump, the socket anew, giving up a dump that does not come. */
void qm_mirror_advance(struct qm_mirror *mirror);

/** Reads what there is of the dump, in turns with notifications. */
void qm_mirror_read_dump(struct qm_mirror *mirror);

/** Whether a dump is to be read. */
bool qm_mirror_dumping(const struct qm_mirror *mirror);

/** Milliseconds until qm_mirror_advance() may have something to do, at most `max`. */
int qm_mirror_wait_ms(const struct qm_mirror *mirror, int max);

/* mirror_sas.c */

/** Takes a notification about SAs. */
void qm_mirror_take_sa(struct qm_mirror *mirror, const struct qm_xfrm_msg *msg);

/** Takes an SA of a dump. */
void qm_mirror_take_dumped_sa(struct qm_mirror *mirror, const struct qm_xfrm_sa *sa);

/** A dump is complete: what it did not have is gone. */
void qm_mirror_sweep_sas(struct qm_mirror *mirror);

/** A dump is given up: what ended meanwhile need not be kept for it any more. */
void qm_mirror_forget_ended_sas(struct qm_mirror *mirror);

/* mirror_policies.c, the same */

void qm_mirror_take_policy(struct qm_mirror *mirror, const struct qm_xfrm_msg *msg);

void qm_mirror_take_dumped_policy(struct qm_mirror *mirror,
								  const struct qm_xfrm_policy *policy);

void qm_mirror_sweep_policies(struct qm_mirror *mirror);

void qm_mirror_forget_ended_policies(struct qm_mirror *mirror);

#endif
