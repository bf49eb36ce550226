/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ledger's view of the kernel when memory is short: what cannot be remembered of
 * it is counted as lost, and the promise is kept.
 */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "fail_alloc.h"
#include "history.h"
#include "kernel_model.h"
#include "ledger.h"
#include "test.h"

/** Histories, each run as often as it allocates. */
#define HISTORIES 100
#define JOBS 40

/** uthash makes a table with the first entry: its head and its buckets. */
#define TABLE 2

/** Enough that the table of strays grows. */
#define CROWD 700

struct run {
	struct qm_ledger *ledger;
	unsigned started[QM_MODEL_CHILDREN];
	unsigned ended[QM_MODEL_CHILDREN];
	/** inputs that were refused for want of memory, and what was lost of the kernel */
	unsigned refused;
	enum qm_input_type refused_type;
	uint32_t refused_child;
	uint64_t lost;
};

static void on_event(void *user, const struct qm_event *event)
{
	struct run *run = user;

	switch (event->kind) {
	case QM_EVENT_ESTABLISHED:
		run->started[event->sa->child_sa]++;
		break;
	case QM_EVENT_ENDED:
		run->ended[event->sa->child_sa]++;
		break;
	case QM_EVENT_LOST:
		QM_INT(event->cause, QM_LOSS_NETLINK);
		run->lost += event->lost;
		break;
	case QM_EVENT_UPDATED:
		break;
	default:
		QM_INT(event->kind, QM_EVENT_UNKNOWN_SA);
		break;
	}
}

static void feed(struct run *run, struct qm_input *input, uint64_t ms)
{
	int r;

	input->time = qm_history_time_ms(ms);
	r = qm_ledger_input(run->ledger, input);
	if (r < 0) {
		QM_FAILS(r, -ENOMEM);
		run->refused++;
		run->refused_type = input->type;
		run->refused_child = input->child_sa;
	}
}

static void feed_notes(struct run *run, struct qm_kernel_model *kernel, uint64_t ms)
{
	struct qm_input input;
	struct qm_note note;

	while (qm_kernel_model_take(kernel, ms, &note)) {
		qm_kernel_model_input(&note, &input);
		feed(run, &input, ms);
	}
}

static void feed_all(struct run *run, struct qm_model *model,
					 struct qm_kernel_model *kernel)
{
	struct qm_input input = { .type = QM_INPUT_TICK };
	struct qm_step step;

	while (qm_model_next(model, &step)) {
		kernel->now_ms = 100 * (uint64_t)model->steps;
		qm_kernel_model_before(kernel, model, &step);
		feed_notes(run, kernel, kernel->now_ms);
		qm_model_input(&step, model, &input);
		feed(run, &input, kernel->now_ms);
		qm_kernel_model_after(kernel, model, &step);
	}
	qm_kernel_model_end(kernel);
	feed_notes(run, kernel, kernel->now_ms + kernel->slowness_ms);
	input.type = QM_INPUT_TICK;
	feed(run, &input, kernel->now_ms + kernel->slowness_ms + 2000);
}

/** Runs a history and fails one allocation. @return allocations asked for */
static unsigned run_history(struct run *run, struct qm_model *model, uint64_t seed,
							unsigned nth)
{
	static struct qm_kernel_model kernel;
	unsigned calls;

	memset(run, 0, sizeof(*run));
	QM_OK_FATAL(qm_ledger_new(&run->ledger, on_event, run));
	qm_model_init(model, seed, JOBS, 3);
	qm_kernel_model_init(&kernel, seed);
	qm_fail_alloc(nth);
	feed_all(run, model, &kernel);
	calls = qm_fail_alloc_end();
	CU_ASSERT_EQUAL(qm_ledger_entries(run->ledger), 0);
	CU_ASSERT_EQUAL(qm_ledger_open(run->ledger), 0);
	qm_ledger_free(run->ledger);
	return calls;
}

