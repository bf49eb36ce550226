/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reading.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

void qm_reading_failed(struct qm_report *report, const char *path, int error)
{
	const char *hint = "";

	if (error == -EACCES || error == -EPERM) {
		hint = "; only root may read auditd's logs";
	} else if (error == -ENOENT) {
		hint = "; does auditd run, and write there?";
	}
	qm_report_error(report, "cannot read %s: %s%s", path, strerror(-error), hint);
}

static void add_log(struct qm_trail *trail, const char *path)
{
	const bool is_stdin = !strcmp(path, "-");
	const int fd = is_stdin ? dup(STDIN_FILENO) : open(path, O_RDONLY | O_CLOEXEC);
	const int error = fd < 0 ? -errno : qm_trail_add(trail, fd, path);

	if (error) {
		qm_reading_failed(trail->report, path, error);
	}
	if (fd >= 0) {
		close(fd);
	}
}

void qm_reading_add(struct qm_trail *trail, char *const *files, int count,
					const char *conf)
{
	struct qm_logs logs = { 0 };
	int error;

	for (int i = 0; i < count; i++) {
		add_log(trail, files[i]);
	}
	if (count) {
		return;
	}
	error = qm_logs_find(conf, &logs);
	if (error) {
		qm_reading_failed(trail->report, conf, error);
	}
	for (size_t i = 0; i < logs.count; i++) {
		add_log(trail, logs.paths[i]);
	}
	qm_logs_free(&logs);
}
