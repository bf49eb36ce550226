/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way of records out. Each is kept in the store before it is sent, sent in order
 * while somebody listens, and kept until it has arrived: seen in auditd's log, or
 * where that cannot be read, acknowledged by the kernel while auditd was there. What
 * did not arrive is sent again with the same number. One thread owns an outbox.
 */
#ifndef QM_OUTBOX_H
#define QM_OUTBOX_H

#include <stdbool.h>
#include <stdint.h>

#include "clock.h"
#include "event.h"
#include "record.h"
#include "store.h"
#include "watch.h"

struct qm_outbox;

struct qm_outbox_config {
	/** owned by the outbox from now on, also where that cannot be made */
	struct qm_store *store;
	/** of the store */
	enum qm_durability durability;
	struct qm_watch_config watch;
	/** tells an administrator something */
	void (*tell)(void *user, const char *message);
	void *user;
};

/** How it goes. */
struct qm_outbox_status {
	/** what records that wait outlive now, and why no more: a negative errno, or 0 */
	enum qm_durability durability;
	int error;
	/** a text that says so; valid until the next call */
	const char *complaint;
	/** what a look at auditd found */
	struct qm_watch_view view;
	/** why the last record could not be sent: a negative errno, or 0 */
	int send_error;
	/** records are seen to arrive; if not, why; valid until the next call */
	bool confirms;
	const char *watch_complaint;
	/** records are sent */
	bool sending;
	/** a record can be kept, or taken by somebody */
	bool keeps;
	/** records that are not known to have arrived, and those of them that were sent */
	uint64_t waiting;
	uint64_t in_flight;
	/** records that have arrived, and that were sent again */
	uint64_t arrived;
	uint64_t resent;
};

/**
 * @param ret	receives the outbox, to be freed by qm_outbox_free()
 * @return		0 or -ENOMEM
 */
int qm_outbox_new(struct qm_outbox **ret, const struct qm_outbox_config *config);

/** The next record number of an earlier run, which has SA pairs in the store.
 * @return 0 or a negative errno */
int qm_outbox_next_seq(struct qm_outbox *outbox, uint32_t instance, uint64_t *ret);

/**
 * Adds a record. It is sent by qm_outbox_flush().
 *
 * @param instance	run that numbers it
 * @param seq		its number there
 * @return			0, or a negative errno: it is lost (-EDQUOT: as many wait as may)
 */
int qm_outbox_add(struct qm_outbox *outbox, uint32_t instance, uint64_t seq,
				  const struct qm_record *record);

/** Reads the open SA pairs of earlier runs, see qm_store_earlier_sas(). */
int qm_outbox_earlier_sas(struct qm_outbox *outbox,
						  void (*each)(void *user, const struct qm_open_sa *sa),
						  void *user, uint64_t *ret_bad);

/** Keeps an SA pair, or what is new of it. */
void qm_outbox_keep_sa(struct qm_outbox *outbox, const struct qm_open_sa *sa);

/** An SA pair has ended. */
void qm_outbox_drop_sa(struct qm_outbox *outbox, uint32_t instance, uint32_t child_sa);

/** Keeps what was lost and is not told of yet. */
void qm_outbox_set_loss(struct qm_outbox *outbox, enum qm_loss_cause cause,
						uint64_t count, uint64_t since_ms);

/** Keeps what was added where that is much. For a moment at which all that belongs
 * together was said. */
void qm_outbox_relieve(struct qm_outbox *outbox);

/**
 * Keeps what was added, and sends what can be sent, no more than so much at a time.
 * The sending may block as long as the kernel makes senders wait.
 *
 * @return	ms until the next call is due at the latest, -1 if none is
 */
int qm_outbox_flush(struct qm_outbox *outbox, struct qm_time now);

/** Whether SA pairs were not kept for a while: then all that are open are to be given
 * to qm_outbox_keep_sa() once more. Forgets it. */
bool qm_outbox_take_stale(struct qm_outbox *outbox);

/** Records that were added and lost since the last call: AUDIT, those that the kernel
 * refuses for what they are; STORE, those that no room was found for after all, or
 * that the store has damaged.
 * @return how many */
uint64_t qm_outbox_take_lost(struct qm_outbox *outbox, enum qm_loss_cause cause);

/** The daemon stops: keeps and sends all there is, and waits a moment for it to
 * arrive. */
void qm_outbox_finish(struct qm_outbox *outbox);

/** What records that wait outlive now. */
enum qm_durability qm_outbox_durability(const struct qm_outbox *outbox);

/** Whether a record can be kept, or taken by somebody. */
bool qm_outbox_keeps(const struct qm_outbox *outbox);

/** All of how it goes; looks at each record that is on its way. */
void qm_outbox_status(const struct qm_outbox *outbox, struct qm_outbox_status *ret);

/** The same, after a look at auditd, which is otherwise only done when records wait. */
void qm_outbox_inquire(struct qm_outbox *outbox, struct qm_outbox_status *ret);

/** Of that, what costs nothing: records that have arrived, and that have not. */
uint64_t qm_outbox_arrived(const struct qm_outbox *outbox);
uint64_t qm_outbox_waiting(const struct qm_outbox *outbox);

/** Frees the outbox, and closes its store. NULL is fine. @return NULL */
struct qm_outbox *qm_outbox_free(struct qm_outbox *outbox);

#endif
