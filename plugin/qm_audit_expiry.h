/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup qm_audit_expiry qm_audit_expiry
 * @{ @ingroup qm_audit
 *
 * Tells the ledger which SAs the kernel took away at a hard limit. The bus
 * does not say: there an expired SA looks as if somebody had deleted it.
 */

#ifndef QM_AUDIT_EXPIRY_H_
#define QM_AUDIT_EXPIRY_H_

#include <kernel/kernel_listener.h>

#include "../auditd/recorder.h"

typedef struct qm_audit_expiry_t qm_audit_expiry_t;

/**
 * Listener to the kernel's expiries.
 */
struct qm_audit_expiry_t {

	/**
	 * Implements kernel_listener_t interface.
	 */
	kernel_listener_t listener;

	/**
	 * Destroy the listener; to be unregistered before.
	 */
	void (*destroy)(qm_audit_expiry_t *this);
};

/**
 * Create a listener.
 *
 * @param recorder		where inputs go, to outlive the listener
 * @return				listener, registered nowhere yet
 */
qm_audit_expiry_t *qm_audit_expiry_create(struct qm_recorder *recorder);

#endif /** QM_AUDIT_EXPIRY_H_ @}*/
