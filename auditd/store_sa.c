/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store_sa.h"

#include <errno.h>
#include <string.h>

#include "store_value.h"

/** How a member is kept. */
enum kind {
	/** an integer of the member's size, up to the maximum */
	NUMBER,
	/** an integer, NULL where it is not known */
	COUNTED,
	/** a text with its NUL, of the member's size */
	WORD,
	TEXT,
	ADDR,
	TS_LIST,
	MARK,
};

struct column {
	const char *name;
	enum kind kind;
	size_t offset;
	size_t size;
	uint64_t maximum;
};

#define MEMBER(member, kind, maximum) \
	{ #member, kind, offsetof(struct qm_open_sa, member), \
	  sizeof(((struct qm_open_sa *)0)->member), maximum }
#define FACT(member, kind, maximum) \
	{ #member, kind, offsetof(struct qm_open_sa, facts.member), \
	  sizeof(((struct qm_open_sa *)0)->facts.member), maximum }

static const struct column columns[] = {
	MEMBER(instance, NUMBER, UINT32_MAX),
	FACT(child_sa, NUMBER, UINT32_MAX),
	FACT(ike_sa, NUMBER, UINT32_MAX),
	FACT(reqid, NUMBER, UINT32_MAX),
	FACT(in_spi, NUMBER, UINT32_MAX),
	FACT(out_spi, NUMBER, UINT32_MAX),
	FACT(if_id_in, NUMBER, UINT32_MAX),
	FACT(if_id_out, NUMBER, UINT32_MAX),
	FACT(mark_in, MARK, 0),
	FACT(mark_out, MARK, 0),
	FACT(ike_version, NUMBER, 2),
	FACT(direction, NUMBER, QM_DIRECTION_MAX - 1),
	FACT(satype, NUMBER, QM_SATYPE_MAX - 1),
	FACT(samode, NUMBER, QM_SAMODE_MAX - 1),
	FACT(esn, NUMBER, QM_TRI_MAX - 1),
	FACT(encap, NUMBER, QM_TRI_MAX - 1),
	FACT(ksize, NUMBER, UINT16_MAX),
	FACT(cipher, WORD, 0),
	FACT(integ, WORD, 0),
	FACT(pfs, WORD, 0),
	FACT(life_time, NUMBER, UINT32_MAX),
	FACT(life_bytes, NUMBER, UINT64_MAX),
	FACT(life_packets, NUMBER, UINT64_MAX),
	FACT(local, ADDR, 0),
	FACT(remote, ADDR, 0),
	FACT(vip, ADDR, 0),
	FACT(local_ts, TS_LIST, 0),
	FACT(remote_ts, TS_LIST, 0),
	FACT(conn_name, TEXT, 0),
	FACT(child_name, TEXT, 0),
	FACT(local_id, TEXT, 0),
	FACT(remote_id, TEXT, 0),
	FACT(acct, TEXT, 0),
	MEMBER(established_ms, NUMBER, UINT64_MAX),
	MEMBER(rekeys, NUMBER, UINT32_MAX),
	MEMBER(before_in, COUNTED, 0),
	MEMBER(before_out, COUNTED, 0),
};

#define COLUMNS ((int)(sizeof(columns) / sizeof(columns[0])))

/** Writes the columns' names, or has each take the value that was excluded. */
static void put_names(struct qm_writer *w, bool excluded)
{
	for (int i = 0; i < COLUMNS; i++) {
		qm_writer_string(w, i ? ", " : "");
		qm_writer_string(w, columns[i].name);
		if (excluded) {
			qm_writer_string(w, " = excluded.");
			qm_writer_string(w, columns[i].name);
		}
	}
}

void qm_store_sa_create_sql(char *sql, size_t size)
{
	struct qm_writer w;

	qm_writer_init(&w, sql, size);
	qm_writer_string(&w, "CREATE TABLE sa (number INTEGER PRIMARY KEY");
	for (int i = 0; i < COLUMNS; i++) {
		const enum kind kind = columns[i].kind;

		qm_writer_string(&w, ", ");
		qm_writer_string(&w, columns[i].name);
		qm_writer_string(&w, kind == NUMBER || kind == COUNTED ? " INTEGER" : " TEXT");
	}
	qm_writer_string(&w, ", UNIQUE (instance, child_sa))");
}

