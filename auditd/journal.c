/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "journal.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"

#define LOG_MAX (QM_STORE_ERROR_MAX + 128)

static void __attribute__((format(printf, 2, 3)))
tell(struct qm_journal *journal, const char *fmt, ...)
{
	char message[LOG_MAX];
	va_list args;

	va_start(args, fmt);
	vsnprintf(message, sizeof(message), fmt, args);
	va_end(args);
	journal->tell(journal->user, message);
}

void qm_journal_inherit_loss(struct qm_journal *journal, enum qm_loss_cause cause,
							 uint64_t count, uint64_t since_ms)
{
	struct qm_loss *loss = &journal->losses[cause];

	if (!loss->count) {
		loss->since_ms = since_ms;
	}
	loss->count += count;
	qm_outbox_set_loss(journal->outbox, cause, loss->count, loss->since_ms);
}

void qm_journal_lose(struct qm_journal *journal, enum qm_loss_cause cause, uint64_t count,
					 uint64_t since_ms)
{
	journal->lost[cause] += count;
	journal->lost_at_ms = qm_time_now().wall_ms;
	qm_journal_inherit_loss(journal, cause, count, since_ms);
}

/** Complains once that there is no room for a record, and once says that there is. */
static void report(struct qm_journal *journal, int r)
{
	if (r < 0 && !journal->failing) {
		tell(journal, "audit record %" PRIu64 " cannot be kept: %s; counting lost "
			 "records until there is room (store_records, store_bytes) or audit takes "
			 "those that wait", journal->seq,
			 r == -EDQUOT ? "as many wait as may" : strerror(-r));
	} else if (!r && journal->failing) {
		tell(journal, "audit records can be kept again");
	}
	journal->failing = r < 0;
}

/** The number of the next record, of this run or an earlier one's. */
static int next_seq(struct qm_journal *journal, uint32_t instance, uint64_t *ret)
{
	if (instance) {
		return qm_outbox_next_seq(journal->outbox, instance, ret);
	}
	*ret = ++journal->seq;
	return 0;
}

/** Numbers and keeps one record. */
static int put(struct qm_journal *journal, const struct qm_event *event)
{
	const uint32_t instance = event->instance ? event->instance :
												journal->origin.instance;
	uint64_t seq = 0;
	int r;

	r = next_seq(journal, event->instance, &seq);
	if (!r) {
		r = qm_record_format(event, &journal->origin, seq, &journal->record);
	}
	if (!r) {
		r = qm_outbox_add(journal->outbox, instance, seq, &journal->record);
	}
	if (r < 0 || event->kind != QM_EVENT_LOST) {
		/* a count may fit where a record did not */
		report(journal, r);
	}
	if (!r) {
		journal->written++;
	} else if (event->kind == QM_EVENT_LOST) {
		/* nothing is missing where this number was to be */
		journal->seq--;
	} else {
		qm_journal_lose(journal, QM_LOSS_STORE, 1, event->when_ms);
	}
	return r;
}

/** Writes the counts of what was lost, and goes on counting where that fails. */
static void put_losses(struct qm_journal *journal)
{
	enum qm_loss_cause cause;

	for (cause = 0; cause < QM_LOSS_MAX; cause++) {
		const struct qm_loss loss = journal->losses[cause];
		const struct qm_event event = {
			.kind = QM_EVENT_LOST,
			.when_ms = qm_time_now().wall_ms,
			.cause = cause,
			.lost = loss.count,
			.since_ms = loss.since_ms,
		};

		if (!loss.count) {
			continue;
		}
		if (put(journal, &event) == 0) {
			journal->losses[cause].count = 0;
			qm_outbox_set_loss(journal->outbox, cause, 0, 0);
		}
	}
}

bool qm_journal_wants(const struct qm_journal *journal, const struct qm_event *event)
{
	return qm_policy_wants(journal->policy, qm_event_is_success(event));
}

