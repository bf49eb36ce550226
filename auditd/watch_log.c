/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "watch_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "watch_line.h"

/** Rotated files looked at to find where reading stopped. */
#define FILES_MAX 10000

/** A renaming moves one file at a time, which leaves a gap for a moment. */
#define GAP_MAX 1

/** How often a search is made again because files were renamed meanwhile. */
#define TRIES 8

/** The log's path with a number. */
#define NAME_MAX_LEN (PATH_MAX + 16)

struct reading {
	struct qm_watch_log *log;
	qm_watch_log_seen seen;
	void *user;
	size_t budget;
};

void qm_watch_log_init(struct qm_watch_log *log)
{
	log->path[0] = '\0';
	log->fd = -1;
	log->from_start = false;
	log->skipping = false;
	log->used = 0;
}

void qm_watch_log_name(struct qm_watch_log *log, const char *path)
{
	snprintf(log->path, sizeof(log->path), "%s", path);
}

static void close_log(struct qm_watch_log *log)
{
	if (log->fd >= 0) {
		close(log->fd);
		log->fd = -1;
	}
}

void qm_watch_log_end(struct qm_watch_log *log)
{
	close_log(log);
}

/** Opens a regular file to read. @return descriptor, or a negative errno */
static int open_file(const char *path, struct stat *st)
{
	int fd, r = 0;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOFOLLOW | O_NOCTTY);
	if (fd < 0) {
		return -errno;
	}
	if (fstat(fd, st) < 0) {
		r = -errno;
	} else if (!S_ISREG(st->st_mode)) {
		r = -EINVAL;
	}
	if (r < 0) {
		close(fd);
		return r;
	}
	return fd;
}

int qm_watch_log_sync(struct qm_watch_log *log)
{
	return log->fd >= 0 && fdatasync(log->fd) < 0 ? -errno : 0;
}

/** Reads on in another file, from its beginning. */
static void change_file(struct qm_watch_log *log, int fd, const struct stat *st)
{
	/* nobody could do that later */
	if (log->sync) {
		qm_watch_log_sync(log);
	}
	close_log(log);
	log->fd = fd;
	log->dev = st->st_dev;
	log->ino = st->st_ino;
	log->offset = 0;
	log->used = 0;
	log->skipping = false;
}

/** Opens the first file of all. */
static int open_first(struct qm_watch_log *log)
{
	struct stat st;
	int fd;

	fd = open_file(log->path, &st);
	if (fd < 0) {
		log->from_start = log->from_start || fd == -ENOENT;
		return fd;
	}
	change_file(log, fd, &st);
	if (!log->from_start && st.st_size) {
		/* the end of a line, or else within one, which then is not wanted */
		log->offset = st.st_size - 1;
		log->skipping = true;
	}
	log->from_start = true;
	return 0;
}

static void take_line(struct reading *reading, const char *line, size_t len)
{
	const char *body;
	size_t body_len;

	if (len <= QM_WATCH_LINE_MAX && qm_watch_line_body(line, len, &body, &body_len)) {
		reading->seen(reading->user, body, body_len);
	}
}

/** Takes in the whole lines of the buffer, and keeps what comes after them. */
static void take_lines(struct reading *reading)
{
	struct qm_watch_log *log = reading->log;
	const char *line = log->buf, *const end = log->buf + log->used, *newline;

	while ((newline = memchr(line, '\n', (size_t)(end - line)))) {
		if (!log->skipping) {
			take_line(reading, line, (size_t)(newline - line));
		}
		log->skipping = false;
		line = newline + 1;
	}
	log->used = (size_t)(end - line);
	if (log->used > QM_WATCH_LINE_MAX) {
		log->skipping = true;
	}
	if (log->skipping) {
		log->used = 0;
	}
	memmove(log->buf, line, log->used);
}

/** Begins again in a file that became shorter. */
static int check_size(struct qm_watch_log *log, struct stat *st)
{
	if (fstat(log->fd, st) < 0) {
		return -errno;
	}
	if (st->st_size < log->offset) {
		log->offset = 0;
		log->used = 0;
		log->skipping = false;
	}
	return 0;
}

/** Reads to the end of the file. @return 1 when the budget ended first, 0, or errno */
static int drain(struct reading *reading)
{
	struct qm_watch_log *log = reading->log;
	ssize_t n;

	while (reading->budget) {
		n = pread(log->fd, log->buf + log->used, QM_WATCH_CHUNK, log->offset);
		if (n < 0 && errno == EINTR) {
			continue;
		}
		if (n <= 0) {
			/* so says 9p of an end that is about to move */
			return n < 0 && errno != ENODATA ? -errno : 0;
		}
		log->offset += n;
		log->used += (size_t)n;
		reading->budget -= (size_t)n < reading->budget ? (size_t)n : reading->budget;
		take_lines(reading);
	}
	return 1;
}

static bool is_current(const struct qm_watch_log *log, const struct stat *st)
{
	return st->st_dev == log->dev && st->st_ino == log->ino;
}

