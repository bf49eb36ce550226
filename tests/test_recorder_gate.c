/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The recorder and its gate: what anybody can cause is written, or counted.
 */
#include <pthread.h>
#include <string.h>
#include <time.h>

#include "clock.h"
#include "fake_sink.h"
#include "gate_kit.h"
#include "recorder_kit.h"
#include "samples.h"
#include "test.h"

#define NO QM_TRI_NO
#define YES QM_TRI_YES

/** No summary comes before it is asked for. */
#define NEVER_MS 3600000

/** One of each source is let through. */
static struct qm_reload one_of_each(struct qm_policy policy, bool invalid_is_success)
{
	return (struct qm_reload){
		.policy = policy,
		.invalid_is_success = invalid_is_success,
		.rates = { .source = 1, .total = 0, .interval_ms = NEVER_MS },
	};
}

static struct qm_recorder *start_with(const struct qm_reload *settings)
{
	struct qm_recorder *recorder = make_recorder_with(settings, 64);

	QM_OK_FATAL(qm_recorder_start(recorder));
	return recorder;
}

/** On the recorder's own monotonic clock, so many milliseconds ago. */
static struct qm_time ago(uint64_t ms)
{
	struct qm_time time = qm_time_now();

	time.mono_ms -= ms;
	return time;
}

static void invalid_packet(struct qm_recorder *recorder, uint16_t source)
{
	const struct qm_invalid invalid = gate_kit_packet(source);

	qm_gate_invalid(qm_recorder_gate(recorder), &invalid, ago(0));
}

/** The sum of what the records with this op stand for. */
static uint64_t sum_of(const char *op)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < fake_sink_records(); i++) {
		if (!strcmp(fake_sink_field(i, "op"), op)) {
			sum += record_number(i, "count");
		}
	}
	return sum;
}

static void test_written(void)
{
	const struct qm_reload settings = one_of_each(both, true);
	struct qm_recorder *recorder = start_with(&settings);
	const struct qm_invalid invalid = gate_kit_packet(7);
	const struct qm_time now = { .wall_ms = QM_KIT_WALL_MS, .mono_ms = ago(0).mono_ms };

	for (int i = 0; i < 4; i++) {
		qm_gate_invalid(qm_recorder_gate(recorder), &invalid, now);
	}
	invalid_packet(recorder, 8);
	end_recorder(recorder);
	EXPECT_OPS("audit-start", "invalid-packet", "invalid-packet", "invalid-packet",
			   "audit-stop");
	expect_contiguous();
	expect_number(1, "event-id", 4977);
	expect_number(1, "count", 1);
	expect_number(1, "packet-len", 252);
	expect_number(1, "instance", 7);
	QM_STR(fake_sink_field(1, "when"), "1795438975.152");
	QM_STR(fake_sink_field(1, "since"), "1795438975.152");
	QM_STR(fake_sink_addr(1), "198.51.0.7");
	QM_STR(fake_sink_addr(2), "198.51.0.8");
	expect_number(3, "count", 3);
	QM_STR(fake_sink_addr(3), "198.51.0.7");
	QM_STR(fake_sink_field(3, "reason"), "bad-integrity");
	QM_STR(fake_sink_field(3, "packet-len"), "?");
}

/** Two packets, one in full and one in a summary: both are of the class. */
static void check_class(struct qm_policy policy, bool is_success, bool written)
{
	const struct qm_reload settings = one_of_each(policy, is_success);
	struct qm_recorder *recorder = start_with(&settings);

	invalid_packet(recorder, 7);
	invalid_packet(recorder, 7);
	end_recorder(recorder);
	QM_INT(sum_of("invalid-packet"), written ? 2 : 0);
	for (size_t i = 1; written && i < 3; i++) {
		QM_STR(fake_sink_field(i, "op"), "invalid-packet");
		QM_INT(fake_sink_success(i), is_success);
	}
}

static void test_classes(void)
{
	static const struct qm_policy success = { YES, NO }, failure = { NO, YES };
	static const struct qm_policy none = { NO, NO }, unset;

	check_class(success, true, true);
	check_class(success, false, false);
	check_class(failure, true, false);
	check_class(failure, false, true);
	check_class(both, true, true);
	check_class(both, false, true);
	check_class(none, true, false);
	check_class(none, false, false);
	check_class(unset, true, false);
}

