/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stream_queue.h"

#include <stdlib.h>

/** What the allocator needs for itself. */
#define OVERHEAD 16

struct qm_stream_event {
	struct qm_stream_event *next;
	size_t len;
	char text[];
};

static size_t cost(size_t len)
{
	return sizeof(struct qm_stream_event) + OVERHEAD + len;
}

void qm_stream_queue_init(struct qm_stream_queue *queue, size_t size)
{
	*queue = (struct qm_stream_queue){
		.size = size < QM_STREAM_QUEUE_MIN ? QM_STREAM_QUEUE_MIN : size,
	};
	queue->end = &queue->first;
}

void qm_stream_queue_fini(struct qm_stream_queue *queue)
{
	while (queue->first) {
		qm_stream_queue_pop(queue);
	}
}

static bool append(struct qm_stream_queue *queue, struct qm_span text)
{
	struct qm_stream_event *event = malloc(sizeof(*event) + text.len);

	if (!event) {
		return false;
	}
	event->next = NULL;
	event->len = text.len;
	memcpy(event->text, text.s, text.len);
	*queue->end = event;
	queue->end = &event->next;
	queue->bytes += cost(text.len);
	queue->count++;
	return true;
}

bool qm_stream_queue_put(struct qm_stream_queue *queue, struct qm_span text,
						 uint64_t now_ms)
{
	if (!queue->dropped && cost(text.len) <= queue->size - queue->bytes &&
		append(queue, text)) {
		return true;
	}
	qm_stream_queue_drop(queue, now_ms);
	return false;
}

struct qm_span qm_stream_queue_first(const struct qm_stream_queue *queue)
{
	const struct qm_stream_event *first = queue->first;

	return first ? (struct qm_span){ first->text, first->len } : (struct qm_span){ 0 };
}

void qm_stream_queue_pop(struct qm_stream_queue *queue)
{
	struct qm_stream_event *first = queue->first;

	queue->first = first->next;
	if (!queue->first) {
		queue->end = &queue->first;
	}
	queue->bytes -= cost(first->len);
	queue->count--;
	free(first);
}

void qm_stream_queue_drop(struct qm_stream_queue *queue, uint64_t now_ms)
{
	if (!queue->dropped++) {
		queue->since_ms = now_ms;
	}
}

bool qm_stream_queue_relieved(const struct qm_stream_queue *queue)
{
	return queue->dropped && queue->bytes <= queue->size / 2;
}

void qm_stream_queue_resume(struct qm_stream_queue *queue, struct qm_span text)
{
	if (append(queue, text)) {
		queue->dropped = 0;
	}
}
