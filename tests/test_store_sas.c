/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SA pairs: what is kept of them, and rows that are not one.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "store_kit.h"
#include "test.h"

static void keep(struct qm_store *store, const struct qm_open_sa *sa)
{
	QM_OK(qm_store_keep_sa(store, sa));
}

/** Keeps pairs, and has the next run read them: to be freed. */
static struct store_sas *through(const struct qm_open_sa *sas, unsigned count)
{
	struct place place = store_place();
	struct qm_store *store = store_must_open(&place, NULL);
	struct store_sas *read;

	for (unsigned i = 0; i < count; i++) {
		keep(store, &sas[i]);
	}
	QM_OK(qm_store_commit(store, 5));
	qm_store_close(store);
	store = store_must_open(&place, NULL);
	read = store_earlier(store);
	QM_OK(read->r);
	QM_INT(read->bad, 0);
	qm_store_close(store);
	store_remove(&place);
	return read;
}

static void expect_same(const struct qm_open_sa *sas, unsigned count)
{
	struct store_sas *read = through(sas, count);

	QM_INT(read->count, count);
	for (unsigned i = 0; i < count; i++) {
		CU_ASSERT(store_same_sa(&read->sas[i], &sas[i]));
	}
	free(read);
}

static void test_round_trip(void)
{
	struct qm_open_sa sas[3];

	memset(sas, 0, sizeof(sas));
	sas[0] = store_sa(1, 42);
	sas[1] = store_sa(1, 7);
	/* all unknown, and all empty */
	sas[2].instance = 1;
	expect_same(sas, 3);
}

/** Each member as large as it may be. */
static void test_extremes(void)
{
	struct qm_open_sa sa = store_sa(1, UINT32_MAX);
	struct qm_text *const texts[] = { &sa.facts.conn_name, &sa.facts.child_name,
									  &sa.facts.local_id, &sa.facts.remote_id,
									  &sa.facts.acct };
	struct qm_sa_facts *facts = &sa.facts;

	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		texts[i]->len = QM_TEXT_MAX;
		for (int c = 0; c < QM_TEXT_MAX; c++) {
			texts[i]->s[c] = (char)(c + (int)i);
		}
	}
	memset(facts->cipher, 'c', QM_ALG_MAX - 1);
	memset(facts->integ, 0xfe, QM_ALG_MAX - 1);
	memset(facts->pfs, '\'', QM_ALG_MAX - 1);
	facts->ike_sa = facts->reqid = facts->life_time = UINT32_MAX;
	facts->ksize = UINT16_MAX;
	facts->life_packets = UINT64_MAX;
	facts->esn = facts->encap = QM_TRI_MAX - 1;
	facts->remote = (struct qm_addr){ .family = AF_INET6, .port = 65535 };
	memset(facts->remote.ip, 0xff, 16);
	facts->vip = (struct qm_addr){ .family = 0, .port = 1 };
	facts->local = (struct qm_addr){ .family = AF_INET6, .ip = { 0x20, 1 } };
	facts->local_ts = (struct qm_ts_list){ .total = 65535 };
	for (int i = 0; i < QM_TS_MAX; i++) {
		facts->remote_ts.ts[i] = (struct qm_ts){
			.family = AF_INET6, .proto = 255, .from_port = 65535, .to_port = 0,
		};
		memset(facts->remote_ts.ts[i].from, 0xff, 16);
		memset(facts->remote_ts.ts[i].to, 0xff, 16);
	}
	sa.established_ms = UINT64_MAX;
	sa.rekeys = UINT32_MAX;
	sa.before_out = (struct qm_count){ .known = true };
	expect_same(&sa, 1);
}

/** Pairs come in the order in which they were first kept; what is new replaces. */
static void test_order(void)
{
	struct place place = store_place();
	struct qm_store *store = store_must_open(&place, NULL);
	struct qm_open_sa sa;
	struct store_sas *read;

	for (uint32_t i = 20; i; i--) {
		sa = store_sa(1, i);
		keep(store, &sa);
	}
	for (uint32_t i = 1; i <= 20; i += 3) {
		sa = store_sa(1, i);
		sa.rekeys = 1000 + i;
		keep(store, &sa);
	}
	QM_OK(qm_store_drop_sa(store, 1, 5));
	QM_OK(qm_store_drop_sa(store, 1, 5));
	QM_OK(qm_store_drop_sa(store, 2, 6));
	QM_OK(qm_store_commit(store, 5));
	read = store_earlier(store);
	QM_INT(read->count, 0);
	free(read);
	qm_store_close(store);

	store = store_must_open(&place, NULL);
	/* the same pair of another run is another */
	sa = store_sa(2, 20);
	keep(store, &sa);
	read = store_earlier(store);
	QM_INT(read->count, 19);
	for (uint32_t i = 0, id = 20; i < read->count; i++, id -= 1 + (id == 6)) {
		QM_INT(read->sas[i].facts.child_sa, id);
		QM_INT(read->sas[i].rekeys, id % 3 == 1 ? 1000 + id : id);
	}
	free(read);
	qm_store_close(store);
	store_remove(&place);
}

