/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "policy_args.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

#define EXIT_DONE 0
#define EXIT_USAGE 2
#define GO_ON (-1)

enum option_id {
	OPTION_FILE = 'f',
	OPTION_URI = 'u',
	OPTION_QUIET = 'q',
	OPTION_GUID = 'v',
	OPTION_HELP = 'h',
	OPTION_SUCCESS = 256,
	OPTION_FAILURE,
	OPTION_NO_APPLY,
	OPTION_CSV,
	OPTION_ZERO,
};

static const struct option options[] = {
	{ "file", required_argument, NULL, OPTION_FILE },
	{ "uri", required_argument, NULL, OPTION_URI },
	{ "quiet", no_argument, NULL, OPTION_QUIET },
	{ "guid", no_argument, NULL, OPTION_GUID },
	{ "help", no_argument, NULL, OPTION_HELP },
	{ "success", required_argument, NULL, OPTION_SUCCESS },
	{ "failure", required_argument, NULL, OPTION_FAILURE },
	{ "no-apply", no_argument, NULL, OPTION_NO_APPLY },
	{ "csv", no_argument, NULL, OPTION_CSV },
	{ "zero", required_argument, NULL, OPTION_ZERO },
	{ NULL, 0, NULL, 0 },
};

/** What each action takes. */
static const struct {
	const char *name;
	bool takes_file;
	const int *options;
} actions[] = {
	[QM_POLICY_GET] = { "get", false, (const int[]){ OPTION_FILE, OPTION_CSV, 0 } },
	[QM_POLICY_SET] = { "set", false,
						(const int[]){ OPTION_SUCCESS, OPTION_FAILURE, OPTION_FILE,
									   OPTION_URI, OPTION_NO_APPLY, OPTION_QUIET, 0 } },
	[QM_POLICY_CLEAR] = { "clear", false,
						  (const int[]){ OPTION_FILE, OPTION_URI, OPTION_NO_APPLY,
										 OPTION_QUIET, 0 } },
	[QM_POLICY_LIST] = { "list", false, (const int[]){ OPTION_GUID, 0 } },
	[QM_POLICY_IMPORT] = { "import", true,
						   (const int[]){ OPTION_ZERO, OPTION_FILE, OPTION_URI,
										  OPTION_NO_APPLY, OPTION_QUIET, 0 } },
	[QM_POLICY_EXPORT] = { "export", true,
						   (const int[]){ OPTION_FILE, OPTION_QUIET, 0 } },
};

#define ACTIONS (sizeof(actions) / sizeof(actions[0]))

static const char help[] =
	"usage: qm-audit policy get [--csv]\n"
	"       qm-audit policy set [--success enable|disable] [--failure enable|disable]\n"
	"       qm-audit policy clear\n"
	"       qm-audit policy list [--guid]\n"
	"       qm-audit policy import AUDIT.CSV [--zero none|unchanged]\n"
	"       qm-audit policy export AUDIT.CSV\n"
	"\n"
	"Shows and changes the audit policy \"Audit IPsec Quick Mode\", as auditpol does.\n"
	"\n"
	"  get          show the policy that is configured\n"
	"  set          write events of a class, or do not; a class not named stays as it "
	"is\n"
	"  clear        make the policy Not configured\n"
	"  list         show the five states and what each writes\n"
	"  import       take the policy from the audit.csv of a Group Policy Object\n"
	"  export       write the policy into such a file, or a new one; - is standard "
	"output\n"
	"\n"
	"  -f, --file FILE   the settings (" QM_SNIPPET_FILE ")\n"
	"  -u, --uri URI     charon's socket, as swanctl --uri takes it\n"
	"      --no-apply    do not have a running charon read the settings\n"
	"      --csv         get: print auditpol's report (/r)\n"
	"  -v, --guid        list: print GUIDs as well\n"
	"      --zero WHAT   import: what 'No Auditing' with the value 0 means: none or "
	"unchanged\n"
	"  -q, --quiet       do not say what was and is\n"
	"\n"
	"Exit status: 0 done, 1 changed but not applied, 2 error.\n";

static int usage(const char *what, const char *value)
{
	fprintf(stderr, "qm-audit policy: %s%s; see qm-audit policy --help\n", what, value);
	return EXIT_USAGE;
}

