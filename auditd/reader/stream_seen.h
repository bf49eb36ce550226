/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Knows the last records of each node again: what is handed over at least once may
 * come twice.
 */
#ifndef QM_STREAM_SEEN_H
#define QM_STREAM_SEEN_H

#include "line.h"

/** Records of a node that are known again. */
#define QM_STREAM_SEEN_MAX 4096

/** Nodes that are told apart; another one takes the place of the most silent. */
#define QM_STREAM_NODES_MAX 32

struct qm_stream_seen;

/** @return NULL without memory */
struct qm_stream_seen *qm_stream_seen_new(void);

/** @return NULL */
struct qm_stream_seen *qm_stream_seen_free(struct qm_stream_seen *seen);

/** Notes a record. @return whether it was among the last of its node */
bool qm_stream_seen_note(struct qm_stream_seen *seen, const struct qm_line *line);

#endif
