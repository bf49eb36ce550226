/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "readback.h"

#include <ctype.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <auparse.h>

#include "readts.h"
#include "readvalue.h"

#define ENUM_NAME(value, ...) \
	enum_name((unsigned)(value), (const char *const[]){ __VA_ARGS__, NULL })

struct reader {
	auparse_state_t *au;
	/** on a field */
	bool any;
	/** "" while all is well */
	char problem[512];
};

int qm_audit_line(const struct qm_record *record, unsigned serial, char *line,
				  size_t size)
{
	int n = snprintf(line, size,
					 "type=CRYPTO_IPSEC_SA msg=audit(1795438975.152:%u): pid=812 uid=0 "
					 "auid=4294967295 ses=4294967295 subj=unconfined msg='%s "
					 "exe=\"/usr/lib/ipsec/charon\" hostname=? addr=%s terminal=? "
					 "res=%s'",
					 serial, record->body, *record->addr ? record->addr : "?",
					 record->success ? "success" : "failed");

	return n > 0 && (size_t)n < size ? 0 : -EMSGSIZE;
}

static void complain(struct reader *r, const char *name, const char *value,
					 const char *expected)
{
	if (!*r->problem) {
		snprintf(r->problem, sizeof(r->problem), "%s is %.200s, should be %.200s", name,
				 value, expected);
	}
}

/** Value of the next field, which must be `name`; "" otherwise. */
static const char *take(struct reader *r, const char *name)
{
	const char *actual = r->any ? auparse_get_field_name(r->au) : NULL;
	const char *value = actual ? auparse_get_field_str(r->au) : NULL;

	if (!actual || strcmp(actual, name) || !value) {
		complain(r, "name of the field", actual ? actual : "missing", name);
		return "";
	}
	r->any = auparse_next_field(r->au) > 0;
	return value;
}

static void is(struct reader *r, const char *name, const char *expected)
{
	const char *value = take(r, name);

	if (strcmp(value, expected)) {
		complain(r, name, value, expected);
	}
}

static void is_word(struct reader *r, const char *name, const char *expected)
{
	char word[QM_ALG_MAX + 1] = "?";

	if (expected && *expected) {
		snprintf(word, sizeof(word), "%.*s", QM_ALG_MAX, expected);
		for (char *c = word; *c; c++) {
			if (!isascii(*c) || !isgraph(*c) || strchr("\"'=", *c)) {
				*c = '_';
			}
		}
		qm_readvalue_strip(word);
	}
	is(r, name, word);
}

static void is_known(struct reader *r, const char *name, bool known, uint64_t n)
{
	char number[24];

	snprintf(number, sizeof(number), "%" PRIu64, n);
	is(r, name, known ? number : "?");
}

static void is_number(struct reader *r, const char *name, uint64_t n)
{
	is_known(r, name, true, n);
}

static void is_id(struct reader *r, const char *name, uint32_t id)
{
	is_known(r, name, id, id);
}

static void is_count(struct reader *r, const char *name, struct qm_count count)
{
	is_known(r, name, count.known, count.n);
}

static void is_time(struct reader *r, const char *name, uint64_t ms)
{
	const char *value = take(r, name);
	uint64_t seconds;
	unsigned rest;
	int end = 0;

	if (sscanf(value, "%" SCNu64 ".%3u%n", &seconds, &rest, &end) != 2 || value[end] ||
		value[end - 4] != '.' || seconds != ms / 1000 || rest != ms % 1000) {
		complain(r, name, value, "another time");
	}
}

static void is_spi(struct reader *r, const char *name, uint32_t spi)
{
	char text[32] = "?";

	if (spi) {
		/* as the kernel's records read: auparse drops the parenthesis */
		snprintf(text, sizeof(text), "%" PRIu32 "(0x%" PRIx32, spi, spi);
	}
	is(r, name, text);
}

static void is_text(struct reader *r, const char *name, const struct qm_text *text)
{
	const char *value = take(r, name);

	if (!qm_readvalue_is_text(value, text)) {
		complain(r, name, value, "another text");
	}
}

static void is_addr(struct reader *r, const char *name, const struct qm_addr *addr)
{
	const char *value = take(r, name);

	if (!qm_readvalue_is_addr(value, addr)) {
		complain(r, name, value, "another address");
	}
}

static void is_ts(struct reader *r, const char *name, const struct qm_ts_list *list)
{
	const char *value = take(r, name);

	if (!qm_readts_equal(value, list)) {
		complain(r, name, value, "other selectors");
	}
}

