/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "status_server.h"

#include <errno.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

#include "clock.h"
#include "snapshot.h"

/** How long not to accept after that failed for want of something. */
#define DEAF_MS 1000

enum phase {
	PHASE_FREE,
	/** the request is to come */
	PHASE_ASKING,
	/** the answer is to go */
	PHASE_READING,
};

struct client {
	enum phase phase;
	int fd;
	/** when it is disconnected, CLOCK_MONOTONIC in ms */
	uint64_t deadline;
	char request[QM_STATUS_REQUEST_MAX];
	size_t asked;
	char *answer;
	size_t len;
	size_t sent;
};

struct qm_status_server {
	struct qm_status_server_config config;
	struct qm_status_socket sock;
	/** eventfd that ends the thread */
	int stop_fd;
	pthread_t thread;
	/** until when nobody is accepted */
	uint64_t deaf_until;
	struct client clients[QM_STATUS_CLIENTS];
};

static void drop(struct client *client)
{
	if (client->phase != PHASE_FREE) {
		close(client->fd);
		free(client->answer);
		*client = (struct client){ .phase = PHASE_FREE };
	}
}

/** Reads "status" with its options. @return 0 or -EINVAL */
static int parse(const char *request, size_t *ret_sas)
{
	static const char word[] = "status", option[] = " sas=";
	const char *at = request + sizeof(word) - 1;
	unsigned long sas;
	char *end;

	if (strncmp(request, word, sizeof(word) - 1)) {
		return -EINVAL;
	}
	if (!*at) {
		*ret_sas = QM_SNAPSHOT_SAS_DEFAULT;
		return 0;
	}
	if (strncmp(at, option, sizeof(option) - 1)) {
		return -EINVAL;
	}
	at += sizeof(option) - 1;
	sas = strtoul(at, &end, 10);
	if (*at < '0' || *at > '9' || *end || sas > QM_SNAPSHOT_SAS_MAX) {
		return -EINVAL;
	}
	*ret_sas = sas;
	return 0;
}

/** What is said instead of an answer. */
static int refuse(struct client *client, const char *why)
{
	char text[160];
	int len = snprintf(text, sizeof(text), "{\"error\":\"%s\"}\n", why);

	client->answer = strdup(text);
	client->len = (size_t)len;
	return client->answer ? 0 : -ENOMEM;
}

/** A request is complete. @return 0, or a negative errno: nothing can be said */
static int answer(const struct qm_status_server *server, struct client *client)
{
	size_t sas;
	int r;

	client->request[strcspn(client->request, "\r\n")] = '\0';
	if (parse(client->request, &sas) < 0) {
		r = refuse(client, "the request is not status, or status sas=N with N up to "
						   "10000");
	} else {
		r = server->config.answer(server->config.user, sas, &client->answer,
								  &client->len);
		if (r < 0) {
			r = refuse(client, strerror(-r));
		}
	}
	client->phase = PHASE_READING;
	client->deadline = qm_time_now().mono_ms + (uint64_t)server->config.client_ms;
	return r;
}

/** Takes what there is of a request. @return whether to keep the client */
static bool hear(const struct qm_status_server *server, struct client *client)
{
	const size_t room = sizeof(client->request) - 1 - client->asked;
	ssize_t n = recv(client->fd, client->request + client->asked, room, MSG_DONTWAIT);

	if (n < 0) {
		return errno == EAGAIN || errno == EINTR;
	}
	client->asked += (size_t)n;
	client->request[client->asked] = '\0';
	/* who says no more has said it all */
	if (memchr(client->request, '\n', client->asked) || (!n && client->asked)) {
		return answer(server, client) == 0;
	}
	return n && (size_t)n < room;
}

/** Sends what can be sent. @return whether to keep the client */
static bool tell(struct client *client)
{
	ssize_t n = send(client->fd, client->answer + client->sent,
					 client->len - client->sent, MSG_DONTWAIT | MSG_NOSIGNAL);

	if (n < 0) {
		return errno == EAGAIN || errno == EINTR;
	}
	client->sent += (size_t)n;
	return client->sent < client->len;
}

/** @return whether to keep the client */
static bool serve(const struct qm_status_server *server, struct client *client)
{
	if (client->phase == PHASE_ASKING && !hear(server, client)) {
		return false;
	}
	return client->phase == PHASE_ASKING || tell(client);
}

static struct client *find_free(struct qm_status_server *server)
{
	for (size_t i = 0; i < QM_STATUS_CLIENTS; i++) {
		if (server->clients[i].phase == PHASE_FREE) {
			return &server->clients[i];
		}
	}
	return NULL;
}

static void accept_one(struct qm_status_server *server)
{
	struct client *client = find_free(server);
	const uint64_t now = qm_time_now().mono_ms;
	int fd = client ? qm_status_socket_accept(&server->sock) : -EAGAIN;

	if (fd >= 0) {
		*client = (struct client){
			.phase = PHASE_ASKING,
			.fd = fd,
			.deadline = now + (uint64_t)server->config.client_ms,
		};
	} else if (fd != -EAGAIN && fd != -EACCES && fd != -EINTR && fd != -ECONNABORTED) {
		server->deaf_until = now + DEAF_MS;
	}
}

