/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "qm_audit_exchange.h"
#include "qm_audit_facts.h"
#include "qm_audit_input.h"

#include <encoding/payloads/delete_payload.h>
#include <encoding/payloads/notify_payload.h>
#include <encoding/payloads/sa_payload.h>

/** Last type of a notify that is an error: RFC 7296 section 3.10.1 */
#define LAST_ERROR 16383

typedef struct private_qm_audit_exchange_t private_qm_audit_exchange_t;

/**
 * Private data of a qm_audit_exchange_t
 */
struct private_qm_audit_exchange_t {

	/**
	 * Public interface
	 */
	qm_audit_exchange_t public;

	/**
	 * Where inputs go
	 */
	struct qm_recorder *recorder;
};

/**
 * Queue the CHILD_SAs that a DELETE payload names
 */
static void push_child_deletes(private_qm_audit_exchange_t *this,
							   ike_sa_t *ike_sa, delete_payload_t *payload)
{
	enumerator_t *enumerator;
	struct qm_input input;
	uint32_t spi;

	qm_audit_input_init(&input, QM_INPUT_PEER_DELETE, ike_sa);
	input.deleted.ike = FALSE;
	input.deleted.count = 0;
	enumerator = payload->create_spi_enumerator(payload);
	while (enumerator->enumerate(enumerator, &spi))
	{
		input.deleted.spi[input.deleted.count++] = ntohl(spi);
		if (input.deleted.count == QM_DELETE_MAX)
		{
			qm_recorder_push(this->recorder, &input);
			input.deleted.count = 0;
		}
	}
	enumerator->destroy(enumerator);
	if (input.deleted.count)
	{
		qm_recorder_push(this->recorder, &input);
	}
}

/**
 * Whether a DELETE payload for an IKE_SA means the one that it came in. In
 * IKEv2 it cannot mean another; in IKEv1 it names one, and charon ignores
 * all but its own.
 */
static bool deletes_itself(ike_sa_t *ike_sa, delete_payload_t *payload)
{
	ike_sa_id_t *id = ike_sa->get_id(ike_sa);
	uint64_t spi_i, spi_r;

	return ike_sa->get_version(ike_sa) != IKEV1 ||
		   (payload->get_ike_spi(payload, &spi_i, &spi_r) &&
			id->get_initiator_spi(id) == spi_i &&
			id->get_responder_spi(id) == spi_r);
}

/**
 * Queue that the peer deletes the IKE_SA
 */
static void push_ike_delete(private_qm_audit_exchange_t *this,
							ike_sa_t *ike_sa, delete_payload_t *payload)
{
	struct qm_input input;

	if (!deletes_itself(ike_sa, payload))
	{
		return;
	}
	qm_audit_input_init(&input, QM_INPUT_PEER_DELETE, ike_sa);
	input.deleted.ike = TRUE;
	input.deleted.count = 0;
	qm_recorder_push(this->recorder, &input);
}

/**
 * Queue what a message asks to delete
 */
static void push_deletes(private_qm_audit_exchange_t *this, ike_sa_t *ike_sa,
						 message_t *message)
{
	enumerator_t *enumerator;
	payload_t *payload;

	enumerator = message->create_payload_enumerator(message);
	while (enumerator->enumerate(enumerator, &payload))
	{
		delete_payload_t *del = (delete_payload_t*)payload;

		switch (payload->get_type(payload))
		{
			case PLV1_DELETE:
			case PLV2_DELETE:
				if (del->get_protocol_id(del) == PROTO_IKE)
				{
					push_ike_delete(this, ike_sa, del);
				}
				else
				{
					push_child_deletes(this, ike_sa, del);
				}
				break;
			default:
				break;
		}
	}
	enumerator->destroy(enumerator);
}

/*
 * Described in header
 */
uint16_t qm_audit_exchange_error(message_t *message)
{
	enumerator_t *enumerator;
	payload_t *payload;
	uint16_t type, error = 0;

	enumerator = message->create_payload_enumerator(message);
	while (!error && enumerator->enumerate(enumerator, &payload))
	{
		switch (payload->get_type(payload))
		{
			case PLV1_NOTIFY:
			case PLV2_NOTIFY:
				type = ((notify_payload_t*)payload)->get_notify_type(
												(notify_payload_t*)payload);
				error = type <= LAST_ERROR ? type : 0;
				break;
			default:
				break;
		}
	}
	enumerator->destroy(enumerator);
	return error;
}

/**
 * Queue a message of a negotiation; with what is known of the IKE_SA if it ends
 * it for want of a CHILD_SA that would tell
 */
static void push_message(private_qm_audit_exchange_t *this, ike_sa_t *ike_sa,
						 message_t *message, bool incoming, bool child,
						 uint16_t error)
{
	bool v1 = ike_sa->get_version(ike_sa) == IKEV1;
	bool facts = error && (v1 || !incoming);
	struct qm_input input;

	qm_audit_input_init(&input, facts ? QM_INPUT_MESSAGE_ERROR :
										QM_INPUT_MESSAGE, ike_sa);
	input.message = (struct qm_message){
		.msgid = message->get_message_id(message),
		.exchange = message->get_exchange_type(message),
		.version = v1 ? 1 : 2,
		.incoming = incoming,
		.request = message->get_request(message),
		.child = child,
		.notify = error,
	};
	if (facts)
	{
		qm_audit_facts_read_ike(ike_sa, &input.sa);
	}
	qm_recorder_push(this->recorder, &input);
}

/**
 * Whether a request without selectors proposes a CHILD_SA nonetheless, by the
 * protocol in its SA payload: charon takes it for a rekeying of the IKE_SA
 */
