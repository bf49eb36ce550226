/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the mirror tells of notifications, on a kernel that says what the test wants.
 */
#include "mirror.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include <linux/netlink.h>

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

static const struct craft_sa out = {
	.src = "192.0.2.1",
	.dst = "198.51.100.7",
	.spi = 0xcef949be,
	.reqid = 3,
	.add_time = 1000,
};

static const struct craft_policy policy = {
	.src = "10.1.0.0",
	.dst = "10.2.0.0",
	.tmpl_src = "192.0.2.1",
	.tmpl_dst = "198.51.100.7",
	.index = 9,
	.reqid = 3,
	.dir = XFRM_POLICY_OUT,
};

/** The message that is being made. */
static struct craft craft;

static struct craft *fresh(void)
{
	craft.len = 0;
	return &craft;
}

static void notify(void)
{
	fake_xfrm_notify(&craft);
}

static void test_start(void)
{
	const struct told *told;
	struct qm_mirror_stats stats;
	struct kit kit;

	fake_xfrm_begin();
	fake_xfrm_dump_sa(&in, 0);
	fake_xfrm_dump_sa(&out, 0);
	fake_xfrm_dump_policy(&policy);
	kit_new(&kit, NULL);
	CU_ASSERT(!qm_mirror_stats(kit.mirror).synced);
	kit_run(&kit, QM_MIRROR_RESYNC_END);
	told = kit_expect(&kit, QM_MIRROR_RESYNC_BEGIN);
	QM_INT(told->resync.cause, QM_MIRROR_CAUSE_START);
	told = kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &in);
	CU_ASSERT(told->event.found);
	QM_INT(told->event.by.kind, QM_XFRM_ACTOR_UNKNOWN);
	QM_STR(told->sa.aead.name, "rfc4106(gcm(aes))");
	kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &out);
	told = kit_expect(&kit, QM_MIRROR_POLICY_ADDED);
	QM_INT(told->policy.index, 9);
	told = kit_expect(&kit, QM_MIRROR_RESYNC_END);
	QM_INT(told->resync.sas_added, 2);
	QM_INT(told->resync.policies_added, 1);
	QM_INT(told->resync.sas_removed + told->resync.sas_changed, 0);
	QM_INT(told->resync.attempts, 1);
	kit_compare(&kit);
	stats = qm_mirror_stats(kit.mirror);
	CU_ASSERT(stats.synced);
	QM_INT(stats.resyncs, 2);
	QM_INT(stats.rcvbuf, 4608);
	kit_skip(&kit);
	finish(&kit);
}

static void test_life(void)
{
	struct craft_sa last = in;
	const struct told *told;
	struct kit kit;

	start_empty(&kit);
	fake_xfrm_notify_sa(XFRM_MSG_UPDSA, (uint32_t)getpid(), &in);
	fake_xfrm_notify_sa(XFRM_MSG_NEWSA, (uint32_t)getpid(), &out);
	last.bytes = 123456789012;
	last.packets = 99;
	fake_xfrm_notify_deleted((uint32_t)getpid(), &last);
	kit_run_events(&kit, 3);
	told = kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &in);
	CU_ASSERT(!told->event.found && !told->event.larval);
	QM_INT(told->event.by.kind, QM_XFRM_ACTOR_OWN);
	kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &out);
	told = kit_expect_sa(&kit, QM_MIRROR_SA_REMOVED, &in);
	QM_INT(told->event.end, QM_MIRROR_END_DELETED);
	CU_ASSERT(told->event.known && !told->event.found && !told->event.larval);
	QM_INT(told->sa.counters.bytes, 123456789012);
	QM_INT(told->sa.counters.packets, 99);
	QM_INT(told->event.by.kind, QM_XFRM_ACTOR_OWN);
	CU_ASSERT(!kit_has(&kit, &in));
	CU_ASSERT(kit_has(&kit, &out));
	finish(&kit);
}

