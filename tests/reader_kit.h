/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A directory for what a reader's test needs, and files in it.
 */
#ifndef QM_READER_KIT_H
#define QM_READER_KIT_H

#include <limits.h>
#include <stdbool.h>

/** A directory of its own. */
struct kit {
	char dir[PATH_MAX];
	/** the last path that kit_path() gave */
	char path[PATH_MAX + NAME_MAX + 2];
};

/** Makes the directory. @return whether it could */
bool kit_begin(struct kit *kit);
/** Removes it with all that is in it. */
void kit_end(struct kit *kit);
/** The path of a name in it; valid until the next call. */
const char *kit_path(struct kit *kit, const char *name);
/** Writes a file. @return its path, as kit_path() */
const char *kit_write(struct kit *kit, const char *name, const char *text, unsigned mode);
/** What a file holds, to be freed; NULL where there is none. */
char *kit_read(struct kit *kit, const char *name);
/** How many entries the directory has. */
int kit_count(struct kit *kit);
/**
 * Runs a command in a process of its own in the directory, its output in the files out
 * and err.
 *
 * @param words		its arguments, between spaces
 * @return			its exit status, -1 where it has none
 */
int kit_run(struct kit *kit, const char *name, int (*command)(int argc, char **argv),
			const char *words);

#endif
