/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way of records out when memory is short: what is lost is counted, what is not
 * arrives.
 */
#include "outbox.h"

#include <errno.h>

#include "fail_alloc.h"
#include "outbox_kit.h"
#include "test.h"

static void test_new(void)
{
	struct qm_outbox *outbox = kit_begin(QM_DURABLE_POWER);
	const struct qm_outbox_config config = { .store = (struct qm_store *)&kit };
	struct qm_outbox *const untouched = (struct qm_outbox *)&test_new;
	unsigned calls;

	qm_outbox_free(outbox);
	qm_fail_alloc(0);
	QM_OK_FATAL(qm_outbox_new(&outbox, &config));
	calls = qm_fail_alloc_end();
	qm_outbox_free(outbox);
	CU_ASSERT(calls >= 2);
	for (unsigned nth = 1; nth <= calls; nth++) {
		outbox = untouched;
		qm_fail_alloc(nth);
		QM_FAILS(qm_outbox_new(&outbox, &config), -ENOMEM);
		qm_fail_alloc_end();
		CU_ASSERT_PTR_EQUAL(outbox, untouched);
	}
}

/** Records of a run before, SA pairs, a store that fails and works again. @return how
 * many records were lost when they were added */
static uint64_t live(struct qm_outbox *outbox)
{
	struct qm_open_sa pair = kit_pair(1);
	uint64_t lost = 0, seq;

	qm_outbox_next_seq(outbox, 3, &seq);
	qm_outbox_keep_sa(outbox, &pair);
	lost += kit_add(outbox, 11, 11) < 0;
	kit_run(outbox, 1000);
	kit.store_error = -ENOSPC;
	qm_outbox_drop_sa(outbox, KIT_INSTANCE, 1);
	lost += kit_add(outbox, 12, 12) < 0;
	lost += kit_add(outbox, 13, 13) < 0;
	kit_run(outbox, 1000);
	kit.store_error = 0;
	kit_run(outbox, 6000);
	lost += kit_add(outbox, 14, 14) < 0;
	kit_run(outbox, 6000);
	qm_outbox_finish(outbox);
	return lost + qm_outbox_take_lost(outbox, QM_LOSS_STORE);
}

static struct qm_outbox *begin_with_ten(void)
{
	struct qm_outbox *outbox = kit_begin(QM_DURABLE_POWER);

	kit.state = QM_SINK_NO_AUDITD;
	QM_OK(kit_add(outbox, 1, 10));
	kit_flush(outbox);
	qm_outbox_free(outbox);
	kit.state = QM_SINK_READY;
	return kit_again(QM_DURABLE_POWER);
}

static unsigned live_with(unsigned nth)
{
	struct qm_outbox *outbox = begin_with_ten();
	uint64_t lost;
	unsigned calls;

	qm_fail_alloc(nth);
	lost = live(outbox);
	calls = qm_fail_alloc_end();
	QM_INT(kit.seen_count + lost, 14);
	CU_ASSERT(nth || !lost);
	QM_INT(kit_status(outbox).waiting, 0);
	kit_end(outbox);
	return calls;
}

static void test_life(void)
{
	unsigned calls = live_with(0);

	CU_ASSERT(calls >= 10 + 4 + 2);
	for (unsigned nth = 1; nth <= calls; nth++) {
		live_with(nth);
	}
}

CU_TestInfo oom_outbox_tests[] = {
	{ "making an outbox", test_new },
	{ "every allocation of a life", test_life },
	CU_TEST_INFO_NULL,
};
