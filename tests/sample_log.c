/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints an audit log for check-traps: every kind of record, with facts of every
 * sort, once with success and once failed. With the argument "judged" each has
 * the result that it is written with, and invalid packets come in both classes.
 */
#include <errno.h>
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

static void sample_no_failure(struct qm_failure *failure)
{
	*failure = (struct qm_failure){ 0 };
}

static void sample_forged_proposals(struct qm_failure *failure)
{
	qm_sample_refused(failure);
	qm_sample_text(&failure->proposals, "ESP:x' res=success hostname=evil uid=1000");
}

static void sample_no_packet(struct qm_invalid *invalid)
{
	*invalid = (struct qm_invalid){ 0 };
}

static void sample_no_kernel_sa(struct qm_kernel_sa *sa)
{
	*sa = (struct qm_kernel_sa){ 0 };
}

static void sample_forged_comm(struct qm_kernel_sa *sa)
{
	qm_sample_manual(sa);
	memcpy(sa->comm, "x' res=success", sizeof("x' res=success"));
}

static const struct sample {
	void (*sa)(struct qm_sa_facts *sa);
	void (*failure)(struct qm_failure *failure);
	void (*invalid)(struct qm_invalid *invalid);
	void (*kernel)(struct qm_kernel_sa *sa);
	uint64_t count;
} samples[] = {
	{ qm_sample_tunnel, qm_sample_refused, qm_sample_tampered, qm_sample_manual, 1 },
	{ qm_sample_tunnel6, qm_sample_quick_mode, qm_sample_stray, qm_sample_foreign, 1 },
	{ qm_sample_transport, qm_sample_quick_mode, qm_sample_stray, qm_sample_manual, 1 },
	{ qm_sample_beet, qm_sample_several, qm_sample_flood, qm_sample_foreign, 4711 },
	{ qm_sample_longest, qm_sample_longest_failure, qm_sample_longest_invalid,
	  qm_sample_longest_kernel_sa, UINT64_MAX },
	{ sample_nothing, sample_no_failure, sample_no_packet, sample_no_kernel_sa, 1 },
	{ sample_forgery, sample_forged_proposals, qm_sample_tampered, sample_forged_comm,
	  1 },
	{ sample_names, qm_sample_refused, qm_sample_flood, qm_sample_foreign, 2 },
};

static int print_record(const struct qm_record *record)
{
	static unsigned serial = 100;
	char line[QM_LINE_MAX];

	return qm_audit_line(record, serial++, line, sizeof(line)) < 0 || puts(line) < 0;
}

static int print_event(const struct qm_event *event, bool judged)
{
	static struct qm_record record;
	const struct qm_origin origin = { 7, "charon-systemd", "5.9.8" };

	if (qm_record_format(event, &origin, 118, &record) < 0) {
		fprintf(stderr, "sample_log: no record of kind %d\n", event->kind);
		return 1;
	}
	if (judged) {
		return print_record(&record);
	}
	record.success = true;
	if (print_record(&record)) {
		return 1;
	}
	record.success = false;
	return print_record(&record);
}

/** Prints every kind of record of a sample. */
static int print_sample(const struct sample *sample, bool judged)
{
	const struct qm_count known = { .known = true, .n = 123456 };
	struct qm_sa_facts sa;
	struct qm_failure failure;
	struct qm_invalid invalid;
	struct qm_kernel_sa kernel;
	struct qm_event event = {
		.when_ms = 1795438975152,
		.sa = &sa,
		.reason = QM_REASON_REKEYED,
		.ended_by = QM_PARTY_PEER,
		.traffic = { known, known, known, known },
		.total_bytes_in = known,
		.total_bytes_out = known,
		.duration_ms = 3601005,
		.failure = &failure,
		.invalid = &invalid,
		.kernel = &kernel,
		.count = sample->count,
		.new_policy = { QM_TRI_YES, QM_TRI_YES },
		.lost = 3,
		.since_ms = 1795438970007,
		.written = 12,
		.last_seen_ms = 1795438960042,
		.inherited = { QM_LAST_DIED, 1795438960042, 1203, 17 },
		.durability = QM_DURABLE_CRASH,
		.old_durability = QM_DURABLE_POWER,
		.error = ENOSPC,
	};
	int failed = 0;

	sample->sa(&sa);
	sample->failure(&failure);
	sample->invalid(&invalid);
	sample->kernel(&kernel);
	for (event.kind = 0; event.kind < QM_EVENT_KIND_MAX; event.kind++) {
		event.invalid_is_success = true;
		failed |= print_event(&event, judged);
		if (judged && event.kind == QM_EVENT_INVALID_PACKET) {
			event.invalid_is_success = false;
			failed |= print_event(&event, judged);
		}
	}
	return failed;
}

int main(int argc, char *argv[])
{
	const bool judged = argc > 1 && !strcmp(argv[1], "judged");
	int failed = 0;

	for (size_t i = 0; i < sizeof(samples) / sizeof(samples[0]); i++) {
		failed |= print_sample(&samples[i], judged);
	}
	return failed;
}
