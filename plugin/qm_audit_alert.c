/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "qm_audit_alert.h"
#include "qm_audit_facts.h"
#include "qm_audit_input.h"

typedef struct private_qm_audit_alert_t private_qm_audit_alert_t;

/**
 * Private data of a qm_audit_alert_t
 */
struct private_qm_audit_alert_t {

	/**
	 * Public interface
	 */
	qm_audit_alert_t public;

	/**
	 * Where inputs go
	 */
	struct qm_recorder *recorder;

	/**
	 * Watcher of packets
	 */
	qm_audit_packet_t *packet;
};

/**
 * Queue that charon gives up an IKE_SA over a message that could not be parsed:
 * it does for IKEv2 requests that it answers with INVALID_SYNTAX
 */
static void push_parse_error(private_qm_audit_alert_t *this,
							 ike_sa_t *ike_sa, message_t *message,
							 status_t status)
{
	if (ike_sa->get_version(ike_sa) == IKEV2 &&
		(status == PARSE_ERROR || status == VERIFY_ERROR) &&
		message->get_request(message) &&
		message->get_exchange_type(message) != IKE_SA_INIT)
	{
		qm_audit_input_push_cause(this->recorder, ike_sa, QM_CAUSE_PARSE_ERROR);
	}
}

/**
 * Take a message that could not be parsed
 */
static void alert_parse_error(private_qm_audit_alert_t *this, ike_sa_t *ike_sa,
							  message_t *message, status_t status)
{
	if (ike_sa)
	{
		this->packet->parse_error(this->packet, ike_sa, message, status);
		push_parse_error(this, ike_sa, message, status);
	}
}

/**
 * Queue an alert that says why a negotiation fails
 */
static void push_alert(private_qm_audit_alert_t *this, ike_sa_t *ike_sa,
					   enum qm_failure_reason reason)
{
	struct qm_input input;

	if (ike_sa)
	{
		qm_audit_input_init(&input, QM_INPUT_ALERT, ike_sa);
		input.alert = reason;
		qm_recorder_push(this->recorder, &input);
	}
}

/**
 * Queue such an alert with what was offered, of which either may be NULL
 */
static void push_offer(private_qm_audit_alert_t *this, ike_sa_t *ike_sa,
					   enum qm_failure_reason reason, linked_list_t *proposals,
					   linked_list_t *tsi, linked_list_t *tsr)
{
	struct qm_input input;

	if (ike_sa)
	{
		qm_audit_input_init(&input, QM_INPUT_ALERT_OFFER, ike_sa);
		input.alert = reason;
		input.offer.proposals.len = 0;
		if (proposals)
		{
			qm_audit_facts_proposals(proposals, &input.offer.proposals);
		}
		qm_audit_facts_ts(tsi, &input.offer.initiator_ts);
		qm_audit_facts_ts(tsr, &input.offer.responder_ts);
		qm_recorder_push(this->recorder, &input);
	}
}

/**
 * Queue that the kernel refuses a CHILD_SA
 */
static void push_refused(private_qm_audit_alert_t *this, ike_sa_t *ike_sa,
						 child_sa_t *child_sa, enum qm_failure_reason reason)
{
	struct qm_input input;

	qm_audit_input_init(&input, QM_INPUT_INSTALL_FAILED, ike_sa);
	input.child_sa = child_sa->get_unique_id(child_sa);
	input.alert = reason;
	qm_recorder_push(this->recorder, &input);
}

/**
 * Take an alert about an IKE_SA
 */
static void alert_ike(private_qm_audit_alert_t *this, ike_sa_t *ike_sa,
					  alert_t alert)
{
	switch (alert)
	{
		case ALERT_RETRANSMIT_SEND_TIMEOUT:
			qm_audit_input_push_cause(this->recorder, ike_sa, QM_CAUSE_TIMEOUT);
			break;
		case ALERT_HALF_OPEN_TIMEOUT:
			qm_audit_input_push_cause(this->recorder, ike_sa, QM_CAUSE_HALF_OPEN);
			break;
		case ALERT_IKE_SA_EXPIRED:
			qm_audit_input_push_cause(this->recorder, ike_sa, QM_CAUSE_EXPIRED);
			break;
		case ALERT_UNIQUE_REPLACE:
			qm_audit_input_push_cause(this->recorder, ike_sa, QM_CAUSE_REPLACED);
			break;
		case ALERT_LOCAL_AUTH_FAILED:
			push_alert(this, ike_sa, QM_FAILURE_LOCAL_AUTH);
			break;
		case ALERT_PEER_AUTH_FAILED:
			push_alert(this, ike_sa, QM_FAILURE_PEER_AUTH);
			break;
		case ALERT_AUTHORIZATION_FAILED:
			push_alert(this, ike_sa, QM_FAILURE_AUTHORIZATION);
			break;
		case ALERT_VIP_FAILURE:
			push_alert(this, ike_sa, QM_FAILURE_VIP);
			break;
		case ALERT_SHUTDOWN_SIGNAL:
			qm_audit_input_push(this->recorder, QM_INPUT_SHUTDOWN, NULL);
			break;
		default:
			break;
	}
}

METHOD(qm_audit_alert_t, alert_, void,
	private_qm_audit_alert_t *this, ike_sa_t *ike_sa, alert_t alert,
	va_list args)
{
	linked_list_t *list;
	message_t *message;

	switch (alert)
	{
		case ALERT_PARSE_ERROR_BODY:
			message = va_arg(args, message_t*);
			alert_parse_error(this, ike_sa, message, va_arg(args, status_t));
			break;
		case ALERT_PARSE_ERROR_HEADER:
			this->packet->bad_header(this->packet, va_arg(args, message_t*));
			break;
		case ALERT_RETRANSMIT_RECEIVE:
			this->packet->retransmitted(this->packet, ike_sa,
										va_arg(args, message_t*));
			break;
		case ALERT_RETRANSMIT_SEND:
			this->packet->resent(this->packet, ike_sa);
			break;
		case ALERT_PROPOSAL_MISMATCH_CHILD:
			push_offer(this, ike_sa, QM_FAILURE_PROPOSAL_MISMATCH,
					   va_arg(args, linked_list_t*), NULL, NULL);
			break;
		case ALERT_TS_MISMATCH:
			list = va_arg(args, linked_list_t*);
			push_offer(this, ike_sa, QM_FAILURE_TS_MISMATCH, NULL, list,
					   va_arg(args, linked_list_t*));
			break;
		case ALERT_INSTALL_CHILD_SA_FAILED:
			push_refused(this, ike_sa, va_arg(args, child_sa_t*),
						 QM_FAILURE_INSTALL_SA);
			break;
		case ALERT_INSTALL_CHILD_POLICY_FAILED:
			push_refused(this, ike_sa, va_arg(args, child_sa_t*),
						 QM_FAILURE_INSTALL_POLICY);
			break;
		default:
			alert_ike(this, ike_sa, alert);
			break;
	}
}

METHOD(qm_audit_alert_t, destroy, void,
	private_qm_audit_alert_t *this)
{
	free(this);
}

/*
 * Described in header
 */
qm_audit_alert_t *qm_audit_alert_create(struct qm_recorder *recorder,
										qm_audit_packet_t *packet)
{
	private_qm_audit_alert_t *this;

	INIT(this,
		.public = {
			.alert = _alert_,
			.destroy = _destroy,
		},
		.recorder = recorder,
		.packet = packet,
	);
	return &this->public;
}
