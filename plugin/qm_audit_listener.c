/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "qm_audit_listener.h"
#include "qm_audit_alert.h"
#include "qm_audit_compat.h"
#include "qm_audit_exchange.h"
#include "qm_audit_facts.h"
#include "qm_audit_input.h"
#include "qm_audit_packet.h"
#include "qm_audit_refusal.h"

#include <daemon.h>

/** CHILD_SAs that can be between their keys and their announcement */
#define KEYED_MAX 256

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

	/**
	 * Refuse CHILD_SAs while records cannot be kept
	 */
	bool refuse;

	/**
	 * Reader of messages
	 */
	qm_audit_exchange_t *exchange;

	/**
	 * Watcher of packets
	 */
	qm_audit_packet_t *packet;

	/**
	 * Reader of alerts
	 */
	qm_audit_alert_t *alert;

	/**
	 * CHILD_SAs of which the ledger has all facts, and which have not been
	 * announced; of two in the same place one is told of anew
	 */
	uint32_t keyed[KEYED_MAX];
};

/**
 * The place for a CHILD_SA among those that have their keys
 */
static uint32_t *keyed_place(private_qm_audit_listener_t *this,
							 child_sa_t *child_sa)
{
	return &this->keyed[child_sa->get_unique_id(child_sa) % KEYED_MAX];
}

/**
 * Queue an input about a CHILD_SA that needs no more than that
 */
static void push_child(private_qm_audit_listener_t *this,
					   enum qm_input_type type, ike_sa_t *ike_sa,
					   child_sa_t *child_sa)
{
	struct qm_input input;

	qm_audit_input_init(&input, type, ike_sa);
	input.child_sa = child_sa->get_unique_id(child_sa);
	qm_recorder_push(this->recorder, &input);
}

/**
 * Queue an input with all facts of a CHILD_SA
 */
static int push_facts(private_qm_audit_listener_t *this,
					  enum qm_input_type type, ike_sa_t *ike_sa,
					  child_sa_t *child_sa, enum qm_direction direction,
					  child_sa_t *old)
{
	struct qm_input input;

	qm_audit_input_init(&input, type, ike_sa);
	input.child_sa = child_sa->get_unique_id(child_sa);
	input.old_child_sa = old ? old->get_unique_id(old) : 0;
	qm_audit_facts_read(ike_sa, child_sa, &input.sa);
	input.sa.direction = direction;
	return qm_recorder_push(this->recorder, &input);
}

/**
 * Queue that a CHILD_SA is established, with its facts unless its keys told them
 */
static void push_announced(private_qm_audit_listener_t *this, ike_sa_t *ike_sa,
						   child_sa_t *child_sa, child_sa_t *old)
{
	uint32_t *keyed = keyed_place(this, child_sa);
	struct qm_input input;

	if (*keyed != child_sa->get_unique_id(child_sa))
	{
		push_facts(this, old ? QM_INPUT_REKEY : QM_INPUT_UP, ike_sa, child_sa,
				   QM_DIRECTION_UNKNOWN, old);
		return;
	}
	*keyed = 0;
	qm_audit_input_init(&input, QM_INPUT_ANNOUNCED, ike_sa);
	input.child_sa = child_sa->get_unique_id(child_sa);
	input.old_child_sa = old ? old->get_unique_id(old) : 0;
	qm_recorder_push(this->recorder, &input);
}

METHOD(listener_t, child_keys, bool,
	private_qm_audit_listener_t *this, ike_sa_t *ike_sa, child_sa_t *child_sa,
	bool initiator, qm_audit_ke_t *kes, chunk_t nonce_i, chunk_t nonce_r)
{
	enum qm_direction direction = initiator ? QM_DIRECTION_INITIATOR :
											  QM_DIRECTION_RESPONDER;

	if (ike_sa && push_facts(this, QM_INPUT_KEYS, ike_sa, child_sa, direction,
							 NULL) >= 0)
	{
		*keyed_place(this, child_sa) = child_sa->get_unique_id(child_sa);
	}
	return TRUE;
}

METHOD(listener_t, child_updown, bool,
	private_qm_audit_listener_t *this, ike_sa_t *ike_sa, child_sa_t *child_sa,
	bool up)
{
	child_sa_t *replaced;

	if (!ike_sa)
	{	/* only trap CHILD_SAs have none, and they have no SPIs */
		return TRUE;
	}
	if (up)
	{
		push_announced(this, ike_sa, child_sa, NULL);
	}
	else
	{
		replaced = qm_audit_facts_replaced(ike_sa, child_sa);
		if (replaced)
		{
			push_announced(this, ike_sa, child_sa, replaced);
		}
		push_child(this, QM_INPUT_DOWN, ike_sa, child_sa);
	}
	return TRUE;
}

