/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy.h"

#include <stdio.h>

enum state {
	STATE_NOT_CONFIGURED,
	STATE_NO_AUDITING,
	STATE_SUCCESS,
	STATE_FAILURE,
	STATE_SUCCESS_AND_FAILURE,
	STATE_MAX,
};

static const char *const names[STATE_MAX] = {
	[STATE_NOT_CONFIGURED] = "not-configured",
	[STATE_NO_AUDITING] = "no-auditing",
	[STATE_SUCCESS] = "success",
	[STATE_FAILURE] = "failure",
	[STATE_SUCCESS_AND_FAILURE] = "success-and-failure",
};

/** The same as auditpol prints them. */
static const char *const titles[STATE_MAX] = {
	[STATE_NOT_CONFIGURED] = "Not configured",
	[STATE_NO_AUDITING] = "No Auditing",
	[STATE_SUCCESS] = "Success",
	[STATE_FAILURE] = "Failure",
	[STATE_SUCCESS_AND_FAILURE] = "Success and Failure",
};

static enum state state_of(struct qm_policy policy)
{
	if (policy.success == QM_TRI_UNKNOWN && policy.failure == QM_TRI_UNKNOWN) {
		return STATE_NOT_CONFIGURED;
	}
	if (policy.success == QM_TRI_YES) {
		return policy.failure == QM_TRI_YES ? STATE_SUCCESS_AND_FAILURE : STATE_SUCCESS;
	}
	return policy.failure == QM_TRI_YES ? STATE_FAILURE : STATE_NO_AUDITING;
}

const char *qm_policy_name(struct qm_policy policy)
{
	return names[state_of(policy)];
}

const char *qm_policy_title(struct qm_policy policy)
{
	return titles[state_of(policy)];
}

bool qm_policy_wants(struct qm_policy policy, bool success)
{
	return (success ? policy.success : policy.failure) == QM_TRI_YES;
}

bool qm_policy_is_on(struct qm_policy policy)
{
	return qm_policy_wants(policy, true) || qm_policy_wants(policy, false);
}

bool qm_policy_equal(struct qm_policy a, struct qm_policy b)
{
	return state_of(a) == state_of(b);
}

static const char *change(bool before, bool after, const char *added,
						  const char *removed)
{
	if (before == after) {
		return "";
	}
	return after ? added : removed;
}

void qm_policy_changes(struct qm_policy old, struct qm_policy new, char *buf, size_t size)
{
	const char *success, *failure;

	success = change(qm_policy_wants(old, true), qm_policy_wants(new, true),
					 "success-added", "success-removed");
	failure = change(qm_policy_wants(old, false), qm_policy_wants(new, false),
					 "failure-added", "failure-removed");
	if (!*success && !*failure) {
		success = "none";
	}
	snprintf(buf, size, "%s%s%s", success, *success && *failure ? "," : "", failure);
}
