/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How charon is told, with a script in the place of swanctl.
 */
#include "reader/apply.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "reader_kit.h"
#include "test.h"

/** What swanctl does, and what is made of it. */
static const struct {
	const char *reload;
	const char *stats;
	enum qm_applied applied;
	const char *output;
} runs[] = {
	{ "exit 0", "echo loaded plugins: charon aes qm-audit vici", QM_APPLIED, "" },
	{ "exit 0", "echo loaded plugins: charon aes qm-audit", QM_APPLIED, "" },
	{ "exit 0", "echo loaded plugins: charon my-qm-audit qm-audit2 vici",
	  QM_APPLIED_NO_PLUGIN, "" },
	{ "exit 0", "echo loaded plugins:; echo qm-audit", QM_APPLIED_NO_PLUGIN, "" },
	/* whether it has the plugin is not known */
	{ "exit 0", "echo uptime: 5", QM_APPLIED, "" },
	{ "exit 0", "echo loaded plugins: aes; exit 1", QM_APPLIED, "" },
	{ "echo 'Error: refused' >&2; echo usage: swanctl; exit 111", "", QM_NOT_RUNNING,
	  "Error: refused" },
	{ "echo warning; echo 'Error: refused'; echo usage; exit 111", "", QM_NOT_RUNNING,
	  "Error: refused" },
	{ "echo 'Error: no such file'; exit 2", "", QM_NOT_RUNNING, "Error: no such file" },
	{ "echo 'reload-settings failed: x'; echo y; exit 1", "", QM_APPLY_FAILED,
	  "reload-settings failed: x\ny" },
	{ "kill -9 $$", "", QM_APPLY_FAILED, "swanctl: ended by a signal" },
	{ "exec sleep 60", "", QM_APPLY_LATE, "" },
	{ "exec >&- 2>&-; exec sleep 60", "", QM_APPLY_FAILED, "swanctl: ended by a signal" },
};

#define RUNS (sizeof(runs) / sizeof(runs[0]))

static void write_script(struct kit *kit, const char *reload, const char *stats)
{
	char script[1024];

	snprintf(script, sizeof(script),
			 "#!/bin/sh\ncase $1 in\n--reload-settings) %s ;;\n--stats) %s ;;\nesac\n",
			 reload, *stats ? stats : ":");
	kit_write(kit, "swanctl", script, 0755);
}

/** Has programs be looked for in the test's directory first. */
static char *set_path(const char *path)
{
	char *before = strdup(getenv("PATH"));
	char *both = NULL;

	if (asprintf(&both, "%s:%s", path, before) >= 0) {
		setenv("PATH", both, 1);
	}
	free(both);
	return before;
}

static void restore_path(char *before)
{
	setenv("PATH", before, 1);
	free(before);
}

static void test_runs(void)
{
	char output[QM_APPLY_OUTPUT_MAX], *path;
	struct kit kit;

	CU_ASSERT_FATAL(kit_begin(&kit));
	path = set_path(kit.dir);
	for (size_t i = 0; i < RUNS; i++) {
		write_script(&kit, runs[i].reload, runs[i].stats);
		QM_INT(qm_apply(NULL, 1, output), runs[i].applied);
		QM_STR(output, runs[i].output);
	}
	restore_path(path);
	kit_end(&kit);
}

/** More than is kept, and more than a pipe holds, does no harm. */
static void test_much_output(void)
{
	char output[QM_APPLY_OUTPUT_MAX], *path;
	struct kit kit;

	CU_ASSERT_FATAL(kit_begin(&kit));
	path = set_path(kit.dir);
	write_script(&kit, "head -c 300000 /dev/zero | tr '\\0' x; exit 1", "");
	QM_INT(qm_apply(NULL, 30, output), QM_APPLY_FAILED);
	QM_INT(strlen(output), QM_APPLY_OUTPUT_MAX - 1);
	restore_path(path);
	kit_end(&kit);
}

/** The socket is passed as one argument, whatever is in it. */
static void test_uri(void)
{
	char output[QM_APPLY_OUTPUT_MAX], *path;
	struct kit kit;

	CU_ASSERT_FATAL(kit_begin(&kit));
	path = set_path(kit.dir);
	write_script(&kit, "echo \"$#|$2|$3\"; exit 1", "");
	QM_INT(qm_apply("unix:///a b;$(c)", 30, output), QM_APPLY_FAILED);
	QM_STR(output, "3|--uri|unix:///a b;$(c)");
	QM_INT(qm_apply(NULL, 30, output), QM_APPLY_FAILED);
	QM_STR(output, "1||");
	restore_path(path);
	kit_end(&kit);
}

CU_TestInfo apply_tests[] = {
	{ "what swanctl does is understood", test_runs },
	{ "much output is cut off", test_much_output },
	{ "the socket is passed on", test_uri },
	CU_TEST_INFO_NULL,
};
