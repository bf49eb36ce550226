/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup qm_audit_input qm_audit_input
 * @{ @ingroup qm_audit
 *
 * Makes inputs for the ledger of what charon's objects say.
 */

#ifndef QM_AUDIT_INPUT_H_
#define QM_AUDIT_INPUT_H_

#include <sa/ike_sa.h>

#include "../auditd/recorder.h"

/**
 * Set what every input has.
 *
 * @param input			input, the rest of which is left as it is
 * @param type			its type
 * @param ike_sa		IKE_SA that it is about, NULL for none
 */
void qm_audit_input_init(struct qm_input *input, enum qm_input_type type,
						 ike_sa_t *ike_sa);

/**
 * Queue an input about an IKE_SA that needs no more than that.
 *
 * @param recorder		where it goes
 * @param type			its type
 * @param ike_sa		IKE_SA, NULL for none
 */
void qm_audit_input_push(struct qm_recorder *recorder, enum qm_input_type type,
						 ike_sa_t *ike_sa);

/**
 * Queue what may bring an IKE_SA down.
 *
 * @param recorder		where it goes
 * @param ike_sa		IKE_SA
 * @param cause			what it is
 */
void qm_audit_input_push_cause(struct qm_recorder *recorder, ike_sa_t *ike_sa,
							   enum qm_ike_cause cause);

#endif /** QM_AUDIT_INPUT_H_ @}*/
