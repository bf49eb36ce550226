/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger_nego.h"

#include <errno.h>
#include <stdlib.h>

#include "ledger_failure.h"

/** How long a thread may take to say what it says next of a failure. */
#define SETTLE_MS 5000

/** How long it may take until something is tried again: as long as charon would
 * retransmit (tries 5, timeout 4 s, base 1.8). */
#define RETRY_MS 165000

/** Error notify (IANA) after which the same is tried again. */
#define TEMPORARY_FAILURE 43

void qm_nego_drop(const struct qm_scene *scene, struct qm_nego *nego)
{
	qm_table_drop_nego(scene->table, nego);
}

void qm_nego_tell(const struct qm_scene *scene, struct qm_nego *nego,
				  struct qm_time when)
{
	if (!nego->told) {
		qm_failure_emit(scene, nego, when);
	}
	nego->told = true;
}

void qm_nego_fail(const struct qm_scene *scene, struct qm_nego *nego,
				  struct qm_time now)
{
	qm_nego_tell(scene, nego, now);
	qm_nego_drop(scene, nego);
}

void qm_nego_settle(const struct qm_scene *scene, struct qm_nego *nego)
{
	/* charon gives up a second one of the same name and selectors, before it has
	 * an SPI */
	const bool duplicate = nego->wait == QM_WAIT_UNSENT && !nego->ike->down &&
						   !nego->ike->gone && nego->facts && !nego->facts->in_spi;

	if (duplicate) {
		qm_nego_drop(scene, nego);
	} else {
		qm_nego_fail(scene, nego, nego->since);
	}
}

/** Threads take the time before they queue, so it may go back a little. */
static bool is_older(const struct qm_nego *nego, struct qm_time now, int64_t ms)
{
	return (int64_t)(now.mono_ms - nego->since.mono_ms) >= ms;
}

static bool is_incoming(const struct qm_input *input)
{
	return (input->type == QM_INPUT_MESSAGE || input->type == QM_INPUT_MESSAGE_ERROR) &&
		   input->message.incoming;
}

/**
 * Whether an input begins an end of the IKE_SA that a negotiation was over before:
 * where it is what brings a negotiation down, charon says so first.
 */
static bool comes_after(const struct qm_nego *nego, const struct qm_input *input)
{
	switch (input->type) {
	case QM_INPUT_IKE_CAUSE:
	case QM_INPUT_IKE_DELETING:
	case QM_INPUT_IKE_DOWN:
		return nego->child_failed;
	case QM_INPUT_IKE_DESTROYING:
	case QM_INPUT_IKE_ABANDONED:
		/* of what was never sent this is part of the same */
		return nego->child_failed && nego->wait != QM_WAIT_UNSENT;
	default:
		return false;
	}
}

/**
 * Whether an input shows that no more is to come of a negotiation: its thread is at
 * another IKE_SA or message, or another thread has the IKE_SA.
 */
static bool leaves(const struct qm_nego *nego, const struct qm_input *input)
{
	const bool same_ike = nego->ike->ike_sa == input->ike_sa;

	if (is_older(nego, input->time, SETTLE_MS) ||
		(same_ike && comes_after(nego, input))) {
		return true;
	}
	return nego->thread == input->thread ? !same_ike || is_incoming(input) : same_ike;
}

void qm_nego_before(const struct qm_scene *scene, const struct qm_input *input)
{
	struct qm_table *table = scene->table;
	struct qm_nego *nego, *next;

	for (nego = table->waiting; nego; nego = next) {
		next = nego->wait_next;
		if (leaves(nego, input)) {
			qm_nego_settle(scene, nego);
		}
	}
	while (table->retrying && is_older(table->retrying, input->time, RETRY_MS)) {
		qm_nego_settle(scene, table->retrying);
	}
}

bool qm_nego_waits(const struct qm_table *table)
{
	return table->waiting || table->retrying;
}

void qm_nego_finish(const struct qm_scene *scene)
{
	while (scene->table->waiting) {
		qm_nego_settle(scene, scene->table->waiting);
	}
	while (scene->table->retrying) {
		qm_nego_settle(scene, scene->table->retrying);
	}
}

struct qm_nego *qm_nego_newest(const struct qm_ike *ike, enum qm_direction direction)
{
	struct qm_nego *nego, *found = NULL;

	for (nego = ike->negos; nego; nego = nego->next) {
		if (nego->direction == direction && (!found || nego->input > found->input)) {
			found = nego;
		}
	}
	return found;
}

struct qm_nego *qm_nego_at_work(const struct qm_ike *ike, uint32_t thread)
{
	struct qm_nego *nego, *found = NULL;

	for (nego = ike->negos; nego; nego = nego->next) {
		if (nego->thread == thread && nego->wait != QM_WAIT_RETRY &&
			(!found || nego->input > found->input)) {
			found = nego;
		}
	}
	return found;
}

