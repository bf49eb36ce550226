/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The answer of a daemon that was asked for its status, as text and taken apart.
 */
#ifndef QM_ANSWER_H
#define QM_ANSWER_H

#include "complaint.h"
#include "snapshot.h"
#include "span.h"

/** Bytes of an answer at most: more than that of the longest list. */
#define QM_ANSWER_MAX (128 * 1024 * 1024)

/**
 * Asks on a Unix socket.
 *
 * @param path			of the socket
 * @param sas			SA pairs to be listed at most
 * @param timeout_ms	for all of it
 * @param ret			receives the text, to be freed by the caller; untouched on
 *						failure
 * @param why			says what is wrong on failure, and what to do
 * @return				0; -ENOENT for no socket; -ECONNREFUSED where nobody listens;
 *						-EACCES; -ETIMEDOUT; -EFBIG for an answer without end;
 *						-ECONNRESET where none came; another negative errno
 */
int qm_answer_get(const char *path, size_t sas, int timeout_ms, char **ret,
				  size_t *ret_len, struct qm_complaint *why);

/**
 * Takes an answer apart.
 *
 * @param ret	receives it, to be freed by qm_snapshot_free(); untouched on failure.
 *				Strings are as the daemon wrote them: what is in them may do things to a
 *				terminal
 * @param why	says what is wrong on failure
 * @return		0; -EBADMSG for what is no answer, or lacks something; -EPROTO for that
 *				of another version; -EREMOTEIO for the daemon's own words on why there is
 *				none; -ENOMEM
 */
int qm_answer_parse(struct qm_span text, struct qm_snapshot **ret,
					struct qm_complaint *why);

#endif
