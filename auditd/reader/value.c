/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "value.h"

#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>

/** Bytes of "\xNN". */
#define ESCAPE_LEN 4

struct qm_span qm_arena_copy(struct qm_arena *arena, struct qm_span text)
{
	struct qm_span copy = { arena->buf + arena->used, text.len };

	if (text.len > arena->size - arena->used) {
		return QM_SPAN("");
	}
	if (text.len) {
		memcpy(arena->buf + arena->used, text.s, text.len);
	}
	arena->used += text.len;
	return copy;
}

struct qm_span qm_arena_print(struct qm_arena *arena, const char *format, ...)
{
	char *const at = arena->buf + arena->used;
	const size_t room = arena->size - arena->used;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(at, room, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= room) {
		return QM_SPAN("");
	}
	arena->used += (size_t)n;
	return (struct qm_span){ at, (size_t)n };
}

struct qm_span qm_arena_number(struct qm_arena *arena, uint64_t n)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	return qm_arena_copy(arena, (struct qm_span){ digits + at, sizeof(digits) - at });
}

struct qm_span qm_arena_join(struct qm_arena *arena, struct qm_span a, struct qm_span b)
{
	if (!a.len) {
		return qm_arena_copy(arena, b);
	}
	if (a.s + a.len != arena->buf + arena->used) {
		a = qm_arena_copy(arena, a);
	}
	return a.len ? (struct qm_span){ a.s, a.len + qm_arena_copy(arena, b).len } : a;
}

/** Bytes that a character takes by its first one; 0 for none that begins one. */
static size_t length_of(unsigned char first)
{
	if (first < 0x80) {
		return 1;
	}
	if (first >= 0xc2 && first < 0xe0) {
		return 2;
	}
	if (first >= 0xe0 && first < 0xf0) {
		return 3;
	}
	return first >= 0xf0 && first < 0xf5 ? 4 : 0;
}

/** Reads a character. @return its bytes, or 0 if it is none */
static size_t take_char(const char *s, size_t len, uint32_t *ret)
{
	static const uint32_t least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	static const unsigned char masks[] = { 0, 0x7f, 0x1f, 0x0f, 0x07 };
	const size_t n = length_of((unsigned char)*s);

	if (!n || n > len) {
		return 0;
	}
	*ret = (unsigned char)*s & masks[n];
	for (size_t i = 1; i < n; i++) {
		if (((unsigned char)s[i] & 0xc0) != 0x80) {
			return 0;
		}
		*ret = *ret << 6 | ((unsigned char)s[i] & 0x3f);
	}
	return *ret >= least[n] && *ret <= 0x10ffff ? n : 0;
}

static bool is_printable(uint32_t c)
{
	return c >= 0x20 && (c < 0x7f || c > 0x9f) && (c < 0xd800 || c > 0xdfff) &&
		   (c & 0xfffe) != 0xfffe && (c < 0xfdd0 || c > 0xfdef) &&
		   /* line and paragraph separators, and marks of direction */
		   c != 0x200e && c != 0x200f && (c < 0x2028 || c > 0x202e) &&
		   (c < 0x2066 || c > 0x2069) && c != 0xfeff;
}

/** Bytes of the printable character at `s`, or 0. */
static size_t printable(const char *s, size_t len)
{
	uint32_t c;
	const size_t n = take_char(s, len, &c);

	return n && is_printable(c) ? n : 0;
}

static bool is_clean(struct qm_span text)
{
	size_t n;

	for (size_t i = 0; i < text.len; i += n) {
		n = printable(text.s + i, text.len - i);
		if (!n) {
			return false;
		}
	}
	return true;
}

static size_t escape(char *at, unsigned char c)
{
	static const char digits[] = "0123456789abcdef";

	memcpy(at, (char[]){ '\\', 'x', digits[c >> 4], digits[c & 15] }, ESCAPE_LEN);
	return ESCAPE_LEN;
}

struct qm_span qm_value_clean(struct qm_arena *arena, struct qm_span text)
{
	char *const at = arena->buf + arena->used;
	size_t len = 0, n;

	if (is_clean(text)) {
		return text;
	}
	if (text.len * ESCAPE_LEN > arena->size - arena->used) {
		return QM_SPAN("");
	}
	for (size_t i = 0; i < text.len; i += n ? n : 1) {
		n = printable(text.s + i, text.len - i);
		if (!n) {
			len += escape(at + len, (unsigned char)text.s[i]);
			continue;
		}
		if (text.s[i] == '\\') {
			at[len++] = '\\';
		}
		memcpy(at + len, text.s + i, n);
		len += n;
	}
	arena->used += len;
	return (struct qm_span){ at, len };
}

static int nibble(char c)
{
	if (c >= '0' && c <= '9') {
		return c - '0';
	}
	if (c >= 'A' && c <= 'F') {
		return c - 'A' + 10;
	}
	return -1;
}

/** Decodes upper-case hexadecimal, as libaudit writes it; anything else stays. */
static struct qm_span decode_hex(struct qm_arena *arena, struct qm_span value)
{
	char *const at = arena->buf + arena->used;

	if (!value.len || value.len % 2 || value.len / 2 > arena->size - arena->used) {
		return value;
	}
	for (size_t i = 0; i < value.len; i += 2) {
		const int high = nibble(value.s[i]), low = nibble(value.s[i + 1]);

		if (high < 0 || low < 0) {
			return value;
		}
		at[i / 2] = (char)(high << 4 | low);
	}
	arena->used += value.len / 2;
	return (struct qm_span){ at, value.len / 2 };
}

struct qm_span qm_value_decode(struct qm_arena *arena, enum qm_key key, bool plain,
							   struct qm_span value)
{
	if (value.len > 1 && *value.s == '"' && value.s[value.len - 1] == '"') {
		value = (struct qm_span){ value.s + 1, value.len - 2 };
	} else if (key != QM_KEY_OTHER && qm_keys[key].type == QM_KEY_TEXT) {
		const struct qm_span decoded = decode_hex(arena, value);

		plain = plain && decoded.s == value.s;
		value = decoded;
	}
	return plain ? value : qm_value_clean(arena, value);
}
