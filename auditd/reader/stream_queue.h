/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Events that wait for their reader, in bounded memory. What does not fit is counted.
 */
#ifndef QM_STREAM_QUEUE_H
#define QM_STREAM_QUEUE_H

#include <stdint.h>

#include "span.h"

/** Least size: an event fits into it, and half of it takes the word about a loss. */
#define QM_STREAM_QUEUE_MIN 65536

struct qm_stream_event;

struct qm_stream_queue {
	struct qm_stream_event *first;
	struct qm_stream_event **end;
	uint64_t count;
	/** bytes that it takes, and may take */
	size_t bytes;
	size_t size;
	/** what was dropped in this spell, 0 for no spell; since when, ms since the epoch */
	uint64_t dropped;
	uint64_t since_ms;
};

void qm_stream_queue_init(struct qm_stream_queue *queue, size_t size);

void qm_stream_queue_fini(struct qm_stream_queue *queue);

/**
 * Appends an event, or drops it where there is no room, or where others were dropped
 * before it in this spell.
 *
 * @param now_ms	ms since the epoch
 * @return			whether it was appended
 */
bool qm_stream_queue_put(struct qm_stream_queue *queue, struct qm_span text,
						 uint64_t now_ms);

/** The first event, to be taken out when it was written; .s is NULL for none. */
struct qm_span qm_stream_queue_first(const struct qm_stream_queue *queue);

/** Takes the first event out. */
void qm_stream_queue_pop(struct qm_stream_queue *queue);

/** Counts an event that cannot be written as dropped. */
void qm_stream_queue_drop(struct qm_stream_queue *queue, uint64_t now_ms);

/** Whether a spell of dropping is over: the reader has taken enough for new events. */
bool qm_stream_queue_relieved(const struct qm_stream_queue *queue);

/** Ends a spell with an event that tells of it; it always fits. */
void qm_stream_queue_resume(struct qm_stream_queue *queue, struct qm_span text);

#endif
