/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A CHILD_SA's life by what is said of it: its 5451, its 5452, and when it is
 * forgotten. Private to the ledger.
 */
#ifndef QM_LEDGER_LIFE_H
#define QM_LEDGER_LIFE_H

#include "ledger_rules.h"
#include "ledger_scene.h"

/** Does what follows from a marker. The CHILD_SA may be freed. */
void qm_life_mark(const struct qm_scene *scene, struct qm_sa *sa, enum qm_marker marker);

#endif
