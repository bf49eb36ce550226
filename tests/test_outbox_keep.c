/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way of records out, where there is more in the store than in memory, where it
 * fails, is full or was damaged; and the end of the daemon.
 */
#include <errno.h>
#include <string.h>

#include "outbox_kit.h"
#include "test.h"

#define SAYS(text) CU_ASSERT_PTR_NOT_NULL(strstr(kit.told, text))

/** How long a store that fails is left alone. */
#define REST_MS 5000

/** More than there is room for in memory. */
static void test_window(void)
{
	struct qm_outbox *outbox = kit_begin(QM_DURABLE_POWER);
	int wait;

	kit.state = QM_SINK_NO_AUDITD;
	for (uint64_t i = 0; i < 24; i++) {
		QM_OK(kit_add(outbox, 128 * i + 1, 128 * i + 128));
		kit_flush(outbox);
	}
	kit.state = QM_SINK_READY;
	kit.prompt = false;
	while ((wait = kit_flush(outbox)) == 0) {
		/* there is more */
	}
	/* what is on its way has a bound, and is looked for often */
	kit_expect_range(1, 2048);
	QM_INT(wait, 5);
	kit.prompt = true;
	kit_write_log();
	QM_OK(kit_add(outbox, 3073, 3073));
	kit_run(outbox, 1000);
	kit_expect_range(2049, 3073);
	QM_INT(kit_status(outbox).waiting, 0);
	QM_INT(kit.committed.first, kit.committed.end);
	kit_end(outbox);
}

static void test_fails(void)
{
	struct qm_outbox *outbox = kit_begin(QM_DURABLE_POWER);

	kit.store_error = -ENOSPC;
	QM_OK(kit_add(outbox, 1, 3));
	QM_INT(kit_status(outbox).durability, QM_DURABLE_NONE);
	QM_INT(kit_status(outbox).error, -ENOSPC);
	QM_STR(kit_status(outbox).complaint, "the store fails");
	kit_flush(outbox);
	KIT_SENDS(1, 2, 3);
	kit_run(outbox, 1000);
	QM_INT(kit_status(outbox).waiting, 0);
	QM_OK(kit_add(outbox, 4, 4));
	kit.store_error = 0;
	kit_run(outbox, REST_MS);
	KIT_SENDS(4);
	QM_INT(kit_status(outbox).durability, QM_DURABLE_POWER);
	QM_INT(kit_status(outbox).error, 0);
	QM_INT(kit_status(outbox).waiting, 0);
	CU_ASSERT(qm_outbox_take_stale(outbox));
	CU_ASSERT_FALSE(qm_outbox_take_stale(outbox));
	kit_end(outbox);
}

/** What was in the transaction that came to nothing is in the next one. */
static void test_commit_fails(void)
{
	struct qm_outbox *outbox = kit_begin(QM_DURABLE_POWER);

	kit.state = QM_SINK_NO_AUDITD;
	QM_OK(kit_add(outbox, 1, 3));
	kit.store_error = -EIO;
	kit_flush(outbox);
	QM_INT(kit_status(outbox).error, -EIO);
	QM_INT(kit_status(outbox).waiting, 3);
	QM_OK(kit_add(outbox, 4, 4));
	kit_run(outbox, REST_MS);
	kit.store_error = 0;
	kit_run(outbox, REST_MS - 1001);
	QM_INT(kit.committed.end, 1);
	kit_run(outbox, 2000);
	QM_INT(kit_status(outbox).error, 0);
	QM_INT(kit.committed.end, 5);
	QM_INT(kit_status(outbox).waiting, 4);
	kit.state = QM_SINK_READY;
	kit_run(outbox, 1000);
	KIT_SENDS(1, 2, 3, 4);
	QM_INT(kit_status(outbox).waiting, 0);
	kit_end(outbox);
}

/** That records have arrived is known also where the store did not get to know it. */
static void test_arrives_meanwhile(void)
{
	struct qm_outbox *outbox = kit_begin(QM_DURABLE_POWER);

	QM_OK(kit_add(outbox, 1, 3));
	kit_flush(outbox);
	kit.store_error = -ENOSPC;
	kit_run(outbox, 1000);
	QM_INT(kit_status(outbox).waiting, 0);
	kit.store_error = 0;
	kit_run(outbox, 2 * REST_MS);
	KIT_SENDS(1, 2, 3);
	QM_INT(kit.committed.first, 4);
	kit_end(outbox);
}

