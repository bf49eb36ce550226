/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "limiter_model.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#define PARTS UINT64_C(60000)

void qm_limiter_model_init(struct qm_limiter_model *model, size_t sources,
						   const struct qm_limiter_rates *rates)
{
	memset(model, 0, sizeof(*model));
	model->rates = *rates;
	model->capacity = sources;
	model->total.tokens = rates->total * PARTS;
}

static uint32_t limit_of_all(const struct qm_limiter_rates *rates)
{
	return rates->source == 0 ? 0 : rates->total;
}

static void tell(struct qm_limiter_model *model, uint64_t mono_ms)
{
	model->now_ms = mono_ms > model->now_ms ? mono_ms : model->now_ms;
}

static void fill(struct qm_model_source *bucket, uint32_t rate, uint64_t now_ms)
{
	uint64_t since = now_ms - bucket->at_ms;

	if (since >= 60000 || bucket->tokens + since * rate >= rate * PARTS) {
		bucket->tokens = rate * PARTS;
	} else {
		bucket->tokens += since * rate;
	}
	bucket->at_ms = now_ms;
}

/** The same lack of tokens, at another rate. */
static void change_rate(struct qm_model_source *bucket, uint32_t old, uint32_t new,
						uint64_t now_ms)
{
	uint64_t lack;

	fill(bucket, old, now_ms);
	lack = old * PARTS - bucket->tokens;
	bucket->tokens = lack < new * PARTS ? new * PARTS - lack : 0;
}

/** Clears an address of all but its first bytes, and of its port if asked to. */
static struct qm_addr cleared(const struct qm_addr *addr, size_t bytes, bool port)
{
	struct qm_addr ret;

	memset(&ret, 0, sizeof(ret));
	if (addr->family == AF_INET || addr->family == AF_INET6) {
		ret.family = addr->family;
		ret.port = port ? addr->port : 0;
		for (size_t i = 0; i < bytes; i++) {
			ret.ip[i] = addr->ip[i];
		}
	}
	return ret;
}

static struct qm_addr name_of(const struct qm_addr *addr)
{
	return cleared(addr, addr->family == AF_INET ? 4 : 8, false);
}

static bool equal(struct qm_addr a, struct qm_addr b)
{
	return a.family == b.family && a.port == b.port && !memcmp(a.ip, b.ip, 16);
}

static void forget_oldest(struct qm_limiter_model *model)
{
	size_t oldest = 0;

	for (size_t i = 1; i < model->n_sources; i++) {
		if (model->sources[i].used < model->sources[oldest].used) {
			oldest = i;
		}
	}
	for (size_t i = 0; i < model->n_held; i++) {
		if (equal(name_of(&model->held[i].from), model->sources[oldest].name)) {
			model->held[i].unnamed = true;
		}
	}
	model->sources[oldest] = model->sources[--model->n_sources];
}

static struct qm_model_source *use(struct qm_limiter_model *model,
								   const struct qm_addr *addr)
{
	const struct qm_addr name = name_of(addr);
	size_t i;

	for (i = 0; i < model->n_sources; i++) {
		if (equal(model->sources[i].name, name)) {
			break;
		}
	}
	if (i == model->n_sources) {
		if (model->n_sources == model->capacity) {
			forget_oldest(model);
		}
		i = model->n_sources++;
		model->sources[i] = (struct qm_model_source){
			.name = name,
			.tokens = model->rates.source * PARTS,
			.at_ms = model->now_ms,
		};
	}
	model->sources[i].used = ++model->uses;
	return &model->sources[i];
}

static void keep(struct qm_limiter_model *model, const struct qm_observation *observation)
{
	const struct qm_addr *addr = &observation->source;

	if (model->n_held == QM_MODEL_HELD) {
		abort();
	}
	model->held[model->n_held++] = (struct qm_model_held){
		.kind = observation->kind,
		.from = cleared(addr, addr->family == AF_INET ? 4 : 16, true),
		.fault = observation->fault,
		.authenticated = observation->authenticated,
		.wall_ms = observation->now.wall_ms,
		.mono_ms = model->now_ms,
	};
}

bool qm_limiter_model_admit(struct qm_limiter_model *model,
							const struct qm_observation *observation)
{
	const uint32_t limit = limit_of_all(&model->rates);
	struct qm_model_source *source;

	tell(model, observation->now.mono_ms);
	if (model->rates.source == 0) {
		return true;
	}
	source = use(model, &observation->source);
	fill(source, model->rates.source, model->now_ms);
	fill(&model->total, limit, model->now_ms);
	if (source->tokens < PARTS || (limit && model->total.tokens < PARTS)) {
		keep(model, observation);
		return false;
	}
	source->tokens -= PARTS;
	model->total.tokens -= limit ? PARTS : 0;
	return true;
}

void qm_limiter_model_hold(struct qm_limiter_model *model,
						   const struct qm_observation *observation)
{
	tell(model, observation->now.mono_ms);
	use(model, &observation->source);
	keep(model, observation);
}

