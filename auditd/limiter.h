/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The flood limiter: what anybody on the network can cause without end is
 * written in full now and then, and counted the rest of the time.
 *
 * A token bucket for each source (IPv4 address, IPv6 /64) and one for all; an
 * observation needs a token of both to be written. The buckets begin full, so
 * the first observation of a source is written as long as that of all sources
 * together is within bounds. What is held back is counted by source, and handed
 * out as summaries from time to time. No count is ever dropped: a source that
 * has to make room for another adds its count to that of the unnamed ones. The
 * sum of what was admitted and of the counts of all summaries is the number of
 * observations.
 *
 * What bounds it: a table of a fixed number of sources, taken at the start;
 * nothing takes longer because there are many of them. It does no I/O, is told
 * the time, and takes no lock: one thread at a time may use it.
 */
#ifndef QM_LIMITER_H
#define QM_LIMITER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "clock.h"
#include "facts.h"
#include "packet.h"

struct qm_limiter;

/** What is limited. Each has counts of its own; they share the buckets. */
enum qm_limit_kind {
	/** invalid packets: 4977 */
	QM_LIMIT_PACKET,
	/** failed negotiations of peers that never authenticated: 4654 */
	QM_LIMIT_NEGOTIATION,
	QM_LIMIT_KIND_MAX,
};

/** How much is written. */
struct qm_limiter_rates {
	/** records a minute, and at once, of one source; 0 for no limit at all */
	uint32_t source;
	/** records a minute, and at once, of all sources; 0 for no limit of their sum */
	uint32_t total;
	/** milliseconds that a count may wait for its summary, > 0 */
	uint32_t interval_ms;
};

/** Observations that were held back. */
struct qm_summary {
	/** what they all are */
	enum qm_limit_kind kind;
	/** how many, > 0 */
	uint64_t count;
	/** the earliest and the latest time of any, milliseconds since the epoch */
	uint64_t since_ms;
	uint64_t last_ms;
	/** the source: the address if all came from one (the port too if it was always
	 * the same, else 0), the /64 prefix with zeros after it if from several;
	 * unknown (family 0) for the unnamed, which may be of many sources */
	struct qm_addr source;
	/** QM_LIMIT_PACKET: the same of all, or SEVERAL */
	enum qm_fault fault;
	/** the same of all, or UNKNOWN */
	enum qm_tristate authenticated;
};

/**
 * Makes a limiter in which nothing has been counted and all buckets are full.
 *
 * @param ret		receives the limiter, to be freed by qm_limiter_free()
 * @param sources	sources it can tell apart, at least 1
 * @param rates		in force from the start
 * @return			0, -EINVAL, -ENOMEM
 */
int qm_limiter_new(struct qm_limiter **ret, size_t sources,
				   const struct qm_limiter_rates *rates);

/**
 * Whether an observation is to be written in full; if not, it has been counted.
 *
 * @param source	who caused it; unknown (any family but AF_INET and AF_INET6)
 *					is a source as well
 * @param fault		QM_LIMIT_PACKET: what is wrong; otherwise UNKNOWN
 * @param now		a monotonic time before the latest that the limiter was told
 *					counts as that
 */
bool qm_limiter_admit(struct qm_limiter *limiter, enum qm_limit_kind kind,
					  const struct qm_addr *source, enum qm_fault fault,
					  enum qm_tristate authenticated, struct qm_time now);

/** Counts an observation that was admitted and could not be written after all. */
void qm_limiter_hold(struct qm_limiter *limiter, enum qm_limit_kind kind,
					 const struct qm_addr *source, enum qm_fault fault,
					 enum qm_tristate authenticated, struct qm_time now);

/**
 * Hands out the next summary; to be called until there is none.
 *
 * A count is handed out when the first observation in it has waited for the
 * interval. Those of named sources need a token of all sources together, and
 * are added to those of the unnamed where there is none. Of the unnamed there is
 * one summary of each kind in an interval: so the summaries are within bounds
 * too, and none waits for more than two intervals.
 *
 * @param all	hand out what has been counted however young it is
 * @param ret	receives the summary, is left alone if there is none
 * @return		false if there is nothing to hand out
 */
bool qm_limiter_take(struct qm_limiter *limiter, struct qm_time now, bool all,
					 struct qm_summary *ret);

/** Observations counted and not handed out. */
uint64_t qm_limiter_held(const struct qm_limiter *limiter);

/** Observations counted since the start, whether handed out or not. */
uint64_t qm_limiter_counted(const struct qm_limiter *limiter);

/**
 * Puts other rates in force; counts stay, and are handed out also when there is
 * no limit any more. A bucket lacks what it lacked before, but not more than it
 * can hold now; one that had no limit is full.
 *
 * @param rates		in force from the latest time that the limiter was told
 */
void qm_limiter_set_rates(struct qm_limiter *limiter,
						  const struct qm_limiter_rates *rates);

/** Frees the limiter with what it has counted. NULL is fine. @return NULL */
struct qm_limiter *qm_limiter_free(struct qm_limiter *limiter);

#endif