METHOD(listener_t, child_rekey, bool,
	private_qm_audit_listener_t *this, ike_sa_t *ike_sa, child_sa_t *old,
	child_sa_t *new)
{
	if (ike_sa)
	{
		push_announced(this, ike_sa, new, old);
	}
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
		qm_audit_input_init(&input, QM_INPUT_EXPIRED, ike_sa);
		input.expired.satype = qm_audit_facts_satype(
										child_sa->get_protocol(child_sa));
		input.expired.spi = ntohl(child_sa->get_spi(child_sa, TRUE));
		qm_audit_facts_host(ike_sa->get_my_host(ike_sa), &input.expired.dst);
		qm_recorder_push(this->recorder, &input);
	}
}

/**
 * Queue that a CHILD_SA goes before it was installed, with what is known of it
 */
static void push_failed(private_qm_audit_listener_t *this, ike_sa_t *ike_sa,
						child_sa_t *child_sa)
{
	struct qm_input input;

	qm_audit_input_init(&input, QM_INPUT_CHILD_FAILED, ike_sa);
	input.child_sa = child_sa->get_unique_id(child_sa);
	input.installing = child_sa->get_state(child_sa) == CHILD_INSTALLING;
	input.unestablished = !qm_audit_facts_established(ike_sa);
	qm_audit_facts_read(ike_sa, child_sa, &input.sa);
	qm_recorder_push(this->recorder, &input);
}

/**
 * Whether a CHILD_SA is in a state that only those have that are negotiated
 */
static bool is_negotiated(child_sa_t *child_sa)
{
	switch (child_sa->get_state(child_sa))
	{
		case CHILD_CREATED:
		case CHILD_INSTALLING:
			return TRUE;
		default:
			return FALSE;
	}
}

METHOD(listener_t, narrow, bool,
	private_qm_audit_listener_t *this, ike_sa_t *ike_sa, child_sa_t *child_sa,
	narrow_hook_t type, linked_list_t *local, linked_list_t *remote)
{
	struct qm_input input;

	if (this->refuse)
	{
		qm_audit_refusal_narrow(this->recorder, ike_sa, child_sa, type, local,
								remote);
	}
	switch (type)
	{
		case NARROW_INITIATOR_POST_NOAUTH:
		case NARROW_INITIATOR_POST_AUTH:
			/* the same as before the exchange */
			return TRUE;
		case NARROW_RESPONDER_POST:
			if (ike_sa && ike_sa->get_version(ike_sa) == IKEV2)
			{
				return TRUE;
			}
			break;
		default:
			break;
	}
	if (ike_sa && child_sa)
	{
		qm_audit_input_init(&input, QM_INPUT_CHILD_BORN, ike_sa);
		input.child_sa = child_sa->get_unique_id(child_sa);
		input.direction = type == NARROW_INITIATOR_PRE_NOAUTH ||
						  type == NARROW_INITIATOR_PRE_AUTH ?
							QM_DIRECTION_INITIATOR : QM_DIRECTION_RESPONDER;
		qm_recorder_push(this->recorder, &input);
	}
	return TRUE;
}

METHOD(listener_t, child_state_change, bool,
	private_qm_audit_listener_t *this, ike_sa_t *ike_sa, child_sa_t *child_sa,
	child_sa_state_t state)
{
	enum qm_child_state translated = translate_state(state);
	struct qm_input input;

	if (translated == QM_CHILD_OTHER)
	{
		return TRUE;
	}
	if (state == CHILD_DESTROYING && ike_sa && is_negotiated(child_sa))
	{
		push_failed(this, ike_sa, child_sa);
		return TRUE;
	}
	if (state == CHILD_DELETING)
	{
		push_overdue(this, ike_sa, child_sa);
	}
	qm_audit_input_init(&input, QM_INPUT_CHILD_STATE, ike_sa);
	input.child_sa = child_sa->get_unique_id(child_sa);
	input.state = translated;
	qm_recorder_push(this->recorder, &input);
	return TRUE;
}

/**
 * Whether the ledger may have to be told whose an IKE_SA is that goes: not by
 * its CHILD_SAs, and something may have been under way on it
 */
