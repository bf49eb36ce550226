/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs the suites of one test program and reports in TAP, as automake reads it.
 *
 * usage: PROGRAM [SUITE...] [-SUITE...]
 *
 * Runs the suites that are named, or all, but not those named with a dash.
 * With CU_XML set, writes CUnit's PROGRAM-Results.xml and PROGRAM-Listing.xml
 * into the current directory instead. QM_TEST_TIMEOUT is the number of seconds
 * that one test may take, 120 by default.
 */
#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <CUnit/Automated.h>

#include "test.h"

/* QM_SUITES is S(policy) S(text) … for test_policy.c test_text.c … */
#define S(name) extern CU_TestInfo name##_tests[];
QM_SUITES
#undef S

#define S(name) { #name, NULL, NULL, NULL, NULL, name##_tests },
static const CU_SuiteInfo suites[] = { QM_SUITES };
#undef S

#define SUITES (sizeof(suites) / sizeof(suites[0]))

static unsigned number;
static unsigned timeout = 120;
static const char *skip_reason;
/* what the alarm says: prepared, since its handler may not format */
static char timeout_message[256];

void qm_test_skip(const char *reason)
{
	skip_reason = reason;
}

static void check(bool good, const char *condition, const char *file, unsigned line,
				  bool fatal)
{
	CU_assertImplementation(good, line, condition, file, "", fatal);
}

static const char *errno_name(int ret)
{
	const char *name = ret < 0 ? strerrorname_np(-ret) : NULL;

	return name ? name : "no errno";
}

void qm_test_ok(int ret, const char *expr, const char *file, unsigned line, bool fatal)
{
	char text[512];

	snprintf(text, sizeof(text), "%s: %d, %s", expr, ret, errno_name(ret));
	check(ret >= 0, text, file, line, fatal);
}

void qm_test_fails(int ret, int error, const char *expr, const char *file, unsigned line)
{
	char text[512];

	snprintf(text, sizeof(text), "%s: %d, %s, expected %s", expr, ret, errno_name(ret),
			 errno_name(error));
	check(ret == error, text, file, line, false);
}

void qm_test_str(const char *actual, const char *expected, const char *expr,
				 const char *file, unsigned line)
{
	static char text[32768];
	bool equal = actual && expected ? !strcmp(actual, expected) : actual == expected;

	snprintf(text, sizeof(text), "%s\n#     is \"%s\"\n# should \"%s\"", expr,
			 actual ? actual : "(null)", expected ? expected : "(null)");
	check(equal, text, file, line, false);
}

void qm_test_int(intmax_t actual, intmax_t expected, const char *expr, const char *file,
				 unsigned line)
{
	char text[512];

	snprintf(text, sizeof(text), "%s is %jd, should be %jd", expr, actual, expected);
	check(actual == expected, text, file, line, false);
}

static void on_alarm(int sig)
{
	ssize_t written;

	(void)sig;
	written = write(STDOUT_FILENO, timeout_message, strlen(timeout_message));
	_exit(written < 0 ? 98 : 99);
}

static void on_test_start(const CU_pTest test, const CU_pSuite suite)
{
	skip_reason = NULL;
	snprintf(timeout_message, sizeof(timeout_message),
			 "Bail out! %s: %s takes longer than %u s\n", suite->pName, test->pName,
			 timeout);
	alarm(timeout);
}

static void on_test_complete(const CU_pTest test, const CU_pSuite suite,
							 const CU_pFailureRecord failures)
{
	const CU_FailureRecord *failure;

	alarm(0);
	printf("%s %u - %s: %s", failures ? "not ok" : "ok", ++number, suite->pName,
		   test->pName);
	if (skip_reason && !failures) {
		printf(" # SKIP %s", skip_reason);
	}
	printf("\n");
	for (failure = failures; failure; failure = failure->pNext) {
		printf("# %s:%u: %s\n", failure->strFileName, failure->uiLineNumber,
			   failure->strCondition);
	}
}

static bool chosen(const char *suite, char *const *names)
{
	bool named = false, all = true;

	for (; *names; names++) {
		if (**names == '-' && !strcmp(*names + 1, suite)) {
			return false;
		}
		all = all && **names == '-';
		named = named || !strcmp(*names, suite);
	}
	return named || all;
}

static bool is_suite(const char *name)
{
	size_t i;

	for (i = 0; i < SUITES; i++) {
		if (!strcmp(suites[i].pName, name)) {
			return true;
		}
	}
	return false;
}

/* Registers what the arguments name, everything without arguments. */
static int register_suites(char *const *names)
{
	CU_SuiteInfo table[SUITES + 1] = { 0 };
	size_t i, n = 0;

	for (i = 0; names[i]; i++) {
		if (!is_suite(names[i] + (names[i][0] == '-'))) {
			fprintf(stderr, "no suite %s here; there are:\n", names[i]);
			for (i = 0; i < SUITES; i++) {
				fprintf(stderr, "  %s\n", suites[i].pName);
			}
			return -EINVAL;
		}
	}
	for (i = 0; i < SUITES; i++) {
		if (chosen(suites[i].pName, names)) {
			table[n++] = suites[i];
		}
	}
	return CU_register_suites(table) == CUE_SUCCESS ? 0 : -ENOMEM;
}

static void run_tap(void)
{
	CU_set_test_start_handler(on_test_start);
	CU_set_test_complete_handler(on_test_complete);
	printf("1..%u\n", CU_get_registry()->uiNumberOfTests);
	CU_run_all_tests();
}

static void run_xml(const char *program)
{
	const char *slash = strrchr(program, '/');

	CU_set_output_filename(slash ? slash + 1 : program);
	CU_list_tests_to_file();
	CU_automated_run_tests();
}

int main(int argc, char *argv[])
{
	const char *seconds = getenv("QM_TEST_TIMEOUT");
	int status = 99;

	(void)argc;
	if (seconds) {
		timeout = (unsigned)strtoul(seconds, NULL, 10);
	}
	setvbuf(stdout, NULL, _IOLBF, 0);
	signal(SIGALRM, on_alarm);
	if (CU_initialize_registry() != CUE_SUCCESS) {
		return status;
	}
	if (register_suites(argv + 1) == 0) {
		if (getenv("CU_XML")) {
			run_xml(argv[0]);
		} else {
			run_tap();
		}
		status = CU_get_number_of_failure_records() ||
				 CU_get_number_of_tests_run() != CU_get_registry()->uiNumberOfTests;
	}
	CU_cleanup_registry();
	return status;
}