/** What one of three pairs is changed to; then it is not one. */
static const char *const not_one[] = {
	"instance = 'x'", "instance = 0", "instance = NULL", "instance = 4294967296",
	"child_sa = -1", "child_sa = 4294967296", "child_sa = 'one'", "child_sa = 1.5",
	"ike_sa = NULL", "reqid = x'00'", "in_spi = -5", "if_id_in = 9223372036854775807",
	"mark_in = ''", "mark_in = '0x1'", "mark_in = '0x1/0x'", "mark_in = '0x1/0x2 '",
	"mark_out = '0x100000000/0x0'", "mark_out = NULL", "mark_out = '0xG/0x0'",
	"ike_version = 3", "direction = 3", "satype = 3", "samode = 4", "esn = 3",
	"encap = -1", "ksize = 65536", "cipher = printf('%.*c', 32, 'x')",
	"cipher = 'A' || char(0) || 'B'", "integ = NULL", "pfs = x'4142'",
	"life_time = 4294967296", "life_bytes = 'many'", "life_packets = 1e300",
	"local = ''", "local = '192.0.2.1'", "local = '192.0.2.1[65536]'",
	"local = '192.0.2.1[1] '", "local = '192.0.2.1[-1]'", "local = '192.0.2.256[1]'",
	"remote = '1.2.3.4.5[1]'", "remote = '2001:db8::1::2[5]'", "remote = ':[5]'",
	"remote = '[5]'", "vip = NULL", "vip = '??[1]'", "vip = x'3f5b305d'",
	"vip = printf('%.*c', 100000, '1')", "local_ts = NULL", "local_ts = ','",
	"local_ts = '+'", "local_ts = '+0'", "local_ts = '+65536'", "local_ts = '+1,+1'",
	"local_ts = '10.0.0.0'", "local_ts = '10.0.0.0-10.0.0.9'",
	"local_ts = '10.0.0.0-::1[0/0-1]'", "local_ts = '10.0.0.0-10.0.0.9[256/0-1]'",
	"local_ts = '10.0.0.0-10.0.0.9[6/0-65536]'", "local_ts = '10.0.0.0-10.0.0.9[6/0-1],'",
	"local_ts = '10.0.0.0-10.0.0.9[6/0-1],+1,'",
	"local_ts = '10.0.0.0-10.0.0.9[6/0-1]10.0.0.0-10.0.0.9[6/0-1]'",
	"remote_ts = replace(printf('%.9c', 'x'), 'x', '0.0.0.0-1.1.1.1[0/0-1],')",
	"remote_ts = substr(replace(printf('%.9c', 'x'), 'x', ',0.0.0.0-1.1.1.1[0/0-1]'), 2)",
	"conn_name = NULL", "child_name = printf('%.*c', 257, 'x')",
	"remote_id = zeroblob(257)", "remote_id = zeroblob(10000000)",
	"acct = NULL", "established_ms = 'now'", "established_ms = NULL", "rekeys = -1",
	"before_in = 'x'", "before_out = x'00'", "before_out = 1.25",
};

static void check_bad(const char *change)
{
	struct place place = store_place();
	struct qm_store *store = store_must_open(&place, NULL);
	struct store_sas *read;
	char sql[256];

	for (uint32_t i = 1; i <= 3; i++) {
		const struct qm_open_sa sa = store_sa(1, i);

		keep(store, &sa);
	}
	QM_OK(qm_store_commit(store, 5));
	qm_store_close(store);
	snprintf(sql, sizeof(sql), "UPDATE sa SET %s WHERE child_sa = 2", change);
	store_sql(&place, sql);
	store = store_must_open(&place, NULL);
	read = store_earlier(store);
	QM_OK(read->r);
	QM_INT(read->count, 2);
	if (read->count != 2 || read->bad != 1) {
		QM_STR(change, "refused");
	}
	QM_INT(read->sas[1].facts.child_sa, 3);
	free(read);
	QM_OK(qm_store_commit(store, 5));
	QM_INT(store_ask(&place, "SELECT count(*) FROM sa"), 2);
	qm_store_close(store);
	store_remove(&place);
}

static void test_bad(void)
{
	for (size_t i = 0; i < sizeof(not_one) / sizeof(not_one[0]); i++) {
		check_bad(not_one[i]);
	}
}

/** They can be read by whoever looks into the file. */
static void test_readable(void)
{
	struct place place = store_place();
	struct qm_store *store = store_must_open(&place, NULL);
	const struct qm_open_sa sa = store_sa(1, 2);

	keep(store, &sa);
	QM_OK(qm_store_commit(store, 5));
	qm_store_close(store);
	QM_INT(store_ask(&place, "SELECT count(*) FROM sa WHERE instance = 1 AND child_sa = 2"
					 " AND in_spi = 0xc1234567 AND cipher = 'AES_CBC'"
					 " AND local = '3.3.3.3[4502]' AND mark_in = '0x3/0xff'"
					 " AND remote = 'a0a:a0a:a0a:a0a:a0a:a0a:a0a:a0a[4509]'"
					 " AND local_ts = '1.1.1.1-254.254.254.254[0/0-65535]'"
					 " AND conn_name = 'gw 2' AND before_out IS NULL"), 1);
	store_remove(&place);
}

CU_TestInfo store_sas_tests[] = {
	{ "pairs come back", test_round_trip },
	{ "extremes come back", test_extremes },
	{ "order, and what replaces", test_order },
	{ "rows that are not a pair", test_bad },
	{ "can be read with SQLite's own tool", test_readable },
	CU_TEST_INFO_NULL,
};
