/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "qm_audit_listener.h"
#include "qm_audit_compat.h"
#include "qm_audit_facts.h"

#include <daemon.h>
#include <encoding/payloads/delete_payload.h>
#include <threading/thread.h>

typedef struct private_qm_audit_listener_t private_qm_audit_listener_t;

/**
 * Private data of a qm_audit_listener_t
 */
struct private_qm_audit_listener_t {

	/**
	 * Public interface
	 */
	qm_audit_listener_t public;

	/**
	 * Where inputs go
	 */
	struct qm_recorder *recorder;
};

/**
 * Set what every input has
 */
static void init_input(struct qm_input *input, enum qm_input_type type,
					   ike_sa_t *ike_sa)
{
	qm_input_init(input, type, thread_current_id(),
				  ike_sa ? ike_sa->get_unique_id(ike_sa) : 0);
}

/**
 * Queue an input about an IKE_SA that needs no more than that
 */
static void push_ike(private_qm_audit_listener_t *this, enum qm_input_type type,
					 ike_sa_t *ike_sa)
{
	struct qm_input input;

	init_input(&input, type, ike_sa);
	qm_recorder_push(this->recorder, &input);
}

/**
 * Queue an input about a CHILD_SA that needs no more than that
 */
static void push_child(private_qm_audit_listener_t *this,
					   enum qm_input_type type, ike_sa_t *ike_sa,
					   child_sa_t *child_sa)
{
	struct qm_input input;

	init_input(&input, type, ike_sa);
	input.child_sa = child_sa->get_unique_id(child_sa);
	qm_recorder_push(this->recorder, &input);
}

/**
 * Queue what may bring an IKE_SA down
 */
static void push_cause(private_qm_audit_listener_t *this, ike_sa_t *ike_sa,
					   enum qm_ike_cause cause)
{
	struct qm_input input;

	init_input(&input, QM_INPUT_IKE_CAUSE, ike_sa);
	input.cause = cause;
	qm_recorder_push(this->recorder, &input);
}

/**
 * Queue an input with all facts of a CHILD_SA
 */
static void push_facts(private_qm_audit_listener_t *this,
					   enum qm_input_type type, ike_sa_t *ike_sa,
					   child_sa_t *child_sa, enum qm_direction direction,
					   child_sa_t *old)
{
	struct qm_input input;

	if (!ike_sa)
	{	/* only trap CHILD_SAs have none, and they have no SPIs */
		return;
	}
	init_input(&input, type, ike_sa);
	input.child_sa = child_sa->get_unique_id(child_sa);
	input.old_child_sa = old ? old->get_unique_id(old) : 0;
	qm_audit_facts_read(ike_sa, child_sa, &input.sa);
	input.sa.direction = direction;
	qm_recorder_push(this->recorder, &input);
}

METHOD(listener_t, child_keys, bool,
	private_qm_audit_listener_t *this, ike_sa_t *ike_sa, child_sa_t *child_sa,
	bool initiator, qm_audit_ke_t *kes, chunk_t nonce_i, chunk_t nonce_r)
{
	push_facts(this, QM_INPUT_KEYS, ike_sa, child_sa,
			   initiator ? QM_DIRECTION_INITIATOR : QM_DIRECTION_RESPONDER,
			   NULL);
	return TRUE;
}

METHOD(listener_t, child_updown, bool,
	private_qm_audit_listener_t *this, ike_sa_t *ike_sa, child_sa_t *child_sa,
	bool up)
{
	if (up)
	{
		push_facts(this, QM_INPUT_UP, ike_sa, child_sa, QM_DIRECTION_UNKNOWN,
				   NULL);
	}
	else
	{
		push_child(this, QM_INPUT_DOWN, ike_sa, child_sa);
	}
	return TRUE;
}

METHOD(listener_t, child_rekey, bool,
	private_qm_audit_listener_t *this, ike_sa_t *ike_sa, child_sa_t *old,
	child_sa_t *new)
{
	push_facts(this, QM_INPUT_REKEY, ike_sa, new, QM_DIRECTION_UNKNOWN, old);
	return TRUE;
}

/**
 * Translate a CHILD_SA's state to those that the ledger knows
 */
static enum qm_child_state translate_state(child_sa_state_t state)
{
	switch (state)
	{
		case CHILD_INSTALLED:
			return QM_CHILD_INSTALLED;
		case CHILD_REKEYED:
			return QM_CHILD_REKEYED;
		case CHILD_DELETING:
			return QM_CHILD_DELETING;
		case CHILD_DESTROYING:
			return QM_CHILD_DESTROYING;
		default:
			return QM_CHILD_OTHER;
	}
}

