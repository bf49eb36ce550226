/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "watch_line.h"

#include <string.h>

#include "fnv.h"
#include "watch.h"

/** auditd's separator before the names that it found for numbers. */
#define ENRICHED '\x1d'

/** What is left of a line. */
struct rest {
	const char *s;
	size_t len;
};

/** Passes over a text that the rest begins with. */
static bool take(struct rest *rest, const char *text, size_t len)
{
	if (rest->len < len || memcmp(rest->s, text, len)) {
		return false;
	}
	rest->s += len;
	rest->len -= len;
	return true;
}

#define TAKE(rest, text) take(rest, text, sizeof(text) - 1)

/** Passes over a text, wherever in the rest it comes first. */
static bool take_to(struct rest *rest, const char *text, size_t len)
{
	const char *at = memmem(rest->s, rest->len, text, len);

	if (!at) {
		return false;
	}
	rest->len -= (size_t)(at - rest->s);
	rest->s = at;
	return take(rest, text, len);
}

#define TAKE_TO(rest, text) take_to(rest, text, sizeof(text) - 1)

/** Where a text comes last, or NULL. */
static const char *find_last(const struct rest *rest, const char *text, size_t len)
{
	struct rest piece = *rest;
	const char *last = NULL;

	while (take_to(&piece, text, len)) {
		last = piece.s - len;
	}
	return last;
}

bool qm_watch_line_body(const char *line, size_t len, const char **ret, size_t *ret_len)
{
	static const char tail[] = " exe=";
	struct rest rest = { line, len };
	const char *end;

	if (TAKE(&rest, "node=") && !TAKE_TO(&rest, " ")) {
		return false;
	}
	/* the second is what an auditd writes whose libaudit has no name for it */
	if (!TAKE(&rest, "type=CRYPTO_IPSEC_SA ") && !TAKE(&rest, "type=UNKNOWN[2409] ")) {
		return false;
	}
	end = memchr(rest.s, ENRICHED, rest.len);
	rest.len = end ? (size_t)(end - rest.s) : rest.len;
	if (!TAKE_TO(&rest, " msg='")) {
		return false;
	}
	/* the last one is libaudit's, whatever another writer may have put in */
	end = find_last(&rest, tail, sizeof(tail) - 1);
	if (!end) {
		return false;
	}
	*ret = rest.s;
	*ret_len = (size_t)(end - rest.s);
	return true;
}

uint64_t qm_watch_mark(const char *body, size_t len)
{
	const uint64_t mark = qm_fnv(QM_FNV_BASIS, body, len);

	return mark ? mark : 1;
}
