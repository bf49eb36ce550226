/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The audit policy in a file of settings: reading and changing it. A change touches
 * the two keys and nothing else; comments, order, blank lines, other keys and line
 * ends stay as they are.
 */
#ifndef QM_SNIPPET_H
#define QM_SNIPPET_H

#include "../policy.h"
#include "snippet_scan.h"

/** What happens to a key. */
enum qm_snippet_action {
	/** it stays as it is */
	QM_SNIPPET_KEEP,
	/** it becomes yes, or no */
	QM_SNIPPET_YES,
	QM_SNIPPET_NO,
	/** it is not set any more */
	QM_SNIPPET_REMOVE,
};

/** What happens to both. */
struct qm_snippet_edit {
	enum qm_snippet_action actions[QM_SNIPPET_KEYS];
};

/**
 * The policy that was found. A key whose value is neither yes nor no counts as not
 * set, as for the plugin.
 */
struct qm_policy qm_snippet_policy(const struct qm_snippet *snippet);

/**
 * Changes the policy in a text of settings. A key that is set keeps its place, and
 * its spelling where that means the same already. One that is set more than once is
 * left with its last, which is the one that counts. A new one goes below the comment
 * line that shows how to set it, otherwise to the end of the section.
 *
 * @param text		not terminated
 * @param ret		receives the new text, to be freed by the caller; unchanged on failure
 * @param ret_size	receives its size
 * @param why		says what is wrong on failure
 * @return			0; -ENOMEM; what qm_snippet_scan() returns
 */
int qm_snippet_change(const char *text, size_t size, struct qm_snippet_edit edit,
					  char **ret, size_t *ret_size, struct qm_complaint *why);

#endif
