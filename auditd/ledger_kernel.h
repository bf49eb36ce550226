/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the kernel has, and what becomes of it: merged with what charon says. charon's
 * own changes to the kernel's SAs only bring counters, its word counts for the rest;
 * what others do to them ends a CHILD_SA, whether or not charon ever notices.
 * Private to the ledger.
 */
#ifndef QM_LEDGER_KERNEL_H
#define QM_LEDGER_KERNEL_H

#include "ledger_scene.h"

/** To be called with each input first: judges what has waited for long enough. */
void qm_kernel_before(const struct qm_scene *scene);

/** The kernel has an SA. */
void qm_kernel_added(const struct qm_scene *scene, const struct qm_kernel_sa *kernel);

/** The kernel has it no more. */
void qm_kernel_removed(const struct qm_scene *scene, const struct qm_kernel_sa *kernel);

/** How far all this can be relied on. */
void qm_kernel_sync(const struct qm_scene *scene, const struct qm_sync *sync);

/** A CHILD_SA is new: the kernel may have it already. */
void qm_kernel_learned(const struct qm_scene *scene, struct qm_sa *sa);

/** charon is going to have the kernel give a CHILD_SA other addresses, or ports. */
void qm_kernel_moving(const struct qm_scene *scene, struct qm_sa *sa);

/**
 * A CHILD_SA has other facts.
 *
 * @param halves	its halves before that
 */
void qm_kernel_moved(const struct qm_scene *scene, struct qm_sa *sa,
					 const struct qm_half halves[QM_SIDES]);

/** A CHILD_SA is not found by its halves any more, for want of memory. */
void qm_kernel_lost(const struct qm_scene *scene, struct qm_sa *sa);

/** Whether something waits that QM_INPUT_TICK is to judge. */
bool qm_kernel_waits(const struct qm_table *table);

/** Judges all that waits, and looks at the kernel no more, at charon's own end. */
void qm_kernel_finish(const struct qm_scene *scene);

#endif
