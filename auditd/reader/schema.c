/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "schema.h"

#include "convert.h"
#include "messages.h"

#define STRING QM_TYPE_STRING
#define UINT32 QM_TYPE_UINT32
#define UINT64 QM_TYPE_UINT64

/** A field: Windows' name, label and type; how it comes from which of the record's. */
#define FIELD(name_, label_, type_, convert_, key_, ...)                                 \
	{                                                                                    \
		.name = name_, .label = label_, .type = type_, .convert = qm_convert_##convert_, \
		.key = QM_KEY_##key_, __VA_ARGS__                                                \
	}

#define NETWORK_NOTE "first selector, or else the host"
#define MASK_NOTE "dotted; IPv6: length of the prefix; none for a range"
#define PORT_NOTE "0 is any; none for a range"
#define TUNNEL_NOTE "none in transport mode"

static const struct qm_schema_field established[] = {
	FIELD("LocalAddress", "Network Address", STRING, local_network, LOCAL_TS,
		  .note = NETWORK_NOTE),
	FIELD("LocalAddressMask", "Network Address mask", STRING, local_mask, LOCAL_TS,
		  .note = MASK_NOTE),
	FIELD("LocalPort", "Port", UINT32, local_port, LOCAL_TS, .note = PORT_NOTE),
	FIELD("LocalTunnelEndpoint", "Tunnel Endpoint", STRING, tunnel_end, LADDR,
		  .note = TUNNEL_NOTE),
	FIELD("RemoteAddress", "Network Address", STRING, remote_network, REMOTE_TS,
		  .note = NETWORK_NOTE),
	FIELD("RemoteAddressMask", "Network Address Mask", STRING, remote_mask, REMOTE_TS,
		  .note = MASK_NOTE),
	FIELD("RemotePort", "Port", UINT32, remote_port, REMOTE_TS, .note = PORT_NOTE),
	FIELD("PeerPrivateAddress", "Private Address", STRING, address, REMOTE_VIP,
		  .note = "virtual IP"),
	FIELD("RemoteTunnelEndpoint", "Tunnel Endpoint", STRING, tunnel_end, RADDR,
		  .note = TUNNEL_NOTE),
	FIELD("IpProtocol", "Protocol", UINT32, proto, PROTO, .note = "0 is any"),
	FIELD("KeyingModuleName", "Keying Module Name", STRING, word, IKE_VERSION,
		  .words = qm_words_keying_module),
	FIELD("AhAuthType", "Integrity Algorithm - AH", STRING, integ_ah, INTEG,
		  .note = "for satype=ipsec-ah"),
	FIELD("EspAuthType", "Integrity Algorithm - ESP", STRING, integ_esp, INTEG,
		  .note = "for satype=ipsec-esp; of a combined cipher cipher and ksize"),
	FIELD("CipherType", "Encryption Algorithm", STRING, cipher, CIPHER,
		  .note = "with ksize"),
	FIELD("LifetimeSeconds", "Lifetime - seconds", UINT32, number, LIFE_TIME),
	FIELD("LifetimeKilobytes", "Lifetime - data", UINT32, kilobytes, LIFE_BYTES),
	FIELD("LifetimePackets", "Lifetime - packets", UINT32, number, LIFE_PACKETS),
	FIELD("Mode", "Mode", STRING, word, SAMODE, .words = qm_words_platform_mode),
	FIELD("Role", "Role", STRING, word, DIRECTION, .words = qm_words_platform_role),
	FIELD("TransportFilterId", "Quick Mode Filter ID", UINT64, number, REQID),
	FIELD("MainModeSaId", "Main Mode SA ID", UINT64, luid, IKE_SA,
		  .note = "instance * 2^32 + ike-sa"),
	FIELD("QuickModeSaId", "Quick Mode SA ID", UINT64, luid, CHILD_SA,
		  .note = "instance * 2^32 + child-sa"),
	FIELD("InboundSpi", "Inbound SPI", UINT64, spi, IN_SPI),
	FIELD("OutboundSpi", "Outbound SPI", UINT64, spi, OUT_SPI),
	FIELD("TunnelId", "Virtual Interface Tunnel ID", UINT64, inbound, IF_ID),
	FIELD("TrafficSelectorId", "Traffic Selector ID", UINT64, fixed, OTHER, .fixed = "0"),
};