static void test_pairs(void)
{
	struct qm_outbox *outbox = kit_begin(QM_DURABLE_POWER);
	struct qm_open_sa pair;

	for (uint32_t i = 1; i <= 3; i++) {
		pair = kit_pair(i);
		qm_outbox_keep_sa(outbox, &pair);
	}
	kit_flush(outbox);
	kit.store_error = -ENOSPC;
	qm_outbox_drop_sa(outbox, KIT_INSTANCE, 1);
	/* comes and goes, and comes, while it fails */
	for (uint32_t i = 4; i <= 5; i++) {
		pair = kit_pair(i);
		qm_outbox_keep_sa(outbox, &pair);
	}
	qm_outbox_drop_sa(outbox, KIT_INSTANCE, 4);
	qm_outbox_drop_sa(outbox, KIT_INSTANCE, 2);
	kit_flush(outbox);
	kit.store_error = 0;
	kit_run(outbox, REST_MS);
	CU_ASSERT(qm_outbox_take_stale(outbox));
	pair = kit_pair(5);
	qm_outbox_keep_sa(outbox, &pair);
	kit_flush(outbox);
	CU_ASSERT_FALSE(kit_has_pair(1) || kit_has_pair(2) || kit_has_pair(4));
	CU_ASSERT(kit_has_pair(3) && kit_has_pair(5));
	kit_end(outbox);
}

/** A count that was told while the store failed is not told again by the next run. */
static void test_losses(void)
{
	struct qm_outbox *outbox = kit_begin(QM_DURABLE_POWER);

	qm_outbox_set_loss(outbox, QM_LOSS_QUEUE, 5, 1);
	kit_flush(outbox);
	QM_INT(kit.committed.lost[QM_LOSS_QUEUE], 5);
	kit.store_error = -ENOSPC;
	qm_outbox_set_loss(outbox, QM_LOSS_QUEUE, 0, 0);
	kit_flush(outbox);
	qm_outbox_set_loss(outbox, QM_LOSS_STORE, 9, 1);
	kit.store_error = 0;
	kit_run(outbox, REST_MS);
	QM_INT(kit.committed.lost[QM_LOSS_QUEUE], 0);
	QM_INT(kit.committed.lost[QM_LOSS_STORE], 9);
	kit_end(outbox);
}

static void test_full(void)
{
	struct qm_outbox *outbox = kit_begin(QM_DURABLE_POWER);

	kit.max_records = 3;
	kit.state = QM_SINK_NO_AUDITD;
	QM_OK(kit_add(outbox, 1, 3));
	kit_flush(outbox);
	CU_ASSERT(kit_status(outbox).keeps);
	QM_FAILS(kit_add(outbox, 4, 4), -EDQUOT);
	kit_flush(outbox);
	CU_ASSERT_FALSE(kit_status(outbox).keeps);
	QM_INT(kit_status(outbox).error, 0);
	kit.state = QM_SINK_READY;
	kit_run(outbox, 1000);
	KIT_SENDS(1, 2, 3);
	CU_ASSERT(kit_status(outbox).keeps);
	QM_OK(kit_add(outbox, 5, 5));
	kit_run(outbox, 1000);
	KIT_SENDS(5);
	QM_INT(qm_outbox_take_lost(outbox, QM_LOSS_STORE), 0);
	kit_end(outbox);
}

/** There was room in memory, and there is not as much in the store. */
static void test_full_after_failing(void)
{
	struct qm_outbox *outbox = kit_begin(QM_DURABLE_POWER);

	kit.state = QM_SINK_NO_AUDITD;
	QM_OK(kit_add(outbox, 1, 2));
	kit_flush(outbox);
	kit.store_error = -EIO;
	QM_OK(kit_add(outbox, 3, 6));
	kit.max_records = 4;
	kit.store_error = 0;
	kit_run(outbox, REST_MS);
	QM_INT(qm_outbox_take_lost(outbox, QM_LOSS_STORE), 2);
	QM_INT(kit_status(outbox).waiting, 4);
	kit.state = QM_SINK_READY;
	kit_run(outbox, 2000);
	KIT_SENDS(1, 2, 3, 4);
	kit_end(outbox);
}

