/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger_nego.h"

#include <errno.h>
#include <stdlib.h>

#include "ledger_failure.h"

/** How long a thread may take to say what it says next of a failure. */
#define SETTLE_MS 5000

/** How long a peer may take to try another key exchange method: as long as
 * charon would retransmit (tries 5, timeout 4 s, base 1.8). */
#define RETRY_MS 165000

/** Error notifies (IANA; RFC 2408 section 3.14.1) that are not about a proposal. */
#define INVALID_PAYLOAD_TYPE 1
#define INVALID_EXCHANGE_TYPE 7
#define PAYLOAD_MALFORMED 16
#define INVALID_HASH_INFORMATION 23
/** And those after which the same is tried again. */
#define INVALID_KE_PAYLOAD 17
#define TEMPORARY_FAILURE 43

static void fail(const struct qm_scene *scene, struct qm_nego *nego, struct qm_time now)
{
	qm_failure_emit(scene, nego, now);
	qm_table_close_nego(scene->table, nego);
}

/** Judges a negotiation that has waited. */
static void settle(const struct qm_scene *scene, struct qm_nego *nego)
{
	/* two of the same name, and same selectors: charon gave up the second unsent */
	if (nego->wait == QM_WAIT_UNSENT && !nego->ike->down && !nego->ike->gone) {
		qm_table_close_nego(scene->table, nego);
	} else {
		fail(scene, nego, nego->since);
	}
}

/** Threads take the time before they queue, so it may go back a little. */
static bool is_older(const struct qm_nego *nego, struct qm_time now, int64_t ms)
{
	return (int64_t)(now.mono_ms - nego->since.mono_ms) >= ms;
}

/** Whether an input shows that no more is to come of a negotiation. */
static bool leaves(const struct qm_nego *nego, const struct qm_input *input)
{
	if (is_older(nego, input->time, SETTLE_MS)) {
		return true;
	}
	return nego->thread == input->thread &&
		   (nego->ike->ike_sa != input->ike_sa ||
			((input->type == QM_INPUT_MESSAGE || input->type == QM_INPUT_MESSAGE_ERROR) &&
			 input->message.incoming));
}

void qm_nego_before(const struct qm_scene *scene, const struct qm_input *input)
{
	struct qm_table *table = scene->table;
	struct qm_nego *nego, *next;

	for (nego = table->waiting; nego; nego = next) {
		next = nego->next;
		if (leaves(nego, input)) {
			settle(scene, nego);
		}
	}
	while (table->retrying && is_older(table->retrying, input->time, RETRY_MS)) {
		settle(scene, table->retrying);
	}
}

bool qm_nego_waits(const struct qm_table *table)
{
	return table->waiting || table->retrying;
}

void qm_nego_finish(const struct qm_scene *scene, struct qm_time now)
{
	struct qm_input end = { .type = QM_INPUT_TICK, .time = now };

	end.time.mono_ms += RETRY_MS;
	qm_nego_before(scene, &end);
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
}

static void begin(const struct qm_scene *scene, struct qm_nego *nego,
				  const struct qm_input *input)
{
	if (nego->wait == QM_WAIT_FAILED) {
		qm_failure_emit(scene, nego, nego->since);
	}
	qm_table_reset_nego(scene->table, nego);
	nego->open = true;
	nego->version = input->message.version;
	nego->state = input->message.incoming ? QM_NEGO_NONE : QM_NEGO_FIRST_SENT;
	follow(scene, nego, input);
}

/** Keeps the first error of several: the later ones follow from it. */
static void note_error(struct qm_nego *nego, const struct qm_input *input)
{
	if (!nego->notify) {
		nego->notify = input->message.notify;
		nego->notify_by = input->message.incoming ? QM_PARTY_PEER : QM_PARTY_LOCAL;
	}
}

static int keep_facts(struct qm_nego *nego, const struct qm_sa_facts *facts)
{
	if (!nego->facts) {
		nego->facts = malloc(sizeof(*nego->facts));
		if (!nego->facts) {
			return -ENOMEM;
		}
	}
	*nego->facts = *facts;
	return 0;
}

/** What is known of the IKE_SA, unless more is known. */
static int keep_ike_facts(struct qm_nego *nego, const struct qm_input *input)
{
	if (nego->facts || (input->type != QM_INPUT_MESSAGE_ERROR &&
						input->type != QM_INPUT_IKE_ABANDONED)) {
		return 0;
	}
	return keep_facts(nego, &input->sa);
}

/** Our answer with an error in it: the negotiation is over, or tried again. */
static int refuse(const struct qm_scene *scene, struct qm_nego *nego,
				  const struct qm_input *input)
{
	int r;

	if (input->message.notify == TEMPORARY_FAILURE) {
		qm_table_close_nego(scene->table, nego);
		return 0;
	}
	note_error(nego, input);
	r = keep_ike_facts(nego, input);
	if (input->message.notify == INVALID_KE_PAYLOAD) {
		qm_table_set_wait(scene->table, nego, QM_WAIT_RETRY, input->time);
	} else {
		fail(scene, nego, input->time);
	}
	return r;
}

