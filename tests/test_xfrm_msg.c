/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What well-formed messages of the kernel are read as.
 */
#include "xfrm_msg.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include <linux/netlink.h>
#include <linux/udp.h>

#include "msg_kit.h"
#include "test.h"

static const struct craft_sa esp4 = {
	.src = "192.0.2.1",
	.dst = "198.51.100.7",
	.spi = 0xc1234567,
	.reqid = 3,
	.bytes = 840,
	.packets = 10,
	.add_time = 1795438975,
	.use_time = 1795438980,
};

static const struct craft_sa esp6 = {
	.src = "2001:db8::1",
	.dst = "2001:db8:2::7",
	.spi = 0xcef949be,
	.reqid = 4,
	.mode = 255,
	.mark = 0x12340000,
	.mask = 0xffff0000,
	.if_id = 77,
	.sport = 4500,
	.dport = 61234,
	.esn_window = 2048,
	.auth = "hmac(sha256)",
	.crypt = "rfc3686(ctr(aes))",
	.add_time = 1795438976,
};

static void expect_id(const struct qm_xfrm_id *id, const struct craft_sa *sa)
{
	msg_expect_addr(id->dst, sa->dst);
	QM_INT(id->family, strchr(sa->dst, ':') ? AF_INET6 : AF_INET);
	QM_INT(id->proto, sa->proto ? sa->proto : IPPROTO_ESP);
	QM_INT(id->spi, sa->spi);
	QM_INT(id->mark, sa->mark);
	QM_INT(id->mask, sa->mask);
	QM_INT(id->if_id, sa->if_id);
	QM_INT(id->zero[0] | id->zero[1], 0);
}

static void expect_counters(const struct qm_xfrm_sa *sa, const struct craft_sa *from)
{
	CU_ASSERT(sa->has & QM_XFRM_HAS_COUNTERS);
	QM_INT(sa->counters.bytes, from->bytes);
	QM_INT(sa->counters.packets, from->packets);
	QM_INT(sa->counters.add_time, from->add_time);
	QM_INT(sa->counters.use_time, from->use_time);
}

static void expect_info(const struct qm_xfrm_sa *sa, const struct craft_sa *from)
{
	CU_ASSERT(sa->has & QM_XFRM_HAS_INFO);
	expect_id(&sa->id, from);
	msg_expect_addr(sa->src, from->src);
	expect_counters(sa, from);
	QM_INT(sa->reqid, from->reqid);
	QM_INT(sa->mode, from->mode == 255 ? XFRM_MODE_TRANSPORT : XFRM_MODE_TUNNEL);
	QM_INT(sa->flags, from->esn_window ? XFRM_STATE_ESN : 0);
	QM_INT(sa->seq, 9);
	QM_INT(sa->outside_window, 1);
	QM_INT(sa->replayed, 2);
	QM_INT(sa->integrity_failed, 3);
	QM_INT(sa->limits.soft_bytes, QM_XFRM_INF);
	QM_INT(sa->limits.hard_packets, QM_XFRM_INF);
	QM_INT(sa->limits.soft_add, 3300);
	QM_INT(sa->limits.hard_add, 3960);
	QM_INT(sa->limits.hard_use, 0);
}

static void expect_alg(const struct qm_xfrm_alg *alg, const char *name, uint32_t key_bits,
					   uint32_t icv_bits)
{
	QM_STR(alg->name, name);
	QM_INT(alg->key_bits, key_bits);
	QM_INT(alg->icv_bits, icv_bits);
}

static void test_aead(void)
{
	struct craft craft = { 0 };
	struct qm_xfrm_msg msg;

	craft_sa(&craft, XFRM_MSG_NEWSA, 0, 4711, &esp4);
	msg = msg_read(&craft);
	QM_INT(msg.kind, QM_XFRM_NEW_SA);
	QM_INT(msg.port, 4711);
	QM_INT(msg.seq, 1795527700);
	QM_INT(msg.flags, 0);
	expect_info(&msg.sa, &esp4);
	QM_INT(msg.sa.has, QM_XFRM_HAS_INFO | QM_XFRM_HAS_COUNTERS | QM_XFRM_HAS_AEAD);
	expect_alg(&msg.sa.aead, "rfc4106(gcm(aes))", 288, 128);
	QM_INT(msg.sa.replay_window, 32);
}

