/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Attributes that are too short for what they hold, or that a newer kernel may send.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netlink.h>

#include "msg_kit.h"
#include "test.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/** An SA with one attribute of any content. */
static int read_attr(int attr, const void *data, size_t len, struct qm_xfrm_msg *ret)
{
	const struct xfrm_usersa_info info = { .family = AF_INET, .id.proto = IPPROTO_ESP };
	struct craft craft = { 0 };

	craft_begin(&craft, XFRM_MSG_NEWSA, 0, 0);
	craft_put(&craft, &info, sizeof(info));
	craft_attr(&craft, attr, data, len);
	craft_end(&craft);
	return msg_read_exact(craft.bytes, craft.len, ret);
}

/** Attributes that say that they are shorter than what they hold. */
static void test_short_attributes(void)
{
	static const struct {
		int attr;
		size_t len;
	} rows[] = {
		{ XFRMA_MARK, sizeof(struct xfrm_mark) },
		{ XFRMA_IF_ID, sizeof(uint32_t) },
		{ XFRMA_ENCAP, sizeof(struct xfrm_encap_tmpl) },
		{ XFRMA_ALG_AUTH, sizeof(struct xfrm_algo) },
		{ XFRMA_ALG_AUTH_TRUNC, sizeof(struct xfrm_algo_auth) },
		{ XFRMA_ALG_CRYPT, sizeof(struct xfrm_algo) },
		{ XFRMA_ALG_COMP, sizeof(struct xfrm_algo) },
		{ XFRMA_ALG_AEAD, sizeof(struct xfrm_algo_aead) },
		{ XFRMA_REPLAY_ESN_VAL, sizeof(struct xfrm_replay_state_esn) },
		{ XFRMA_LTIME_VAL, sizeof(struct xfrm_lifetime_cur) },
		{ XFRMA_SA, sizeof(struct xfrm_usersa_info) },
	};
	struct xfrm_usersa_info info = { .family = AF_INET };
	struct qm_xfrm_msg msg;

	for (size_t i = 0; i < COUNT(rows); i++) {
		for (size_t len = 0; len < rows[i].len; len++) {
			QM_FAILS(read_attr(rows[i].attr, &info, len, &msg), -EBADMSG);
		}
	}
	/* as it is an SA of IPv4, and has no name of an algorithm */
	QM_INT(read_attr(XFRMA_SA, &info, sizeof(info), &msg), 1);
}

static void test_short_policy_attributes(void)
{
	static const struct {
		int attr;
		size_t len;
	} rows[] = {
		{ XFRMA_MARK, sizeof(struct xfrm_mark) },
		{ XFRMA_IF_ID, sizeof(uint32_t) },
		{ XFRMA_POLICY_TYPE, sizeof(struct xfrm_userpolicy_type) },
		{ XFRMA_POLICY, sizeof(struct xfrm_userpolicy_info) },
	};
	const struct xfrm_userpolicy_info info = { .sel.family = AF_INET };

	for (size_t i = 0; i < COUNT(rows); i++) {
		for (size_t len = 0; len <= rows[i].len; len++) {
			struct craft craft = { 0 };
			struct qm_xfrm_msg msg;

			craft_begin(&craft, XFRM_MSG_NEWPOLICY, 0, 0);
			craft_put(&craft, &info, sizeof(info));
			craft_attr(&craft, rows[i].attr, &info, len);
			craft_end(&craft);
			QM_INT(msg_read_exact(craft.bytes, craft.len, &msg),
				   len < rows[i].len ? -EBADMSG : 1);
		}
	}
}

static void test_key_length(void)
{
	struct xfrm_algo alg = { .alg_name = "cbc(aes)" };
	uint8_t data[sizeof(alg) + 16] = { 0 };
	static const struct {
		uint32_t bits;
		int r;
	} rows[] = {
		{ 0, 1 },
		{ 128, 1 },
		{ 121, 1 },
		{ 129, -EBADMSG },
		{ UINT32_MAX, -EBADMSG },
		{ UINT32_MAX - 6, -EBADMSG },
		{ 0x80000000, -EBADMSG },
	};
	struct qm_xfrm_msg msg;

	for (size_t i = 0; i < COUNT(rows); i++) {
		alg.alg_key_len = rows[i].bits;
		memcpy(data, &alg, sizeof(alg));
		QM_INT(read_attr(XFRMA_ALG_CRYPT, data, sizeof(data), &msg), rows[i].r);
		if (rows[i].r == 1) {
			QM_INT(msg.sa.crypt.key_bits, rows[i].bits);
		}
	}
}

static void test_name_without_end(void)
{
	struct xfrm_algo_auth auth = { 0 };
	struct qm_xfrm_msg msg;

	memset(auth.alg_name, 'x', sizeof(auth.alg_name));
	QM_FAILS(read_attr(XFRMA_ALG_AUTH_TRUNC, &auth, sizeof(auth), &msg), -EBADMSG);
	auth.alg_name[sizeof(auth.alg_name) - 1] = '\0';
	QM_INT(read_attr(XFRMA_ALG_AUTH_TRUNC, &auth, sizeof(auth), &msg), 1);
	QM_INT(strlen(msg.sa.auth.name), sizeof(auth.alg_name) - 1);
}

