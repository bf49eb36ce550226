/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A CHILD_SA's end: its 5452. charon says that it is gone before it deletes it from
 * the kernel, and only the deletion gives the final counters; so the record waits for
 * them, a little. It tells of the end, whenever it is written. Private to the ledger.
 */
#ifndef QM_LEDGER_END_H
#define QM_LEDGER_END_H

#include "ledger_scene.h"

/**
 * An announced CHILD_SA ends now.
 *
 * @param at_once	its record does not wait for counters
 */
void qm_end(const struct qm_scene *scene, struct qm_sa *sa, bool at_once);

/** The kernel removed a half: writes the record if that was the last it waits for.
 * The CHILD_SA may be freed. */
void qm_end_counted(const struct qm_scene *scene, struct qm_sa *sa);

/** The kernel has a half after all: there is no doubt any more. */
void qm_end_returned(const struct qm_scene *scene, struct qm_sa *sa);

/** All of the kernel is known: CHILD_SAs that it does not seem to have will end. */
void qm_end_doubt(const struct qm_scene *scene);

/** charon has let go of a CHILD_SA: forgets it, at once or with its record. */
void qm_end_forget(const struct qm_scene *scene, struct qm_sa *sa);

/** Writes its record if that waits, with what is known by now. */
void qm_end_write(const struct qm_scene *scene, struct qm_sa *sa);

/** To be called with each input: judges those that have waited for long enough. */
void qm_end_before(const struct qm_scene *scene);

/** Writes all records that wait, with what is known by now, and drops all doubts. */
void qm_end_waiting(const struct qm_scene *scene);

#endif