static bool proposes_ipsec(message_t *message)
{
	sa_payload_t *payload;
	linked_list_t *list;
	proposal_t *proposal;
	bool ipsec;

	payload = (sa_payload_t*)message->get_payload(message,
												  PLV2_SECURITY_ASSOCIATION);
	if (!payload)
	{
		return FALSE;
	}
	list = payload->get_proposals(payload);
	ipsec = list->get_first(list, (void**)&proposal) == SUCCESS &&
			proposal->get_protocol(proposal) != PROTO_IKE;
	list->destroy_offset(list, offsetof(proposal_t, destroy));
	return ipsec;
}

/**
 * Whether a request proposes a CHILD_SA
 */
static bool proposes_child(message_t *message, bool incoming)
{
	if (message->get_exchange_type(message) == IKE_AUTH)
	{
		return message->get_payload(message, PLV2_SECURITY_ASSOCIATION);
	}
	/* without selectors it is about the IKE_SA */
	return message->get_payload(message, PLV2_TS_INITIATOR) ||
		   message->get_payload(message, PLV2_TS_RESPONDER) ||
		   (incoming && proposes_ipsec(message));
}

/**
 * Queue a request if it is about a CHILD_SA
 */
static void push_request(private_qm_audit_exchange_t *this, ike_sa_t *ike_sa,
						 message_t *message, bool incoming)
{
	switch ((u_int)message->get_exchange_type(message))
	{
		case QM_EXCHANGE_IKE_FOLLOWUP_KE:
			push_message(this, ike_sa, message, incoming, FALSE, 0);
			break;
		default:
			if (proposes_child(message, incoming))
			{
				push_message(this, ike_sa, message, incoming, TRUE, 0);
			}
			break;
	}
}

/**
 * Queue a response: the peer's, as what follows is about it; ours if it refuses
 * a CHILD_SA. Of authentications our last one tells that there was none to be.
 */
static void push_response(private_qm_audit_exchange_t *this, ike_sa_t *ike_sa,
						  message_t *message, bool incoming)
{
	uint16_t error = qm_audit_exchange_error(message);
	bool last = !incoming && message->get_exchange_type(message) == IKE_AUTH;

	if (incoming || error || last)
	{
		push_message(this, ike_sa, message, incoming,
			last && message->get_payload(message, PLV2_SECURITY_ASSOCIATION),
			error);
	}
	if (incoming && error == INVALID_SYNTAX)
	{	/* charon takes that for the end of the IKE_SA */
		qm_audit_input_push_cause(this->recorder, ike_sa,
								  QM_CAUSE_PARSE_ERROR);
	}
}

/**
 * Queue what a message says of a CHILD_SA
 */
static void push_v2(private_qm_audit_exchange_t *this, ike_sa_t *ike_sa,
					message_t *message, bool incoming)
{
	if (message->get_request(message))
	{
		push_request(this, ike_sa, message, incoming);
	}
	else
	{
		push_response(this, ike_sa, message, incoming);
	}
}

/**
 * Take an IKEv2 message that deletes, or confirms what we deleted. One in which
 * the peer says that it cannot read us is the end of the IKE_SA for charon.
 */
static void informational(private_qm_audit_exchange_t *this, ike_sa_t *ike_sa,
						  message_t *message)
{
	if (message->get_request(message))
	{
		push_deletes(this, ike_sa, message);
	}
	else if (qm_audit_exchange_error(message) == INVALID_SYNTAX)
	{
		qm_audit_input_push_cause(this->recorder, ike_sa,
								  QM_CAUSE_PARSE_ERROR);
	}
}

/**
 * Queue an IKEv1 message of Quick Mode, or with what one side has to say of it
 */
static void push_v1(private_qm_audit_exchange_t *this, ike_sa_t *ike_sa,
					message_t *message, bool incoming)
{
	uint16_t error = qm_audit_exchange_error(message);

	if (error || message->get_exchange_type(message) == QUICK_MODE)
	{
		push_message(this, ike_sa, message, incoming, FALSE, error);
	}
}

METHOD(qm_audit_exchange_t, message_, void,
	private_qm_audit_exchange_t *this, ike_sa_t *ike_sa, message_t *message,
	bool incoming)
{
	bool established = qm_audit_facts_established(ike_sa);

	switch ((u_int)message->get_exchange_type(message))
	{
		case INFORMATIONAL:
			if (incoming)
			{
				informational(this, ike_sa, message);
			}
			break;
		case IKE_AUTH:
			if (incoming)
			{
				qm_audit_input_push(this->recorder,
						message->get_notify(message, INITIAL_CONTACT) ?
							QM_INPUT_INITIAL_CONTACT : QM_INPUT_IKE_AUTH,
						ike_sa);
			}
			push_v2(this, ike_sa, message, incoming);
			break;
		case CREATE_CHILD_SA:
		case QM_EXCHANGE_IKE_FOLLOWUP_KE:
			if (established)
			{
				push_v2(this, ike_sa, message, incoming);
			}
			break;
		case INFORMATIONAL_V1:
			if (incoming)
			{
				push_deletes(this, ike_sa, message);
			}
			/* fall through */
		case QUICK_MODE:
			if (established)
			{
				push_v1(this, ike_sa, message, incoming);
			}
			break;
		default:
			break;
	}
}

METHOD(qm_audit_exchange_t, destroy, void,
	private_qm_audit_exchange_t *this)
{
	free(this);
}

/*
 * Described in header
 */
qm_audit_exchange_t *qm_audit_exchange_create(struct qm_recorder *recorder)
{
	private_qm_audit_exchange_t *this;

	INIT(this,
		.public = {
			.message = _message_,
			.destroy = _destroy,
		},
		.recorder = recorder,
	);
	return &this->public;
}
