/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Samples of a duration, taken in rounds, and what they say.
 */
#ifndef QM_BENCH_STATS_H
#define QM_BENCH_STATS_H

#include <stddef.h>
#include <stdint.h>

/** Rounds that are kept. */
#define ROUNDS_MAX 16

/** Nanoseconds: half of the samples took no more, 99 %, 99.9 %, all. */
enum { Q_MEDIAN, Q_P99, Q_P999, Q_MAX, Q_COUNT };

struct samples {
	size_t count;
	size_t capacity;
	/** the round under way */
	uint64_t *ns;
	/** what the rounds before it came to */
	size_t rounds;
	uint64_t q[Q_COUNT][ROUNDS_MAX];
};

/** CLOCK_MONOTONIC in nanoseconds. */
uint64_t now_ns(void);

/** Makes room for the samples of a round. Ends the program if there is none. */
void samples_init(struct samples *samples, size_t capacity);

/** Adds one; the program ends if there is no room. */
void samples_add(struct samples *samples, uint64_t ns);

/** Ends a round. The program ends if there were no samples, or too many rounds. */
void samples_end_round(struct samples *samples);

/**
 * Prints "KIND NAME MODE MEDIAN P99 P99.9 MAX" with tabs between, and forgets
 * the rounds. Other work on the machine disturbs some rounds, so each figure
 * is the median of what the rounds came to; but the maximum is that of all.
 */
void samples_print(struct samples *samples, const char *kind, const char *name,
				   const char *mode);

/** Frees the memory. */
void samples_done(struct samples *samples);

#endif
