/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gate.h"

#include <errno.h>
#include <sys/socket.h>

#include "gate_kit.h"
#include "samples.h"
#include "test.h"

/** How long a suspect is kept, and for how long there may be second answers. */
#define SUSPECT_MS 10000
#define RESENT_MS 300000

/** Threads that can have a packet here at a time. */
#define THREADS 64

#define IKE_SA 17

/** A gate that lets everything through. */
static void open_gate(struct gate_kit *kit)
{
	gate_kit_init(kit, 0, 0, 1000);
}

static void suspect(struct gate_kit *kit, uint32_t thread, uint16_t source, uint64_t ms)
{
	const struct qm_invalid invalid = gate_kit_packet(source);

	qm_gate_suspect(kit->gate, thread, &invalid, gate_kit_time(ms));
}

/** Says that the suspect, or any other of its IKE_SA and message ID, came before. */
static void acquit(struct gate_kit *kit, uint32_t thread)
{
	const struct qm_invalid invalid = gate_kit_packet(0);

	qm_gate_acquit(kit->gate, thread, invalid.ike_sa, invalid.packet.msgid);
}

static void read_packet(struct gate_kit *kit, uint32_t thread, uint16_t source,
						uint64_t ms)
{
	const struct qm_invalid invalid = gate_kit_packet(source);

	qm_gate_read(kit->gate, thread, &invalid, gate_kit_time(ms));
}

static void reject(struct gate_kit *kit, uint32_t thread, uint32_t ike_sa, uint64_t ms)
{
	qm_gate_reject(kit->gate, thread, ike_sa, gate_kit_time(ms));
}

static void invalid_packet(struct gate_kit *kit, uint16_t source, uint64_t ms)
{
	const struct qm_invalid invalid = gate_kit_packet(source);

	qm_gate_invalid(kit->gate, &invalid, gate_kit_time(ms));
}

/** The last packet passed on is this one, of that time. */
static void expect_pushed(const struct gate_kit *kit, uint64_t number, uint16_t source,
						  uint64_t ms)
{
	QM_INT(kit->pushed, number);
	CU_ASSERT(gate_kit_is_packet(&kit->last, source));
	QM_INT(kit->last_time.wall_ms, gate_kit_time(ms).wall_ms);
	QM_INT(kit->last_time.mono_ms, gate_kit_time(ms).mono_ms);
}

/** Nothing is in the gate any more, and nothing else came out. */
static void expect_end(struct gate_kit *kit, uint64_t pushed, uint64_t taken)
{
	gate_kit_take(kit, 1000000, true);
	QM_INT(kit->pushed, pushed);
	QM_INT(kit->counts[QM_LIMIT_PACKET], taken);
	QM_INT(kit->counts[QM_LIMIT_NEGOTIATION], 0);
	CU_ASSERT_FALSE(qm_gate_waits(kit->gate));
	gate_kit_free(kit);
}

static void test_arguments(void)
{
	struct qm_gate_config config = { .rates = { .source = 1, .total = 1 } };
	struct qm_gate *const before = (struct qm_gate *)&(char){ 0 };
	struct qm_gate *gate = before;

	QM_FAILS(qm_gate_new(&gate, &config), -EINVAL);
	CU_ASSERT_PTR_EQUAL(gate, before);
	CU_ASSERT_PTR_NULL(qm_gate_free(NULL));
}

static void test_invalid(void)
{
	struct gate_kit kit;

	open_gate(&kit);
	CU_ASSERT_FALSE(qm_gate_waits(kit.gate));
	invalid_packet(&kit, 7, 5);
	expect_pushed(&kit, 1, 7, 5);
	invalid_packet(&kit, 7, 6);
	expect_pushed(&kit, 2, 7, 6);
	QM_INT(kit.wakes, 0);
	CU_ASSERT_FALSE(qm_gate_waits(kit.gate));
	expect_end(&kit, 2, 0);
}

