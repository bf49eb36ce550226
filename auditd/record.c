/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "record.h"

#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include "record_fields.h"

#define NAME(table, value) \
	((unsigned)(value) < sizeof(table) / sizeof((table)[0]) ? (table)[value] : "?")

static const char *const directions[QM_DIRECTION_MAX] = {
	[QM_DIRECTION_UNKNOWN] = "?",
	[QM_DIRECTION_INITIATOR] = "initiator",
	[QM_DIRECTION_RESPONDER] = "responder",
};

static const char *const satypes[QM_SATYPE_MAX] = {
	[QM_SATYPE_UNKNOWN] = "?",
	[QM_SATYPE_ESP] = "ipsec-esp",
	[QM_SATYPE_AH] = "ipsec-ah",
};

static const char *const samodes[QM_SAMODE_MAX] = {
	[QM_SAMODE_UNKNOWN] = "?",
	[QM_SAMODE_TUNNEL] = "tunnel",
	[QM_SAMODE_TRANSPORT] = "transport",
	[QM_SAMODE_BEET] = "beet",
};

static const char *const answers[QM_TRI_MAX] = {
	[QM_TRI_UNKNOWN] = "?",
	[QM_TRI_NO] = "no",
	[QM_TRI_YES] = "yes",
};

/** Windows' failure points: this computer, or the other. */
static const char *const points[QM_PARTY_MAX] = {
	[QM_PARTY_UNKNOWN] = "?",
	[QM_PARTY_LOCAL] = "local",
	[QM_PARTY_PEER] = "remote",
	[QM_PARTY_KERNEL] = "local",
	[QM_PARTY_EXTERNAL] = "local",
};

/** What a record is made of. */
struct source {
	const struct qm_event *event;
	const struct qm_origin *origin;
};

static void put_if_id(struct qm_writer *w, const struct qm_sa_facts *sa)
{
	qm_put_number(w, "if-id", sa->if_id_in);
	if (sa->if_id_in != sa->if_id_out) {
		qm_writer_string(w, "/");
		qm_writer_number(w, sa->if_id_out, 1);
	}
}

static void put_one_mark(struct qm_writer *w, struct qm_mark mark)
{
	qm_writer_number(w, mark.value, 1);
	if (mark.mask != UINT32_MAX && (mark.value || mark.mask)) {
		qm_writer_string(w, ":");
		qm_writer_hex(w, mark.mask);
	}
}

static void put_mark(struct qm_writer *w, const struct qm_sa_facts *sa)
{
	qm_writer_field(w, "mark");
	put_one_mark(w, sa->mark_in);
	if (sa->mark_in.value != sa->mark_out.value ||
		sa->mark_in.mask != sa->mark_out.mask) {
		qm_writer_string(w, "/");
		put_one_mark(w, sa->mark_out);
	}
}

/** Who: up to the CHILD_SA's id. acct= leads, as ausearch reads on from there. */
static void put_who(struct qm_writer *w, const struct source *src)
{
	const struct qm_sa_facts *sa = src->event->sa;

	qm_put_text(w, "acct", &sa->acct);
	qm_put_name(w, "direction", NAME(directions, sa->direction));
	qm_put_text(w, "conn-name", &sa->conn_name);
	qm_put_text(w, "child-name", &sa->child_name);
	qm_put_id(w, "ike-version", sa->ike_version);
	qm_put_id(w, "instance", src->event->instance ? src->event->instance :
												 src->origin->instance);
	qm_put_id(w, "ike-sa", sa->ike_sa);
	qm_put_id(w, "child-sa", sa->child_sa);
}

static void put_kind(struct qm_writer *w, const struct qm_sa_facts *sa)
{
	qm_put_id(w, "reqid", sa->reqid);
	put_if_id(w, sa);
	put_mark(w, sa);
	qm_put_name(w, "satype", NAME(satypes, sa->satype));
	qm_put_name(w, "samode", NAME(samodes, sa->samode));
}

static void put_algorithms(struct qm_writer *w, const struct qm_sa_facts *sa)
{
	qm_put_word(w, "cipher", sa->cipher);
	qm_put_known(w, "ksize", (struct qm_count){ .known = sa->cipher[0], .n = sa->ksize });
	qm_put_word(w, "integ", sa->integ);
	qm_put_word(w, "pfs", sa->pfs);
	qm_put_name(w, "esn", NAME(answers, sa->esn));
	qm_put_name(w, "encap", NAME(answers, sa->encap));
}

static void put_ends(struct qm_writer *w, const struct qm_addr *local,
					 const struct qm_addr *remote)
{
	qm_put_addr(w, "laddr", local);
	qm_put_id(w, "lport", local->port);
	qm_put_addr(w, "raddr", remote);
	qm_put_id(w, "rport", remote->port);
}

