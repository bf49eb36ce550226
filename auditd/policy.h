/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The audit policy "Audit IPsec Quick Mode" with its five Windows states.
 */
#ifndef QM_POLICY_H
#define QM_POLICY_H

#include <stdbool.h>
#include <stddef.h>

#include "facts.h"

/** The policy as configured: each key yes, no, or not set (UNKNOWN). */
struct qm_policy {
	enum qm_tristate success;
	enum qm_tristate failure;
};

/** Longest output of qm_policy_changes() with its NUL. */
#define QM_POLICY_CHANGES_MAX 64

/**
 * Name of the state: not-configured, no-auditing, success, failure or
 * success-and-failure. A key that is not set beside one that is counts as no,
 * as in Windows' audit.csv.
 *
 * @return	static string, never NULL
 */
const char *qm_policy_name(struct qm_policy policy);

/**
 * The same as Windows' auditpol prints it: "Not configured", "No Auditing", "Success",
 * "Failure" or "Success and Failure".
 *
 * @return	static string, never NULL
 */
const char *qm_policy_title(struct qm_policy policy);

/**
 * Whether events of a class are written under this policy.
 *
 * @param success	true for events classed success, false for failure
 */
bool qm_policy_wants(struct qm_policy policy, bool success);

/** Whether any event is written under this policy. */
bool qm_policy_is_on(struct qm_policy policy);

/** Whether two policies are the same state. */
bool qm_policy_equal(struct qm_policy a, struct qm_policy b);

/**
 * What changed, in the words of Windows event 4719: success-added,
 * success-removed, failure-added, failure-removed, joined by commas; "none"
 * where only the configuration changed (no to not set).
 *
 * @param buf		receives the terminated text
 * @param size		at least QM_POLICY_CHANGES_MAX
 */
void qm_policy_changes(struct qm_policy old, struct qm_policy new, char *buf,
					   size_t size);

#endif
