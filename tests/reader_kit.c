/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reader_kit.h"

#include <dirent.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

bool kit_begin(struct kit *kit)
{
	const char *tmp = getenv("TMPDIR");

	snprintf(kit->dir, sizeof(kit->dir), "%s/qm-audit-test.XXXXXX", tmp ? tmp : "/tmp");
	return mkdtemp(kit->dir);
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void kit_end(struct kit *kit)
{
	nftw(kit->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

const char *kit_path(struct kit *kit, const char *name)
{
	snprintf(kit->path, sizeof(kit->path), "%s/%s", kit->dir, name);
	return kit->path;
}

const char *kit_write(struct kit *kit, const char *name, const char *text, unsigned mode)
{
	FILE *file = fopen(kit_path(kit, name), "w");

	if (!file || fputs(text, file) < 0 || fclose(file) || chmod(kit->path, mode) < 0) {
		abort();
	}
	return kit->path;
}

char *kit_read(struct kit *kit, const char *name)
{
	FILE *file = fopen(kit_path(kit, name), "r");
	char *text = NULL;
	size_t size = 0;

	if (!file) {
		return NULL;
	}
	if (getdelim(&text, &size, '\0', file) < 0) {
		free(text);
		text = strdup("");
	}
	fclose(file);
	return text;
}

int kit_count(struct kit *kit)
{
	DIR *dir = opendir(kit->dir);
	int count = -2;

	while (dir && readdir(dir)) {
		count++;
	}
	if (dir) {
		closedir(dir);
	}
	return count;
}

int kit_run(struct kit *kit, const char *name, int (*command)(int argc, char **argv),
			const char *words)
{
	char *line = strdup(words), *save = NULL, *argv[16] = { line };
	int argc = 1, status = -1;
	pid_t pid = fork();

	if (!pid) {
		argv[0] = strdup(name);
		for (char *word = strtok_r(line, " ", &save); word && argc < 15;
			 word = strtok_r(NULL, " ", &save)) {
			argv[argc++] = word;
		}
		if (chdir(kit->dir) < 0 || !freopen("out", "w", stdout) ||
			!freopen("err", "w", stderr)) {
			_exit(99);
		}
		status = command(argc, argv);
		fflush(NULL);
		_exit(status);
	}
	waitpid(pid, &status, 0);
	free(line);
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}
