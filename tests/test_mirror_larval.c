/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the mirror tells of SPIs that were reserved, which the kernel does not notify.
 */
#include <unistd.h>

#include "fake_kit.h"
#include "fake_xfrm.h"
#include "mirror_kit.h"
#include "test.h"

static const struct craft_sa in = {
	.src = "198.51.100.7",
	.dst = "192.0.2.1",
	.spi = 0xc1234567,
	.reqid = 3,
	.add_time = 1000,
};

/** A reserved SPI is not notified, but may be dumped; the SA comes as an update. */
static void test_larval(void)
{
	struct craft_sa larval = in;
	const struct told *told;
	struct kit kit;

	larval.larval = true;
	fake_xfrm_begin();
	fake_xfrm_dump_sa(&larval, 0);
	kit_new(&kit, NULL);
	kit_run(&kit, QM_MIRROR_RESYNC_END);
	kit_expect(&kit, QM_MIRROR_RESYNC_BEGIN);
	told = kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &larval);
	CU_ASSERT(told->event.larval);
	CU_ASSERT(!kit_has(&kit, &in));
	kit_expect(&kit, QM_MIRROR_RESYNC_END);
	fake_xfrm_notify_sa(XFRM_MSG_UPDSA, (uint32_t)getpid(), &in);
	kit_run_events(&kit, 1);
	told = kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &in);
	CU_ASSERT(!told->event.larval && !told->event.found);
	CU_ASSERT(kit_has(&kit, &in));
	QM_INT(qm_mirror_stats(kit.mirror).sas, 1);
	finish(&kit);
}

/** It may have been reserved without the mark and interface id that the SA has. */
static void test_larval_without_mark(void)
{
	struct craft_sa larval = in, whole = in, other = in;
	const struct told *told;
	struct kit kit;

	larval.larval = other.larval = true;
	other.mark = 6;
	other.mask = 7;
	whole.mark = 5;
	whole.mask = 7;
	whole.if_id = 2;
	fake_xfrm_begin();
	fake_xfrm_dump_sa(&larval, 0);
	fake_xfrm_dump_sa(&other, 0);
	kit_start(&kit);
	fake_xfrm_notify_sa(XFRM_MSG_UPDSA, 0, &whole);
	kit_run_events(&kit, 2);
	told = kit_expect_sa(&kit, QM_MIRROR_SA_REMOVED, &larval);
	CU_ASSERT(told->event.larval && told->event.found);
	QM_INT(told->event.end, QM_MIRROR_END_VANISHED);
	kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &whole);
	QM_INT(qm_mirror_stats(kit.mirror).sas, 2);
	finish(&kit);
}

/** One that was never seen is told as larval when it ends: whole ones are all known. */
static void test_larval_ends(void)
{
	struct craft_sa larval = in;
	struct craft craft = { 0 };
	const struct told *told;
	struct kit kit;

	larval.larval = true;
	fake_xfrm_begin();
	kit_start(&kit);
	craft_expire(&craft, 0, &larval, true);
	fake_xfrm_notify_deleted(0, &larval);
	fake_xfrm_notify(&craft);
	fake_xfrm_notify_deleted(0, &in);
	kit_run_events(&kit, 3);
	told = kit_expect_sa(&kit, QM_MIRROR_SA_REMOVED, &larval);
	CU_ASSERT(!told->event.known && told->event.larval);
	told = kit_expect_sa(&kit, QM_MIRROR_SA_REMOVED, &larval);
	CU_ASSERT(!told->event.known && told->event.larval);
	told = kit_expect_sa(&kit, QM_MIRROR_SA_REMOVED, &in);
	CU_ASSERT(!told->event.known && !told->event.larval);
	finish(&kit);
}

CU_TestInfo mirror_larval_tests[] = {
	{ "it becomes an SA", test_larval },
	{ "it becomes an SA with a mark", test_larval_without_mark },
	{ "it ends", test_larval_ends },
	CU_TEST_INFO_NULL,
};
