/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "queue.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/** How long an idle consumer lingers before it asks to be woken. */
#define LINGER_NS (5 * 1000 * 1000)

/** No page is smaller. */
#define PAGE_MIN 4096

struct qm_queue {
	pthread_mutex_t mutex;
	pthread_cond_t filled;
	/** the consumer waits for `filled` */
	bool sleeping;
	bool closed;
	size_t capacity;
	/** index of the oldest input */
	size_t head;
	size_t count;
	struct qm_queue_loss loss;
	struct qm_input slots[];
};

/**
 * Has the kernel give all pages now. Otherwise the first backlog would take
 * them one by one, and a page fault costs a hook more than all it does.
 */
static void touch(void *memory, size_t bytes)
{
	volatile char *p = memory;

	for (size_t i = 0; i < bytes; i += PAGE_MIN) {
		p[i] = 0;
	}
}

int qm_queue_new(struct qm_queue **ret, size_t capacity)
{
	struct qm_queue *queue;
	size_t bytes;

	if (!capacity ||
		__builtin_mul_overflow(capacity, sizeof(queue->slots[0]), &bytes) ||
		__builtin_add_overflow(bytes, sizeof(*queue), &bytes)) {
		return -EINVAL;
	}
	queue = calloc(1, bytes);
	if (!queue) {
		return -ENOMEM;
	}
	touch(queue, bytes);
	queue->capacity = capacity;
	pthread_mutex_init(&queue->mutex, NULL);
	qm_cond_init(&queue->filled);
	*ret = queue;
	return 0;
}

static int append(struct qm_queue *queue, const struct qm_input *input, size_t capacity)
{
	if (queue->closed) {
		return -ESHUTDOWN;
	}
	if (queue->count >= capacity) {
		return -ENOSPC;
	}
	memcpy(&queue->slots[(queue->head + queue->count) % queue->capacity], input,
		   qm_input_size(input));
	queue->count++;
	return 0;
}

static void count_loss(struct qm_queue *queue, const struct qm_input *input)
{
	if (!queue->loss.count++) {
		queue->loss.since_ms = input->time.wall_ms;
	}
}

static int enter(struct qm_queue *queue, const struct qm_input *input, bool must)
{
	bool wake;
	int r;

	pthread_mutex_lock(&queue->mutex);
	r = append(queue, input, must ? queue->capacity : (queue->capacity + 1) / 2);
	if (r < 0 && must) {
		count_loss(queue, input);
	}
	wake = queue->sleeping;
	queue->sleeping = false;
	pthread_mutex_unlock(&queue->mutex);
	if (wake) {
		pthread_cond_signal(&queue->filled);
	}
	return r;
}

int qm_queue_push(struct qm_queue *queue, const struct qm_input *input)
{
	return enter(queue, input, true);
}

int qm_queue_offer(struct qm_queue *queue, const struct qm_input *input)
{
	return enter(queue, input, false);
}

/** Waits, with the mutex held, until there is something to see. */
static int await(struct qm_queue *queue, int timeout_ms)
{
	struct timespec deadline = qm_deadline(timeout_ms < 0 ? 0 : timeout_ms);
	int r = 0;

	while (!queue->count && !queue->closed && !r) {
		queue->sleeping = true;
		if (timeout_ms < 0) {
			r = pthread_cond_wait(&queue->filled, &queue->mutex);
		} else {
			r = pthread_cond_timedwait(&queue->filled, &queue->mutex, &deadline);
		}
	}
	queue->sleeping = false;
	return queue->count || queue->closed ? 0 : -r;
}

/** Gives the producers time to add more before they would have to wake us. */
static void linger(struct qm_queue *queue)
{
	const struct timespec pause = { .tv_nsec = LINGER_NS };

	pthread_mutex_unlock(&queue->mutex);
	nanosleep(&pause, NULL);
	pthread_mutex_lock(&queue->mutex);
}

int qm_queue_pop(struct qm_queue *queue, struct qm_input *ret, int timeout_ms)
{
	int r = 0;

	pthread_mutex_lock(&queue->mutex);
	if (!queue->count && !queue->closed && timeout_ms) {
		linger(queue);
		r = await(queue, timeout_ms);
	}
	if (!r && !queue->count) {
		r = queue->closed ? -ESHUTDOWN : -ETIMEDOUT;
	}
	if (!r) {
		memcpy(ret, &queue->slots[queue->head],
			   qm_input_size(&queue->slots[queue->head]));
		queue->count--;
		/* starting over when empty keeps to memory that is in the caches */
		queue->head = queue->count ? (queue->head + 1) % queue->capacity : 0;
	}
	pthread_mutex_unlock(&queue->mutex);
	return r;
}

void qm_queue_close(struct qm_queue *queue)
{
	pthread_mutex_lock(&queue->mutex);
	queue->closed = true;
	pthread_mutex_unlock(&queue->mutex);
	pthread_cond_broadcast(&queue->filled);
}

void qm_queue_fill(struct qm_queue *queue, size_t *ret_count, size_t *ret_capacity)
{
	pthread_mutex_lock(&queue->mutex);
	*ret_count = queue->count;
	*ret_capacity = queue->capacity;
	pthread_mutex_unlock(&queue->mutex);
}

bool qm_queue_take_loss(struct qm_queue *queue, struct qm_queue_loss *ret)
{
	bool any;

	pthread_mutex_lock(&queue->mutex);
	any = queue->loss.count > 0;
	if (any) {
		*ret = queue->loss;
		queue->loss = (struct qm_queue_loss){ 0 };
	}
	pthread_mutex_unlock(&queue->mutex);
	return any;
}

struct qm_queue *qm_queue_free(struct qm_queue *queue)
{
	if (queue) {
		pthread_cond_destroy(&queue->filled);
		pthread_mutex_destroy(&queue->mutex);
		free(queue);
	}
	return NULL;
}
