/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "store_sa.h"

/** Undoes all since the last commit. */
static void roll_back(struct qm_store *store)
{
	/* SQLite has done it by itself after some errors */
	if (!sqlite3_get_autocommit(store->db)) {
		sqlite3_step(store->stmts[QM_STMT_ROLLBACK]);
		sqlite3_reset(store->stmts[QM_STMT_ROLLBACK]);
	}
	store->in_transaction = false;
	store->now = store->committed;
}

static const char *path_of(const struct qm_store *store)
{
	return store->files.path ? store->files.path : ":memory:";
}

static int fail(struct qm_store *store, const char *what, int r)
{
	char full[64];

	roll_back(store);
	store->damaged |= r == -EILSEQ;
	if (r == -ENOSPC) {
		/* what is in the log goes into the database, where that has room: then the log
		 * is written from its start again */
		sqlite3_wal_checkpoint_v2(store->db, NULL, SQLITE_CHECKPOINT_PASSIVE, NULL,
								  NULL);
	}
	snprintf(full, sizeof(full), "%s state database", what);
	qm_store_explain(store->error, sizeof(store->error), full, path_of(store), r);
	return r;
}

static int succeed(struct qm_store *store)
{
	store->error[0] = '\0';
	return 0;
}

/** Executes a statement that is bound. @return 0, 1 with a row, or a negative errno */
static int step(struct qm_store *store, enum qm_store_stmt which)
{
	int code;

	errno = 0;
	code = sqlite3_step(store->stmts[which]);
	return code == SQLITE_ROW ? 1 : qm_store_errno(code);
}

/** The same for one that gives nothing, or nothing that is wanted. */
static int run(struct qm_store *store, enum qm_store_stmt which)
{
	const int r = step(store, which);

	sqlite3_reset(store->stmts[which]);
	return r < 0 ? r : 0;
}

static void bind(struct qm_store *store, enum qm_store_stmt which, int i, uint64_t n)
{
	sqlite3_bind_int64(store->stmts[which], i, n < INT64_MAX ? (int64_t)n : INT64_MAX);
}

/** Begins a transaction unless there is one. */
static int begin(struct qm_store *store, const char *what)
{
	int r = 0;

	if (store->damaged) {
		return -EILSEQ;
	}
	if (!store->in_transaction) {
		roll_back(store);
		r = run(store, QM_STMT_BEGIN);
		store->in_transaction = !r;
	}
	return r ? fail(store, what, r) : 0;
}

/** Ends what changes something. */
static int done(struct qm_store *store, const char *what, int r)
{
	return r < 0 ? fail(store, what, r) : succeed(store);
}

const char *qm_store_error(const struct qm_store *store)
{
	return store->error;
}

static int move_seq(struct qm_store *store, uint32_t instance, uint64_t seq)
{
	bind(store, QM_STMT_MOVE_SEQ, 1, instance);
	bind(store, QM_STMT_MOVE_SEQ, 2, seq);
	return run(store, QM_STMT_MOVE_SEQ);
}

int qm_store_next_seq(struct qm_store *store, uint32_t instance, uint64_t *ret)
{
	static const char what[] = "numbering a record in";
	sqlite3_stmt *stmt = store->stmts[QM_STMT_TAKE_SEQ];
	int r = begin(store, what);

	if (r < 0) {
		return r;
	}
	if (instance == store->instance) {
		r = move_seq(store, instance, store->seq);
	}
	if (r < 0) {
		return done(store, what, r);
	}
	bind(store, QM_STMT_TAKE_SEQ, 1, instance);
	r = step(store, QM_STMT_TAKE_SEQ);
	if (r > 0) {
		*ret = (uint64_t)sqlite3_column_int64(stmt, 0);
	}
	sqlite3_reset(stmt);
	return r ? done(store, what, r) : -ENOENT;
}

/** Whether a record is more than may wait. */
static bool is_full(const struct qm_store *store, size_t len)
{
	return (store->max_records && store->now.records >= store->max_records) ||
		   (store->max_bytes && (len > store->max_bytes ||
								 store->now.bytes > store->max_bytes - len));
}

