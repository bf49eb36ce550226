/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ledger: what became of every CHILD_SA, decided in one place.
 *
 * A pure state machine. It is told what the hooks saw, in the order in which
 * they saw it, and what becomes of the SAs in the kernel, and says which events
 * that makes: one 5451 for each SPI pair that came to life and one 5452 when it
 * is gone. It does no I/O and asks no clock. One thread owns it.
 *
 * What bounds it: one entry for each CHILD_SA and IKE_SA that charon has, and a
 * fixed number of SAs that others have in the kernel.
 */
#ifndef QM_LEDGER_H
#define QM_LEDGER_H

#include <stdbool.h>
#include <stddef.h>

#include "event.h"
#include "input.h"

struct qm_ledger;

/**
 * Receives the events of one input, in order.
 *
 * @param user		as given to qm_ledger_new()
 * @param event		valid during the call
 */
typedef void (*qm_ledger_emit_t)(void *user, const struct qm_event *event);

/**
 * @param ret	receives the ledger, to be freed by qm_ledger_free()
 * @param emit	called for each event
 * @param user	passed to emit
 * @return		0 or -ENOMEM
 */
int qm_ledger_new(struct qm_ledger **ret, qm_ledger_emit_t emit, void *user);

/**
 * Takes one input and emits the events that follow from it.
 *
 * @return	0; -EINVAL for a type that is not the ledger's; -ENOMEM if the
 *			input could not be remembered: an event may be missing later
 */
int qm_ledger_input(struct qm_ledger *ledger, const struct qm_input *input);

/**
 * Ends whatever is still open, at charon's own end.
 *
 * By then charon has destroyed its CHILD_SAs and said so, so this finds only
 * those whose end was lost on the way here.
 */
void qm_ledger_finish(struct qm_ledger *ledger, struct qm_time now);

/**
 * Takes over an SA pair of an earlier run, before the first input. It ends with what
 * the kernel is told to have, or with a QM_SYNC_NONE; until then, and past
 * qm_ledger_finish(), it stays open.
 *
 * @param open			copied; its instance is not 0
 * @param last_seen_ms	when it was last known to be there, ms since the epoch
 * @return				0; -EINVAL if it is no other run's; -ENOMEM
 */
int qm_ledger_inherit(struct qm_ledger *ledger, const struct qm_open_sa *open,
					  uint64_t last_seen_ms, struct qm_time now);

/** Emits QM_EVENT_UPDATED for each CHILD_SA of this run with a 5451 and no 5452. */
void qm_ledger_tell_open(struct qm_ledger *ledger);

/** An SA pair with a 5451 and no 5452; valid during the visit. */
struct qm_ledger_pair {
	const struct qm_sa_facts *facts;
	/** run that announced it, 0 for this one */
	uint32_t instance;
	/** time of its 5451, ms since the epoch */
	uint64_t established_ms;
	/** rekeys that led to it, and bytes of those before it */
	uint32_t rekeys;
	struct qm_count before_in;
	struct qm_count before_out;
};

/**
 * Visits the SA pairs with a 5451 and no 5452 yet, those of earlier runs last.
 *
 * @param visit		false ends it
 */
void qm_ledger_each_open(const struct qm_ledger *ledger,
						 bool (*visit)(void *user, const struct qm_ledger_pair *pair),
						 void *user);

/** Whether something waits to be judged: QM_INPUT_TICK, now and then, does it. */
bool qm_ledger_waits(const struct qm_ledger *ledger);

/** CHILD_SAs with a 5451 and no 5452 yet. */
size_t qm_ledger_open(const struct qm_ledger *ledger);

/** CHILD_SAs, IKE_SAs and SAs of the kernel remembered, for whatever reason. */
size_t qm_ledger_entries(const struct qm_ledger *ledger);

/** Frees the ledger without emitting anything. NULL is fine. @return NULL */
struct qm_ledger *qm_ledger_free(struct qm_ledger *ledger);

#endif