static void test_memory_is_full(void)
{
	struct qm_outbox *outbox = kit_begin(QM_DURABLE_POWER);

	kit.state = QM_SINK_NO_AUDITD;
	kit.store_error = -ENOSPC;
	QM_OK(kit_add(outbox, 1, 8192));
	QM_FAILS(kit_add(outbox, 8193, 8193), -EDQUOT);
	QM_INT(kit_status(outbox).waiting, 8192);
	kit.state = QM_SINK_READY;
	kit_run(outbox, 4000);
	kit_expect_range(1, 8192);
	QM_INT(kit_status(outbox).waiting, 0);
	QM_OK(kit_add(outbox, 8194, 8194));
	kit_run(outbox, 100);
	KIT_SENDS(8194);
	kit_end(outbox);
}

/** A store that takes nothing gives what it has: all of it, before what is new. */
static void test_sends_what_it_has(void)
{
	struct qm_outbox *outbox = kit_begin(QM_DURABLE_POWER);

	kit.state = QM_SINK_NO_AUDITD;
	QM_OK(kit_add(outbox, 1, 3000));
	kit_flush(outbox);
	kit.store_error = -ENOSPC;
	QM_OK(kit_add(outbox, 3001, 3010));
	kit.state = QM_SINK_READY;
	kit_run(outbox, 2000);
	kit_expect_range(1, 3010);
	QM_INT(kit_status(outbox).waiting, 0);
	kit.store_error = 0;
	kit_run(outbox, REST_MS);
	KIT_SENDS_NOTHING();
	QM_INT(kit.committed.first, kit.committed.end);
	kit_end(outbox);
}

/** A store that gives nothing does not keep what is new. */
static void test_unreadable(void)
{
	struct qm_outbox *outbox = kit_begin(QM_DURABLE_POWER);

	kit.state = QM_SINK_NO_AUDITD;
	QM_OK(kit_add(outbox, 1, 3));
	kit_flush(outbox);
	CU_ASSERT_PTR_NULL(qm_outbox_free(outbox));

	outbox = kit_again(QM_DURABLE_POWER);
	kit.state = QM_SINK_READY;
	kit.read_error = -EIO;
	QM_OK(kit_add(outbox, 4, 5));
	kit_run(outbox, 1000);
	QM_INT(kit_status(outbox).error, -EIO);
	QM_OK(kit_add(outbox, 6, 6));
	kit_run(outbox, 20000);
	KIT_SENDS(6);
	kit.read_error = 0;
	kit_run(outbox, 10000);
	QM_INT(kit_status(outbox).error, 0);
	KIT_SENDS(1, 2, 3, 4, 5);
	QM_INT(kit_status(outbox).waiting, 0);
	kit_end(outbox);
}

static void test_damaged_records(void)
{
	struct qm_outbox *outbox = kit_begin(QM_DURABLE_POWER);

	kit.state = QM_SINK_NO_AUDITD;
	QM_OK(kit_add(outbox, 1, 6));
	kit_flush(outbox);
	CU_ASSERT_PTR_NULL(qm_outbox_free(outbox));

	kit.rows[1] = kit.rows[4] = kit.rows[6] = -1;
	outbox = kit_again(QM_DURABLE_POWER);
	kit.state = QM_SINK_READY;
	kit_run(outbox, 1000);
	KIT_SENDS(2, 3, 5);
	QM_INT(qm_outbox_take_lost(outbox, QM_LOSS_STORE), 3);
	QM_INT(kit_status(outbox).waiting, 0);
	kit_flush(outbox);
	QM_INT(kit.committed.first, 7);
	kit_end(outbox);
}

/** Killed after they were sent, before it was known that they have arrived. */
static void test_killed(void)
{
	struct qm_outbox *outbox = kit_begin(QM_DURABLE_POWER);

	QM_OK(kit_add(outbox, 1, 3));
	kit_flush(outbox);
	QM_OK(kit_add(outbox, 4, 4));
	CU_ASSERT_PTR_NULL(qm_outbox_free(outbox));
	KIT_SENDS(1, 2, 3);
	outbox = kit_again(QM_DURABLE_POWER);
	QM_OK(kit_add(outbox, 5, 5));
	kit_run(outbox, 1000);
	KIT_SENDS(1, 2, 3, 5);
	QM_INT(kit_status(outbox).waiting, 0);
	kit_end(outbox);
}

/** Whether the store knew of the end before anything was sent. */
static bool knew_of_stop;

static void look_for_stop(uint64_t seq)
{
	(void)seq;
	knew_of_stop = kit.committed.stopped;
}

