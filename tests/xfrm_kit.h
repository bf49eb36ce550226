/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's XFRM in a network namespace of our own: requests, and a dump that is
 * read without anything of netlink/. Without ESP in the kernel there can be SPIs
 * reserved (larval SAs), and policies.
 */
#ifndef QM_XFRM_KIT_H
#define QM_XFRM_KIT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "mirror_kit.h"
#include "xfrm_craft.h"

/**
 * Enters a new network namespace, in which nothing of XFRM is there. If that cannot
 * be done, the test is told to be skipped.
 */
bool xfrm_enter(void);

/** Asks the kernel, with this in nlmsg_pid. @return 0 or the negative errno it gives */
int xfrm_ask(struct craft *craft, uint32_t port);

/** Reserves an SPI. */
int xfrm_alloc_spi(const struct craft_sa *sa, uint32_t port);
/** The same for addresses of any family, as the kernel does not mind. */
int xfrm_alloc_spi_of(uint16_t family, const struct craft_sa *sa);
/** Reserves many, from sa's on. */
void xfrm_alloc_spis(const struct craft_sa *sa, unsigned n);
/** Adds an SA, with keys; -EPROTONOSUPPORT where the kernel cannot. */
int xfrm_add_sa(const struct craft_sa *sa, uint32_t port);
/** Puts it in the place of a reserved SPI, or changes it. */
int xfrm_update_sa(const struct craft_sa *sa, uint32_t port);
int xfrm_delete_sa(const struct craft_sa *sa, uint32_t port);
int xfrm_flush_sas(uint8_t proto, uint32_t port);
/** Adds a policy; its index is the kernel's to choose. */
int xfrm_add_policy(const struct craft_policy *policy, uint32_t port);
int xfrm_delete_policy(const struct craft_policy *policy, uint32_t port);
int xfrm_flush_policies(uint32_t port);

/** Sets for how many seconds SPIs are reserved. @return 0 or a negative errno */
int xfrm_set_acquire_time(unsigned seconds);

/** Reads what SAs there are. @return their ids, sorted, to be freed */
struct qm_xfrm_id *xfrm_dump(size_t *ret_count);

/** Checks that the mirror's table has what the kernel has. @return how many */
size_t xfrm_expect_same(struct kit *kit);

/** The mirror's socket for notifications. */
int xfrm_find_socket(void);

#endif
