/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mirror: what IPsec SAs and policies the kernel has, and what becomes of them.
 *
 * It hears the kernel's notifications, keeps a table, and tells its user each
 * change once, with the final counters where the kernel gives them. It subscribes
 * first and dumps then; a notification about an SA weighs more than what a dump says
 * of it. When something may have been missed (the receive buffer overran, a message
 * could not be understood, the socket broke) it says so, dumps again, and tells what
 * has changed meanwhile. It sees the network namespace in which it was made.
 *
 * What it can miss without knowing: the kernel does not say when it has no memory
 * for a notification, nor that an SPI was allocated (a larval SA), nor that SAs went
 * with a network device; so have it compare now and then: compare_ms, or
 * qm_mirror_compare().
 *
 * One thread runs it, the one that calls qm_mirror_run(): all calls back come from
 * there, and may take their time, while notifications wait in the receive buffer.
 * What bounds it: the number of SAs and of policies. It logs nothing.
 */
#ifndef QM_MIRROR_H
#define QM_MIRROR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "xfrm_actor.h"
#include "xfrm_msg.h"

struct qm_mirror;

enum qm_mirror_event_kind {
	/** an SA is there: sa, larval, by; for one that was larval, once more when it is
	 * whole */
	QM_MIRROR_SA_ADDED,
	/** source, reqid, mode, or encapsulation of an SA changed: sa, by; of one that is
	 * found it may be that another took its place */
	QM_MIRROR_SA_CHANGED,
	/** an SA is gone: sa, end, known, by */
	QM_MIRROR_SA_REMOVED,
	/** the same of policies: policy, end, by */
	QM_MIRROR_POLICY_ADDED,
	QM_MIRROR_POLICY_CHANGED,
	QM_MIRROR_POLICY_REMOVED,
	/** from here on changes may be missing: resync */
	QM_MIRROR_RESYNC_BEGIN,
	/** as many dumps failed as the user set: resync; more will be tried */
	QM_MIRROR_RESYNC_FAILED,
	/** nothing is missing any more; what had been missed was told since BEGIN, with
	 * `found`: resync */
	QM_MIRROR_RESYNC_END,
	QM_MIRROR_EVENT_KIND_MAX,
};

/** How an SA or policy ended. */
enum qm_mirror_end {
	/** it has not */
	QM_MIRROR_END_NONE,
	/** deleted by name; SAs have their final counters */
	QM_MIRROR_END_DELETED,
	/** deleted with all others; counters are not known */
	QM_MIRROR_END_FLUSHED,
	/** reached a hard limit; SAs have their final counters */
	QM_MIRROR_END_EXPIRED,
	/** found to be gone, or to have been replaced; counters are not known */
	QM_MIRROR_END_VANISHED,
	QM_MIRROR_END_MAX,
};

/** Why the mirror compares its table with the kernel's. */
enum qm_mirror_cause {
	/** it has just been made */
	QM_MIRROR_CAUSE_START,
	/** the kernel had to drop notifications */
	QM_MIRROR_CAUSE_OVERRUN,
	/** a notification was cut off or could not be understood */
	QM_MIRROR_CAUSE_MALFORMED,
	/** the socket broke, or was closed */
	QM_MIRROR_CAUSE_SOCKET,
	/** something changed in a way that notifications do not tell in full: SAs got
	 * other addresses, or an update has another source, reqid, mode, mark or interface
	 * id than the SA */
	QM_MIRROR_CAUSE_UNCLEAR,
	/** there was no memory, or no room, for an SA or policy */
	QM_MIRROR_CAUSE_MEMORY,
	/** qm_mirror_compare(), or compare_ms */
	QM_MIRROR_CAUSE_ASKED,
	QM_MIRROR_CAUSE_MAX,
};

/** A time in which changes may be missed, and what was found at its end. */
struct qm_mirror_resync {
	/** what began it; ASKED and UNCLEAR give way to a loss that comes later */
	enum qm_mirror_cause cause;
	/** 0, or the negative errno that began it; of FAILED, that of the last dump */
	int error;
	/** dumps begun so far */
	uint32_t attempts;
	/** notifications that the kernel dropped since the last END, as far as it says */
	uint64_t dropped;
	/** what only a dump showed; at the first END all SAs and policies */
	uint32_t sas_added;
	uint32_t sas_changed;
	uint32_t sas_removed;
	uint32_t policies_added;
	uint32_t policies_changed;
	uint32_t policies_removed;
};

/** Something that the mirror tells. What is not of its kind is 0 or NULL. */
struct qm_mirror_event {
	enum qm_mirror_event_kind kind;
	/** how it ended */
	enum qm_mirror_end end;
	/** seen in a dump, or missed in one, and not notified */
	bool found;
	/** SA_REMOVED: SA_ADDED was told before. If not, it came and went unseen, or was
	 * larval */
	bool known;
	/** the SA is, or was, no more than a reserved SPI */
	bool larval;
	/** who did it */
	struct qm_xfrm_actor by;
	/** as the kernel described it; without QM_XFRM_HAS_INFO what the table has: id,
	 * src, reqid, mode, flags, encap, and counters.add_time */
	const struct qm_xfrm_sa *sa;
	/** the same; without QM_XFRM_HAS_POLICY only index, dir, type and if_id, and the
	 * first template's reqid in tmpl[0] */
	const struct qm_xfrm_policy *policy;
	const struct qm_mirror_resync *resync;
};

