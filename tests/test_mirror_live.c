/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mirror on the kernel that runs here.
 */
#include <errno.h>
#include <netinet/in.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

#include <linux/netlink.h>

#include "mirror_kit.h"
#include "test.h"
#include "xfrm_kit.h"

static const struct craft_sa v4 = { .src = "192.0.2.1", .dst = "192.0.2.2", .spi = 0x1000,
									.reqid = 1, .larval = true };
static const struct craft_sa v6 = { .src = "2001:db8::1", .dst = "2001:db8::2",
									.spi = 0x2000, .larval = true };
static const struct craft_sa ah = { .src = "192.0.2.1", .dst = "192.0.2.2",
									.spi = 0x3000, .proto = IPPROTO_AH, .larval = true };
static const struct craft_sa marked = { .src = "192.0.2.1", .dst = "192.0.2.2",
										.spi = 0x4000, .mark = 5, .mask = 0xff,
										.if_id = 42, .larval = true };

static const struct craft_policy out = { .src = "10.1.0.0", .dst = "10.2.0.0",
										 .tmpl_src = "192.0.2.1",
										 .tmpl_dst = "192.0.2.2", .reqid = 7,
										 .dir = XFRM_POLICY_OUT };

/** A mirror of a namespace of its own. @return false if the test is skipped */
static bool start(struct kit *kit)
{
	if (!xfrm_enter()) {
		return false;
	}
	kit_new(kit, NULL);
	kit_run(kit, QM_MIRROR_RESYNC_END);
	kit_skip(kit);
	return true;
}

static void test_what_is_there(void)
{
	const struct told *told;
	struct kit kit;

	if (!xfrm_enter()) {
		return;
	}
	QM_OK_FATAL(xfrm_alloc_spi(&v4, 0));
	QM_OK_FATAL(xfrm_alloc_spi(&v6, 0));
	QM_OK_FATAL(xfrm_alloc_spi(&ah, 0));
	QM_OK_FATAL(xfrm_alloc_spi(&marked, 0));
	QM_OK_FATAL(xfrm_add_policy(&out, 0));
	kit_new(&kit, NULL);
	kit_run(&kit, QM_MIRROR_RESYNC_END);
	kit_expect(&kit, QM_MIRROR_RESYNC_BEGIN);
	for (unsigned i = 0; i < 4; i++) {
		told = kit_expect(&kit, QM_MIRROR_SA_ADDED);
		CU_ASSERT(told->event.larval && told->event.found);
	}
	told = kit_expect(&kit, QM_MIRROR_POLICY_ADDED);
	QM_INT(told->policy.tmpl[0].reqid, 7);
	QM_INT(told->policy.dir, XFRM_POLICY_OUT);
	QM_INT(kit_expect(&kit, QM_MIRROR_RESYNC_END)->resync.sas_added, 4);
	kit_expect_none(&kit);
	QM_INT(xfrm_expect_same(&kit), 4);
	kit_free(&kit);
}

/** That an SPI is reserved is not notified; that it is not any more is. */
static void test_deleted(void)
{
	const struct craft_sa *const sas[] = { &v4, &v6, &ah, &marked };
	const struct told *told;
	struct kit kit;

	if (!start(&kit)) {
		return;
	}
	for (unsigned i = 0; i < 4; i++) {
		QM_OK_FATAL(xfrm_alloc_spi(sas[i], 0));
	}
	QM_INT(kit_compare(&kit).sas_added, 4);
	kit_skip(&kit);
	for (unsigned i = 0; i < 4; i++) {
		QM_OK(xfrm_delete_sa(sas[i], 0));
		kit_run_events(&kit, 1);
		told = kit_expect_sa(&kit, QM_MIRROR_SA_REMOVED, sas[i]);
		QM_INT(told->event.end, QM_MIRROR_END_DELETED);
		QM_INT(told->event.by.kind, QM_XFRM_ACTOR_UNNAMED);
		CU_ASSERT(told->event.known && told->event.larval && !told->event.found);
		CU_ASSERT(told->sa.has & QM_XFRM_HAS_COUNTERS);
		QM_INT(xfrm_expect_same(&kit), 3 - i);
	}
	kit_expect_none(&kit);
	kit_free(&kit);
}

