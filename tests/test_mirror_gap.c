/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the mirror makes of lost notifications and of dumps that fail, on a kernel
 * that says what the test wants.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include <linux/netlink.h>

#include "fake_kit.h"
#include "fake_xfrm.h"
#include "mirror_kit.h"
#include "test.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct craft_sa a = { .src = "192.0.2.1", .dst = "192.0.2.2", .spi = 1,
								   .reqid = 1, .add_time = 10 };
static const struct craft_sa b = { .src = "192.0.2.1", .dst = "192.0.2.2", .spi = 2,
								   .reqid = 2, .add_time = 10 };
static const struct craft_sa c = { .src = "192.0.2.1", .dst = "192.0.2.2", .spi = 3,
								   .reqid = 3, .add_time = 10 };

static const struct craft_sa d = { .src = "192.0.2.1", .dst = "192.0.2.2", .spi = 4,
								   .reqid = 4, .add_time = 10 };

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

static void look_unsynced(struct kit *kit, const struct qm_mirror_event *event)
{
	CU_ASSERT_EQUAL(qm_mirror_stats(kit->mirror).synced,
					event->kind == QM_MIRROR_RESYNC_END);
}

/** What came and went meanwhile is told, as found. */
static void test_overrun(void)
{
	struct qm_mirror_resync resync;
	struct qm_mirror_stats stats;
	const struct told *told;
	struct kit kit;

	start(&kit);
	fake_xfrm_fail(-ENOBUFS);
	fake_xfrm_drop(7);
	dump(&b);
	dump(&c);
	kit.on_event = look_unsynced;
	kit_run(&kit, QM_MIRROR_RESYNC_END);
	expect_begin(&kit, QM_MIRROR_CAUSE_OVERRUN, -ENOBUFS);
	told = kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &c);
	CU_ASSERT(told->event.found);
	told = kit_expect_sa(&kit, QM_MIRROR_SA_REMOVED, &a);
	QM_INT(told->event.end, QM_MIRROR_END_VANISHED);
	QM_INT(told->event.by.kind, QM_XFRM_ACTOR_UNKNOWN);
	CU_ASSERT(told->event.found && told->event.known);
	kit_expect(&kit, QM_MIRROR_POLICY_REMOVED);
	resync = expect_end(&kit, 1);
	QM_INT(resync.sas_added, 1);
	QM_INT(resync.sas_removed, 1);
	QM_INT(resync.sas_changed, 0);
	QM_INT(resync.policies_removed, 1);
	QM_INT(resync.dropped, 7);
	QM_INT(resync.cause, QM_MIRROR_CAUSE_OVERRUN);
	stats = qm_mirror_stats(kit.mirror);
	QM_INT(stats.overruns, 1);
	QM_INT(stats.dropped, 7);
	finish(&kit);
}

/** What the kernel could deliver before and after is taken; the rest is found. */
static void test_overrun_among_others(void)
{
	struct craft_sa moved = b;
	struct kit kit;

	moved.reqid = 22;
	start(&kit);
	notify_del(&a);
	fake_xfrm_fail(-ENOBUFS);
	notify_new(&c);
	dump(&moved);
	dump(&c);
	dump_policy();
	kit_run(&kit, QM_MIRROR_RESYNC_END);
	CU_ASSERT(!kit_expect_sa(&kit, QM_MIRROR_SA_REMOVED, &a)->event.found);
	expect_begin(&kit, QM_MIRROR_CAUSE_OVERRUN, -ENOBUFS);
	CU_ASSERT(!kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &c)->event.found);
	CU_ASSERT(kit_expect_sa(&kit, QM_MIRROR_SA_CHANGED, &b)->event.found);
	QM_INT(expect_end(&kit, 1).sas_changed, 1);
	finish(&kit);
}

