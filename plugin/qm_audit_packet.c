/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "qm_audit_packet.h"
#include "qm_audit_exchange.h"
#include "qm_audit_facts.h"

#include <encoding/payloads/notify_payload.h>
#include <threading/thread.h>

/** Where a header has the exchange type: RFC 7296 section 3.1, RFC 2408 section 3.1 */
#define EXCHANGE_AT 18

typedef struct private_qm_audit_packet_t private_qm_audit_packet_t;

/**
 * Private data of a qm_audit_packet_t
 */
struct private_qm_audit_packet_t {

	/**
	 * Public interface
	 */
	qm_audit_packet_t public;

	/**
	 * Where invalid packets go
	 */
	struct qm_gate *gate;
};

/**
 * Whether an exchange is Quick Mode, or what IKEv2 has for it
 */
static bool is_quick_mode(uint8_t exchange)
{
	return exchange == QM_EXCHANGE_QUICK_MODE ||
		   exchange == QM_EXCHANGE_CREATE_CHILD_SA ||
		   exchange == QM_EXCHANGE_IKE_FOLLOWUP_KE;
}

/**
 * Whether an exchange acts on IPsec SAs: those, and what deletes them
 */
static bool is_concerned(ike_sa_t *ike_sa, message_t *message)
{
	switch ((u_int)message->get_exchange_type(message))
	{
		case INFORMATIONAL:
		case INFORMATIONAL_V1:
			return qm_audit_facts_established(ike_sa);
		default:
			return is_quick_mode(message->get_exchange_type(message));
	}
}

/**
 * Copy where a packet came from, and its outside
 */
static void read_packet(message_t *message, struct qm_invalid *invalid)
{
	chunk_t data = message->get_packet_data(message);

	*invalid = (struct qm_invalid){};
	qm_packet_read(data.ptr, data.len, &invalid->packet);
	qm_audit_facts_host(message->get_destination(message), &invalid->local);
	qm_audit_facts_host(message->get_source(message), &invalid->remote);
}

/**
 * The same for a message of an IKE_SA. One that was put together from fragments
 * has no data, but charon knows the header.
 */
static void read_message(ike_sa_t *ike_sa, message_t *message,
						 struct qm_invalid *invalid)
{
	struct qm_packet *packet = &invalid->packet;

	read_packet(message, invalid);
	invalid->ike_sa = ike_sa->get_unique_id(ike_sa);
	if (!packet->len)
	{
		packet->has_spis = packet->has_exchange = packet->has_msgid = TRUE;
		packet->version = message->get_major_version(message);
		packet->exchange = message->get_exchange_type(message);
		packet->msgid = message->get_message_id(message);
		packet->spi_i = be64toh(message->get_initiator_spi(message));
		packet->spi_r = be64toh(message->get_responder_spi(message));
	}
}

/**
 * Pass on a packet that is invalid
 */
static void reject(private_qm_audit_packet_t *this, struct qm_invalid *invalid,
				   enum qm_fault fault)
{
	invalid->fault = fault;
	qm_gate_invalid(this->gate, invalid, qm_time_now());
}

/**
 * Judge a request with another message ID than the next one. The one before is
 * a retransmission, which charon says of it if it is; the fragments of one
 * beyond the first are ignored by it without a look.
 */
static void judge_request(private_qm_audit_packet_t *this, ike_sa_t *ike_sa,
						  struct qm_invalid *invalid, uint32_t expected)
{
	struct qm_packet *packet = &invalid->packet;

	if (packet->msgid > expected)
	{
		reject(this, invalid, QM_FAULT_UNEXPECTED_MESSAGE_ID);
	}
	else if (packet->msgid + 1 < expected)
	{
		reject(this, invalid, QM_FAULT_REPLAYED);
	}
	else if (packet->fragment <= 1)
	{
		invalid->fault = QM_FAULT_UNEXPECTED_MESSAGE_ID;
		qm_gate_suspect(this->gate, thread_current_id(), invalid,
						qm_time_now());
	}
}

/**
 * Whether a response may come late though we sent the request but once: with
 * MOBIKE charon tries several paths at a time
 */
