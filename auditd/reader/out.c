/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "out.h"

#include <errno.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/** What is written at once. */
#define CHUNK 262144

/** 1 in each of eight bytes. */
#define ONES (UINT64_MAX / 255)

void qm_out_init(struct qm_out *out, int fd)
{
	*out = (struct qm_out){ .fd = fd };
}

void qm_out_fini(struct qm_out *out)
{
	free(out->buf);
	*out = (struct qm_out){ .fd = -1 };
}

static void write_all(struct qm_out *out, const char *data, size_t size)
{
	size_t done = 0;

	while (!out->error && done < size) {
		const ssize_t n = write(out->fd, data + done, size - done);

		if (n >= 0) {
			done += (size_t)n;
		} else if (errno != EINTR) {
			out->error = -errno;
		}
	}
}

int qm_out_flush(struct qm_out *out)
{
	if (out->fd >= 0) {
		write_all(out, out->buf, out->len);
		out->len = 0;
	}
	return out->error;
}

void qm_out_pass(struct qm_out *out, struct qm_out *from)
{
	qm_out_flush(out);
	write_all(out, from->buf, from->len);
	from->len = 0;
}

bool qm_out_grow(struct qm_out *out, size_t n)
{
	size_t size = out->size ? out->size : CHUNK;
	char *buf;

	if (out->fd >= 0 && out->len >= CHUNK / 2) {
		qm_out_flush(out);
	}
	while (size - out->len < n) {
		size *= 2;
	}
	if (size == out->size) {
		return true;
	}
	buf = realloc(out->buf, size);
	if (!buf) {
		out->error = out->error ? out->error : -ENOMEM;
		return false;
	}
	out->buf = buf;
	out->size = size;
	return true;
}

void qm_out_string(struct qm_out *out, const char *s)
{
	qm_out_put(out, qm_span_of(s));
}

void qm_out_number(struct qm_out *out, uint64_t n)
{
	char digits[20];
	size_t at = sizeof(digits);

	do {
		digits[--at] = (char)('0' + n % 10);
		n /= 10;
	} while (n);
	qm_out_put(out, (struct qm_span){ digits + at, sizeof(digits) - at });
}

void qm_out_padded(struct qm_out *out, struct qm_span text, size_t width)
{
	size_t chars = 0;

	for (size_t i = 0; i < text.len; i++) {
		chars += (text.s[i] & 0xc0) != 0x80;
	}
	qm_out_put(out, text);
	for (; chars < width; chars++) {
		qm_out_char(out, ' ');
	}
}

/** Whether one of eight bytes is `c`. */
static inline uint64_t has(uint64_t word, unsigned char c)
{
	const uint64_t x = word ^ (ONES * c);

	return (x - ONES) & ~x & (ONES * 0x80);
}

/** Whether one of eight bytes may not stand in JSON as it is. */
static inline uint64_t json_marks(uint64_t word)
{
	return has(word, '"') | has(word, '\\') |
		   ((word - ONES * 0x20) & ~word & (ONES * 0x80));
}

static inline uint64_t xml_marks(uint64_t word)
{
	/* & and ' differ in one bit, as do < and > */
	return has(word, '"') | has(word & (ONES * 0xfe), '&') |
		   has(word & (ONES * 0xfd), '<');
}

static inline uint64_t csv_marks(uint64_t word)
{
	return has(word, ',') | has(word, '"') | has(word, '\n') | has(word, '\r');
}

/** Whether nothing in a text is marked: nearly always. */
static inline bool is_bare(struct qm_span text, uint64_t (*marks)(uint64_t word))
{
	uint64_t word = ONES * ' ', found = 0;
	size_t i;

	if (text.len < sizeof(word)) {
		for (i = 0; i < text.len; i++) {
			word = word << 8 | (unsigned char)text.s[i];
		}
		return !marks(word);
	}
	for (i = 0; text.len - i >= sizeof(word); i += sizeof(word)) {
		memcpy(&word, text.s + i, sizeof(word));
		found |= marks(word);
	}
	/* the rest, with bytes that were looked at before */
	memcpy(&word, text.s + text.len - sizeof(word), sizeof(word));
	return !(found | marks(word));
}

