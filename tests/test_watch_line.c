/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The body of a record in the line that auditd makes of it.
 */
#include "watch_line.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "event.h"
#include "fake_audit.h"
#include "record.h"
#include "samples.h"
#include "sink.h"
#include "test.h"
#include "watch_kit.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct {
	const char *line;
	/** NULL for none */
	const char *body;
} lines[] = {
	{ "", NULL },
	{ "type=CRYPTO_IPSEC_SA ", NULL },
	{ "type=CRYPTO_IPSEC_SA msg=audit(1.0:1): msg='a=1", NULL },
	{ "type=CRYPTO_IPSEC_SA msg=audit(1.0:1): msg='a=1 exe=", "a=1" },
	{ "type=CRYPTO_IPSEC_SA msg=audit(1.0:1): msg=' exe=", "" },
	{ "type=CRYPTO_IPSEC_SA msg=audit(1.0:1): msg='exe=", NULL },
	{ "type=CRYPTO_IPSEC_SA msg=audit(1.0:1): pid=1 a=1 exe=\"/x\"'", NULL },
	{ "type=UNKNOWN[2409] msg=audit(1.0:1): msg='a=1 exe=\"/x\"'", "a=1" },
	{ "type=UNKNOWN[2408] msg=audit(1.0:1): msg='a=1 exe=\"/x\"'", NULL },
	{ "type=CRYPTO_IKE_SA msg=audit(1.0:1): msg='a=1 exe=\"/x\"'", NULL },
	{ "type=CRYPTO_IPSEC_SAX msg=audit(1.0:1): msg='a=1 exe=\"/x\"'", NULL },
	{ " type=CRYPTO_IPSEC_SA msg=audit(1.0:1): msg='a=1 exe=\"/x\"'", NULL },
	{ "node=gw type=CRYPTO_IPSEC_SA msg=audit(1.0:1): msg='a=1 exe=\"/x\"'", "a=1" },
	{ "node= type=CRYPTO_IPSEC_SA msg=audit(1.0:1): msg='a=1 exe=\"/x\"'", "a=1" },
	{ "node=gw", NULL },
	{ "node=gw x type=CRYPTO_IPSEC_SA msg=audit(1.0:1): msg='a=1 exe=\"/x\"'", NULL },
	{ "type=CRYPTO_IPSEC_SA msg=audit(1.0:1): msg='a=1 exe=2 exe=\"/x\"'", "a=1 exe=2" },
	{ "type=CRYPTO_IPSEC_SA msg=audit(1.0:1): msg='a=1 exe=1'\x1dUID=\" exe=\"", "a=1" },
	{ "type=CRYPTO_IPSEC_SA msg=audit(1.0:1): msg='a=1'\x1dUID=\" exe=\"", NULL },
	{ "type=USER msg=audit(1.0:1): msg='type=CRYPTO_IPSEC_SA msg='a=1 exe=1'", NULL },
};

/** Reads from a copy of just this size, so that reading beyond it shows. */
static void expect(const char *line, size_t len, const char *body, size_t body_len)
{
	static const char untouched[] = "untouched";
	const char *found = untouched;
	size_t found_len = 77;
	char *copy = malloc(len);

	CU_ASSERT_FATAL(copy || !len);
	if (len) {
		memcpy(copy, line, len);
	}
	QM_INT(qm_watch_line_body(copy, len, &found, &found_len), body != NULL);
	if (body) {
		QM_INT(found_len, body_len);
		CU_ASSERT(found_len == body_len && !memcmp(found, body, body_len));
	} else {
		CU_ASSERT(found == untouched && found_len == 77);
	}
	free(copy);
}

static void test_lines(void)
{
	for (size_t i = 0; i < COUNT(lines); i++) {
		expect(lines[i].line, strlen(lines[i].line), lines[i].body,
			   lines[i].body ? strlen(lines[i].body) : 0);
	}
}

/** As auditd 3.0.9 wrote it in the lab. */
static void test_real(void)
{
	static const char line[] =
		"type=CRYPTO_IPSEC_SA msg=audit(1795529881.280:400): pid=758 uid=0 "
		"auid=4294967295 ses=4294967295 subj=unconfined msg='op=audit-start instance=1 "
		"version=0.1.0 daemon=charon-systemd daemon-version=5.9.8 "
		"policy=success-and-failure when=1795529881.283 rec-seq=1 "
		"exe=\"/usr/sbin/charon-systemd\" hostname=? addr=? terminal=? res=success'"
		"\x1dUID=\"root\" AUID=\"unset\"";
	static const char body[] =
		"op=audit-start instance=1 version=0.1.0 daemon=charon-systemd "
		"daemon-version=5.9.8 policy=success-and-failure when=1795529881.283 rec-seq=1";

	expect(line, sizeof(line) - 1, body, sizeof(body) - 1);
}

