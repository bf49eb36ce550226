/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

struct state {
	const struct qm_json_reader *reader;
	struct qm_complaint *why;
	const char *begin;
	const char *at;
	const char *end;
	unsigned depth;
	size_t path_len;
	char path[QM_JSON_PATH];
};

static int read_value(struct state *state);

static int fail(struct state *state, const char *what)
{
	return qm_complain(state->why, -EBADMSG, 0, "no JSON: %s at byte %td", what,
					   state->at - state->begin + 1);
}

static void skip_blanks(struct state *state)
{
	while (state->at < state->end && (*state->at == ' ' || *state->at == '\t' ||
									  *state->at == '\n' || *state->at == '\r')) {
		state->at++;
	}
}

/** Whether `c` is next; then takes it. */
static bool take(struct state *state, char c)
{
	if (state->at == state->end || *state->at != c) {
		return false;
	}
	state->at++;
	return true;
}

static bool is_digit(const struct state *state)
{
	return state->at < state->end && *state->at >= '0' && *state->at <= '9';
}

static bool skip_digits(struct state *state)
{
	const char *from = state->at;

	while (is_digit(state)) {
		state->at++;
	}
	return state->at > from;
}

static int read_number(struct state *state, struct qm_json_value *ret)
{
	const char *from = state->at;

	take(state, '-');
	if (!take(state, '0') && !skip_digits(state)) {
		return fail(state, "no value");
	}
	if (take(state, '.') && !skip_digits(state)) {
		return fail(state, "a number without decimals");
	}
	if (take(state, 'e') || take(state, 'E')) {
		if (!take(state, '+')) {
			take(state, '-');
		}
		if (!skip_digits(state)) {
			return fail(state, "a number without an exponent");
		}
	}
	ret->kind = QM_JSON_NUMBER;
	ret->raw = (struct qm_span){ from, (size_t)(state->at - from) };
	return 0;
}

static bool is_hex(char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'f') || (c >= 'A' && c <= 'F');
}

static bool skip_escape(struct state *state)
{
	if (state->at == state->end) {
		return false;
	}
	if (*state->at != 'u') {
		return *state->at && strchr("\"\\/bfnrt", *state->at++);
	}
	state->at++;
	for (int i = 0; i < 4; i++, state->at++) {
		if (state->at == state->end || !is_hex(*state->at)) {
			return false;
		}
	}
	return true;
}

/** Reads what is between quotes, the first of which is taken. */
static int read_string(struct state *state, struct qm_span *ret)
{
	const char *from = state->at;

	while (state->at < state->end && *state->at != '"') {
		if ((unsigned char)*state->at < 0x20) {
			return fail(state, "a control character");
		}
		if (*state->at++ == '\\' && !skip_escape(state)) {
			return fail(state, "an escape that is none");
		}
	}
	*ret = (struct qm_span){ from, (size_t)(state->at - from) };
	return take(state, '"') ? 0 : fail(state, "it ends within a string");
}

static bool take_word(struct state *state, const char *word)
{
	const size_t len = strlen(word);

	if ((size_t)(state->end - state->at) < len || memcmp(state->at, word, len)) {
		return false;
	}
	state->at += len;
	return true;
}

static int read_scalar(struct state *state)
{
	struct qm_json_value value = { .kind = QM_JSON_NULL };
	int r = 0;

	if (take(state, '"')) {
		value.kind = QM_JSON_STRING;
		r = read_string(state, &value.raw);
	} else if (take_word(state, "true")) {
		value = (struct qm_json_value){ .kind = QM_JSON_BOOL, .truth = true };
	} else if (take_word(state, "false")) {
		value.kind = QM_JSON_BOOL;
	} else if (!take_word(state, "null")) {
		r = read_number(state, &value);
	}
	return r ? r : state->reader->value(state->reader->user, state->path, &value,
										state->why);
}

/** Goes into a member, or an element. @return what to go back to */
static size_t enter(struct state *state, struct qm_span name)
{
	const size_t before = state->path_len;
	const bool dot = before && name.s[0] != '[';
	const bool fits = name.len + dot + 1 <= sizeof(state->path) - 2 - before;

	if (fits) {
		snprintf(state->path + before, sizeof(state->path) - before, "%s%.*s",
				 dot ? "." : "", (int)name.len, name.s);
	} else {
		snprintf(state->path + before, sizeof(state->path) - before, "?");
	}
	state->path_len = strlen(state->path);
	return before;
}

static void leave(struct state *state, size_t before)
{
	state->path_len = before;
	state->path[before] = '\0';
}

static int read_member(struct state *state)
{
	struct qm_span name;
	size_t before;
	int r;

	skip_blanks(state);
	if (!take(state, '"')) {
		return fail(state, "no name of a member");
	}
	r = read_string(state, &name);
	if (r) {
		return r;
	}
	skip_blanks(state);
	if (!take(state, ':')) {
		return fail(state, "no colon");
	}
	before = enter(state, name.len ? name : QM_SPAN("?"));
	r = read_value(state);
	leave(state, before);
	return r;
}

static int read_element(struct state *state)
{
	const size_t before = enter(state, QM_SPAN("[]"));
	int r = state->reader->element(state->reader->user, state->path, state->why);

	if (!r) {
		r = read_value(state);
	}
	leave(state, before);
	return r;
}

/** Reads what is in an object or array, of which the beginning is taken. */
static int read_all(struct state *state, char end, int (*read)(struct state *state))
{
	int r;

	skip_blanks(state);
	if (take(state, end)) {
		return 0;
	}
	do {
		r = read(state);
		if (r) {
			return r;
		}
		skip_blanks(state);
	} while (take(state, ','));
	return take(state, end) ? 0 : fail(state, "neither a comma nor the end of an object "
											  "or array");
}

