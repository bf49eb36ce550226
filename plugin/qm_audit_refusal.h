/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup qm_audit_refusal qm_audit_refusal
 * @{ @ingroup qm_audit
 *
 * Refuses new CHILD_SAs while no record can be kept of them.
 */

#ifndef QM_AUDIT_REFUSAL_H_
#define QM_AUDIT_REFUSAL_H_

#include <bus/bus.h>

#include "../auditd/recorder.h"

/**
 * For the narrow hook: leave no traffic selectors to a CHILD_SA that is not to
 * be, which ends its negotiation as if they did not match.
 *
 * One that rekeys another is let through: what is there lives on.
 *
 * @param recorder		tells whether records can be kept
 * @param ike_sa		IKE_SA that the CHILD_SA belongs to
 * @param child_sa		CHILD_SA that is negotiated
 * @param type			what is narrowed
 * @param local			local selectors, emptied if it is refused
 * @param remote		remote selectors, emptied if it is refused
 */
void qm_audit_refusal_narrow(struct qm_recorder *recorder, ike_sa_t *ike_sa,
							 child_sa_t *child_sa, narrow_hook_t type,
							 linked_list_t *local, linked_list_t *remote);

#endif /** QM_AUDIT_REFUSAL_H_ @}*/
