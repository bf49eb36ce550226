/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values as they are shown: decoded, and fit to be printed anywhere.
 */
#ifndef QM_VALUE_H
#define QM_VALUE_H

#include "keys.h"

/** Room for the texts that one event needs and its record does not have. */
struct qm_arena {
	char *buf;
	size_t size;
	size_t used;
};

/**
 * Copies a text into the arena.
 *
 * @return the copy; empty where there is no room left
 */
struct qm_span qm_arena_copy(struct qm_arena *arena, struct qm_span text);

/** Makes a text in the arena, as printf() does; empty where there is no room. */
struct qm_span qm_arena_print(struct qm_arena *arena, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/** The same for a number, and faster. */
struct qm_span qm_arena_number(struct qm_arena *arena, uint64_t n);

/** Makes one text of two, the first of which may be the arena's last. */
struct qm_span qm_arena_join(struct qm_arena *arena, struct qm_span a, struct qm_span b);

/**
 * Makes a text of any bytes fit to be printed: what is not UTF-8, and what a
 * terminal or an XML parser would not take for text (control characters,
 * noncharacters, marks that change the direction), becomes \xNN, byte by byte; and
 * where there is anything like that, a backslash becomes two.
 *
 * @return `text` itself, or a copy in the arena
 */
struct qm_span qm_value_clean(struct qm_arena *arena, struct qm_span text);

/**
 * What a field of a record says: without quotes, hexadecimal decoded, clean.
 *
 * @param plain		the record has but printable ASCII
 * @param value		not "?"
 */
struct qm_span qm_value_decode(struct qm_arena *arena, enum qm_key key, bool plain,
							   struct qm_span value);

#endif
