/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "kernel_truth.h"
#include "ledger.h"
#include "promise.h"
#include "random_kit.h"
#include "shadow.h"

uint64_t qm_promise_exact;

struct run {
	struct qm_model model;
	struct qm_kernel_model kernel;
	struct qm_kernel_truth truth;
	struct qm_shadow shadow;
	struct qm_ledger *ledger;
	/** time between steps */
	unsigned step_ms;
	uint64_t now_ms;
	/** lines of the events of the last input that had not to be */
	char extra[QM_TRUTH_LINE];
	bool wrong_events;
	char *wrong;
	FILE *print;
};

/** Strikes the event off those that have to be. */
static void on_event(void *user, const struct qm_event *event)
{
	const char *line = qm_kernel_truth_line(event);
	struct run *run = user;
	struct qm_kernel_truth *truth = &run->truth;
	unsigned i;

	qm_shadow_event(&run->shadow, event);
	if (event->kind == QM_EVENT_UPDATED) {
		return;
	}
	qm_promise_events[event->kind]++;
	if (event->kind == QM_EVENT_ENDED) {
		qm_promise_reasons[event->reason]++;
	}
	for (i = 0; i < truth->count && strcmp(line, truth->lines[i]); i++) {
	}
	if (i < truth->count) {
		truth->count--;
		memmove(truth->lines[i], truth->lines[truth->count], QM_TRUTH_LINE);
	} else if (!run->wrong_events) {
		run->wrong_events = true;
		memcpy(run->extra, line, QM_TRUTH_LINE);
	}
}

static bool complain(struct run *run, const char *what)
{
	snprintf(run->wrong, QM_PROMISE_WRONG_MAX, "%s at %" PRIu64 " ms: expected %.200s, "
			 "is %.200s", what, run->now_ms, run->truth.count ? run->truth.lines[0] :
			 "no more", run->wrong_events ? run->extra : "nothing");
	return false;
}

static bool tell(struct run *run, struct qm_input *input)
{
	input->time = qm_history_time_ms(run->now_ms);
	if (run->print) {
		fprintf(run->print, "%6" PRIu64 " ", run->now_ms);
		qm_history_print(run->print, input);
	}
	run->wrong_events = false;
	if (qm_ledger_input(run->ledger, input) < 0) {
		return complain(run, "an error");
	}
	if (run->wrong_events || run->truth.count) {
		return complain(run, "other events");
	}
	if (qm_ledger_open(run->ledger) != run->truth.open) {
		return complain(run, "another number of open ones");
	}
	if (!qm_shadow_check(&run->shadow, run->ledger)) {
		return complain(run, run->shadow.wrong);
	}
	return true;
}

/** Tells all notes that are due. */
static bool tell_notes(struct run *run, uint64_t until_ms)
{
	struct qm_input input;
	struct qm_note note;

	while (qm_kernel_model_take(&run->kernel, until_ms, &note)) {
		run->now_ms = note.due_ms > run->now_ms ? note.due_ms : run->now_ms;
		qm_kernel_truth_before(&run->truth, run->now_ms);
		qm_kernel_truth_note(&run->truth, &note);
		qm_kernel_model_input(&note, &input);
		if (!tell(run, &input)) {
			return false;
		}
	}
	run->now_ms = until_ms;
	return true;
}

static bool tell_step(struct run *run, const struct qm_step *step)
{
	struct qm_input input;

	/* again: a note of this moment may have had something wait no longer */
	qm_kernel_truth_before(&run->truth, run->now_ms);
	qm_kernel_truth_step(&run->truth, step);
	qm_model_input(step, &run->model, &input);
	return tell(run, &input);
}

static bool tell_tick(struct run *run, uint64_t ms)
{
	struct qm_input input = { .type = QM_INPUT_TICK };

	run->now_ms += ms;
	qm_kernel_truth_before(&run->truth, run->now_ms);
	return tell(run, &input);
}

/** All is told, and nothing is left. */
static bool check_end(struct run *run)
{
	qm_kernel_model_end(&run->kernel);
	if (!tell_notes(run, run->now_ms + run->kernel.slowness_ms) ||
		!tell_tick(run, 2000) || !tell_tick(run, 10000)) {
		return false;
	}
	for (unsigned i = 1; i <= run->model.children; i++) {
		const struct qm_truth_pair *pair = &run->truth.pairs[i];

		if (pair->started != run->model.truth[i].announced ||
			pair->written != pair->started) {
			return complain(run, "not both events or neither");
		}
	}
	if (qm_ledger_entries(run->ledger) || qm_ledger_waits(run->ledger)) {
		return complain(run, "entries left");
	}
	qm_ledger_finish(run->ledger, qm_history_time_ms(run->now_ms));
	return run->wrong_events ? complain(run, "something in the end") : true;
}

static bool run_all(struct run *run)
{
	struct qm_step step;
	bool more = true;

	while (more) {
		if (!tell_notes(run, (run->model.steps + 1) * (uint64_t)run->step_ms)) {
			return false;
		}
		qm_kernel_truth_before(&run->truth, run->now_ms);
		more = qm_model_next(&run->model, &step);
		if (more) {
			run->kernel.now_ms = run->now_ms;
			qm_kernel_model_before(&run->kernel, &run->model, &step);
			if (!tell_notes(run, run->now_ms) || !tell_step(run, &step)) {
				return false;
			}
			qm_kernel_model_after(&run->kernel, &run->model, &step);
		}
	}
	return tell_tick(run, 0) && check_end(run);
}

int qm_promise_run_kernel(uint64_t seed, unsigned jobs, unsigned ikes, FILE *print,
						  char wrong[QM_PROMISE_WRONG_MAX])
{
	static const unsigned step_ms[] = { 20, 300, 1000, 3000 };
	static struct run run;
	bool good;

	run.wrong = wrong;
	run.print = print;
	run.now_ms = 0;
	qm_model_init(&run.model, seed, jobs, ikes);
	qm_kernel_model_init(&run.kernel, seed);
	qm_kernel_truth_init(&run.truth, &run.model);
	qm_shadow_init(&run.shadow);
	run.step_ms = step_ms[qm_random_below(&run.kernel.random, 4)];
	if (qm_ledger_new(&run.ledger, on_event, &run) < 0) {
		abort();
	}
	good = run_all(&run);
	qm_promise_exact += run.truth.exact;
	qm_promise_updates += run.shadow.updates;
	qm_ledger_free(run.ledger);
	return good ? (int)run.model.steps : -1;
}
