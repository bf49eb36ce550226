/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "queue.h"

#include <errno.h>
#include <inttypes.h>
#include <pthread.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "test.h"

/** Where a pop must not write. */
#define UNTOUCHED 0xa5

static struct qm_queue *make_queue(size_t capacity)
{
	struct qm_queue *queue = NULL;

	QM_OK_FATAL(qm_queue_new(&queue, capacity));
	return queue;
}

/** A small input that can be told from others. */
static struct qm_input numbered(uint32_t number)
{
	return (struct qm_input){
		.type = QM_INPUT_DOWN,
		.time = { .wall_ms = 1000 + number, .mono_ms = 500 + number },
		.child_sa = number,
	};
}

static int push(struct qm_queue *queue, uint32_t number)
{
	struct qm_input input = numbered(number);

	return qm_queue_push(queue, &input);
}

/** Pops without waiting and checks which one it is. */
static void expect(struct qm_queue *queue, uint32_t number)
{
	struct qm_input input = { 0 };

	QM_OK(qm_queue_pop(queue, &input, 0));
	QM_INT(input.child_sa, number);
	QM_INT(input.time.wall_ms, 1000 + number);
}

static void expect_empty(struct qm_queue *queue)
{
	struct qm_input input;

	QM_FAILS(qm_queue_pop(queue, &input, 0), -ETIMEDOUT);
}

static void test_arguments(void)
{
	struct qm_queue *const before = (struct qm_queue *)&(char){ 0 };
	struct qm_queue *queue = before;

	QM_FAILS(qm_queue_new(&queue, 0), -EINVAL);
	QM_FAILS(qm_queue_new(&queue, SIZE_MAX), -EINVAL);
	QM_FAILS(qm_queue_new(&queue, SIZE_MAX / sizeof(struct qm_input)), -EINVAL);
	CU_ASSERT_PTR_EQUAL(queue, before);
	CU_ASSERT_PTR_NULL(qm_queue_free(NULL));
	CU_ASSERT_PTR_NULL(qm_queue_free(make_queue(1)));
}

static void test_order(void)
{
	struct qm_queue *queue = make_queue(5);
	uint32_t in = 0, out = 0;

	expect_empty(queue);
	for (uint32_t backlog = 1; backlog <= 5; backlog++) {
		for (int round = 0; round < 12; round++) {
			while (in - out < backlog) {
				QM_OK(push(queue, in++));
			}
			expect(queue, out++);
		}
	}
	while (out < in) {
		expect(queue, out++);
	}
	expect_empty(queue);
	qm_queue_free(queue);
}

static void test_capacity(void)
{
	for (size_t capacity = 1; capacity < 20; capacity++) {
		struct qm_queue *queue = make_queue(capacity);
		uint32_t i, n = (uint32_t)capacity;

		for (i = 0; i < n; i++) {
			QM_OK(push(queue, i));
		}
		QM_FAILS(push(queue, 999), -ENOSPC);
		expect(queue, 0);
		QM_OK(push(queue, n));
		QM_FAILS(push(queue, 999), -ENOSPC);
		for (i = 1; i <= n; i++) {
			expect(queue, i);
		}
		expect_empty(queue);
		qm_queue_free(queue);
	}
}

/**
 * Memory of `size` bytes, rounded up for alignment, after which nothing can be
 * read or written.
 */
static void *map_guarded(size_t size, void **ret_map)
{
	size_t page = (size_t)sysconf(_SC_PAGESIZE);
	size_t aligned = (size + _Alignof(struct qm_input) - 1) /
					 _Alignof(struct qm_input) * _Alignof(struct qm_input);
	char *map;

	map = mmap(NULL, 2 * page, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			   0);
	CU_ASSERT_PTR_NOT_EQUAL_FATAL(map, MAP_FAILED);
	CU_ASSERT_FATAL(aligned <= page);
	QM_OK_FATAL(mprotect(map + page, page, PROT_NONE));
	*ret_map = map;
	return map + page - aligned;
}

static void unmap_guarded(void *map)
{
	munmap(map, 2 * (size_t)sysconf(_SC_PAGESIZE));
}

