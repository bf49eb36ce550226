/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "sink.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <sched.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include <libaudit.h>

#include "fake_audit.h"
#include "test.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static const struct qm_record record = {
	.len = sizeof("op=start when=0.000 rec-seq=1") - 1,
	.body = "op=start when=0.000 rec-seq=1",
	.addr = "198.51.100.7",
	.success = true,
};

/** A sink on the fake kernel. */
static struct qm_sink *start(void)
{
	struct qm_sink *sink = NULL;

	qm_fake_audit_start();
	QM_OK_FATAL(qm_sink_new(&sink));
	/* or else libaudit does not use our socket(), and records would be real */
	CU_ASSERT_EQUAL_FATAL(qm_fake_audit.opened, 1);
	return sink;
}

static void stop(struct qm_sink *sink)
{
	CU_ASSERT_PTR_NULL(qm_sink_free(sink));
	qm_fake_audit_stop();
}

static void test_accepted(void)
{
	struct qm_sink *sink = start();
	char exe[PATH_MAX] = "", text[PATH_MAX + 256];

	QM_OK(readlink("/proc/self/exe", exe, sizeof(exe) - 1));
	snprintf(text, sizeof(text),
			 "%s exe=\"%s\" hostname=? addr=198.51.100.7 terminal=? res=success",
			 record.body, exe);
	QM_OK(qm_sink_write(sink, &record));
	QM_INT(qm_fake_audit.type, AUDIT_CRYPTO_IPSEC_SA);
	QM_INT(qm_fake_audit.type, 2409);
	QM_STR(qm_fake_audit.text, text);
	QM_INT(qm_fake_audit.opened, 1);
	QM_INT(qm_fake_audit.sent, 1);
	stop(sink);
}

static void test_no_peer(void)
{
	struct qm_record own = record;
	struct qm_sink *sink = start();

	own.addr[0] = '\0';
	own.success = false;
	QM_OK(qm_sink_write(sink, &own));
	CU_ASSERT_PTR_NOT_NULL(
		strstr(qm_fake_audit.text, " hostname=? addr=? terminal=? res=failed"));
	stop(sink);
}

static void test_longest(void)
{
	static struct qm_record longest;
	struct qm_sink *sink = start();

	longest = record;
	memset(longest.body, 'x', sizeof(longest.body) - 1);
	longest.body[sizeof(longest.body) - 1] = '\0';
	longest.len = sizeof(longest.body) - 1;
	QM_OK(qm_sink_write(sink, &longest));
	CU_ASSERT(strlen(qm_fake_audit.text) < 8560);
	CU_ASSERT_PTR_NOT_NULL(strstr(qm_fake_audit.text, " terminal=? res=success"));
	stop(sink);
}

/** Errors that a new socket would not mend; libaudit makes some of them 0. */
static void test_refused(void)
{
	static const struct {
		int error;
		bool can_write;
	} refusals[] = {
		{ EPERM, true },
		{ EPERM, false },
		{ ECONNREFUSED, true },
		{ EINVAL, true },
	};
	struct qm_sink *sink;

	for (size_t i = 0; i < COUNT(refusals); i++) {
		sink = start();
		qm_fake_audit.can_write = refusals[i].can_write;
		qm_fake_audit.steps[0].ack_error = refusals[i].error;
		QM_FAILS(qm_sink_write(sink, &record), -refusals[i].error);
		QM_INT(qm_fake_audit.sent, 1);
		QM_INT(qm_fake_audit.opened, 1);
		QM_OK(qm_sink_write(sink, &record));
		QM_INT(qm_fake_audit.sent, 2);
		stop(sink);
	}
}

static const int transient[] = { ENOBUFS, EAGAIN, ENOMEM, EBADF, EPIPE, ETIMEDOUT };

