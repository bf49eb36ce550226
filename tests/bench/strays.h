/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Packets that charon rejects, of an exchange that the plugin audits.
 */
#ifndef QM_BENCH_STRAYS_H
#define QM_BENCH_STRAYS_H

#include <stddef.h>
#include <stdint.h>

/** Bytes of one: header, SK payload, IV, two blocks, and a truncated HMAC-SHA1. */
#define STRAY_LEN (28 + 4 + 16 + 32 + 12)

/** A packet. */
struct stray {
	uint8_t bytes[STRAY_LEN];
};

/**
 * Makes a CREATE_CHILD_SA request with no meaning.
 *
 * @param spi_i, spi_r	of the IKE_SA, network byte order
 * @param msgid			host byte order
 * @param ret			receives it
 */
void stray_make(uint64_t spi_i, uint64_t spi_r, uint32_t msgid, struct stray *ret);

/** Packets that are sent in turn. */
#define STRAYS 32

/**
 * Sends packets in turn to the daemon in this process until it has rejected so many,
 * or a few more. It drops some: a request while it is at one of the same IKE_SA and
 * message ID, and what its socket has no room for.
 *
 * @return	0, -EIO, -ETIMEDOUT; said on stderr
 */
int stray_send(const struct stray strays[STRAYS], unsigned count);

#endif
