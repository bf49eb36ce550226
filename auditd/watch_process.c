/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "watch_process.h"

#include <dirent.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/** The first PID namespace has the same number in every kernel since 3.8. */
#define FIRST_NAMESPACE "pid:[4026531836]"

/** Reads the beginning of a small file as text. @return bytes, or a negative errno */
static int read_text(const char *path, char *buf, size_t size)
{
	int fd, r;
	ssize_t n;

	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		return -errno;
	}
	n = read(fd, buf, size - 1);
	r = n < 0 ? -errno : (int)n;
	close(fd);
	buf[n < 0 ? 0 : n] = '\0';
	return r;
}

bool qm_process_is_first_namespace(const char *proc)
{
	char path[PATH_MAX], name[64];
	ssize_t n;

	snprintf(path, sizeof(path), "%s/self/ns/pid", proc);
	n = readlink(path, name, sizeof(name));
	return n == sizeof(FIRST_NAMESPACE) - 1 && !memcmp(name, FIRST_NAMESPACE, (size_t)n);
}

/** A process's line in /proc, where this can be read. */
static int read_stat(const char *proc, uint32_t pid, char *buf, size_t size)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%u/stat", proc, pid);
	return read_text(path, buf, size);
}

/**
 * Whether /proc shows what is there. Mounted with hidepid= it shows no process that
 * may do more than we may, and then not the first of all.
 */
static bool shows_all(const char *proc)
{
	char line[512];

	return read_stat(proc, 1, line, sizeof(line)) > 0;
}

static enum qm_process_state to_state(char letter)
{
	switch (letter) {
	case 'T':
	case 't':
		return QM_PROCESS_STOPPED;
	case 'Z':
	case 'X':
	case 'x':
		return QM_PROCESS_GONE;
	default:
		return QM_PROCESS_RUNS;
	}
}

/** Takes in "PID (NAME) STATE ...", whose NAME may have any characters. */
static void take_stat(const char *line, struct qm_process *process)
{
	const char *begin = strchr(line, '('), *end = strrchr(line, ')');

	if (!begin || !end || end < begin || end[1] != ' ' || !end[2]) {
		return;
	}
	process->state = to_state(end[2]);
	if (process->state != QM_PROCESS_GONE) {
		snprintf(process->name, sizeof(process->name), "%.*s", (int)(end - begin - 1),
				 begin + 1);
	}
}

void qm_process_look(const char *proc, uint32_t pid, struct qm_process *ret)
{
	char line[512];
	int r;

	*ret = (struct qm_process){ .pid = pid, .state = QM_PROCESS_HIDDEN };
	r = read_stat(proc, pid, line, sizeof(line));
	if (r > 0) {
		take_stat(line, ret);
	} else if ((r == -ENOENT || r == -ESRCH) && shows_all(proc)) {
		ret->state = QM_PROCESS_GONE;
	}
}

int qm_process_read_pid(const char *path, uint32_t *ret)
{
	char text[32], *end;
	unsigned long pid;
	int r;

	r = read_text(path, text, sizeof(text));
	if (r < 0) {
		return r;
	}
	pid = strtoul(text, &end, 10);
	if (*text < '1' || *text > '9' || pid > INT_MAX || (*end && *end != '\n')) {
		return -EINVAL;
	}
	*ret = (uint32_t)pid;
	return 0;
}

bool qm_process_is_auditd(const struct qm_process *process)
{
	return !strcmp(process->name, "auditd");
}

int qm_process_find_auditd(const char *proc, uint32_t *ret)
{
	DIR *dir = opendir(proc);
	struct dirent *entry;
	int r = -ENOENT;

	if (!dir) {
		return -errno;
	}
	while (r < 0 && (entry = readdir(dir))) {
		struct qm_process process;

		if (*entry->d_name < '1' || *entry->d_name > '9') {
			continue;
		}
		qm_process_look(proc, (uint32_t)strtoul(entry->d_name, NULL, 10), &process);
		if (qm_process_is_auditd(&process)) {
			*ret = process.pid;
			r = 0;
		}
	}
	closedir(dir);
	return r;
}
