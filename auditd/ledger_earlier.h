/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SA pairs of earlier runs of the daemon that have a 5451 and no 5452: charon was
 * killed, or the machine failed. charon does not know them, so only the kernel can
 * say what became of them. Those that it does not have went with the daemon; the
 * others live on until it is seen to let go of them. Private to the ledger.
 */
#ifndef QM_LEDGER_EARLIER_H
#define QM_LEDGER_EARLIER_H

#include "ledger_scene.h"

/**
 * Takes over an SA pair.
 *
 * @param last_seen_ms	when it was last known to be there, ms since the epoch
 * @return				0 or -ENOMEM
 */
int qm_earlier_add(const struct qm_scene *scene, const struct qm_open_sa *open,
				   uint64_t last_seen_ms);

/**
 * A CHILD_SA of this run has a half. If one of an earlier run had a half of the same
 * name, that is gone: the kernel has no two of a name.
 *
 * @return	whether the kernel was seen to have an SA of that name: it is this half
 */
bool qm_earlier_yield(const struct qm_scene *scene, const struct qm_sa *to,
					  enum qm_side side);

/** All of the kernel is known: ends those that it does not have. */
void qm_earlier_settle(const struct qm_scene *scene);

#endif
