/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The limiter in floods: how many records are made of them, and that none of
 * their observations is lost.
 */
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "limiter.h"
#include "test.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define MINUTE 60000

/** Records of a flood by the millisecond in which they were made. */
struct flood {
	struct qm_limiter *limiter;
	struct qm_limiter_rates rates;
	uint32_t random;
	/** from how many addresses */
	unsigned sources;
	/** full records and named summaries; and those of the unnamed by kind */
	unsigned *bounded;
	unsigned *unnamed[QM_LIMIT_KIND_MAX];
	/** full records of the first address */
	unsigned *first;
	uint64_t observed;
	uint64_t recorded;
};

static uint32_t next_random(struct flood *flood)
{
	flood->random = flood->random * 1664525 + 1013904223;
	return flood->random >> 8;
}

static void observe(struct flood *flood, uint64_t ms)
{
	const struct qm_time now = { .wall_ms = ms, .mono_ms = ms };
	const uint32_t source = next_random(flood) % flood->sources;
	const enum qm_limit_kind kind = next_random(flood) % QM_LIMIT_KIND_MAX;
	struct qm_addr addr = { .family = AF_INET };

	memcpy(addr.ip, &source, sizeof(source));
	flood->observed++;
	if (qm_limiter_admit(flood->limiter, kind, &addr, QM_FAULT_UNKNOWN, QM_TRI_NO, now)) {
		flood->recorded++;
		flood->bounded[ms]++;
		flood->first[ms] += source == 0;
	}
}

static void summarize(struct flood *flood, uint64_t ms, bool all)
{
	const struct qm_time now = { .wall_ms = ms, .mono_ms = ms };
	struct qm_summary summary;

	while (qm_limiter_take(flood->limiter, now, all, &summary)) {
		flood->recorded += summary.count;
		if (summary.source.family) {
			flood->bounded[ms]++;
		} else {
			flood->unnamed[summary.kind][ms]++;
		}
	}
}

/** The most that there are in any minute. */
static unsigned most(const unsigned *times, size_t length)
{
	unsigned sum = 0, max = 0;

	for (size_t i = 0; i < length; i++) {
		sum += times[i] - (i >= MINUTE ? times[i - MINUTE] : 0);
		max = sum > max ? sum : max;
	}
	return max;
}

static const struct {
	struct qm_limiter_rates rates;
	size_t capacity;
	unsigned sources;
	/** observations each millisecond, and milliseconds between summaries */
	unsigned each;
	unsigned every;
} floods[] = {
	{ { 10, 100, 10000 }, 64, 1, 2, 1 },
	{ { 10, 100, 10000 }, 64, 64, 2, 1 },
	{ { 10, 100, 10000 }, 64, 5000, 2, 1 },
	{ { 10, 100, 60000 }, 64, 5000, 2, 100 },
	{ { 1, 1, 100 }, 16, 200, 1, 7 },
	{ { 7, 13, 1000 }, 1, 3, 1, 1 },
	{ { 3, 600, 7777 }, 1000, 900, 1, 50 },
};

/** Four minutes of a flood. */
static void run_flood(struct flood *flood, size_t i, uint64_t length)
{
	const size_t bytes = length * sizeof(unsigned);
	uint64_t ms;

	*flood = (struct flood){
		.rates = floods[i].rates,
		.sources = floods[i].sources,
		.bounded = calloc(1, bytes),
		.unnamed = { calloc(1, bytes), calloc(1, bytes) },
		.first = calloc(1, bytes),
	};
	QM_OK_FATAL(qm_limiter_new(&flood->limiter, floods[i].capacity, &flood->rates));
	for (ms = 0; ms < length; ms++) {
		for (unsigned n = 0; n < floods[i].each; n++) {
			observe(flood, ms);
		}
		if (ms % floods[i].every == 0) {
			summarize(flood, ms, false);
		}
	}
	QM_INT(flood->recorded + qm_limiter_held(flood->limiter), flood->observed);
}

static void end_flood(struct flood *flood)
{
	flood->limiter = qm_limiter_free(flood->limiter);
	free(flood->bounded);
	free(flood->unnamed[0]);
	free(flood->unnamed[1]);
	free(flood->first);
}

static void test_bounds(void)
{
	const uint64_t length = 4 * MINUTE;
	struct flood flood;

	for (size_t i = 0; i < COUNT(floods); i++) {
		const struct qm_limiter_rates *rates = &floods[i].rates;
		const unsigned summaries = (MINUTE - 1) / rates->interval_ms + 1;

		run_flood(&flood, i, length);
		/* what can be written at once, and what comes in the minute */
		CU_ASSERT(most(flood.bounded, length) <= 2 * rates->total);
		if (floods[i].sources <= floods[i].capacity) {
			CU_ASSERT(most(flood.first, length) <= 2 * rates->source);
		}
		CU_ASSERT(most(flood.unnamed[0], length) <= summaries);
		CU_ASSERT(most(flood.unnamed[1], length) <= summaries);
		/* nor is less written than may be */
		if (floods[i].sources > 1) {
			CU_ASSERT(most(flood.bounded, length) >= 2 * rates->total - 1);
		}
		summarize(&flood, length - 1, true);
		QM_INT(flood.recorded, flood.observed);
		end_flood(&flood);
	}
}

/** As many sources as a table has by default, and many more that want in. */
static void test_crowd(void)
{
	const struct qm_limiter_rates rates = { 5, 0, 1000 };
	const unsigned capacity = 4096, crowd = 50000, rounds = 4;
	struct qm_limiter *limiter = NULL;
	struct qm_addr addr = { .family = AF_INET6 };
	struct qm_time now = { 0 };
	struct qm_summary summary;
	uint64_t recorded = 0, named = 0;
	unsigned i;

	QM_OK_FATAL(qm_limiter_new(&limiter, capacity, &rates));
	for (i = 0; i < rounds * crowd; i++) {
		const unsigned source = i % crowd;

		memcpy(addr.ip, &source, sizeof(source));
		addr.port = (uint16_t)i;
		for (unsigned n = 0; n < 7; n++) {
			recorded += qm_limiter_admit(limiter, QM_LIMIT_PACKET, &addr,
										 QM_FAULT_REPLAYED, QM_TRI_NO, now);
		}
	}
	QM_INT(recorded, 5 * rounds * crowd);
	QM_INT(qm_limiter_held(limiter), 2 * rounds * crowd);
	now.mono_ms = 1000;
	while (qm_limiter_take(limiter, now, false, &summary)) {
		recorded += summary.count;
		named += summary.source.family == AF_INET6;
		CU_ASSERT(summary.source.family || !summary.source.port);
	}
	QM_INT(named, capacity);
	QM_INT(recorded, 7 * rounds * crowd);
	QM_INT(qm_limiter_held(limiter), 0);
	qm_limiter_free(limiter);
}

CU_TestInfo limiter_flood_tests[] = {
	{ "records in a minute are within bounds", test_bounds },
	{ "none of a crowd is lost", test_crowd },
	CU_TEST_INFO_NULL,
};
