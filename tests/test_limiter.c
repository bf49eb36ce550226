/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "limiter.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "test.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define WALL UINT64_C(1700000000000)
#define INTERVAL 5000

#define V4(a, b, c, d, p) { .family = AF_INET, .port = (p), .ip = { a, b, c, d } }
#define V6(net, host, p) \
	{ .family = AF_INET6, .port = (p), .ip = { 0x20, 0x01, [7] = (net), [15] = (host) } }

static const struct qm_addr peer = V4(198, 51, 100, 7, 500);
static const struct qm_addr others[] = {
	V4(198, 51, 100, 8, 500), V4(198, 51, 100, 9, 500), V6(1, 1, 500), V6(2, 1, 500),
	{ .family = 0 },
};
static const struct qm_addr nobody;

static struct qm_limiter *make_limiter(size_t sources, uint32_t source, uint32_t total)
{
	const struct qm_limiter_rates rates = { source, total, INTERVAL };
	struct qm_limiter *limiter = NULL;

	QM_OK_FATAL(qm_limiter_new(&limiter, sources, &rates));
	return limiter;
}

static void set_rates(struct qm_limiter *limiter, uint32_t source, uint32_t total)
{
	const struct qm_limiter_rates rates = { source, total, INTERVAL };

	qm_limiter_set_rates(limiter, &rates);
}

static struct qm_time at(uint64_t ms)
{
	return (struct qm_time){ .wall_ms = WALL + ms, .mono_ms = ms };
}

static bool admit(struct qm_limiter *limiter, const struct qm_addr *source, uint64_t ms)
{
	return qm_limiter_admit(limiter, QM_LIMIT_PACKET, source, QM_FAULT_MALFORMED,
							QM_TRI_NO, at(ms));
}

/** Tries some at a time. @return how many were admitted */
static unsigned admit_some(struct qm_limiter *limiter, const struct qm_addr *source,
						   uint64_t ms, unsigned n)
{
	unsigned admitted = 0;

	while (n--) {
		admitted += admit(limiter, source, ms);
	}
	return admitted;
}

static struct qm_summary take(struct qm_limiter *limiter, uint64_t ms, bool all)
{
	struct qm_summary summary = { .count = 0 };

	CU_ASSERT(qm_limiter_take(limiter, at(ms), all, &summary));
	return summary;
}

static void expect_none(struct qm_limiter *limiter, uint64_t ms, bool all)
{
	struct qm_summary summary = { .count = 12345, .since_ms = 67890 };

	CU_ASSERT_FALSE(qm_limiter_take(limiter, at(ms), all, &summary));
	QM_INT(summary.count, 12345);
	QM_INT(summary.since_ms, 67890);
}

static void expect_source(const struct qm_summary *summary, const struct qm_addr *source)
{
	QM_INT(summary->source.family, source->family);
	QM_INT(summary->source.port, source->port);
	CU_ASSERT(!memcmp(summary->source.ip, source->ip, sizeof(source->ip)));
}

/** The next summary is of that source, and of so many. */
static void expect(struct qm_limiter *limiter, uint64_t ms, const struct qm_addr *source,
				   uint64_t count)
{
	struct qm_summary summary = take(limiter, ms, false);

	QM_INT(summary.count, count);
	expect_source(&summary, source);
}

static void test_arguments(void)
{
	const struct qm_limiter_rates rates = { 1, 1, 1 }, no_interval = { 1, 1, 0 };
	struct qm_limiter *const before = (struct qm_limiter *)&(char){ 0 };
	struct qm_limiter *limiter = before;

	QM_FAILS(qm_limiter_new(&limiter, 0, &rates), -EINVAL);
	QM_FAILS(qm_limiter_new(&limiter, 1, &no_interval), -EINVAL);
	QM_FAILS(qm_limiter_new(&limiter, SIZE_MAX, &rates), -EINVAL);
	QM_FAILS(qm_limiter_new(&limiter, SIZE_MAX / sizeof(struct qm_summary), &rates),
			 -EINVAL);
	CU_ASSERT_PTR_EQUAL(limiter, before);
	CU_ASSERT_PTR_NULL(qm_limiter_free(NULL));
	CU_ASSERT_PTR_NULL(qm_limiter_free(make_limiter(1, 0, 0)));
	limiter = make_limiter(1, 1, 1);
	QM_INT(qm_limiter_held(limiter), 0);
	expect_none(limiter, 0, false);
	expect_none(limiter, UINT64_MAX, true);
	qm_limiter_free(limiter);
}

