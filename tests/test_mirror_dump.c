/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happens while the mirror reads a dump, on a kernel that says what the test wants.
 */
#include <errno.h>
#include <netinet/in.h>

#include <linux/netlink.h>

#include "fake_kit.h"
#include "fake_xfrm.h"
#include "mirror_kit.h"
#include "test.h"

static const struct craft_sa a = { .src = "192.0.2.1", .dst = "192.0.2.2", .spi = 1,
								   .reqid = 1, .add_time = 10 };
static const struct craft_sa b = { .src = "192.0.2.1", .dst = "192.0.2.2", .spi = 2,
								   .reqid = 2, .add_time = 10 };
static const struct craft_sa c = { .src = "192.0.2.1", .dst = "192.0.2.2", .spi = 3,
								   .reqid = 3, .add_time = 10 };

static const struct craft_policy policy = { .src = "10.1.0.0", .dst = "10.2.0.0",
											.tmpl_dst = "192.0.2.2", .index = 9,
											.reqid = 3, .dir = XFRM_POLICY_OUT };

static void notify_new(const struct craft_sa *sa)
{
	fake_xfrm_notify_sa(XFRM_MSG_NEWSA, 0, sa);
}

static void notify_del(const struct craft_sa *sa)
{
	fake_xfrm_notify_deleted(0, sa);
}

static void dump(const struct craft_sa *sa)
{
	fake_xfrm_dump_sa(sa, 0);
}

static void dump_policy(void)
{
	fake_xfrm_dump_policy(&policy);
}

/** A mirror that knows of a, b and a policy. */
static void start(struct kit *kit)
{
	fake_xfrm_begin();
	dump(&a);
	dump(&b);
	dump_policy();
	kit_start(kit);
}

/** No SA may be left to be visited. */
static int is_one(void *user, const struct qm_xfrm_sa *sa, bool larval)
{
	(void)user;
	(void)sa;
	(void)larval;
	return 1;
}

static void delete_a(void)
{
	notify_del(&a);
}

static void look_for_a(struct kit *kit, const struct qm_mirror_event *event)
{
	if (event->kind == QM_MIRROR_SA_REMOVED) {
		CU_ASSERT(!kit_has(kit, &a));
		QM_INT(qm_mirror_each(kit->mirror, is_one, NULL), 0);
	}
}

/** The dump has an SA that was deleted when the mirror had read of that already. */
static void test_deleted_before_dumped(void)
{
	struct kit kit;

	fake_xfrm_begin();
	kit_new(&kit, NULL);
	kit.on_event = look_for_a;
	fake_xfrm_on_dump(XFRM_MSG_GETSA, delete_a);
	/* the notification is read before the mirror has another look at the dump */
	fake_xfrm_dump_error(XFRM_MSG_GETSA, -EAGAIN);
	dump(&a);
	dump(&b);
	fake_xfrm_dump_done(XFRM_MSG_GETSA);
	kit_run(&kit, QM_MIRROR_RESYNC_END);
	expect_begin(&kit, QM_MIRROR_CAUSE_START, 0);
	CU_ASSERT(!kit_expect_sa(&kit, QM_MIRROR_SA_REMOVED, &a)->event.known);
	kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &b);
	expect_end(&kit, 1);
	CU_ASSERT(!kit_has(&kit, &a));
	QM_INT(qm_mirror_stats(kit.mirror).sas, 1);
	finish(&kit);
}

static void replace_a_and_b(void)
{
	struct craft_sa second = a;

	notify_del(&a);
	second.reqid = 11;
	notify_new(&second);
	notify_del(&b);
	notify_new(&c);
}

/** Whatever the dump says of these was true before the notifications, or is not. */
static void test_changed_while_dumped(void)
{
	struct craft_sa larval = c;
	const struct told *told;
	struct kit kit;

	start(&kit);
	larval.larval = true;
	fake_xfrm_on_dump(XFRM_MSG_GETSA, replace_a_and_b);
	fake_xfrm_dump_error(XFRM_MSG_GETSA, -EAGAIN);
	dump(&a);
	dump(&b);
	dump(&larval);
	fake_xfrm_dump_done(XFRM_MSG_GETSA);
	dump_policy();
	kit_compare(&kit);
	expect_begin(&kit, QM_MIRROR_CAUSE_ASKED, 0);
	CU_ASSERT(kit_expect_sa(&kit, QM_MIRROR_SA_REMOVED, &a)->event.known);
	told = kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &a);
	QM_INT(told->sa.reqid, 11);
	CU_ASSERT(!told->event.found);
	CU_ASSERT(kit_expect_sa(&kit, QM_MIRROR_SA_REMOVED, &b)->event.known);
	kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &c);
	QM_INT(expect_end(&kit, 1).sas_changed, 0);
	CU_ASSERT(kit_has(&kit, &a) && !kit_has(&kit, &b) && kit_has(&kit, &c));
	QM_INT(qm_mirror_stats(kit.mirror).sas, 2);
	finish(&kit);
}

