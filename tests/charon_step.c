/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Steps of the model, alone and in the groups in which charon tells them.
 */
#include <stdlib.h>
#include <string.h>

#include "charon_model.h"
#include "history.h"

static struct qm_step *add(struct qm_job *job, enum qm_input_type type)
{
	struct qm_step *step;

	if (job->count == QM_MODEL_QUEUE) {
		abort();
	}
	step = &job->steps[job->count++];
	*step = (struct qm_step){ .type = type, .thread = job->thread };
	return step;
}

struct qm_step *qm_step_child(struct qm_model *model, struct qm_job *job,
							  enum qm_input_type type, uint8_t child)
{
	const struct qm_model_child *c = &model->child[child];
	struct qm_step *step = add(job, type);

	step->child = child;
	step->ike = c->ike;
	step->version = model->ike[c->ike].version;
	step->direction = c->by_us ? QM_DIRECTION_INITIATOR : QM_DIRECTION_RESPONDER;
	step->old = c->old;
	step->rekeys = c->rekeys;
	return step;
}

struct qm_step *qm_step_state(struct qm_model *model, struct qm_job *job, uint8_t child,
							  enum qm_child_state state)
{
	struct qm_step *step = qm_step_child(model, job, QM_INPUT_CHILD_STATE, child);

	step->arg = state;
	if (state == QM_CHILD_DESTROYING) {
		model->child[child].stage = STAGE_GONE;
	} else if (state == QM_CHILD_REKEYED) {
		step->blames_child = true;
		step->reason = QM_REASON_REKEYED;
	}
	return step;
}

struct qm_step *qm_step_ike(struct qm_model *model, struct qm_job *job,
							enum qm_input_type type, uint8_t ike)
{
	struct qm_step *step = add(job, type);

	step->ike = ike;
	if (type == QM_INPUT_INITIAL_CONTACT) {
		model->contacts += !model->ike[ike].contact;
		model->ike[ike].contact = true;
	}
	return step;
}

void qm_step_cause(struct qm_model *model, struct qm_job *job, uint8_t ike,
				   enum qm_ike_cause cause)
{
	qm_step_ike(model, job, QM_INPUT_IKE_CAUSE, ike)->arg = cause;
}

void qm_step_peer_delete(struct qm_model *model, struct qm_job *job, uint8_t ike,
						 uint8_t one, uint8_t two)
{
	struct qm_step *step = qm_step_ike(model, job, QM_INPUT_PEER_DELETE, ike);

	step->deletes = 1 + (two > 0);
	step->deleted[0] = one;
	step->deleted[1] = two;
}

void qm_blame(struct qm_step *step, enum qm_reason reason, enum qm_party party)
{
	step->blames_child = true;
	step->reason = reason;
	step->party = party;
}

void qm_blame_ike(struct qm_step *step, enum qm_reason reason, enum qm_party party)
{
	step->blames_ike = true;
	step->reason = reason;
	step->party = party;
}

void qm_steps_install(struct qm_model *model, struct qm_job *job, uint8_t child)
{
	qm_step_child(model, job, QM_INPUT_KEYS, child);
	qm_step_state(model, job, child, QM_CHILD_INSTALLED);
}

void qm_steps_up(struct qm_model *model, struct qm_job *job, uint8_t child)
{
	qm_steps_install(model, job, child);
	qm_step_child(model, job, QM_INPUT_UP, child)->announces = true;
}

void qm_steps_rekey(struct qm_model *model, struct qm_job *job, uint8_t old, uint8_t new)
{
	struct qm_model_child *c = &model->child[new];
	struct qm_step *step;

	c->old = old;
	c->rekeys = model->child[old].rekeys + 1;
	c->quiet = false;
	step = qm_step_child(model, job, QM_INPUT_REKEY, new);
	step->arg = old;
	step->announces = true;
	step->replaces = old;
	step->party = c->by_us ? QM_PARTY_LOCAL : QM_PARTY_PEER;
}

void qm_steps_down(struct qm_model *model, struct qm_job *job, uint8_t child)
{
	struct qm_step *step = qm_step_child(model, job, QM_INPUT_DOWN, child);

	step->announces = model->child[child].quiet;
	model->child[child].quiet = false;
}

static bool is_said_down(const struct qm_model *model, enum qm_child_stage stage)
{
	switch (stage) {
	case STAGE_INSTALLED:
	case STAGE_REKEYING:
	case STAGE_DELETING:
	case STAGE_UNCONCLUDED:
	case STAGE_KEPT:
	case STAGE_PEER_KEPT:
		return true;
	case STAGE_REKEYED_DELETING:
		return model->variant != QM_MODEL_6_0_5;
	default:
		return false;
	}
}

