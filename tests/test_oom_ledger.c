/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ledger when memory is short: every allocation of a history fails once.
 * The input says so, nothing leaks, and the ledger stays of one mind: what was
 * told later still counts, and all is forgotten in the end.
 */
#include <errno.h>
#include <string.h>

#include "charon_model.h"
#include "fail_alloc.h"
#include "history.h"
#include "ledger.h"
#include "queue.h"
#include "recorder.h"
#include "samples.h"
#include "test.h"

/** Histories, each run as often as it allocates. */
#define HISTORIES 120
#define JOBS 60

/** Enough that the hash tables grow, more than once. */
#define CROWD 700

/** uthash makes a table with the first entry: its head and its buckets. */
#define TABLE 2

struct run {
	struct qm_ledger *ledger;
	unsigned started[QM_MODEL_CHILDREN];
	unsigned ended[QM_MODEL_CHILDREN];
	/** inputs that were refused for want of memory, and the last of them */
	unsigned refused;
	enum qm_input_type refused_type;
	uint32_t refused_child;
};

static void on_event(void *user, const struct qm_event *event)
{
	struct run *run = user;
	const uint32_t child_sa = event->sa->child_sa;

	if (event->kind == QM_EVENT_UPDATED) {
		return;
	}
	if (event->kind == QM_EVENT_ESTABLISHED) {
		run->started[child_sa]++;
	} else {
		CU_ASSERT_EQUAL(event->kind, QM_EVENT_ENDED);
		CU_ASSERT_EQUAL(run->started[child_sa], run->ended[child_sa] + 1);
		run->ended[child_sa]++;
	}
}

static void count_event(void *user, const struct qm_event *event)
{
	unsigned *counts = user;

	counts[event->kind == QM_EVENT_ENDED]++;
}

static void test_new(void)
{
	struct qm_ledger *const untouched = (struct qm_ledger *)&qm_ledger_new;
	struct qm_ledger *ledger = untouched;

	qm_fail_alloc(1);
	QM_FAILS(qm_ledger_new(&ledger, count_event, NULL), -ENOMEM);
	QM_INT(qm_fail_alloc_end(), 1);
	CU_ASSERT(ledger == untouched);

	qm_fail_alloc(2);
	QM_OK_FATAL(qm_ledger_new(&ledger, count_event, NULL));
	QM_INT(qm_fail_alloc_end(), 1);
	qm_ledger_free(ledger);
}

static void make_facts(struct qm_input *input, enum qm_input_type type, uint32_t child_sa,
					   uint32_t ike_sa)
{
	input->type = type;
	input->time = qm_history_time(1);
	input->thread = 1;
	input->ike_sa = ike_sa;
	input->child_sa = child_sa;
	input->old_child_sa = 0;
	qm_history_facts(&input->sa, child_sa, ike_sa, 2, QM_SATYPE_ESP, QM_HISTORY_HOST);
}

/** What a CHILD_SA costs: one allocation, and none for what is said of it later. */
static void test_cost(void)
{
	unsigned counts[2] = { 0 };
	struct qm_ledger *ledger = NULL;
	struct qm_input input;

	QM_OK_FATAL(qm_ledger_new(&ledger, count_event, counts));
	qm_fail_alloc(0);
	make_facts(&input, QM_INPUT_KEYS, 1, 1);
	QM_OK(qm_ledger_input(ledger, &input));
	/* it, its IKE_SA, and four tables */
	QM_INT(qm_fail_alloc_end(), 1 + 1 + 4 * TABLE);
	qm_fail_alloc(0);
	make_facts(&input, QM_INPUT_KEYS, 2, 1);
	QM_OK(qm_ledger_input(ledger, &input));
	QM_INT(qm_fail_alloc_end(), 1);
	qm_fail_alloc(0);
	make_facts(&input, QM_INPUT_UP, 2, 1);
	QM_OK(qm_ledger_input(ledger, &input));
	input.type = QM_INPUT_CHILD_STATE;
	input.state = QM_CHILD_DESTROYING;
	QM_OK(qm_ledger_input(ledger, &input));
	QM_INT(qm_fail_alloc_end(), 0);
	QM_INT(counts[0], 1);
	QM_INT(counts[1], 1);
	qm_ledger_free(ledger);
}

