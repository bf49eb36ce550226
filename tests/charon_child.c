/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What happens to the CHILD_SAs of an IKEv2 IKE_SA, after child_create.c,
 * child_rekey.c and child_delete.c of charon 5.9.8 and 6.x.
 */
#include "charon_model.h"

static bool is_5_9(const struct qm_model *model)
{
	return model->variant == QM_MODEL_5_9;
}

static bool establish(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	uint8_t child = qm_model_new_child(model, ike, qm_model_once_in(model, 2));

	if (child) {
		qm_steps_up(model, job, child);
	}
	return child;
}

/** Negotiation or installation fails: it never has keys. */
static bool fail(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	uint8_t child = qm_model_new_child(model, ike, true);

	if (!child) {
		return false;
	}
	if (qm_model_once_in(model, 2)) {
		qm_step_child(model, job, QM_INPUT_INSTALL_FAILED, child);
	}
	qm_step_state(model, job, child, QM_CHILD_DESTROYING);
	return true;
}

/** 5.9: installed, and then the response cannot be built: no up. */
static bool fail_late(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	uint8_t child;

	if (!is_5_9(model) || qm_model_below(model, 3)) {
		return false;
	}
	child = qm_model_new_child(model, ike, false);
	if (child) {
		qm_steps_install(model, job, child);
		model->child[child].quiet = true;
	}
	return child;
}

static bool delete(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	uint8_t child = qm_model_pick(model, ike, STAGE_INSTALLED);

	if (child) {
		qm_blame(qm_step_state(model, job, child, QM_CHILD_DELETING), QM_REASON_DELETED,
				 QM_PARTY_LOCAL);
		model->child[child].stage = STAGE_DELETING;
	}
	return child;
}

static bool delete_answered(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	uint8_t child = qm_model_pick(model, ike, STAGE_DELETING);

	if (!child) {
		return false;
	}
	if (qm_model_once_in(model, 4)) {
		/* the peer's own DELETE crosses ours */
		qm_step_peer_delete(model, job, ike, child, 0);
	}
	qm_steps_down(model, job, child);
	qm_step_state(model, job, child, QM_CHILD_DESTROYING);
	return true;
}

static void peer_deletes(struct qm_model *model, struct qm_job *job, uint8_t child)
{
	qm_blame(qm_step_state(model, job, child, QM_CHILD_DELETING), QM_REASON_DELETED,
			 QM_PARTY_PEER);
}

static void down_and_destroy(struct qm_model *model, struct qm_job *job, uint8_t child)
{
	qm_steps_down(model, job, child);
	qm_step_state(model, job, child, QM_CHILD_DESTROYING);
}

static bool peer_delete(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	uint8_t one = qm_model_pick(model, ike, STAGE_INSTALLED);
	uint8_t two = qm_model_pick(model, ike, STAGE_INSTALLED);

	if (!one) {
		return false;
	}
	two = one == two ? 0 : two;
	qm_step_peer_delete(model, job, ike, one, two);
	peer_deletes(model, job, one);
	if (two) {
		peer_deletes(model, job, two);
		down_and_destroy(model, job, two);
	}
	down_and_destroy(model, job, one);
	return true;
}

/** Our request to rekey goes out. */
static bool rekey(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	uint8_t child = qm_model_pick(model, ike, STAGE_INSTALLED);

	(void)job;
	if (child && !model->child[child].quiet &&
		!qm_model_has(model, ike, STAGE_REKEYING)) {
		model->child[child].stage = STAGE_REKEYING;
		model->child[child].partner = 0;
	}
	return false;
}

/** The old one of a rekey of ours goes. */
static void delete_rekeyed(struct qm_model *model, struct qm_job *job, uint8_t old)
{
	qm_step_state(model, job, old, QM_CHILD_DELETING);
	model->child[old].stage = STAGE_REKEYED_DELETING;
}