void qm_journal_write(struct qm_journal *journal, const struct qm_event *event)
{
	put_losses(journal);
	put(journal, event);
}

void qm_journal_write_start(struct qm_journal *journal,
							const struct qm_inheritance *inherited)
{
	const struct qm_event event = {
		.kind = QM_EVENT_AUDIT_START,
		.when_ms = qm_time_now().wall_ms,
		.new_policy = journal->policy,
		.durability = journal->durability,
		.inherited = *inherited,
	};

	if (qm_policy_is_on(journal->policy)) {
		put(journal, &event);
	}
}

void qm_journal_write_stop(struct qm_journal *journal)
{
	const struct qm_event event = {
		.kind = QM_EVENT_AUDIT_STOP,
		.when_ms = qm_time_now().wall_ms,
		.new_policy = journal->policy,
		.written = journal->written,
	};

	if (qm_policy_is_on(journal->policy)) {
		put(journal, &event);
	}
}

/** Writes what has become of the store. */
static void put_store_change(struct qm_journal *journal)
{
	struct qm_outbox_status status;
	struct qm_event event;

	qm_outbox_status(journal->outbox, &status);
	event = (struct qm_event){
		.kind = QM_EVENT_STORE_CHANGE,
		.when_ms = qm_time_now().wall_ms,
		.old_durability = journal->durability,
		.durability = status.durability,
		.error = -status.error,
	};

	if (status.error) {
		tell(journal, "%s; records and open SA pairs are kept in memory alone until that "
			 "works", status.complaint);
	} else {
		tell(journal, "records and open SA pairs are kept in the state database again");
	}
	journal->durability = status.durability;
	if (qm_policy_is_on(journal->policy)) {
		put(journal, &event);
	}
}

/** Counts what was lost of the records that were kept. @return whether any was */
static bool take_lost(struct qm_journal *journal)
{
	static const enum qm_loss_cause causes[] = { QM_LOSS_AUDIT, QM_LOSS_STORE };
	bool any = false;

	for (size_t i = 0; i < sizeof(causes) / sizeof(causes[0]); i++) {
		const uint64_t lost = qm_outbox_take_lost(journal->outbox, causes[i]);

		if (lost) {
			qm_journal_lose(journal, causes[i], lost, qm_time_now().wall_ms);
			any = true;
		}
	}
	return any;
}

int qm_journal_flush(struct qm_journal *journal, struct qm_time now)
{
	int wait = qm_outbox_flush(journal->outbox, now);

	take_lost(journal);
	if (qm_outbox_durability(journal->outbox) != journal->durability) {
		put_store_change(journal);
		wait = 0;
	}
	return wait;
}

void qm_journal_finish(struct qm_journal *journal)
{
	qm_outbox_finish(journal->outbox);
	if (take_lost(journal)) {
		/* the next start tells of it */
		qm_outbox_flush(journal->outbox, qm_time_now());
	}
}

void qm_journal_change_policy(struct qm_journal *journal, struct qm_policy policy,
							  uint64_t when_ms)
{
	const struct qm_event event = {
		.kind = QM_EVENT_POLICY_CHANGE,
		.when_ms = when_ms,
		.old_policy = journal->policy,
		.new_policy = policy,
	};

	if (qm_policy_equal(event.old_policy, policy)) {
		return;
	}
	tell(journal, "audit policy changed from %s to %s", qm_policy_name(event.old_policy),
		 qm_policy_name(policy));
	journal->policy = policy;
	put(journal, &event);
}

bool qm_journal_owes(const struct qm_journal *journal)
{
	bool owes = false;

	for (enum qm_loss_cause cause = 0; cause < QM_LOSS_MAX; cause++) {
		owes = owes || journal->losses[cause].count;
	}
	return owes && qm_policy_is_on(journal->policy);
}

void qm_journal_write_losses(struct qm_journal *journal)
{
	if (qm_journal_owes(journal)) {
		put_losses(journal);
	}
}