static void test_everything(void)
{
	struct craft craft = { 0 };
	struct qm_xfrm_msg msg;

	craft_sa(&craft, XFRM_MSG_UPDSA, NLM_F_MULTI, 0, &esp6);
	msg = msg_read(&craft);
	QM_INT(msg.kind, QM_XFRM_UPD_SA);
	QM_INT(msg.flags, NLM_F_MULTI);
	expect_info(&msg.sa, &esp6);
	QM_INT(msg.sa.has, QM_XFRM_HAS_INFO | QM_XFRM_HAS_COUNTERS | QM_XFRM_HAS_AUTH |
						   QM_XFRM_HAS_CRYPT | QM_XFRM_HAS_MARK | QM_XFRM_HAS_IF_ID |
						   QM_XFRM_HAS_ENCAP);
	expect_alg(&msg.sa.auth, "hmac(sha256)", 256, 128);
	expect_alg(&msg.sa.crypt, "rfc3686(ctr(aes))", 192, 0);
	QM_INT(msg.sa.replay_window, 2048);
	QM_INT(msg.sa.encap.type, UDP_ENCAP_ESPINUDP);
	QM_INT(msg.sa.encap.sport, 4500);
	QM_INT(msg.sa.encap.dport, 61234);
}

static void test_other_protocols(void)
{
	struct craft_sa ah = esp4, comp = esp4;
	struct craft craft = { 0 };
	struct qm_xfrm_msg msg;

	ah.proto = IPPROTO_AH;
	ah.auth = "cmac(aes)";
	craft_sa(&craft, XFRM_MSG_NEWSA, 0, 0, &ah);
	msg = msg_read(&craft);
	expect_info(&msg.sa, &ah);
	expect_alg(&msg.sa.auth, "cmac(aes)", 256, 128);
	comp.proto = IPPROTO_COMP;
	comp.comp = "deflate";
	comp.spi = 0x1234;
	craft.len = 0;
	craft_sa(&craft, XFRM_MSG_NEWSA, 0, 0, &comp);
	msg = msg_read(&craft);
	expect_info(&msg.sa, &comp);
	expect_alg(&msg.sa.comp, "deflate", 0, 0);
}

static void test_selector(void)
{
	struct xfrm_usersa_info info = {
		.family = AF_INET6,
		.id.proto = IPPROTO_ESP,
		.sel = { .family = AF_INET,
				 .prefixlen_s = 24,
				 .prefixlen_d = 16,
				 .proto = IPPROTO_UDP,
				 .sport = htons(500),
				 .sport_mask = htons(0xffff),
				 .dport = htons(4500),
				 .dport_mask = htons(0xfffe),
				 .ifindex = 5 },
	};
	struct craft craft = { 0 };
	struct qm_xfrm_msg msg;

	craft_addr(&info.sel.saddr, "10.1.2.0");
	craft_addr(&info.sel.daddr, "10.2.0.0");
	craft_begin(&craft, XFRM_MSG_NEWSA, 0, 0);
	craft_put(&craft, &info, sizeof(info));
	craft_end(&craft);
	msg = msg_read(&craft);
	QM_INT(msg.sa.sel.family, AF_INET);
	msg_expect_addr(msg.sa.sel.src, "10.1.2.0");
	msg_expect_addr(msg.sa.sel.dst, "10.2.0.0");
	QM_INT(msg.sa.sel.src_len, 24);
	QM_INT(msg.sa.sel.dst_len, 16);
	QM_INT(msg.sa.sel.proto, IPPROTO_UDP);
	QM_INT(msg.sa.sel.sport, 500);
	QM_INT(msg.sa.sel.sport_mask, 0xffff);
	QM_INT(msg.sa.sel.dport, 4500);
	QM_INT(msg.sa.sel.dport_mask, 0xfffe);
	QM_INT(msg.sa.sel.ifindex, 5);
}

/** Its attributes begin behind a structure that is not that of a NEWSA. */
static void test_deleted(void)
{
	struct craft_sa sa = esp6;
	struct craft craft = { 0 };
	struct qm_xfrm_msg msg;

	sa.bytes = UINT64_MAX - 1;
	sa.packets = 1ULL << 40;
	craft_del_sa(&craft, 815, &sa);
	msg = msg_read(&craft);
	QM_INT(msg.kind, QM_XFRM_DEL_SA);
	QM_INT(msg.port, 815);
	expect_info(&msg.sa, &sa);
	expect_alg(&msg.sa.auth, "hmac(sha256)", 256, 128);
	CU_ASSERT(msg.sa.has & QM_XFRM_HAS_MARK && msg.sa.has & QM_XFRM_HAS_IF_ID);
}

