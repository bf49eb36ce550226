/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qm-audit policy as it is called, in a process of its own.
 */
#include "reader/cmd.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "reader_kit.h"
#include "test.h"

#define CONF "qm-audit {\n    # success = yes\n}\n"

/** The command's words, its exit status, and what it prints, NULL where that is open. */
struct call {
	const char *words;
	int status;
	const char *out;
};

static void play(struct kit *kit, const struct call *calls)
{
	for (; calls->words; calls++) {
		int status = kit_run(kit, "policy", qm_cmd_policy, calls->words);
		char *out = kit_read(kit, "out"), *err = kit_read(kit, "err");

		if (status != calls->status) {
			QM_STR(calls->words, err);
		}
		QM_INT(status, calls->status);
		if (calls->out) {
			QM_STR(out, calls->out);
		}
		/* who fails says so */
		CU_ASSERT(!status || err[0]);
		free(out);
		free(err);
	}
}

static void test_life(void)
{
	static const struct call calls[] = {
		{ "get --file conf", 0,
		  "System audit policy\nCategory/Subcategory                      Setting\n"
		  "Logon/Logoff\n  IPsec Quick Mode                        Not configured\n" },
		{ "set --success enable --no-apply -f conf", 0,
		  "before: Not configured\nnow:    Success\n" },
		{ "set --failure enable --no-apply -f conf", 0,
		  "before: Success\nnow:    Success and Failure\n" },
		{ "export -f conf all.csv", 0, "all.csv: Success and Failure\n" },
		{ "set --success disable --failure disable --no-apply -f conf", 0,
		  "before: Success and Failure\nnow:    No Auditing\n" },
		{ "export --quiet -f conf none.csv", 0, "" },
		{ "import all.csv --no-apply -f conf", 0,
		  "before: No Auditing\nnow:    Success and Failure\n" },
		{ "import none.csv --no-apply -f conf -q", 0, "" },
		{ "clear --no-apply -f conf", 0,
		  "before: No Auditing\nnow:    Not configured\n" },
		{ "export -f conf all.csv", 0, "all.csv: Not configured\n" },
		{ "import all.csv --no-apply -f conf", 0,
		  "before: Not configured\nnow:    Not configured\n" },
		{ "get -f conf --csv", 0, NULL },
		{ "list", 0, NULL },
		{ "list --guid", 0, NULL },
		{ "--help", 0, NULL },
		{ "set --help", 0, NULL },
		{ NULL, 0, NULL },
	};
	struct kit kit;
	char *conf;

	CU_ASSERT_FATAL(kit_begin(&kit));
	kit_write(&kit, "conf", CONF, 0600);
	play(&kit, calls);
	conf = kit_read(&kit, "conf");
	QM_STR(conf, CONF);
	free(conf);
	kit_end(&kit);
}

static void test_wrong_usage(void)
{
	static const struct call calls[] = {
		{ "", 2, "" },
		{ "gett", 2, "" },
		{ "get more -f conf", 2, "" },
		{ "get --success enable -f conf", 2, "" },
		{ "set -f conf", 2, "" },
		{ "set --success on -f conf", 2, "" },
		{ "set --success", 2, "" },
		{ "list --csv", 2, "" },
		{ "import", 2, "" },
		{ "export", 2, "" },
		{ "import a --zero 4", 2, "" },
		{ "clear --bogus", 2, "" },
		{ "get -f none", 2, "" },
		{ "get -f .", 2, "" },
		{ "get -f broken", 2, "" },
		{ "set --success enable -f broken", 2, "" },
		{ "export x -f broken", 2, "" },
		{ "import none -f conf", 2, "" },
		{ "import broken -f conf", 2, "" },
		{ "export broken -f conf", 2, "" },
		{ NULL, 0, NULL },
	};
	struct kit kit;
	char *conf;

	CU_ASSERT_FATAL(kit_begin(&kit));
	kit_write(&kit, "conf", CONF, 0600);
	kit_write(&kit, "broken", "qm-audit {\n", 0600);
	play(&kit, calls);
	conf = kit_read(&kit, "conf");
	QM_STR(conf, CONF);
	free(conf);
	QM_INT(kit_count(&kit), 4);
	kit_end(&kit);
}

/** Whether charon has taken the change is in the exit status; the change is made. */
static void test_apply(void)
{
	static const struct call calls[] = {
		{ "set --success enable -f conf", 0,
		  "before: Not configured\nnow:    Success\n" },
		{ "set --success enable -f conf --uri refused", 1,
		  "before: Success\nnow:    Success\n" },
		{ "clear -q -f conf -u refused", 1, "" },
		{ "get -f conf", 0, NULL },
		{ NULL, 0, NULL },
	};
	struct kit kit;
	char *conf, *path = strdup(getenv("PATH")), *both = NULL;

	CU_ASSERT_FATAL(kit_begin(&kit));
	kit_write(&kit, "conf", CONF, 0600);
	kit_write(&kit, "swanctl", "#!/bin/sh\n[ \"$3\" != refused ] || exit 111\n", 0755);
	CU_ASSERT_FATAL(asprintf(&both, "%s:%s", kit.dir, path) > 0);
	setenv("PATH", both, 1);
	play(&kit, calls);
	setenv("PATH", path, 1);
	conf = kit_read(&kit, "conf");
	QM_STR(conf, CONF);
	free(conf);
	free(path);
	free(both);
	kit_end(&kit);
}

CU_TestInfo cmd_policy_tests[] = {
	{ "a policy is set, exported, imported and cleared", test_life },
	{ "wrong usage and files end with 2 and change nothing", test_wrong_usage },
	{ "what charon says ends with 0 or 1", test_apply },
	CU_TEST_INFO_NULL,
};
