/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State directories to start daemons in.
 */
#ifndef QM_STORE_KIT_H
#define QM_STORE_KIT_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "store.h"

/** What a start must not touch: the number on failure, the error on success. */
#define STORE_NO_INSTANCE 0xdeadbeef
#define STORE_UNTOUCHED "untouched"

/** A state directory that is not there yet, in a directory of our own. */
struct place {
	char base[PATH_MAX / 4];
	char dir[PATH_MAX / 2];
	char file[PATH_MAX];
	/** as errors name the file */
	char named[PATH_MAX + 32];
};

/** What came of a start. */
struct outcome {
	int r;
	uint32_t instance;
	char error[QM_STORE_ERROR_MAX];
};

/** A file's content, to be freed. */
struct content {
	char *data;
	size_t len;
};

struct place store_place(void);
/** Removes all of it. */
void store_remove(const struct place *place);

struct outcome store_start(const char *dir);
/** The same in a process of this user. */
struct outcome store_start_as(uid_t uid, const char *dir);

/** Makes or replaces a file. */
void store_write(const char *path, const char *data, size_t len);
struct content store_read(const char *path);
/** Has SQLite execute something in the place's database. */
void store_sql(const struct place *place, const char *sql);

#endif
