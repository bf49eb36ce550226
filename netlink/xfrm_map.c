/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xfrm_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/random.h>
#include <unistd.h>

/** Entries of a chunk, a power of 2. */
#define CHUNK_LEN 1024u
/** Slots to begin with, a power of 2. */
#define SLOTS_MIN 256u
/** Rooms for chunks to begin with. */
#define CHUNKS_MIN 16u
/** Tells an entry in use from a free one. */
#define USED 0x80000000u
/** The bits of a slot that are a number. */
#define NUMBER QM_XFRM_MAP_MAX

int qm_xfrm_map_init(struct qm_xfrm_map *map, size_t entry_size, uint32_t max)
{
	struct qm_xfrm_map empty = {
		.entry_size = entry_size,
		.max = max < QM_XFRM_MAP_MAX ? max : QM_XFRM_MAP_MAX,
	};

	if (getrandom(empty.key, sizeof(empty.key), 0) != (ssize_t)sizeof(empty.key)) {
		return -errno;
	}
	*map = empty;
	return 0;
}

static uint64_t rotate(uint64_t x, unsigned bits)
{
	return x << bits | x >> (64 - bits);
}

static void sip_rounds(uint64_t v[4], unsigned rounds)
{
	while (rounds--) {
		v[0] += v[1];
		v[1] = rotate(v[1], 13) ^ v[0];
		v[0] = rotate(v[0], 32);
		v[2] += v[3];
		v[3] = rotate(v[3], 16) ^ v[2];
		v[0] += v[3];
		v[3] = rotate(v[3], 21) ^ v[0];
		v[2] += v[1];
		v[1] = rotate(v[1], 17) ^ v[2];
		v[2] = rotate(v[2], 32);
	}
}

/** SipHash-1-3 of whole words; the last word of the algorithm is the length alone. */
uint32_t qm_xfrm_map_hash(const struct qm_xfrm_map *map, const uint64_t *words, size_t n)
{
	uint64_t v[4] = {
		map->key[0] ^ 0x736f6d6570736575,
		map->key[1] ^ 0x646f72616e646f6d,
		map->key[0] ^ 0x6c7967656e657261,
		map->key[1] ^ 0x7465646279746573,
	};
	size_t i;
	uint64_t word;

	for (i = 0; i <= n; i++) {
		word = i < n ? words[i] : (uint64_t)n * 8 << 56;
		v[3] ^= word;
		sip_rounds(v, 1);
		v[0] ^= word;
	}
	v[2] ^= 0xff;
	sip_rounds(v, 3);
	return (uint32_t)(v[0] ^ v[1] ^ v[2] ^ v[3]) | USED;
}

/** @param number	of an entry, from 1 */
static struct qm_xfrm_link *entry_at(const struct qm_xfrm_map *map, uint32_t number)
{
	uint8_t *chunk = map->chunks[(number - 1) / CHUNK_LEN];

	return (void *)(chunk + (number - 1) % CHUNK_LEN * map->entry_size);
}

/** Where the search for a hash begins. */
static uint32_t home_of(const struct qm_xfrm_map *map, uint32_t hash)
{
	return hash & (map->slots_len - 1);
}

static uint32_t slot_after(const struct qm_xfrm_map *map, uint32_t slot)
{
	return (slot + 1) & (map->slots_len - 1);
}

void qm_xfrm_map_search(const struct qm_xfrm_map *map, uint32_t hash,
						struct qm_xfrm_probe *probe)
{
	probe->hash = hash;
	probe->slot = map->slots_len ? home_of(map, hash) : 0;
}

void *qm_xfrm_map_next(const struct qm_xfrm_map *map, struct qm_xfrm_probe *probe)
{
	struct qm_xfrm_link *link;
	uint32_t slot;

	if (!map->slots_len) {
		return NULL;
	}
	/* one slot in five, at least, is free */
	while ((slot = map->slots[probe->slot])) {
		probe->slot = slot_after(map, probe->slot);
		if (!((slot ^ probe->hash) & ~NUMBER)) {
			link = entry_at(map, slot & NUMBER);
			if (link->hash == probe->hash) {
				return link;
			}
		}
	}
	return NULL;
}

/** Has an entry be found. There is a free slot. */
static void occupy(struct qm_xfrm_map *map, uint32_t hash, uint32_t number)
{
	uint32_t slot = home_of(map, hash);

	while (map->slots[slot]) {
		slot = slot_after(map, slot);
	}
	map->slots[slot] = (hash & ~NUMBER) | number;
}

/**
 * Has the pages of memory that is soon written be there at once: one fault for each
 * took a good part of a large dump. Kernels before 5.14 refuse, which does no harm.
 */
static void populate(void *p, size_t len)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	const uintptr_t from = ((uintptr_t)p + page - 1) & ~(page - 1);
	const uintptr_t to = ((uintptr_t)p + len) & ~(page - 1);

	if (from < to) {
		madvise((void *)from, to - from, MADV_POPULATE_WRITE);
	}
}