/** So many at once, then one each time that the rate gives one. */
static void test_rate(void)
{
	struct qm_limiter *limiter = make_limiter(4, 7, 0);
	uint64_t ms = 1000;

	QM_INT(admit_some(limiter, &peer, ms, 20), 7);
	QM_INT(admit_some(limiter, &others[0], ms, 20), 7);
	/* 60000 / 7 is 8571.4, which is not to be rounded away */
	QM_INT(admit_some(limiter, &peer, ms + 8571, 5), 0);
	QM_INT(admit_some(limiter, &peer, ms + 8572, 5), 1);
	QM_INT(admit_some(limiter, &peer, ms + 17142, 5), 0);
	QM_INT(admit_some(limiter, &peer, ms + 17143, 5), 1);
	QM_INT(admit_some(limiter, &peer, ms + 59999, 9), 4);
	QM_INT(admit_some(limiter, &others[0], ms + 59999, 9), 6);
	QM_INT(admit_some(limiter, &peer, ms + 60000, 9), 1);
	QM_INT(admit_some(limiter, &others[0], ms + 10000000, 20), 7);
	qm_limiter_free(limiter);
}

/** A source that was not admitted because of the others has lost nothing. */
static void test_total(void)
{
	struct qm_limiter *limiter = make_limiter(8, 2, 3);

	QM_INT(admit_some(limiter, &peer, 0, 3), 2);
	QM_INT(admit_some(limiter, &others[0], 0, 1), 1);
	for (size_t i = 0; i < COUNT(others); i++) {
		QM_INT(admit_some(limiter, &others[i], 0, 1), 0);
	}
	QM_INT(admit_some(limiter, &others[1], 20000, 3), 1);
	QM_INT(admit_some(limiter, &others[1], 40000, 3), 1);
	QM_INT(admit_some(limiter, &others[1], 60000, 3), 1);
	QM_INT(admit_some(limiter, &peer, 60000, 3), 0);
	qm_limiter_free(limiter);
}

static void test_no_limits(void)
{
	struct qm_limiter *limiter = make_limiter(1, 0, 1);
	size_t i;

	for (i = 0; i < 100; i++) {
		CU_ASSERT(admit(limiter, &others[i % COUNT(others)], 0));
	}
	QM_INT(qm_limiter_held(limiter), 0);
	/* the limit to all is none to their sum alone */
	set_rates(limiter, 50, 0);
	QM_INT(admit_some(limiter, &peer, 0, 100), 50);
	for (i = 0; i < COUNT(others); i++) {
		QM_INT(admit_some(limiter, &others[i], 0, 50), 50);
	}
	qm_limiter_free(limiter);
}

static void test_summary(void)
{
	struct qm_limiter *limiter = make_limiter(4, 1, 0);
	struct qm_summary summary;

	CU_ASSERT(admit(limiter, &peer, 100));
	CU_ASSERT_FALSE(admit(limiter, &peer, 200));
	CU_ASSERT_FALSE(admit(limiter, &peer, 3000));
	CU_ASSERT_FALSE(admit(limiter, &peer, 4000));
	QM_INT(qm_limiter_held(limiter), 3);
	expect_none(limiter, 200 + INTERVAL - 1, false);
	summary = take(limiter, 200 + INTERVAL, false);
	QM_INT(summary.kind, QM_LIMIT_PACKET);
	QM_INT(summary.count, 3);
	QM_INT(summary.since_ms, WALL + 200);
	QM_INT(summary.last_ms, WALL + 4000);
	QM_INT(summary.fault, QM_FAULT_MALFORMED);
	QM_INT(summary.authenticated, QM_TRI_NO);
	expect_source(&summary, &peer);
	QM_INT(qm_limiter_held(limiter), 0);
	expect_none(limiter, 200 + INTERVAL, true);
	qm_limiter_free(limiter);
}

