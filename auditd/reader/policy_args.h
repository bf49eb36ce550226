/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command line of qm-audit policy.
 */
#ifndef QM_POLICY_ARGS_H
#define QM_POLICY_ARGS_H

#include <stdbool.h>

#include "auditcsv.h"
#include "snippet.h"

enum qm_policy_action {
	QM_POLICY_GET,
	QM_POLICY_SET,
	QM_POLICY_CLEAR,
	QM_POLICY_LIST,
	QM_POLICY_IMPORT,
	QM_POLICY_EXPORT,
};

struct qm_policy_args {
	enum qm_policy_action action;
	/** the file of settings */
	const char *file;
	/** charon's socket, NULL for the usual one */
	const char *uri;
	/** of import and export, NULL for others */
	const char *csv_file;
	bool no_apply;
	bool quiet;
	bool csv;
	bool guid;
	/** what set asks for */
	struct qm_snippet_edit edit;
	enum qm_auditcsv_zero zero;
};

/**
 * Parses the command line, and prints help or what is wrong with it.
 *
 * @param argv		"policy" first
 * @param ret		receives what was asked for; unspecified where there is nothing to do
 * @return			-1 where there is something to do, otherwise the exit status
 */
int qm_policy_args_parse(int argc, char **argv, struct qm_policy_args *ret);

#endif