/** Whether an IKEv2 response is of the negotiation; authentication takes several. */
static bool answers(const struct qm_nego *nego, const struct qm_message *message)
{
	if (!nego->open || nego->wait == QM_WAIT_RETRY) {
		return false;
	}
	return message->exchange == QM_EXCHANGE_IKE_AUTH ?
			   nego->exchange == QM_EXCHANGE_IKE_AUTH : nego->msgid == message->msgid;
}

static int on_v2_response(const struct qm_scene *scene, struct qm_nego *nego,
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
		qm_table_close_nego(scene->table, nego);
	}
	return 0;
}

static int on_v2(const struct qm_scene *scene, struct qm_ike *ike,
				 const struct qm_input *input)
{
	const struct qm_message *message = &input->message;
	struct qm_nego *nego = message->incoming == message->request ? &ike->theirs :
																   &ike->ours;

	if (!message->request) {
		return on_v2_response(scene, nego, input);
	}
	if (nego->open && message->exchange == QM_EXCHANGE_IKE_FOLLOWUP_KE) {
		follow(scene, nego, input);
	} else if (message->child) {
		begin(scene, nego, input);
	}
	return 0;
}

/** Quick Mode: three messages of the same ID, the second of which is the response. */
static int on_quick_mode(const struct qm_scene *scene, struct qm_ike *ike,
						 const struct qm_input *input)
{
	const struct qm_message *message = &input->message;
	struct qm_nego *nego = message->incoming == message->request ? &ike->theirs :
																   &ike->ours;
	bool same = nego->has_msgid && nego->msgid == message->msgid;

	if (!same && message->request) {
		begin(scene, nego, input);
	} else if (same && nego->open) {
		follow(scene, nego, input);
		if (!message->incoming) {
			nego->state = message->request ? QM_NEGO_FINAL_SENT : QM_NEGO_FIRST_SENT;
		}
	}
	return 0;
}

/** The negotiation that a thread is at work on, or else one that is under way. */
static struct qm_nego *at_work(struct qm_ike *ike, uint32_t thread)
{
	struct qm_nego *ours = &ike->ours, *theirs = &ike->theirs;
	bool on_ours = ours->open && ours->thread == thread;
	bool on_theirs = theirs->open && theirs->thread == thread &&
					 theirs->wait != QM_WAIT_RETRY;

	if (on_theirs && (!on_ours || theirs->input > ours->input)) {
		return theirs;
	}
	if (ours->open) {
		return ours;
	}
	return theirs->open && theirs->wait != QM_WAIT_RETRY ? theirs : NULL;
}

/**
 * An error that we send in IKEv1: it is about what its thread has just received,
 * and sent when the CHILD_SA, if there was one, has gone.
 */
static int complain(const struct qm_scene *scene, struct qm_nego *nego,
					const struct qm_input *input)
{
	int r;

	switch (input->message.notify) {
	case INVALID_EXCHANGE_TYPE:
	case PAYLOAD_MALFORMED:
	case INVALID_HASH_INFORMATION:
		/* an answer to a packet that could not be read */
		return 0;
	case INVALID_PAYLOAD_TYPE:
		if (nego->direction == QM_DIRECTION_RESPONDER && !nego->child_failed) {
			/* the packet is told of, as one that makes no sense */
			qm_table_close_nego(scene->table, nego);
			return 0;
		}
		break;
	default:
		break;
	}
	note_error(nego, input);
	r = keep_ike_facts(nego, input);
	if (nego->direction == QM_DIRECTION_RESPONDER || nego->child_failed) {
		fail(scene, nego, input->time);
	}
	return r;
}

/** IKEv1's errors come in messages of their own. */
static int on_informational(const struct qm_scene *scene, struct qm_ike *ike,
							const struct qm_input *input)
{
	struct qm_nego *nego = at_work(ike, input->thread);

	if (!nego || !input->message.notify) {
		return 0;
	}
	if (!input->message.incoming) {
		return nego->thread == input->thread ? complain(scene, nego, input) : 0;
	}
	nego = ike->ours.open ? &ike->ours : nego;
	note_error(nego, input);
	return keep_ike_facts(nego, input);
}

int qm_nego_message(const struct qm_scene *scene, const struct qm_input *input)
{
	struct qm_ike *ike = qm_table_find_ike(scene->table, input->ike_sa);
	int r = 0;

	if (!ike && (input->message.child ||
				 input->message.exchange == QM_EXCHANGE_QUICK_MODE)) {
		r = qm_table_get_ike(scene->table, input->ike_sa, &ike);
	}
	if (!ike) {
		return r;
	}
	if (input->message.version != 1) {
		return on_v2(scene, ike, input);
	}
	return input->message.exchange == QM_EXCHANGE_QUICK_MODE ?
			   on_quick_mode(scene, ike, input) : on_informational(scene, ike, input);
}

