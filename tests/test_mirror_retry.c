/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Dumps that fail, on a kernel that says what the test wants.
 */
#include <errno.h>
#include <netinet/in.h>

#include <linux/netlink.h>

#include "fake_kit.h"
#include "fake_xfrm.h"
#include "mirror_kit.h"
#include "mirror_priv.h"
#include "test.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct craft_sa a = { .src = "192.0.2.1", .dst = "192.0.2.2", .spi = 1,
								   .reqid = 1, .add_time = 10 };
static const struct craft_sa c = { .src = "192.0.2.1", .dst = "192.0.2.2", .spi = 3,
								   .reqid = 3, .add_time = 10 };

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

/** Has the next dump fail in one of the ways in which it can. @return false: no more */
static bool fail_dump(unsigned way, int *ret_error)
{
	static const int errors[] = { -EINTR, -EOPNOTSUPP, -EPERM, -ENOBUFS, -EMSGSIZE,
								  -EBADMSG };
	struct craft craft = { 0 };

	*ret_error = errors[way < COUNT(errors) ? way : 0];
	switch (way) {
	case 0:
		fake_xfrm_dump_sa(&a, NLM_F_DUMP_INTR);
		break;
	case 1:
		craft_error(&craft, NLMSG_DONE, *ret_error);
		fake_xfrm_dump_end(XFRM_MSG_GETSA, &craft);
		break;
	case 2:
		craft_error(&craft, NLMSG_ERROR, *ret_error);
		fake_xfrm_dump_end(XFRM_MSG_GETSA, &craft);
		break;
	case 3:
	case 4:
		fake_xfrm_dump_error(XFRM_MSG_GETSA, *ret_error);
		break;
	case 5:
		craft_begin(&craft, XFRM_MSG_NEWSA, NLM_F_MULTI, 0);
		craft_end(&craft);
		fake_xfrm_dump_end(XFRM_MSG_GETSA, &craft);
		break;
	default:
		return false;
	}
	return true;
}

static void test_dump_fails(void)
{
	struct qm_mirror_config config = kit_config();
	const struct told *told;
	struct kit kit;
	int error;

	config.retries = 1;
	for (unsigned way = 0;; way++) {
		fake_xfrm_begin();
		if (!fail_dump(way, &error)) {
			break;
		}
		fake_xfrm_dump_next(XFRM_MSG_GETSA);
		dump(&a);
		kit_new(&kit, &config);
		kit_run(&kit, QM_MIRROR_RESYNC_END);
		expect_begin(&kit, QM_MIRROR_CAUSE_START, 0);
		told = kit_expect(&kit, QM_MIRROR_RESYNC_FAILED);
		QM_INT(told->resync.error, error);
		QM_INT(told->resync.cause, QM_MIRROR_CAUSE_START);
		kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &a);
		QM_INT(expect_end(&kit, 2).error, 0);
		finish(&kit);
	}
	fake_xfrm_end();
}

/** A dump that never comes is given up. */
static void test_dump_stalls(void)
{
	struct qm_mirror_config config = kit_config();
	struct craft nothing = { 0 };
	struct kit kit;

	config.retries = 1;
	fake_xfrm_begin();
	fake_xfrm_dump_end(XFRM_MSG_GETSA, &nothing);
	fake_xfrm_tick(3000);
	kit_new(&kit, &config);
	kit_run(&kit, QM_MIRROR_RESYNC_FAILED);
	expect_begin(&kit, QM_MIRROR_CAUSE_START, 0);
	QM_INT(kit_expect(&kit, QM_MIRROR_RESYNC_FAILED)->resync.error, -ETIMEDOUT);
	finish(&kit);
}

/** The user is told once, and the mirror goes on trying, less and less often. */
static void test_back_off(void)
{
	static const struct qm_mirror_config config = { .retry_ms = 1000,
													.retry_max_ms = 5000,
													.retries = 3 };
	static const uint64_t pauses[] = { 1000, 2000, 4000, 5000, 5000 };
	struct kit kit;

	fake_xfrm_begin();
	fake_xfrm_tick(10);
	fake_xfrm_fail_dump(-ENOMEM, COUNT(pauses));
	kit_new(&kit, &config);
	kit_run(&kit, QM_MIRROR_RESYNC_END);
	expect_begin(&kit, QM_MIRROR_CAUSE_START, 0);
	QM_INT(kit_expect(&kit, QM_MIRROR_RESYNC_FAILED)->resync.attempts, 3);
	expect_end(&kit, COUNT(pauses) + 1);
	QM_INT(qm_mirror_stats(kit.mirror).failures, COUNT(pauses));
	for (unsigned i = 0; i < COUNT(pauses); i++) {
		const uint64_t pause = fake_xfrm_tried_ms(i + 1) - fake_xfrm_tried_ms(i);

		/* the real clock goes on beside the ticks */
		CU_ASSERT(pause <= pauses[i] + 10);
		CU_ASSERT(pause + 900 > pauses[i]);
	}
	finish(&kit);
}

