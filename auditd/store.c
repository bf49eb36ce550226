/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store.h"

#include <errno.h>
#include <fcntl.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define STORE_FILE "state.db"

/** "QMAu", kept in the database's header (SQLite file format, offset 68). */
#define APPLICATION_ID 0x514d4175

/** Version of the schema below, kept in the database's header. */
#define SCHEMA_VERSION 1

/** How long another process may hold the database. */
#define BUSY_MS 2000

static const char schema[] =
	"CREATE TABLE counter (name TEXT PRIMARY KEY, value INTEGER NOT NULL) WITHOUT ROWID;"
	"INSERT INTO counter VALUES ('instance', 0);"
	"PRAGMA application_id = 0x514d4175;"
	"PRAGMA user_version = 1;";

/** SQLite's answer as a negative errno. */
static int to_errno(int code)
{
	switch (code & 0xff) {
	case SQLITE_NOMEM:
		return -ENOMEM;
	case SQLITE_BUSY:
	case SQLITE_LOCKED:
		return -EBUSY;
	case SQLITE_FULL:
		return -ENOSPC;
	case SQLITE_PERM:
	case SQLITE_AUTH:
	case SQLITE_CANTOPEN:
		return -EACCES;
	case SQLITE_READONLY:
		return -EROFS;
	case SQLITE_NOTADB:
	case SQLITE_CORRUPT:
	/* the statements here are right, so it is the tables that are not */
	case SQLITE_ERROR:
		return -EILSEQ;
	default:
		return -EIO;
	}
}

/** Runs a statement that gives one integer in its first row. */
static int query_int(sqlite3 *db, const char *sql, int64_t *ret)
{
	sqlite3_stmt *stmt;
	int code, r;

	code = sqlite3_prepare_v2(db, sql, -1, &stmt, NULL);
	if (code != SQLITE_OK) {
		return to_errno(code);
	}
	code = sqlite3_step(stmt);
	r = code == SQLITE_ROW ? 0 : code == SQLITE_DONE ? -EILSEQ : to_errno(code);
	if (!r) {
		*ret = sqlite3_column_int64(stmt, 0);
	}
	sqlite3_finalize(stmt);
	return r;
}

static int exec(sqlite3 *db, const char *sql)
{
	int code = sqlite3_exec(db, sql, NULL, NULL, NULL);

	return code == SQLITE_OK ? 0 : to_errno(code);
}

/** Makes the tables in an empty database; refuses one that is not ours. */
static int ensure_schema(sqlite3 *db)
{
	int64_t app, version, objects;
	int r;

	r = query_int(db, "PRAGMA application_id", &app);
	if (!r) {
		r = query_int(db, "PRAGMA user_version", &version);
	}
	if (!r) {
		r = query_int(db, "SELECT count(*) FROM sqlite_schema", &objects);
	}
	if (r < 0) {
		return r;
	}
	if (!app && !version && !objects) {
		return exec(db, schema);
	}
	return app == APPLICATION_ID && version == SCHEMA_VERSION ? 0 : -EILSEQ;
}

static int count_start(sqlite3 *db, uint32_t *ret)
{
	int64_t instance = 0;
	int r;

	r = exec(db, "BEGIN IMMEDIATE");
	if (r < 0) {
		return r;
	}
	r = ensure_schema(db);
	if (!r) {
		r = query_int(db, "UPDATE counter SET value = value + 1"
						  " WHERE name = 'instance' RETURNING value", &instance);
	}
	if (!r && (instance < 1 || instance > UINT32_MAX)) {
		r = -EILSEQ;
	}
	if (!r) {
		r = exec(db, "COMMIT");
	}
	if (r < 0) {
		exec(db, "ROLLBACK");
		return r;
	}
	*ret = (uint32_t)instance;
	return 0;
}

/** Opens the database; sqlite3_close() is due even on failure. */
static int open_database(const char *path, sqlite3 **ret)
{
	int code, fd;

	/* SQLite would make the file with the umask's rights */
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC | O_NOFOLLOW, 0600);
	if (fd < 0) {
		return -errno;
	}
	close(fd);
	code = sqlite3_open_v2(path, ret, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX, NULL);
	if (code != SQLITE_OK) {
		return to_errno(code);
	}
	sqlite3_busy_timeout(*ret, BUSY_MS);
	/* with less a power failure soon after could undo the commit */
	return exec(*ret, "PRAGMA synchronous = EXTRA");
}

static const struct {
	int error;
	/** NULL for the error's own name */
	const char *what;
	const char *advice;
} problems[] = {
	{ EILSEQ, "damaged, or not a qm-audit database of this version", "move it away" },
	{ EBUSY, "in use by another process", "give each daemon a state_dir of its own" },
	{ EACCES, NULL, "let the daemon's user write there, and its AppArmor profile where "
					"it has one" },
	{ EPERM, NULL, "let the daemon's user write there" },
	{ EROFS, NULL, "set state_dir to a directory that can be written" },
	{ ENOSPC, NULL, "make room there" },
	{ EDQUOT, NULL, "make room there" },
	{ ENOENT, NULL, "make its parent directory, or set state_dir to another" },
	{ ENOTDIR, NULL, "set state_dir to a directory" },
	{ ENAMETOOLONG, NULL, "set state_dir to a shorter path" },
	{ EISDIR, NULL, "move it away" },
	{ ELOOP, "a symbolic link", "move it away" },
};

/** Says what failed, on what, why, and what to do. */
static void explain(char error[QM_STORE_ERROR_MAX], const char *what, const char *path,
					int r)
{
	const char *why = strerror(-r), *advice = "see the kernel's log";
	size_t i;

	for (i = 0; i < sizeof(problems) / sizeof(problems[0]); i++) {
		if (problems[i].error == -r) {
			why = problems[i].what ? problems[i].what : why;
			advice = problems[i].advice;
		}
	}
	snprintf(error, QM_STORE_ERROR_MAX, "%s '%s': %s: %s", what, path, why, advice);
}

int qm_store_next_instance(const char *dir, uint32_t *ret,
						   char error[QM_STORE_ERROR_MAX])
{
	sqlite3 *db = NULL;
	char *path = NULL;
	int r;

	if (mkdir(dir, 0700) < 0 && errno != EEXIST) {
		r = -errno;
		explain(error, "making state directory", dir, r);
		return r;
	}
	if (asprintf(&path, "%s/%s", dir, STORE_FILE) < 0) {
		snprintf(error, QM_STORE_ERROR_MAX, "out of memory");
		return -ENOMEM;
	}
	r = open_database(path, &db);
	if (!r) {
		r = count_start(db, ret);
	}
	if (r < 0) {
		explain(error, "state database", path, r);
	}
	sqlite3_close(db);
	free(path);
	return r;
}
