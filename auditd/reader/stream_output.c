/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stream_output.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>
#include <syslog.h>
#include <time.h>
#include <unistd.h>

#define FILE_MODE 0600

int qm_stream_output_init(struct qm_stream_output *output, const char *text)
{
	*output = (struct qm_stream_output){ .fd = -1, .old_flags = -1 };
	if (!strcmp(text, "-")) {
		output->kind = QM_STREAM_STDOUT;
	} else if (!strncmp(text, "file:", 5) && text[5]) {
		output->kind = QM_STREAM_FILE;
		output->path = text + 5;
	} else if (!strncmp(text, "unix:", 5) && text[5] &&
			   strlen(text + 5) < sizeof(((struct sockaddr_un *)0)->sun_path)) {
		output->kind = QM_STREAM_UNIX;
		output->path = text + 5;
	} else if (!strcmp(text, "syslog")) {
		output->kind = QM_STREAM_SYSLOG;
	} else {
		return -EINVAL;
	}
	return 0;
}

const char *qm_stream_output_name(const struct qm_stream_output *output)
{
	if (output->path) {
		return output->path;
	}
	return output->kind == QM_STREAM_SYSLOG ? "syslog" : "standard output";
}

static int connect_to(const char *path, int type)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int fd = socket(AF_UNIX, type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
	int error;

	if (fd < 0) {
		return -errno;
	}
	memcpy(address.sun_path, path, strlen(path));
	if (connect(fd, (const struct sockaddr *)&address, sizeof(address)) < 0) {
		error = -errno;
		close(fd);
		return error;
	}
	return fd;
}

int qm_stream_syslog_open(void)
{
	return connect_to("/dev/log", SOCK_DGRAM);
}

/** Connects to a socket of whatever type is there. */
static int open_socket(struct qm_stream_output *output)
{
	static const int types[] = { SOCK_STREAM, SOCK_DGRAM, SOCK_SEQPACKET };
	int fd = -EPROTOTYPE;

	for (size_t i = 0; fd == -EPROTOTYPE && i < sizeof(types) / sizeof(types[0]); i++) {
		fd = connect_to(output->path, types[i]);
		output->socket_type = types[i];
	}
	output->done = 0;
	return fd;
}

/** Ends a line that a full disk, or a crash, has cut. */
static void end_cut_line(const struct qm_stream_output *output, int fd, off_t size)
{
	const int reader = open(output->path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char last = '\n';

	if (reader >= 0) {
		if (pread(reader, &last, 1, size - 1) == 1 && last != '\n') {
			last = '\n';
			/* if this fails so does the event that comes next, and tells of it */
			(void)!write(fd, &last, 1);
		}
		close(reader);
	}
}

/** Opens a file, or a pipe with a name; of the same file goes on where it stopped. */
static int open_file(struct qm_stream_output *output)
{
	const int fd = open(output->path,
						O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC | O_NONBLOCK | O_NOCTTY,
						FILE_MODE);
	struct stat st;
	int error;

	if (fd < 0 || fstat(fd, &st) < 0) {
		error = -errno;
		if (fd >= 0) {
			close(fd);
		}
		return error;
	}
	if (!st.st_size || st.st_dev != output->dev || st.st_ino != output->ino) {
		output->done = 0;
	}
	if (!output->done && S_ISREG(st.st_mode) && st.st_size) {
		end_cut_line(output, fd, st.st_size);
	}
	output->dev = st.st_dev;
	output->ino = st.st_ino;
	return fd;
}

/** A file does not wait; what else may, must not. */
static int open_stdout(struct qm_stream_output *output)
{
	socklen_t len = sizeof(output->socket_type);

	if (getsockopt(STDOUT_FILENO, SOL_SOCKET, SO_TYPE, &output->socket_type, &len) == 0) {
		return STDOUT_FILENO;
	}
	output->socket_type = 0;
	output->old_flags = fcntl(STDOUT_FILENO, F_GETFL);
	if (output->old_flags < 0 ||
		fcntl(STDOUT_FILENO, F_SETFL, output->old_flags | O_NONBLOCK) < 0) {
		return -errno;
	}
	return STDOUT_FILENO;
}

int qm_stream_output_open(struct qm_stream_output *output)
{
	int fd = -EINVAL;

	switch (output->kind) {
	case QM_STREAM_STDOUT:
		fd = open_stdout(output);
		break;
	case QM_STREAM_FILE:
		fd = open_file(output);
		break;
	case QM_STREAM_UNIX:
		fd = open_socket(output);
		break;
	case QM_STREAM_SYSLOG:
		fd = qm_stream_syslog_open();
		output->socket_type = SOCK_DGRAM;
		break;
	}
	output->fd = fd < 0 ? -1 : fd;
	return fd < 0 ? fd : 0;
}

void qm_stream_output_close(struct qm_stream_output *output)
{
	if (output->fd < 0) {
		return;
	}
	if (output->kind != QM_STREAM_STDOUT) {
		close(output->fd);
	} else if (output->old_flags >= 0) {
		fcntl(output->fd, F_SETFL, output->old_flags);
	}
	output->fd = -1;
}

size_t qm_stream_syslog_begin(char *buf, size_t size, int priority)
{
	const time_t now = time(NULL);
	char when[32];
	struct tm tm;
	int len;

	localtime_r(&now, &tm);
	strftime(when, sizeof(when), "%b %e %T", &tm);
	len = snprintf(buf, size, "<%d>%s qm-audit[%d]: ", priority, when, (int)getpid());
	return len < 0 || (size_t)len >= size ? 0 : (size_t)len;
}

static ssize_t send_to_syslog(const struct qm_stream_output *output, struct qm_span text)
{
	char begin[96];
	struct iovec parts[2] = {
		{ begin, qm_stream_syslog_begin(begin, sizeof(begin), LOG_AUTHPRIV | LOG_INFO) },
		{ (void *)(uintptr_t)text.s, text.len },
	};
	const struct msghdr message = { .msg_iov = parts, .msg_iovlen = 2 };

	while (parts[1].iov_len && text.s[parts[1].iov_len - 1] == '\n') {
		parts[1].iov_len--;
	}
	if (sendmsg(output->fd, &message, MSG_DONTWAIT | MSG_NOSIGNAL) < 0) {
		return -1;
	}
	return (ssize_t)text.len;
}

static ssize_t write_some(const struct qm_stream_output *output, struct qm_span text)
{
	if (output->kind == QM_STREAM_SYSLOG) {
		return send_to_syslog(output, text);
	}
	if (output->socket_type) {
		return send(output->fd, text.s, text.len, MSG_DONTWAIT | MSG_NOSIGNAL);
	}
	return write(output->fd, text.s, text.len);
}

int qm_stream_output_write(struct qm_stream_output *output, struct qm_span text)
{
	while (output->done < text.len) {
		const ssize_t n = write_some(output, qm_span_after(text, output->done));

		if (n > 0) {
			output->done += (size_t)n;
		} else if (n == 0) {
			return -EIO;
		} else if (errno == EWOULDBLOCK || errno == ENOBUFS) {
			return -EAGAIN;
		} else if (errno != EINTR) {
			return -errno;
		}
	}
	output->done = 0;
	return 0;
}
