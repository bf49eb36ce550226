/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xfrm_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

#define MANY 20000u

struct entry {
	struct qm_xfrm_link link;
	uint64_t key;
	uint32_t value;
};

static uint32_t hash_of(const struct qm_xfrm_map *map, uint64_t key)
{
	return qm_xfrm_map_hash(map, &key, 1);
}

static struct entry *find(const struct qm_xfrm_map *map, uint64_t key)
{
	struct qm_xfrm_probe probe;
	struct entry *entry;

	qm_xfrm_map_search(map, hash_of(map, key), &probe);
	do {
		entry = qm_xfrm_map_next(map, &probe);
	} while (entry && entry->key != key);
	return entry;
}

static struct entry *add(struct qm_xfrm_map *map, uint64_t key)
{
	struct entry *entry;
	void *p = NULL;

	QM_OK_FATAL(qm_xfrm_map_add(map, hash_of(map, key), &p));
	entry = p;
	QM_INT(entry->key | entry->value, 0);
	entry->key = key;
	return entry;
}

static struct qm_xfrm_map make(uint32_t max)
{
	struct qm_xfrm_map map;

	QM_OK_FATAL(qm_xfrm_map_init(&map, sizeof(struct entry), max));
	return map;
}

static void test_empty(void)
{
	struct qm_xfrm_map map = make(10);
	uint32_t pos = 0;

	CU_ASSERT_PTR_NULL(find(&map, 1));
	CU_ASSERT_PTR_NULL(qm_xfrm_map_each(&map, &pos));
	QM_INT(qm_xfrm_map_bytes(&map), 0);
	qm_xfrm_map_done(&map);
}

/** Against a plain array, through growth, removals and additions in their place. */
static void test_like_array(void)
{
	struct qm_xfrm_map map = make(MANY);
	bool *there = calloc(MANY, sizeof(*there));
	uint32_t count = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(there);
	srand(1);
	for (unsigned i = 0; i < 10 * MANY; i++) {
		/* towards a full map, and towards an empty one */
		const bool more = i < 5 * MANY ? rand() % 4 : !(rand() % 4);
		const unsigned key = (unsigned)rand() % MANY;
		struct entry *entry = find(&map, key);

		CU_ASSERT_EQUAL_FATAL(!!entry, there[key]);
		if (more && !entry) {
			add(&map, key)->value = key + 1;
			there[key] = true;
			count++;
		} else if (!more && entry) {
			QM_INT(entry->value, key + 1);
			qm_xfrm_map_remove(&map, entry);
			there[key] = false;
			count--;
		}
	}
	QM_INT(map.count, count);
	for (unsigned key = 0; key < MANY; key++) {
		CU_ASSERT_EQUAL(!!find(&map, key), there[key]);
	}
	free(there);
	qm_xfrm_map_done(&map);
}

static void test_each(void)
{
	struct qm_xfrm_map map = make(MANY);
	const struct entry *entry;
	uint64_t sum = 0;
	uint32_t pos = 0, n = 0;

	for (uint64_t key = 0; key < MANY; key++) {
		add(&map, key);
	}
	for (uint64_t key = 0; key < MANY; key += 2) {
		qm_xfrm_map_remove(&map, find(&map, key));
	}
	while ((entry = qm_xfrm_map_each(&map, &pos))) {
		sum += entry->key;
		n++;
	}
	QM_INT(n, MANY / 2);
	QM_INT(sum, (uint64_t)MANY / 2 * MANY / 2);
	qm_xfrm_map_done(&map);
}

/** Going through all of it is the time to remove. */
static void test_each_removed(void)
{
	struct qm_xfrm_map map = make(MANY);
	struct entry *entry;
	uint32_t pos = 0, n = 0;

	for (uint64_t key = 0; key < MANY; key++) {
		add(&map, key);
	}
	while ((entry = qm_xfrm_map_each(&map, &pos))) {
		qm_xfrm_map_remove(&map, entry);
		n++;
	}
	QM_INT(n, MANY);
	QM_INT(map.count, 0);
	add(&map, 5);
	CU_ASSERT_PTR_NOT_NULL(find(&map, 5));
	qm_xfrm_map_done(&map);
}

