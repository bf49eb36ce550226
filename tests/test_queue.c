/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "queue.h"

#include <errno.h>
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

static int offer(struct qm_queue *queue, uint32_t number)
{
	struct qm_input input = numbered(number);

	return qm_queue_offer(queue, &input);
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
	QM_FAILS(qm_queue_new(&queue, SIZE_MAX / sizeof(struct qm_input) + 1), -EINVAL);
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

#define UP_TO(member) \
	(offsetof(struct qm_input, member) + sizeof(((struct qm_input *)0)->member))

/** What an input is said to have is within the bytes in use. */
static void test_sizes(void)
{
	static const struct {
		enum qm_input_type type;
		size_t size;
	} sizes[] = {
		{ QM_INPUT_KEYS, UP_TO(sa) },
		{ QM_INPUT_UP, UP_TO(sa) },
		{ QM_INPUT_REKEY, UP_TO(sa) },
		{ QM_INPUT_MESSAGE_ERROR, UP_TO(sa) },
		{ QM_INPUT_CHILD_FAILED, UP_TO(sa) },
		{ QM_INPUT_IKE_ABANDONED, UP_TO(sa) },
		{ QM_INPUT_ALERT_OFFER, UP_TO(offer) },
		{ QM_INPUT_INVALID, UP_TO(invalid) },
		{ QM_INPUT_EXPIRED, UP_TO(expired) },
		{ QM_INPUT_PEER_DELETE, UP_TO(deleted) },
		{ QM_INPUT_IKE_HOSTS, UP_TO(hosts) },
		{ QM_INPUT_ANNOUNCED, UP_TO(old_child_sa) },
		{ QM_INPUT_CHILD_BORN, UP_TO(direction) },
		{ QM_INPUT_ALERT, UP_TO(alert) },
		{ QM_INPUT_MESSAGE, UP_TO(message) },
		{ QM_INPUT_SETTINGS, UP_TO(settings) },
	};
	struct qm_input input;

	for (size_t i = 0; i < sizeof(sizes) / sizeof(sizes[0]); i++) {
		input.type = sizes[i].type;
		CU_ASSERT(qm_input_size(&input) >= sizes[i].size);
	}
	for (input.type = 0; input.type < QM_INPUT_MAX; input.type++) {
		CU_ASSERT(qm_input_size(&input) <= sizeof(input));
	}
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

/** What is offered finds room in one half only, and nobody counts what does not. */
static void check_offers(uint32_t capacity)
{
	struct qm_queue *queue = make_queue(capacity);
	const uint32_t half = (capacity + 1) / 2;
	uint32_t i;

	for (i = 0; i < half; i++) {
		QM_OK(offer(queue, i));
	}
	QM_FAILS(offer(queue, 999), -ENOSPC);
	for (; i < capacity; i++) {
		QM_OK(push(queue, i));
		QM_FAILS(offer(queue, 999), -ENOSPC);
	}
	CU_ASSERT_FALSE(qm_queue_take_loss(queue, &(struct qm_queue_loss){ 0 }));
	for (i = 0; i < capacity; i++) {
		expect(queue, i);
		/* it has to fall below the half first */
		QM_INT(offer(queue, capacity + i), capacity - 1 - i < half ? 0 : -ENOSPC);
		if (capacity - 1 - i < half) {
			break;
		}
	}
	for (uint32_t rest = i + 1; rest < capacity; rest++) {
		expect(queue, rest);
	}
	expect(queue, capacity + i);
	expect_empty(queue);
	CU_ASSERT_FALSE(qm_queue_take_loss(queue, &(struct qm_queue_loss){ 0 }));
	qm_queue_free(queue);
}

static void test_offers(void)
{
	struct qm_queue *queue = make_queue(2);

	for (uint32_t capacity = 1; capacity < 20; capacity++) {
		check_offers(capacity);
	}
	qm_queue_close(queue);
	QM_FAILS(offer(queue, 1), -ESHUTDOWN);
	CU_ASSERT_FALSE(qm_queue_take_loss(queue, &(struct qm_queue_loss){ 0 }));
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

CU_TestInfo queue_tests[] = {
	{ "arguments", test_arguments },
	{ "first in, first out, at any backlog", test_order },
	{ "holds what it was made for", test_capacity },
	{ "inputs have the bytes that they use", test_sizes },
	{ "moves only the bytes in use", test_bytes },
	{ "failures leave outputs alone", test_untouched },
	{ "counts what it refuses", test_loss },
	{ "takes offers into one half, and counts none", test_offers },
	{ "close refuses the new and keeps the old", test_close },
	{ "timeouts", test_timeout },
	CU_TEST_INFO_NULL,
};