static void overrun_again(struct kit *kit, const struct qm_mirror_event *event)
{
	(void)kit;
	if (event->kind == QM_MIRROR_RESYNC_END) {
		fake_xfrm_fail(-ENOBUFS);
	}
}

/** Gaps that follow one another, though each is mended at once. */
static void test_storm(void)
{
	static const struct qm_mirror_config config = { .retry_ms = 1000,
													.retry_max_ms = 3000 };
	static const uint64_t pauses[] = { 0, 1000, 2000, 3000, 3000, 0 };
	struct kit kit;

	fake_xfrm_begin();
	fake_xfrm_tick(10);
	kit_new(&kit, &config);
	kit.on_event = overrun_again;
	for (unsigned i = 0; i < COUNT(pauses); i++) {
		kit_run(&kit, QM_MIRROR_RESYNC_END);
	}
	/* after some time without, the next is mended at once again */
	fake_xfrm_pass(10000);
	kit.on_event = NULL;
	kit_run(&kit, QM_MIRROR_RESYNC_END);
	kit_skip(&kit);
	for (unsigned i = 0; i < COUNT(pauses); i++) {
		const uint64_t pause = fake_xfrm_tried_ms(i + 1) - fake_xfrm_tried_ms(i) -
							   (i == COUNT(pauses) - 1 ? 10000 : 0);

		/* the real clock goes on beside the ticks */
		CU_ASSERT(pause <= pauses[i] + 100);
		CU_ASSERT(pause + 900 > pauses[i]);
	}
	finish(&kit);
}

/** When dumps succeed again all is as ever, and so is the comparison after that. */
static void test_recovers(void)
{
	static const struct qm_mirror_config config = { .retry_ms = 10,
													.retry_max_ms = 20,
													.compare_ms = 60000 };
	struct kit kit;

	fake_xfrm_begin();
	fake_xfrm_tick(10);
	dump(&a);
	kit_new(&kit, &config);
	kit_run(&kit, QM_MIRROR_RESYNC_END);
	kit_skip(&kit);
	fake_xfrm_fail_dump(-ENOMEM, 12);
	fake_xfrm_fail(-ENOBUFS);
	dump(&c);
	kit_run(&kit, QM_MIRROR_RESYNC_FAILED);
	expect_begin(&kit, QM_MIRROR_CAUSE_OVERRUN, -ENOBUFS);
	kit_expect(&kit, QM_MIRROR_RESYNC_FAILED);
	CU_ASSERT(!qm_mirror_stats(kit.mirror).synced);
	notify_new(&c);
	kit_run(&kit, QM_MIRROR_RESYNC_END);
	CU_ASSERT(!kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &c)->event.found);
	CU_ASSERT(kit_expect_sa(&kit, QM_MIRROR_SA_REMOVED, &a)->event.found);
	QM_INT(expect_end(&kit, 13).sas_removed, 1);
	CU_ASSERT(kit_has(&kit, &c) && !kit_has(&kit, &a));
	/* nobody notifies that this one went */
	kit_run(&kit, QM_MIRROR_RESYNC_END);
	expect_begin(&kit, QM_MIRROR_CAUSE_ASKED, 0);
	CU_ASSERT(kit_expect_sa(&kit, QM_MIRROR_SA_REMOVED, &c)->event.found);
	expect_end(&kit, 1);
	finish(&kit);
}

/** What a user gets who does not say otherwise. */
static void test_defaults(void)
{
	static const struct qm_mirror_config config = { 0 };
	struct kit kit;

	fake_xfrm_begin();
	fake_xfrm_tick(1000);
	fake_xfrm_fail_dump(-ENOMEM, 8);
	kit_new(&kit, &config);
	kit_run(&kit, QM_MIRROR_RESYNC_END);
	expect_begin(&kit, QM_MIRROR_CAUSE_START, 0);
	QM_INT(kit_expect(&kit, QM_MIRROR_RESYNC_FAILED)->resync.attempts, 8);
	expect_end(&kit, 9);
	finish(&kit);
}

