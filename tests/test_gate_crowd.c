/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate between threads; worth most in a build with ThreadSanitizer.
 */
#include "gate.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <time.h>

#include "gate_kit.h"
#include "random_kit.h"
#include "test.h"

#define PRODUCERS 8
#define PACKETS 60000

static struct {
	struct qm_gate *gate;
	/** guarded by the gate's own lock, as its callbacks are */
	uint64_t calls;
	uint64_t pushed;
	uint64_t wakes;
	/** of the thread that takes */
	uint64_t taken[QM_LIMIT_KIND_MAX];
	uint64_t strange;
	atomic_bool done;
} crowd;

struct producer {
	uint32_t number;
	uint64_t random;
	/** packets that are invalid, failures, and those of them that were admitted */
	uint64_t invalid;
	uint64_t failures;
	uint64_t admitted;
	/** its last packet is a suspect, or was read */
	bool suspected;
	bool read;
	pthread_t thread;
};

/** The queue is full now and then. */
static int on_push(void *user, const struct qm_invalid *invalid, struct qm_time time)
{
	(void)user;
	(void)invalid;
	(void)time;
	if (crowd.calls++ % 5 == 0) {
		return -ENOSPC;
	}
	crowd.pushed++;
	return 0;
}

static void on_wake(void *user)
{
	(void)user;
	crowd.wakes++;
}

/** What the thread is at next: the suspect before it was guilty. */
static void go_on(struct producer *producer, bool suspected, bool read)
{
	producer->invalid += producer->suspected;
	producer->suspected = suspected;
	producer->read = read;
}

static void produce_one(struct producer *producer)
{
	const uint32_t me = producer->number;
	struct qm_invalid invalid =
		gate_kit_packet((uint16_t)qm_random_below(&producer->random, 12));
	const struct qm_time now = qm_time_now();

	switch (qm_random_below(&producer->random, 8)) {
	case 0:
	case 1:
		go_on(producer, true, false);
		qm_gate_suspect(crowd.gate, me, &invalid, now);
		break;
	case 2:
		producer->suspected = false;
		qm_gate_acquit(crowd.gate, me, invalid.ike_sa, invalid.packet.msgid);
		break;
	case 3:
		go_on(producer, false, true);
		qm_gate_read(crowd.gate, me, &invalid, now);
		break;
	case 4:
		producer->invalid += producer->read;
		producer->read = false;
		qm_gate_reject(crowd.gate, me, invalid.ike_sa, now);
		break;
	case 5:
		producer->failures++;
		producer->admitted += qm_gate_admit_failure(crowd.gate, &invalid.remote, now);
		break;
	case 6:
		producer->invalid++;
		invalid.ike_sa = 0;
		if (qm_gate_admit_stray(crowd.gate, &invalid.remote, invalid.fault, now)) {
			qm_gate_pass(crowd.gate, &invalid, now);
		}
		break;
	default:
		producer->invalid++;
		qm_gate_invalid(crowd.gate, &invalid, now);
		qm_gate_resent(crowd.gate, me, now);
		qm_gate_is_second_answer(crowd.gate, me, now);
		break;
	}
}

static void *produce(void *arg)
{
	struct producer *producer = arg;

	for (uint32_t i = 0; i < PACKETS; i++) {
		produce_one(producer);
	}
	return NULL;
}

static void take_all(bool all)
{
	struct qm_gate_item item;

	while (qm_gate_take(crowd.gate, qm_time_now(), all, &item)) {
		crowd.taken[item.kind] += item.count;
		crowd.strange += item.since_ms > item.last_ms || !item.count;
	}
}

/** The recorder's part, with a change of rates now and then. */
static void *consume(void *arg)
{
	const struct timespec pause = { .tv_nsec = 200000 };
	struct qm_limiter_rates rates = { .source = 100, .total = 500, .interval_ms = 1 };

	(void)arg;
	while (!crowd.done) {
		nanosleep(&pause, NULL);
		if (qm_gate_waits(crowd.gate)) {
			take_all(false);
		}
		rates.source = 50 + rates.source % 200;
		qm_gate_set_rates(crowd.gate, &rates);
	}
	take_all(true);
	return NULL;
}

static void run_crowd(struct producer *producers)
{
	pthread_t consumer;

	QM_OK_FATAL(-pthread_create(&consumer, NULL, consume, NULL));
	for (uint32_t i = 0; i < PRODUCERS; i++) {
		QM_OK_FATAL(-pthread_create(&producers[i].thread, NULL, produce, &producers[i]));
	}
	for (uint32_t i = 0; i < PRODUCERS; i++) {
		pthread_join(producers[i].thread, NULL);
	}
	crowd.done = true;
	pthread_join(consumer, NULL);
}

static void test_crowd(void)
{
	const struct qm_gate_config config = {
		.rates = { .source = 100, .total = 500, .interval_ms = 1 },
		.push = on_push,
		.wake = on_wake,
	};
	struct producer producers[PRODUCERS] = { 0 };
	uint64_t invalid = 0, failures = 0, admitted = 0;

	QM_OK_FATAL(qm_gate_new(&crowd.gate, &config));
	for (uint32_t i = 0; i < PRODUCERS; i++) {
		producers[i].number = i;
		producers[i].random = i;
	}
	run_crowd(producers);
	for (uint32_t i = 0; i < PRODUCERS; i++) {
		invalid += producers[i].invalid + producers[i].suspected;
		failures += producers[i].failures;
		admitted += producers[i].admitted;
	}
	QM_INT(crowd.pushed + crowd.taken[QM_LIMIT_PACKET], invalid);
	QM_INT(admitted + crowd.taken[QM_LIMIT_NEGOTIATION], failures);
	QM_INT(crowd.strange, 0);
	CU_ASSERT(crowd.pushed > 0 && crowd.taken[QM_LIMIT_PACKET] > 0 && crowd.wakes > 0);
	CU_ASSERT_FALSE(qm_gate_waits(crowd.gate));
	crowd.gate = qm_gate_free(crowd.gate);
}

CU_TestInfo gate_crowd_tests[] = {
	{ "counts are exact among many threads", test_crowd },
	CU_TEST_INFO_NULL,
};
