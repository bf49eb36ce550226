/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What every test file includes: CUnit and a few assertions that show values.
 *
 * test_NAME.c defines `CU_TestInfo NAME_tests[]`, ended by CU_TEST_INFO_NULL.
 * tests/Makefile.am makes one suite, NAME, of every test_NAME.c in a program's
 * sources; main.c runs them.
 */
#ifndef QM_TEST_H
#define QM_TEST_H

#include <stdbool.h>
#include <stdint.h>

#include <CUnit/CUnit.h>

/** The result is 0 or positive; otherwise the negative errno is named. */
#define QM_OK(expr) \
	qm_test_ok((expr), #expr, __FILE__, __LINE__, false)
/** The same, and the test ends here if not. */
#define QM_OK_FATAL(expr) \
	qm_test_ok((expr), #expr, __FILE__, __LINE__, true)
/** The result is just this negative errno. */
#define QM_FAILS(expr, error) \
	qm_test_fails((expr), (error), #expr, __FILE__, __LINE__)
/** Two strings are equal; otherwise both are shown. NULL equals NULL only. */
#define QM_STR(actual, expected) \
	qm_test_str((actual), (expected), #actual, __FILE__, __LINE__)
/** Two integers are equal; otherwise both are shown. */
#define QM_INT(actual, expected) \
	qm_test_int((intmax_t)(actual), (intmax_t)(expected), #actual, __FILE__, __LINE__)

/**
 * Says that this test could not be made here. It counts as skipped, unless an
 * assertion fails as well. The test returns on its own.
 *
 * @param reason	static string: what is missing
 */
void qm_test_skip(const char *reason);

void qm_test_ok(int ret, const char *expr, const char *file, unsigned line, bool fatal);
void qm_test_fails(int ret, int error, const char *expr, const char *file, unsigned line);
void qm_test_str(const char *actual, const char *expected, const char *expr,
				 const char *file, unsigned line);
void qm_test_int(intmax_t actual, intmax_t expected, const char *expr, const char *file,
				 unsigned line);

#endif