static const struct qm_schema_field ended[] = {
	FIELD("LocalAddress", "Network Address", STRING, local_network, LOCAL_TS,
		  .note = NETWORK_NOTE),
	FIELD("LocalAddressMask", "Network Address mask", STRING, local_mask, LOCAL_TS,
		  .note = MASK_NOTE),
	FIELD("LocalPort", "Port", UINT32, local_port, LOCAL_TS, .note = PORT_NOTE),
	FIELD("LocalTunnelEndpoint", "Tunnel Endpoint", STRING, tunnel_end, LADDR,
		  .note = TUNNEL_NOTE),
	FIELD("RemoteAddress", "Network Address", STRING, remote_network, REMOTE_TS,
		  .note = NETWORK_NOTE),
	FIELD("RemoteAddressMask", "Network Address mask", STRING, remote_mask, REMOTE_TS,
		  .note = MASK_NOTE),
	FIELD("RemotePort", "Port", UINT32, remote_port, REMOTE_TS, .note = PORT_NOTE),
	FIELD("RemoteTunnelEndpoint", "Tunnel Endpoint", STRING, tunnel_end, RADDR,
		  .note = TUNNEL_NOTE),
	FIELD("IpProtocol", "Protocol", UINT32, proto, PROTO, .note = "0 is any"),
	FIELD("QuickModeSaId", "Quick Mode SA ID", UINT64, luid, CHILD_SA,
		  .note = "instance * 2^32 + child-sa"),
	FIELD("TunnelId", "Virtual Interface Tunnel ID", UINT64, inbound, IF_ID),
	FIELD("TrafficSelectorId", "Traffic Selector ID", UINT64, fixed, OTHER, .fixed = "0"),
};

static const struct qm_schema_field failed[] = {
	FIELD("LocalAddress", "Network Address", STRING, local_network, LOCAL_TS,
		  .note = NETWORK_NOTE),
	FIELD("LocalAddressMask", "Network Address mask", STRING, local_mask, LOCAL_TS,
		  .note = MASK_NOTE),
	FIELD("LocalPort", "Port", UINT32, local_port, LOCAL_TS, .note = PORT_NOTE),
	FIELD("LocalTunnelEndpoint", "Tunnel Endpoint", STRING, tunnel_end, LADDR),
	FIELD("RemoteAddress", "Network Address", STRING, remote_network, REMOTE_TS,
		  .note = NETWORK_NOTE),
	FIELD("RemoteAddressMask", "Address Mask", STRING, remote_mask, REMOTE_TS,
		  .note = MASK_NOTE),
	FIELD("RemotePort", "Port", UINT32, remote_port, REMOTE_TS, .note = PORT_NOTE),
	FIELD("RemoteTunnelEndpoint", "Tunnel Endpoint", STRING, tunnel_end, RADDR),
	FIELD("Protocol", "Protocol", UINT32, proto, LOCAL_TS, .note = "0 is any"),
	FIELD("RemotePrivateAddress", "Private Address", STRING, address, REMOTE_VIP,
		  .note = "virtual IP"),
	FIELD("KeyModName", "Keying Module Name", STRING, word, IKE_VERSION,
		  .words = qm_words_keying_module),
	FIELD("FailurePoint", "Failure Point", STRING, word, FAILURE_POINT,
		  .words = qm_words_point),
	FIELD("FailureReason", "Failure Reason", STRING, winerror, REASON,
		  .note = "the text of Windows' error that is most like it"),
	FIELD("Mode", "Mode", STRING, word, SAMODE, .words = qm_words_mode,
		  .note = "records of failures have none"),
	FIELD("State", "State", STRING, word, QM_STATE, .words = qm_words_state),
	FIELD("Role", "Role", STRING, word, DIRECTION, .words = qm_words_role),
	FIELD("MessageID", "Message ID", UINT32, number, MSGID),
	FIELD("QMFilterID", "Quick Mode Filter ID", UINT64, number, REQID),
	FIELD("MMSAID", "Main Mode SA ID", UINT64, luid, IKE_SA,
		  .note = "instance * 2^32 + ike-sa"),
	FIELD("TunnelId", "Virtual Interface Tunnel ID", UINT64, inbound, IF_ID,
		  .note = "records of failures have none"),
	FIELD("TrafficSelectorId", "Traffic Selector ID", UINT64, fixed, OTHER, .fixed = "0"),
};

