/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A snapshot as JSON and back, how it is printed, and what becomes of answers that are
 * none.
 */
#include "answer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "snapshot_fields.h"
#include "status_kit.h"
#include "status_out.h"
#include "test.h"

static int parse(const char *text, size_t len, struct qm_snapshot **ret)
{
	struct qm_complaint why = { 0 };
	int r = qm_answer_parse((struct qm_span){ text, len }, ret, &why);

	CU_ASSERT(!r == !why.text[0]);
	return r;
}

/** What is read is what was written, but for what is no UTF-8. */
static void test_round_trip(void)
{
	struct qm_snapshot *(*const samples[])(void) = { status_sample, status_sample_bad,
													 status_sample_still };

	for (size_t i = 0; i < 3; i++) {
		struct qm_snapshot *snapshot = samples[i](), *read = NULL;
		char *json = status_json(snapshot), *again;

		QM_OK_FATAL(parse(json, strlen(json), &read));
		again = status_json(read);
		QM_STR(again, json);
		QM_INT(read->n_sas, snapshot->n_sas);
		QM_INT(read->healthy, snapshot->healthy);
		free(again);
		free(json);
		qm_snapshot_free(read);
		qm_snapshot_free(snapshot);
	}
}

/** Each field is written and read at its place. */
static void test_fields(void)
{
	struct qm_snapshot *snapshot = status_sample(), *read = NULL;
	char *json = status_json(snapshot);

	QM_OK_FATAL(parse(json, strlen(json), &read));
	QM_INT(read->time_ms, snapshot->time_ms);
	QM_INT(read->limited, 20836);
	QM_INT(read->kernel_lost.n, 5);
	QM_STR(read->policy, "success-and-failure");
	QM_INT(read->mirror.policies, 6);
	QM_INT(read->more, 3);
	CU_ASSERT(!memcmp(&read->sas[0].conn_name, &snapshot->sas[0].conn_name, 4));
	QM_INT(read->sas[0].in_spi, 0xc1234567);
	QM_INT(read->sas[0].out_spi, 0xef949be);
	CU_ASSERT(!memcmp(read->sas[1].local.ip, snapshot->sas[1].local.ip, 16));
	CU_ASSERT(read->sas[0].bytes_out.n == UINT64_MAX);
	CU_ASSERT(!read->sas[1].bytes_in.known);
	QM_INT(read->sas[1].conn_name.len, snapshot->sas[1].conn_name.len);
	CU_ASSERT(!memcmp(read->sas[1].conn_name.s, snapshot->sas[1].conn_name.s,
					  snapshot->sas[1].conn_name.len));
	CU_ASSERT(qm_snapshot_n_fields <= 64);
	free(json);
	qm_snapshot_free(read);
	qm_snapshot_free(snapshot);
}

static void check_forms(struct qm_snapshot *snapshot, const char *name)
{
	char *json = status_json(snapshot), file[64];
	struct qm_out out;

	snprintf(file, sizeof(file), "%s.json", name);
	status_golden(file, json);
	free(json);
	qm_out_init(&out, -1);
	qm_status_text(&out, snapshot);
	qm_out_char(&out, '\0');
	snprintf(file, sizeof(file), "%s.text", name);
	status_golden(file, out.buf);
	for (size_t i = 0; i + 1 < out.len; i++) {
		CU_ASSERT(out.buf[i] == '\n' || (unsigned char)out.buf[i] >= ' ');
	}
	qm_out_fini(&out);
	qm_out_init(&out, -1);
	qm_status_prometheus(&out, snapshot);
	qm_out_char(&out, '\0');
	snprintf(file, sizeof(file), "%s.prometheus", name);
	status_golden(file, out.buf);
	qm_out_fini(&out);
	qm_snapshot_free(snapshot);
}

static void test_forms(void)
{
	struct qm_snapshot *odd = status_sample();

	setenv("TZ", "UTC", 1);
	snprintf(odd->daemon, sizeof(odd->daemon), "%s", "char\"on\\\n\x1b");
	check_forms(odd, "status");
	check_forms(status_sample_bad(), "status-bad");
	check_forms(status_sample_still(), "status-still");
}

static void test_reasons(void)
{
	struct qm_snapshot *s = status_sample_bad();
	static const char *const kinds[] = { "sink",  "sink",  "store", "lost",
										 "store", "queue", "mirror" };

	QM_INT(s->n_reasons, 7);
	for (size_t i = 0; i < s->n_reasons; i++) {
		QM_STR(s->reasons[i].what, kinds[i]);
	}
	qm_snapshot_free(s);
	s = status_sample();
	CU_ASSERT(s->healthy);
	/* what was lost an hour ago is no reason any more, nor a short gap */
	s->lost_at_ms = s->time_ms - 3600000;
	s->lost_store = 1;
	s->mirror.synced = false;
	s->mirror.gap_ms = 9999;
	qm_snapshot_judge(s);
	CU_ASSERT(s->healthy);
	s->lost_at_ms++;
	qm_snapshot_judge(s);
	QM_STR(s->reasons[0].what, "lost");
	s->lost_at_ms = 0;
	snprintf(s->durability, sizeof(s->durability), "none");
	qm_snapshot_judge(s);
	QM_STR(s->reasons[0].what, "store");
	CU_ASSERT(!s->healthy);
	qm_snapshot_free(s);
	s = status_sample_still();
	QM_INT(s->n_reasons, 1);
	QM_STR(s->reasons[0].what, "writer");
	s->mirror.wanted = true;
	s->mirror.watched = false;
	qm_snapshot_judge(s);
	QM_STR(s->reasons[1].what, "mirror");
	qm_snapshot_free(s);
}

