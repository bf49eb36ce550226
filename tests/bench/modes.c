/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "modes.h"
#include "sink_double.h"

#include <errno.h>
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "qm_audit_listener.h"

/** The plugin's default queue_size. */
#define QUEUE_SIZE 4096

/** Hooks that a working sink is given before it may catch up. */
#define BATCH 512

/** A queue that is full at once. */
#define SMALL_QUEUE 64

/** Longer than the writer stays awake when there is nothing to do. */
#define IDLE_MS 15

/** A last wait for the writer. */
#define STOP_MS 60000

/** malloc()'s own, which without being set would rise with what is freed. */
#define MMAP_THRESHOLD (128 * 1024)

#define NS_PER_MS 1000000

/** The plugin, but for its sink. */
struct bench {
	struct qm_recorder *recorder;
	qm_audit_listener_t *listener;
	struct qm_reload settings;
};

static void no_log(void *user, const char *message)
{
	(void)user;
	(void)message;
}

static void check(int r, const char *what)
{
	if (r < 0) {
		fprintf(stderr, "bench: %s: %s\n", what, strerror(-r));
		exit(1);
	}
}

/**
 * The plugin's queue is made once, of memory that nothing has used before; so
 * must each of these be, which malloc() would else make of the last one's.
 */
static void open_bench(struct bench *bench, size_t queue_size)
{
	const struct qm_store_config store = { .durability = QM_DURABLE_NONE };
	static char error[QM_STORE_ERROR_MAX];
	struct qm_recorder_config config = {
		.queue_size = queue_size,
		.settings = {
			.policy = { .success = QM_TRI_YES, .failure = QM_TRI_NO },
			.invalid_is_success = true,
			.rates = { .source = 10, .total = 300, .interval_ms = 60000 },
		},
		.origin = { .daemon = "charon", .daemon_version = VERSION },
		.log = no_log,
	};

	mallopt(M_MMAP_THRESHOLD, MMAP_THRESHOLD);
	check(qm_store_open(&config.store, &store, &config.start, error), "opening a store");
	bench->settings = config.settings;
	check(qm_recorder_new(&bench->recorder, &config), "making a recorder");
	bench->listener = qm_audit_listener_create(bench->recorder, FALSE);
}

static void start_bench(struct bench *bench)
{
	check(qm_recorder_start(bench->recorder), "starting the writer");
}

static void close_bench(struct bench *bench)
{
	bench->listener->destroy(bench->listener);
	check(qm_recorder_stop(bench->recorder, STOP_MS), "stopping the writer");
	qm_recorder_free(bench->recorder);
}

/** Waits until the writer has done all that was queued. */
static void catch_up(struct bench *bench)
{
	struct qm_input input = {
		.type = QM_INPUT_SETTINGS,
		.time = qm_time_now(),
	};

	enum qm_tristate *failure = &bench->settings.policy.failure;

	*failure = *failure == QM_TRI_YES ? QM_TRI_NO : QM_TRI_YES;
	input.settings = bench->settings;
	check(qm_recorder_push(bench->recorder, &input), "queueing a change of policy");
	sink_await_change();
}

void measure(struct samples *samples, call_t call, const struct probe *probe)
{
	uint64_t start = now_ns();

	call(probe);
	samples_add(samples, now_ns() - start);
}

/** Goes through the sequence `count` times, on one CHILD_SA after another. */
static void play(struct bench *bench, struct samples *samples, const struct sequence *seq,
				  size_t count)
{
	struct probe probe = { .bus = &bench->listener->listener };
	size_t i, j;

	for (i = 0; i < count; i++) {
		probe.subject = &subjects[i % SUBJECTS];
		for (j = 0; j < seq->n; j++) {
			measure(samples, seq->calls[j], &probe);
		}
	}
}

void with_working_sink(struct samples *samples, const struct sequence *seq, size_t count)
{
	const size_t batch = BATCH / seq->n;
	struct bench bench;
	size_t done;

	sink_block(false);
	open_bench(&bench, QUEUE_SIZE);
	start_bench(&bench);
	for (done = 0; done < count; done += batch) {
		play(&bench, samples, seq, min(batch, count - done));
		catch_up(&bench);
	}
	close_bench(&bench);
	check(sink_take_loss() ? -ENOSPC : 0, "queueing for a working sink");
}

void with_sleeping_writer(struct samples *samples, const struct sequence *seq,
						  size_t count)
{
	const struct timespec idle = { .tv_nsec = IDLE_MS * NS_PER_MS };
	struct bench bench;

	sink_block(false);
	open_bench(&bench, QUEUE_SIZE);
	start_bench(&bench);
	while (count--) {
		catch_up(&bench);
		nanosleep(&idle, NULL);
		play(&bench, samples, seq, 1);
	}
	close_bench(&bench);
}

void with_blocked_sink(struct samples *samples, const struct sequence *seq, size_t count)
{
	struct bench bench;

	sink_block(true);
	open_bench(&bench, seq->n * count + 1);
	start_bench(&bench);
	sink_await_blocked();
	play(&bench, samples, seq, count);
	sink_block(false);
	close_bench(&bench);
	check(sink_take_loss() ? -ENOSPC : 0, "queueing behind a blocked sink");
}

void with_full_queue(struct samples *samples, const struct sequence *seq, size_t count)
{
	const struct qm_input input = {
		.type = QM_INPUT_SHUTDOWN,
		.time = qm_time_now(),
	};
	struct bench bench;

	sink_block(true);
	open_bench(&bench, SMALL_QUEUE);
	start_bench(&bench);
	sink_await_blocked();
	while (qm_recorder_push(bench.recorder, &input) >= 0) {
	}
	play(&bench, samples, seq, count);
	sink_block(false);
	close_bench(&bench);
	check(sink_take_loss() ? 0 : -ENODATA, "waiting for a record of the loss");
}

static long heap(void)
{
	const struct mallinfo2 info = mallinfo2();

	return (long)(info.uordblks + info.hblkhd);
}

void with_flood(const struct sequence *seq, size_t count, struct flood_result *ret)
{
	struct probe probe = { .subject = &subjects[0] };
	struct bench bench;
	long before;
	size_t i;

	sink_block(false);
	sink_take_packets(&ret->records, &ret->packets);
	open_bench(&bench, QUEUE_SIZE);
	start_bench(&bench);
	probe.bus = &bench.listener->listener;
	catch_up(&bench);
	before = heap();
	for (i = 0; i < count; i++) {
		seq->calls[0](&probe);
	}
	catch_up(&bench);
	ret->grown = heap() - before;
	close_bench(&bench);
	sink_take_packets(&ret->records, &ret->packets);
}

uint64_t drain(const struct sequence *seq, size_t count)
{
	struct samples untimed;
	struct bench bench;
	uint64_t start;

	sink_block(false);
	open_bench(&bench, seq->n * count + 1);
	samples_init(&untimed, seq->n * count);
	play(&bench, &untimed, seq, count);
	samples_done(&untimed);
	start = now_ns();
	start_bench(&bench);
	catch_up(&bench);
	start = now_ns() - start;
	close_bench(&bench);
	return start;
}