static void is_ike_spi(struct reader *r, const char *name, bool known, uint64_t spi)
{
	char text[17] = "?";

	if (known) {
		snprintf(text, sizeof(text), "%016" PRIx64, spi);
	}
	is(r, name, text);
}

static void is_if_id(struct reader *r, const struct qm_sa_facts *sa)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu32 "/%" PRIu32, sa->if_id_in, sa->if_id_out);
	if (sa->if_id_in == sa->if_id_out) {
		*strchr(text, '/') = '\0';
	}
	is(r, "if-id", text);
}

static void is_kernel_mark(struct reader *r, struct qm_mark mark)
{
	char text[32];

	qm_readvalue_mark(text, sizeof(text), mark);
	is(r, "mark", text);
}

static void is_mark(struct reader *r, const struct qm_sa_facts *sa)
{
	char in[32], out[32], both[72];

	qm_readvalue_mark(in, sizeof(in), sa->mark_in);
	qm_readvalue_mark(out, sizeof(out), sa->mark_out);
	snprintf(both, sizeof(both), "%s/%s", in, out);
	is(r, "mark", memcmp(&sa->mark_in, &sa->mark_out, sizeof(sa->mark_in)) ? both : in);
}

static const char *enum_name(unsigned value, const char *const *names)
{
	for (unsigned i = 0; names[i]; i++) {
		if (i == value) {
			return names[i];
		}
	}
	return "?";
}

static void read_who(struct reader *r, const struct qm_sa_facts *sa,
					 const struct qm_origin *origin)
{
	is_text(r, "acct", &sa->acct);
	is(r, "direction", ENUM_NAME(sa->direction, "?", "initiator", "responder"));
	is_text(r, "conn-name", &sa->conn_name);
	is_text(r, "child-name", &sa->child_name);
	is_id(r, "ike-version", sa->ike_version);
	is_id(r, "instance", origin->instance);
	is_id(r, "ike-sa", sa->ike_sa);
	is_id(r, "child-sa", sa->child_sa);
}

static void read_kind(struct reader *r, const struct qm_sa_facts *sa)
{
	is_id(r, "reqid", sa->reqid);
	is_if_id(r, sa);
	is_mark(r, sa);
	is(r, "satype", ENUM_NAME(sa->satype, "?", "ipsec-esp", "ipsec-ah"));
	is(r, "samode", ENUM_NAME(sa->samode, "?", "tunnel", "transport", "beet"));
}

static void read_algorithms(struct reader *r, const struct qm_sa_facts *sa)
{
	is_word(r, "cipher", sa->cipher);
	is_known(r, "ksize", sa->cipher[0], sa->ksize);
	is_word(r, "integ", sa->integ);
	is_word(r, "pfs", sa->pfs);
	is(r, "esn", ENUM_NAME(sa->esn, "?", "no", "yes"));
	is(r, "encap", ENUM_NAME(sa->encap, "?", "no", "yes"));
}

static void read_ends(struct reader *r, const struct qm_addr *local,
					  const struct qm_addr *remote)
{
	is_addr(r, "laddr", local);
	is_id(r, "lport", local->port);
	is_addr(r, "raddr", remote);
	is_id(r, "rport", remote->port);
}

static void read_path(struct reader *r, const struct qm_sa_facts *sa)
{
	is_spi(r, "in-spi", sa->in_spi);
	is_spi(r, "out-spi", sa->out_spi);
	read_ends(r, &sa->local, &sa->remote);
	is_known(r, "proto", sa->local_ts.count, sa->local_ts.ts[0].proto);
	is_ts(r, "local-ts", &sa->local_ts);
	is_ts(r, "remote-ts", &sa->remote_ts);
	is_addr(r, "remote-vip", &sa->vip);
}

static void read_established(struct reader *r, const struct qm_event *event,
							 const struct qm_origin *origin)
{
	const struct qm_sa_facts *sa = event->sa;

	is(r, "op", "start");
	is(r, "event-id", "5451");
	read_who(r, sa, origin);
	is_id(r, "old-child-sa", event->old_child_sa);
	read_kind(r, sa);
	read_algorithms(r, sa);
	read_path(r, sa);
	is_number(r, "life-time", sa->life_time);
	is_number(r, "life-bytes", sa->life_bytes);
	is_number(r, "life-packets", sa->life_packets);
	is_text(r, "local-id", &sa->local_id);
	is_text(r, "remote-id", &sa->remote_id);
}

