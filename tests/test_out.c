/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How values are written: what must be escaped is, wherever it stands in however long
 * a text, and nothing else is.
 */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "out.h"
#include "test.h"

/** Several of the words in which texts are looked at, and a rest. */
#define LEN_MAX 27

struct escape {
	char c;
	const char *text;
};

static const struct escape json[] = {
	{ '"', "\\\"" }, { '\\', "\\\\" }, { '\b', "\\b" }, { '\t', "\\t" },
	{ '\n', "\\n" }, { '\f', "\\f" },  { '\r', "\\r" }, { 0 },
};

static const struct escape xml[] = {
	{ '&', "&amp;" },  { '<', "&lt;" },    { '>', "&gt;" },
	{ '"', "&quot;" }, { '\'', "&apos;" }, { 0 },
};

static const struct escape csv[] = {
	{ '"', "\"\"" }, { ',', "," }, { '\n', "\n" }, { '\r', "\r" }, { 0 },
};

static const char *escape_of(const struct escape *escapes, char c)
{
	for (; escapes->text; escapes++) {
		if (escapes->c == c) {
			return escapes->text;
		}
	}
	return NULL;
}

/** Writes a text with one byte that differs, and compares. @return whether it is right */
static bool is_right(struct qm_out *out, const struct escape *escapes, unsigned len,
					 unsigned at, unsigned char c)
{
	const char *escape = escape_of(escapes, (char)c), *quote = "";
	char text[LEN_MAX], expected[2 * LEN_MAX];
	int n;

	memset(text, 'a', sizeof(text));
	text[at] = (char)c;
	if (escapes == csv && (escape || (c == ' ' && (at == 0 || at + 1 == len)))) {
		quote = "\"";
	}
	n = snprintf(expected, sizeof(expected), "%s%.*s", quote, (int)at, text);
	if (escape) {
		n += snprintf(expected + n, sizeof(expected) - (size_t)n, "%s", escape);
	} else {
		expected[n++] = (char)c;
	}
	n += snprintf(expected + n, sizeof(expected) - (size_t)n, "%.*s%s",
				  (int)(len - at - 1), text + at + 1, quote);
	out->len = 0;
	(escapes == json  ? qm_out_json
	 : escapes == xml ? qm_out_xml
					  : qm_out_csv)(out, (struct qm_span){ text, len });
	return out->len == (size_t)n && !memcmp(out->buf, expected, out->len);
}

static void play(const struct escape *escapes)
{
	unsigned wrong = 0;
	struct qm_out out;

	qm_out_init(&out, -1);
	for (unsigned len = 1; len <= LEN_MAX; len++) {
		for (unsigned at = 0; at < len; at++) {
			for (unsigned c = 0; c < 256; c++) {
				wrong += !is_right(&out, escapes, len, at, (unsigned char)c);
			}
		}
	}
	QM_INT(wrong, 0);
	QM_INT(out.error, 0);
	qm_out_fini(&out);
}

static void test_json(void)
{
	play(json);
}

static void test_xml(void)
{
	play(xml);
}

static void test_csv(void)
{
	play(csv);
}

/** What is passed on comes after what was written before. */
static void test_pass(void)
{
	char text[16] = { 0 };
	struct qm_out out, part;
	int ends[2];

	QM_OK_FATAL(pipe(ends));
	qm_out_init(&out, ends[1]);
	qm_out_init(&part, -1);
	qm_out_pass(&out, &part);
	QM_OUT(&out, "one ");
	QM_OUT(&part, "two ");
	qm_out_pass(&out, &part);
	QM_INT(part.len, 0);
	QM_OUT(&out, "three");
	QM_OK(qm_out_flush(&out));
	QM_INT(read(ends[0], text, sizeof(text) - 1), strlen("one two three"));
	QM_STR(text, "one two three");
	qm_out_fini(&out);
	qm_out_fini(&part);
	close(ends[0]);
	close(ends[1]);
}

CU_TestInfo out_tests[] = {
	{ "each byte at each place, in JSON", test_json },
	{ "each byte at each place, in XML", test_xml },
	{ "each byte at each place, in CSV", test_csv },
	{ "passing on keeps the order", test_pass },
	CU_TEST_INFO_NULL,
};
