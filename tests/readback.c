/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "readback.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "readback_own.h"
#include "readvalue.h"

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

static void is_ike_spi(struct qm_reader *r, const char *name, bool known, uint64_t spi)
{
	char text[17] = "?";

	if (known) {
		snprintf(text, sizeof(text), "%016" PRIx64, spi);
	}
	qm_is(r, name, text);
}

static void is_if_id(struct qm_reader *r, const struct qm_sa_facts *sa)
{
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu32 "/%" PRIu32, sa->if_id_in, sa->if_id_out);
	if (sa->if_id_in == sa->if_id_out) {
		*strchr(text, '/') = '\0';
	}
	qm_is(r, "if-id", text);
}

static void is_kernel_mark(struct qm_reader *r, struct qm_mark mark)
{
	char text[32];

	qm_readvalue_mark(text, sizeof(text), mark);
	qm_is(r, "mark", text);
}

static void is_mark(struct qm_reader *r, const struct qm_sa_facts *sa)
{
	char in[32], out[32], both[72];

	qm_readvalue_mark(in, sizeof(in), sa->mark_in);
	qm_readvalue_mark(out, sizeof(out), sa->mark_out);
	snprintf(both, sizeof(both), "%s/%s", in, out);
	qm_is(r, "mark",
		  memcmp(&sa->mark_in, &sa->mark_out, sizeof(sa->mark_in)) ? both : in);
}

static void read_who(struct qm_reader *r, const struct qm_event *event,
					 const struct qm_origin *origin)
{
	const struct qm_sa_facts *sa = event->sa;

	qm_is_text(r, "acct", &sa->acct);
	qm_is(r, "direction", ENUM_NAME(sa->direction, "?", "initiator", "responder"));
	qm_is_text(r, "conn-name", &sa->conn_name);
	qm_is_text(r, "child-name", &sa->child_name);
	qm_is_id(r, "ike-version", sa->ike_version);
	qm_is_id(r, "instance", event->instance ? event->instance : origin->instance);
	qm_is_id(r, "ike-sa", sa->ike_sa);
	qm_is_id(r, "child-sa", sa->child_sa);
}

static void read_kind(struct qm_reader *r, const struct qm_sa_facts *sa)
{
	qm_is_id(r, "reqid", sa->reqid);
	is_if_id(r, sa);
	is_mark(r, sa);
	qm_is(r, "satype", ENUM_NAME(sa->satype, "?", "ipsec-esp", "ipsec-ah"));
	qm_is(r, "samode", ENUM_NAME(sa->samode, "?", "tunnel", "transport", "beet"));
}

static void read_algorithms(struct qm_reader *r, const struct qm_sa_facts *sa)
{
	qm_is_word(r, "cipher", sa->cipher);
	qm_is_known(r, "ksize", sa->cipher[0], sa->ksize);
	qm_is_word(r, "integ", sa->integ);
	qm_is_word(r, "pfs", sa->pfs);
	qm_is(r, "esn", ENUM_NAME(sa->esn, "?", "no", "yes"));
	qm_is(r, "encap", ENUM_NAME(sa->encap, "?", "no", "yes"));
}

static void read_ends(struct qm_reader *r, const struct qm_addr *local,
					  const struct qm_addr *remote)
{
	qm_is_addr(r, "laddr", local);
	qm_is_id(r, "lport", local->port);
	qm_is_addr(r, "raddr", remote);
	qm_is_id(r, "rport", remote->port);
}

static void read_path(struct qm_reader *r, const struct qm_sa_facts *sa)
{
	qm_is_spi(r, "in-spi", sa->in_spi);
	qm_is_spi(r, "out-spi", sa->out_spi);
	read_ends(r, &sa->local, &sa->remote);
	qm_is_known(r, "proto", sa->local_ts.count, sa->local_ts.ts[0].proto);
	qm_is_ts(r, "local-ts", &sa->local_ts);
	qm_is_ts(r, "remote-ts", &sa->remote_ts);
	qm_is_addr(r, "remote-vip", &sa->vip);
}

