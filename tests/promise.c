/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "promise.h"

#include <stdlib.h>
#include <string.h>

#include "history.h"
#include "ledger.h"
#include "shadow.h"

#define EVENTS_MAX 4
#define LINE_MAX 160

uint64_t qm_promise_updates;
uint64_t qm_promise_events[QM_EVENT_KIND_MAX];
uint64_t qm_promise_reasons[QM_REASON_MAX];

/** What the ledger said of an SPI pair. */
struct pair {
	unsigned started;
	unsigned ended;
};

struct run {
	struct qm_model model;
	struct qm_ledger *ledger;
	/** lines of the events of the last input */
	char lines[EVENTS_MAX][LINE_MAX];
	unsigned events;
	uint64_t wall_ms;
	/** by the last byte of the inbound SPI, which is as good as the whole here */
	struct pair pairs[QM_MODEL_CHILDREN];
	struct qm_shadow shadow;
	char *wrong;
};

static bool complain(struct run *run, const char *expected)
{
	unsigned i;
	int len;

	len = snprintf(run->wrong, QM_PROMISE_WRONG_MAX, "expected: %s\nis:",
				   *expected ? expected : "nothing");
	for (i = 0; i < run->events && len < QM_PROMISE_WRONG_MAX; i++) {
		len += snprintf(run->wrong + len, QM_PROMISE_WRONG_MAX - (size_t)len, " %s;",
						run->lines[i]);
	}
	return false;
}

static void on_event(void *user, const struct qm_event *event)
{
	struct run *run = user;
	struct pair *pair = &run->pairs[event->sa->in_spi % QM_HISTORY_IDS %
									QM_MODEL_CHILDREN];

	qm_shadow_event(&run->shadow, event);
	if (event->kind == QM_EVENT_UPDATED) {
		return;
	}
	qm_promise_events[event->kind]++;
	if (event->kind == QM_EVENT_ESTABLISHED) {
		pair->started++;
	} else {
		pair->ended++;
		qm_promise_reasons[event->reason]++;
	}
	if (run->events < EVENTS_MAX) {
		snprintf(run->lines[run->events], LINE_MAX, "%s%s", qm_history_event(event),
				 event->when_ms == run->wall_ms ? "" : " at another time");
	}
	run->events++;
}

/** The event that has to come of a step, as its line; "" for none. */
static void expect(const struct run *run, const struct qm_step *step, char line[LINE_MAX])
{
	const struct qm_truth *truth = &run->model.truth[step->child];
	struct qm_sa_facts facts;
	struct qm_event event = { .sa = &facts };

	*line = '\0';
	qm_history_facts(&facts, step->child, truth->ike, 0, 0, truth->host);
	facts.direction = truth->direction;
	if (step->announces && truth->start == run->model.steps) {
		event.kind = QM_EVENT_ESTABLISHED;
		event.old_child_sa = truth->old;
	} else if (truth->announced && truth->gone && truth->end == run->model.steps) {
		event.kind = QM_EVENT_ENDED;
		event.reason = truth->reason;
		event.ended_by = truth->party;
		event.rekeys = truth->rekeys;
		event.duration_ms = 1000 * (truth->end - truth->start);
	} else {
		return;
	}
	snprintf(line, LINE_MAX, "%s", qm_history_event(&event));
}

static bool take_step(struct run *run, const struct qm_step *step, FILE *print)
{
	struct qm_input input;
	char line[LINE_MAX];

	qm_model_input(step, &run->model, &input);
	if (print) {
		qm_history_print(print, &input);
	}
	run->events = 0;
	run->wall_ms = input.time.wall_ms;
	expect(run, step, line);
	if (qm_ledger_input(run->ledger, &input) < 0) {
		return complain(run, "no error");
	}
	if (run->events != (*line != '\0') || (*line && strcmp(line, run->lines[0]))) {
		return complain(run, line);
	}
	if (qm_ledger_open(run->ledger) != run->model.open) {
		return complain(run, "another number of open ones");
	}
	if (!qm_shadow_check(&run->shadow, run->ledger)) {
		return complain(run, run->shadow.wrong);
	}
	return true;
}

/** Both or neither for each pair, and nothing is left. */
static bool check_end(struct run *run)
{
	unsigned i;

	for (i = 1; i <= run->model.children; i++) {
		const struct qm_truth *truth = &run->model.truth[i];

		if (truth->keyed && !truth->gone) {
			return complain(run, "that charon destroys all that it had");
		}
		if (run->pairs[i].started != truth->announced ||
			run->pairs[i].ended != truth->announced) {
			return complain(run, "both events or neither");
		}
	}
	if (qm_ledger_entries(run->ledger)) {
		return complain(run, "no entries left");
	}
	qm_ledger_finish(run->ledger, qm_history_time(run->model.steps + 1));
	return run->events || qm_ledger_open(run->ledger) ? complain(run, "") : true;
}

int qm_promise_run(uint64_t seed, unsigned jobs, unsigned ikes, FILE *print,
				   char wrong[QM_PROMISE_WRONG_MAX])
{
	static struct run run;
	struct qm_step step;
	bool good = true;

	memset(&run, 0, sizeof(run));
	run.wrong = wrong;
	qm_model_init(&run.model, seed, jobs, ikes);
	if (qm_ledger_new(&run.ledger, on_event, &run) < 0) {
		abort();
	}
	while (good && qm_model_next(&run.model, &step)) {
		good = take_step(&run, &step, print);
	}
	if (good) {
		run.events = 0;
		good = check_end(&run);
	}
	qm_promise_updates += run.shadow.updates;
	qm_ledger_free(run.ledger);
	return good ? (int)run.model.steps : -1;
}