static void test_finish(void)
{
	struct qm_outbox *outbox = kit_begin(QM_DURABLE_POWER);

	kit.on_write = look_for_stop;
	QM_OK(kit_add(outbox, 1, 600));
	qm_outbox_finish(outbox);
	kit_expect_range(1, 600);
	CU_ASSERT(knew_of_stop);
	CU_ASSERT(kit.committed.stopped);
	QM_INT(kit.committed.first, 601);
	CU_ASSERT(kit.now_ms <= 100);
	QM_INT(kit.tells, 0);
	kit_end(outbox);
}

/** It waits a moment for what was sent to arrive, no longer. */
static void test_finish_lingers(void)
{
	struct qm_outbox *outbox = kit_begin(QM_DURABLE_POWER);

	kit.prompt = false;
	QM_OK(kit_add(outbox, 1, 3));
	qm_outbox_finish(outbox);
	KIT_SENDS(1, 2, 3);
	CU_ASSERT(kit.now_ms >= 1000 && kit.now_ms <= 1100);
	QM_STR(kit.told, "3 audit records are not known to have arrived, they are kept, and "
					 "sent at the next start");
	QM_INT(kit.committed.end - kit.committed.first, 3);
	CU_ASSERT(kit.committed.stopped);
	kit_end(outbox);
}

static void test_finish_unheard(void)
{
	struct qm_outbox *outbox = kit_begin(QM_DURABLE_NONE);

	kit.state = QM_SINK_NO_AUDITD;
	QM_OK(kit_add(outbox, 1, 3));
	qm_outbox_finish(outbox);
	QM_INT(kit.now_ms, 0);
	QM_STR(kit.told, "3 audit records are not known to have arrived, they are lost");
	kit_end(outbox);
}

/** The last attempts are made whatever failed before. */
static void test_finish_tries(void)
{
	struct qm_outbox *outbox = kit_begin(QM_DURABLE_POWER);

	kit.store_error = -ENOSPC;
	kit.write_error = -ENOBUFS;
	QM_OK(kit_add(outbox, 1, 3));
	kit_flush(outbox);
	kit.store_error = kit.write_error = 0;
	qm_outbox_finish(outbox);
	KIT_SENDS(1, 2, 3);
	CU_ASSERT(kit.committed.stopped);
	QM_INT(kit_status(outbox).waiting, 0);
	SAYS("taken again");
	kit_end(outbox);
}

/** What belongs together is committed before there is too much of it in memory. */
static void test_relieve(void)
{
	struct qm_outbox *outbox = kit_begin(QM_DURABLE_POWER);

	kit.state = QM_SINK_NO_AUDITD;
	for (uint64_t i = 1; i <= 5000; i++) {
		QM_OK(kit_add(outbox, i, i));
		qm_outbox_relieve(outbox);
	}
	QM_INT(kit.commits, 4);
	QM_INT(kit.committed.end, 4 * 1024 + 1);
	KIT_SENDS_NOTHING();
	kit_end(outbox);
}

/** That the daemon lives is kept now and then. */
static void test_alive(void)
{
	struct qm_outbox *outbox = kit_begin(QM_DURABLE_POWER);

	kit_skip(60000);
	kit_flush(outbox);
	QM_INT(kit.commits, 1);
	kit_skip(59999);
	kit_flush(outbox);
	QM_INT(kit.commits, 1);
	kit_skip(1);
	kit_flush(outbox);
	QM_INT(kit.commits, 2);
	kit_end(outbox);
}

CU_TestInfo outbox_keep_tests[] = {
	{ "more than memory holds", test_window },
	{ "a store that fails", test_fails },
	{ "a commit that fails", test_commit_fails },
	{ "arrivals while the store fails", test_arrives_meanwhile },
	{ "SA pairs while the store fails", test_pairs },
	{ "counts of losses while the store fails", test_losses },
	{ "a store that is full", test_full },
	{ "a store that is full after it failed", test_full_after_failing },
	{ "memory that is full", test_memory_is_full },
	{ "a store that takes nothing", test_sends_what_it_has },
	{ "a store that gives nothing", test_unreadable },
	{ "records that are damaged", test_damaged_records },
	{ "killed", test_killed },
	{ "the end", test_finish },
	{ "the end with an auditd that does not write", test_finish_lingers },
	{ "the end with nobody listening", test_finish_unheard },
	{ "the end after failures", test_finish_tries },
	{ "much at once", test_relieve },
	{ "a sign of life", test_alive },
	CU_TEST_INFO_NULL,
};