static void read_established(struct qm_reader *r, const struct qm_event *event,
							 const struct qm_origin *origin)
{
	const struct qm_sa_facts *sa = event->sa;

	qm_is(r, "op", "start");
	qm_is(r, "event-id", "5451");
	read_who(r, event, origin);
	qm_is_id(r, "old-child-sa", event->old_child_sa);
	read_kind(r, sa);
	read_algorithms(r, sa);
	read_path(r, sa);
	qm_is_number(r, "life-time", sa->life_time);
	qm_is_number(r, "life-bytes", sa->life_bytes);
	qm_is_number(r, "life-packets", sa->life_packets);
	qm_is_text(r, "local-id", &sa->local_id);
	qm_is_text(r, "remote-id", &sa->remote_id);
}

static void read_ended(struct qm_reader *r, const struct qm_event *event,
					   const struct qm_origin *origin)
{
	qm_is(r, "op", "destroy");
	qm_is(r, "event-id", "5452");
	read_who(r, event, origin);
	read_kind(r, event->sa);
	read_path(r, event->sa);
	qm_is_text(r, "local-id", &event->sa->local_id);
	qm_is_text(r, "remote-id", &event->sa->remote_id);
	qm_is(r, "reason", qm_reason_name(event->reason));
	qm_is(r, "ended-by",
	   ENUM_NAME(event->ended_by, "?", "local", "peer", "kernel", "external"));
	qm_is_count(r, "bytes-in", event->traffic.bytes_in);
	qm_is_count(r, "bytes-out", event->traffic.bytes_out);
	qm_is_count(r, "packets-in", event->traffic.packets_in);
	qm_is_count(r, "packets-out", event->traffic.packets_out);
	qm_is_time(r, "duration", event->duration_ms);
	qm_is_count(r, "total-bytes-in", event->total_bytes_in);
	qm_is_count(r, "total-bytes-out", event->total_bytes_out);
	qm_is_number(r, "rekeys", event->rekeys);
	qm_is_moment(r, "last-seen", event->last_seen_ms);
}

static void is_failure(struct qm_reader *r, const struct qm_failure *failure,
					   uint8_t version)
{
	qm_is(r, "reason", failure->reason == QM_FAILURE_NOTIFY ?
		   qm_readvalue_notify_reason(version, failure->notify) :
		   qm_readvalue_failure(failure->reason));
}

static void read_extent(struct qm_reader *r, const struct qm_event *event)
{
	qm_is_number(r, "count", event->count);
	qm_is_time(r, "since", event->since_ms);
}

static void read_failed(struct qm_reader *r, const struct qm_event *event,
						const struct qm_origin *origin)
{
	const struct qm_failure *failure = event->failure;
	const struct qm_sa_facts *sa = event->sa;

	qm_is(r, "op", "start");
	qm_is(r, "event-id", "4654");
	read_who(r, event, origin);
	qm_is_id(r, "reqid", sa->reqid);
	read_ends(r, &sa->local, &sa->remote);
	qm_is_ts(r, "local-ts", &sa->local_ts);
	qm_is_ts(r, "remote-ts", &sa->remote_ts);
	qm_is_text(r, "proposals", &failure->proposals);
	qm_is_text(r, "local-id", &sa->local_id);
	qm_is_text(r, "remote-id", &sa->remote_id);
	is_failure(r, failure, sa->ike_version);
	qm_is(r, "failure-point",
	   ENUM_NAME(failure->point, "?", "local", "remote", "local", "local"));
	qm_is(r, "qm-state", ENUM_NAME(failure->state, "?", "none", "first-sent"));
	qm_is(r, "exchange", qm_readvalue_exchange(sa->ike_version, failure->exchange));
	qm_is_known(r, "msgid", failure->has_msgid, failure->msgid);
	qm_is(r, "notify", qm_readvalue_notify(sa->ike_version, failure->notify));
	read_extent(r, event);
}

