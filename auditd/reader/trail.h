/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The records of several logs, each once and in the order of their time.
 */
#ifndef QM_TRAIL_H
#define QM_TRAIL_H

#include "filter.h"
#include "logs.h"

/** A record, where it stands in memory. */
struct qm_entry {
	/** ms since the epoch */
	uint64_t time_ms;
	uint32_t instance;
	uint32_t seq;
	const char *text;
	uint32_t len;
	/** of what makes it the same as another */
	uint32_t node_len;
	uint32_t body_at;
	uint32_t body_len;
	size_t index;
};

struct qm_trail {
	const struct qm_filter *filter;
	struct qm_report *report;
	/** leave a last line without an end: it is still being written */
	bool whole_lines;
	struct qm_log *logs;
	size_t n_logs;
	struct qm_entry *entries;
	size_t count;
	size_t size;
	/** for a table's columns: several nodes, and the longest of what they show */
	bool with_node;
	unsigned node_width;
	unsigned peer_width;
	unsigned name_width;
	struct qm_line line;
};

/** @param filter, report	must outlive the trail */
void qm_trail_init(struct qm_trail *trail, const struct qm_filter *filter,
				   struct qm_report *report);

void qm_trail_fini(struct qm_trail *trail);

/**
 * Adds what a log has. Bad lines are told of and passed over.
 *
 * @param fd		read to its end
 * @param name		for messages
 * @return			0 or a negative errno: the log cannot be read
 */
int qm_trail_add(struct qm_trail *trail, int fd, const char *name);

/** Puts all that was added in order, and drops what is there twice. */
void qm_trail_sort(struct qm_trail *trail);

#endif
