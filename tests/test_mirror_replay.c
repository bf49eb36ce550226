/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Notifications that a kernel with ESP sent, one after the other: Debian's Linux 6.1,
 * to whom iproute2 gave SAs and policies, with pings through the first two SAs and
 * the third until its limit. corpus/xfrm_msg/linux-6.1-NN-…
 */
#include <glob.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fake_xfrm.h"
#include "mirror_kit.h"
#include "test.h"

/** What must be told. */
struct row {
	enum qm_mirror_event_kind kind;
	/** of an SA */
	uint32_t spi;
	enum qm_mirror_end end;
	/** of an SA that ended, if it has counters */
	uint64_t bytes;
	uint64_t packets;
	enum qm_xfrm_actor_kind by;
};

#define ADDED(spi) { QM_MIRROR_SA_ADDED, spi, 0, 0, 0, QM_XFRM_ACTOR_UNNAMED }
#define DELETED(spi, bytes, packets) \
	{ QM_MIRROR_SA_REMOVED, spi, QM_MIRROR_END_DELETED, bytes, packets, \
	  QM_XFRM_ACTOR_UNNAMED }
#define EXPIRED(spi, bytes, packets) \
	{ QM_MIRROR_SA_REMOVED, spi, QM_MIRROR_END_EXPIRED, bytes, packets, \
	  QM_XFRM_ACTOR_KERNEL }
#define FLUSHED(spi) \
	{ QM_MIRROR_SA_REMOVED, spi, QM_MIRROR_END_FLUSHED, 0, 0, QM_XFRM_ACTOR_UNNAMED }
