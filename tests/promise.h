/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The promise: one 5451 and one 5452 for each SPI pair that charon installed
 * and announced, in that order, each right in all it says.
 *
 * Checked in two ways that know nothing of the ledger: each step of the model
 * says which events have to come of it just then, and in the end the events
 * are counted by SPI pair.
 */
#ifndef QM_PROMISE_H
#define QM_PROMISE_H

#include <stdio.h>

#include "charon_model.h"

/** Bytes of what is wrong, with the NUL. */
#define QM_PROMISE_WRONG_MAX 512

/**
 * Runs a history of the model through a ledger of its own.
 *
 * @param print	receives every input as it is taken, NULL for no one
 * @param wrong	receives what is wrong
 * @return		inputs taken, or -1 if something is wrong
 */
int qm_promise_run(uint64_t seed, unsigned jobs, unsigned ikes, FILE *print,
				   char wrong[QM_PROMISE_WRONG_MAX]);

/**
 * The same with a model of the kernel beside that of charon: what a mirror tells comes
 * in between, late, and sometimes with losses. What has to be said is worked out from
 * both; counters are exact where all of a half was seen.
 */
int qm_promise_run_kernel(uint64_t seed, unsigned jobs, unsigned ikes, FILE *print,
						  char wrong[QM_PROMISE_WRONG_MAX]);

/**
 * A history of both models up to some point, at which the daemon is killed. The next run
 * is told of what the first has told of SA pairs that are open then, and of what becomes
 * of them in the kernel: each has had both its events in the end, or neither.
 */
int qm_promise_run_crash(uint64_t seed, unsigned jobs, unsigned ikes, FILE *print,
						 char wrong[QM_PROMISE_WRONG_MAX]);

/** Updates since the program started; in all of these, see shadow.h. */
extern uint64_t qm_promise_updates;

/** Ends since the program started of which all counters were known. */
extern uint64_t qm_promise_exact;

/** Events since the program started, by kind, to see that there are any. */
extern uint64_t qm_promise_events[QM_EVENT_KIND_MAX];
/** Ends since the program started, by reason. */
extern uint64_t qm_promise_reasons[QM_REASON_MAX];

#endif
