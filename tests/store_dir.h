/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A directory of our own to keep state in.
 */
#ifndef QM_STORE_DIR_H
#define QM_STORE_DIR_H

#include <limits.h>

struct store_dir {
	char base[PATH_MAX / 4];
	/** not there yet */
	char path[PATH_MAX / 2];
};

struct store_dir store_dir_make(void);
/** Removes all of it. */
void store_dir_remove(const struct store_dir *dir);

/** Has every write to a file fail as on a disk that is full, or no more; in the whole
 * process. */
void store_dir_fill_disk(void);
void store_dir_free_disk(void);

#endif
