/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages that are too short for what they say, or that a newer kernel may send.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netlink.h>

#include "msg_kit.h"
#include "test.h"
#include "xfrm_parse.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct craft_sa all = {
	.src = "2001:db8::1",
	.dst = "2001:db8:2::7",
	.spi = 0xcef949be,
	.mark = 1,
	.mask = 3,
	.if_id = 77,
	.sport = 4500,
	.dport = 61234,
	.esn_window = 64,
	.auth = "hmac(sha256)",
	.crypt = "cbc(aes)",
	.comp = "deflate",
};

static const struct craft_sa gcm = { .src = "192.0.2.1", .dst = "192.0.2.2", .spi = 1 };

static const struct craft_policy policy = {
	.src = "10.1.0.0",
	.dst = "10.2.0.0",
	.tmpl_src = "192.0.2.1",
	.tmpl_dst = "198.51.100.7",
	.index = 1,
	.if_id = 8,
};

/** The last that craft_nth() makes: it has no attributes. */
#define ERROR_MESSAGE 14

/** Of every kind of message one. @return how many */
static unsigned craft_nth(struct craft *craft, unsigned n)
{
	craft->len = 0;
	switch (n) {
	case 0:
		craft_sa(craft, XFRM_MSG_NEWSA, 0, 0, &all);
		break;
	case 1:
		craft_sa(craft, XFRM_MSG_UPDSA, 0, 0, &gcm);
		break;
	case 2:
		craft_del_sa(craft, 0, &all);
		break;
	case 3:
		craft_expire(craft, 0, &all, true);
		break;
	case 4:
		craft_flush_sa(craft, 0, IPPROTO_ESP);
		break;
	case 5:
		craft_new_ae(craft, 0, &all);
		break;
	case 6:
		craft_mapping(craft, &all, "2001:db8::9", 4500);
		break;
	case 7:
		craft_migrate(craft, &gcm, "192.0.2.3", "192.0.2.4");
		break;
	case 8:
		craft_policy(craft, XFRM_MSG_NEWPOLICY, 0, 0, &policy);
		break;
	case 9:
		craft_policy(craft, XFRM_MSG_UPDPOLICY, 0, 0, &policy);
		break;
	case 10:
		craft_del_policy(craft, 0, &policy);
		break;
	case 11:
		craft_pol_expire(craft, 0, &policy, false);
		break;
	case 12:
		craft_flush_policy(craft, 0, XFRM_POLICY_TYPE_SUB);
		break;
	case 13:
		craft_moved(craft, 0, &gcm, &all);
		break;
	default:
		craft_error(craft, NLMSG_ERROR, -EPERM);
	}
	return ERROR_MESSAGE + 1;
}

/** Bytes of the structure that a message begins with. */
static size_t head_of(unsigned n)
{
	static const size_t heads[] = {
		sizeof(struct xfrm_usersa_info),	 sizeof(struct xfrm_usersa_info),
		sizeof(struct xfrm_usersa_id),		 sizeof(struct xfrm_user_expire),
		sizeof(struct xfrm_usersa_flush),	 sizeof(struct xfrm_aevent_id),
		sizeof(struct xfrm_user_mapping),	 sizeof(struct xfrm_userpolicy_id),
		sizeof(struct xfrm_userpolicy_info), sizeof(struct xfrm_userpolicy_info),
		sizeof(struct xfrm_userpolicy_id),	 sizeof(struct xfrm_user_polexpire),
		0,									 sizeof(struct qm_xfrm_user_migrate_state),
		sizeof(int),
	};

	return heads[n];
}

/** Whether message n, cut at `len`, ends with its structure, or with an attribute. */
static bool is_whole(const struct craft *craft, unsigned n, size_t len)
{
	const size_t head = head_of(n);
	size_t at = n == ERROR_MESSAGE ? craft->len : NLMSG_HDRLEN + NLMSG_ALIGN(head);
	struct nlattr attr;

	if (len >= NLMSG_HDRLEN + head && len <= at) {
		return true;
	}
	while (at + sizeof(attr) <= craft->len && at < len) {
		memcpy(&attr, craft->bytes + at, sizeof(attr));
		if (len >= at + attr.nla_len && len <= at + NLA_ALIGN(attr.nla_len)) {
			return true;
		}
		at += NLA_ALIGN(attr.nla_len);
	}
	return false;
}