/** Who asks first need not tell of what is only counted. */
static void test_admitted(void)
{
	struct qm_invalid invalid = gate_kit_packet(7);
	struct gate_kit kit;

	gate_kit_init(&kit, 2, 0, 1000);
	invalid.ike_sa = 0;
	for (uint64_t ms = 0; ms < 5; ms++) {
		if (qm_gate_admit_stray(kit.gate, &invalid.remote, invalid.fault,
								gate_kit_time(ms))) {
			qm_gate_pass(kit.gate, &invalid, gate_kit_time(ms));
			/* there is room for the first only */
			kit.refuse = -ENOSPC;
		}
	}
	QM_INT(kit.pushed, 1);
	QM_INT(kit.refused, 1);
	QM_INT(kit.wakes, 1);
	expect_end(&kit, 1, 4);
}

static void test_acquitted(void)
{
	struct gate_kit kit;

	open_gate(&kit);
	suspect(&kit, 1, 7, 0);
	acquit(&kit, 1);
	QM_INT(gate_kit_take(&kit, SUSPECT_MS, false), 0);
	/* there is nobody to be acquitted any more */
	acquit(&kit, 1);
	expect_end(&kit, 0, 0);
}

static void test_not_acquitted(void)
{
	struct gate_kit kit;

	open_gate(&kit);
	suspect(&kit, 1, 7, 100);
	QM_INT(kit.wakes, 1);
	/* another thread's word is not about it */
	acquit(&kit, 2);
	QM_INT(gate_kit_take(&kit, 100 + SUSPECT_MS - 1, false), 0);
	CU_ASSERT_TRUE(qm_gate_waits(kit.gate));
	QM_INT(gate_kit_take(&kit, 100 + SUSPECT_MS, false), 1);
	CU_ASSERT(gate_kit_is_packet(&kit.item.invalid, 7));
	QM_INT(kit.item.kind, QM_LIMIT_PACKET);
	QM_INT(kit.item.count, 1);
	QM_INT(kit.item.since_ms, gate_kit_time(100).wall_ms);
	QM_INT(kit.item.last_ms, gate_kit_time(100).wall_ms);
	CU_ASSERT_FALSE(qm_gate_waits(kit.gate));
	acquit(&kit, 1);
	QM_INT(gate_kit_take(&kit, 200 + 2 * SUSPECT_MS, false), 0);
	expect_end(&kit, 0, 1);
}

/** A thread that is at another packet has said all about the one before. */
static void test_two_of_one_thread(void)
{
	struct gate_kit kit;

	open_gate(&kit);
	suspect(&kit, 1, 7, 0);
	suspect(&kit, 1, 8, 50);
	expect_pushed(&kit, 1, 7, 0);
	acquit(&kit, 1);
	expect_end(&kit, 1, 0);

	open_gate(&kit);
	suspect(&kit, 1, 7, 0);
	suspect(&kit, 2, 9, 10);
	suspect(&kit, 1, 8, 50);
	expect_pushed(&kit, 1, 7, 0);
	QM_INT(gate_kit_take(&kit, 10 + SUSPECT_MS, false), 1);
	QM_INT(kit.item.invalid.remote.ip[3], 9);
	QM_INT(gate_kit_take(&kit, 50 + SUSPECT_MS, false), 1);
	QM_INT(kit.item.invalid.remote.ip[3], 8);
	expect_end(&kit, 1, 2);
}

/** Of more threads than there is room for, the oldest are not waited for. */
static void test_many_threads(void)
{
	struct gate_kit kit;
	uint32_t i;

	open_gate(&kit);
	for (i = 0; i < THREADS; i++) {
		suspect(&kit, i, (uint16_t)i, i);
	}
	QM_INT(kit.pushed, 0);
	/* one is younger than it was, one has gone: neither is the oldest now */
	suspect(&kit, 0, 200, THREADS);
	expect_pushed(&kit, 1, 0, 0);
	acquit(&kit, 1);
	suspect(&kit, THREADS, 201, THREADS + 1);
	QM_INT(kit.pushed, 1);
	for (i = 2; i < 30; i++) {
		suspect(&kit, THREADS + i, 202, THREADS + i);
		expect_pushed(&kit, i, (uint16_t)i, i);
	}
	/* acquitted too late */
	acquit(&kit, 2);
	expect_end(&kit, 29, THREADS);
}