/** What one of an earlier run costs: the same, and nothing is left of a failure. */
static void test_inherit(void)
{
	unsigned counts[2] = { 0 }, nth;
	struct qm_open_sa open = { .instance = 1 };
	struct qm_ledger *ledger = NULL;

	qm_history_facts(&open.facts, 1, 1, 2, QM_SATYPE_ESP, QM_HISTORY_HOST);
	QM_OK_FATAL(qm_ledger_new(&ledger, count_event, counts));
	for (nth = 1; nth <= 1 + 2 * TABLE; nth++) {
		qm_fail_alloc(nth);
		QM_FAILS(qm_ledger_inherit(ledger, &open, 1, qm_history_time(1)), -ENOMEM);
		qm_fail_alloc_end();
		QM_INT(qm_ledger_entries(ledger), 0);
		QM_INT(qm_ledger_open(ledger), 0);
	}
	qm_fail_alloc(0);
	QM_OK(qm_ledger_inherit(ledger, &open, 1, qm_history_time(1)));
	QM_INT(qm_fail_alloc_end(), 1 + 2 * TABLE);
	QM_INT(qm_ledger_entries(ledger), 1);
	QM_INT(qm_ledger_open(ledger), 1);
	qm_ledger_free(ledger);
	QM_INT(counts[0] + counts[1], 0);
}

static void feed(struct run *run, const struct qm_input *input)
{
	int r = qm_ledger_input(run->ledger, input);

	if (r < 0) {
		QM_FAILS(r, -ENOMEM);
		run->refused++;
		run->refused_type = input->type;
		run->refused_child = input->child_sa;
	}
}

/** Runs a history and fails one allocation. @return allocations asked for */
static unsigned run_history(struct run *run, struct qm_model *model, uint64_t seed,
							unsigned nth)
{
	struct qm_input input;
	struct qm_step step;
	unsigned calls;

	memset(run, 0, sizeof(*run));
	QM_OK_FATAL(qm_ledger_new(&run->ledger, on_event, run));
	qm_model_init(model, seed, JOBS, 3);
	qm_fail_alloc(nth);
	while (qm_model_next(model, &step)) {
		qm_model_input(&step, model, &input);
		feed(run, &input);
	}
	calls = qm_fail_alloc_end();
	QM_INT(qm_ledger_entries(run->ledger), 0);
	QM_INT(qm_ledger_open(run->ledger), 0);
	qm_ledger_free(run->ledger);
	return calls;
}

static void check_promise(const struct run *run, const struct qm_model *model)
{
	unsigned i;

	for (i = 1; i <= model->children; i++) {
		/* with its keys, the first that is said of it, it may be lost for good */
		const bool may_be_lost = run->refused && run->refused_child == i &&
								 run->refused_type == QM_INPUT_KEYS;

		CU_ASSERT_EQUAL(run->started[i], run->ended[i]);
		if (!may_be_lost || run->started[i]) {
			CU_ASSERT_EQUAL(run->started[i], model->truth[i].announced);
		}
	}
}

static void test_history(void)
{
	static struct qm_model model;
	static struct run run;
	unsigned calls, nth, total = 0;
	uint64_t seed;

	for (seed = 1; seed <= HISTORIES; seed++) {
		calls = run_history(&run, &model, seed, 0);
		CU_ASSERT_EQUAL(run.refused, 0);
		check_promise(&run, &model);
		for (nth = 1; nth <= calls; nth++) {
			run_history(&run, &model, seed, nth);
			CU_ASSERT_EQUAL(run.refused, 1);
			check_promise(&run, &model);
		}
		total += calls;
	}
	/* there was enough to fail in each of them */
	CU_ASSERT(total > HISTORIES * (1 + 1 + 4 * TABLE));
}

/** Establishes and ends a crowd of CHILD_SAs. @return allocations asked for */
static unsigned run_crowd(unsigned nth, unsigned counts[2], unsigned *refused)
{
	struct qm_ledger *ledger = NULL;
	struct qm_input input;
	unsigned i, calls;

	QM_OK_FATAL(qm_ledger_new(&ledger, count_event, counts));
	qm_fail_alloc(nth);
	for (i = 1; i <= CROWD; i++) {
		make_facts(&input, QM_INPUT_KEYS, i, 1);
		*refused += qm_ledger_input(ledger, &input) == -ENOMEM;
		/* it is entered anew where it has moved, by which a table may grow too */
		make_facts(&input, QM_INPUT_UP, i, 1);
		input.sa.local.ip[3] = input.sa.remote.ip[3] = 7;
		*refused += qm_ledger_input(ledger, &input) == -ENOMEM;
	}
	calls = qm_fail_alloc_end();
	QM_INT(qm_ledger_entries(ledger), CROWD + 1);
	input.type = QM_INPUT_CHILD_STATE;
	input.state = QM_CHILD_DESTROYING;
	for (i = 1; i <= CROWD; i++) {
		input.child_sa = i;
		QM_OK(qm_ledger_input(ledger, &input));
	}
	QM_INT(qm_ledger_entries(ledger), 1);
	qm_ledger_free(ledger);
	return calls;
}

