/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "limiter_pair.h"

#include <string.h>

int qm_limiter_pair_init(struct qm_limiter_pair *pair, size_t sources,
						 const struct qm_limiter_rates *rates)
{
	pair->told = pair->admitted = pair->summed = pair->returned = 0;
	pair->named = pair->unnamed = 0;
	pair->wrong = NULL;
	qm_limiter_model_init(&pair->model, sources, rates);
	return qm_limiter_new(&pair->limiter, sources, rates);
}

static void demand(struct qm_limiter_pair *pair, bool good, const char *wrong)
{
	if (!good && !pair->wrong) {
		pair->wrong = wrong;
	}
}

static void check_books(struct qm_limiter_pair *pair)
{
	const uint64_t held = qm_limiter_held(pair->limiter);

	demand(pair, held == pair->model.n_held, "another number is held");
	demand(pair, pair->admitted - pair->returned + pair->summed + held == pair->told,
		   "the sum is wrong");
}

void qm_limiter_pair_admit(struct qm_limiter_pair *pair,
						   const struct qm_observation *observation)
{
	bool admitted;

	admitted = qm_limiter_admit(pair->limiter, observation->kind, &observation->source,
								observation->fault, observation->authenticated,
								observation->now);
	demand(pair, admitted == qm_limiter_model_admit(&pair->model, observation),
		   admitted ? "it is admitted" : "it is not admitted");
	pair->told++;
	pair->admitted += admitted;
	check_books(pair);
}

void qm_limiter_pair_hold(struct qm_limiter_pair *pair,
						  const struct qm_observation *observation)
{
	qm_limiter_hold(pair->limiter, observation->kind, &observation->source,
					observation->fault, observation->authenticated, observation->now);
	qm_limiter_model_hold(&pair->model, observation);
	pair->returned++;
	check_books(pair);
}

static void compare(struct qm_limiter_pair *pair, const struct qm_summary *is,
					const struct qm_summary *should)
{
	demand(pair, is->count == should->count, "the summary's count is wrong");
	demand(pair, is->kind == should->kind, "the summary's kind is wrong");
	demand(pair, is->since_ms == should->since_ms, "the summary's first is wrong");
	demand(pair, is->last_ms == should->last_ms, "the summary's last is wrong");
	demand(pair, is->fault == should->fault, "the summary's fault is wrong");
	demand(pair, is->authenticated == should->authenticated,
		   "whether the summary's were authenticated is wrong");
	demand(pair, is->source.family == should->source.family &&
				 !memcmp(is->source.ip, should->source.ip, sizeof(is->source.ip)),
		   "the summary's source is wrong");
	demand(pair, is->source.port == should->source.port, "the summary's port is wrong");
}

bool qm_limiter_pair_take(struct qm_limiter_pair *pair, struct qm_time now, bool all)
{
	static const struct qm_summary untouched = { .count = 12345, .since_ms = 67890 };
	struct qm_summary is = untouched, should = untouched;
	bool any;

	any = qm_limiter_take(pair->limiter, now, all, &is);
	demand(pair, any == qm_limiter_model_take(&pair->model, now, all, &should),
		   any ? "a summary is handed out" : "no summary is handed out");
	compare(pair, &is, &should);
	if (any) {
		pair->summed += is.count;
		pair->named += is.source.family != 0;
		pair->unnamed += is.source.family == 0;
	}
	check_books(pair);
	return any;
}

void qm_limiter_pair_set_rates(struct qm_limiter_pair *pair,
							   const struct qm_limiter_rates *rates)
{
	qm_limiter_set_rates(pair->limiter, rates);
	qm_limiter_model_set_rates(&pair->model, rates);
	check_books(pair);
}

void qm_limiter_pair_end(struct qm_limiter_pair *pair, struct qm_time now)
{
	while (!pair->wrong && qm_limiter_pair_take(pair, now, true)) {
	}
	demand(pair, qm_limiter_held(pair->limiter) == 0, "something is held in the end");
	demand(pair, pair->admitted - pair->returned + pair->summed == pair->told,
		   "the sum is wrong in the end");
	pair->limiter = qm_limiter_free(pair->limiter);
}
