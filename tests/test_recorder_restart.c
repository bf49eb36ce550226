/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * One recorder after another on the same store: what was left is sent first, with its
 * own numbers, and SA pairs that were open get their 5452.
 */
#include <stdio.h>
#include <string.h>

#include "clock.h"
#include "fake_sink.h"
#include "recorder_kit.h"
#include "samples.h"
#include "store_dir.h"
#include "test.h"

static struct store_dir dir;
static struct qm_store_config config;

static void begin(void)
{
	dir = store_dir_make();
	config = (struct qm_store_config){
		.dir = dir.path, .durability = QM_DURABLE_CRASH,
	};
	fake_sink_reset();
}

static void end(void)
{
	store_dir_remove(&dir);
}

static void push_kernel_unknown(struct qm_recorder *recorder)
{
	const struct qm_input input = {
		.type = QM_INPUT_KERNEL_SYNC,
		.time = qm_time_now(),
		.sync = { .phase = QM_SYNC_NONE },
	};

	QM_OK(qm_recorder_push(recorder, &input));
}

static void test_first_start(void)
{
	struct qm_recorder *recorder;

	begin();
	recorder = restart_recorder(both, &config);
	end_recorder(recorder);
	EXPECT_OPS("audit-start", "audit-stop");
	expect_number(0, "instance", 1);
	QM_STR(fake_sink_field(0, "last-run"), "none");
	QM_STR(fake_sink_field(0, "last-alive"), "?");
	QM_STR(fake_sink_field(0, "durability"), "crash");
	expect_number(0, "open-sas", 0);
	expect_number(0, "waiting", 0);
	end();
}

/** What the first run could not send, the second one sends. */
static void test_left(void)
{
	struct qm_recorder *recorder;
	char goodbye[256];

	begin();
	recorder = restart_recorder(both, &config);
	fake_sink_await_records(1);
	fake_sink_set_view(QM_SINK_NO_AUDITD);
	QM_OK(push_up(recorder, 1, 0));
	QM_OK(push_up(recorder, 2, 10));
	end_recorder(recorder);
	QM_INT(fake_sink_records(), 1);
	snprintf(goodbye, sizeof(goodbye), "5 audit records are not known to have arrived, "
			 "they are kept, and sent at the next start");
	QM_STR(fake_sink_log_at(fake_sink_logs() - 1), goodbye);

	fake_sink_set_view(QM_SINK_READY);
	recorder = restart_recorder(both, &config);
	fake_sink_await_records(1 + 5 + 1);
	QM_OK(push_up(recorder, 1, 20));
	end_recorder(recorder);
	EXPECT_OPS("audit-start", "start", "start", "destroy", "destroy", "audit-stop",
			   "audit-start", "start", "destroy", "audit-stop");
	for (size_t i = 0; i < 10; i++) {
		expect_number(i, "instance", i < 6 ? 1 : 2);
		expect_number(i, "rec-seq", i < 6 ? i + 1 : i - 5);
	}
	QM_STR(fake_sink_field(1, "when"), "1795438975.152");
	QM_STR(fake_sink_field(6, "last-run"), "stopped");
	expect_number(6, "waiting", 5);
	expect_number(6, "open-sas", 0);
	end();
}

/** A store as a run leaves it that is killed with two pairs open. */
static void die(void)
{
	static char error[QM_STORE_ERROR_MAX];
	struct qm_open_sa open = { .established_ms = QM_KIT_WALL_MS };
	struct qm_record record = { .body = "op=start rec-seq=41", .addr = "198.51.100.7" };
	struct qm_store_start start;
	struct qm_store *store;
	uint64_t id;

	QM_OK_FATAL(qm_store_open(&store, &config, &start, error));
	open.instance = start.instance;
	record.len = strlen(record.body);
	for (uint32_t i = 1; i <= 2; i++) {
		qm_sample_tunnel(&open.facts);
		open.facts.child_sa = i;
		open.facts.in_spi += i;
		open.facts.out_spi += i;
		QM_OK(qm_store_keep_sa(store, &open));
	}
	QM_OK(qm_store_add(store, start.instance, 41, &record, &id));
	QM_OK(qm_store_set_loss(store, QM_LOSS_QUEUE, 3, QM_KIT_WALL_MS));
	QM_OK(qm_store_commit(store, QM_KIT_WALL_MS + 60000));
	qm_store_close(store);
}

static void test_died(void)
{
	struct qm_recorder *recorder;

	begin();
	die();
	recorder = restart_recorder(both, &config);
	fake_sink_await_records(2);
	QM_STR(fake_sink_field(1, "last-run"), "died");
	QM_STR(fake_sink_field(1, "last-alive"), "1795439035.152");
	expect_number(1, "open-sas", 2);
	expect_number(1, "waiting", 1);
	push_kernel_unknown(recorder);
	end_recorder(recorder);
	EXPECT_OPS("start", "audit-start", "lost", "destroy", "destroy", "audit-stop");
	expect_number(0, "rec-seq", 41);
	expect_number(1, "instance", 2);
	expect_number(2, "instance", 2);
	QM_STR(fake_sink_field(2, "cause"), "queue");
	expect_number(2, "count", 3);
	for (size_t i = 3; i < 5; i++) {
		expect_number(i, "instance", 1);
		expect_number(i, "rec-seq", 42 + i - 3);
		expect_number(i, "child-sa", i - 2);
		QM_STR(fake_sink_field(i, "reason"), "daemon-died");
	}
	expect_number(5, "rec-seq", 3);

	/* and that was that */
	recorder = restart_recorder(both, &config);
	fake_sink_await_records(7);
	end_recorder(recorder);
	QM_INT(fake_sink_records(), 8);
	QM_STR(fake_sink_field(6, "last-run"), "stopped");
	expect_number(6, "open-sas", 0);
	end();
}

/** Pairs that nobody knows anything of yet stay open for the run after. */
static void test_stays_open(void)
{
	struct qm_recorder *recorder;

	begin();
	die();
	for (int i = 0; i < 2; i++) {
		const size_t before = fake_sink_records();

		recorder = restart_recorder(both, &config);
		fake_sink_await_records(before + 1);
		end_recorder(recorder);
	}
	recorder = restart_recorder(both, &config);
	push_kernel_unknown(recorder);
	end_recorder(recorder);
	EXPECT_OPS("start", "audit-start", "lost", "audit-stop", "audit-start", "audit-stop",
			   "audit-start", "destroy", "destroy", "audit-stop");
	expect_number(4, "open-sas", 2);
	expect_number(7, "rec-seq", 42);
	expect_number(7, "instance", 1);
	expect_number(8, "rec-seq", 43);
	end();
}

CU_TestInfo recorder_restart_tests[] = {
	{ "the first start", test_first_start },
	{ "what was left is sent first", test_left },
	{ "SA pairs of a run that died", test_died },
	{ "SA pairs that nobody knows anything of", test_stays_open },
	CU_TEST_INFO_NULL,
};
