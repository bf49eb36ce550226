/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happens to IKEv2 IKE_SAs, and what needs none that is up, after ike_sa.c,
 * ike_sa_manager.c, ike_auth.c, ike_delete.c and ike_rekey.c of charon.
 */
#include "charon_model.h"
#include "history.h"

static enum qm_reason own_reason(const struct qm_model *model, uint8_t ike)
{
	return model->ike[ike].replaced ? QM_REASON_REPLACED : QM_REASON_IKE_DELETED;
}

static void start_delete(struct qm_model *model, struct qm_job *job, uint8_t ike,
						 enum qm_reason reason)
{
	qm_blame_ike(qm_step_ike(model, job, QM_INPUT_IKE_DELETING, ike), reason,
				 QM_PARTY_LOCAL);
	model->ike[ike].stage = IKE_DELETING;
}

/** By a user, or because it is to be replaced. */
static bool terminate(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	start_delete(model, job, ike, own_reason(model, ike));
	if (qm_model_once_in(model, 3)) {
		/* --force */
		qm_steps_ike_dies(model, job, ike, QM_REASON_UNKNOWN, QM_PARTY_UNKNOWN);
	}
	return true;
}

static bool lifetime_over(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	qm_step_cause(model, job, ike, QM_CAUSE_EXPIRED);
	start_delete(model, job, ike, QM_REASON_IKE_EXPIRED);
	return true;
}

static bool reauthenticate(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	qm_step_cause(model, job, ike, QM_CAUSE_REAUTH);
	start_delete(model, job, ike, QM_REASON_REAUTHENTICATED);
	return true;
}

static bool peer_terminates(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	qm_step_ike(model, job, QM_INPUT_PEER_DELETE, ike)->deletes_ike = true;
	qm_blame_ike(qm_step_ike(model, job, QM_INPUT_IKE_DELETING, ike),
				 QM_REASON_IKE_DELETED, QM_PARTY_PEER);
	qm_steps_ike_dies(model, job, ike, QM_REASON_IKE_DELETED, QM_PARTY_PEER);
	return true;
}

static bool peer_is_dead(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	qm_step_cause(model, job, ike, QM_CAUSE_TIMEOUT);
	qm_steps_ike_dies(model, job, ike, QM_REASON_DPD, QM_PARTY_LOCAL);
	return true;
}

/** Something fails inside charon; nobody says what. */
static bool fail(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	if (model->contacts || model->ike[ike].replaced ||
		model->ike[ike].parse_thread == job->thread) {
		/* it could not be told from these */
		return false;
	}
	qm_steps_ike_dies(model, job, ike, QM_REASON_UNKNOWN, QM_PARTY_UNKNOWN);
	return true;
}

static bool parse_error(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	if (qm_model_once_in(model, 2)) {
		qm_step_cause(model, job, ike, QM_CAUSE_PARSE_ERROR);
		qm_steps_ike_dies(model, job, ike, QM_REASON_PARSE_ERROR, QM_PARTY_PEER);
		return true;
	}
	if (model->ike[ike].replaced) {
		return false;
	}
	/* in a response: ignored */
	qm_step_cause(model, job, ike, QM_CAUSE_PARSE_ERROR);
	model->ike[ike].parse_thread = job->thread;
	return true;
}

static bool to_be_replaced(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	qm_step_cause(model, job, ike, QM_CAUSE_REPLACED);
	model->ike[ike].replaced = true;
	if (qm_model_once_in(model, 2)) {
		start_delete(model, job, ike, QM_REASON_REPLACED);
	}
	return true;
}

static bool change_address(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	qm_step_ike(model, job, QM_INPUT_IKE_HOSTS, ike)->arg =
		(uint8_t)(1 + qm_model_below(model, 250));
	return true;
}

