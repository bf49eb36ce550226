/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "value.h"

#include <stdlib.h>

#include "selector.h"
#include "test.h"

static char buf[4096];

static const struct {
	const char *bytes;
	const char *clean;
} texts[] = {
	{ "", "" },
	{ "plain ~", "plain ~" },
	{ "back\\slash", "back\\slash" },
	{ "J\xc3\xbcrg", "J\xc3\xbcrg" },
	{ "\xe2\x82\xac \xf0\x9f\x94\x92", "\xe2\x82\xac \xf0\x9f\x94\x92" },
	/* control characters, C1 among them */
	{ "a\x1b[31m", "a\\x1b[31m" },
	{ "\x7f", "\\x7f" },
	{ "\xc2\x9b", "\\xc2\\x9b" },
	{ "a\\\n", "a\\\\\\x0a" },
	/* what is not UTF-8: alone, cut, too long, a surrogate, too high */
	{ "\xff", "\\xff" },
	{ "\x80", "\\x80" },
	{ "\xc3", "\\xc3" },
	{ "\xe2\x82", "\\xe2\\x82" },
	{ "\xc0\xaf", "\\xc0\\xaf" },
	{ "\xe0\x80\xaf", "\\xe0\\x80\\xaf" },
	{ "\xed\xa0\x80", "\\xed\\xa0\\x80" },
	{ "\xf4\x90\x80\x80", "\\xf4\\x90\\x80\\x80" },
	{ "\xf5", "\\xf5" },
	/* noncharacters, the byte order mark, and marks of direction */
	{ "\xef\xbf\xbf", "\\xef\\xbf\\xbf" },
	{ "\xf0\x9f\xbf\xbe", "\\xf0\\x9f\\xbf\\xbe" },
	{ "\xef\xb7\x90", "\\xef\\xb7\\x90" },
	{ "\xef\xbb\xbf", "\\xef\\xbb\\xbf" },
	{ "\xe2\x80\xae", "\\xe2\\x80\\xae" },
	{ "\xe2\x81\xa6", "\\xe2\\x81\\xa6" },
	{ "\xe2\x80\x8f", "\\xe2\\x80\\x8f" },
};

static void is(struct qm_span actual, const char *expected)
{
	char *copy = strndup(actual.s ? actual.s : "", actual.len);

	QM_STR(copy, expected);
	free(copy);
}

static void test_clean(void)
{
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		struct qm_arena arena = { buf, sizeof(buf), 0 };

		is(qm_value_clean(&arena, qm_span_of(texts[i].bytes)), texts[i].clean);
	}
}

static const struct {
	enum qm_key key;
	const char *value;
	const char *text;
} values[] = {
	{ QM_KEY_CONN_NAME, "\"gw\"", "gw" },
	{ QM_KEY_CONN_NAME, "\"\"", "\"\"" },
	{ QM_KEY_CONN_NAME, "\"", "\"" },
	{ QM_KEY_CONN_NAME, "4A22", "J\"" },
	{ QM_KEY_CONN_NAME, "4a22", "4a22" },
	{ QM_KEY_CONN_NAME, "4A2", "4A2" },
	{ QM_KEY_CONN_NAME, "00", "\\x00" },
	/* only names are ever in hexadecimal */
	{ QM_KEY_CIPHER, "4A22", "4A22" },
	{ QM_KEY_IKE_SPI_I, "00112233", "00112233" },
	{ QM_KEY_OTHER, "4A22", "4A22" },
	{ QM_KEY_OTHER, "\"a,b\"", "a,b" },
};

static void test_decode(void)
{
	for (size_t i = 0; i < sizeof(values) / sizeof(values[0]); i++) {
		struct qm_arena arena = { buf, sizeof(buf), 0 };

		/* an empty quoted text is no more than its quotes */
		is(qm_value_decode(&arena, values[i].key, true, qm_span_of(values[i].value)),
		   strcmp(values[i].value, "\"\"") ? values[i].text : "");
	}
}

static void test_join(void)
{
	struct qm_arena arena = { buf, sizeof(buf), 0 };
	struct qm_span text = qm_arena_join(&arena, qm_span_of("a"), qm_span_of("bc"));

	is(text, "abc");
	text = qm_arena_join(&arena, text, qm_span_of("d"));
	is(text, "abcd");
	is(qm_arena_join(&arena, (struct qm_span){ 0 }, text), "abcd");
	arena = (struct qm_arena){ buf, 3, 0 };
	is(qm_arena_join(&arena, qm_span_of("wxyz"), qm_span_of("v")), "");
	is(qm_arena_join(&arena, qm_span_of("wx"), qm_span_of("yz")), "wx");
}

