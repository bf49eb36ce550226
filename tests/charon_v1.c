/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happens to IKEv1 IKE_SAs and their CHILD_SAs, after quick_mode.c,
 * quick_delete.c, isakmp_delete.c and task_manager_v1.c of charon.
 */
#include "charon_model.h"

static bool establish(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	uint8_t child = qm_model_new_child(model, ike, qm_model_once_in(model, 2));

	if (child) {
		qm_steps_up(model, job, child);
	}
	return child;
}

static bool fail(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	uint8_t child = qm_model_new_child(model, ike, false);

	if (child) {
		qm_step_state(model, job, child, QM_CHILD_DESTROYING);
	}
	return child;
}

/** A Quick Mode for the same traffic, by either side. */
static bool rekey(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	uint8_t old = qm_model_pick(model, ike, STAGE_INSTALLED);
	uint8_t new = old ? qm_model_new_child(model, ike, qm_model_once_in(model, 2)) : 0;

	if (!new) {
		return false;
	}
	qm_steps_install(model, job, new);
	qm_steps_rekey(model, job, old, new);
	qm_step_state(model, job, old, QM_CHILD_REKEYED);
	model->child[old].stage = STAGE_REKEYED;
	return true;
}

static void delete(struct qm_model *model, struct qm_job *job, uint8_t child,
				   enum qm_reason reason, enum qm_party party, bool redundant)
{
	const bool rekeyed = model->child[child].stage == STAGE_REKEYED;

	qm_blame(qm_step_state(model, job, child, QM_CHILD_DELETING), reason, party);
	if (!rekeyed && !redundant) {
		qm_steps_down(model, job, child);
	}
	qm_step_state(model, job, child, QM_CHILD_DESTROYING);
}

/** The peer deletes one, by either of its SPIs; one of several without a down. */
static bool peer_delete(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	uint8_t child = qm_model_pick(model, ike, qm_model_once_in(model, 2) ?
								  STAGE_INSTALLED : STAGE_REKEYED);

	if (child) {
		qm_step_peer_delete(model, job, ike, child, 0);
		job->steps[job->count - 1].arg = qm_model_once_in(model, 2);
		delete(model, job, child, QM_REASON_DELETED, QM_PARTY_PEER,
			   qm_model_once_in(model, 4));
	}
	return child;
}

/** A user does, or the hard lifetime. */
static bool delete_one(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	uint8_t child = qm_model_pick(model, ike, qm_model_once_in(model, 2) ?
								  STAGE_INSTALLED : STAGE_REKEYED);

	if (child && (model->child[child].expired || qm_model_once_in(model, 3))) {
		/* an IKE_SA that is to go soon lends its reason: they look the same */
		delete(model, job, child,
			   model->ike[ike].replaced ? QM_REASON_REPLACED : QM_REASON_DELETED,
			   QM_PARTY_LOCAL, false);
		return true;
	}
	return false;
}

void qm_v1_delete_all(struct qm_model *model, struct qm_job *job, uint8_t ike,
					  enum qm_reason reason)
{
	unsigned i;

	for (i = 1; i <= model->children; i++) {
		const struct qm_model_child *c = &model->child[i];

		if (c->ike == ike && (c->stage == STAGE_INSTALLED || c->stage == STAGE_REKEYED)) {
			delete(model, job, (uint8_t)i, reason, QM_PARTY_LOCAL, false);
		}
	}
	qm_step_ike(model, job, QM_INPUT_IKE_DELETING, ike);
	qm_step_ike(model, job, QM_INPUT_IKE_DOWN, ike);
	qm_steps_ike_destroy(model, job, ike);
}

static bool terminate(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	qm_v1_delete_all(model, job, ike, model->ike[ike].replaced ? QM_REASON_REPLACED :
																 QM_REASON_DELETED);
	return true;
}

static bool lifetime_over(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	qm_step_cause(model, job, ike, QM_CAUSE_EXPIRED);
	qm_v1_delete_all(model, job, ike, QM_REASON_IKE_EXPIRED);
	return true;
}

static bool to_be_replaced(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	qm_step_cause(model, job, ike, QM_CAUSE_REPLACED);
	model->ike[ike].replaced = true;
	return true;
}

static bool peer_terminates(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	qm_step_ike(model, job, QM_INPUT_PEER_DELETE, ike)->deletes_ike = true;
	qm_blame_ike(qm_step_ike(model, job, QM_INPUT_IKE_DELETING, ike),
				 QM_REASON_IKE_DELETED, QM_PARTY_PEER);
	qm_step_ike(model, job, QM_INPUT_IKE_DELETING, ike);
	qm_steps_ike_dies(model, job, ike, QM_REASON_IKE_DELETED, QM_PARTY_PEER);
	return true;
}

static bool peer_is_dead(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	qm_step_cause(model, job, ike, QM_CAUSE_TIMEOUT);
	qm_steps_ike_dies(model, job, ike, QM_REASON_DPD, QM_PARTY_LOCAL);
	return true;
}

/** A message that cannot be parsed; IKEv1 carries on. */
static bool parse_error(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	if (model->ike[ike].replaced) {
		return false;
	}
	qm_step_cause(model, job, ike, QM_CAUSE_PARSE_ERROR);
	return true;
}

static void adopt(struct qm_model *model, struct qm_job *job, uint8_t from, uint8_t to)
{
	unsigned i;

	qm_step_ike(model, job, QM_INPUT_IKE_MOVED, from)->arg = to;
	for (i = 1; i <= model->children; i++) {
		if (model->child[i].ike == from) {
			model->child[i].ike = to;
		}
	}
	model->ike[from].stage = IKE_LEFT;
}

/** We reauthenticate: the CHILD_SAs move before the new IKE_SA is up. */
static bool reauthenticate(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	uint8_t new = qm_model_new_ike(model, job, 1, IKE_CONNECTING);

	if (!new) {
		return false;
	}
	adopt(model, job, ike, new);
	if (model->variant != QM_MODEL_5_9 && qm_model_once_in(model, 2)) {
		/* it gets another SPI */
		qm_step_ike(model, job, QM_INPUT_IKE_MOVED, new)->arg = new;
	}
	return true;
}

/** The peer reauthenticates: the new IKE_SA adopts the CHILD_SAs. */
static bool peer_reauthenticates(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	uint8_t new = qm_model_new_ike(model, job, 1, IKE_UP);

	if (!new) {
		return false;
	}
	qm_step_cause(model, job, ike, QM_CAUSE_REPLACED);
	adopt(model, job, ike, new);
	qm_step_ike(model, job, QM_INPUT_IKE_UP, new);
	return true;
}

const qm_happening_t qm_v1_happenings[] = {
	establish, establish, establish, fail, rekey, rekey, rekey, rekey, peer_delete,
	peer_delete, delete_one, delete_one, terminate, lifetime_over, to_be_replaced,
	peer_terminates, peer_is_dead, parse_error, reauthenticate, reauthenticate,
	peer_reauthenticates,
	NULL,
};