/** The kernel tells of no further drop until all is read; so that comes first. */
static void test_drained_first(void)
{
	struct kit kit;

	start(&kit);
	fake_xfrm_fail(-ENOBUFS);
	for (uint32_t spi = 100; spi < 500; spi++) {
		struct craft_sa sa = c;

		sa.spi = spi;
		notify_new(&sa);
	}
	kit_run(&kit, QM_MIRROR_RESYNC_END);
	QM_INT(fake_xfrm_unread_at_dump(), 0);
	kit_skip(&kit);
	finish(&kit);
}

/** Another overrun before the first is mended is part of the same gap. */
static void test_overruns(void)
{
	struct kit kit;

	start(&kit);
	fake_xfrm_fail(-ENOBUFS);
	fake_xfrm_fail(-ENOBUFS);
	dump(&a);
	dump(&b);
	dump_policy();
	kit_run(&kit, QM_MIRROR_RESYNC_END);
	expect_begin(&kit, QM_MIRROR_CAUSE_OVERRUN, -ENOBUFS);
	expect_end(&kit, 1);
	QM_INT(qm_mirror_stats(kit.mirror).overruns, 2);
	finish(&kit);
}

static void drop_five(void)
{
	fake_xfrm_drop(5);
}

/** After the first drop the kernel says of no other until all is read, but counts. */
static void test_dropped_later(void)
{
	struct kit kit;

	start(&kit);
	fake_xfrm_fail(-ENOBUFS);
	fake_xfrm_drop(1);
	fake_xfrm_on_dump(XFRM_MSG_GETSA, drop_five);
	dump(&a);
	dump(&b);
	dump_policy();
	kit_run(&kit, QM_MIRROR_RESYNC_END);
	expect_begin(&kit, QM_MIRROR_CAUSE_OVERRUN, -ENOBUFS);
	QM_INT(expect_end(&kit, 1).dropped, 6);
	finish(&kit);
}

/** No memory is another error than no buffer: the socket is opened anew. */
static void test_no_memory(void)
{
	struct kit kit;

	start(&kit);
	fake_xfrm_fail(-ENOMEM);
	dump(&a);
	dump(&b);
	dump_policy();
	kit_run(&kit, QM_MIRROR_RESYNC_END);
	expect_begin(&kit, QM_MIRROR_CAUSE_SOCKET, -ENOMEM);
	QM_INT(expect_end(&kit, 1).dropped, 0);
	QM_INT(fake_xfrm_listens(), 2);
	QM_INT(qm_mirror_stats(kit.mirror).overruns, 0);
	finish(&kit);
}

static void test_socket_lost(void)
{
	struct kit kit;

	start(&kit);
	fake_xfrm_drop(3);
	fake_xfrm_fail(-ENOBUFS);
	dump(&a);
	dump(&b);
	dump_policy();
	kit_run(&kit, QM_MIRROR_RESYNC_END);
	kit_skip(&kit);
	fake_xfrm_drop(7);
	fake_xfrm_lose_socket();
	fake_xfrm_fail_listen(-EMFILE, 2);
	fake_xfrm_on_dump(XFRM_MSG_GETSA, drop_five);
	dump(&a);
	dump(&b);
	dump_policy();
	notify_new(&c);
	kit_run(&kit, QM_MIRROR_RESYNC_END);
	expect_begin(&kit, QM_MIRROR_CAUSE_SOCKET, -EBADF);
	CU_ASSERT(!kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &c)->event.found);
	/* those of a file that is not ours are not, and the new socket counts from 0 */
	QM_INT(expect_end(&kit, 3).dropped, 5);
	QM_INT(fake_xfrm_listens(), 2);
	QM_INT(qm_mirror_stats(kit.mirror).dropped, 3 + 5);
	QM_INT(qm_mirror_stats(kit.mirror).failures, 2);
	finish(&kit);
}

