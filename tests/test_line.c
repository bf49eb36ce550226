/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The reader's own parser reads what libauparse reads.
 */
#include "line.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <auparse.h>

#include "peek.h"
#include "readback.h"
#include "readvalue.h"
#include "test.h"

/** libreswan's, with a comma, and with a quoted blank. */
static const char *const foreign[] = {
	"type=CRYPTO_IPSEC_SA msg=audit(1795444408.980:22): pid=239 uid=0 auid=4294967295 "
	"ses=4294967295 subj=unconfined msg='op=start conn-name=\"gw\" connstate=3, "
	"satype=ipsec-esp in-spi=3464270439(0x3464270439) "
	"exe=\"/usr/libexec/ipsec/pluto\" hostname=? addr=10.9.0.2 terminal=? res=success'",
	"node=gw1 type=CRYPTO_IPSEC_SA msg=audit(1795444408.980:22): pid=239 uid=0 auid=1 "
	"ses=2 subj=a:b:c:s0-s0:c0.c1023 msg='op=x a-b=1 exe=\"/bin/sh\" hostname=? "
	"addr=? terminal=? res=failed'",
};

struct pair {
	auparse_state_t *au;
	const struct qm_line *line;
	bool more;
	unsigned fields;
	char problem[512];
};

/** Compares the next field of libauparse with one of ours. */
static void compare(struct pair *pair, struct qm_span name, struct qm_span value)
{
	const char *au_name = pair->more ? auparse_get_field_name(pair->au) : "nothing";
	const char *au_value = pair->more ? auparse_get_field_str(pair->au) : "nothing";
	char *copy = strndup(value.s, value.len);

	qm_readvalue_strip(copy);
	if (!*pair->problem &&
		(!au_value || !qm_span_is(name, au_name) || strcmp(copy, au_value) != 0)) {
		snprintf(pair->problem, sizeof(pair->problem), "%.*s=%.200s, but %.40s=%.200s",
				 (int)name.len, name.s, copy, au_name, au_value ? au_value : "(null)");
	}
	free(copy);
	pair->more = pair->more && auparse_next_field(pair->au) > 0;
	pair->fields++;
}

/** Up to the first field that is one of the message's, or as many of those. */
static void compare_others(struct pair *pair, enum qm_key_place place)
{
	for (unsigned i = 0; i < pair->line->n_others; i++) {
		const struct qm_field *field = &pair->line->fields[i];

		if (qm_keys[field->key].place == place) {
			compare(pair, field->name, field->value);
		}
	}
}

/** @return what libauparse reads in another way, "" for nothing */
static const char *compare_line(const char *text, struct qm_line *line)
{
	static struct pair pair;
	char buffer[QM_LINE_MAX];
	const char *problem;

	pair = (struct pair){ .line = line };
	if (qm_line_parse(qm_span_of(text), line, &problem) < 0) {
		return problem;
	}
	snprintf(buffer, sizeof(buffer), "%s\n", text);
	pair.au = auparse_init(AUSOURCE_BUFFER, buffer);
	if (!pair.au || auparse_first_record(pair.au) <= 0) {
		return "libauparse takes it for none";
	}
	pair.more = auparse_first_field(pair.au) > 0;
	while (pair.more && strcmp(auparse_get_field_name(pair.au), "pid") != 0) {
		pair.more = auparse_next_field(pair.au) > 0;
	}
	compare_others(&pair, QM_KEY_HEAD);
	for (unsigned i = 0; i < line->n_fields; i++) {
		compare(&pair, qm_line_field(line, i)->name, qm_line_field(line, i)->value);
	}
	compare_others(&pair, QM_KEY_TAIL);
	if (!*pair.problem && pair.more) {
		snprintf(pair.problem, sizeof(pair.problem), "libauparse also has %s",
				 auparse_get_field_name(pair.au));
	}
	if (!*pair.problem && auparse_get_serial(pair.au) != line->serial) {
		snprintf(pair.problem, sizeof(pair.problem), "serial number");
	}
	auparse_destroy(pair.au);
	return pair.problem;
}

