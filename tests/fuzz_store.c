/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: a database with any bytes in it is opened and used. Whatever it is, the
 * store works, if need be with a new database, or says what is wrong.
 */
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fuzz.h"
#include "store.h"

/** Records and pairs that are read of it at most. */
#define READ_MAX 10000

static char base[64];

static void clean_up(void)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "rm -rf '%s'", base);
	if (system(path)) {
		fprintf(stderr, "# could not remove %s\n", base);
	}
}

/** A directory of our own, where waiting for the disk takes no time. */
static void make_base(void)
{
	snprintf(base, sizeof(base), "%s/qm-audit-fuzz.XXXXXX",
			 access("/dev/shm", W_OK) ? "/tmp" : "/dev/shm");
	if (!mkdtemp(base)) {
		abort();
	}
	atexit(clean_up);
}

static void put_file(const uint8_t *data, size_t size)
{
	char path[PATH_MAX];
	FILE *file;

	snprintf(path, sizeof(path), "%s/state.db", base);
	file = fopen(path, "w");
	if (!file || fwrite(data, 1, size, file) != size || fclose(file)) {
		abort();
	}
}

/** Removes what a run has left, so that the next begins alike. */
static void remove_files(const char *error)
{
	static const char *const suffixes[] = { "", "-wal", "-shm", "-journal" };
	const char *aside = strstr(error, "state.db.damaged-");
	char path[PATH_MAX];

	for (size_t i = 0; i < sizeof(suffixes) / sizeof(suffixes[0]); i++) {
		snprintf(path, sizeof(path), "%s/state.db%s", base, suffixes[i]);
		unlink(path);
		if (aside) {
			snprintf(path, sizeof(path), "%s/%.*s%s", base, (int)strcspn(aside, "'"),
					 aside, suffixes[i]);
			unlink(path);
		}
	}
	snprintf(path, sizeof(path), "%s/state.lock", base);
	unlink(path);
}

static void see(void *user, const struct qm_open_sa *sa)
{
	uint64_t *count = user;

	if (sa->facts.local_ts.count > QM_TS_MAX || sa->facts.conn_name.len > QM_TEXT_MAX ||
		sa->facts.satype >= QM_SATYPE_MAX || !memchr(sa->facts.pfs, 0, QM_ALG_MAX)) {
		abort();
	}
	++*count;
}

/** Reads all there is. @return whether the store still works */
static bool read_all(struct qm_store *store)
{
	uint64_t id = 0, count = 0, bad;
	struct qm_stored stored;
	int r;

	do {
		stored.id = 0;
		r = qm_store_next(store, id, &stored);
		if ((!r || r == -EILSEQ) && stored.id <= id) {
			abort();
		}
		if (!r && strlen(stored.record.body) != stored.record.len) {
			abort();
		}
		id = stored.id;
	} while ((!r || r == -EILSEQ) && ++count < READ_MAX);
	return r == -ENOENT && !qm_store_earlier_sas(store, see, &count, &bad);
}

/** Does some of everything. @return whether all of it worked */
static bool work(struct qm_store *store, uint32_t instance)
{
	static const struct qm_record record = { .len = 4, .body = "text" };
	const struct qm_open_sa sa = { .instance = instance };
	uint64_t id, seq;

	return !qm_store_add(store, instance, 1, &record, &id) &&
		   !qm_store_next_seq(store, instance, &seq) && !qm_store_keep_sa(store, &sa) &&
		   !qm_store_set_loss(store, QM_LOSS_STORE, 1, 1) && !qm_store_commit(store, 1) &&
		   !qm_store_drop_sa(store, instance, 0) && !qm_store_remove(store, id) &&
		   !qm_store_mark_stopped(store) && !qm_store_commit(store, 2);
}

static void use(struct qm_store *store, uint32_t instance, bool fresh)
{
	uint64_t records, bytes;

	if (read_all(store) && work(store, instance)) {
		qm_store_waiting(store, &records, &bytes);
		if (records || bytes) {
			abort();
		}
	} else if (fresh || !*qm_store_error(store)) {
		abort();
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct qm_store_config config = {
		.dir = base,
		.durability = QM_DURABLE_CRASH,
	};
	char error[QM_STORE_ERROR_MAX];
	struct qm_store_start start;
	struct qm_store *store;
	int r;

	if (!*base) {
		make_base();
	}
	put_file(data, size);
	r = qm_store_open(&store, &config, &start, error);
	if (r < 0 ? !*error : !start.instance || start.set_aside != !!*error) {
		abort();
	}
	if (!r) {
		use(store, start.instance, start.set_aside);
		qm_store_close(store);
	}
	remove_files(error);
	return 0;
}
