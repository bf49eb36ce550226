/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store_priv.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "store_sa.h"

/** The statements but those about SA pairs, which store_sa.c writes. */
static const char *const statements[QM_STMT_MAX] = {
	[QM_STMT_BEGIN] = "BEGIN IMMEDIATE",
	[QM_STMT_COMMIT] = "COMMIT",
	[QM_STMT_ROLLBACK] = "ROLLBACK",
	[QM_STMT_ADD] = "INSERT INTO record (instance, seq, body, addr, success)"
					" VALUES (?1, ?2, ?3, ?4, ?5)",
	[QM_STMT_MOVE_SEQ] = "UPDATE run SET seq = ?2 WHERE instance = ?1 AND seq < ?2",
	[QM_STMT_TAKE_SEQ] = "UPDATE run SET seq = seq + 1 WHERE instance = ?1"
						 " AND typeof(seq) = 'integer' AND seq >= 0"
						 " AND seq < 0x7fffffffffffffff RETURNING seq",
	[QM_STMT_MEASURE] = "SELECT count(*), coalesce(sum(length(CAST(body AS BLOB))), 0)"
						" FROM record WHERE id <= ?1",
	[QM_STMT_REMOVE] = "DELETE FROM record WHERE id <= ?1",
	[QM_STMT_NEXT] = "SELECT id, body, addr, success FROM record WHERE id > ?1"
					 " ORDER BY id LIMIT 1",
	[QM_STMT_DROP_SA] = "DELETE FROM sa WHERE instance = ?1 AND child_sa = ?2",
	[QM_STMT_FORGET] = "DELETE FROM sa WHERE number = ?1",
	[QM_STMT_LOSS] = "INSERT OR REPLACE INTO loss (cause, count, since_ms)"
					 " VALUES (?1, ?2, ?3)",
	[QM_STMT_ALIVE] = "UPDATE run SET alive_ms = ?2, seq = max(seq, ?3)"
					  " WHERE instance = ?1",
	[QM_STMT_STOP] = "UPDATE run SET stopped = 1 WHERE instance = ?1",
};

/**
 * What the system said when SQLite could not read or write. sqlite3_system_errno() does
 * not know it of a commit.
 */
static int system_errno(int otherwise)
{
	switch (errno) {
	case EDQUOT:
		/* as full as the disk; -EDQUOT says that our own bound is reached */
		return -ENOSPC;
	case ENOSPC:
	case EFBIG:
	case EROFS:
	case EACCES:
	case EPERM:
	case EMFILE:
	case ENFILE:
	case ENOMEM:
		return -errno;
	default:
		return otherwise;
	}
}

int qm_store_errno(int code)
{
	switch (code & 0xff) {
	case SQLITE_OK:
	case SQLITE_ROW:
	case SQLITE_DONE:
		return 0;
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_PERM:
	case SQLITE_AUTH:
		return -EACCES;
	case SQLITE_CANTOPEN:
		return system_errno(-EACCES);
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
	/* the statements here are right, so it is the tables that are not */
	case SQLITE_ERROR:
	case SQLITE_MISMATCH:
	case SQLITE_CONSTRAINT:
		return -EILSEQ;
	case SQLITE_IOERR:
		return code == SQLITE_IOERR_NOMEM ? -ENOMEM : system_errno(-EIO);
	default:
		return -EIO;
	}
}

int qm_store_exec(sqlite3 *db, const char *sql)
{
	errno = 0;
	return qm_store_errno(sqlite3_exec(db, sql, NULL, NULL, NULL));
}

int qm_store_query(sqlite3 *db, const char *sql, int64_t *ret)
{
	sqlite3_stmt *stmt;
	int code, r;

	errno = 0;
	code = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
	if (code != SQLITE_OK) {
		return qm_store_errno(code);
	}
	code = sqlite3_step(stmt);
	r = qm_store_errno(code);
	if (!r && (code != SQLITE_ROW || sqlite3_column_type(stmt, 0) != SQLITE_INTEGER)) {
		r = -EILSEQ;
	}
	if (!r) {
		*ret = sqlite3_column_int64(stmt, 0);
	}
	sqlite3_finalize(stmt);
	return r;
}

static int prepare(struct qm_store *store, enum qm_store_stmt which, const char *sql)
{
	const int code = sqlite3_prepare_v3(store->db, sql, -1, SQLITE_PREPARE_PERSISTENT,
										&store->stmts[which], NULL);

	return qm_store_errno(code);
}

int qm_store_prepare(struct qm_store *store)
{
	char sql[QM_STORE_SA_SQL_MAX];
	int r = 0;

	for (enum qm_store_stmt which = 0; which < QM_STMT_MAX && !r; which++) {
		if (statements[which]) {
			r = prepare(store, which, statements[which]);
		}
	}
	if (!r) {
		qm_store_sa_keep_sql(sql, sizeof(sql));
		r = prepare(store, QM_STMT_KEEP_SA, sql);
	}
	if (!r) {
		qm_store_sa_earlier_sql(sql, sizeof(sql));
		r = prepare(store, QM_STMT_EARLIER, sql);
	}
	return r;
}

void qm_store_close_db(struct qm_store *store)
{
	for (enum qm_store_stmt which = 0; which < QM_STMT_MAX; which++) {
		sqlite3_finalize(store->stmts[which]);
		store->stmts[which] = NULL;
	}
	sqlite3_close(store->db);
	store->db = NULL;
}

static const struct {
	int error;
	/** NULL for the error's own name */
	const char *what;
	const char *advice;
} problems[] = {
	{ EILSEQ, "damaged", "restart the daemon, which sets it aside and begins a new one" },
	{ EBUSY, "in use by another process", "give each daemon a state_dir of its own" },
	{ EACCES, NULL, "let the daemon's user write there, and its AppArmor profile where "
					"it has one" },
	{ EPERM, NULL, "let the daemon's user write there" },
	{ EROFS, NULL, "set state_dir to a directory that can be written" },
	{ ENOSPC, NULL, "make room there" },
	{ EDQUOT, "as many records wait as may", "see that auditd takes them, or set "
											 "store_records and store_bytes higher" },
	{ ENOENT, NULL, "make its parent directory, or set state_dir to another" },
	{ ENOTDIR, NULL, "set state_dir to a directory" },
	{ ENAMETOOLONG, NULL, "set state_dir to a shorter path" },
	{ EISDIR, NULL, "move it away" },
	{ EINVAL, "not a regular file", "move it away" },
	{ ELOOP, "a symbolic link", "move it away, or name what it leads to" },
	{ ENOMEM, NULL, "give the daemon more memory" },
	{ ERANGE, "a number that is out of range", "report this to the makers of qm-audit" },
	{ EEXIST, NULL, "move away what was set aside before" },
};

void qm_store_explain(char *error, size_t size, const char *what, const char *path, int r)
{
	const char *why = strerror(-r), *advice = "see the kernel's log";

	for (size_t i = 0; i < sizeof(problems) / sizeof(problems[0]); i++) {
		if (problems[i].error == -r) {
			why = problems[i].what ? problems[i].what : why;
			advice = problems[i].advice;
		}
	}
	snprintf(error, size, "%s '%s': %s: %s", what, path, why, advice);
}
