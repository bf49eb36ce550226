/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the mirror tells of policies, on a kernel that says what the test wants.
 */
#include <unistd.h>

#include "fake_kit.h"
#include "fake_xfrm.h"
#include "mirror_kit.h"
#include "test.h"

static const struct craft_policy policy = {
	.src = "10.1.0.0",
	.dst = "10.2.0.0",
	.tmpl_src = "192.0.2.1",
	.tmpl_dst = "198.51.100.7",
	.index = 9,
	.reqid = 3,
	.dir = XFRM_POLICY_OUT,
};

/** The message that is being made. */
static struct craft craft;

static struct craft *fresh(void)
{
	craft.len = 0;
	return &craft;
}

static void notify(void)
{
	fake_xfrm_notify(&craft);
}

static void test_policies(void)
{
	struct craft_policy other = policy, changed = policy;
	const struct told *told;
	struct kit kit;

	other.index = 16;
	other.dir = XFRM_POLICY_IN;
	changed.reqid = 4;
	start_empty(&kit);
	craft_policy(fresh(), XFRM_MSG_NEWPOLICY, 0, (uint32_t)getpid(), &policy);
	craft_policy(&craft, XFRM_MSG_UPDPOLICY, 0, 0, &other);
	craft_policy(&craft, XFRM_MSG_UPDPOLICY, 0, 0, &other);
	craft_policy(&craft, XFRM_MSG_UPDPOLICY, 0, 0, &changed);
	notify();
	kit_run_events(&kit, 3);
	told = kit_expect(&kit, QM_MIRROR_POLICY_ADDED);
	QM_INT(told->policy.index, 9);
	QM_INT(told->event.by.kind, QM_XFRM_ACTOR_OWN);
	told = kit_expect(&kit, QM_MIRROR_POLICY_ADDED);
	QM_INT(told->policy.index, 16);
	told = kit_expect(&kit, QM_MIRROR_POLICY_CHANGED);
	QM_INT(told->policy.index, 9);
	QM_INT(told->policy.tmpl[0].reqid, 4);
	QM_INT(qm_mirror_count_policies(kit.mirror, XFRM_POLICY_OUT, 0), 1);
	QM_INT(qm_mirror_count_policies(kit.mirror, XFRM_POLICY_OUT, 4), 1);
	QM_INT(qm_mirror_count_policies(kit.mirror, XFRM_POLICY_OUT, 3), 0);
	QM_INT(qm_mirror_count_policies(kit.mirror, XFRM_POLICY_FWD, 0), 0);
	craft_del_policy(fresh(), 0, &changed);
	craft_pol_expire(&craft, 0, &other, false);
	craft_pol_expire(&craft, 0, &other, true);
	craft_del_policy(&craft, 0, &other);
	notify();
	kit_run_events(&kit, 3);
	told = kit_expect(&kit, QM_MIRROR_POLICY_REMOVED);
	QM_INT(told->event.end, QM_MIRROR_END_DELETED);
	CU_ASSERT(told->event.known);
	told = kit_expect(&kit, QM_MIRROR_POLICY_REMOVED);
	QM_INT(told->event.end, QM_MIRROR_END_EXPIRED);
	QM_INT(told->event.by.kind, QM_XFRM_ACTOR_KERNEL);
	CU_ASSERT(!kit_expect(&kit, QM_MIRROR_POLICY_REMOVED)->event.known);
	finish(&kit);
}

/** A flush is of a type of policies; those of sockets are not kept at all. */
static void test_policies_flushed(void)
{
	struct craft_policy of_socket = policy;
	const struct told *told;
	struct kit kit;

	of_socket.index = 11;
	of_socket.dir = 3;
	start_empty(&kit);
	craft_policy(fresh(), XFRM_MSG_NEWPOLICY, 0, 0, &policy);
	craft_policy(&craft, XFRM_MSG_NEWPOLICY, 0, 0, &of_socket);
	craft_flush_policy(&craft, 0, XFRM_POLICY_TYPE_SUB);
	craft_flush_policy(&craft, (uint32_t)getpid(), XFRM_POLICY_TYPE_MAIN);
	notify();
	kit_run_events(&kit, 2);
	kit_expect(&kit, QM_MIRROR_POLICY_ADDED);
	told = kit_expect(&kit, QM_MIRROR_POLICY_REMOVED);
	QM_INT(told->event.end, QM_MIRROR_END_FLUSHED);
	QM_INT(told->event.by.kind, QM_XFRM_ACTOR_OWN);
	QM_INT(told->policy.index, 9);
	QM_INT(told->policy.dir, XFRM_POLICY_OUT);
	QM_INT(told->policy.tmpl[0].reqid, 3);
	finish(&kit);
}

CU_TestInfo mirror_policies_tests[] = {
	{ "policies come, change, and go", test_policies },
	{ "policies are flushed", test_policies_flushed },
	CU_TEST_INFO_NULL,
};
