/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counting a start of the daemon, and what the last one left.
 */
#ifndef QM_STORE_START_H
#define QM_STORE_START_H

#include "store_priv.h"
#include "store_schema.h"

/**
 * Begins a run, in one transaction with making the tables.
 *
 * @param found		what the database is
 * @param first		number of the first run in an empty one
 * @param start		receives what was found
 * @return			0 or a negative errno; then nothing changed
 */
int qm_store_begin_run(struct qm_store *store, const struct qm_store_found *found,
					   uint32_t first, struct qm_store_start *start);

/** Counts the records that wait. @return 0 or a negative errno */
int qm_store_measure(struct qm_store *store);

#endif
