/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is kept. Private to outbox_keep.c and outbox_flight.c.
 */
#ifndef QM_OUTBOX_KEEP_PRIV_H
#define QM_OUTBOX_KEEP_PRIV_H

#include <stdbool.h>
#include <stdint.h>

#include "outbox_keep.h"

/** Records of the store that are in memory too, so that they can be sent: more than are
 * added at once, or all would be read back. */
#define QM_KEEP_WINDOW 2048

/** An SA pair, by its run and its number there. */
struct qm_keep_pair {
	uint32_t instance;
	uint32_t child_sa;
	struct qm_keep_pair *prev;
	struct qm_keep_pair *next;
};

/** The last number that an earlier run gave a record. */
struct qm_keep_numbering {
	uint32_t instance;
	uint64_t seq;
	struct qm_keep_numbering *next;
};

/** What was lost and is not told of yet. */
struct qm_keep_loss {
	uint64_t count;
	uint64_t since_ms;
	/** not committed */
	bool fresh;
};

struct qm_keep {
	struct qm_store *store;
	enum qm_durability durability;
	/** records of the store, from the first on */
	struct qm_entry_list window;
	/** the last that was loaded into the window, and whether there are more; and
	 * whether these could be read */
	uint64_t loaded;
	bool behind;
	bool unreadable;
	/** records since the last commit */
	struct qm_entry_list fresh;
	/** those up to this one have arrived and are out of the window; and how many of
	 * these the store had at its last commit */
	uint64_t done;
	uint64_t done_since;
	/** pairs that ended since the last commit */
	struct qm_keep_pair *dropped;
	/** the run whose pairs are kept, and the highest that the store may have */
	uint32_t instance;
	uint32_t highest;
	struct qm_keep_loss losses[QM_LOSS_MAX];
	struct qm_keep_numbering *numberings;
	/** negative errno, 0 while the store works; then when to try it again */
	int failing;
	uint64_t retry_at;
	uint64_t committed_ms;
	bool dirty;
	bool stopped;
	bool stale;
	bool full;
	/** records that were in memory or in the store, and are not to be had any more */
	uint64_t overflow;
	/** what is being read; here for its size */
	struct qm_stored stored;
};

/** Whether the store takes anything; what it does not take is in memory. */
static inline bool qm_keep_works(const struct qm_keep *keep)
{
	return !keep->failing;
}

/** After something was asked of the store. */
void qm_keep_check(struct qm_keep *keep, int r);

/** Drops what has arrived, of the store's records up to the first that has not. */
void qm_keep_advance(struct qm_keep *keep);

#endif
