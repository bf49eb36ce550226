/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The options of qm-audit events.
 */
#ifndef QM_OPTIONS_H
#define QM_OPTIONS_H

#include "filter.h"
#include "render.h"

struct qm_options {
	const struct qm_format *format;
	bool pretty;
	bool follow;
	const char *provider;
	const char *computer;
	/** auditd.conf */
	const char *conf;
	struct qm_filter filter;
	/** logs to read, none for auditd's */
	char **files;
	int n_files;
	/** --help was printed */
	bool helped;
};

/**
 * Reads the arguments. What is wrong with them is said on standard error.
 *
 * @param argv		permuted
 * @return			0 or -EINVAL
 */
int qm_options_parse(struct qm_options *options, int argc, char **argv);

/**
 * Reads the value of --start or --end, in optarg. It may be two arguments, as ausearch
 * takes it: a date, and a time of day. What is wrong with it is said on standard error.
 *
 * @param command	the subcommand, for messages
 * @param ret		receives ms since the epoch
 * @return			0 or -EINVAL
 */
int qm_options_when(const char *command, bool end, int argc, char **argv, uint64_t *ret);

#endif