/** It goes on where it was, also without a socket. */
static void test_stopped_without_socket(void)
{
	struct kit kit;

	start(&kit);
	fake_xfrm_lose_socket();
	fake_xfrm_fail_listen(-EMFILE, 1);
	dump(&a);
	dump(&b);
	dump_policy();
	kit_run(&kit, QM_MIRROR_RESYNC_BEGIN);
	kit_run(&kit, QM_MIRROR_RESYNC_END);
	expect_begin(&kit, QM_MIRROR_CAUSE_SOCKET, -EBADF);
	expect_end(&kit, 2);
	finish(&kit);
}

static void test_malformed(void)
{
	static const int errors[] = { -EBADMSG, -EMSGSIZE };
	struct craft craft = { 0 };
	struct kit kit;

	start(&kit);
	for (size_t i = 0; i < COUNT(errors); i++) {
		if (errors[i] == -EBADMSG) {
			craft_begin(&craft, XFRM_MSG_DELSA, 0, 0);
			craft_end(&craft);
			fake_xfrm_notify(&craft);
		} else {
			fake_xfrm_fail(errors[i]);
		}
		dump(&a);
		dump(&b);
		dump_policy();
		kit_run(&kit, QM_MIRROR_RESYNC_END);
		expect_begin(&kit, QM_MIRROR_CAUSE_MALFORMED, errors[i]);
		expect_end(&kit, 1);
		QM_INT(qm_mirror_stats(kit.mirror).malformed, i + 1);
	}
	finish(&kit);
}

static void notify_malformed(void)
{
	struct craft craft = { 0 };

	craft_begin(&craft, XFRM_MSG_DELSA, 0, 0);
	craft_end(&craft);
	fake_xfrm_notify(&craft);
}

/** What is lost during a comparison is lost all the same. */
static void test_lost_while_comparing(void)
{
	static void (*const ways[])(void) = { notify_malformed, fake_xfrm_lose_socket };
	static const enum qm_mirror_cause causes[] = { QM_MIRROR_CAUSE_MALFORMED,
												   QM_MIRROR_CAUSE_SOCKET };
	struct kit kit;

	for (size_t i = 0; i < COUNT(ways); i++) {
		start(&kit);
		for (unsigned n = 0; n < 2; n++) {
			dump(&a);
			dump(&b);
			fake_xfrm_dump_next(XFRM_MSG_GETSA);
		}
		dump_policy();
		fake_xfrm_on_dump(XFRM_MSG_GETSA, ways[i]);
		qm_mirror_compare(kit.mirror);
		kit_run(&kit, QM_MIRROR_RESYNC_END);
		expect_begin(&kit, QM_MIRROR_CAUSE_ASKED, 0);
		QM_INT(expect_end(&kit, 2).cause, causes[i]);
		finish(&kit);
	}
}

/** What others send is no gap, and nothing else either. */
static void test_foreign(void)
{
	struct kit kit;

	start(&kit);
	fake_xfrm_fail(-EREMOTE);
	notify_new(&c);
	kit_run_events(&kit, 1);
	kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &c);
	QM_INT(qm_mirror_stats(kit.mirror).foreign, 1);
	finish(&kit);
}

/** These change SAs in ways of which the notifications do not tell enough. */
static void test_unclear(void)
{
	struct craft_sa marked = b, moved = a;
	struct craft craft = { 0 };
	struct kit kit;

	marked.mark = 1;
	marked.mask = 1;
	start(&kit);
	craft_sa(&craft, XFRM_MSG_UPDSA, 0, 0, &marked);
	fake_xfrm_notify(&craft);
	dump(&a);
	dump(&b);
	dump_policy();
	kit_run(&kit, QM_MIRROR_RESYNC_END);
	expect_begin(&kit, QM_MIRROR_CAUSE_UNCLEAR, 0);
	expect_end(&kit, 1);
	craft.len = 0;
	craft_migrate(&craft, &a, a.src, "203.0.113.1");
	fake_xfrm_notify(&craft);
	moved.dst = "203.0.113.1";
	dump(&moved);
	dump(&b);
	dump_policy();
	kit_run(&kit, QM_MIRROR_RESYNC_END);
	expect_begin(&kit, QM_MIRROR_CAUSE_UNCLEAR, 0);
	kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &moved);
	kit_expect_sa(&kit, QM_MIRROR_SA_REMOVED, &a);
	expect_end(&kit, 1);
	finish(&kit);
}

