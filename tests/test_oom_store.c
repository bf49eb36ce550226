/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The count of starts when memory is short: SQLite gets its memory from malloc()
 * as this program has it, and each time it asks in a start fails once. The start
 * fails with that, or is counted; no number comes twice.
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

static void use_memory(const sqlite3_mem_methods *methods)
{
	sqlite3_shutdown();
	CU_ASSERT_EQUAL_FATAL(sqlite3_config(SQLITE_CONFIG_MALLOC, methods), SQLITE_OK);
	CU_ASSERT_EQUAL_FATAL(sqlite3_initialize(), SQLITE_OK);
}

/** A start that fails its nth allocation. @return allocations asked for */
static unsigned start_failing(const char *dir, unsigned nth, uint32_t *last)
{
	struct outcome outcome;
	unsigned calls;

	qm_fail_alloc(nth);
	outcome = store_start(dir);
	calls = qm_fail_alloc_end();
	if (outcome.r < 0) {
		QM_FAILS(outcome.r, -ENOMEM);
		CU_ASSERT_EQUAL(outcome.instance, STORE_NO_INSTANCE);
		CU_ASSERT(strcmp(outcome.error, STORE_UNTOUCHED) && *outcome.error);
	} else {
		CU_ASSERT(outcome.instance > *last);
		QM_STR(outcome.error, STORE_UNTOUCHED);
		*last = outcome.instance;
	}
	return calls;
}

/** The same, and one after it that fails nothing. @return whether the first failed */
static bool start_twice(const char *dir, unsigned nth, uint32_t *last)
{
	const uint32_t before = *last;
	bool failed;

	start_failing(dir, nth, last);
	failed = *last == before;
	start_failing(dir, 0, last);
	CU_ASSERT(*last > before);
	return failed;
}

/** Runs a start with each of its allocations failing. */
static void start_all(bool anew)
{
	struct place place = store_place();
	unsigned calls, nth, failed = 0;
	uint32_t last = 0;

	calls = start_failing(place.dir, 0, &last);
	if (!anew) {
		calls = start_failing(place.dir, 0, &last);
	}
	for (nth = 1; nth <= calls; nth++) {
		if (anew) {
			store_remove(&place);
			place = store_place();
			last = 0;
		}
		failed += start_twice(place.dir, nth, &last);
	}
	store_remove(&place);
	/* SQLite does without some, but not without most */
	CU_ASSERT(failed > calls / 2);
	printf("# %u allocations, without %u of which a start fails\n", calls, failed);
}

static void test_first(void)
{
	sqlite3_mem_methods before;

	CU_ASSERT_EQUAL_FATAL(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &before), SQLITE_OK);
	use_memory(&memory);
	start_all(true);
	use_memory(&before);
}

static void test_next(void)
{
	sqlite3_mem_methods before;

	sqlite3_shutdown();
	CU_ASSERT_EQUAL_FATAL(sqlite3_config(SQLITE_CONFIG_GETMALLOC, &before), SQLITE_OK);
	use_memory(&memory);
	start_all(false);
	use_memory(&before);
}

CU_TestInfo oom_store_tests[] = {
	{ "the first start of a daemon", test_first },
	{ "its next start", test_next },
	CU_TEST_INFO_NULL,
};
