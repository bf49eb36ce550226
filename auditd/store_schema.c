/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store_schema.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "store_priv.h"
#include "store_sa.h"

/** "QMAu", kept in the database's header (SQLite file format, offset 68). */
#define APPLICATION_ID 0x514d4175

/** Version of the schema below, kept in the database's header. */
#define SCHEMA_VERSION 2

/** Marks the database as ours. */
#define MARK "PRAGMA application_id = 0x514d4175; PRAGMA user_version = 2;"

/** No id of a record comes near; SQLite cannot go beyond the last. */
#define ID_MAX "0x3fffffffffffffff"

/** As SQLite keeps them; store_sa.c has one more. */
static const char *const tables[][2] = {
	{ "run", "CREATE TABLE run (instance INTEGER PRIMARY KEY, seq INTEGER NOT NULL,"
			 " boot_id TEXT NOT NULL, alive_ms INTEGER NOT NULL,"
			 " stopped INTEGER NOT NULL)" },
	{ "record", "CREATE TABLE record (id INTEGER PRIMARY KEY AUTOINCREMENT,"
				" instance INTEGER NOT NULL, seq INTEGER NOT NULL, body TEXT NOT NULL,"
				" addr TEXT NOT NULL, success INTEGER NOT NULL)" },
	{ "loss", "CREATE TABLE loss (cause INTEGER PRIMARY KEY, count INTEGER NOT NULL,"
			  " since_ms INTEGER NOT NULL)" },
};

#define TABLES (sizeof(tables) / sizeof(tables[0]))

/** What holds for each database that we wrote: 1 where it does. */
static const char *const invariants[] = {
	"SELECT count(*) = 0 FROM run WHERE instance NOT BETWEEN 1 AND 0xffffffff",
	"SELECT coalesce(min(id), 1) > 0 AND coalesce(max(id), 1) < " ID_MAX " FROM record",
	"SELECT count(*) = 0 FROM sqlite_sequence"
	" WHERE typeof(seq) <> 'integer' OR seq NOT BETWEEN 0 AND " ID_MAX,
	"SELECT coalesce(max(number), 1) < " ID_MAX " FROM sa",
};

/** Takes SQLite's own word for what is wrong, unless it only ran out of memory. */
static int damage(const char *text, char *why, size_t size)
{
	if (strstr(text, "error code=7") || strstr(text, "error code=3082")) {
		return -ENOMEM;
	}
	snprintf(why, size, "damaged: %.120s", text);
	return -EILSEQ;
}

static int check(sqlite3 *db, char *why, size_t size)
{
	sqlite3_stmt *stmt;
	const char *text;
	int code, r;

	errno = 0;
	code = sqlite3_prepare_v2(db, "PRAGMA quick_check(1)", -1, &stmt, NULL);
	if (code != SQLITE_OK) {
		r = qm_store_errno(code);
		return r == -EILSEQ ? damage(sqlite3_errmsg(db), why, size) : r;
	}
	code = sqlite3_step(stmt);
	r = qm_store_errno(code);
	if (code == SQLITE_ROW) {
		text = (const char *)sqlite3_column_text(stmt, 0);
		r = !text ? -ENOMEM : strcmp(text, "ok") ? damage(text, why, size) : 0;
	} else if (r == -EILSEQ) {
		r = damage(sqlite3_errmsg(db), why, size);
	}
	sqlite3_finalize(stmt);
	return r;
}

/** Whether a table is what we would make. */
static int check_table(sqlite3 *db, const char *name, const char *expected)
{
	sqlite3_stmt *stmt;
	const char *sql;
	int code, r;

	errno = 0;
	code = sqlite3_prepare_v2(db, "SELECT sql FROM sqlite_schema"
								  " WHERE type = 'table' AND name = ?1", -1, &stmt, NULL);
	if (code == SQLITE_OK) {
		code = sqlite3_bind_text(stmt, 1, name, -1, SQLITE_STATIC);
	}
	if (code == SQLITE_OK) {
		code = sqlite3_step(stmt);
	}
	r = qm_store_errno(code);
	if (!r) {
		sql = code == SQLITE_ROW ? (const char *)sqlite3_column_text(stmt, 0) : "";
		r = !sql ? -ENOMEM : strcmp(sql, expected) ? -EILSEQ : 0;
	}
	sqlite3_finalize(stmt);
	return r;
}