/** A REKEYING one that the peer has rekeyed meanwhile is REKEYED for charon. */
static bool is_collided(const struct qm_model *model, const struct qm_model_child *c)
{
	return c->stage == STAGE_REKEYING && c->partner &&
		   model->child[c->partner].stage != STAGE_PEER_KEPT;
}

void qm_steps_downs(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	unsigned i;

	for (i = 1; i <= model->children; i++) {
		const struct qm_model_child *c = &model->child[i];

		if (c->ike == ike && is_said_down(model, c->stage) && !is_collided(model, c)) {
			qm_steps_down(model, job, (uint8_t)i);
		}
	}
}

struct qm_step *qm_steps_ike_destroy(struct qm_model *model, struct qm_job *job,
									 uint8_t ike)
{
	struct qm_step *step = qm_step_ike(model, job, QM_INPUT_IKE_DESTROYING, ike);
	unsigned i;

	for (i = model->children; i; i--) {
		const struct qm_model_child *c = &model->child[i];

		if (c->ike == ike && c->stage != STAGE_GONE && c->stage != STAGE_NONE) {
			qm_step_state(model, job, (uint8_t)i, QM_CHILD_DESTROYING);
		}
	}
	model->ike[ike].stage = IKE_GONE;
	return step;
}

void qm_steps_ike_dies(struct qm_model *model, struct qm_job *job, uint8_t ike,
					   enum qm_reason reason, enum qm_party party)
{
	qm_blame_ike(qm_step_ike(model, job, QM_INPUT_IKE_DOWN, ike), reason, party);
	qm_steps_downs(model, job, ike);
	qm_blame_ike(qm_steps_ike_destroy(model, job, ike), reason, party);
}

static void set_deleted(const struct qm_step *step, struct qm_input *input)
{
	struct qm_sa_facts facts;
	unsigned i;

	input->deleted.ike = step->deletes_ike;
	input->deleted.count = step->deletes;
	for (i = 0; i < step->deletes; i++) {
		qm_history_facts(&facts, step->deleted[i], 0, 0, 0, 0);
		/* IKEv1 peers name one or the other */
		input->deleted.spi[i] = step->arg ? facts.in_spi : facts.out_spi;
	}
}

enum qm_satype qm_model_satype(uint8_t child)
{
	return child % 5 ? QM_SATYPE_ESP : QM_SATYPE_AH;
}

static void set_facts(const struct qm_step *step, const struct qm_model *model,
					  struct qm_input *input)
{
	qm_history_facts(&input->sa, step->child, step->ike, step->version,
					 qm_model_satype(step->child), model->host[step->ike]);
	if (step->type == QM_INPUT_KEYS) {
		input->sa.direction = step->direction;
	}
}

static void set_addresses(const struct qm_step *step, struct qm_input *input)
{
	struct qm_sa_facts facts;

	qm_history_facts(&facts, step->child, 0, 0, qm_model_satype(step->child), step->arg);
	if (step->type == QM_INPUT_IKE_HOSTS) {
		input->hosts.local = facts.local;
		input->hosts.remote = facts.remote;
	} else {
		input->expired.satype = facts.satype;
		input->expired.spi = step->deleted[0] ? facts.out_spi : facts.in_spi;
		input->expired.dst = step->deleted[0] ? facts.remote : facts.local;
		input->expired.dst.port = 0;
	}
}

void qm_model_input(const struct qm_step *step, const struct qm_model *model,
					struct qm_input *ret)
{
	ret->type = step->type;
	ret->thread = step->thread;
	ret->time = qm_history_time(model->steps);
	ret->ike_sa = step->ike;
	ret->child_sa = step->child;
	switch (step->type) {
	case QM_INPUT_KEYS:
	case QM_INPUT_UP:
	case QM_INPUT_REKEY:
		ret->old_child_sa = step->arg;
		if (model->brief && step->type != QM_INPUT_KEYS) {
			ret->type = QM_INPUT_ANNOUNCED;
		} else {
			set_facts(step, model, ret);
		}
		break;
	case QM_INPUT_PEER_DELETE:
		set_deleted(step, ret);
		break;
	case QM_INPUT_IKE_HOSTS:
	case QM_INPUT_EXPIRED:
		set_addresses(step, ret);
		break;
	case QM_INPUT_CHILD_STATE:
		ret->state = step->arg;
		break;
	case QM_INPUT_IKE_CAUSE:
		ret->cause = step->arg;
		break;
	default:
		ret->new_ike_sa = step->arg;
		break;
	}
}
