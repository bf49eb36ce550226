/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must outlive the daemon, in an SQLite database in the state directory:
 * the number of its start, the SA pairs that are open, and the records that are
 * not known to have reached auditd. One thread owns a store.
 *
 * Changes collect in a transaction until qm_store_commit(); what follows
 * from them (sending a record) is done after that. What fails, but for -EDQUOT and
 * -ENOENT, undoes all since the last commit, and the store can be used on. Where the
 * database turns out to be damaged, all fails (-EILSEQ) until it is opened again.
 */
#ifndef QM_STORE_H
#define QM_STORE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event.h"
#include "record.h"

/** Bytes of an error message, with the NUL: a path and what is wrong with it. */
#define QM_STORE_ERROR_MAX (2 * PATH_MAX + 256)

struct qm_store;

struct qm_store_config {
	/** state directory, of which only the last component is made; unused for
	 * QM_DURABLE_NONE */
	const char *dir;
	enum qm_durability durability;
	/** records that may wait, and the bytes of their bodies; 0 for no limit */
	uint64_t max_records;
	uint64_t max_bytes;
};

/** What qm_store_open() found. */
struct qm_store_start {
	/** number of this start on this host, from 1 */
	uint32_t instance;
	enum qm_last_run last;
	/** when it was last known to live, ms since the epoch; 0 when not known */
	uint64_t last_alive_ms;
	/** a file that could not be used was renamed: error says why and to what */
	bool set_aside;
	/** losses that no record tells of yet, by cause; count 0 for none */
	struct qm_count lost[QM_LOSS_MAX];
	uint64_t lost_since_ms[QM_LOSS_MAX];
};

/** A record that waits. */
struct qm_stored {
	/** ascending in the order of qm_store_add(), never used again */
	uint64_t id;
	struct qm_record record;
};

/**
 * Opens the store, or makes it, and counts a start of the daemon. The new number is
 * on disk before this returns.
 *
 * A database that is damaged, foreign or of a newer version is renamed (with what
 * belongs to it) and a new one begun. Makes the directory (0700) and the files (0600).
 * What is open already, here or in another process, is refused (-EBUSY), for as long as
 * it is. Where the number of the last start cannot be read, the time is the next, in
 * seconds since the epoch.
 *
 * @param ret	receives the store, to be freed by qm_store_close()
 * @param start	receives what was found
 * @param error	receives what failed, on what, why, and what to do; "" where nothing did
 * @return		0, or a negative errno: then nothing is open, and a store with
 *				QM_DURABLE_NONE serves instead
 */
int qm_store_open(struct qm_store **ret, const struct qm_store_config *config,
				  struct qm_store_start *start, char error[QM_STORE_ERROR_MAX]);

/** What failed, on what, why, and what to do; "" once something succeeded; never NULL. */
const char *qm_store_error(const struct qm_store *store);

/**
 * Takes the next record number of an earlier run, which has SA pairs here.
 *
 * @return	0, -ENOENT when nothing is known of that run, else a negative errno
 */
int qm_store_next_seq(struct qm_store *store, uint32_t instance, uint64_t *ret);

/**
 * Adds a record that is to be sent.
 *
 * @param instance	run that numbers it
 * @param seq		its number there
 * @param ret_id	receives its id
 * @return			0; -EDQUOT when as many wait as may (then nothing changed, and the
 *					transaction goes on); else a negative errno, -ENOSPC where the
 *					disk is full
 */
int qm_store_add(struct qm_store *store, uint32_t instance, uint64_t seq,
				 const struct qm_record *record, uint64_t *ret_id);

/**
 * Forgets records that have arrived, all ids up to this one.
 *
 * @return	0 or a negative errno
 */
int qm_store_remove(struct qm_store *store, uint64_t up_to_id);

/**
 * Reads the first record with an id above this one, committed or not.
 *
 * @return	0, -ENOENT when there is none, -EILSEQ for one that cannot be read (ret->id
 *			is set then), else a negative errno, -EIO where the database is damaged
 */
int qm_store_next(struct qm_store *store, uint64_t after_id, struct qm_stored *ret);

/** Records that wait, and bytes of their bodies. */
void qm_store_waiting(const struct qm_store *store, uint64_t *ret_records,
					  uint64_t *ret_bytes);

/** Keeps an SA pair, or what is new of it. @return 0 or a negative errno */
int qm_store_keep_sa(struct qm_store *store, const struct qm_open_sa *sa);

/** An SA pair has ended. @return 0, also when it is not there, or a negative errno */
int qm_store_drop_sa(struct qm_store *store, uint32_t instance, uint32_t child_sa);

/**
 * Reads the open SA pairs of earlier runs, in the order in which they were kept.
 *
 * @param each	called for each; must not call the store
 * @param bad	receives how many could not be read; they are forgotten
 * @return		0 or a negative errno
 */
int qm_store_earlier_sas(struct qm_store *store,
						 void (*each)(void *user, const struct qm_open_sa *sa),
						 void *user, uint64_t *bad);

/** Keeps a count of what was lost and is not told of yet; 0 once it is. */
int qm_store_set_loss(struct qm_store *store, enum qm_loss_cause cause, uint64_t count,
					  uint64_t since_ms);

/**
 * Ends the transaction, if there is one; then all before is kept, as far as the
 * durability says.
 *
 * @param now_ms	the daemon lives, ms since the epoch
 * @return			0, or a negative errno: then nothing of it is kept (-ENOSPC, -EIO,
 *					-EBUSY …), and the store can be used on
 */
int qm_store_commit(struct qm_store *store, uint64_t now_ms);

/** The daemon stops as it should: to be committed. @return 0 or a negative errno */
int qm_store_mark_stopped(struct qm_store *store);

/** Closes the store, without committing. NULL is fine. @return NULL */
struct qm_store *qm_store_close(struct qm_store *store);

#endif
