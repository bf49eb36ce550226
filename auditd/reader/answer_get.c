/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "answer.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "clock.h"

/** How soon to try again where too many wait to be accepted. */
#define RETRY_MS 50

#define CHUNK 65536

/** One who asks. */
struct asker {
	const char *path;
	int fd;
	/** CLOCK_MONOTONIC in ms */
	uint64_t deadline;
	char *text;
	size_t len;
	size_t size;
	struct qm_complaint *why;
};

static int complain(const struct asker *asker, int r)
{
	static const char hint[] = "charon does not run, or without the plugin qm-audit, or "
							   "its status_socket is another or off";

	switch (r) {
	case -ENOENT:
	case -ENOTDIR:
		return qm_complain(asker->why, r, 0, "%s: there is no such socket: %s",
						   asker->path, hint);
	case -ECONNREFUSED:
		return qm_complain(asker->why, r, 0, "%s: nobody listens: %s", asker->path, hint);
	case -EACCES:
	case -EPERM:
		return qm_complain(asker->why, r, 0, "%s: %s: only root may ask", asker->path,
						   strerror(-r));
	case -ETIMEDOUT:
		return qm_complain(asker->why, r, 0, "%s: no answer in time", asker->path);
	case -EFBIG:
		return qm_complain(asker->why, r, 0, "%s: the answer does not end", asker->path);
	case -ECONNRESET:
	case -EPIPE:
		return qm_complain(asker->why, -ECONNRESET, 0, "%s: disconnected without an "
						   "answer: the daemon is ending, or this is not root",
						   asker->path);
	default:
		return qm_complain(asker->why, r, 0, "%s: %s", asker->path, strerror(-r));
	}
}

static int left_ms(const struct asker *asker)
{
	const uint64_t now = qm_time_now().mono_ms;

	return now < asker->deadline ? (int)(asker->deadline - now) : 0;
}

/** Waits until it can be gone on with. @return 0 or a negative errno */
static int await(const struct asker *asker, short events)
{
	struct pollfd fd = { .fd = asker->fd, .events = events };
	int r;

	do {
		r = poll(&fd, 1, left_ms(asker));
	} while (r < 0 && errno == EINTR);
	return r > 0 ? 0 : r < 0 ? -errno : -ETIMEDOUT;
}

static int connect_to(struct asker *asker)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };
	const int len = snprintf(address.sun_path, sizeof(address.sun_path), "%s",
							 asker->path);

	if (len >= (int)sizeof(address.sun_path)) {
		return -ENAMETOOLONG;
	}
	asker->fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
	if (asker->fd < 0) {
		return -errno;
	}
	while (connect(asker->fd, (struct sockaddr *)&address, sizeof(address)) < 0) {
		if (errno != EAGAIN && errno != EINTR) {
			return -errno;
		}
		if (!left_ms(asker)) {
			return -ETIMEDOUT;
		}
		poll(NULL, 0, RETRY_MS);
	}
	return 0;
}

/** It is far shorter than what a socket takes at once. */
static int ask(const struct asker *asker, size_t sas)
{
	char request[64];
	const int len = snprintf(request, sizeof(request), "status sas=%zu\n", sas);

	return send(asker->fd, request, (size_t)len, MSG_NOSIGNAL) == len ? 0 : -errno;
}

/** Makes room for more, and for a NUL. */
static int grow(struct asker *asker)
{
	size_t size = asker->size ? 2 * asker->size : CHUNK;
	char *text;

	if (asker->len >= QM_ANSWER_MAX) {
		return -EFBIG;
	}
	if (asker->size - asker->len > 1) {
		return 0;
	}
	text = realloc(asker->text, size);
	if (!text) {
		return -ENOMEM;
	}
	asker->text = text;
	asker->size = size;
	return 0;
}

/** Reads up to the end. @return 0 or a negative errno */
static int hear(struct asker *asker)
{
	ssize_t n;
	int r;

	for (;;) {
		r = await(asker, POLLIN);
		if (r < 0) {
			return r;
		}
		r = grow(asker);
		if (r < 0) {
			return r;
		}
		n = recv(asker->fd, asker->text + asker->len, asker->size - asker->len - 1, 0);
		if (n < 0 && errno != EINTR && errno != EAGAIN) {
			return -errno;
		}
		if (!n) {
			asker->text[asker->len] = '\0';
			return asker->len ? 0 : -ECONNRESET;
		}
		asker->len += n > 0 ? (size_t)n : 0;
	}
}

int qm_answer_get(const char *path, size_t sas, int timeout_ms, char **ret,
				  size_t *ret_len, struct qm_complaint *why)
{
	struct asker asker = {
		.path = path,
		.fd = -1,
		.deadline = qm_time_now().mono_ms + (uint64_t)timeout_ms,
		.why = why,
	};
	int r = connect_to(&asker);

	if (!r) {
		r = ask(&asker, sas);
	}
	if (!r) {
		r = hear(&asker);
	}
	if (asker.fd >= 0) {
		close(asker.fd);
	}
	if (r < 0) {
		free(asker.text);
		return complain(&asker, r);
	}
	*ret = asker.text;
	*ret_len = asker.len;
	return 0;
}
