/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stream_tell.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <syslog.h>
#include <unistd.h>

#include "stream_output.h"

/** Longest message: what a pipe that is ready takes at once. */
#define MESSAGE_MAX 1024

static bool leads_nowhere(int fd)
{
	struct stat st;

	return fstat(fd, &st) < 0 ||
		   (S_ISCHR(st.st_mode) && st.st_rdev == makedev(1, 3) /* /dev/null */);
}

static void tell_syslog(const char *message)
{
	const int fd = qm_stream_syslog_open();
	char text[MESSAGE_MAX + 96];
	size_t len;

	if (fd < 0) {
		return;
	}
	len = qm_stream_syslog_begin(text, sizeof(text), LOG_DAEMON | LOG_WARNING);
	snprintf(text + len, sizeof(text) - len, "%s", message);
	send(fd, text, strlen(text), MSG_DONTWAIT | MSG_NOSIGNAL);
	close(fd);
}

static void tell_stderr(const char *message)
{
	struct pollfd ready = { .fd = STDERR_FILENO, .events = POLLOUT };

	if (poll(&ready, 1, 0) == 1 && ready.revents == POLLOUT) {
		dprintf(STDERR_FILENO, "qm-audit stream: %s\n", message);
	}
}

void qm_stream_tell(const char *format, ...)
{
	char message[MESSAGE_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(message, sizeof(message), format, args);
	va_end(args);
	if (leads_nowhere(STDERR_FILENO)) {
		tell_syslog(message);
	} else {
		tell_stderr(message);
	}
}
