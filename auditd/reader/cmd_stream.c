/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qm-audit stream: auditd's plugin that hands Windows events on as they come.
 */
#include "cmd.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <unistd.h>

#include "stream.h"
#include "stream_tell.h"

/** Has what is opened later not stand in for a standard file. @return 0 or -EBADF */
static int check_standard_files(void)
{
	int error = 0;

	for (int fd = STDIN_FILENO; fd <= STDERR_FILENO; fd++) {
		if (fcntl(fd, F_GETFD) >= 0) {
			continue;
		}
		/* the lowest that is free is this one */
		if (open("/dev/null", O_RDWR) != fd || fd == STDIN_FILENO) {
			error = -EBADF;
		}
	}
	return error;
}

int qm_cmd_stream(int argc, char **argv)
{
	struct qm_stream_options options;
	struct qm_stream *stream;
	int error;

	if (check_standard_files() < 0) {
		qm_stream_tell("standard input is closed; auditd's events have to come there");
		return QM_EXIT_ERROR;
	}
	if (qm_stream_options_parse(&options, argc, argv) < 0) {
		return QM_EXIT_ERROR;
	}
	if (options.helped) {
		return QM_EXIT_OK;
	}
	stream = malloc(sizeof(*stream));
	if (!stream) {
		return QM_EXIT_ERROR;
	}
	error = qm_stream_init(stream, &options);
	if (!error) {
		error = qm_stream_run(stream);
	}
	if (error) {
		qm_stream_tell("cannot go on: %s", strerror(-error));
	}
	qm_stream_fini(stream);
	free(stream);
	return error ? QM_EXIT_ERROR : QM_EXIT_OK;
}