/** An answer that ends anywhere is none. */
static void test_truncated(void)
{
	struct qm_snapshot *snapshot = status_sample(), *read = NULL;
	char *json = status_json(snapshot);

	for (size_t len = 0; len < strlen(json) - 1; len++) {
		/* of its own, so that a sanitizer sees what is read behind it */
		char *part = malloc(len ? len : 1);

		CU_ASSERT_FATAL(part != NULL);
		memcpy(part, json, len);
		QM_FAILS(parse(part, len, &read), -EBADMSG);
		free(part);
	}
	free(json);
	qm_snapshot_free(snapshot);
}

static const struct {
	const char *text;
	int error;
} bad[] = {
	{ "", -EBADMSG },
	{ "HTTP/1.1 400 Bad Request\r\n\r\n", -EBADMSG },
	{ "{}", -EBADMSG },
	{ "[]", -EBADMSG },
	{ "null", -EBADMSG },
	{ "{\"format\":1}", -EBADMSG },
	{ "{\"format\":2}", -EPROTO },
	{ "{\"format\":\"1\"}", -EBADMSG },
	{ "{\"format\":-1}", -EBADMSG },
	{ "{\"format\":1e0}", -EBADMSG },
	{ "{\"format\":18446744073709551616}", -EBADMSG },
	{ "{\"format\":null}", -EBADMSG },
	{ "{\"time\":99999999999999999999.0}", -EBADMSG },
	{ "{\"time\":1.2.3}", -EBADMSG },
	{ "{\"format\":1}{", -EBADMSG },
	{ "{\"format\":1,}", -EBADMSG },
	{ "{\"format\" 1}", -EBADMSG },
	{ "{\"a\":\"\\x\"}", -EBADMSG },
	{ "{\"a\":\"\\u12g4\"}", -EBADMSG },
	{ "{\"a\":\"\n\"}", -EBADMSG },
	{ "{\"a\":01}", -EBADMSG },
	{ "{\"a\":1.}", -EBADMSG },
	{ "{\"a\":1e}", -EBADMSG },
	{ "{\"a\":tru}", -EBADMSG },
	{ "[[[[[[[[[1]]]]]]]]]", -EBADMSG },
	{ "{\"error\":\"the request is not understood\"}", -EREMOTEIO },
	{ "{\"sas\":[{\"in_spi\":\"4096\"}]}", -EBADMSG },
	{ "{\"sas\":[{\"in_spi\":\"0x100000000\"}]}", -EBADMSG },
	{ "{\"sas\":[{\"raddr\":\"nowhere\"}]}", -EBADMSG },
	{ "{\"sas\":[{\"reqid\":4294967296}]}", -EBADMSG },
	{ "{\"sas[]\":{\"in_spi\":\"0x1\"}}", -EBADMSG },
	{ "{\"reasons[]\":{\"what\":\"sink\"}}", -EBADMSG },
	{ "{\"sas\":{\"[]\":{\"in_spi\":\"0x1\"}}}", -EBADMSG },
	{ "{\"reasons\":[1,2,3,4,5,6,7,8,9]}", -EBADMSG },
};

static void test_bad(void)
{
	for (size_t i = 0; i < sizeof(bad) / sizeof(bad[0]); i++) {
		struct qm_snapshot *read = NULL;
		const int r = parse(bad[i].text, strlen(bad[i].text), &read);

		if (r != bad[i].error) {
			QM_STR(bad[i].text, "");
		}
		QM_INT(r, bad[i].error);
		CU_ASSERT(read == NULL);
	}
}

/** A list that does not end is refused before it takes all memory. */
static void test_too_many(void)
{
	static const char element[] = "{},";
	const size_t n = QM_SNAPSHOT_SAS_MAX + 1, len = sizeof(element) - 1;
	char *text = malloc(32 + n * len);
	struct qm_snapshot *read = NULL;
	size_t at = 8;

	CU_ASSERT_FATAL(text != NULL);
	memcpy(text, "{\"sas\":[", at);
	for (size_t i = 0; i < n; i++, at += len) {
		memcpy(text + at, element, len);
	}
	memcpy(text + at - 1, "]}", 2);
	QM_FAILS(parse(text, at + 1, &read), -EBADMSG);
	free(text);
}

/** What a later version adds is skipped. */
static void test_later(void)
{
	struct qm_snapshot *snapshot = status_sample(), *read = NULL;
	char *json = status_json(snapshot), *more = NULL;
	char name[300];

	memset(name, 'n', sizeof(name) - 1);
	name[sizeof(name) - 1] = '\0';
	CU_ASSERT_FATAL(asprintf(&more, "{\"new\":[1,{\"deep\":[[null]]}],\"\":0,"
							 "\"%s\":\"x\",%s", name, json + 1) > 0);
	QM_OK(parse(more, strlen(more), &read));
	free(more);
	free(json);
	qm_snapshot_free(read);
	qm_snapshot_free(snapshot);
}

CU_TestInfo status_answer_tests[] = {
	{ "what is written is read", test_round_trip },
	{ "each field is at its place", test_fields },
	{ "text, JSON and Prometheus are as they were", test_forms },
	{ "why something is wrong", test_reasons },
	{ "an answer that is cut off is none", test_truncated },
	{ "what is no answer", test_bad },
	{ "a list without end", test_too_many },
	{ "a later version's answer", test_later },
	CU_TEST_INFO_NULL,
};