static void test_transient(void)
{
	struct qm_sink *sink;
	int first;

	for (size_t i = 0; i < COUNT(transient); i++) {
		sink = start();
		first = qm_fake_audit.fd;
		qm_fake_audit.steps[0].send_error = transient[i];
		QM_OK(qm_sink_write(sink, &record));
		QM_INT(qm_fake_audit.sent, 2);
		QM_INT(qm_fake_audit.opened, 2);
		if (transient[i] == EBADF) {
			/* not closed: the number may be someone else's by then */
			CU_ASSERT(qm_fake_audit.fd != first);
			QM_OK(fcntl(first, F_GETFD));
			close(first);
		} else {
			QM_INT(qm_fake_audit.fd, first);
		}
		stop(sink);
	}
}

static void test_transient_twice(void)
{
	struct qm_sink *sink = start();

	qm_fake_audit.steps[0].send_error = ENOBUFS;
	qm_fake_audit.steps[1].ack_error = ENOMEM;
	QM_FAILS(qm_sink_write(sink, &record), -ENOMEM);
	QM_INT(qm_fake_audit.sent, 2);
	QM_OK(qm_sink_write(sink, &record));
	stop(sink);
}

static void test_reopen_fails(void)
{
	struct qm_sink *sink = start();

	qm_fake_audit.steps[0].send_error = ENOBUFS;
	qm_fake_audit.open_errors[1] = EMFILE;
	qm_fake_audit.open_errors[2] = ENFILE;
	QM_FAILS(qm_sink_write(sink, &record), -EMFILE);
	QM_FAILS(qm_sink_write(sink, &record), -ENFILE);
	QM_INT(qm_fake_audit.sent, 1);
	QM_OK(qm_sink_write(sink, &record));
	QM_INT(qm_fake_audit.sent, 2);
	stop(sink);
}

static void test_no_audit(void)
{
	struct qm_sink *const untouched = (struct qm_sink *)&qm_fake_audit;
	struct qm_sink *sink = untouched;

	qm_fake_audit_start();
	qm_fake_audit.open_errors[0] = EPROTONOSUPPORT;
	QM_FAILS(qm_sink_new(&sink), -EPROTONOSUPPORT);
	CU_ASSERT(sink == untouched);
	qm_fake_audit_stop();
}

static const struct {
	int open_error;
	bool can_write;
	struct qm_fake_step step;
	enum qm_sink_state state;
} probes[] = {
	{ EPROTONOSUPPORT, true, { 0 }, QM_SINK_NO_KERNEL_AUDIT },
	{ EAFNOSUPPORT, true, { 0 }, QM_SINK_NO_KERNEL_AUDIT },
	{ EMFILE, true, { 0 }, QM_SINK_UNVERIFIED },
	{ 0, true, { .ack_error = ECONNREFUSED }, QM_SINK_USER_NAMESPACE },
	{ 0, false, { .ack_error = ECONNREFUSED }, QM_SINK_USER_NAMESPACE },
	{ 0, false, { .ack_error = EPERM }, QM_SINK_NO_CAPABILITY },
	{ 0, false, { .answer = true, .enabled = 1, .pid = 9 }, QM_SINK_NO_CAPABILITY },
	{ 0, true, { .ack_error = EPERM }, QM_SINK_UNVERIFIED },
	{ 0, true, { .send_error = EACCES }, QM_SINK_UNVERIFIED },
	{ 0, true, { .answer = true, .enabled = 0, .pid = 9 }, QM_SINK_DISABLED },
	{ 0, true, { .answer = true, .enabled = 0, .pid = 0 }, QM_SINK_DISABLED },
	{ 0, true, { .answer = true, .enabled = 1, .pid = 0 }, QM_SINK_NO_AUDITD },
	{ 0, true, { .answer = true, .enabled = 1, .pid = 9 }, QM_SINK_READY },
	{ 0, true, { .answer = true, .enabled = 2, .pid = 9 }, QM_SINK_READY },
	{ 0,
	  true,
	  { .answer = true, .enabled = 1, .pid = 9, .answer_len = 16 },
	  QM_SINK_READY },
};

static void test_probe(void)
{
	for (size_t i = 0; i < COUNT(probes); i++) {
		qm_fake_audit_start();
		qm_fake_audit.can_write = probes[i].can_write;
		qm_fake_audit.open_errors[0] = probes[i].open_error;
		qm_fake_audit.steps[0] = probes[i].step;
		QM_INT(qm_sink_probe(), probes[i].state);
		QM_INT(fcntl(qm_fake_audit.fd, F_GETFD), -1);
		if (qm_fake_audit.sent) {
			QM_INT(qm_fake_audit.type, AUDIT_GET);
		}
		qm_fake_audit_stop();
	}
}

