/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "random_kit.h"

#include <stdlib.h>
#include <sys/random.h>

#if defined(__has_feature)
#if __has_feature(address_sanitizer) || __has_feature(thread_sanitizer)
#define SANITIZED
#endif
#endif
#if defined(__SANITIZE_ADDRESS__) || defined(__SANITIZE_THREAD__)
#define SANITIZED
#endif

/** A few seconds of work; a sanitizer takes several times as long for each. */
#ifdef SANITIZED
#define SEQUENCES 30000
#else
#define SEQUENCES 100000
#endif

static uint64_t number(const char *name, uint64_t otherwise)
{
	const char *text = getenv(name);

	return text && *text ? strtoull(text, NULL, 0) : otherwise;
}

uint64_t qm_random_sequences(void)
{
	return number("QM_SEQUENCES", SEQUENCES);
}

uint64_t qm_random_seed(void)
{
	uint64_t seed;

	/* short enough to be typed */
	return number("QM_SEED", getrandom(&seed, sizeof(seed), 0) == sizeof(seed) ?
							 seed >> 32 : 1);
}