static void put_path(struct qm_writer *w, const struct qm_sa_facts *sa)
{
	qm_put_spi(w, "in-spi", sa->in_spi);
	qm_put_spi(w, "out-spi", sa->out_spi);
	put_ends(w, &sa->local, &sa->remote);
	qm_put_known(w, "proto", (struct qm_count){ .known = sa->local_ts.count,
											 .n = sa->local_ts.ts[0].proto });
	qm_put_ts(w, "local-ts", &sa->local_ts);
	qm_put_ts(w, "remote-ts", &sa->remote_ts);
	qm_put_addr(w, "remote-vip", &sa->vip);
}

static void put_ids(struct qm_writer *w, const struct qm_sa_facts *sa)
{
	qm_put_text(w, "local-id", &sa->local_id);
	qm_put_text(w, "remote-id", &sa->remote_id);
}

static void put_established(struct qm_writer *w, const struct source *src)
{
	const struct qm_sa_facts *sa = src->event->sa;

	qm_put_name(w, "op", "start");
	qm_put_number(w, "event-id", QM_EVENT_ID_ESTABLISHED);
	put_who(w, src);
	qm_put_id(w, "old-child-sa", src->event->old_child_sa);
	put_kind(w, sa);
	put_algorithms(w, sa);
	put_path(w, sa);
	qm_put_number(w, "life-time", sa->life_time);
	qm_put_number(w, "life-bytes", sa->life_bytes);
	qm_put_number(w, "life-packets", sa->life_packets);
	put_ids(w, sa);
}

static void put_ended(struct qm_writer *w, const struct source *src)
{
	const struct qm_event *event = src->event;
	const struct qm_traffic *traffic = &event->traffic;

	qm_put_name(w, "op", "destroy");
	qm_put_number(w, "event-id", QM_EVENT_ID_ENDED);
	put_who(w, src);
	put_kind(w, event->sa);
	put_path(w, event->sa);
	put_ids(w, event->sa);
	qm_put_name(w, "reason", qm_reason_name(event->reason));
	qm_put_name(w, "ended-by", qm_party_name(event->ended_by));
	qm_put_known(w, "bytes-in", traffic->bytes_in);
	qm_put_known(w, "bytes-out", traffic->bytes_out);
	qm_put_known(w, "packets-in", traffic->packets_in);
	qm_put_known(w, "packets-out", traffic->packets_out);
	qm_put_ms(w, "duration", event->duration_ms);
	qm_put_known(w, "total-bytes-in", event->total_bytes_in);
	qm_put_known(w, "total-bytes-out", event->total_bytes_out);
	qm_put_number(w, "rekeys", event->rekeys);
	qm_put_moment(w, "last-seen", event->last_seen_ms);
}

/** What the notify's own name makes of it, where nothing else says why. */
static void put_failure_reason(struct qm_writer *w, const struct qm_failure *failure,
							   const char *notify)
{
	qm_writer_field(w, "reason");
	if (failure->reason != QM_FAILURE_NOTIFY) {
		qm_writer_string(w, qm_failure_name(failure->reason));
	} else if (notify) {
		qm_writer_dashed(w, notify);
	} else {
		qm_writer_string(w, "notify-");
		qm_writer_number(w, failure->notify, 1);
	}
}

static void put_named(struct qm_writer *w, const char *field, const char *name,
					  uint16_t number)
{
	if (name) {
		qm_put_name(w, field, name);
	} else {
		qm_put_id(w, field, number);
	}
}

/** How many a record stands for, and since when. */
static void put_extent(struct qm_writer *w, const struct qm_event *event)
{
	qm_put_number(w, "count", event->count);
	qm_put_ms(w, "since", event->since_ms);
}

static void put_failed(struct qm_writer *w, const struct source *src)
{
	const struct qm_sa_facts *sa = src->event->sa;
	const struct qm_failure *failure = src->event->failure;
	const char *notify = qm_notify_name(sa->ike_version, failure->notify);

	qm_put_name(w, "op", "start");
	qm_put_number(w, "event-id", QM_EVENT_ID_NEGOTIATION_FAILED);
	put_who(w, src);
	qm_put_id(w, "reqid", sa->reqid);
	put_ends(w, &sa->local, &sa->remote);
	qm_put_ts(w, "local-ts", &sa->local_ts);
	qm_put_ts(w, "remote-ts", &sa->remote_ts);
	qm_put_text(w, "proposals", &failure->proposals);
	put_ids(w, sa);
	put_failure_reason(w, failure, notify);
	qm_put_name(w, "failure-point", NAME(points, failure->point));
	qm_put_name(w, "qm-state", qm_nego_state_name(failure->state));
	put_named(w, "exchange", qm_exchange_name(sa->ike_version, failure->exchange),
			  failure->exchange);
	qm_put_known(w, "msgid", (struct qm_count){ failure->has_msgid, failure->msgid });
	put_named(w, "notify", notify, failure->notify);
	put_extent(w, src->event);
}

