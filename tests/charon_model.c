/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "charon_model.h"

#include <stdlib.h>
#include <string.h>

#include "history.h"

/** How often a thread looks for something that can happen. */
#define TRIES 12

static uint64_t next_random(struct qm_model *model)
{
	/* splitmix64: any seed will do */
	uint64_t z = model->random += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return z ^ z >> 31;
}

unsigned qm_model_below(struct qm_model *model, unsigned n)
{
	return (unsigned)(next_random(model) % n);
}

bool qm_model_once_in(struct qm_model *model, unsigned n)
{
	return qm_model_below(model, n) == 0;
}

uint8_t qm_model_pick(struct qm_model *model, uint8_t ike, enum qm_child_stage stage)
{
	unsigned i, n = 0;
	uint8_t picked = 0;

	for (i = 1; i <= model->children; i++) {
		if (model->child[i].ike == ike && model->child[i].stage == stage &&
			qm_model_once_in(model, ++n)) {
			picked = (uint8_t)i;
		}
	}
	return picked;
}

bool qm_model_has(const struct qm_model *model, uint8_t ike, enum qm_child_stage stage)
{
	unsigned i;

	for (i = 1; i <= model->children; i++) {
		if (model->child[i].ike == ike && model->child[i].stage == stage) {
			return true;
		}
	}
	return false;
}

uint8_t qm_model_pick_ike(struct qm_model *model, enum qm_ike_stage stage,
						  uint8_t version)
{
	unsigned i, n = 0;
	uint8_t picked = 0;

	for (i = 1; i <= model->ikes; i++) {
		if (model->ike[i].stage == stage && !model->ike[i].locked &&
			(!version || model->ike[i].version == version) &&
			qm_model_once_in(model, ++n)) {
			picked = (uint8_t)i;
		}
	}
	return picked;
}

void qm_model_hold(struct qm_model *model, struct qm_job *job, uint8_t ike)
{
	model->ike[ike].locked = true;
	job->holds[job->held++] = ike;
}

uint8_t qm_model_new_child(struct qm_model *model, uint8_t ike, bool by_us)
{
	struct qm_model_child *child;

	if (model->children + 1 >= QM_MODEL_CHILDREN) {
		return 0;
	}
	child = &model->child[++model->children];
	*child = (struct qm_model_child){
		.stage = STAGE_INSTALLED,
		.ike = ike,
		.by_us = by_us,
	};
	return (uint8_t)model->children;
}

uint8_t qm_model_new_ike(struct qm_model *model, struct qm_job *job, uint8_t version,
						 enum qm_ike_stage stage)
{
	if (model->ikes + 1 >= QM_MODEL_IKES) {
		return 0;
	}
	model->ike[++model->ikes] = (struct qm_model_ike){
		.stage = stage,
		.version = version,
		.host = QM_HISTORY_HOST,
	};
	qm_model_hold(model, job, (uint8_t)model->ikes);
	return (uint8_t)model->ikes;
}

static void make_job(struct qm_model *model, struct qm_job *job)
{
	static const qm_happening_t *const v2[] = { qm_child_happenings, qm_ike_happenings };
	const qm_happening_t *table;
	unsigned n = 0;
	uint8_t ike;

	if (qm_model_once_in(model, 6) && qm_happens_elsewhere(model, job)) {
		return;
	}
	ike = qm_model_pick_ike(model, IKE_UP, 0);
	if (!ike) {
		return;
	}
	table = model->ike[ike].version == 1 ? qm_v1_happenings :
										   v2[qm_model_once_in(model, 5)];
	while (table[n]) {
		n++;
	}
	if (table[qm_model_below(model, n)](model, job, ike)) {
		qm_model_hold(model, job, ike);
	}
}

static void finish_job(struct qm_model *model, struct qm_job *job)
{
	while (job->held) {
		model->ike[job->holds[--job->held]].locked = false;
	}
}

static void start_job(struct qm_model *model, struct qm_job *job)
{
	unsigned tries;

	job->next = job->count = job->held = 0;
	for (tries = 0; tries < TRIES && !job->held; tries++) {
		make_job(model, job);
	}
	model->jobs_left--;
	if (!job->count) {
		finish_job(model, job);
	}
}

/** The main thread lets go of what is left, one IKE_SA after the other. */
static bool end_job(struct qm_model *model)
{
	struct qm_job *job = &model->job[0];
	unsigned i;

	job->next = job->count = 0;
	for (i = 1; i <= model->ikes && !job->count; i++) {
		if (model->ike[i].stage != IKE_GONE) {
			qm_model_let_go(model, job, (uint8_t)i);
		}
	}
	return job->count > 0;
}

