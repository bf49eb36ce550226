/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Time as records and waits need it.
 */
#ifndef QM_CLOCK_H
#define QM_CLOCK_H

#include <pthread.h>
#include <stdint.h>
#include <time.h>

/** A point in time, on both clocks. */
struct qm_time {
	/** CLOCK_REALTIME, milliseconds since the epoch: what is written */
	uint64_t wall_ms;
	/** CLOCK_MONOTONIC, milliseconds: what durations are made of */
	uint64_t mono_ms;
};

/** The time now. */
struct qm_time qm_time_now(void);

/** Initialises a condition variable whose timed waits use CLOCK_MONOTONIC. */
void qm_cond_init(pthread_cond_t *cond);

/** A deadline for such a wait, timeout_ms >= 0 from now. */
struct timespec qm_deadline(int timeout_ms);

#endif
