/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The recorder while all goes well, with a sink of ours: see fake_sink.h.
 */
#include <errno.h>
#include <pthread.h>
#include <signal.h>

#include "fake_sink.h"
#include "recorder_kit.h"
#include "test.h"

#define UNSET QM_TRI_UNKNOWN
#define NO QM_TRI_NO
#define YES QM_TRI_YES

static void test_history(void)
{
	struct qm_recorder *recorder;

	recorder = start_recorder(both);
	QM_OK(push_up(recorder, 42, 0));
	QM_OK(push_up(recorder, 43, 10));
	QM_OK(push_destroyed(recorder, 42, 61500));
	QM_OK(push_destroyed(recorder, 43, 61501));
	end_recorder(recorder);

	EXPECT_OPS("audit-start", "start", "start", "destroy", "destroy", "audit-stop");
	expect_contiguous();
	QM_STR(fake_sink_field(0, "policy"), "success-and-failure");
	QM_STR(fake_sink_field(0, "daemon"), "charon-test");
	QM_STR(fake_sink_field(0, "daemon-version"), "5.9.8");
	expect_number(1, "event-id", 5451);
	expect_number(1, "child-sa", 42);
	QM_STR(fake_sink_field(1, "when"), "1795438975.152");
	expect_number(2, "child-sa", 43);
	expect_number(3, "event-id", 5452);
	expect_number(3, "child-sa", 42);
	QM_STR(fake_sink_field(3, "when"), "1795439036.652");
	QM_STR(fake_sink_field(3, "duration"), "61.500");
	expect_number(5, "written", 5);
	for (size_t i = 0; i < 6; i++) {
		expect_number(i, "instance", 7);
		QM_STR(fake_sink_addr(i), i == 0 || i == 5 ? "" : "198.51.100.7");
		CU_ASSERT(fake_sink_success(i));
	}
	QM_INT(fake_sink_logs(), 0);
	QM_INT(fake_sink_open(), 0);
}

/** What charon never said is gone is ended when it ends itself. */
static void test_drain_at_stop(void)
{
	struct qm_recorder *recorder;
	uint32_t i;

	recorder = make_recorder(both, 64);
	fake_sink_block();
	QM_OK(qm_recorder_start(recorder));
	fake_sink_await_blocked();
	for (i = 1; i <= 50; i++) {
		QM_OK(push_up(recorder, i, i));
	}
	QM_OK(push_destroyed(recorder, 1, 100));
	fake_sink_unblock();
	end_recorder(recorder);
	QM_INT(fake_sink_records(), 1 + 50 + 50 + 1);
	expect_contiguous();
	QM_STR(fake_sink_field(50, "op"), "start");
	QM_STR(fake_sink_field(51, "reason"), "unknown");
	for (i = 52; i < 101; i++) {
		QM_STR(fake_sink_field(i, "op"), "destroy");
		QM_STR(fake_sink_field(i, "reason"), "shutdown");
	}
	expect_number(101, "written", 101);
}

/** Under a policy that wants none of these events, or none at all. */
static void check_silence(struct qm_policy policy, size_t records)
{
	struct qm_recorder *recorder;

	recorder = start_recorder(policy);
	QM_OK(push_up(recorder, 1, 0));
	QM_OK(push_up(recorder, 2, 0));
	QM_OK(push_destroyed(recorder, 1, 1));
	end_recorder(recorder);
	QM_INT(fake_sink_records(), records);
	QM_INT(fake_sink_attempts(), records);
	if (records == 2) {
		EXPECT_OPS("audit-start", "audit-stop");
		QM_STR(fake_sink_field(0, "policy"), "failure");
		expect_contiguous();
	}
	QM_INT(fake_sink_logs(), 0);
}