/** What JSON has in place of a byte, or NULL. */
static const char *json_escape(unsigned char c)
{
	static const char *const escapes[] = {
		['\b'] = "\\b", ['\t'] = "\\t", ['\n'] = "\\n", ['\f'] = "\\f", ['\r'] = "\\r",
	};

	if (c == '"') {
		return "\\\"";
	}
	if (c == '\\') {
		return "\\\\";
	}
	return c < sizeof(escapes) / sizeof(escapes[0]) ? escapes[c] : NULL;
}

void qm_out_json(struct qm_out *out, struct qm_span text)
{
	size_t begin = 0;

	if (is_bare(text, json_marks)) {
		qm_out_put(out, text);
		return;
	}
	for (size_t i = 0; i < text.len; i++) {
		const char *escape = json_escape((unsigned char)text.s[i]);

		if (escape) {
			qm_out_put(out, (struct qm_span){ text.s + begin, i - begin });
			qm_out_string(out, escape);
			begin = i + 1;
		}
	}
	qm_out_put(out, qm_span_after(text, begin));
}

static const char *xml_escape(char c)
{
	switch (c) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&apos;";
	default:
		return NULL;
	}
}

void qm_out_xml(struct qm_out *out, struct qm_span text)
{
	size_t begin = 0;

	if (is_bare(text, xml_marks)) {
		qm_out_put(out, text);
		return;
	}
	for (size_t i = 0; i < text.len; i++) {
		const char *escape = xml_escape(text.s[i]);

		if (escape) {
			qm_out_put(out, (struct qm_span){ text.s + begin, i - begin });
			qm_out_string(out, escape);
			begin = i + 1;
		}
	}
	qm_out_put(out, qm_span_after(text, begin));
}

static bool needs_quotes(struct qm_span text)
{
	return !is_bare(text, csv_marks) ||
		   (text.len && (*text.s == ' ' || text.s[text.len - 1] == ' '));
}

void qm_out_csv(struct qm_out *out, struct qm_span text)
{
	if (!needs_quotes(text)) {
		qm_out_put(out, text);
		return;
	}
	qm_out_char(out, '"');
	for (size_t i = 0; i < text.len; i++) {
		if (text.s[i] == '"') {
			qm_out_char(out, '"');
		}
		qm_out_char(out, text.s[i]);
	}
	qm_out_char(out, '"');
}

/** Digits of `n` at the end of `width` bytes, zeros in front. */
static void put_digits(char *at, unsigned width, unsigned n)
{
	while (width) {
		at[--width] = (char)('0' + n % 10);
		n /= 10;
	}
}

/** Appends 2026-11-24Tseparator19:19:19. */
static void put_time(struct qm_out *out, const struct tm *tm, char separator)
{
	char text[19] = "YYYY-MM-DD hh:mm:ss";

	put_digits(text, 4, (unsigned)tm->tm_year + 1900);
	put_digits(text + 5, 2, (unsigned)tm->tm_mon + 1);
	put_digits(text + 8, 2, (unsigned)tm->tm_mday);
	text[10] = separator;
	put_digits(text + 11, 2, (unsigned)tm->tm_hour);
	put_digits(text + 14, 2, (unsigned)tm->tm_min);
	put_digits(text + 17, 2, (unsigned)tm->tm_sec);
	qm_out_put(out, (struct qm_span){ text, sizeof(text) });
}

/** Last second that a form can have: that of the year 9999. */
#define SECONDS_MAX UINT64_C(253402300799)

static time_t seconds_of(uint64_t ms)
{
	return (time_t)(ms / 1000 < SECONDS_MAX ? ms / 1000 : SECONDS_MAX);
}

void qm_out_utc(struct qm_out *out, uint64_t ms)
{
	const time_t seconds = seconds_of(ms);
	char fraction[] = ".0000000Z";
	struct tm tm;

	gmtime_r(&seconds, &tm);
	put_time(out, &tm, 'T');
	put_digits(fraction + 1, 3, (unsigned)(ms % 1000));
	qm_out_put(out, (struct qm_span){ fraction, sizeof(fraction) - 1 });
}

void qm_out_local(struct qm_out *out, uint64_t ms)
{
	const time_t seconds = seconds_of(ms);
	char fraction[] = ".000";
	struct tm tm;

	localtime_r(&seconds, &tm);
	put_time(out, &tm, ' ');
	put_digits(fraction + 1, 3, (unsigned)(ms % 1000));
	qm_out_put(out, (struct qm_span){ fraction, sizeof(fraction) - 1 });
}