/** What is notified behind the dump's end, and before it is compared, counts too. */
static void test_changed_behind_dump(void)
{
	struct kit kit;

	start(&kit);
	fake_xfrm_on_dump(XFRM_MSG_GETSA, delete_a);
	dump(&b);
	dump_policy();
	kit_compare(&kit);
	expect_begin(&kit, QM_MIRROR_CAUSE_ASKED, 0);
	CU_ASSERT(!kit_expect_sa(&kit, QM_MIRROR_SA_REMOVED, &a)->event.found);
	expect_end(&kit, 1);
	finish(&kit);
}

/** A dump that is older than the notification shows what is gone by now. */
static void test_older_notification(void)
{
	struct craft_sa second = a;
	struct kit kit;

	second.add_time++;
	fake_xfrm_begin();
	dump(&second);
	kit_new(&kit, NULL);
	kit_run(&kit, QM_MIRROR_RESYNC_END);
	kit_skip(&kit);
	/* of the SA before, sent before the dump, and read only now */
	notify_new(&a);
	notify_del(&a);
	notify_new(&second);
	kit_run_events(&kit, 2);
	QM_INT(kit_expect_sa(&kit, QM_MIRROR_SA_REMOVED, &a)->event.end,
		   QM_MIRROR_END_DELETED);
	QM_INT(kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &a)->sa.counters.add_time, 11);
	finish(&kit);
}

static void test_larval_again(void)
{
	struct craft_sa larval = a;
	struct kit kit;

	larval.larval = true;
	start(&kit);
	dump(&larval);
	dump(&b);
	dump_policy();
	kit_compare(&kit);
	expect_begin(&kit, QM_MIRROR_CAUSE_ASKED, 0);
	QM_INT(kit_expect_sa(&kit, QM_MIRROR_SA_REMOVED, &a)->event.end,
		   QM_MIRROR_END_VANISHED);
	CU_ASSERT(kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &a)->event.larval);
	expect_end(&kit, 1);
	finish(&kit);
}

static void flush_all(void)
{
	struct craft craft = { 0 };

	craft_flush_sa(&craft, 0, 0);
	fake_xfrm_notify(&craft);
}

/** The dump may have, and may not have, what was flushed: another one is needed. */
static void test_flush_while_dumped(void)
{
	struct kit kit;

	start(&kit);
	fake_xfrm_on_dump(XFRM_MSG_GETSA, flush_all);
	fake_xfrm_dump_error(XFRM_MSG_GETSA, -EAGAIN);
	dump(&a);
	fake_xfrm_dump_next(XFRM_MSG_GETSA);
	dump(&c);
	dump_policy();
	kit_compare(&kit);
	expect_begin(&kit, QM_MIRROR_CAUSE_ASKED, 0);
	QM_INT(kit_expect(&kit, QM_MIRROR_SA_REMOVED)->event.end, QM_MIRROR_END_FLUSHED);
	QM_INT(kit_expect(&kit, QM_MIRROR_SA_REMOVED)->event.end, QM_MIRROR_END_FLUSHED);
	kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &c);
	expect_end(&kit, 2);
	finish(&kit);
}

static void delete_policy(void)
{
	struct craft craft = { 0 };

	craft_del_policy(&craft, 0, &policy);
	fake_xfrm_notify(&craft);
}

static void flush_policies(void)
{
	struct craft craft = { 0 };

	craft_flush_policy(&craft, 0, XFRM_POLICY_TYPE_MAIN);
	fake_xfrm_notify(&craft);
}

