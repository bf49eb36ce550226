/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the ledger says happened: one structure for each record to write.
 */
#ifndef QM_EVENT_H
#define QM_EVENT_H

#include <stdbool.h>
#include <stdint.h>

#include "facts.h"
#include "packet.h"
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
	QM_EVENT_FAILED,
	QM_EVENT_INVALID_PACKET,
	QM_EVENT_UNKNOWN_SA,
	QM_EVENT_STORE_CHANGE,
	/** kinds above are records; this one only says what is new of an SA pair that
	 * has its 5451 */
	QM_EVENT_KIND_MAX,
	QM_EVENT_UPDATED = QM_EVENT_KIND_MAX,
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
	QM_REASON_EXTERNAL_DELETE,
	QM_REASON_EXTERNAL_FLUSH,
	QM_REASON_DAEMON_DIED,
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

/** Why a negotiation failed, as printed in reason=; see qm_failure_name() */
enum qm_failure_reason {
	QM_FAILURE_UNKNOWN,
	/** what the error notify says */
	QM_FAILURE_NOTIFY,
	QM_FAILURE_PROPOSAL_MISMATCH,
	QM_FAILURE_TS_MISMATCH,
	QM_FAILURE_INSTALL_SA,
	QM_FAILURE_INSTALL_POLICY,
	QM_FAILURE_SPI_ALLOCATION,
	QM_FAILURE_TIMEOUT,
	QM_FAILURE_HALF_OPEN_TIMEOUT,
	QM_FAILURE_LOCAL_AUTH,
	QM_FAILURE_PEER_AUTH,
	QM_FAILURE_AUTHORIZATION,
	QM_FAILURE_VIP,
	QM_FAILURE_IKE_DELETED,
	QM_FAILURE_IKE_EXPIRED,
	QM_FAILURE_REAUTHENTICATED,
	QM_FAILURE_REPLACED,
	QM_FAILURE_SHUTDOWN,
	QM_FAILURE_PARSE_ERROR,
	/** refused by us, as no record could be kept of what was asked for */
	QM_FAILURE_AUDIT,
	/** a summary of failures, which may have several reasons */
	QM_FAILURE_SEVERAL,
	QM_FAILURE_MAX,
};

/** How far a negotiation came on our side, as printed in qm-state= */
enum qm_nego_state {
	QM_NEGO_UNKNOWN,
	/** we have sent nothing */
	QM_NEGO_NONE,
	/** our proposal, or our choice, is out */
	QM_NEGO_FIRST_SENT,
	QM_NEGO_STATE_MAX,
};

/** A negotiation that came to nothing. */
struct qm_failure {
	enum qm_failure_reason reason;
	/** where: LOCAL, PEER, or unknown */
	enum qm_party point;
	enum qm_nego_state state;
	/** exchange type, 0 when unknown */
	uint8_t exchange;
	bool has_msgid;
	/** host byte order */
	uint32_t msgid;
	/** type of the error notify, 0 for none */
	uint16_t notify;
	/** the peer never authenticated: anybody can cause this */
	bool unauthenticated;
	/** what was proposed, as the daemon prints it */
	struct qm_text proposals;
};

/** A packet that the daemon rejected. */
struct qm_invalid {
	struct qm_packet packet;
	/** charon's unique id of the IKE_SA, 0 when there is none */
	uint32_t ike_sa;
	/** where it came in, and who sent it */
	struct qm_addr local;
	struct qm_addr remote;
	enum qm_fault fault;
	enum qm_tristate authenticated;
};

/** Where records went missing, as printed in cause= */
enum qm_loss_cause {
	/** inputs from charon, refused by a full queue */
	QM_LOSS_QUEUE,
	/** records that the kernel's audit refuses for what they are */
	QM_LOSS_AUDIT,
	/** notifications of the kernel, or kernel SAs that there was no room for */
	QM_LOSS_NETLINK,
	/** records that there was no room to keep until they could be sent */
	QM_LOSS_STORE,
	QM_LOSS_MAX,
};

/** How the run before this one ended, as printed in last-run= */
enum qm_last_run {
	/** not known: what it left could not be read, or is not kept */
	QM_LAST_UNKNOWN,
	/** there was none */
	QM_LAST_NONE,
	/** as it should */
	QM_LAST_STOPPED,
	/** it did not stop, and the machine has not been booted since */
	QM_LAST_DIED,
	/** it did not stop before the machine was booted again */
	QM_LAST_REBOOTED,
	QM_LAST_MAX,
};

/** What records that wait outlive, as printed in durability= */
enum qm_durability {
	/** nothing: they are kept in memory */
	QM_DURABLE_NONE,
	/** the daemon's end, in whatever way; not a failure of power or of the kernel */
	QM_DURABLE_CRASH,
	/** these too: each commit waits for the disk */
	QM_DURABLE_POWER,
	QM_DURABLE_MAX,
};

/** What there is of earlier runs when auditing begins. */
struct qm_inheritance {
	enum qm_last_run last;
	/** when it was last known to live, ms since the epoch; 0 when not known */
	uint64_t last_alive_ms;
	/** SA pairs without a 5452, and records that wait to be sent */
	uint64_t open_sas;
	uint64_t waiting;
};