static void test_order(void)
{
	struct qm_limiter *limiter = make_limiter(8, 1, 0);
	size_t i;

	for (i = 0; i < COUNT(others); i++) {
		QM_INT(admit_some(limiter, &others[i], 10 * i, 2), 1);
	}
	/* more of the first does not change whose turn it is */
	QM_INT(admit_some(limiter, &others[0], 100, 5), 0);
	expect_none(limiter, INTERVAL - 1, false);
	expect(limiter, INTERVAL, &others[0], 6);
	expect_none(limiter, INTERVAL + 9, false);
	for (i = 1; i < COUNT(others); i++) {
		expect(limiter, INTERVAL + 100, &others[i], 1);
	}
	expect_none(limiter, INTERVAL + 100, true);
	qm_limiter_free(limiter);
}

/** Observations of one source, and what their summary says of it. */
static const struct {
	struct qm_addr from[3];
	struct qm_addr source;
} mixed[] = {
	{ { V4(1, 2, 3, 4, 5), V4(1, 2, 3, 4, 5), V4(1, 2, 3, 4, 5) }, V4(1, 2, 3, 4, 5) },
	{ { V4(1, 2, 3, 4, 5), V4(1, 2, 3, 4, 6), V4(1, 2, 3, 4, 5) }, V4(1, 2, 3, 4, 0) },
	{ { V6(1, 1, 5), V6(1, 1, 5), V6(1, 1, 5) }, V6(1, 1, 5) },
	{ { V6(1, 1, 5), V6(1, 1, 5), V6(1, 1, 6) }, V6(1, 1, 0) },
	{ { V6(1, 1, 5), V6(1, 2, 5), V6(1, 1, 5) }, V6(1, 0, 0) },
	{ { V6(1, 0, 5), V6(1, 0, 5), V6(1, 2, 5) }, V6(1, 0, 0) },
	{ { { .family = 0, .port = 5, .ip = { 1 } }, { .family = 99 }, { .family = 1 } },
	  { .family = 0 } },
};

static void test_addresses(void)
{
	for (size_t i = 0; i < COUNT(mixed); i++) {
		struct qm_limiter *limiter = make_limiter(4, 1, 0);
		struct qm_summary summary;

		CU_ASSERT(admit(limiter, &mixed[i].from[0], 0));
		for (size_t j = 0; j < COUNT(mixed[i].from); j++) {
			CU_ASSERT_FALSE(admit(limiter, &mixed[i].from[j], 0));
		}
		summary = take(limiter, INTERVAL, false);
		QM_INT(summary.count, COUNT(mixed[i].from));
		expect_source(&summary, &mixed[i].source);
		qm_limiter_free(limiter);
	}
}

/** What is in an IPv4 address's place beyond it is neither compared nor kept. */
static void test_rest_of_ipv4(void)
{
	struct qm_limiter *limiter = make_limiter(4, 1, 0);
	struct qm_addr dirty = peer;

	memset(dirty.ip + 4, 0xee, sizeof(dirty.ip) - 4);
	CU_ASSERT(admit(limiter, &peer, 0));
	CU_ASSERT_FALSE(admit(limiter, &dirty, 0));
	CU_ASSERT_FALSE(admit(limiter, &peer, 0));
	expect(limiter, INTERVAL, &peer, 2);
	/* nor is an IPv6 address the same that begins alike */
	dirty.family = AF_INET6;
	CU_ASSERT(admit(limiter, &dirty, 0));
	memset(dirty.ip + 4, 0, sizeof(dirty.ip) - 4);
	CU_ASSERT(admit(limiter, &dirty, 0));
	qm_limiter_free(limiter);
}

