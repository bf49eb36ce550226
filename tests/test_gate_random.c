/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The gate against a model of what is kept in it, at random: each packet that
 * turns out to be invalid is passed on, handed out, or still inside, once; and
 * who is to take it knows when there is something to take.
 *
 * QM_SEQUENCES and QM_SEED as in test_ledger_random.c, a tenth of the sequences.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>

#include "gate_kit.h"
#include "random_kit.h"
#include "test.h"

#define OPERATIONS_MAX 300

#define SUSPECT_MS 10000
#define SLOTS 64

/** More than there are slots for, in some histories. */
#define THREADS_MAX 90
#define IKES 3

enum kept {
	NOTHING,
	SUSPECT,
	READ,
};

/** What the gate keeps of a thread. */
struct thread {
	enum kept kept;
	uint64_t ms;
	uint32_t ike_sa;
};

struct run {
	struct gate_kit kit;
	uint64_t random;
	uint64_t ms;
	unsigned threads;
	unsigned sources;
	struct thread thread[THREADS_MAX];
	/** packets that are invalid by now, and failures, and those let through */
	uint64_t invalid;
	uint64_t failures;
	uint64_t admitted;
	const char *wrong;
};

static unsigned below(struct run *run, unsigned n)
{
	return qm_random_below(&run->random, n);
}

/** A thread goes on: what it was suspected of is true. */
static void leave(struct run *run, struct thread *thread)
{
	run->invalid += thread->kept == SUSPECT;
	thread->kept = NOTHING;
}

/** Makes room for a thread where the oldest has to go for it. */
static void make_room(struct run *run, const struct thread *thread)
{
	struct thread *oldest = NULL;
	unsigned kept = 0;

	for (unsigned i = 0; i < run->threads; i++) {
		struct thread *other = &run->thread[i];

		kept += other->kept != NOTHING;
		if (other->kept != NOTHING && (!oldest || other->ms < oldest->ms)) {
			oldest = other;
		}
	}
	if (thread->kept == NOTHING && kept == SLOTS) {
		leave(run, oldest);
	}
}

static void keep(struct run *run, enum kept kept)
{
	const uint32_t number = below(run, run->threads);
	struct thread *thread = &run->thread[number];
	struct qm_invalid invalid = gate_kit_packet((uint16_t)below(run, run->sources));

	invalid.ike_sa = 1 + below(run, IKES);
	make_room(run, thread);
	leave(run, thread);
	*thread = (struct thread){ kept, run->ms, invalid.ike_sa };
	if (kept == SUSPECT) {
		qm_gate_suspect(run->kit.gate, number, &invalid, gate_kit_time(run->ms));
	} else {
		qm_gate_read(run->kit.gate, number, &invalid, gate_kit_time(run->ms));
	}
}

static void acquit(struct run *run)
{
	const uint32_t number = below(run, run->threads);
	struct thread *thread = &run->thread[number];
	const uint32_t ike_sa = 1 + below(run, IKES);

	if (thread->kept == SUSPECT) {
		if (thread->ike_sa == ike_sa) {
			thread->kept = NOTHING;
		}
		leave(run, thread);
	}
	qm_gate_acquit(run->kit.gate, number, ike_sa, gate_kit_packet(0).packet.msgid);
}

static void forget(struct run *run)
{
	const uint32_t number = below(run, run->threads);

	leave(run, &run->thread[number]);
	qm_gate_forget(run->kit.gate, number);
}

static void reject(struct run *run)
{
	const uint32_t number = below(run, run->threads), ike_sa = 1 + below(run, IKES);
	struct thread *thread = &run->thread[number];

	if (thread->kept == READ && thread->ike_sa == ike_sa) {
		run->invalid++;
		thread->kept = NOTHING;
	}
	qm_gate_reject(run->kit.gate, number, ike_sa, gate_kit_time(run->ms));
}

static void invalid_packet(struct run *run)
{
	struct qm_invalid invalid = gate_kit_packet((uint16_t)below(run, run->sources));

	run->invalid++;
	if (below(run, 2)) {
		invalid.authenticated = below(run, QM_TRI_MAX);
		qm_gate_invalid(run->kit.gate, &invalid, gate_kit_time(run->ms));
		return;
	}
	invalid.ike_sa = 0;
	if (qm_gate_admit_stray(run->kit.gate, &invalid.remote, invalid.fault,
							gate_kit_time(run->ms))) {
		qm_gate_pass(run->kit.gate, &invalid, gate_kit_time(run->ms));
	}
}

static void fail_negotiation(struct run *run)
{
	const struct qm_invalid invalid = gate_kit_packet((uint16_t)below(run, run->sources));

	run->failures++;
	run->admitted += qm_gate_admit_failure(run->kit.gate, &invalid.remote,
										   gate_kit_time(run->ms));
}