static void test_read(void)
{
	struct gate_kit kit;

	open_gate(&kit);
	reject(&kit, 1, IKE_SA, 0);
	read_packet(&kit, 1, 7, 0);
	/* of another IKE_SA, of another thread */
	reject(&kit, 1, IKE_SA + 1, 10);
	reject(&kit, 2, IKE_SA, 20);
	/* that is for suspects */
	acquit(&kit, 1);
	QM_INT(kit.pushed, 0);
	reject(&kit, 1, IKE_SA, 30);
	expect_pushed(&kit, 1, 7, 30);
	reject(&kit, 1, IKE_SA, 40);
	QM_INT(kit.wakes, 0);
	expect_end(&kit, 1, 0);
}

/** What a thread reads next takes the place of what it read before. */
static void test_read_and_suspected(void)
{
	struct gate_kit kit;

	open_gate(&kit);
	read_packet(&kit, 1, 7, 0);
	read_packet(&kit, 1, 8, 1);
	reject(&kit, 1, IKE_SA, 2);
	expect_pushed(&kit, 1, 8, 2);
	suspect(&kit, 1, 9, 3);
	reject(&kit, 1, IKE_SA, 4);
	QM_INT(kit.pushed, 1);
	read_packet(&kit, 1, 10, 5);
	expect_pushed(&kit, 2, 9, 3);
	suspect(&kit, 1, 11, 6);
	QM_INT(kit.pushed, 2);
	acquit(&kit, 1);
	reject(&kit, 1, IKE_SA, 7);
	/* and what was read is nothing to be taken */
	read_packet(&kit, 1, 12, 8);
	QM_INT(gate_kit_take(&kit, 2 * SUSPECT_MS, false), 0);
	expect_end(&kit, 2, 0);
}

/** Packets that were read have no right to their room either. */
static void test_many_read(void)
{
	struct gate_kit kit;

	open_gate(&kit);
	for (uint32_t i = 0; i <= THREADS; i++) {
		read_packet(&kit, i, 7, i);
	}
	reject(&kit, 0, IKE_SA, 200);
	QM_INT(kit.pushed, 0);
	for (uint32_t i = 1; i <= THREADS; i++) {
		reject(&kit, i, IKE_SA, 200 + i);
		QM_INT(kit.pushed, i);
	}
	expect_end(&kit, THREADS, 0);
}

static bool second(struct gate_kit *kit, uint32_t ike_sa, uint64_t ms)
{
	return qm_gate_is_second_answer(kit->gate, ike_sa, gate_kit_time(ms));
}

static void test_second_answers(void)
{
	struct gate_kit kit;

	open_gate(&kit);
	CU_ASSERT_FALSE(second(&kit, IKE_SA, 0));
	CU_ASSERT_FALSE(second(&kit, 0, 0));
	qm_gate_resent(kit.gate, IKE_SA, gate_kit_time(10));
	CU_ASSERT_FALSE(second(&kit, IKE_SA + 1, 20));
	CU_ASSERT_TRUE(second(&kit, IKE_SA, 20));
	CU_ASSERT_FALSE(second(&kit, IKE_SA, 20));
	qm_gate_resent(kit.gate, IKE_SA, gate_kit_time(30));
	qm_gate_resent(kit.gate, IKE_SA, gate_kit_time(40));
	CU_ASSERT_TRUE(second(&kit, IKE_SA, 41));
	CU_ASSERT_TRUE(second(&kit, IKE_SA, 42));
	CU_ASSERT_FALSE(second(&kit, IKE_SA, 43));
	qm_gate_resent(kit.gate, IKE_SA, gate_kit_time(50));
	CU_ASSERT_FALSE(second(&kit, IKE_SA, 50 + RESENT_MS));
	qm_gate_resent(kit.gate, 5, gate_kit_time(50));
	CU_ASSERT_TRUE(second(&kit, 5, 50 + RESENT_MS - 1));
	expect_end(&kit, 0, 0);
}

/** The table is small: of too many IKE_SAs at once the oldest is forgotten. */
static void test_many_second_answers(void)
{
	enum { APART = 512, WAYS = 4 };
	struct gate_kit kit;
	uint32_t i;

	open_gate(&kit);
	for (i = 0; i < 5 * APART; i++) {
		qm_gate_resent(kit.gate, 1 + i, gate_kit_time(i));
	}
	for (i = 0; i < APART; i++) {
		CU_ASSERT_FALSE(second(&kit, 1 + i, 5 * APART));
	}
	for (; i < 5 * APART; i++) {
		CU_ASSERT_TRUE(second(&kit, 1 + i, 5 * APART));
		CU_ASSERT_FALSE(second(&kit, 1 + i, 5 * APART));
	}
	expect_end(&kit, 0, 0);
}