#define POLICY(what, end, by) \
	{ QM_MIRROR_POLICY_##what, 0, QM_MIRROR_END_##end, 0, 0, QM_XFRM_ACTOR_##by }

/** The order in which a flush tells of SAs is the table's: by chance. */
static const struct row rows[] = {
	ADDED(0x100),
	ADDED(0x101),
	POLICY(ADDED, NONE, UNNAMED),
	POLICY(ADDED, NONE, UNNAMED),
	/* five pings of 100 bytes, with their headers, in transport mode */
	DELETED(0x100, 540, 5),
	ADDED(0x100),
	EXPIRED(0x100, 432, 4),
	ADDED(0x102),
	EXPIRED(0x102, 0, 0),
	ADDED(0x200),
	ADDED(0x300),
	ADDED(0x201),
	ADDED(0x400),
	ADDED(0x500),
	POLICY(ADDED, NONE, UNNAMED),
	POLICY(ADDED, NONE, UNNAMED),
	POLICY(ADDED, NONE, UNNAMED),
	POLICY(REMOVED, EXPIRED, KERNEL),
	POLICY(REMOVED, DELETED, UNNAMED),
	POLICY(ADDED, NONE, UNNAMED),
	FLUSHED(0x200),
	FLUSHED(0),
	FLUSHED(0),
	FLUSHED(0),
	FLUSHED(0),
	FLUSHED(0),
	POLICY(REMOVED, FLUSHED, UNNAMED),
	POLICY(REMOVED, FLUSHED, UNNAMED),
	POLICY(REMOVED, FLUSHED, UNNAMED),
	POLICY(REMOVED, FLUSHED, UNNAMED),
	ADDED(0x600),
	POLICY(ADDED, NONE, UNNAMED),
	{ QM_MIRROR_RESYNC_BEGIN, 0, 0, 0, 0, 0 },
};

#define ROWS (sizeof(rows) / sizeof(rows[0]))

/** Queues a file as a datagram. */
static void notify_file(const char *path)
{
	struct craft craft = { 0 };
	FILE *file = fopen(path, "rbe");

	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	craft.len = fread(craft.bytes, 1, sizeof(craft.bytes), file);
	fclose(file);
	fake_xfrm_notify(&craft);
}

static void notify_all(void)
{
	const char *top = getenv("top_srcdir");
	char pattern[4096];
	glob_t found;

	snprintf(pattern, sizeof(pattern), "%s/tests/corpus/xfrm_msg/linux-6.1-[0-9]*",
			 top ? top : ".");
	CU_ASSERT_EQUAL_FATAL(glob(pattern, 0, NULL, &found), 0);
	CU_ASSERT_EQUAL_FATAL(found.gl_pathc, 30);
	for (size_t i = 0; i < found.gl_pathc; i++) {
		notify_file(found.gl_pathv[i]);
	}
	globfree(&found);
}

static void expect_row(const struct told *told, const struct row *row)
{
	const struct qm_mirror_event *event = &told->event;

	QM_INT(event->kind, row->kind);
	QM_INT(event->end, row->end);
	QM_INT(event->by.kind, row->by);
	CU_ASSERT(!event->larval && !event->found);
	QM_INT(event->known, event->end != QM_MIRROR_END_NONE);
	if (row->spi) {
		QM_INT(told->sa.id.spi, row->spi);
	}
	if (event->kind == QM_MIRROR_SA_REMOVED && event->end != QM_MIRROR_END_FLUSHED) {
		CU_ASSERT(told->sa.has & QM_XFRM_HAS_COUNTERS);
		QM_INT(told->sa.counters.bytes, row->bytes);
		QM_INT(told->sa.counters.packets, row->packets);
	}
}

static void test_stream(void)
{
	struct kit kit;

	fake_xfrm_begin();
	kit_new(&kit, NULL);
	kit_run(&kit, QM_MIRROR_RESYNC_END);
	kit_skip(&kit);
	notify_all();
	kit_run_events(&kit, ROWS);
	for (size_t i = 0; i < ROWS; i++) {
		expect_row(kit_next(&kit), &rows[i]);
	}
	kit_expect_none(&kit);
	QM_INT(qm_mirror_stats(kit.mirror).malformed, 0);
	QM_INT(qm_mirror_stats(kit.mirror).messages, 30);
	kit_free(&kit);
	fake_xfrm_end();
}

/** What the mirror was told of one of them, apart from the order. */
static const struct qm_xfrm_sa *find_added(const struct kit *kit, uint32_t spi)
{
	for (size_t i = 0; i < kit->count; i++) {
		if (kit->told[i].event.kind == QM_MIRROR_SA_ADDED &&
			kit->told[i].sa.id.spi == spi) {
			return &kit->told[i].sa;
		}
	}
	CU_FAIL_FATAL("an SA is missing");
	return NULL;
}

static void test_details(void)
{
	const struct qm_xfrm_sa *sa;
	struct kit kit;

	fake_xfrm_begin();
	kit_new(&kit, NULL);
	kit_run(&kit, QM_MIRROR_RESYNC_END);
	notify_all();
	kit_run_events(&kit, ROWS);
	sa = find_added(&kit, 0x101);
	QM_STR(sa->crypt.name, "cbc(aes)");
	QM_INT(sa->crypt.key_bits, 256);
	QM_STR(sa->auth.name, "hmac(sha256)");
	QM_INT(sa->auth.icv_bits, 128);
	QM_INT(sa->replay_window, 128);
	QM_INT(sa->flags, XFRM_STATE_ESN);
	QM_INT(sa->mode, XFRM_MODE_TRANSPORT);
	sa = find_added(&kit, 0x102);
	QM_INT(sa->id.mark, 5);
	QM_INT(sa->id.mask, 0xff);
	QM_INT(sa->id.if_id, 9);
	QM_INT(sa->limits.soft_add, 1);
	QM_INT(sa->limits.hard_add, 2);
	QM_INT(sa->limits.hard_bytes, QM_XFRM_INF);
	QM_INT(find_added(&kit, 0x200)->id.proto, IPPROTO_AH);
	QM_INT(find_added(&kit, 0x200)->id.family, AF_INET6);
	QM_STR(find_added(&kit, 0x300)->comp.name, "deflate");
	sa = find_added(&kit, 0x201);
	QM_INT(sa->mode, XFRM_MODE_BEET);
	QM_INT(sa->sel.src_len, 64);
	sa = find_added(&kit, 0x400);
	QM_INT(sa->encap.sport, 4500);
	QM_INT(sa->aead.key_bits, 288);
	kit_free(&kit);
	fake_xfrm_end();
}

CU_TestInfo mirror_replay_tests[] = {
	{ "what a kernel with ESP sent", test_stream },
	{ "what its SAs were like", test_details },
	CU_TEST_INFO_NULL,
};
