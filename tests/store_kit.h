/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * State directories to keep stores in, and what to keep in them.
 */
#ifndef QM_STORE_KIT_H
#define QM_STORE_KIT_H

#include <limits.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "store.h"

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
	struct qm_store *store;
	struct qm_store_start start;
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

/** Opens a store without bounds that outlives the daemon's end. */
struct outcome store_open(const char *dir);
struct outcome store_open_with(const struct qm_store_config *config);
/** One that must open, and without a word. */
struct qm_store *store_must_open(const struct place *place, struct qm_store_start *start);
/** Opens a store and closes it. The store is not valid. */
struct outcome store_start(const char *dir);
/** The same in a process of this user. */
struct outcome store_start_as(uid_t uid, const char *dir);

/** Makes or replaces a file. */
void store_write(const char *path, const char *data, size_t len);
struct content store_read(const char *path);
/** Has SQLite execute something in the place's database. */
void store_sql(const struct place *place, const char *sql);
/** Asks SQLite for an integer there. */
int64_t store_ask(const struct place *place, const char *sql);
/** Puts a file of the corpus where the database is to be. */
void store_install(const struct place *place, const char *name);
/** Files in the directory whose names begin so. */
unsigned store_count_files(const char *dir, const char *prefix);

/** A record that its number can be told from; its body's length depends on it. */
struct qm_record store_record(uint64_t n);
/** Adds such records, the first of number `first`. @return id of the last */
uint64_t store_add(struct qm_store *store, uint32_t instance, uint64_t first,
				   unsigned count);
/** Reads all, which must be those records, and all that the counts tell of. */
void store_expect(struct qm_store *store, uint64_t first, unsigned count);

/** An SA pair in which no member is 0; its parts depend on the number. */
struct qm_open_sa store_sa(uint32_t instance, uint32_t child_sa);

/** Whether each member is the same. */
bool store_same_sa(const struct qm_open_sa *a, const struct qm_open_sa *b);

/** SA pairs that were read, in that order. */
struct store_sas {
	unsigned count;
	struct qm_open_sa sas[64];
	uint64_t bad;
	int r;
};

/** Reads those of earlier runs; to be freed. */
struct store_sas *store_earlier(struct qm_store *store);

#endif
