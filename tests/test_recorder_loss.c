/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The recorder in trouble: audit that fails or blocks, a queue that is full.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "fake_sink.h"
#include "recorder_kit.h"
#include "test.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static void expect_lost(size_t record, const char *cause, uint64_t count,
						const char *since)
{
	QM_STR(fake_sink_field(record, "op"), "lost");
	QM_STR(fake_sink_field(record, "cause"), cause);
	expect_number(record, "count", count);
	QM_STR(fake_sink_field(record, "since"), since);
	CU_ASSERT_FALSE(fake_sink_success(record));
}

/** A recorder whose audit-start is written and whose next writes fail. */
static struct qm_recorder *start_then_fail(int error)
{
	struct qm_recorder *recorder = start_recorder(both);

	fake_sink_await_records(1);
	fake_sink_fail(error);
	return recorder;
}

static void check_failure(int error, enum qm_sink_state state)
{
	struct qm_recorder *recorder = start_then_fail(error);
	char complaint[512];

	fake_sink_set_state(state);
	QM_OK(push_up(recorder, 1, 0));
	QM_OK(push_up(recorder, 2, 10));
	QM_OK(push_destroyed(recorder, 1, 20));
	/* from the second on, each comes with an attempt to tell of the loss */
	fake_sink_await_attempts(1 + 1 + 2 + 2);
	fake_sink_fail(0);
	QM_OK(push_up(recorder, 3, 30));
	end_recorder(recorder);
	EXPECT_OPS("audit-start", "lost", "start", "destroy", "destroy", "audit-stop");
	expect_lost(1, "audit", fake_sink_failures(), "1795438975.152");
	expect_number(2, "child-sa", 3);
	expect_gaps_explained();
	expect_number(5, "written", 5);

	snprintf(complaint, sizeof(complaint),
			 "writing audit record 2 failed: %s (%s); counting lost records until it "
			 "works again", strerror(-error), qm_sink_state_text(state));
	QM_STR(fake_sink_log_at(0), complaint);
	QM_STR(fake_sink_log_at(1), "writing audit records works again");
	QM_INT(fake_sink_logs(), 2);
}

static void test_failures(void)
{
	static const struct {
		int error;
		enum qm_sink_state state;
	} failures[] = {
		{ -EPERM, QM_SINK_NO_CAPABILITY },
		{ -ECONNREFUSED, QM_SINK_USER_NAMESPACE },
		{ -ENOBUFS, QM_SINK_UNVERIFIED },
		{ -ENOMEM, QM_SINK_READY },
		{ -EAGAIN, QM_SINK_NO_AUDITD },
		{ -EBADF, QM_SINK_DISABLED },
		{ -EPROTONOSUPPORT, QM_SINK_NO_KERNEL_AUDIT },
	};

	for (size_t i = 0; i < COUNT(failures); i++) {
		check_failure(failures[i].error, failures[i].state);
	}
}

/** Without anything else to write the count is tried every two seconds. */
static void test_retry(void)
{
	struct qm_recorder *recorder = start_then_fail(-ENOBUFS);

	QM_OK(push_up(recorder, 1, 0));
	fake_sink_await_attempts(1 + 1 + 1);
	QM_INT(fake_sink_records(), 1);
	fake_sink_fail(0);
	fake_sink_await_records(2);
	expect_lost(1, "audit", fake_sink_failures(), "1795438975.152");
	end_recorder(recorder);
	EXPECT_OPS("audit-start", "lost", "destroy", "audit-stop");
	expect_gaps_explained();
}

static void test_told_at_stop(void)
{
	struct qm_recorder *recorder = start_then_fail(-ENOBUFS);

	QM_OK(push_up(recorder, 1, 0));
	QM_OK(push_destroyed(recorder, 1, 1));
	fake_sink_await_attempts(1 + 1 + 2);
	fake_sink_fail(0);
	end_recorder(recorder);
	EXPECT_OPS("audit-start", "lost", "audit-stop");
	expect_lost(1, "audit", fake_sink_failures(), "1795438975.152");
	expect_gaps_explained();
}

