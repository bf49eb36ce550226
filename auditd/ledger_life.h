/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A CHILD_SA's life by what is said of it: its 5451, its 5452, and when it is
 * forgotten. Private to the ledger.
 */
#ifndef QM_LEDGER_LIFE_H
#define QM_LEDGER_LIFE_H

#include "ledger_lineage.h"
#include "ledger_rules.h"
#include "ledger_scene.h"

/** What its 5452 will say of a CHILD_SA is not what it was: tells, where the 5451 is
 * out and the 5452 is not. */
void qm_life_updated(const struct qm_scene *scene, const struct qm_sa *sa);

/** The same, if what it will say of those before it is not what it would have been. */
void qm_life_past_updated(const struct qm_scene *scene, const struct qm_sa *sa,
						  const struct qm_past *before);

/** Does what follows from a marker. The CHILD_SA may be freed. */
void qm_life_mark(const struct qm_scene *scene, struct qm_sa *sa, enum qm_marker marker);

#endif
