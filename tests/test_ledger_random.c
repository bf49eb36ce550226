/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ledger against generated histories: the promise holds in all of them.
 *
 * QM_SEQUENCES is how many, QM_SEED where they begin; a failure prints a short
 * history that fails too, in the form that history.h reads.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "promise.h"
#include "random_kit.h"
#include "test.h"

/** Things that happen in a history, at most, and IKE_SAs at a time. */
#define JOBS_MAX 60
#define IKES_MAX 4

/** Histories tried of each length, to find a shorter one that fails. */
#define SHRINK_TRIES 400

/** Half of them are short: what goes wrong early is easily found there. */
static unsigned jobs_of(uint64_t seed)
{
	return 1 + (unsigned)(seed % 2 ? seed / 2 % JOBS_MAX : seed / 2 % (JOBS_MAX / 4));
}

static unsigned ikes_of(uint64_t seed)
{
	return 1 + (unsigned)(seed / 3 % IKES_MAX);
}

typedef int (*run_t)(uint64_t seed, unsigned jobs, unsigned ikes, FILE *print,
					 char wrong[QM_PROMISE_WRONG_MAX]);

/** charon alone, with a kernel, and killed. */
static run_t run_of(uint64_t seed)
{
	static const run_t runs[] = {
		qm_promise_run, qm_promise_run_kernel, qm_promise_run_crash,
	};

	return runs[seed / 12 % 3];
}

/** Looks for a shorter history that fails, from the shortest on. */
static void shrink(run_t run, uint64_t *seed, unsigned *jobs, unsigned *ikes,
				   char wrong[QM_PROMISE_WRONG_MAX])
{
	unsigned shorter, few, try;

	for (shorter = 1; shorter < *jobs; shorter++) {
		for (try = 0; try < SHRINK_TRIES; try++) {
			few = 1 + try % *ikes;
			if (run(*seed + try, shorter, few, NULL, wrong) < 0) {
				*seed += try;
				*jobs = shorter;
				*ikes = few;
				return;
			}
		}
	}
}

static void report(uint64_t seed, unsigned jobs, unsigned ikes)
{
	char wrong[QM_PROMISE_WRONG_MAX];
	const uint64_t first = seed;
	const run_t run = run_of(seed);

	shrink(run, &seed, &jobs, &ikes, wrong);
	fprintf(stderr, "fails with QM_SEED=%" PRIu64 " QM_SEQUENCES=1; shorter, with seed %"
			PRIu64 ", %u jobs, %u IKE_SAs:\n", first, seed, jobs, ikes);
	run(seed, jobs, ikes, stderr, wrong);
	fprintf(stderr, "%s\n", wrong);
}

static void test_promise(void)
{
	const uint64_t sequences = qm_random_sequences();
	const uint64_t first = qm_random_seed();
	char wrong[QM_PROMISE_WRONG_MAX];
	uint64_t i, inputs = 0;
	int taken;

	printf("# %" PRIu64 " histories from QM_SEED=%" PRIu64 "\n", sequences, first);
	for (i = 0; i < sequences; i++) {
		taken = run_of(first + i)(first + i, jobs_of(first + i), ikes_of(first + i), NULL,
								  wrong);
		if (taken < 0) {
			report(first + i, jobs_of(first + i), ikes_of(first + i));
			CU_FAIL("the promise is broken");
			return;
		}
		inputs += (unsigned)taken;
	}
	printf("# %" PRIu64 " inputs, %" PRIu64 " established, %" PRIu64 " ended\n", inputs,
		   qm_promise_events[QM_EVENT_ESTABLISHED], qm_promise_events[QM_EVENT_ENDED]);
	printf("# %" PRIu64 " updates\n", qm_promise_updates);
	CU_ASSERT(qm_promise_updates > 0 || sequences < 1000);
	printf("# %" PRIu64 " ended with all counters, %" PRIu64 " strays, %" PRIu64
		   " gaps\n", qm_promise_exact, qm_promise_events[QM_EVENT_UNKNOWN_SA],
		   qm_promise_events[QM_EVENT_LOST]);
}

/** That all that can be told has been, or the histories are not worth much. */
static void test_reach(void)
{
	unsigned reason;

	for (reason = 0; reason < QM_REASON_MAX; reason++) {
		printf("# %s %" PRIu64 "\n", qm_reason_name(reason), qm_promise_reasons[reason]);
		if (qm_random_sequences() >= 1000) {
			CU_ASSERT(qm_promise_reasons[reason] > 0);
		}
	}
}

CU_TestInfo ledger_random_tests[] = {
	{ "the promise", test_promise },
	{ "all reasons occurred", test_reach },
	CU_TEST_INFO_NULL,
};