/** What is behind the end of a name is of no concern, and may be anything. */
static void test_name_with_more(void)
{
	struct xfrm_algo_auth auth = { 0 };
	const char zero[32] = "";
	struct qm_xfrm_msg msg;

	memset(auth.alg_name, 'x', sizeof(auth.alg_name) - 1);
	memcpy(auth.alg_name, "md5", sizeof("md5"));
	QM_INT(read_attr(XFRMA_ALG_AUTH_TRUNC, &auth, sizeof(auth), &msg), 1);
	QM_STR(msg.sa.auth.name, "md5");
	CU_ASSERT(!memcmp(msg.sa.auth.name + 4, zero, sizeof(zero)));
}

static void test_window(void)
{
	struct xfrm_replay_state_esn esn = { .replay_window = 64 };
	uint8_t data[sizeof(esn) + 2 * sizeof(uint32_t)] = { 0 };
	static const struct {
		uint32_t words;
		int r;
	} rows[] = { { 0, 1 }, { 2, 1 }, { 3, -EBADMSG }, { 0x40000001, -EBADMSG } };
	struct qm_xfrm_msg msg;

	for (size_t i = 0; i < COUNT(rows); i++) {
		esn.bmp_len = rows[i].words;
		memcpy(data, &esn, sizeof(esn));
		QM_INT(read_attr(XFRMA_REPLAY_ESN_VAL, data, sizeof(data), &msg), rows[i].r);
	}
}

/** Neither templates nor moves of SAs may come in part. */
static void test_parts(void)
{
	const struct xfrm_userpolicy_info info = { .sel.family = AF_INET };
	const struct xfrm_userpolicy_id id = { .sel.family = AF_INET };
	const uint8_t data[512] = { 0 };
	struct craft craft = { 0 };
	struct qm_xfrm_msg msg;

	for (size_t len = 0; len < sizeof(struct xfrm_user_tmpl) * 2; len++) {
		craft.len = 0;
		craft_begin(&craft, XFRM_MSG_NEWPOLICY, 0, 0);
		craft_put(&craft, &info, sizeof(info));
		craft_attr(&craft, XFRMA_TMPL, data, len);
		craft_end(&craft);
		QM_INT(msg_read_exact(craft.bytes, craft.len, &msg),
			   len % sizeof(struct xfrm_user_tmpl) ? -EBADMSG : 1);
	}
	for (size_t len = 0; len <= sizeof(struct xfrm_user_migrate) * 2; len++) {
		craft.len = 0;
		craft_begin(&craft, XFRM_MSG_MIGRATE, 0, 0);
		craft_put(&craft, &id, sizeof(id));
		craft_attr(&craft, XFRMA_MIGRATE, data, len);
		craft_end(&craft);
		QM_INT(msg_read_exact(craft.bytes, craft.len, &msg),
			   !len || len % sizeof(struct xfrm_user_migrate) ? -EBADMSG : 1);
	}
}

static void test_many_moves(void)
{
	const struct xfrm_userpolicy_id id = { .sel.family = AF_INET };
	const struct xfrm_user_migrate moves[QM_XFRM_DEPTH_MAX + 1] = { 0 };
	struct craft craft = { 0 };
	struct qm_xfrm_msg msg;

	craft_begin(&craft, XFRM_MSG_MIGRATE, 0, 0);
	craft_put(&craft, &id, sizeof(id));
	craft_attr(&craft, XFRMA_MIGRATE, moves, sizeof(moves));
	craft_attr(&craft, XFRMA_MIGRATE, moves, sizeof(moves));
	craft_end(&craft);
	QM_INT(msg_read_exact(craft.bytes, craft.len, &msg), 1);
	QM_INT(msg.migrate.count, QM_XFRM_DEPTH_MAX);
}

static void test_unknown_attributes(void)
{
	const uint8_t data[8] = { 1, 2, 3, 4, 5, 6, 7, 8 };
	struct craft craft = { 0 };
	struct qm_xfrm_msg msg;

	for (int attr = XFRMA_MTIMER_THRESH; attr < 200; attr++) {
		QM_INT(read_attr(attr, data, (size_t)attr % 9, &msg), 1);
		QM_INT(msg.sa.has, QM_XFRM_HAS_INFO | QM_XFRM_HAS_COUNTERS);
	}
	QM_INT(read_attr(NLA_F_NESTED | 70, data, 8, &msg), 1);
	craft_flush_sa(&craft, 0, IPPROTO_ESP);
	craft_attr(&craft, 99, data, sizeof(data));
	craft_end(&craft);
	QM_INT(msg_read_exact(craft.bytes, craft.len, &msg), 1);
}

/** Structures may grow at their end, as those of attributes have. */
static void test_longer(void)
{
	const uint8_t mark[16] = { 1, 0, 0, 0, 255, 0, 0, 0, 9, 9, 9, 9, 9, 9, 9, 9 };
	struct qm_xfrm_msg msg;

	QM_INT(read_attr(XFRMA_MARK, mark, sizeof(mark), &msg), 1);
	CU_ASSERT(msg.sa.has & QM_XFRM_HAS_MARK);
}

CU_TestInfo xfrm_msg_attr_tests[] = {
	{ "attributes of SAs that are too short", test_short_attributes },
	{ "attributes of policies that are too short", test_short_policy_attributes },
	{ "a key longer than its attribute", test_key_length },
	{ "a name of an algorithm without an end", test_name_without_end },
	{ "a name of an algorithm with more behind its end", test_name_with_more },
	{ "a replay window longer than its attribute", test_window },
	{ "half a template, half a move", test_parts },
	{ "more moves than there is room for", test_many_moves },
	{ "unknown attributes", test_unknown_attributes },
	{ "attributes that are longer than they were", test_longer },
	CU_TEST_INFO_NULL,
};