static void read_ended(struct reader *r, const struct qm_event *event,
					   const struct qm_origin *origin)
{
	is(r, "op", "destroy");
	is(r, "event-id", "5452");
	read_who(r, event->sa, origin);
	read_kind(r, event->sa);
	read_path(r, event->sa);
	is_text(r, "local-id", &event->sa->local_id);
	is_text(r, "remote-id", &event->sa->remote_id);
	is(r, "reason", qm_reason_name(event->reason));
	is(r, "ended-by",
	   ENUM_NAME(event->ended_by, "?", "local", "peer", "kernel", "external"));
	is_count(r, "bytes-in", event->traffic.bytes_in);
	is_count(r, "bytes-out", event->traffic.bytes_out);
	is_count(r, "packets-in", event->traffic.packets_in);
	is_count(r, "packets-out", event->traffic.packets_out);
	is_time(r, "duration", event->duration_ms);
	is_count(r, "total-bytes-in", event->total_bytes_in);
	is_count(r, "total-bytes-out", event->total_bytes_out);
	is_number(r, "rekeys", event->rekeys);
}

static void is_failure(struct reader *r, const struct qm_failure *failure,
					   uint8_t version)
{
	is(r, "reason", failure->reason == QM_FAILURE_NOTIFY ?
		   qm_readvalue_notify_reason(version, failure->notify) :
		   qm_readvalue_failure(failure->reason));
}

static void read_extent(struct reader *r, const struct qm_event *event)
{
	is_number(r, "count", event->count);
	is_time(r, "since", event->since_ms);
}

static void read_failed(struct reader *r, const struct qm_event *event,
						const struct qm_origin *origin)
{
	const struct qm_failure *failure = event->failure;
	const struct qm_sa_facts *sa = event->sa;

	is(r, "op", "start");
	is(r, "event-id", "4654");
	read_who(r, sa, origin);
	is_id(r, "reqid", sa->reqid);
	read_ends(r, &sa->local, &sa->remote);
	is_ts(r, "local-ts", &sa->local_ts);
	is_ts(r, "remote-ts", &sa->remote_ts);
	is_text(r, "proposals", &failure->proposals);
	is_text(r, "local-id", &sa->local_id);
	is_text(r, "remote-id", &sa->remote_id);
	is_failure(r, failure, sa->ike_version);
	is(r, "failure-point",
	   ENUM_NAME(failure->point, "?", "local", "remote", "local", "local"));
	is(r, "qm-state", ENUM_NAME(failure->state, "?", "none", "first-sent"));
	is(r, "exchange", qm_readvalue_exchange(sa->ike_version, failure->exchange));
	is_known(r, "msgid", failure->has_msgid, failure->msgid);
	is(r, "notify", qm_readvalue_notify(sa->ike_version, failure->notify));
	read_extent(r, event);
}

static void read_invalid(struct reader *r, const struct qm_event *event,
						 const struct qm_origin *origin)
{
	const struct qm_invalid *invalid = event->invalid;
	const struct qm_packet *packet = &invalid->packet;

	is(r, "op", "invalid-packet");
	is(r, "event-id", "4977");
	is_id(r, "ike-version", packet->version);
	is(r, "exchange", qm_readvalue_exchange(packet->version, packet->exchange));
	is_known(r, "msgid", packet->has_msgid, packet->msgid);
	is_id(r, "instance", origin->instance);
	is_id(r, "ike-sa", invalid->ike_sa);
	is_ike_spi(r, "ike-spi-i", packet->has_spis, packet->spi_i);
	is_ike_spi(r, "ike-spi-r", packet->has_spis, packet->spi_r);
	read_ends(r, &invalid->local, &invalid->remote);
	is_id(r, "packet-len", packet->len);
	is(r, "reason", qm_readvalue_fault(invalid->fault));
	is(r, "authenticated", ENUM_NAME(invalid->authenticated, "?", "no", "yes"));
	read_extent(r, event);
}

static void read_unknown_sa(struct reader *r, const struct qm_event *event,
							const struct qm_origin *origin)
{
	const struct qm_kernel_sa *sa = event->kernel;
	struct qm_text comm = { .len = (uint16_t)strnlen(sa->comm, sizeof(sa->comm)) };

	memcpy(comm.s, sa->comm, comm.len);
	is(r, "op", "unknown-sa");
	is_id(r, "instance", origin->instance);
	is(r, "satype", ENUM_NAME(sa->id.satype, "?", "ipsec-esp", "ipsec-ah"));
	is(r, "samode", ENUM_NAME(sa->samode, "?", "tunnel", "transport", "beet"));
	is_spi(r, "spi", sa->id.spi);
	is_addr(r, "src-addr", &sa->src);
	is_addr(r, "dst-addr", &sa->id.dst);
	is_id(r, "reqid", sa->reqid);
	is_number(r, "if-id", sa->if_id);
	is_kernel_mark(r, sa->mark);
	is_text(r, "creator", &comm);
	is_id(r, "creator-proc", sa->pid);
	is_time(r, "since", event->since_ms);
}