static void test_deleted_bare(void)
{
	struct xfrm_usersa_id id = { .spi = htonl(5), .proto = IPPROTO_AH };
	struct craft craft = { 0 };
	struct qm_xfrm_msg msg;

	id.family = craft_addr(&id.daddr, "203.0.113.5");
	craft_begin(&craft, XFRM_MSG_DELSA, 0, 0);
	craft_put(&craft, &id, sizeof(id));
	craft_end(&craft);
	msg = msg_read(&craft);
	QM_INT(msg.sa.has, 0);
	QM_INT(msg.sa.id.spi, 5);
	msg_expect_addr(msg.sa.id.dst, "203.0.113.5");
	QM_INT(msg.sa.counters.bytes, 0);
}

static void test_expired(void)
{
	struct craft_sa sa = esp6;
	struct craft craft = { 0 };
	struct qm_xfrm_msg msg;

	sa.bytes = 1000;
	sa.packets = 7;
	craft_expire(&craft, 0, &sa, true);
	msg = msg_read(&craft);
	QM_INT(msg.kind, QM_XFRM_EXPIRE);
	CU_ASSERT(msg.hard);
	expect_id(&msg.sa.id, &sa);
	expect_counters(&msg.sa, &sa);
	craft.len = 0;
	craft_expire(&craft, 12, &esp4, false);
	msg = msg_read(&craft);
	CU_ASSERT(!msg.hard);
	QM_INT(msg.port, 12);
	expect_info(&msg.sa, &esp4);
}

static void test_flushed(void)
{
	struct craft craft = { 0 };
	struct qm_xfrm_msg msg;

	craft_flush_sa(&craft, 99, IPPROTO_AH);
	msg = msg_read(&craft);
	QM_INT(msg.kind, QM_XFRM_FLUSH_SA);
	QM_INT(msg.proto, IPPROTO_AH);
	QM_INT(msg.port, 99);
}

static void test_new_ae(void)
{
	struct craft craft = { 0 };
	struct qm_xfrm_msg msg;

	craft_new_ae(&craft, 0, &esp6);
	msg = msg_read(&craft);
	QM_INT(msg.kind, QM_XFRM_NEW_AE);
	expect_id(&msg.sa.id, &esp6);
	msg_expect_addr(msg.sa.src, esp6.src);
	expect_counters(&msg.sa, &esp6);
	QM_INT(msg.sa.reqid, esp6.reqid);
	QM_INT(msg.sa.replay_window, 2048);
	CU_ASSERT(!(msg.sa.has & QM_XFRM_HAS_INFO));
}

static void test_mapping(void)
{
	struct craft_sa sa = esp4;
	struct craft craft = { 0 };
	struct qm_xfrm_msg msg;

	sa.sport = 4500;
	craft_mapping(&craft, &sa, "203.0.113.9", 1024);
	msg = msg_read(&craft);
	QM_INT(msg.kind, QM_XFRM_MAPPING);
	expect_id(&msg.mapping.id, &sa);
	QM_INT(msg.mapping.reqid, 3);
	msg_expect_addr(msg.mapping.old_src, sa.src);
	msg_expect_addr(msg.mapping.new_src, "203.0.113.9");
	QM_INT(msg.mapping.old_sport, 4500);
	QM_INT(msg.mapping.new_sport, 1024);
}

static void test_migrate(void)
{
	struct craft craft = { 0 };
	struct qm_xfrm_msg msg;

	craft_migrate(&craft, &esp4, "2001:db8::3", "2001:db8::4");
	msg = msg_read(&craft);
	QM_INT(msg.kind, QM_XFRM_MIGRATE);
	QM_INT(msg.migrate.dir, XFRM_POLICY_OUT);
	msg_expect_addr(msg.migrate.sel.src, "10.1.0.0");
	QM_INT(msg.migrate.count, 1);
	msg_expect_addr(msg.migrate.sas[0].old_src, esp4.src);
	msg_expect_addr(msg.migrate.sas[0].old_dst, esp4.dst);
	msg_expect_addr(msg.migrate.sas[0].new_src, "2001:db8::3");
	msg_expect_addr(msg.migrate.sas[0].new_dst, "2001:db8::4");
	QM_INT(msg.migrate.sas[0].old_family, AF_INET);
	QM_INT(msg.migrate.sas[0].new_family, AF_INET6);
	QM_INT(msg.migrate.sas[0].proto, IPPROTO_ESP);
	QM_INT(msg.migrate.sas[0].mode, XFRM_MODE_TUNNEL);
	QM_INT(msg.migrate.sas[0].reqid, 3);
}

