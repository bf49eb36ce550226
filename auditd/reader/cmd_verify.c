/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qm-audit verify: says whether a trail is complete.
 */
#include "cmd.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "options.h"
#include "reading.h"
#include "verify_print.h"

static const char help[] =
	"usage: qm-audit verify [OPTION]... [FILE]...\n"
	"\n"
	"Says whether the trail that the qm-audit plugin wrote is complete: whether records\n"
	"are missing by their numbers, each SA pair's end has its beginning and the other\n"
	"way round, each run of a daemon its start and its stop, and whether the kernel's\n"
	"own records of SAs agree. Reads the logs that auditd.conf names, rotated ones\n"
	"included, or FILEs; - is standard input.\n"
	"\n"
	"  --json               one JSON document\n"
	"  --notes              also what is worth knowing and no fault\n"
	"  --open               also the SA pairs that have no end yet\n"
	"  --start, --end WHEN  only findings from, or up to: as for qm-audit events; all\n"
	"                       records are read in any case\n"
	"  --node NAME          only of this node, as a collector's log has it\n"
	"  --auditd-conf FILE   where auditd's configuration is, instead of\n"
	"                       " QM_AUDITD_CONF "\n"
	"\n"
	"Exit status: 0 if the trail is complete, 1 if not, 2 after an error.\n";

struct run {
	struct qm_verify_style style;
	const char *conf;
	bool json;
	bool helped;
	struct qm_filter filter;
	struct qm_report report;
	struct qm_trail trail;
	struct qm_line line;
};

static int set(struct run *run, int id, int argc, char **argv)
{
	switch (id) {
	case 'j':
		run->json = true;
		return 0;
	case 'i':
		run->style.notes = true;
		return 0;
	case 'o':
		run->style.open = true;
		return 0;
	case 's':
		return qm_options_when("verify", false, argc, argv, &run->style.start_ms);
	case 'e':
		return qm_options_when("verify", true, argc, argv, &run->style.end_ms);
	case 'n':
		run->filter.node = optarg;
		return 0;
	case 'c':
		run->conf = optarg;
		return 0;
	case 'h':
		run->helped = true;
		return fputs(help, stdout) < 0 || fflush(stdout) ? -EIO : 0;
	default:
		fprintf(stderr, "Try qm-audit verify --help.\n");
		return -EINVAL;
	}
}

static int parse_options(struct run *run, int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "notes", no_argument, NULL, 'i' },
		{ "open", no_argument, NULL, 'o' },
		{ "start", required_argument, NULL, 's' },
		{ "end", required_argument, NULL, 'e' },
		{ "node", required_argument, NULL, 'n' },
		{ "auditd-conf", required_argument, NULL, 'c' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	int id, error = 0;

	optind = 0;
	while (!error && !run->helped &&
		   (id = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		error = set(run, id, argc, argv);
	}
	if (!error && run->style.start_ms > run->style.end_ms) {
		fprintf(stderr, "qm-audit verify: --start is after --end\n");
		error = -EINVAL;
	}
	return error;
}

static int feed(struct run *run, struct qm_verify *verify, const struct qm_entry *entry)
{
	const struct qm_span text = { entry->text, entry->len };
	struct qm_kernel_line kernel;
	const char *problem;
	bool strange;

	if (qm_line_is_ours(text, &strange)) {
		if (qm_line_parse(text, &run->line, &problem) == 0) {
			return qm_verify_record(verify, &run->line);
		}
		qm_trail_complain(&run->trail, text.s, problem);
		return 0;
	}
	return qm_kernel_line_parse(text, &kernel) ? 0 : qm_verify_kernel(verify, &kernel);
}

static int print(const struct run *run, const struct qm_verify_result *result)
{
	struct qm_out out;
	int error;

	qm_out_init(&out, STDOUT_FILENO);
	if (run->json) {
		qm_verify_print_json(&out, &run->style, result);
	} else {
		qm_verify_print_text(&out, &run->style, result);
	}
	error = qm_out_flush(&out);
	qm_out_fini(&out);
	return error;
}

/** @return exit status */
static int judge(struct run *run)
{
	struct qm_verify *verify = qm_verify_new();
	struct qm_verify_result result;
	int error = verify ? 0 : -ENOMEM, status = QM_EXIT_OK;

	qm_trail_sort(&run->trail);
	for (size_t i = 0; i < run->trail.count && !error; i++) {
		error = feed(run, verify, &run->trail.entries[i]);
	}
	error = error ? error : qm_verify_finish(verify, &result);
	if (!error) {
		result.repeated += run->trail.repeated;
		qm_report_clear(&run->report);
		run->style.partial = run->report.failed;
		error = print(run, &result);
		status = qm_verify_faults(&run->style, &result) || !result.records ? QM_EXIT_NONE
																		  : QM_EXIT_OK;
	}
	if (error) {
		qm_report_error(&run->report, "cannot go on: %s", strerror(-error));
	}
	qm_verify_free(verify);
	return run->report.failed ? QM_EXIT_ERROR : status;
}

int qm_cmd_verify(int argc, char **argv)
{
	struct run *run = calloc(1, sizeof(*run));
	int status = QM_EXIT_ERROR;

	if (!run) {
		fprintf(stderr, "qm-audit verify: cannot go on: %s\n", strerror(ENOMEM));
		return QM_EXIT_ERROR;
	}
	run->conf = QM_AUDITD_CONF;
	run->style.end_ms = UINT64_MAX;
	qm_filter_init(&run->filter);
	qm_report_init(&run->report, "qm-audit verify");
	if (parse_options(run, argc, argv) == 0) {
		status = QM_EXIT_OK;
		if (!run->helped) {
			qm_trail_init(&run->trail, &run->filter, &run->report);
			run->trail.with_kernel = true;
			qm_reading_add(&run->trail, argv + optind, argc - optind, run->conf);
			status = judge(run);
			qm_trail_fini(&run->trail);
		}
	}
	free(run);
	return status;
}
