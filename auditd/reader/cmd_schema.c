/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qm-audit schema: prints the table of events.
 */
#include "cmd.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "schema_doc.h"

static const struct {
	const char *name;
	void (*print)(struct qm_out *out);
} formats[] = {
	{ "text", qm_schema_text },
	{ "json", qm_schema_json },
	{ "markdown", qm_schema_markdown },
};

static const char help[] =
	"usage: qm-audit schema [--format text|json|markdown]\n"
	"\n"
	"Shows the events that qm-audit events makes of records: their fields, and which\n"
	"field of a record each comes from.\n";

static int print(void (*format)(struct qm_out *out))
{
	struct qm_out out;
	int error;

	qm_out_init(&out, STDOUT_FILENO);
	format(&out);
	error = qm_out_flush(&out);
	qm_out_fini(&out);
	if (error) {
		fprintf(stderr, "qm-audit schema: cannot write: %s\n", strerror(-error));
		return QM_EXIT_ERROR;
	}
	return QM_EXIT_OK;
}

static void (*find(const char *name))(struct qm_out *out)
{
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		if (!strcmp(name, formats[i].name)) {
			return formats[i].print;
		}
	}
	fprintf(stderr,
			"qm-audit schema: --format %s: not a format: text, json or markdown\n", name);
	return NULL;
}

int qm_cmd_schema(int argc, char **argv)
{
	static const struct option options[] = {
		{ "format", required_argument, NULL, 'f' },
		{ "help", no_argument, NULL, 'h' },
		{ 0 },
	};
	static char name[] = "qm-audit schema";
	void (*format)(struct qm_out *out) = formats[0].print;
	int id;

	/* getopt_long() begins its messages with it */
	argv[0] = name;
	optind = 0;
	while ((id = getopt_long(argc, argv, "h", options, NULL)) != -1) {
		if (id == 'h') {
			return fputs(help, stdout) < 0 || fflush(stdout) ? QM_EXIT_ERROR : QM_EXIT_OK;
		}
		format = id == 'f' ? find(optarg) : NULL;
		if (!format) {
			return QM_EXIT_ERROR;
		}
	}
	if (optind < argc) {
		fprintf(stderr, "qm-audit schema: takes no argument '%s'\n", argv[optind]);
		return QM_EXIT_ERROR;
	}
	return print(format);
}
