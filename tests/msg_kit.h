/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading messages that a test has put together.
 */
#ifndef QM_MSG_KIT_H
#define QM_MSG_KIT_H

#include "xfrm_craft.h"
#include "xfrm_msg.h"

/** Reads the only message there is. */
struct qm_xfrm_msg msg_read(struct craft *craft);

/**
 * Reads the first message of a buffer that ends where it says, to the byte.
 *
 * @param ret	receives a copy of the message, if there is one
 * @return		as qm_xfrm_walk_next()
 */
int msg_read_exact(const void *bytes, size_t len, struct qm_xfrm_msg *ret);

/** Checks an address, and that there is nothing behind one of IPv4. */
void msg_expect_addr(const uint8_t addr[16], const char *text);

#endif
