/* SPDX-License-Identifier: GPL-2.0-or-later */
#include <stdlib.h>
#include <string.h>

#include "history.h"
#include "ledger.h"
#include "test.h"

/** What a run of a case collects. */
struct run {
	struct qm_history history;
	struct qm_ledger *ledger;
	FILE *events;
	uint64_t wall_ms;
	/** what keys told of a CHILD_SA is not told again when it is announced */
	bool brief;
	bool updates;
	bool keyed[QM_HISTORY_IDS];
};

static void on_event(void *user, const struct qm_event *event)
{
	struct run *run = user;

	if (event->kind == QM_EVENT_UPDATED && !run->updates) {
		return;
	}
	fprintf(run->events, "%s", qm_history_event(event));
	if (event->when_ms != run->wall_ms) {
		fprintf(run->events, ", %us late",
				(unsigned)((run->wall_ms - event->when_ms) / 7000));
	}
	fprintf(run->events, "\n");
}

/** Leaves out facts that were told already, once. */
static void shorten(struct run *run, struct qm_input *input)
{
	const bool announces = input->type == QM_INPUT_UP || input->type == QM_INPUT_REKEY;

	if (input->type == QM_INPUT_KEYS) {
		run->keyed[input->child_sa] = true;
	} else if (announces && run->keyed[input->child_sa]) {
		run->keyed[input->child_sa] = false;
		input->old_child_sa = input->type == QM_INPUT_REKEY ? input->old_child_sa : 0;
		input->type = QM_INPUT_ANNOUNCED;
	}
}

static void run_statement(struct run *run, struct qm_words *words)
{
	/* what an input does not use is never clean on charon's stack either */
	struct qm_input input;

	memset(&input, 0xa5, sizeof(input));
	if (!strcmp(words->word[0], "wait")) {
		run->history.seconds += qm_words_number(words, words->word[1]);
		return;
	}
	while (!strcmp(words->word[0], "+")) {
		run->history.seconds--;
		memmove(words->word, words->word + 1, words->count-- * sizeof(char *));
	}
	input.thread = qm_words_thread(words, 1);
	input.time = qm_history_time(++run->history.seconds);
	run->wall_ms = input.time.wall_ms;
	if (!strcmp(words->word[0], "finish")) {
		qm_ledger_finish(run->ledger, input.time);
		return;
	}
	if (!strcmp(words->word[0], "earlier")) {
		qm_history_inherit(&run->history, words, run->ledger, input.time);
		return;
	}
	qm_history_parse(&run->history, words, &input);
	if (run->brief) {
		shorten(run, &input);
	}
	QM_OK(qm_ledger_input(run->ledger, &input));
}

static void run_statements(struct run *run, const struct qm_case *c)
{
	char *text = strdup(c->inputs), *rest = text;
	struct qm_words words;

	while (qm_words_next(&rest, c->name, &words)) {
		run_statement(run, &words);
	}
	free(text);
}

static void check(const struct qm_case *c, struct qm_outcome outcome, bool brief)
{
	char *events = NULL, *expected = NULL, what[128];
	struct run run = { .brief = brief, .updates = outcome.updates };
	size_t size;

	run.events = open_memstream(&events, &size);
	QM_OK_FATAL(qm_ledger_new(&run.ledger, on_event, &run));
	run_statements(&run, c);
	fclose(run.events);
	QM_OK_FATAL(asprintf(&expected, "%s%s", c->events, *c->events ? "\n" : ""));
	snprintf(what, sizeof(what), "'%s'%s", c->name, brief ? ", brief" : "");
	qm_test_str(events, expected, what, __FILE__, __LINE__);
	snprintf(what, sizeof(what), "'%s': entries left", c->name);
	qm_test_int((intmax_t)qm_ledger_entries(run.ledger), (intmax_t)outcome.left, what,
				__FILE__, __LINE__);
	qm_test_int((intmax_t)qm_ledger_open(run.ledger), (intmax_t)outcome.open, what,
				__FILE__, __LINE__);
	qm_ledger_free(run.ledger);
	free(events);
	free(expected);
}

void qm_history_check_all(const struct qm_case *c, struct qm_outcome outcome)
{
	check(c, outcome, false);
	check(c, outcome, true);
}

void qm_history_check(const struct qm_case *c, size_t left)
{
	qm_history_check_all(c, (struct qm_outcome){ .left = left });
}
