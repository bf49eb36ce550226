/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recorder_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

/** How long to wait before trying again to write a count of lost records. */
#define RETRY_MS 2000

/** Inputs taken at most before what follows from them is kept and sent. */
#define BATCH 1024

/** How often it is kept that the daemon lives, while an SA pair is open. */
#define ALIVE_MS 60000

/** How often to look at what waits in the gate and in the ledger. */
#define TICK_MS 1000

#define LOG_MAX 512

static void tell(void *user, const char *message)
{
	struct qm_recorder *recorder = user;

	pthread_mutex_lock(&recorder->mutex);
	if (!recorder->muted) {
		recorder->config.log(recorder->config.user, message);
	}
	pthread_mutex_unlock(&recorder->mutex);
}

void qm_recorder_tell(struct qm_recorder *recorder, const char *fmt, ...)
{
	char message[LOG_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	tell(recorder, message);
}

/** What was held back until now is written, or not, under what was in force. */
static void change_settings(struct qm_recorder *recorder, const struct qm_input *input)
{
	qm_recorder_put_held(recorder, true);
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
		qm_recorder_put_invalid(recorder, input);
		return;
	}
	r = qm_ledger_input(recorder->ledger, input);
	if (r < 0) {
		qm_recorder_tell(recorder, "could not keep track of CHILD_SA %u: %s",
						 input->child_sa, strerror(-r));
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
	qm_recorder_tell(recorder, "queue was full: %" PRIu64 " observations lost, so "
					 "records may be missing; raise queue_size", loss.count);
	qm_journal_lose(&recorder->journal, QM_LOSS_QUEUE, loss.count, loss.since_ms);
	return true;
}

static bool has_waiting(const struct qm_recorder *recorder)
{
	return qm_gate_waits(recorder->gate) || qm_ledger_waits(recorder->ledger);
}

/**
 * Sees to what waits, from time to time.
 *
 * @param drained	no input is older than this: else the ledger would judge that
 *					something has not come which is only still in the queue
 */
static void tick(struct qm_recorder *recorder, bool drained)
{
	const struct qm_input input = { .type = QM_INPUT_TICK, .time = qm_time_now() };

	atomic_store_explicit(&recorder->pulse.turned_ms, input.time.mono_ms,
						  memory_order_relaxed);
	if (input.time.mono_ms - recorder->ticked_ms < TICK_MS || !has_waiting(recorder)) {
		return;
	}
	recorder->ticked_ms = input.time.mono_ms;
	if (drained) {
		take(recorder, &input);
	}
	qm_recorder_put_held(recorder, false);
}

/** Keeps and sends what has been written. @return as qm_journal_flush() */
static int flush(struct qm_recorder *recorder)
{
	int wait;

	qm_recorder_beat(recorder);
	wait = qm_journal_flush(&recorder->journal, qm_time_now());
	recorder->batch = 0;
	if (qm_outbox_take_stale(recorder->journal.outbox)) {
		qm_ledger_tell_open(recorder->ledger);
		wait = 0;
	}
	recorder->keeps = qm_outbox_keeps(recorder->journal.outbox);
	return wait;
}

static int sooner(int a, int b)
{
	return a < 0 || (b >= 0 && b < a) ? b : a;
}

/**
 * How long to wait for the next input, in milliseconds; -1 for ever.
 *
 * @param wait	how long the journal can
 */
static int patience(const struct qm_recorder *recorder, int wait)
{
	if (has_waiting(recorder)) {
		wait = sooner(wait, TICK_MS);
	}
	if (qm_journal_owes(&recorder->journal)) {
		wait = sooner(wait, RETRY_MS);
	}
	return qm_ledger_open(recorder->ledger) ? sooner(wait, ALIVE_MS) : wait;
}

/** Takes the next input, and sees to what is owed before it waits for one. */
static int next(struct qm_recorder *recorder, struct qm_input *input)
{
	int r = qm_queue_pop(recorder->queue, input, 0);

	if (collect_queue_loss(recorder, r < 0) && r == -ETIMEDOUT) {
		qm_journal_write_losses(&recorder->journal);
	}
	if (r == -ETIMEDOUT) {
		r = qm_queue_pop(recorder->queue, input, patience(recorder, flush(recorder)));
		atomic_store_explicit(&recorder->pulse.turned_ms, qm_time_now().mono_ms,
							  memory_order_relaxed);
	} else if (++recorder->batch >= BATCH) {
		flush(recorder);
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
		tick(recorder, r == -ETIMEDOUT);
		qm_recorder_answer(recorder);
	} while (r != -ESHUTDOWN);
}

static void *run(void *arg)
{
	struct qm_recorder *recorder = arg;

	recorder->collected_ms = qm_time_now().mono_ms;
	qm_recorder_inherit(recorder);
	work(recorder);
	qm_ledger_finish(recorder->ledger, qm_time_now());
	qm_recorder_put_held(recorder, true);
	qm_journal_write_losses(&recorder->journal);
	qm_journal_write_stop(&recorder->journal);
	qm_journal_finish(&recorder->journal);
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

void qm_recorder_wake(void *user)
{
	struct qm_recorder *recorder = user;
	const struct qm_input input = { .type = QM_INPUT_TICK, .time = qm_time_now() };

	qm_queue_offer(recorder->queue, &input);
}

bool qm_recorder_keeps(const struct qm_recorder *recorder)
{
	return recorder->keeps;
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
		.wake = qm_recorder_wake,
	};
	struct qm_outbox_config outbox = {
		.store = config->store,
		.durability = config->durability,
		.watch = config->watch,
		.tell = tell,
	};
	struct qm_recorder *recorder;
	int r;

	recorder = calloc(1, sizeof(*recorder));
	if (!recorder) {
		qm_store_close(config->store);
		return -ENOMEM;
	}
	gate.user = outbox.user = recorder;
	recorder->config = *config;
	snprintf(recorder->daemon, sizeof(recorder->daemon), "%s", config->origin.daemon);
	snprintf(recorder->daemon_version, sizeof(recorder->daemon_version), "%s",
			 config->origin.daemon_version);
	recorder->invalid_is_success = config->settings.invalid_is_success;
	recorder->journal = (struct qm_journal){
		.origin = {
			.instance = config->start.instance,
			.daemon = recorder->daemon,
			.daemon_version = recorder->daemon_version,
		},
		.policy = config->settings.policy,
		.durability = config->durability,
		.tell = tell,
		.user = recorder,
	};
	qm_asking_init(&recorder->asking);
	recorder->begun_ms = qm_time_now().wall_ms;
	recorder->pulse.turned_ms = qm_time_now().mono_ms;
	pthread_mutex_init(&recorder->mutex, NULL);
	qm_cond_init(&recorder->done);
	recorder->start = config->start;
	recorder->keeps = true;
	r = qm_outbox_new(&recorder->journal.outbox, &outbox);
	if (!r) {
		r = qm_queue_new(&recorder->queue, config->queue_size);
	}
	if (!r) {
		r = qm_ledger_new(&recorder->ledger, qm_recorder_on_event, recorder);
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
		qm_outbox_free(recorder->journal.outbox);
		qm_asking_fini(&recorder->asking);
		pthread_cond_destroy(&recorder->done);
		pthread_mutex_destroy(&recorder->mutex);
		free(recorder);
	}
	return NULL;
}
