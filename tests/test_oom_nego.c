/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ledger's negotiations when memory is short: every allocation fails once, in
 * every case. The input says so, nothing leaks and nothing is told twice.
 */
#include <errno.h>

#include "fail_alloc.h"
#include "negotiation.h"
#include "test.h"

static void count_failure(void *user, const struct qm_event *event)
{
	unsigned *failures = user;

	*failures += event->kind == QM_EVENT_FAILED;
}

struct run {
	unsigned calls;
	unsigned refused;
	unsigned failures;
};

/** Runs a case and fails one allocation, none for 0. */
static struct run run_case(struct qm_nego_script *script, unsigned nth)
{
	struct qm_ledger *ledger = NULL;
	struct run run = { 0 };
	uint64_t seconds = 0;

	QM_OK_FATAL(qm_ledger_new(&ledger, count_failure, &run.failures));
	qm_fail_alloc(nth);
	for (unsigned i = 0; i < script->count; i++) {
		int r;

		seconds += script->seconds[i];
		script->input[i].time = qm_nego_time(i, seconds);
		r = qm_ledger_input(ledger, &script->input[i]);
		CU_ASSERT(!r || r == -ENOMEM);
		run.refused += r < 0;
	}
	qm_ledger_finish(ledger, qm_nego_time(script->count, seconds));
	run.calls = qm_fail_alloc_end();
	qm_ledger_free(ledger);
	return run;
}

static unsigned lines_of(const char *text)
{
	unsigned lines = *text != '\0';

	for (; *text; text++) {
		lines += *text == '\n';
	}
	return lines;
}

/** @return allocations that failed */
static unsigned check_cases(const struct qm_nego_case *cases)
{
	static struct qm_nego_script script;
	unsigned total = 0;

	for (; cases->name; cases++) {
		struct run run;

		qm_nego_parse(cases, &script);
		run = run_case(&script, 0);
		QM_INT(run.refused, 0);
		QM_INT(run.failures, lines_of(cases->events));
		total += run.calls;
		for (unsigned nth = run.calls; nth; nth--) {
			run = run_case(&script, nth);
			QM_INT(run.refused, 1);
			CU_ASSERT(run.failures <= qm_nego_count(&script));
		}
	}
	return total;
}

static void test_cases(void)
{
	CU_ASSERT(check_cases(qm_nego_v2) > 0);
	CU_ASSERT(check_cases(qm_nego_v1) > 0);
}

/** What a negotiation costs: its IKE_SA once, and the facts of what failed. */
static void test_cost(void)
{
	static const struct {
		const char *inputs;
		unsigned calls;
	} costs[] = {
		/* the IKE_SA, its table, and the negotiation */
		{ "req< 1 2 create", 4 },
		{ "req< 1 2 create; rsp> 1 2 create 43", 4 },
		/* what is known of the peer */
		{ "req< 1 2 create; rsp> 1 2 create 14", 5 },
		/* and what was offered */
		{ "req< 1 2 create; alert 1 ts; rsp> 1 2 create 38", 6 },
		{ "req< 1 2 create; alert 1 ts; failed 11/1; rsp> 1 2 create 38", 6 },
		/* each anew, as nothing is kept */
		{ "req< 1 2 create; rsp> 1 2 create 14; req< 1 3 create; rsp> 1 3 create 14",
		  7 },
	};
	static struct qm_nego_script script;

	for (size_t i = 0; i < sizeof(costs) / sizeof(costs[0]); i++) {
		const struct qm_nego_case c = { "cost", QM_NEGO_ALONE, costs[i].inputs, "" };

		qm_nego_parse(&c, &script);
		QM_INT(run_case(&script, 0).calls, costs[i].calls);
	}
}

CU_TestInfo oom_nego_tests[] = {
	{ "what a negotiation costs", test_cost },
	{ "any allocation of a negotiation", test_cases },
	CU_TEST_INFO_NULL,
};
