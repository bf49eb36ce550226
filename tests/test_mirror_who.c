/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who did it: told from the number that a requester writes into its request.
 */
#include <netinet/in.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <linux/netlink.h>

#include "mirror_kit.h"
#include "test.h"
#include "xfrm_actor.h"
#include "xfrm_kit.h"

static const struct craft_sa sa = { .src = "192.0.2.1", .dst = "192.0.2.2", .spi = 0x1000,
									.larval = true };

static struct qm_xfrm_actor find(uint32_t port)
{
	struct qm_xfrm_actors actors = { 0 };

	return qm_xfrm_actor_find(&actors, port, 0);
}

static void test_own(void)
{
	const struct qm_xfrm_actor actor = find((uint32_t)getpid());

	QM_INT(actor.kind, QM_XFRM_ACTOR_OWN);
	QM_INT(actor.port, getpid());
	QM_INT(actor.pid, 0);
}

static void *find_thread(void *user)
{
	*(struct qm_xfrm_actor *)user = find((uint32_t)syscall(SYS_gettid));
	return NULL;
}

static void test_own_thread(void)
{
	struct qm_xfrm_actor actor;
	pthread_t thread;

	QM_INT(pthread_create(&thread, NULL, find_thread, &actor), 0);
	pthread_join(thread, NULL);
	QM_INT(actor.kind, QM_XFRM_ACTOR_OWN);
}

/** A socket of which the port id is chosen at random by the kernel. */
static int open_socket(int protocol, uint32_t *ret_port)
{
	struct sockaddr_nl addr = { .nl_family = AF_NETLINK };
	socklen_t len = sizeof(addr);
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, protocol);

	CU_ASSERT_FATAL(fd >= 0);
	QM_OK(bind(fd, (struct sockaddr *)&addr, sizeof(addr)));
	QM_OK(getsockname(fd, (struct sockaddr *)&addr, &len));
	*ret_port = addr.nl_pid;
	return fd;
}

static void test_own_socket(void)
{
	struct qm_xfrm_actors actors = { 0 };
	uint32_t port;
	int fd;

	/* xfrm_enter() has opened the first one, which has the process id */
	if (!xfrm_enter()) {
		return;
	}
	fd = open_socket(NETLINK_XFRM, &port);
	CU_ASSERT(port != (uint32_t)getpid());
	QM_INT(qm_xfrm_actor_find(&actors, port, 0).kind, QM_XFRM_ACTOR_OWN);
	close(fd);
	/* what was found is good for a moment, and then looked up again */
	QM_INT(qm_xfrm_actor_find(&actors, port, 500).kind, QM_XFRM_ACTOR_OWN);
	QM_INT(qm_xfrm_actor_find(&actors, port, 5000).kind, QM_XFRM_ACTOR_OTHER);
	QM_INT(qm_xfrm_actor_find(&actors, port, 5000).pid, 0);
}

/** Of sockets for other things the same numbers are others'. */
static void test_own_other_socket(void)
{
	uint32_t first_port, port;
	int first = open_socket(NETLINK_ROUTE, &first_port);
	int fd = open_socket(NETLINK_ROUTE, &port);

	QM_INT(find(port).kind, QM_XFRM_ACTOR_OTHER);
	close(fd);
	close(first);
}

static void test_unnamed(void)
{
	QM_INT(find(0).kind, QM_XFRM_ACTOR_UNNAMED);
	QM_INT(find(0).port, 0);
}

static void test_nobody(void)
{
	static const uint32_t ports[] = { UINT32_MAX, 0x80000000, 0xfffff000, 4194305 };

	for (unsigned i = 0; i < 4; i++) {
		const struct qm_xfrm_actor actor = find(ports[i]);

		QM_INT(actor.kind, QM_XFRM_ACTOR_OTHER);
		QM_INT(actor.port, ports[i]);
		QM_INT(actor.pid, 0);
		QM_STR(actor.comm, "");
	}
}

/** More than are remembered, each looked up rightly. */
static void test_many(void)
{
	struct qm_xfrm_actors actors = { 0 };

	for (unsigned round = 0; round < 3; round++) {
		for (uint32_t port = 0xfffff000; port < 0xfffff000 + 3 * QM_XFRM_ACTORS; port++) {
			QM_INT(qm_xfrm_actor_find(&actors, port, round).port, port);
		}
	}
}

