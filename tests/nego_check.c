/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs a case through a ledger of its own.
 */
#include "negotiation.h"

#include <stdlib.h>
#include <string.h>

#include "test.h"

/** What a run of a case collects. */
struct run {
	FILE *events;
	/** the ledger was told all, and comes to an end itself */
	bool finishing;
};

static void on_event(void *user, const struct qm_event *event)
{
	const struct run *run = user;

	if (event->kind == QM_EVENT_FAILED) {
		fprintf(run->events, "%s%s\n", run->finishing ? "late: " : "",
				qm_nego_event(event));
	}
}

static void run_script(struct run *run, struct qm_nego_script *script)
{
	struct qm_ledger *ledger = NULL;
	uint64_t seconds = 0;

	QM_OK_FATAL(qm_ledger_new(&ledger, on_event, run));
	for (unsigned i = 0; i < script->count; i++) {
		seconds += script->seconds[i];
		script->input[i].time = qm_nego_time(i, seconds);
		QM_OK(qm_ledger_input(ledger, &script->input[i]));
	}
	run->finishing = true;
	qm_ledger_finish(ledger, qm_nego_time(script->count, seconds));
	CU_ASSERT_FALSE(qm_ledger_waits(ledger));
	qm_ledger_free(ledger);
}

void qm_nego_check(const struct qm_nego_case *c)
{
	static struct qm_nego_script script;
	char *events = NULL, *expected = NULL, what[128];
	struct run run = { 0 };
	size_t size;

	run.events = open_memstream(&events, &size);
	qm_nego_parse(c, &script);
	run_script(&run, &script);
	fclose(run.events);
	QM_OK_FATAL(asprintf(&expected, "%s%s", c->events, *c->events ? "\n" : ""));
	snprintf(what, sizeof(what), "'%s'", c->name);
	qm_test_str(events, expected, what, __FILE__, __LINE__);
	free(events);
	free(expected);
}