static void test_flood(void)
{
	struct gate_kit kit;

	gate_kit_init(&kit, 2, 0, 1000);
	for (uint64_t ms = 0; ms < 100; ms++) {
		invalid_packet(&kit, 7, ms);
	}
	expect_pushed(&kit, 2, 7, 1);
	QM_INT(kit.wakes, 1);
	CU_ASSERT_TRUE(qm_gate_waits(kit.gate));
	QM_INT(gate_kit_take(&kit, 1001, false), 0);
	QM_INT(kit.wakes, 1);
	QM_INT(gate_kit_take(&kit, 1002, false), 1);
	QM_INT(kit.item.kind, QM_LIMIT_PACKET);
	QM_INT(kit.item.count, 98);
	QM_INT(kit.item.since_ms, gate_kit_time(2).wall_ms);
	QM_INT(kit.item.last_ms, gate_kit_time(99).wall_ms);
	QM_INT(kit.item.invalid.remote.ip[3], 7);
	QM_INT(kit.item.invalid.fault, QM_FAULT_BAD_INTEGRITY);
	QM_INT(kit.item.invalid.authenticated, QM_TRI_NO);
	QM_INT(kit.item.invalid.packet.len, 0);
	QM_INT(kit.item.invalid.ike_sa, 0);
	CU_ASSERT_FALSE(qm_gate_waits(kit.gate));
	/* now the wait begins anew */
	invalid_packet(&kit, 7, 1010);
	QM_INT(kit.wakes, 2);
	invalid_packet(&kit, 7, 1011);
	QM_INT(kit.wakes, 2);
	expect_end(&kit, 2, 100);
}

/** A suspect that comes too late to be written is counted like others. */
static void test_suspects_are_limited(void)
{
	struct gate_kit kit;

	gate_kit_init(&kit, 1, 0, 20000);
	suspect(&kit, 1, 7, 0);
	suspect(&kit, 2, 7, 1);
	suspect(&kit, 3, 7, 2);
	QM_INT(gate_kit_take(&kit, SUSPECT_MS + 2, false), 1);
	QM_INT(kit.item.count, 1);
	QM_INT(kit.item.invalid.packet.len, 252);
	CU_ASSERT_TRUE(qm_gate_waits(kit.gate));
	QM_INT(gate_kit_take(&kit, 20000, false), 0);
	QM_INT(gate_kit_take(&kit, 20001, false), 1);
	QM_INT(kit.item.count, 2);
	QM_INT(kit.item.since_ms, gate_kit_time(1).wall_ms);
	expect_end(&kit, 0, 3);
}

static void test_push_fails(void)
{
	struct gate_kit kit;

	open_gate(&kit);
	kit.refuse = -ENOSPC;
	for (uint64_t ms = 0; ms < 50; ms++) {
		invalid_packet(&kit, (uint16_t)(ms % 2), ms);
	}
	read_packet(&kit, 1, 0, 60);
	reject(&kit, 1, IKE_SA, 61);
	suspect(&kit, 1, 1, 62);
	suspect(&kit, 1, 1, 63);
	QM_INT(kit.refused, 52);
	QM_INT(kit.wakes, 1);
	kit.refuse = 0;
	QM_INT(gate_kit_take(&kit, 2000, false), 2);
	QM_INT(kit.counts[QM_LIMIT_PACKET], 52);
	CU_ASSERT_TRUE(qm_gate_waits(kit.gate));
	acquit(&kit, 1);
	expect_end(&kit, 0, 52);
}

static void test_take_all(void)
{
	struct gate_kit kit;

	gate_kit_init(&kit, 1, 0, 3600000);
	suspect(&kit, 1, 1, 0);
	suspect(&kit, 2, 2, 0);
	for (uint64_t ms = 0; ms < 10; ms++) {
		invalid_packet(&kit, 3, ms);
	}
	QM_INT(kit.pushed, 1);
	QM_INT(gate_kit_take(&kit, 10, false), 0);
	QM_INT(gate_kit_take(&kit, 10, true), 3);
	QM_INT(kit.counts[QM_LIMIT_PACKET], 2 + 9);
	expect_end(&kit, 1, 11);
}