static const struct qm_schema_field invalid[] = {
	FIELD("LocalAddress", "Local Network Address", STRING, address, LADDR),
	FIELD("RemoteAddress", "Remote Network Address", STRING, address, RADDR),
	FIELD("KeyModName", "Keying Module Name", STRING, word, IKE_VERSION,
		  .words = qm_words_keying_module),
};

static const struct qm_schema_field policy_changed[] = {
	FIELD("SubjectUserSid", "Security ID", QM_TYPE_SID, sid, UID,
		  .note = "S-1-22-1-UID: the user that the daemon runs as"),
	FIELD("SubjectUserName", "Account Name", STRING, user, OTHER,
		  .note = "UID= of auditd's ENRICHED format"),
	FIELD("SubjectDomainName", "Account Domain", STRING, fixed, OTHER, .fixed = "-"),
	FIELD("SubjectLogonId", "Logon ID", QM_TYPE_HEXINT64, logon, SES,
		  .note = "none for a daemon"),
	FIELD("CategoryId", "Category", STRING, word, OTHER, .words = qm_words_category,
		  .fixed = "ipsec-quick-mode"),
	FIELD("SubcategoryId", "Subcategory", STRING, word, OTHER,
		  .words = qm_words_subcategory, .fixed = "ipsec-quick-mode"),
	FIELD("SubcategoryGuid", "Subcategory GUID", QM_TYPE_GUID, fixed, OTHER,
		  .fixed = "{0CCE9219-69AE-11D9-BED3-505054503030}"),
	FIELD("AuditPolicyChanges", "Changes", STRING, changes, CHANGES,
		  .words = qm_words_change),
};

static const struct qm_schema_field started[] = {
	FIELD("Instance", "Instance", UINT64, number, INSTANCE),
	FIELD("PluginVersion", "Plugin Version", STRING, text, VERSION),
	FIELD("Daemon", "Daemon", STRING, text, DAEMON),
	FIELD("DaemonVersion", "Daemon Version", STRING, text, DAEMON_VERSION),
	FIELD("Policy", "Policy", STRING, text, POLICY),
	FIELD("Durability", "Durability", STRING, text, DURABILITY),
	FIELD("LastRun", "Last Run", STRING, text, LAST_RUN),
	FIELD("LastAlive", "Last Run Alive", STRING, text, LAST_ALIVE),
	FIELD("OpenSas", "SA Pairs Open", UINT64, number, OPEN_SAS),
	FIELD("Waiting", "Records Waiting", UINT64, number, WAITING),
};

static const struct qm_schema_field stopped[] = {
	FIELD("Instance", "Instance", UINT64, number, INSTANCE),
	FIELD("Written", "Records Written", UINT64, number, WRITTEN),
	FIELD("Policy", "Policy", STRING, text, POLICY),
};

static const struct qm_schema_field lost[] = {
	FIELD("Instance", "Instance", UINT64, number, INSTANCE),
	FIELD("Count", "Count", UINT64, number, COUNT),
	FIELD("Since", "Since", STRING, text, SINCE),
	FIELD("Cause", "Cause", STRING, text, CAUSE),
};

static const struct qm_schema_field unknown_sa[] = {
	FIELD("SourceAddress", "Source Address", STRING, address, SRC_ADDR),
	FIELD("DestinationAddress", "Destination Address", STRING, address, DST_ADDR),
	FIELD("Spi", "SPI", UINT64, spi, SPI),
	FIELD("SaType", "Type", STRING, text, SATYPE),
	FIELD("Mode", "Mode", STRING, text, SAMODE),
	FIELD("Creator", "Creator", STRING, text, CREATOR),
	FIELD("CreatorProcessId", "Creator Process ID", UINT64, number, CREATOR_PROC),
};

static const struct qm_schema_field store_changed[] = {
	FIELD("Instance", "Instance", UINT64, number, INSTANCE),
	FIELD("OldDurability", "Old Durability", STRING, text, OLD_DURABILITY),
	FIELD("Durability", "Durability", STRING, text, DURABILITY),
	FIELD("Error", "Error", STRING, text, ERROR),
};

#define EVENT(id_, version_, task_, task_name_, name_, fields_, ...)            \
	{                                                                           \
		.id = id_, .version = version_, .task = task_, .task_name = task_name_, \
		.name = name_, .fields = fields_,                                       \
		.n_fields = sizeof(fields_) / sizeof((fields_)[0]), __VA_ARGS__         \
	}

