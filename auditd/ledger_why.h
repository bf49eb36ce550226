/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Why CHILD_SAs end. charon does not say it in one place: hints come before
 * the end, from the CHILD_SA and from its IKE_SA, some of them in vain. A hint
 * counts once something acts on it; what acted first stays.
 * Private to the ledger.
 */
#ifndef QM_LEDGER_WHY_H
#define QM_LEDGER_WHY_H

#include "ledger_table.h"

/** How an IKE_SA's end shows. */
enum qm_act {
	/** it goes to state DELETING */
	QM_ACT_DELETING,
	/** it is announced as down */
	QM_ACT_DOWN,
	/** it goes to state DESTROYING */
	QM_ACT_DESTROYING,
};

/** Sets why something ended, unless that is known. */
void qm_why_blame(struct qm_why *why, enum qm_reason reason, enum qm_party by);

/**
 * The kernel reached a hard limit of an SA. charon hears of that first, and may have
 * deleted the other half before it is heard here: then that was not the reason.
 */
void qm_why_expired(struct qm_sa *sa, enum qm_party by);

/** A CHILD_SA was replaced by another in a rekey. */
void qm_why_rekeyed(struct qm_sa *old, const struct qm_sa *sa);

/** The peer named what it deletes. */
void qm_why_peer_delete(struct qm_ike *ike, const struct qm_delete *deleted);

/** A CHILD_SA goes to state DELETING, seen on this thread. */
void qm_why_child_deleting(struct qm_sa *sa, uint32_t thread, bool shutdown);

/** An IKE_SA comes to an end, seen on this thread. */
void qm_why_ike_acts(const struct qm_table *table, struct qm_ike *ike, enum qm_act act,
					 uint32_t thread, bool shutdown);

/** Why a CHILD_SA that ends now does: its own reason, or its IKE_SA's. */
struct qm_why qm_why_of(const struct qm_sa *sa);

#endif
