/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two questions are kept apart. *Whether* a CHILD_SA gets its 5451 and 5452 is
 * decided by a table of what is said of it against how far it has come
 * (ledger_rules.c). *Why* it ended is gathered on the side (ledger_why.c) and
 * read when the end is written. Inputs about CHILD_SAs are taken in ledger_child.c,
 * those about IKE_SAs in ledger_ike.c. Of those that never come to life, see
 * ledger_nego.c; of those of earlier runs, ledger_earlier.c.
 *
 * For charon a CHILD_SA is gone when it destroys it, and not before: of all the
 * markers of an end this is the only one that every path reaches, and it
 * comes once. The others (down, deleted, rekeyed) come twice on some paths of
 * 5.9 and not at all on others of 6.x. What the kernel has to say of it, see
 * ledger_kernel.c and ledger_end.c.
 */
#include "ledger.h"

#include <errno.h>
#include <stdlib.h>

#include "ledger_child.h"
#include "ledger_earlier.h"
#include "ledger_ike.h"
#include "ledger_kernel.h"
#include "ledger_life.h"
#include "ledger_lineage.h"
#include "ledger_nego.h"
#include "ledger_stray.h"
#include "ledger_table.h"
#include "ledger_why.h"

struct qm_ledger {
	struct qm_table table;
	qm_ledger_emit_t emit;
	void *user;
	/** charon is stopping */
	bool shutdown;
	/** inputs taken, to tell which of two came later; and time of the last */
	uint64_t inputs;
	struct qm_time now;
};

static struct qm_scene scene_of(struct qm_ledger *ledger)
{
	return (struct qm_scene){
		.table = &ledger->table,
		.emit = ledger->emit,
		.user = ledger->user,
		.shutdown = ledger->shutdown,
		.number = ledger->inputs,
		.now = ledger->now,
	};
}

static int take(struct qm_ledger *ledger, const struct qm_scene *scene,
				const struct qm_input *input)
{
	switch (input->type) {
	case QM_INPUT_KEYS:
	case QM_INPUT_UP:
	case QM_INPUT_REKEY:
	case QM_INPUT_ANNOUNCED:
	case QM_INPUT_CHILD_STATE:
	case QM_INPUT_CHILD_FAILED:
	case QM_INPUT_DOWN:
	case QM_INPUT_INSTALL_FAILED:
	case QM_INPUT_EXPIRED:
		return qm_child_input(scene, input);
	case QM_INPUT_INITIAL_CONTACT:
	case QM_INPUT_PEER_DELETE:
	case QM_INPUT_IKE_CAUSE:
	case QM_INPUT_IKE_AUTH:
	case QM_INPUT_IKE_UP:
	case QM_INPUT_IKE_DOWN:
	case QM_INPUT_IKE_RESET:
	case QM_INPUT_IKE_DELETING:
	case QM_INPUT_IKE_DESTROYING:
	case QM_INPUT_IKE_ABANDONED:
	case QM_INPUT_IKE_MOVED:
	case QM_INPUT_IKE_HOSTS:
		return qm_ike_input(scene, input);
	case QM_INPUT_MESSAGE:
	case QM_INPUT_MESSAGE_ERROR:
		return qm_nego_message(scene, input);
	case QM_INPUT_ALERT:
	case QM_INPUT_ALERT_OFFER:
		return qm_nego_alert(scene, input);
	case QM_INPUT_CHILD_BORN:
		return qm_nego_child_born(scene, input);
	case QM_INPUT_KERNEL_ADDED:
		qm_kernel_added(scene, &input->kernel);
		return 0;
	case QM_INPUT_KERNEL_REMOVED:
		qm_kernel_removed(scene, &input->kernel);
		return 0;
	case QM_INPUT_KERNEL_SYNC:
		qm_kernel_sync(scene, &input->sync);
		return 0;
	case QM_INPUT_TICK:
		return 0;
	case QM_INPUT_SHUTDOWN:
		ledger->shutdown = true;
		return 0;
	default:
		return -EINVAL;
	}
}

int qm_ledger_input(struct qm_ledger *ledger, const struct qm_input *input)
{
	struct qm_scene scene;

	ledger->inputs++;
	ledger->now = input->time;
	scene = scene_of(ledger);
	qm_nego_before(&scene, input);
	qm_kernel_before(&scene);
	return take(ledger, &scene, input);
}

