/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The thread behind the queue: it owns the ledger, the policy in force and
 * the audit socket, and turns inputs into records.
 *
 * Only that thread does I/O. What it has taken from the queue is kept in the store at
 * once for all, then sent; see outbox.h. A record that there is no room for keeps its
 * number, is counted, and the count is written as soon as there is room again; so a gap
 * in rec-seq is always explained by an op=lost.
 */
#ifndef QM_RECORDER_H
#define QM_RECORDER_H

#include <stddef.h>

#include "gate.h"
#include "input.h"
#include "record.h"
#include "snapshot.h"
#include "store.h"
#include "watch.h"

struct qm_recorder;

struct qm_recorder_config {
	/** inputs that can wait, at least 1 */
	size_t queue_size;
	/** in force from the start */
	struct qm_reload settings;
	/** where records are kept; owned by the recorder from now on, also on failure */
	struct qm_store *store;
	/** how it was opened, and what it had */
	enum qm_durability durability;
	struct qm_store_start start;
	/** how to see whether records arrive; strings are not copied, and outlive this */
	struct qm_watch_config watch;
	/** who writes, instance is start's; of the strings up to QM_ALG_MAX - 1 bytes are
	 * copied */
	struct qm_origin origin;
	/** tells an administrator something, from the recorder's thread; may not call
	 * the recorder */
	void (*log)(void *user, const char *message);
	/** passed to log */
	void *user;
};

/**
 * @param ret		receives the recorder, to be freed by qm_recorder_free()
 * @param config	copied
 * @return			0, -EINVAL, -ENOMEM
 */
int qm_recorder_new(struct qm_recorder **ret, const struct qm_recorder_config *config);

/**
 * Queues a copy of an input. For any thread; never blocks on I/O.
 *
 * @return	0, or -ENOSPC or -ESHUTDOWN when it is dropped (and counted)
 */
int qm_recorder_push(struct qm_recorder *recorder, const struct qm_input *input);

/**
 * Queues a copy of an input that can wait for room, as qm_queue_offer(). For any
 * thread.
 *
 * @return	0, -ENOSPC, -ESHUTDOWN
 */
int qm_recorder_offer(struct qm_recorder *recorder, const struct qm_input *input);

/** Whether the next records can be kept, or are taken by somebody. For any thread. */
bool qm_recorder_keeps(const struct qm_recorder *recorder);

/** Where invalid packets come in; owned by the recorder, for any thread. */
struct qm_gate *qm_recorder_gate(struct qm_recorder *recorder);

/**
 * Has the recorder say how it goes, at its next turn: nothing is done for this while
 * nobody asks, and nobody is held up by it. Where it does not answer in time, as it
 * stands still in the kernel, say, what can be known without it is told. For one thread
 * at a time.
 *
 * @param sas			open SA pairs to list at most
 * @param timeout_ms	how long to wait for the answer
 * @param ret			receives it, to be freed by qm_snapshot_free(); what is of the
 *						daemon and of the mirror is 0, and it is not judged
 * @return				0, -ENOMEM, or -ESHUTDOWN after qm_recorder_end_snapshots()
 */
int qm_recorder_snapshot(struct qm_recorder *recorder, size_t sas, int timeout_ms,
						 struct qm_snapshot **ret);

/** Ends the wait of who is in qm_recorder_snapshot(), and lets nobody in there any
 * more. For any thread. */
void qm_recorder_end_snapshots(struct qm_recorder *recorder);

/**
 * Starts the recorder's thread. What was pushed before waits for it.
 *
 * Capabilities belong to threads: start it once the daemon has dropped those
 * it does not keep, or it would not have the ones that the daemon kept.
 *
 * @return	0, -EALREADY, or the negative errno of pthread_create()
 */
int qm_recorder_start(struct qm_recorder *recorder);

/**
 * Has the thread write what is queued and end, and waits for it.
 *
 * @param timeout_ms	how long to wait at most
 * @return				0; -ETIMEDOUT if it still works: its thread may sleep in
 *						the kernel, so it must be left alone with the recorder,
 *						which will not log any more
 */
int qm_recorder_stop(struct qm_recorder *recorder, int timeout_ms);

/** Frees a recorder that was never started or has stopped. NULL is fine. @return NULL */
struct qm_recorder *qm_recorder_free(struct qm_recorder *recorder);

#endif
