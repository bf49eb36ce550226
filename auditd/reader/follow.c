/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "follow.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "../fnv.h"

#define CHUNK 65536

/** Between looks whether there is more. */
#define PAUSE_NS 200000000

static void take_line(void *owner, struct qm_span text);

int qm_follow_init(struct qm_follow *follow, struct qm_printer *printer,
				   const struct qm_filter *filter, struct qm_report *report,
				   const char *path)
{
	memset(follow, 0, sizeof(*follow));
	follow->printer = printer;
	follow->filter = filter;
	follow->report = report;
	follow->path = path;
	follow->recent = calloc(QM_FOLLOW_RECENT, sizeof(*follow->recent));
	if (qm_lines_init(&follow->lines, take_line, follow) < 0 || !follow->recent) {
		qm_follow_fini(follow);
		return -ENOMEM;
	}
	return 0;
}

void qm_follow_fini(struct qm_follow *follow)
{
	qm_lines_fini(&follow->lines);
	free(follow->recent);
	memset(follow, 0, sizeof(*follow));
}

static uint64_t hash_of(uint64_t hash, struct qm_span text)
{
	return qm_fnv(hash, text.s, text.len);
}

bool qm_follow_seen(struct qm_follow *follow, const struct qm_line *line)
{
	uint64_t hash = hash_of(QM_FNV_BASIS, line->node);
	uint64_t *slot;
	bool seen;

	hash = hash_of(hash, line->body);
	if (!qm_line_value(line, QM_KEY_REC_SEQ).s) {
		hash = (hash ^ line->serial) * QM_FNV_PRIME;
	}
	slot = &follow->recent[hash % QM_FOLLOW_RECENT];
	seen = *slot == hash;
	*slot = hash;
	return seen;
}

static void take_line(void *owner, struct qm_span text)
{
	struct qm_follow *const follow = owner;
	const char *problem = "is no audit record";
	bool strange;

	if (!text.s) {
		problem = "is longer than any record";
	} else if (qm_line_is_ours(text, &strange)) {
		if (qm_line_parse(text, &follow->line, &problem) == 0) {
			if (qm_filter_match(follow->filter, &follow->line) &&
				!qm_follow_seen(follow, &follow->line)) {
				qm_printer_event(follow->printer, &follow->line);
			}
			return;
		}
	} else if (!strange) {
		return;
	}
	qm_report_line(follow->report, follow->path ? follow->path : "-",
				   follow->lines.number, problem);
}

void qm_follow_feed(struct qm_follow *follow, const char *data, size_t size)
{
	qm_lines_feed(&follow->lines, data, size);
}

static ssize_t read_all(struct qm_follow *follow, int fd)
{
	char chunk[CHUNK];
	ssize_t n, total = 0;

	for (;;) {
		n = read(fd, chunk, sizeof(chunk));
		if (n < 0 && errno != EINTR) {
			return -errno;
		}
		if (n == 0) {
			return total;
		}
		if (n > 0) {
			qm_follow_feed(follow, chunk, (size_t)n);
			total += n;
			if (!follow->path && qm_out_flush(&follow->printer->out) < 0) {
				return follow->printer->out.error;
			}
		}
	}
}

/** A new file in place of the one that is read, -1 for none. */
static int open_new(const struct qm_follow *follow, int fd)
{
	struct stat old, new;
	int next;

	if (fstat(fd, &old) < 0 || stat(follow->path, &new) < 0 ||
		(old.st_dev == new.st_dev &&old.st_ino == new.st_ino)) {
		return -1;
	}
	next = open(follow->path, O_RDONLY | O_CLOEXEC);
	return next;
}

/** Begins again when the file was cut short. */
static void rewind_cut(struct qm_follow *follow, int fd)
{
	struct stat st;
	const off_t at = lseek(fd, 0, SEEK_CUR);

	if (at > 0 && fstat(fd, &st) == 0 && st.st_size < at) {
		lseek(fd, 0, SEEK_SET);
		qm_lines_restart(&follow->lines);
	}
}

ssize_t qm_follow_step(struct qm_follow *follow, int *fd)
{
	ssize_t n, more;
	int next;

	if (*fd < 0) {
		*fd = open(follow->path, O_RDONLY | O_CLOEXEC);
		if (*fd < 0) {
			return errno == ENOENT ? 0 : -errno;
		}
	}
	rewind_cut(follow, *fd);
	n = read_all(follow, *fd);
	if (n) {
		return n;
	}
	next = open_new(follow, *fd);
	if (next < 0) {
		return 0;
	}
	/* what was written between the last look and the renaming */
	n = read_all(follow, *fd);
	close(*fd);
	*fd = next;
	if (n < 0) {
		return n;
	}
	qm_lines_end(&follow->lines);
	qm_lines_restart(&follow->lines);
	more = read_all(follow, *fd);
	return more < 0 ? more : n + more;
}

int qm_follow_run(struct qm_follow *follow, int fd)
{
	const struct timespec pause = { 0, PAUSE_NS };
	ssize_t n = 0;

	while (n >= 0 && follow->path && !qm_out_flush(&follow->printer->out)) {
		n = qm_follow_step(follow, &fd);
		if (n == 0) {
			nanosleep(&pause, NULL);
		}
	}
	if (!follow->path) {
		n = read_all(follow, fd);
		if (n >= 0) {
			qm_lines_end(&follow->lines);
		}
	}
	if (fd >= 0) {
		close(fd);
	}
	return n < 0 ? (int)n : 0;
}
