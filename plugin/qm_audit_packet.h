/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup qm_audit_packet qm_audit_packet
 * @{ @ingroup qm_audit
 *
 * Finds the packets of Quick Mode and its IKEv2 kin that charon rejects. Some
 * raise an alert; others only show in that nothing follows, so for these it is
 * asked here what charon is going to ask itself.
 */

#ifndef QM_AUDIT_PACKET_H_
#define QM_AUDIT_PACKET_H_

#include <encoding/message.h>
#include <sa/ike_sa.h>

#include "../auditd/gate.h"

typedef struct qm_audit_packet_t qm_audit_packet_t;

/**
 * Watcher of packets.
 */
struct qm_audit_packet_t {

	/**
	 * A message came in for an IKE_SA, and nothing of it but the header is
	 * parsed.
	 *
	 * @param ike_sa		IKE_SA
	 * @param message		message
	 */
	void (*received)(qm_audit_packet_t *this, ike_sa_t *ike_sa,
					 message_t *message);

	/**
	 * A message is in plain: it came in and was parsed, or goes out.
	 *
	 * @param ike_sa		IKE_SA
	 * @param message		message
	 * @param incoming		TRUE if it came in
	 */
	void (*parsed)(qm_audit_packet_t *this, ike_sa_t *ike_sa,
				   message_t *message, bool incoming);

	/**
	 * A message could not be parsed.
	 *
	 * @param ike_sa		IKE_SA
	 * @param message		message, its header parsed
	 * @param status		why
	 */
	void (*parse_error)(qm_audit_packet_t *this, ike_sa_t *ike_sa,
						message_t *message, status_t status);

	/**
	 * A message is for an IKE_SA that is not there.
	 *
	 * @param message		message, its header parsed
	 */
	void (*unknown_ike_sa)(qm_audit_packet_t *this, message_t *message);

	/**
	 * Not even the header of a message could be parsed.
	 *
	 * @param message		message, of which only data and hosts are valid
	 */
	void (*bad_header)(qm_audit_packet_t *this, message_t *message);

	/**
	 * What was received last on this thread is the last request once more.
	 *
	 * @param ike_sa		IKE_SA
	 * @param message		message, its header parsed
	 */
	void (*retransmitted)(qm_audit_packet_t *this, ike_sa_t *ike_sa,
						  message_t *message);

	/**
	 * We send a request once more.
	 *
	 * @param ike_sa		IKE_SA
	 */
	void (*resent)(qm_audit_packet_t *this, ike_sa_t *ike_sa);

	/**
	 * Destroy the watcher.
	 */
	void (*destroy)(qm_audit_packet_t *this);
};

/**
 * Create a watcher.
 *
 * @param gate			where invalid packets go, to outlive the watcher
 * @return				watcher
 */
qm_audit_packet_t *qm_audit_packet_create(struct qm_gate *gate);

#endif /** QM_AUDIT_PACKET_H_ @}*/
