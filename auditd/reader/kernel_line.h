/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's own records of IPsec SAs, as far as they are compared with ours: those
 * of adding and deleting an SA, and the record of the system call that asked for it.
 */
#ifndef QM_KERNEL_LINE_H
#define QM_KERNEL_LINE_H

#include <netinet/in.h>

#include "line.h"

/** What a line tells. */
enum qm_kernel_op {
	QM_KERNEL_OTHER,
	QM_KERNEL_ADD,
	QM_KERNEL_DELETE,
	/** who did what the records of the same number say */
	QM_KERNEL_CALL,
};

struct qm_kernel_line {
	enum qm_kernel_op op;
	struct qm_span node;
	/** ms since the epoch */
	uint64_t stamp_ms;
	/** of the event that the records make together */
	uint64_t serial;
	/** ADD, DELETE: it was done */
	bool done;
	/** host byte order */
	uint32_t spi;
	/** an IPv4 address as one of IPv6 (::ffff:192.0.2.1) */
	struct in6_addr src;
	struct in6_addr dst;
	/** CALL */
	uint32_t pid;
	struct qm_span exe;
};

/** Serial numbers of the last events whose system call is wanted. */
struct qm_kernel_recent {
	uint64_t serials[8];
	unsigned next;
};

/**
 * Whether a line holds such a record: a look at its beginning, and at that of the
 * event's number.
 *
 * @param recent	zeroed before the first line
 */
bool qm_kernel_line_is_wanted(struct qm_kernel_recent *recent, struct qm_span text);

/** Whether a line is the record of a system call, which belongs to one before it. */
bool qm_kernel_line_is_call(struct qm_span text);

/** Takes a line apart for which it is wanted. @return 0 or -EBADMSG */
int qm_kernel_line_parse(struct qm_span text, struct qm_kernel_line *ret);

/** An address as records have it, IPv4 as in struct qm_kernel_line. @return 0, -EINVAL */
int qm_kernel_address(struct qm_span text, struct in6_addr *ret);

#endif
