/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A status when memory is short: each allocation fails once. What is called fails with
 * that and leaves nothing behind, or works.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "answer.h"
#include "fail_alloc.h"
#include "status_kit.h"
#include "status_server.h"
#include "test.h"

static int answer(void *user, size_t sas, char **ret, size_t *ret_len)
{
	(void)user;
	(void)sas;
	(void)ret;
	(void)ret_len;
	return -ENOMEM;
}

static void test_json(void)
{
	struct qm_snapshot *snapshot = status_sample();
	char *text = NULL;
	size_t len = 0;
	unsigned nth = 0;
	int r;

	do {
		qm_fail_alloc(++nth);
		r = qm_snapshot_json(snapshot, &text, &len);
		qm_fail_alloc_end();
		CU_ASSERT(!r || (r == -ENOMEM && !text));
	} while (r < 0);
	/* the object being written, and the text */
	QM_INT(nth, 3);
	free(text);
	qm_snapshot_free(snapshot);
}

/** A text that has to grow. */
static void test_long_json(void)
{
	struct qm_snapshot *snapshot = status_sample();
	char *text = NULL;
	size_t len = 0;
	unsigned nth = 0;
	int r;

	free(snapshot->sas);
	snapshot->n_sas = 500;
	snapshot->sas = calloc(snapshot->n_sas, sizeof(snapshot->sas[0]));
	CU_ASSERT_FATAL(snapshot->sas != NULL);
	do {
		qm_fail_alloc(++nth);
		r = qm_snapshot_json(snapshot, &text, &len);
		qm_fail_alloc_end();
		CU_ASSERT(!r || (r == -ENOMEM && !text));
	} while (r < 0);
	CU_ASSERT(nth > 4);
	free(text);
	qm_snapshot_free(snapshot);
}

static void test_parse(void)
{
	struct qm_snapshot *snapshot = status_sample(), *read = NULL;
	char *text = status_json(snapshot);
	struct qm_complaint why;
	unsigned nth = 0;
	int r;

	do {
		qm_fail_alloc(++nth);
		r = qm_answer_parse((struct qm_span){ text, strlen(text) }, &read, &why);
		qm_fail_alloc_end();
		CU_ASSERT(!r || (r == -ENOMEM && !read));
	} while (r < 0);
	/* the whole, and its SA pairs */
	QM_INT(nth, 3);
	free(text);
	qm_snapshot_free(read);
	qm_snapshot_free(snapshot);
}

static void test_server(void)
{
	struct qm_status_server *server = NULL;
	char error[QM_STATUS_ERROR_MAX];
	struct kit kit;
	unsigned nth = 0;
	int r;

	CU_ASSERT_FATAL(kit_begin(&kit));
	do {
		const struct qm_status_server_config config = {
			.path = kit_path(&kit, "socket"),
			.answer = answer,
		};

		qm_fail_alloc(++nth);
		r = qm_status_server_new(&server, &config, error);
		qm_fail_alloc_end();
		CU_ASSERT(!r || (r == -ENOMEM && !server && *error));
	} while (r < 0);
	QM_INT(nth, 2);
	server = qm_status_server_free(server);
	kit_end(&kit);
}

CU_TestInfo oom_status_tests[] = {
	{ "JSON", test_json },
	{ "JSON that grows", test_long_json },
	{ "an answer", test_parse },
	{ "the server", test_server },
	CU_TEST_INFO_NULL,
};
