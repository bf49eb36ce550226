/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Lines of what comes in pieces.
 */
#ifndef QM_LINES_H
#define QM_LINES_H

#include "line.h"

struct qm_lines {
	/** what of a line has come so far */
	char *buf;
	size_t len;
	/** too long to be a line: wait for its end */
	bool skipping;
	/** lines that have ended */
	uint64_t number;
	/**
	 * Takes a line.
	 *
	 * @param text		without its newline; .s is NULL for one that was too long
	 */
	void (*take)(void *owner, struct qm_span text);
	void *owner;
};

/** @return 0 or -ENOMEM */
int qm_lines_init(struct qm_lines *lines, void (*take)(void *owner, struct qm_span text),
				  void *owner);

void qm_lines_fini(struct qm_lines *lines);

/** Takes a piece: hands on the lines that it completes. */
void qm_lines_feed(struct qm_lines *lines, const char *data, size_t size);

/** At the end: hands on what has no newline. */
void qm_lines_end(struct qm_lines *lines);

/** Begins anew: forgets what there is of a line, and counts from 0. */
void qm_lines_restart(struct qm_lines *lines);

#endif
