/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The tables of the store, and whether a database has them.
 */
#ifndef QM_STORE_SCHEMA_H
#define QM_STORE_SCHEMA_H

#include <sqlite3.h>
#include <stdbool.h>
#include <stdint.h>

/** What a database is. */
struct qm_store_found {
	/** schema version, 0 for an empty one */
	int64_t version;
	/** number of the last start, 0 for none, -1 where it cannot be read */
	int64_t instance;
	/** it is ours and not damaged, but newer */
	bool newer;
};

/**
 * Finds out what a database is, without changing it.
 *
 * @param why	receives why it cannot be used, with -EILSEQ
 * @return		0, -EILSEQ for one that is damaged, foreign or newer, else a negative
 *				errno
 */
int qm_store_judge(sqlite3 *db, struct qm_store_found *found, char *why, size_t size);

/**
 * Makes the tables that are missing, in a transaction.
 *
 * @return	0 or a negative errno
 */
int qm_store_migrate(sqlite3 *db, const struct qm_store_found *found);

#endif
