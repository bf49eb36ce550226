/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger_why.h"

#define ON(act) (1u << (act))

/** What a cause of an IKE_SA's end makes of its CHILD_SAs. */
static const struct {
	struct qm_why why;
	/** the acts that this cause leads to; any other has another cause */
	unsigned acts;
	/** only where the same thread goes on to bring the IKE_SA down */
	bool same_thread;
} causes[QM_CAUSE_MAX] = {
	[QM_CAUSE_TIMEOUT] = { { QM_REASON_DPD, QM_PARTY_LOCAL },
						   ON(QM_ACT_DOWN) | ON(QM_ACT_DESTROYING), false },
	[QM_CAUSE_EXPIRED] = { { QM_REASON_IKE_EXPIRED, QM_PARTY_LOCAL },
						   ON(QM_ACT_DELETING) | ON(QM_ACT_DOWN), false },
	[QM_CAUSE_REPLACED] = { { QM_REASON_REPLACED, QM_PARTY_LOCAL },
							ON(QM_ACT_DELETING) | ON(QM_ACT_DOWN), false },
	[QM_CAUSE_REAUTH] = { { QM_REASON_REAUTHENTICATED, QM_PARTY_LOCAL },
						  ON(QM_ACT_DELETING) | ON(QM_ACT_DOWN), false },
	[QM_CAUSE_HALF_OPEN] = { { QM_REASON_UNKNOWN, QM_PARTY_UNKNOWN }, 0, false },
	[QM_CAUSE_PARSE_ERROR] = { { QM_REASON_PARSE_ERROR, QM_PARTY_PEER },
							   ON(QM_ACT_DOWN), true },
};

void qm_why_blame(struct qm_why *why, enum qm_reason reason, enum qm_party by)
{
	if (why->reason == QM_REASON_UNKNOWN) {
		why->reason = reason;
		why->by = by;
	}
}

void qm_why_expired(struct qm_sa *sa, enum qm_party by)
{
	struct qm_why *why = &sa->why;

	if (why->reason == QM_REASON_DELETED && why->by == QM_PARTY_LOCAL) {
		*why = (struct qm_why){ QM_REASON_EXPIRED, by };
	} else {
		qm_why_blame(why, QM_REASON_EXPIRED, by);
	}
}

void qm_why_rekeyed(struct qm_sa *old, const struct qm_sa *sa)
{
	static const enum qm_party rekeyed_by[QM_DIRECTION_MAX] = {
		[QM_DIRECTION_INITIATOR] = QM_PARTY_LOCAL,
		[QM_DIRECTION_RESPONDER] = QM_PARTY_PEER,
	};

	if (old->why.reason == QM_REASON_UNKNOWN || old->why.reason == QM_REASON_REKEYED) {
		old->why.reason = QM_REASON_REKEYED;
		old->why.by = rekeyed_by[sa->facts.direction];
	}
}

/** IKEv2 peers name the SA they receive on; IKEv1 peers have named either. */
void qm_why_peer_delete(struct qm_ike *ike, const struct qm_delete *deleted)
{
	struct qm_sa *sa;
	uint8_t i;

	ike->peer_delete |= deleted->ike;
	for (sa = ike->children; sa; sa = sa->next) {
		for (i = 0; i < deleted->count; i++) {
			sa->peer_delete |= sa->facts.out_spi == deleted->spi[i] ||
							   sa->facts.in_spi == deleted->spi[i];
		}
	}
}

static bool cause_leads_to(const struct qm_ike *ike, enum qm_act act, uint32_t thread)
{
	return (causes[ike->cause].acts & ON(act)) &&
		   (!causes[ike->cause].same_thread || ike->cause_thread == thread);
}

/** An IKEv1 IKE_SA deletes its CHILD_SAs one by one before itself. */
void qm_why_child_deleting(struct qm_sa *sa, uint32_t thread, bool shutdown)
{
	struct qm_why why = { QM_REASON_DELETED, QM_PARTY_LOCAL };

	if (sa->peer_delete) {
		why.by = QM_PARTY_PEER;
	} else if (shutdown) {
		why.reason = QM_REASON_SHUTDOWN;
	} else if (sa->facts.ike_version == 1 &&
			   cause_leads_to(sa->ike, QM_ACT_DELETING, thread)) {
		why = causes[sa->ike->cause].why;
	}
	qm_why_blame(&sa->why, why.reason, why.by);
}

/**
 * Whether another IKE_SA, authenticated on this thread, claims to be alone, and
 * that is the last that was heard: threads go from one IKE_SA to the next.
 */
static bool yields_to_contact(const struct qm_table *table, const struct qm_ike *to_go,
							  uint32_t thread)
{
	const struct qm_ike *ike;

	for (ike = table->contacts; ike; ike = ike->contact_next) {
		if (ike != to_go && ike->contact_thread == thread &&
			ike->contact_input > to_go->cause_input) {
			return true;
		}
	}
	return false;
}

void qm_why_ike_acts(const struct qm_table *table, struct qm_ike *ike, enum qm_act act,
					 uint32_t thread, bool shutdown)
{
	struct qm_why why = { QM_REASON_UNKNOWN, QM_PARTY_UNKNOWN };

	if (ike->why.reason != QM_REASON_UNKNOWN) {
		return;
	}
	if (ike->peer_delete) {
		why = (struct qm_why){ QM_REASON_IKE_DELETED, QM_PARTY_PEER };
	} else if (act == QM_ACT_DOWN && yields_to_contact(table, ike, thread)) {
		why = (struct qm_why){ QM_REASON_REPLACED, QM_PARTY_PEER };
	} else if (cause_leads_to(ike, act, thread)) {
		why = causes[ike->cause].why;
	} else if (shutdown) {
		why = (struct qm_why){ QM_REASON_SHUTDOWN, QM_PARTY_LOCAL };
	} else if (act == QM_ACT_DELETING) {
		why = (struct qm_why){ QM_REASON_IKE_DELETED, QM_PARTY_LOCAL };
	}
	ike->why = why;
}

struct qm_why qm_why_of(const struct qm_sa *sa)
{
	return sa->why.reason != QM_REASON_UNKNOWN ? sa->why : sa->ike->why;
}
