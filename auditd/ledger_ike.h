/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What charon says of an IKE_SA, which holds for all its CHILD_SAs: where its ends
 * are, and what may bring it down. Private to the ledger.
 */
#ifndef QM_LEDGER_IKE_H
#define QM_LEDGER_IKE_H

#include "ledger_scene.h"

/** Takes an input about an IKE_SA. @return 0 or -ENOMEM */
int qm_ike_input(const struct qm_scene *scene, const struct qm_input *input);

#endif
