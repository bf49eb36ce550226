/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the outbox keeps: records on their way out and SA pairs that are open, in the
 * store, and of the records the next ones to send also in memory. While the store
 * fails all is kept in memory alone, and given to it once it works again. Private to
 * the outbox.
 */
#ifndef QM_OUTBOX_KEEP_H
#define QM_OUTBOX_KEEP_H

#include "clock.h"
#include "event.h"
#include "outbox_list.h"
#include "store.h"

struct qm_keep;

/**
 * @param ret	receives it, to be freed by qm_keep_free()
 * @param store	owned from now on, also on failure
 * @return		0 or -ENOMEM
 */
int qm_keep_new(struct qm_keep **ret, struct qm_store *store,
				enum qm_durability durability);

/** As qm_outbox_next_seq(), qm_outbox_add() and so on. */
int qm_keep_next_seq(struct qm_keep *keep, uint32_t instance, uint64_t *ret);
int qm_keep_add(struct qm_keep *keep, uint32_t instance, uint64_t seq,
				const struct qm_record *record);
int qm_keep_earlier_sas(struct qm_keep *keep,
						void (*each)(void *user, const struct qm_open_sa *sa), void *user,
						uint64_t *ret_bad);
void qm_keep_sa(struct qm_keep *keep, const struct qm_open_sa *sa);
void qm_keep_drop_sa(struct qm_keep *keep, uint32_t instance, uint32_t child_sa);
void qm_keep_set_loss(struct qm_keep *keep, enum qm_loss_cause cause, uint64_t count,
					  uint64_t since_ms);
bool qm_keep_take_stale(struct qm_keep *keep);

/** Records since the last call that there was no room for after all, or that the store
 * has damaged. @return how many */
uint64_t qm_keep_take_overflow(struct qm_keep *keep);

/** Keeps what has been said since the last call. */
void qm_keep_commit(struct qm_keep *keep, struct qm_time now);

/** Whether so much was said since the last commit that another one is due. */
bool qm_keep_is_crowded(const struct qm_keep *keep);

/** The daemon stops as it should: to be committed. */
void qm_keep_stop(struct qm_keep *keep);

/** The next record to send, or NULL. */
struct qm_entry *qm_keep_next(struct qm_keep *keep);

/** Whether the store has more than can be on their way at once. */
bool qm_keep_has_more(const struct qm_keep *keep);

/** The first record that was sent and has not arrived, or NULL. */
struct qm_entry *qm_keep_oldest_sent(const struct qm_keep *keep);

/** A record has arrived, see qm_entry_arrived(). */
bool qm_keep_arrived(struct qm_keep *keep, uint64_t mark);

/** All that were sent have arrived. @return how many */
uint64_t qm_keep_all_arrived(struct qm_keep *keep);

/** What was sent and has not arrived is to be sent again. */
void qm_keep_unsend(struct qm_keep *keep);

/** What was sent is on its way only since now, CLOCK_MONOTONIC in ms. */
void qm_keep_touch(struct qm_keep *keep, uint64_t now_ms);

/** A record is not to be sent any more. */
void qm_keep_give_up(struct qm_keep *keep, struct qm_entry *entry);

/** Records that have not arrived, and those of them that were sent. */
uint64_t qm_keep_waiting(const struct qm_keep *keep);
uint64_t qm_keep_in_flight(const struct qm_keep *keep);

/** What keeping outlives now. */
enum qm_durability qm_keep_durability(const struct qm_keep *keep);

/** Why the store fails, a negative errno, or 0; and a text that says so. */
int qm_keep_failing(const struct qm_keep *keep);
const char *qm_keep_error(const struct qm_keep *keep);

/** Whether another record could be kept, in more than memory. */
bool qm_keep_has_room(const struct qm_keep *keep);

/** Frees it, and closes the store. NULL is fine. @return NULL */
struct qm_keep *qm_keep_free(struct qm_keep *keep);

#endif
