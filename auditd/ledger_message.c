/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What messages say of negotiations.
 */
#include "ledger_nego.h"

/** Error notifies (IANA; RFC 2408 section 3.14.1) that are not about a proposal. */
#define INVALID_PAYLOAD_TYPE 1
#define INVALID_EXCHANGE_TYPE 7
#define PAYLOAD_MALFORMED 16
#define INVALID_HASH_INFORMATION 23
/** And those after which the same is tried again. */
#define INVALID_KE_PAYLOAD 17
#define TEMPORARY_FAILURE 43

static struct qm_nego *of_message(const struct qm_ike *ike, enum qm_direction direction,
								  uint32_t msgid)
{
	struct qm_nego *nego;

	for (nego = ike->negos; nego; nego = nego->next) {
		if (nego->direction == direction && nego->has_msgid && nego->msgid == msgid) {
			return nego;
		}
	}
	return NULL;
}

/** Who began the exchange that a message is of; IKEv1 counts QM3 as a request too. */
static enum qm_direction direction_of(const struct qm_message *message)
{
	return message->incoming == message->request ? QM_DIRECTION_RESPONDER :
												   QM_DIRECTION_INITIATOR;
}

/** What a message says of the negotiation that it belongs to. */
static void follow(const struct qm_scene *scene, struct qm_nego *nego,
				   const struct qm_input *input)
{
	nego->exchange = input->message.exchange;
	nego->has_msgid = true;
	nego->msgid = input->message.msgid;
	nego->thread = input->thread;
	nego->input = scene->number;
	nego->ike->over[nego->direction] = (struct qm_count){ true, nego->msgid };
}

/** The one that begins: anew, or in IKEv2 the one that is tried again. */
static int begin(const struct qm_scene *scene, struct qm_ike *ike,
				 const struct qm_input *input)
{
	const enum qm_direction direction = direction_of(&input->message);
	struct qm_nego *nego = qm_nego_newest(ike, direction);
	int r = 0;

	if (input->message.version == 1 || !nego) {
		r = qm_table_add_nego(ike, direction, &nego);
	} else if (nego->wait == QM_WAIT_FAILED || nego->wait == QM_WAIT_UNSENT) {
		qm_nego_settle(scene, nego);
		r = qm_table_add_nego(ike, direction, &nego);
	}
	if (r < 0) {
		return r;
	}
	qm_table_reset_nego(scene->table, nego);
	nego->version = input->message.version;
	nego->state = input->message.incoming ? QM_NEGO_NONE : QM_NEGO_FIRST_SENT;
	if (direction == QM_DIRECTION_INITIATOR) {
		nego->child_sa = ike->born;
		ike->born = 0;
	}
	follow(scene, nego, input);
	return 0;
}

/** Keeps the first error of several: the later ones follow from it. */
static void note_error(struct qm_nego *nego, const struct qm_input *input)
{
	if (input->message.notify && !nego->notify) {
		nego->notify = input->message.notify;
		nego->notify_by = input->message.incoming ? QM_PARTY_PEER : QM_PARTY_LOCAL;
	}
}

/** Our answer with an error in it: the negotiation is over, or tried again. */
static int refuse(const struct qm_scene *scene, struct qm_nego *nego,
				  const struct qm_input *input)
{
	int r;

	if (input->message.notify == TEMPORARY_FAILURE) {
		qm_nego_drop(scene, nego);
		return 0;
	}
	note_error(nego, input);
	r = qm_nego_keep_ike_facts(nego, input);
	if (input->message.notify == INVALID_KE_PAYLOAD) {
		qm_table_set_wait(scene->table, nego, QM_WAIT_RETRY, input->time);
	} else {
		qm_nego_fail(scene, nego, input->time);
	}
	return r;
}

/** Whether an IKEv2 response is of the negotiation; authentication takes several. */
static bool answers(const struct qm_nego *nego, const struct qm_message *message)
{
	if (!nego || nego->wait == QM_WAIT_RETRY) {
		return false;
	}
	return message->exchange == QM_EXCHANGE_IKE_AUTH ?
			   nego->exchange == QM_EXCHANGE_IKE_AUTH : nego->msgid == message->msgid;
}

static int on_response(const struct qm_scene *scene, struct qm_nego *nego,
					   const struct qm_input *input)
{
	if (!answers(nego, &input->message)) {
		return 0;
	}
	follow(scene, nego, input);
	if (input->message.incoming) {
		note_error(nego, input);
		return 0;
	}
	if (input->message.notify) {
		return refuse(scene, nego, input);
	}
	if (input->message.child) {
		nego->state = QM_NEGO_FIRST_SENT;
	}
	/* authenticated, and no CHILD_SA was made: none was meant to be */
	if (nego->exchange == QM_EXCHANGE_IKE_AUTH && nego->ike->established) {
		qm_nego_drop(scene, nego);
	}
	return 0;
}

