/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "qm_audit_refusal.h"
#include "qm_audit_input.h"

#include <daemon.h>

/**
 * Check whether selectors may be taken away at this point: as initiator only
 * when the peer has answered, as a proposal needs some
 */
static bool may_refuse(narrow_hook_t type)
{
	switch (type)
	{
		case NARROW_RESPONDER:
		case NARROW_INITIATOR_POST_NOAUTH:
		case NARROW_INITIATOR_POST_AUTH:
			return TRUE;
		default:
			return FALSE;
	}
}

/**
 * Check whether a CHILD_SA takes the place of another of its IKE_SA: then it
 * has been given the same reqid
 */
static bool is_rekey(ike_sa_t *ike_sa, child_sa_t *child_sa)
{
	enumerator_t *enumerator;
	child_sa_t *other;
	bool found = FALSE;

	if (!child_sa->get_reqid(child_sa))
	{
		return FALSE;
	}
	enumerator = ike_sa->create_child_sa_enumerator(ike_sa);
	while (!found && enumerator->enumerate(enumerator, &other))
	{
		found = other != child_sa &&
				other->get_reqid(other) == child_sa->get_reqid(child_sa) &&
				streq(other->get_name(other), child_sa->get_name(child_sa));
	}
	enumerator->destroy(enumerator);
	return found;
}

/**
 * Take all selectors out of a list
 */
static void empty(linked_list_t *list)
{
	traffic_selector_t *ts;

	while (list->remove_last(list, (void**)&ts) == SUCCESS)
	{
		ts->destroy(ts);
	}
}

/*
 * Described in header
 */
void qm_audit_refusal_narrow(struct qm_recorder *recorder, ike_sa_t *ike_sa,
							 child_sa_t *child_sa, narrow_hook_t type,
							 linked_list_t *local, linked_list_t *remote)
{
	struct qm_input input;

	if (!ike_sa || !child_sa || !may_refuse(type) ||
		qm_recorder_keeps(recorder) || is_rekey(ike_sa, child_sa))
	{
		return;
	}
	DBG1(DBG_CFG, "qm-audit: CHILD_SA '%s' refused (on_audit_failure): audit "
		 "records can neither be kept nor are they taken; see what was logged "
		 "about that before", child_sa->get_name(child_sa));
	/* the first reason told is the one that counts */
	qm_audit_input_init(&input, QM_INPUT_ALERT, ike_sa);
	input.alert = QM_FAILURE_AUDIT;
	qm_recorder_push(recorder, &input);
	empty(local);
	empty(remote);
}