static bool takes(enum qm_policy_action action, int option)
{
	const int *at = actions[action].options;

	while (*at && *at != option) {
		at++;
	}
	return *at;
}

static int parse_switch(const char *value, enum qm_snippet_action *ret)
{
	if (!strcmp(value, "enable")) {
		*ret = QM_SNIPPET_YES;
	} else if (!strcmp(value, "disable")) {
		*ret = QM_SNIPPET_NO;
	} else {
		return usage("say enable or disable, not ", value);
	}
	return GO_ON;
}

static int parse_zero(const char *value, enum qm_auditcsv_zero *ret)
{
	if (!strcmp(value, "none")) {
		*ret = QM_AUDITCSV_ZERO_NONE;
	} else if (!strcmp(value, "unchanged")) {
		*ret = QM_AUDITCSV_ZERO_UNCHANGED;
	} else {
		return usage("--zero is none or unchanged, not ", value);
	}
	return GO_ON;
}

/** Takes one option that the action has. */
static int take(int option, struct qm_policy_args *args)
{
	switch (option) {
	case OPTION_FILE:
		args->file = optarg;
		return *optarg ? GO_ON : usage("--file names no file", "");
	case OPTION_URI:
		args->uri = optarg;
		return GO_ON;
	case OPTION_QUIET:
		args->quiet = true;
		return GO_ON;
	case OPTION_GUID:
		args->guid = true;
		return GO_ON;
	case OPTION_SUCCESS:
		return parse_switch(optarg, &args->edit.actions[QM_SNIPPET_SUCCESS]);
	case OPTION_FAILURE:
		return parse_switch(optarg, &args->edit.actions[QM_SNIPPET_FAILURE]);
	case OPTION_NO_APPLY:
		args->no_apply = true;
		return GO_ON;
	case OPTION_CSV:
		args->csv = true;
		return GO_ON;
	default:
		return parse_zero(optarg, &args->zero);
	}
}

static const char *option_name(int option)
{
	const struct option *at = options;

	while (at->val != option) {
		at++;
	}
	return at->name;
}

static int find_action(const char *name, struct qm_policy_args *args)
{
	for (size_t i = 0; i < ACTIONS; i++) {
		if (!strcmp(name, actions[i].name)) {
			args->action = (enum qm_policy_action)i;
			return GO_ON;
		}
	}
	return usage("there is no ", name);
}

/** Checks what is left when the options are done. */
static int check(int argc, char **argv, struct qm_policy_args *args)
{
	const struct qm_snippet_edit *edit = &args->edit;

	if (actions[args->action].takes_file) {
		if (optind == argc || !*argv[optind]) {
			return usage("say which audit.csv to ", actions[args->action].name);
		}
		args->csv_file = argv[optind++];
	}
	if (optind < argc) {
		return usage("there is nothing to do with ", argv[optind]);
	}
	if (args->action == QM_POLICY_SET &&
		edit->actions[QM_SNIPPET_SUCCESS] == QM_SNIPPET_KEEP &&
		edit->actions[QM_SNIPPET_FAILURE] == QM_SNIPPET_KEEP) {
		return usage("set needs --success, --failure, or both", "");
	}
	return GO_ON;
}

int qm_policy_args_parse(int argc, char **argv, struct qm_policy_args *ret)
{
	struct qm_policy_args args = { .file = QM_SNIPPET_FILE };
	int option, status = GO_ON;

	if (argc < 2) {
		return usage("say get, set, clear, list, import or export", "");
	}
	if (strcmp(argv[1], "--help") && strcmp(argv[1], "-h")) {
		status = find_action(argv[1], &args);
		argc--;
		argv++;
	}
	optind = 0;
	while (status == GO_ON &&
		   (option = getopt_long(argc, argv, "f:u:qvh", options, NULL)) != -1) {
		if (option == OPTION_HELP) {
			fputs(help, stdout);
			return fflush(stdout) ? EXIT_USAGE : EXIT_DONE;
		}
		if (option == '?') {
			return usage("that option is not understood", "");
		}
		if (!takes(args.action, option)) {
			fprintf(stderr, "qm-audit policy: %s does not take --%s\n",
					actions[args.action].name, option_name(option));
			return EXIT_USAGE;
		}
		status = take(option, &args);
	}
	if (status == GO_ON) {
		status = check(argc, argv, &args);
	}
	*ret = args;
	return status;
}