/** The kinds share what may be written, and are counted apart. */
static void test_kinds(void)
{
	struct qm_limiter *limiter = make_limiter(4, 1, 0);
	struct qm_summary summary;

	CU_ASSERT(qm_limiter_admit(limiter, QM_LIMIT_NEGOTIATION, &peer, QM_FAULT_UNKNOWN,
							   QM_TRI_NO, at(0)));
	CU_ASSERT_FALSE(admit(limiter, &peer, 0));
	CU_ASSERT_FALSE(qm_limiter_admit(limiter, QM_LIMIT_NEGOTIATION, &peer,
									 QM_FAULT_UNKNOWN, QM_TRI_YES, at(1)));
	CU_ASSERT_FALSE(admit(limiter, &peer, 2));
	summary = take(limiter, INTERVAL, false);
	QM_INT(summary.kind, QM_LIMIT_PACKET);
	QM_INT(summary.count, 2);
	expect_none(limiter, INTERVAL, false);
	summary = take(limiter, INTERVAL + 1, false);
	QM_INT(summary.kind, QM_LIMIT_NEGOTIATION);
	QM_INT(summary.count, 1);
	QM_INT(summary.fault, QM_FAULT_UNKNOWN);
	QM_INT(summary.authenticated, QM_TRI_YES);
	qm_limiter_free(limiter);
}

static void test_faults(void)
{
	struct qm_limiter *limiter = make_limiter(4, 1, 0);
	struct qm_summary summary;

	CU_ASSERT(admit(limiter, &peer, 0));
	CU_ASSERT_FALSE(admit(limiter, &peer, 0));
	CU_ASSERT_FALSE(qm_limiter_admit(limiter, QM_LIMIT_PACKET, &peer, QM_FAULT_REPLAYED,
									 QM_TRI_NO, at(0)));
	CU_ASSERT_FALSE(admit(limiter, &peer, 0));
	summary = take(limiter, INTERVAL, false);
	QM_INT(summary.fault, QM_FAULT_SEVERAL);
	QM_INT(summary.authenticated, QM_TRI_NO);
	CU_ASSERT_FALSE(admit(limiter, &peer, INTERVAL));
	CU_ASSERT_FALSE(qm_limiter_admit(limiter, QM_LIMIT_PACKET, &peer, QM_FAULT_MALFORMED,
									 QM_TRI_YES, at(INTERVAL)));
	CU_ASSERT_FALSE(admit(limiter, &peer, INTERVAL));
	summary = take(limiter, 2 * INTERVAL, false);
	QM_INT(summary.fault, QM_FAULT_MALFORMED);
	QM_INT(summary.authenticated, QM_TRI_UNKNOWN);
	qm_limiter_free(limiter);
}

/** The source not seen for longest makes room; its count is not lost. */
static void test_eviction(void)
{
	struct qm_limiter *limiter = make_limiter(3, 1, 0);
	struct qm_summary summary;

	QM_INT(admit_some(limiter, &others[0], 10, 4), 1);
	QM_INT(admit_some(limiter, &others[1], 20, 3), 1);
	QM_INT(admit_some(limiter, &others[2], 30, 2), 1);
	QM_INT(admit_some(limiter, &others[0], 40, 1), 0);
	/* the second goes, and then the third */
	QM_INT(admit_some(limiter, &others[3], 50, 1), 1);
	QM_INT(admit_some(limiter, &peer, 60, 1), 1);
	QM_INT(qm_limiter_held(limiter), 4 + 2 + 1);
	expect(limiter, 2 * INTERVAL, &others[0], 4);
	summary = take(limiter, 2 * INTERVAL, false);
	expect_source(&summary, &nobody);
	QM_INT(summary.count, 2 + 1);
	QM_INT(summary.since_ms, WALL + 20);
	QM_INT(summary.last_ms, WALL + 30);
	/* forgotten, and new */
	QM_INT(admit_some(limiter, &others[1], 2 * INTERVAL, 2), 1);
	expect(limiter, 3 * INTERVAL, &others[1], 1);
	expect_none(limiter, 3 * INTERVAL, true);
	qm_limiter_free(limiter);
}