static void test_moved(void)
{
	struct craft_sa to = { .src = "2001:db8::3", .dst = "2001:db8::4", .reqid = 5,
						   .sport = 4500, .dport = 4501, .mark = 6, .mask = 7 };
	struct craft craft = { 0 };
	struct qm_xfrm_msg msg;

	craft_moved(&craft, 77, &esp4, &to);
	msg = msg_read(&craft);
	QM_INT(msg.kind, QM_XFRM_MOVE_SA);
	QM_INT(msg.port, 77);
	QM_INT(msg.moved.id.spi, esp4.spi);
	QM_INT(msg.moved.id.proto, IPPROTO_ESP);
	QM_INT(msg.moved.id.family, AF_INET);
	QM_INT(msg.moved.id.mark, esp4.mark);
	msg_expect_addr(msg.moved.id.dst, esp4.dst);
	msg_expect_addr(msg.moved.new_src, to.src);
	msg_expect_addr(msg.moved.new_dst, to.dst);
	QM_INT(msg.moved.new_family, AF_INET6);
	QM_INT(msg.moved.new_reqid, 5);
	QM_INT(msg.moved.has, QM_XFRM_HAS_MARK | QM_XFRM_HAS_ENCAP);
	QM_INT(msg.moved.new_mark, 6);
	QM_INT(msg.moved.new_mask, 7);
	QM_INT(msg.moved.encap.sport, 4500);
	QM_INT(msg.moved.encap.dport, 4501);
}

static void test_control(void)
{
	struct craft craft = { 0 };
	struct qm_xfrm_msg msg;

	craft_error(&craft, NLMSG_DONE, -EINTR);
	msg = msg_read(&craft);
	QM_INT(msg.kind, QM_XFRM_DONE);
	QM_INT(msg.error, -EINTR);
	craft.len = 0;
	craft_begin(&craft, NLMSG_DONE, NLM_F_MULTI | NLM_F_DUMP_INTR, 0);
	craft_end(&craft);
	msg = msg_read(&craft);
	QM_INT(msg.kind, QM_XFRM_DONE);
	QM_INT(msg.error, 0);
	CU_ASSERT(msg.flags & NLM_F_DUMP_INTR);
	craft.len = 0;
	craft_error(&craft, NLMSG_ERROR, -EPERM);
	msg = msg_read(&craft);
	QM_INT(msg.kind, QM_XFRM_ERROR);
	QM_INT(msg.error, -EPERM);
}

/** Keys come with SAs; nothing of them may come out of the parser. */
static void test_no_keys(void)
{
	uint8_t key[3];
	struct craft craft = { 0 };
	const struct qm_xfrm_msg *msg;

	memset(key, CRAFT_KEY_BYTE, sizeof(key));
	craft_sa(&craft, XFRM_MSG_NEWSA, 0, 0, &esp4);
	craft_del_sa(&craft, 0, &esp6);
	CU_ASSERT_PTR_NOT_NULL(memmem(craft.bytes, craft.len, key, sizeof(key)));
	for (unsigned i = 0; i < 2; i++) {
		struct qm_xfrm_walk walk = { 0 };

		qm_xfrm_walk_init(&walk, craft.bytes, craft.len);
		for (unsigned j = 0; j <= i; j++) {
			QM_INT(qm_xfrm_walk_next(&walk, &msg), 1);
		}
		CU_ASSERT_PTR_NULL(memmem(&walk, sizeof(walk), key, sizeof(key)));
	}
}

CU_TestInfo xfrm_msg_tests[] = {
	{ "an SA with an AEAD", test_aead },
	{ "an SA with all that there is", test_everything },
	{ "AH and IPComp", test_other_protocols },
	{ "the selector of an SA", test_selector },
	{ "a deleted SA", test_deleted },
	{ "a deleted SA with nothing but its name", test_deleted_bare },
	{ "an SA that reached a limit", test_expired },
	{ "all SAs of a protocol flushed", test_flushed },
	{ "counters of an SA", test_new_ae },
	{ "a peer's new port", test_mapping },
	{ "SAs with new addresses", test_migrate },
	{ "an SA with a new address", test_moved },
	{ "ends of dumps, and errors", test_control },
	{ "no key is copied", test_no_keys },
	CU_TEST_INFO_NULL,
};