/** Asleep, it is told when something comes to wait. */
static void test_woken(void)
{
	const struct timespec pause = { .tv_nsec = 50000000 };
	struct qm_reload settings = one_of_each(both, true);
	const struct qm_invalid invalid = gate_kit_packet(7);
	struct qm_recorder *recorder;

	settings.rates.interval_ms = 50;
	recorder = start_with(&settings);
	fake_sink_await_records(1);
	nanosleep(&pause, NULL);
	qm_gate_suspect(qm_recorder_gate(recorder), 1, &invalid, ago(10000));
	fake_sink_await_records(2);
	expect_number(1, "packet-len", 252);
	nanosleep(&pause, NULL);
	invalid_packet(recorder, 7);
	invalid_packet(recorder, 7);
	fake_sink_await_records(3);
	expect_number(2, "count", 2);
	end_recorder(recorder);
	EXPECT_OPS("audit-start", "invalid-packet", "invalid-packet", "audit-stop");
}

/** A suspect is written at stop, an acquitted one never. */
static void test_stop(void)
{
	const struct qm_reload settings = one_of_each(both, true);
	struct qm_recorder *recorder = start_with(&settings);
	struct qm_gate *gate = qm_recorder_gate(recorder);
	const struct qm_invalid invalid = gate_kit_packet(9);

	qm_gate_suspect(gate, 1, &invalid, ago(0));
	qm_gate_suspect(gate, 2, &invalid, ago(0));
	qm_gate_acquit(gate, 2, invalid.ike_sa, invalid.packet.msgid);
	for (uint16_t source = 0; source < 5; source++) {
		for (uint16_t i = 0; i <= source; i++) {
			invalid_packet(recorder, source);
		}
	}
	end_recorder(recorder);
	QM_INT(sum_of("invalid-packet"), 1 + 1 + 2 + 3 + 4 + 5);
	QM_STR(fake_sink_field(fake_sink_records() - 1, "op"), "audit-stop");
	expect_contiguous();
}

#define FLOOD 50000
#define QUEUE 64

/** Nothing can be written and no more queued; all are counted. */
static void test_flood_while_blocked(void)
{
	struct qm_reload settings = one_of_each(both, true);
	struct qm_recorder *recorder;
	uint32_t i, refused = 0;

	settings.rates.source = 3;
	settings.rates.total = 100;
	recorder = make_recorder_with(&settings, QUEUE);
	fake_sink_block();
	QM_OK(qm_recorder_start(recorder));
	fake_sink_await_blocked();
	for (i = 0; i < FLOOD / 2; i++) {
		invalid_packet(recorder, (uint16_t)(i % 200));
	}
	for (i = 0; i < QUEUE; i++) {
		refused += push_nothing(recorder, i) < 0;
	}
	/* the flood took half of it, and is not what was lost */
	QM_INT(refused, QUEUE / 2);
	for (i = 0; i < FLOOD / 2; i++) {
		invalid_packet(recorder, (uint16_t)(i % 300));
	}
	fake_sink_unblock();
	end_recorder(recorder);
	QM_INT(sum_of("invalid-packet"), FLOOD);
	QM_INT(sum_of("lost"), refused);
	expect_contiguous();
}

#define CROWD 4
#define PACKETS 20000

struct sender {
	struct qm_recorder *recorder;
	uint32_t number;
	pthread_t thread;
};

/** Half of its packets are suspects, which its next one shows to be invalid. */
static void *send_packets(void *arg)
{
	const struct sender *sender = arg;
	struct qm_gate *gate = qm_recorder_gate(sender->recorder);

	for (uint32_t i = 0; i < PACKETS / 2; i++) {
		const struct qm_invalid invalid = gate_kit_packet((uint16_t)(i % 37));

		qm_gate_suspect(gate, sender->number, &invalid, ago(0));
		qm_gate_invalid(gate, &invalid, ago(0));
	}
	return NULL;
}

static void test_crowd(void)
{
	struct qm_reload settings = one_of_each(both, true);
	struct sender senders[CROWD];
	struct qm_recorder *recorder;

	settings.rates = (struct qm_limiter_rates){ 5, 100, 20 };
	recorder = start_with(&settings);
	for (uint32_t i = 0; i < CROWD; i++) {
		senders[i] = (struct sender){ recorder, i, 0 };
		QM_OK_FATAL(-pthread_create(&senders[i].thread, NULL, send_packets,
									&senders[i]));
	}
	for (uint32_t i = 0; i < CROWD; i++) {
		pthread_join(senders[i].thread, NULL);
	}
	end_recorder(recorder);
	QM_INT(sum_of("invalid-packet"), CROWD * PACKETS);
	expect_contiguous();
}