/** A child of that name which waits to be killed. */
static pid_t start_child(const char *name)
{
	int ready[2];
	char c;
	pid_t pid;

	QM_OK_FATAL(pipe(ready));
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, name);
		_exit(write(ready[1], "", 1) != 1 || pause());
	}
	CU_ASSERT_FATAL(pid > 0);
	QM_INT(read(ready[0], &c, 1), 1);
	close(ready[0]);
	close(ready[1]);
	return pid;
}

static void end_child(pid_t pid)
{
	kill(pid, SIGKILL);
	waitpid(pid, NULL, 0);
}

static void test_names(void)
{
	static const char *const names[] = { "pluto", "exactly15bytes_", "a b\tc",
										 "Tgid:\t1" };

	for (unsigned i = 0; i < 4; i++) {
		const pid_t pid = start_child(names[i]);
		const struct qm_xfrm_actor actor = find((uint32_t)pid);

		QM_INT(actor.kind, QM_XFRM_ACTOR_OTHER);
		QM_INT(actor.port, pid);
		QM_INT(actor.pid, pid);
		QM_STR(actor.comm, names[i]);
		end_child(pid);
		QM_INT(find((uint32_t)pid).pid, 0);
	}
}

/** A child asks the kernel, and says who it is. */
static pid_t delete_as_child(int (*ask)(uint32_t port))
{
	int done[2];
	char c = 1;
	pid_t pid;

	QM_OK_FATAL(pipe(done));
	pid = fork();
	if (!pid) {
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		prctl(PR_SET_NAME, "intruder");
		c = (char)(ask((uint32_t)getpid()) != 0);
		_exit(write(done[1], &c, 1) != 1 || pause());
	}
	CU_ASSERT_FATAL(pid > 0);
	QM_INT(read(done[0], &c, 1), 1);
	QM_INT(c, 0);
	close(done[0]);
	close(done[1]);
	return pid;
}

static int delete_it(uint32_t port)
{
	return xfrm_delete_sa(&sa, port);
}

static int flush_it(uint32_t port)
{
	return xfrm_flush_sas(0, port);
}

static void expect_intruder(int (*ask)(uint32_t port))
{
	const struct told *told;
	struct kit kit;
	pid_t pid;

	if (!xfrm_enter()) {
		return;
	}
	QM_OK_FATAL(xfrm_alloc_spi(&sa, 0));
	kit_new(&kit, NULL);
	kit_run(&kit, QM_MIRROR_RESYNC_END);
	kit_skip(&kit);
	pid = delete_as_child(ask);
	kit_run_events(&kit, 1);
	told = kit_expect_sa(&kit, QM_MIRROR_SA_REMOVED, &sa);
	QM_INT(told->event.by.kind, QM_XFRM_ACTOR_OTHER);
	QM_INT(told->event.by.port, pid);
	QM_INT(told->event.by.pid, pid);
	QM_STR(told->event.by.comm, "intruder");
	end_child(pid);
	kit_free(&kit);
}

static void test_deleted_by_child(void)
{
	expect_intruder(delete_it);
}

static void test_flushed_by_child(void)
{
	expect_intruder(flush_it);
}

/** By us, as strongSwan writes it, and as libnl would. */
static void test_deleted_by_us(void)
{
	uint32_t ports[2] = { (uint32_t)getpid() };
	struct kit kit;
	int fd;

	if (!xfrm_enter()) {
		return;
	}
	fd = open_socket(NETLINK_XFRM, &ports[1]);
	kit_new(&kit, NULL);
	kit_run(&kit, QM_MIRROR_RESYNC_END);
	kit_skip(&kit);
	for (unsigned i = 0; i < 2; i++) {
		QM_OK_FATAL(xfrm_alloc_spi(&sa, 0));
		QM_OK_FATAL(xfrm_delete_sa(&sa, ports[i]));
		kit_run_events(&kit, 1);
		QM_INT(kit_expect_sa(&kit, QM_MIRROR_SA_REMOVED, &sa)->event.by.kind,
			   QM_XFRM_ACTOR_OWN);
	}
	close(fd);
	kit_free(&kit);
}

CU_TestInfo mirror_who_tests[] = {
	{ "our process id", test_own },
	{ "a thread of ours", test_own_thread },
	{ "a socket of ours", test_own_socket },
	{ "a socket of ours for something else", test_own_other_socket },
	{ "no number", test_unnamed },
	{ "nobody's number", test_nobody },
	{ "many numbers", test_many },
	{ "names of processes", test_names },
	{ "deleted by a child", test_deleted_by_child },
	{ "flushed by a child", test_flushed_by_child },
	{ "deleted by us", test_deleted_by_us },
	CU_TEST_INFO_NULL,
};
