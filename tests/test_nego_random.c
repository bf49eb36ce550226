/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ledger and the negotiations of nego_v1.c and nego_v2.c, many at a time, at
 * random: on several IKE_SAs and threads, both ways on one IKE_SA, and IKE_SAs that
 * die under them. Each that fails is told once, just as it is when it is alone, and
 * no other.
 *
 * QM_SEQUENCES and QM_SEED as in test_ledger_random.c.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "nego_world.h"
#include "random_kit.h"
#include "test.h"

/** Failures since the program started, and cases begun and IKE_SAs that died. */
static uint64_t failures, begun, killed;

static const char *run_one(uint64_t seed, unsigned losses, FILE *print)
{
	static struct qm_world world;
	const char *wrong = qm_world_run(&world, seed, losses, print);

	failures += world.failures;
	begun += world.begun;
	killed += world.killed;
	return wrong;
}

static void run_all(unsigned losses)
{
	const uint64_t sequences = qm_random_sequences();
	const uint64_t first = qm_random_seed();

	failures = begun = killed = 0;
	printf("# %" PRIu64 " histories from QM_SEED=%" PRIu64 "\n", sequences, first);
	for (uint64_t i = 0; i < sequences; i++) {
		const char *wrong = run_one(first + i, losses, NULL);

		if (wrong) {
			run_one(first + i, losses, stderr);
			fprintf(stderr, "%s, with QM_SEED=%" PRIu64 " QM_SEQUENCES=1\n", wrong,
					first + i);
			CU_FAIL("a failure is not told, or told of nothing");
			return;
		}
	}
	printf("# %" PRIu64 " negotiations, %" PRIu64 " IKE_SAs that died, %" PRIu64
		   " failures\n", begun, killed, failures);
	CU_ASSERT(failures > 0);
}

static void test_exact(void)
{
	run_all(0);
}

/** With inputs lost on the way there may be fewer, but never more than one each. */
static void test_losses(void)
{
	run_all(12);
}

CU_TestInfo nego_random_tests[] = {
	{ "each failure once", test_exact },
	{ "not more than once if inputs are lost", test_losses },
	CU_TEST_INFO_NULL,
};