/** Gives slots to twice as many entries. */
static int grow_slots(struct qm_xfrm_map *map)
{
	const uint32_t len = map->slots_len ? map->slots_len * 2 : SLOTS_MIN;
	uint32_t *slots = calloc(len, sizeof(*slots)), number;

	if (!slots) {
		return -ENOMEM;
	}
	populate(slots, len * sizeof(*slots));
	free(map->slots);
	map->slots = slots;
	map->slots_len = len;
	for (number = 1; number <= map->made; number++) {
		const struct qm_xfrm_link *link = entry_at(map, number);

		if (link->hash) {
			occupy(map, link->hash, number);
		}
	}
	return 0;
}

/** Makes sure that after one more entry one slot in five is free. */
static int make_slot(struct qm_xfrm_map *map)
{
	return map->count < map->slots_len / 5 * 4 ? 0 : grow_slots(map);
}

/** Makes room for another chunk's address. */
static int grow_chunks(struct qm_xfrm_map *map)
{
	uint32_t len = map->chunks_len ? map->chunks_len * 2 : CHUNKS_MIN;
	uint8_t **chunks = realloc(map->chunks, len * sizeof(*chunks));

	if (!chunks) {
		return -ENOMEM;
	}
	map->chunks = chunks;
	map->chunks_len = len;
	return 0;
}

/** Begins the chunk in which the next new entry lies, if that is its first. */
static int make_chunk(struct qm_xfrm_map *map)
{
	const uint32_t n = map->made / CHUNK_LEN;

	if (map->made % CHUNK_LEN) {
		return 0;
	}
	if (n == map->chunks_len && grow_chunks(map) < 0) {
		return -ENOMEM;
	}
	map->chunks[n] = malloc(CHUNK_LEN * map->entry_size);
	if (!map->chunks[n]) {
		return -ENOMEM;
	}
	populate(map->chunks[n], CHUNK_LEN * map->entry_size);
	return 0;
}

/** Takes a free entry or a new one. */
static int take_entry(struct qm_xfrm_map *map, uint32_t *ret)
{
	if (map->free) {
		*ret = map->free;
		map->free = entry_at(map, *ret)->next_free;
		return 0;
	}
	if (make_chunk(map) < 0) {
		return -ENOMEM;
	}
	*ret = ++map->made;
	return 0;
}

int qm_xfrm_map_add(struct qm_xfrm_map *map, uint32_t hash, void **ret)
{
	struct qm_xfrm_link *link;
	uint32_t number;

	if (map->count == map->max) {
		return -ENOSPC;
	}
	if (make_slot(map) < 0 || take_entry(map, &number) < 0) {
		return -ENOMEM;
	}
	link = entry_at(map, number);
	memset(link, 0, map->entry_size);
	link->hash = hash;
	occupy(map, hash, number);
	map->count++;
	*ret = link;
	return 0;
}

/** The slot of an entry that is there. */
static uint32_t slot_of(const struct qm_xfrm_map *map, const struct qm_xfrm_link *link)
{
	uint32_t slot = home_of(map, link->hash);

	while (entry_at(map, map->slots[slot] & NUMBER) != link) {
		slot = slot_after(map, slot);
	}
	return slot;
}

/**
 * Frees a slot, and has each of those behind it that it kept from its place take the
 * one before: a search ends at the first that is free.
 */
static void vacate(struct qm_xfrm_map *map, uint32_t slot)
{
	const uint32_t mask = map->slots_len - 1;
	uint32_t next = slot_after(map, slot), home;

	for (; map->slots[next]; next = slot_after(map, next)) {
		home = home_of(map, entry_at(map, map->slots[next] & NUMBER)->hash);
		if (((next - home) & mask) >= ((next - slot) & mask)) {
			map->slots[slot] = map->slots[next];
			slot = next;
		}
	}
	map->slots[slot] = 0;
}

void qm_xfrm_map_remove(struct qm_xfrm_map *map, void *entry)
{
	struct qm_xfrm_link *link = entry;
	const uint32_t slot = slot_of(map, link), number = map->slots[slot] & NUMBER;

	vacate(map, slot);
	link->hash = 0;
	link->next_free = map->free;
	map->free = number;
	map->count--;
}

void *qm_xfrm_map_each(const struct qm_xfrm_map *map, uint32_t *pos)
{
	struct qm_xfrm_link *link;

	while (*pos < map->made) {
		link = entry_at(map, ++*pos);
		if (link->hash) {
			return link;
		}
	}
	return NULL;
}

size_t qm_xfrm_map_bytes(const struct qm_xfrm_map *map)
{
	const size_t chunks = (map->made + CHUNK_LEN - 1) / CHUNK_LEN;

	return chunks * CHUNK_LEN * map->entry_size + map->chunks_len * sizeof(*map->chunks) +
		   map->slots_len * sizeof(*map->slots);
}

void qm_xfrm_map_done(struct qm_xfrm_map *map)
{
	uint32_t n;

	for (n = 0; n * CHUNK_LEN < map->made; n++) {
		free(map->chunks[n]);
	}
	free(map->chunks);
	free(map->slots);
	map->chunks = NULL;
	map->slots = NULL;
	map->chunks_len = map->slots_len = map->count = map->made = map->free = 0;
}
