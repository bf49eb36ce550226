/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SAs that are given another address in one step, as strongSwan 6.1 has Linux 7.2 do.
 */
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "fake_kit.h"
#include "fake_xfrm.h"
#include "mirror_kit.h"
#include "test.h"

static const struct craft_sa in = { .src = "192.0.2.2", .dst = "192.0.2.1", .spi = 1,
									.reqid = 1, .add_time = 10, .sport = 4500,
									.dport = 4500, .bytes = 168, .packets = 2 };

/** A mirror that knows of some SAs, the last of which has no SPI. */
static void start(struct kit *kit, const struct craft_sa *sas)
{
	fake_xfrm_begin();
	for (; sas->spi; sas++) {
		fake_xfrm_dump_sa(sas, 0);
	}
	kit_start(kit);
}

static void notify_moved(const struct craft_sa *from, const struct craft_sa *to)
{
	struct craft craft = { 0 };

	craft_moved(&craft, (uint32_t)getpid(), from, to);
	fake_xfrm_notify(&craft);
}

/** It goes and comes, with nothing counted, and ends with all that it has counted. */
static void test_moved(void)
{
	struct craft_sa to = in;
	const struct told *told;
	struct kit kit;

	to.src = "192.0.2.3";
	to.dst = "2001:db8::1";
	start(&kit, (const struct craft_sa[]){ in, { 0 } });
	notify_moved(&in, &to);
	kit_run_events(&kit, 2);
	told = kit_expect_sa(&kit, QM_MIRROR_SA_REMOVED, &in);
	QM_INT(told->event.end, QM_MIRROR_END_DELETED);
	QM_INT(told->event.by.kind, QM_XFRM_ACTOR_OWN);
	CU_ASSERT(told->event.known && !told->event.found && !told->event.larval);
	CU_ASSERT(told->sa.has & QM_XFRM_HAS_COUNTERS);
	QM_INT(told->sa.counters.bytes, 0);
	told = kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &to);
	QM_INT(told->event.by.kind, QM_XFRM_ACTOR_OWN);
	CU_ASSERT(!told->event.found && !told->event.larval);
	QM_INT(told->sa.counters.bytes, 0);
	QM_INT(told->sa.counters.add_time, in.add_time);
	QM_INT(told->sa.encap.sport, 4500);
	/* the kernel has just what the mirror has now */
	fake_xfrm_dump_sa(&to, 0);
	kit_compare(&kit);
	kit_expect(&kit, QM_MIRROR_RESYNC_BEGIN);
	kit_expect(&kit, QM_MIRROR_RESYNC_END);
	fake_xfrm_notify_deleted(0, &to);
	kit_run_events(&kit, 1);
	QM_INT(kit_expect_sa(&kit, QM_MIRROR_SA_REMOVED, &to)->sa.counters.bytes, 168);
	finish(&kit);
}

/** With another source only it is the same SA still. */
static void test_source(void)
{
	struct craft_sa to = in;
	const struct told *told;
	struct kit kit;

	to.src = "192.0.2.3";
	to.sport = 0;
	start(&kit, (const struct craft_sa[]){ in, { 0 } });
	notify_moved(&in, &to);
	kit_run_events(&kit, 1);
	told = kit_expect_sa(&kit, QM_MIRROR_SA_CHANGED, &in);
	QM_INT(told->sa.encap.type, 0);
	CU_ASSERT(!(told->sa.has & QM_XFRM_HAS_ENCAP));
	finish(&kit);
}

/** Its own mark and interface id are found where only one can be meant. */
static void test_mark(void)
{
	struct craft_sa marked = in, asked = in, to = in;
	struct kit kit;

	marked.mark = 5;
	marked.mask = 0xff;
	marked.if_id = 9;
	asked.mark = 0x105;
	asked.mask = 0xfff;
	to.dst = "192.0.2.9";
	start(&kit, (const struct craft_sa[]){ marked, { 0 } });
	to.mark = asked.mark;
	to.mask = asked.mask;
	notify_moved(&asked, &to);
	kit_run_events(&kit, 2);
	kit_expect_sa(&kit, QM_MIRROR_SA_REMOVED, &marked);
	to.mark = marked.mark;
	to.mask = marked.mask;
	to.if_id = marked.if_id;
	kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &to);
	asked = to;
	to.mark = 6;
	notify_moved(&asked, &to);
	kit_run_events(&kit, 2);
	kit_expect_sa(&kit, QM_MIRROR_SA_REMOVED, &asked);
	kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &to);
	finish(&kit);
}

static void expect_gap(struct kit *kit)
{
	kit_run(kit, QM_MIRROR_RESYNC_END);
	QM_INT(kit_expect(kit, QM_MIRROR_RESYNC_BEGIN)->resync.cause,
		   QM_MIRROR_CAUSE_UNCLEAR);
}

/** What cannot be told is looked at: which of two, one not known, no room there. */
static void test_unclear(void)
{
	struct craft_sa other = in, strange = in, to = in;
	struct kit kit;

	other.if_id = 9;
	strange.spi = 7;
	to.dst = "192.0.2.9";
	start(&kit, (const struct craft_sa[]){ in, other, { 0 } });
	notify_moved(&in, &to);
	fake_xfrm_dump_sa(&to, 0);
	fake_xfrm_dump_sa(&other, 0);
	expect_gap(&kit);
	kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &to);
	kit_expect_sa(&kit, QM_MIRROR_SA_REMOVED, &in);
	kit_expect(&kit, QM_MIRROR_RESYNC_END);
	notify_moved(&strange, &to);
	fake_xfrm_dump_sa(&to, 0);
	fake_xfrm_dump_sa(&other, 0);
	expect_gap(&kit);
	kit_expect(&kit, QM_MIRROR_RESYNC_END);
	to.if_id = 9;
	fake_xfrm_notify_sa(XFRM_MSG_NEWSA, 0, &to);
	kit_run_events(&kit, 1);
	kit_skip(&kit);
	notify_moved(&other, &to);
	fake_xfrm_dump_sa(&to, 0);
	expect_gap(&kit);
	kit_skip(&kit);
	finish(&kit);
}

CU_TestInfo mirror_moved_tests[] = {
	{ "an SA comes to be elsewhere", test_moved },
	{ "an SA has another source", test_source },
	{ "whose mark and interface id are not told", test_mark },
	{ "what is unclear is looked at", test_unclear },
	CU_TEST_INFO_NULL,
};
