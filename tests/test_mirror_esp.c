/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SAs with algorithms and keys on the kernel that runs here, if that has ESP.
 */
#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <unistd.h>

#include "mirror_kit.h"
#include "test.h"
#include "xfrm_kit.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct craft_sa gcm = { .src = "192.0.2.1", .dst = "192.0.2.2", .spi = 0x100,
									 .reqid = 1 };

/** One of each kind. */
static const struct craft_sa all[] = {
	{ .src = "192.0.2.1", .dst = "192.0.2.2", .spi = 0x100, .reqid = 1 },
	{ .src = "2001:db8::1", .dst = "2001:db8::2", .spi = 0x101, .esn_window = 256,
	  .auth = "hmac(sha256)", .crypt = "cbc(aes)" },
	{ .src = "192.0.2.1", .dst = "192.0.2.2", .spi = 0x102, .mode = 255, .sport = 4500,
	  .dport = 4501, .mark = 3, .mask = 0xff, .if_id = 9 },
	{ .src = "192.0.2.1", .dst = "192.0.2.2", .spi = 0x103, .proto = IPPROTO_AH,
	  .auth = "hmac(sha1)" },
	{ .src = "192.0.2.1", .dst = "192.0.2.2", .spi = 0x104, .proto = IPPROTO_COMP,
	  .comp = "deflate" },
};

/** A mirror of a namespace in which ESP works. @return false: the test is skipped */
static bool start(struct kit *kit)
{
	if (!xfrm_enter()) {
		return false;
	}
	if (xfrm_add_sa(&gcm, 0) < 0) {
		qm_test_skip("this kernel has no ESP with AES-GCM");
		return false;
	}
	QM_OK_FATAL(xfrm_delete_sa(&gcm, 0));
	kit_new(kit, NULL);
	kit_run(kit, QM_MIRROR_RESYNC_END);
	kit_skip(kit);
	return true;
}

static void expect_like(const struct qm_xfrm_sa *sa, const struct craft_sa *from)
{
	QM_INT(sa->reqid, from->reqid);
	QM_INT(sa->mode, from->mode == 255 ? XFRM_MODE_TRANSPORT : XFRM_MODE_TUNNEL);
	QM_INT(sa->replay_window, from->esn_window ? from->esn_window : 32);
	QM_INT(sa->encap.sport, from->sport);
	QM_INT(sa->encap.dport, from->dport);
	QM_INT(sa->limits.hard_add, from->hard_add ? from->hard_add : 3960);
	QM_STR(sa->auth.name, from->auth ? from->auth : "");
	QM_STR(sa->crypt.name, from->crypt ? from->crypt : "");
	QM_STR(sa->comp.name, from->comp ? from->comp : "");
	if (from->auth) {
		QM_INT(sa->auth.key_bits, 256);
		QM_INT(sa->auth.icv_bits, 128);
	}
	if (sa->has & QM_XFRM_HAS_AEAD) {
		QM_STR(sa->aead.name, "rfc4106(gcm(aes))");
		QM_INT(sa->aead.key_bits, 288);
	}
}

static void test_added_and_deleted(void)
{
	const uint32_t own = (uint32_t)getpid();
	const struct told *told;
	struct kit kit;

	if (!start(&kit)) {
		return;
	}
	for (size_t i = 0; i < COUNT(all); i++) {
		if (xfrm_add_sa(&all[i], own) < 0) {
			printf("# this kernel has no IP protocol %u\n", all[i].proto);
			continue;
		}
		kit_run_events(&kit, 1);
		told = kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &all[i]);
		CU_ASSERT(!told->event.larval && !told->event.found);
		QM_INT(told->event.by.kind, QM_XFRM_ACTOR_OWN);
		expect_like(&told->sa, &all[i]);
		CU_ASSERT(kit_has(&kit, &all[i]));
		CU_ASSERT(xfrm_expect_same(&kit) > 0);
	}
	for (size_t i = 0; i < COUNT(all); i++) {
		if (!kit_has(&kit, &all[i])) {
			continue;
		}
		QM_OK_FATAL(xfrm_delete_sa(&all[i], own));
		kit_run_events(&kit, 1);
		told = kit_expect_sa(&kit, QM_MIRROR_SA_REMOVED, &all[i]);
		QM_INT(told->event.end, QM_MIRROR_END_DELETED);
		CU_ASSERT(told->event.known && !told->event.larval);
		CU_ASSERT(told->sa.has & QM_XFRM_HAS_COUNTERS);
		expect_like(&told->sa, &all[i]);
	}
	QM_INT(xfrm_expect_same(&kit), 0);
	kit_free(&kit);
}