static void name_file(const struct qm_watch_log *log, unsigned n, char *buf)
{
	if (n) {
		snprintf(buf, NAME_MAX_LEN, "%s.%u", log->path, n);
	} else {
		snprintf(buf, NAME_MAX_LEN, "%s", log->path);
	}
}

static int stat_file(const struct qm_watch_log *log, unsigned n, struct stat *st)
{
	char name[NAME_MAX_LEN];

	name_file(log, n, name);
	return lstat(name, st) < 0 ? -errno : 0;
}

static bool is_older(const struct stat *st, const struct stat *than)
{
	if (st->st_mtim.tv_sec != than->st_mtim.tv_sec) {
		return st->st_mtim.tv_sec < than->st_mtim.tv_sec;
	}
	return st->st_mtim.tv_nsec < than->st_mtim.tv_nsec;
}

/**
 * Finds the number that what is being read has now. If it has none any more, then
 * one above the oldest file that was written later; 0 if there is none, as when the
 * log got another name in auditd.conf and auditd has not been told yet.
 */
static unsigned find_current(const struct qm_watch_log *log, const struct stat *current,
							 bool *ret_found)
{
	unsigned next = 0, gap = 0, n;
	struct stat st;

	for (n = 0; n < FILES_MAX && gap <= GAP_MAX; n++) {
		if (stat_file(log, n, &st) < 0) {
			gap += n > 0;
			continue;
		}
		gap = 0;
		if (is_current(log, &st)) {
			*ret_found = true;
			return n;
		}
		if (!is_older(&st, current) || (!n && !current->st_nlink)) {
			next = n + 1;
		}
	}
	*ret_found = false;
	return next;
}

/** Opens the file that followed number `n`. @return descriptor, or a negative errno */
static int open_next(const struct qm_watch_log *log, unsigned n, struct stat *st)
{
	char name[NAME_MAX_LEN];
	int fd = -ENOENT;

	/* one in between may have been removed */
	while (n && fd == -ENOENT) {
		name_file(log, --n, name);
		fd = open_file(name, st);
	}
	return fd;
}

/**
 * Whether the search still holds. Renaming begins with the oldest file: while the one
 * searched for is where it was, those after it are as well.
 */
static bool still_holds(const struct qm_watch_log *log, const struct stat *current,
						unsigned n, bool found)
{
	bool found_now;

	return find_current(log, current, &found_now) == n && found_now == found;
}

/** Goes on to the next file. @return 1, 0 if there is none yet, or a negative errno */
static int advance(struct qm_watch_log *log, const struct stat *current)
{
	struct stat st;
	unsigned n;
	bool found;
	int fd;

	for (unsigned tries = 0; tries < TRIES; tries++) {
		n = find_current(log, current, &found);
		if (!n) {
			return 0;
		}
		fd = open_next(log, n, &st);
		if (still_holds(log, current, n, found)) {
			if (fd >= 0) {
				change_file(log, fd, &st);
			}
			return fd >= 0 ? 1 : fd == -ENOENT ? 0 : fd;
		}
		if (fd >= 0) {
			close(fd);
		}
	}
	return 0;
}

/** Whether something else has the log's name now. @return 1, 0, or a negative errno */
static int is_replaced(const struct qm_watch_log *log, const struct stat *current)
{
	struct stat st;
	int r = stat_file(log, 0, &st);

	if (r == -ENOENT) {
		/* auditd may still write there, but nobody will read it */
		return current->st_nlink ? 0 : -ESTALE;
	}
	return r < 0 ? r : !is_current(log, &st);
}

int qm_watch_log_check(struct qm_watch_log *log)
{
	struct stat st;
	int fd, r;

	if (log->fd < 0) {
		return open_first(log);
	}
	if (fstat(log->fd, &st) < 0) {
		return -errno;
	}
	r = is_replaced(log, &st);
	if (r <= 0) {
		return r;
	}
	fd = open_file(log->path, &st);
	if (fd >= 0) {
		close(fd);
	}
	/* it was renamed, and the next one will be there at once */
	return fd == -ENOENT || fd >= 0 ? 0 : fd;
}

/** Reads one file as far as it goes. @return 1 if there is more, 0, or errno */
static int read_file(struct reading *reading)
{
	struct qm_watch_log *log = reading->log;
	struct stat st;
	int replaced, r;

	r = check_size(log, &st);
	if (r < 0) {
		return r;
	}
	/* before reading, so that nothing is written to it after the end that is read */
	replaced = is_replaced(log, &st);
	r = drain(reading);
	if (r || replaced <= 0) {
		return r ? r : replaced;
	}
	if (fstat(log->fd, &st) < 0) {
		return -errno;
	}
	return advance(log, &st);
}

int qm_watch_log_read(struct qm_watch_log *log, qm_watch_log_seen seen, void *user)
{
	struct reading reading = { log, seen, user, QM_WATCH_READ_MAX };
	int r = 0;

	if (log->fd < 0) {
		r = open_first(log);
	}
	if (r < 0) {
		return r;
	}
	do {
		r = read_file(&reading);
	} while (r > 0 && reading.budget);
	return r;
}
