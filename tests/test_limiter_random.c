/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The limiter against its model: sequences of observations, summaries, changes of
 * rates and leaps of time, at random. Both answer the same in each step.
 *
 * QM_SEQUENCES is how many, QM_SEED where they begin.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include "limiter_pair.h"
#include "random_kit.h"
#include "test.h"

#define STEPS_MAX 160

/** A sequence in the making. */
struct run {
	struct qm_limiter_pair pair;
	uint64_t random;
	struct qm_time now;
	/** /64s and IPv4 addresses that observations come from */
	unsigned sources;
	/** what it reached, over all sequences */
	uint64_t steps;
	uint64_t admitted;
	uint64_t named;
	uint64_t unnamed;
	/** observations that were left when all was taken at the end */
	uint64_t left;
};

/* splitmix64: good also from seeds that follow one another */
static uint64_t next_random(struct run *run)
{
	uint64_t n = run->random += UINT64_C(0x9e3779b97f4a7c15);

	n = (n ^ n >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	n = (n ^ n >> 27) * UINT64_C(0x94d049bb133111eb);
	return n ^ n >> 31;
}

static unsigned below(struct run *run, unsigned n)
{
	return (unsigned)(next_random(run) % n);
}

/** IPv4, IPv6, IPv4 as IPv6, unknown; few of each, with what is to be ignored. */
static struct qm_addr random_addr(struct run *run)
{
	static const uint8_t mapped[12] = { [10] = 0xff, 0xff };
	struct qm_addr addr = { .port = (uint16_t)(500 + below(run, 2)) };
	const unsigned source = below(run, run->sources);

	memset(addr.ip, 0xee, sizeof(addr.ip));
	addr.ip[0] = (uint8_t)source;
	switch (source % 8) {
	case 0:
		addr.family = (uint8_t)(below(run, 2) * 77);
		break;
	case 1:
		addr.family = AF_INET6;
		memcpy(addr.ip, mapped, sizeof(mapped));
		addr.ip[15] = (uint8_t)below(run, 3);
		break;
	case 2:
	case 3:
	case 4:
		addr.family = AF_INET6;
		memset(addr.ip + 8, 0, 8);
		addr.ip[15] = (uint8_t)(below(run, 8) ? 1 : below(run, 3));
		break;
	default:
		addr.family = AF_INET;
		addr.ip[15] = (uint8_t)below(run, 256);
	}
	return addr;
}

/** Steps of all sizes, on two clocks that do not agree; rarely back, or far. */
static void pass_time(struct run *run)
{
	static const uint64_t steps[] = { 0, 1, 10, 999, 6000, 30000, 59999, 60000, 1000000 };
	const unsigned what = below(run, 40);

	if (what < 9) {
		run->now.mono_ms += steps[what];
		run->now.wall_ms += steps[what];
	} else if (what == 9) {
		run->now.wall_ms -= below(run, 5000);
	} else if (what == 10) {
		run->now.mono_ms -= run->now.mono_ms < 5000 ? 0 : below(run, 5000);
	} else if (what < 20) {
		run->now.mono_ms += below(run, 300);
	} else if (what == 20 && !below(run, 50)) {
		run->now.mono_ms = UINT64_MAX - below(run, 2);
	}
}

static struct qm_observation random_observation(struct run *run)
{
	const bool same = below(run, 4);

	return (struct qm_observation){
		.kind = below(run, 3) ? QM_LIMIT_PACKET : QM_LIMIT_NEGOTIATION,
		.source = random_addr(run),
		.fault = same ? QM_FAULT_BAD_INTEGRITY : below(run, QM_FAULT_SEVERAL),
		.authenticated = same ? QM_TRI_NO : below(run, QM_TRI_MAX),
		.now = run->now,
	};
}

/** Mostly few records, so that they run out. */
static struct qm_limiter_rates random_rates(struct run *run)
{
	static const uint32_t rates[] = { 0, 1, 1, 2, 3, 5, 10, 600, UINT32_MAX };
	static const uint32_t intervals[] = { 1, 20, 1000, 5000, 60000, UINT32_MAX };

	return (struct qm_limiter_rates){
		.source = rates[below(run, 9)],
		.total = rates[below(run, 9)],
		.interval_ms = intervals[below(run, 6)],
	};
}

static void take_some(struct run *run, bool all)
{
	const bool until_none = below(run, 2);

	while (qm_limiter_pair_take(&run->pair, run->now, all) && until_none &&
		   !run->pair.wrong) {
	}
}

static void step(struct run *run)
{
	const unsigned what = below(run, 100);
	struct qm_observation observation = random_observation(run);
	struct qm_limiter_rates rates;

	pass_time(run);
	if (what < 75) {
		qm_limiter_pair_admit(&run->pair, &observation);
	} else if (what < 80) {
		/* only what was admitted can come back */
		if (run->pair.admitted > run->pair.returned) {
			qm_limiter_pair_hold(&run->pair, &observation);
		}
	} else if (what < 97) {
		take_some(run, what == 96);
	} else {
		rates = random_rates(run);
		qm_limiter_pair_set_rates(&run->pair, &rates);
	}
}

/** @return what is wrong, NULL if nothing is */
static const char *run_sequence(struct run *run, uint64_t seed)
{
	struct qm_limiter_pair *pair = &run->pair;
	struct qm_limiter_rates rates;
	unsigned steps;

	run->random = seed;
	run->now = (struct qm_time){ .wall_ms = 1700000000000, .mono_ms = below(run, 9999) };
	steps = 1 + below(run, STEPS_MAX);
	run->sources = 1 + below(run, 16);
	rates = random_rates(run);
	QM_OK_FATAL(qm_limiter_pair_init(pair, 1 + below(run, 6), &rates));
	for (; steps && !pair->wrong; steps--) {
		step(run);
		run->steps++;
	}
	run->left += qm_limiter_held(pair->limiter);
	qm_limiter_pair_end(pair, run->now);
	run->admitted += pair->admitted;
	run->named += pair->named;
	run->unnamed += pair->unnamed;
	return pair->wrong;
}

static void test_model(void)
{
	static struct run run;
	const uint64_t sequences = qm_random_sequences();
	const uint64_t first = qm_random_seed();
	const char *wrong;
	uint64_t i;

	printf("# %" PRIu64 " sequences from QM_SEED=%" PRIu64 "\n", sequences, first);
	for (i = 0; i < sequences; i++) {
		wrong = run_sequence(&run, first + i);
		if (wrong) {
			fprintf(stderr, "fails with QM_SEED=%" PRIu64 " QM_SEQUENCES=1: %s\n",
					first + i, wrong);
			CU_FAIL("limiter and model differ");
			return;
		}
	}
	printf("# %" PRIu64 " steps, %" PRIu64 " admitted, %" PRIu64 " left at the end\n",
		   run.steps, run.admitted, run.left);
	printf("# %" PRIu64 " summaries of a source, %" PRIu64 " of several\n", run.named,
		   run.unnamed);
	if (sequences >= 1000) {
		CU_ASSERT(run.admitted && run.named && run.unnamed && run.left);
	}
}

CU_TestInfo limiter_random_tests[] = {
	{ "limiter and model answer the same", test_model },
	CU_TEST_INFO_NULL,
};
