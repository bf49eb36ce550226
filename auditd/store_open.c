/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store_schema.h"
#include "store_start.h"

/** How long another program may hold the database. */
#define BUSY_MS 1000

/** Pages that are free, and those in use, from and up to which the file is shrunk. */
#define FREE_PAGES_MIN 1024
#define USED_PAGES_MAX 4096

/**
 * The log is written back into the database each 4000 pages, which waits for the disk
 * twice and finds most records gone again; and cut down to 16 MiB, as writing is faster
 * where the file need not grow. Until the new run is there each commit waits for the
 * disk.
 */
static const char settings[] = "PRAGMA journal_mode = WAL;"
							   "PRAGMA wal_autocheckpoint = 4000;"
							   "PRAGMA journal_size_limit = 16777216;"
							   "PRAGMA synchronous = EXTRA";

/**
 * With NORMAL a commit does not wait for the disk, only writing the log back does: a
 * failure of power costs what came last, but does no damage. With FULL each waits once.
 */
static const char *const levels[QM_DURABLE_MAX] = {
	[QM_DURABLE_NONE] = "PRAGMA synchronous = OFF",
	[QM_DURABLE_CRASH] = "PRAGMA synchronous = NORMAL",
	[QM_DURABLE_POWER] = "PRAGMA synchronous = FULL",
};

/** How an attempt to use what is there went. */
struct attempt {
	struct qm_store_found found;
	/** number of the first run in a database that has none */
	uint32_t first;
	/** why the database cannot be used, with -EILSEQ */
	char why[QM_STORE_WHY_MAX];
};

static int connect_db(struct qm_store *store, const char *path)
{
	int code;

	errno = 0;
	code = sqlite3_open_v2(path, &store->db, SQLITE_OPEN_READWRITE | SQLITE_OPEN_NOMUTEX,
						   NULL);
	if (code != SQLITE_OK) {
		return store->db ? qm_store_errno(code) : -ENOMEM;
	}
	sqlite3_extended_result_codes(store->db, 1);
	sqlite3_busy_timeout(store->db, BUSY_MS);
	/* nothing that someone put there is executed, and nothing changed before it is
	 * known to be ours */
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, NULL);
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_ENABLE_VIEW, 0, NULL);
	sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 1, NULL);
	return qm_store_exec(store->db, "PRAGMA trusted_schema = OFF;"
									"PRAGMA temp_store = MEMORY");
}

/** Gives back what a backlog took, where that is fast. */
static void shrink(struct qm_store *store)
{
	int64_t pages = 0, unused = 0;

	if (!qm_store_query(store->db, "PRAGMA page_count", &pages) &&
		!qm_store_query(store->db, "PRAGMA freelist_count", &unused) &&
		unused >= FREE_PAGES_MIN && pages - unused <= USED_PAGES_MAX) {
		qm_store_exec(store->db, "VACUUM");
	}
}

/** Reads what the database has, and counts the start. */
static int use(struct qm_store *store, struct attempt *attempt,
			   struct qm_store_start *start)
{
	int r;

	r = qm_store_judge(store->db, &attempt->found, attempt->why, sizeof(attempt->why));
	if (!r) {
		r = qm_store_exec(store->db, settings);
	}
	if (!r) {
		r = qm_store_begin_run(store, &attempt->found, attempt->first, start);
	}
	if (!r) {
		r = qm_store_prepare(store);
	}
	return r ? r : qm_store_measure(store);
}

/** Opens the file, and what it has; else nothing of it stays open. */
static int try_file(struct qm_store *store, struct attempt *attempt,
					struct qm_store_start *start)
{
	int r;

	snprintf(attempt->why, sizeof(attempt->why), "damaged");
	attempt->found.instance = -1;
	r = qm_store_files_check(&store->files);
	if (r < 0) {
		return r;
	}
	r = connect_db(store, store->files.path);
	if (!r) {
		r = use(store, attempt, start);
	}
	if (r < 0) {
		qm_store_close_db(store);
	}
	return r;
}

/** A number that no run before had, where theirs are not known for sure. */
static uint32_t unique_number(const struct qm_store_found *found)
{
	const time_t now = time(NULL);
	const int64_t next = found->instance + 1;

	if (found->newer && next > 1) {
		return (uint32_t)next;
	}
	return now > next && now < UINT32_MAX ? (uint32_t)now : next > 0 ? (uint32_t)next : 1;
}