static void test_fails_to_the_end(void)
{
	struct qm_recorder *recorder = start_then_fail(-EPERM);

	QM_OK(push_up(recorder, 1, 0));
	end_recorder(recorder);
	EXPECT_OPS("audit-start");
	QM_INT(fake_sink_logs(), 1);
}

static void test_fails_again(void)
{
	struct qm_recorder *recorder = start_then_fail(-ENOBUFS);
	size_t failures;

	QM_OK(push_up(recorder, 1, 0));
	fake_sink_await_attempts(2);
	fake_sink_fail(0);
	QM_OK(push_up(recorder, 2, 100));
	fake_sink_await_records(3);
	failures = fake_sink_failures();
	fake_sink_fail(-EPERM);
	QM_OK(push_up(recorder, 3, 2000));
	fake_sink_await_failures(failures + 1);
	fake_sink_fail(0);
	end_recorder(recorder);
	EXPECT_OPS("audit-start", "lost", "start", "lost", "destroy", "destroy", "destroy",
			   "audit-stop");
	expect_lost(1, "audit", failures, "1795438975.152");
	expect_lost(3, "audit", fake_sink_failures() - failures, "1795438977.152");
	expect_gaps_explained();
	QM_INT(fake_sink_logs(), 4);
	CU_ASSERT_PTR_NOT_NULL(strstr(fake_sink_log_at(2), "Operation not permitted"));
	QM_STR(fake_sink_log_at(3), "writing audit records works again");
}

static uint64_t since_ms(size_t record)
{
	unsigned long long s = 0, ms = 0;
	const char *since = fake_sink_field(record, "since");

	CU_ASSERT(since && sscanf(since, "%llu.%3llu", &s, &ms) == 2);
	return s * 1000 + ms;
}

static void test_sink_cannot_be_opened(void)
{
	struct qm_recorder *recorder = make_recorder(both, 64);
	uint64_t before = qm_time_now().wall_ms, after;

	fake_sink_fail_new(-EPROTONOSUPPORT);
	fake_sink_set_state(QM_SINK_NO_KERNEL_AUDIT);
	QM_OK(qm_recorder_start(recorder));
	fake_sink_await_attempts(1);
	fake_sink_fail_new(0);
	QM_OK(push_up(recorder, 1, 0));
	end_recorder(recorder);
	after = qm_time_now().wall_ms;
	EXPECT_OPS("lost", "start", "destroy", "audit-stop");
	expect_number(0, "count", 1);
	CU_ASSERT(before <= since_ms(0) && since_ms(0) <= after);
	expect_gaps_explained();
	QM_STR(fake_sink_log_at(0),
		   "writing audit record 1 failed: Protocol not supported (this kernel has no "
		   "audit: boot one with CONFIG_AUDIT and without audit=0); counting lost "
		   "records until it works again");
	QM_INT(fake_sink_open(), 0);
}

/** However writes fail, each missing number is told of. */
static void test_fails_by_chance(void)
{
	for (unsigned seed = 1; seed <= 25; seed++) {
		struct qm_recorder *recorder = make_recorder(both, 256);

		fake_sink_fail_by_chance(seed);
		QM_OK(qm_recorder_start(recorder));
		for (uint32_t i = 1; i <= 6; i++) {
			QM_OK(push_up(recorder, i, i));
			QM_OK(push_destroyed(recorder, i, i + 1));
		}
		fake_sink_await_attempts(1 + 12);
		fake_sink_fail(0);
		end_recorder(recorder);
		QM_STR(fake_sink_field(fake_sink_records() - 1, "op"), "audit-stop");
		expect_gaps_explained();
	}
}

/** A recorder with room for 4 that is stuck in its first write. */
static struct qm_recorder *start_blocked(struct qm_policy policy)
{
	struct qm_recorder *recorder = make_recorder(policy, 4);

