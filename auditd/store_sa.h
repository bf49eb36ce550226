/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An SA pair as a row of the store: one table in C says which columns there are.
 */
#ifndef QM_STORE_SA_H
#define QM_STORE_SA_H

#include <sqlite3.h>

#include "event.h"

/** Bytes of each of the statements below, with the NUL. */
#define QM_STORE_SA_SQL_MAX 4096

/** CREATE TABLE */
void qm_store_sa_create_sql(char *sql, size_t size);
/** What keeps a pair, in the place it has if it is there. */
void qm_store_sa_keep_sql(char *sql, size_t size);
/** What reads those of other runs than ?1: the row's number, then the columns. */
void qm_store_sa_earlier_sql(char *sql, size_t size);

/**
 * Binds a pair to the statement that keeps it.
 *
 * @param scratch	keeps texts until the statement is reset
 * @return			SQLite's answer
 */
int qm_store_sa_bind(sqlite3_stmt *stmt, const struct qm_open_sa *sa, char *scratch,
					 size_t size);

/**
 * Reads a pair from the row that was found.
 *
 * @return	0, -ENOMEM, or -EILSEQ for one that qm_store_sa_bind() has not made
 */
int qm_store_sa_read(sqlite3_stmt *stmt, struct qm_open_sa *ret);

#endif
