/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stats.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define NS_PER_S UINT64_C(1000000000)

static void fail(const char *what)
{
	fprintf(stderr, "bench: %s\n", what);
	exit(1);
}

uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * NS_PER_S + (uint64_t)ts.tv_nsec;
}

void samples_init(struct samples *samples, size_t capacity)
{
	*samples = (struct samples){ .capacity = capacity };
	samples->ns = malloc(capacity * sizeof(*samples->ns));
	if (!samples->ns) {
		fail("no memory for the samples");
	}
	/* no page fault may fall into what is measured */
	memset(samples->ns, 1, capacity * sizeof(*samples->ns));
}

void samples_add(struct samples *samples, uint64_t ns)
{
	if (samples->count == samples->capacity) {
		fail("more samples than there is room for");
	}
	samples->ns[samples->count++] = ns;
}

static int compare(const void *a, const void *b)
{
	const uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;

	return x < y ? -1 : x > y;
}

void samples_end_round(struct samples *samples)
{
	static const size_t per_mille[Q_COUNT] = { 500, 990, 999, 1000 };
	size_t q;

	if (!samples->count || samples->rounds == ROUNDS_MAX) {
		fail(samples->count ? "too many rounds" : "a round without samples");
	}
	qsort(samples->ns, samples->count, sizeof(*samples->ns), compare);
	for (q = 0; q < Q_COUNT; q++) {
		samples->q[q][samples->rounds] =
			samples->ns[(samples->count - 1) * per_mille[q] / 1000];
	}
	samples->rounds++;
	samples->count = 0;
}

void samples_print(struct samples *samples, const char *kind, const char *name,
				   const char *mode)
{
	size_t q;

	if (!samples->rounds) {
		fail("a figure without samples");
	}
	printf("%s\t%s\t%s", kind, name, mode);
	for (q = 0; q < Q_COUNT; q++) {
		qsort(samples->q[q], samples->rounds, sizeof(samples->q[q][0]), compare);
		printf("\t%" PRIu64, samples->q[q][q == Q_MAX ? samples->rounds - 1
													   : samples->rounds / 2]);
	}
	putchar('\n');
	samples->rounds = 0;
}

void samples_done(struct samples *samples)
{
	free(samples->ns);
	samples->ns = NULL;
}
