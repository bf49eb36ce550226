/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A model of the kernel's XFRM, in which things happen by chance whenever the mirror
 * looks away: between any two datagrams that it receives.
 *
 * It does what af_netlink.c and xfrm_user.c do: the datagram of a dump is filled when
 * the one before it is received, and is behind the times when it is received itself;
 * what is added after a dump began is not in it; reserved SPIs are not notified; and
 * from the first notification that is dropped all are, until the buffer is empty,
 * which one error tells of.
 */
#ifndef QM_MODEL_XFRM_H
#define QM_MODEL_XFRM_H

#include <stdbool.h>
#include <stdint.h>

#include "fake_xfrm.h"

/** SAs that there may be. Some differ in their mark only. */
#define MODEL_SAS 8

/** What becomes of an SA. */
enum model_state {
	MODEL_NONE,
	MODEL_LARVAL,
	MODEL_WHOLE,
};

struct model_chances {
	/** in 256: that something happens before a datagram is received */
	unsigned act;
	/** how often, at most */
	unsigned acts;
	/** notifications that can wait, 0 for no limit */
	unsigned buffer;
};

/** Begins with nothing there. */
void model_begin(uint64_t seed);

/** Changes how much goes on. */
void model_set(struct model_chances chances);

/** The kernel to be set with fake_xfrm_set_kernel(). */
extern const struct fake_kernel model_kernel;

/** What there is. */
enum model_state model_state_of(unsigned sa);
const struct craft_sa *model_sa(unsigned sa);

/** Notifications dropped since model_begin(). */
unsigned model_dropped(void);
/** Things that happened since then. */
unsigned model_acts(void);

#endif
