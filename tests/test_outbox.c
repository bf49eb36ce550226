/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way of records out, where the store works: to whom they are sent, whether they
 * arrive, and when they are sent again.
 */
#include <errno.h>
#include <string.h>

#include "outbox_kit.h"
#include "test.h"

#define SAYS(text) CU_ASSERT_PTR_NOT_NULL(strstr(kit.told, text))

static void test_order(void)
{
	struct qm_outbox *outbox = kit_begin(QM_DURABLE_POWER);

	QM_INT(kit_flush(outbox), -1);
	QM_OK(kit_add(outbox, 1, 5));
	QM_INT(kit.sent_count, 0);
	QM_INT(kit_flush(outbox), 100);
	KIT_SENDS(1, 2, 3, 4, 5);
	QM_INT(kit_status(outbox).waiting, 5);
	QM_INT(kit_status(outbox).in_flight, 5);
	QM_INT(kit_flush(outbox), -1);
	QM_INT(kit_status(outbox).waiting, 0);
	QM_INT(kit_status(outbox).in_flight, 0);
	QM_INT(kit_status(outbox).arrived, 5);
	QM_INT(kit_status(outbox).resent, 0);
	CU_ASSERT(kit_status(outbox).sending);
	/* that they have arrived is committed with what comes next */
	kit_flush(outbox);
	QM_INT(kit.committed.first, 6);
	QM_OK(kit_add(outbox, 6, 7));
	kit_run(outbox, 1000);
	KIT_SENDS(6, 7);
	QM_INT(kit.tells, 0);
	kit_end(outbox);
}

static void test_nobody_listens(void)
{
	struct qm_outbox *outbox = kit_begin(QM_DURABLE_POWER);

	kit.state = QM_SINK_NO_AUDITD;
	QM_OK(kit_add(outbox, 1, 2));
	QM_INT(kit_flush(outbox), 1000);
	QM_OK(kit_add(outbox, 3, 3));
	kit_run(outbox, 60000);
	KIT_SENDS_NOTHING();
	QM_INT(kit.tells, 1);
	SAYS("audit records are not taken, 2 wait: ");
	SAYS(qm_sink_state_text(QM_SINK_NO_AUDITD));
	CU_ASSERT_FALSE(kit_status(outbox).sending);
	CU_ASSERT(kit_status(outbox).keeps);
	/* why may change */
	kit.state = QM_SINK_AUDITD_STUCK;
	kit_run(outbox, 2000);
	QM_INT(kit.tells, 2);
	SAYS(qm_sink_state_text(QM_SINK_AUDITD_STUCK));
	kit.state = QM_SINK_READY;
	QM_INT(kit_flush(outbox), 100);
	KIT_SENDS(1, 2, 3);
	QM_STR(kit.told, "audit records are taken again, 3 wait");
	kit_run(outbox, 60000);
	KIT_SENDS_NOTHING();
	QM_INT(kit.tells, 3);
	kit_end(outbox);
}

/** Sends three, of which none arrives. */
static struct qm_outbox *begin_suspended(void)
{
	struct qm_outbox *outbox = kit_begin(QM_DURABLE_POWER);

	kit.prompt = false;
	QM_OK(kit_add(outbox, 1, 3));
	kit_run(outbox, 2999);
	KIT_SENDS(1, 2, 3);
	QM_INT(kit.tells, 0);
	kit_skip(1);
	kit_flush(outbox);
	KIT_SENDS(1);
	QM_INT(kit.tells, 1);
	SAYS("audit records are not taken, 3 wait: ");
	SAYS(qm_sink_state_text(QM_SINK_AUDITD_SUSPENDED));
	QM_INT(kit_status(outbox).view.state, QM_SINK_AUDITD_SUSPENDED);
	return outbox;
}

/** One is tried, less and less often; none of the others. */
static void test_doubt(void)
{
	static const unsigned pauses_s[] = { 2, 4, 8, 15, 15, 15 };
	struct qm_outbox *outbox = begin_suspended();

	QM_OK(kit_add(outbox, 4, 5));
	for (size_t i = 0; i < sizeof(pauses_s) / sizeof(pauses_s[0]); i++) {
		kit_run(outbox, 1000 * pauses_s[i] - 1);
		KIT_SENDS_NOTHING();
		kit_skip(1);
		QM_INT(kit_flush(outbox), 1000);
		KIT_SENDS(1);
	}
	QM_INT(kit.tells, 1);
	QM_INT(kit_status(outbox).resent, 7);
	/* auditd has room again: what it writes first was sent first, or lost */
	kit.held_count = 1;
	kit.held[0] = 1;
	kit_write_log();
	kit.prompt = true;
	kit_flush(outbox);
	KIT_SENDS(2, 3, 4, 5);
	QM_STR(kit.told, "audit records are taken again, 4 wait");
	QM_INT(kit_status(outbox).view.state, QM_SINK_READY);
	kit_run(outbox, 10000);
	QM_INT(kit_status(outbox).waiting, 0);
	kit_end(outbox);
}

