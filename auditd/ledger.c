/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Two questions are kept apart. *Whether* a CHILD_SA gets its 5451 and 5452 is
 * decided by a table of what is said of it against how far it has come
 * (ledger_rules.c). *Why* it ended is gathered on the side (ledger_why.c) and
 * read when the end is written. Of those that never come to life, see
 * ledger_nego.c.
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

#include "ledger_end.h"
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
		.number = ledger->inputs,
		.now = ledger->now,
	};
}

static void mark(struct qm_ledger *ledger, struct qm_sa *sa, enum qm_marker marker)
{
	const struct qm_scene scene = scene_of(ledger);

	qm_life_mark(&scene, sa, marker);
}

/** Adds a CHILD_SA. Its IKE_SA has long had the effect of its INITIAL_CONTACT. */
static int add(struct qm_ledger *ledger, const struct qm_sa_facts *facts,
			   struct qm_sa **ret)
{
	const struct qm_scene scene = scene_of(ledger);
	int r = qm_table_add(&ledger->table, facts, ret);

	if (!r) {
		qm_table_set_contact(&ledger->table, (*ret)->ike, false);
		qm_kernel_learned(&scene, *ret);
	}
	return r;
}

static int update(struct qm_ledger *ledger, struct qm_sa *sa,
				  const struct qm_sa_facts *facts)
{
	const struct qm_half halves[QM_SIDES] = { [QM_IN] = sa->in, [QM_OUT] = sa->out };
	const struct qm_scene scene = scene_of(ledger);
	int r = qm_table_update(&ledger->table, sa, facts);

	if (r < 0) {
		qm_kernel_lost(&scene, sa);
	} else {
		qm_kernel_moved(&scene, sa, halves);
	}
	return r;
}

/**
 * Finds or adds the CHILD_SA of an input that carries all facts.
 *
 * @param ret	receives the CHILD_SA, also on failure where it is known, else NULL
 */
static int learn(struct qm_ledger *ledger, const struct qm_input *input,
				 struct qm_sa **ret)
{
	struct qm_sa_facts facts;
	struct qm_sa *sa = qm_table_find(&ledger->table, input->sa.child_sa);

	*ret = sa;
	if (!sa) {
		return add(ledger, &input->sa, ret);
	}
	facts = input->sa;
	if (facts.direction == QM_DIRECTION_UNKNOWN) {
		facts.direction = sa->facts.direction;
	}
	return update(ledger, sa, &facts);
}

/** The CHILD_SA takes the place of another. */
static void replace(struct qm_ledger *ledger, struct qm_sa *sa, uint32_t old_child_sa)
{
	struct qm_sa *old = qm_table_find(&ledger->table, old_child_sa);

	sa->old_child_sa = old_child_sa;
	sa->rekeys = old ? old->rekeys + 1 : 1;
	qm_lineage_join(sa, old);
	if (old) {
		old->replaced = true;
		qm_why_rekeyed(old, sa);
	}
}

/** Established: up, or by a rekey. */
static int on_announced(struct qm_ledger *ledger, const struct qm_input *input)
{
	const struct qm_scene scene = scene_of(ledger);
	struct qm_sa *sa = qm_table_find(&ledger->table, input->child_sa);
	bool by_rekey = input->type == QM_INPUT_REKEY;
	int r = 0;

	if (input->type == QM_INPUT_ANNOUNCED) {
		by_rekey = input->old_child_sa;
	} else {
		/* what its keys told may have been lost */
		qm_nego_succeeded(&scene, &input->sa);
		r = learn(ledger, input, &sa);
	}
	if (!sa) {
		return r;
	}
	if (by_rekey) {
		replace(ledger, sa, input->old_child_sa);
	}
	mark(ledger, sa, QM_MARKER_ANNOUNCED);
	return r;
}

