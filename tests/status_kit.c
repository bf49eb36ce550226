/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "status_kit.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "samples.h"
#include "test.h"

#define SET(array, text) snprintf(array, sizeof(array), "%s", text)

static struct qm_snapshot_sa sample_sa(uint32_t child_sa)
{
	struct qm_snapshot_sa sa = {
		.instance = 7,
		.child_sa = child_sa,
		.ike_sa = 17,
		.reqid = 3,
		.in_spi = 0xc1234567,
		.out_spi = 0xef949be,
		.rekeys = 2,
		.satype = QM_SATYPE_ESP,
		.local = qm_sample_addr("192.0.2.1", 4500),
		.remote = qm_sample_addr("198.51.100.7", 4500),
		.established_ms = 1795438975152,
		.bytes_in = { true, 252 },
		.bytes_out = { true, 18446744073709551615U },
		.packets_in = { true, 3 },
		.packets_out = { true, 4 },
		.before_in = { true, 1000 },
	};

	qm_sample_text(&sa.conn_name, "gw");
	qm_sample_text(&sa.child_name, "net");
	qm_sample_text(&sa.remote_id, "client.example.org");
	return sa;
}

/** Names that somebody made up to do harm, and one that is no UTF-8. */
static struct qm_snapshot_sa odd_sa(void)
{
	struct qm_snapshot_sa sa = sample_sa(43);

	sa.local = qm_sample_addr("2001:db8::1", 500);
	sa.remote = qm_sample_addr("2001:db8::", 500);
	sa.established_ms = 1795438975152 - 200000000;
	sa.bytes_in = sa.bytes_out = (struct qm_count){ false, 0 };
	qm_sample_text(&sa.conn_name, "\"},{\x1b[2J\n\\");
	qm_sample_text(&sa.child_name, "gr\xc3\xbc\xc3\x9f\x65 \xe2\x80\xae \xff\xc0\x80");
	qm_sample_text(&sa.remote_id, "C=CH, O=\xf0\x9f\x94\x92 \xed\xa0\x80, CN=\x7f");
	qm_sample_text(&sa.acct, "alice");
	return sa;
}

static void fill(struct qm_snapshot *s)
{
	*s = (struct qm_snapshot){
		.format = QM_SNAPSHOT_FORMAT,
		.pid = 290,
		.instance = 7,
		.time_ms = 1795438985007,
		.started_ms = 1795430000000,
		.answers = true,
		.success = true,
		.failure = true,
		.sending = true,
		.auditd_pid = 123,
		.confirms = true,
		.keeps = true,
		.max_records = 1000000,
		.queue = 1,
		.queue_size = 4096,
		.written = 118,
		.arrived = 116,
		.waiting = 2,
		.in_flight = 1,
		.resent = 1,
		.limited = 20836,
		.kernel_lost = { true, 5 },
		.mirror = {
			.wanted = true,
			.watched = true,
			.synced = true,
			.sas = 4,
			.policies = 6,
			.resyncs = 3,
		},
		.open = 5,
		.more = 3,
	};
	SET(s->version, "0.1.0");
	SET(s->daemon, "charon-systemd");
	SET(s->daemon_version, "5.9.8");
	SET(s->policy, "success-and-failure");
	SET(s->sink, "ready");
	SET(s->sink_text, qm_sink_state_text(QM_SINK_READY));
	SET(s->durability, "power");
	SET(s->durability_wanted, "power");
}

struct qm_snapshot *status_sample(void)
{
	struct qm_snapshot *s = malloc(sizeof(*s));

	CU_ASSERT_FATAL(s != NULL);
	fill(s);
	s->sas = calloc(2, sizeof(s->sas[0]));
	CU_ASSERT_FATAL(s->sas != NULL);
	s->sas[0] = sample_sa(42);
	s->sas[1] = odd_sa();
	s->n_sas = 2;
	qm_snapshot_judge(s);
	return s;
}

struct qm_snapshot *status_sample_bad(void)
{
	struct qm_snapshot *s = status_sample();

	SET(s->sink, "no-auditd");
	SET(s->sink_text, "no auditd");
	SET(s->send_error, "Operation not permitted");
	SET(s->store_error, "/var/lib/qm-audit: \"disk\" full\x1b[0m");
	SET(s->confirm_text, "auditd's log is not there");
	s->sending = s->confirms = s->keeps = s->mirror.synced = false;
	s->auditd_pid = 0;
	s->queue = 4000;
	s->lost_queue = 3;
	s->lost_store = 12;
	s->lost_at_ms = s->time_ms - 60000;
	s->mirror.gap_ms = 61500;
	s->mirror.failures = 8;
	s->kernel_lost.known = false;
	s->n_sas = 0;
	s->more = s->open = 0;
	qm_snapshot_judge(s);
	return s;
}

struct qm_snapshot *status_sample_still(void)
{
	struct qm_snapshot *s = status_sample();

	s->answers = false;
	s->still_ms = 42123;
	s->n_sas = 0;
	s->mirror.wanted = false;
	qm_snapshot_judge(s);
	return s;
}

char *status_json(const struct qm_snapshot *snapshot)
{
	char *text = NULL;
	size_t len = 0;

	QM_OK_FATAL(qm_snapshot_json(snapshot, &text, &len));
	QM_INT(strlen(text), len);
	return text;
}

void status_golden(const char *name, const char *text)
{
	const char *top = getenv("top_srcdir");
	char path[PATH_MAX], expected[32768];
	FILE *file;

	snprintf(path, sizeof(path), "%s/tests/golden/%s", top ? top : "..", name);
	if (getenv("QM_TEST_UPDATE")) {
		file = fopen(path, "w");
		CU_ASSERT_FATAL(file != NULL);
		fputs(text, file);
		fclose(file);
	}
	file = fopen(path, "r");
	CU_ASSERT_FATAL(file != NULL);
	expected[fread(expected, 1, sizeof(expected) - 1, file)] = '\0';
	fclose(file);
	QM_STR(text, expected);
}

int status_connect(struct kit *kit, const char *name)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	CU_ASSERT_FATAL(fd >= 0);
	snprintf(address.sun_path, sizeof(address.sun_path), "%.100s", kit_path(kit, name));
	if (connect(fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		const int error = errno;

		close(fd);
		return -error;
	}
	return fd;
}

char *status_read(int fd)
{
	size_t len = 0, size = 65536;
	char *text = malloc(size), *more;
	ssize_t n;

	CU_ASSERT_FATAL(text != NULL);
	while ((n = read(fd, text + len, size - len - 1)) > 0) {
		len += (size_t)n;
		if (len + 1 == size) {
			size *= 2;
			more = realloc(text, size);
			CU_ASSERT_FATAL(more != NULL);
			text = more;
		}
	}
	text[len] = '\0';
	return text;
}