/** What to wait for: to be stopped, to be connected to, each client. */
struct wait {
	struct pollfd fds[2 + QM_STATUS_CLIENTS];
	int timeout_ms;
};

static void wait_until(struct wait *wait, uint64_t when, uint64_t now)
{
	const int ms = when > now ? (int)(when - now) : 0;

	if (wait->timeout_ms < 0 || ms < wait->timeout_ms) {
		wait->timeout_ms = ms;
	}
}

static void prepare(struct qm_status_server *server, struct wait *wait)
{
	const uint64_t now = qm_time_now().mono_ms;
	const bool deaf = now < server->deaf_until;

	wait->timeout_ms = -1;
	wait->fds[0] = (struct pollfd){ .fd = server->stop_fd, .events = POLLIN };
	wait->fds[1] = (struct pollfd){
		.fd = !deaf && find_free(server) ? server->sock.fd : -1,
		.events = POLLIN,
	};
	if (deaf) {
		wait_until(wait, server->deaf_until, now);
	}
	for (size_t i = 0; i < QM_STATUS_CLIENTS; i++) {
		const struct client *client = &server->clients[i];

		wait->fds[2 + i] = (struct pollfd){
			.fd = client->phase == PHASE_FREE ? -1 : client->fd,
			.events = client->phase == PHASE_ASKING ? POLLIN : POLLOUT,
		};
		if (client->phase != PHASE_FREE) {
			wait_until(wait, client->deadline, now);
		}
	}
}

static void see_to_clients(struct qm_status_server *server, const struct wait *wait)
{
	for (size_t i = 0; i < QM_STATUS_CLIENTS; i++) {
		struct client *client = &server->clients[i];

		if (client->phase == PHASE_FREE) {
			continue;
		}
		if ((wait->fds[2 + i].revents && !serve(server, client)) ||
			qm_time_now().mono_ms >= client->deadline) {
			drop(client);
		}
	}
}

static void *run(void *arg)
{
	struct qm_status_server *server = arg;
	struct wait wait;

	for (;;) {
		prepare(server, &wait);
		if (poll(wait.fds, sizeof(wait.fds) / sizeof(wait.fds[0]), wait.timeout_ms) < 0 &&
			errno != EINTR) {
			/* no memory: there may be some later */
			server->deaf_until = qm_time_now().mono_ms + DEAF_MS;
			usleep(DEAF_MS * 1000);
			continue;
		}
		if (wait.fds[0].revents) {
			return NULL;
		}
		see_to_clients(server, &wait);
		if (wait.fds[1].revents) {
			accept_one(server);
		}
	}
}

static int start(struct qm_status_server *server, char error[QM_STATUS_ERROR_MAX])
{
	sigset_t all, before;
	int r;

	sigfillset(&all);
	pthread_sigmask(SIG_SETMASK, &all, &before);
	r = pthread_create(&server->thread, NULL, run, server);
	pthread_sigmask(SIG_SETMASK, &before, NULL);
	if (r) {
		snprintf(error, QM_STATUS_ERROR_MAX, "no thread to serve %s: %s",
				 server->sock.path, strerror(r));
	}
	return -r;
}

int qm_status_server_new(struct qm_status_server **ret,
						 const struct qm_status_server_config *config,
						 char error[QM_STATUS_ERROR_MAX])
{
	struct qm_status_server *server = calloc(1, sizeof(*server));
	int r;

	if (!server) {
		snprintf(error, QM_STATUS_ERROR_MAX, "no memory to serve %s", config->path);
		return -ENOMEM;
	}
	server->config = *config;
	server->config.client_ms = config->client_ms ? config->client_ms :
												   QM_STATUS_CLIENT_MS;
	server->stop_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (server->stop_fd < 0) {
		r = -errno;
		snprintf(error, QM_STATUS_ERROR_MAX, "no descriptor to serve %s: %s",
				 config->path, strerror(-r));
		free(server);
		return r;
	}
	r = qm_status_socket_open(&server->sock, config->path, error);
	if (!r) {
		r = start(server, error);
		if (r < 0) {
			qm_status_socket_close(&server->sock);
		}
	}
	if (r < 0) {
		close(server->stop_fd);
		free(server);
		return r;
	}
	*ret = server;
	return 0;
}

struct qm_status_server *qm_status_server_free(struct qm_status_server *server)
{
	const uint64_t one = 1;

	if (server) {
		while (write(server->stop_fd, &one, sizeof(one)) < 0 && errno == EINTR) {
			/* once more */
		}
		pthread_join(server->thread, NULL);
		for (size_t i = 0; i < QM_STATUS_CLIENTS; i++) {
			drop(&server->clients[i]);
		}
		qm_status_socket_close(&server->sock);
		close(server->stop_fd);
		free(server);
	}
	return NULL;
}
