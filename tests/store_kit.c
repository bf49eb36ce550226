/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store_kit.h"

#include <dirent.h>
#include <errno.h>
#include <ftw.h>
#include <grp.h>
#include <inttypes.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

struct place store_place(void)
{
	const char *tmp = getenv("TMPDIR");
	struct place place;

	if (!tmp) {
		/* where waiting for the disk takes no time */
		tmp = access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm";
	}
	snprintf(place.base, sizeof(place.base), "%s/qm-audit-test.XXXXXX", tmp);
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(place.base));
	snprintf(place.dir, sizeof(place.dir), "%s/state", place.base);
	snprintf(place.file, sizeof(place.file), "%s/state.db", place.dir);
	snprintf(place.named, sizeof(place.named), "state database '%s'", place.file);
	return place;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void store_remove(const struct place *place)
{
	QM_OK(nftw(place->base, remove_one, 16, FTW_DEPTH | FTW_PHYS));
}

struct outcome store_open_with(const struct qm_store_config *config)
{
	struct outcome o = { .error = "untouched" };

	o.r = qm_store_open(&o.store, config, &o.start, o.error);
	return o;
}

struct outcome store_open(const char *dir)
{
	const struct qm_store_config config = { .dir = dir, .durability = QM_DURABLE_CRASH };

	return store_open_with(&config);
}

struct qm_store *store_must_open(const struct place *place, struct qm_store_start *start)
{
	const struct outcome o = store_open(place->dir);

	QM_STR(o.error, "");
	QM_OK_FATAL(o.r);
	CU_ASSERT(!o.start.set_aside);
	if (start) {
		*start = o.start;
	}
	return o.store;
}

struct outcome store_start(const char *dir)
{
	struct outcome o = store_open(dir);

	if (!o.r) {
		o.store = qm_store_close(o.store);
	}
	return o;
}

struct outcome store_start_as(uid_t uid, const char *dir)
{
	struct outcome *shared, o;
	int status = -1;
	pid_t pid;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CU_ASSERT_PTR_NOT_EQUAL_FATAL(shared, MAP_FAILED);
	pid = fork();
	if (!pid) {
		if (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid)) {
			_exit(1);
		}
		*shared = store_start(dir);
		_exit(0);
	}
	QM_OK_FATAL(pid);
	waitpid(pid, &status, 0);
	QM_INT(status, 0);
	o = *shared;
	munmap(shared, sizeof(*shared));
	return o;
}

void store_write(const char *path, const char *data, size_t len)
{
	FILE *file = fopen(path, "w");

	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	QM_INT(fwrite(data, 1, len, file), len);
	QM_INT(fclose(file), 0);
}

struct content store_read(const char *path)
{
	struct content content = { 0 };
	FILE *file = fopen(path, "r");
	struct stat st;

	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	QM_OK_FATAL(fstat(fileno(file), &st));
	content.data = malloc((size_t)st.st_size + 1);
	CU_ASSERT_PTR_NOT_NULL_FATAL(content.data);
	content.len = fread(content.data, 1, (size_t)st.st_size + 1, file);
	fclose(file);
	return content;
}

void store_sql(const struct place *place, const char *sql)
{
	char *error = NULL;
	sqlite3 *db;

	QM_INT(sqlite3_open(place->file, &db), SQLITE_OK);
	sqlite3_exec(db, sql, NULL, NULL, &error);
	QM_STR(error, NULL);
	sqlite3_free(error);
	sqlite3_close(db);
}

int64_t store_ask(const struct place *place, const char *sql)
{
	sqlite3_stmt *stmt = NULL;
	int64_t n = INT64_MIN;
	sqlite3 *db;

	QM_INT(sqlite3_open_v2(place->file, &db, SQLITE_OPEN_READONLY, NULL), SQLITE_OK);
	QM_INT(sqlite3_prepare_v2(db, sql, -1, &stmt, NULL), SQLITE_OK);
	if (sqlite3_step(stmt) == SQLITE_ROW) {
		n = sqlite3_column_int64(stmt, 0);
	}
	sqlite3_finalize(stmt);
	sqlite3_close(db);
	return n;
}

void store_install(const struct place *place, const char *name)
{
	const char *top = getenv("top_srcdir");
	struct content content;
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/tests/corpus/store/%s", top ? top : ".", name);
	content = store_read(path);
	if (mkdir(place->dir, 0700) < 0) {
		QM_INT(errno, EEXIST);
	}
	store_write(place->file, content.data, content.len);
	free(content.data);
}

