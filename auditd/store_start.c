/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store_start.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"

/** Length of a boot's id, with the NUL. */
#define BOOT_ID_SIZE 37

/** The id of this boot, "" where the kernel does not tell. */
static void read_boot_id(char id[BOOT_ID_SIZE])
{
	const int fd = open("/proc/sys/kernel/random/boot_id", O_RDONLY | O_CLOEXEC);

	memset(id, 0, BOOT_ID_SIZE);
	if (fd >= 0 && read(fd, id, BOOT_ID_SIZE - 1) != BOOT_ID_SIZE - 1) {
		id[0] = '\0';
	}
	if (fd >= 0) {
		close(fd);
	}
}

static int prepare(sqlite3 *db, const char *sql, sqlite3_stmt **ret)
{
	errno = 0;
	return qm_store_errno(sqlite3_prepare_v2(db, sql, -1, ret, NULL));
}

/** Steps to the next row. @return 1 if there is one, 0, or a negative errno */
static int next_row(sqlite3_stmt *stmt)
{
	const int code = sqlite3_step(stmt);

	return code == SQLITE_ROW ? 1 : qm_store_errno(code);
}

/** A count or a time, 0 for what is neither. */
static uint64_t column_u64(sqlite3_stmt *stmt, int i)
{
	const int64_t n = sqlite3_column_int64(stmt, i);

	return sqlite3_column_type(stmt, i) == SQLITE_INTEGER && n > 0 ? (uint64_t)n : 0;
}

/** How the run ended whose row was found. */
static enum qm_last_run end_of(sqlite3_stmt *stmt, const char *boot_id)
{
	const char *id = (const char *)sqlite3_column_text(stmt, 2);

	if (column_u64(stmt, 1)) {
		return QM_LAST_STOPPED;
	}
	if (!id || strlen(id) != BOOT_ID_SIZE - 1 || !*boot_id) {
		return QM_LAST_UNKNOWN;
	}
	return strcmp(id, boot_id) ? QM_LAST_REBOOTED : QM_LAST_DIED;
}

static int read_last_run(sqlite3 *db, const char *boot_id, struct qm_store_start *start)
{
	sqlite3_stmt *stmt;
	int r;

	r = prepare(db, "SELECT alive_ms, stopped, boot_id FROM run"
					" ORDER BY instance DESC LIMIT 1", &stmt);
	if (r < 0) {
		return r;
	}
	r = next_row(stmt);
	if (r > 0) {
		start->last = end_of(stmt, boot_id);
		start->last_alive_ms = column_u64(stmt, 0);
		r = 0;
	}
	sqlite3_finalize(stmt);
	return r;
}

static int read_losses(sqlite3 *db, struct qm_store_start *start)
{
	sqlite3_stmt *stmt;
	int64_t cause;
	int r;

	r = prepare(db, "SELECT cause, count, since_ms FROM loss", &stmt);
	if (r < 0) {
		return r;
	}
	while ((r = next_row(stmt)) > 0) {
		cause = sqlite3_column_int64(stmt, 0);
		if (cause >= 0 && cause < QM_LOSS_MAX) {
			start->lost[cause].n = column_u64(stmt, 1);
			start->lost[cause].known = start->lost[cause].n > 0;
			start->lost_since_ms[cause] = column_u64(stmt, 2);
		}
	}
	sqlite3_finalize(stmt);
	return r;
}

/** Drops what nothing refers to any more, before the new run is there. */
static int prune(sqlite3 *db)
{
	return qm_store_exec(db, "DELETE FROM loss WHERE count = 0;"
							 "DELETE FROM run"
							 " WHERE instance < (SELECT max(instance) FROM run)"
							 " AND instance NOT IN (SELECT instance FROM sa"
							 " WHERE instance IS NOT NULL)"
							 " AND instance NOT IN (SELECT instance FROM record)");
}

static int insert_run(struct qm_store *store, const char *boot_id)
{
	sqlite3_stmt *stmt;
	int code, r;

	r = prepare(store->db, "INSERT INTO run (instance, seq, boot_id, alive_ms, stopped)"
						   " VALUES (?1, 0, ?2, ?3, 0)", &stmt);
	if (r < 0) {
		return r;
	}
	sqlite3_bind_int64(stmt, 1, store->instance);
	code = sqlite3_bind_text(stmt, 2, boot_id, -1, SQLITE_STATIC);
	if (code == SQLITE_OK) {
		sqlite3_bind_int64(stmt, 3, (int64_t)qm_time_now().wall_ms);
		code = sqlite3_step(stmt);
	}
	r = qm_store_errno(code);
	sqlite3_finalize(stmt);
	return r;
}

int qm_store_measure(struct qm_store *store)
{
	sqlite3_stmt *stmt;
	int r;

	r = prepare(store->db, "SELECT count(*), coalesce(sum(length(CAST(body AS BLOB))), 0)"
						   " FROM record", &stmt);
	if (r < 0) {
		return r;
	}
	r = next_row(stmt);
	if (r > 0) {
		store->now.records = column_u64(stmt, 0);
		store->now.bytes = column_u64(stmt, 1);
		store->committed = store->now;
		r = 0;
	}
	sqlite3_finalize(stmt);
	return r;
}

static int in_transaction(struct qm_store *store, const struct qm_store_found *found,
						  uint32_t first, struct qm_store_start *start)
{
	char boot_id[BOOT_ID_SIZE];
	int r;

	read_boot_id(boot_id);
	store->instance = found->instance > 0 ? (uint32_t)found->instance + 1 : first;
	r = qm_store_migrate(store->db, found);
	if (!r) {
		r = read_last_run(store->db, boot_id, start);
	}
	if (!r) {
		r = read_losses(store->db, start);
	}
	if (!r) {
		r = prune(store->db);
	}
	return r ? r : insert_run(store, boot_id);
}

int qm_store_begin_run(struct qm_store *store, const struct qm_store_found *found,
					   uint32_t first, struct qm_store_start *start)
{
	int r = qm_store_exec(store->db, "BEGIN IMMEDIATE");

	if (r < 0) {
		return r;
	}
	r = in_transaction(store, found, first, start);
	if (!r) {
		r = qm_store_exec(store->db, "COMMIT");
	}
	if (r < 0) {
		qm_store_exec(store->db, "ROLLBACK");
		return r;
	}
	start->instance = store->instance;
	return 0;
}
