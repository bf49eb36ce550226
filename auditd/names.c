/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "event.h"

#define NAME(table, value, fallback) \
	((unsigned)(value) < sizeof(table) / sizeof((table)[0]) ? (table)[value] : (fallback))

static const char *const reasons[QM_REASON_MAX] = {
	[QM_REASON_UNKNOWN] = "unknown",
	[QM_REASON_DELETED] = "deleted",
	[QM_REASON_REKEYED] = "rekeyed",
	[QM_REASON_EXPIRED] = "expired",
	[QM_REASON_DPD] = "dpd",
	[QM_REASON_IKE_DELETED] = "ike-deleted",
	[QM_REASON_IKE_EXPIRED] = "ike-expired",
	[QM_REASON_REAUTHENTICATED] = "reauthenticated",
	[QM_REASON_REPLACED] = "replaced",
	[QM_REASON_SHUTDOWN] = "shutdown",
	[QM_REASON_PARSE_ERROR] = "parse-error",
	[QM_REASON_EXTERNAL_DELETE] = "external-delete",
	[QM_REASON_EXTERNAL_FLUSH] = "external-flush",
	[QM_REASON_DAEMON_DIED] = "daemon-died",
};

/** Where vici has a name for an alert (its README.md, event "alert"), that. */
static const char *const failures[QM_FAILURE_MAX] = {
	[QM_FAILURE_UNKNOWN] = "unknown",
	[QM_FAILURE_PROPOSAL_MISMATCH] = "proposal-mismatch-child",
	[QM_FAILURE_TS_MISMATCH] = "ts-mismatch",
	[QM_FAILURE_INSTALL_SA] = "install-child-sa-failed",
	[QM_FAILURE_INSTALL_POLICY] = "install-child-policy-failed",
	[QM_FAILURE_SPI_ALLOCATION] = "spi-allocation-failed",
	[QM_FAILURE_TIMEOUT] = "retransmit-send-timeout",
	[QM_FAILURE_HALF_OPEN_TIMEOUT] = "half-open-timeout",
	[QM_FAILURE_LOCAL_AUTH] = "local-auth-failed",
	[QM_FAILURE_PEER_AUTH] = "peer-auth-failed",
	[QM_FAILURE_AUTHORIZATION] = "authorization-failed",
	[QM_FAILURE_VIP] = "vip-failure",
	[QM_FAILURE_IKE_DELETED] = "ike-deleted",
	[QM_FAILURE_IKE_EXPIRED] = "ike-sa-expired",
	[QM_FAILURE_REAUTHENTICATED] = "reauthenticated",
	[QM_FAILURE_REPLACED] = "unique-replace",
	[QM_FAILURE_SHUTDOWN] = "shutdown",
	[QM_FAILURE_PARSE_ERROR] = "parse-error-body",
	[QM_FAILURE_AUDIT] = "audit-failure",
	[QM_FAILURE_SEVERAL] = "several",
};

static const char *const nego_states[QM_NEGO_STATE_MAX] = {
	[QM_NEGO_UNKNOWN] = "?",
	[QM_NEGO_NONE] = "none",
	[QM_NEGO_FIRST_SENT] = "first-sent",
};

static const char *const parties[QM_PARTY_MAX] = {
	[QM_PARTY_UNKNOWN] = "?",
	[QM_PARTY_LOCAL] = "local",
	[QM_PARTY_PEER] = "peer",
	[QM_PARTY_KERNEL] = "kernel",
	[QM_PARTY_EXTERNAL] = "external",
};

static const char *const causes[QM_LOSS_MAX] = {
	[QM_LOSS_QUEUE] = "queue",
	[QM_LOSS_AUDIT] = "audit",
	[QM_LOSS_NETLINK] = "netlink",
	[QM_LOSS_STORE] = "store",
};

static const char *const last_runs[QM_LAST_MAX] = {
	[QM_LAST_UNKNOWN] = "?",
	[QM_LAST_NONE] = "none",
	[QM_LAST_STOPPED] = "stopped",
	[QM_LAST_DIED] = "died",
	[QM_LAST_REBOOTED] = "rebooted",
};

static const char *const durabilities[QM_DURABLE_MAX] = {
	[QM_DURABLE_NONE] = "none",
	[QM_DURABLE_CRASH] = "crash",
	[QM_DURABLE_POWER] = "power",
};

const char *qm_reason_name(enum qm_reason reason)
{
	return NAME(reasons, reason, "unknown");
}

const char *qm_failure_name(enum qm_failure_reason reason)
{
	return NAME(failures, reason, "unknown");
}

const char *qm_nego_state_name(enum qm_nego_state state)
{
	return NAME(nego_states, state, "?");
}

const char *qm_party_name(enum qm_party party)
{
	return NAME(parties, party, "?");
}

const char *qm_loss_cause_name(enum qm_loss_cause cause)
{
	return NAME(causes, cause, "?");
}

const char *qm_last_run_name(enum qm_last_run last)
{
	return NAME(last_runs, last, "?");
}

const char *qm_durability_name(enum qm_durability durability)
{
	return NAME(durabilities, durability, "?");
}
