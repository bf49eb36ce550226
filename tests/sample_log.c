/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints an audit log for check-traps: every kind of record, with facts of every
 * sort, once with success and once failed.
 */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "readback.h"
#include "samples.h"

static void sample_nothing(struct qm_sa_facts *sa)
{
	*sa = (struct qm_sa_facts){ 0 };
}

/** Everything that someone chooses tries to be a field. */
static void sample_forgery(struct qm_sa_facts *sa)
{
	static const char forged[] =
		"x' res=success uid=1000 exe=\"/bin/sh\" hostname=evil addr=203.0.113.66'";

	qm_sample_tunnel(sa);
	qm_sample_text(&sa->acct, forged);
	qm_sample_text(&sa->conn_name, forged);
	qm_sample_text(&sa->child_name, forged);
	qm_sample_text(&sa->local_id, forged);
	qm_sample_text(&sa->remote_id, forged);
	memcpy(sa->cipher, forged, sizeof(sa->cipher) - 1);
}

static void sample_names(struct qm_sa_facts *sa)
{
	qm_sample_tunnel6(sa);
	qm_sample_text(&sa->acct, "J\xc3\xbcrg O'Neil");
	qm_sample_text(&sa->conn_name, "road warrior");
	qm_sample_text(&sa->remote_id, "C=CH, O=\xc3\xbc, CN=\"x\"");
}

static void (*const samples[])(struct qm_sa_facts *sa) = {
	qm_sample_tunnel,  qm_sample_tunnel6, qm_sample_transport, qm_sample_beet,
	qm_sample_longest, sample_nothing,	  sample_forgery,	   sample_names,
};

static int print_record(enum qm_event_kind kind, const struct qm_sa_facts *sa,
						bool success)
{
	static unsigned serial = 100;
	static struct qm_record record;
	const struct qm_origin origin = { 7, "charon-systemd", "5.9.8" };
	const struct qm_count known = { .known = true, .n = 123456 };
	const struct qm_event event = {
		.kind = kind,
		.when_ms = 1795438975152,
		.sa = sa,
		.reason = QM_REASON_REKEYED,
		.ended_by = QM_PARTY_PEER,
		.traffic = { known, known, known, known },
		.total_bytes_in = known,
		.total_bytes_out = known,
		.duration_ms = 3601005,
		.new_policy = { QM_TRI_YES, QM_TRI_YES },
		.lost = 3,
		.since_ms = 1795438970007,
		.written = 12,
	};
	char line[QM_LINE_MAX];
	int r = qm_record_format(&event, &origin, serial, &record);

	record.success = success;
	if (r < 0 || qm_audit_line(&record, serial++, line, sizeof(line)) < 0) {
		fprintf(stderr, "sample_log: no record of kind %d\n", kind);
		return 1;
	}
	return puts(line) < 0;
}

int main(void)
{
	int failed = 0;
	struct qm_sa_facts sa;

	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		samples[i](&sa);
		for (enum qm_event_kind kind = 0; kind < QM_EVENT_KIND_MAX; kind++) {
			failed |= print_record(kind, &sa, true);
			failed |= print_record(kind, &sa, false);
		}
	}
	return failed;
}
