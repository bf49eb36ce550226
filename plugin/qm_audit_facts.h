/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup qm_audit_facts qm_audit_facts
 * @{ @ingroup qm_audit
 *
 * Copies what charon's objects say into the plain values of an audit record.
 */

#ifndef QM_AUDIT_FACTS_H_
#define QM_AUDIT_FACTS_H_

#include <sa/ike_sa.h>
#include <sa/child_sa.h>
#include <networking/host.h>

#include "../auditd/facts.h"

/**
 * Copy the facts of a CHILD_SA that has its keys and both SPIs.
 *
 * The role in the exchange is not among them: only the child_keys hook knows.
 *
 * @param ike_sa		IKE_SA of the CHILD_SA, checked out by the caller
 * @param child_sa		CHILD_SA
 * @param facts			receives the facts, direction unknown
 */
void qm_audit_facts_read(ike_sa_t *ike_sa, child_sa_t *child_sa,
						 struct qm_sa_facts *facts);

/**
 * Check whether an IKE_SA is established, or was. Until then its peer is not
 * known, and charon ignores what belongs to an established one.
 *
 * @param ike_sa		IKE_SA
 * @return				TRUE if it is
 */
bool qm_audit_facts_established(ike_sa_t *ike_sa);

/**
 * Copy what is known of a CHILD_SA's IKE_SA alone.
 *
 * @param ike_sa		IKE_SA, checked out by the caller
 * @param facts			receives the facts, those of the CHILD_SA unknown
 */
void qm_audit_facts_read_ike(ike_sa_t *ike_sa, struct qm_sa_facts *facts);

/**
 * Find the CHILD_SA that another one was to replace in a rekeying that charon
 * has not told of and will not tell of, as the other one goes.
 *
 * @param ike_sa		IKE_SA of both
 * @param child_sa		CHILD_SA that goes
 * @return				the one that was rekeyed, NULL if there is none
 */
child_sa_t *qm_audit_facts_replaced(ike_sa_t *ike_sa, child_sa_t *child_sa);

/**
 * Copy traffic selectors, and count those that do not fit.
 *
 * @param list			traffic_selector_t, NULL for none
 * @param copy			receives them
 */
void qm_audit_facts_ts(linked_list_t *list, struct qm_ts_list *copy);

/**
 * Copy proposals, as charon prints them in its log but without blanks.
 *
 * @param list			proposal_t
 * @param text			receives them, cut if they are too long
 */
void qm_audit_facts_proposals(linked_list_t *list, struct qm_text *text);

/**
 * Copy the names of all key exchanges of a proposal, the first one first, with
 * "+" between them; after the last with room the number of the others.
 *
 * @param proposal		proposal that was selected
 * @param buf			receives the names, "none" if there are none
 */
void qm_audit_facts_key_exchanges(proposal_t *proposal, char buf[QM_ALG_MAX]);

/**
 * Copy an address with its port.
 *
 * @param host			host, NULL for none
 * @param addr			receives the address, unknown for NULL
 */
void qm_audit_facts_host(host_t *host, struct qm_addr *addr);

/**
 * Translate an IPsec protocol.
 *
 * @param protocol		PROTO_ESP or PROTO_AH
 * @return				SA type, unknown for others
 */
enum qm_satype qm_audit_facts_satype(protocol_id_t protocol);

#endif /** QM_AUDIT_FACTS_H_ @}*/
