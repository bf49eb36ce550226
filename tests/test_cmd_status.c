/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qm-audit status as a whole: a process of its own asks a server that answers what the
 * test has in mind. Its exit status is what monitoring goes by.
 */
#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "answer.h"
#include "reader/cmd.h"
#include "status_kit.h"
#include "status_server.h"
#include "test.h"

/** What is answered: blanks, or a text. */
static const char *canned;
static size_t canned_len;
static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;

static int answer(void *user, size_t sas, char **ret, size_t *ret_len)
{
	(void)user;
	(void)sas;
	pthread_mutex_lock(&mutex);
	*ret_len = canned_len;
	*ret = malloc(*ret_len + 1);
	CU_ASSERT_FATAL(*ret != NULL);
	memset(*ret, ' ', *ret_len);
	if (canned) {
		memcpy(*ret, canned, *ret_len);
	}
	pthread_mutex_unlock(&mutex);
	return 0;
}

static void set_answer(const char *text, size_t len)
{
	pthread_mutex_lock(&mutex);
	canned = text;
	canned_len = len;
	pthread_mutex_unlock(&mutex);
}

static struct qm_status_server *serve(struct kit *kit)
{
	static char path[PATH_MAX];
	const struct qm_status_server_config config = { .path = path, .answer = answer };
	struct qm_status_server *server = NULL;
	char error[QM_STATUS_ERROR_MAX];

	snprintf(path, sizeof(path), "%s", kit_path(kit, "socket"));
	QM_OK_FATAL(qm_status_server_new(&server, &config, error));
	return server;
}

/** Runs the command in the kit's directory. @return its exit status */
static int run(struct kit *kit, const char *words)
{
	return kit_run(kit, "status", qm_cmd_status, words);
}

/** Checks exit status and what is printed. @param out	NULL for anything */
static void expect(struct kit *kit, const char *words, int status, const char *out,
				   const char *err)
{
	const int is = run(kit, words);
	char *text = kit_read(kit, "out"), *errors = kit_read(kit, "err");

	if (is != status) {
		QM_STR(words, errors);
	}
	QM_INT(is, status);
	if (out && (!text || strncmp(text, out, strlen(out)))) {
		QM_STR(text, out);
	}
	if (err && (!errors || !strstr(errors, err))) {
		QM_STR(errors, err);
	}
	free(text);
	free(errors);
}

static void answer_with(struct qm_snapshot *snapshot, char **json)
{
	char *old = *json;

	*json = status_json(snapshot);
	set_answer(*json, strlen(*json));
	free(old);
	qm_snapshot_free(snapshot);
}

static void test_health(void)
{
	struct qm_status_server *server;
	char *json = NULL;
	struct kit kit;

	CU_ASSERT_FATAL(kit_begin(&kit));
	answer_with(status_sample(), &json);
	server = serve(&kit);
	expect(&kit, "-s socket", 0, "healthy\n", "");
	expect(&kit, "--socket socket --json", 0, json, "");
	expect(&kit, "--socket=socket --prometheus", 0, "# HELP qm_audit_up ", "");
	expect(&kit, "-q -s socket", 0, "", "");
	answer_with(status_sample_bad(), &json);
	expect(&kit, "-s socket", 1, "degraded\n  sink: no auditd; 2 records wait\n", "");
	expect(&kit, "-s socket --json", 1, json, "sink: no auditd; 2 records wait\n");
	expect(&kit, "-s socket -q", 1, "", "qm-audit status: mirror: ");
	/* nothing of it does anything to a terminal */
	expect(&kit, "-s socket -q", 1, "", "\"disk\" full?[0m\n");
	answer_with(status_sample_still(), &json);
	expect(&kit, "-s socket", 1,
		   "degraded\n  writer: the recorder has stood still for 42 s", "");
	server = qm_status_server_free(server);
	free(json);
	kit_end(&kit);
}