/**
 * Queue that a CHILD_SA is beyond its hard lifetime. The kernel says so too
 * (see qm_audit_expiry_t), but charon hears of it first and may have deleted
 * the CHILD_SA by then; for IKEv1 that takes it no exchange.
 */
static void push_overdue(private_qm_audit_listener_t *this, ike_sa_t *ike_sa,
						 child_sa_t *child_sa)
{
	time_t end = child_sa->get_lifetime(child_sa, TRUE);
	struct qm_input input;

	if (ike_sa && end && end <= time_monotonic(NULL))
	{
		init_input(&input, QM_INPUT_EXPIRED, ike_sa);
		input.expired.satype = qm_audit_facts_satype(
										child_sa->get_protocol(child_sa));
		input.expired.spi = ntohl(child_sa->get_spi(child_sa, TRUE));
		qm_audit_facts_host(ike_sa->get_my_host(ike_sa), &input.expired.dst);
		qm_recorder_push(this->recorder, &input);
	}
}

METHOD(listener_t, child_state_change, bool,
	private_qm_audit_listener_t *this, ike_sa_t *ike_sa, child_sa_t *child_sa,
	child_sa_state_t state)
{
	struct qm_input input;

	if (state == CHILD_DELETING)
	{
		push_overdue(this, ike_sa, child_sa);
	}
	init_input(&input, QM_INPUT_CHILD_STATE, ike_sa);
	input.child_sa = child_sa->get_unique_id(child_sa);
	input.state = translate_state(state);
	if (input.state != QM_CHILD_OTHER)
	{
		qm_recorder_push(this->recorder, &input);
	}
	return TRUE;
}

METHOD(listener_t, ike_state_change, bool,
	private_qm_audit_listener_t *this, ike_sa_t *ike_sa, ike_sa_state_t state)
{
	switch (state)
	{
		case IKE_DELETING:
			if (ike_sa->has_condition(ike_sa, COND_REAUTHENTICATING))
			{
				push_cause(this, ike_sa, QM_CAUSE_REAUTH);
			}
			push_ike(this, QM_INPUT_IKE_DELETING, ike_sa);
			break;
		case IKE_DESTROYING:
			push_ike(this, QM_INPUT_IKE_DESTROYING, ike_sa);
			break;
		default:
			break;
	}
	return TRUE;
}

METHOD(listener_t, ike_updown, bool,
	private_qm_audit_listener_t *this, ike_sa_t *ike_sa, bool up)
{
	push_ike(this, up ? QM_INPUT_IKE_UP : QM_INPUT_IKE_DOWN, ike_sa);
	if (up && ike_sa->get_version(ike_sa) == IKEV1 &&
		ike_sa->has_condition(ike_sa, COND_INIT_CONTACT_SEEN))
	{	/* in IKEv1 it takes effect after this, when the IKE_SA is checked in */
		push_ike(this, QM_INPUT_INITIAL_CONTACT, ike_sa);
	}
	return TRUE;
}

/**
 * Queue that the CHILD_SAs of an IKE_SA move to another
 */
static void push_moved(private_qm_audit_listener_t *this, ike_sa_t *ike_sa,
					   uint32_t new_ike_sa)
{
	struct qm_input input;

	init_input(&input, QM_INPUT_IKE_MOVED, ike_sa);
	input.new_ike_sa = new_ike_sa;
	qm_recorder_push(this->recorder, &input);
}

METHOD(listener_t, ike_rekey, bool,
	private_qm_audit_listener_t *this, ike_sa_t *old, ike_sa_t *new)
{
	push_moved(this, old, new->get_unique_id(new));
	return TRUE;
}

METHOD(listener_t, children_migrate, bool,
	private_qm_audit_listener_t *this, ike_sa_t *ike_sa, ike_sa_id_t *new,
	uint32_t unique)
{
	if (new)
	{
		push_moved(this, ike_sa, unique);
	}
	return TRUE;
}

METHOD(listener_t, ike_update, bool,
	private_qm_audit_listener_t *this, ike_sa_t *ike_sa, host_t *local,
	host_t *remote)
{
	struct qm_input input;

	init_input(&input, QM_INPUT_IKE_HOSTS, ike_sa);
	qm_audit_facts_host(local, &input.hosts.local);
	qm_audit_facts_host(remote, &input.hosts.remote);
	qm_recorder_push(this->recorder, &input);
	return TRUE;
}

/**
 * Queue the CHILD_SAs that a DELETE payload names
 */