/**
 * Is told of an event, in the mirror's thread. May call qm_mirror_find(),
 * qm_mirror_each() and what is for any thread, nothing else of the mirror.
 *
 * @param user		as in the configuration
 * @param event		valid during the call
 */
typedef void (*qm_mirror_tell_t)(void *user, const struct qm_mirror_event *event);

struct qm_mirror_config {
	/** bytes of notifications that can wait; 0 for 8 MiB */
	int rcvbuf;
	/** SAs it can keep, and policies; 0 for 1 048 575 of each, which is the most */
	uint32_t max_sas;
	uint32_t max_policies;
	/** milliseconds between a dump that failed and the next, doubled each time up to
	 * retry_max_ms; 0 for 100 and 30 000. Also the pause before the dump of a second
	 * gap within ten times as long of the first one's end, doubled with each more */
	uint32_t retry_ms;
	uint32_t retry_max_ms;
	/** dumps that fail until RESYNC_FAILED is told; 0 for 8 */
	uint32_t retries;
	/** milliseconds from one complete dump to a comparison that nobody asked for; 0
	 * for none */
	uint32_t compare_ms;
	/** told of every event */
	qm_mirror_tell_t tell;
	/** passed to tell */
	void *user;
};

/** How the mirror fares. */
struct qm_mirror_stats {
	/** nothing is missing, as far as it can know */
	bool synced;
	/** in the table, larval ones too */
	uint32_t sas;
	uint32_t policies;
	/** bytes of the table of SAs */
	uint64_t sa_bytes;
	/** bytes that can wait, as the kernel granted and counts them */
	uint32_t rcvbuf;
	/** notifications taken */
	uint64_t messages;
	/** datagrams that were not from the kernel, and were not believed */
	uint64_t foreign;
	/** times the kernel had to drop notifications, and how many */
	uint64_t overruns;
	uint64_t dropped;
	/** notifications cut off or not understood */
	uint64_t malformed;
	/** RESYNC_END told, and dumps that failed */
	uint64_t resyncs;
	uint64_t failures;
};

/**
 * Opens the socket; changes from here on will be told.
 *
 * @param ret		receives the mirror, to be freed by qm_mirror_free()
 * @param config	copied
 * @return			0; -EPROTONOSUPPORT for a kernel without XFRM, -EPERM without
 *					CAP_NET_ADMIN, other negative errno
 */
int qm_mirror_new(struct qm_mirror **ret, const struct qm_mirror_config *config);

/**
 * Works until qm_mirror_stop(): first tells what is there, between a RESYNC_BEGIN
 * and a RESYNC_END, then what changes. Whatever breaks meanwhile is told and mended
 * in here.
 *
 * @return	0 when stopped, or the negative errno of poll(); it can be called again and
 *			goes on where it was
 */
int qm_mirror_run(struct qm_mirror *mirror);

/**
 * Has qm_mirror_run() return soon, or the next one if none runs: it takes what waits,
 * if that is not without end, and returns. For any thread.
 */
void qm_mirror_stop(struct qm_mirror *mirror);

/**
 * Has the table compared with the kernel's, soon and by a dump that begins after this
 * call. For any thread.
 */
void qm_mirror_compare(struct qm_mirror *mirror);

/** For any thread; values of one call may be of different moments. */
struct qm_mirror_stats qm_mirror_stats(const struct qm_mirror *mirror);

/**
 * Finds an SA in the table. For the mirror's thread.
 *
 * @param ret		receives what the table has of it, see qm_mirror_event.sa
 * @param larval	receives whether it is no more than a reserved SPI; may be NULL
 * @return			0 or -ENOENT
 */
int qm_mirror_find(const struct qm_mirror *mirror, const struct qm_xfrm_id *id,
				   struct qm_xfrm_sa *ret, bool *larval);

/**
 * Visits all SAs in the table, in no order. For the mirror's thread.
 *
 * @param visit	gets `user` and what qm_mirror_find() gives; ends the visit with a
 *				result other than 0
 * @return		0, or that result
 */
int qm_mirror_each(const struct qm_mirror *mirror,
				   int (*visit)(void *user, const struct qm_xfrm_sa *sa, bool larval),
				   void *user);

/**
 * Counts policies in the table. For the mirror's thread.
 *
 * @param dir	XFRM_POLICY_IN, _OUT, _FWD
 * @param reqid	of the first template; 0 for all
 */
uint32_t qm_mirror_count_policies(const struct qm_mirror *mirror, uint8_t dir,
								  uint32_t reqid);

/** Frees a mirror that does not run. NULL is fine. @return NULL */
struct qm_mirror *qm_mirror_free(struct qm_mirror *mirror);

#endif
