/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * FNV-1a, a hash that is not meant to withstand anybody:
 * http://www.isthe.com/chongo/tech/comp/fnv/
 */
#ifndef QM_FNV_H
#define QM_FNV_H

#include <stddef.h>
#include <stdint.h>

/** What the hash of nothing is. */
#define QM_FNV_BASIS UINT64_C(0xcbf29ce484222325)
#define QM_FNV_PRIME UINT64_C(0x100000001b3)

/** Goes on from a hash with some bytes. */
static inline uint64_t qm_fnv(uint64_t hash, const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		hash = (hash ^ (unsigned char)s[i]) * QM_FNV_PRIME;
	}
	return hash;
}

#endif