/** What is beyond an input's size is neither read nor written. */
static void check_bytes_of(enum qm_input_type type)
{
	static struct qm_input full, out;
	struct qm_queue *queue = make_queue(1);
	struct qm_input *in;
	unsigned char *bytes = (unsigned char *)&out;
	void *map;
	size_t size, i;

	memset(&full, 0x11, sizeof(full));
	full.type = type;
	size = qm_input_size(&full);
	in = map_guarded(size, &map);
	memcpy(in, &full, size);
	QM_OK(qm_queue_push(queue, in));
	unmap_guarded(map);

	memset(&out, UNTOUCHED, sizeof(out));
	QM_OK(qm_queue_pop(queue, &out, 0));
	CU_ASSERT(!memcmp(&out, &full, size));
	for (i = size; i < sizeof(out) && bytes[i] == UNTOUCHED; i++) {
	}
	QM_INT(i, sizeof(out));
	qm_queue_free(queue);
}

static void test_bytes(void)
{
	enum qm_input_type type;

	for (type = 0; type < QM_INPUT_MAX; type++) {
		check_bytes_of(type);
	}
}

/** A failed pop leaves the output alone. */
static void test_untouched(void)
{
	struct qm_queue *queue = make_queue(1);
	struct qm_input input = numbered(7);
	struct qm_queue_loss loss = { .count = 11, .since_ms = 12 };

	QM_FAILS(qm_queue_pop(queue, &input, 0), -ETIMEDOUT);
	QM_FAILS(qm_queue_pop(queue, &input, 1), -ETIMEDOUT);
	CU_ASSERT_FALSE(qm_queue_take_loss(queue, &loss));
	qm_queue_close(queue);
	QM_FAILS(qm_queue_pop(queue, &input, -1), -ESHUTDOWN);
	QM_INT(input.child_sa, 7);
	QM_INT(loss.count, 11);
	QM_INT(loss.since_ms, 12);
	qm_queue_free(queue);
}

static void expect_loss(struct qm_queue *queue, uint64_t count, uint64_t since_ms)
{
	struct qm_queue_loss loss = { 0 };

	CU_ASSERT(qm_queue_take_loss(queue, &loss));
	QM_INT(loss.count, count);
	QM_INT(loss.since_ms, since_ms);
	CU_ASSERT_FALSE(qm_queue_take_loss(queue, &loss));
}

static void test_loss(void)
{
	struct qm_queue *queue = make_queue(2);

	QM_OK(push(queue, 0));
	QM_OK(push(queue, 1));
	QM_FAILS(push(queue, 2), -ENOSPC);
	QM_FAILS(push(queue, 3), -ENOSPC);
	QM_FAILS(push(queue, 4), -ENOSPC);
	expect_loss(queue, 3, 1002);
	expect(queue, 0);
	QM_OK(push(queue, 5));
	CU_ASSERT_FALSE(qm_queue_take_loss(queue, &(struct qm_queue_loss){ 0 }));
	QM_FAILS(push(queue, 6), -ENOSPC);
	expect(queue, 1);
	expect(queue, 5);
	expect_loss(queue, 1, 1006);
	qm_queue_free(queue);
}

static void test_close(void)
{
	struct qm_queue *queue = make_queue(3);
	struct qm_input input;

	QM_OK(push(queue, 0));
	QM_OK(push(queue, 1));
	qm_queue_close(queue);
	QM_FAILS(push(queue, 2), -ESHUTDOWN);
	QM_FAILS(push(queue, 3), -ESHUTDOWN);
	expect(queue, 0);
	QM_OK(qm_queue_pop(queue, &input, -1));
	QM_INT(input.child_sa, 1);
	QM_FAILS(qm_queue_pop(queue, &input, 0), -ESHUTDOWN);
	QM_FAILS(qm_queue_pop(queue, &input, 1000), -ESHUTDOWN);
	QM_FAILS(qm_queue_pop(queue, &input, -1), -ESHUTDOWN);
	qm_queue_close(queue);
	QM_FAILS(qm_queue_pop(queue, &input, -1), -ESHUTDOWN);
	expect_loss(queue, 2, 1002);
	qm_queue_free(queue);
}

