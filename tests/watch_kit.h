/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A made-up system with an auditd, in a directory: its pid file, its settings, its
 * log, and a /proc. The log is written and rotated as auditd does it. The clock that
 * the watch sees can be put forward.
 */
#ifndef QM_WATCH_KIT_H
#define QM_WATCH_KIT_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "watch.h"

#define WATCH_PID 345

struct watch_place {
	char dir[PATH_MAX / 4];
	char proc[PATH_MAX / 2];
	char pid_file[PATH_MAX / 2];
	char newer_pid_file[PATH_MAX / 2];
	char conf[PATH_MAX / 2];
	char log[PATH_MAX / 2];
	/** the log as auditd has it open, or -1 */
	int fd;
	unsigned serial;
};

/** What was seen in the log, in its order. */
struct watch_seen {
	uint64_t *marks;
	size_t n;
	size_t size;
};

/** A system whose auditd runs and has an empty log. */
struct watch_place watch_place(void);
/** Removes all of it. */
void watch_remove(struct watch_place *place);

/** A watch that reads the place's log as its settings say, or that `log`. */
struct qm_watch *watch_start(const struct watch_place *place, const char *log);

/** Looks, and says what state was found. */
enum qm_sink_state watch_state(struct qm_watch *watch);

/** Makes or replaces a file in the place. */
void watch_write(const char *path, const char *text);
/** Has a process of that name and in that state. */
void watch_process(const struct watch_place *place, uint32_t pid, const char *name,
				   char state);
void watch_no_process(const struct watch_place *place, uint32_t pid);

/** How a record's line looks. */
enum watch_form {
	WATCH_RAW,
	WATCH_ENRICHED,
	WATCH_NODE,
	WATCH_UNKNOWN,
	WATCH_FORM_MAX,
};

/** Writes the line of a record with that body. @return bytes */
size_t watch_line(char *buf, size_t size, enum watch_form form, unsigned serial,
				  const char *body);

/** Appends bytes to the log. */
void watch_append(struct watch_place *place, const char *data, size_t len);
/** Appends one more record. @return its mark */
uint64_t watch_record(struct watch_place *place, enum watch_form form);
/** The mark of the record of that number, the first of which is 1. */
uint64_t watch_mark(unsigned serial);
/** Renames the files of the log, of which `keep` remain, and begins a new one. */
void watch_rotate(struct watch_place *place, unsigned keep);

/** Reads once. @return what qm_watch_read() returned */
int watch_read(struct qm_watch *watch, struct watch_seen *seen);
/** Reads until there is no more. */
void watch_read_all(struct qm_watch *watch, struct watch_seen *seen);
/** Forgets what was seen. */
void watch_forget(struct watch_seen *seen);

/** Puts the clock forward. */
void watch_skip_ms(uint64_t ms);

/** Whether this process is root and so kept from nothing by modes. */
bool watch_is_root(void);

#endif
