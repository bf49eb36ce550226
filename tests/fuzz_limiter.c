/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: bytes become observations, summaries, leaps of time and changes of
 * rates. The limiter answers each as its model does, and its books balance.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "fuzz.h"
#include "limiter_pair.h"

/** So that the slow model keeps up, and its room is enough. */
#define STEPS_MAX 1000

struct input {
	const uint8_t *data;
	size_t size;
};

/** The next byte of the input, 0 after its end. */
static uint8_t byte(struct input *in)
{
	if (!in->size) {
		return 0;
	}
	in->size--;
	return *in->data++;
}

static uint64_t number(struct input *in, size_t bytes)
{
	uint64_t n = 0;

	while (bytes--) {
		n = n << 8 | byte(in);
	}
	return n;
}

/** Mostly small, but any number there is. */
static uint64_t mostly_small(struct input *in)
{
	const uint8_t n = byte(in);

	return n < 0xf0 ? n : number(in, 1 + (n & 7));
}

static struct qm_limiter_rates rates_of(struct input *in)
{
	struct qm_limiter_rates rates = {
		.source = (uint32_t)mostly_small(in),
		.total = (uint32_t)mostly_small(in),
		.interval_ms = (uint32_t)(mostly_small(in) * 100),
	};

	rates.interval_ms += !rates.interval_ms;
	return rates;
}

/** Of few sources, with ports and hosts that differ now and then. */
static struct qm_addr address(struct input *in)
{
	static const uint8_t families[] = { AF_INET, AF_INET6, 0, 77 };
	const uint8_t n = byte(in), rest = byte(in);
	struct qm_addr addr = { .family = families[n & 3], .port = rest & 3 };

	memset(addr.ip, rest >> 4, sizeof(addr.ip));
	addr.ip[0] = n >> 2 & 7;
	addr.ip[n >> 5] = rest >> 2 & 1;
	return addr;
}

static struct qm_observation observation(struct input *in, struct qm_time now)
{
	struct qm_observation ret = { .source = address(in), .now = now };
	const uint8_t n = byte(in);

	ret.kind = n & 1;
	ret.authenticated = (n >> 1) % QM_TRI_MAX;
	ret.fault = (n >> 3) % QM_FAULT_SEVERAL;
	return ret;
}

/** Many observations alike, as a flood has them. */
static void flood(struct input *in, struct qm_limiter_pair *pair, struct qm_time now)
{
	const struct qm_observation same = observation(in, now);

	for (unsigned n = byte(in) % 4; n; n--) {
		qm_limiter_pair_admit(pair, &same);
	}
}

static void pass_time(struct input *in, struct qm_time *now)
{
	const uint64_t ms = mostly_small(in) * (byte(in) & 1 ? 1 : 500);

	now->mono_ms += ms;
	now->wall_ms += byte(in) & 1 ? ms : -ms;
}

static void step(struct input *in, struct qm_limiter_pair *pair, struct qm_time *now)
{
	struct qm_observation one;
	struct qm_limiter_rates rates;

	switch (byte(in) % 8) {
	case 0:
	case 1:
		pass_time(in, now);
		break;
	case 2:
	case 3:
		one = observation(in, *now);
		qm_limiter_pair_admit(pair, &one);
		break;
	case 4:
		flood(in, pair, *now);
		break;
	case 5:
		one = observation(in, *now);
		if (pair->admitted > pair->returned) {
			qm_limiter_pair_hold(pair, &one);
		}
		break;
	case 6:
		qm_limiter_pair_take(pair, *now, byte(in) == 0);
		break;
	default:
		rates = rates_of(in);
		qm_limiter_pair_set_rates(pair, &rates);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct qm_limiter_pair pair;
	struct input in = { .data = data, .size = size };
	const size_t sources = 1 + byte(&in) % QM_MODEL_SOURCES;
	const struct qm_limiter_rates rates = rates_of(&in);
	struct qm_time now = { .mono_ms = number(&in, 2), .wall_ms = number(&in, 6) };

	if (qm_limiter_pair_init(&pair, sources, &rates) < 0) {
		abort();
	}
	for (unsigned i = 0; i < STEPS_MAX && in.size && !pair.wrong; i++) {
		step(&in, &pair, &now);
	}
	qm_limiter_pair_end(&pair, now);
	if (pair.wrong) {
		fprintf(stderr, "%s\n", pair.wrong);
		abort();
	}
	return 0;
}
