/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "text.h"

#include <netinet/in.h>
#include <string.h>

#include "samples.h"
#include "test.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static char buf[1024];

static struct qm_writer *fresh(void)
{
	static struct qm_writer w;

	qm_writer_init(&w, buf, sizeof(buf));
	return &w;
}

static void test_fields(void)
{
	struct qm_writer *w = fresh();

	QM_STR(buf, "");
	qm_writer_field(w, "op");
	qm_writer_string(w, "start");
	qm_writer_field(w, "reqid");
	qm_writer_number(w, 3, 1);
	QM_STR(buf, "op=start reqid=3");
	QM_INT(w->len, strlen(buf));
	CU_ASSERT_FALSE(w->full);
}

static const struct {
	uint64_t n;
	unsigned digits;
	const char *text;
} numbers[] = {
	{ 0, 1, "0" },
	{ 0, 3, "000" },
	{ 7, 3, "007" },
	{ 999, 3, "999" },
	{ 1000, 3, "1000" },
	{ UINT32_MAX, 1, "4294967295" },
	{ UINT64_MAX, 1, "18446744073709551615" },
	{ UINT64_MAX, 99, "18446744073709551615" },
	{ 1, 99, "00000000000000000001" },
};

static void test_numbers(void)
{
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		qm_writer_number(fresh(), numbers[i].n, numbers[i].digits);
		QM_STR(buf, numbers[i].text);
	}
	qm_writer_hex(fresh(), 0);
	QM_STR(buf, "0x0");
	qm_writer_hex(fresh(), 0xc1234567);
	QM_STR(buf, "0xc1234567");
	qm_writer_hex(fresh(), UINT32_MAX);
	QM_STR(buf, "0xffffffff");
}

/** Writes one of each into a text of `size` bytes and looks for what spilled. */
static void fill(size_t size)
{
	struct qm_text text = { .len = 3, .s = "a b" };
	const struct qm_addr addr = qm_sample_addr("192.0.2.1", 0);
	char small[96];
	struct qm_writer w;

	memset(small, '#', sizeof(small));
	qm_writer_init(&w, small, size);
	qm_writer_field(&w, "op");
	qm_writer_word(&w, "word", SIZE_MAX);
	qm_writer_untrusted(&w, &text);
	qm_writer_addr(&w, &addr);
	qm_writer_spi(&w, 1);
	qm_writer_dashed(&w, "A_b");
	qm_writer_ike_spi(&w, 1);
	QM_INT(w.full,
		   size <= strlen("op=word612062192.0.2.11(0x1)a-b0000000000000001"));
	QM_INT(strlen(small), w.len);
	CU_ASSERT(w.len < size);
	for (size_t i = size; i < sizeof(small); i++) {
		QM_INT(small[i], '#');
	}
}

static void test_bounds(void)
{
	for (size_t size = 1; size < 64; size++) {
		fill(size);
	}
}

static void test_full_stays_full(void)
{
	char small[8];
	struct qm_writer w;

	qm_writer_init(&w, small, sizeof(small));
	qm_writer_string(&w, "1234");
	qm_writer_string(&w, "56789");
	CU_ASSERT_TRUE(w.full);
	QM_STR(small, "1234");
	qm_writer_string(&w, "5");
	qm_writer_spi(&w, 0);
	qm_writer_dashed(&w, "A");
	qm_writer_ike_spi(&w, 0);
	QM_STR(small, "1234");
}

static const struct {
	const char *bytes;
	const char *encoded;
} untrusted[] = {
	{ "", "?" },
	{ "?", "\"?\"" },
	{ "gw.example.org", "\"gw.example.org\"" },
	{ "C=CH,O=x,CN=y/!#$%&()*+-:;<>@[\\]^_`{|}~",
	  "\"C=CH,O=x,CN=y/!#$%&()*+-:;<>@[\\]^_`{|}~\"" },
	{ "CAFE", "\"CAFE\"" },
	{ "C=CH, O=strongSwan", "433D43482C204F3D7374726F6E675377616E" },
	{ " ", "20" },
	{ "\"", "22" },
	{ "'", "27" },
	{ "\x7f", "7F" },
	{ "\x80\xff", "80FF" },
	{ "\t\n\r\x1b\x1d", "090A0D1B1D" },
	{ "z\xc3\xbcrich", "7AC3BC72696368" },
	{ "x\" res=success op=start", "7822207265733D73756363657373206F703D7374617274" },
};