static int read_value(struct state *state)
{
	int r;

	skip_blanks(state);
	if (state->at == state->end) {
		return fail(state, "it ends too early");
	}
	if (*state->at != '{' && *state->at != '[') {
		return read_scalar(state);
	}
	if (state->depth == QM_JSON_DEPTH) {
		return fail(state, "too deep");
	}
	state->depth++;
	r = *state->at++ == '{' ? read_all(state, '}', read_member) :
							  read_all(state, ']', read_element);
	state->depth--;
	return r;
}

int qm_json_read(struct qm_span text, const struct qm_json_reader *reader,
				 struct qm_complaint *why)
{
	struct state state = {
		.reader = reader,
		.why = why,
		.begin = text.s,
		.at = text.s,
		.end = text.s + text.len,
	};
	int r = read_value(&state);

	skip_blanks(&state);
	if (!r && state.at < state.end) {
		r = fail(&state, "something after its end");
	}
	return r;
}

/** Bytes of a character in UTF-8, at least of what its first byte says it is. */
static size_t encode(unsigned code, char ret[4])
{
	if (code < 0x80) {
		ret[0] = (char)code;
		return 1;
	}
	if (code < 0x800) {
		ret[0] = (char)(0xc0 | code >> 6);
		ret[1] = (char)(0x80 | (code & 0x3f));
		return 2;
	}
	if (code < 0x10000) {
		ret[0] = (char)(0xe0 | code >> 12);
		ret[1] = (char)(0x80 | (code >> 6 & 0x3f));
		ret[2] = (char)(0x80 | (code & 0x3f));
		return 3;
	}
	ret[0] = (char)(0xf0 | code >> 18);
	ret[1] = (char)(0x80 | (code >> 12 & 0x3f));
	ret[2] = (char)(0x80 | (code >> 6 & 0x3f));
	ret[3] = (char)(0x80 | (code & 0x3f));
	return 4;
}

/** Reads u and four digits. */
static unsigned hex4(const char *s)
{
	const char digits[5] = { s[1], s[2], s[3], s[4], '\0' };

	return (unsigned)strtoul(digits, NULL, 16);
}

/** Reads what follows a backslash. @return bytes read */
static size_t unescape(struct qm_span rest, unsigned *ret)
{
	static const char names[] = "bfnrt", codes[] = "\b\f\n\r\t";
	const char *name = strchr(names, rest.s[0]);
	unsigned low;

	if (rest.s[0] != 'u') {
		*ret = name ? (unsigned char)codes[name - names] : (unsigned char)rest.s[0];
		return 1;
	}
	*ret = hex4(rest.s);
	if ((*ret & 0xfc00) == 0xd800 && rest.len >= 11 && rest.s[5] == '\\' &&
		rest.s[6] == 'u') {
		low = hex4(rest.s + 6);
		if ((low & 0xfc00) == 0xdc00) {
			*ret = 0x10000 + ((*ret & 0x3ff) << 10) + (low & 0x3ff);
			return 11;
		}
	}
	if (!*ret || (*ret & 0xf800) == 0xd800) {
		*ret = 0xfffd;
	}
	return 5;
}

size_t qm_json_string(struct qm_span raw, char *ret, size_t size)
{
	size_t len = 0;

	for (size_t i = 0; i < raw.len;) {
		char bytes[4] = { raw.s[i] };
		size_t n = 1;
		unsigned code;

		if (raw.s[i++] == '\\') {
			i += unescape(qm_span_after(raw, i), &code);
			n = encode(code, bytes);
		} else {
			while (n < sizeof(bytes) && i < raw.len && (raw.s[i] & 0xc0) == 0x80) {
				bytes[n++] = raw.s[i++];
			}
		}
		if (n >= size - len) {
			break;
		}
		memcpy(ret + len, bytes, n);
		len += n;
	}
	ret[len] = '\0';
	return len;
}

/** Takes digits into a number. @return 0 or -ERANGE */
static int take_digits(struct qm_span *text, uint64_t *n)
{
	while (text->len && *text->s >= '0' && *text->s <= '9') {
		if (__builtin_mul_overflow(*n, UINT64_C(10), n) ||
			__builtin_add_overflow(*n, (uint64_t)(*text->s - '0'), n)) {
			return -ERANGE;
		}
		*text = qm_span_after(*text, 1);
	}
	return 0;
}

int qm_json_u64(struct qm_span raw, uint64_t *ret)
{
	uint64_t n = 0;

	if (take_digits(&raw, &n) < 0 || raw.len) {
		return -ERANGE;
	}
	*ret = n;
	return 0;
}

int qm_json_milli(struct qm_span raw, uint64_t *ret)
{
	uint64_t n = 0, thousandths = 0;

	if (take_digits(&raw, &n) < 0 || __builtin_mul_overflow(n, UINT64_C(1000), &n)) {
		return -ERANGE;
	}
	if (raw.len && *raw.s == '.') {
		raw = qm_span_after(raw, 1);
		for (unsigned unit = 100; raw.len && *raw.s >= '0' && *raw.s <= '9'; unit /= 10) {
			thousandths += unit * (uint64_t)(*raw.s - '0');
			raw = qm_span_after(raw, 1);
		}
	}
	if (raw.len || __builtin_add_overflow(n, thousandths, ret)) {
		return -ERANGE;
	}
	return 0;
}