/** A mirror that comes later finds the same. */
static void test_dumped(void)
{
	struct kit kit, later;
	size_t n = 0;

	if (!start(&kit)) {
		return;
	}
	for (size_t i = 0; i < COUNT(all); i++) {
		n += xfrm_add_sa(&all[i], 0) == 0;
	}
	QM_INT(kit_compare(&kit).sas_added, 0);
	kit_new(&later, NULL);
	kit_run(&later, QM_MIRROR_RESYNC_END);
	QM_INT(later.told[later.count - 1].resync.sas_added, n);
	for (size_t i = 0; i < later.count; i++) {
		CU_ASSERT(!later.told[i].event.larval);
	}
	QM_INT(xfrm_expect_same(&kit), n);
	QM_INT(xfrm_expect_same(&later), n);
	kit_free(&later);
	kit_free(&kit);
}

/** As a daemon does it for inbound SAs: without mark and if_id at first. */
static void test_reserved(void)
{
	struct craft_sa reserved = all[2];
	struct kit kit;

	if (!start(&kit)) {
		return;
	}
	reserved.mark = reserved.mask = reserved.if_id = 0;
	QM_OK_FATAL(xfrm_alloc_spi(&reserved, (uint32_t)getpid()));
	QM_INT(kit_compare(&kit).sas_added, 1);
	kit_skip(&kit);
	QM_OK_FATAL(xfrm_update_sa(&all[2], (uint32_t)getpid()));
	kit_run_events(&kit, 2);
	CU_ASSERT(kit_expect_sa(&kit, QM_MIRROR_SA_REMOVED, &reserved)->event.larval);
	CU_ASSERT(!kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &all[2])->event.larval);
	QM_INT(xfrm_expect_same(&kit), 1);
	QM_INT(kit_compare(&kit).sas_removed, 0);
	kit_free(&kit);
}

static void test_changed(void)
{
	struct craft_sa moved = all[2], marked = gcm;
	struct qm_mirror_resync resync;
	struct kit kit;

	if (!start(&kit)) {
		return;
	}
	QM_OK_FATAL(xfrm_add_sa(&all[2], 0));
	moved.dport = 1234;
	QM_OK_FATAL(xfrm_update_sa(&moved, 0));
	kit_run_events(&kit, 2);
	kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &all[2]);
	QM_INT(kit_expect_sa(&kit, QM_MIRROR_SA_CHANGED, &all[2])->sa.encap.dport, 1234);
	resync = kit_compare(&kit);
	QM_INT(resync.sas_added + resync.sas_changed + resync.sas_removed, 0);
	/* an update that names a mark finds the SA without one; which mark, and which
	 * interface id, it has then is for the kernel to say */
	QM_OK_FATAL(xfrm_add_sa(&gcm, 0));
	marked.mark = 1;
	marked.mask = 1;
	marked.if_id = 5;
	QM_OK_FATAL(xfrm_update_sa(&marked, 0));
	kit_run(&kit, QM_MIRROR_RESYNC_END);
	QM_INT(kit.told[kit.count - 1].resync.cause, QM_MIRROR_CAUSE_UNCLEAR);
	QM_INT(xfrm_expect_same(&kit), 2);
	kit_free(&kit);
}

static void test_expired(void)
{
	struct craft_sa brief = gcm;
	const struct told *told;
	struct kit kit;

	if (!start(&kit)) {
		return;
	}
	brief.hard_add = 1;
	QM_OK_FATAL(xfrm_add_sa(&brief, 0));
	kit_run_events(&kit, 2);
	kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &brief);
	told = kit_expect_sa(&kit, QM_MIRROR_SA_REMOVED, &brief);
	QM_INT(told->event.end, QM_MIRROR_END_EXPIRED);
	QM_INT(told->event.by.kind, QM_XFRM_ACTOR_KERNEL);
	CU_ASSERT(told->event.known && !told->event.larval);
	QM_INT(xfrm_expect_same(&kit), 0);
	kit_free(&kit);
}

/** The same SPI again, at once: as when only a peer's port changes. */
static void test_again(void)
{
	struct kit kit;

	if (!start(&kit)) {
		return;
	}
	QM_OK_FATAL(xfrm_add_sa(&gcm, 0));
	QM_OK_FATAL(xfrm_delete_sa(&gcm, 0));
	QM_OK_FATAL(xfrm_add_sa(&gcm, 0));
	kit_compare(&kit);
	kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &gcm);
	kit_expect_sa(&kit, QM_MIRROR_SA_REMOVED, &gcm);
	kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &gcm);
	kit_expect(&kit, QM_MIRROR_RESYNC_BEGIN);
	kit_expect(&kit, QM_MIRROR_RESYNC_END);
	kit_expect_none(&kit);
	kit_free(&kit);
}

CU_TestInfo mirror_esp_tests[] = {
	{ "added and deleted", test_added_and_deleted },
	{ "dumped", test_dumped },
	{ "in the place of a reserved SPI", test_reserved },
	{ "changed", test_changed },
	{ "expired", test_expired },
	{ "deleted and added again", test_again },
	CU_TEST_INFO_NULL,
};