static void test_flushed(void)
{
	const struct told *told;
	struct kit kit;

	if (!start(&kit)) {
		return;
	}
	QM_OK_FATAL(xfrm_alloc_spi(&v4, 0));
	QM_OK_FATAL(xfrm_alloc_spi(&v6, 0));
	QM_OK_FATAL(xfrm_alloc_spi(&ah, 0));
	kit_compare(&kit);
	kit_skip(&kit);
	QM_OK_FATAL(xfrm_flush_sas(IPPROTO_AH, (uint32_t)getpid()));
	kit_run_events(&kit, 1);
	told = kit_expect_sa(&kit, QM_MIRROR_SA_REMOVED, &ah);
	QM_INT(told->event.end, QM_MIRROR_END_FLUSHED);
	QM_INT(told->event.by.kind, QM_XFRM_ACTOR_OWN);
	QM_INT(xfrm_expect_same(&kit), 2);
	QM_OK_FATAL(xfrm_flush_sas(0, 0));
	kit_run_events(&kit, 2);
	QM_INT(kit_expect(&kit, QM_MIRROR_SA_REMOVED)->event.by.kind,
		   QM_XFRM_ACTOR_UNNAMED);
	QM_INT(kit_expect(&kit, QM_MIRROR_SA_REMOVED)->event.end, QM_MIRROR_END_FLUSHED);
	QM_INT(xfrm_expect_same(&kit), 0);
	kit_free(&kit);
}

/** The kernel's timer ends what was reserved: an EXPIRE, and no DELSA. */
static void test_expired(void)
{
	const struct told *told;
	struct kit kit;

	if (!start(&kit)) {
		return;
	}
	if (xfrm_set_acquire_time(1) < 0) {
		qm_test_skip("net.core.xfrm_acq_expires is not there: not the real root");
	} else {
		QM_OK_FATAL(xfrm_alloc_spi(&marked, 0));
		kit_compare(&kit);
		kit_skip(&kit);
		kit_run_events(&kit, 1);
		told = kit_expect_sa(&kit, QM_MIRROR_SA_REMOVED, &marked);
		QM_INT(told->event.end, QM_MIRROR_END_EXPIRED);
		QM_INT(told->event.by.kind, QM_XFRM_ACTOR_KERNEL);
		CU_ASSERT(told->event.known && told->event.larval);
		QM_INT(told->sa.limits.hard_add, 1);
		QM_INT(xfrm_expect_same(&kit), 0);
	}
	kit_free(&kit);
}

static void test_policies(void)
{
	struct craft_policy in = out, other = out;
	struct qm_mirror_resync resync;
	const struct told *told;
	struct kit kit;
	uint32_t index;

	if (!start(&kit)) {
		return;
	}
	in.dir = XFRM_POLICY_IN;
	other.reqid = 8;
	QM_OK_FATAL(xfrm_add_policy(&out, (uint32_t)getpid()));
	QM_OK_FATAL(xfrm_add_policy(&in, 0));
	QM_OK_FATAL(xfrm_add_policy(&other, 0));
	kit_run_events(&kit, 3);
	told = kit_expect(&kit, QM_MIRROR_POLICY_ADDED);
	QM_INT(told->event.by.kind, QM_XFRM_ACTOR_OWN);
	index = told->policy.index;
	kit_expect(&kit, QM_MIRROR_POLICY_ADDED);
	told = kit_expect(&kit, QM_MIRROR_POLICY_CHANGED);
	QM_INT(told->policy.index, index);
	QM_INT(told->policy.tmpl[0].reqid, 8);
	QM_INT(qm_mirror_count_policies(kit.mirror, XFRM_POLICY_OUT, 8), 1);
	QM_INT(qm_mirror_count_policies(kit.mirror, XFRM_POLICY_IN, 7), 1);
	QM_OK_FATAL(xfrm_delete_policy(&other, (uint32_t)getpid()));
	kit_run_events(&kit, 1);
	told = kit_expect(&kit, QM_MIRROR_POLICY_REMOVED);
	QM_INT(told->policy.index, index);
	QM_INT(told->event.by.kind, QM_XFRM_ACTOR_OWN);
	resync = kit_compare(&kit);
	QM_INT(resync.policies_added + resync.policies_removed, 0);
	kit_skip(&kit);
	QM_OK_FATAL(xfrm_flush_policies(0));
	kit_run_events(&kit, 1);
	QM_INT(kit_expect(&kit, QM_MIRROR_POLICY_REMOVED)->event.end,
		   QM_MIRROR_END_FLUSHED);
	kit_free(&kit);
}