/** All arrive at once: it is told that they do. */
static void test_doubt_dispelled(void)
{
	struct qm_outbox *outbox = begin_suspended();

	kit_write_log();
	kit_run(outbox, 1000);
	QM_INT(kit_status(outbox).waiting, 0);
	KIT_SENDS_NOTHING();
	QM_INT(kit.tells, 2);
	QM_STR(kit.told, "audit records are taken again, 0 wait");
	CU_ASSERT(kit_status(outbox).sending);
	kit_end(outbox);
}

/** What it was in doubt about ended with that auditd. */
static void test_doubt_about_another(void)
{
	struct qm_outbox *outbox = begin_suspended();

	kit_kill_auditd();
	kit.prompt = true;
	kit_start_auditd(900);
	kit_flush(outbox);
	KIT_SENDS(1, 2, 3);
	kit_run(outbox, 1000);
	QM_INT(kit_status(outbox).waiting, 0);
	kit_end(outbox);
}

/** A kernel that makes us wait is not an auditd that does not write. */
static void wait_long(uint64_t seq)
{
	(void)seq;
	kit_skip(1000);
}

static void test_slow_kernel(void)
{
	struct qm_outbox *outbox = kit_begin(QM_DURABLE_POWER);

	kit.on_write = wait_long;
	kit.prompt = false;
	QM_OK(kit_add(outbox, 1, 5));
	kit_flush(outbox);
	/* the first has been on its way for 4 s, the last has just been sent */
	kit.log[kit.log_count++] = 1;
	kit.log[kit.log_count++] = 2;
	kit.log[kit.log_count++] = 3;
	kit.seen[1] = kit.seen[2] = kit.seen[3] = 1;
	kit_flush(outbox);
	KIT_SENDS(1, 2, 3, 4, 5);
	QM_INT(kit.tells, 0);
	QM_INT(kit_status(outbox).in_flight, 2);
	kit_end(outbox);
}

static void test_lost_in_the_middle(void)
{
	struct qm_outbox *outbox = kit_begin(QM_DURABLE_POWER);

	QM_OK(kit_add(outbox, 1, 2));
	kit_flush(outbox);
	kit.lose = 2;
	QM_OK(kit_add(outbox, 3, 4));
	kit_flush(outbox);
	QM_OK(kit_add(outbox, 5, 6));
	kit_flush(outbox);
	KIT_SENDS(1, 2, 3, 4, 5, 6);
	kit_flush(outbox);
	KIT_SENDS(3, 4);
	QM_INT(kit_status(outbox).resent, 2);
	QM_INT(kit_flush(outbox), -1);
	QM_INT(kit_status(outbox).waiting, 0);
	QM_INT(kit.tells, 0);
	kit_end(outbox);
}

/** What was lost goes before what was not sent yet. */
static void test_lost_before_others(void)
{
	struct qm_outbox *outbox = kit_begin(QM_DURABLE_POWER);

	kit.lose = 1;
	QM_OK(kit_add(outbox, 1, 2200));
	QM_INT(kit_flush(outbox), 0);
	kit_expect_range(1, 1024);
	kit_flush(outbox);
	KIT_SENDS_FIRST(1, 1025);
	kit_kill_auditd();
	kit_start_auditd(900);
	kit.prompt = false;
	QM_OK(kit_add(outbox, 2201, 2500));
	kit_flush(outbox);
	KIT_SENDS_FIRST(2048, 2049);
	kit_kill_auditd();
	kit_start_auditd(901);
	kit.prompt = true;
	kit_flush(outbox);
	KIT_SENDS_FIRST(2048, 2049);
	kit_run(outbox, 1000);
	QM_INT(kit_status(outbox).waiting, 0);
	CU_ASSERT(kit.seen[2048] < kit.seen[2200] && kit.seen[2200] < kit.seen[2500]);
	kit_end(outbox);
}