/** Without a token of all, there is one summary of everybody in an interval. */
static void test_unnamed(void)
{
	struct qm_limiter *limiter = make_limiter(8, 1, 1);

	QM_INT(admit_some(limiter, &peer, INTERVAL, 2), 1);
	QM_INT(admit_some(limiter, &others[0], INTERVAL + 10, 3), 0);
	QM_INT(admit_some(limiter, &others[1], INTERVAL + 20, 4), 0);
	expect(limiter, 2 * INTERVAL, &nobody, 1);
	expect_none(limiter, 2 * INTERVAL + 10, false);
	expect_none(limiter, 2 * INTERVAL + 20, false);
	expect_none(limiter, 3 * INTERVAL - 1, false);
	QM_INT(admit_some(limiter, &others[0], 3 * INTERVAL - 1, 1), 0);
	expect(limiter, 3 * INTERVAL, &nobody, 3 + 4);
	QM_INT(qm_limiter_held(limiter), 1);
	/* in the minute that has passed, there is a token for one of them again */
	QM_INT(admit_some(limiter, &others[1], 3 * INTERVAL + 5, 1), 0);
	expect(limiter, INTERVAL + 60000, &others[0], 1);
	expect(limiter, INTERVAL + 60000, &nobody, 1);
	expect_none(limiter, INTERVAL + 60000, true);
	qm_limiter_free(limiter);
}

static void test_all(void)
{
	struct qm_limiter *limiter = make_limiter(8, 1, 4);
	uint64_t sum = 0;
	size_t i, n = 0;

	for (i = 0; i < 3; i++) {
		QM_INT(admit_some(limiter, &others[i], 0, 3), 1);
	}
	CU_ASSERT_FALSE(qm_limiter_admit(limiter, QM_LIMIT_NEGOTIATION, &others[0],
									 QM_FAULT_UNKNOWN, QM_TRI_NO, at(0)));
	expect_none(limiter, 0, false);
	while (qm_limiter_held(limiter)) {
		struct qm_summary summary = take(limiter, 0, true);

		/* one token was left */
		expect_source(&summary, n ? &nobody : &others[0]);
		sum += summary.count;
		n++;
	}
	QM_INT(n, 3);
	QM_INT(sum, 7);
	expect_none(limiter, 0, true);
	qm_limiter_free(limiter);
}

static void test_hold(void)
{
	struct qm_limiter *limiter = make_limiter(2, 3, 0);
	struct qm_summary summary;

	CU_ASSERT(admit(limiter, &peer, 0));
	qm_limiter_hold(limiter, QM_LIMIT_PACKET, &peer, QM_FAULT_MALFORMED, QM_TRI_NO,
					at(7));
	QM_INT(qm_limiter_held(limiter), 1);
	/* it does not get its token back */
	QM_INT(admit_some(limiter, &peer, 8, 5), 2);
	summary = take(limiter, 7 + INTERVAL, false);
	QM_INT(summary.count, 1 + 3);
	QM_INT(summary.since_ms, WALL + 7);
	/* one that is not in the table, and while there are no limits */
	set_rates(limiter, 0, 0);
	qm_limiter_hold(limiter, QM_LIMIT_NEGOTIATION, &others[0], QM_FAULT_UNKNOWN,
					QM_TRI_NO, at(9));
	expect(limiter, 9 + 2 * INTERVAL, &others[0], 1);
	qm_limiter_free(limiter);
}

