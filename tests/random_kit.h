/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How many random histories to run and where they begin, from the environment; and
 * random numbers.
 */
#ifndef QM_RANDOM_KIT_H
#define QM_RANDOM_KIT_H

#include <stdint.h>

/** QM_SEQUENCES, or what is fit for this build. */
uint64_t qm_random_sequences(void);

/** QM_SEED, or another one each time. */
uint64_t qm_random_seed(void);

/** A random number below n, from a state that any seed will do for. */
unsigned qm_random_below(uint64_t *state, unsigned n);

#endif