static void test_untrusted(void)
{
	struct qm_text text;

	for (size_t i = 0; i < COUNT(untrusted); i++) {
		qm_sample_text(&text, untrusted[i].bytes);
		qm_writer_untrusted(fresh(), &text);
		QM_STR(buf, untrusted[i].encoded);
	}
}

static void test_untrusted_any_byte(void)
{
	struct qm_text text = { .len = 1 };

	for (int c = 0; c < 256; c++) {
		bool plain = c >= 0x21 && c <= 0x7e && c != '"' && c != '\'';

		text.s[0] = (char)c;
		qm_writer_untrusted(fresh(), &text);
		QM_INT(buf[0] == '"', plain);
		QM_INT(strlen(buf), plain ? 3 : 2);
	}
}

static void test_untrusted_bad_length(void)
{
	struct qm_text text = { .len = UINT16_MAX };

	memset(text.s, 'x', sizeof(text.s));
	qm_writer_untrusted(fresh(), &text);
	QM_INT(strlen(buf), QM_TEXT_MAX + 2);
}

static const struct {
	const char *word;
	size_t max;
	const char *written;
} words[] = {
	{ NULL, 32, "?" },
	{ "", 32, "?" },
	{ "AES_CBC", 0, "?" },
	{ "AES_CBC", 32, "AES_CBC" },
	{ "AES_CBC", 3, "AES" },
	{ "a b\"c'd=e\n\xff", 32, "a_b_c_d_e__" },
};

static void test_words(void)
{
	for (size_t i = 0; i < COUNT(words); i++) {
		qm_writer_word(fresh(), words[i].word, words[i].max);
		QM_STR(buf, words[i].written);
	}
}

static void test_addresses(void)
{
	static const char *const pairs[][2] = {
		{ "192.0.2.1", "192.0.2.1" },
		{ "0.0.0.0", "0.0.0.0" },
		{ "2001:db8::1", "2001:db8::1" },
		{ "2001:DB8:0:0:0:0:0:A", "2001:db8::a" },
		{ "2001:db8::", "2001:db8::0" },
		{ "::", "::0" },
		{ "::ffff:192.0.2.1", "::ffff:192.0.2.1" },
	};
	struct qm_addr addr = { 0 };

	qm_writer_addr(fresh(), &addr);
	QM_STR(buf, "?");
	for (size_t i = 0; i < COUNT(pairs); i++) {
		addr = qm_sample_addr(pairs[i][0], 500);
		qm_writer_addr(fresh(), &addr);
		QM_STR(buf, pairs[i][1]);
	}
}

static void test_spis(void)
{
	qm_writer_spi(fresh(), 0);
	QM_STR(buf, "?");
	qm_writer_spi(fresh(), 0xc1234567);
	QM_STR(buf, "3240314215(0xc1234567)");
	qm_writer_spi(fresh(), 0xfff);
	QM_STR(buf, "4095(0xfff)");
	qm_writer_spi(fresh(), UINT32_MAX);
	QM_STR(buf, "4294967295(0xffffffff)");
}

static void test_ike_spis(void)
{
	qm_writer_ike_spi(fresh(), 0);
	QM_STR(buf, "0000000000000000");
	qm_writer_ike_spi(fresh(), 0x0123456789abcdef);
	QM_STR(buf, "0123456789abcdef");
	qm_writer_ike_spi(fresh(), 0xfedcba9876543210);
	QM_STR(buf, "fedcba9876543210");
	qm_writer_ike_spi(fresh(), UINT64_MAX);
	QM_STR(buf, "ffffffffffffffff");
}

static void test_dashed(void)
{
	static const char *const pairs[][2] = {
		{ "", "" },
		{ "NO_PROPOSAL_CHOSEN", "no-proposal-chosen" },
		{ "TS_UNACCEPTABLE", "ts-unacceptable" },
		{ "USE_ASSIGNED_HoA", "use-assigned-hoa" },
		{ "_A1_z9_", "-a1-z9-" },
	};

	for (size_t i = 0; i < COUNT(pairs); i++) {
		qm_writer_dashed(fresh(), pairs[i][0]);
		QM_STR(buf, pairs[i][1]);
	}
}

