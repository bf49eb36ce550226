/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What must outlive the daemon, in an SQLite database in the state directory.
 */
#ifndef QM_STORE_H
#define QM_STORE_H

#include <limits.h>
#include <stdint.h>

/** Bytes of an error message, with the NUL: a path and what is wrong with it. */
#define QM_STORE_ERROR_MAX (PATH_MAX + 256)

/**
 * Counts a start of the daemon.
 *
 * Makes the state directory (0700) and the database in it (0600) where they
 * are missing. The new number is on disk before this returns.
 *
 * @param dir	state directory; only its last component is made
 * @param ret	receives the number of this start on this host, from 1
 * @param error	receives what failed, on what, why, and what to do; untouched on
 *				success
 * @return		0, a negative errno of the directory or the database file,
 *				-ENOMEM, -EILSEQ if the file is no database of ours, or -EIO
 */
int qm_store_next_instance(const char *dir, uint32_t *ret,
						   char error[QM_STORE_ERROR_MAX]);

#endif
