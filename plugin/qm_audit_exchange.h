/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup qm_audit_exchange qm_audit_exchange
 * @{ @ingroup qm_audit
 *
 * Tells the ledger what messages say, once they are decrypted: what the peer
 * deletes, what it claims in its authentication, and how negotiations of
 * CHILD_SAs go. For those that fail charon has few hooks, for IKEv1's Quick
 * Mode none; the error notifies tell.
 */

#ifndef QM_AUDIT_EXCHANGE_H_
#define QM_AUDIT_EXCHANGE_H_

#include <encoding/message.h>
#include <sa/ike_sa.h>

#include "../auditd/recorder.h"

typedef struct qm_audit_exchange_t qm_audit_exchange_t;

/**
 * Reader of messages.
 */
struct qm_audit_exchange_t {

	/**
	 * Take a message in plain.
	 *
	 * @param ike_sa		IKE_SA that it is of
	 * @param message		message
	 * @param incoming		TRUE if it came in, FALSE if it goes out
	 */
	void (*message)(qm_audit_exchange_t *this, ike_sa_t *ike_sa,
					message_t *message, bool incoming);

	/**
	 * Destroy the reader.
	 */
	void (*destroy)(qm_audit_exchange_t *this);
};

/**
 * Create a reader.
 *
 * @param recorder		where inputs go, to outlive the reader
 * @return				reader
 */
qm_audit_exchange_t *qm_audit_exchange_create(struct qm_recorder *recorder);

/**
 * Find the error in a message.
 *
 * @param message		message with payloads
 * @return				type of its first notify that is an error, 0 for none
 */
uint16_t qm_audit_exchange_error(message_t *message);

#endif /** QM_AUDIT_EXCHANGE_H_ @}*/
