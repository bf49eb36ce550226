/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store's files in the state directory: the database, what SQLite has beside
 * it, and the file that keeps others out.
 */
#ifndef QM_STORE_FILE_H
#define QM_STORE_FILE_H

#include <stdbool.h>
#include <stddef.h>

/** The state directory, held by this process. */
struct qm_store_files {
	/** descriptors of the directory and of the lock's file, or -1 */
	int dir;
	int lock;
	/** path of the database; "" for one in memory */
	char *path;
	/** a store has given out numbers here before */
	bool used;
};

/**
 * Makes the directory, where it is not there, and keeps others out of it.
 *
 * @param files		receives the directory; qm_store_files_close() is due also on
 *					failure
 * @param ret_what	receives what was done when it failed, static
 * @param ret_path	receives on what, valid as long as `files` and `dir`
 * @return			0, -EBUSY when another has it, else a negative errno
 */
int qm_store_files_open(struct qm_store_files *files, const char *dir,
						const char **ret_what, const char **ret_path);

/**
 * Makes the database's file, where it is not there, and looks at those beside it.
 *
 * @return	0, -EILSEQ when there is a log without its database, -ELOOP, -EISDIR and
 *			-EINVAL where one is not a file, else a negative errno
 */
int qm_store_files_check(const struct qm_store_files *files);

/**
 * Renames the database, with what is beside it, to a name that is not in use.
 *
 * @param name	receives the name in the directory
 * @return		0 or a negative errno
 */
int qm_store_files_set_aside(const struct qm_store_files *files, char *name, size_t size);

/** Numbers have been given out here, and the files are there after a power failure. */
int qm_store_files_mark_used(const struct qm_store_files *files);

/** Removes a database that was only begun: next time it would seem to have been lost. */
void qm_store_files_tidy(const struct qm_store_files *files);

/** Lets others in. */
void qm_store_files_close(struct qm_store_files *files);

#endif
