/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "keys.h"

#include <pthread.h>

/** A power of two, several times the number of keys. */
#define SLOTS 512

const struct qm_key_info qm_keys[QM_KEY_MAX] = {
#define QM_KEY_INFO(id, name, type, place) \
	[QM_KEY_##id] = { { name "=", sizeof(name) - 1 }, QM_KEY_##type, QM_KEY_##place },
	QM_KEYS(QM_KEY_INFO)
#undef QM_KEY_INFO
};

/* key + 1, or 0 for a free slot */
static uint8_t slots[SLOTS];
static pthread_once_t once = PTHREAD_ONCE_INIT;

static uint32_t hash_of(struct qm_span name)
{
	uint32_t hash = 0;

	for (size_t i = 0; i < name.len; i++) {
		hash = qm_key_hash(hash, name.s[i]);
	}
	return hash;
}

static void fill(void)
{
	_Static_assert(QM_KEY_MAX < UINT8_MAX && QM_KEY_MAX * 4 < SLOTS, "too many keys");

	for (unsigned key = 0; key < QM_KEY_MAX; key++) {
		uint32_t slot = hash_of(qm_keys[key].name) % SLOTS;

		while (slots[slot]) {
			slot = (slot + 1) % SLOTS;
		}
		slots[slot] = (uint8_t)(key + 1);
	}
}

enum qm_key qm_key_find(struct qm_span name, uint32_t hash)
{
	pthread_once(&once, fill);
	for (uint32_t slot = hash % SLOTS; slots[slot]; slot = (slot + 1) % SLOTS) {
		if (qm_span_same(name, qm_keys[slots[slot] - 1].name)) {
			return slots[slot] - 1;
		}
	}
	return QM_KEY_OTHER;
}

enum qm_key qm_key_named(struct qm_span name)
{
	return qm_key_find(name, hash_of(name));
}
