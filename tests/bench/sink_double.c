/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sink_double.h"
#include "sink.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

struct qm_sink {
	int unused;
};

static struct {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	bool block;
	bool blocked;
	unsigned changes;
	unsigned changes_awaited;
	unsigned sa_records;
	unsigned packet_records;
	unsigned long long packets;
	bool loss;
} state = {
	.mutex = PTHREAD_MUTEX_INITIALIZER,
	.changed = PTHREAD_COND_INITIALIZER,
};

const char *qm_sink_state_text(enum qm_sink_state sink_state)
{
	(void)sink_state;
	return "a benchmark's sink";
}

enum qm_sink_state qm_sink_probe(void)
{
	return QM_SINK_READY;
}

int qm_sink_new(struct qm_sink **ret)
{
	*ret = calloc(1, sizeof(**ret));
	return 0;
}

struct qm_sink *qm_sink_free(struct qm_sink *sink)
{
	free(sink);
	return NULL;
}

static bool has_op(const struct qm_record *record, const char *op)
{
	return !strncmp(record->body, op, strlen(op));
}

static void count_packets(const struct qm_record *record)
{
	const char *count = strstr(record->body, " count=");

	if (has_op(record, "op=invalid-packet ") && count) {
		state.packet_records++;
		state.packets += strtoull(count + strlen(" count="), NULL, 10);
	}
}

int qm_sink_write(struct qm_sink *sink, const struct qm_record *record)
{
	(void)sink;
	pthread_mutex_lock(&state.mutex);
	state.changes += has_op(record, "op=policy-change ");
	state.sa_records += has_op(record, "op=start ") || has_op(record, "op=destroy ");
	count_packets(record);
	state.loss = state.loss || has_op(record, "op=lost ");
	state.blocked = state.block;
	pthread_cond_broadcast(&state.changed);
	while (state.block) {
		pthread_cond_wait(&state.changed, &state.mutex);
	}
	state.blocked = false;
	pthread_mutex_unlock(&state.mutex);
	return 0;
}

void sink_block(bool block)
{
	pthread_mutex_lock(&state.mutex);
	state.block = block;
	pthread_cond_broadcast(&state.changed);
	pthread_mutex_unlock(&state.mutex);
}

void sink_await_change(void)
{
	pthread_mutex_lock(&state.mutex);
	state.changes_awaited++;
	while (state.changes < state.changes_awaited) {
		pthread_cond_wait(&state.changed, &state.mutex);
	}
	pthread_mutex_unlock(&state.mutex);
}

void sink_await_blocked(void)
{
	pthread_mutex_lock(&state.mutex);
	while (!state.blocked) {
		pthread_cond_wait(&state.changed, &state.mutex);
	}
	pthread_mutex_unlock(&state.mutex);
}

unsigned sink_take_sa_records(void)
{
	unsigned count;

	pthread_mutex_lock(&state.mutex);
	count = state.sa_records;
	state.sa_records = 0;
	pthread_mutex_unlock(&state.mutex);
	return count;
}

void sink_take_packets(unsigned *ret_records, unsigned long long *ret_packets)
{
	pthread_mutex_lock(&state.mutex);
	*ret_records = state.packet_records;
	*ret_packets = state.packets;
	state.packet_records = 0;
	state.packets = 0;
	pthread_mutex_unlock(&state.mutex);
}

bool sink_take_loss(void)
{
	bool loss;

	pthread_mutex_lock(&state.mutex);
	loss = state.loss;
	state.loss = false;
	pthread_mutex_unlock(&state.mutex);
	return loss;
}