/** Renames what cannot be used, and says so. */
static int set_aside(struct qm_store *store, struct attempt *attempt,
					 struct qm_store_start *start, char error[QM_STORE_ERROR_MAX])
{
	char name[64];
	int r = qm_store_files_set_aside(&store->files, name, sizeof(name));

	if (r < 0) {
		qm_store_explain(error, QM_STORE_ERROR_MAX, "setting aside state database",
						 store->files.path, r);
		return r;
	}
	memset(start, 0, sizeof(*start));
	start->set_aside = true;
	start->last = QM_LAST_UNKNOWN;
	snprintf(error, QM_STORE_ERROR_MAX, "state database '%s': %s: it is set aside as "
			 "'%s': look into it, or remove it", store->files.path,
			 attempt->why, name);
	attempt->first = unique_number(&attempt->found);
	return 0;
}

/** Uses what is there, or a new database. */
static int open_file(struct qm_store *store, struct qm_store_start *start,
					 char error[QM_STORE_ERROR_MAX])
{
	struct attempt attempt = { .first = 1 };
	size_t said;
	int r;

	start->last = store->files.used ? QM_LAST_UNKNOWN : QM_LAST_NONE;
	if (store->files.used) {
		attempt.first = unique_number(&(struct qm_store_found){ .instance = -1 });
	}
	r = try_file(store, &attempt, start);
	if (r == -EILSEQ) {
		r = set_aside(store, &attempt, start, error);
		if (r < 0) {
			return r;
		}
		r = try_file(store, &attempt, start);
	}
	if (r < 0) {
		qm_store_files_tidy(&store->files);
		said = strlen(error);
		said += (size_t)snprintf(error + said, QM_STORE_ERROR_MAX - said, "%s",
								 said ? "; " : "");
		qm_store_explain(error + said, QM_STORE_ERROR_MAX - said, "state database",
						 store->files.path, r);
	}
	return r;
}

/** Has the start on disk, whatever comes, and goes on as the durability says. */
static int settle(struct qm_store *store, const struct qm_store_config *config)
{
	int r = qm_store_files_mark_used(&store->files);

	sqlite3_db_config(store->db, SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, 0, NULL);
	if (!r) {
		shrink(store);
		/* someone who reads may be in the way, and the log is on disk already */
		qm_store_exec(store->db, "PRAGMA wal_checkpoint(TRUNCATE)");
		r = qm_store_exec(store->db, levels[config->durability]);
	}
	return r;
}

static int open_dir(struct qm_store *store, const struct qm_store_config *config,
					struct qm_store_start *start, char error[QM_STORE_ERROR_MAX])
{
	const char *what, *path;
	int r = qm_store_files_open(&store->files, config->dir, &what, &path);

	if (r < 0) {
		qm_store_explain(error, QM_STORE_ERROR_MAX, what, path, r);
		return r;
	}
	r = open_file(store, start, error);
	if (r < 0) {
		return r;
	}
	r = settle(store, config);
	if (r < 0) {
		qm_store_explain(error, QM_STORE_ERROR_MAX, "state directory", config->dir, r);
	}
	return r;
}

static int open_memory(struct qm_store *store, struct qm_store_start *start,
					   char error[QM_STORE_ERROR_MAX])
{
	struct attempt attempt = { .first = 1 };
	int r = connect_db(store, ":memory:");

	if (!r) {
		r = use(store, &attempt, start);
	}
	if (r < 0) {
		qm_store_explain(error, QM_STORE_ERROR_MAX, "state database", ":memory:", r);
	}
	start->last = QM_LAST_UNKNOWN;
	return r;
}

int qm_store_open(struct qm_store **ret, const struct qm_store_config *config,
				  struct qm_store_start *start, char error[QM_STORE_ERROR_MAX])
{
	struct qm_store *store = calloc(1, sizeof(*store));
	int r;

	*error = '\0';
	memset(start, 0, sizeof(*start));
	if (!store) {
		qm_store_explain(error, QM_STORE_ERROR_MAX, "state database of", config->dir,
						 -ENOMEM);
		return -ENOMEM;
	}
	store->files = (struct qm_store_files){ .dir = -1, .lock = -1 };
	store->max_records = config->max_records;
	store->max_bytes = config->max_bytes;
	r = config->durability == QM_DURABLE_NONE ? open_memory(store, start, error) :
												open_dir(store, config, start, error);
	if (r < 0) {
		qm_store_close(store);
		return r;
	}
	*ret = store;
	return 0;
}

struct qm_store *qm_store_close(struct qm_store *store)
{
	if (store) {
		qm_store_close_db(store);
		qm_store_files_close(&store->files);
		free(store);
	}
	return NULL;
}
