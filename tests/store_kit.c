/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store_kit.h"

#include <fcntl.h>
#include <ftw.h>
#include <grp.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"

struct place store_place(void)
{
	const char *tmp = getenv("TMPDIR");
	struct place place;

	snprintf(place.base, sizeof(place.base), "%s/qm-audit-test.XXXXXX",
			 tmp ? tmp : "/tmp");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(place.base));
	snprintf(place.dir, sizeof(place.dir), "%s/state", place.base);
	snprintf(place.file, sizeof(place.file), "%s/state.db", place.dir);
	snprintf(place.named, sizeof(place.named), "state database '%s'", place.file);
	return place;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void store_remove(const struct place *place)
{
	QM_OK(nftw(place->base, remove_one, 16, FTW_DEPTH | FTW_PHYS));
}

struct outcome store_start(const char *dir)
{
	struct outcome o = { .instance = STORE_NO_INSTANCE, .error = STORE_UNTOUCHED };

	o.r = qm_store_next_instance(dir, &o.instance, o.error);
	return o;
}

struct outcome store_start_as(uid_t uid, const char *dir)
{
	struct outcome *shared, o;
	int status = -1;
	pid_t pid;

	shared = mmap(NULL, sizeof(*shared), PROT_READ | PROT_WRITE,
				  MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	CU_ASSERT_PTR_NOT_EQUAL_FATAL(shared, MAP_FAILED);
	pid = fork();
	if (!pid) {
		if (setgroups(0, NULL) || setresgid(uid, uid, uid) || setresuid(uid, uid, uid)) {
			_exit(1);
		}
		*shared = store_start(dir);
		_exit(0);
	}
	QM_OK_FATAL(pid);
	waitpid(pid, &status, 0);
	QM_INT(status, 0);
	o = *shared;
	munmap(shared, sizeof(*shared));
	return o;
}

void store_write(const char *path, const char *data, size_t len)
{
	FILE *file = fopen(path, "w");

	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	QM_INT(fwrite(data, 1, len, file), len);
	QM_INT(fclose(file), 0);
}

struct content store_read(const char *path)
{
	struct content content = { 0 };
	FILE *file = fopen(path, "r");
	struct stat st;

	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	QM_OK_FATAL(fstat(fileno(file), &st));
	content.data = malloc((size_t)st.st_size + 1);
	CU_ASSERT_PTR_NOT_NULL_FATAL(content.data);
	content.len = fread(content.data, 1, (size_t)st.st_size + 1, file);
	fclose(file);
	return content;
}

void store_sql(const struct place *place, const char *sql)
{
	char *error = NULL;
	sqlite3 *db;

	QM_INT(sqlite3_open(place->file, &db), SQLITE_OK);
	sqlite3_exec(db, sql, NULL, NULL, &error);
	QM_STR(error, NULL);
	sqlite3_free(error);
	sqlite3_close(db);
}
