/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recorder_priv.h"

#include <inttypes.h>
#include <string.h>

#include "clock.h"

/** Whether an event, of a class that is wanted, is held back for a summary. */
static bool is_held(struct qm_recorder *recorder, const struct qm_event *event)
{
	struct qm_time time;

	if (event->kind != QM_EVENT_FAILED || !event->failure->unauthenticated ||
		event->count != 1) {
		return false;
	}
	time = (struct qm_time){ event->when_ms, qm_time_now().mono_ms };
	return !qm_gate_admit_failure(recorder->gate, &event->sa->remote, time);
}

/** Has the store know which SA pairs are open, whatever the policy. */
static void keep_pair(struct qm_recorder *recorder, const struct qm_event *event)
{
	struct qm_open_sa open;

	if (event->kind == QM_EVENT_ENDED) {
		qm_outbox_drop_sa(recorder->journal.outbox,
						  event->instance ? event->instance :
											recorder->journal.origin.instance,
						  event->sa->child_sa);
	} else if (event->kind == QM_EVENT_ESTABLISHED || event->kind == QM_EVENT_UPDATED) {
		open = (struct qm_open_sa){
			.instance = recorder->journal.origin.instance,
			.facts = *event->sa,
			.established_ms = event->established_ms,
			.rekeys = event->rekeys,
			.before_in = event->before_in,
			.before_out = event->before_out,
		};
		qm_outbox_keep_sa(recorder->journal.outbox, &open);
	}
}

void qm_recorder_on_event(void *user, const struct qm_event *event)
{
	struct qm_recorder *recorder = user;

	keep_pair(recorder, event);
	if (event->kind == QM_EVENT_UPDATED) {
		return;
	}
	if (event->kind == QM_EVENT_LOST) {
		qm_journal_lose(&recorder->journal, event->cause, event->lost, event->since_ms);
	} else if (qm_journal_wants(&recorder->journal, event) && !is_held(recorder, event)) {
		qm_journal_write(&recorder->journal, event);
	}
	qm_outbox_relieve(recorder->journal.outbox);
}

static void put_invalid(struct qm_recorder *recorder, const struct qm_gate_item *item)
{
	const struct qm_event event = {
		.kind = QM_EVENT_INVALID_PACKET,
		.when_ms = item->last_ms,
		.since_ms = item->since_ms,
		.invalid = &item->invalid,
		.invalid_is_success = recorder->invalid_is_success,
		.count = item->count,
	};

	qm_recorder_on_event(recorder, &event);
}

/** A summary of failed negotiations: who, and how many. */
static void put_failures(struct qm_recorder *recorder, const struct qm_gate_item *item)
{
	const struct qm_failure failure = { .reason = QM_FAILURE_SEVERAL };
	const struct qm_sa_facts sa = {
		.direction = QM_DIRECTION_RESPONDER,
		.remote = item->source,
	};
	const struct qm_event event = {
		.kind = QM_EVENT_FAILED,
		.when_ms = item->last_ms,
		.since_ms = item->since_ms,
		.sa = &sa,
		.failure = &failure,
		.count = item->count,
	};

	qm_recorder_on_event(recorder, &event);
}

void qm_recorder_put_held(struct qm_recorder *recorder, bool all)
{
	const struct qm_time now = qm_time_now();
	struct qm_gate_item item;

	while (qm_gate_take(recorder->gate, now, all, &item)) {
		if (item.kind == QM_LIMIT_PACKET) {
			put_invalid(recorder, &item);
		} else {
			put_failures(recorder, &item);
		}
	}
}

void qm_recorder_put_invalid(struct qm_recorder *recorder, const struct qm_input *input)
{
	const struct qm_gate_item item = {
		.invalid = input->invalid,
		.count = 1,
		.since_ms = input->time.wall_ms,
		.last_ms = input->time.wall_ms,
	};

	put_invalid(recorder, &item);
}

static void take_over(void *user, const struct qm_open_sa *sa)
{
	struct qm_recorder *recorder = user;
	int r = qm_ledger_inherit(recorder->ledger, sa, recorder->start.last_alive_ms,
							  qm_time_now());

	if (r < 0) {
		qm_recorder_tell(recorder, "could not take over CHILD_SA %u of run %u: %s; its "
						 "end will be told by a later run", sa->facts.child_sa,
						 sa->instance, strerror(-r));
	}
}

void qm_recorder_inherit(struct qm_recorder *recorder)
{
	struct qm_inheritance inherited = {
		.last = recorder->start.last,
		.last_alive_ms = recorder->start.last_alive_ms,
	};
	struct qm_journal *journal = &recorder->journal;
	struct qm_outbox_status status;
	uint64_t bad = 0;
	int r;

	r = qm_outbox_earlier_sas(journal->outbox, take_over, recorder, &bad);
	if (r < 0 || bad) {
		qm_recorder_tell(recorder, "%" PRIu64 " SA pairs of earlier runs could not be "
						 "read: %s; their ends will not be told", bad,
						 r < 0 ? strerror(-r) : "damaged");
	}
	for (enum qm_loss_cause cause = 0; cause < QM_LOSS_MAX; cause++) {
		if (recorder->start.lost[cause].n) {
			qm_journal_inherit_loss(journal, cause, recorder->start.lost[cause].n,
									recorder->start.lost_since_ms[cause]);
		}
	}
	if (bad) {
		qm_journal_lose(journal, QM_LOSS_STORE, bad, qm_time_now().wall_ms);
	}
	qm_outbox_status(journal->outbox, &status);
	inherited.waiting = status.waiting;
	inherited.open_sas = qm_ledger_open(recorder->ledger);
	qm_journal_write_start(journal, &inherited);
}