/** The one that is to make a CHILD_SA. */
static struct qm_nego *of_child(const struct qm_ike *ike, uint32_t child_sa)
{
	struct qm_nego *nego;

	for (nego = ike->negos; nego; nego = nego->next) {
		if (child_sa && nego->child_sa == child_sa) {
			return nego;
		}
	}
	return NULL;
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

int qm_nego_keep_ike_facts(struct qm_nego *nego, const struct qm_input *input)
{
	if (nego->facts || (input->type != QM_INPUT_MESSAGE_ERROR &&
						input->type != QM_INPUT_IKE_ABANDONED)) {
		return 0;
	}
	return keep_facts(nego, &input->sa);
}

/** Alerts about who the peer is are about whatever is under way. */
static struct qm_nego *of_alert(const struct qm_ike *ike, const struct qm_input *input)
{
	struct qm_nego *nego = of_child(ike, input->child_sa);

	if (!nego) {
		nego = qm_nego_at_work(ike, input->thread);
	}
	if (!nego && (input->alert == QM_FAILURE_LOCAL_AUTH ||
				  input->alert == QM_FAILURE_PEER_AUTH)) {
		nego = qm_nego_newest(ike, QM_DIRECTION_INITIATOR);
		nego = nego ? nego : qm_nego_newest(ike, QM_DIRECTION_RESPONDER);
	}
	return nego;
}

int qm_nego_alert(const struct qm_scene *scene, const struct qm_input *input)
{
	struct qm_ike *ike = qm_table_find_ike(scene->table, input->ike_sa);
	struct qm_nego *nego = ike ? of_alert(ike, input) : NULL;

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

int qm_nego_child_born(const struct qm_scene *scene, const struct qm_input *input)
{
	struct qm_nego *nego;
	struct qm_ike *ike;
	int r;

	r = qm_table_get_ike(scene->table, input->ike_sa, &ike);
	if (r < 0 || ike->gone) {
		return r;
	}
	if (input->direction == QM_DIRECTION_INITIATOR) {
		ike->born = input->child_sa;
		return 0;
	}
	nego = qm_nego_at_work(ike, input->thread);
	if (!nego || nego->direction != QM_DIRECTION_RESPONDER) {
		/* authentications go on on another thread */
		nego = qm_nego_newest(ike, QM_DIRECTION_RESPONDER);
	}
	if (nego) {
		/* IKEv1: in place of one that went, when the third message comes */
		qm_table_set_wait(scene->table, nego, QM_WAIT_NOTHING, input->time);
		nego->child_failed = false;
		nego->child_sa = input->child_sa;
	}
	return 0;
}

void qm_nego_succeeded(const struct qm_scene *scene, const struct qm_sa_facts *sa)
{
	struct qm_ike *ike = qm_table_find_ike(scene->table, sa->ike_sa);
	struct qm_nego *nego = ike ? of_child(ike, sa->child_sa) : NULL;

	if (ike && !nego && sa->direction != QM_DIRECTION_UNKNOWN) {
		nego = qm_nego_newest(ike, sa->direction);
	}
	if (nego) {
		qm_nego_drop(scene, nego);
	}
}

/** A CHILD_SA of which no message was seen: it went before its request did. */
static int never_sent(const struct qm_scene *scene, const struct qm_input *input)
{
	struct qm_nego *nego;
	struct qm_ike *ike;
	int r;

	r = qm_table_get_ike(scene->table, input->ike_sa, &ike);
	if (!r) {
		r = qm_table_add_nego(ike, QM_DIRECTION_INITIATOR, &nego);
	}
	if (r) {
		return r;
	}
	ike->born = 0;
	nego->version = input->sa.ike_version;
	nego->state = QM_NEGO_NONE;
	nego->thread = input->thread;
	nego->child_sa = input->sa.child_sa;
	nego->child_failed = true;
	r = keep_facts(nego, &input->sa);
	qm_table_set_wait(scene->table, nego, QM_WAIT_UNSENT, input->time);
	return r;
}

/** Whether a negotiation knows of no CHILD_SA, and may have one all the same. */
static bool may_have_child(const struct qm_nego *nego)
{
	/* of what we refused charon has destroyed it */
	const bool refused = nego->wait == QM_WAIT_RETRY &&
						 nego->direction == QM_DIRECTION_RESPONDER;

	return !nego->child_sa && !nego->child_failed && !refused;
}

/**
 * The negotiation of a CHILD_SA that went, where that was not told: the one that
 * the thread is at work on, else one of ours, else one of the peer's.
 */
static struct qm_nego *guess(const struct qm_ike *ike, const struct qm_input *input)
{
	struct qm_nego *found = qm_nego_at_work(ike, input->thread);
	struct qm_nego *nego;

	if (found && may_have_child(found)) {
		return found;
	}
	found = NULL;
	for (nego = ike->negos; nego; nego = nego->next) {
		if (may_have_child(nego) &&
			(!found || nego->direction == QM_DIRECTION_INITIATOR)) {
			found = nego;
		}
	}
	if (!found) {
		/* ours, made anew without a word: no other can be under way */
		nego = qm_nego_newest(ike, QM_DIRECTION_INITIATOR);
		found = nego && nego->version == 2 && nego->wait == QM_WAIT_NOTHING ? nego : NULL;
	}
	return found;
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

	if (nego->told) {
		return true;
	}
	if (nego->version == 2) {
		return nego->direction == QM_DIRECTION_INITIATOR;
	}
	return ike->cause == QM_CAUSE_TIMEOUT || ike->down || ike->gone ||
		   (nego->direction == QM_DIRECTION_INITIATOR && nego->notify);
}

static int on_child_failed(const struct qm_scene *scene, struct qm_nego *nego,
						   const struct qm_input *input)
{
	int r;

	r = keep_facts(nego, &input->sa);
	if (nego->wait == QM_WAIT_RETRY) {
		return r;
	}
	nego->child_failed = true;
	nego->installing = input->installing;
	if (nego->direction == QM_DIRECTION_INITIATOR && nego->version == 2 &&
		nego->notify == TEMPORARY_FAILURE) {
		qm_nego_drop(scene, nego);
	} else if (is_settled(nego)) {
		qm_nego_fail(scene, nego, input->time);
	} else if (nego->version == 1) {
		nego->thread = input->thread;
		qm_table_set_wait(scene->table, nego, QM_WAIT_FAILED, input->time);
	}
	return r;
}

int qm_nego_child_failed(const struct qm_scene *scene, const struct qm_input *input)
{
	struct qm_ike *ike = qm_table_find_ike(scene->table, input->ike_sa);
	struct qm_nego *nego = ike ? of_child(ike, input->child_sa) : NULL;

	if (ike && ike->born == input->child_sa) {
		ike->born = 0;
	}
	if (ike && !nego) {
		nego = guess(ike, input);
	}
	if (nego) {
		return on_child_failed(scene, nego, input);
	}
	if (input->sa.ike_version != 1 && !input->unestablished) {
		return never_sent(scene, input);
	}
	qm_failure_orphan(scene, ike, input);
	return 0;
}

void qm_nego_ike_auth(const struct qm_scene *scene, const struct qm_ike *ike,
					  const struct qm_input *input)
{
	struct qm_nego *nego = qm_nego_newest(ike, QM_DIRECTION_RESPONDER);

	if (nego) {
		nego->thread = input->thread;
		nego->input = scene->number;
	}
}

void qm_nego_ike_reset(const struct qm_scene *scene, struct qm_ike *ike,
					   const struct qm_input *input)
{
	struct qm_nego *nego = qm_nego_newest(ike, QM_DIRECTION_INITIATOR);

	if (nego && nego->wait == QM_WAIT_NOTHING) {
		if (ike->cause == QM_CAUSE_TIMEOUT) {
			nego->alert = QM_FAILURE_TIMEOUT;
		}
		qm_table_set_wait(scene->table, nego, QM_WAIT_RETRY, input->time);
	}
	ike->cause = QM_CAUSE_NONE;
}

/** What a CHILD_SA that goes with the IKE_SA knows of that. @return 0, -ENOMEM */
static int keep_peer(struct qm_nego *nego)
{
	const struct qm_sa *sibling = nego->ike->children;
	struct qm_sa_facts facts = { .ike_version = nego->version };

	if (nego->facts || !sibling) {
		return 0;
	}
	facts.local = sibling->facts.local;
	facts.remote = sibling->facts.remote;
	facts.vip = sibling->facts.vip;
	facts.conn_name = sibling->facts.conn_name;
	facts.local_id = sibling->facts.local_id;
	facts.remote_id = sibling->facts.remote_id;
	facts.acct = sibling->facts.acct;
	return keep_facts(nego, &facts);
}

int qm_nego_ike_gone(const struct qm_scene *scene, struct qm_ike *ike,
					 const struct qm_input *input)
{
	struct qm_nego *nego;
	int r = 0;

	for (nego = ike->negos; nego; nego = nego->next) {
		int e = qm_nego_keep_ike_facts(nego, input);

		e = e ? e : keep_peer(nego);
		/* its CHILD_SA, where there is one, is still to be said to go */
		nego->thread = input->thread;
		if (nego->wait == QM_WAIT_NOTHING || nego->wait == QM_WAIT_RETRY) {
			qm_table_set_wait(scene->table, nego, QM_WAIT_FAILED, input->time);
		}
		r = r ? r : e;
	}
	return r;
}
