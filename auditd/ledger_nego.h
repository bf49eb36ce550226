/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Negotiations of CHILD_SAs that come to nothing. charon has no hook for them:
 * what there is are its alerts (none in IKEv1's Quick Mode), error notifies in
 * the messages, and CHILD_SAs that go before they came to life. Several of
 * these tell of the same failure, some tell of none; so they are gathered for
 * each negotiation, and judged when it is over.
 *
 * One thread at a time works on an IKE_SA: what it says after a message belongs to
 * that, but for a CHILD_SA that is known to be another negotiation's.
 * Private to the ledger.
 */
#ifndef QM_LEDGER_NEGO_H
#define QM_LEDGER_NEGO_H

#include "ledger_scene.h"

/* What messages and all else that is said of negotiations work with. */

/** The newest negotiation in a direction, NULL for none; in IKEv2 there is no other. */
struct qm_nego *qm_nego_newest(const struct qm_ike *ike, enum qm_direction direction);

/** The one that a thread is at work on: its last message was seen there last. */
struct qm_nego *qm_nego_at_work(const struct qm_ike *ike, uint32_t thread);

/** Keeps what an input knows of the IKE_SA, unless more is known. @return 0, -ENOMEM */
int qm_nego_keep_ike_facts(struct qm_nego *nego, const struct qm_input *input);

/** Writes the failure of a negotiation, once. */
void qm_nego_tell(const struct qm_scene *scene, struct qm_nego *nego,
				  struct qm_time when);

/** Forgets a negotiation, but not the message ID that an IKEv1 peer may still use. */
void qm_nego_drop(const struct qm_scene *scene, struct qm_nego *nego);

/** Both. */
void qm_nego_fail(const struct qm_scene *scene, struct qm_nego *nego,
				  struct qm_time now);

/** Judges a negotiation that has waited. */
void qm_nego_settle(const struct qm_scene *scene, struct qm_nego *nego);

/* For the ledger. */

/** To be called with each input first: judges what that leaves behind. */
void qm_nego_before(const struct qm_scene *scene, const struct qm_input *input);

/** A message of a negotiation: QM_INPUT_MESSAGE, QM_INPUT_MESSAGE_ERROR.
 * @return 0 or -ENOMEM */
int qm_nego_message(const struct qm_scene *scene, const struct qm_input *input);

/** An alert about a negotiation. @return 0 or -ENOMEM */
int qm_nego_alert(const struct qm_scene *scene, const struct qm_input *input);

/** A negotiation has made a CHILD_SA. @return 0 or -ENOMEM */
int qm_nego_child_born(const struct qm_scene *scene, const struct qm_input *input);

/** A CHILD_SA went that never came to life. @return 0 or -ENOMEM */
int qm_nego_child_failed(const struct qm_scene *scene, const struct qm_input *input);

/** A CHILD_SA has its keys: the negotiation was a success. */
void qm_nego_succeeded(const struct qm_scene *scene, const struct qm_sa_facts *sa);

/** Another message of the peer's authentication, maybe on another thread. */
void qm_nego_ike_auth(const struct qm_scene *scene, const struct qm_ike *ike,
					  const struct qm_input *input);

/** charon starts over with an IKE_SA, and so with what we began on it. */
void qm_nego_ike_reset(const struct qm_scene *scene, struct qm_ike *ike,
					   const struct qm_input *input);

/** An IKE_SA is about to be gone: so is what was under way. @return 0 or -ENOMEM */
int qm_nego_ike_gone(const struct qm_scene *scene, struct qm_ike *ike,
					 const struct qm_input *input);

/** Judges all that waits, at charon's own end. */
void qm_nego_finish(const struct qm_scene *scene);

/** Whether something waits that QM_INPUT_TICK is to judge. */
bool qm_nego_waits(const struct qm_table *table);

#endif
