/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The queue between threads; worth most in a build with ThreadSanitizer.
 */
#include "queue.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>

#include "test.h"

static struct qm_queue *make_queue(size_t capacity)
{
	struct qm_queue *queue = NULL;

	QM_OK_FATAL(qm_queue_new(&queue, capacity));
	return queue;
}

/** qm_queue_push() or qm_queue_offer() */
typedef int (*enter_t)(struct qm_queue *queue, const struct qm_input *input);

static int enter_number(enter_t enter, struct qm_queue *queue, uint32_t number)
{
	const struct qm_input input = { .type = QM_INPUT_DOWN, .child_sa = number };

	return enter(queue, &input);
}

/** One side of a game of catch; the other side is the test itself. */
struct catcher {
	struct qm_queue *in;
	struct qm_queue *out;
	int timeout_ms;
};

/** Sends every input back until the queue is closed. */
static void *catch(void *arg)
{
	struct catcher *catcher = arg;
	struct qm_input input;
	int r;

	while ((r = qm_queue_pop(catcher->in, &input, catcher->timeout_ms)) != -ESHUTDOWN) {
		if (!r) {
			qm_queue_push(catcher->out, &input);
		}
	}
	qm_queue_close(catcher->out);
	return NULL;
}

/** Uneven pauses find the consumer awake, lingering, asleep, or on the way. */
static void pause_for(uint32_t round)
{
	const struct timespec pause = { .tv_nsec = (long)(round % 29) * 250000 };

	nanosleep(&pause, NULL);
}

/** Were a wake-up ever lost, both sides would sleep for ever. */
static void play_catch(enter_t enter, int timeout_ms, uint32_t rounds)
{
	struct catcher catcher = { make_queue(1), make_queue(1), timeout_ms };
	struct qm_input input;
	pthread_t thread;
	uint32_t i;

	QM_OK_FATAL(-pthread_create(&thread, NULL, catch, &catcher));
	for (i = 0; i < rounds; i++) {
		pause_for(i);
		QM_OK(enter_number(enter, catcher.in, i));
		QM_OK(qm_queue_pop(catcher.out, &input, -1));
		QM_INT(input.child_sa, i);
	}
	pause_for(28);
	qm_queue_close(catcher.in);
	QM_FAILS(qm_queue_pop(catcher.out, &input, -1), -ESHUTDOWN);
	pthread_join(thread, NULL);
	qm_queue_free(catcher.in);
	qm_queue_free(catcher.out);
}

static void test_wake_up(void)
{
	play_catch(qm_queue_push, -1, 300);
	play_catch(qm_queue_offer, -1, 100);
}

static void test_wake_up_from_timed_wait(void)
{
	play_catch(qm_queue_push, 60000, 100);
	play_catch(qm_queue_offer, 60000, 50);
	play_catch(qm_queue_push, 1, 100);
}

static void *close_after_a_while(void *arg)
{
	pause_for(28);
	qm_queue_close(arg);
	return NULL;
}

static void test_close_wakes(void)
{
	for (int i = 0; i < 20; i++) {
		struct qm_queue *queue = make_queue(1);
		struct qm_input input;
		pthread_t thread;

		QM_OK_FATAL(-pthread_create(&thread, NULL, close_after_a_while, queue));
		QM_FAILS(qm_queue_pop(queue, &input, i % 2 ? -1 : 60000), -ESHUTDOWN);
		pthread_join(thread, NULL);
		qm_queue_free(queue);
	}
}

#define PRODUCERS 8
#define PUSHES 20000

struct producer {
	struct qm_queue *queue;
	uint32_t number;
	bool insists;
	/** what it offers is not counted where it finds no room */
	bool offers;
	uint64_t pushed;
	uint64_t refused;
	pthread_t thread;
};

static const enum qm_input_type mixed_types[] = {
	QM_INPUT_DOWN, QM_INPUT_IKE_HOSTS, QM_INPUT_PEER_DELETE, QM_INPUT_EXPIRED,
	QM_INPUT_IKE_UP, QM_INPUT_KEYS, QM_INPUT_MESSAGE, QM_INPUT_ALERT_OFFER,
	QM_INPUT_INVALID, QM_INPUT_CHILD_FAILED,
};

#define MIXED_TYPES (sizeof(mixed_types) / sizeof(mixed_types[0]))

/** The last byte in use tells whether inputs get mixed up. */
static unsigned char *last_byte(struct qm_input *input)
{
	return (unsigned char *)input + qm_input_size(input) - 1;
}

