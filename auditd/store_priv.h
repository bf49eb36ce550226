/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the files of the store share.
 */
#ifndef QM_STORE_PRIV_H
#define QM_STORE_PRIV_H

#include <sqlite3.h>

#include "store.h"
#include "store_file.h"

/** Bytes for the texts that one SA pair is bound as. */
#define QM_STORE_SCRATCH 8192

/** Bytes of why a database cannot be used, with the NUL. */
#define QM_STORE_WHY_MAX 160

/** Statements that are prepared once. */
enum qm_store_stmt {
	QM_STMT_BEGIN,
	QM_STMT_COMMIT,
	QM_STMT_ROLLBACK,
	QM_STMT_ADD,
	QM_STMT_MOVE_SEQ,
	QM_STMT_TAKE_SEQ,
	QM_STMT_MEASURE,
	QM_STMT_REMOVE,
	QM_STMT_NEXT,
	QM_STMT_KEEP_SA,
	QM_STMT_DROP_SA,
	QM_STMT_EARLIER,
	QM_STMT_FORGET,
	QM_STMT_LOSS,
	QM_STMT_ALIVE,
	QM_STMT_STOP,
	QM_STMT_MAX,
};

/** Records that wait, and bytes of their bodies. */
struct qm_store_size {
	uint64_t records;
	uint64_t bytes;
};

struct qm_store {
	struct qm_store_files files;
	sqlite3 *db;
	sqlite3_stmt *stmts[QM_STMT_MAX];
	uint32_t instance;
	/** the highest number of a record of this run, which a commit keeps */
	uint64_t seq;
	uint64_t max_records;
	uint64_t max_bytes;
	/** with what the transaction has changed, and without it */
	struct qm_store_size now;
	struct qm_store_size committed;
	bool in_transaction;
	/** the database turned out to be damaged: no more of it until it is reopened */
	bool damaged;
	char error[QM_STORE_ERROR_MAX];
	char scratch[QM_STORE_SCRATCH];
};

/** SQLite's answer to a call, before which errno was 0, as 0 or a negative errno. */
int qm_store_errno(int code);

/** Executes statements that give nothing. @return 0 or a negative errno */
int qm_store_exec(sqlite3 *db, const char *sql);

/**
 * Executes a statement that gives one integer.
 *
 * @return	0, -EILSEQ when it gives none, else a negative errno
 */
int qm_store_query(sqlite3 *db, const char *sql, int64_t *ret);

/** Prepares all statements; the tables are there. @return 0 or a negative errno */
int qm_store_prepare(struct qm_store *store);

/** Frees what qm_store_prepare() made, and closes the database. */
void qm_store_close_db(struct qm_store *store);

/** Says what failed, on what, why, and what to do. */
void qm_store_explain(char *error, size_t size, const char *what, const char *path,
					  int r);

#endif
