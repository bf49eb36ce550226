/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Files that are read whole, and replaced whole: whoever reads one, or loses power,
 * finds the old contents or the new ones, never a part.
 */
#ifndef QM_FILE_H
#define QM_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include "complaint.h"

/** A file under change. Only one process at a time has it. */
struct qm_file;

/**
 * Reads a whole file.
 *
 * @param path		"-" for standard input
 * @param max		bytes; a file that has more is refused
 * @param ret		receives the contents, to be freed by the caller; unchanged on
 *					failure
 * @param ret_size	receives their size
 * @param why		says what is wrong on failure
 * @return			0 or a negative errno: -ENOENT and -EACCES are the system's, -EINVAL
 *					is no regular file, -EFBIG one that is too large
 */
int qm_file_read(const char *path, size_t max, char **ret, size_t *ret_size,
				 struct qm_complaint *why);

/**
 * Opens a file to be replaced, follows symbolic links to it, and waits for others who
 * are at it, for some seconds.
 *
 * @param create	whether the file need not exist; it is empty then
 * @param max		bytes; a file that has more is refused
 * @param ret		receives the file, to be closed with qm_file_close(); unchanged on
 *					failure
 * @param why		says what is wrong on failure
 * @return			0 or a negative errno, as qm_file_read(); -EBUSY where others do not
 *					finish
 */
int qm_file_open(const char *path, bool create, size_t max, struct qm_file **ret,
				 struct qm_complaint *why);

/** The contents as they were when the file was opened, and their size. */
const char *qm_file_data(const struct qm_file *file, size_t *ret_size);

/**
 * Replaces the contents. Mode, owner and extended attributes (access control lists,
 * labels) stay. May be called once.
 *
 * @param why		says what is wrong on failure
 * @return			0 or a negative errno; the file is as it was then
 */
int qm_file_replace(struct qm_file *file, const char *data, size_t size,
					struct qm_complaint *why);

/**
 * Lets others at a file.
 *
 * @param file		may be NULL
 * @return			NULL
 */
struct qm_file *qm_file_close(struct qm_file *file);

#endif
