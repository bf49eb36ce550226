/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SAs in the kernel that are no CHILD_SA's. Most are so for a moment only: charon
 * adds an SA before it says whose it is, and deletes it after it has let go of it.
 * One that stays is told of, once. And a CHILD_SA's half may be known to the kernel
 * by an address that charon has left: it is kept here until charon adds it anew.
 *
 * What bounds them: what charon has, and a fixed number of others. Private to the
 * ledger.
 */
#ifndef QM_LEDGER_STRAY_H
#define QM_LEDGER_STRAY_H

#include "ledger_scene.h"

struct qm_stray {
	/** key; other SAs may have the same, with another mark or interface id */
	struct qm_half half;
	struct qm_kernel_sa kernel;
	/** since when it is here */
	struct qm_time since;
	/** others than charon have added it */
	bool foreign;
	/** in the list of those that are to be told of */
	bool fresh;
	struct qm_stray *next;
	struct qm_stray *prev;
	/** the CHILD_SA of which it is this half, by a former address; or NULL */
	struct qm_sa *child;
	enum qm_side side;
	UT_hash_handle hh;
};

/** The kernel has an SA that is no CHILD_SA's, or not yet. */
void qm_stray_add(const struct qm_scene *scene, const struct qm_kernel_sa *kernel);

/**
 * A half of a CHILD_SA gets another address, and the kernel has the old one yet.
 *
 * @param halves	both of them, as they were
 */
void qm_stray_keep_former(const struct qm_scene *scene, struct qm_sa *sa,
						  enum qm_side side, const struct qm_half halves[QM_SIDES]);

/** The former address of a half is not its any more: what is there is a stray. */
void qm_stray_part(const struct qm_scene *scene, struct qm_flow *flow);

/** A CHILD_SA is forgotten, but the kernel has a half of it yet. */
void qm_stray_leave(const struct qm_scene *scene, const struct qm_sa *sa,
					enum qm_side side);

/** @return the stray that is this SA, or NULL */
struct qm_stray *qm_stray_find(const struct qm_table *table,
							   const struct qm_kernel_sa *kernel);

/** @return a stray that is this half of a CHILD_SA, or NULL */
struct qm_stray *qm_stray_claim(const struct qm_table *table, const struct qm_sa *sa,
								enum qm_side side);

/** Removes and frees it. */
void qm_stray_drop(struct qm_table *table, struct qm_stray *stray);

/** To be called with each input: tells of those that have stayed. */
void qm_stray_before(const struct qm_scene *scene);

/** Whether one is to be told of by QM_INPUT_TICK. */
bool qm_stray_waits(const struct qm_table *table);

/** Removes and frees all. */
void qm_stray_clear(struct qm_table *table);

/** Tells that something of the kernel could not be kept track of. */
void qm_stray_lost(const struct qm_scene *scene, uint64_t count, uint64_t since_ms);

#endif