/** Growing a table fails like adding to it; the next to be added has it grow. */
static void test_crowd(void)
{
	unsigned counts[2] = { 0 }, refused = 0, calls, nth;

	calls = run_crowd(0, counts, &refused);
	QM_INT(refused, 0);
	/* the tables grow at least once each, or the crowd is too small for this */
	CU_ASSERT(calls >= 1 + CROWD + 3 * (TABLE + 1) + TABLE);
	for (nth = 1; nth <= calls; nth++) {
		counts[0] = counts[1] = refused = 0;
		run_crowd(nth, counts, &refused);
		CU_ASSERT_EQUAL(refused, 1);
		CU_ASSERT_EQUAL(counts[0], CROWD);
		CU_ASSERT_EQUAL(counts[1], CROWD);
	}
}

static void test_queue(void)
{
	struct qm_queue *const untouched = (struct qm_queue *)&qm_queue_new;
	struct qm_queue *queue = untouched;
	struct qm_input input;

	qm_fail_alloc(1);
	QM_FAILS(qm_queue_new(&queue, 4), -ENOMEM);
	CU_ASSERT(queue == untouched);
	qm_fail_alloc(2);
	QM_OK_FATAL(qm_queue_new(&queue, 4));
	make_facts(&input, QM_INPUT_KEYS, 1, 1);
	QM_OK(qm_queue_push(queue, &input));
	QM_OK(qm_queue_pop(queue, &input, 0));
	/* hooks push, and must not allocate */
	QM_INT(qm_fail_alloc_end(), 1);
	qm_queue_free(queue);
}

static void no_log(void *user, const char *message)
{
	(void)user;
	(void)message;
}

/** More packets than are let through, of more sources and threads than one. */
static void use_gate(struct qm_gate *gate)
{
	const struct qm_time now = qm_history_time(1);
	struct qm_invalid invalid;

	qm_sample_tampered(&invalid);
	for (uint32_t i = 0; i < 100; i++) {
		invalid.remote.ip[3] = (uint8_t)i;
		qm_gate_invalid(gate, &invalid, now);
		qm_gate_suspect(gate, i, &invalid, now);
		qm_gate_acquit(gate, i / 2, invalid.ike_sa, invalid.packet.msgid);
		qm_gate_read(gate, i, &invalid, now);
		qm_gate_reject(gate, i, invalid.ike_sa, now);
		qm_gate_resent(gate, i, now);
		qm_gate_is_second_answer(gate, i, now);
		qm_gate_admit_failure(gate, &invalid.remote, now);
	}
}

static void test_recorder(void)
{
	const struct qm_recorder_config config = {
		.queue_size = 4,
		.settings = { .rates = { .source = 2, .total = 3, .interval_ms = 1000 } },
		.origin = { 1, "charon", "5.9.8" },
		.log = no_log,
	};
	struct qm_recorder *const untouched = (struct qm_recorder *)&qm_recorder_new;
	struct qm_recorder *recorder = untouched;
	struct qm_input input;
	unsigned nth, made = 0;

	for (nth = 1; recorder == untouched && nth < 100; nth++) {
		int r;

		qm_fail_alloc(nth);
		r = qm_recorder_new(&recorder, &config);
		made = qm_fail_alloc_end();
		QM_INT(r, recorder == untouched ? -ENOMEM : 0);
	}
	/* itself, its queue, its ledger, its gate and the gate's four limiters at least */
	CU_ASSERT_FATAL(recorder != untouched && nth > 8);
	QM_INT(made, nth - 2);
	qm_recorder_free(recorder);
	qm_fail_alloc(nth);
	QM_OK_FATAL(qm_recorder_new(&recorder, &config));
	make_facts(&input, QM_INPUT_KEYS, 1, 1);
	QM_OK(qm_recorder_push(recorder, &input));
	use_gate(qm_recorder_gate(recorder));
	/* hooks come this far, and must not allocate */
	QM_INT(qm_fail_alloc_end(), made);
	qm_recorder_free(recorder);
}

CU_TestInfo oom_ledger_tests[] = {
	{ "a ledger", test_new },
	{ "what a CHILD_SA costs", test_cost },
	{ "what one of an earlier run costs", test_inherit },
	{ "any allocation of a history", test_history },
	{ "any allocation while tables grow", test_crowd },
	{ "a queue", test_queue },
	{ "a recorder", test_recorder },
	CU_TEST_INFO_NULL,
};