static int on_v2(const struct qm_scene *scene, struct qm_ike *ike,
				 const struct qm_input *input)
{
	const struct qm_message *message = &input->message;
	struct qm_nego *nego = qm_nego_newest(ike, direction_of(message));

	if (!message->request) {
		return on_response(scene, nego, input);
	}
	if (message->child) {
		return begin(scene, ike, input);
	}
	if (nego) {
		/* IKE_FOLLOWUP_KE */
		follow(scene, nego, input);
	}
	return 0;
}

/** Quick Mode: three messages of the same ID, the second of which is the response. */
static int on_quick_mode(const struct qm_scene *scene, struct qm_ike *ike,
						 const struct qm_input *input)
{
	const struct qm_message *message = &input->message;
	const enum qm_direction direction = direction_of(message);
	const struct qm_count over = ike->over[direction];
	struct qm_nego *nego = of_message(ike, direction, message->msgid);

	if (!nego) {
		return message->request && !(over.known && over.n == message->msgid) ?
				   begin(scene, ike, input) : 0;
	}
	follow(scene, nego, input);
	if (!message->incoming && message->request) {
		/* our third message: charon sends it once it has installed the CHILD_SA, so
		 * this was a success if we were told of its keys or not */
		qm_nego_drop(scene, nego);
		return 0;
	}
	if (!message->incoming) {
		nego->state = QM_NEGO_FIRST_SENT;
	}
	note_error(nego, input);
	return 0;
}

/**
 * An error that the peer sends in IKEv1. To a Quick Mode of ours charon takes it
 * as the end, and says so next; one of the peer's it leaves until the IKE_SA goes.
 */
static int hear(const struct qm_scene *scene, struct qm_ike *ike,
				const struct qm_input *input)
{
	struct qm_nego *ours = qm_nego_newest(ike, QM_DIRECTION_INITIATOR);
	struct qm_nego *nego = ours ? ours : qm_nego_newest(ike, QM_DIRECTION_RESPONDER);
	int r;

	if (!nego) {
		return 0;
	}
	note_error(nego, input);
	r = qm_nego_keep_ike_facts(nego, input);
	if (!ours) {
		qm_nego_tell(scene, nego, input->time);
	}
	return r;
}

/** The peer's newest that we have not answered, NULL for none. */
static struct qm_nego *unanswered(const struct qm_ike *ike)
{
	struct qm_nego *nego = qm_nego_newest(ike, QM_DIRECTION_RESPONDER);

	return nego && nego->state == QM_NEGO_NONE ? nego : NULL;
}

/**
 * An error that we send in IKEv1: it is about what its thread has just received,
 * and sent when the CHILD_SA, if there was one, has gone.
 */
static int complain(const struct qm_scene *scene, struct qm_ike *ike,
					const struct qm_input *input)
{
	struct qm_nego *nego = qm_nego_at_work(ike, input->thread);
	int r;

	if (!nego) {
		/* it had to wait for the end of an exchange of ours */
		nego = unanswered(ike);
	}
	if (!nego) {
		return 0;
	}
	switch (input->message.notify) {
	case INVALID_EXCHANGE_TYPE:
	case PAYLOAD_MALFORMED:
	case INVALID_HASH_INFORMATION:
		/* an answer to a packet that could not be read */
		return 0;
	case INVALID_PAYLOAD_TYPE:
		if (nego->direction == QM_DIRECTION_RESPONDER && !nego->child_failed) {
			/* the packet is told of, as one that makes no sense */
			qm_nego_drop(scene, nego);
			return 0;
		}
		break;
	default:
		break;
	}
	note_error(nego, input);
	r = qm_nego_keep_ike_facts(nego, input);
	if (nego->direction == QM_DIRECTION_RESPONDER || nego->child_failed) {
		qm_nego_tell(scene, nego, input->time);
	}
	if (nego->told && (nego->child_failed || !nego->child_sa)) {
		qm_nego_drop(scene, nego);
	}
	return r;
}

/** Whether a message can be the first that is heard of an IKE_SA. */
static bool opens(const struct qm_message *message)
{
	return message->child || message->exchange == QM_EXCHANGE_QUICK_MODE;
}

int qm_nego_message(const struct qm_scene *scene, const struct qm_input *input)
{
	const struct qm_message *message = &input->message;
	struct qm_ike *ike = qm_table_find_ike(scene->table, input->ike_sa);
	int r = 0;

	if (!ike && opens(message)) {
		r = qm_table_get_ike(scene->table, input->ike_sa, &ike);
	}
	if (!ike || ike->gone) {
		return r;
	}
	if (message->version != 1) {
		return on_v2(scene, ike, input);
	}
	if (message->exchange == QM_EXCHANGE_QUICK_MODE) {
		return on_quick_mode(scene, ike, input);
	}
	/* IKEv1's errors come in messages of their own */
	return message->incoming ? hear(scene, ike, input) : complain(scene, ike, input);
}
