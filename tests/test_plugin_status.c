/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The plugin on the status socket: a recorder that answers what the test wants, a
 * watcher of the kernel, and what a client is told.
 */
#include "../plugin/qm_audit_status.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "swan_kit.h"
#include "test.h"

static struct {
	_Atomic int error;
	_Atomic int ended;
	size_t sas;
} calls;

int qm_recorder_snapshot(struct qm_recorder *recorder, size_t sas, int timeout_ms,
						 struct qm_snapshot **ret)
{
	(void)recorder;
	CU_ASSERT(timeout_ms > 0);
	calls.sas = sas;
	if (calls.error) {
		return calls.error;
	}
	*ret = calloc(1, sizeof(**ret));
	CU_ASSERT_FATAL(*ret != NULL);
	(*ret)->answers = (*ret)->keeps = true;
	snprintf((*ret)->sink, sizeof((*ret)->sink), "ready");
	snprintf((*ret)->durability, sizeof((*ret)->durability), "power");
	(*ret)->sas = calloc(1, sizeof((*ret)->sas[0]));
	CU_ASSERT_FATAL((*ret)->sas != NULL);
	/* the kernel has no such SA */
	(*ret)->sas[0] = (struct qm_snapshot_sa){ .in_spi = 0x1000, .satype = QM_SATYPE_ESP };
	(*ret)->n_sas = 1;
	return 0;
}

void qm_recorder_end_snapshots(struct qm_recorder *recorder)
{
	(void)recorder;
	calls.ended++;
}

METHOD(qm_audit_kernel_t, get_status, void, qm_audit_kernel_t *this,
	   struct qm_snapshot_mirror *status)
{
	(void)this;
	*status = (struct qm_snapshot_mirror){
		.wanted = true, .watched = true, .synced = true, .sas = 42,
	};
}

/** Asks on a socket. @return what is told, "" for nothing, NULL where nobody listens */
static const char *ask(const char *path)
{
	static char text[16384];
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	size_t len = 0;
	ssize_t n;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	snprintf(address.sun_path, sizeof(address.sun_path), "%s", path);
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		close(fd);
		return NULL;
	}
	CU_ASSERT(send(fd, "status sas=7\n", 13, MSG_NOSIGNAL) == 13);
	while ((n = read(fd, text + len, sizeof(text) - len - 1)) > 0) {
		len += (size_t)n;
	}
	text[len] = '\0';
	close(fd);
	return text;
}

static void test_serve(void)
{
	char dir[] = "/tmp/qm-status-XXXXXX", lock[64];
	qm_audit_kernel_t kernel = { .get_status = _get_status };
	qm_audit_settings_t settings = {
		.durability = QM_DURABLE_CRASH,
		.store_records = 77,
	};
	qm_audit_status_t *status, *other;
	const char *text;

	CU_ASSERT_FATAL(swan_init("charon", "") && mkdtemp(dir) != NULL);
	snprintf(settings.status_socket, sizeof(settings.status_socket), "%s/s", dir);
	snprintf(lock, sizeof(lock), "%s/s.lock", dir);
	memset(&calls, 0, sizeof(calls));
	status = qm_audit_status_create(NULL, &kernel, &settings);
	CU_ASSERT(ask(settings.status_socket) == NULL);
	status->start(status);
	text = ask(settings.status_socket);
	CU_ASSERT_FATAL(text != NULL);
	QM_INT(calls.sas, 7);
	/* what the daemon's side knows is in it, and judged */
	CU_ASSERT(strstr(text, "\"max_records\":77") != NULL);
	CU_ASSERT(strstr(text, "\"sas\":42,") != NULL);
	CU_ASSERT(strstr(text, "\"healthy\":false") != NULL);
	CU_ASSERT(strstr(text, "with durability power, not crash") != NULL);
	CU_ASSERT(strstr(text, "\"in_spi\":\"0x1000\"") != NULL);
	CU_ASSERT(strstr(text, "\"bytes_in\":null") != NULL);
	calls.error = -ESHUTDOWN;
	text = ask(settings.status_socket);
	CU_ASSERT_FATAL(text != NULL);
	CU_ASSERT(!strncmp(text, "{\"error\":", 9));
	/* another daemon with the same socket goes on without */
	other = qm_audit_status_create(NULL, &kernel, &settings);
	QM_INT(swan_logs(), 0);
	other->start(other);
	QM_INT(swan_logs(), 1);
	CU_ASSERT(strstr(swan_log(0), "is another daemon's") != NULL);
	other->destroy(other);
	QM_INT(calls.ended, 0);
	CU_ASSERT(ask(settings.status_socket) != NULL);
	status->stop(status);
	QM_INT(calls.ended, 1);
	CU_ASSERT(ask(settings.status_socket) == NULL);
	status->destroy(status);
	QM_INT(calls.ended, 1);
	unlink(lock);
	CU_ASSERT(!rmdir(dir));
	swan_deinit();
}

static void test_off(void)
{
	qm_audit_settings_t settings = { .status_socket = "" };
	qm_audit_status_t *status;

	CU_ASSERT_FATAL(swan_init("charon", ""));
	status = qm_audit_status_create(NULL, NULL, &settings);
	status->start(status);
	QM_INT(swan_logs(), 0);
	status->stop(status);
	status->destroy(status);
	swan_deinit();
}

CU_TestInfo plugin_status_tests[] = {
	{ "who asks is told", test_serve },
	{ "no socket", test_off },
	CU_TEST_INFO_NULL,
};