unsigned store_count_files(const char *dir, const char *prefix)
{
	DIR *stream = opendir(dir);
	struct dirent *entry;
	unsigned count = 0;

	CU_ASSERT_PTR_NOT_NULL_FATAL(stream);
	while ((entry = readdir(stream))) {
		count += !strncmp(entry->d_name, prefix, strlen(prefix));
	}
	closedir(stream);
	return count;
}

struct qm_record store_record(uint64_t n)
{
	struct qm_record record = { .success = n % 3 };

	record.len = (size_t)snprintf(record.body, sizeof(record.body), "rec-seq=%" PRIu64
								  " %0*d", n, (int)(n % 1500) + 1, 7);
	snprintf(record.addr, sizeof(record.addr), "%s", n % 2 ? "2001:db8::1" : "");
	return record;
}

uint64_t store_add(struct qm_store *store, uint32_t instance, uint64_t first,
				   unsigned count)
{
	uint64_t id = 0, last = 0;

	while (count--) {
		const struct qm_record record = store_record(first);

		QM_OK_FATAL(qm_store_add(store, instance, first, &record, &id));
		CU_ASSERT(id > last);
		last = id;
		first++;
	}
	return id;
}

static bool same_record(const struct qm_record *a, const struct qm_record *b)
{
	return a->len == b->len && !strcmp(a->body, b->body) && !strcmp(a->addr, b->addr) &&
		   a->success == b->success;
}

void store_expect(struct qm_store *store, uint64_t first, unsigned count)
{
	uint64_t id = 0, bytes = 0, told, told_bytes;
	struct qm_stored stored;
	unsigned wrong = 0;

	for (unsigned i = 0; i < count; i++) {
		const struct qm_record expected = store_record(first + i);

		QM_OK_FATAL(qm_store_next(store, id, &stored));
		wrong += stored.id <= id || !same_record(&stored.record, &expected);
		bytes += expected.len;
		id = stored.id;
	}
	QM_FAILS(qm_store_next(store, id, &stored), -ENOENT);
	QM_INT(wrong, 0);
	qm_store_waiting(store, &told, &told_bytes);
	QM_INT(told, count);
	QM_INT(told_bytes, bytes);
}

static struct qm_text text_of(const char *s, uint32_t n)
{
	struct qm_text text = { 0 };

	text.len = (uint16_t)snprintf(text.s, sizeof(text.s), "%s %u", s, n);
	memset(text.s + text.len, 0, sizeof(text.s) - text.len);
	return text;
}

static struct qm_addr addr_of(uint8_t family, uint8_t n)
{
	struct qm_addr addr = { .family = family, .port = (uint16_t)(4500 + n) };

	memset(addr.ip, n + 1, family == AF_INET ? 4 : 16);
	return addr;
}

static struct qm_ts_list ts_of(uint8_t count, uint16_t total)
{
	struct qm_ts_list list = { .count = count, .total = total };

	for (uint8_t i = 0; i < count; i++) {
		list.ts[i] = (struct qm_ts){
			.family = i % 2 ? AF_INET6 : AF_INET,
			.proto = (uint8_t)(i * 17),
			.from_port = (uint16_t)(i * 3),
			.to_port = (uint16_t)(65535 - i),
		};
		memset(list.ts[i].from, 1, i % 2 ? 16 : 4);
		memset(list.ts[i].to, 254, i % 2 ? 16 : 4);
	}
	return list;
}

struct qm_open_sa store_sa(uint32_t instance, uint32_t child_sa)
{
	struct qm_open_sa sa;

