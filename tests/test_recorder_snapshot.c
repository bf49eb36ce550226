/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The recorder is asked how it goes: while it has nothing to do, while it works, and
 * while it stands still.
 */
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "fake_sink.h"
#include "gate_kit.h"
#include "recorder_kit.h"
#include "recorder_priv.h"
#include "test.h"

static struct qm_snapshot *look_for(struct qm_recorder *recorder, size_t sas)
{
	struct qm_snapshot *snapshot = NULL;

	QM_OK_FATAL(qm_recorder_snapshot(recorder, sas, 60000, &snapshot));
	qm_snapshot_judge(snapshot);
	return snapshot;
}

/** Asks until all that was pushed is dealt with and has arrived. */
static struct qm_snapshot *look(struct qm_recorder *recorder, uint64_t arrived)
{
	struct qm_snapshot *snapshot = look_for(recorder, 100);

	while (snapshot->arrived < arrived || snapshot->queue) {
		qm_snapshot_free(snapshot);
		snapshot = look_for(recorder, 100);
	}
	return snapshot;
}

static void test_contents(void)
{
	struct qm_recorder *recorder = start_recorder(both);
	struct qm_snapshot *s;

	QM_OK(push_up(recorder, 1, 0));
	QM_OK(push_up(recorder, 2, 10));
	QM_OK(push_up(recorder, 3, 20));
	QM_OK(push_destroyed(recorder, 2, 30));
	s = look(recorder, 5);
	CU_ASSERT(s->answers && s->healthy && s->sending && s->keeps);
	QM_INT(s->format, QM_SNAPSHOT_FORMAT);
	QM_STR(s->version, PACKAGE_VERSION);
	QM_STR(s->daemon, "charon-test");
	QM_INT(s->instance, 7);
	QM_STR(s->policy, "success-and-failure");
	CU_ASSERT(s->success && s->failure);
	QM_STR(s->sink, "ready");
	QM_STR(s->durability, "none");
	QM_INT(s->queue_size, 64);
	QM_INT(s->written, 5);
	QM_INT(s->waiting, 0);
	QM_INT(s->open, 2);
	QM_INT(s->more, 0);
	QM_INT(s->n_sas, 2);
	QM_INT(s->sas[0].child_sa, 1);
	QM_INT(s->sas[1].child_sa, 3);
	QM_INT(s->sas[1].instance, 7);
	QM_INT(s->sas[1].in_spi, s->sas[0].in_spi + 2);
	QM_INT(s->sas[1].established_ms, QM_KIT_WALL_MS + 20);
	CU_ASSERT(s->sas[0].conn_name.len && !s->sas[0].bytes_in.known);
	qm_snapshot_free(s);
	/* no more than asked for, and how many there are beside */
	s = look_for(recorder, 1);
	QM_INT(s->n_sas, 1);
	QM_INT(s->more, 1);
	qm_snapshot_free(s);
	s = look_for(recorder, 0);
	CU_ASSERT(!s->sas && s->more == 2);
	qm_snapshot_free(s);
	end_recorder(recorder);
}

/** Of a sink that takes nothing is told though no record waits. */
static void test_outage(void)
{
	struct qm_recorder *recorder = start_recorder(both);
	struct qm_snapshot *s = look(recorder, 1);

	CU_ASSERT(s->healthy);
	qm_snapshot_free(s);
	fake_sink_set_view(QM_SINK_NO_AUDITD);
	s = look_for(recorder, 0);
	QM_STR(s->sink, "no-auditd");
	CU_ASSERT(!s->healthy && !s->sending);
	QM_INT(s->n_reasons, 2);
	QM_STR(s->reasons[0].what, "sink");
	/* its store is in memory */
	QM_STR(s->reasons[1].what, "store");
	qm_snapshot_free(s);
	QM_OK(push_up(recorder, 1, 0));
	s = look_for(recorder, 0);
	QM_INT(s->waiting, 1);
	qm_snapshot_free(s);
	fake_sink_set_view(QM_SINK_READY);
	s = look(recorder, 2);
	CU_ASSERT(s->healthy);
	qm_snapshot_free(s);
	end_recorder(recorder);
}

static void test_still(void)
{
	struct qm_recorder *recorder = start_recorder(both);
	struct qm_snapshot *s = look(recorder, 1);
	uint64_t begun;

	qm_snapshot_free(s);
	fake_sink_block();
	QM_OK(push_up(recorder, 1, 0));
	fake_sink_await_blocked();
	QM_OK(push_up(recorder, 2, 0));
	QM_OK_FATAL(qm_recorder_snapshot(recorder, 100, 50, &s));
	qm_snapshot_judge(s);
	CU_ASSERT(!s->answers && !s->healthy && !s->sas);
	QM_STR(s->reasons[0].what, "writer");
	CU_ASSERT(s->still_ms >= 50);
	/* what was said last before it stood still */
	QM_INT(s->written, 2);
	QM_INT(s->open, 1);
	CU_ASSERT(s->queue >= 1);
	qm_snapshot_free(s);
	/* nobody waits for one who is known to stand still, nor fills the queue */
	begun = qm_time_now().mono_ms;
	for (int i = 0; i < 100; i++) {
		QM_OK_FATAL(qm_recorder_snapshot(recorder, 100, 50, &s));
		CU_ASSERT(!s->answers && s->queue <= 3);
		qm_snapshot_free(s);
	}
	CU_ASSERT(qm_time_now().mono_ms - begun < 4000);
	fake_sink_unblock();
	s = look(recorder, 3);
	CU_ASSERT(s->answers && s->healthy && s->open == 2);
	qm_snapshot_free(s);
	end_recorder(recorder);
}