static bool may_be_late(ike_sa_t *ike_sa, struct qm_packet *packet)
{
	return !is_quick_mode(packet->exchange) &&
		   ike_sa->supports_extension(ike_sa, EXT_MOBIKE);
}

/**
 * Judge a response to none of our requests that is open. Those to requests that
 * we sent more than once are no surprise.
 */
static void judge_response(private_qm_audit_packet_t *this, ike_sa_t *ike_sa,
						   struct qm_invalid *invalid, uint32_t expected)
{
	struct qm_packet *packet = &invalid->packet;

	if (packet->msgid > expected)
	{
		reject(this, invalid, QM_FAULT_UNEXPECTED_MESSAGE_ID);
	}
	else if (!may_be_late(ike_sa, packet) && packet->fragment <= 1 &&
			 !qm_gate_is_second_answer(this->gate, invalid->ike_sa,
									   qm_time_now()))
	{
		reject(this, invalid, QM_FAULT_REPLAYED);
	}
}

/**
 * Whether a message is to have message IDs set anew (RFC 6311), which has none
 */
static bool is_mid_sync(ike_sa_t *ike_sa, message_t *message)
{
	return message->get_message_id(message) == 0 &&
		   message->get_exchange_type(message) == INFORMATIONAL &&
		   ike_sa->supports_extension(ike_sa, EXT_IKE_MESSAGE_ID_SYNC);
}

METHOD(qm_audit_packet_t, received, void,
	private_qm_audit_packet_t *this, ike_sa_t *ike_sa, message_t *message)
{
	bool request = message->get_request(message);
	struct qm_invalid invalid;
	uint32_t expected;

	if (ike_sa->get_version(ike_sa) != IKEV2 ||
		!is_concerned(ike_sa, message) || is_mid_sync(ike_sa, message))
	{
		return;
	}
	expected = ike_sa->get_message_id(ike_sa, !request);
	if (message->get_message_id(message) == expected)
	{	/* charon goes on to parse it */
		return;
	}
	read_message(ike_sa, message, &invalid);
	if (request)
	{
		judge_request(this, ike_sa, &invalid, expected);
	}
	else
	{
		judge_response(this, ike_sa, &invalid, expected);
	}
}

/**
 * Keep a Quick Mode request: what charon finds missing in it, it says in a
 * notify only. The hash is not checked where there is no nonce.
 */
static void keep(private_qm_audit_packet_t *this, ike_sa_t *ike_sa,
				 message_t *message)
{
	struct qm_invalid invalid;

	read_message(ike_sa, message, &invalid);
	if (!qm_audit_facts_established(ike_sa))
	{
		invalid.authenticated = QM_TRI_NO;
		reject(this, &invalid, QM_FAULT_PREMATURE);
		return;
	}
	invalid.fault = QM_FAULT_INVALID_PAYLOAD;
	invalid.authenticated = QM_TRI_NO;
	if (message->get_payload(message, PLV1_NONCE))
	{
		invalid.authenticated = QM_TRI_YES;
	}
	qm_gate_read(this->gate, thread_current_id(), &invalid, qm_time_now());
}

/**
 * Take an IKEv1 message that came in. Of one that answers ours a notify does not
 * tell whether it makes no sense, or is not what we want.
 */
static void parsed_v1(private_qm_audit_packet_t *this, ike_sa_t *ike_sa,
					  message_t *message)
{
	if (message->get_exchange_type(message) == QUICK_MODE &&
		message->get_request(message))
	{
		keep(this, ike_sa, message);
	}
	else
	{
		qm_gate_forget(this->gate, thread_current_id());
	}
}

METHOD(qm_audit_packet_t, parsed, void,
	private_qm_audit_packet_t *this, ike_sa_t *ike_sa, message_t *message,
	bool incoming)
{
	struct qm_invalid invalid;

	if (ike_sa->get_version(ike_sa) != IKEV1)
	{
		if (incoming && message->get_request(message) &&
			is_quick_mode(message->get_exchange_type(message)) &&
			!qm_audit_facts_established(ike_sa))
		{
			read_message(ike_sa, message, &invalid);
			invalid.authenticated = QM_TRI_NO;
			reject(this, &invalid, QM_FAULT_PREMATURE);
		}
	}
	else if (incoming)
	{
		parsed_v1(this, ike_sa, message);
	}
	else if (message->get_exchange_type(message) == INFORMATIONAL_V1 &&
			 qm_audit_exchange_error(message) == INVALID_PAYLOAD_TYPE)
	{
		qm_gate_reject(this->gate, thread_current_id(),
					   ike_sa->get_unique_id(ike_sa), qm_time_now());
	}
}

