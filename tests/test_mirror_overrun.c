/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Ten thousand SAs, and a receive buffer in which next to nothing can wait: the
 * kernel does drop notifications, and the table is as it should be all the same.
 */
#include <errno.h>
#include <stdio.h>

#include "mirror_kit.h"
#include "test.h"
#include "xfrm_kit.h"

#define MANY 10000u

/** DESIGN: bytes of the table for each SA. */
#define BYTES_MAX 128

static const struct craft_sa first = { .src = "192.0.2.1", .dst = "192.0.2.2",
									   .spi = 0x1000, .larval = true };

/** A mirror that knows of n SAs. @return false if the test is skipped */
static bool start(struct kit *kit, unsigned n)
{
	struct qm_mirror_config config = kit_config();

	if (!xfrm_enter()) {
		return false;
	}
	xfrm_alloc_spis(&first, n);
	config.rcvbuf = 1;
	kit_new(kit, &config);
	kit_run(kit, QM_MIRROR_RESYNC_END);
	kit_skip(kit);
	QM_INT(xfrm_expect_same(kit), n);
	return true;
}

static void delete_range(unsigned from, unsigned to)
{
	for (unsigned i = from; i < to; i++) {
		struct craft_sa sa = first;

		sa.spi += i;
		QM_OK_FATAL(xfrm_delete_sa(&sa, 0));
	}
}

/** Counts what was told of SAs since the last look. */
static size_t count_told(struct kit *kit, enum qm_mirror_event_kind kind, bool found)
{
	size_t n = 0;

	for (size_t i = kit->seen; i < kit->count; i++) {
		n += kit->told[i].event.kind == kind && kit->told[i].event.found == found;
	}
	return n;
}

/** Half of them go while nobody looks, and others come. */
static void test_behind_the_back(void)
{
	struct craft_sa more = first;
	struct qm_mirror_resync resync;
	struct qm_mirror_stats stats;
	size_t told, found;
	struct kit kit;

	if (!start(&kit, MANY)) {
		return;
	}
	delete_range(0, MANY / 2);
	more.spi += MANY;
	xfrm_alloc_spis(&more, MANY / 4);
	kit_run(&kit, QM_MIRROR_RESYNC_END);
	resync = kit.told[kit.count - 1].resync;
	QM_INT(resync.cause, QM_MIRROR_CAUSE_OVERRUN);
	QM_INT(resync.error, -ENOBUFS);
	told = count_told(&kit, QM_MIRROR_SA_REMOVED, false);
	found = count_told(&kit, QM_MIRROR_SA_REMOVED, true);
	QM_INT(told + found, MANY / 2);
	QM_INT(resync.sas_removed, found);
	QM_INT(resync.sas_added, MANY / 4);
	/* every deletion was either delivered or counted as dropped by the kernel */
	QM_INT(resync.dropped, found);
	QM_INT(xfrm_expect_same(&kit), MANY * 3 / 4);
	stats = qm_mirror_stats(kit.mirror);
	CU_ASSERT(stats.overruns >= 1);
	QM_INT(stats.sas, MANY * 3 / 4);
	QM_INT(stats.messages, told);
	kit_free(&kit);
}

/** The next to be deleted by an avalanche. */
static unsigned next_in_line;

/** Deletes while the mirror is at work, in the middle of its dumps too. */
static void delete_nine_more(struct kit *kit, const struct qm_mirror_event *event)
{
	const unsigned from = next_in_line;

	(void)kit;
	if (event->kind == QM_MIRROR_SA_REMOVED && from < MANY / 10) {
		next_in_line += 9;
		delete_range(from, next_in_line);
	}
}

/** Each deletion that is told causes nine more: overrun upon overrun. */
static void test_avalanche(void)
{
	size_t removed;
	struct kit kit;

	if (!start(&kit, MANY / 10)) {
		return;
	}
	kit.on_event = delete_nine_more;
	next_in_line = 1;
	delete_range(0, 1);
	do {
		kit_compare(&kit);
	} while (qm_mirror_stats(kit.mirror).sas);
	removed = count_told(&kit, QM_MIRROR_SA_REMOVED, false) +
			  count_told(&kit, QM_MIRROR_SA_REMOVED, true);
	QM_INT(removed, MANY / 10);
	CU_ASSERT(qm_mirror_stats(kit.mirror).overruns > 1);
	QM_INT(xfrm_expect_same(&kit), 0);
	kit_free(&kit);
}

static void test_flush(void)
{
	struct kit kit;

	if (!start(&kit, MANY)) {
		return;
	}
	QM_OK_FATAL(xfrm_flush_sas(0, 0));
	kit_run_events(&kit, MANY);
	QM_INT(count_told(&kit, QM_MIRROR_SA_REMOVED, false), MANY);
	QM_INT(xfrm_expect_same(&kit), 0);
	kit_free(&kit);
}

static void test_memory(void)
{
	struct qm_mirror_stats stats;
	struct kit kit;

	if (!start(&kit, MANY)) {
		return;
	}
	stats = qm_mirror_stats(kit.mirror);
	QM_INT(stats.sas, MANY);
	CU_ASSERT(stats.sa_bytes > 0 && stats.sa_bytes <= (uint64_t)MANY * BYTES_MAX);
	printf("# %.1f bytes for each of %u SAs\n", (double)stats.sa_bytes / MANY, MANY);
	kit_free(&kit);
}

CU_TestInfo mirror_overrun_tests[] = {
	{ "changes behind the mirror's back", test_behind_the_back },
	{ "changes without end", test_avalanche },
	{ "a flush of all", test_flush },
	{ "memory for each SA", test_memory },
	CU_TEST_INFO_NULL,
};