static void test_expiry(void)
{
	struct craft_sa last = in;
	const struct told *told;
	struct kit kit;

	start_empty(&kit);
	fake_xfrm_notify_sa(XFRM_MSG_NEWSA, 0, &in);
	last.bytes = 1000;
	last.packets = 10;
	craft_expire(fresh(), 0, &last, false);
	craft_expire(&craft, 0, &last, true);
	notify();
	fake_xfrm_notify_sa(XFRM_MSG_NEWSA, 0, &in);
	craft_expire(fresh(), (uint32_t)getpid(), &in, true);
	notify();
	kit_run_events(&kit, 4);
	told = kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &in);
	QM_INT(told->event.by.kind, QM_XFRM_ACTOR_UNNAMED);
	told = kit_expect_sa(&kit, QM_MIRROR_SA_REMOVED, &in);
	QM_INT(told->event.end, QM_MIRROR_END_EXPIRED);
	QM_INT(told->event.by.kind, QM_XFRM_ACTOR_KERNEL);
	QM_INT(told->sa.counters.bytes, 1000);
	CU_ASSERT(told->event.known && !told->event.larval);
	kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &in);
	/* somebody can ask for it, too */
	told = kit_expect_sa(&kit, QM_MIRROR_SA_REMOVED, &in);
	QM_INT(told->event.end, QM_MIRROR_END_EXPIRED);
	QM_INT(told->event.by.kind, QM_XFRM_ACTOR_OWN);
	finish(&kit);
}

/** Every part of an identity tells SAs apart. */
static void test_identity(void)
{
	struct craft_sa sas[7];
	struct kit kit;

	for (unsigned i = 0; i < 7; i++) {
		sas[i] = in;
	}
	sas[1].dst = "192.0.2.2";
	sas[2].src = sas[2].dst = "2001:db8::c000:201";
	sas[3].spi++;
	sas[4].proto = IPPROTO_AH;
	sas[4].auth = "hmac(sha1)";
	sas[5].mark = 1;
	sas[5].mask = 1;
	sas[6].if_id = 1;
	start_empty(&kit);
	for (unsigned i = 0; i < 7; i++) {
		fake_xfrm_notify_sa(XFRM_MSG_NEWSA, 0, &sas[i]);
	}
	kit_run_events(&kit, 7);
	for (unsigned i = 0; i < 7; i++) {
		kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &sas[i]);
	}
	for (unsigned i = 0; i < 7; i++) {
		fake_xfrm_notify_deleted(0, &sas[i]);
		kit_run_events(&kit, 1);
		CU_ASSERT(kit_expect_sa(&kit, QM_MIRROR_SA_REMOVED, &sas[i])->event.known);
		for (unsigned j = 0; j < 7; j++) {
			CU_ASSERT_EQUAL(kit_has(&kit, &sas[j]), j > i);
		}
	}
	finish(&kit);
}

/** One FLUSHSA stands for all that were there. */
static void test_flush(void)
{
	struct craft_sa ah = in, comp = in;
	const struct told *told;
	struct kit kit;

	ah.proto = IPPROTO_AH;
	ah.auth = "hmac(sha1)";
	comp.proto = IPPROTO_COMP;
	comp.comp = "deflate";
	start_empty(&kit);
	fake_xfrm_notify_sa(XFRM_MSG_NEWSA, 0, &in);
	fake_xfrm_notify_sa(XFRM_MSG_NEWSA, 0, &ah);
	fake_xfrm_notify_sa(XFRM_MSG_NEWSA, 0, &comp);
	craft_flush_sa(fresh(), (uint32_t)getppid(), IPPROTO_AH);
	notify();
	kit_run_events(&kit, 4);
	for (unsigned i = 0; i < 3; i++) {
		kit_expect(&kit, QM_MIRROR_SA_ADDED);
	}
	told = kit_expect_sa(&kit, QM_MIRROR_SA_REMOVED, &ah);
	QM_INT(told->event.end, QM_MIRROR_END_FLUSHED);
	QM_INT(told->event.by.kind, QM_XFRM_ACTOR_OTHER);
	QM_INT(told->event.by.pid, getppid());
	CU_ASSERT(told->event.by.comm[0]);
	CU_ASSERT(told->event.known && !told->event.found);
	CU_ASSERT(!(told->sa.has & QM_XFRM_HAS_COUNTERS));
	QM_INT(told->sa.reqid, 3);
	QM_INT(told->sa.counters.add_time, 1000);
	craft_flush_sa(fresh(), 0, 0);
	notify();
	kit_run_events(&kit, 2);
	for (unsigned i = 0; i < 2; i++) {
		told = kit_expect(&kit, QM_MIRROR_SA_REMOVED);
		QM_INT(told->event.end, QM_MIRROR_END_FLUSHED);
		QM_INT(told->event.by.kind, QM_XFRM_ACTOR_UNNAMED);
	}
	QM_INT(qm_mirror_stats(kit.mirror).sas, 0);
	finish(&kit);
}

