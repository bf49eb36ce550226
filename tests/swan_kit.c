/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "swan_kit.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOGS_MAX 32

static char logs[LOGS_MAX][PATH_MAX + 512];
static int log_count;
static void (*dbg_before)(debug_t group, level_t level, char *fmt, ...);
static char conf_path[PATH_MAX];

/** Only plain conversions: those of strongSwan's own do not reach printf here. */
static void keep_log(debug_t group, level_t level, char *fmt, ...)
{
	va_list args;

	(void)group;
	if (level > 1) {
		return;
	}
	if (log_count == LOGS_MAX) {
		abort();
	}
	va_start(args, fmt);
	vsnprintf(logs[log_count++], sizeof(logs[0]), fmt, args);
	va_end(args);
}

void swan_capture(void)
{
	log_count = 0;
	dbg_before = dbg;
	dbg = keep_log;
}

void swan_release(void)
{
	dbg = dbg_before;
	log_count = 0;
}

int swan_logs(void)
{
	return log_count;
}

const char *swan_log(int i)
{
	return i < log_count ? logs[i] : NULL;
}

static bool write_conf(const char *conf)
{
	FILE *file = fopen(conf_path, "w");
	bool good = file && fputs(conf, file) >= 0;

	return file && !fclose(file) && good;
}

bool swan_init(const char *ns, const char *conf)
{
	const char *tmp = getenv("TMPDIR");
	int fd;

	snprintf(conf_path, sizeof(conf_path), "%s/qm-audit-test.XXXXXX",
			 tmp ? tmp : "/tmp");
	fd = mkstemp(conf_path);
	if (fd < 0) {
		return FALSE;
	}
	close(fd);
	swan_capture();
	return write_conf(conf) && library_init(conf_path, ns);
}

bool swan_reload(const char *conf)
{
	log_count = 0;
	return write_conf(conf) &&
		   lib->settings->load_files(lib->settings, lib->conf, FALSE);
}

void swan_deinit(void)
{
	library_deinit();
	swan_release();
	unlink(conf_path);
}
