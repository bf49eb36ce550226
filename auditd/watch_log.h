/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Follows auditd's log while auditd appends to it and rotates it: audit.log
 * becomes audit.log.1, that audit.log.2, and so on, and a new audit.log comes.
 */
#ifndef QM_WATCH_LOG_H
#define QM_WATCH_LOG_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

/** Longest line that is read; longer ones are passed over. */
#define QM_WATCH_LINE_MAX 16384

/** Bytes read at a time. */
#define QM_WATCH_CHUNK 65536

/** Bytes read in one call. */
#define QM_WATCH_READ_MAX (1024 * 1024)

struct qm_watch_log {
	/** see struct qm_watch_config */
	bool sync;
	char path[PATH_MAX];
	/** what is being read, or -1 */
	int fd;
	dev_t dev;
	ino_t ino;
	off_t offset;
	/** the first file begins at its end; one that comes later, at its beginning */
	bool from_start;
	/** what is read now is the rest of a line that is not wanted */
	bool skipping;
	/** a line whose end was not there yet */
	size_t used;
	char buf[QM_WATCH_LINE_MAX + QM_WATCH_CHUNK];
};

/** Called with the body of each record. */
typedef void (*qm_watch_log_seen)(void *user, const char *body, size_t len);

/** Starts without a log; qm_watch_log_end() gives back what it comes to hold. */
void qm_watch_log_init(struct qm_watch_log *log);

/** Names the log. What is left to read of one before it is read first. */
void qm_watch_log_name(struct qm_watch_log *log, const char *path);

/**
 * Opens the log, or looks whether one that is open can be followed.
 *
 * @return	0, -ENOENT when it is not there, -ESTALE when it was removed while it was
 *			read, -ELOOP for a symbolic link, -EINVAL for anything else than a regular
 *			file, or another negative errno
 */
int qm_watch_log_check(struct qm_watch_log *log);

/**
 * Reads what has been added, no more than QM_WATCH_READ_MAX.
 *
 * @return	1 if there is more to read, 0, or a negative errno as above
 */
int qm_watch_log_read(struct qm_watch_log *log, qm_watch_log_seen seen, void *user);

/** Has the file that is read be on disk. @return 0 or a negative errno */
int qm_watch_log_sync(struct qm_watch_log *log);

/** Closes it, if it is open. */
void qm_watch_log_end(struct qm_watch_log *log);

#endif