static void read_invalid(struct qm_reader *r, const struct qm_event *event,
						 const struct qm_origin *origin)
{
	const struct qm_invalid *invalid = event->invalid;
	const struct qm_packet *packet = &invalid->packet;

	qm_is(r, "op", "invalid-packet");
	qm_is(r, "event-id", "4977");
	qm_is_id(r, "ike-version", packet->version);
	qm_is(r, "exchange", qm_readvalue_exchange(packet->version, packet->exchange));
	qm_is_known(r, "msgid", packet->has_msgid, packet->msgid);
	qm_is_id(r, "instance", origin->instance);
	qm_is_id(r, "ike-sa", invalid->ike_sa);
	is_ike_spi(r, "ike-spi-i", packet->has_spis, packet->spi_i);
	is_ike_spi(r, "ike-spi-r", packet->has_spis, packet->spi_r);
	read_ends(r, &invalid->local, &invalid->remote);
	qm_is_id(r, "packet-len", packet->len);
	qm_is(r, "reason", qm_readvalue_fault(invalid->fault));
	qm_is(r, "authenticated", ENUM_NAME(invalid->authenticated, "?", "no", "yes"));
	read_extent(r, event);
}

static void read_unknown_sa(struct qm_reader *r, const struct qm_event *event,
							const struct qm_origin *origin)
{
	const struct qm_kernel_sa *sa = event->kernel;
	struct qm_text comm = { .len = (uint16_t)strnlen(sa->comm, sizeof(sa->comm)) };

	memcpy(comm.s, sa->comm, comm.len);
	qm_is(r, "op", "unknown-sa");
	qm_is_id(r, "instance", origin->instance);
	qm_is(r, "satype", ENUM_NAME(sa->id.satype, "?", "ipsec-esp", "ipsec-ah"));
	qm_is(r, "samode", ENUM_NAME(sa->samode, "?", "tunnel", "transport", "beet"));
	qm_is_spi(r, "spi", sa->id.spi);
	qm_is_addr(r, "src-addr", &sa->src);
	qm_is_addr(r, "dst-addr", &sa->id.dst);
	qm_is_id(r, "reqid", sa->reqid);
	qm_is_number(r, "if-id", sa->if_id);
	is_kernel_mark(r, sa->mark);
	qm_is_text(r, "creator", &comm);
	qm_is_id(r, "creator-proc", sa->pid);
	qm_is_time(r, "since", event->since_ms);
}

static void read_body(struct qm_reader *r, const struct qm_event *event,
					  const struct qm_origin *origin)
{
	static void (*const readers[QM_EVENT_KIND_MAX])(struct qm_reader *r,
													const struct qm_event *event,
													const struct qm_origin *origin) = {
		[QM_EVENT_ESTABLISHED] = read_established,
		[QM_EVENT_ENDED] = read_ended,
		[QM_EVENT_FAILED] = read_failed,
		[QM_EVENT_INVALID_PACKET] = read_invalid,
		[QM_EVENT_UNKNOWN_SA] = read_unknown_sa,
	};

	if (!qm_readback_own(r, event, origin)) {
		readers[event->kind](r, event, origin);
	}
}

static void read_line(struct qm_reader *r, const struct qm_event *event,
					  const struct qm_origin *origin, uint64_t seq)
{
	qm_is(r, "type", "CRYPTO_IPSEC_SA");
	qm_is(r, "pid", "812");
	qm_is(r, "uid", "0");
	qm_is(r, "auid", "4294967295");
	qm_is(r, "ses", "4294967295");
	qm_is(r, "subj", "unconfined");
	read_body(r, event, origin);
	qm_is_time(r, "when", event->when_ms);
	qm_is_number(r, "rec-seq", seq);
	qm_is(r, "exe", "\"/usr/lib/ipsec/charon\"");
	qm_is(r, "hostname", "?");
	qm_is_addr(r, "addr", qm_readvalue_peer(event));
	qm_is(r, "terminal", "?");
	qm_is(r, "res", qm_readvalue_is_success(event) ? "success" : "failed");
	if (r->any) {
		qm_reader_complain(r, "name of the field", auparse_get_field_name(r->au),
						   "no field");
	}
}

const char *qm_readback(const struct qm_record *record, const struct qm_event *event,
						const struct qm_origin *origin, uint64_t seq)
{
	static struct qm_reader r;
	char line[QM_LINE_MAX];

	r = (struct qm_reader){ 0 };
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
		qm_reader_complain(&r, "number of events", "2", "1");
	}
	auparse_destroy(r.au);
	return *r.problem ? r.problem : NULL;
}