static int check_tables(sqlite3 *db)
{
	char sql[QM_STORE_SA_SQL_MAX];
	int64_t holds = 1;
	int r = 0;

	for (size_t i = 0; i < TABLES && !r; i++) {
		r = check_table(db, tables[i][0], tables[i][1]);
	}
	if (!r) {
		qm_store_sa_create_sql(sql, sizeof(sql));
		r = check_table(db, "sa", sql);
	}
	for (size_t i = 0; i < sizeof(invariants) / sizeof(invariants[0]) && !r; i++) {
		r = qm_store_query(db, invariants[i], &holds);
		r = !r && !holds ? -EILSEQ : r;
	}
	return r;
}

/** The number of the last start, as its version has it. */
static int read_instance(sqlite3 *db, struct qm_store_found *found)
{
	const char *sql = found->version == 1 ?
					  "SELECT value FROM counter WHERE name = 'instance'" :
					  "SELECT coalesce(max(instance), 0) FROM run";
	int64_t n;
	int r = qm_store_query(db, sql, &n);

	found->instance = !r && n >= 0 && n < UINT32_MAX ? n : -1;
	return r ? r : found->instance < 0 ? -EILSEQ : 0;
}

/** Whether an undamaged database is one of ours that can be used. */
static int check_version(sqlite3 *db, struct qm_store_found *found, int64_t app,
						 char *why, size_t size)
{
	int r;

	if (app != APPLICATION_ID) {
		snprintf(why, size, "the database of another program");
		return -EILSEQ;
	}
	r = read_instance(db, found);
	if (found->version > SCHEMA_VERSION && (!r || r == -EILSEQ)) {
		found->newer = true;
		snprintf(why, size, "of version %" PRId64 ", which is newer than this qm-audit's "
				 "%d", found->version, SCHEMA_VERSION);
		return -EILSEQ;
	}
	if (!r && found->version != 1) {
		r = found->version == SCHEMA_VERSION ? check_tables(db) : -EILSEQ;
	}
	if (r == -EILSEQ) {
		snprintf(why, size, "damaged: its tables are not those of version %" PRId64,
				 found->version);
	}
	return r;
}

int qm_store_judge(sqlite3 *db, struct qm_store_found *found, char *why, size_t size)
{
	int64_t app = 0, objects = 0;
	int r;

	*found = (struct qm_store_found){ .instance = -1 };
	r = check(db, why, size);
	if (r < 0) {
		/* it may tell all the same, where only some of it is damaged */
		if (r == -EILSEQ) {
			read_instance(db, found);
		}
		return r;
	}
	r = qm_store_query(db, "PRAGMA application_id", &app);
	if (!r) {
		r = qm_store_query(db, "PRAGMA user_version", &found->version);
	}
	if (!r) {
		r = qm_store_query(db, "SELECT count(*) FROM sqlite_schema", &objects);
	}
	if (!r && !app && !found->version && !objects) {
		found->instance = 0;
		return 0;
	}
	return r ? r : check_version(db, found, app, why, size);
}

int qm_store_migrate(sqlite3 *db, const struct qm_store_found *found)
{
	char sql[QM_STORE_SA_SQL_MAX];
	int r = 0;

	if (found->version == SCHEMA_VERSION) {
		return 0;
	}
	for (size_t i = 0; i < TABLES && !r; i++) {
		r = qm_store_exec(db, tables[i][1]);
	}
	if (!r) {
		qm_store_sa_create_sql(sql, sizeof(sql));
		r = qm_store_exec(db, sql);
	}
	if (!r && found->version == 1) {
		r = qm_store_exec(db, "INSERT INTO run SELECT value, 0, '', 0, 0 FROM counter"
							  " WHERE name = 'instance' AND value > 0;"
							  "DROP TABLE counter");
	}
	return r ? r : qm_store_exec(db, MARK);
}
