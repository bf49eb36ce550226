/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What well-formed messages about policies are read as.
 */
#include "xfrm_msg.h"

#include <arpa/inet.h>
#include <string.h>

#include <linux/netlink.h>

#include "msg_kit.h"
#include "test.h"

static const struct craft_policy out4 = {
	.src = "10.1.0.0",
	.dst = "10.2.0.0",
	.tmpl_src = "192.0.2.1",
	.tmpl_dst = "198.51.100.7",
	.index = 1,
	.reqid = 3,
	.if_id = 8,
	.dir = XFRM_POLICY_OUT,
};

static void expect_policy(const struct qm_xfrm_policy *policy,
						  const struct craft_policy *from)
{
	CU_ASSERT(policy->has & QM_XFRM_HAS_POLICY);
	CU_ASSERT(policy->has & QM_XFRM_HAS_TMPL);
	msg_expect_addr(policy->sel.src, from->src);
	msg_expect_addr(policy->sel.dst, from->dst);
	QM_INT(policy->sel.src_len, 24);
	QM_INT(policy->index, from->index);
	QM_INT(policy->dir, from->dir);
	QM_INT(policy->priority, 371327);
	QM_INT(policy->action, XFRM_POLICY_ALLOW);
	QM_INT(policy->type, XFRM_POLICY_TYPE_MAIN);
	QM_INT(policy->if_id, from->if_id);
	QM_INT(policy->limits.hard_bytes, QM_XFRM_INF);
	QM_INT(policy->counters.add_time, 1795438975);
	QM_INT(policy->tmpls, 1);
	msg_expect_addr(policy->tmpl[0].src, from->tmpl_src);
	msg_expect_addr(policy->tmpl[0].dst, from->tmpl_dst);
	QM_INT(policy->tmpl[0].reqid, from->reqid);
	QM_INT(policy->tmpl[0].proto, IPPROTO_ESP);
	QM_INT(policy->tmpl[0].mode, XFRM_MODE_TUNNEL);
	QM_INT(policy->tmpl[0].family, AF_INET);
	QM_INT(policy->tmpl[0].spi, 0);
	CU_ASSERT(!policy->tmpl[0].optional);
}

static void test_policies(void)
{
	struct craft craft = { 0 };
	struct qm_xfrm_msg msg;

	craft_policy(&craft, XFRM_MSG_NEWPOLICY, NLM_F_MULTI, 5, &out4);
	msg = msg_read(&craft);
	QM_INT(msg.kind, QM_XFRM_NEW_POLICY);
	expect_policy(&msg.policy, &out4);
	craft.len = 0;
	craft_policy(&craft, XFRM_MSG_UPDPOLICY, 0, 5, &out4);
	msg = msg_read(&craft);
	QM_INT(msg.kind, QM_XFRM_UPD_POLICY);
	expect_policy(&msg.policy, &out4);
	craft.len = 0;
	craft_del_policy(&craft, 5, &out4);
	msg = msg_read(&craft);
	QM_INT(msg.kind, QM_XFRM_DEL_POLICY);
	QM_INT(msg.port, 5);
	expect_policy(&msg.policy, &out4);
	craft.len = 0;
	craft_pol_expire(&craft, 0, &out4, true);
	msg = msg_read(&craft);
	QM_INT(msg.kind, QM_XFRM_POL_EXPIRE);
	CU_ASSERT(msg.hard);
	expect_policy(&msg.policy, &out4);
}

static void test_flushed_policies(void)
{
	struct craft craft = { 0 };
	struct qm_xfrm_msg msg;

	craft_flush_policy(&craft, 3, XFRM_POLICY_TYPE_SUB);
	msg = msg_read(&craft);
	QM_INT(msg.kind, QM_XFRM_FLUSH_POLICY);
	QM_INT(msg.policy_type, XFRM_POLICY_TYPE_SUB);
	craft.len = 0;
	craft_flush_policy(&craft, 3, XFRM_POLICY_TYPE_MAIN);
	msg = msg_read(&craft);
	QM_INT(msg.kind, QM_XFRM_FLUSH_POLICY);
	QM_INT(msg.policy_type, XFRM_POLICY_TYPE_MAIN);
}

/** More templates than a kernel has had so far: the first ones are taken. */
static void test_many_templates(void)
{
	struct xfrm_userpolicy_info info = { .index = 9, .sel.family = AF_INET };
	struct xfrm_user_tmpl tmpls[QM_XFRM_DEPTH_MAX + 1] = { 0 };
	struct craft craft = { 0 };
	struct qm_xfrm_msg msg;

	for (unsigned i = 0; i <= QM_XFRM_DEPTH_MAX; i++) {
		tmpls[i].reqid = i + 1;
		tmpls[i].optional = i & 1;
	}
	craft_begin(&craft, XFRM_MSG_NEWPOLICY, 0, 0);
	craft_put(&craft, &info, sizeof(info));
	craft_attr(&craft, XFRMA_TMPL, tmpls, sizeof(tmpls));
	craft_end(&craft);
	msg = msg_read(&craft);
	QM_INT(msg.policy.tmpls, QM_XFRM_DEPTH_MAX);
	for (unsigned i = 0; i < QM_XFRM_DEPTH_MAX; i++) {
		QM_INT(msg.policy.tmpl[i].reqid, i + 1);
		QM_INT(msg.policy.tmpl[i].optional, i & 1);
	}
}

CU_TestInfo xfrm_msg_policy_tests[] = {
	{ "policies", test_policies },
	{ "all policies flushed", test_flushed_policies },
	{ "a policy with too many templates", test_many_templates },
	CU_TEST_INFO_NULL,
};