void qm_ledger_finish(struct qm_ledger *ledger, struct qm_time now)
{
	struct qm_scene scene;
	struct qm_sa *sa, *next;

	ledger->now = now;
	scene = scene_of(ledger);
	qm_nego_finish(&scene);
	qm_kernel_finish(&scene);
	HASH_ITER(hh, ledger->table.sas, sa, next) {
		sa->why = qm_why_of(sa);
		qm_why_blame(&sa->why, QM_REASON_SHUTDOWN, QM_PARTY_LOCAL);
		qm_life_mark(&scene, sa, QM_MARKER_DESTROYED);
	}
}

int qm_ledger_new(struct qm_ledger **ret, qm_ledger_emit_t emit, void *user)
{
	struct qm_ledger *ledger = calloc(1, sizeof(*ledger));

	if (!ledger) {
		return -ENOMEM;
	}
	ledger->emit = emit;
	ledger->user = user;
	*ret = ledger;
	return 0;
}

int qm_ledger_inherit(struct qm_ledger *ledger, const struct qm_open_sa *open,
					  uint64_t last_seen_ms, struct qm_time now)
{
	struct qm_scene scene;

	if (!open->instance) {
		return -EINVAL;
	}
	ledger->now = now;
	scene = scene_of(ledger);
	return qm_earlier_add(&scene, open, last_seen_ms);
}

void qm_ledger_tell_open(struct qm_ledger *ledger)
{
	const struct qm_scene scene = scene_of(ledger);
	struct qm_sa *sa, *next;

	HASH_ITER(hh, ledger->table.sas, sa, next) {
		qm_life_updated(&scene, sa);
	}
	/* what charon has let go of is not among them, and may wait for counters */
	for (sa = ledger->table.pending; sa; sa = sa->wait_next) {
		if (!sa->ike && !sa->instance) {
			qm_life_updated(&scene, sa);
		}
	}
}

/** @return false to end it */
static bool visit_open(const struct qm_sa *sa,
					   bool (*visit)(void *user, const struct qm_ledger_pair *pair),
					   void *user)
{
	const struct qm_past past = qm_lineage_past(sa);
	const struct qm_ledger_pair pair = {
		.facts = &sa->facts,
		.instance = sa->instance,
		.established_ms = sa->established.wall_ms,
		.rekeys = past.rekeys,
		.before_in = past.before[QM_IN],
		.before_out = past.before[QM_OUT],
	};

	return (sa->phase != QM_PHASE_ACTIVE && sa->wait != QM_SA_UNCOUNTED) ||
		   visit(user, &pair);
}

void qm_ledger_each_open(const struct qm_ledger *ledger,
						 bool (*visit)(void *user, const struct qm_ledger_pair *pair),
						 void *user)
{
	const struct qm_table *table = &ledger->table;
	const struct qm_sa *sa;

	for (sa = table->sas; sa; sa = sa->hh.next) {
		if (!visit_open(sa, visit, user)) {
			return;
		}
	}
	for (sa = table->pending; sa; sa = sa->wait_next) {
		if (!sa->ike && !sa->instance && !visit_open(sa, visit, user)) {
			return;
		}
	}
	for (sa = table->earlier; sa; sa = sa->next) {
		if (!visit_open(sa, visit, user)) {
			return;
		}
	}
}

bool qm_ledger_waits(const struct qm_ledger *ledger)
{
	return qm_nego_waits(&ledger->table) || qm_kernel_waits(&ledger->table);
}

size_t qm_ledger_open(const struct qm_ledger *ledger)
{
	return ledger->table.open;
}

size_t qm_ledger_entries(const struct qm_ledger *ledger)
{
	const struct qm_table *table = &ledger->table;

	return HASH_COUNT(table->sas) + table->orphans + HASH_COUNT(table->ikes) +
		   HASH_COUNT(table->strays);
}

struct qm_ledger *qm_ledger_free(struct qm_ledger *ledger)
{
	if (ledger) {
		qm_stray_clear(&ledger->table);
		qm_table_clear(&ledger->table);
		free(ledger);
	}
	return NULL;
}
