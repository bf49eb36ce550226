/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The recorder and its store: what there is no room for, and a store that fails.
 */
#include <string.h>
#include <time.h>

#include "fake_sink.h"
#include "recorder_kit.h"
#include "store_dir.h"
#include "test.h"

static const struct qm_reload settings = {
	.policy = { QM_TRI_YES, QM_TRI_YES },
	.rates = { .interval_ms = 1000 },
};

/** Bytes of a record of an SA pair that is up. */
#define SIZE 587

static struct qm_recorder *start_on(const struct qm_store_config *store)
{
	struct qm_recorder *recorder = make_recorder_on(&settings, 64, store);

	QM_OK_FATAL(qm_recorder_start(recorder));
	fake_sink_await_records(1);
	return recorder;
}

/** SA pairs that come and go, with two records each. */
static void push_lives(struct qm_recorder *recorder, uint32_t first, uint32_t last)
{
	for (uint32_t i = first; i <= last; i++) {
		QM_OK(push_up(recorder, i, i));
		QM_OK(push_destroyed(recorder, i, i));
	}
}

/** Fills a store that has room for 4, while nobody listens. */
static struct qm_recorder *start_and_fill(const struct qm_store_config *store)
{
	struct qm_recorder *recorder = start_on(store);

	fake_sink_set_view(QM_SINK_NO_AUDITD);
	push_lives(recorder, 1, 2);
	settle(recorder);
	return recorder;
}

static uint64_t lost_records(void)
{
	uint64_t sum = 0;

	for (size_t i = 0; i < fake_sink_records(); i++) {
		if (!strcmp(fake_sink_field(i, "op"), "lost")) {
			sum += record_number(i, "count");
		}
	}
	return sum;
}

/** The oldest are kept, what there is no room for is counted, and told when there is. */
static void check_bound(const struct qm_store_config *store)
{
	struct qm_recorder *recorder = start_and_fill(store);

	push_lives(recorder, 3, 4);
	settle(recorder);
	QM_INT(fake_sink_logs(), 2);
	CU_ASSERT_PTR_NOT_NULL(strstr(fake_sink_log_at(1), "audit record 6 cannot be kept: "
													   "as many wait as may; counting"));
	fake_sink_set_view(QM_SINK_READY);
	QM_OK(push_nothing(recorder, 0));
	fake_sink_await_records(5);
	QM_OK(push_up(recorder, 10, 20));
	QM_OK(push_nothing(recorder, 0));
	fake_sink_await_records(7);
	end_recorder(recorder);
	for (size_t i = 0; i < 5; i++) {
		expect_number(i, "rec-seq", i + 1);
	}
	QM_STR(fake_sink_field(5, "op"), "lost");
	QM_STR(fake_sink_field(5, "cause"), "store");
	QM_STR(fake_sink_field(5, "since"), "1795438975.155");
	QM_INT(lost_records(), 4);
	expect_gaps_explained();
	QM_INT(fake_sink_logs(), 4);
	CU_ASSERT_PTR_NOT_NULL(strstr(fake_sink_log_at(2), "audit records are taken again"));
	QM_STR(fake_sink_log_at(3), "audit records can be kept again");
}

static void test_bounds(void)
{
	check_bound(&(struct qm_store_config){ .max_records = 4 });
	/* one more would fit, less some bytes */
	check_bound(&(struct qm_store_config){ .max_bytes = 5 * SIZE - 50 });
}

/** For ever: the runner's timeout is the limit. */
static void await_keeps(const struct qm_recorder *recorder)
{
	const struct timespec pause = { .tv_nsec = 1000000 };

	while (!qm_recorder_keeps(recorder)) {
		nanosleep(&pause, NULL);
	}
}

static void test_keeps(void)
{
	const struct qm_store_config bounded = { .max_records = 4 };
	struct store_dir dir = store_dir_make();
	const struct qm_store_config durable = {
		.dir = dir.path, .durability = QM_DURABLE_CRASH, .max_records = 4,
	};
	struct qm_recorder *recorder = start_on(&bounded);

	await_keeps(recorder);
	/* in memory it is kept for nobody but who listens */
	fake_sink_set_view(QM_SINK_NO_AUDITD);
	QM_OK(push_up(recorder, 1, 0));
	settle(recorder);
	CU_ASSERT_FALSE(qm_recorder_keeps(recorder));
	fake_sink_set_view(QM_SINK_READY);
	QM_OK(push_nothing(recorder, 0));
	fake_sink_await_records(2);
	await_keeps(recorder);
	end_recorder(recorder);

	recorder = start_and_fill(&durable);
	CU_ASSERT(qm_recorder_keeps(recorder));
	QM_OK(push_up(recorder, 5, 5));
	settle(recorder);
	CU_ASSERT_FALSE(qm_recorder_keeps(recorder));
	fake_sink_set_view(QM_SINK_READY);
	QM_OK(push_nothing(recorder, 0));
	fake_sink_await_records(5);
	await_keeps(recorder);
	end_recorder(recorder);
	expect_gaps_explained();
	store_dir_remove(&dir);
}

/** It fails at run time, and works again: both are told, and nothing is lost. */
static void test_store_fails(void)
{
	struct store_dir dir = store_dir_make();
	const struct qm_store_config store = {
		.dir = dir.path, .durability = QM_DURABLE_POWER,
	};
	struct qm_recorder *recorder = start_on(&store);

	store_dir_fill_disk();
	QM_OK(push_up(recorder, 1, 0));
	fake_sink_await_logs(1);
	QM_OK(push_up(recorder, 2, 0));
	fake_sink_await_records(4);
	store_dir_free_disk();
	fake_sink_skip_ms(5000);
	QM_OK(push_destroyed(recorder, 2, 10));
	fake_sink_await_logs(2);
	end_recorder(recorder);
	QM_INT(fake_sink_records(), 1 + 2 + 2 + 2 + 1);
	expect_contiguous();
	QM_INT(fake_sink_logs(), 2);
	QM_STR(fake_sink_log_at(1),
		   "records and open SA pairs are kept in the state database again");
	for (size_t i = 0; i < fake_sink_records(); i++) {
		const char *error = fake_sink_field(i, "error");

		if (error) {
			const bool works = !strcmp(error, "none");

			QM_STR(fake_sink_field(i, "op"), "store-change");
			QM_STR(fake_sink_field(i, "durability"), works ? "power" : "none");
			QM_STR(fake_sink_field(i, "old-durability"), works ? "none" : "power");
		}
	}
	store_dir_remove(&dir);
}

CU_TestInfo recorder_store_tests[] = {
	{ "as many wait as may", test_bounds },
	{ "whether the next records can be kept", test_keeps },
	{ "a store that fails and works again", test_store_fails },
	CU_TEST_INFO_NULL,
};