/** No answer, or half of one: the probe gives up by itself. */
static void test_probe_gives_up(void)
{
	static const struct qm_fake_step steps[] = {
		{ 0 },
		{ .answer = true, .answer_len = 8 },
	};
	struct timespec before, after;

	for (size_t i = 0; i < COUNT(steps); i++) {
		qm_fake_audit_start();
		qm_fake_audit.steps[0] = steps[i];
		clock_gettime(CLOCK_MONOTONIC, &before);
		QM_INT(qm_sink_probe(), QM_SINK_UNVERIFIED);
		clock_gettime(CLOCK_MONOTONIC, &after);
		CU_ASSERT(after.tv_sec - before.tv_sec < 60);
		qm_fake_audit_stop();
	}
}

/** What a child process finds after `change`, or -1 if that was not allowed. */
static int probe_after(int (*change)(void))
{
	int status = 0;
	pid_t pid = fork();

	if (!pid) {
		_exit(change() ? 77 : (int)qm_sink_probe());
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || !WIFEXITED(status)) {
		CU_FAIL("no verdict from the child process");
		return -1;
	}
	return WEXITSTATUS(status) == 77 ? -1 : WEXITSTATUS(status);
}

static int enter_user_namespace(void)
{
	return unshare(CLONE_NEWUSER);
}

static int drop_capabilities(void)
{
	return geteuid() ? 0 : setresuid(65534, 65534, 65534);
}

static int nothing(void)
{
	return 0;
}

/** Whether this kernel gives out audit sockets, on which the next two rely. */
static bool has_audit(void)
{
	int fd = audit_open();

	if (fd < 0) {
		qm_test_skip("this kernel has no audit");
		return false;
	}
	audit_close(fd);
	return true;
}

static void test_real_user_namespace(void)
{
	int state;

	if (!has_audit()) {
		return;
	}
	state = probe_after(enter_user_namespace);
	if (state < 0) {
		qm_test_skip("no user namespace may be made here");
		return;
	}
	QM_INT(state, QM_SINK_USER_NAMESPACE);
}

static void test_real_no_capability(void)
{
	int state = probe_after(nothing);

	if (!has_audit()) {
		return;
	}
	if (state == QM_SINK_USER_NAMESPACE) {
		qm_test_skip("this is a user namespace already");
		return;
	}
	QM_INT(probe_after(drop_capabilities), QM_SINK_NO_CAPABILITY);
}

static void test_state_texts(void)
{
	for (unsigned i = 0; i <= QM_SINK_STATE_MAX; i++) {
		CU_ASSERT_PTR_NOT_NULL_FATAL(qm_sink_state_text(i));
		CU_ASSERT(strlen(qm_sink_state_text(i)) > 10);
		for (unsigned j = 0; j < i; j++) {
			CU_ASSERT(strcmp(qm_sink_state_text(i), qm_sink_state_text(j)));
		}
	}
	CU_ASSERT_PTR_NULL(qm_sink_free(NULL));
}

CU_TestInfo sink_tests[] = {
	{ "a record is sent once, with the peer's address", test_accepted },
	{ "a record without a peer has no address", test_no_peer },
	{ "the longest record is sent whole", test_longest },
	{ "a refusal is an error, and final", test_refused },
	{ "a transient error is tried again on a new socket", test_transient },
	{ "two transient errors are an error", test_transient_twice },
	{ "a socket that cannot be opened is tried with the next record", test_reopen_fails },
	{ "a kernel without audit gives no sink", test_no_audit },
	{ "the probe tells what is wrong", test_probe },
	{ "the probe does not wait for ever", test_probe_gives_up },
	{ "the probe sees a real user namespace", test_real_user_namespace },
	{ "the probe sees a real lack of the capability", test_real_no_capability },
	{ "every state has its own advice", test_state_texts },
	CU_TEST_INFO_NULL,
};
