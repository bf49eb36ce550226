/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The situations in which a hook may find the plugin's queue and writer.
 */
#ifndef QM_BENCH_MODES_H
#define QM_BENCH_MODES_H

#include <stddef.h>

#include "stats.h"
#include "subjects.h"

/** What a hook is raised on and about. */
struct probe {
	listener_t *bus;
	const struct subject *subject;
};

typedef void (*call_t)(const struct probe *probe);

/** Hooks that are raised in turn. */
struct sequence {
	const char *name;
	const call_t *calls;
	size_t n;
};

/** Raises a hook and takes its time. */
void measure(struct samples *samples, call_t call, const struct probe *probe);

/** One round of `count` sequences; ends the program if anything goes wrong. */
typedef void (*situation_t)(struct samples *samples, const struct sequence *seq,
						size_t count);

/** The sink returns at once, and the writer is at work. */
void with_working_sink(struct samples *samples, const struct sequence *seq, size_t count);

/** The sink returns at once, but the writer sleeps when a sequence begins. */
void with_sleeping_writer(struct samples *samples, const struct sequence *seq,
						  size_t count);

/** The sink blocks for ever; the queue has room, as new as it was made. */
void with_blocked_sink(struct samples *samples, const struct sequence *seq, size_t count);

/** The sink blocks for ever, and the queue is full. */
void with_full_queue(struct samples *samples, const struct sequence *seq, size_t count);

/** What a flood came to. */
struct flood_result {
	/** records about packets, and packets that these stand for */
	unsigned records;
	unsigned long long packets;
	/** bytes on the heap more than before */
	long grown;
};

/** The sink returns at once; as many sequences as there are, as fast as they go. */
void with_flood(const struct sequence *seq, size_t count, struct flood_result *ret);

/**
 * Has the writer turn what the sequences told into records.
 *
 * @return	nanoseconds that it took
 */
uint64_t drain(const struct sequence *seq, size_t count);

#endif
