/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CHILD_SAs that charon has established, to raise hooks about.
 */
#ifndef QM_BENCH_SUBJECTS_H
#define QM_BENCH_SUBJECTS_H

#include <daemon.h>

/** CHILD_SAs to take turns with. */
#define SUBJECTS 16

/** A CHILD_SA and what hooks tell with it. */
struct subject {
	ike_sa_t *ike_sa;
	child_sa_t *child_sa;
	/** another, for it to replace */
	child_sa_t *replaced;
	/** the peer's request to delete it */
	message_t *deletion;
	/** the peer's authentication */
	message_t *auth;
	/** a packet for an IKE_SA that is not there */
	message_t *stray;
};

extern struct subject subjects[SUBJECTS];

/**
 * Establishes them, and keeps the daemon's other threads off them.
 *
 * @return	0, -ETIMEDOUT, -ENOENT; said on stderr
 */
int subjects_make(void);

/** Gives them back to the daemon. */
void subjects_drop(void);

#endif