static void push_child_deletes(private_qm_audit_listener_t *this,
							   ike_sa_t *ike_sa, delete_payload_t *payload)
{
	enumerator_t *enumerator;
	struct qm_input input;
	uint32_t spi;

	init_input(&input, QM_INPUT_PEER_DELETE, ike_sa);
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
static void push_ike_delete(private_qm_audit_listener_t *this,
							ike_sa_t *ike_sa, delete_payload_t *payload)
{
	struct qm_input input;

	if (!deletes_itself(ike_sa, payload))
	{
		return;
	}
	init_input(&input, QM_INPUT_PEER_DELETE, ike_sa);
	input.deleted.ike = TRUE;
	input.deleted.count = 0;
	qm_recorder_push(this->recorder, &input);
}

/**
 * Queue what a message asks to delete
 */
static void push_deletes(private_qm_audit_listener_t *this, ike_sa_t *ike_sa,
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

METHOD(listener_t, message, bool,
	private_qm_audit_listener_t *this, ike_sa_t *ike_sa, message_t *message,
	bool incoming, bool plain)
{
	if (!incoming || !plain || !ike_sa)
	{
		return TRUE;
	}
	switch (message->get_exchange_type(message))
	{
		case INFORMATIONAL:
			if (message->get_request(message))
			{	/* a response only confirms what we deleted */
				push_deletes(this, ike_sa, message);
			}
			break;
		case INFORMATIONAL_V1:
			push_deletes(this, ike_sa, message);
			break;
		case IKE_AUTH:
			push_ike(this, message->get_notify(message, INITIAL_CONTACT) ?
								QM_INPUT_INITIAL_CONTACT : QM_INPUT_IKE_AUTH,
					 ike_sa);
			break;
		default:
			break;
	}
	return TRUE;
}

/**
 * Queue a message that could not be parsed, if charon gives up the IKE_SA over
 * it: it does for IKEv2 requests that it answers with INVALID_SYNTAX
 */
static void push_parse_error(private_qm_audit_listener_t *this,
							 ike_sa_t *ike_sa, message_t *message,
							 status_t status)
{
	if (ike_sa && ike_sa->get_version(ike_sa) == IKEV2 &&
		(status == PARSE_ERROR || status == VERIFY_ERROR) &&
		message->get_request(message) &&
		message->get_exchange_type(message) != IKE_SA_INIT)
	{
		push_cause(this, ike_sa, QM_CAUSE_PARSE_ERROR);
	}
}

METHOD(listener_t, alert, bool,
	private_qm_audit_listener_t *this, ike_sa_t *ike_sa, alert_t alert,
	va_list args)
{
	message_t *message;

	switch (alert)
	{
		case ALERT_RETRANSMIT_SEND_TIMEOUT:
			push_cause(this, ike_sa, QM_CAUSE_TIMEOUT);
			break;
		case ALERT_IKE_SA_EXPIRED:
			push_cause(this, ike_sa, QM_CAUSE_EXPIRED);
			break;
		case ALERT_UNIQUE_REPLACE:
			push_cause(this, ike_sa, QM_CAUSE_REPLACED);
			break;
		case ALERT_PARSE_ERROR_BODY:
			message = va_arg(args, message_t*);
			push_parse_error(this, ike_sa, message, va_arg(args, status_t));
			break;
		case ALERT_INSTALL_CHILD_SA_FAILED:
		case ALERT_INSTALL_CHILD_POLICY_FAILED:
			push_child(this, QM_INPUT_INSTALL_FAILED, ike_sa,
					   va_arg(args, child_sa_t*));
			break;
		case ALERT_SHUTDOWN_SIGNAL:
			push_ike(this, QM_INPUT_SHUTDOWN, NULL);
			break;
		default:
			break;
	}
	return TRUE;
}

METHOD(qm_audit_listener_t, destroy, void,
	private_qm_audit_listener_t *this)
{
	free(this);
}

/*
 * Described in header
 */
qm_audit_listener_t *qm_audit_listener_create(struct qm_recorder *recorder)
{
	private_qm_audit_listener_t *this;

	INIT(this,
		.public = {
			.listener = {
				.alert = _alert,
				.message = _message,
				.ike_state_change = _ike_state_change,
				.ike_updown = _ike_updown,
				.ike_rekey = _ike_rekey,
				.ike_update = _ike_update,
				.child_state_change = _child_state_change,
				.child_keys = _child_keys,
				.child_updown = _child_updown,
				.child_rekey = _child_rekey,
				.children_migrate = _children_migrate,
			},
			.destroy = _destroy,
		},
		.recorder = recorder,
	);
	return &this->public;
}