static void read_policy_change(struct reader *r, const struct qm_event *event,
							   const struct qm_origin *origin)
{
	char changes[QM_POLICY_CHANGES_MAX];

	qm_policy_changes(event->old_policy, event->new_policy, changes, sizeof(changes));
	is(r, "op", "policy-change");
	is(r, "event-id", "4719");
	is_id(r, "instance", origin->instance);
	is(r, "old-policy", qm_policy_name(event->old_policy));
	is(r, "new-policy", qm_policy_name(event->new_policy));
	is(r, "changes", changes);
}

static void read_own(struct reader *r, const struct qm_event *event,
					 const struct qm_origin *origin)
{
	static const char *const ops[] = { "audit-start", "audit-stop", NULL, "lost" };

	is(r, "op", ops[event->kind]);
	is_id(r, "instance", origin->instance);
	if (event->kind == QM_EVENT_LOST) {
		is_number(r, "count", event->lost);
		is_time(r, "since", event->since_ms);
		is(r, "cause", ENUM_NAME(event->cause, "queue", "audit", "netlink"));
		return;
	}
	if (event->kind == QM_EVENT_AUDIT_START) {
		is_word(r, "version", PACKAGE_VERSION);
		is_word(r, "daemon", origin->daemon);
		is_word(r, "daemon-version", origin->daemon_version);
	} else {
		is_number(r, "written", event->written);
	}
	is(r, "policy", qm_policy_name(event->new_policy));
}

static void read_body(struct reader *r, const struct qm_event *event,
					  const struct qm_origin *origin)
{
	static void (*const readers[QM_EVENT_KIND_MAX])(struct reader *r,
													const struct qm_event *event,
													const struct qm_origin *origin) = {
		[QM_EVENT_AUDIT_START] = read_own,
		[QM_EVENT_AUDIT_STOP] = read_own,
		[QM_EVENT_POLICY_CHANGE] = read_policy_change,
		[QM_EVENT_LOST] = read_own,
		[QM_EVENT_ESTABLISHED] = read_established,
		[QM_EVENT_ENDED] = read_ended,
		[QM_EVENT_FAILED] = read_failed,
		[QM_EVENT_INVALID_PACKET] = read_invalid,
		[QM_EVENT_UNKNOWN_SA] = read_unknown_sa,
	};

	readers[event->kind](r, event, origin);
}

static void read_line(struct reader *r, const struct qm_event *event,
					  const struct qm_origin *origin, uint64_t seq)
{
	is(r, "type", "CRYPTO_IPSEC_SA");
	is(r, "pid", "812");
	is(r, "uid", "0");
	is(r, "auid", "4294967295");
	is(r, "ses", "4294967295");
	is(r, "subj", "unconfined");
	read_body(r, event, origin);
	is_time(r, "when", event->when_ms);
	is_number(r, "rec-seq", seq);
	is(r, "exe", "\"/usr/lib/ipsec/charon\"");
	is(r, "hostname", "?");
	is_addr(r, "addr", qm_readvalue_peer(event));
	is(r, "terminal", "?");
	is(r, "res", qm_readvalue_is_success(event) ? "success" : "failed");
	if (r->any) {
		complain(r, "name of the field", auparse_get_field_name(r->au), "no field");
	}
}

const char *qm_readback(const struct qm_record *record, const struct qm_event *event,
						const struct qm_origin *origin, uint64_t seq)
{
	static struct reader r;
	char line[QM_LINE_MAX];

	r = (struct reader){ 0 };
	if (qm_audit_line(record, 118, line, sizeof(line) - 1) < 0) {
		return "the line is too long";
	}
	memcpy(line + strlen(line), "\n", 2);
	r.au = auparse_init(AUSOURCE_BUFFER, line);
	if (!r.au) {
		return "auparse_init() failed";
	}
	r.any = auparse_first_record(r.au) > 0 && auparse_first_field(r.au) > 0;
	read_line(&r, event, origin, seq);
	if (!*r.problem && auparse_next_event(r.au) > 0) {
		complain(&r, "number of events", "2", "1");
	}
	auparse_destroy(r.au);
	return *r.problem ? r.problem : NULL;
}