static void conclude(struct qm_model *model, struct qm_job *job, uint8_t old, uint8_t new,
					 bool was_rekeyed)
{
	if (is_5_9(model)) {
		if (!was_rekeyed) {
			qm_step_state(model, job, old, QM_CHILD_REKEYED);
		}
		qm_steps_rekey(model, job, old, new);
	} else {
		qm_steps_rekey(model, job, old, new);
		if (!was_rekeyed) {
			qm_step_state(model, job, old, QM_CHILD_REKEYED);
		}
	}
}

static void rekey_installed(struct qm_model *model, struct qm_job *job, uint8_t old,
							uint8_t new)
{
	qm_steps_install(model, job, new);
	if (!qm_model_once_in(model, 8)) {
		conclude(model, job, old, new, false);
	} else {
		/* its outbound half is refused */
		qm_step_child(model, job, QM_INPUT_INSTALL_FAILED, new);
		if (is_5_9(model)) {
			conclude(model, job, old, new, false);
		} else {
			qm_step_state(model, job, old, QM_CHILD_REKEYED);
			model->child[new].quiet = true;
		}
	}
	delete_rekeyed(model, job, old);
}

/** We cannot install what the peer agreed to. */
static void rekey_not_installed(struct qm_model *model, struct qm_job *job, uint8_t old,
								uint8_t new)
{
	qm_step_child(model, job, QM_INPUT_INSTALL_FAILED, new);
	qm_step_state(model, job, new, QM_CHILD_DESTROYING);
	if (is_5_9(model)) {
		model->child[old].stage = STAGE_INSTALLED;
	} else {
		qm_blame(qm_step_state(model, job, old, QM_CHILD_DELETING), QM_REASON_DELETED,
				 QM_PARTY_LOCAL);
		model->child[old].stage = STAGE_DELETING;
	}
}

static void rekey_answered(struct qm_model *model, struct qm_job *job, uint8_t old)
{
	uint8_t new = qm_model_new_child(model, model->child[old].ike, true);

	if (!new || qm_model_once_in(model, 6)) {
		/* refused by the peer, for now */
		if (new) {
			qm_step_state(model, job, new, QM_CHILD_DESTROYING);
		}
		model->child[old].stage = STAGE_INSTALLED;
	} else if (qm_model_once_in(model, 6)) {
		rekey_not_installed(model, job, old, new);
	} else if (qm_model_once_in(model, 6)) {
		/* CHILD_SA_NOT_FOUND */
		down_and_destroy(model, job, old);
		qm_steps_up(model, job, new);
	} else {
		rekey_installed(model, job, old, new);
	}
}

static void collision_won(struct qm_model *model, struct qm_job *job, uint8_t old,
						  uint8_t new, uint8_t peers)
{
	bool was_rekeyed = true;

	qm_steps_install(model, job, new);
	if (model->child[peers].stage == STAGE_PEER_KEPT) {
		model->child[peers].stage = STAGE_DELETED;
		was_rekeyed = false;
	} else if (model->child[peers].stage != STAGE_DELETED &&
			   model->child[peers].stage != STAGE_GONE) {
		qm_step_state(model, job, peers, QM_CHILD_REKEYED);
		model->child[peers].stage = STAGE_REKEYED;
		model->child[peers].partner = 0;
		model->child[peers].quiet = false;
	}
	conclude(model, job, old, new, was_rekeyed);
	delete_rekeyed(model, job, old);
}

static void collision_lost(struct qm_model *model, struct qm_job *job, uint8_t old,
						   uint8_t new, uint8_t peers)
{
	qm_steps_install(model, job, new);
	qm_step_state(model, job, new, QM_CHILD_REKEYED);
	delete_rekeyed(model, job, new);
	model->child[old].stage = STAGE_REKEYED;
	model->child[old].partner = 0;
	if (is_5_9(model)) {
		model->child[peers].stage = STAGE_INSTALLED;
	} else {
		model->child[old].partner = peers;
		model->child[peers].partner = old;
	}
}

