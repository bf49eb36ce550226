/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the recorder's parts work on. Private to the recorder.
 */
#ifndef QM_RECORDER_PRIV_H
#define QM_RECORDER_PRIV_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

#include "journal.h"
#include "ledger.h"
#include "queue.h"
#include "recorder.h"

/** Somebody asks for a snapshot. */
struct qm_asking {
	pthread_mutex_t mutex;
	/** signalled when `asked` becomes false, or `ended` true */
	pthread_cond_t answered;
	/** looked at in each turn, changed with the mutex, which guards the rest */
	atomic_bool asked;
	bool ended;
	/** since when, CLOCK_MONOTONIC in ms */
	uint64_t asked_ms;
	/** SA pairs to list */
	size_t sas;
	/** what was answered, NULL for want of memory */
	struct qm_snapshot *answer;
};

/** What is known of the recorder while it stands still. */
struct qm_pulse {
	/** its last sign of life, CLOCK_MONOTONIC in ms */
	_Atomic uint64_t turned_ms;
	_Atomic uint64_t written;
	_Atomic uint64_t arrived;
	_Atomic uint64_t waiting;
	_Atomic uint64_t open;
};

struct qm_recorder {
	struct qm_recorder_config config;
	struct qm_queue *queue;
	struct qm_ledger *ledger;
	struct qm_gate *gate;
	struct qm_journal journal;
	/** the class of invalid packets */
	bool invalid_is_success;
	/** what there was of earlier runs */
	struct qm_store_start start;
	/** inputs taken since the last flush */
	unsigned batch;
	/** the next records can be kept, or are taken by somebody */
	atomic_bool keeps;
	/** monotonic time of the last look for refused inputs */
	uint64_t collected_ms;
	/** and at what waits */
	uint64_t ticked_ms;
	struct qm_asking asking;
	struct qm_pulse pulse;
	/** when it was made, ms since the epoch */
	uint64_t begun_ms;
	/** what journal.origin points to */
	char daemon[QM_ALG_MAX];
	char daemon_version[QM_ALG_MAX];
	pthread_t thread;
	bool started;
	/** guards all up to `muted` */
	pthread_mutex_t mutex;
	/** signalled when `working` becomes false */
	pthread_cond_t done;
	bool working;
	/** nobody listens to the log any more */
	bool muted;
};

/** Tells an administrator something, as long as anybody listens. */
void qm_recorder_tell(struct qm_recorder *recorder, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** For the ledger: an event, of which a record may follow. `user` is the recorder. */
void qm_recorder_on_event(void *user, const struct qm_event *event);

/** A packet that the gate let through. */
void qm_recorder_put_invalid(struct qm_recorder *recorder, const struct qm_input *input);

/** Writes what is due of what the gate holds, or all of it. */
void qm_recorder_put_held(struct qm_recorder *recorder, bool all);

/** Wakes the thread, so that it looks at what waits. `user` is the recorder. */
void qm_recorder_wake(void *user);

/** Answers who asks for a snapshot, if anybody does. */
void qm_recorder_answer(struct qm_recorder *recorder);

/** Leaves word of how far it is. */
void qm_recorder_beat(struct qm_recorder *recorder);

/** For qm_recorder_new() and qm_recorder_free(). */
void qm_asking_init(struct qm_asking *asking);
void qm_asking_fini(struct qm_asking *asking);

/** Takes over what earlier runs have left, and writes that auditing begins. */
void qm_recorder_inherit(struct qm_recorder *recorder);

#endif
