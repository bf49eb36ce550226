/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup qm_audit_listener qm_audit_listener
 * @{ @ingroup qm_audit
 *
 * Turns what charon's hooks tell into inputs for the ledger.
 *
 * Hooks run with the bus locked: each copies what it needs into an input,
 * queues it and returns TRUE. None does I/O, waits, or calls back into charon.
 */

#ifndef QM_AUDIT_LISTENER_H_
#define QM_AUDIT_LISTENER_H_

#include <bus/listeners/listener.h>

#include "../auditd/recorder.h"

typedef struct qm_audit_listener_t qm_audit_listener_t;

/**
 * Listener to the bus.
 */
struct qm_audit_listener_t {

	/**
	 * Implements listener_t interface.
	 */
	listener_t listener;

	/**
	 * Destroy the listener; to be unregistered before.
	 */
	void (*destroy)(qm_audit_listener_t *this);
};

/**
 * Create a listener.
 *
 * @param recorder		where inputs go, to outlive the listener
 * @param refuse		TRUE to refuse new CHILD_SAs while records cannot be kept
 * @return				listener, registered nowhere yet
 */
qm_audit_listener_t *qm_audit_listener_create(struct qm_recorder *recorder,
											   bool refuse);

#endif /** QM_AUDIT_LISTENER_H_ @}*/