static bool answer(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	uint8_t old = qm_model_pick(model, ike, STAGE_REKEYING), new, peers;

	if (!old) {
		return false;
	}
	peers = model->child[old].partner;
	if (!peers) {
		rekey_answered(model, job, old);
		return true;
	}
	new = qm_model_new_child(model, ike, true);
	if (!new) {
		return false;
	}
	/* who deletes its own SA early knows that it lost */
	if (qm_model_once_in(model, 2) || model->child[peers].stage != STAGE_UNCONCLUDED) {
		collision_won(model, job, old, new, peers);
	} else {
		collision_lost(model, job, old, new, peers);
	}
	return true;
}

/** The peer has rekeyed; on 6.x that is not concluded before it deletes the old one. */
static void peer_rekeyed(struct qm_model *model, struct qm_job *job, uint8_t old,
						 uint8_t new)
{
	const bool collides = model->child[old].stage == STAGE_REKEYING;

	qm_steps_install(model, job, new);
	qm_step_state(model, job, old, QM_CHILD_REKEYED);
	if (is_5_9(model)) {
		qm_steps_rekey(model, job, old, new);
	} else {
		model->child[new].quiet = true;
	}
	if (!collides) {
		model->child[old].stage = STAGE_REKEYED;
	}
	if (collides || !is_5_9(model)) {
		model->child[new].stage = STAGE_UNCONCLUDED;
		model->child[new].partner = old;
		model->child[old].partner = new;
	}
}

/** The peer rekeys; if we are at it too, that is a collision. */
static bool peer_rekey(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	uint8_t old = qm_model_pick(model, ike, qm_model_once_in(model, 2) ? STAGE_INSTALLED :
																		 STAGE_REKEYING);
	uint8_t new;

	if (!old || model->child[old].quiet || model->child[old].partner) {
		return false;
	}
	new = qm_model_new_child(model, ike, false);
	if (!new) {
		return false;
	}
	if (qm_model_once_in(model, 8)) {
		qm_step_child(model, job, QM_INPUT_INSTALL_FAILED, new);
		qm_step_state(model, job, new, QM_CHILD_DESTROYING);
		return true;
	}
	peer_rekeyed(model, job, old, new);
	return true;
}

/** 6.x: a rekey of the peer is over. */
static void conclude_peers(struct qm_model *model, struct qm_job *job, uint8_t old)
{
	uint8_t new = model->child[old].partner;

	if (new && model->child[new].stage == STAGE_UNCONCLUDED) {
		qm_steps_rekey(model, job, old, new);
		model->child[new].stage = STAGE_INSTALLED;
		model->child[new].partner = 0;
	}
	model->child[old].partner = 0;
}

/** The peer deletes what it rekeyed, or the loser of a collision. */
static bool peer_delete_rekeyed(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	uint8_t old = qm_model_pick(model, ike, STAGE_REKEYED), new;

	if (!old) {
		return false;
	}
	new = model->child[old].partner;
	if (new && qm_model_once_in(model, 6)) {
		/* 6.x: it could not install the new one, and deletes both */
		qm_step_peer_delete(model, job, ike, old, new);
		qm_step_state(model, job, old, QM_CHILD_DELETING);
		peer_deletes(model, job, new);
		conclude_peers(model, job, old);
		down_and_destroy(model, job, new);
	} else {
		qm_step_peer_delete(model, job, ike, old, 0);
		qm_step_state(model, job, old, QM_CHILD_DELETING);
		conclude_peers(model, job, old);
	}
	model->child[old].stage = STAGE_DELETED;
	return true;
}

/** 6.x: the new one goes before the old one does. */
static bool delete_unconcluded(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	uint8_t new = qm_model_pick(model, ike, STAGE_UNCONCLUDED);
	uint8_t old = model->child[new].partner;

	if (!new || model->child[old].stage != STAGE_REKEYED) {
		return false;
	}
	if (qm_model_once_in(model, 2)) {
		qm_step_peer_delete(model, job, ike, new, 0);
		peer_deletes(model, job, new);
		conclude_peers(model, job, old);
		down_and_destroy(model, job, new);
	} else {
		conclude_peers(model, job, old);
		qm_blame(qm_step_state(model, job, new, QM_CHILD_DELETING), QM_REASON_DELETED,
				 QM_PARTY_LOCAL);
		model->child[new].stage = STAGE_DELETING;
	}
	return true;
}

