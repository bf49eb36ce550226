/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mirror when memory is short: each of its allocations fails once. It cannot be
 * made, or it says that something is missing and mends that.
 */
#include <errno.h>
#include <netinet/in.h>

#include <linux/netlink.h>

#include "fail_alloc.h"
#include "fake_xfrm.h"
#include "mirror_kit.h"
#include "test.h"

/** More than the table has slots for at first. */
#define SAS 300u

/** Of the table of SAs: its slots twice, where its chunks are, a chunk. */
#define SA_CALLS 4
/** Of that of policies, which has one. */
#define POLICY_CALLS 3

static const struct craft_sa first = { .src = "192.0.2.1", .dst = "192.0.2.2",
									   .spi = 0x1000 };

static const struct craft_policy policy = { .src = "10.1.0.0", .dst = "10.2.0.0",
											.tmpl_dst = "192.0.2.2", .index = 9,
											.dir = XFRM_POLICY_OUT };

static void test_new(void)
{
	struct kit kit;
	struct qm_mirror *const untouched = (struct qm_mirror *)&kit;
	struct qm_mirror_config config = kit_config();
	struct qm_mirror *mirror = untouched;
	unsigned calls;

	fake_xfrm_begin();
	qm_fail_alloc(0);
	QM_OK_FATAL(qm_mirror_new(&mirror, &config));
	calls = qm_fail_alloc_end();
	QM_INT(calls, 1);
	qm_mirror_free(mirror);
	mirror = untouched;
	qm_fail_alloc(1);
	QM_FAILS(qm_mirror_new(&mirror, &config), -ENOMEM);
	qm_fail_alloc_end();
	CU_ASSERT(mirror == untouched);
	fake_xfrm_fail_listen(-EPERM, 1);
	QM_FAILS(qm_mirror_new(&mirror, &config), -EPERM);
	CU_ASSERT(mirror == untouched);
	fake_xfrm_end();
}

/** A dump of all SAs and one of the policy; made now, so that nothing is made later. */
static void set_dumps(void)
{
	struct craft craft = { 0 };

	for (unsigned i = 0; i < SAS; i++) {
		struct craft_sa sa = first;

		sa.spi += i;
		craft_sa(&craft, XFRM_MSG_NEWSA, NLM_F_MULTI, 1, &sa);
		if (i % 20 == 19) {
			fake_xfrm_dump(XFRM_MSG_GETSA, &craft);
			craft.len = 0;
		}
	}
	craft_error(&craft, NLMSG_DONE, 0);
	fake_xfrm_dump_end(XFRM_MSG_GETSA, &craft);
	fake_xfrm_dump_next(XFRM_MSG_GETSA);
	craft.len = 0;
	craft_policy(&craft, XFRM_MSG_NEWPOLICY, NLM_F_MULTI, 1, &policy);
	craft_error(&craft, NLMSG_DONE, 0);
	fake_xfrm_dump_end(XFRM_MSG_GETPOLICY, &craft);
	fake_xfrm_dump_next(XFRM_MSG_GETPOLICY);
}

/** Starts a mirror of which the nth allocation fails. @return how many there were */
static unsigned start_failing(unsigned nth, struct qm_mirror_resync *ret)
{
	struct kit kit;
	unsigned calls;

	fake_xfrm_begin();
	set_dumps();
	set_dumps();
	kit_new(&kit, NULL);
	kit_reserve(&kit, 2 * SAS);
	qm_fail_alloc(nth);
	kit_run(&kit, QM_MIRROR_RESYNC_END);
	calls = qm_fail_alloc_end();
	*ret = kit.told[kit.count - 1].resync;
	QM_INT(qm_mirror_stats(kit.mirror).sas, SAS);
	QM_INT(qm_mirror_stats(kit.mirror).policies, 1);
	kit_free(&kit);
	fake_xfrm_end();
	return calls;
}

static void test_start(void)
{
	struct qm_mirror_resync resync;
	unsigned calls = start_failing(0, &resync), failed = 0;

	QM_INT(calls, SA_CALLS + POLICY_CALLS);
	for (unsigned nth = 1; nth <= calls; nth++) {
		start_failing(nth, &resync);
		QM_INT(resync.sas_added, SAS);
		failed += resync.attempts > 1;
	}
	QM_INT(failed, calls);
}

/** An SA that cannot be kept is a gap, and its end is told all the same. */
static void test_notified(void)
{
	struct craft craft = { 0 };
	const struct told *told;
	struct kit kit;

	fake_xfrm_begin();
	kit_new(&kit, NULL);
	kit_run(&kit, QM_MIRROR_RESYNC_END);
	kit_skip(&kit);
	craft_sa(&craft, XFRM_MSG_NEWSA, 0, 0, &first);
	craft_del_sa(&craft, 0, &first);
	fake_xfrm_notify(&craft);
	set_dumps();
	qm_fail_alloc(1);
	kit_run_events(&kit, 2);
	qm_fail_alloc_end();
	told = kit_expect(&kit, QM_MIRROR_RESYNC_BEGIN);
	QM_INT(told->resync.cause, QM_MIRROR_CAUSE_MEMORY);
	QM_INT(told->resync.error, -ENOMEM);
	CU_ASSERT(!kit_expect_sa(&kit, QM_MIRROR_SA_REMOVED, &first)->event.known);
	kit_run(&kit, QM_MIRROR_RESYNC_END);
	kit_free(&kit);
	fake_xfrm_end();
}

CU_TestInfo oom_mirror_tests[] = {
	{ "no mirror", test_new },
	{ "an empty table", test_start },
	{ "a notification", test_notified },
	CU_TEST_INFO_NULL,
};