static int insert(struct qm_store *store, uint32_t instance, uint64_t seq,
				  const struct qm_record *record)
{
	sqlite3_stmt *stmt = store->stmts[QM_STMT_ADD];
	int r;

	bind(store, QM_STMT_ADD, 1, instance);
	bind(store, QM_STMT_ADD, 2, seq);
	sqlite3_bind_text(stmt, 3, record->body, (int)record->len, SQLITE_STATIC);
	sqlite3_bind_text(stmt, 4, record->addr, -1, SQLITE_STATIC);
	sqlite3_bind_int(stmt, 5, record->success);
	r = run(store, QM_STMT_ADD);
	if (r < 0) {
		return r;
	}
	if (instance == store->instance) {
		store->seq = seq > store->seq ? seq : store->seq;
		return 0;
	}
	return move_seq(store, instance, seq);
}

int qm_store_add(struct qm_store *store, uint32_t instance, uint64_t seq,
				 const struct qm_record *record, uint64_t *ret_id)
{
	static const char what[] = "keeping a record in";
	int r;

	if (!store->damaged && is_full(store, record->len)) {
		qm_store_explain(store->error, sizeof(store->error), "keeping a record in state "
						 "database", path_of(store), -EDQUOT);
		return -EDQUOT;
	}
	r = begin(store, what);
	if (r < 0) {
		return r;
	}
	r = seq > INT64_MAX ? -ERANGE : insert(store, instance, seq, record);
	if (!r) {
		*ret_id = (uint64_t)sqlite3_last_insert_rowid(store->db);
		store->now.records++;
		store->now.bytes += record->len;
	}
	return done(store, what, r);
}

/** Records up to an id, and bytes of their bodies. */
static int measure(struct qm_store *store, uint64_t up_to_id, struct qm_store_size *ret)
{
	sqlite3_stmt *stmt = store->stmts[QM_STMT_MEASURE];
	int r;

	bind(store, QM_STMT_MEASURE, 1, up_to_id);
	r = step(store, QM_STMT_MEASURE);
	if (r > 0) {
		ret->records = (uint64_t)sqlite3_column_int64(stmt, 0);
		ret->bytes = (uint64_t)sqlite3_column_int64(stmt, 1);
		r = 0;
	}
	sqlite3_reset(stmt);
	return r;
}

int qm_store_remove(struct qm_store *store, uint64_t up_to_id)
{
	static const char what[] = "forgetting records in";
	struct qm_store_size size = { 0 };
	int r = begin(store, what);

	if (r < 0) {
		return r;
	}
	r = measure(store, up_to_id, &size);
	if (!r && size.records) {
		bind(store, QM_STMT_REMOVE, 1, up_to_id);
		r = run(store, QM_STMT_REMOVE);
	}
	if (!r) {
		store->now.records -= size.records;
		store->now.bytes -= size.bytes;
	}
	return done(store, what, r);
}

/** A text of the row that was found, which has no NUL, with its NUL. */
static int read_string(sqlite3_stmt *stmt, int i, char *ret, size_t size, size_t *ret_len)
{
	const char *s;

	if (sqlite3_column_type(stmt, i) != SQLITE_TEXT) {
		return -EILSEQ;
	}
	s = (const char *)sqlite3_column_text(stmt, i);
	*ret_len = (size_t)sqlite3_column_bytes(stmt, i);
	if (!s) {
		return -ENOMEM;
	}
	if (*ret_len >= size || strlen(s) != *ret_len) {
		return -EILSEQ;
	}
	memcpy(ret, s, *ret_len + 1);
	return 0;
}

static int read_record(sqlite3_stmt *stmt, struct qm_stored *ret)
{
	size_t len;
	int r;

	ret->id = (uint64_t)sqlite3_column_int64(stmt, 0);
	r = read_string(stmt, 1, ret->record.body, sizeof(ret->record.body),
					&ret->record.len);
	if (!r) {
		r = read_string(stmt, 2, ret->record.addr, sizeof(ret->record.addr), &len);
	}
	if (!r && (sqlite3_column_type(stmt, 3) != SQLITE_INTEGER ||
			   (uint64_t)sqlite3_column_int64(stmt, 3) > 1)) {
		r = -EILSEQ;
	}
	ret->record.success = !r && sqlite3_column_int(stmt, 3);
	return r;
}

int qm_store_next(struct qm_store *store, uint64_t after_id, struct qm_stored *ret)
{
	static const char what[] = "reading a record of";
	sqlite3_stmt *stmt = store->stmts[QM_STMT_NEXT];
	int r, read;

	if (store->damaged) {
		return -EIO;
	}
	bind(store, QM_STMT_NEXT, 1, after_id);
	r = step(store, QM_STMT_NEXT);
	read = r > 0 ? read_record(stmt, ret) : -ENOENT;
	sqlite3_reset(stmt);
	if (r < 0) {
		/* -EILSEQ would have the caller look for the record after this one */
		return fail(store, what, r) == -EILSEQ ? -EIO : r;
	}
	if (read == -EILSEQ) {
		snprintf(store->error, sizeof(store->error), "record %" PRIu64 " in state "
				 "database '%s' is damaged: it is left out", ret->id, path_of(store));
	}
	return read == -ENOMEM ? fail(store, what, read) : read ? read : succeed(store);
}