const struct qm_schema_event qm_schema[] = {
	EVENT(5451, 1, 12549, "IPsec Quick Mode", "established", established, .op = "start",
		  .outcome = "success", .action = "ipsec-sa-established", .category = "network",
		  .ecs_type = "start", .message = qm_message_5451),
	EVENT(5452, 1, 12549, "IPsec Quick Mode", "ended", ended, .op = "destroy",
		  .outcome = "success", .action = "ipsec-sa-ended", .category = "network",
		  .ecs_type = "end", .message = qm_message_5452),
	EVENT(4654, 1, 12549, "IPsec Quick Mode", "failed", failed, .op = "start",
		  .outcome = "failure", .action = "ipsec-negotiation-failed",
		  .category = "network", .ecs_type = "error", .message = qm_message_4654),
	EVENT(4977, 0, 12549, "IPsec Quick Mode", "invalid packet", invalid,
		  .op = "invalid-packet", .outcome = "success, or failure by setting",
		  .action = "ipsec-invalid-packet", .category = "network", .ecs_type = "protocol",
		  .message = qm_message_4977),
	EVENT(4719, 0, 13568, "Audit Policy Change", "policy changed", policy_changed,
		  .op = "policy-change", .outcome = "success", .action = "changed-audit-config",
		  .category = "configuration", .ecs_type = "change", .message = qm_message_4719),
	EVENT(1, 0, 12549, "IPsec Quick Mode", "audit started", started, .own = true,
		  .op = "audit-start", .outcome = "success", .action = "audit-started",
		  .category = "process", .ecs_type = "start", .message = qm_message_started),
	EVENT(2, 0, 12549, "IPsec Quick Mode", "audit stopped", stopped, .own = true,
		  .op = "audit-stop", .outcome = "success", .action = "audit-stopped",
		  .category = "process", .ecs_type = "end", .message = qm_message_stopped),
	EVENT(3, 0, 12549, "IPsec Quick Mode", "lost", lost, .own = true, .op = "lost",
		  .outcome = "failure", .action = "audit-records-lost", .category = "process",
		  .ecs_type = "error", .message = qm_message_lost),
	EVENT(4, 0, 12549, "IPsec Quick Mode", "unknown SA", unknown_sa, .own = true,
		  .op = "unknown-sa", .outcome = "success", .action = "ipsec-sa-unknown",
		  .category = "network", .ecs_type = "info", .message = qm_message_unknown_sa),
	EVENT(5, 0, 12549, "IPsec Quick Mode", "store changed", store_changed, .own = true,
		  .op = "store-change", .outcome = "success", .action = "audit-store-changed",
		  .category = "process", .ecs_type = "change",
		  .message = qm_message_store_changed),
	{ .task = 12549,
	  .task_name = "IPsec Quick Mode",
	  .own = true,
	  .name = "other",
	  .outcome = "success or failure",
	  .action = "audit-record",
	  .category = "network",
	  .ecs_type = "info",
	  .message = qm_message_other },
};

const unsigned qm_schema_count = sizeof(qm_schema) / sizeof(qm_schema[0]);

static const struct qm_schema_event *find_id(uint64_t id)
{
	for (unsigned i = 0; i < qm_schema_count; i++) {
		if (qm_schema[i].id == id && !qm_schema[i].own) {
			return &qm_schema[i];
		}
	}
	return NULL;
}

const struct qm_schema_event *qm_schema_find(struct qm_span id, struct qm_span op)
{
	const struct qm_schema_event *other = &qm_schema[qm_schema_count - 1], *event;
	uint64_t number;

	if (id.len) {
		event = qm_span_number(id, &number) < 0 ? NULL : find_id(number);
		return event ? event : other;
	}
	for (event = qm_schema; event < other; event++) {
		if (event->own && qm_span_is(op, event->op)) {
			return event;
		}
	}
	return other;
}

const char *qm_type_name(enum qm_type type)
{
	static const char *const names[QM_TYPE_MAX] = {
		[QM_TYPE_STRING] = "UnicodeString", [QM_TYPE_UINT32] = "UInt32",
		[QM_TYPE_UINT64] = "UInt64",        [QM_TYPE_SID] = "SID",
		[QM_TYPE_HEXINT64] = "HexInt64",    [QM_TYPE_GUID] = "GUID",
	};

	return (unsigned)type < QM_TYPE_MAX ? names[type] : "?";
}
