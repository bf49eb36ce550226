/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "history.h"
#include "kernel_model.h"
#include "ledger.h"
#include "promise.h"
#include "random_kit.h"
#include "shadow.h"

/** Steps for which the second run looks on. */
#define STEPS_MAX 200

struct run {
	struct qm_model model;
	struct qm_kernel_model kernel;
	struct qm_ledger *ledger;
	/** what the ledger has told, which outlives it */
	struct qm_shadow shadow;
	unsigned started[QM_MODEL_CHILDREN];
	unsigned ended[QM_MODEL_CHILDREN];
	/** the first run has been killed; then the kernel had these inbound halves */
	bool crashed;
	bool there[QM_MODEL_CHILDREN];
	/** and these were open */
	bool inherited[QM_HISTORY_IDS];
	uint64_t now_ms;
	unsigned inputs;
	const char *problem;
	FILE *print;
};

static void complain(struct run *run, const char *what)
{
	run->problem = run->problem ? run->problem : what;
}

static void on_ended(struct run *run, const struct qm_event *event)
{
	const uint32_t child = event->sa->child_sa;
	const bool died = event->reason == QM_REASON_DAEMON_DIED;

	run->ended[child]++;
	qm_promise_reasons[event->reason]++;
	if (died != (run->crashed && !run->there[child])) {
		complain(run, "a daemon that died, or did not");
	}
	if (died != (event->last_seen_ms != 0)) {
		complain(run, "when it was last seen");
	}
}

static void on_event(void *user, const struct qm_event *event)
{
	struct run *run = user;

	qm_shadow_event(&run->shadow, event);
	if (event->kind == QM_EVENT_UPDATED) {
		return;
	}
	qm_promise_events[event->kind]++;
	if (run->print) {
		fprintf(run->print, "\t%s\n", qm_history_event(event));
	}
	if (event->kind == QM_EVENT_ESTABLISHED) {
		run->started[event->sa->child_sa]++;
	} else if (event->kind == QM_EVENT_ENDED) {
		on_ended(run, event);
	} else if (event->kind == QM_EVENT_UNKNOWN_SA &&
			   run->inherited[event->kernel->id.spi % QM_HISTORY_IDS]) {
		complain(run, "an SA of the earlier run is called unknown");
	}
}

static void tell(struct run *run, struct qm_input *input)
{
	input->time = qm_history_time_ms(run->now_ms);
	run->inputs++;
	if (run->print) {
		fprintf(run->print, "%6" PRIu64 " ", run->now_ms);
		qm_history_print(run->print, input);
	}
	if (qm_ledger_input(run->ledger, input) < 0) {
		complain(run, "an error");
	}
	if (run->shadow.wrong) {
		complain(run, run->shadow.wrong);
	}
}

static void tell_tick(struct run *run, uint64_t ms)
{
	struct qm_input input = { .type = QM_INPUT_TICK };

	run->now_ms += ms;
	tell(run, &input);
}

static void tell_notes(struct run *run, uint64_t until_ms)
{
	struct qm_input input;
	struct qm_note note;

	while (qm_kernel_model_take(&run->kernel, until_ms, &note)) {
		run->now_ms = note.due_ms > run->now_ms ? note.due_ms : run->now_ms;
		qm_kernel_model_input(&note, &input);
		tell(run, &input);
	}
	run->now_ms = until_ms;
}

/** Lives for so many steps, or to the end. */
static void live(struct run *run, unsigned steps, unsigned step_ms)
{
	struct qm_input input;
	struct qm_step step;

	while (steps-- && qm_model_next(&run->model, &step)) {
		run->kernel.now_ms = run->now_ms;
		qm_kernel_model_before(&run->kernel, &run->model, &step);
		tell_notes(run, run->now_ms);
		qm_model_input(&step, &run->model, &input);
		tell(run, &input);
		qm_kernel_model_after(&run->kernel, &run->model, &step);
		tell_notes(run, run->now_ms + step_ms);
	}
	if (!qm_shadow_check(&run->shadow, run->ledger)) {
		complain(run, run->shadow.wrong);
	}
}

