/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The socket of the status, and clients of every kind: none of them costs more than its
 * place for a while, and those that ask as they should get their answer beside them.
 */
#include "status_server.h"

#include <errno.h>
#include <poll.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "status_kit.h"
#include "test.h"

/** Bytes of an answer that no socket takes at once. */
#define LONG_ANSWER (8 * 1024 * 1024)

static struct {
	_Atomic size_t sas;
	_Atomic int calls;
	/** bytes to answer, 0 for a short text */
	_Atomic size_t len;
	_Atomic int error;
} asked;

static int answer(void *user, size_t sas, char **ret, size_t *ret_len)
{
	CU_ASSERT(user == &asked);
	asked.sas = sas;
	asked.calls++;
	if (asked.error) {
		return asked.error;
	}
	*ret_len = asked.len ? asked.len : 6;
	*ret = malloc(*ret_len + 1);
	CU_ASSERT_FATAL(*ret != NULL);
	memset(*ret, 'x', *ret_len);
	memcpy(*ret, "{\"a\":", 5);
	return 0;
}

static int open_server(struct kit *kit, const char *name, int client_ms,
					   struct qm_status_server **ret, char *error)
{
	char path[PATH_MAX];
	const struct qm_status_server_config config = {
		.path = path,
		.client_ms = client_ms,
		.answer = answer,
		.user = &asked,
	};

	snprintf(path, sizeof(path), "%s", kit_path(kit, name));
	return qm_status_server_new(ret, &config, error);
}

static struct qm_status_server *begin(struct kit *kit, int client_ms)
{
	struct qm_status_server *server = NULL;
	char error[QM_STATUS_ERROR_MAX];

	asked.sas = asked.len = 0;
	asked.calls = asked.error = 0;
	CU_ASSERT_FATAL(kit_begin(kit));
	QM_OK_FATAL(open_server(kit, "socket", client_ms, &server, error));
	return server;
}

static void end(struct kit *kit, struct qm_status_server *server)
{
	CU_ASSERT_PTR_NULL(qm_status_server_free(server));
	/* but for its lock */
	QM_INT(kit_count(kit), 1);
	kit_end(kit);
}

/** Sends a request, and reads what comes. @return to be freed */
static char *ask(struct kit *kit, const char *request)
{
	const int fd = status_connect(kit, "socket");
	char *text;

	CU_ASSERT_FATAL(fd >= 0);
	QM_INT(send(fd, request, strlen(request), MSG_NOSIGNAL), strlen(request));
	text = status_read(fd);
	close(fd);
	return text;
}

static void expect_answer(struct kit *kit, const char *request, const char *begins)
{
	char *text = ask(kit, request);

	if (strncmp(text, begins, strlen(begins))) {
		QM_STR(text, begins);
	}
	free(text);
}

static void test_requests(void)
{
	struct kit kit;
	struct qm_status_server *server = begin(&kit, 0);

	expect_answer(&kit, "status\n", "{\"a\":x");
	QM_INT(asked.sas, 1000);
	expect_answer(&kit, "status sas=0\r\n", "{\"a\":x");
	QM_INT(asked.sas, 0);
	expect_answer(&kit, "status sas=10000\nmore", "{\"a\":x");
	QM_INT(asked.sas, 10000);
	QM_INT(asked.calls, 3);
	expect_answer(&kit, "status sas=10001\n", "{\"error\":\"the request");
	expect_answer(&kit, "status sas=\n", "{\"error\":");
	expect_answer(&kit, "status sas=-1\n", "{\"error\":");
	expect_answer(&kit, "status sas=1x\n", "{\"error\":");
	expect_answer(&kit, "statuses\n", "{\"error\":");
	expect_answer(&kit, "GET / HTTP/1.0\n", "{\"error\":");
	expect_answer(&kit, "\n", "{\"error\":");
	QM_INT(asked.calls, 3);
	asked.error = -ENOMEM;
	expect_answer(&kit, "status\n", "{\"error\":\"Cannot allocate memory\"}\n");
	end(&kit, server);
}

