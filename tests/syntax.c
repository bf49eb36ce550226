/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "syntax.h"

#include <iconv.h>
#include <stdint.h>
#include <stdlib.h>

#define DEPTH_MAX 8
#define NAMES_MAX 256

struct reader {
	const char *p;
	const char *end;
};

bool qm_syntax_text(struct qm_span text)
{
	iconv_t to_utf16 = iconv_open("UTF-16LE", "UTF-8");
	char *in = (char *)(uintptr_t)text.s, *out = malloc(2 * text.len + 2), *to = out;
	size_t in_len = text.len, out_len = 2 * text.len;
	bool good = text.len == 0 || iconv(to_utf16, &in, &in_len, &to, &out_len) == 0;

	for (char *c = out; c < to; c += 2) {
		const unsigned n = (unsigned char)c[0] | (unsigned)(unsigned char)c[1] << 8;

		good = good && (n >= 0x20 || n == '\n' || n == '\t') && (n < 0x7f || n > 0x9f);
	}
	free(out);
	iconv_close(to_utf16);
	return good;
}

static struct reader reader_of(struct qm_span text)
{
	const char *s = text.s ? text.s : "";

	return (struct reader){ s, s + text.len };
}

static bool take(struct reader *r, char c)
{
	if (r->p < r->end && *r->p == c) {
		r->p++;
		return true;
	}
	return false;
}

static bool take_word(struct reader *r, const char *word)
{
	const size_t len = strlen(word);

	if ((size_t)(r->end - r->p) < len || memcmp(r->p, word, len) != 0) {
		return false;
	}
	r->p += len;
	return true;
}

/** Any of those bytes, as many as there are. @return how many */
static size_t take_any(struct reader *r, const char *set)
{
	const char *begin = r->p;

	while (r->p < r->end && *r->p && strchr(set, *r->p)) {
		r->p++;
	}
	return (size_t)(r->p - begin);
}

static bool take_json_string(struct reader *r, struct qm_span *ret)
{
	if (!take(r, '"')) {
		return false;
	}
	ret->s = r->p;
	while (r->p < r->end && *r->p != '"') {
		if ((unsigned char)*r->p < 0x20) {
			return false;
		}
		if (take(r, '\\') && (r->p == r->end || !strchr("\"\\/bfnrt", *r->p))) {
			return false;
		}
		r->p++;
	}
	ret->len = (size_t)(r->p - ret->s);
	return take(r, '"');
}

static bool take_json_number(struct reader *r)
{
	const char *begin = r->p;

	if (!take_any(r, "0123456789") || (*begin == '0' && r->p - begin > 1)) {
		return false;
	}
	return !take(r, '.') || take_any(r, "0123456789");
}

static bool take_json(struct reader *r, unsigned depth);

static bool take_json_object(struct reader *r, unsigned depth)
{
	struct qm_span names[NAMES_MAX];
	size_t n = 0;

	do {
		if (n == NAMES_MAX || !take_json_string(r, &names[n]) || !take(r, ':') ||
			!take_json(r, depth)) {
			return n == 0 && take(r, '}');
		}
		for (size_t i = 0; i < n; i++) {
			if (qm_span_same(names[i], names[n])) {
				return false;
			}
		}
		n++;
	} while (take(r, ','));
	return take(r, '}');
}

static bool take_json(struct reader *r, unsigned depth)
{
	struct qm_span string;

	if (depth == DEPTH_MAX) {
		return false;
	}
	if (take(r, '{')) {
		return take_json_object(r, depth + 1);
	}
	if (take(r, '[')) {
		if (take(r, ']')) {
			return true;
		}
		do {
			if (!take_json(r, depth + 1)) {
				return false;
			}
		} while (take(r, ','));
		return take(r, ']');
	}
	return take_json_string(r, &string) || take_json_number(r);
}

bool qm_syntax_json_lines(struct qm_span text)
{
	struct reader r = reader_of(text);

	while (r.p < r.end) {
		if (*r.p != '{' || !take_json(&r, 0) || !take(&r, '\n')) {
			return false;
		}
	}
	return true;
}

/** Text up to `stop`, in which "&" only begins an entity. */
static bool take_xml_text(struct reader *r, char stop)
{
	while (r->p < r->end && *r->p != stop) {
		if (*r->p == '<' || *r->p == '>' || (stop != '<' && *r->p == '"')) {
			return false;
		}
		if (take(r, '&')) {
			if (!take_word(r, "amp;") && !take_word(r, "lt;") && !take_word(r, "gt;") &&
				!take_word(r, "quot;") && !take_word(r, "apos;")) {
				return false;
			}
		} else {
			r->p++;
		}
	}
	return r->p < r->end;
}

static struct qm_span take_xml_name(struct reader *r)
{
	struct qm_span name = { r->p, 0 };

	name.len = take_any(r, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz");
	return name;
}

/** What follows "<": an element with all that is in it. */
static bool take_xml_element(struct reader *r, unsigned depth)
{
	const struct qm_span name = take_xml_name(r);

	if (!name.len || depth == DEPTH_MAX) {
		return false;
	}
	while (take(r, ' ')) {
		if (!take_xml_name(r).len || !take_word(r, "='") || !take_xml_text(r, '\'') ||
			!take(r, '\'')) {
			return false;
		}
	}
	if (take_word(r, "/>")) {
		return true;
	}
	if (!take(r, '>')) {
		return false;
	}
	for (;;) {
		if (!take_xml_text(r, '<') || !take(r, '<')) {
			return false;
		}
		if (take(r, '/')) {
			return qm_span_same(take_xml_name(r), name) && take(r, '>');
		}
		if (!take_xml_element(r, depth + 1)) {
			return false;
		}
	}
}

bool qm_syntax_xml(struct qm_span text)
{
	struct reader r = reader_of(text);

	while (r.p < r.end) {
		if (!take(&r, '<') || !take_xml_element(&r, 0) || !take(&r, '\n')) {
			return false;
		}
	}
	return true;
}

/** @return false where a quote is out of place */
static bool take_csv_field(struct reader *r)
{
	if (!take(r, '"')) {
		while (r->p < r->end && *r->p != ',' && *r->p != '\n') {
			if (*r->p++ == '"') {
				return false;
			}
		}
		return true;
	}
	for (;;) {
		while (r->p < r->end && *r->p != '"') {
			r->p++;
		}
		if (!take(r, '"')) {
			return false;
		}
		if (!take(r, '"')) {
			return r->p < r->end && (*r->p == ',' || *r->p == '\n');
		}
	}
}

bool qm_syntax_csv(struct qm_span text)
{
	struct reader r = reader_of(text);
	unsigned columns = 0, n;

	while (r.p < r.end) {
		n = 0;
		do {
			if (!take_csv_field(&r)) {
				return false;
			}
			n++;
		} while (take(&r, ','));
		if (!take(&r, '\n') || (columns && n != columns)) {
			return false;
		}
		columns = n;
	}
	return true;
}