static void on_child_state(struct qm_ledger *ledger, struct qm_sa *sa,
						   const struct qm_input *input)
{
	switch (input->state) {
	case QM_CHILD_INSTALLED:
		mark(ledger, sa, QM_MARKER_INSTALLED);
		break;
	case QM_CHILD_REKEYED:
		sa->replaced = true;
		qm_why_blame(&sa->why, QM_REASON_REKEYED, QM_PARTY_UNKNOWN);
		mark(ledger, sa, QM_MARKER_REKEYED);
		break;
	case QM_CHILD_DELETING:
		qm_why_child_deleting(sa, input->thread, ledger->shutdown);
		mark(ledger, sa, QM_MARKER_DELETING);
		break;
	case QM_CHILD_DESTROYING:
		mark(ledger, sa, QM_MARKER_DESTROYED);
		break;
	default:
		break;
	}
}

static int on_keys(struct qm_ledger *ledger, const struct qm_input *input)
{
	const struct qm_scene scene = scene_of(ledger);
	struct qm_sa *sa;

	qm_nego_succeeded(&scene, &input->sa);
	return learn(ledger, input, &sa);
}

/** Refused by the kernel: a failed negotiation, unless it had its keys before. */
static int on_refused(struct qm_ledger *ledger, const struct qm_input *input)
{
	const struct qm_scene scene = scene_of(ledger);
	struct qm_sa *sa = qm_table_find(&ledger->table, input->child_sa);

	if (!sa) {
		return qm_nego_alert(&scene, input);
	}
	mark(ledger, sa, QM_MARKER_REFUSED);
	return 0;
}

/** Gone before it was installed: it may have had its keys all the same. */
static int on_child_failed(struct qm_ledger *ledger, const struct qm_input *input)
{
	const struct qm_scene scene = scene_of(ledger);
	struct qm_sa *sa = qm_table_find(&ledger->table, input->child_sa);

	if (!sa) {
		return qm_nego_child_failed(&scene, input);
	}
	mark(ledger, sa, QM_MARKER_DESTROYED);
	return 0;
}

/** Inputs about a CHILD_SA; of one that never had keys there is nothing to say. */
static void on_child(struct qm_ledger *ledger, const struct qm_input *input)
{
	struct qm_sa *sa = qm_table_find(&ledger->table, input->child_sa);

	if (!sa) {
		return;
	}
	switch (input->type) {
	case QM_INPUT_CHILD_STATE:
		on_child_state(ledger, sa, input);
		break;
	case QM_INPUT_DOWN:
		mark(ledger, sa, QM_MARKER_DOWN);
		break;
	default:
		break;
	}
}

static void on_expired(struct qm_ledger *ledger, const struct qm_input *input)
{
	struct qm_sa *sa = qm_table_find_half(&ledger->table, &input->expired);

	/* with equal lifetimes, the peer's kernel may have been first */
	if (sa && !sa->peer_delete) {
		qm_why_blame(&sa->why, QM_REASON_EXPIRED, QM_PARTY_KERNEL);
	}
}

static int on_hosts(struct qm_ledger *ledger, struct qm_ike *ike,
					const struct qm_input *input)
{
	const struct qm_scene scene = scene_of(ledger);
	struct qm_sa *sa;
	int r = 0;

	for (sa = ike->children; sa; sa = sa->next) {
		struct qm_sa_facts facts = sa->facts;
		int e;

		/* one that has ended has ended where it was */
		qm_end_write(&scene, sa);
		qm_kernel_moving(&scene, sa);
		facts.local = input->hosts.local;
		facts.remote = input->hosts.remote;
		e = update(ledger, sa, &facts);
		r = r ? r : e;
	}
	return r;
}

static int on_moved(struct qm_ledger *ledger, struct qm_ike *from, uint32_t to_sa)
{
	struct qm_ike *to;
	int r;

	r = qm_table_get_ike(&ledger->table, to_sa, &to);
	if (r < 0) {
		return r;
	}
	/* 6.x says this of an IKE_SA that only gets another SPI */
	if (to != from) {
		qm_table_move(from, to);
		to->established |= from->established;
	}
	return 0;
}

static void ike_acts(struct qm_ledger *ledger, struct qm_ike *ike, enum qm_act act,
					 const struct qm_input *input)
{
	qm_why_ike_acts(&ledger->table, ike, act, input->thread, ledger->shutdown);
}

