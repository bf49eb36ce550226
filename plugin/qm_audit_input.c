/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "qm_audit_input.h"

#include <threading/thread.h>

/*
 * Described in header
 */
void qm_audit_input_init(struct qm_input *input, enum qm_input_type type,
						 ike_sa_t *ike_sa)
{
	qm_input_init(input, type, thread_current_id(),
				  ike_sa ? ike_sa->get_unique_id(ike_sa) : 0);
}

/*
 * Described in header
 */
void qm_audit_input_push(struct qm_recorder *recorder, enum qm_input_type type,
						 ike_sa_t *ike_sa)
{
	struct qm_input input;

	qm_audit_input_init(&input, type, ike_sa);
	qm_recorder_push(recorder, &input);
}

/*
 * Described in header
 */
void qm_audit_input_push_cause(struct qm_recorder *recorder, ike_sa_t *ike_sa,
							   enum qm_ike_cause cause)
{
	struct qm_input input;

	qm_audit_input_init(&input, QM_INPUT_IKE_CAUSE, ike_sa);
	input.cause = cause;
	qm_recorder_push(recorder, &input);
}
