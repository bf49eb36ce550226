/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A piece of a text that somebody else owns, not terminated.
 */
#ifndef QM_SPAN_H
#define QM_SPAN_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>

struct qm_span {
	/** NULL for what is not there */
	const char *s;
	size_t len;
};

/** Span of a string literal. */
#define QM_SPAN(literal) ((struct qm_span){ (literal), sizeof(literal) - 1 })

static inline struct qm_span qm_span_of(const char *s)
{
	return (struct qm_span){ s, s ? strlen(s) : 0 };
}

static inline bool qm_span_same(struct qm_span a, struct qm_span b)
{
	return a.len == b.len && (!a.len || !memcmp(a.s, b.s, a.len));
}

static inline bool qm_span_is(struct qm_span a, const char *s)
{
	return qm_span_same(a, qm_span_of(s));
}

static inline bool qm_span_starts(struct qm_span a, struct qm_span with)
{
	return a.len >= with.len && !memcmp(a.s, with.s, with.len);
}

/** What follows the first `n` bytes. */
static inline struct qm_span qm_span_after(struct qm_span a, size_t n)
{
	return (struct qm_span){ a.s + n, a.len - n };
}

#endif