void qm_store_sa_keep_sql(char *sql, size_t size)
{
	struct qm_writer w;

	qm_writer_init(&w, sql, size);
	qm_writer_string(&w, "INSERT INTO sa (");
	put_names(&w, false);
	qm_writer_string(&w, ") VALUES (?");
	for (int i = 1; i < COLUMNS; i++) {
		qm_writer_string(&w, ", ?");
	}
	qm_writer_string(&w, ") ON CONFLICT (instance, child_sa) DO UPDATE SET ");
	put_names(&w, true);
}

void qm_store_sa_earlier_sql(char *sql, size_t size)
{
	struct qm_writer w;

	qm_writer_init(&w, sql, size);
	qm_writer_string(&w, "SELECT number, ");
	put_names(&w, false);
	qm_writer_string(&w, " FROM sa WHERE instance IS NOT ?1 ORDER BY number");
}

/** An unsigned integer of so many bytes. */
static uint64_t load(const void *from, size_t size)
{
	uint64_t n64;
	uint32_t n32;
	uint16_t n16;

	switch (size) {
	case sizeof(n64):
		memcpy(&n64, from, size);
		return n64;
	case sizeof(n32):
		memcpy(&n32, from, size);
		return n32;
	case sizeof(n16):
		memcpy(&n16, from, size);
		return n16;
	default:
		return *(const uint8_t *)from;
	}
}

static void save(void *to, size_t size, uint64_t n)
{
	const uint32_t n32 = (uint32_t)n;
	const uint16_t n16 = (uint16_t)n;

	switch (size) {
	case sizeof(n):
		memcpy(to, &n, size);
		break;
	case sizeof(n32):
		memcpy(to, &n32, size);
		break;
	case sizeof(n16):
		memcpy(to, &n16, size);
		break;
	default:
		*(uint8_t *)to = (uint8_t)n;
	}
}

static int bind_text(sqlite3_stmt *stmt, int i, const struct qm_text *text)
{
	const int len = text->len < QM_TEXT_MAX ? text->len : QM_TEXT_MAX;

	/* what SQLite does with a text that has a NUL in it is not defined */
	return memchr(text->s, '\0', (size_t)len) ?
		   sqlite3_bind_blob(stmt, i, text->s, len, SQLITE_STATIC) :
		   sqlite3_bind_text(stmt, i, text->s, len, SQLITE_STATIC);
}

static int bind_count(sqlite3_stmt *stmt, int i, const struct qm_count *count)
{
	return count->known ? sqlite3_bind_int64(stmt, i, (int64_t)count->n) :
						  sqlite3_bind_null(stmt, i);
}

/** Binds what is written in parts, after the texts that are there. */
static int bind_parts(sqlite3_stmt *stmt, int i, enum kind kind, const void *member,
					  struct qm_writer *w)
{
	const size_t start = w->len;

	if (kind == ADDR) {
		qm_value_put_addr(w, member);
	} else if (kind == MARK) {
		qm_value_put_mark(w, member);
	} else {
		qm_value_put_ts_list(w, member);
	}
	if (w->full) {
		return SQLITE_TOOBIG;
	}
	return sqlite3_bind_text(stmt, i, w->buf + start, (int)(w->len - start),
							 SQLITE_STATIC);
}

static int bind_column(sqlite3_stmt *stmt, int i, const struct column *column,
					   const struct qm_open_sa *sa, struct qm_writer *w)
{
	const void *member = (const char *)sa + column->offset;

	switch (column->kind) {
	case NUMBER:
		return sqlite3_bind_int64(stmt, i, (int64_t)load(member, column->size));
	case COUNTED:
		return bind_count(stmt, i, member);
	case WORD:
		return sqlite3_bind_text(stmt, i, member, (int)strnlen(member, column->size - 1),
								 SQLITE_STATIC);
	case TEXT:
		return bind_text(stmt, i, member);
	default:
		return bind_parts(stmt, i, column->kind, member, w);
	}
}

int qm_store_sa_bind(sqlite3_stmt *stmt, const struct qm_open_sa *sa, char *scratch,
					 size_t size)
{
	struct qm_writer w;
	int code = SQLITE_OK;

	qm_writer_init(&w, scratch, size);
	for (int i = 0; i < COLUMNS && code == SQLITE_OK; i++) {
		code = bind_column(stmt, i + 1, &columns[i], sa, &w);
	}
	return code;
}