	memset(&sa, 0, sizeof(sa));
	sa.instance = instance;
	sa.facts = (struct qm_sa_facts){
		.child_sa = child_sa, .ike_sa = 17, .reqid = 5, .in_spi = 0xc1234567,
		.out_spi = 0xffffffff, .if_id_in = 1, .if_id_out = 2, .mark_in = { 3, 0xff },
		.mark_out = { 0xffffffff, 0xffffffff }, .ike_version = 2,
		.direction = QM_DIRECTION_RESPONDER, .satype = QM_SATYPE_ESP,
		.samode = QM_SAMODE_BEET, .esn = QM_TRI_YES, .encap = QM_TRI_NO, .ksize = 256,
		.cipher = "AES_CBC", .integ = "HMAC_SHA2_256_128", .pfs = "none",
		.life_time = 3600, .life_bytes = UINT64_MAX, .life_packets = 1,
		.local = addr_of(AF_INET, (uint8_t)child_sa), .remote = addr_of(AF_INET6, 9),
		.vip = addr_of(AF_INET, 7), .local_ts = ts_of(1, 1),
		.remote_ts = ts_of(QM_TS_MAX, 65535), .conn_name = text_of("gw", child_sa),
		.child_name = text_of("net", child_sa), .local_id = text_of("a", 1),
		.remote_id = text_of("\xff\xfe 'b", 2), .acct = text_of("", child_sa),
	};
	sa.established_ms = 1795438975152 + child_sa;
	sa.rekeys = child_sa;
	sa.before_in = (struct qm_count){ .known = true, .n = UINT64_MAX };
	sa.before_out = (struct qm_count){ .known = child_sa % 2, .n = child_sa % 2 };
	return sa;
}

static bool same_text(const struct qm_text *a, const struct qm_text *b)
{
	return a->len == b->len && !memcmp(a->s, b->s, a->len);
}

static bool same_addr(const struct qm_addr *a, const struct qm_addr *b)
{
	return a->family == b->family && a->port == b->port &&
		   !memcmp(a->ip, b->ip, sizeof(a->ip));
}

static bool same_ts(const struct qm_ts_list *a, const struct qm_ts_list *b)
{
	bool same = a->count == b->count && a->total == b->total;

	for (unsigned i = 0; same && i < a->count; i++) {
		const struct qm_ts *x = &a->ts[i], *y = &b->ts[i];

		same = x->family == y->family && x->proto == y->proto &&
			   x->from_port == y->from_port && x->to_port == y->to_port &&
			   !memcmp(x->from, y->from, 16) && !memcmp(x->to, y->to, 16);
	}
	return same;
}

static bool same_count(const struct qm_count *a, const struct qm_count *b)
{
	return a->known == b->known && (!a->known || a->n == b->n);
}

#define SAME(member) (a->member == b->member)

/** Those that are numbers. */
static bool same_numbers(const struct qm_sa_facts *a, const struct qm_sa_facts *b)
{
	return SAME(child_sa) && SAME(ike_sa) && SAME(reqid) && SAME(in_spi) &&
		   SAME(out_spi) && SAME(if_id_in) && SAME(if_id_out) && SAME(mark_in.value) &&
		   SAME(mark_in.mask) && SAME(mark_out.value) && SAME(mark_out.mask) &&
		   SAME(ike_version) && SAME(direction) && SAME(satype) && SAME(samode) &&
		   SAME(esn) && SAME(encap) && SAME(ksize) && SAME(life_time) &&
		   SAME(life_bytes) && SAME(life_packets);
}

static bool same_facts(const struct qm_sa_facts *a, const struct qm_sa_facts *b)
{
	return same_numbers(a, b) && !strcmp(a->cipher, b->cipher) &&
		   !strcmp(a->integ, b->integ) && !strcmp(a->pfs, b->pfs) &&
		   same_addr(&a->local, &b->local) && same_addr(&a->remote, &b->remote) &&
		   same_addr(&a->vip, &b->vip) && same_ts(&a->local_ts, &b->local_ts) &&
		   same_ts(&a->remote_ts, &b->remote_ts) &&
		   same_text(&a->conn_name, &b->conn_name) &&
		   same_text(&a->child_name, &b->child_name) &&
		   same_text(&a->local_id, &b->local_id) &&
		   same_text(&a->remote_id, &b->remote_id) && same_text(&a->acct, &b->acct);
}

bool store_same_sa(const struct qm_open_sa *a, const struct qm_open_sa *b)
{
	return SAME(instance) && SAME(established_ms) && SAME(rekeys) &&
		   same_count(&a->before_in, &b->before_in) &&
		   same_count(&a->before_out, &b->before_out) && same_facts(&a->facts, &b->facts);
}

static void take(void *user, const struct qm_open_sa *sa)
{
	struct store_sas *sas = user;

	if (sas->count < sizeof(sas->sas) / sizeof(sas->sas[0])) {
		sas->sas[sas->count] = *sa;
	}
	sas->count++;
}

struct store_sas *store_earlier(struct qm_store *store)
{
	struct store_sas *sas = calloc(1, sizeof(*sas));

	CU_ASSERT_PTR_NOT_NULL_FATAL(sas);
	sas->r = qm_store_earlier_sas(store, take, sas, &sas->bad);
	return sas;
}