int qm_nego_alert(const struct qm_scene *scene, const struct qm_input *input)
{
	struct qm_ike *ike = qm_table_find_ike(scene->table, input->ike_sa);
	struct qm_nego *nego = ike ? at_work(ike, input->thread) : NULL;

	if (!nego) {
		return 0;
	}
	if (nego->alert == QM_FAILURE_UNKNOWN) {
		nego->alert = input->alert;
	}
	if (input->type != QM_INPUT_ALERT_OFFER || nego->offer) {
		return 0;
	}
	nego->offer = malloc(sizeof(*nego->offer));
	if (!nego->offer) {
		return -ENOMEM;
	}
	*nego->offer = input->offer;
	return 0;
}

/** A CHILD_SA of which no message was seen: it went before its request did. */
static int never_sent(const struct qm_scene *scene, struct qm_ike *ike,
					  const struct qm_input *input)
{
	struct qm_nego *nego = &ike->ours;
	int r;

	if (nego->wait == QM_WAIT_FAILED) {
		qm_failure_emit(scene, nego, nego->since);
	}
	qm_table_reset_nego(scene->table, nego);
	nego->open = true;
	nego->version = input->sa.ike_version;
	nego->state = QM_NEGO_NONE;
	nego->thread = input->thread;
	nego->child_failed = true;
	nego->has_msgid = false;
	r = keep_facts(nego, &input->sa);
	qm_table_set_wait(scene->table, nego, QM_WAIT_UNSENT, input->time);
	return r;
}

/**
 * Whether all is known of a negotiation whose CHILD_SA has gone. In IKEv2 our
 * answer is still to come where we are the responder. In IKEv1 charon may have
 * made another CHILD_SA for the same, which has keys next; or the notify that says
 * why is still to be sent.
 */
static bool is_settled(const struct qm_nego *nego)
{
	const struct qm_ike *ike = nego->ike;

	if (nego->version == 2) {
		return nego->direction == QM_DIRECTION_INITIATOR;
	}
	return ike->cause == QM_CAUSE_TIMEOUT || ike->down || ike->gone ||
		   (nego->direction == QM_DIRECTION_INITIATOR && nego->notify);
}

int qm_nego_child_failed(const struct qm_scene *scene, const struct qm_input *input)
{
	struct qm_ike *ike = qm_table_find_ike(scene->table, input->ike_sa);
	struct qm_nego *nego = ike ? at_work(ike, input->thread) : NULL;
	int r;

	if (!nego || nego->child_failed) {
		if (ike && input->sa.ike_version == 2) {
			return never_sent(scene, ike, input);
		}
		qm_failure_orphan(scene, ike, input);
		return 0;
	}
	nego->child_failed = true;
	nego->installing = input->installing;
	r = keep_facts(nego, &input->sa);
	if (nego == &ike->ours && nego->version == 2 &&
		nego->notify == TEMPORARY_FAILURE) {
		qm_table_close_nego(scene->table, nego);
	} else if (is_settled(nego)) {
		fail(scene, nego, input->time);
	} else if (nego->version == 1) {
		nego->thread = input->thread;
		qm_table_set_wait(scene->table, nego, QM_WAIT_FAILED, input->time);
	}
	return r;
}

void qm_nego_succeeded(const struct qm_scene *scene, const struct qm_sa_facts *sa)
{
	struct qm_ike *ike = qm_table_find_ike(scene->table, sa->ike_sa);

	if (ike && sa->direction == QM_DIRECTION_INITIATOR) {
		qm_table_close_nego(scene->table, &ike->ours);
	} else if (ike && sa->direction == QM_DIRECTION_RESPONDER) {
		qm_table_close_nego(scene->table, &ike->theirs);
	}
}

/** Its CHILD_SA, where there is one, is still to be said to go. */
static int abandon(const struct qm_scene *scene, struct qm_nego *nego,
				   const struct qm_input *input)
{
	int r;

	if (!nego->open) {
		return 0;
	}
	r = keep_ike_facts(nego, input);
	nego->thread = input->thread;
	if (nego->wait == QM_WAIT_NOTHING || nego->wait == QM_WAIT_RETRY) {
		qm_table_set_wait(scene->table, nego, QM_WAIT_FAILED, input->time);
	}
	return r;
}

int qm_nego_ike_gone(const struct qm_scene *scene, struct qm_ike *ike,
					 const struct qm_input *input)
{
	int r = abandon(scene, &ike->ours, input);
	int e = abandon(scene, &ike->theirs, input);

	return r ? r : e;
}
