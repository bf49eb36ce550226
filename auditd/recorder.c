/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recorder.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <signal.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "journal.h"
#include "ledger.h"
#include "queue.h"

/** How long to wait before trying again to write a count of lost records. */
#define RETRY_MS 2000

/** How often to look at what waits in the gate and in the ledger. */
#define TICK_MS 1000

#define LOG_MAX 512

struct qm_recorder {
	struct qm_recorder_config config;
	struct qm_queue *queue;
	struct qm_ledger *ledger;
	struct qm_gate *gate;
	struct qm_journal journal;
	/** the class of invalid packets */
	bool invalid_is_success;
	/** monotonic time of the last look for refused inputs */
	uint64_t collected_ms;
	/** and at what waits */
	uint64_t ticked_ms;
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

static void tell(void *user, const char *message)
{
	struct qm_recorder *recorder = user;

	pthread_mutex_lock(&recorder->mutex);
	if (!recorder->muted) {
		recorder->config.log(recorder->config.user, message);
	}
	pthread_mutex_unlock(&recorder->mutex);
}

static void __attribute__((format(printf, 2, 3)))
tellf(struct qm_recorder *recorder, const char *fmt, ...)
{
	char message[LOG_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	tell(recorder, message);
}

/** Whether an event, of a class that is wanted, is held back for a summary. */
static bool is_held(struct qm_recorder *recorder, const struct qm_event *event)
{
	const struct qm_time time = {
		.wall_ms = event->when_ms,
		.mono_ms = qm_time_now().mono_ms,
	};

	return event->kind == QM_EVENT_FAILED && event->failure->unauthenticated &&
		   event->count == 1 &&
		   !qm_gate_admit_failure(recorder->gate, &event->sa->remote, time);
}

static void on_event(void *user, const struct qm_event *event)
{
	struct qm_recorder *recorder = user;

	if (event->kind == QM_EVENT_LOST) {
		qm_journal_lose(&recorder->journal, event->cause, event->lost, event->since_ms);
	} else if (qm_journal_wants(&recorder->journal, event) && !is_held(recorder, event)) {
		qm_journal_write(&recorder->journal, event);
	}
}

static void put_invalid(struct qm_recorder *recorder, const struct qm_gate_item *item)
{
	const struct qm_event event = {
		.kind = QM_EVENT_INVALID_PACKET,
		.when_ms = item->last_ms,
		.since_ms = item->since_ms,
		.invalid = &item->invalid,
		.invalid_is_success = recorder->invalid_is_success,
		.count = item->count,
	};

	on_event(recorder, &event);
}

/** A summary of failed negotiations: who, and how many. */
static void put_failures(struct qm_recorder *recorder, const struct qm_gate_item *item)
{
	const struct qm_failure failure = { .reason = QM_FAILURE_SEVERAL };
	const struct qm_sa_facts sa = {
		.direction = QM_DIRECTION_RESPONDER,
		.remote = item->source,
	};
	const struct qm_event event = {
		.kind = QM_EVENT_FAILED,
		.when_ms = item->last_ms,
		.since_ms = item->since_ms,
		.sa = &sa,
		.failure = &failure,
		.count = item->count,
	};

	on_event(recorder, &event);
}

/** Writes what is due of what the gate holds, or all of it. */
static void put_held(struct qm_recorder *recorder, bool all)
{
	const struct qm_time now = qm_time_now();
	struct qm_gate_item item;

	while (qm_gate_take(recorder->gate, now, all, &item)) {
		if (item.kind == QM_LIMIT_PACKET) {
			put_invalid(recorder, &item);
		} else {
			put_failures(recorder, &item);
		}
	}
}

/** A packet that the gate let through. */
static void on_invalid(struct qm_recorder *recorder, const struct qm_input *input)
{
	const struct qm_gate_item item = {
		.invalid = input->invalid,
		.count = 1,
		.since_ms = input->time.wall_ms,
		.last_ms = input->time.wall_ms,
	};

	put_invalid(recorder, &item);
}

/** What was held back until now is written, or not, under what was in force. */
static void change_settings(struct qm_recorder *recorder, const struct qm_input *input)
{
	put_held(recorder, true);
	qm_journal_change_policy(&recorder->journal, input->settings.policy,
							 input->time.wall_ms);
	recorder->invalid_is_success = input->settings.invalid_is_success;
	qm_gate_set_rates(recorder->gate, &input->settings.rates);
}

static void take(struct qm_recorder *recorder, const struct qm_input *input)
{
	int r;

	if (input->type == QM_INPUT_SETTINGS) {
		change_settings(recorder, input);
		return;
	}
	if (input->type == QM_INPUT_INVALID) {
		on_invalid(recorder, input);
		return;
	}
	r = qm_ledger_input(recorder->ledger, input);
	if (r < 0) {
		tellf(recorder, "could not keep track of CHILD_SA %u: %s", input->child_sa,
			  strerror(-r));
		qm_journal_lose(&recorder->journal, QM_LOSS_QUEUE, 1, input->time.wall_ms);
	}
}

/**
 * Looks for inputs that the queue refused: when it has been drained, and from
 * time to time while it never is, but not at every input. Each look may end in
 * a record, and those are not to add to the load that caused the loss.
 */
static bool collect_queue_loss(struct qm_recorder *recorder, bool drained)
{
	const uint64_t now = qm_time_now().mono_ms;
	struct qm_queue_loss loss;

	if (!drained && now - recorder->collected_ms < RETRY_MS) {
		return false;
	}
	recorder->collected_ms = now;
	if (!qm_queue_take_loss(recorder->queue, &loss)) {
		return false;
	}
	tellf(recorder, "queue was full: %" PRIu64 " observations lost, so records may be "
		  "missing; raise queue_size", loss.count);
	qm_journal_lose(&recorder->journal, QM_LOSS_QUEUE, loss.count, loss.since_ms);
	return true;
}

static bool has_waiting(const struct qm_recorder *recorder)
{
	return qm_gate_waits(recorder->gate) || qm_ledger_waits(recorder->ledger);
}

/** Sees to what waits, from time to time. */
static void tick(struct qm_recorder *recorder)
{
	const struct qm_input input = { .type = QM_INPUT_TICK, .time = qm_time_now() };

	if (input.time.mono_ms - recorder->ticked_ms >= TICK_MS && has_waiting(recorder)) {
		recorder->ticked_ms = input.time.mono_ms;
		take(recorder, &input);
		put_held(recorder, false);
	}
}

/** How long to wait for the next input, in milliseconds; -1 for ever. */
static int patience(const struct qm_recorder *recorder)
{
	if (has_waiting(recorder)) {
		return TICK_MS;
	}
	return qm_journal_owes(&recorder->journal) ? RETRY_MS : -1;
}

/** Takes the next input, and sees to what is owed before it waits for one. */
static int next(struct qm_recorder *recorder, struct qm_input *input)
{
	int r = qm_queue_pop(recorder->queue, input, 0);

	if (collect_queue_loss(recorder, r < 0) && r == -ETIMEDOUT) {
		qm_journal_write_losses(&recorder->journal);
	}
	if (r == -ETIMEDOUT) {
		r = qm_queue_pop(recorder->queue, input, patience(recorder));
	}
	return r;
}

static void work(struct qm_recorder *recorder)
{
	struct qm_input input;
	int r;

	do {
		r = next(recorder, &input);
		if (!r) {
			take(recorder, &input);
		} else if (r == -ETIMEDOUT) {
			qm_journal_write_losses(&recorder->journal);
		}
		tick(recorder);
	} while (r != -ESHUTDOWN);
}

static void *run(void *arg)
{
	struct qm_recorder *recorder = arg;

	recorder->collected_ms = qm_time_now().mono_ms;
	qm_journal_write_state(&recorder->journal, QM_EVENT_AUDIT_START);
	work(recorder);
	qm_ledger_finish(recorder->ledger, qm_time_now());
	put_held(recorder, true);
	qm_journal_write_losses(&recorder->journal);
	qm_journal_write_state(&recorder->journal, QM_EVENT_AUDIT_STOP);
	pthread_mutex_lock(&recorder->mutex);
	recorder->working = false;
	pthread_cond_broadcast(&recorder->done);
	pthread_mutex_unlock(&recorder->mutex);
	return NULL;
}

int qm_recorder_start(struct qm_recorder *recorder)
{
	sigset_t all, before;
	int r;

	if (recorder->started) {
		return -EALREADY;
	}
	recorder->working = true;
	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&recorder->thread, NULL, run, recorder);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	recorder->started = !r;
	recorder->working = !r;
	return -r;
}

static int push_invalid(void *user, const struct qm_invalid *invalid, struct qm_time time)
{
	struct qm_recorder *recorder = user;
	struct qm_input input;

	input.type = QM_INPUT_INVALID;
	input.time = time;
	input.invalid = *invalid;
	return qm_queue_offer(recorder->queue, &input);
}

/** Wakes the thread, so that it looks at what waits. */
static void wake(void *user)
{
	struct qm_recorder *recorder = user;
	const struct qm_input input = { .type = QM_INPUT_TICK, .time = qm_time_now() };

	qm_queue_offer(recorder->queue, &input);
}

struct qm_gate *qm_recorder_gate(struct qm_recorder *recorder)
{
	return recorder->gate;
}

int qm_recorder_push(struct qm_recorder *recorder, const struct qm_input *input)
{
	return qm_queue_push(recorder->queue, input);
}

int qm_recorder_offer(struct qm_recorder *recorder, const struct qm_input *input)
{
	return qm_queue_offer(recorder->queue, input);
}

int qm_recorder_stop(struct qm_recorder *recorder, int timeout_ms)
{
	const struct timespec deadline = qm_deadline(timeout_ms);
	bool working;
	int r = 0;

	qm_queue_close(recorder->queue);
	pthread_mutex_lock(&recorder->mutex);
	while (recorder->working && !r) {
		r = pthread_cond_timedwait(&recorder->done, &recorder->mutex, &deadline);
	}
	working = recorder->working;
	recorder->muted = working;
	pthread_mutex_unlock(&recorder->mutex);
	if (working) {
		pthread_detach(recorder->thread);
		return -ETIMEDOUT;
	}
	if (recorder->started) {
		pthread_join(recorder->thread, NULL);
		recorder->started = false;
	}
	return 0;
}

int qm_recorder_new(struct qm_recorder **ret, const struct qm_recorder_config *config)
{
	struct qm_gate_config gate = {
		.rates = config->settings.rates,
		.push = push_invalid,
		.wake = wake,
	};
	struct qm_recorder *recorder;
	int r;

	recorder = calloc(1, sizeof(*recorder));
	if (!recorder) {
		return -ENOMEM;
	}
	gate.user = recorder;
	recorder->config = *config;
	snprintf(recorder->daemon, sizeof(recorder->daemon), "%s", config->origin.daemon);
	snprintf(recorder->daemon_version, sizeof(recorder->daemon_version), "%s",
			 config->origin.daemon_version);
	recorder->invalid_is_success = config->settings.invalid_is_success;
	recorder->journal = (struct qm_journal){
		.origin = {
			.instance = config->origin.instance,
			.daemon = recorder->daemon,
			.daemon_version = recorder->daemon_version,
		},
		.policy = config->settings.policy,
		.tell = tell,
		.user = recorder,
	};
	pthread_mutex_init(&recorder->mutex, NULL);
	qm_cond_init(&recorder->done);
	r = qm_queue_new(&recorder->queue, config->queue_size);
	if (!r) {
		r = qm_ledger_new(&recorder->ledger, on_event, recorder);
	}
	if (!r) {
		r = qm_gate_new(&recorder->gate, &gate);
	}
	if (r < 0) {
		qm_recorder_free(recorder);
		return r;
	}
	*ret = recorder;
	return 0;
}

struct qm_recorder *qm_recorder_free(struct qm_recorder *recorder)
{
	if (recorder) {
		qm_gate_free(recorder->gate);
		qm_ledger_free(recorder->ledger);
		qm_queue_free(recorder->queue);
		qm_sink_free(recorder->journal.sink);
		pthread_cond_destroy(&recorder->done);
		pthread_mutex_destroy(&recorder->mutex);
		free(recorder);
	}
	return NULL;
}
