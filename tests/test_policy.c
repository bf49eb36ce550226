/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy.h"

#include <string.h>

#include "test.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define UNSET QM_TRI_UNKNOWN
#define NO QM_TRI_NO
#define YES QM_TRI_YES

static const struct {
	struct qm_policy policy;
	const char *name;
	const char *title;
	bool success;
	bool failure;
} states[] = {
	{ { UNSET, UNSET }, "not-configured", "Not configured", false, false },
	{ { UNSET, NO }, "no-auditing", "No Auditing", false, false },
	{ { NO, UNSET }, "no-auditing", "No Auditing", false, false },
	{ { NO, NO }, "no-auditing", "No Auditing", false, false },
	{ { YES, UNSET }, "success", "Success", true, false },
	{ { YES, NO }, "success", "Success", true, false },
	{ { UNSET, YES }, "failure", "Failure", false, true },
	{ { NO, YES }, "failure", "Failure", false, true },
	{ { YES, YES }, "success-and-failure", "Success and Failure", true, true },
};

static void test_states(void)
{
	for (size_t i = 0; i < COUNT(states); i++) {
		QM_STR(qm_policy_name(states[i].policy), states[i].name);
		QM_STR(qm_policy_title(states[i].policy), states[i].title);
		QM_INT(qm_policy_wants(states[i].policy, true), states[i].success);
		QM_INT(qm_policy_wants(states[i].policy, false), states[i].failure);
		QM_INT(qm_policy_is_on(states[i].policy),
			   states[i].success || states[i].failure);
	}
}

static void test_equal(void)
{
	for (size_t i = 0; i < COUNT(states); i++) {
		for (size_t j = 0; j < COUNT(states); j++) {
			QM_INT(qm_policy_equal(states[i].policy, states[j].policy),
				   !strcmp(states[i].name, states[j].name));
		}
	}
}

static const struct {
	struct qm_policy old;
	struct qm_policy new;
	const char *changes;
} changes[] = {
	{ { UNSET, UNSET }, { YES, UNSET }, "success-added" },
	{ { YES, NO }, { NO, NO }, "success-removed" },
	{ { YES, NO }, { YES, YES }, "failure-added" },
	{ { YES, YES }, { YES, UNSET }, "failure-removed" },
	{ { UNSET, UNSET }, { YES, YES }, "success-added,failure-added" },
	{ { YES, YES }, { UNSET, UNSET }, "success-removed,failure-removed" },
	{ { YES, NO }, { NO, YES }, "success-removed,failure-added" },
	{ { NO, YES }, { YES, NO }, "success-added,failure-removed" },
	{ { UNSET, UNSET }, { NO, NO }, "none" },
	{ { YES, UNSET }, { YES, NO }, "none" },
};

static void test_changes(void)
{
	char buf[QM_POLICY_CHANGES_MAX];

	for (size_t i = 0; i < COUNT(changes); i++) {
		qm_policy_changes(changes[i].old, changes[i].new, buf, sizeof(buf));
		QM_STR(buf, changes[i].changes);
	}
}

CU_TestInfo policy_tests[] = {
	{ "every state has its name and what it writes", test_states },
	{ "policies are equal when their states are", test_equal },
	{ "a change is told in the words of event 4719", test_changes },
	CU_TEST_INFO_NULL,
};