/** The kernel asks no thread when it lets an SA expire. */
static bool expire(struct qm_model *model, struct qm_step *step)
{
	const uint8_t child = (uint8_t)(1 + qm_model_below(model, model->children));
	const struct qm_truth *truth = &model->truth[child];

	if (!truth->installed || truth->gone) {
		return false;
	}
	model->child[child].expired = true;
	*step = (struct qm_step){
		.type = QM_INPUT_EXPIRED,
		.thread = QM_MODEL_KERNEL_THREAD,
		.child = child,
		.arg = truth->host,
		.deleted = { qm_model_once_in(model, 2) },
		.blames_child = !model->child[child].peer_deleted,
		.reason = QM_REASON_EXPIRED,
		.party = QM_PARTY_KERNEL,
	};
	return true;
}

static struct qm_job *random_busy(struct qm_model *model)
{
	struct qm_job *busy = NULL;
	unsigned i, n = 0;

	for (i = 0; i < QM_MODEL_THREADS; i++) {
		struct qm_job *job = &model->job[i];

		if (job->next < job->count && qm_model_once_in(model, ++n)) {
			busy = job;
		}
	}
	return busy;
}

/** Finds work for a thread, if one is free and it is time. */
static void feed_threads(struct qm_model *model)
{
	struct qm_job *job;

	while (model->jobs_left && !model->ending) {
		job = &model->job[1 + qm_model_below(model, QM_MODEL_THREADS - 1)];
		if (job->next < job->count) {
			return;
		}
		start_job(model, job);
		if (qm_model_once_in(model, 2)) {
			return;
		}
	}
}

/** What comes once nothing more begins. @return false when all is over */
static bool end(struct qm_model *model, struct qm_step *step)
{
	if (model->will_shut_down && !model->ending) {
		model->ending = true;
		*step = (struct qm_step){ .type = QM_INPUT_SHUTDOWN };
		return true;
	}
	model->ending = true;
	return false;
}

static bool choose_step(struct qm_model *model, struct qm_step *step)
{
	struct qm_job *job;

	if (model->children && qm_model_once_in(model, 40) && expire(model, step)) {
		return true;
	}
	feed_threads(model);
	if (!model->jobs_left && !model->ending && end(model, step)) {
		return true;
	}
	job = random_busy(model);
	if (!job && model->jobs_left) {
		return choose_step(model, step);
	}
	if (!job && end_job(model)) {
		job = &model->job[0];
	}
	if (!job) {
		return false;
	}
	*step = job->steps[job->next++];
	if (job->next == job->count) {
		finish_job(model, job);
	}
	return true;
}

/** What is known of the CHILD_SA itself goes before what is of its IKE_SA. */
static void settle(struct qm_truth *truth, enum qm_reason reason, enum qm_party party,
				   bool by_ike)
{
	/* charon's deletion was still on its way, or the kernel's word on theirs */
	const bool late = reason == QM_REASON_EXPIRED && truth->party == QM_PARTY_LOCAL &&
					  truth->reason == QM_REASON_DELETED;

	if (truth->reason == QM_REASON_UNKNOWN || (truth->by_ike && !by_ike) || late) {
		truth->reason = reason;
		truth->party = party;
		truth->by_ike = by_ike;
	}
}

/** While charon stops, what it deletes goes for that reason. */
static void settle_all(struct qm_model *model, const struct qm_step *step)
{
	const bool stops = model->shutdown && step->party != QM_PARTY_PEER &&
					   (step->reason == QM_REASON_IKE_DELETED ||
						step->reason == QM_REASON_UNKNOWN);
	unsigned i;

	for (i = 1; i <= model->children; i++) {
		struct qm_truth *truth = &model->truth[i];

		if (truth->keyed && !truth->gone && truth->ike == step->ike) {
			settle(truth, stops ? QM_REASON_SHUTDOWN : step->reason,
				   stops ? QM_PARTY_LOCAL : step->party, true);
		}
	}
}

static void settle_one(struct qm_model *model, const struct qm_step *step)
{
	const bool stops = model->shutdown && step->party == QM_PARTY_LOCAL &&
					   step->reason != QM_REASON_REKEYED;

	settle(&model->truth[step->child], stops ? QM_REASON_SHUTDOWN : step->reason,
		   step->party, false);
}

