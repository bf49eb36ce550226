/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ledger and negotiations: one 4654 for each that comes to nothing.
 */
#include <string.h>

#include "negotiation.h"
#include "test.h"

/** How long a thread may take to go on, and a peer to try again. */
#define SETTLE_MS 5000
#define RETRY_MS 165000

static void check_all(const struct qm_nego_case *cases)
{
	for (; cases->name; cases++) {
		qm_nego_check(cases);
	}
}

static void test_v2(void)
{
	check_all(qm_nego_v2);
}

static void test_v1(void)
{
	check_all(qm_nego_v1);
}

static void count_failure(void *user, const struct qm_event *event)
{
	unsigned *failures = user;

	*failures += event->kind == QM_EVENT_FAILED;
}

/** Whether an input is the one that is lost; of a number too high, all births are. */
static bool is_lost(const struct qm_nego_script *script, unsigned i, unsigned lost)
{
	return lost < script->count ? i == lost :
								  script->input[i].type == QM_INPUT_CHILD_BORN;
}

/** Has a ledger take the inputs of a case but some. @return how many failures */
static unsigned run_without(const struct qm_nego_script *script, unsigned lost)
{
	struct qm_ledger *ledger = NULL;
	unsigned failures = 0;
	uint64_t seconds = 0;

	QM_OK_FATAL(qm_ledger_new(&ledger, count_failure, &failures));
	for (unsigned i = 0; i < script->count; i++) {
		struct qm_input input = script->input[i];

		seconds += script->seconds[i];
		input.time = qm_nego_time(i, seconds);
		if (!is_lost(script, i, lost)) {
			QM_OK(qm_ledger_input(ledger, &input));
		}
	}
	qm_ledger_finish(ledger, qm_nego_time(script->count, seconds));
	CU_ASSERT_FALSE(qm_ledger_waits(ledger));
	qm_ledger_free(ledger);
	return failures;
}

/** With one input lost or all births, no more failures than there are negotiations. */
static void check_losses(const struct qm_nego_case *cases)
{
	static struct qm_nego_script script;
	char what[128];

	for (; cases->name; cases++) {
		qm_nego_parse(cases, &script);
		for (unsigned lost = 0; lost <= script.count; lost++) {
			if (run_without(&script, lost) > qm_nego_count(&script)) {
				snprintf(what, sizeof(what), "'%s' without input %u", cases->name, lost);
				qm_test_str("more failures", "no more than negotiations", what, __FILE__,
							__LINE__);
			}
		}
	}
}

static void test_losses(void)
{
	check_losses(qm_nego_v2);
	check_losses(qm_nego_v1);
}

/** What waits, and for how long. */
static void check_patience(const char *inputs, uint64_t patience_ms)
{
	const struct qm_nego_case c = { "patience", QM_NEGO_ALONE, inputs, "" };
	static struct qm_nego_script script;
	struct qm_input tick = { .type = QM_INPUT_TICK };
	struct qm_ledger *ledger = NULL;
	unsigned failures = 0;

	QM_OK_FATAL(qm_ledger_new(&ledger, count_failure, &failures));
	qm_nego_parse(&c, &script);
	for (unsigned i = 0; i < script.count; i++) {
		CU_ASSERT_FALSE(qm_ledger_waits(ledger));
		tick.time = script.input[i].time = qm_nego_time(i, 0);
		QM_OK(qm_ledger_input(ledger, &script.input[i]));
	}
	CU_ASSERT_TRUE(qm_ledger_waits(ledger));
	tick.time.mono_ms += patience_ms - 1;
	QM_OK(qm_ledger_input(ledger, &tick));
	QM_INT(failures, 0);
	CU_ASSERT_TRUE(qm_ledger_waits(ledger));
	tick.time.mono_ms++;
	QM_OK(qm_ledger_input(ledger, &tick));
	QM_INT(failures, 1);
	CU_ASSERT_FALSE(qm_ledger_waits(ledger));
	qm_ledger_free(ledger);
}

static void test_patience(void)
{
	check_patience("req< 1 2 create; rsp> 1 2 create 17", RETRY_MS);
	check_patience("qm1< 1 7; qm2> 1 7; qm3< 1 7; failed 11/1 installing", SETTLE_MS);
	check_patience("req< 1 1 auth; rsp> 1 1 auth; cause 1 half-open; abandoned 1",
				   SETTLE_MS);
}

/** Failed or not, nothing of a negotiation is left when its IKE_SA is gone. */
static void test_nothing_left(void)
{
	static const char *const inputs[] = {
		"req> 1 2 create; rsp< 1 2 create 35; failed 11/1; ike-destroying 1",
		"req> 1 2 create; ike-destroying 1; failed 11/1",
		"req< 1 2 create; rsp> 1 2 create 17; ike-destroying 1; tick 6",
		"req< 1 2 create; keys 11/1 resp; ike-destroying 1; destroying 11",
		"qm1< 1 7; info> 1 18; ike-destroying 1; tick 6",
		("req> 1 2 create; keys 11/1 init; failed 12/1; ike-destroying 1; destroying 11;"
		 "tick 6"),
	};
	static struct qm_nego_script script;
	unsigned failures = 0;
	uint64_t seconds;

	for (size_t i = 0; i < sizeof(inputs) / sizeof(inputs[0]); i++) {
		const struct qm_nego_case c = { inputs[i], QM_NEGO_ALONE, inputs[i], "" };
		struct qm_ledger *ledger = NULL;

		seconds = 0;
		QM_OK_FATAL(qm_ledger_new(&ledger, count_failure, &failures));
		qm_nego_parse(&c, &script);
		for (unsigned k = 0; k < script.count; k++) {
			seconds += script.seconds[k];
			script.input[k].time = qm_nego_time(k, seconds);
			QM_OK(qm_ledger_input(ledger, &script.input[k]));
		}
		qm_test_int((intmax_t)qm_ledger_entries(ledger), 0, inputs[i], __FILE__,
					__LINE__);
		qm_ledger_free(ledger);
	}
}

CU_TestInfo ledger_nego_tests[] = {
	{ "IKEv2", test_v2 },
	{ "IKEv1", test_v1 },
	{ "any one input is lost, or all births", test_losses },
	{ "how long to wait", test_patience },
	{ "nothing is left", test_nothing_left },
	CU_TEST_INFO_NULL,
};
