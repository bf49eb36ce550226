/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store when memory is short: SQLite gets its memory from malloc() as this program
 * has it, and each time it asks fails once. What is called fails with that, or works;
 * no number comes twice, nothing that was committed is lost, and nothing else is kept.
 */
#include <errno.h>
#include <malloc.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fail_alloc.h"
#include "store_kit.h"
#include "test.h"

static void *get(int size)
{
	return malloc((size_t)size);
}

static void *change(void *p, int size)
{
	return realloc(p, (size_t)size);
}

static int size_of(void *p)
{
	return (int)malloc_usable_size(p);
}

static int round_up(int size)
{
	return (size + 7) & ~7;
}

static int start_memory(void *data)
{
	(void)data;
	return SQLITE_OK;
}

static void end_memory(void *data)
{
	(void)data;
}

static const sqlite3_mem_methods memory = {
	.xMalloc = get,
	.xFree = free,
	.xRealloc = change,
	.xSize = size_of,
	.xRoundup = round_up,
	.xInit = start_memory,
	.xShutdown = end_memory,
};

static sqlite3_mem_methods usual;

static void use_memory(const sqlite3_mem_methods *methods)
{
	sqlite3_shutdown();
	CU_ASSERT_EQUAL_FATAL(sqlite3_config(SQLITE_CONFIG_MALLOC, methods), SQLITE_OK);
	CU_ASSERT_EQUAL_FATAL(sqlite3_initialize(), SQLITE_OK);
}

static void use_ours(void)
{
	sqlite3_shutdown();
	CU_ASSERT_EQUAL_FATAL(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &usual), SQLITE_OK);
	use_memory(&memory);
}

/** A start that fails its nth allocation. @return allocations asked for */
static unsigned start_failing(const char *dir, unsigned nth, uint32_t *last, bool *failed)
{
	struct outcome outcome;
	unsigned calls;

	qm_fail_alloc(nth);
	outcome = store_open(dir);
	calls = qm_fail_alloc_end();
	CU_ASSERT(!outcome.start.set_aside);
	*failed = outcome.r < 0;
	if (outcome.r < 0) {
		QM_FAILS(outcome.r, -ENOMEM);
		CU_ASSERT(*outcome.error);
	} else {
		CU_ASSERT(outcome.start.instance > *last);
		QM_STR(outcome.error, "");
		*last = outcome.start.instance;
		qm_store_close(outcome.store);
	}
	return calls;
}

/** What a start begins with. */
enum before {
	NOTHING,
	OLD_VERSION,
	A_START,
};

/** Runs a start with each of its allocations failing, each followed by one without. */
static void start_all(enum before before)
{
	unsigned calls = 0, asked, nth, failures = 0;

	/* first none fails, to see how many there are */
	for (nth = 0; nth <= calls; nth++) {
		struct place place = store_place();
		uint32_t last = 0;
		bool failed;

		if (before == OLD_VERSION) {
			store_install(&place, "version-1.db");
			last = 41;
		} else if (before == A_START) {
			start_failing(place.dir, 0, &last, &failed);
		}
		asked = start_failing(place.dir, nth, &last, &failed);
		calls = nth ? calls : asked;
		failures += failed;
		start_failing(place.dir, 0, &last, &failed);
		CU_ASSERT(!failed);
		QM_INT(store_count_files(place.dir, "state.db.damaged-"), 0);
		store_remove(&place);
	}
	/* SQLite does without some, but not without most */
	CU_ASSERT(failures > calls / 3);
	printf("# %u allocations, without %u of which a start fails\n", calls, failures);
}

static void test_first(void)
{
	use_ours();
	start_all(NOTHING);
	use_memory(&usual);
}

static void test_upgrade(void)
{
	use_ours();
	start_all(OLD_VERSION);
	use_memory(&usual);
}

static void test_next(void)
{
	use_ours();
	start_all(A_START);
	use_memory(&usual);
}

static void count(void *user, const struct qm_open_sa *sa)
{
	unsigned *pairs = user;

	(void)sa;
	++*pairs;
}

/** Some of everything, but what a run before has left is only read. */
static int transact(struct qm_store *store, uint32_t instance)
{
	const struct qm_open_sa sa = store_sa(instance, 2);
	unsigned pairs = 0;
	uint64_t id, bad, seq;
	struct qm_stored stored;
	int r = qm_store_earlier_sas(store, count, &pairs, &bad);

	for (unsigned i = 21; i <= 40 && !r; i++) {
		const struct qm_record record = store_record(i);

		r = qm_store_add(store, instance, i, &record, &id);
	}
	r = r ? r : qm_store_next_seq(store, 1, &seq);
	r = r ? r : qm_store_keep_sa(store, &sa);
	r = r ? r : qm_store_drop_sa(store, instance, 2);
	r = r ? r : qm_store_set_loss(store, QM_LOSS_AUDIT, 1, 1);
	r = r ? r : qm_store_next(store, 0, &stored);
	r = r ? r : qm_store_remove(store, stored.id + 9);
	r = r ? r : qm_store_mark_stopped(store);
	return r ? r : qm_store_commit(store, 5);
}

/** A store with 20 records and one pair of a run before. */
static struct qm_store *filled(const struct place *place)
{
	struct qm_store *store = store_must_open(place, NULL);
	const struct qm_open_sa sa = store_sa(1, 1);

	store_add(store, 1, 1, 20);
	QM_OK(qm_store_keep_sa(store, &sa));
	QM_OK(qm_store_commit(store, 5));
	qm_store_close(store);
	return store_must_open(place, NULL);
}

/** Transactions in which one allocation fails. */
static void test_transaction(void)
{
	unsigned calls = 0, asked, nth, failures = 0;
	struct qm_store *store;
	int r;

	use_ours();
	for (nth = 0; nth <= calls; nth++) {
		struct place place = store_place();

		store = filled(&place);
		qm_fail_alloc(nth);
		r = transact(store, 2);
		asked = qm_fail_alloc_end();
		calls = nth ? calls : asked;
		if (r < 0) {
			failures++;
			QM_FAILS(r, -ENOMEM);
			CU_ASSERT(*qm_store_error(store));
			store_expect(store, 1, 20);
			QM_INT(store_ask(&place, "SELECT count(*) FROM record"), 20);
			QM_OK(transact(store, 2));
		}
		store_expect(store, 11, 30);
		qm_store_close(store);
		store = store_must_open(&place, NULL);
		store_expect(store, 11, 30);
		qm_store_close(store);
		store_remove(&place);
	}
	CU_ASSERT(failures > 0);
	printf("# %u allocations, without %u of which a transaction fails\n", calls,
		   failures);
	use_memory(&usual);
}

CU_TestInfo oom_store_tests[] = {
	{ "the first start of a daemon", test_first },
	{ "its first start after an upgrade", test_upgrade },
	{ "its next start", test_next },
	{ "its transactions", test_transaction },
	CU_TEST_INFO_NULL,
};