static int on_ike_gone(struct qm_ledger *ledger, struct qm_ike *ike,
					   const struct qm_input *input)
{
	const struct qm_scene scene = scene_of(ledger);
	int r;

	ike_acts(ledger, ike, QM_ACT_DESTROYING, input);
	r = qm_nego_ike_gone(&scene, ike, input);
	qm_table_release_ike(&ledger->table, ike);
	return r;
}

/** Inputs about an IKE_SA; one without CHILD_SAs is not remembered for them. */
static int on_ike(struct qm_ledger *ledger, const struct qm_input *input)
{
	const struct qm_scene scene = scene_of(ledger);
	struct qm_ike *ike = qm_table_find_ike(&ledger->table, input->ike_sa);

	if (!ike) {
		return 0;
	}
	switch (input->type) {
	case QM_INPUT_IKE_RESET:
		qm_nego_ike_reset(&scene, ike, input);
		break;
	case QM_INPUT_PEER_DELETE:
		qm_why_peer_delete(ike, &input->deleted);
		break;
	case QM_INPUT_IKE_CAUSE:
		ike->cause = input->cause;
		ike->cause_thread = input->thread;
		ike->cause_input = ledger->inputs;
		break;
	case QM_INPUT_IKE_AUTH:
		ike->contact_thread = input->thread;
		ike->contact_input = ledger->inputs;
		qm_nego_ike_auth(&scene, ike, input);
		break;
	case QM_INPUT_IKE_UP:
		qm_table_set_contact(&ledger->table, ike, false);
		ike->cause = QM_CAUSE_NONE;
		ike->established = true;
		break;
	case QM_INPUT_IKE_DELETING:
		ike_acts(ledger, ike, QM_ACT_DELETING, input);
		break;
	case QM_INPUT_IKE_DOWN:
		ike_acts(ledger, ike, QM_ACT_DOWN, input);
		ike->down = true;
		break;
	case QM_INPUT_IKE_DESTROYING:
	case QM_INPUT_IKE_ABANDONED:
		return on_ike_gone(ledger, ike, input);
	case QM_INPUT_IKE_MOVED:
		return on_moved(ledger, ike, input->new_ike_sa);
	case QM_INPUT_IKE_HOSTS:
		return on_hosts(ledger, ike, input);
	default:
		break;
	}
	return 0;
}

static int on_initial_contact(struct qm_ledger *ledger, const struct qm_input *input)
{
	const struct qm_scene scene = scene_of(ledger);
	struct qm_ike *ike;
	int r;

	r = qm_table_get_ike(&ledger->table, input->ike_sa, &ike);
	if (r < 0) {
		return r;
	}
	qm_table_set_contact(&ledger->table, ike, true);
	ike->contact_thread = input->thread;
	ike->contact_input = ledger->inputs;
	qm_nego_ike_auth(&scene, ike, input);
	return 0;
}

static int take(struct qm_ledger *ledger, const struct qm_scene *scene,
				const struct qm_input *input)
{
	switch (input->type) {
	case QM_INPUT_KEYS:
		return on_keys(ledger, input);
	case QM_INPUT_UP:
	case QM_INPUT_REKEY:
	case QM_INPUT_ANNOUNCED:
		return on_announced(ledger, input);
	case QM_INPUT_CHILD_STATE:
	case QM_INPUT_DOWN:
		on_child(ledger, input);
		return 0;
	case QM_INPUT_INSTALL_FAILED:
		return on_refused(ledger, input);
	case QM_INPUT_MESSAGE:
	case QM_INPUT_MESSAGE_ERROR:
		return qm_nego_message(scene, input);
	case QM_INPUT_ALERT:
	case QM_INPUT_ALERT_OFFER:
		return qm_nego_alert(scene, input);
	case QM_INPUT_CHILD_BORN:
		return qm_nego_child_born(scene, input);
	case QM_INPUT_CHILD_FAILED:
		return on_child_failed(ledger, input);
	case QM_INPUT_EXPIRED:
		on_expired(ledger, input);
		return 0;
	case QM_INPUT_INITIAL_CONTACT:
		return on_initial_contact(ledger, input);
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
		return on_ike(ledger, input);
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
		mark(ledger, sa, QM_MARKER_DESTROYED);
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
