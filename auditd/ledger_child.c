/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger_child.h"

#include <string.h>

#include "ledger_kernel.h"
#include "ledger_life.h"
#include "ledger_lineage.h"
#include "ledger_nego.h"
#include "ledger_why.h"

/** Adds a CHILD_SA. Its IKE_SA has long had the effect of its INITIAL_CONTACT. */
static int add(const struct qm_scene *scene, const struct qm_sa_facts *facts,
			   struct qm_sa **ret)
{
	int r = qm_table_add(scene->table, facts, ret);

	if (!r) {
		qm_table_set_contact(scene->table, (*ret)->ike, false);
		qm_kernel_learned(scene, *ret);
	}
	return r;
}

int qm_child_update(const struct qm_scene *scene, struct qm_sa *sa,
					const struct qm_sa_facts *facts)
{
	const struct qm_half halves[QM_SIDES] = { [QM_IN] = sa->in, [QM_OUT] = sa->out };
	const struct qm_sa_facts before = sa->facts;
	int r = qm_table_update(scene->table, sa, facts);

	if (r < 0) {
		qm_kernel_lost(scene, sa);
	} else {
		qm_kernel_moved(scene, sa, halves);
	}
	/* what a text does not use may differ too: then nothing new is told, once more */
	/* NOLINTNEXTLINE(bugprone-suspicious-memory-comparison,cert-exp42-c,cert-flp37-c) */
	if (memcmp(&before, &sa->facts, sizeof(before))) {
		qm_life_updated(scene, sa);
	}
	return r;
}

/**
 * Finds or adds the CHILD_SA of an input that carries all facts.
 *
 * @param ret	receives the CHILD_SA, also on failure where it is known, else NULL
 */
static int learn(const struct qm_scene *scene, const struct qm_input *input,
				 struct qm_sa **ret)
{
	struct qm_sa_facts facts;
	struct qm_sa *sa = qm_table_find(scene->table, input->sa.child_sa);

	*ret = sa;
	if (!sa) {
		return add(scene, &input->sa, ret);
	}
	facts = input->sa;
	if (facts.direction == QM_DIRECTION_UNKNOWN) {
		facts.direction = sa->facts.direction;
	}
	return qm_child_update(scene, sa, &facts);
}

/** The CHILD_SA takes the place of another. */
static void replace(const struct qm_scene *scene, struct qm_sa *sa, uint32_t old_child_sa)
{
	struct qm_sa *old = qm_table_find(scene->table, old_child_sa);
	const struct qm_past before = qm_lineage_past(sa);

	sa->old_child_sa = old_child_sa;
	sa->rekeys = old ? old->rekeys + 1 : 1;
	qm_lineage_join(sa, old);
	if (old) {
		old->replaced = true;
		qm_why_rekeyed(old, sa);
	}
	qm_life_past_updated(scene, sa, &before);
}

/** Established: up, or by a rekey. */
static int on_announced(const struct qm_scene *scene, const struct qm_input *input)
{
	struct qm_sa *sa = qm_table_find(scene->table, input->child_sa);
	bool by_rekey = input->type == QM_INPUT_REKEY;
	int r = 0;

	if (input->type == QM_INPUT_ANNOUNCED) {
		by_rekey = input->old_child_sa;
	} else {
		/* what its keys told may have been lost */
		qm_nego_succeeded(scene, &input->sa);
		r = learn(scene, input, &sa);
	}
	if (!sa) {
		return r;
	}
	if (by_rekey) {
		replace(scene, sa, input->old_child_sa);
	}
	qm_life_mark(scene, sa, QM_MARKER_ANNOUNCED);
	return r;
}

static void on_state(const struct qm_scene *scene, struct qm_sa *sa,
					 const struct qm_input *input)
{
	switch (input->state) {
	case QM_CHILD_INSTALLED:
		qm_life_mark(scene, sa, QM_MARKER_INSTALLED);
		break;
	case QM_CHILD_REKEYED:
		sa->replaced = true;
		qm_why_blame(&sa->why, QM_REASON_REKEYED, QM_PARTY_UNKNOWN);
		qm_life_mark(scene, sa, QM_MARKER_REKEYED);
		break;
	case QM_CHILD_DELETING:
		qm_why_child_deleting(sa, input->thread, scene->shutdown);
		qm_life_mark(scene, sa, QM_MARKER_DELETING);
		break;
	case QM_CHILD_DESTROYING:
		qm_life_mark(scene, sa, QM_MARKER_DESTROYED);
		break;
	default:
		break;
	}
}

static int on_keys(const struct qm_scene *scene, const struct qm_input *input)
{
	struct qm_sa *sa;

	qm_nego_succeeded(scene, &input->sa);
	return learn(scene, input, &sa);
}

/** Refused by the kernel: a failed negotiation, unless it had its keys before. */
static int on_refused(const struct qm_scene *scene, const struct qm_input *input)
{
	struct qm_sa *sa = qm_table_find(scene->table, input->child_sa);

	if (!sa) {
		return qm_nego_alert(scene, input);
	}
	qm_life_mark(scene, sa, QM_MARKER_REFUSED);
	return 0;
}

/** Gone before it was installed: it may have had its keys all the same. */
static int on_failed(const struct qm_scene *scene, const struct qm_input *input)
{
	struct qm_sa *sa = qm_table_find(scene->table, input->child_sa);

	if (!sa) {
		return qm_nego_child_failed(scene, input);
	}
	qm_life_mark(scene, sa, QM_MARKER_DESTROYED);
	return 0;
}

/** Of one that never had keys there is nothing to say. */
static void on_known(const struct qm_scene *scene, const struct qm_input *input)
{
	struct qm_sa *sa = qm_table_find(scene->table, input->child_sa);

	if (!sa) {
		return;
	}
	switch (input->type) {
	case QM_INPUT_CHILD_STATE:
		on_state(scene, sa, input);
		break;
	case QM_INPUT_DOWN:
		qm_life_mark(scene, sa, QM_MARKER_DOWN);
		break;
	default:
		break;
	}
}

static void on_expired(const struct qm_scene *scene, const struct qm_input *input)
{
	struct qm_sa *sa = qm_table_find_half(scene->table, &input->expired);

	/* with equal lifetimes, the peer's kernel may have been first */
	if (sa && !sa->peer_delete) {
		qm_why_expired(sa, QM_PARTY_KERNEL);
	}
}

int qm_child_input(const struct qm_scene *scene, const struct qm_input *input)
{
	switch (input->type) {
	case QM_INPUT_KEYS:
		return on_keys(scene, input);
	case QM_INPUT_UP:
	case QM_INPUT_REKEY:
	case QM_INPUT_ANNOUNCED:
		return on_announced(scene, input);
	case QM_INPUT_INSTALL_FAILED:
		return on_refused(scene, input);
	case QM_INPUT_CHILD_FAILED:
		return on_failed(scene, input);
	case QM_INPUT_EXPIRED:
		on_expired(scene, input);
		return 0;
	default:
		on_known(scene, input);
		return 0;
	}
}
