/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "shadow.h"

#include <string.h>

static bool is_same_count(struct qm_count a, struct qm_count b)
{
	return a.known == b.known && (!a.known || a.n == b.n);
}

static bool is_same(const struct qm_open_sa *a, const struct qm_open_sa *b)
{
	return !memcmp(&a->facts, &b->facts, sizeof(a->facts)) && a->rekeys == b->rekeys &&
		   a->established_ms == b->established_ms &&
		   is_same_count(a->before_in, b->before_in) &&
		   is_same_count(a->before_out, b->before_out);
}

/** Whether sums of a lineage are what there was before and its own. */
static bool is_sum(struct qm_count total, struct qm_count before, struct qm_count own)
{
	const struct qm_count sum = { before.known && own.known, before.n + own.n };

	return is_same_count(total, sum);
}

static void complain(struct qm_shadow *shadow, const char *what)
{
	shadow->wrong = shadow->wrong ? shadow->wrong : what;
}

static void on_told(struct qm_shadow *shadow, const struct qm_event *event)
{
	const uint32_t child = event->sa->child_sa;
	struct qm_open_sa *open = &shadow->open[child];
	const struct qm_open_sa now = {
		.instance = open->instance,
		.facts = *event->sa,
		.established_ms = event->established_ms,
		.rekeys = event->rekeys,
		.before_in = event->before_in,
		.before_out = event->before_out,
	};

	if (shadow->is_open[child] != (event->kind == QM_EVENT_UPDATED)) {
		complain(shadow, "a start of what is open, or an update of what is not");
	} else if (shadow->asking) {
		shadow->told++;
		if (!is_same(open, &now)) {
			complain(shadow, "a change that was not told");
		}
	} else if (event->kind == QM_EVENT_UPDATED) {
		shadow->updates++;
		if (is_same(open, &now)) {
			complain(shadow, "an update by which nothing has changed");
		}
	}
	shadow->is_open[child] = true;
	*open = now;
}

static void on_ended(struct qm_shadow *shadow, const struct qm_event *event)
{
	const uint32_t child = event->sa->child_sa;
	const struct qm_open_sa *open = &shadow->open[child];

	if (!shadow->is_open[child]) {
		complain(shadow, "an end of what is not open");
	} else if (memcmp(event->sa, &open->facts, sizeof(open->facts)) ||
			   event->rekeys != open->rekeys || event->instance != open->instance ||
			   !is_sum(event->total_bytes_in, open->before_in,
					   event->traffic.bytes_in) ||
			   !is_sum(event->total_bytes_out, open->before_out,
					   event->traffic.bytes_out)) {
		complain(shadow, "an end that says what was not told");
	}
	shadow->is_open[child] = false;
}

void qm_shadow_init(struct qm_shadow *shadow)
{
	memset(shadow->is_open, 0, sizeof(shadow->is_open));
	memset(shadow->open, 0, sizeof(shadow->open));
	shadow->asking = false;
	shadow->wrong = NULL;
	shadow->updates = 0;
}

void qm_shadow_event(struct qm_shadow *shadow, const struct qm_event *event)
{
	if (event->kind == QM_EVENT_ESTABLISHED || event->kind == QM_EVENT_UPDATED) {
		on_told(shadow, event);
	} else if (event->kind == QM_EVENT_ENDED) {
		on_ended(shadow, event);
	}
}

/** What is listed for a status is what was told. */
static bool on_listed(void *user, const struct qm_ledger_pair *pair)
{
	struct qm_shadow *shadow = user;
	const uint32_t child = pair->facts->child_sa;
	const struct qm_open_sa *open = &shadow->open[child];
	const struct qm_open_sa now = {
		.facts = *pair->facts,
		.established_ms = pair->established_ms,
		.rekeys = pair->rekeys,
		.before_in = pair->before_in,
		.before_out = pair->before_out,
	};

	shadow->listed++;
	if (!shadow->is_open[child] || pair->instance != open->instance) {
		complain(shadow, "one is listed that is not open");
	} else if (!is_same(open, &now)) {
		complain(shadow, "one is listed as what it is not");
	}
	return true;
}

static bool on_first(void *user, const struct qm_ledger_pair *pair)
{
	(void)pair;
	++*(unsigned *)user;
	return false;
}

/** Lists what is open, and then only the first of it. */
static void check_list(struct qm_shadow *shadow, const struct qm_ledger *ledger)
{
	const size_t open = qm_ledger_open(ledger);
	unsigned first = 0;

	shadow->listed = 0;
	qm_ledger_each_open(ledger, on_listed, shadow);
	qm_ledger_each_open(ledger, on_first, &first);
	if (shadow->listed != open || first != (open > 0)) {
		complain(shadow, "not all that is open is listed, or more");
	}
}

bool qm_shadow_check(struct qm_shadow *shadow, struct qm_ledger *ledger)
{
	shadow->asking = true;
	shadow->told = 0;
	qm_ledger_tell_open(ledger);
	shadow->asking = false;
	if (shadow->told != qm_ledger_open(ledger)) {
		complain(shadow, "not told of all that is open");
	}
	check_list(shadow, ledger);
	return !shadow->wrong;
}