static void test_auparse(void)
{
	static struct qm_line line;
	FILE *log = popen("./sample_log judged", "r");
	char *text = NULL;
	size_t size = 0;
	unsigned lines = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(log);
	while (getline(&text, &size, log) > 0) {
		text[strcspn(text, "\n")] = '\0';
		QM_STR(compare_line(text, &line), "");
		lines++;
	}
	QM_INT(pclose(log), 0);
	CU_ASSERT(lines >= 70);
	free(text);
}

/** Compares what a look tells with what is read. */
static void compare_peek(const char *text, struct qm_line *line)
{
	struct qm_peek peek = { 0 };
	uint64_t instance = 0, seq = 0;

	QM_OK(qm_line_parse(qm_span_of(text), line, &(const char *){ NULL }));
	CU_ASSERT(qm_line_peek(qm_span_of(text), &peek));
	QM_OK(qm_span_number(qm_line_value(line, QM_KEY_INSTANCE), &instance));
	QM_OK(qm_span_number(qm_line_value(line, QM_KEY_REC_SEQ), &seq));
	QM_INT(peek.time_ms, qm_line_time(line));
	QM_INT(peek.instance, instance);
	QM_INT(peek.seq, seq);
	CU_ASSERT_PTR_EQUAL(peek.body.s, line->body.s);
	QM_INT(peek.body.len, line->body.len);
}

static void test_peek(void)
{
	static const char *const others[] = {
		"",
		"type=CRYPTO_IPSEC_SA msg=audit(",
		"type=CRYPTO_IPSEC_SA msg=audit('",
		"type=CRYPTO_IPSEC_SA msg=audit(1.000:1): msg='op=x instance=1'",
		"type=CRYPTO_IPSEC_SA msg=audit(1.000): msg='op=x instance=1 when=1.000 "
		"rec-seq=1'",
		"type=CRYPTO_IPSEC_SA msg=audit(1.000:1): msg='op=x when=1.000 rec-seq=1'",
		"type=CRYPTO_IPSEC_SA msg=audit(1.000:1): msg='op=x instance=? when=1.000 "
		"rec-seq=1'",
		"type=CRYPTO_IPSEC_SA msg=audit(1.000:1): msg='op=x instance=1 when=? rec-seq=1'",
		"type=CRYPTO_IPSEC_SA msg=audit(1.000:1): msg='op=x instance=1 when=1.000 "
		"rec-seq=1' x",
	};
	static struct qm_line line;
	FILE *log = popen("./sample_log judged", "r");
	char *text = NULL;
	size_t size = 0;
	struct qm_peek peek;

	CU_ASSERT_PTR_NOT_NULL_FATAL(log);
	while (getline(&text, &size, log) > 0) {
		text[strcspn(text, "\n")] = '\0';
		compare_peek(text, &line);
	}
	QM_INT(pclose(log), 0);
	free(text);
	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		CU_ASSERT_FALSE(qm_line_peek(qm_span_of(others[i]), &peek));
	}
	for (size_t i = 0; i < sizeof(foreign) / sizeof(foreign[0]); i++) {
		CU_ASSERT_FALSE(qm_line_peek(qm_span_of(foreign[i]), &peek));
	}
}

static void test_foreign(void)
{
	static struct qm_line line;

	QM_STR(compare_line(foreign[1], &line), "");
	CU_ASSERT(qm_span_is(line.node, "gw1"));
	QM_INT(line.stamp_ms, 1795444408980);
	QM_OK(qm_line_parse(qm_span_of(foreign[0]), &line, &(const char *){ NULL }));
	CU_ASSERT(line.libreswan);
	CU_ASSERT(qm_span_is(qm_line_value(&line, QM_KEY_CONNSTATE), "3"));
	CU_ASSERT(qm_span_is(qm_line_value(&line, QM_KEY_LADDR), "10.9.0.2"));
}