static bool is_alone(ike_sa_t *ike_sa)
{
	return ike_sa->get_state(ike_sa) != IKE_CREATED &&
		   !ike_sa->get_child_count(ike_sa);
}

/**
 * Queue that an IKE_SA goes; with what is known of the peer if nothing else told
 */
static void push_destroying(private_qm_audit_listener_t *this,
							ike_sa_t *ike_sa)
{
	struct qm_input input;

	if (!is_alone(ike_sa))
	{
		qm_audit_input_push(this->recorder, QM_INPUT_IKE_DESTROYING, ike_sa);
		return;
	}
	qm_audit_input_init(&input, QM_INPUT_IKE_ABANDONED, ike_sa);
	qm_audit_facts_read_ike(ike_sa, &input.sa);
	qm_recorder_push(this->recorder, &input);
}

METHOD(listener_t, ike_state_change, bool,
	private_qm_audit_listener_t *this, ike_sa_t *ike_sa, ike_sa_state_t state)
{
	switch (state)
	{
		case IKE_CREATED:
			qm_audit_input_push(this->recorder, QM_INPUT_IKE_RESET, ike_sa);
			break;
		case IKE_DELETING:
			if (ike_sa->has_condition(ike_sa, COND_REAUTHENTICATING))
			{
				qm_audit_input_push_cause(this->recorder, ike_sa, QM_CAUSE_REAUTH);
			}
			qm_audit_input_push(this->recorder, QM_INPUT_IKE_DELETING, ike_sa);
			break;
		case IKE_DESTROYING:
			push_destroying(this, ike_sa);
			break;
		default:
			break;
	}
	return TRUE;
}

METHOD(listener_t, ike_updown, bool,
	private_qm_audit_listener_t *this, ike_sa_t *ike_sa, bool up)
{
	qm_audit_input_push(this->recorder, up ? QM_INPUT_IKE_UP : QM_INPUT_IKE_DOWN, ike_sa);
	if (up && ike_sa->get_version(ike_sa) == IKEV1 &&
		ike_sa->has_condition(ike_sa, COND_INIT_CONTACT_SEEN))
	{	/* in IKEv1 it takes effect after this, when the IKE_SA is checked in */
		qm_audit_input_push(this->recorder, QM_INPUT_INITIAL_CONTACT, ike_sa);
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

	qm_audit_input_init(&input, QM_INPUT_IKE_MOVED, ike_sa);
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

	qm_audit_input_init(&input, QM_INPUT_IKE_HOSTS, ike_sa);
	qm_audit_facts_host(local, &input.hosts.local);
	qm_audit_facts_host(remote, &input.hosts.remote);
	qm_recorder_push(this->recorder, &input);
	return TRUE;
}

METHOD(listener_t, message, bool,
	private_qm_audit_listener_t *this, ike_sa_t *ike_sa, message_t *message,
	bool incoming, bool plain)
{
	if (ike_sa && plain)
	{
		this->exchange->message(this->exchange, ike_sa, message, incoming);
		this->packet->parsed(this->packet, ike_sa, message, incoming);
	}
	else if (ike_sa && incoming)
	{
		this->packet->received(this->packet, ike_sa, message);
	}
	return TRUE;
}

METHOD(listener_t, alert, bool,
	private_qm_audit_listener_t *this, ike_sa_t *ike_sa, alert_t alert,
	va_list args)
{
	if (alert == ALERT_INVALID_IKE_SPI)
	{	/* the one that comes in floods */
		this->packet->unknown_ike_sa(this->packet, va_arg(args, message_t*));
	}
	else
	{
		this->alert->alert(this->alert, ike_sa, alert, args);
	}
	return TRUE;
}

METHOD(qm_audit_listener_t, destroy, void,
	private_qm_audit_listener_t *this)
{
	this->alert->destroy(this->alert);
	this->exchange->destroy(this->exchange);
	this->packet->destroy(this->packet);
	free(this);
}

/*
 * Described in header
 */
qm_audit_listener_t *qm_audit_listener_create(struct qm_recorder *recorder,
											   bool refuse)
{
	private_qm_audit_listener_t *this;
	qm_audit_packet_t *packet;

	packet = qm_audit_packet_create(qm_recorder_gate(recorder));
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
				.narrow = _narrow,
			},
			.destroy = _destroy,
		},
		.recorder = recorder,
		.refuse = refuse,
		.exchange = qm_audit_exchange_create(recorder),
		.packet = packet,
		.alert = qm_audit_alert_create(recorder, packet),
	);
	return &this->public;
}