/** Where there is no room, there is no text, and nothing is written beyond. */
static void test_full(void)
{
	char small[4] = "abc";
	struct qm_arena arena = { small, 3, 0 };

	is(qm_value_clean(&arena, qm_span_of("\xff")), "");
	is(qm_arena_copy(&arena, qm_span_of("abcd")), "");
	is(qm_arena_print(&arena, "%d", 1234), "");
	is(qm_arena_number(&arena, 1234), "");
	is(qm_value_decode(&arena, QM_KEY_CONN_NAME, true, qm_span_of("4A4B4C4D4E4F5051")),
	   "4A4B4C4D4E4F5051");
	is(qm_arena_copy(&arena, qm_span_of("xyz")), "xyz");
	QM_INT(small[3], '\0');
}

static const struct {
	const char *list;
	const char *address;
	const char *mask;
	const char *port;
	const char *proto;
	bool whole;
} selectors[] = {
	{ "10.1.0.0/16", "10.1.0.0", "255.255.0.0", "0", "0", true },
	{ "0.0.0.0/0", "0.0.0.0", "0.0.0.0", "0", "0", true },
	{ "192.0.2.1/32", "192.0.2.1", "255.255.255.255", "0", "0", true },
	{ "192.0.2.1/33", "192.0.2.1", "", "0", "0", true },
	{ "2001:db8::/32", "2001:db8::", "32", "0", "0", true },
	{ "10.1.0.0/16,10.2.0.0/16", "10.1.0.0", "255.255.0.0", "0", "0", false },
	{ "10.1.0.0/16,+7", "10.1.0.0", "255.255.0.0", "0", "0", false },
	{ "10.1.0.1..10.1.0.9", "10.1.0.1", "", "0", "0", false },
	{ "2001:db8::1..2001:db8::9", "2001:db8::1", "", "0", "0", false },
	{ "10.1.0.0/16[tcp/80]", "10.1.0.0", "255.255.0.0", "80", "6", true },
	{ "10.1.0.0/16[udp]", "10.1.0.0", "255.255.0.0", "0", "17", true },
	{ "10.1.0.0/16[250]", "10.1.0.0", "255.255.0.0", "0", "250", true },
	{ "10.1.0.0/16[tcp/80-90]", "10.1.0.0", "255.255.0.0", "", "6", false },
	{ "10.1.0.0/16[tcp/OPAQUE]", "10.1.0.0", "255.255.0.0", "", "6", false },
	{ "10.1.0.0/16[icmp/8]", "10.1.0.0", "255.255.0.0", "8", "1", true },
	{ "10.1.0.0/16[icmp/8(3)]", "10.1.0.0", "255.255.0.0", "8", "1", false },
	{ "10.1.0.0/16[icmp/8(3)-9(1)]", "10.1.0.0", "255.255.0.0", "", "1", false },
	{ "?", "", "", "", "", false },
	{ "", "", "", "", "", false },
	{ "?,10.0.0.0/8", "", "", "", "", false },
};

static void test_selectors(void)
{
	for (size_t i = 0; i < sizeof(selectors) / sizeof(selectors[0]); i++) {
		const struct qm_selector actual = qm_selector_read(qm_span_of(selectors[i].list));

		is(actual.address, selectors[i].address);
		is(actual.mask, selectors[i].mask);
		is(actual.port, selectors[i].port);
		is(actual.proto, selectors[i].proto);
		QM_INT(actual.whole, selectors[i].whole);
	}
	is(qm_selector_address(qm_span_of("2001:db8::0")), "2001:db8::");
	is(qm_selector_address(qm_span_of("2001:db8::10")), "2001:db8::10");
	is(qm_selector_address(qm_span_of("192.0.2.0")), "192.0.2.0");
	is(qm_selector_proto(qm_span_of("nonsense")), "");
}

CU_TestInfo value_tests[] = {
	{ "makes any bytes fit to be printed", test_clean },
	{ "decodes values", test_decode },
	{ "joins texts", test_join },
	{ "keeps within its room", test_full },
	{ "reads the first selector", test_selectors },
	CU_TEST_INFO_NULL,
};