static void change_rates(struct run *run)
{
	const struct qm_limiter_rates rates = {
		.source = below(run, 4),
		.total = below(run, 6),
		.interval_ms = 1 + below(run, 20000),
	};

	qm_gate_set_rates(run->kit.gate, &rates);
}

static void take(struct run *run, bool all)
{
	for (unsigned i = 0; i < run->threads; i++) {
		struct thread *thread = &run->thread[i];

		if (thread->kept == SUSPECT && (all || run->ms - thread->ms >= SUSPECT_MS)) {
			leave(run, thread);
		}
	}
	gate_kit_take(&run->kit, run->ms, all);
}

static void operate(struct run *run)
{
	switch (below(run, 17)) {
	case 0:
	case 1:
	case 2:
	case 3:
		keep(run, SUSPECT);
		break;
	case 4:
	case 5:
		keep(run, READ);
		break;
	case 6:
	case 7:
		acquit(run);
		break;
	case 8:
		reject(run);
		break;
	case 9:
		fail_negotiation(run);
		break;
	case 10:
		run->kit.refuse = below(run, 3) ? 0 : -ENOSPC;
		break;
	case 11:
		if (!below(run, 8)) {
			change_rates(run);
		}
		break;
	case 12:
		take(run, !below(run, 10));
		break;
	case 13:
		forget(run);
		break;
	default:
		invalid_packet(run);
		break;
	}
}

static bool any_suspect(const struct run *run)
{
	for (unsigned i = 0; i < run->threads; i++) {
		if (run->thread[i].kept == SUSPECT) {
			return true;
		}
	}
	return false;
}

static void check(struct run *run, bool waited, uint64_t wakes)
{
	const struct gate_kit *kit = &run->kit;
	const uint64_t out = kit->pushed + kit->counts[QM_LIMIT_PACKET];
	const uint64_t failed = run->admitted + kit->counts[QM_LIMIT_NEGOTIATION];
	const bool waits = qm_gate_waits(kit->gate);

	if (out > run->invalid || failed > run->failures) {
		run->wrong = "more came out than went in";
	} else if (!waits &&
			   (out < run->invalid || failed < run->failures || any_suspect(run))) {
		run->wrong = "something is inside and nobody is told";
	} else if (kit->wakes - wakes != (!waited && waits)) {
		run->wrong = "wakes more than once, or not";
	}
}

/** All is out in the end, and the gate empty. */
static void check_end(struct run *run)
{
	take(run, true);
	if (run->kit.pushed + run->kit.counts[QM_LIMIT_PACKET] != run->invalid) {
		run->wrong = "packets are lost";
	} else if (run->admitted + run->kit.counts[QM_LIMIT_NEGOTIATION] != run->failures) {
		run->wrong = "failures are lost";
	} else if (qm_gate_waits(run->kit.gate)) {
		run->wrong = "the gate is not empty in the end";
	}
}

static const char *run_one(uint64_t seed)
{
	struct run run = { .random = seed };
	unsigned operations;

	run.threads = below(&run, 3) ? 1 + below(&run, 5) : 1 + below(&run, THREADS_MAX);
	run.sources = 1 + below(&run, 8);
	operations = below(&run, OPERATIONS_MAX);
	gate_kit_init(&run.kit, below(&run, 5), below(&run, 8), 1 + below(&run, 20000));
	while (operations-- && !run.wrong) {
		const bool waited = qm_gate_waits(run.kit.gate);
		const uint64_t wakes = run.kit.wakes;

		/* no two at the same time, so that there is one oldest */
		run.ms += 1 + below(&run, below(&run, 10) ? 50 : 8000);
		operate(&run);
		check(&run, waited, wakes);
	}
	if (!run.wrong) {
		check_end(&run);
	}
	gate_kit_free(&run.kit);
	return run.wrong;
}

static void test_random(void)
{
	const uint64_t sequences = (qm_random_sequences() + 9) / 10;
	const uint64_t first = qm_random_seed();

	printf("# %" PRIu64 " histories from QM_SEED=%" PRIu64 "\n", sequences, first);
	for (uint64_t i = 0; i < sequences; i++) {
		const char *wrong = run_one(first + i);

		if (wrong) {
			fprintf(stderr, "%s, with QM_SEED=%" PRIu64 " QM_SEQUENCES=1\n", wrong,
					first + i);
			CU_FAIL("the gate loses count");
			return;
		}
	}
}

CU_TestInfo gate_random_tests[] = {
	{ "counts are exact", test_random },
	CU_TEST_INFO_NULL,
};
