/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The recorder with a view of the kernel: what the ledger puts off is written though
 * nothing else happens, and what it misses is counted like any other loss.
 */
#include "clock.h"
#include "fake_sink.h"
#include "recorder_kit.h"
#include "samples.h"
#include "test.h"

static const struct qm_policy success = { QM_TRI_YES, QM_TRI_NO };
static const struct qm_policy failure = { QM_TRI_NO, QM_TRI_YES };

static struct qm_time ago(uint64_t ms)
{
	struct qm_time time = qm_time_now();

	time.wall_ms -= ms;
	time.mono_ms -= ms;
	return time;
}

static void push_sync(struct qm_recorder *recorder, enum qm_sync_phase phase, bool start,
					  uint64_t dropped)
{
	const struct qm_input input = {
		.type = QM_INPUT_KERNEL_SYNC,
		.time = qm_time_now(),
		.sync = { .phase = phase, .start = start, .dropped = dropped },
	};

	QM_OK(qm_recorder_push(recorder, &input));
}

static void push_stray(struct qm_recorder *recorder, struct qm_time time)
{
	struct qm_input input = { .type = QM_INPUT_KERNEL_ADDED, .time = time };

	qm_sample_foreign(&input.kernel);
	QM_OK(qm_recorder_push(recorder, &input));
}

static struct qm_input up_and_down(struct qm_recorder *recorder, struct qm_time time)
{
	struct qm_input input = {
		.type = QM_INPUT_UP, .time = time, .ike_sa = 17, .child_sa = 42,
	};

	qm_sample_tunnel(&input.sa);
	QM_OK(qm_recorder_push(recorder, &input));
	input.type = QM_INPUT_CHILD_STATE;
	input.state = QM_CHILD_DESTROYING;
	QM_OK(qm_recorder_push(recorder, &input));
	return input;
}

static void test_loss(void)
{
	struct qm_recorder *recorder = start_recorder(success);

	push_sync(recorder, QM_SYNC_END, true, 3);
	push_sync(recorder, QM_SYNC_BEGIN, false, 0);
	push_sync(recorder, QM_SYNC_END, false, 4711);
	/* nothing else is to be written: it is told all the same, whatever its class */
	fake_sink_await_records(2);
	push_sync(recorder, QM_SYNC_BEGIN, false, 0);
	push_sync(recorder, QM_SYNC_END, false, 2);
	end_recorder(recorder);
	EXPECT_OPS("audit-start", "lost", "lost", "audit-stop");
	QM_STR(fake_sink_field(1, "cause"), "netlink");
	expect_number(1, "count", 4711);
	expect_number(2, "count", 2);
	expect_contiguous();
}

static void test_unknown_sa(void)
{
	struct qm_recorder *recorder = start_recorder(success);

	push_stray(recorder, ago(9000));
	push_sync(recorder, QM_SYNC_END, true, 0);
	fake_sink_await_records(2);
	end_recorder(recorder);
	EXPECT_OPS("audit-start", "unknown-sa", "audit-stop");
	QM_STR(fake_sink_field(1, "creator"), "\"pluto\"");
	CU_ASSERT(fake_sink_success(1));

	recorder = start_recorder(failure);
	push_stray(recorder, ago(20000));
	push_sync(recorder, QM_SYNC_END, true, 0);
	push_nothing(recorder, 0);
	end_recorder(recorder);
	EXPECT_OPS("audit-start", "audit-stop");
}

static void test_end_waits(void)
{
	struct qm_recorder *recorder = start_recorder(both);
	const struct qm_time ended = ago(1500);

	push_sync(recorder, QM_SYNC_END, true, 0);
	up_and_down(recorder, ended);
	fake_sink_await_records(3);
	end_recorder(recorder);
	EXPECT_OPS("audit-start", "start", "destroy", "audit-stop");
	QM_STR(fake_sink_field(2, "bytes-in"), "?");
	QM_INT(record_number(2, "when"), ended.wall_ms / 1000);
}

static void test_end_at_stop(void)
{
	struct qm_recorder *recorder = start_recorder(both);
	struct qm_input input;

	push_sync(recorder, QM_SYNC_END, true, 0);
	input = up_and_down(recorder, qm_time_now());
	input.type = QM_INPUT_KERNEL_REMOVED;
	input.kernel = (struct qm_kernel_sa){
		.id = { QM_SATYPE_ESP, 0xc1234567, qm_sample_addr("192.0.2.1", 0) },
		.end = QM_KERNEL_END_DELETED,
		.by = QM_PARTY_LOCAL,
		.bytes = { true, 84000 },
		.packets = { true, 1000 },
	};
	QM_OK(qm_recorder_push(recorder, &input));
	end_recorder(recorder);
	EXPECT_OPS("audit-start", "start", "destroy", "audit-stop");
	expect_number(2, "bytes-in", 84000);
	expect_number(2, "packets-in", 1000);
	QM_STR(fake_sink_field(2, "bytes-out"), "?");
}

CU_TestInfo recorder_kernel_tests[] = {
	{ "notifications lost", test_loss },
	{ "an SA that the daemon does not own", test_unknown_sa },
	{ "an end that waits for counters", test_end_waits },
	{ "an end that waits when the daemon stops", test_end_at_stop },
	CU_TEST_INFO_NULL,
};
