/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "journal.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "clock.h"

#define LOG_MAX 512

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

void qm_journal_lose(struct qm_journal *journal, enum qm_loss_cause cause, uint64_t count,
					 uint64_t since_ms)
{
	struct qm_loss *loss = &journal->losses[cause];

	if (!loss->count) {
		loss->since_ms = since_ms;
	}
	loss->count += count;
}

static int send_record(struct qm_journal *journal)
{
	int r = 0;

	if (!journal->sink) {
		r = qm_sink_new(&journal->sink);
	}
	return r < 0 ? r : qm_sink_write(journal->sink, &journal->record);
}

/** Complains once about a failure, and once says that it is over. */
static void report(struct qm_journal *journal, int r)
{
	if (r < 0 && !journal->failing) {
		tell(journal, "writing audit record %" PRIu64 " failed: %s (%s); "
			 "counting lost records until it works again", journal->seq, strerror(-r),
			 qm_sink_state_text(qm_sink_probe()));
	} else if (!r && journal->failing) {
		tell(journal, "writing audit records works again");
	}
	journal->failing = r < 0;
}

/** Numbers and writes one record. */
static int put(struct qm_journal *journal, const struct qm_event *event)
{
	int r;

	r = qm_record_format(event, &journal->origin, ++journal->seq,
						 &journal->record);
	if (!r) {
		r = send_record(journal);
	}
	report(journal, r);
	if (r < 0) {
		qm_journal_lose(journal, QM_LOSS_AUDIT, 1, event->when_ms);
	} else {
		journal->written++;
	}
	return r;
}

/** Writes the counts of what was lost, and keeps those that cannot be written. */
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
		journal->losses[cause].count = 0;
		if (put(journal, &event) < 0) {
			journal->losses[cause].count += loss.count;
			journal->losses[cause].since_ms = loss.since_ms;
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

void qm_journal_write_state(struct qm_journal *journal, enum qm_event_kind kind)
{
	const struct qm_event event = {
		.kind = kind,
		.when_ms = qm_time_now().wall_ms,
		.new_policy = journal->policy,
		.written = journal->written,
	};

	if (qm_policy_is_on(journal->policy)) {
		put(journal, &event);
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
