/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The one bounded queue between the hooks and the ledger thread.
 *
 * Many threads push, one pops. A push copies the input and returns: it never
 * waits for room, never allocates and never does I/O; an input that finds the
 * queue full is counted. The consumer is woken only when it sleeps, and after
 * waking it stays for a moment, so that a burst costs the hooks one wake-up.
 */
#ifndef QM_QUEUE_H
#define QM_QUEUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "input.h"

struct qm_queue;

/** Inputs that were refused since the last look. */
struct qm_queue_loss {
	uint64_t count;
	/** time of the first one, milliseconds since the epoch */
	uint64_t since_ms;
};

/**
 * @param ret		receives the queue, to be freed by qm_queue_free()
 * @param capacity	inputs it can hold, at least 1
 * @return			0, -EINVAL, -ENOMEM
 */
int qm_queue_new(struct qm_queue **ret, size_t capacity);

/**
 * Appends a copy of an input.
 *
 * @return	0, or -ENOSPC when full or -ESHUTDOWN when closed; both are counted
 */
int qm_queue_push(struct qm_queue *queue, const struct qm_input *input);

/**
 * Appends a copy of an input that its sender can keep back or do without.
 *
 * @return	as qm_queue_push(), but nothing is counted; and -ENOSPC once half of
 *			the queue is full, rounded up: the rest is for what cannot be made up for
 */
int qm_queue_offer(struct qm_queue *queue, const struct qm_input *input);

/**
 * Takes the oldest input, waiting for one.
 *
 * @param ret			receives the input; only qm_input_size() bytes are set
 * @param timeout_ms	how long to wait, -1 for ever
 * @return				0, -ETIMEDOUT, or -ESHUTDOWN once closed and empty
 */
int qm_queue_pop(struct qm_queue *queue, struct qm_input *ret, int timeout_ms);

/** Refuses further inputs; what is queued can still be taken. */
void qm_queue_close(struct qm_queue *queue);

/** Inputs that wait, and that can. */
void qm_queue_fill(struct qm_queue *queue, size_t *ret_count, size_t *ret_capacity);

/** Takes and resets the count of refused inputs. @return true if there were any */
bool qm_queue_take_loss(struct qm_queue *queue, struct qm_queue_loss *ret);

/** Frees the queue with what is in it. NULL is fine. @return NULL */
struct qm_queue *qm_queue_free(struct qm_queue *queue);

#endif