void qm_store_waiting(const struct qm_store *store, uint64_t *ret_records,
					  uint64_t *ret_bytes)
{
	*ret_records = store->now.records;
	*ret_bytes = store->now.bytes;
}

int qm_store_keep_sa(struct qm_store *store, const struct qm_open_sa *sa)
{
	static const char what[] = "keeping an SA pair in";
	sqlite3_stmt *stmt = store->stmts[QM_STMT_KEEP_SA];
	int r = begin(store, what);

	if (r < 0) {
		return r;
	}
	r = qm_store_errno(qm_store_sa_bind(stmt, sa, store->scratch,
										sizeof(store->scratch)));
	return done(store, what, r ? r : run(store, QM_STMT_KEEP_SA));
}

int qm_store_drop_sa(struct qm_store *store, uint32_t instance, uint32_t child_sa)
{
	static const char what[] = "forgetting an SA pair in";
	int r = begin(store, what);

	if (r < 0) {
		return r;
	}
	bind(store, QM_STMT_DROP_SA, 1, instance);
	bind(store, QM_STMT_DROP_SA, 2, child_sa);
	return done(store, what, run(store, QM_STMT_DROP_SA));
}

/** Takes the pair that was found, or forgets it. */
static int take_sa(struct qm_store *store, struct qm_open_sa *sa,
				   void (*each)(void *user, const struct qm_open_sa *sa), void *user,
				   uint64_t *bad)
{
	sqlite3_stmt *stmt = store->stmts[QM_STMT_EARLIER];
	int r = qm_store_sa_read(stmt, sa);

	if (!r) {
		each(user, sa);
	} else if (r == -EILSEQ) {
		++*bad;
		sqlite3_bind_int64(store->stmts[QM_STMT_FORGET], 1,
						   sqlite3_column_int64(stmt, 0));
		r = run(store, QM_STMT_FORGET);
	}
	return r;
}

int qm_store_earlier_sas(struct qm_store *store,
						 void (*each)(void *user, const struct qm_open_sa *sa),
						 void *user, uint64_t *bad)
{
	static const char what[] = "reading the SA pairs of";
	struct qm_open_sa sa;
	int r = begin(store, what);

	*bad = 0;
	if (r < 0) {
		return r;
	}
	bind(store, QM_STMT_EARLIER, 1, store->instance);
	while ((r = step(store, QM_STMT_EARLIER)) > 0) {
		r = take_sa(store, &sa, each, user, bad);
		if (r < 0) {
			break;
		}
	}
	sqlite3_reset(store->stmts[QM_STMT_EARLIER]);
	return done(store, what, r);
}

int qm_store_set_loss(struct qm_store *store, enum qm_loss_cause cause, uint64_t count,
					  uint64_t since_ms)
{
	static const char what[] = "keeping a count of losses in";
	int r = begin(store, what);

	if (r < 0) {
		return r;
	}
	bind(store, QM_STMT_LOSS, 1, cause);
	bind(store, QM_STMT_LOSS, 2, count);
	bind(store, QM_STMT_LOSS, 3, since_ms);
	return done(store, what, run(store, QM_STMT_LOSS));
}

int qm_store_commit(struct qm_store *store, uint64_t now_ms)
{
	static const char what[] = "committing to";
	int r = begin(store, what);

	if (r < 0) {
		return r;
	}
	bind(store, QM_STMT_ALIVE, 1, store->instance);
	bind(store, QM_STMT_ALIVE, 2, now_ms);
	bind(store, QM_STMT_ALIVE, 3, store->seq);
	r = run(store, QM_STMT_ALIVE);
	if (!r) {
		r = run(store, QM_STMT_COMMIT);
	}
	if (!r) {
		store->in_transaction = false;
		store->committed = store->now;
	}
	return done(store, what, r);
}

int qm_store_mark_stopped(struct qm_store *store)
{
	static const char what[] = "keeping that the daemon stops in";
	int r = begin(store, what);

	if (r < 0) {
		return r;
	}
	bind(store, QM_STMT_STOP, 1, store->instance);
	return done(store, what, run(store, QM_STMT_STOP));
}