/** What was held back belongs to the time before the change. */
static void test_policy_switched_off(void)
{
	struct qm_reload settings = one_of_each(both, true);
	struct qm_recorder *recorder = start_with(&settings);

	invalid_packet(recorder, 7);
	invalid_packet(recorder, 7);
	invalid_packet(recorder, 7);
	settings.policy = (struct qm_policy){ NO, NO };
	QM_OK(push_settings(recorder, &settings, 10));
	fake_sink_await_records(4);
	invalid_packet(recorder, 7);
	invalid_packet(recorder, 8);
	end_recorder(recorder);
	EXPECT_OPS("audit-start", "invalid-packet", "invalid-packet", "policy-change");
	expect_number(2, "count", 2);
}

static void test_policy_switched_on(void)
{
	struct qm_reload settings = one_of_each((struct qm_policy){ NO, NO }, true);
	struct qm_recorder *recorder = start_with(&settings);

	invalid_packet(recorder, 7);
	invalid_packet(recorder, 7);
	settings.policy = both;
	QM_OK(push_settings(recorder, &settings, 10));
	fake_sink_await_records(1);
	invalid_packet(recorder, 7);
	invalid_packet(recorder, 8);
	end_recorder(recorder);
	EXPECT_OPS("policy-change", "invalid-packet", "invalid-packet", "audit-stop");
	QM_INT(sum_of("invalid-packet"), 2);
}

static void test_class_and_rates_change(void)
{
	struct qm_reload settings = one_of_each(both, true);
	struct qm_recorder *recorder = start_with(&settings);

	invalid_packet(recorder, 7);
	invalid_packet(recorder, 7);
	settings.invalid_is_success = false;
	settings.rates.source = 0;
	QM_OK(push_settings(recorder, &settings, 10));
	fake_sink_await_records(3);
	QM_OK(push_up(recorder, 1, 20));
	fake_sink_await_records(4);
	for (int i = 0; i < 5; i++) {
		invalid_packet(recorder, 7);
	}
	end_recorder(recorder);
	QM_INT(fake_sink_records(), 1 + 2 + 1 + 5 + 1 + 1);
	for (size_t i = 1; i < 9; i++) {
		QM_INT(fake_sink_success(i), i < 4);
		expect_number(i, i == 3 ? "event-id" : "count", i == 3 ? 5451 : 1);
	}
}

/** The peer of an IKE_SA proposes a CHILD_SA in a message of its authentication. */
static void push_request(struct qm_recorder *recorder, uint32_t ike_sa, const char *peer,
						 uint8_t exchange)
{
	struct qm_input input = {
		.type = QM_INPUT_MESSAGE,
		.time = ago(0),
		.ike_sa = ike_sa,
		.message = {
			.msgid = 1, .exchange = exchange, .version = 2, .incoming = true,
			.request = true, .child = true,
		},
	};

	input.hosts.local = qm_sample_addr("192.0.2.1", 4500);
	input.hosts.remote = qm_sample_addr(peer, 4500);
	QM_OK(qm_recorder_push(recorder, &input));
}

/** And is refused it. */
static void push_refusal(struct qm_recorder *recorder, uint32_t ike_sa, const char *peer,
						 uint8_t exchange, uint16_t notify)
{
	struct qm_input input = {
		.type = QM_INPUT_MESSAGE_ERROR,
		.time = ago(0),
		.ike_sa = ike_sa,
		.message = {
			.msgid = 1, .exchange = exchange, .version = 2, .notify = notify,
		},
	};

	input.sa.ike_sa = ike_sa;
	input.sa.ike_version = 2;
	input.sa.local = qm_sample_addr("192.0.2.1", 4500);
	input.sa.remote = qm_sample_addr(peer, 4500);
	QM_OK(qm_recorder_push(recorder, &input));
}

static void push_up_ike(struct qm_recorder *recorder, uint32_t ike_sa)
{
	const struct qm_input input = {
		.type = QM_INPUT_IKE_UP, .time = ago(0), .ike_sa = ike_sa,
	};

	QM_OK(qm_recorder_push(recorder, &input));
}

