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
#include "ledger.h"
#include "queue.h"
#include "sink.h"

/** How long to wait before trying again to write a count of lost records. */
#define RETRY_MS 2000

#define LOG_MAX 512

/** Records or inputs that could not be kept. */
struct loss {
	uint64_t count;
	uint64_t since_ms;
};

struct qm_recorder {
	struct qm_recorder_config config;
	struct qm_queue *queue;
	struct qm_ledger *ledger;
	/** NULL until the audit socket could be opened */
	struct qm_sink *sink;
	struct qm_policy policy;
	/** number of the last record */
	uint64_t seq;
	/** records that the kernel accepted */
	uint64_t written;
	/** losses that no record tells of yet */
	struct loss losses[QM_LOSS_MAX];
	/** monotonic time of the last look for refused inputs */
	uint64_t collected_ms;
	/** the last write failed, and was complained about */
	bool failing;
	/** what config.origin points to */
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
	/** the record being written; here for its size */
	struct qm_record record;
};

static void __attribute__((format(printf, 2, 3)))
tell(struct qm_recorder *recorder, const char *fmt, ...)
{
	char message[LOG_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	pthread_mutex_lock(&recorder->mutex);
	if (!recorder->muted) {
		recorder->config.log(recorder->config.user, message);
	}
	pthread_mutex_unlock(&recorder->mutex);
}

static void lose(struct qm_recorder *recorder, enum qm_loss_cause cause, uint64_t count,
				 uint64_t since_ms)
{
	struct loss *loss = &recorder->losses[cause];

	if (!loss->count) {
		loss->since_ms = since_ms;
	}
	loss->count += count;
}

static int send_record(struct qm_recorder *recorder)
{
	int r = 0;

	if (!recorder->sink) {
		r = qm_sink_new(&recorder->sink);
	}
	return r < 0 ? r : qm_sink_write(recorder->sink, &recorder->record);
}

/** Complains once about a failure, and once says that it is over. */
static void report(struct qm_recorder *recorder, int r)
{
	if (r < 0 && !recorder->failing) {
		tell(recorder, "writing audit record %" PRIu64 " failed: %s (%s); "
			 "counting lost records until it works again", recorder->seq, strerror(-r),
			 qm_sink_state_text(qm_sink_probe()));
	} else if (!r && recorder->failing) {
		tell(recorder, "writing audit records works again");
	}
	recorder->failing = r < 0;
}

/** Numbers and writes one record. */
static int put(struct qm_recorder *recorder, const struct qm_event *event)
{
	int r;

	r = qm_record_format(event, &recorder->config.origin, ++recorder->seq,
						 &recorder->record);
	if (!r) {
		r = send_record(recorder);
	}
	report(recorder, r);
	if (r < 0) {
		lose(recorder, QM_LOSS_AUDIT, 1, event->when_ms);
	} else {
		recorder->written++;
	}
	return r;
}

/** Writes the counts of what was lost, and keeps those that cannot be written. */
static void put_losses(struct qm_recorder *recorder)
{
	enum qm_loss_cause cause;

	for (cause = 0; cause < QM_LOSS_MAX; cause++) {
		const struct loss loss = recorder->losses[cause];
		const struct qm_event event = {
			.kind = QM_EVENT_LOST,
			.when_ms = qm_time_now().wall_ms,
			.cause = cause,
			.lost = loss.count,
			.since_ms = loss.since_ms,
		};

		if (!loss.count) {
			continue;
		}
		recorder->losses[cause].count = 0;
		if (put(recorder, &event) < 0) {
			recorder->losses[cause].count += loss.count;
			recorder->losses[cause].since_ms = loss.since_ms;
		}
	}
}

static void on_event(void *user, const struct qm_event *event)
{
	struct qm_recorder *recorder = user;

	if (qm_policy_wants(recorder->policy, true)) {
		put_losses(recorder);
		put(recorder, event);
	}
}

static void put_state(struct qm_recorder *recorder, enum qm_event_kind kind)
{
	const struct qm_event event = {
		.kind = kind,
		.when_ms = qm_time_now().wall_ms,
		.new_policy = recorder->policy,
		.written = recorder->written,
	};

	if (qm_policy_is_on(recorder->policy)) {
		put(recorder, &event);
	}
}

/** A change is written under any policy, so that silence has its explanation. */
static void change_policy(struct qm_recorder *recorder, const struct qm_input *input)
{
	const struct qm_event event = {
		.kind = QM_EVENT_POLICY_CHANGE,
		.when_ms = input->time.wall_ms,
		.old_policy = recorder->policy,
		.new_policy = input->policy,
	};

	if (qm_policy_equal(recorder->policy, input->policy)) {
		return;
	}
	tell(recorder, "audit policy changed from %s to %s", qm_policy_name(recorder->policy),
		 qm_policy_name(input->policy));
	recorder->policy = input->policy;
	put(recorder, &event);
}

static void take(struct qm_recorder *recorder, const struct qm_input *input)
{
	int r;

	if (input->type == QM_INPUT_POLICY) {
		change_policy(recorder, input);
		return;
	}
	r = qm_ledger_input(recorder->ledger, input);
	if (r < 0) {
		tell(recorder, "could not keep track of CHILD_SA %u: %s", input->child_sa,
			 strerror(-r));
		lose(recorder, QM_LOSS_QUEUE, 1, input->time.wall_ms);
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
	tell(recorder, "queue was full: %" PRIu64 " observations lost, so records may be "
		 "missing; raise queue_size", loss.count);
	lose(recorder, QM_LOSS_QUEUE, loss.count, loss.since_ms);
	return true;
}

static bool owes_losses(const struct qm_recorder *recorder)
{
	return qm_policy_is_on(recorder->policy) && (recorder->losses[QM_LOSS_QUEUE].count ||
												 recorder->losses[QM_LOSS_AUDIT].count);
}

/** Takes the next input, and sees to what is owed before it waits for one. */
static int next(struct qm_recorder *recorder, struct qm_input *input)
{
	int r = qm_queue_pop(recorder->queue, input, 0);

	if (collect_queue_loss(recorder, r < 0) && r == -ETIMEDOUT && owes_losses(recorder)) {
		put_losses(recorder);
	}
	if (r == -ETIMEDOUT) {
		r = qm_queue_pop(recorder->queue, input, owes_losses(recorder) ? RETRY_MS : -1);
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
		} else if (r == -ETIMEDOUT && owes_losses(recorder)) {
			put_losses(recorder);
		}
	} while (r != -ESHUTDOWN);
}

static void *run(void *arg)
{
	struct qm_recorder *recorder = arg;

	recorder->collected_ms = qm_time_now().mono_ms;
	put_state(recorder, QM_EVENT_AUDIT_START);
	work(recorder);
	qm_ledger_finish(recorder->ledger, qm_time_now());
	if (qm_policy_is_on(recorder->policy)) {
		put_losses(recorder);
	}
	put_state(recorder, QM_EVENT_AUDIT_STOP);
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

int qm_recorder_push(struct qm_recorder *recorder, const struct qm_input *input)
{
	return qm_queue_push(recorder->queue, input);
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
	struct qm_recorder *recorder;
	int r;

	recorder = calloc(1, sizeof(*recorder));
	if (!recorder) {
		return -ENOMEM;
	}
	recorder->config = *config;
	snprintf(recorder->daemon, sizeof(recorder->daemon), "%s", config->origin.daemon);
	snprintf(recorder->daemon_version, sizeof(recorder->daemon_version), "%s",
			 config->origin.daemon_version);
	recorder->config.origin.daemon = recorder->daemon;
	recorder->config.origin.daemon_version = recorder->daemon_version;
	recorder->policy = config->policy;
	pthread_mutex_init(&recorder->mutex, NULL);
	qm_cond_init(&recorder->done);
	r = qm_queue_new(&recorder->queue, config->queue_size);
	if (!r) {
		r = qm_ledger_new(&recorder->ledger, on_event, recorder);
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
		qm_ledger_free(recorder->ledger);
		qm_queue_free(recorder->queue);
		qm_sink_free(recorder->sink);
		pthread_cond_destroy(&recorder->done);
		pthread_mutex_destroy(&recorder->mutex);
		free(recorder);
	}
	return NULL;
}