/** Has libaudit write a record, and puts into a line what the kernel gets of it. */
static void expect_written(struct qm_sink *sink, const struct qm_record *record)
{
	static const struct {
		const char *before, *after;
	} forms[] = {
		{ "type=CRYPTO_IPSEC_SA msg=audit(1.0:9): pid=812 uid=0 msg='", "'" },
		{ "type=CRYPTO_IPSEC_SA msg=audit(1.0:9): pid=812 uid=0 msg='",
		  "'\x1dUID=\"root\" AUID=\"unset\"" },
		{ "node=gw type=UNKNOWN[2409] msg=audit(1.0:9): pid=812 msg='", "'" },
	};
	static char line[32768];
	int len;

	qm_fake_audit.sent = 0;
	QM_OK(qm_sink_write(sink, record));
	for (size_t i = 0; i < COUNT(forms); i++) {
		len = snprintf(line, sizeof(line), "%s%s%s", forms[i].before, qm_fake_audit.text,
					   forms[i].after);
		CU_ASSERT_FATAL(len > 0 && (size_t)len < sizeof(line));
		expect(line, (size_t)len, record->body, record->len);
	}
}

static const char forged[] =
	"x' exe=\"/bin/sh\" msg='op=start exe=y res=success'\n\x1d exe=";

static void sample_forged(struct qm_sa_facts *sa)
{
	qm_sample_tunnel(sa);
	qm_sample_text(&sa->conn_name, forged);
	qm_sample_text(&sa->child_name, "exe=");
	qm_sample_text(&sa->remote_id, " exe=");
	memcpy(sa->cipher, forged, sizeof(sa->cipher) - 1);
}

static void (*const samples[])(struct qm_sa_facts *) = {
	qm_sample_tunnel, qm_sample_tunnel6, qm_sample_transport,
	qm_sample_beet,	  qm_sample_longest, sample_forged,
};

/** What libaudit writes is found again, byte for byte. */
static void test_libaudit(void)
{
	static const struct qm_origin origin = { 1, "charon-systemd", "5.9.8" };
	static const enum qm_event_kind kinds[] = { QM_EVENT_ESTABLISHED, QM_EVENT_ENDED };
	static struct qm_sa_facts sa;
	struct qm_event event;
	static struct qm_record record;
	struct qm_sink *sink = NULL;

	qm_fake_audit_start();
	QM_OK_FATAL(qm_sink_new(&sink));
	CU_ASSERT_EQUAL_FATAL(qm_fake_audit.opened, 1);
	for (size_t i = 0; i < 2 * COUNT(samples); i++) {
		samples[i / 2](&sa);
		event = (struct qm_event){ .kind = kinds[i % 2], .when_ms = 1, .sa = &sa };
		QM_OK_FATAL(qm_record_format(&event, &origin, i, &record));
		expect_written(sink, &record);
	}
	CU_ASSERT_PTR_NULL(qm_sink_free(sink));
	qm_fake_audit_stop();
}

/* the first three are known answers of FNV-1a, 64 bits */
static void test_mark(void)
{
	static const char zero[] = { (char)0xd5, 0x6b, (char)0xb9, 0x53, 0x42, (char)0x87,
								 0x08, 0x36 };

	CU_ASSERT(qm_watch_mark("", 0) == UINT64_C(0xcbf29ce484222325));
	CU_ASSERT(qm_watch_mark("a", 1) == UINT64_C(0xaf63dc4c8601ec8c));
	CU_ASSERT(qm_watch_mark("foobar", 6) == UINT64_C(0x85944171f73967e8));
	CU_ASSERT(qm_watch_mark("rec-seq=1", 9) != qm_watch_mark("rec-seq=2", 9));
	/* its value would be 0 */
	CU_ASSERT(qm_watch_mark(zero, sizeof(zero)) == 1);
}

CU_TestInfo watch_line_tests[] = {
	{ "lines with a record and without", test_lines },
	{ "a line that auditd wrote", test_real },
	{ "records as libaudit writes them", test_libaudit },
	{ "marks", test_mark },
	CU_TEST_INFO_NULL,
};
