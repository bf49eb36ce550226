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
 * Emits the failure of a negotiation of which nothing was seen but that its
 * CHILD_SA went: it never sent a message, or the inputs were lost.
 *
 * @param ike	NULL if that is gone already
 */
void qm_failure_orphan(const struct qm_scene *scene, struct qm_ike *ike,
					   const struct qm_input *input);

#endif