/** The policies that a daemon has on its sockets are not notified. */
static void test_socket_policy(void)
{
	const struct xfrm_userpolicy_info bypass = {
		.sel.family = AF_INET,
		.lft = { XFRM_INF, XFRM_INF, XFRM_INF, XFRM_INF, 0, 0, 0, 0 },
		.dir = XFRM_POLICY_OUT,
	};
	struct kit kit;
	int fd;

	if (!start(&kit)) {
		return;
	}
	fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	CU_ASSERT_FATAL(fd >= 0);
	QM_OK(setsockopt(fd, IPPROTO_IP, IP_XFRM_POLICY, &bypass, sizeof(bypass)));
	QM_INT(kit_compare(&kit).policies_added, 0);
	QM_INT(qm_mirror_stats(kit.mirror).policies, 0);
	close(fd);
	kit_free(&kit);
}

/** The kernel reserves an SPI for whatever family; that is in each dump for minutes. */
static void test_no_family(void)
{
	static const uint16_t families[] = { 0, AF_UNIX, AF_INET | 0x100 };
	struct kit kit;

	if (!start(&kit)) {
		return;
	}
	for (unsigned i = 0; i < sizeof(families) / sizeof(families[0]); i++) {
		struct craft_sa sa = v6;

		sa.spi += i;
		QM_OK_FATAL(xfrm_alloc_spi_of(families[i], &sa));
	}
	QM_OK_FATAL(xfrm_alloc_spi(&v4, 0));
	QM_INT(kit_compare(&kit).attempts, 1);
	QM_INT(qm_mirror_stats(kit.mirror).sas, 1);
	QM_OK_FATAL(xfrm_flush_sas(0, 0));
	kit_compare(&kit);
	QM_INT(qm_mirror_stats(kit.mirror).malformed, 0);
	QM_INT(qm_mirror_stats(kit.mirror).failures, 0);
	kit_free(&kit);
}

static void test_closed(void)
{
	struct kit kit;

	if (!start(&kit)) {
		return;
	}
	QM_OK_FATAL(xfrm_alloc_spi(&v4, 0));
	close(xfrm_find_socket());
	kit_run(&kit, QM_MIRROR_RESYNC_END);
	QM_INT(kit_expect(&kit, QM_MIRROR_RESYNC_BEGIN)->resync.error, -EBADF);
	kit_expect_sa(&kit, QM_MIRROR_SA_ADDED, &v4);
	kit_expect(&kit, QM_MIRROR_RESYNC_END);
	QM_OK_FATAL(xfrm_delete_sa(&v4, 0));
	kit_run_events(&kit, 1);
	CU_ASSERT(!kit_expect_sa(&kit, QM_MIRROR_SA_REMOVED, &v4)->event.found);
	kit_free(&kit);
}

/** By now the number of the socket is another's, which must stay open. */
static void test_number_taken(void)
{
	struct stat before, after;
	struct kit kit;
	int fd, other;

	if (!start(&kit)) {
		return;
	}
	fd = xfrm_find_socket();
	other = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_ROUTE);
	QM_OK_FATAL(dup2(other, fd));
	QM_OK(fstat(fd, &before));
	qm_mirror_compare(kit.mirror);
	kit_run(&kit, QM_MIRROR_RESYNC_END);
	QM_INT(kit_expect(&kit, QM_MIRROR_RESYNC_BEGIN)->resync.cause,
		   QM_MIRROR_CAUSE_SOCKET);
	QM_OK(fstat(fd, &after));
	QM_INT(after.st_ino, before.st_ino);
	close(fd);
	close(other);
	kit_free(&kit);
}

/** Whether we may go beyond the system's limit of receive buffers. */
static bool may_force(void)
{
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0), bytes = 1 << 20;
	bool may = !setsockopt(fd, SOL_SOCKET, SO_RCVBUFFORCE, &bytes, sizeof(bytes));

	close(fd);
	return may;
}

/** What another process, or we, send to the mirror's socket is not believed. */
static void test_foreign(void)
{
	struct sockaddr_nl to = { 0 };
	socklen_t len = sizeof(to);
	struct craft craft = { 0 };
	struct kit kit;
	int fd;

	if (!start(&kit)) {
		return;
	}
	QM_OK_FATAL(getsockname(xfrm_find_socket(), (struct sockaddr *)&to, &len));
	fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_XFRM);
	CU_ASSERT_FATAL(fd >= 0);
	craft_sa(&craft, XFRM_MSG_NEWSA, 0, 0, &v4);
	to.nl_groups = 0;
	QM_OK(sendto(fd, craft.bytes, craft.len, 0, (struct sockaddr *)&to, sizeof(to)));
	to.nl_pid = 0;
	to.nl_groups = XFRMGRP_SA;
	QM_OK(sendto(fd, craft.bytes, craft.len, 0, (struct sockaddr *)&to, sizeof(to)));
	kit_compare(&kit);
	kit_expect(&kit, QM_MIRROR_RESYNC_BEGIN);
	kit_expect(&kit, QM_MIRROR_RESYNC_END);
	kit_expect_none(&kit);
	QM_INT(qm_mirror_stats(kit.mirror).foreign, 2);
	QM_INT(qm_mirror_stats(kit.mirror).messages, 0);
	close(fd);
	kit_free(&kit);
}

