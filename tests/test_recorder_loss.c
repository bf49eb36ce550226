/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The recorder in trouble: audit that fails or blocks, a queue that is full.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

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

/** What fails is not lost: it waits, and goes out in order when it can. */
static void check_failure(int error, enum qm_sink_state state)
{
	struct qm_recorder *recorder = start_then_fail(error);
	char complaint[512];

	fake_sink_set_state(state);
	QM_OK(push_up(recorder, 1, 0));
	fake_sink_await_logs(1);
	QM_OK(push_up(recorder, 2, 10));
	QM_OK(push_destroyed(recorder, 1, 20));
	settle(recorder);
	QM_INT(fake_sink_records(), 1);
	QM_INT(fake_sink_failures(), 1);
	fake_sink_fail(0);
	fake_sink_skip_ms(2000);
	QM_OK(push_nothing(recorder, 0));
	fake_sink_await_records(4);
	QM_OK(push_up(recorder, 3, 30));
	end_recorder(recorder);
	EXPECT_OPS("audit-start", "start", "start", "destroy", "start", "destroy", "destroy",
			   "audit-stop");
	expect_contiguous();
	QM_STR(fake_sink_field(1, "when"), "1795438975.152");
	expect_number(7, "written", 7);

	snprintf(complaint, sizeof(complaint), "audit records are not taken, 1 wait: %s, %s",
			 strerror(-error), qm_sink_state_text(state));
	QM_STR(fake_sink_log_at(0), complaint);
	QM_STR(fake_sink_log_at(1),
		   "audit records are taken again, 3 wait");
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

/** Without anything else to do it is tried again after two seconds. */
static void test_retry(void)
{
	struct qm_recorder *recorder = start_then_fail(-ENOBUFS);

	QM_OK(push_up(recorder, 1, 0));
	fake_sink_await_failures(1);
	QM_INT(fake_sink_records(), 1);
	fake_sink_fail(0);
	fake_sink_await_records(2);
	QM_INT(fake_sink_failures(), 1);
	end_recorder(recorder);
	EXPECT_OPS("audit-start", "start", "destroy", "audit-stop");
	expect_contiguous();
}

/** The end does not wait for the time of the next attempt. */
static void test_sent_at_stop(void)
{
	struct qm_recorder *recorder = start_then_fail(-ENOBUFS);

	QM_OK(push_up(recorder, 1, 0));
	QM_OK(push_destroyed(recorder, 1, 1));
	fake_sink_await_failures(1);
	fake_sink_fail(0);
	end_recorder(recorder);
	EXPECT_OPS("audit-start", "start", "destroy", "audit-stop");
	expect_contiguous();
}

static void test_fails_to_the_end(void)
{
	struct qm_recorder *recorder = start_then_fail(-EPERM);

	QM_OK(push_up(recorder, 1, 0));
	fake_sink_await_logs(1);
	end_recorder(recorder);
	EXPECT_OPS("audit-start");
	QM_INT(fake_sink_logs(), 2);
	CU_ASSERT_PTR_NOT_NULL(strstr(fake_sink_log_at(0), "Operation not permitted"));
	QM_STR(fake_sink_log_at(1),
		   "3 audit records are not known to have arrived, they are lost");
}

static void test_fails_again(void)
{
	struct qm_recorder *recorder = start_then_fail(-ENOBUFS);
	size_t failures;

	QM_OK(push_up(recorder, 1, 0));
	fake_sink_await_failures(1);
	fake_sink_fail(0);
	fake_sink_skip_ms(2000);
	QM_OK(push_up(recorder, 2, 100));
	fake_sink_await_records(3);
	failures = fake_sink_failures();
	fake_sink_await_logs(2);
	fake_sink_fail(-EPERM);
	QM_OK(push_up(recorder, 3, 2000));
	fake_sink_await_failures(failures + 1);
	fake_sink_await_logs(3);
	fake_sink_fail(0);
	end_recorder(recorder);
	EXPECT_OPS("audit-start", "start", "start", "start", "destroy", "destroy", "destroy",
			   "audit-stop");
	expect_contiguous();
	QM_INT(fake_sink_logs(), 4);
	CU_ASSERT_PTR_NOT_NULL(strstr(fake_sink_log_at(2), "Operation not permitted"));
	QM_STR(fake_sink_log_at(3),
		   "audit records are taken again, 5 wait");
}

/** A record that the kernel refuses for what it is does not keep the others. */
static void check_refused(int error)
{
	struct qm_recorder *recorder = start_recorder(both);
	char complaint[512];

	fake_sink_await_records(1);
	fake_sink_fail_next(error);
	QM_OK(push_up(recorder, 1, 0));
	fake_sink_await_failures(1);
	QM_OK(push_up(recorder, 2, 10));
	end_recorder(recorder);
	EXPECT_OPS("audit-start", "lost", "start", "destroy", "destroy", "audit-stop");
	QM_STR(fake_sink_field(1, "cause"), "audit");
	expect_number(1, "count", 1);
	expect_gaps_explained();
	snprintf(complaint, sizeof(complaint),
			 "the kernel refuses an audit record (rec-seq=2): %s; it is given up",
			 strerror(-error));
	QM_INT(fake_sink_logs(), 1);
	QM_STR(fake_sink_log_at(0), complaint);
}

static void test_refused(void)
{
	check_refused(-EINVAL);
	check_refused(-EMSGSIZE);
}

/** Nobody there to take them: they are not even sent. */
static void test_nobody_listens(void)
{
	static const enum qm_sink_state states[] = {
		QM_SINK_NO_AUDITD, QM_SINK_AUDITD_STUCK, QM_SINK_DISABLED,
		QM_SINK_NO_KERNEL_AUDIT,
	};
	char complaint[512];

	for (size_t i = 0; i < COUNT(states); i++) {
		struct qm_recorder *recorder = start_recorder(both);

		fake_sink_await_records(1);
		fake_sink_set_view(states[i]);
		QM_OK(push_up(recorder, 1, 0));
		fake_sink_await_logs(1);
		QM_OK(push_destroyed(recorder, 1, 20));
		settle(recorder);
		QM_INT(fake_sink_attempts(), 1);
		fake_sink_set_view(QM_SINK_READY);
		QM_OK(push_nothing(recorder, 0));
		fake_sink_await_records(3);
		end_recorder(recorder);
		EXPECT_OPS("audit-start", "start", "destroy", "audit-stop");
		expect_contiguous();
		snprintf(complaint, sizeof(complaint), "audit records are not taken, 1 wait: %s",
				 qm_sink_state_text(states[i]));
		QM_STR(fake_sink_log_at(0), complaint);
		QM_STR(fake_sink_log_at(1),
			   "audit records are taken again, 2 wait");
		QM_INT(fake_sink_logs(), 2);
	}
}

static void test_sink_cannot_be_opened(void)
{
	struct qm_recorder *recorder = make_recorder(both, 64);

	fake_sink_fail_new(-EPROTONOSUPPORT);
	fake_sink_set_state(QM_SINK_NO_KERNEL_AUDIT);
	QM_OK(qm_recorder_start(recorder));
	fake_sink_await_logs(1);
	fake_sink_fail_new(0);
	QM_OK(push_up(recorder, 1, 0));
	end_recorder(recorder);
	EXPECT_OPS("audit-start", "start", "destroy", "audit-stop");
	expect_contiguous();
	QM_STR(fake_sink_log_at(0),
		   "audit records are not taken, 1 wait: Protocol not supported, this kernel has "
		   "no audit: boot one with CONFIG_AUDIT and without audit=0");
	QM_INT(fake_sink_open(), 0);
}

/** A socket that cannot be had says nothing of the record. */
static void test_no_socket_refuses_nothing(void)
{
	struct qm_recorder *recorder = make_recorder(both, 64);

	fake_sink_fail_new(-EINVAL);
	QM_OK(qm_recorder_start(recorder));
	fake_sink_await_logs(1);
	fake_sink_fail_new(0);
	end_recorder(recorder);
	EXPECT_OPS("audit-start", "audit-stop");
	expect_contiguous();
}

/** However writes fail, all are written, in order. */
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
		while (fake_sink_records() < 6) {
			fake_sink_skip_ms(15000);
			QM_OK(push_nothing(recorder, 0));
			fake_sink_await_look();
		}
		CU_ASSERT(fake_sink_failures() > 0);
		fake_sink_fail(0);
		end_recorder(recorder);
		QM_INT(fake_sink_records(), 1 + 12 + 1);
		QM_STR(fake_sink_field(13, "op"), "audit-stop");
		expect_contiguous();
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

/** Both kinds of loss at once. */
static void test_both_losses(void)
{
	struct qm_recorder *recorder = start_blocked(both);
	uint32_t i;

	fake_sink_fail_next(-EINVAL);
	for (i = 1; i <= 4; i++) {
		QM_OK(push_up(recorder, i, i));
	}
	QM_FAILS(push_up(recorder, i, i), -ENOSPC);
	fake_sink_unblock();
	end_recorder(recorder);
	QM_INT(fake_sink_records(), 4 + 2 + 4 + 1);
	for (size_t n = 0; n < fake_sink_records(); n++) {
		const char *cause = fake_sink_field(n, "cause");

		if (cause && !strcmp(cause, "queue")) {
			expect_lost(n, cause, 1, "1795438975.157");
		} else if (cause) {
			expect_lost(n, "audit", 1, fake_sink_field(n, "since"));
		}
	}
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
	CU_ASSERT(fake_sink_attempts() > 1);
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
	{ "what fails waits, which is complained of once", test_failures },
	{ "what waits is tried again", test_retry },
	{ "what waits is sent at stop", test_sent_at_stop },
	{ "audit fails to the end", test_fails_to_the_end },
	{ "audit fails, works, fails, works", test_fails_again },
	{ "a record that is refused", test_refused },
	{ "nobody listens", test_nobody_listens },
	{ "no socket at first", test_sink_cannot_be_opened },
	{ "no socket, for want of audit", test_no_socket_refuses_nothing },
	{ "nothing is lost however writes fail", test_fails_by_chance },
	{ "full queue", test_queue_overflow },
	{ "full queue, told by the retry", test_overflow_told_by_retry },
	{ "full queue, told at stop", test_overflow_told_at_stop },
	{ "full queue under a policy that is off", test_overflow_while_off },
	{ "full queue while a record is refused", test_both_losses },
	{ "input that is none", test_input_refused },
	{ "audit that blocks", test_blocked },
	{ "audit that blocks and then works", test_blocked_then_works },
	CU_TEST_INFO_NULL,
};