static void put_ike_spi(struct qm_writer *w, const char *field, bool known, uint64_t spi)
{
	qm_writer_field(w, field);
	if (known) {
		qm_writer_ike_spi(w, spi);
	} else {
		qm_writer_string(w, "?");
	}
}

static void put_invalid(struct qm_writer *w, const struct source *src)
{
	const struct qm_invalid *invalid = src->event->invalid;
	const struct qm_packet *packet = &invalid->packet;

	qm_put_name(w, "op", "invalid-packet");
	qm_put_number(w, "event-id", QM_EVENT_ID_INVALID_PACKET);
	qm_put_id(w, "ike-version", packet->version);
	put_named(w, "exchange", qm_exchange_name(packet->version, packet->exchange),
			  packet->exchange);
	qm_put_known(w, "msgid", (struct qm_count){ packet->has_msgid, packet->msgid });
	qm_put_id(w, "instance", src->origin->instance);
	qm_put_id(w, "ike-sa", invalid->ike_sa);
	put_ike_spi(w, "ike-spi-i", packet->has_spis, packet->spi_i);
	put_ike_spi(w, "ike-spi-r", packet->has_spis, packet->spi_r);
	put_ends(w, &invalid->local, &invalid->remote);
	qm_put_id(w, "packet-len", packet->len);
	qm_put_name(w, "reason", qm_fault_name(invalid->fault));
	qm_put_name(w, "authenticated", NAME(answers, invalid->authenticated));
	put_extent(w, src->event);
}

static void put_comm(struct qm_writer *w, const char *field, const char *comm)
{
	struct qm_text text;

	qm_text_set(&text, comm, strnlen(comm, QM_COMM_MAX));
	qm_put_text(w, field, &text);
}

static void put_unknown_sa(struct qm_writer *w, const struct source *src)
{
	const struct qm_kernel_sa *sa = src->event->kernel;

	qm_put_name(w, "op", "unknown-sa");
	qm_put_id(w, "instance", src->origin->instance);
	qm_put_name(w, "satype", NAME(satypes, sa->id.satype));
	qm_put_name(w, "samode", NAME(samodes, sa->samode));
	qm_put_spi(w, "spi", sa->id.spi);
	qm_put_addr(w, "src-addr", &sa->src);
	qm_put_addr(w, "dst-addr", &sa->id.dst);
	qm_put_id(w, "reqid", sa->reqid);
	qm_put_number(w, "if-id", sa->if_id);
	qm_writer_field(w, "mark");
	put_one_mark(w, sa->mark);
	put_comm(w, "creator", sa->comm);
	qm_put_id(w, "creator-proc", sa->pid);
	qm_put_ms(w, "since", src->event->since_ms);
}

static void put_audit_start(struct qm_writer *w, const struct source *src)
{
	const struct qm_inheritance *inherited = &src->event->inherited;

	qm_put_name(w, "op", "audit-start");
	qm_put_id(w, "instance", src->origin->instance);
	qm_put_word(w, "version", PACKAGE_VERSION);
	qm_put_word(w, "daemon", src->origin->daemon);
	qm_put_word(w, "daemon-version", src->origin->daemon_version);
	qm_put_name(w, "policy", qm_policy_name(src->event->new_policy));
	qm_put_name(w, "durability", qm_durability_name(src->event->durability));
	qm_put_name(w, "last-run", qm_last_run_name(inherited->last));
	qm_put_moment(w, "last-alive", inherited->last_alive_ms);
	qm_put_number(w, "open-sas", inherited->open_sas);
	qm_put_number(w, "waiting", inherited->waiting);
}

static void put_audit_stop(struct qm_writer *w, const struct source *src)
{
	qm_put_name(w, "op", "audit-stop");
	qm_put_id(w, "instance", src->origin->instance);
	qm_put_number(w, "written", src->event->written);
	qm_put_name(w, "policy", qm_policy_name(src->event->new_policy));
}

