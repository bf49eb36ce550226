/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records are written without allocating; a sink that cannot be is not made.
 */
#include <errno.h>

#include "fail_alloc.h"
#include "fake_audit.h"
#include "record.h"
#include "samples.h"
#include "sink.h"
#include "test.h"

static void test_record(void)
{
	static struct qm_record record;
	const struct qm_origin origin = { 1, "charon", "5.9.8" };
	struct qm_sa_facts sa;
	struct qm_failure failure;
	struct qm_invalid invalid;
	struct qm_kernel_sa kernel;
	struct qm_event event = {
		.sa = &sa, .failure = &failure, .invalid = &invalid, .kernel = &kernel,
	};

	qm_sample_longest(&sa);
	qm_sample_longest_failure(&failure);
	qm_sample_longest_invalid(&invalid);
	qm_sample_longest_kernel_sa(&kernel);
	for (event.kind = 0; event.kind < QM_EVENT_KIND_MAX; event.kind++) {
		qm_fail_alloc(0);
		QM_OK(qm_record_format(&event, &origin, 1, &record));
		QM_INT(qm_fail_alloc_end(), 0);
	}
}

static void test_sink(void)
{
	struct qm_sink *const untouched = (struct qm_sink *)&qm_fake_audit;
	struct qm_sink *sink = untouched;
	unsigned calls;

	qm_fake_audit_start();
	qm_fail_alloc(0);
	QM_OK_FATAL(qm_sink_new(&sink));
	calls = qm_fail_alloc_end();
	CU_ASSERT(calls > 0);
	qm_sink_free(sink);
	for (unsigned i = 1; i <= calls; i++) {
		sink = untouched;
		qm_fail_alloc(i);
		QM_FAILS(qm_sink_new(&sink), -ENOMEM);
		qm_fail_alloc_end();
		CU_ASSERT(sink == untouched);
	}
	qm_fake_audit_stop();
}

static void test_write(void)
{
	static const struct qm_record record = { .body = "op=start", .success = true };
	struct qm_sink *sink = NULL;

	qm_fake_audit_start();
	QM_OK_FATAL(qm_sink_new(&sink));
	CU_ASSERT_EQUAL_FATAL(qm_fake_audit.opened, 1);
	qm_fake_audit.steps[0].send_error = ENOBUFS;
	qm_fail_alloc(0);
	QM_OK(qm_sink_write(sink, &record));
	QM_INT(qm_fail_alloc_end(), 0);
	qm_sink_free(sink);
	qm_fake_audit_stop();
}

CU_TestInfo oom_record_tests[] = {
	{ "a record is written without allocating", test_record },
	{ "a sink that cannot be allocated is not made", test_sink },
	{ "a record is sent without allocating", test_write },
	CU_TEST_INFO_NULL,
};
