/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What charon says of a CHILD_SA: what is remembered of it, and which marker of its
 * life that is. Private to the ledger.
 */
#ifndef QM_LEDGER_CHILD_H
#define QM_LEDGER_CHILD_H

#include "ledger_scene.h"

/** Takes an input about a CHILD_SA. @return 0 or -ENOMEM */
int qm_child_input(const struct qm_scene *scene, const struct qm_input *input);

/** Gives a CHILD_SA other facts of the same id. @return 0 or -ENOMEM */
int qm_child_update(const struct qm_scene *scene, struct qm_sa *sa,
					const struct qm_sa_facts *facts);

#endif