static void put_policy_change(struct qm_writer *w, const struct source *src)
{
	const struct qm_event *event = src->event;
	char changes[QM_POLICY_CHANGES_MAX];

	qm_policy_changes(event->old_policy, event->new_policy, changes, sizeof(changes));
	qm_put_name(w, "op", "policy-change");
	qm_put_number(w, "event-id", QM_EVENT_ID_POLICY_CHANGE);
	qm_put_id(w, "instance", src->origin->instance);
	qm_put_name(w, "old-policy", qm_policy_name(event->old_policy));
	qm_put_name(w, "new-policy", qm_policy_name(event->new_policy));
	qm_put_name(w, "changes", changes);
}

static void put_lost(struct qm_writer *w, const struct source *src)
{
	qm_put_name(w, "op", "lost");
	qm_put_id(w, "instance", src->origin->instance);
	qm_put_number(w, "count", src->event->lost);
	qm_put_ms(w, "since", src->event->since_ms);
	qm_put_name(w, "cause", qm_loss_cause_name(src->event->cause));
}

static void put_store_change(struct qm_writer *w, const struct source *src)
{
	const struct qm_event *event = src->event;
	const char *error = event->error ? strerrorname_np(event->error) : "none";

	qm_put_name(w, "op", "store-change");
	qm_put_id(w, "instance", src->origin->instance);
	qm_put_name(w, "old-durability", qm_durability_name(event->old_durability));
	qm_put_name(w, "durability", qm_durability_name(event->durability));
	qm_put_name(w, "error", error ? error : "?");
}

bool qm_event_is_success(const struct qm_event *event)
{
	switch (event->kind) {
	case QM_EVENT_LOST:
	case QM_EVENT_FAILED:
		return false;
	case QM_EVENT_INVALID_PACKET:
		return event->invalid_is_success;
	default:
		return true;
	}
}

static const struct kind {
	void (*put)(struct qm_writer *w, const struct source *src);
	bool needs_sa;
	bool needs_failure;
	bool needs_invalid;
	bool needs_kernel;
} kinds[QM_EVENT_KIND_MAX] = {
	[QM_EVENT_AUDIT_START] = { .put = put_audit_start },
	[QM_EVENT_AUDIT_STOP] = { .put = put_audit_stop },
	[QM_EVENT_POLICY_CHANGE] = { .put = put_policy_change },
	[QM_EVENT_LOST] = { .put = put_lost },
	[QM_EVENT_ESTABLISHED] = { .put = put_established, .needs_sa = true },
	[QM_EVENT_ENDED] = { .put = put_ended, .needs_sa = true },
	[QM_EVENT_FAILED] = { .put = put_failed, .needs_sa = true, .needs_failure = true },
	[QM_EVENT_INVALID_PACKET] = { .put = put_invalid, .needs_invalid = true },
	[QM_EVENT_UNKNOWN_SA] = { .put = put_unknown_sa, .needs_kernel = true },
	[QM_EVENT_STORE_CHANGE] = { .put = put_store_change },
};

static bool lacks_facts(const struct kind *kind, const struct qm_event *event)
{
	return (kind->needs_sa && !event->sa) || (kind->needs_failure && !event->failure) ||
		   (kind->needs_invalid && !event->invalid) ||
		   (kind->needs_kernel && !event->kernel);
}

/** Who is at the other end, NULL for no one. */
static const struct qm_addr *peer_of(const struct kind *kind,
									 const struct qm_event *event)
{
	if (kind->needs_invalid) {
		return &event->invalid->remote;
	}
	return kind->needs_sa ? &event->sa->remote : NULL;
}

static void set_peer(struct qm_record *record, const struct qm_addr *remote)
{
	struct qm_writer w;

	qm_writer_init(&w, record->addr, sizeof(record->addr));
	if (remote && (remote->family == AF_INET || remote->family == AF_INET6)) {
		qm_writer_addr(&w, remote);
	}
}

int qm_record_format(const struct qm_event *event, const struct qm_origin *origin,
					 uint64_t seq, struct qm_record *ret)
{
	const struct source src = { .event = event, .origin = origin };
	const struct kind *kind;
	struct qm_writer w;
	char body[QM_RECORD_MAX];

	if ((unsigned)event->kind >= QM_EVENT_KIND_MAX) {
		return -EINVAL;
	}
	kind = &kinds[event->kind];
	if (lacks_facts(kind, event)) {
		return -EINVAL;
	}
	qm_writer_init(&w, body, sizeof(body));
	kind->put(&w, &src);
	qm_put_ms(&w, "when", event->when_ms);
	qm_put_number(&w, "rec-seq", seq);
	if (w.full) {
		return -EMSGSIZE;
	}
	memcpy(ret->body, body, w.len + 1);
	ret->len = w.len;
	ret->success = qm_event_is_success(event);
	set_peer(ret, peer_of(kind, event));
	return 0;
}