static void check_promise(const struct run *run, const struct qm_model *model)
{
	for (unsigned i = 1; i <= model->children; i++) {
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
	unsigned calls, nth, lost_once = 0;
	uint64_t seed, lost;

	for (seed = 1; seed <= HISTORIES; seed++) {
		calls = run_history(&run, &model, seed, 0);
		CU_ASSERT_EQUAL(run.refused, 0);
		check_promise(&run, &model);
		/* of gaps */
		lost = run.lost;
		for (nth = 1; nth <= calls; nth++) {
			run_history(&run, &model, seed, nth);
			CU_ASSERT_EQUAL(run.refused + run.lost, 1 + lost);
			lost_once += run.lost > lost;
			check_promise(&run, &model);
		}
	}
	/* of the kernel, too, there was enough to fail */
	CU_ASSERT(lost_once > HISTORIES);
}

static void make_sa(struct qm_input *input, enum qm_input_type type, uint32_t child_sa,
					bool in, uint8_t host)
{
	struct qm_sa_facts facts;

	qm_history_facts(&facts, child_sa, 1, 2, QM_SATYPE_ESP, host);
	*input = (struct qm_input){ .type = type };
	input->kernel = (struct qm_kernel_sa){
		.id = { facts.satype, in ? facts.in_spi : facts.out_spi,
				in ? facts.local : facts.remote },
		.by = QM_PARTY_LOCAL,
		.end = type == QM_INPUT_KERNEL_REMOVED ? QM_KERNEL_END_DELETED :
												 QM_KERNEL_END_NONE,
		.bytes = { true, 0 },
		.packets = { true, 0 },
	};
}

static void make_child(struct qm_input *input, enum qm_input_type type, uint32_t child_sa,
					   uint8_t host)
{
	*input = (struct qm_input){ .type = type, .ike_sa = 1, .child_sa = child_sa };
	qm_history_facts(&input->sa, child_sa, 1, 2, QM_SATYPE_ESP, host);
}

static void make_hosts(struct qm_input *input, uint32_t ike_sa, uint8_t host)
{
	struct qm_sa_facts facts;

	qm_history_facts(&facts, 1, ike_sa, 2, QM_SATYPE_ESP, host);
	*input = (struct qm_input){ .type = QM_INPUT_IKE_HOSTS, .ike_sa = ike_sa };
	input->hosts.local = facts.local;
	input->hosts.remote = facts.remote;
}

/** What an SA of the kernel costs: nothing, but while charon has not said whose it is. */
static void test_cost(void)
{
	struct run run = { 0 };
	struct qm_input input;

	QM_OK_FATAL(qm_ledger_new(&run.ledger, on_event, &run));
	qm_fail_alloc(0);
	make_sa(&input, QM_INPUT_KERNEL_ADDED, 1, true, 1);
	feed(&run, &input, 1);
	QM_INT(qm_fail_alloc_end(), 1 + TABLE);
	make_child(&input, QM_INPUT_UP, 1, 1);
	feed(&run, &input, 2);
	make_child(&input, QM_INPUT_UP, 2, 1);
	input.ike_sa = input.sa.ike_sa = 2;
	feed(&run, &input, 2);
	/* nothing for what is found by charon's name */
	qm_fail_alloc(0);
	make_sa(&input, QM_INPUT_KERNEL_ADDED, 1, false, 1);
	feed(&run, &input, 3);
	make_sa(&input, QM_INPUT_KERNEL_REMOVED, 1, false, 1);
	feed(&run, &input, 4);
	make_sa(&input, QM_INPUT_KERNEL_ADDED, 1, false, 1);
	feed(&run, &input, 5);
	QM_INT(qm_fail_alloc_end(), 0);
	/* and something for what is to be found by a former one */
	make_hosts(&input, 1, 7);
	qm_fail_alloc(0);
	feed(&run, &input, 6);
	QM_INT(qm_fail_alloc_end(), 2 + TABLE);
	/* two CHILD_SAs, their IKE_SAs, and either half of one where it was */
	QM_INT(qm_ledger_entries(run.ledger), 6);
	qm_ledger_free(run.ledger);
}

/** Adds a crowd of kernel SAs that nobody claims. @return allocations asked for */
static unsigned run_crowd(struct run *run, unsigned nth)
{
	struct qm_input input;
	unsigned calls;

	memset(run, 0, sizeof(*run));
	QM_OK_FATAL(qm_ledger_new(&run->ledger, on_event, run));
	qm_fail_alloc(nth);
	for (uint32_t i = 1; i <= CROWD; i++) {
		make_sa(&input, QM_INPUT_KERNEL_ADDED, i, true, 1);
		feed(run, &input, i);
	}
	calls = qm_fail_alloc_end();
	QM_INT(qm_ledger_entries(run->ledger) + run->lost, CROWD);
	qm_ledger_free(run->ledger);
	return calls;
}

static void test_crowd(void)
{
	static struct run run;
	unsigned calls, nth;

	calls = run_crowd(&run, 0);
	QM_INT(run.lost, 0);
	CU_ASSERT(calls > CROWD + TABLE);
	for (nth = 1; nth <= calls; nth++) {
		run_crowd(&run, nth);
		CU_ASSERT_EQUAL(run.lost, 1);
		CU_ASSERT_EQUAL(run.refused, 0);
	}
}

CU_TestInfo oom_kernel_tests[] = {
	{ "what SAs of the kernel cost", test_cost },
	{ "any allocation of a history with a kernel", test_history },
	{ "any allocation while the table of strays grows", test_crowd },
	CU_TEST_INFO_NULL,
};
