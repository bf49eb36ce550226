/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup qm_audit_status qm_audit_status
 * @{ @ingroup qm_audit
 *
 * Tells who asks on the status socket how it goes.
 */

#ifndef QM_AUDIT_STATUS_H_
#define QM_AUDIT_STATUS_H_

#include <library.h>

#include "qm_audit_kernel.h"
#include "qm_audit_settings.h"

typedef struct qm_audit_status_t qm_audit_status_t;

/**
 * Server of the status socket.
 */
struct qm_audit_status_t {

	/**
	 * Begin to serve, if the settings have a socket. What prevents that is
	 * logged; the daemon and its audit trail go on without.
	 */
	void (*start)(qm_audit_status_t *this);

	/**
	 * End, and remove the socket. Takes no longer than a moment, also when
	 * clients or the recorder do not move.
	 */
	void (*stop)(qm_audit_status_t *this);

	/**
	 * Stop, and destroy it.
	 */
	void (*destroy)(qm_audit_status_t *this);
};

/**
 * Create a server that does not serve yet.
 *
 * @param recorder		asked how it goes, to outlive the start and the stop
 * @param kernel		the same
 * @param settings		the same; outlives the server
 * @return				server
 */
qm_audit_status_t *qm_audit_status_create(struct qm_recorder *recorder,
										  qm_audit_kernel_t *kernel,
										  qm_audit_settings_t *settings);

#endif /** QM_AUDIT_STATUS_H_ @}*/