/** Failures are counted from one gap to the next. */
static void test_fails_now_and_then(void)
{
	struct kit kit;

	fake_xfrm_begin();
	kit_new(&kit, NULL);
	for (unsigned i = 0; i < 3; i++) {
		/* one less than is told */
		fake_xfrm_fail_dump(-ENOMEM, 2);
		kit_compare(&kit);
		kit_expect(&kit, QM_MIRROR_RESYNC_BEGIN);
		expect_end(&kit, 3);
	}
	finish(&kit);
}

static void test_dropped_so_far(void)
{
	struct kit kit;

	fake_xfrm_begin();
	kit_new(&kit, NULL);
	fake_xfrm_fail_dump(-ENOMEM, 3);
	fake_xfrm_fail(-ENOBUFS);
	fake_xfrm_drop(9);
	kit_run(&kit, QM_MIRROR_RESYNC_FAILED);
	expect_begin(&kit, QM_MIRROR_CAUSE_START, 0);
	QM_INT(kit_expect(&kit, QM_MIRROR_RESYNC_FAILED)->resync.dropped, 9);
	finish(&kit);
}

/** What others send to the dump's socket does it no harm. */
static void test_dump_with_foreign(void)
{
	struct kit kit;

	fake_xfrm_begin();
	dump(&a);
	fake_xfrm_dump_error(XFRM_MSG_GETSA, -EREMOTE);
	dump(&c);
	fake_xfrm_dump_done(XFRM_MSG_GETSA);
	kit_new(&kit, NULL);
	kit_run(&kit, QM_MIRROR_RESYNC_END);
	expect_begin(&kit, QM_MIRROR_CAUSE_START, 0);
	kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &a);
	kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &c);
	expect_end(&kit, 1);
	QM_INT(qm_mirror_stats(kit.mirror).foreign, 1);
	finish(&kit);
}

/** Notifications are told while there is no dump to be had. */
static void test_told_meanwhile(void)
{
	struct craft craft = { 0 };
	const struct told *told;
	struct kit kit;

	fake_xfrm_begin();
	fake_xfrm_fail_dump(-ENOMEM, 4);
	kit_new(&kit, NULL);
	kit_run(&kit, QM_MIRROR_RESYNC_FAILED);
	notify_new(&c);
	notify_del(&c);
	craft_expire(&craft, 0, &a, true);
	fake_xfrm_notify(&craft);
	kit_run_events(&kit, 3);
	expect_begin(&kit, QM_MIRROR_CAUSE_START, 0);
	kit_expect(&kit, QM_MIRROR_RESYNC_FAILED);
	kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &c);
	kit_expect_sa(&kit, QM_MIRROR_SA_REMOVED, &c);
	/* nothing says that this was not whole */
	told = kit_expect_sa(&kit, QM_MIRROR_SA_REMOVED, &a);
	CU_ASSERT(!told->event.known && !told->event.larval);
	kit_run(&kit, QM_MIRROR_RESYNC_END);
	kit_skip(&kit);
	finish(&kit);
}

static struct kit *asking;

static void ask(void)
{
	qm_mirror_compare(asking->mirror);
}

/** At the end of the first dump the call that woke the thread is long forgotten. */
static void look_awake(struct kit *kit, const struct qm_mirror_event *event)
{
	if (event->kind == QM_MIRROR_RESYNC_END) {
		QM_INT(qm_mirror_wait_ms(kit->mirror, 1000), kit->count == 2 ? 0 : 1000);
	}
}

/** A comparison that is asked for while one is going on is made after it, at once. */
static void test_asked_meanwhile(void)
{
	struct kit kit;

	fake_xfrm_begin();
	asking = &kit;
	fake_xfrm_on_dump(XFRM_MSG_GETSA, ask);
	kit_new(&kit, NULL);
	kit.on_event = look_awake;
	kit_run_events(&kit, 4);
	expect_begin(&kit, QM_MIRROR_CAUSE_START, 0);
	expect_end(&kit, 1);
	expect_begin(&kit, QM_MIRROR_CAUSE_ASKED, 0);
	expect_end(&kit, 1);
	finish(&kit);
}

CU_TestInfo mirror_retry_tests[] = {
	{ "a dump fails", test_dump_fails },
	{ "a dump stalls", test_dump_stalls },
	{ "dumps fail for long", test_back_off },
	{ "gap upon gap", test_storm },
	{ "dumps succeed again", test_recovers },
	{ "the settings by default", test_defaults },
	{ "dumps fail now and then", test_fails_now_and_then },
	{ "dumps fail after an overrun", test_dropped_so_far },
	{ "datagrams that are not from the kernel", test_dump_with_foreign },
	{ "notifications while dumps fail", test_told_meanwhile },
	{ "a comparison asked for during another", test_asked_meanwhile },
	CU_TEST_INFO_NULL,
};