/** Who ends what it says has said it; who says too much is not listened to. */
static void test_odd_clients(void)
{
	struct kit kit;
	struct qm_status_server *server = begin(&kit, 0);
	char junk[4096], *text;
	int fd = status_connect(&kit, "socket");

	QM_INT(send(fd, "status", 6, 0), 6);
	shutdown(fd, SHUT_WR);
	text = status_read(fd);
	QM_STR(text, "{\"a\":x");
	free(text);
	close(fd);
	/* byte by byte */
	fd = status_connect(&kit, "socket");
	for (const char *c = "status sas=5\n"; *c; c++) {
		QM_INT(send(fd, c, 1, 0), 1);
		poll(NULL, 0, 1);
	}
	text = status_read(fd);
	QM_STR(text, "{\"a\":x");
	free(text);
	close(fd);
	memset(junk, 'a', sizeof(junk));
	fd = status_connect(&kit, "socket");
	CU_ASSERT(send(fd, junk, sizeof(junk), MSG_NOSIGNAL) > 0);
	text = status_read(fd);
	QM_STR(text, "");
	free(text);
	close(fd);
	/* one that says nothing at all, and one that goes before its answer comes */
	close(status_connect(&kit, "socket"));
	fd = status_connect(&kit, "socket");
	QM_INT(send(fd, "status\n", 7, 0), 7);
	close(fd);
	expect_answer(&kit, "status\n", "{\"a\":x");
	end(&kit, server);
}

/** All places are taken by those that say nothing or do not read, others wait. */
static void test_slow(void)
{
	struct kit kit;
	struct qm_status_server *server = begin(&kit, 200);
	int fds[QM_STATUS_CLIENTS];

	asked.len = LONG_ANSWER;
	for (size_t i = 0; i < QM_STATUS_CLIENTS; i++) {
		fds[i] = status_connect(&kit, "socket");
		CU_ASSERT_FATAL(fds[i] >= 0);
		if (i % 2) {
			QM_INT(send(fds[i], "status\n", 7, 0), 7);
		}
	}
	/* gets a place, and its answer, when those have lost theirs */
	expect_answer(&kit, "status\n", "{\"a\":x");
	QM_INT(asked.calls, QM_STATUS_CLIENTS / 2 + 1);
	for (size_t i = 0; i < QM_STATUS_CLIENTS; i++) {
		struct pollfd closed = { .fd = fds[i] };
		char *text;

		QM_INT(poll(&closed, 1, 60000), 1);
		text = status_read(fds[i]);
		/* what was in the socket, at most */
		CU_ASSERT(strlen(text) < LONG_ANSWER);
		CU_ASSERT(i % 2 || !*text);
		free(text);
		close(fds[i]);
	}
	end(&kit, server);
}

/** One that reads slowly, but reads, gets all of it. */
static void test_patient(void)
{
	struct kit kit;
	struct qm_status_server *server = begin(&kit, 20000);
	char *text;
	int fd;

	asked.len = LONG_ANSWER;
	fd = status_connect(&kit, "socket");
	QM_INT(send(fd, "status\n", 7, 0), 7);
	poll(NULL, 0, 50);
	text = status_read(fd);
	QM_INT(strlen(text), LONG_ANSWER);
	free(text);
	close(fd);
	end(&kit, server);
}

/** Far more than there are places for: all are served in the end. */
static void test_crowd(void)
{
	struct kit kit;
	struct qm_status_server *server = begin(&kit, 0);
	int status, failed = 0;
	pid_t pids[12];

	for (size_t i = 0; i < 12; i++) {
		pids[i] = fork();
		if (!pids[i]) {
			for (int n = 0; n < 50; n++) {
				int fd = status_connect(&kit, "socket");
				char *text;

				if (fd < 0 || send(fd, "status\n", 7, MSG_NOSIGNAL) != 7) {
					_exit(1);
				}
				text = status_read(fd);
				if (strcmp(text, "{\"a\":x")) {
					_exit(2);
				}
				free(text);
				close(fd);
			}
			_exit(0);
		}
	}
	for (size_t i = 0; i < 12; i++) {
		CU_ASSERT(waitpid(pids[i], &status, 0) == pids[i]);
		failed += status != 0;
	}
	QM_INT(failed, 0);
	QM_INT(asked.calls, 600);
	end(&kit, server);
}

/** The end does not wait for clients. */
static void test_end(void)
{
	struct kit kit;
	struct qm_status_server *server = begin(&kit, 60000);
	int silent, deaf;
	char *text;

	asked.len = LONG_ANSWER;
	silent = status_connect(&kit, "socket");
	deaf = status_connect(&kit, "socket");
	QM_INT(send(deaf, "status\n", 7, 0), 7);
	while (!asked.calls) {
		poll(NULL, 0, 1);
	}
	end(&kit, server);
	text = status_read(silent);
	QM_STR(text, "");
	free(text);
	close(silent);
	close(deaf);
	CU_ASSERT(qm_status_server_free(NULL) == NULL);
}