	fake_sink_block();
	QM_OK(qm_recorder_start(recorder));
	fake_sink_await_blocked();
	return recorder;
}

static void test_queue_overflow(void)
{
	struct qm_recorder *recorder = start_blocked(both);
	uint32_t i;

	for (i = 1; i <= 4; i++) {
		QM_OK(push_up(recorder, i, i));
	}
	for (; i <= 7; i++) {
		QM_FAILS(push_up(recorder, i, i), -ENOSPC);
	}
	fake_sink_unblock();
	end_recorder(recorder);
	EXPECT_OPS("audit-start", "start", "start", "start", "start", "lost", "destroy",
			   "destroy", "destroy", "destroy", "audit-stop");
	expect_lost(5, "queue", 3, "1795438975.157");
	expect_contiguous();
	QM_INT(fake_sink_logs(), 1);
	QM_STR(fake_sink_log_at(0),
		   "queue was full: 3 observations lost, so records may be missing; raise "
		   "queue_size");
}

/** Overflows a stuck recorder, without an event that would tell of it. */
static void overflow(struct qm_recorder *recorder)
{
	for (uint64_t i = 0; i < 4; i++) {
		QM_OK(push_nothing(recorder, i));
	}
	QM_FAILS(push_nothing(recorder, 4), -ENOSPC);
	QM_FAILS(push_nothing(recorder, 5), -ENOSPC);
}

static void test_overflow_told_by_retry(void)
{
	const struct qm_policy failure = { QM_TRI_NO, QM_TRI_YES };
	struct qm_recorder *recorder = start_blocked(failure);

	overflow(recorder);
	fake_sink_unblock();
	fake_sink_await_records(2);
	expect_lost(1, "queue", 2, "1795438975.156");
	end_recorder(recorder);
	EXPECT_OPS("audit-start", "lost", "audit-stop");
	expect_contiguous();
}

static void test_overflow_told_at_stop(void)
{
	struct qm_recorder *recorder = start_blocked(both);

	overflow(recorder);
	fake_sink_unblock();
	end_recorder(recorder);
	EXPECT_OPS("audit-start", "lost", "audit-stop");
	expect_lost(1, "queue", 2, "1795438975.156");
}

/** Under a policy that is off a loss is kept until it is on. */
static void test_overflow_while_off(void)
{
	const struct qm_policy off = { QM_TRI_NO, QM_TRI_NO };
	struct qm_recorder *recorder = start_blocked(both);

	for (uint64_t i = 0; i < 3; i++) {
		QM_OK(push_nothing(recorder, i));
	}
	QM_OK(push_policy(recorder, off, 3));
	QM_FAILS(push_nothing(recorder, 4), -ENOSPC);
	fake_sink_unblock();
	fake_sink_await_records(2);
	while (push_policy(recorder, both, 10) < 0) {
	}
	end_recorder(recorder);
	EXPECT_OPS("audit-start", "policy-change", "policy-change", "lost", "audit-stop");
	expect_number(3, "count", 1);

	recorder = start_blocked(both);
	QM_OK(push_policy(recorder, off, 0));
	for (uint64_t i = 0; i < 3; i++) {
		QM_OK(push_nothing(recorder, i));
	}
	QM_FAILS(push_nothing(recorder, 4), -ENOSPC);
	fake_sink_unblock();
	end_recorder(recorder);
	EXPECT_OPS("audit-start", "policy-change");
}