static int read_number(sqlite3_stmt *stmt, int i, const struct column *column,
					   void *member)
{
	const int64_t n = sqlite3_column_int64(stmt, i);

	/* what needs all of 64 bits is there as a negative number */
	if (sqlite3_column_type(stmt, i) != SQLITE_INTEGER || (uint64_t)n > column->maximum) {
		return -EILSEQ;
	}
	save(member, column->size, (uint64_t)n);
	return 0;
}

static int read_count(sqlite3_stmt *stmt, int i, struct qm_count *count)
{
	const int type = sqlite3_column_type(stmt, i);

	if (type != SQLITE_INTEGER && type != SQLITE_NULL) {
		return -EILSEQ;
	}
	count->known = type == SQLITE_INTEGER;
	count->n = count->known ? (uint64_t)sqlite3_column_int64(stmt, i) : 0;
	return 0;
}

/** Bytes of a text, at most `max`. */
static int read_bytes(sqlite3_stmt *stmt, int i, size_t max, const char **ret,
					  size_t *ret_len)
{
	const int type = sqlite3_column_type(stmt, i);
	const void *bytes;

	if (type != SQLITE_TEXT && type != SQLITE_BLOB) {
		return -EILSEQ;
	}
	bytes = type == SQLITE_TEXT ? sqlite3_column_text(stmt, i) :
								  sqlite3_column_blob(stmt, i);
	*ret_len = (size_t)sqlite3_column_bytes(stmt, i);
	if (!bytes && sqlite3_errcode(sqlite3_db_handle(stmt)) == SQLITE_NOMEM) {
		return -ENOMEM;
	}
	*ret = bytes ? bytes : "";
	return *ret_len <= max ? 0 : -EILSEQ;
}

static int read_text(sqlite3_stmt *stmt, int i, struct qm_text *text)
{
	const char *bytes;
	size_t len;
	const int r = read_bytes(stmt, i, QM_TEXT_MAX, &bytes, &len);

	if (!r) {
		memcpy(text->s, bytes, len);
		text->len = (uint16_t)len;
	}
	return r;
}

/** What has no NUL but the one at its end. */
static int read_string(sqlite3_stmt *stmt, int i, size_t max, const char **ret)
{
	size_t len;
	int r = -EILSEQ;

	if (sqlite3_column_type(stmt, i) == SQLITE_TEXT) {
		r = read_bytes(stmt, i, max, ret, &len);
	}
	return !r && strlen(*ret) != len ? -EILSEQ : r;
}

static int read_word(sqlite3_stmt *stmt, int i, char *word, size_t size)
{
	const char *s;
	const int r = read_string(stmt, i, size - 1, &s);

	if (!r) {
		memcpy(word, s, strlen(s) + 1);
	}
	return r;
}

static int read_parts(sqlite3_stmt *stmt, int i, enum kind kind, void *member)
{
	const char *s;
	const int r = read_string(stmt, i, INT32_MAX, &s);

	if (r < 0) {
		return r;
	}
	return kind == ADDR ? qm_value_get_addr(s, member) :
		   kind == MARK ? qm_value_get_mark(s, member) : qm_value_get_ts_list(s, member);
}

static int read_column(sqlite3_stmt *stmt, int i, const struct column *column,
					   struct qm_open_sa *sa)
{
	void *member = (char *)sa + column->offset;

	switch (column->kind) {
	case NUMBER:
		return read_number(stmt, i, column, member);
	case COUNTED:
		return read_count(stmt, i, member);
	case WORD:
		return read_word(stmt, i, member, column->size);
	case TEXT:
		return read_text(stmt, i, member);
	default:
		return read_parts(stmt, i, column->kind, member);
	}
}

int qm_store_sa_read(sqlite3_stmt *stmt, struct qm_open_sa *ret)
{
	int r = 0;

	memset(ret, 0, sizeof(*ret));
	for (int i = 0; i < COLUMNS && !r; i++) {
		r = read_column(stmt, i + 1, &columns[i], ret);
	}
	return !r && !ret->instance ? -EILSEQ : r;
}