static void expect_mode(const char *path, mode_t mode)
{
	struct stat st;

	CU_ASSERT_FATAL(!stat(path, &st));
	QM_INT(st.st_mode & 07777, mode);
}

static void test_modes(void)
{
	struct qm_status_server *server = NULL;
	char error[QM_STATUS_ERROR_MAX];
	const mode_t before = umask(0);
	struct kit kit;

	CU_ASSERT_FATAL(kit_begin(&kit));
	QM_OK_FATAL(open_server(&kit, "run/socket", 0, &server, error));
	expect_mode(kit_path(&kit, "run"), 0700);
	expect_mode(kit_path(&kit, "run/socket"), 0600);
	expect_mode(kit_path(&kit, "run/socket.lock"), 0600);
	server = qm_status_server_free(server);
	CU_ASSERT(access(kit_path(&kit, "run/socket"), F_OK) < 0);
	umask(before);
	kit_end(&kit);
}

/** What is left behind is replaced, what is served or is something else is not. */
static void test_places(void)
{
	struct kit kit;
	struct qm_status_server *server = begin(&kit, 0), *other = NULL;
	char error[QM_STATUS_ERROR_MAX], path[PATH_MAX];

	QM_FAILS(open_server(&kit, "socket", 0, &other, error), -EADDRINUSE);
	CU_ASSERT(strstr(error, "another daemon's") != NULL);
	expect_answer(&kit, "status\n", "{\"a\":x");
	/* killed: the file stays */
	snprintf(path, sizeof(path), "%s", kit_path(&kit, "socket"));
	CU_ASSERT(!link(path, kit_path(&kit, "left")));
	server = qm_status_server_free(server);
	CU_ASSERT(!rename(kit_path(&kit, "left"), path));
	QM_FAILS(status_connect(&kit, "socket"), -ECONNREFUSED);
	QM_OK_FATAL(open_server(&kit, "socket", 0, &server, error));
	expect_answer(&kit, "status\n", "{\"a\":x");
	/* another's by now: it is not removed */
	CU_ASSERT(!unlink(path));
	kit_write(&kit, "socket", "mine", 0600);
	server = qm_status_server_free(server);
	CU_ASSERT(!access(path, F_OK));
	QM_FAILS(open_server(&kit, "socket", 0, &other, error), -EEXIST);
	CU_ASSERT(strstr(error, "is no socket") != NULL);
	QM_FAILS(open_server(&kit, "no/such/socket", 0, &other, error), -ENOENT);
	CU_ASSERT(!mkdir(kit_path(&kit, "open"), 0777) &&
			  !chmod(kit_path(&kit, "open"), 01777));
	QM_FAILS(open_server(&kit, "open/socket", 0, &other, error), -EPERM);
	kit_write(&kit, "file", "", 0600);
	QM_FAILS(open_server(&kit, "file/socket", 0, &other, error), -EPERM);
	memset(path, 'a', 120);
	path[120] = '\0';
	QM_FAILS(open_server(&kit, path, 0, &other, error), -ENAMETOOLONG);
	CU_ASSERT(other == NULL);
	kit_end(&kit);
}

/** The kernel says who connects; who is neither root nor this user gets nothing. */
static void test_others(void)
{
	struct kit kit;
	struct qm_status_server *server;
	int status;
	pid_t pid;

	if (geteuid()) {
		qm_test_skip("only root can be another user");
		return;
	}
	server = begin(&kit, 0);
	CU_ASSERT(!chmod(kit.dir, 0711) && !chmod(kit_path(&kit, "socket"), 0666));
	pid = fork();
	if (!pid) {
		char *text;
		int fd;

		if (setgid(65534) || setuid(65534)) {
			_exit(9);
		}
		fd = status_connect(&kit, "socket");
		if (fd < 0) {
			_exit(8);
		}
		(void)!send(fd, "status\n", 7, MSG_NOSIGNAL);
		text = status_read(fd);
		_exit(*text != '\0');
	}
	CU_ASSERT(waitpid(pid, &status, 0) == pid);
	QM_INT(status, 0);
	QM_INT(asked.calls, 0);
	expect_answer(&kit, "status\n", "{\"a\":x");
	end(&kit, server);
}

CU_TestInfo status_server_tests[] = {
	{ "requests", test_requests },
	{ "odd clients", test_odd_clients },
	{ "slow and silent clients", test_slow },
	{ "a patient client", test_patient },
	{ "many clients", test_crowd },
	{ "the end waits for nobody", test_end },
	{ "modes", test_modes },
	{ "what is at its place", test_places },
	{ "other users", test_others },
	CU_TEST_INFO_NULL,
};