/** In a collision that is not decided for us, the peer deletes its own SA. */
static bool peer_gives_in(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	uint8_t old = qm_model_pick(model, ike, STAGE_REKEYING);
	uint8_t peers = model->child[old].partner;

	if (!old || !peers || model->child[peers].stage != STAGE_UNCONCLUDED) {
		return false;
	}
	qm_step_peer_delete(model, job, ike, peers, 0);
	peer_deletes(model, job, peers);
	model->child[peers].stage = is_5_9(model) ? STAGE_DELETED : STAGE_PEER_KEPT;
	return true;
}

/** 6.x: old to loser, loser to winner, and that is deleted before it is known. */
static bool chain(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	uint8_t old = qm_model_pick(model, ike, STAGE_REKEYING);
	uint8_t peers = model->child[old].partner, new;

	if (!old || !peers || model->child[peers].stage != STAGE_UNCONCLUDED ||
		is_5_9(model)) {
		return false;
	}
	new = qm_model_new_child(model, ike, true);
	if (!new) {
		return false;
	}
	qm_step_peer_delete(model, job, ike, old, 0);
	qm_step_state(model, job, old, QM_CHILD_DELETING);
	qm_steps_rekey(model, job, old, peers);
	qm_step_peer_delete(model, job, ike, new, 0);
	qm_steps_install(model, job, new);
	qm_steps_rekey(model, job, peers, new);
	qm_step_state(model, job, peers, QM_CHILD_REKEYED);
	down_and_destroy(model, job, new);
	model->child[old].stage = STAGE_DELETED;
	model->child[peers].stage = STAGE_REKEYED;
	model->child[peers].partner = 0;
	return true;
}

/** The peer deletes what we are rekeying. */
static bool peer_delete_rekeying(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	uint8_t old = qm_model_pick(model, ike, STAGE_REKEYING);

	if (!old || model->child[old].partner) {
		return false;
	}
	qm_step_peer_delete(model, job, ike, old, 0);
	peer_deletes(model, job, old);
	if (is_5_9(model)) {
		down_and_destroy(model, job, old);
	} else {
		model->child[old].stage = STAGE_KEPT;
	}
	return true;
}

/** What was kept or delayed goes at last. */
static bool destroy_old(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	uint8_t kept = qm_model_pick(model, ike, STAGE_KEPT);
	uint8_t old = qm_model_pick(model, ike, qm_model_once_in(model, 2) ?
								STAGE_DELETED : STAGE_REKEYED_DELETING);

	if (kept) {
		down_and_destroy(model, job, kept);
	}
	if (old) {
		qm_step_state(model, job, old, QM_CHILD_DESTROYING);
	}
	return kept || old;
}

/** The kernel's hard limit makes charon act. */
static bool expired(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	uint8_t live = qm_model_pick(model, ike, STAGE_INSTALLED);
	uint8_t old = qm_model_pick(model, ike, STAGE_REKEYED);

	if (live && model->child[live].expired) {
		qm_blame(qm_step_state(model, job, live, QM_CHILD_DELETING), QM_REASON_DELETED,
				 QM_PARTY_LOCAL);
		model->child[live].stage = STAGE_DELETING;
		return true;
	}
	if (old && model->child[old].expired) {
		conclude_peers(model, job, old);
		qm_step_state(model, job, old, QM_CHILD_DESTROYING);
		return true;
	}
	return false;
}

const qm_happening_t qm_child_happenings[] = {
	establish, establish, establish, fail, fail_late,
	delete, delete_answered, delete_answered, peer_delete,
	rekey, rekey, rekey, rekey, answer, answer,
	peer_rekey, peer_rekey, peer_rekey, peer_delete_rekeyed, peer_delete_rekeyed,
	delete_unconcluded, peer_gives_in, chain, peer_delete_rekeying,
	destroy_old, destroy_old, expired, expired,
	NULL,
};
