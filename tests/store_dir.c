/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store_dir.h"

#include <ftw.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/resource.h>

#include "test.h"

struct store_dir store_dir_make(void)
{
	const char *tmp = getenv("TMPDIR");
	struct store_dir dir;

	snprintf(dir.base, sizeof(dir.base), "%s/qm-audit-test.XXXXXX", tmp ? tmp : "/tmp");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(dir.base));
	snprintf(dir.path, sizeof(dir.path), "%s/state", dir.base);
	return dir;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void store_dir_remove(const struct store_dir *dir)
{
	QM_OK(nftw(dir->base, remove_one, 16, FTW_DEPTH | FTW_PHYS));
}

static void limit_files(rlim_t bytes)
{
	struct rlimit limit;

	QM_OK_FATAL(getrlimit(RLIMIT_FSIZE, &limit));
	limit.rlim_cur = bytes < limit.rlim_max ? bytes : limit.rlim_max;
	fflush(NULL);
	QM_OK_FATAL(setrlimit(RLIMIT_FSIZE, &limit));
}

void store_dir_fill_disk(void)
{
	signal(SIGXFSZ, SIG_IGN);
	limit_files(0);
}

void store_dir_free_disk(void)
{
	limit_files(RLIM_INFINITY);
}