static void test_policies(void)
{
	struct qm_recorder *recorder;

	check_silence((struct qm_policy){ UNSET, UNSET }, 0);
	check_silence((struct qm_policy){ UNSET, NO }, 0);
	check_silence((struct qm_policy){ NO, UNSET }, 0);
	check_silence((struct qm_policy){ NO, NO }, 0);
	check_silence((struct qm_policy){ UNSET, YES }, 2);
	check_silence((struct qm_policy){ NO, YES }, 2);

	recorder = start_recorder((struct qm_policy){ YES, UNSET });
	QM_OK(push_up(recorder, 1, 0));
	QM_OK(push_destroyed(recorder, 1, 1));
	end_recorder(recorder);
	EXPECT_OPS("audit-start", "start", "destroy", "audit-stop");
	QM_STR(fake_sink_field(0, "policy"), "success");
	expect_contiguous();
}

static void test_policy_switched_on(void)
{
	struct qm_recorder *recorder;

	recorder = start_recorder((struct qm_policy){ UNSET, UNSET });
	QM_OK(push_up(recorder, 1, 0));
	QM_OK(push_policy(recorder, (struct qm_policy){ YES, UNSET }, 5));
	QM_OK(push_destroyed(recorder, 1, 10));
	QM_OK(push_up(recorder, 2, 20));
	end_recorder(recorder);
	EXPECT_OPS("policy-change", "destroy", "start", "destroy", "audit-stop");
	expect_contiguous();
	expect_number(0, "event-id", 4719);
	QM_STR(fake_sink_field(0, "old-policy"), "not-configured");
	QM_STR(fake_sink_field(0, "new-policy"), "success");
	QM_STR(fake_sink_field(0, "changes"), "success-added");
	QM_STR(fake_sink_field(0, "when"), "1795438975.157");
	expect_number(1, "child-sa", 1);
	QM_STR(fake_sink_field(4, "policy"), "success");
	QM_INT(fake_sink_logs(), 1);
	QM_STR(fake_sink_log_at(0), "audit policy changed from not-configured to success");
}

/** The last thing that is written says why nothing follows. */
static void test_policy_switched_off(void)
{
	struct qm_recorder *recorder;

	recorder = start_recorder(both);
	QM_OK(push_up(recorder, 1, 0));
	QM_OK(push_policy(recorder, (struct qm_policy){ NO, NO }, 5));
	QM_OK(push_up(recorder, 2, 10));
	QM_OK(push_destroyed(recorder, 1, 20));
	end_recorder(recorder);
	EXPECT_OPS("audit-start", "start", "policy-change");
	expect_contiguous();
	QM_STR(fake_sink_field(2, "old-policy"), "success-and-failure");
	QM_STR(fake_sink_field(2, "new-policy"), "no-auditing");
	QM_STR(fake_sink_field(2, "changes"), "success-removed,failure-removed");
	QM_STR(fake_sink_log_at(0),
		   "audit policy changed from success-and-failure to no-auditing");
}

static void test_policy_unchanged(void)
{
	struct qm_recorder *recorder;

	recorder = start_recorder((struct qm_policy){ YES, UNSET });
	QM_OK(push_policy(recorder, (struct qm_policy){ YES, UNSET }, 1));
	QM_OK(push_policy(recorder, (struct qm_policy){ YES, NO }, 2));
	end_recorder(recorder);
	EXPECT_OPS("audit-start", "audit-stop");
	QM_INT(fake_sink_logs(), 0);
}

static void test_policy_only_reconfigured(void)
{
	struct qm_recorder *recorder;

	recorder = start_recorder((struct qm_policy){ NO, NO });
	QM_OK(push_policy(recorder, (struct qm_policy){ UNSET, UNSET }, 1));
	end_recorder(recorder);
	EXPECT_OPS("policy-change");
	QM_STR(fake_sink_field(0, "changes"), "none");
}

static void test_stop_before_start(void)
{
	struct qm_recorder *recorder;

	recorder = make_recorder(both, 4);
	QM_OK(push_up(recorder, 1, 0));
	QM_OK(qm_recorder_stop(recorder, 0));
	QM_FAILS(push_up(recorder, 2, 0), -ESHUTDOWN);
	CU_ASSERT_PTR_NULL(qm_recorder_free(recorder));
	CU_ASSERT_PTR_NULL(qm_recorder_free(NULL));
	QM_INT(fake_sink_attempts(), 0);
}