/** Both kinds of loss at once, and the records that tell of them lost as well. */
static void test_both_losses(void)
{
	struct qm_recorder *recorder = start_blocked(both);
	size_t failures;
	uint32_t i;

	fake_sink_fail(-ENOBUFS);
	for (i = 1; i <= 4; i++) {
		QM_OK(push_up(recorder, i, i));
	}
	QM_FAILS(push_up(recorder, i, i), -ENOSPC);
	fake_sink_unblock();
	/* audit-start; then a count with each event; then, drained, both counts */
	fake_sink_await_attempts(1 + 4 * 2 + 2);
	/* one count gets through, the next does not */
	failures = fake_sink_failures();
	fake_sink_fail_after(1, -ENOBUFS);
	fake_sink_await_failures(failures + 1);
	fake_sink_fail(0);
	end_recorder(recorder);
	EXPECT_OPS("lost", "lost", "destroy", "destroy", "destroy", "destroy", "audit-stop");
	expect_lost(0, "queue", 1, "1795438975.157");
	QM_STR(fake_sink_field(1, "cause"), "audit");
	expect_number(1, "count", fake_sink_failures());
	CU_ASSERT(since_ms(1) > QM_KIT_WALL_MS + 3600000);
	expect_gaps_explained();
}

static void test_input_refused(void)
{
	const struct qm_input input = {
		.type = QM_INPUT_MAX,
		.time = { .wall_ms = QM_KIT_WALL_MS },
		.child_sa = 5,
	};
	struct qm_recorder *recorder = start_recorder(both);

	QM_OK(qm_recorder_push(recorder, &input));
	end_recorder(recorder);
	EXPECT_OPS("audit-start", "lost", "audit-stop");
	expect_lost(1, "queue", 1, "1795438975.152");
	QM_STR(fake_sink_log_at(0),
		   "could not keep track of CHILD_SA 5: Invalid argument");
}

/** While the kernel makes the writer wait, nobody else waits. */
static void test_blocked(void)
{
	struct qm_recorder *recorder = start_blocked(both);
	size_t logs;

	for (uint32_t i = 0; i < 4; i++) {
		QM_OK(push_up(recorder, i, i));
	}
	for (uint32_t i = 0; i < 1000; i++) {
		QM_FAILS(push_nothing(recorder, i), -ENOSPC);
	}
	QM_FAILS(qm_recorder_stop(recorder, 20), -ETIMEDOUT);
	QM_FAILS(push_nothing(recorder, 1), -ESHUTDOWN);
	logs = fake_sink_logs();
	QM_INT(logs, 0);
	fake_sink_fail(-ENOBUFS);
	fake_sink_unblock();
	fake_sink_await_thread_end();
	QM_INT(fake_sink_records(), 0);
	CU_ASSERT(fake_sink_attempts() > 5);
	QM_INT(fake_sink_logs(), 0);
	/* nobody uses it any more, whereas a daemon could not know */
	qm_recorder_free(recorder);
}

/** It comes late, but it comes, if the process lives that long. */
static void test_blocked_then_works(void)
{
	struct qm_recorder *recorder = start_blocked(both);

	QM_OK(push_up(recorder, 1, 0));
	QM_FAILS(qm_recorder_stop(recorder, 0), -ETIMEDOUT);
	fake_sink_unblock();
	fake_sink_await_thread_end();
	EXPECT_OPS("audit-start", "start", "destroy", "audit-stop");
	QM_INT(fake_sink_logs(), 0);
	qm_recorder_free(recorder);
}

CU_TestInfo recorder_loss_tests[] = {
	{ "failures are complained of once and told of", test_failures },
	{ "the count is tried again", test_retry },
	{ "the count is written at stop", test_told_at_stop },
	{ "audit fails to the end", test_fails_to_the_end },
	{ "audit fails, works, fails, works", test_fails_again },
	{ "no socket at first", test_sink_cannot_be_opened },
	{ "gaps are explained however writes fail", test_fails_by_chance },
	{ "full queue", test_queue_overflow },
	{ "full queue, told by the retry", test_overflow_told_by_retry },
	{ "full queue, told at stop", test_overflow_told_at_stop },
	{ "full queue under a policy that is off", test_overflow_while_off },
	{ "full queue while audit fails", test_both_losses },
	{ "input that is none", test_input_refused },
	{ "audit that blocks", test_blocked },
	{ "audit that blocks and then works", test_blocked_then_works },
	CU_TEST_INFO_NULL,
};
