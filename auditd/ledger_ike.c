/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger_ike.h"

#include "ledger_child.h"
#include "ledger_end.h"
#include "ledger_kernel.h"
#include "ledger_life.h"
#include "ledger_nego.h"
#include "ledger_why.h"

static int on_hosts(const struct qm_scene *scene, struct qm_ike *ike,
					const struct qm_input *input)
{
	struct qm_sa *sa;
	int r = 0;

	for (sa = ike->children; sa; sa = sa->next) {
		struct qm_sa_facts facts = sa->facts;
		int e;

		/* one that has ended has ended where it was */
		qm_end_write(scene, sa);
		qm_kernel_moving(scene, sa);
		facts.local = input->hosts.local;
		facts.remote = input->hosts.remote;
		e = qm_child_update(scene, sa, &facts);
		r = r ? r : e;
	}
	return r;
}

static int on_moved(const struct qm_scene *scene, struct qm_ike *from, uint32_t to_sa)
{
	const struct qm_sa *moved = from->children;
	struct qm_ike *to;
	int r;

	r = qm_table_get_ike(scene->table, to_sa, &to);
	if (r < 0) {
		return r;
	}
	/* 6.x says this of an IKE_SA that only gets another SPI */
	if (to != from) {
		qm_table_move(from, to);
		to->established |= from->established;
		/* they come last among its children */
		for (; moved; moved = moved->next) {
			qm_life_updated(scene, moved);
		}
	}
	return 0;
}

static void acts(const struct qm_scene *scene, struct qm_ike *ike, enum qm_act act,
				 const struct qm_input *input)
{
	qm_why_ike_acts(scene->table, ike, act, input->thread, scene->shutdown);
}

static int on_gone(const struct qm_scene *scene, struct qm_ike *ike,
				   const struct qm_input *input)
{
	int r;

	acts(scene, ike, QM_ACT_DESTROYING, input);
	r = qm_nego_ike_gone(scene, ike, input);
	qm_table_release_ike(scene->table, ike);
	return r;
}

/** One without CHILD_SAs is not remembered for what is said of it. */
static int on_known(const struct qm_scene *scene, const struct qm_input *input)
{
	struct qm_ike *ike = qm_table_find_ike(scene->table, input->ike_sa);

	if (!ike) {
		return 0;
	}
	switch (input->type) {
	case QM_INPUT_IKE_RESET:
		qm_nego_ike_reset(scene, ike, input);
		break;
	case QM_INPUT_PEER_DELETE:
		qm_why_peer_delete(ike, &input->deleted);
		break;
	case QM_INPUT_IKE_CAUSE:
		ike->cause = input->cause;
		ike->cause_thread = input->thread;
		ike->cause_input = scene->number;
		break;
	case QM_INPUT_IKE_AUTH:
		ike->contact_thread = input->thread;
		ike->contact_input = scene->number;
		qm_nego_ike_auth(scene, ike, input);
		break;
	case QM_INPUT_IKE_UP:
		qm_table_set_contact(scene->table, ike, false);
		ike->cause = QM_CAUSE_NONE;
		ike->established = true;
		break;
	case QM_INPUT_IKE_DELETING:
		acts(scene, ike, QM_ACT_DELETING, input);
		break;
	case QM_INPUT_IKE_DOWN:
		acts(scene, ike, QM_ACT_DOWN, input);
		ike->down = true;
		break;
	case QM_INPUT_IKE_DESTROYING:
	case QM_INPUT_IKE_ABANDONED:
		return on_gone(scene, ike, input);
	case QM_INPUT_IKE_MOVED:
		return on_moved(scene, ike, input->new_ike_sa);
	case QM_INPUT_IKE_HOSTS:
		return on_hosts(scene, ike, input);
	default:
		break;
	}
	return 0;
}

static int on_initial_contact(const struct qm_scene *scene, const struct qm_input *input)
{
	struct qm_ike *ike;
	int r;

	r = qm_table_get_ike(scene->table, input->ike_sa, &ike);
	if (r < 0) {
		return r;
	}
	qm_table_set_contact(scene->table, ike, true);
	ike->contact_thread = input->thread;
	ike->contact_input = scene->number;
	qm_nego_ike_auth(scene, ike, input);
	return 0;
}

int qm_ike_input(const struct qm_scene *scene, const struct qm_input *input)
{
	if (input->type == QM_INPUT_INITIAL_CONTACT) {
		return on_initial_contact(scene, input);
	}
	return on_known(scene, input);
}