/**
 * Translate what charon says of a message that it cannot parse
 */
static enum qm_parse_status translate_status(status_t status)
{
	switch (status)
	{
		case NOT_SUPPORTED:
			return QM_PARSE_NOT_SUPPORTED;
		case PARSE_ERROR:
			return QM_PARSE_MALFORMED;
		case VERIFY_ERROR:
			return QM_PARSE_UNVERIFIED;
		case FAILED:
			return QM_PARSE_FAILED;
		case INVALID_ARG:
		case INVALID_STATE:
			return QM_PARSE_NO_KEYS;
		default:
			return QM_PARSE_OTHER;
	}
}

METHOD(qm_audit_packet_t, parse_error, void,
	private_qm_audit_packet_t *this, ike_sa_t *ike_sa, message_t *message,
	status_t status)
{
	struct qm_invalid invalid;
	enum qm_fault fault;

	if (is_concerned(ike_sa, message))
	{
		read_message(ike_sa, message, &invalid);
		fault = qm_packet_fault(&invalid.packet, translate_status(status),
								&invalid.authenticated);
		reject(this, &invalid, fault);
	}
}

/**
 * Pass on a packet that belongs to no IKE_SA, if it claims to be of Quick Mode.
 * These come in floods: one that is only counted is not read.
 */
static void reject_stray(private_qm_audit_packet_t *this, message_t *message,
						 enum qm_fault fault)
{
	chunk_t data = message->get_packet_data(message);
	struct qm_time now = qm_time_now();
	struct qm_invalid invalid;
	struct qm_addr source;

	if (data.len <= EXCHANGE_AT || !is_quick_mode(data.ptr[EXCHANGE_AT]))
	{
		return;
	}
	qm_audit_facts_host(message->get_source(message), &source);
	if (qm_gate_admit_stray(this->gate, &source, fault, now))
	{
		read_packet(message, &invalid);
		invalid.fault = fault;
		invalid.authenticated = QM_TRI_NO;
		qm_gate_pass(this->gate, &invalid, now);
	}
}

METHOD(qm_audit_packet_t, unknown_ike_sa, void,
	private_qm_audit_packet_t *this, message_t *message)
{
	reject_stray(this, message, QM_FAULT_UNKNOWN_IKE_SA);
}

METHOD(qm_audit_packet_t, bad_header, void,
	private_qm_audit_packet_t *this, message_t *message)
{
	reject_stray(this, message, QM_FAULT_BAD_HEADER);
}

METHOD(qm_audit_packet_t, retransmitted, void,
	private_qm_audit_packet_t *this, ike_sa_t *ike_sa, message_t *message)
{
	qm_gate_acquit(this->gate, thread_current_id(),
				   ike_sa->get_unique_id(ike_sa),
				   message->get_message_id(message));
}

METHOD(qm_audit_packet_t, resent, void,
	private_qm_audit_packet_t *this, ike_sa_t *ike_sa)
{
	if (ike_sa->get_version(ike_sa) == IKEV2)
	{
		qm_gate_resent(this->gate, ike_sa->get_unique_id(ike_sa),
					   qm_time_now());
	}
}

METHOD(qm_audit_packet_t, destroy, void,
	private_qm_audit_packet_t *this)
{
	free(this);
}

/*
 * Described in header
 */
qm_audit_packet_t *qm_audit_packet_create(struct qm_gate *gate)
{
	private_qm_audit_packet_t *this;

	INIT(this,
		.public = {
			.received = _received,
			.parsed = _parsed,
			.parse_error = _parse_error,
			.unknown_ike_sa = _unknown_ike_sa,
			.bad_header = _bad_header,
			.retransmitted = _retransmitted,
			.resent = _resent,
			.destroy = _destroy,
		},
		.gate = gate,
	);
	return &this->public;
}
