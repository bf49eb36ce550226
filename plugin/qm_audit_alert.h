/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup qm_audit_alert qm_audit_alert
 * @{ @ingroup qm_audit
 *
 * Takes charon's alerts: those about packets go to their watcher, those that
 * say why something ends or fails become inputs for the ledger.
 */

#ifndef QM_AUDIT_ALERT_H_
#define QM_AUDIT_ALERT_H_

#include <bus/bus.h>

#include "qm_audit_packet.h"
#include "../auditd/recorder.h"

typedef struct qm_audit_alert_t qm_audit_alert_t;

/**
 * Reader of alerts.
 */
struct qm_audit_alert_t {

	/**
	 * Take an alert.
	 *
	 * @param ike_sa		IKE_SA of the calling thread, NULL if it has none
	 * @param alert			alert
	 * @param args			what comes with it
	 */
	void (*alert)(qm_audit_alert_t *this, ike_sa_t *ike_sa, alert_t alert,
				  va_list args);

	/**
	 * Destroy the reader.
	 */
	void (*destroy)(qm_audit_alert_t *this);
};

/**
 * Create a reader.
 *
 * @param recorder		where inputs go, to outlive the reader
 * @param packet		watcher of packets, likewise
 * @return				reader
 */
qm_audit_alert_t *qm_audit_alert_create(struct qm_recorder *recorder,
										qm_audit_packet_t *packet);

#endif /** QM_AUDIT_ALERT_H_ @}*/
