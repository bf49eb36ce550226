/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Finds records in a part of a log. Parts are scanned at the same time.
 */
#ifndef QM_SCAN_H
#define QM_SCAN_H

#include "filter.h"
#include "kernel_line.h"
#include "report.h"

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
	/** as it came */
	size_t index;
};

/** What the columns of a table need: the longest of what they show. */
struct qm_widths {
	/** there is a node */
	bool with_node;
	unsigned node;
	unsigned peer;
	unsigned name;
};

/** A line that is not as it should be. */
struct qm_problem {
	const char *at;
	/** what is wrong, static */
	const char *what;
};

struct qm_scan {
	const struct qm_filter *filter;
	/** widths are wanted */
	bool measured;
	/** take the kernel's records of SAs, too */
	bool with_kernel;
	/** from the beginning of a line up to the end of one */
	const char *from;
	const char *to;
	/** shown meanwhile; NULL for no progress */
	struct qm_report *report;
	const char *name;

	/* what was found; a negative errno when there was no memory */
	int error;
	struct qm_entry *entries;
	size_t count;
	size_t size;
	struct qm_widths widths;
	/** the first ones, and how many there are */
	struct qm_problem problems[QM_REPORT_LINES_MAX];
	uint64_t n_problems;

	struct qm_line line;
	struct qm_kernel_recent recent;
};

/** Scans; what is not of the result is set before, all else is 0. */
void qm_scan_run(struct qm_scan *scan);

/**
 * Scans a text in as many parts as there are processors.
 *
 * @param scan		the whole; receives the sum of the parts' results, entries are to
 *					be freed
 */
void qm_scan_parts(struct qm_scan *scan);

/** How many threads are worth it for that many pieces of work. */
unsigned qm_scan_threads(size_t pieces);

#endif