/** Whether one is in the count that another began. */
static bool together(const struct qm_model_held *first, const struct qm_model_held *other)
{
	return first->kind == other->kind && first->unnamed == other->unnamed &&
		   (first->unnamed || equal(name_of(&first->from), name_of(&other->from)));
}

/** Whether any two of a count differ in their addresses, and in their ports. */
static void compare(const struct qm_limiter_model *model,
					const struct qm_model_held *first, bool *ret_addr, bool *ret_port)
{
	for (const struct qm_model_held *other = first;
		 other < model->held + model->n_held; other++) {
		if (together(first, other)) {
			*ret_addr = *ret_addr || memcmp(first->from.ip, other->from.ip, 16);
			*ret_port = *ret_port || first->from.port != other->from.port;
		}
	}
}

/** Sums up the count that an observation began. */
static void sum_up(const struct qm_limiter_model *model,
				   const struct qm_model_held *first, struct qm_summary *ret)
{
	bool addrs = false, ports = false;

	memset(ret, 0, sizeof(*ret));
	ret->kind = first->kind;
	ret->since_ms = UINT64_MAX;
	ret->fault = first->fault;
	ret->authenticated = first->authenticated;
	for (const struct qm_model_held *other = first;
		 other < model->held + model->n_held; other++) {
		if (!together(first, other)) {
			continue;
		}
		ret->count++;
		ret->since_ms = other->wall_ms < ret->since_ms ? other->wall_ms : ret->since_ms;
		ret->last_ms = other->wall_ms > ret->last_ms ? other->wall_ms : ret->last_ms;
		ret->fault = other->fault == first->fault ? ret->fault : QM_FAULT_SEVERAL;
		if (other->authenticated != first->authenticated) {
			ret->authenticated = QM_TRI_UNKNOWN;
		}
	}
	if (!first->unnamed) {
		compare(model, first, &addrs, &ports);
		ret->source = cleared(&first->from, addrs ? 8 : 16, !addrs && !ports);
	}
}

static void hand_out(struct qm_limiter_model *model, size_t first, struct qm_summary *ret)
{
	const struct qm_model_held began = model->held[first];
	size_t kept = 0;

	sum_up(model, &model->held[first], ret);
	for (size_t i = 0; i < model->n_held; i++) {
		if (!together(&began, &model->held[i])) {
			model->held[kept++] = model->held[i];
		}
	}
	model->n_held = kept;
}

/** Takes their name from all of a count. */
static void give_up(struct qm_limiter_model *model, size_t first)
{
	const struct qm_model_held began = model->held[first];

	for (size_t i = first; i < model->n_held; i++) {
		if (together(&began, &model->held[i])) {
			model->held[i].unnamed = true;
		}
	}
}

static bool old_enough(const struct qm_limiter_model *model, uint64_t since_ms)
{
	return model->now_ms - since_ms >= model->rates.interval_ms;
}

/** Takes a token of all together, if there is one or none is needed. */
static bool may_name(struct qm_limiter_model *model)
{
	const uint32_t limit = limit_of_all(&model->rates);

	fill(&model->total, limit, model->now_ms);
	if (limit && model->total.tokens < PARTS) {
		return false;
	}
	model->total.tokens -= limit ? PARTS : 0;
	return true;
}

static bool take_unnamed(struct qm_limiter_model *model, enum qm_limit_kind kind,
						 bool all, struct qm_summary *ret)
{
	for (size_t i = 0; i < model->n_held; i++) {
		const struct qm_model_held *first = &model->held[i];

		if (first->unnamed && first->kind == kind) {
			if (!all && (!old_enough(model, first->mono_ms) ||
						 !old_enough(model, model->unnamed_ms[kind]))) {
				return false;
			}
			model->unnamed_ms[kind] = model->now_ms;
			hand_out(model, i, ret);
			return true;
		}
	}
	return false;
}

bool qm_limiter_model_take(struct qm_limiter_model *model, struct qm_time now, bool all,
						   struct qm_summary *ret)
{
	tell(model, now.mono_ms);
	for (size_t i = 0; i < model->n_held; i++) {
		const struct qm_model_held *first = &model->held[i];

		if (first->unnamed || !(all || old_enough(model, first->mono_ms))) {
			continue;
		}
		if (may_name(model)) {
			hand_out(model, i, ret);
			return true;
		}
		give_up(model, i);
	}
	return take_unnamed(model, QM_LIMIT_PACKET, all, ret) ||
		   take_unnamed(model, QM_LIMIT_NEGOTIATION, all, ret);
}

void qm_limiter_model_set_rates(struct qm_limiter_model *model,
								const struct qm_limiter_rates *rates)
{
	for (size_t i = 0; i < model->n_sources; i++) {
		change_rate(&model->sources[i], model->rates.source, rates->source,
					model->now_ms);
	}
	change_rate(&model->total, limit_of_all(&model->rates), limit_of_all(rates),
				model->now_ms);
	model->rates = *rates;
}