static void test_flush_any(void)
{
	struct kit kit;

	start_empty(&kit);
	fake_xfrm_notify_sa(XFRM_MSG_NEWSA, 0, &in);
	craft_flush_sa(fresh(), 0, 255);
	notify();
	kit_run_events(&kit, 2);
	kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &in);
	kit_expect_sa(&kit, QM_MIRROR_SA_REMOVED, &in);
	finish(&kit);
}

/** Each of these makes a change, in this order: two that the kernel takes, and others. */
static void change(struct craft_sa *sa, unsigned n)
{
	switch (n) {
	case 0:
		sa->sport = 4500;
		break;
	case 1:
		sa->dport = 4501;
		break;
	case 2:
		sa->reqid++;
		break;
	case 3:
		sa->mode = XFRM_MODE_BEET;
		break;
	default:
		sa->src = "203.0.113.1";
	}
}

static void test_changes(void)
{
	struct craft_sa moved = in;
	const struct told *told;
	struct kit kit;

	start_empty(&kit);
	fake_xfrm_notify_sa(XFRM_MSG_NEWSA, 0, &in);
	kit_run_events(&kit, 1);
	kit_skip(&kit);
	/* the time of an update is that of the request */
	moved.add_time = 2000;
	for (unsigned i = 0; i < 2; i++) {
		fake_xfrm_notify_sa(XFRM_MSG_UPDSA, 0, &moved);
		change(&moved, i);
		fake_xfrm_notify_sa(XFRM_MSG_UPDSA, 0, &moved);
		kit_run_events(&kit, 1);
		told = kit_expect_sa(&kit, QM_MIRROR_SA_CHANGED, &in);
		QM_INT(told->sa.encap.dport, moved.dport);
		QM_INT(told->sa.reqid, moved.reqid);
		CU_ASSERT(!told->event.found);
	}
	/* so it is the one that was there, and not another */
	fake_xfrm_dump_sa(&moved, 0);
	kit_compare(&kit);
	kit_expect(&kit, QM_MIRROR_RESYNC_BEGIN);
	kit_expect(&kit, QM_MIRROR_RESYNC_END);
	finish(&kit);
}

/** The kernel repeats in its notification what it did not take: nothing changed. */
static void test_not_changed(void)
{
	struct kit kit;

	start_empty(&kit);
	fake_xfrm_notify_sa(XFRM_MSG_NEWSA, 0, &in);
	kit_run_events(&kit, 1);
	kit_skip(&kit);
	for (unsigned i = 2; i < 5; i++) {
		struct craft_sa other = in;

		change(&other, i);
		fake_xfrm_notify_sa(XFRM_MSG_UPDSA, 0, &other);
		fake_xfrm_dump_sa(&in, 0);
		kit_run(&kit, QM_MIRROR_RESYNC_END);
		QM_INT(kit_expect(&kit, QM_MIRROR_RESYNC_BEGIN)->resync.cause,
			   QM_MIRROR_CAUSE_UNCLEAR);
		kit_expect(&kit, QM_MIRROR_RESYNC_END);
		kit_expect_none(&kit);
	}
	finish(&kit);
}

/** UDP around ESP that has no ports is some, too. */
static void test_encapsulated(void)
{
	struct xfrm_encap_tmpl encap = { .encap_type = 7 };
	struct kit kit;

	start_empty(&kit);
	fake_xfrm_notify_sa(XFRM_MSG_NEWSA, 0, &in);
	craft_sa(fresh(), XFRM_MSG_UPDSA, 0, 0, &in);
	craft_attr(&craft, XFRMA_ENCAP, &encap, sizeof(encap));
	craft_end(&craft);
	notify();
	kit_run_events(&kit, 2);
	kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &in);
	QM_INT(kit_expect_sa(&kit, QM_MIRROR_SA_CHANGED, &in)->sa.encap.type, 7);
	finish(&kit);
}

/** The kernel adds none where there is one: that must have gone without a word. */
static void test_replaced(void)
{
	struct craft_sa second = in;
	const struct told *told;
	struct kit kit;

	second.add_time++;
	start_empty(&kit);
	fake_xfrm_notify_sa(XFRM_MSG_NEWSA, 0, &in);
	fake_xfrm_notify_sa(XFRM_MSG_NEWSA, 0, &in);
	fake_xfrm_notify_sa(XFRM_MSG_NEWSA, 0, &second);
	kit_run_events(&kit, 3);
	kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &in);
	told = kit_expect_sa(&kit, QM_MIRROR_SA_REMOVED, &in);
	QM_INT(told->event.end, QM_MIRROR_END_VANISHED);
	CU_ASSERT(told->event.found && told->event.known);
	QM_INT(told->sa.counters.add_time, 1000);
	told = kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &in);
	QM_INT(told->sa.counters.add_time, 1001);
	finish(&kit);
}