static void test_set_rates(void)
{
	struct qm_limiter *limiter = make_limiter(4, 10, 20);

	QM_INT(admit_some(limiter, &peer, 0, 4), 4);
	/* of 3 that it can hold it lacks 3 */
	set_rates(limiter, 3, 20);
	QM_INT(admit_some(limiter, &peer, 0, 2), 0);
	QM_INT(admit_some(limiter, &peer, 20000, 3), 1);
	/* and of 6, as many */
	set_rates(limiter, 6, 20);
	QM_INT(admit_some(limiter, &peer, 20000, 9), 3);
	/* nothing is forgotten, nor in need of a token, while there is no limit */
	set_rates(limiter, 0, 1);
	QM_INT(admit_some(limiter, &peer, 20000, 100), 100);
	expect(limiter, INTERVAL + 20000, &peer, 2 + 2 + 6);
	set_rates(limiter, 2, 1);
	QM_INT(admit_some(limiter, &peer, 20000, 9), 1);
	qm_limiter_free(limiter);
}

/** Time that stands still, goes back, or leaps as far as it can. */
static void test_time(void)
{
	struct qm_limiter *limiter = make_limiter(4, UINT32_MAX, UINT32_MAX);
	struct qm_summary summary;

	QM_INT(admit_some(limiter, &peer, 0, 1000), 1000);
	QM_INT(admit_some(limiter, &peer, UINT64_MAX, 1000), 1000);
	set_rates(limiter, 1, UINT32_MAX);
	QM_INT(admit_some(limiter, &peer, UINT64_MAX, 2), 0);
	QM_INT(admit_some(limiter, &peer, 0, 2), 0);
	QM_INT(admit_some(limiter, &others[0], 5, 2), 1);
	expect_none(limiter, UINT64_MAX, false);
	QM_INT(take(limiter, 0, true).count, 4);
	QM_INT(take(limiter, 0, true).count, 1);
	qm_limiter_free(limiter);

	/* products of which only 64 bits, or 32, are left would be too small */
	limiter = make_limiter(4, 2, 0);
	QM_INT(admit_some(limiter, &peer, 0, 3), 2);
	QM_INT(admit_some(limiter, &peer, UINT64_C(1) << 63, 3), 2);
	qm_limiter_free(limiter);
	limiter = make_limiter(4, 100000, 100000);
	QM_INT(admit_some(limiter, &peer, 0, 100001), 100000);
	QM_INT(admit_some(limiter, &peer, 60000, 100001), 100000);
	qm_limiter_free(limiter);

	limiter = make_limiter(4, 1, 0);
	QM_INT(admit_some(limiter, &peer, 1000, 2), 1);
	QM_INT(admit_some(limiter, &peer, 500, 1), 0);
	QM_INT(admit_some(limiter, &peer, 60999, 1), 0);
	summary = take(limiter, 0, false);
	QM_INT(summary.count, 3);
	QM_INT(summary.since_ms, WALL + 500);
	QM_INT(summary.last_ms, WALL + 60999);
	CU_ASSERT(admit(limiter, &peer, 61000));
	qm_limiter_free(limiter);
}

CU_TestInfo limiter_tests[] = {
	{ "arguments", test_arguments },
	{ "the rate of a source, to the millisecond", test_rate },
	{ "the rate of all together", test_total },
	{ "no limits", test_no_limits },
	{ "a summary", test_summary },
	{ "summaries come in the order of their first", test_order },
	{ "what a summary says of the source", test_addresses },
	{ "only the address counts", test_rest_of_ipv4 },
	{ "kinds", test_kinds },
	{ "faults and origins", test_faults },
	{ "a source makes room", test_eviction },
	{ "summaries are within bounds too", test_unnamed },
	{ "all that is left", test_all },
	{ "what could not be written", test_hold },
	{ "other rates", test_set_rates },
	{ "any time", test_time },
	CU_TEST_INFO_NULL,
};
