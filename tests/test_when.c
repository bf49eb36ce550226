/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "when.h"

#include <errno.h>
#include <stdlib.h>

#include "filter.h"
#include "test.h"

/* Wednesday, 2026-03-04 15:06:07 in Berlin */
#define NOW 1772633167

static const struct {
	const char *text;
	uint64_t start;
	uint64_t end;
} times[] = {
	{ "now", 1772633167000, 1772633167999 },
	{ "recent", 1772632567000, 1772632567999 },
	{ "this-hour", 1772632800000, 1772632800999 },
	{ "today", 1772578800000, 1772578800999 },
	{ "yesterday", 1772492400000, 1772492400999 },
	{ "this-week", 1772319600000, 1772319600999 },
	{ "week-ago", 1771974000000, 1771974000999 },
	{ "this-month", 1772319600000, 1772319600999 },
	{ "this-year", 1767222000000, 1767222000999 },
	{ "03/04/2026", 1772578800000, 1772665199999 },
	{ "3/4/26", 1772578800000, 1772665199999 },
	{ "2026-03-04", 1772578800000, 1772665199999 },
	{ "03/04/2026 10:00:00", 1772614800000, 1772614800999 },
	{ "03/04/2026 10:00", 1772614800000, 1772614859999 },
	{ "2026-03-04 10:00:00", 1772614800000, 1772614800999 },
	{ "2026-03-04T10:00:00Z", 1772618400000, 1772618400999 },
	{ "2026-03-04T10:00:00.5Z", 1772618400500, 1772618400500 },
	{ "2026-03-04T10:00:00.1234567Z", 1772618400123, 1772618400123 },
	{ "2026-03-04T10:00:00+02:00", 1772611200000, 1772611200999 },
	{ "2026-03-04T10:00:00-05:30", 1772638200000, 1772638200999 },
	{ "2026-03-04T10:00Z", 1772618400000, 1772618459999 },
	{ "10:00", 1772614800000, 1772614859999 },
	{ "10:00:01", 1772614801000, 1772614801999 },
	{ "@1772633167", 1772633167000, 1772633167999 },
	/* the clock goes forward, and back */
	{ "2026-03-29 04:00:00", 1774749600000, 1774749600999 },
	{ "2026-10-25 04:00:00", 1792897200000, 1792897200999 },
};

static void test_forms(void)
{
	uint64_t ms;

	setenv("TZ", "Europe/Berlin", 1);
	tzset();
	for (size_t i = 0; i < sizeof(times) / sizeof(times[0]); i++) {
		ms = 0;
		QM_OK(qm_when_parse(times[i].text, false, NOW, &ms));
		QM_INT(ms, times[i].start);
		QM_OK(qm_when_parse(times[i].text, true, NOW, &ms));
		QM_INT(ms, times[i].end);
	}
}

static void test_bad(void)
{
	static const char *const bad[] = {
		"",
		"noon",
		"todayx",
		"13/01/2026",
		"00/01/2026",
		"02/32/2026",
		"1/1",
		"@",
		"@-1",
		"@1x",
		"@99999999999999999999",
		"2026-03-04T",
		"2026-03-04T10",
		"10:",
		":10",
		"10:60",
		"24:00",
		"10:00:61",
		"10:00:0x",
		"10:00:",
		"2026-03-04x",
		"2026-03-04 10:00:00 ",
		"2026-03-04T10:00:00+1",
		"2026-03-04T10:00:00Zx",
		"1969-12-31T23:59:59Z",
		"-5:00",
		"99999-01-01",
	};
	uint64_t ms = 4711;

	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		QM_FAILS(qm_when_parse(bad[i], false, NOW, &ms), -EINVAL);
	}
	QM_INT(ms, 4711);
}

static void test_peers(void)
{
	static const char *const bad[] = {
		"",          "x",          "1.2.3",
		"1.2.3.4/",  "1.2.3.4/33", "1.2.3.4/-1",
		"::1/129",   "1.2.3.4/8x", "gw",
		"1.2.3.4.5", "::1%eth0",   "1111:2222:3333:4444:5555:6666:7777:8888:9999:0"
	};
	struct qm_filter filter;

	qm_filter_init(&filter);
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		QM_FAILS(qm_filter_peer(&filter, bad[i]), -EINVAL);
	}
	QM_OK(qm_filter_peer(&filter, "2001:db8::/33"));
	QM_INT(filter.peer_bits, 33);
}

CU_TestInfo when_tests[] = {
	{ "reads every form, as a beginning and as an end", test_forms },
	{ "refuses what is no time", test_bad },
	{ "refuses what is no peer", test_peers },
	CU_TEST_INFO_NULL,
};