/** Pushes until it is taken, or once where the producer does not insist. */
static void enter(struct producer *producer, const struct qm_input *input)
{
	int r = producer->offers ? qm_queue_offer(producer->queue, input) :
							   qm_queue_push(producer->queue, input);

	while (r < 0 && producer->insists) {
		producer->refused++;
		sched_yield();
		r = qm_queue_push(producer->queue, input);
	}
	producer->refused += r < 0;
	producer->pushed += !r;
}

static void *produce(void *arg)
{
	struct producer *producer = arg;
	struct qm_input input = { .thread = producer->number };

	for (uint32_t i = 0; i < PUSHES; i++) {
		input.type = mixed_types[i % MIXED_TYPES];
		input.child_sa = i;
		input.time.wall_ms = 1000 + i;
		if (input.type != QM_INPUT_DOWN && input.type != QM_INPUT_IKE_UP) {
			*last_byte(&input) = (unsigned char)(i + producer->number);
		}
		enter(producer, &input);
	}
	return NULL;
}

struct harvest {
	struct qm_queue *queue;
	uint64_t popped;
	/** wrong order, wrong content */
	uint64_t wrong;
	uint64_t lost;
	/** of a loss was not the time of any input */
	uint64_t strange_since;
	/** what each producer is expected to have sent next at least */
	uint32_t next[PRODUCERS];
};

static void collect_loss(struct harvest *harvest)
{
	struct qm_queue_loss loss;

	if (qm_queue_take_loss(harvest->queue, &loss)) {
		harvest->lost += loss.count;
		harvest->strange_since +=
			loss.since_ms < 1000 || loss.since_ms >= 1000 + PUSHES;
	}
}

static bool is_right(struct harvest *harvest, struct qm_input *input)
{
	uint32_t i = input->child_sa;

	if (input->thread >= PRODUCERS || i < harvest->next[input->thread] || i >= PUSHES ||
		input->type != mixed_types[i % MIXED_TYPES]) {
		return false;
	}
	harvest->next[input->thread] = i + 1;
	return input->type == QM_INPUT_DOWN || input->type == QM_INPUT_IKE_UP ||
		   *last_byte(input) == (unsigned char)(i + input->thread);
}

static void *consume(void *arg)
{
	struct harvest *harvest = arg;
	struct qm_input input;

	while (qm_queue_pop(harvest->queue, &input, -1) == 0) {
		harvest->wrong += !is_right(harvest, &input);
		harvest->popped++;
		if (harvest->popped % 64 == 0) {
			collect_loss(harvest);
		}
	}
	collect_loss(harvest);
	return NULL;
}

/** Many producers, the first of which offer, and one consumer: nothing is lost but
 * what was refused. */
static void run_producers(size_t capacity, bool insists, uint32_t offering)
{
	static struct harvest harvest;
	struct producer producers[PRODUCERS] = { 0 };
	uint64_t pushed = 0, refused = 0, uncounted = 0;
	pthread_t consumer;
	uint32_t i;

	harvest = (struct harvest){ .queue = make_queue(capacity) };
	QM_OK_FATAL(-pthread_create(&consumer, NULL, consume, &harvest));
	for (i = 0; i < PRODUCERS; i++) {
		producers[i].queue = harvest.queue;
		producers[i].number = i;
		producers[i].insists = insists;
		producers[i].offers = i < offering;
		QM_OK_FATAL(-pthread_create(&producers[i].thread, NULL, produce, &producers[i]));
	}
	for (i = 0; i < PRODUCERS; i++) {
		pthread_join(producers[i].thread, NULL);
		pushed += producers[i].pushed;
		refused += producers[i].refused;
		uncounted += producers[i].offers ? producers[i].refused : 0;
	}
	qm_queue_close(harvest.queue);
	pthread_join(consumer, NULL);
	QM_INT(harvest.popped, pushed);
	QM_INT(harvest.lost, refused - uncounted);
	QM_INT(harvest.wrong, 0);
	QM_INT(harvest.strange_since, 0);
	QM_INT(insists ? pushed : pushed + refused, PRODUCERS * PUSHES);
	qm_queue_free(harvest.queue);
}

static void test_producers_that_drop(void)
{
	run_producers(16, false, 0);
	run_producers(1, false, 0);
}

static void test_producers_that_insist(void)
{
	run_producers(64, true, 0);
}

static void test_producers_that_offer(void)
{
	run_producers(16, false, 3);
	run_producers(64, false, PRODUCERS);
}

CU_TestInfo queue_crowd_tests[] = {
	{ "wakes a sleeping consumer", test_wake_up },
	{ "wakes a consumer that waits for a time", test_wake_up_from_timed_wait },
	{ "close wakes the consumer", test_close_wakes },
	{ "many producers that drop", test_producers_that_drop },
	{ "many producers that insist", test_producers_that_insist },
	{ "producers that offer among others", test_producers_that_offer },
	CU_TEST_INFO_NULL,
};
