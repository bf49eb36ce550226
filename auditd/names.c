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
};

const char *qm_reason_name(enum qm_reason reason)
{
	return NAME(reasons, reason, "unknown");
}

const char *qm_party_name(enum qm_party party)
{
	return NAME(parties, party, "?");
}

const char *qm_loss_cause_name(enum qm_loss_cause cause)
{
	return NAME(causes, cause, "?");
}