/** Whether an exchange about a CHILD_SA is under way, which excludes an IKE rekey. */
static bool is_busy(const struct qm_model *model, uint8_t ike)
{
	return qm_model_has(model, ike, STAGE_REKEYING) ||
		   qm_model_has(model, ike, STAGE_REKEYED_DELETING) ||
		   qm_model_has(model, ike, STAGE_DELETING) ||
		   qm_model_has(model, ike, STAGE_KEPT) ||
		   qm_model_has(model, ike, STAGE_PEER_KEPT);
}

static bool rekey(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	uint8_t new = is_busy(model, ike) ? 0 : qm_model_new_ike(model, job, 2, IKE_UP);
	unsigned i;

	if (!new) {
		return false;
	}
	if (qm_model_once_in(model, 4)) {
		/* the peer did not notice that both rekey */
		qm_step_ike(model, job, QM_INPUT_PEER_DELETE, ike)->deletes_ike = true;
	}
	if (qm_model_once_in(model, 4)) {
		/* spurious, for the redundant one of a collision */
		qm_step_cause(model, job, ike, QM_CAUSE_EXPIRED);
	}
	qm_step_ike(model, job, QM_INPUT_IKE_MOVED, ike)->arg = new;
	for (i = 1; i <= model->children; i++) {
		if (model->child[i].ike == ike) {
			model->child[i].ike = new;
		}
	}
	model->ike[ike].stage = IKE_LEFT;
	return true;
}

const qm_happening_t qm_ike_happenings[] = {
	terminate, peer_terminates, lifetime_over, reauthenticate, peer_is_dead, fail,
	parse_error, parse_error, to_be_replaced, change_address, change_address,
	rekey, rekey, rekey,
	NULL,
};

/** The peer's INITIAL_CONTACT ends another IKE_SA of its. */
static void clear_others(struct qm_model *model, struct qm_job *job)
{
	uint8_t other = qm_model_pick_ike(model, IKE_UP, 2);

	if (other) {
		qm_steps_ike_dies(model, job, other, QM_REASON_REPLACED, QM_PARTY_PEER);
		qm_model_hold(model, job, other);
	}
}

static void come_up(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	uint8_t child;

	if (model->ike[ike].contact && !qm_model_once_in(model, 4)) {
		clear_others(model, job);
	}
	qm_step_ike(model, job, QM_INPUT_IKE_UP, ike);
	model->ike[ike].stage = IKE_UP;
	child = qm_model_new_child(model, ike, qm_model_once_in(model, 2));
	if (child) {
		qm_steps_up(model, job, child);
	}
}

static unsigned ikes_up(const struct qm_model *model)
{
	unsigned i, n = 0;

	for (i = 1; i <= model->ikes; i++) {
		n += model->ike[i].stage == IKE_UP;
	}
	return n;
}

static bool connect(struct qm_model *model, struct qm_job *job)
{
	uint8_t version = (uint8_t)(1 + (qm_model_below(model, 3) > 0)), ike;

	if (ikes_up(model) >= model->ikes_max) {
		return false;
	}
	ike = qm_model_new_ike(model, job, version, IKE_AUTHENTICATING);
	if (!ike) {
		return false;
	}
	if (version == 2) {
		qm_step_ike(model, job, qm_model_once_in(model, 2) ? QM_INPUT_INITIAL_CONTACT :
															 QM_INPUT_IKE_AUTH, ike);
	}
	if (version == 1 || qm_model_once_in(model, 2)) {
		come_up(model, job, ike);
	}
	return true;
}

/** Another message of EAP, or the last, or it fails. */
static bool authenticate(struct qm_model *model, struct qm_job *job)
{
	uint8_t ike = qm_model_pick_ike(model, IKE_AUTHENTICATING, 2);

	if (!ike) {
		return false;
	}
	qm_model_hold(model, job, ike);
	qm_step_ike(model, job, QM_INPUT_IKE_AUTH, ike);
	if (qm_model_once_in(model, 5)) {
		qm_steps_ike_destroy(model, job, ike);
	} else if (qm_model_once_in(model, 2)) {
		come_up(model, job, ike);
	}
	return true;
}

