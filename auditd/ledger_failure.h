/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a failed negotiation's 4654 says. Private to the ledger.
 */
#ifndef QM_LEDGER_FAILURE_H
#define QM_LEDGER_FAILURE_H

#include "ledger_nego.h"

/** Emits the failure of a negotiation, from what was gathered of it. */
void qm_failure_emit(const struct qm_scene *scene, const struct qm_nego *nego,
					 struct qm_time when);

/**
 * Emits the failure of a negotiation of which only the CHILD_SA was left: in
 * IKEv1 several can be under way.
 *
 * @param ike	NULL if that is gone already
 */
void qm_failure_orphan(const struct qm_scene *scene, struct qm_ike *ike,
					   const struct qm_input *input);

#endif
