/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mirror on a kernel in which things happen by chance at any time. Whatever they
 * are: once it is quiet, the table is the kernel's; what was told adds up to that; and
 * as long as the kernel dropped nothing, no whole SA is ever found or missed.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

#include "mirror_kit.h"
#include "model_xfrm.h"
#include "random_kit.h"
#include "test.h"

/** Histories for each that random_kit.h has of its kind, which are shorter. */
#define FEWER 10

/** Times in a history at which things begin to happen, and how many do. */
#define ROUNDS 6
#define ACTS 40

/** What has been reached, over all histories. */
static struct {
	uint64_t acts;
	uint64_t dropped;
	uint64_t overruns;
	uint64_t failures;
	uint64_t found;
	uint64_t clean;
} reached;

/** What was told of each SA so far. */
static enum model_state told_state[MODEL_SAS];

static unsigned index_of(const struct qm_xfrm_id *id)
{
	return (id->spi - 1) * 2 + id->mark - 1;
}

/** @return what is wrong, or NULL */
static const char *follow(const struct told *told)
{
	enum model_state *state = &told_state[index_of(&told->sa.id)];
	const struct qm_mirror_event *event = &told->event;

	switch (event->kind) {
	case QM_MIRROR_SA_ADDED:
		if (*state == MODEL_WHOLE || (*state == MODEL_LARVAL && event->larval)) {
			return "added twice";
		}
		*state = event->larval ? MODEL_LARVAL : MODEL_WHOLE;
		return NULL;
	case QM_MIRROR_SA_REMOVED:
		if (event->known != (*state != MODEL_NONE)) {
			return "known, and not told of, or the other way round";
		}
		if (event->known && event->larval != (*state == MODEL_LARVAL)) {
			return "removed as something else";
		}
		*state = MODEL_NONE;
		return NULL;
	case QM_MIRROR_SA_CHANGED:
		return *state == MODEL_WHOLE ? NULL : "changed, and not whole";
	default:
		return NULL;
	}
}

/** Looks at what was told since the last time. @param clean	nothing was dropped */
static const char *follow_all(struct kit *kit, bool clean)
{
	const char *wrong = NULL;

	while (!wrong && kit->seen < kit->count) {
		const struct told *told = &kit->told[kit->seen++];

		wrong = told->event.sa ? follow(told) : NULL;
		if (!wrong && told->event.found) {
			reached.found++;
			if (clean && kit->seen > 1 && !told->event.larval &&
				told->event.kind != QM_MIRROR_SA_CHANGED) {
				wrong = "a whole SA was found, or missed, without need";
			}
		}
	}
	return wrong;
}

static const char *compare(struct kit *kit)
{
	for (unsigned i = 0; i < MODEL_SAS; i++) {
		const struct qm_xfrm_id id = kit_id(model_sa(i));
		enum model_state state = MODEL_NONE;
		struct qm_xfrm_sa sa;
		bool larval;

		if (!qm_mirror_find(kit->mirror, &id, &sa, &larval)) {
			state = larval ? MODEL_LARVAL : MODEL_WHOLE;
			if (sa.reqid != model_sa(i)->reqid ||
				sa.encap.sport != model_sa(i)->sport) {
				return "the table has something else";
			}
		}
		if (state != model_state_of(i)) {
			return "the table has more, or less";
		}
		if (state != told_state[i]) {
			return "what was told is not what there is";
		}
	}
	return NULL;
}

static void gather(const struct kit *kit)
{
	const struct qm_mirror_stats stats = qm_mirror_stats(kit->mirror);

	reached.acts += model_acts();
	reached.dropped += model_dropped();
	reached.overruns += stats.overruns;
	reached.failures += stats.failures;
}

/** A history. @return what is wrong, or NULL */
static const char *run(uint64_t seed)
{
	const struct model_chances quiet = { 0 };
	const struct model_chances busy = { .act = 10 + seed % 7 * 30,
										.acts = ACTS,
										.buffer = seed % 3 ? 0 : 1 + seed % 9 };
	const char *wrong = NULL;
	struct kit kit;

	for (unsigned i = 0; i < MODEL_SAS; i++) {
		told_state[i] = MODEL_NONE;
	}
	fake_xfrm_begin();
	model_begin(seed);
	fake_xfrm_set_kernel(&model_kernel);
	fake_xfrm_tick(1);
	kit_new(&kit, NULL);
	kit_run(&kit, QM_MIRROR_RESYNC_END);
	for (unsigned round = 0; !wrong && round < ROUNDS; round++) {
		const unsigned dropped = model_dropped();

		model_set(busy);
		kit_compare(&kit);
		model_set(quiet);
		kit_compare(&kit);
		reached.clean += model_dropped() == dropped;
		wrong = follow_all(&kit, model_dropped() == dropped);
		wrong = wrong ? wrong : compare(&kit);
	}
	gather(&kit);
	kit_free(&kit);
	fake_xfrm_end();
	return wrong;
}

static void test_histories(void)
{
	const uint64_t histories = qm_random_sequences() / FEWER;
	const uint64_t first = qm_random_seed();

	printf("# %" PRIu64 " histories from QM_SEED=%" PRIu64 "\n", histories, first);
	for (uint64_t i = 0; i < histories; i++) {
		const char *wrong = run(first + i);

		if (wrong) {
			printf("# QM_SEED=%" PRIu64 ": %s\n", first + i, wrong);
			CU_FAIL("the mirror is not the kernel");
			return;
		}
	}
	printf("# %" PRIu64 " changes, %" PRIu64 " dropped; %" PRIu64 " overruns, %" PRIu64
		   " dumps failed, %" PRIu64 " found, %" PRIu64 " rounds without a drop\n",
		   reached.acts, reached.dropped, reached.overruns, reached.failures,
		   reached.found, reached.clean);
	CU_ASSERT(histories < 100 || (reached.dropped && reached.overruns &&
								  reached.failures && reached.found && reached.clean));
}

CU_TestInfo mirror_random_tests[] = {
	{ "histories by chance", test_histories },
	CU_TEST_INFO_NULL,
};
