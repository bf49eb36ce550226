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

unsigned qm_random_below(uint64_t *state, unsigned n)
{
	/* splitmix64 */
	uint64_t z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
	z = (z ^ z >> 27) * 0x94d049bb133111eb;
	return (unsigned)((z ^ z >> 31) % n);
}