static void test_down(void)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	struct kit kit;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CU_ASSERT_FATAL(kit_begin(&kit) && fd >= 0);
	expect(&kit, "-s socket", 2, "", "there is no such socket");
	expect(&kit, "-s socket --json", 2,
		   "{\"healthy\":false,\"reasons\":[{\"what\":\"down\",\"text\":\"socket: ",
		   "no such socket");
	expect(&kit, "-s socket --prometheus", 2,
		   "# HELP qm_audit_up Whether the daemon answers.\n# TYPE qm_audit_up gauge\n"
		   "qm_audit_up 0\n", "no such socket");
	snprintf(address.sun_path, sizeof(address.sun_path), "%.100s",
			 kit_path(&kit, "socket"));
	CU_ASSERT_FATAL(!bind(fd, (struct sockaddr *)&address, sizeof(address)));
	expect(&kit, "-s socket", 2, "", "nobody listens");
	/* accepts and says nothing; and, once one waits, accepts no more */
	CU_ASSERT_FATAL(!listen(fd, 0));
	expect(&kit, "-s socket --timeout 1", 2, "", "no answer in time");
	expect(&kit, "-s socket --timeout 1", 2, "", "no answer in time");
	close(fd);
	kit_write(&kit, "file", "", 0600);
	expect(&kit, "-s file", 2, "", "nobody listens");
	expect(&kit, "-s file/socket", 2, "", "there is no such socket");
	kit_end(&kit);
}

static void test_hostile(void)
{
	static const char junk[] = "\x7f" "ELF\x02\x01\x01\0\0\0";
	static const char control[] = "{\"error\":\"\x1b[2Jno\"}";
	static const char words[] = "{\"error\":\"no\\u001b[2J\"}";
	struct qm_status_server *server;
	char *json = NULL;
	struct kit kit;

	CU_ASSERT_FATAL(kit_begin(&kit));
	server = serve(&kit);
	set_answer(junk, sizeof(junk));
	expect(&kit, "-s socket", 2, "", "the answer cannot be used: no JSON");
	answer_with(status_sample(), &json);
	set_answer(json, strlen(json) / 2);
	expect(&kit, "-s socket", 2, "", "the answer cannot be used: no JSON");
	expect(&kit, "-s socket --json", 2, "{\"healthy\":false,", "cannot be used");
	set_answer(NULL, 0);
	expect(&kit, "-s socket", 2, "", "disconnected without an answer");
	set_answer(NULL, QM_ANSWER_MAX + 65536);
	expect(&kit, "-s socket", 2, "", "the answer does not end");
	set_answer(control, sizeof(control) - 1);
	expect(&kit, "-s socket", 2, "", "no JSON: a control character");
	set_answer(words, sizeof(words) - 1);
	expect(&kit, "-s socket", 2, "", "it says: no?[2J\n");
	server = qm_status_server_free(server);
	free(json);
	kit_end(&kit);
}

static void test_usage(void)
{
	struct kit kit;

	CU_ASSERT_FATAL(kit_begin(&kit));
	expect(&kit, "--help", 0, "usage: qm-audit status ", "");
	expect(&kit, "more", 2, "", "takes no argument more");
	expect(&kit, "--csv", 2, "", "not understood");
	expect(&kit, "--json --prometheus", 2, "", "exclude each other");
	expect(&kit, "--sas x", 2, "", "--sas is a number");
	expect(&kit, "--sas 10001", 2, "", "--sas is a number");
	expect(&kit, "--timeout 0", 2, "", "--timeout is a number");
	expect(&kit, "--timeout", 2, "", "not understood");
	expect(&kit, "--socket=", 2, "", "names no socket");
	kit_end(&kit);
}

CU_TestInfo cmd_status_tests[] = {
	{ "healthy and degraded", test_health },
	{ "down", test_down },
	{ "answers that are none", test_hostile },
	{ "wrong usage", test_usage },
	CU_TEST_INFO_NULL,
};