static const struct {
	const char *from;
	const char *to;
	uint8_t proto;
	uint16_t from_port;
	uint16_t to_port;
	const char *text;
} selectors[] = {
	{ "0.0.0.0", "255.255.255.255", 0, 0, 65535, "0.0.0.0/0" },
	{ "10.1.0.0", "10.1.255.255", 0, 0, 65535, "10.1.0.0/16" },
	{ "10.1.2.3", "10.1.2.3", 0, 0, 65535, "10.1.2.3/32" },
	{ "10.1.0.0", "10.1.0.1", 0, 0, 65535, "10.1.0.0/31" },
	{ "10.1.0.1", "10.1.0.9", 0, 0, 65535, "10.1.0.1..10.1.0.9" },
	{ "10.1.0.1", "10.1.0.2", 0, 0, 65535, "10.1.0.1..10.1.0.2" },
	{ "10.1.0.9", "10.1.0.1", 0, 0, 65535, "10.1.0.9..10.1.0.1" },
	{ "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 0, 0, 65535, "::/0" },
	{ "2001:db8::", "2001:db8:ffff:ffff:ffff:ffff:ffff:ffff", 0, 0, 65535,
	  "2001:db8::/32" },
	{ "fe80::1", "fe80::1", 0, 0, 65535, "fe80::1/128" },
	{ "2001:db8::1", "2001:db8:1::", 0, 0, 65535, "2001:db8::1..2001:db8:1::0" },
	{ "10.1.0.0", "10.1.255.255", 6, 0, 65535, "10.1.0.0/16[tcp]" },
	{ "10.1.0.0", "10.1.255.255", 6, 80, 80, "10.1.0.0/16[tcp/80]" },
	{ "10.1.0.0", "10.1.255.255", 17, 1024, 65535, "10.1.0.0/16[udp/1024-65535]" },
	{ "10.1.0.0", "10.1.255.255", 17, 0, 0, "10.1.0.0/16[udp/0]" },
	{ "10.1.0.0", "10.1.255.255", 17, 1, 65535, "10.1.0.0/16[udp/1-65535]" },
	{ "10.1.0.0", "10.1.255.255", 17, 0, 65534, "10.1.0.0/16[udp/0-65534]" },
	{ "10.1.0.0", "10.1.255.255", 6, 65535, 0, "10.1.0.0/16[tcp/OPAQUE]" },
	{ "10.1.0.0", "10.1.255.255", 0, 53, 53, "10.1.0.0/16[0/53]" },
	{ "10.1.0.0", "10.1.255.255", 1, 0x0800, 0x0800, "10.1.0.0/16[icmp/8]" },
	{ "10.1.0.0", "10.1.255.255", 1, 0x0301, 0x0301, "10.1.0.0/16[icmp/3(1)]" },
	{ "10.1.0.0", "10.1.255.255", 1, 0x0800, 0x08ff, "10.1.0.0/16[icmp/8-8(255)]" },
	{ "10.1.0.0", "10.1.255.255", 1, 65535, 0, "10.1.0.0/16[icmp/OPAQUE]" },
	{ "::", "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff", 58, 0x8000, 0x8000,
	  "::/0[ipv6-icmp/128]" },
	{ "10.0.0.1", "10.0.0.1", 47, 0, 65535, "10.0.0.1/32[gre]" },
	{ "10.0.0.1", "10.0.0.1", 50, 0, 65535, "10.0.0.1/32[esp]" },
	{ "10.0.0.1", "10.0.0.1", 51, 0, 65535, "10.0.0.1/32[ah]" },
	{ "10.0.0.1", "10.0.0.1", 89, 0, 65535, "10.0.0.1/32[ospf]" },
	{ "10.0.0.1", "10.0.0.1", 132, 0, 65535, "10.0.0.1/32[sctp]" },
	{ "10.0.0.1", "10.0.0.1", 255, 0, 65535, "10.0.0.1/32[255]" },
};

static void test_selectors(void)
{
	struct qm_ts_list list;

	for (size_t i = 0; i < COUNT(selectors); i++) {
		list = (struct qm_ts_list){ 0 };
		qm_sample_add(&list, qm_sample_ts_port(selectors[i].from, selectors[i].to,
											   selectors[i].proto, selectors[i].from_port,
											   selectors[i].to_port));
		qm_writer_ts_list(fresh(), &list);
		QM_STR(buf, selectors[i].text);
	}
}

static void test_selector_lists(void)
{
	struct qm_ts_list list = { 0 };

	qm_writer_ts_list(fresh(), &list);
	QM_STR(buf, "?");
	qm_sample_add(&list, qm_sample_ts("10.1.0.0", "10.1.255.255"));
	qm_sample_add(&list, qm_sample_ts("2001:db8::1", "2001:db8:1::"));
	qm_sample_add(&list, qm_sample_ts_port("10.2.0.0", "10.2.0.255", 6, 80, 80));
	qm_writer_ts_list(fresh(), &list);
	QM_STR(buf, "10.1.0.0/16,2001:db8::1..2001:db8:1::0,10.2.0.0/24[tcp/80]");
	list.total = 20;
	qm_writer_ts_list(fresh(), &list);
	QM_STR(buf, "10.1.0.0/16,2001:db8::1..2001:db8:1::0,10.2.0.0/24[tcp/80],+17");
	list.ts[1].family = 0;
	list.total = 3;
	qm_writer_ts_list(fresh(), &list);
	QM_STR(buf, "10.1.0.0/16,?,10.2.0.0/24[tcp/80]");
}

static void test_selector_list_bad_count(void)
{
	struct qm_ts_list list = { .count = UINT8_MAX, .total = UINT8_MAX };

	qm_writer_ts_list(fresh(), &list);
	QM_STR(buf, "?,?,?,?,?,?,?,?,+247");
}

static void test_set_short(void)
{
	char s[QM_TEXT_MAX];
	struct qm_text text = { .len = 9 };

	qm_text_set(&text, NULL, 0);
	QM_INT(text.len, 0);
	memset(s, 'x', sizeof(s));
	qm_text_set(&text, s, sizeof(s));
	QM_INT(text.len, QM_TEXT_MAX);
	CU_ASSERT(!memcmp(text.s, s, sizeof(s)));
}

/** Cuts `at` bytes of ASCII, then `character` over and over. */
static size_t cut_length(size_t at, const char *character)
{
	char s[QM_TEXT_MAX + 8];
	size_t len = strlen(character);
	struct qm_text text;

	memset(s, 'x', sizeof(s));
	for (size_t i = at; i + len <= sizeof(s); i += len) {
		memcpy(s + i, character, len);
	}
	qm_text_set(&text, s, sizeof(s));
	CU_ASSERT(text.len > 3 && !memcmp(text.s + text.len - 3, "...", 3));
	CU_ASSERT(!memcmp(text.s, s, text.len - 3));
	return text.len - 3;
}

static void test_set_cuts_at_characters(void)
{
	static const char *const characters[] = { "x", "\xc3\xbc", "\xe2\x82\xac",
											  "\xf0\x9f\x94\x91" };
	const size_t room = QM_TEXT_MAX - 3;

	for (size_t i = 0; i < COUNT(characters); i++) {
		size_t len = strlen(characters[i]);

		for (size_t at = 0; at < len; at++) {
			QM_INT(cut_length(at, characters[i]), room - (room - at) % len);
		}
	}
	/* bytes that are no UTF-8 have no edge to look for */
	QM_INT(cut_length(0, "\x80"), room);
	/* what ends just there is whole */
	QM_INT(cut_length(room, "\xc3\xbc"), room);
}

static void test_set_any_length(void)
{
	static const char s[2000] = "";
	struct qm_text text;

	for (size_t len = QM_TEXT_MAX + 1; len < sizeof(s); len++) {
		qm_text_set(&text, s, len);
		QM_INT(text.len, QM_TEXT_MAX);
	}
}

CU_TestInfo text_tests[] = {
	{ "fields are separated by one blank", test_fields },
	{ "numbers", test_numbers },
	{ "no size of buffer is overrun", test_bounds },
	{ "a full text stays as it is", test_full_stays_full },
	{ "untrusted strings are quoted or encoded", test_untrusted },
	{ "every byte is quoted or encoded", test_untrusted_any_byte },
	{ "a length beyond the text is not believed", test_untrusted_bad_length },
	{ "words cannot end a value", test_words },
	{ "addresses", test_addresses },
	{ "SPIs are printed as the kernel does", test_spis },
	{ "SPIs of IKE_SAs are printed as charon does", test_ike_spis },
	{ "names become words with dashes", test_dashed },
	{ "selectors", test_selectors },
	{ "lists of selectors", test_selector_lists },
	{ "a count beyond the list is not believed", test_selector_list_bad_count },
	{ "a text that fits is kept", test_set_short },
	{ "a long text is cut between characters", test_set_cuts_at_characters },
	{ "a long text has the same length, however long", test_set_any_length },
	CU_TEST_INFO_NULL,
};
