/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: auditd's settings, and its log. The first byte says which, and in
 * what pieces the log comes. What is found in pieces is what is found at once, and
 * what another reader finds, which takes the log line by line.
 */
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "auditd_conf.h"
#include "fuzz.h"
#include "watch.h"
#include "watch_line.h"
#include "watch_log.h"

#define BODIES_MAX 4096

static void demand(bool good)
{
	if (!good) {
		abort();
	}
}

/** Marks of bodies in their order. */
struct found {
	uint64_t marks[BODIES_MAX];
	size_t n;
};

static void find(void *user, const char *body, size_t len)
{
	struct found *found = user;

	demand(found->n < BODIES_MAX);
	found->marks[found->n++] = qm_watch_mark(body, len);
}

/** The other reader. */
static void find_lines(const char *log, size_t size, struct found *found)
{
	const char *line = log;

	for (size_t i = 0; i < size; i++) {
		const char *body = NULL;
		size_t len = (size_t)(log + i - line), body_len = 0;

		if (log[i] != '\n') {
			continue;
		}
		if (len <= QM_WATCH_LINE_MAX && qm_watch_line_body(line, len, &body, &body_len)) {
			demand(body >= line && body + body_len + strlen(" exe=") <= line + len);
			demand(!memcmp(body + body_len, " exe=", strlen(" exe=")));
			demand(!memcmp(body - strlen(" msg='"), " msg='", strlen(" msg='")));
			find(found, body, body_len);
		}
		line = log + i + 1;
	}
}

static void put(int fd, const char *data, size_t size)
{
	demand(write(fd, data, size) == (ssize_t)size);
}

/** A log that does not move has one name while it is open. */
static void follow(const char *log, size_t size, size_t piece, struct found *found)
{
	static struct qm_watch_log watch_log;
	char path[64] = "/tmp/qm-audit-fuzz.XXXXXX";
	int fd = mkstemp(path);

	demand(fd >= 0);
	qm_watch_log_init(&watch_log);
	qm_watch_log_name(&watch_log, path);
	demand(!qm_watch_log_check(&watch_log));
	while (size) {
		const size_t n = piece < size ? piece : size;

		put(fd, log, n);
		demand(!qm_watch_log_read(&watch_log, find, found));
		log += n;
		size -= n;
	}
	qm_watch_log_end(&watch_log);
	close(fd);
	unlink(path);
}

static void run_log(const char *log, size_t size, uint8_t how)
{
	static struct found lines, followed;
	/* not too many calls for a long one */
	const size_t piece = 1 + how % 32 * 7 + size / 64;

	lines.n = 0;
	followed.n = 0;
	find_lines(log, size, &lines);
	follow(log, size, piece, &followed);
	demand(lines.n == followed.n);
	demand(!memcmp(lines.marks, followed.marks, lines.n * sizeof(lines.marks[0])));
}

static void run_conf(const char *text, size_t size)
{
	static struct qm_auditd_conf parsed, read;
	unsigned wrong, wrong_read = 0;
	char *copy = malloc(size);
	int fd = memfd_create("auditd.conf", MFD_CLOEXEC);

	demand(fd >= 0 && (copy || !size));
	if (size) {
		memcpy(copy, text, size);
	}
	memset(&parsed, 0xff, sizeof(parsed));
	wrong = qm_auditd_conf_parse(copy, size, &parsed);
	demand(*parsed.log_file == '/' && strlen(parsed.log_file) < sizeof(parsed.log_file));
	demand(wrong <= size);
	put(fd, text, size);
	demand(lseek(fd, 0, SEEK_SET) == 0);
	if (size < QM_AUDITD_CONF_MAX) {
		demand(!qm_auditd_conf_read(fd, &read, &wrong_read) == !wrong);
		demand(wrong_read == wrong && !strcmp(read.log_file, parsed.log_file));
		demand(read.write_logs == parsed.write_logs);
	}
	close(fd);
	free(copy);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size) {
		return 0;
	}
	if (*data & 0x80) {
		run_log((const char *)data + 1, size - 1, *data);
	} else {
		run_conf((const char *)data + 1, size - 1);
	}
	return 0;
}