/** Cut anywhere, a message is refused, or read up to an attribute's end. */
static void test_cut(void)
{
	struct qm_xfrm_msg msg;
	struct craft craft = { 0 };
	unsigned n;

	for (n = 0; n < craft_nth(&craft, n); n++) {
		for (uint32_t len = 0; len <= craft.len; len++) {
			const bool whole = is_whole(&craft, n, len);
			int r;

			memcpy(craft.bytes, &len, sizeof(len));
			r = msg_read_exact(craft.bytes, len, &msg);
			if (!len) {
				QM_INT(r, 0);
			} else if (r != (whole ? 1 : -EBADMSG)) {
				printf("# message %u cut to %u of %zu bytes: %d\n", n, len, craft.len, r);
				CU_FAIL("a cut message");
			}
		}
	}
}

/** The buffer ends before the message does. */
static void test_short_buffer(void)
{
	struct craft craft = { 0 };
	struct qm_xfrm_msg msg;
	unsigned n;

	for (n = 0; n < craft_nth(&craft, n); n++) {
		for (size_t len = 1; len < craft.len; len++) {
			QM_FAILS(msg_read_exact(craft.bytes, len, &msg), -EBADMSG);
		}
		QM_INT(msg_read_exact(craft.bytes, craft.len, &msg), 1);
	}
}

static void expect_no_address(const struct qm_xfrm_msg *msg)
{
	static const uint8_t none[16];

	QM_INT(msg->sa.id.family, 0);
	QM_INT(msg->sa.id.proto, IPPROTO_ESP);
	CU_ASSERT(!memcmp(msg->sa.id.dst, none, sizeof(none)));
}

/** An address of which the length is not known is no address, and no mistake. */
static void test_family(void)
{
	static const uint16_t families[] = { 0, AF_UNIX, AF_INET | 0x100, UINT16_MAX };
	struct xfrm_usersa_info info = { .id = { .daddr.a4 = 1, .proto = IPPROTO_ESP } };
	struct xfrm_usersa_id id = { .daddr.a4 = 1, .proto = IPPROTO_ESP };
	struct craft craft = { 0 };
	struct qm_xfrm_msg msg;

	for (size_t i = 0; i < COUNT(families); i++) {
		info.family = id.family = families[i];
		craft.len = 0;
		craft_begin(&craft, XFRM_MSG_NEWSA, 0, 0);
		craft_put(&craft, &info, sizeof(info));
		craft_end(&craft);
		QM_INT(msg_read_exact(craft.bytes, craft.len, &msg), 1);
		expect_no_address(&msg);
		craft.len = 0;
		craft_begin(&craft, XFRM_MSG_DELSA, 0, 0);
		craft_put(&craft, &id, sizeof(id));
		craft_attr(&craft, XFRMA_SA, &info, sizeof(info));
		craft_end(&craft);
		QM_INT(msg_read_exact(craft.bytes, craft.len, &msg), 1);
		expect_no_address(&msg);
	}
}

/** What was deleted is named twice, but is one SA. */
static void test_two_families(void)
{
	const struct xfrm_usersa_info info = { .family = AF_INET6 };
	const struct xfrm_usersa_id id = { .proto = IPPROTO_ESP, .family = AF_INET };
	struct craft craft = { 0 };
	struct qm_xfrm_msg msg;

	craft_begin(&craft, XFRM_MSG_DELSA, 0, 0);
	craft_put(&craft, &id, sizeof(id));
	craft_attr(&craft, XFRMA_SA, &info, sizeof(info));
	craft_end(&craft);
	QM_FAILS(msg_read_exact(craft.bytes, craft.len, &msg), -EBADMSG);
}

