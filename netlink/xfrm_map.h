/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A hash table of entries of one size that takes little memory for each.
 *
 * Entries lie in chunks and never move. Slots, looked through one after the other
 * from where a hash begins (linear probing), have the number of each and some bits of
 * its hash, so that a search touches next to no entry but the one that is looked for.
 * An entry costs its own bytes and five to ten for slots. Hashes are SipHash-1-3 with
 * a random key: whoever chooses SPIs cannot choose slots. Callers look for their key
 * among the entries that have its hash.
 *
 * What bounds it: a number of entries given at the start, up to QM_XFRM_MAP_MAX.
 * Memory of removed entries is kept for later ones.
 */
#ifndef QM_XFRM_MAP_H
#define QM_XFRM_MAP_H

#include <stddef.h>
#include <stdint.h>

/** Entries of a map, at most. */
#define QM_XFRM_MAP_MAX ((1u << 20) - 1)

/** What every entry begins with; private to the map. */
struct qm_xfrm_link {
	/** hash with its highest bit set, or 0 if the entry is free */
	uint32_t hash;
	/** of a free entry, the number of the next that is free; 0 for none */
	uint32_t next_free;
};

/** The members are private. */
struct qm_xfrm_map {
	/** bytes of an entry */
	size_t entry_size;
	/** entries it may hold */
	uint32_t max;
	/** entries in use */
	uint32_t count;
	/** entries that were ever in use: the chunks have them in a row */
	uint32_t made;
	/** number of the first free entry among them, 0 for none */
	uint32_t free;
	/** rooms of `chunks` */
	uint32_t chunks_len;
	/** a power of 2; 0 before the first entry */
	uint32_t slots_len;
	uint8_t **chunks;
	/** the upper bits of an entry's hash, the lower ones its number, from 1; or 0 */
	uint32_t *slots;
	/** key of the hashes */
	uint64_t key[2];
};

/** A search. The members are private. */
struct qm_xfrm_probe {
	uint32_t hash;
	/** the slot to be looked at next */
	uint32_t slot;
};

/**
 * Makes an empty map, to be ended by qm_xfrm_map_done().
 *
 * @param entry_size	bytes of an entry, which begins with a struct qm_xfrm_link; a
 *						multiple of what its members are aligned to
 * @param max			entries it may hold; more than QM_XFRM_MAP_MAX are as many
 * @return				0, or the negative errno of getrandom()
 */
int qm_xfrm_map_init(struct qm_xfrm_map *map, size_t entry_size, uint32_t max);

/** Hash of a key of n words. */
uint32_t qm_xfrm_map_hash(const struct qm_xfrm_map *map, const uint64_t *words, size_t n);

/**
 * Begins a search for a hash.
 *
 * @param probe	for qm_xfrm_map_next(), as long as nothing is added or removed
 */
void qm_xfrm_map_search(const struct qm_xfrm_map *map, uint32_t hash,
						struct qm_xfrm_probe *probe);

/** @return another entry with the hash, or NULL when all were returned */
void *qm_xfrm_map_next(const struct qm_xfrm_map *map, struct qm_xfrm_probe *probe);

/**
 * Adds an entry.
 *
 * @param ret	receives it, all 0 behind its link
 * @return		0, -ENOMEM, -ENOSPC when there are `max`
 */
int qm_xfrm_map_add(struct qm_xfrm_map *map, uint32_t hash, void **ret);

/** Removes an entry that is there. */
void qm_xfrm_map_remove(struct qm_xfrm_map *map, void *entry);

/**
 * Returns all entries one after the other, in no order. The one that was returned
 * last may be removed meanwhile; one that is added may be missed.
 *
 * @param pos	0 to begin with
 * @return		NULL at the end
 */
void *qm_xfrm_map_each(const struct qm_xfrm_map *map, uint32_t *pos);

/** Bytes of memory that it has. */
size_t qm_xfrm_map_bytes(const struct qm_xfrm_map *map);

/** Frees all entries; the map is empty and may be used again. */
void qm_xfrm_map_done(struct qm_xfrm_map *map);

#endif
