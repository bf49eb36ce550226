/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup qm_audit_kernel qm_audit_kernel
 * @{ @ingroup qm_audit
 *
 * Tells the ledger which SAs the kernel has, and what becomes of them: a thread
 * that runs the mirror.
 */

#ifndef QM_AUDIT_KERNEL_H_
#define QM_AUDIT_KERNEL_H_

#include <library.h>

#include "../auditd/recorder.h"
#include "../auditd/snapshot.h"

typedef struct qm_audit_kernel_t qm_audit_kernel_t;

/**
 * Watcher of the kernel's SAs.
 */
struct qm_audit_kernel_t {

	/**
	 * Begin to watch. What prevents that is logged; the daemon and its audit
	 * trail go on without.
	 *
	 * To be called when the daemon has dropped its capabilities, which are a
	 * thread's.
	 */
	void (*start)(qm_audit_kernel_t *this);

	/**
	 * Say how it goes. For any thread, between start() and destroy().
	 *
	 * @param status		receives it
	 */
	void (*get_status)(qm_audit_kernel_t *this,
					   struct qm_snapshot_mirror *status);

	/**
	 * Tell what the kernel has told by now, and end. Takes no longer than a
	 * moment, also when the recorder does not work.
	 */
	void (*stop)(qm_audit_kernel_t *this);

	/**
	 * Stop, and destroy it.
	 */
	void (*destroy)(qm_audit_kernel_t *this);
};

/**
 * Create a watcher that does not watch yet.
 *
 * @param recorder		where inputs go, to outlive the watcher
 * @param rcvbuf		bytes of the kernel's notifications that can wait
 * @param interval		seconds between comparisons with the kernel, 0 for none
 * @return				watcher
 */
qm_audit_kernel_t *qm_audit_kernel_create(struct qm_recorder *recorder,
										  u_int rcvbuf, u_int interval);

#endif /** QM_AUDIT_KERNEL_H_ @}*/