static bool admit_failure(struct gate_kit *kit, const char *source, uint64_t ms)
{
	const struct qm_addr addr = qm_sample_addr(source, 4500);

	return qm_gate_admit_failure(kit->gate, &addr, gate_kit_time(ms));
}

static void test_failures(void)
{
	struct gate_kit kit;

	gate_kit_init(&kit, 2, 0, 1000);
	CU_ASSERT_TRUE(admit_failure(&kit, "2001:db8:1:2::1", 0));
	CU_ASSERT_TRUE(admit_failure(&kit, "2001:db8:1:2::2", 1));
	QM_INT(kit.wakes, 0);
	CU_ASSERT_FALSE(admit_failure(&kit, "2001:db8:1:2::3", 2));
	CU_ASSERT_FALSE(admit_failure(&kit, "2001:db8:1:2::4", 3));
	CU_ASSERT_TRUE(admit_failure(&kit, "2001:db8:1:3::1", 4));
	QM_INT(kit.wakes, 1);
	QM_INT(gate_kit_take(&kit, 1002, false), 1);
	QM_INT(kit.item.kind, QM_LIMIT_NEGOTIATION);
	QM_INT(kit.item.count, 2);
	QM_INT(kit.item.since_ms, gate_kit_time(2).wall_ms);
	QM_INT(kit.item.last_ms, gate_kit_time(3).wall_ms);
	QM_INT(kit.item.source.family, AF_INET6);
	QM_INT(kit.item.source.ip[7], 2);
	QM_INT(kit.item.source.ip[15], 0);
	QM_INT(kit.counts[QM_LIMIT_PACKET], 0);
	CU_ASSERT_FALSE(qm_gate_waits(kit.gate));
	kit.counts[QM_LIMIT_NEGOTIATION] = 0;
	expect_end(&kit, 0, 0);
}

/** What was held is handed out though nothing is held any more. */
static void test_rates_change(void)
{
	const struct qm_limiter_rates none = { .interval_ms = 1000 };
	const struct qm_limiter_rates few = { .source = 1, .total = 1, .interval_ms = 500 };
	struct gate_kit kit;

	gate_kit_init(&kit, 1, 1, 60000);
	invalid_packet(&kit, 7, 0);
	invalid_packet(&kit, 7, 1);
	qm_gate_set_rates(kit.gate, &none);
	CU_ASSERT_TRUE(qm_gate_waits(kit.gate));
	for (uint64_t ms = 2; ms < 100; ms++) {
		invalid_packet(&kit, 7, ms);
		CU_ASSERT_TRUE(admit_failure(&kit, "198.51.0.7", ms));
	}
	QM_INT(kit.pushed, 99);
	QM_INT(gate_kit_take(&kit, 1001, false), 1);
	QM_INT(kit.item.count, 1);
	qm_gate_set_rates(kit.gate, &few);
	invalid_packet(&kit, 8, 1002);
	invalid_packet(&kit, 8, 1003);
	invalid_packet(&kit, 9, 1004);
	QM_INT(kit.pushed, 100);
	expect_end(&kit, 100, 3);
}

CU_TestInfo gate_tests[] = {
	{ "arguments", test_arguments },
	{ "a packet is passed on", test_invalid },
	{ "a packet is admitted, and passed on", test_admitted },
	{ "a suspect that is acquitted is nothing", test_acquitted },
	{ "a suspect that is not is taken once", test_not_acquitted },
	{ "two suspects of one thread", test_two_of_one_thread },
	{ "more threads than there is room for", test_many_threads },
	{ "a packet that was read is passed on if it is rejected", test_read },
	{ "packets read and suspected on one thread", test_read_and_suspected },
	{ "packets read on more threads than there is room for", test_many_read },
	{ "second answers", test_second_answers },
	{ "second answers in too many IKE_SAs", test_many_second_answers },
	{ "a flood is counted", test_flood },
	{ "suspects are counted too", test_suspects_are_limited },
	{ "what cannot be passed on is counted", test_push_fails },
	{ "all is taken at the end", test_take_all },
	{ "failures are counted", test_failures },
	{ "other rates", test_rates_change },
	CU_TEST_INFO_NULL,
};
