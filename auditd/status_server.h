/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Answers those who ask how it goes, on a Unix socket: who connects sends one line,
 * "status", or "status sas=N" for a list of up to N open SA pairs, gets one answer in
 * JSON, and is disconnected.
 *
 * A thread of its own sleeps while nobody asks. What bounds it: a few clients at a time,
 * while others wait in the kernel or are refused there; so many bytes of a request; a
 * time within which a client has to ask and to have read, or it is disconnected.
 */
#ifndef QM_STATUS_SERVER_H
#define QM_STATUS_SERVER_H

#include <stddef.h>

#include "status_socket.h"

/** Clients at a time, bytes of a request with its newline, and ms from the connection
 * to the end of the request, and from there to that of the answer. */
#define QM_STATUS_CLIENTS 8
#define QM_STATUS_REQUEST_MAX 64
#define QM_STATUS_CLIENT_MS 5000

struct qm_status_server;

struct qm_status_server_config {
	/** absolute */
	const char *path;
	/** ms for each half of what a client does; 0 for QM_STATUS_CLIENT_MS */
	int client_ms;
	/**
	 * Makes an answer, in the server's thread. May take a moment, in which other
	 * clients wait.
	 *
	 * @param sas	SA pairs to list at most
	 * @param ret	receives the text, to be freed by the server
	 * @return		0 or a negative errno, which the client is told
	 */
	int (*answer)(void *user, size_t sas, char **ret, size_t *ret_len);
	void *user;
};

/**
 * Opens the socket and starts the thread.
 *
 * @param ret		receives the server, to be freed by qm_status_server_free()
 * @param config	copied
 * @param error		receives what failed, on what, why, and what to do
 * @return			0, -ENOMEM, or as qm_status_socket_open() and pthread_create()
 */
int qm_status_server_new(struct qm_status_server **ret,
						 const struct qm_status_server_config *config,
						 char error[QM_STATUS_ERROR_MAX]);

/** Disconnects all, ends the thread and removes the socket. Takes as long as an answer
 * that is being made. NULL is fine. @return NULL */
struct qm_status_server *qm_status_server_free(struct qm_status_server *server);

#endif
