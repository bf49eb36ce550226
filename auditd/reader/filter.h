/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which records are wanted.
 */
#ifndef QM_FILTER_H
#define QM_FILTER_H

#include <netinet/in.h>

#include "line.h"

#define QM_FILTER_IDS_MAX 32

struct qm_filter {
	/** ms since the epoch, both included */
	uint64_t start_ms;
	uint64_t end_ms;
	/** none for all */
	unsigned ids[QM_FILTER_IDS_MAX];
	unsigned n_ids;
	/** the peer's network; AF_UNSPEC for any */
	int peer_family;
	uint8_t peer[sizeof(struct in6_addr)];
	unsigned peer_bits;
	/** NULL for any */
	const char *conn;
	const char *child;
	const char *node;
	/** host byte order; 0 for any */
	uint32_t spi;
	/** of results */
	bool only_success;
	bool only_failure;
};

/** A filter that takes everything. */
void qm_filter_init(struct qm_filter *filter);

/** Reads 5451,5452. @return 0, -EINVAL, or -ENOENT for an id that is none of ours */
int qm_filter_ids(struct qm_filter *filter, const char *text);

/** Reads an address or 192.0.2.0/24. @return 0 or -EINVAL */
int qm_filter_peer(struct qm_filter *filter, const char *text);

/** Reads an SPI, decimal or 0x and hexadecimal. @return 0 or -EINVAL */
int qm_filter_spi(struct qm_filter *filter, const char *text);

/** Whether only the time says what is wanted. */
bool qm_filter_is_time(const struct qm_filter *filter);

bool qm_filter_match(const struct qm_filter *filter, const struct qm_line *line);

#endif