static const struct {
	const char *text;
	bool ours;
	bool strange;
} beginnings[] = {
	{ "type=CRYPTO_IPSEC_SA msg=audit(1.000:1): ", true, false },
	{ "node=x type=CRYPTO_IPSEC_SA ", true, false },
	{ "type=UNKNOWN[2409] msg", true, false },
	{ "type=CRYPTO_IPSEC_SA", false, false },
	{ "type=CRYPTO_IPSEC_SAX ", false, false },
	{ "type=CRYPTO_IKE_SA ", false, false },
	{ "type=", false, false },
	{ "node=x type=SYSCALL ", false, false },
	{ "node=x", false, true },
	{ "node=", false, true },
	{ "xtype=CRYPTO_IPSEC_SA ", false, true },
	{ " type=CRYPTO_IPSEC_SA ", false, true },
	{ "----", false, false },
	{ "time->Mon Nov 23 13:02:55 2026", false, false },
	{ "", false, false },
};

static void test_beginning(void)
{
	bool strange;

	for (size_t i = 0; i < sizeof(beginnings) / sizeof(beginnings[0]); i++) {
		QM_INT(qm_line_is_ours(qm_span_of(beginnings[i].text), &strange),
			   beginnings[i].ours);
		QM_INT(strange, beginnings[i].strange);
	}
}

static const struct {
	const char *text;
	int error;
	uint64_t n;
} numbers[] = {
	{ "0", 0, 0 },
	{ "007", 0, 7 },
	{ "18446744073709551615", 0, UINT64_MAX },
	{ "18446744073709551616", -ERANGE, 0 },
	{ "99999999999999999999999", -ERANGE, 0 },
	{ "", -ENODATA, 0 },
	{ "-1", -EINVAL, 0 },
	{ " 1", -EINVAL, 0 },
	{ "1x", -EINVAL, 0 },
};

static void test_numbers(void)
{
	for (size_t i = 0; i < sizeof(numbers) / sizeof(numbers[0]); i++) {
		uint64_t n = 4711;

		QM_INT(qm_span_number(qm_span_of(numbers[i].text), &n), numbers[i].error);
		QM_INT(n, numbers[i].error ? 4711 : numbers[i].n);
	}
	QM_INT(qm_span_spi(qm_span_of("3240314215(0xc1234567)")), 3240314215);
	QM_INT(qm_span_spi(qm_span_of("4294967296(0x1)")), 0);
	QM_INT(qm_span_spi(qm_span_of("?")), 0);
	QM_INT(qm_span_time(qm_span_of("1795438975.152")), 1795438975152);
	QM_INT(qm_span_time(qm_span_of("1795438975")), 0);
	QM_INT(qm_span_time(qm_span_of("1795438975.15")), 0);
	QM_INT(qm_span_time(qm_span_of("18446744073709552.000")), 0);
}

static void test_keys(void)
{
	for (unsigned key = 0; key < QM_KEY_MAX; key++) {
		QM_INT(qm_key_named(qm_keys[key].name), key);
		QM_INT(qm_keys[key].name.s[qm_keys[key].name.len], '=');
	}
	QM_INT(qm_key_named(qm_span_of("conn-namex")), QM_KEY_OTHER);
	QM_INT(qm_key_named(qm_span_of("")), QM_KEY_OTHER);
}

CU_TestInfo line_tests[] = {
	{ "reads what libauparse reads", test_auparse },
	{ "tells from a look what it reads", test_peek },
	{ "reads records of others", test_foreign },
	{ "knows its own records by their beginning", test_beginning },
	{ "reads numbers, SPIs and times", test_numbers },
	{ "finds every key by its name", test_keys },
	CU_TEST_INFO_NULL,
};
