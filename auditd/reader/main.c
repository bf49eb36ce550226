/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qm-audit: runs the subcommand that its first argument names.
 */
#include <stdio.h>
#include <string.h>

#include "cmd.h"

static const struct {
	const char *name;
	const char *help;
	int (*run)(int argc, char **argv);
} commands[] = {
	{ "events", "show the audit trail as Windows events", qm_cmd_events },
	{ "policy", "show and change the audit policy", qm_cmd_policy },
	{ "schema", "show which events there are, and where their fields come from",
	  qm_cmd_schema },
	{ "status", "ask the running daemon how it goes", qm_cmd_status },
	{ "stream", "hand events on as they come, as a plugin of auditd", qm_cmd_stream },
	{ "verify", "say whether the audit trail is complete", qm_cmd_verify },
};

#define COMMANDS (sizeof(commands) / sizeof(commands[0]))

static void print_commands(FILE *file)
{
	for (size_t i = 0; i < COMMANDS; i++) {
		fprintf(file, "  %-8s  %s\n", commands[i].name, commands[i].help);
	}
}

static int print_help(void)
{
	printf("usage: qm-audit COMMAND [OPTION]...\n\n"
		   "Reads what the qm-audit plugin of strongSwan writes to Linux audit.\n\n");
	print_commands(stdout);
	printf("\nqm-audit COMMAND --help tells more. "
		   "qm-audit --version prints the version.\n");
	return fflush(stdout) ? QM_EXIT_ERROR : QM_EXIT_OK;
}

static int print_version(void)
{
	printf("qm-audit %s\n", PACKAGE_VERSION);
	return fflush(stdout) ? QM_EXIT_ERROR : QM_EXIT_OK;
}

int main(int argc, char *argv[])
{
	if (argc < 2) {
		fprintf(stderr, "qm-audit: say which command; there are:\n");
		print_commands(stderr);
		return QM_EXIT_ERROR;
	}
	if (!strcmp(argv[1], "--help") || !strcmp(argv[1], "-h") ||
		!strcmp(argv[1], "help")) {
		return print_help();
	}
	if (!strcmp(argv[1], "--version") || !strcmp(argv[1], "-V")) {
		return print_version();
	}
	for (size_t i = 0; i < COMMANDS; i++) {
		if (!strcmp(argv[1], commands[i].name)) {
			return commands[i].run(argc - 1, argv + 1);
		}
	}
	fprintf(stderr, "qm-audit: there is no command '%s'; there are:\n", argv[1]);
	print_commands(stderr);
	return QM_EXIT_ERROR;
}