/** SAs get other addresses without a DELSA: the mirror looks at all of them again. */
static void test_migrated(void)
{
	struct craft craft = { 0 };
	struct craft_sa old = v4;
	struct kit kit;
	int r;

	if (!start(&kit)) {
		return;
	}
	old.reqid = out.reqid;
	QM_OK_FATAL(xfrm_add_policy(&out, 0));
	kit_run_events(&kit, 1);
	kit_skip(&kit);
	craft_migrate(&craft, &old, "192.0.2.1", "192.0.2.3");
	r = xfrm_ask(&craft, 0);
	if (r < 0) {
		printf("# MIGRATE: %d\n", r);
		qm_test_skip("this kernel has no CONFIG_XFRM_MIGRATE");
	} else {
		kit_run(&kit, QM_MIRROR_RESYNC_END);
		QM_INT(kit_expect(&kit, QM_MIRROR_RESYNC_BEGIN)->resync.cause,
			   QM_MIRROR_CAUSE_UNCLEAR);
	}
	kit_free(&kit);
}

/** Each namespace has its own SAs. */
static void test_namespaces(void)
{
	struct kit first, second;

	if (!start(&first)) {
		return;
	}
	if (!start(&second)) {
		kit_free(&first);
		return;
	}
	QM_OK_FATAL(xfrm_alloc_spi(&v4, 0));
	QM_OK_FATAL(xfrm_delete_sa(&v4, 0));
	kit_run_events(&second, 1);
	kit_expect_sa(&second, QM_MIRROR_SA_REMOVED, &v4);
	QM_INT(qm_mirror_stats(first.mirror).messages, 0);
	kit_free(&first);
	kit_free(&second);
}

static void test_buffer(void)
{
	struct qm_mirror_config config = kit_config();
	struct kit kit;

	if (!xfrm_enter()) {
		return;
	}
	config.rcvbuf = 1;
	kit_new(&kit, &config);
	/* the kernel has a minimum of its own */
	CU_ASSERT(qm_mirror_stats(kit.mirror).rcvbuf > 1);
	CU_ASSERT(qm_mirror_stats(kit.mirror).rcvbuf < 8192);
	kit_free(&kit);
	config.rcvbuf = 64 << 20;
	kit_new(&kit, &config);
	if (may_force()) {
		QM_INT(qm_mirror_stats(kit.mirror).rcvbuf, 2 * config.rcvbuf);
	} else {
		CU_ASSERT(qm_mirror_stats(kit.mirror).rcvbuf >= 2 * 65536);
	}
	kit_free(&kit);
}

static void test_not_allowed(void)
{
	const struct qm_mirror_config config = { 0 };
	struct kit kit;
	struct qm_mirror *const untouched = (struct qm_mirror *)&kit;
	struct qm_mirror *mirror = untouched;

	if (!xfrm_enter()) {
		return;
	}
	if (seteuid(65534) < 0) {
		qm_test_skip("cannot become somebody else: not the real root");
		return;
	}
	QM_FAILS(qm_mirror_new(&mirror, &config), -EPERM);
	CU_ASSERT(mirror == untouched);
	QM_OK_FATAL(seteuid(0));
}

CU_TestInfo mirror_live_tests[] = {
	{ "what is there", test_what_is_there },
	{ "deleted", test_deleted },
	{ "flushed", test_flushed },
	{ "expired", test_expired },
	{ "policies", test_policies },
	{ "a policy of a socket", test_socket_policy },
	{ "an SPI of no family", test_no_family },
	{ "the socket is closed by mistake", test_closed },
	{ "the socket's number is taken", test_number_taken },
	{ "what is not from the kernel", test_foreign },
	{ "SAs get other addresses", test_migrated },
	{ "network namespaces", test_namespaces },
	{ "the size of the receive buffer", test_buffer },
	{ "without CAP_NET_ADMIN", test_not_allowed },
	CU_TEST_INFO_NULL,
};