static void test_losses(void)
{
	struct qm_recorder *recorder = start_recorder(both);
	struct qm_snapshot *s = look(recorder, 1);
	int refused = 0;

	QM_INT(s->lost_at_ms, 0);
	qm_snapshot_free(s);
	fake_sink_block();
	QM_OK(push_up(recorder, 1, 0));
	fake_sink_await_blocked();
	while (refused < 3) {
		refused += push_nothing(recorder, 0) == -ENOSPC;
	}
	fake_sink_unblock();
	s = look(recorder, 3);
	QM_INT(s->lost_queue, 3);
	CU_ASSERT(s->lost_at_ms > 0 && !s->healthy);
	QM_STR(s->reasons[0].what, "lost");
	qm_snapshot_free(s);
	end_recorder(recorder);
}

/** What the gate only counts is told, before and after its summary. */
static void test_limited(void)
{
	const struct qm_reload settings = {
		.policy = both,
		.invalid_is_success = true,
		.rates = { .source = 1, .total = 0, .interval_ms = 3600000 },
	};
	struct qm_recorder *recorder = make_recorder_with(&settings, 64);
	struct qm_snapshot *s;

	QM_OK_FATAL(qm_recorder_start(recorder));
	for (int i = 0; i < 5; i++) {
		const struct qm_invalid invalid = gate_kit_packet(1);

		qm_gate_invalid(qm_recorder_gate(recorder), &invalid, qm_time_now());
	}
	s = look(recorder, 2);
	QM_INT(s->limited, 4);
	qm_snapshot_free(s);
	/* the summary is written when the settings change */
	QM_OK(push_settings(recorder, &settings, 0));
	s = look(recorder, 3);
	QM_INT(s->limited, 4);
	qm_snapshot_free(s);
	end_recorder(recorder);
}

/** A recorder that has not begun does not answer, and whoever waits is let go. */
static void *end_soon(void *recorder)
{
	const struct timespec pause = { .tv_nsec = 50000000 };

	nanosleep(&pause, NULL);
	qm_recorder_end_snapshots(recorder);
	return NULL;
}

static void test_end(void)
{
	struct qm_recorder *recorder = make_recorder(both, 64);
	struct qm_snapshot *s = NULL;
	pthread_t thread;

	QM_OK_FATAL(qm_recorder_snapshot(recorder, 100, 0, &s));
	CU_ASSERT(!s->answers);
	s = qm_snapshot_free(s);
	CU_ASSERT_FATAL(!pthread_create(&thread, NULL, end_soon, recorder));
	QM_FAILS(qm_recorder_snapshot(recorder, 100, 60000, &s), -ESHUTDOWN);
	pthread_join(thread, NULL);
	QM_FAILS(qm_recorder_snapshot(recorder, 100, 60000, &s), -ESHUTDOWN);
	CU_ASSERT(s == NULL);
	qm_recorder_free(recorder);
}

static _Atomic size_t asked;

static void *keep_asking(void *recorder)
{
	struct qm_snapshot *s;

	while (!qm_recorder_snapshot(recorder, 10, 60000, &s)) {
		CU_ASSERT(s->answers && s->n_sas + s->more == s->open && s->written < 1000);
		qm_snapshot_free(s);
		asked++;
	}
	return NULL;
}

/** Asking without pause changes nothing of what is written. */
static void test_beside(void)
{
	struct qm_recorder *recorder = start_recorder(both);
	pthread_t thread;

	asked = 0;
	CU_ASSERT_FATAL(!pthread_create(&thread, NULL, keep_asking, recorder));
	for (uint32_t i = 1; i <= 20; i++) {
		QM_OK(push_up(recorder, i, i));
	}
	for (uint32_t i = 1; i <= 20; i++) {
		while (push_destroyed(recorder, i, 100 + i) == -ENOSPC) {
			settle(recorder);
		}
	}
	fake_sink_await_records(41);
	while (asked < 2) {
		settle(recorder);
	}
	qm_recorder_end_snapshots(recorder);
	pthread_join(thread, NULL);
	end_recorder(recorder);
	QM_INT(fake_sink_records(), 42);
	expect_contiguous();
}

CU_TestInfo recorder_snapshot_tests[] = {
	{ "what is in it", test_contents },
	{ "an outage", test_outage },
	{ "a recorder that stands still", test_still },
	{ "losses", test_losses },
	{ "what is only counted", test_limited },
	{ "the end", test_end },
	{ "beside the work", test_beside },
	CU_TEST_INFO_NULL,
};
