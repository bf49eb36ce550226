/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gate_kit.h"

#include <stdlib.h>
#include <string.h>

#include "samples.h"

#define WALL_MS 1795438975152
#define MONO_MS 7000000

struct qm_time gate_kit_time(uint64_t ms)
{
	return (struct qm_time){ .wall_ms = WALL_MS + ms, .mono_ms = MONO_MS + ms };
}

struct qm_invalid gate_kit_packet(uint16_t source)
{
	struct qm_invalid invalid;

	qm_sample_tampered(&invalid);
	invalid.remote.ip[2] = (uint8_t)(source >> 8);
	invalid.remote.ip[3] = (uint8_t)source;
	return invalid;
}

bool gate_kit_is_packet(const struct qm_invalid *invalid, uint16_t source)
{
	const struct qm_invalid other = gate_kit_packet(source);

	return !memcmp(invalid->remote.ip, other.remote.ip, sizeof(other.remote.ip)) &&
		   !memcmp(invalid->local.ip, other.local.ip, sizeof(other.local.ip)) &&
		   invalid->packet.len == other.packet.len &&
		   invalid->packet.msgid == other.packet.msgid &&
		   invalid->packet.spi_i == other.packet.spi_i &&
		   invalid->packet.spi_r == other.packet.spi_r &&
		   invalid->ike_sa == other.ike_sa && invalid->fault == other.fault &&
		   invalid->authenticated == other.authenticated;
}

static int on_push(void *user, const struct qm_invalid *invalid, struct qm_time time)
{
	struct gate_kit *kit = user;

	if (kit->refuse) {
		kit->refused++;
		return kit->refuse;
	}
	kit->pushed++;
	kit->last = *invalid;
	kit->last_time = time;
	return 0;
}

static void on_wake(void *user)
{
	struct gate_kit *kit = user;

	kit->wakes++;
}

void gate_kit_init(struct gate_kit *kit, uint32_t source, uint32_t total,
				   uint32_t interval_ms)
{
	const struct qm_gate_config config = {
		.rates = { .source = source, .total = total, .interval_ms = interval_ms },
		.push = on_push,
		.wake = on_wake,
		.user = kit,
	};

	*kit = (struct gate_kit){ 0 };
	if (qm_gate_new(&kit->gate, &config) < 0) {
		abort();
	}
}

uint64_t gate_kit_take(struct gate_kit *kit, uint64_t ms, bool all)
{
	uint64_t items = 0;

	while (qm_gate_take(kit->gate, gate_kit_time(ms), all, &kit->item)) {
		kit->items[kit->item.kind]++;
		kit->counts[kit->item.kind] += kit->item.count;
		items++;
	}
	return items;
}

void gate_kit_free(struct gate_kit *kit)
{
	kit->gate = qm_gate_free(kit->gate);
}
