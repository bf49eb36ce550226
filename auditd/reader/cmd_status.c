/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qm-audit status: asks the running daemon how it goes.
 */
#include "cmd.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "answer.h"
#include "status_out.h"

#define EXIT_HEALTHY 0
#define EXIT_DEGRADED 1
#define EXIT_DOWN 2

#define SOCKET_DEFAULT "/run/qm-audit/status.sock"

/** Seconds that an answer may take. */
#define TIMEOUT_DEFAULT 10
#define TIMEOUT_MAX 3600

enum form {
	FORM_TEXT,
	FORM_JSON,
	FORM_PROMETHEUS,
};

struct options {
	enum form form;
	const char *socket;
	size_t sas;
	int timeout_ms;
	bool quiet;
	/** --help was printed */
	bool helped;
};

static const char help[] =
	"usage: qm-audit status [--json | --prometheus | --quiet] [--sas N]\n"
	"                       [--socket PATH] [--timeout SECONDS]\n"
	"\n"
	"Asks the plugin qm-audit of a running charon how it goes: the policy in force,\n"
	"whether records are taken and kept, what was written and lost, and which SA pairs\n"
	"are open.\n"
	"\n"
	"      --json             as one JSON object\n"
	"      --prometheus       in Prometheus' text format, without single SA pairs\n"
	"  -q, --quiet            only the exit status, and why\n"
	"      --sas N            list up to N open SA pairs (1000; 0 with --prometheus)\n"
	"  -s, --socket PATH      status_socket of the daemon (" SOCKET_DEFAULT ")\n"
	"      --timeout SECONDS  how long the answer may take (10)\n"
	"\n"
	"Exit status: 0 healthy, 1 degraded, 2 down, or an error.\n";

static int usage(const char *what, const char *value)
{
	fprintf(stderr, "qm-audit status: %s%s; see qm-audit status --help\n", what, value);
	return -EINVAL;
}

static int parse_number(const char *text, unsigned long max, unsigned long *ret)
{
	char *end;

	*ret = strtoul(text, &end, 10);
	return *text >= '0' && *text <= '9' && !*end && *ret <= max ? 0 : -EINVAL;
}

static int set_form(struct options *options, enum form form)
{
	if (options->form != FORM_TEXT && options->form != form) {
		return usage("--json and --prometheus exclude each other", "");
	}
	options->form = form;
	return 0;
}

static int take(struct options *options, int option)
{
	unsigned long number;

	switch (option) {
	case 'j':
		return set_form(options, FORM_JSON);
	case 'p':
		return set_form(options, FORM_PROMETHEUS);
	case 'q':
		options->quiet = true;
		return 0;
	case 's':
		options->socket = optarg;
		return *optarg ? 0 : usage("--socket names no socket", "");
	case 'n':
		if (parse_number(optarg, QM_SNAPSHOT_SAS_MAX, &number) < 0) {
			return usage("--sas is a number up to 10000, not ", optarg);
		}
		options->sas = number;
		return 0;
	case 't':
		if (parse_number(optarg, TIMEOUT_MAX, &number) < 0 || !number) {
			return usage("--timeout is a number of seconds from 1 to 3600, not ", optarg);
		}
		options->timeout_ms = (int)number * 1000;
		return 0;
	default:
		return usage("that option is not understood", "");
	}
}