static void test_push_before_start(void)
{
	struct qm_recorder *recorder;

	recorder = make_recorder(both, 4);
	QM_OK(push_up(recorder, 1, 0));
	QM_OK(push_destroyed(recorder, 1, 1));
	QM_OK(qm_recorder_start(recorder));
	QM_FAILS(qm_recorder_start(recorder), -EALREADY);
	end_recorder(recorder);
	EXPECT_OPS("audit-start", "start", "destroy", "audit-stop");
	expect_contiguous();
}

static void test_stop_twice(void)
{
	struct qm_recorder *recorder;

	recorder = start_recorder(both);
	QM_OK(qm_recorder_stop(recorder, 60000));
	QM_OK(qm_recorder_stop(recorder, 60000));
	qm_recorder_free(recorder);
	EXPECT_OPS("audit-start", "audit-stop");
}

static void test_no_thread(void)
{
	struct qm_recorder *recorder;

	recorder = make_recorder(both, 4);
	fake_sink_refuse_threads(EAGAIN);
	QM_FAILS(qm_recorder_start(recorder), -EAGAIN);
	QM_OK(push_up(recorder, 1, 0));
	fake_sink_refuse_threads(0);
	QM_OK(qm_recorder_start(recorder));
	end_recorder(recorder);
	EXPECT_OPS("audit-start", "start", "destroy", "audit-stop");

	recorder = make_recorder(both, 4);
	fake_sink_refuse_threads(EAGAIN);
	QM_FAILS(qm_recorder_start(recorder), -EAGAIN);
	QM_OK(qm_recorder_stop(recorder, 0));
	qm_recorder_free(recorder);
	QM_INT(fake_sink_attempts(), 0);
}

static void test_arguments(void)
{
	struct qm_recorder_config config = {
		.settings = { .policy = both, .rates = { .interval_ms = 1000 } },
		.origin = { .daemon = "charon-test", .daemon_version = "5.9.8" },
		.log = fake_sink_log,
	};
	struct qm_recorder *const before = (struct qm_recorder *)&(char){ 0 };
	struct qm_recorder *recorder = before;

	QM_FAILS(qm_recorder_new(&recorder, &config), -EINVAL);
	config.queue_size = SIZE_MAX;
	QM_FAILS(qm_recorder_new(&recorder, &config), -EINVAL);
	CU_ASSERT_PTR_EQUAL(recorder, before);
}

/** The daemon's signals are for the daemon's threads, and masks stay theirs. */
static void test_signals(void)
{
	struct qm_recorder *recorder;
	sigset_t before, ours, now;
	int sig;

	sigemptyset(&ours);
	sigaddset(&ours, SIGUSR1);
	pthread_sigmask(SIG_SETMASK, &ours, &before);
	recorder = start_recorder(both);
	pthread_sigmask(SIG_SETMASK, &before, &now);
	end_recorder(recorder);
	for (sig = 1; sig < 32; sig++) {
		QM_INT(sigismember(&now, sig), sig == SIGUSR1);
		if (sig != SIGKILL && sig != SIGSTOP) {
			CU_ASSERT(fake_sink_signal_blocked(sig));
		}
	}
}

CU_TestInfo recorder_tests[] = {
	{ "writes a small history", test_history },
	{ "writes what is queued, and the ends, at stop", test_drain_at_stop },
	{ "policies decide what is written", test_policies },
	{ "policy is switched on", test_policy_switched_on },
	{ "policy is switched off", test_policy_switched_off },
	{ "policy is read again unchanged", test_policy_unchanged },
	{ "policy changes in name only", test_policy_only_reconfigured },
	{ "stop before start", test_stop_before_start },
	{ "push before start, start twice", test_push_before_start },
	{ "stop twice", test_stop_twice },
	{ "no thread to be had", test_no_thread },
	{ "arguments", test_arguments },
	{ "signals are left to the daemon", test_signals },
	CU_TEST_INFO_NULL,
};