/** The daemon is killed, and the next finds what it has told. */
static void crash(struct run *run, uint32_t instance)
{
	const struct qm_time now = qm_history_time_ms(run->now_ms);

	qm_ledger_free(run->ledger);
	if (qm_ledger_new(&run->ledger, on_event, run) < 0) {
		abort();
	}
	if (run->print) {
		fprintf(run->print, "%6" PRIu64 " crash;\n", run->now_ms);
	}
	run->crashed = true;
	for (unsigned i = 1; i <= run->model.children; i++) {
		run->there[i] = run->kernel.half[i][QM_MODEL_IN].there;
		run->inherited[i] = run->shadow.is_open[i];
		if (run->inherited[i]) {
			run->shadow.open[i].instance = instance;
			if (qm_ledger_inherit(run->ledger, &run->shadow.open[i], now.wall_ms - 5000,
								  now) < 0) {
				abort();
			}
		}
	}
	run->kernel.now_ms = run->now_ms;
	qm_kernel_model_restart(&run->kernel);
}

/** An SA expires, is deleted, or neither. */
static struct qm_step make_loss(struct run *run)
{
	static const enum qm_input_type types[] = {
		QM_INPUT_EXPIRED, QM_INPUT_CHILD_STATE, QM_INPUT_TICK, QM_INPUT_TICK,
	};
	uint64_t *random = &run->kernel.random;

	return (struct qm_step){
		.type = types[qm_random_below(random, 4)],
		.child = (uint8_t)qm_random_below(random, 1 + run->model.children),
		.arg = QM_CHILD_DESTROYING,
		.deleted = { (uint8_t)qm_random_below(random, 2) },
	};
}

/** Looks on as the kernel loses what the first run left. */
static void look_on(struct run *run, unsigned steps, unsigned step_ms)
{
	struct qm_step loss;

	while (steps--) {
		tell_notes(run, run->now_ms + step_ms);
		tell_tick(run, 0);
		run->kernel.now_ms = run->now_ms;
		loss = make_loss(run);
		qm_kernel_model_after(&run->kernel, &run->model, &loss);
	}
	run->kernel.now_ms = run->now_ms;
	qm_kernel_model_end(&run->kernel);
	tell_notes(run, run->now_ms + run->kernel.slowness_ms);
	tell_tick(run, 2000);
	tell_tick(run, 10000);
}

static void check_end(struct run *run)
{
	for (unsigned i = 1; i <= run->model.children; i++) {
		if (run->started[i] > 1 || run->ended[i] != run->started[i]) {
			complain(run, "not both events or neither");
		}
	}
	if (qm_ledger_entries(run->ledger) || qm_ledger_open(run->ledger) ||
		qm_ledger_waits(run->ledger)) {
		complain(run, "entries left");
	}
}

int qm_promise_run_crash(uint64_t seed, unsigned jobs, unsigned ikes, FILE *print,
						 char wrong[QM_PROMISE_WRONG_MAX])
{
	static const unsigned step_ms[] = { 20, 300, 1000, 3000 };
	static struct run run;
	unsigned each_ms;

	memset(&run, 0, sizeof(run));
	run.print = print;
	qm_model_init(&run.model, seed, jobs, ikes);
	qm_kernel_model_init(&run.kernel, seed);
	each_ms = step_ms[qm_random_below(&run.kernel.random, 4)];
	if (qm_ledger_new(&run.ledger, on_event, &run) < 0) {
		abort();
	}
	live(&run, qm_random_below(&run.kernel.random, 1 + 10 * jobs), each_ms);
	crash(&run, 1 + (uint32_t)(seed % 3));
	look_on(&run, qm_random_below(&run.kernel.random, STEPS_MAX), each_ms);
	check_end(&run);
	qm_promise_updates += run.shadow.updates;
	qm_ledger_free(run.ledger);
	if (run.problem) {
		snprintf(wrong, QM_PROMISE_WRONG_MAX, "%s, by %" PRIu64 " ms", run.problem,
				 run.now_ms);
		return -1;
	}
	return (int)run.inputs;
}
