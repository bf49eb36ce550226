/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is written: events under the policy in force, each with its number. A
 * record that cannot be kept until it has arrived keeps its number, is counted, and
 * the count is written as soon as there is room again; so a gap in rec-seq is always
 * explained by an op=lost. One thread owns a journal.
 */
#ifndef QM_JOURNAL_H
#define QM_JOURNAL_H

#include <stdbool.h>
#include <stdint.h>

#include "event.h"
#include "policy.h"
#include "record.h"
#include "outbox.h"

/** Records or inputs that could not be kept. */
struct qm_loss {
	uint64_t count;
	uint64_t since_ms;
};

struct qm_journal {
	struct qm_origin origin;
	/** in force */
	struct qm_policy policy;
	/** tells an administrator something */
	void (*tell)(void *user, const char *message);
	void *user;
	struct qm_outbox *outbox;
	/** what records that wait outlive, as told last */
	enum qm_durability durability;
	/** number of the last record */
	uint64_t seq;
	/** records that were kept, to be sent */
	uint64_t written;
	/** losses that no record tells of yet */
	struct qm_loss losses[QM_LOSS_MAX];
	/** all that this run has lost, and when the last of it was counted, ms since the
	 * epoch; 0 for never */
	uint64_t lost[QM_LOSS_MAX];
	uint64_t lost_at_ms;
	/** there was no room for the last record, and a complaint about it */
	bool failing;
	/** the record being written; here for its size */
	struct qm_record record;
};

/** Whether an event is written under the policy in force. */
bool qm_journal_wants(const struct qm_journal *journal, const struct qm_event *event);

/** Writes an event that is wanted, after the counts of what was lost before it. */
void qm_journal_write(struct qm_journal *journal, const struct qm_event *event);

/** Writes that auditing begins, with what there is of earlier runs, under a policy that
 * writes anything. */
void qm_journal_write_start(struct qm_journal *journal,
							const struct qm_inheritance *inherited);

/** Writes that auditing ends, under a policy that writes anything. */
void qm_journal_write_stop(struct qm_journal *journal);

/** Keeps and sends what was written, see qm_outbox_flush(). */
int qm_journal_flush(struct qm_journal *journal, struct qm_time now);

/** The last of it, see qm_outbox_finish(). */
void qm_journal_finish(struct qm_journal *journal);

/** Puts a policy in force. A change is written whatever the policies are, so that
 * silence has its explanation. */
void qm_journal_change_policy(struct qm_journal *journal, struct qm_policy policy,
							  uint64_t when_ms);

/**
 * Counts what was lost.
 *
 * @param since_ms	of the first, milliseconds since the epoch
 */
void qm_journal_lose(struct qm_journal *journal, enum qm_loss_cause cause, uint64_t count,
					 uint64_t since_ms);

/** The same of what earlier runs lost and no record told of. */
void qm_journal_inherit_loss(struct qm_journal *journal, enum qm_loss_cause cause,
							 uint64_t count, uint64_t since_ms);

/** Whether a loss waits to be written. */
bool qm_journal_owes(const struct qm_journal *journal);

/** Writes the counts of what was lost, and keeps those that cannot be written; under
 * a policy that writes anything. */
void qm_journal_write_losses(struct qm_journal *journal);

#endif
