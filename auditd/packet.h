/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads what stands outside of an IKE message's encryption: its header and its
 * chain of payloads. For packets that the daemon could not make sense of, so
 * nothing in them is believed and nothing beyond their end is touched.
 */
#ifndef QM_PACKET_H
#define QM_PACKET_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "facts.h"

/** Exchange types (IANA, "IKEv2 Exchange Types"; RFC 2408 section 3.1, RFC 2409). */
#define QM_EXCHANGE_INFORMATIONAL_V1 5
#define QM_EXCHANGE_QUICK_MODE 32
#define QM_EXCHANGE_IKE_SA_INIT 34
#define QM_EXCHANGE_IKE_AUTH 35
#define QM_EXCHANGE_CREATE_CHILD_SA 36
#define QM_EXCHANGE_INFORMATIONAL 37
#define QM_EXCHANGE_IKE_INTERMEDIATE 43
#define QM_EXCHANGE_IKE_FOLLOWUP_KE 44

/** How the content of a message is protected, as its outside shows it. */
enum qm_protection {
	/** the chain of payloads leads nowhere: cannot be told */
	QM_PROTECTION_UNKNOWN,
	/** not at all: the chain ends, or the IKEv1 flag is not set */
	QM_PROTECTION_NONE,
	/** by an SK payload of a possible length, or by IKEv1's flag */
	QM_PROTECTION_ENCRYPTED,
	/** it is a fragment: by an SKF payload of a possible length and number */
	QM_PROTECTION_FRAGMENT,
	QM_PROTECTION_MAX,
};

/** The outside of an IKE message. What it does not reach to is 0. */
struct qm_packet {
	/** bytes of the message, 0 for one that was put together from fragments */
	uint32_t len;
	/** the header reaches as far as both SPIs; the first payload, version and
	 * exchange; the message ID; its end */
	bool has_spis;
	bool has_exchange;
	bool has_msgid;
	bool has_header;
	/** major version, whatever it is */
	uint8_t version;
	uint8_t exchange;
	/** what the header says comes next; its names depend on the version */
	uint8_t first_payload;
	/** header flags: RFC 7296 section 3.1, RFC 2408 section 3.1 */
	uint8_t flags;
	/** host byte order, as all here */
	uint32_t msgid;
	/** SPIs of the IKE_SA, of its initiator and its responder: IKEv1's cookies */
	uint64_t spi_i;
	uint64_t spi_r;
	enum qm_protection protection;
	/** number of this fragment, from 1; 0 if it is none */
	uint16_t fragment;
};

/** The daemon's word on why it rejects a message: strongSwan's status_t. */
enum qm_parse_status {
	QM_PARSE_OTHER,
	/** NOT_SUPPORTED: a critical payload, or an exchange, that it does not know */
	QM_PARSE_NOT_SUPPORTED,
	/** PARSE_ERROR: payloads are malformed */
	QM_PARSE_MALFORMED,
	/** VERIFY_ERROR: payloads too many, too few, or with impossible content */
	QM_PARSE_UNVERIFIED,
	/** FAILED: integrity or hash is wrong, or it should have been encrypted */
	QM_PARSE_FAILED,
	/** INVALID_ARG, INVALID_STATE: there are no keys to read it with */
	QM_PARSE_NO_KEYS,
	QM_PARSE_MAX,
};

/** What is wrong with a packet, as printed in reason=; see qm_fault_name() */
enum qm_fault {
	QM_FAULT_UNKNOWN,
	QM_FAULT_BAD_INTEGRITY,
	QM_FAULT_BAD_HASH,
	QM_FAULT_MALFORMED,
	QM_FAULT_INVALID_PAYLOAD,
	QM_FAULT_UNKNOWN_CRITICAL_PAYLOAD,
	QM_FAULT_UNSUPPORTED_EXCHANGE,
	QM_FAULT_UNEXPECTED_MESSAGE_ID,
	QM_FAULT_REPLAYED,
	QM_FAULT_UNKNOWN_IKE_SA,
	QM_FAULT_BAD_HEADER,
	QM_FAULT_UNENCRYPTED,
	QM_FAULT_NO_KEYS,
	/** Quick Mode on an IKE_SA that is not established */
	QM_FAULT_PREMATURE,
	/** a summary of packets that have not all the same fault */
	QM_FAULT_SEVERAL,
	QM_FAULT_MAX,
};

/**
 * Reads the outside of a message. One that is cut short is protected as the
 * whole one would be, or unknown.
 *
 * For IKEv2 the chain of generic payload headers (RFC 7296 section 3.2) is
 * followed to an SK or SKF payload (RFC 7296 section 3.14, RFC 7383 section
 * 2.5). It counts if its length is more than a header's and within the message;
 * an SKF also needs a number from 1 to the total it gives, which the daemon
 * demands before it decrypts. The header's length field is not looked at, as
 * the daemon does not.
 *
 * @param data	the message, without UDP header and non-ESP marker; NULL with 0
 * @param len	its length
 * @param ret	receives what could be read, always
 */
void qm_packet_read(const void *data, size_t len, struct qm_packet *ret);

/**
 * Says what is wrong with a message that the daemon could not parse.
 *
 * An IKEv2 message is authenticated before what is encrypted in it is parsed, so
 * what the daemon finds wrong there came from the peer. But payloads before the
 * SK payload are parsed first, and anybody can add them: where there are any it
 * is not known what the daemon found fault with, unless it is an unknown critical
 * payload, for which it looks last. IKEv1 checks its hash last, and never knows
 * who sent what it cannot parse.
 *
 * @param packet	its outside; of length 0 where it came in fragments, each of
 *					which has been authenticated, with version and exchange
 * @param status	the daemon's word
 * @param ret_authenticated	receives whether a peer that has the IKE_SA's keys
 *					sent it
 * @return			UNKNOWN also for any version but 1 and 2
 */
enum qm_fault qm_packet_fault(const struct qm_packet *packet, enum qm_parse_status status,
							  enum qm_tristate *ret_authenticated);

/** Name as printed, never NULL, "unknown" out of range. */
const char *qm_fault_name(enum qm_fault fault);

/**
 * Name of an exchange, e.g. "CREATE_CHILD_SA"; NULL for one without. IKEv2's are
 * as IANA registers them, IKEv1's are short for those of RFC 2408 and RFC 2409.
 *
 * @param version	major version of IKE, 1 or 2
 */
const char *qm_exchange_name(uint8_t version, uint8_t exchange);

#endif