static bool delete_answered(struct qm_model *model, struct qm_job *job)
{
	uint8_t ike = qm_model_pick_ike(model, IKE_DELETING, 0);

	if (!ike) {
		return false;
	}
	if (qm_model_once_in(model, 4)) {
		qm_step_cause(model, job, ike, QM_CAUSE_TIMEOUT);
	} else if (qm_model_once_in(model, 4)) {
		qm_step_ike(model, job, QM_INPUT_PEER_DELETE, ike)->deletes_ike = true;
	}
	qm_steps_ike_dies(model, job, ike, QM_REASON_UNKNOWN, QM_PARTY_UNKNOWN);
	qm_model_hold(model, job, ike);
	return true;
}

/** A rekeyed or reauthenticated one goes, without what it had. */
static bool leave(struct qm_model *model, struct qm_job *job)
{
	uint8_t ike = qm_model_pick_ike(model, IKE_LEFT, 0);

	if (!ike) {
		return false;
	}
	qm_step_ike(model, job, QM_INPUT_IKE_DELETING, ike);
	if (model->ike[ike].version == 1) {
		qm_step_ike(model, job, QM_INPUT_IKE_DOWN, ike);
	}
	qm_steps_ike_destroy(model, job, ike);
	qm_model_hold(model, job, ike);
	return true;
}

/** IKEv1: the new IKE_SA of a reauthentication comes up, at whatever try, or not. */
static bool reconnect(struct qm_model *model, struct qm_job *job)
{
	uint8_t ike = qm_model_pick_ike(model, IKE_CONNECTING, 1);

	if (!ike) {
		return false;
	}
	qm_model_hold(model, job, ike);
	if (qm_model_once_in(model, 3)) {
		qm_step_cause(model, job, ike, QM_CAUSE_TIMEOUT);
	}
	if (qm_model_below(model, 3)) {
		qm_step_ike(model, job, QM_INPUT_IKE_UP, ike);
		model->ike[ike].stage = IKE_UP;
	} else {
		qm_step_cause(model, job, ike, QM_CAUSE_TIMEOUT);
		qm_steps_downs(model, job, ike);
		qm_blame_ike(qm_steps_ike_destroy(model, job, ike), QM_REASON_DPD,
					 QM_PARTY_LOCAL);
	}
	return true;
}

/** A trap policy comes and goes; its CHILD_SA has no IKE_SA. */
static bool trap(struct qm_model *model, struct qm_job *job)
{
	uint8_t child = qm_model_new_child(model, 0, true);

	if (child) {
		qm_step_state(model, job, child, QM_CHILD_DESTROYING);
	}
	return child;
}

bool qm_happens_elsewhere(struct qm_model *model, struct qm_job *job)
{
	static bool (*const happenings[])(struct qm_model *, struct qm_job *) = {
		connect, connect, connect, authenticate, authenticate, delete_answered,
		delete_answered, leave, reconnect, reconnect, trap,
	};
	const unsigned n = sizeof(happenings) / sizeof(happenings[0]);

	return happenings[qm_model_below(model, n)](model, job);
}

static void let_go_v2(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	if (model->ike[ike].stage == IKE_UP) {
		start_delete(model, job, ike, own_reason(model, ike));
	}
	if (model->ike[ike].stage == IKE_DELETING) {
		qm_steps_ike_dies(model, job, ike, QM_REASON_UNKNOWN, QM_PARTY_UNKNOWN);
	} else {
		qm_steps_ike_destroy(model, job, ike);
	}
}

void qm_model_let_go(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	if (model->ike[ike].version == 2) {
		let_go_v2(model, job, ike);
	} else if (model->ike[ike].stage == IKE_UP) {
		qm_v1_delete_all(model, job, ike, model->ike[ike].replaced ? QM_REASON_REPLACED :
																	 QM_REASON_DELETED);
	} else {
		/* not up yet: no word of it being down */
		qm_blame_ike(qm_steps_ike_destroy(model, job, ike), QM_REASON_UNKNOWN,
					 QM_PARTY_UNKNOWN);
	}
}