/** Neither of these is an SA, and these messages say nothing of one that is. */
static void test_ignored(void)
{
	struct craft_sa acquire = in, tunnel = in;
	struct kit kit;

	acquire.spi = 0;
	tunnel.proto = IPPROTO_IPIP;
	start_empty(&kit);
	fake_xfrm_notify_sa(XFRM_MSG_NEWSA, 0, &acquire);
	fake_xfrm_notify_sa(XFRM_MSG_NEWSA, 0, &tunnel);
	craft_expire(fresh(), 0, &acquire, true);
	craft_new_ae(&craft, 0, &in);
	craft_mapping(&craft, &in, "203.0.113.1", 77);
	craft_expire(&craft, 0, &in, false);
	craft_begin(&craft, XFRM_MSG_REPORT, 0, 0);
	craft_end(&craft);
	craft_begin(&craft, 0x3000, 0, 0);
	craft_end(&craft);
	notify();
	fake_xfrm_dump_sa(&acquire, 0);
	fake_xfrm_dump_sa(&tunnel, 0);
	QM_INT(kit_compare(&kit).sas_added, 0);
	kit_expect(&kit, QM_MIRROR_RESYNC_BEGIN);
	kit_expect(&kit, QM_MIRROR_RESYNC_END);
	QM_INT(qm_mirror_stats(kit.mirror).messages, 8);
	QM_INT(qm_mirror_stats(kit.mirror).malformed, 0);
	finish(&kit);
}

static int count_to(void *user, const struct qm_xfrm_sa *sa, bool larval)
{
	int *left = user;

	CU_ASSERT(!larval);
	CU_ASSERT(sa->id.spi != 0);
	return --*left ? 0 : -ECANCELED;
}

static void test_table(void)
{
	const struct qm_xfrm_id id = kit_id(&in);
	struct craft_sa full = in;
	struct qm_xfrm_sa found;
	struct kit kit;
	int left = 3;

	full.sport = 4500;
	full.dport = 1024;
	full.esn_window = 32;
	start_empty(&kit);
	QM_FAILS(qm_mirror_find(kit.mirror, &id, &found, NULL), -ENOENT);
	fake_xfrm_notify_sa(XFRM_MSG_NEWSA, 0, &full);
	fake_xfrm_notify_sa(XFRM_MSG_NEWSA, 0, &out);
	kit_run_events(&kit, 2);
	kit_skip(&kit);
	QM_OK(qm_mirror_find(kit.mirror, &id, &found, NULL));
	CU_ASSERT(!memcmp(&found.id, &id, sizeof(id)));
	QM_INT(found.has, QM_XFRM_HAS_ENCAP);
	QM_INT(found.src[0], 198);
	QM_INT(found.reqid, 3);
	QM_INT(found.mode, XFRM_MODE_TUNNEL);
	QM_INT(found.flags, XFRM_STATE_ESN);
	QM_INT(found.encap.sport, 4500);
	QM_INT(found.encap.dport, 1024);
	QM_INT(found.counters.add_time, 1000);
	QM_OK(qm_mirror_each(kit.mirror, count_to, &left));
	QM_INT(left, 1);
	QM_FAILS(qm_mirror_each(kit.mirror, count_to, &left), -ECANCELED);
	finish(&kit);
}

CU_TestInfo mirror_tests[] = {
	{ "what is there at the start", test_start },
	{ "an SA from its update to its deletion", test_life },
	{ "expiry, soft and hard", test_expiry },
	{ "what tells SAs apart", test_identity },
	{ "a flush, of one protocol and of all", test_flush },
	{ "a flush as PF_KEY has it", test_flush_any },
	{ "updates that change something", test_changes },
	{ "updates that change nothing", test_not_changed },
	{ "an encapsulation without ports", test_encapsulated },
	{ "an SA where there was one", test_replaced },
	{ "messages that are of no concern", test_ignored },
	{ "the table", test_table },
	CU_TEST_INFO_NULL,
};