/** A wait takes at least as long as was asked for. */
static void test_timeout(void)
{
	static const int timeouts[] = { 1, 7, 60 };
	struct qm_queue *queue = make_queue(1);
	struct qm_input input;

	for (size_t i = 0; i < sizeof(timeouts) / sizeof(timeouts[0]); i++) {
		uint64_t start = qm_time_now().mono_ms;

		QM_FAILS(qm_queue_pop(queue, &input, timeouts[i]), -ETIMEDOUT);
		CU_ASSERT(qm_time_now().mono_ms - start >= (uint64_t)timeouts[i]);
	}
	QM_OK(push(queue, 3));
	QM_OK(qm_queue_pop(queue, &input, 60));
	QM_INT(input.child_sa, 3);
	qm_queue_free(queue);
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
static void play_catch(int timeout_ms, uint32_t rounds)
{
	struct catcher catcher = { make_queue(1), make_queue(1), timeout_ms };
	struct qm_input input;
	pthread_t thread;
	uint32_t i;

	QM_OK_FATAL(-pthread_create(&thread, NULL, catch, &catcher));
	for (i = 0; i < rounds; i++) {
		pause_for(i);
		QM_OK(push(catcher.in, i));
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
	play_catch(-1, 300);
}

static void test_wake_up_from_timed_wait(void)
{
	play_catch(60000, 100);
	play_catch(1, 100);
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
	uint64_t pushed;
	uint64_t refused;
	pthread_t thread;
};

static const enum qm_input_type mixed_types[] = {
	QM_INPUT_DOWN, QM_INPUT_IKE_HOSTS, QM_INPUT_PEER_DELETE, QM_INPUT_EXPIRED,
	QM_INPUT_IKE_UP, QM_INPUT_KEYS,
};

#define MIXED_TYPES (sizeof(mixed_types) / sizeof(mixed_types[0]))

/** The last byte in use tells whether inputs get mixed up. */
static unsigned char *last_byte(struct qm_input *input)
{
	return (unsigned char *)input + qm_input_size(input) - 1;
}

/** Pushes until it is taken, or once where the producer does not insist. */
static void offer(struct producer *producer, const struct qm_input *input)
{
	int r = qm_queue_push(producer->queue, input);

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
		offer(producer, &input);
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

/** Many producers, one consumer: nothing is lost but what was refused. */
static void run_producers(size_t capacity, bool insists)
{
	static struct harvest harvest;
	struct producer producers[PRODUCERS] = { 0 };
	uint64_t pushed = 0, refused = 0;
	pthread_t consumer;
	uint32_t i;

	harvest = (struct harvest){ .queue = make_queue(capacity) };
	QM_OK_FATAL(-pthread_create(&consumer, NULL, consume, &harvest));
	for (i = 0; i < PRODUCERS; i++) {
		producers[i].queue = harvest.queue;
		producers[i].number = i;
		producers[i].insists = insists;
		QM_OK_FATAL(-pthread_create(&producers[i].thread, NULL, produce, &producers[i]));
	}
	for (i = 0; i < PRODUCERS; i++) {
		pthread_join(producers[i].thread, NULL);
		pushed += producers[i].pushed;
		refused += producers[i].refused;
	}
	qm_queue_close(harvest.queue);
	pthread_join(consumer, NULL);
	QM_INT(harvest.popped, pushed);
	QM_INT(harvest.lost, refused);
	QM_INT(harvest.wrong, 0);
	QM_INT(harvest.strange_since, 0);
	QM_INT(insists ? pushed : pushed + refused, PRODUCERS * PUSHES);
	qm_queue_free(harvest.queue);
}

static void test_producers_that_drop(void)
{
	run_producers(16, false);
	run_producers(1, false);
}

static void test_producers_that_insist(void)
{
	run_producers(64, true);
}

CU_TestInfo queue_tests[] = {
	{ "arguments", test_arguments },
	{ "first in, first out, at any backlog", test_order },
	{ "holds what it was made for", test_capacity },
	{ "moves only the bytes in use", test_bytes },
	{ "failures leave outputs alone", test_untouched },
	{ "counts what it refuses", test_loss },
	{ "close refuses the new and keeps the old", test_close },
	{ "timeouts", test_timeout },
	{ "wakes a sleeping consumer", test_wake_up },
	{ "wakes a consumer that waits for a time", test_wake_up_from_timed_wait },
	{ "close wakes the consumer", test_close_wakes },
	{ "many producers that drop", test_producers_that_drop },
	{ "many producers that insist", test_producers_that_insist },
	CU_TEST_INFO_NULL,
};