/** How an SA in the kernel ended. */
enum qm_kernel_end {
	/** it has not */
	QM_KERNEL_END_NONE,
	/** deleted by name */
	QM_KERNEL_END_DELETED,
	/** deleted with all others, of which the kernel gives no counters */
	QM_KERNEL_END_FLUSHED,
	/** it reached a hard limit */
	QM_KERNEL_END_EXPIRED,
	/** it was only found to be gone */
	QM_KERNEL_END_VANISHED,
	QM_KERNEL_END_MAX,
};

/** Bytes of the kernel's name of a process, with the terminating NUL. */
#define QM_COMM_MAX 16

/** An SA in the kernel, as the kernel tells of it. */
struct qm_kernel_sa {
	struct qm_sa_id id;
	/** source; no port */
	struct qm_addr src;
	/** 0 for none */
	uint32_t reqid;
	/** XFRM interface id, 0 for none */
	uint32_t if_id;
	/** XFRM mark, all 0 for none */
	struct qm_mark mark;
	enum qm_samode samode;
	enum qm_kernel_end end;
	/** who added it, or had it end: LOCAL is this daemon, KERNEL a limit of the SA */
	enum qm_party by;
	/** that process and its name, any bytes but NUL; 0 and "" when not known */
	uint32_t pid;
	char comm[QM_COMM_MAX];
	/** only a look at all SAs showed that it is there, or gone */
	bool found;
	/** what went through it so far */
	struct qm_count bytes;
	struct qm_count packets;
};

/** Traffic of an SA pair, in our direction. */
struct qm_traffic {
	struct qm_count bytes_in;
	struct qm_count bytes_out;
	struct qm_count packets_in;
	struct qm_count packets_out;
};

/** An SA pair with a 5451 and no 5452 yet: all that its 5452 needs. */
struct qm_open_sa {
	/** the run that announced it */
	uint32_t instance;
	struct qm_sa_facts facts;
	/** time of its 5451, ms since the epoch */
	uint64_t established_ms;
	/** rekeys that led to it, and bytes of all before it */
	uint32_t rekeys;
	struct qm_count before_in;
	struct qm_count before_out;
};

/** An event. What `kind` does not name is not set. */
struct qm_event {
	enum qm_event_kind kind;
	/** when it happened, milliseconds since the epoch */
	uint64_t when_ms;

	/** ESTABLISHED, UPDATED, ENDED, FAILED: not NULL, owned by the emitter, valid in
	 * the call */
	const struct qm_sa_facts *sa;
	/** ENDED: the run that announced it, 0 for this one */
	uint32_t instance;
	/** ESTABLISHED, UPDATED: time of the 5451, ms since the epoch; and bytes of all
	 * before it in its lineage */
	uint64_t established_ms;
	struct qm_count before_in;
	struct qm_count before_out;
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
	/** ENDED: where only that it is gone was found, when it was last known to be
	 * there, ms since the epoch; else 0 */
	uint64_t last_seen_ms;
	/** ESTABLISHED, UPDATED, ENDED: rekeys that led to this SA pair */
	uint32_t rekeys;

	/** FAILED: not NULL, valid in the call */
	const struct qm_failure *failure;
	/** INVALID_PACKET: not NULL, valid in the call; and its class */
	const struct qm_invalid *invalid;
	bool invalid_is_success;
	/** UNKNOWN_SA: not NULL, valid in the call */
	const struct qm_kernel_sa *kernel;
	/** FAILED, INVALID_PACKET: how many this stands for, > 0; since_ms is the
	 * first of them, when_ms the last */
	uint64_t count;

	/** AUDIT_START */
	struct qm_inheritance inherited;
	/** AUDIT_START: in force; STORE_CHANGE: now, and before, and why: the errno of
	 * what failed, or 0 */
	enum qm_durability durability;
	enum qm_durability old_durability;
	int error;

	/** POLICY_CHANGE: both; AUDIT_START, AUDIT_STOP: new_policy is in force */
	struct qm_policy old_policy;
	struct qm_policy new_policy;

	/** LOST: how many */
	enum qm_loss_cause cause;
	uint64_t lost;
	/** LOST, FAILED, INVALID_PACKET, UNKNOWN_SA: since when, ms since the epoch */
	uint64_t since_ms;

	/** AUDIT_STOP: records written by this instance before this one */
	uint64_t written;
};

/** Name as printed, never NULL, "unknown" out of range. */
const char *qm_reason_name(enum qm_reason reason);
/** Name as printed, never NULL, "?" out of range. */
const char *qm_party_name(enum qm_party party);
/**
 * Name as printed: vici's name of the alert where there is one. NULL for
 * QM_FAILURE_NOTIFY, "unknown" out of range.
 */
const char *qm_failure_name(enum qm_failure_reason reason);
/** Name as printed, never NULL, "?" out of range. */
const char *qm_nego_state_name(enum qm_nego_state state);
/**
 * Name of an error notify as IANA registers it (RFC 7296 section 3.10.1; for
 * IKEv1 RFC 2408 section 3.14.1), NULL for one without.
 */
const char *qm_notify_name(uint8_t version, uint16_t type);
/** Name as printed, never NULL, "?" out of range. */
const char *qm_loss_cause_name(enum qm_loss_cause cause);
/** Name as printed, never NULL, "?" out of range. */
const char *qm_last_run_name(enum qm_last_run last);
/** Name as printed and set, never NULL, "?" out of range. */
const char *qm_durability_name(enum qm_durability durability);

#endif
