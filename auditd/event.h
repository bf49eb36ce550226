/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the ledger says happened: one structure for each record to write.
 */
#ifndef QM_EVENT_H
#define QM_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "facts.h"
#include "policy.h"

/** Windows event ids, as printed in event-id= */
#define QM_EVENT_ID_NEGOTIATION_FAILED 4654
#define QM_EVENT_ID_POLICY_CHANGE 4719
#define QM_EVENT_ID_INVALID_PACKET 4977
#define QM_EVENT_ID_ESTABLISHED 5451
#define QM_EVENT_ID_ENDED 5452

/** Kinds of records, each with its own op= or event-id= */
enum qm_event_kind {
	QM_EVENT_AUDIT_START,
	QM_EVENT_AUDIT_STOP,
	QM_EVENT_POLICY_CHANGE,
	QM_EVENT_LOST,
	QM_EVENT_ESTABLISHED,
	QM_EVENT_ENDED,
	QM_EVENT_KIND_MAX,
};

/** Why an SA pair ended, as printed in reason=; see qm_reason_name() */
enum qm_reason {
	QM_REASON_UNKNOWN,
	QM_REASON_DELETED,
	QM_REASON_REKEYED,
	QM_REASON_EXPIRED,
	QM_REASON_DPD,
	QM_REASON_IKE_DELETED,
	QM_REASON_IKE_EXPIRED,
	QM_REASON_REAUTHENTICATED,
	QM_REASON_REPLACED,
	QM_REASON_SHUTDOWN,
	QM_REASON_PARSE_ERROR,
	QM_REASON_MAX,
};

/** Whose doing an end was, as printed in ended-by= */
enum qm_party {
	QM_PARTY_UNKNOWN,
	QM_PARTY_LOCAL,
	QM_PARTY_PEER,
	QM_PARTY_KERNEL,
	QM_PARTY_EXTERNAL,
	QM_PARTY_MAX,
};

/** Where records went missing, as printed in cause= */
enum qm_loss_cause {
	/** inputs from charon, refused by a full queue */
	QM_LOSS_QUEUE,
	/** records that the kernel's audit did not accept */
	QM_LOSS_AUDIT,
	QM_LOSS_MAX,
};

/** A number that may not be known. */
struct qm_count {
	bool known;
	uint64_t n;
};

/** Traffic of an SA pair, in our direction. */
struct qm_traffic {
	struct qm_count bytes_in;
	struct qm_count bytes_out;
	struct qm_count packets_in;
	struct qm_count packets_out;
};

/** An event. What `kind` does not name is not set. */
struct qm_event {
	enum qm_event_kind kind;
	/** when it happened, milliseconds since the epoch */
	uint64_t when_ms;

	/** ESTABLISHED, ENDED: not NULL, owned by the ledger, valid in the call */
	const struct qm_sa_facts *sa;
	/** ESTABLISHED: unique id of the CHILD_SA that this one replaces, or 0 */
	uint32_t old_child_sa;

	/** ENDED */
	enum qm_reason reason;
	enum qm_party ended_by;
	struct qm_traffic traffic;
	/** since its establishment */
	uint64_t duration_ms;
	/** over the lineage of rekeys that ends here */
	struct qm_count total_bytes_in;
	struct qm_count total_bytes_out;
	/** rekeys that led to this SA pair */
	uint32_t rekeys;

	/** POLICY_CHANGE: both; AUDIT_START, AUDIT_STOP: new_policy is in force */
	struct qm_policy old_policy;
	struct qm_policy new_policy;

	/** LOST: how many, and since when (ms since the epoch) */
	enum qm_loss_cause cause;
	uint64_t lost;
	uint64_t since_ms;

	/** AUDIT_STOP: records written by this instance before this one */
	uint64_t written;
};

/** Name as printed, never NULL, "unknown" out of range. */
const char *qm_reason_name(enum qm_reason reason);
/** Name as printed, never NULL, "?" out of range. */
const char *qm_party_name(enum qm_party party);
/** Name as printed, never NULL, "?" out of range. */
const char *qm_loss_cause_name(enum qm_loss_cause cause);

#endif