void qm_model_blame(struct qm_model *model, uint8_t child, enum qm_reason reason,
					enum qm_party party)
{
	settle(&model->truth[child], reason, party, false);
}

static void replace(struct qm_truth *old, enum qm_party party)
{
	settle(old, QM_REASON_REKEYED, party, false);
	if (old->reason == QM_REASON_REKEYED) {
		old->party = party;
	}
}

static void announce(struct qm_model *model, const struct qm_step *step)
{
	struct qm_truth *truth = &model->truth[step->child];

	if (!truth->announced) {
		truth->announced = true;
		truth->start = model->steps;
		model->open++;
	}
	truth->old = step->old;
	truth->rekeys = step->rekeys;
}

static void move(struct qm_model *model, uint8_t from, uint8_t to)
{
	unsigned i;

	for (i = 1; i <= model->children; i++) {
		if (model->truth[i].ike == from) {
			model->truth[i].ike = to;
		}
	}
	model->host[to] = model->host[from];
}

static void change_hosts(struct qm_model *model, uint8_t ike, uint8_t host)
{
	unsigned i;

	for (i = 1; i <= model->children; i++) {
		if (model->truth[i].ike == ike && !model->truth[i].gone) {
			model->truth[i].host = host;
		}
	}
	model->host[ike] = host;
}

static void apply_state(struct qm_model *model, const struct qm_step *step)
{
	struct qm_truth *truth = &model->truth[step->child];

	if (step->arg == QM_CHILD_INSTALLED) {
		truth->installed = true;
	} else if (step->arg == QM_CHILD_DESTROYING && truth->keyed) {
		truth->gone = true;
		truth->end = model->steps;
		model->open -= truth->announced;
	}
}

/** A DELETE for a CHILD_SA that is still being made means nothing yet. */
static void peer_deletes(struct qm_model *model, const struct qm_step *step)
{
	for (uint8_t i = 0; i < step->deletes; i++) {
		model->child[step->deleted[i]].peer_deleted |=
			model->truth[step->deleted[i]].keyed;
	}
}

static void apply_facts(struct qm_model *model, const struct qm_step *step)
{
	struct qm_truth *truth = &model->truth[step->child];

	if (step->type == QM_INPUT_IKE_MOVED) {
		move(model, step->ike, step->arg);
	} else if (step->type == QM_INPUT_IKE_HOSTS) {
		change_hosts(model, step->ike, step->arg);
	} else if (step->type == QM_INPUT_SHUTDOWN) {
		model->shutdown = true;
	} else if (step->type == QM_INPUT_PEER_DELETE) {
		peer_deletes(model, step);
	} else if (step->type == QM_INPUT_IKE_UP || step->type == QM_INPUT_IKE_DESTROYING) {
		model->contacts -= model->ike[step->ike].contact;
		model->ike[step->ike].contact = false;
	} else if (step->type == QM_INPUT_KEYS) {
		truth->keyed = true;
		truth->ike = step->ike;
		truth->host = model->host[step->ike];
		truth->direction = step->direction;
	}
}

/** Makes what the step says true. */
static void apply(struct qm_model *model, const struct qm_step *step)
{
	model->steps++;
	apply_facts(model, step);
	if (step->blames_child) {
		settle_one(model, step);
	}
	if (step->blames_ike) {
		settle_all(model, step);
	}
	if (step->replaces) {
		replace(&model->truth[step->replaces], step->party);
	}
	if (step->announces) {
		announce(model, step);
	}
	if (step->type == QM_INPUT_CHILD_STATE) {
		apply_state(model, step);
	}
}

bool qm_model_next(struct qm_model *model, struct qm_step *ret)
{
	if (!choose_step(model, ret)) {
		return false;
	}
	apply(model, ret);
	return true;
}

void qm_model_init(struct qm_model *model, uint64_t seed, unsigned jobs, unsigned ikes)
{
	unsigned i;

	memset(model, 0, sizeof(*model));
	model->random = seed;
	model->jobs_left = jobs;
	model->ikes_max = ikes;
	model->variant = qm_model_below(model, QM_MODEL_VARIANTS);
	model->will_shut_down = qm_model_once_in(model, 2);
	model->brief = qm_model_once_in(model, 2);
	memset(model->host, QM_HISTORY_HOST, sizeof(model->host));
	for (i = 0; i < QM_MODEL_THREADS; i++) {
		model->job[i].thread = (uint8_t)i;
	}
}