/** What was sent again is not taken for lost when what was sent before it arrives. */
static void test_arrive_late(void)
{
	struct qm_outbox *outbox = kit_begin(QM_DURABLE_POWER);

	kit.prompt = false;
	kit.lose = 1;
	QM_OK(kit_add(outbox, 1, 4));
	kit_flush(outbox);
	KIT_SENDS(1, 2, 3, 4);
	kit.log[kit.log_count++] = 2;
	kit_flush(outbox);
	KIT_SENDS(1);
	kit.log[kit.log_count++] = 3;
	kit_flush(outbox);
	KIT_SENDS_NOTHING();
	kit_write_log();
	kit_run(outbox, 1000);
	KIT_SENDS_NOTHING();
	QM_INT(kit_status(outbox).waiting, 0);
	kit_end(outbox);
}

/** What an auditd had not written when it ended is sent to the next one. */
static void check_pid_change(bool seen_gone)
{
	struct qm_outbox *outbox = kit_begin(QM_DURABLE_POWER);

	kit.prompt = false;
	QM_OK(kit_add(outbox, 1, 2));
	kit_flush(outbox);
	kit_write_log();
	QM_OK(kit_add(outbox, 3, 5));
	kit_flush(outbox);
	KIT_SENDS(1, 2, 3, 4, 5);
	kit_kill_auditd();
	if (seen_gone) {
		kit_run(outbox, 1000);
	}
	kit.prompt = true;
	kit_start_auditd(900);
	kit_flush(outbox);
	KIT_SENDS(3, 4, 5);
	kit_run(outbox, 1000);
	QM_INT(kit_status(outbox).waiting, 0);
	KIT_SENDS_NOTHING();
	kit_end(outbox);
}

static void test_pid_changes(void)
{
	check_pid_change(false);
	check_pid_change(true);
}

/** An auditd that stood still has had no time to write. */
static void test_stood_still(void)
{
	struct qm_outbox *outbox = kit_begin(QM_DURABLE_POWER);

	kit.prompt = false;
	QM_OK(kit_add(outbox, 1, 2));
	kit_flush(outbox);
	kit.state = QM_SINK_AUDITD_STUCK;
	kit_run(outbox, 20000);
	kit.state = QM_SINK_READY;
	kit_run(outbox, 2500);
	KIT_SENDS(1, 2);
	SAYS("taken again");
	kit_write_log();
	kit_run(outbox, 1000);
	QM_INT(kit_status(outbox).waiting, 0);
	KIT_SENDS_NOTHING();
	kit_end(outbox);
}

static struct qm_outbox *begin_blind(void)
{
	struct qm_outbox *outbox = kit_begin(QM_DURABLE_POWER);

	kit.confirms = false;
	return outbox;
}

static void test_trusts(void)
{
	struct qm_outbox *outbox = begin_blind();

	QM_OK(kit_add(outbox, 1, 3));
	QM_INT(kit_flush(outbox), -1);
	KIT_SENDS(1, 2, 3);
	QM_INT(kit_status(outbox).waiting, 0);
	QM_INT(kit_status(outbox).arrived, 3);
	kit_end(outbox);
}

static void die_at_2(uint64_t seq)
{
	if (seq == 2) {
		kit_kill_auditd();
	}
}

static void die_and_return_at_2(uint64_t seq)
{
	if (seq == 2) {
		kit_kill_auditd();
		kit_start_auditd(kit.pid + 1);
		kit.on_write = NULL;
	}
}

static void switch_off_at_2(uint64_t seq)
{
	if (seq == 2) {
		kit.state = QM_SINK_DISABLED;
	}
}

/** It is trusted only with an auditd that is the same before and after. */
static void check_no_trust(void (*on_write)(uint64_t seq))
{
	struct qm_outbox *outbox = begin_blind();

	kit.on_write = on_write;
	QM_OK(kit_add(outbox, 1, 3));
	kit_flush(outbox);
	KIT_SENDS(1, 2, 3);
	QM_INT(kit_status(outbox).waiting, 3);
	kit.on_write = NULL;
	kit_start_auditd(kit.pid);
	kit_run(outbox, 3000);
	KIT_SENDS(1, 2, 3);
	QM_INT(kit_status(outbox).waiting, 0);
	CU_ASSERT(kit.seen[1] && kit.seen[2] && kit.seen[3]);
	kit_end(outbox);
}

static void test_no_trust(void)
{
	check_no_trust(die_at_2);
	check_no_trust(die_and_return_at_2);
	check_no_trust(switch_off_at_2);
}