static int parse(struct options *ret, int argc, char **argv)
{
	static const struct option options[] = {
		{ "json", no_argument, NULL, 'j' },
		{ "prometheus", no_argument, NULL, 'p' },
		{ "quiet", no_argument, NULL, 'q' },
		{ "sas", required_argument, NULL, 'n' },
		{ "socket", required_argument, NULL, 's' },
		{ "timeout", required_argument, NULL, 't' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	static char name[] = "qm-audit status";
	int option, r;

	*ret = (struct options){
		.socket = SOCKET_DEFAULT,
		.sas = QM_SNAPSHOT_SAS_DEFAULT,
		.timeout_ms = TIMEOUT_DEFAULT * 1000,
	};
	/* getopt_long() begins its messages with it */
	argv[0] = name;
	optind = 0;
	while ((option = getopt_long(argc, argv, "qs:h", options, NULL)) != -1) {
		if (option == 'h') {
			ret->helped = true;
			return fputs(help, stdout) < 0 || fflush(stdout) ? -EIO : 0;
		}
		r = take(ret, option);
		if (r < 0) {
			return r;
		}
	}
	if (optind < argc) {
		return usage("takes no argument ", argv[optind]);
	}
	if (ret->form == FORM_PROMETHEUS || ret->quiet) {
		ret->sas = 0;
	}
	return 0;
}

/** Prints a JSON object for a daemon that is down. */
static void put_down(struct qm_out *out, const char *why)
{
	QM_OUT(out, "{\"healthy\":false,\"reasons\":[{\"what\":\"down\",\"text\":\"");
	qm_out_json(out, qm_span_of(why));
	QM_OUT(out, "\"}]}\n");
}

/** @param snapshot	NULL when it is down */
static void put(struct qm_out *out, const struct options *options, struct qm_span text,
				const struct qm_snapshot *snapshot, const char *why)
{
	if (options->form == FORM_PROMETHEUS) {
		qm_status_prometheus(out, snapshot);
	} else if (options->form == FORM_JSON && snapshot) {
		qm_out_put(out, text);
	} else if (options->form == FORM_JSON) {
		put_down(out, why);
	} else if (snapshot) {
		qm_status_text(out, snapshot);
	}
}

/** Why it is not healthy, for who does not read that on standard output. */
static void tell_reasons(const struct options *options,
						 const struct qm_snapshot *snapshot)
{
	struct qm_out out;

	if (options->form == FORM_TEXT && !options->quiet) {
		return;
	}
	qm_out_init(&out, STDERR_FILENO);
	for (size_t i = 0; i < snapshot->n_reasons; i++) {
		QM_OUT(&out, "qm-audit status: ");
		qm_status_put(&out, qm_span_of(snapshot->reasons[i].what));
		QM_OUT(&out, ": ");
		qm_status_put(&out, qm_span_of(snapshot->reasons[i].text));
		QM_OUT(&out, "\n");
	}
	qm_out_flush(&out);
	qm_out_fini(&out);
}

static int print(const struct options *options, struct qm_span text,
				 const struct qm_snapshot *snapshot, const char *why)
{
	struct qm_out out;
	int error;

	if (options->quiet) {
		return 0;
	}
	qm_out_init(&out, STDOUT_FILENO);
	put(&out, options, text, snapshot, why);
	error = qm_out_flush(&out);
	qm_out_fini(&out);
	if (error) {
		fprintf(stderr, "qm-audit status: cannot write: %s\n", strerror(-error));
	}
	return error;
}

int qm_cmd_status(int argc, char **argv)
{
	struct qm_snapshot *snapshot = NULL;
	struct qm_complaint why = { 0 };
	struct options options;
	char *text = NULL;
	size_t len = 0;
	int status = EXIT_DOWN, r;

	r = parse(&options, argc, argv);
	if (r < 0 || options.helped) {
		return r < 0 ? EXIT_DOWN : EXIT_HEALTHY;
	}
	r = qm_answer_get(options.socket, options.sas, options.timeout_ms, &text, &len, &why);
	if (!r) {
		r = qm_answer_parse((struct qm_span){ text, len }, &snapshot, &why);
		if (r < 0) {
			fprintf(stderr, "qm-audit status: %s: the answer cannot be used: ",
					options.socket);
		}
	} else {
		fprintf(stderr, "qm-audit status: ");
	}
	if (!snapshot) {
		fprintf(stderr, "%s\n", why.text);
	} else {
		tell_reasons(&options, snapshot);
		status = snapshot->healthy ? EXIT_HEALTHY : EXIT_DEGRADED;
	}
	if (print(&options, (struct qm_span){ text, len }, snapshot, why.text) < 0) {
		status = EXIT_DOWN;
	}
	qm_snapshot_free(snapshot);
	free(text);
	return status;
}
