/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "snapshot_fields.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define AT(type, member) offsetof(type, member), sizeof(((type *)NULL)->member)
#define WHOLE(member) AT(struct qm_snapshot, member)
#define MIRROR(member) AT(struct qm_snapshot, mirror.member)
#define SA(member) AT(struct qm_snapshot_sa, member)
#define REASON(member) AT(struct qm_snapshot_reason, member)

const struct qm_field qm_snapshot_fields[] = {
	{ "", "format", QM_FIELD_U64, WHOLE(format), false },
	{ "", "healthy", QM_FIELD_BOOL, WHOLE(healthy), false },
	{ "", "version", QM_FIELD_STRING, WHOLE(version), false },
	{ "", "daemon", QM_FIELD_STRING, WHOLE(daemon), false },
	{ "", "daemon_version", QM_FIELD_STRING, WHOLE(daemon_version), false },
	{ "", "pid", QM_FIELD_U64, WHOLE(pid), false },
	{ "", "instance", QM_FIELD_U64, WHOLE(instance), false },
	{ "", "time", QM_FIELD_SECONDS, WHOLE(time_ms), false },
	{ "", "started", QM_FIELD_SECONDS, WHOLE(started_ms), false },
	{ "writer", "answers", QM_FIELD_BOOL, WHOLE(answers), false },
	{ "writer", "still", QM_FIELD_SECONDS, WHOLE(still_ms), false },
	{ "policy", "state", QM_FIELD_STRING, WHOLE(policy), true },
	{ "policy", "success", QM_FIELD_BOOL, WHOLE(success), true },
	{ "policy", "failure", QM_FIELD_BOOL, WHOLE(failure), true },
	{ "sink", "state", QM_FIELD_STRING, WHOLE(sink), true },
	{ "sink", "text", QM_FIELD_STRING, WHOLE(sink_text), true },
	{ "sink", "error", QM_FIELD_STRING, WHOLE(send_error), true },
	{ "sink", "sending", QM_FIELD_BOOL, WHOLE(sending), true },
	{ "sink", "auditd_pid", QM_FIELD_U64, WHOLE(auditd_pid), true },
	{ "sink", "confirms", QM_FIELD_BOOL, WHOLE(confirms), true },
	{ "sink", "confirm_text", QM_FIELD_STRING, WHOLE(confirm_text), true },
	{ "sink", "kernel_lost", QM_FIELD_COUNT, WHOLE(kernel_lost), true },
	{ "store", "keeps", QM_FIELD_BOOL, WHOLE(keeps), false },
	{ "store", "durability", QM_FIELD_STRING, WHOLE(durability), true },
	{ "store", "error", QM_FIELD_STRING, WHOLE(store_error), true },
	{ "store", "durability_wanted", QM_FIELD_STRING, WHOLE(durability_wanted), false },
	{ "store", "max_records", QM_FIELD_U64, WHOLE(max_records), false },
	{ "queue", "waiting", QM_FIELD_U64, WHOLE(queue), false },
	{ "queue", "size", QM_FIELD_U64, WHOLE(queue_size), false },
	{ "records", "written", QM_FIELD_U64, WHOLE(written), false },
	{ "records", "arrived", QM_FIELD_U64, WHOLE(arrived), false },
	{ "records", "waiting", QM_FIELD_U64, WHOLE(waiting), false },
	{ "records", "in_flight", QM_FIELD_U64, WHOLE(in_flight), true },
	{ "records", "resent", QM_FIELD_U64, WHOLE(resent), true },
	{ "records", "limited", QM_FIELD_U64, WHOLE(limited), false },
	{ "lost", "queue", QM_FIELD_U64, WHOLE(lost_queue), true },
	{ "lost", "audit", QM_FIELD_U64, WHOLE(lost_audit), true },
	{ "lost", "netlink", QM_FIELD_U64, WHOLE(lost_netlink), true },
	{ "lost", "store", QM_FIELD_U64, WHOLE(lost_store), true },
	{ "lost", "last", QM_FIELD_SECONDS, WHOLE(lost_at_ms), true },
	{ "mirror", "wanted", QM_FIELD_BOOL, MIRROR(wanted), false },
	{ "mirror", "watched", QM_FIELD_BOOL, MIRROR(watched), false },
	{ "mirror", "synced", QM_FIELD_BOOL, MIRROR(synced), false },
	{ "mirror", "gap", QM_FIELD_SECONDS, MIRROR(gap_ms), false },
	{ "mirror", "sas", QM_FIELD_U64, MIRROR(sas), false },
	{ "mirror", "policies", QM_FIELD_U64, MIRROR(policies), false },
	{ "mirror", "resyncs", QM_FIELD_U64, MIRROR(resyncs), false },
	{ "mirror", "failures", QM_FIELD_U64, MIRROR(failures), false },
	{ "mirror", "overruns", QM_FIELD_U64, MIRROR(overruns), false },
	{ "mirror", "dropped", QM_FIELD_U64, MIRROR(dropped), false },
	{ "", "open_sas", QM_FIELD_U64, WHOLE(open), false },
	{ "", "unlisted_sas", QM_FIELD_U64, WHOLE(more), true },
};
const size_t qm_snapshot_n_fields = COUNT(qm_snapshot_fields);

const struct qm_field qm_snapshot_sa_fields[] = {
	{ "", "conn_name", QM_FIELD_TEXT, SA(conn_name), false },
	{ "", "child_name", QM_FIELD_TEXT, SA(child_name), false },
	{ "", "instance", QM_FIELD_U32, SA(instance), false },
	{ "", "ike_sa", QM_FIELD_U32, SA(ike_sa), false },
	{ "", "child_sa", QM_FIELD_U32, SA(child_sa), false },
	{ "", "reqid", QM_FIELD_U32, SA(reqid), false },
	{ "", "in_spi", QM_FIELD_SPI, SA(in_spi), false },
	{ "", "out_spi", QM_FIELD_SPI, SA(out_spi), false },
	{ "", "laddr", QM_FIELD_ADDR, SA(local), false },
	{ "", "raddr", QM_FIELD_ADDR, SA(remote), false },
	{ "", "remote_id", QM_FIELD_TEXT, SA(remote_id), false },
	{ "", "acct", QM_FIELD_TEXT, SA(acct), false },
	{ "", "established", QM_FIELD_SECONDS, SA(established_ms), false },
	{ "", "rekeys", QM_FIELD_U32, SA(rekeys), false },
	{ "", "bytes_in", QM_FIELD_COUNT, SA(bytes_in), false },
	{ "", "bytes_out", QM_FIELD_COUNT, SA(bytes_out), false },
	{ "", "packets_in", QM_FIELD_COUNT, SA(packets_in), false },
	{ "", "packets_out", QM_FIELD_COUNT, SA(packets_out), false },
	{ "", "earlier_bytes_in", QM_FIELD_COUNT, SA(before_in), false },
	{ "", "earlier_bytes_out", QM_FIELD_COUNT, SA(before_out), false },
};
const size_t qm_snapshot_n_sa_fields = COUNT(qm_snapshot_sa_fields);

const struct qm_field qm_snapshot_reason_fields[] = {
	{ "", "what", QM_FIELD_STRING, REASON(what), false },
	{ "", "text", QM_FIELD_STRING, REASON(text), false },
};
const size_t qm_snapshot_n_reason_fields = COUNT(qm_snapshot_reason_fields);