/** Who does not authenticate has one record and a summary, of all its IKE_SAs. */
static void test_strangers(void)
{
	const struct qm_reload settings = one_of_each(both, true);
	struct qm_recorder *recorder = start_with(&settings);

	for (uint32_t ike_sa = 1; ike_sa <= 6; ike_sa++) {
		push_request(recorder, ike_sa, "203.0.113.9", 35);
		push_refusal(recorder, ike_sa, "203.0.113.9", 35, 24);
	}
	end_recorder(recorder);
	EXPECT_OPS("audit-start", "start", "start", "audit-stop");
	expect_number(1, "event-id", 4654);
	expect_number(1, "ike-sa", 1);
	QM_STR(fake_sink_field(1, "reason"), "peer-auth-failed");
	expect_number(2, "event-id", 4654);
	expect_number(2, "count", 5);
	QM_STR(fake_sink_field(2, "direction"), "responder");
	QM_STR(fake_sink_field(2, "reason"), "several");
	QM_STR(fake_sink_field(2, "ike-sa"), "?");
	QM_STR(fake_sink_addr(2), "203.0.113.9");
	CU_ASSERT_FALSE(fake_sink_success(1));
	CU_ASSERT_FALSE(fake_sink_success(2));
	expect_contiguous();
}

/** Whoever has authenticated has a record for each. */
static void test_no_strangers(void)
{
	const struct qm_reload settings = one_of_each(both, true);
	struct qm_recorder *recorder = start_with(&settings);

	for (uint32_t ike_sa = 1; ike_sa <= 3; ike_sa++) {
		push_request(recorder, ike_sa, "203.0.113.9", 35);
		push_up_ike(recorder, ike_sa);
		push_refusal(recorder, ike_sa, "203.0.113.9", 35, 38);
		push_request(recorder, ike_sa, "203.0.113.9", 36);
		push_refusal(recorder, ike_sa, "203.0.113.9", 36, 14);
	}
	end_recorder(recorder);
	QM_INT(fake_sink_records(), 1 + 6 + 1);
	for (size_t i = 1; i < 7; i++) {
		expect_number(i, "event-id", 4654);
		expect_number(i, "count", 1);
	}
}

/** A failure that is not wanted is not counted either. */
static void test_failures_not_wanted(void)
{
	struct qm_reload settings = one_of_each((struct qm_policy){ YES, NO }, true);
	struct qm_recorder *recorder = start_with(&settings);

	for (uint32_t ike_sa = 1; ike_sa <= 3; ike_sa++) {
		push_request(recorder, ike_sa, "203.0.113.9", 35);
		push_refusal(recorder, ike_sa, "203.0.113.9", 35, 24);
	}
	settings.policy = both;
	QM_OK(push_settings(recorder, &settings, 10));
	push_request(recorder, 4, "203.0.113.9", 35);
	push_refusal(recorder, 4, "203.0.113.9", 35, 24);
	end_recorder(recorder);
	EXPECT_OPS("audit-start", "policy-change", "start", "audit-stop");
	expect_number(2, "ike-sa", 4);
}

/** They are told apart from packets, and neither takes what the other may write. */
static void test_both_kinds(void)
{
	const struct qm_reload settings = one_of_each(both, true);
	struct qm_recorder *recorder = start_with(&settings);

	for (uint32_t ike_sa = 1; ike_sa <= 3; ike_sa++) {
		push_request(recorder, ike_sa, "198.51.0.7", 35);
		push_refusal(recorder, ike_sa, "198.51.0.7", 35, 24);
	}
	fake_sink_await_records(2);
	invalid_packet(recorder, 7);
	invalid_packet(recorder, 7);
	end_recorder(recorder);
	QM_INT(fake_sink_records(), 1 + 2 + 2 + 1);
	QM_INT(sum_of("start"), 3);
	QM_INT(sum_of("invalid-packet"), 2);
}

CU_TestInfo recorder_gate_tests[] = {
	{ "packets and summaries are written", test_written },
	{ "under the policy for their class", test_classes },
	{ "it is woken by what waits", test_woken },
	{ "all that is held is written at stop", test_stop },
	{ "a flood while nothing can be written", test_flood_while_blocked },
	{ "a flood from many threads", test_crowd },
	{ "policy is switched off", test_policy_switched_off },
	{ "policy is switched on", test_policy_switched_on },
	{ "class and rates change", test_class_and_rates_change },
	{ "failures of strangers are counted", test_strangers },
	{ "failures of others are all written", test_no_strangers },
	{ "failures that are not wanted are not counted", test_failures_not_wanted },
	{ "failures and packets of one source", test_both_kinds },
	CU_TEST_INFO_NULL,
};