/** An update of an SA that there is under just that mark is of no other. */
static void test_clear(void)
{
	struct craft_sa marked = b;
	struct kit kit;

	marked.mark = 1;
	marked.mask = 1;
	start(&kit);
	notify_new(&marked);
	marked.sport = 4500;
	fake_xfrm_notify_sa(XFRM_MSG_UPDSA, 0, &marked);
	kit_run_events(&kit, 2);
	kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &marked);
	kit_expect_sa(&kit, QM_MIRROR_SA_CHANGED, &marked);
	finish(&kit);
}

/** More SAs than there is room for: the mirror says so, and mends when it can. */
static void test_full(void)
{
	struct qm_mirror_config config = kit_config();
	struct kit kit;

	config.max_sas = 2;
	config.max_policies = 1;
	fake_xfrm_begin();
	dump(&a);
	dump(&b);
	kit_new(&kit, &config);
	kit_run(&kit, QM_MIRROR_RESYNC_END);
	kit_skip(&kit);
	notify_new(&c);
	for (unsigned i = 0; i < 3; i++) {
		dump(&a);
		dump(&b);
		dump(&c);
		fake_xfrm_dump_next(XFRM_MSG_GETSA);
	}
	dump(&b);
	dump(&c);
	kit_run(&kit, QM_MIRROR_RESYNC_FAILED);
	expect_begin(&kit, QM_MIRROR_CAUSE_MEMORY, -ENOSPC);
	QM_INT(kit_expect(&kit, QM_MIRROR_RESYNC_FAILED)->resync.error, -ENOSPC);
	/* room is made by the notification, else c could not be added before a is found
	 * to be gone */
	notify_del(&a);
	kit_run(&kit, QM_MIRROR_RESYNC_END);
	kit_expect_sa(&kit, QM_MIRROR_SA_REMOVED, &a);
	kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &c);
	expect_end(&kit, 4);
	finish(&kit);
}

static void notify_ended(void)
{
	notify_del(&c);
	notify_del(&d);
	fake_xfrm_fail(-ENOBUFS);
}

/** What ended during a dump that fails takes no room from the next. */
static void test_full_of_ended(void)
{
	struct qm_mirror_config config = kit_config();
	struct kit kit;

	config.max_sas = 2;
	fake_xfrm_begin();
	kit_new(&kit, &config);
	kit_run(&kit, QM_MIRROR_RESYNC_END);
	kit_skip(&kit);
	fake_xfrm_on_dump(XFRM_MSG_GETSA, notify_ended);
	fake_xfrm_dump_next(XFRM_MSG_GETSA);
	dump(&a);
	dump(&b);
	QM_INT(kit_compare(&kit).attempts, 2);
	QM_INT(qm_mirror_stats(kit.mirror).sas, 2);
	kit_skip(&kit);
	finish(&kit);
}

CU_TestInfo mirror_gap_tests[] = {
	{ "an overrun", test_overrun },
	{ "an overrun among notifications", test_overrun_among_others },
	{ "all notifications are read before a dump", test_drained_first },
	{ "an overrun after another", test_overruns },
	{ "more is dropped after an overrun", test_dropped_later },
	{ "no memory is no overrun", test_no_memory },
	{ "the socket is lost", test_socket_lost },
	{ "stopped while the socket is lost", test_stopped_without_socket },
	{ "notifications cut off or malformed", test_malformed },
	{ "more is lost while comparing", test_lost_while_comparing },
	{ "datagrams that are not from the kernel", test_foreign },
	{ "notifications that do not tell enough", test_unclear },
	{ "an update that is clear", test_clear },
	{ "more SAs than there is room for", test_full },
	{ "what ended when a dump failed", test_full_of_ended },
	CU_TEST_INFO_NULL,
};