/** Entries with one hash are told apart by the caller, which sees all of them. */
static void test_one_hash(void)
{
	struct qm_xfrm_map map = make(MANY);
	const uint32_t hash = hash_of(&map, 7);
	unsigned seen = 0, n = 0;
	struct qm_xfrm_probe probe;
	struct entry *entry;
	void *p;

	for (uint64_t key = 0; key < 5; key++) {
		QM_OK_FATAL(qm_xfrm_map_add(&map, hash, &p));
		entry = p;
		entry->key = key;
	}
	for (uint64_t key = 100; key < 1000; key++) {
		add(&map, key);
	}
	qm_xfrm_map_search(&map, hash, &probe);
	while ((entry = qm_xfrm_map_next(&map, &probe))) {
		seen |= 1u << entry->key;
		n++;
	}
	QM_INT(seen, 31);
	QM_INT(n, 5);
	qm_xfrm_map_done(&map);
}

static void test_full(void)
{
	struct qm_xfrm_map map = make(3);
	struct entry *const untouched = (struct entry *)&map;
	void *p = untouched;

	for (uint64_t key = 0; key < 3; key++) {
		add(&map, key);
	}
	QM_FAILS(qm_xfrm_map_add(&map, hash_of(&map, 3), &p), -ENOSPC);
	CU_ASSERT(p == untouched);
	qm_xfrm_map_remove(&map, find(&map, 1));
	add(&map, 3);
	CU_ASSERT_PTR_NOT_NULL(find(&map, 3));
	qm_xfrm_map_done(&map);
}

/**
 * What another implementation, which has the reference's vectors for SipHash-2-4, says
 * of 8 bytes; the map keeps 32 bits and sets one.
 */
static void test_siphash(void)
{
	struct qm_xfrm_map map = { .key = { 0x0706050403020100, 0x0f0e0d0c0b0a0908 } };
	const uint64_t word = 0x0706050403020100;

	QM_INT(qm_xfrm_map_hash(&map, &word, 1), (uint32_t)0x369095118d299a8e | 0x80000000);
}

/** More than slots have bits for numbers of is never asked for. */
static void test_most(void)
{
	struct qm_xfrm_map map = make(UINT32_MAX);

	QM_INT(map.max, QM_XFRM_MAP_MAX);
	qm_xfrm_map_done(&map);
}

/** What was removed makes room for what comes. */
static void test_reused(void)
{
	struct qm_xfrm_map map = make(MANY);
	size_t bytes;

	for (uint64_t key = 0; key < MANY; key++) {
		add(&map, key);
	}
	bytes = qm_xfrm_map_bytes(&map);
	for (unsigned round = 0; round < 3; round++) {
		for (uint64_t key = 0; key < MANY; key++) {
			qm_xfrm_map_remove(&map, find(&map, key));
		}
		for (uint64_t key = 0; key < MANY; key++) {
			add(&map, key);
		}
	}
	QM_INT(qm_xfrm_map_bytes(&map), bytes);
	qm_xfrm_map_done(&map);
}

/** No two maps have the same order. */
static void test_seeded(void)
{
	struct qm_xfrm_map a = make(1), b = make(1);
	unsigned same = 0;

	for (uint64_t key = 0; key < 100; key++) {
		same += hash_of(&a, key) == hash_of(&b, key);
	}
	CU_ASSERT(same < 3);
	qm_xfrm_map_done(&a);
	qm_xfrm_map_done(&b);
}

static void test_memory(void)
{
	struct qm_xfrm_map map = make(MANY);

	for (uint64_t key = 0; key < MANY; key++) {
		add(&map, key);
	}
	CU_ASSERT(qm_xfrm_map_bytes(&map) >= MANY * sizeof(struct entry));
	CU_ASSERT(qm_xfrm_map_bytes(&map) < MANY * (sizeof(struct entry) + 10 + 2));
	qm_xfrm_map_done(&map);
	QM_INT(qm_xfrm_map_bytes(&map), 0);
	add(&map, 1);
	CU_ASSERT_PTR_NOT_NULL(find(&map, 1));
	qm_xfrm_map_done(&map);
}

CU_TestInfo xfrm_map_tests[] = {
	{ "nothing in it", test_empty },
	{ "additions and removals by chance", test_like_array },
	{ "visiting all entries", test_each },
	{ "removing all entries while visiting them", test_each_removed },
	{ "entries with the same hash", test_one_hash },
	{ "as many as are allowed", test_full },
	{ "more than there can be", test_most },
	{ "removed and added again", test_reused },
	{ "the hash is SipHash-1-3", test_siphash },
	{ "every map has a key of its own", test_seeded },
	{ "memory of an entry", test_memory },
	CU_TEST_INFO_NULL,
};
