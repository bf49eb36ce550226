/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "logs.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <glob.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "../auditd_conf.h"
#include "kernel_line.h"
#include "line.h"

/** What is read at once from what is no file. */
#define CHUNK 262144

/** What auditd's settings say, or what holds without them. */
static int read_conf(const char *path, struct qm_auditd_conf *ret)
{
	unsigned wrong;
	int fd, error;

	qm_auditd_conf_init(ret);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0) {
		return errno == ENOENT ? 0 : -errno;
	}
	error = qm_auditd_conf_read(fd, ret, &wrong);
	close(fd);
	/* what is wrong in one line leaves the others as they are */
	return wrong ? 0 : error;
}

/** Number at the end of a rotated log's name, -1 for something else. */
static long number_of(const char *path)
{
	const char *dot = strrchr(path, '.');
	char *end;
	long n;

	if (!dot || !isdigit((unsigned char)dot[1])) {
		return -1;
	}
	n = strtol(dot + 1, &end, 10);
	return *end ? -1 : n;
}

static int by_age(const void *a, const void *b)
{
	const long x = number_of(*(char *const *)a), y = number_of(*(char *const *)b);

	return (x < y) - (x > y);
}

static int add(struct qm_logs *logs, const char *path)
{
	char **paths = realloc(logs->paths, (logs->count + 1) * sizeof(*paths));

	if (!paths) {
		return -ENOMEM;
	}
	logs->paths = paths;
	paths[logs->count] = strdup(path);
	if (!paths[logs->count]) {
		return -ENOMEM;
	}
	logs->count++;
	return 0;
}

static int add_rotated(struct qm_logs *logs, const char *path)
{
	char pattern[4096];
	glob_t found = { 0 };
	int error = 0;

	if ((size_t)snprintf(pattern, sizeof(pattern), "%s.[0-9]*", path) >=
		sizeof(pattern)) {
		return -ENAMETOOLONG;
	}
	if (glob(pattern, 0, NULL, &found) == 0) {
		for (size_t i = 0; i < found.gl_pathc && !error; i++) {
			if (number_of(found.gl_pathv[i]) >= 0) {
				error = add(logs, found.gl_pathv[i]);
			}
		}
		if (logs->count) {
			qsort(logs->paths, logs->count, sizeof(*logs->paths), by_age);
		}
	}
	globfree(&found);
	return error;
}

int qm_logs_find(const char *conf, struct qm_logs *ret)
{
	struct qm_logs logs = { 0 };
	struct qm_auditd_conf settings;
	int error = read_conf(conf, &settings);

	if (error < 0) {
		return error;
	}
	error = add_rotated(&logs, settings.log_file);
	if (!error) {
		error = add(&logs, settings.log_file);
	}
	if (error < 0) {
		qm_logs_free(&logs);
		return error;
	}
	*ret = logs;
	return 0;
}

void qm_logs_free(struct qm_logs *logs)
{
	for (size_t i = 0; i < logs->count; i++) {
		free(logs->paths[i]);
	}
	free(logs->paths);
	*logs = (struct qm_logs){ 0 };
}

/** Gives a page of zeros where a file has become shorter than what was mapped. */
static void on_bus_error(int sig, siginfo_t *info, void *context)
{
	const uintptr_t page = (uintptr_t)sysconf(_SC_PAGESIZE);
	const uintptr_t at = (uintptr_t)info->si_addr & ~(page - 1);

	(void)context;
	if (info->si_code != BUS_ADRERR ||
		mmap((void *)at, page, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED, -1,
			 0) == MAP_FAILED) {
		signal(sig, SIG_DFL);
	}
}

static int map_file(struct qm_log *log, int fd, size_t size)
{
	struct sigaction action = { .sa_sigaction = on_bus_error, .sa_flags = SA_SIGINFO };

	sigaction(SIGBUS, &action, NULL);
	log->data = mmap(NULL, size, PROT_READ, MAP_PRIVATE, fd, 0);
	if (log->data == MAP_FAILED) {
		log->data = NULL;
		return -errno;
	}
	madvise(log->data, size, MADV_SEQUENTIAL);
	log->size = size;
	log->mapped = true;
	return 0;
}

static int keep_room(struct qm_log *log, size_t *size, size_t n)
{
	char *data;

	if (*size - log->size >= n) {
		return 0;
	}
	while (*size - log->size < n) {
		*size = *size ? *size * 2 : CHUNK;
	}
	data = realloc(log->data, *size);
	if (!data) {
		return -ENOMEM;
	}
	log->data = data;
	return 0;
}

/**
 * Of the whole lines from `from` on, keeps those that are ours, or strange. The
 * others leave their newlines, so that lines keep their numbers.
 */
static void drop_foreign(struct qm_log *log, size_t *from,
						 struct qm_kernel_recent *kernel)
{
	char *to = log->data + *from, *p = to, *const end = log->data + log->size, *newline;

	while ((newline = memchr(p, '\n', (size_t)(end - p)))) {
		const size_t len = (size_t)(newline - p);
		const struct qm_span text = { p, len };
		bool strange = false;

		if (qm_line_is_ours(text, &strange) || strange ||
			(kernel && qm_kernel_line_is_wanted(kernel, text))) {
			memmove(to, p, len);
			to += len;
		}
		*to++ = '\n';
		p = newline + 1;
	}
	*from = (size_t)(to - log->data);
	memmove(to, p, (size_t)(end - p));
	log->size = *from + (size_t)(end - p);
	/* of a line without an end, enough to tell that it is too long */
	if (log->size - *from > QM_LINE_LEN_MAX + 1) {
		log->size = *from + QM_LINE_LEN_MAX + 1;
	}
}

static int read_stream(struct qm_log *log, int fd, bool with_kernel,
					   struct qm_report *report)
{
	struct qm_kernel_recent recent = { 0 };
	size_t size = 0, whole = 0;
	uint64_t total = 0;
	ssize_t n;
	int error;

	for (;;) {
		error = keep_room(log, &size, CHUNK);
		if (error < 0) {
			return error;
		}
		n = read(fd, log->data + log->size, CHUNK);
		if (n == 0) {
			return 0;
		}
		if (n < 0 && errno != EINTR) {
			return -errno;
		}
		if (n > 0) {
			total += (uint64_t)n;
			log->size += (size_t)n;
			drop_foreign(log, &whole, with_kernel ? &recent : NULL);
			qm_report_progress(report, "bytes read", total, 0);
		}
	}
}

int qm_log_open(struct qm_log *log, int fd, bool with_kernel, struct qm_report *report)
{
	struct stat st;
	int error;

	*log = (struct qm_log){ 0 };
	if (fstat(fd, &st) < 0) {
		return -errno;
	}
	if (S_ISDIR(st.st_mode)) {
		return -EISDIR;
	}
	if (S_ISREG(st.st_mode) && lseek(fd, 0, SEEK_CUR) == 0) {
		return st.st_size ? map_file(log, fd, (size_t)st.st_size) : 0;
	}
	error = read_stream(log, fd, with_kernel, report);
	if (error < 0) {
		qm_log_close(log);
	}
	return error;
}

void qm_log_close(struct qm_log *log)
{
	if (log->mapped) {
		munmap(log->data, log->size);
	} else {
		free(log->data);
	}
	*log = (struct qm_log){ 0 };
}