static void test_log_comes_and_goes(void)
{
	struct qm_outbox *outbox = begin_suspended();

	kit.confirms = false;
	kit_run(outbox, 1000);
	SAYS("taken again");
	QM_INT(kit_status(outbox).waiting, 0);
	kit.confirms = true;
	kit.prompt = true;
	kit_write_log();
	QM_OK(kit_add(outbox, 4, 4));
	kit_run(outbox, 1000);
	KIT_SENDS(4);
	QM_INT(kit_status(outbox).waiting, 0);
	CU_ASSERT_PTR_NULL(qm_outbox_free(outbox));
}

static void test_sink_fails(void)
{
	struct qm_outbox *outbox = kit_begin(QM_DURABLE_POWER);

	kit.write_error = -EPERM;
	QM_OK(kit_add(outbox, 1, 2));
	QM_INT(kit_flush(outbox), 2000);
	SAYS("not taken, 2 wait: Operation not permitted, ");
	CU_ASSERT_FALSE(kit_status(outbox).sending);
	kit_run(outbox, 1999);
	kit_skip(1);
	QM_INT(kit_flush(outbox), 4000);
	kit_skip(4000);
	QM_INT(kit_flush(outbox), 8000);
	kit_skip(8000);
	QM_INT(kit_flush(outbox), 15000);
	QM_INT(kit.tells, 1);
	kit.write_error = 0;
	kit_skip(15000);
	kit_flush(outbox);
	KIT_SENDS(1, 2);
	QM_INT(kit.tells, 2);
	/* it begins anew */
	kit.write_error = -ENOBUFS;
	QM_OK(kit_add(outbox, 3, 3));
	QM_INT(kit_flush(outbox), 2000);
	kit_end(outbox);
}

static void test_refused(void)
{
	struct qm_outbox *outbox = kit_begin(QM_DURABLE_POWER);

	kit.refused = 2;
	QM_OK(kit_add(outbox, 1, 3));
	kit_run(outbox, 1000);
	KIT_SENDS(1, 3);
	SAYS("refuses an audit record (rec-seq=2)");
	QM_INT(kit_status(outbox).waiting, 0);
	QM_INT(qm_outbox_take_lost(outbox, QM_LOSS_STORE), 0);
	QM_INT(qm_outbox_take_lost(outbox, QM_LOSS_AUDIT), 1);
	QM_INT(qm_outbox_take_lost(outbox, QM_LOSS_AUDIT), 0);
	kit_end(outbox);

	outbox = kit_begin(QM_DURABLE_POWER);
	kit.new_error = -EINVAL;
	QM_OK(kit_add(outbox, 1, 1));
	kit_flush(outbox);
	QM_INT(qm_outbox_take_lost(outbox, QM_LOSS_AUDIT), 0);
	kit.new_error = 0;
	kit_run(outbox, 2000);
	KIT_SENDS(1);
	kit_end(outbox);
}

static void test_kernel_loses(void)
{
	struct qm_outbox *outbox = kit_begin(QM_DURABLE_POWER);

	kit.has_kernel_lost = true;
	kit.kernel_lost = UINT32_MAX - 1;
	QM_OK(kit_add(outbox, 1, 1));
	kit_run(outbox, 1000);
	QM_INT(kit.tells, 0);
	kit.kernel_lost += 5;
	QM_OK(kit_add(outbox, 2, 2));
	kit_run(outbox, 1000);
	QM_INT(kit.tells, 1);
	SAYS("threw away 5 audit records");
	kit_end(outbox);
}

CU_TestInfo outbox_tests[] = {
	{ "in order, and kept until it has arrived", test_order },
	{ "nobody listens", test_nobody_listens },
	{ "doubt, and the end of it", test_doubt },
	{ "doubt dispelled by late arrivals", test_doubt_dispelled },
	{ "doubt about an auditd that is gone", test_doubt_about_another },
	{ "a kernel that makes us wait", test_slow_kernel },
	{ "lost in the middle", test_lost_in_the_middle },
	{ "lost before others are sent", test_lost_before_others },
	{ "sent again, and late arrivals", test_arrive_late },
	{ "another auditd", test_pid_changes },
	{ "an auditd that stood still", test_stood_still },
	{ "trust where the log cannot be read", test_trusts },
	{ "no trust when auditd changed", test_no_trust },
	{ "a log that can be read at times", test_log_comes_and_goes },
	{ "a sink that fails", test_sink_fails },
	{ "a record that is refused", test_refused },
	{ "the kernel throws records away", test_kernel_loses },
	CU_TEST_INFO_NULL,
};