/** One that the mirror did not know of, and that the dump has yet. */
static void test_policy_deleted_before_dumped(void)
{
	struct kit kit;

	fake_xfrm_begin();
	fake_xfrm_on_dump(XFRM_MSG_GETPOLICY, delete_policy);
	fake_xfrm_dump_error(XFRM_MSG_GETPOLICY, -EAGAIN);
	dump_policy();
	fake_xfrm_dump_done(XFRM_MSG_GETPOLICY);
	kit_new(&kit, NULL);
	kit_run(&kit, QM_MIRROR_RESYNC_END);
	expect_begin(&kit, QM_MIRROR_CAUSE_START, 0);
	CU_ASSERT(!kit_expect(&kit, QM_MIRROR_POLICY_REMOVED)->event.known);
	expect_end(&kit, 1);
	kit_compare(&kit);
	QM_INT(qm_mirror_stats(kit.mirror).policies, 0);
	kit_skip(&kit);
	finish(&kit);
}

static void test_policies_while_dumped(void)
{
	struct craft craft = { 0 };
	struct kit kit;

	start(&kit);
	dump(&a);
	dump(&b);
	fake_xfrm_dump_next(XFRM_MSG_GETSA);
	dump(&a);
	dump(&b);
	fake_xfrm_on_dump(XFRM_MSG_GETPOLICY, delete_policy);
	fake_xfrm_dump_error(XFRM_MSG_GETPOLICY, -EAGAIN);
	dump_policy();
	fake_xfrm_dump_done(XFRM_MSG_GETPOLICY);
	QM_INT(kit_compare(&kit).policies_removed, 0);
	expect_begin(&kit, QM_MIRROR_CAUSE_ASKED, 0);
	QM_INT(kit_expect(&kit, QM_MIRROR_POLICY_REMOVED)->event.end,
		   QM_MIRROR_END_DELETED);
	expect_end(&kit, 1);
	QM_INT(qm_mirror_count_policies(kit.mirror, XFRM_POLICY_OUT, 0), 0);
	craft_policy(&craft, XFRM_MSG_NEWPOLICY, 0, 0, &policy);
	fake_xfrm_notify(&craft);
	kit_run_events(&kit, 1);
	kit_expect(&kit, QM_MIRROR_POLICY_ADDED);
	fake_xfrm_on_dump(XFRM_MSG_GETPOLICY, flush_policies);
	fake_xfrm_dump_error(XFRM_MSG_GETPOLICY, -EAGAIN);
	dump_policy();
	fake_xfrm_dump_next(XFRM_MSG_GETSA);
	dump(&a);
	dump(&b);
	kit_compare(&kit);
	expect_begin(&kit, QM_MIRROR_CAUSE_ASKED, 0);
	QM_INT(kit_expect(&kit, QM_MIRROR_POLICY_REMOVED)->event.end,
		   QM_MIRROR_END_FLUSHED);
	expect_end(&kit, 2);
	finish(&kit);
}

static void overrun(void)
{
	fake_xfrm_fail(-ENOBUFS);
}

/** An overrun makes a dump worthless, also when that has been read to its end. */
static void test_overrun_while_dumped(void)
{
	struct kit kit;

	start(&kit);
	fake_xfrm_on_dump(XFRM_MSG_GETSA, overrun);
	dump(&a);
	fake_xfrm_dump_next(XFRM_MSG_GETSA);
	dump(&b);
	fake_xfrm_on_dump(XFRM_MSG_GETPOLICY, overrun);
	fake_xfrm_dump_next(XFRM_MSG_GETSA);
	dump(&b);
	kit_compare(&kit);
	expect_begin(&kit, QM_MIRROR_CAUSE_ASKED, 0);
	kit_expect_sa(&kit, QM_MIRROR_SA_REMOVED, &a);
	kit_expect(&kit, QM_MIRROR_POLICY_REMOVED);
	expect_end(&kit, 3);
	QM_INT(qm_mirror_stats(kit.mirror).overruns, 2);
	finish(&kit);
}

CU_TestInfo mirror_dump_tests[] = {
	{ "deleted, then dumped", test_deleted_before_dumped },
	{ "changed while dumped", test_changed_while_dumped },
	{ "changed behind the dump's end", test_changed_behind_dump },
	{ "notifications older than the dump", test_older_notification },
	{ "an SA is a reserved SPI now", test_larval_again },
	{ "a flush during the dump", test_flush_while_dumped },
	{ "a policy deleted, then dumped", test_policy_deleted_before_dumped },
	{ "policies change during the dump", test_policies_while_dumped },
	{ "an overrun during the dump", test_overrun_while_dumped },
	CU_TEST_INFO_NULL,
};