/** A selector may be of no family, and has no addresses then. */
static void test_selector_family(void)
{
	struct xfrm_usersa_info info = { .family = AF_INET, .sel.family = AF_INET | 0x100 };
	const uint8_t zero[16] = { 0 };
	struct craft craft = { 0 };
	struct qm_xfrm_msg msg;

	memset(&info.sel.daddr, 0xee, sizeof(info.sel.daddr));
	craft_begin(&craft, XFRM_MSG_NEWSA, 0, 0);
	craft_put(&craft, &info, sizeof(info));
	craft_end(&craft);
	QM_INT(msg_read_exact(craft.bytes, craft.len, &msg), 1);
	QM_INT(msg.sa.sel.family, 0);
	CU_ASSERT(!memcmp(msg.sa.sel.dst, zero, sizeof(zero)));
}

static void test_unknown_types(void)
{
	struct craft craft = { 0 };
	struct qm_xfrm_msg msg;

	for (int type = 0; type < 0x40; type++) {
		craft.len = 0;
		craft_begin(&craft, type, 0, 3);
		craft_end(&craft);
		msg.kind = QM_XFRM_KIND_MAX;
		if (msg_read_exact(craft.bytes, craft.len, &msg) == 1) {
			CU_ASSERT(msg.kind == QM_XFRM_OTHER ||
					  (msg.kind == QM_XFRM_DONE && type == NLMSG_DONE) ||
					  (msg.kind == QM_XFRM_FLUSH_POLICY && type == XFRM_MSG_FLUSHPOLICY));
			QM_INT(msg.port, 3);
		}
	}
	craft.len = 0;
	craft_begin(&craft, 0xffff, 0, 0);
	craft_end(&craft);
	QM_INT(msg_read_exact(craft.bytes, craft.len, &msg), 1);
	QM_INT(msg.kind, QM_XFRM_OTHER);
}

static void test_positive_error(void)
{
	struct craft craft = { 0 };
	struct qm_xfrm_msg msg;

	craft_error(&craft, NLMSG_ERROR, 1);
	QM_FAILS(msg_read_exact(craft.bytes, craft.len, &msg), -EBADMSG);
}

/** A bad message does not take those behind it along, a bad length does. */
static void test_walk(void)
{
	struct craft craft = { 0 };
	struct qm_xfrm_walk walk;
	const struct qm_xfrm_msg *msg;
	const uint32_t wrong[] = { 0, 15, 16000 };

	craft_flush_sa(&craft, 1, IPPROTO_ESP);
	craft_begin(&craft, XFRM_MSG_NEWSA, 0, 2);
	craft_end(&craft);
	craft_flush_sa(&craft, 3, IPPROTO_AH);
	qm_xfrm_walk_init(&walk, craft.bytes, craft.len);
	QM_INT(qm_xfrm_walk_next(&walk, &msg), 1);
	QM_INT(msg->port, 1);
	QM_FAILS(qm_xfrm_walk_next(&walk, &msg), -EBADMSG);
	QM_INT(qm_xfrm_walk_next(&walk, &msg), 1);
	QM_INT(msg->port, 3);
	QM_INT(qm_xfrm_walk_next(&walk, &msg), 0);
	for (size_t i = 0; i < COUNT(wrong); i++) {
		memcpy(craft.bytes + craft.start, &wrong[i], sizeof(wrong[i]));
		qm_xfrm_walk_init(&walk, craft.bytes, craft.len);
		QM_INT(qm_xfrm_walk_next(&walk, &msg), 1);
		QM_FAILS(qm_xfrm_walk_next(&walk, &msg), -EBADMSG);
		QM_FAILS(qm_xfrm_walk_next(&walk, &msg), -EBADMSG);
		QM_INT(qm_xfrm_walk_next(&walk, &msg), 0);
	}
}

CU_TestInfo xfrm_msg_bad_tests[] = {
	{ "cut at any byte", test_cut },
	{ "a buffer that ends too early", test_short_buffer },
	{ "addresses that are not IP", test_family },
	{ "two families for one SA", test_two_families },
	{ "a selector of no family", test_selector_family },
	{ "unknown types of message", test_unknown_types },
	{ "an error that is none", test_positive_error },
	{ "bad messages among good ones", test_walk },
	CU_TEST_INFO_NULL,
};
