/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A watch when memory is short: it is made or not; and where the settings cannot be
 * read for want of memory, they are as soon as there is some.
 */
#include "watch.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "fail_alloc.h"
#include "test.h"

static void test_new(void)
{
	const struct qm_watch_config config = {
		.log = "/log", .auditd_conf = "/conf", .pid_file = "/pid", .proc = "/proc",
	};
	struct qm_watch *const untouched = (struct qm_watch *)&test_new;
	struct qm_watch *watch = NULL;
	unsigned calls;

	qm_fail_alloc(0);
	QM_OK_FATAL(qm_watch_new(&watch, &config));
	calls = qm_fail_alloc_end();
	qm_watch_free(watch);
	CU_ASSERT(calls > 4);
	for (unsigned nth = 1; nth <= calls; nth++) {
		watch = untouched;
		qm_fail_alloc(nth);
		QM_FAILS(qm_watch_new(&watch, &config), -ENOMEM);
		qm_fail_alloc_end();
		CU_ASSERT(watch == untouched);
	}
}

/** Looks at a system with nothing but a log, of which its settings tell. */
static void look_twice(struct qm_watch *watch)
{
	struct qm_watch_view view;
	unsigned calls;

	qm_fail_alloc(1);
	qm_watch_look(watch, &view);
	calls = qm_fail_alloc_end();
	CU_ASSERT_EQUAL(calls, 1);
	CU_ASSERT(!qm_watch_confirms(watch));
	CU_ASSERT_PTR_NOT_NULL(strstr(qm_watch_complaint(watch), strerror(ENOMEM)));
	qm_watch_look(watch, &view);
	CU_ASSERT(qm_watch_confirms(watch));
	CU_ASSERT_PTR_NULL(strstr(qm_watch_complaint(watch), strerror(ENOMEM)));
}

static void test_conf(void)
{
	char log[] = "/tmp/qm-audit-test.XXXXXX", conf[] = "/tmp/qm-audit-test.XXXXXX";
	const struct qm_watch_config config = {
		.auditd_conf = conf, .pid_file = "/nowhere/pid", .proc = "/nowhere",
	};
	struct qm_watch *watch = NULL;
	int log_fd = mkstemp(log), conf_fd = mkstemp(conf);

	QM_OK_FATAL(log_fd);
	QM_OK_FATAL(conf_fd);
	CU_ASSERT(dprintf(conf_fd, "log_file = %s\n", log) > 0);
	QM_OK_FATAL(qm_watch_new(&watch, &config));
	look_twice(watch);
	CU_ASSERT_PTR_NULL(qm_watch_free(watch));
	close(log_fd);
	close(conf_fd);
	unlink(log);
	unlink(conf);
}

CU_TestInfo oom_watch_tests[] = {
	{ "making a watch", test_new },
	{ "reading auditd's settings", test_conf },
	CU_TEST_INFO_NULL,
};
