/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A gate whose packets, wake-ups and summaries are counted.
 */
#ifndef QM_GATE_KIT_H
#define QM_GATE_KIT_H

#include <stdbool.h>
#include <stdint.h>

#include "gate.h"

/** What came out of a gate. */
struct gate_kit {
	struct qm_gate *gate;
	/** packets that are to be pushed are refused with this negative errno */
	int refuse;
	/** packets passed on in full, the last of them, and its time */
	uint64_t pushed;
	struct qm_invalid last;
	struct qm_time last_time;
	uint64_t refused;
	uint64_t wakes;
	/** what was taken: items, and the sum of their counts, by kind */
	uint64_t items[QM_LIMIT_KIND_MAX];
	uint64_t counts[QM_LIMIT_KIND_MAX];
	struct qm_gate_item item;
};

/** Time of so many milliseconds. */
struct qm_time gate_kit_time(uint64_t ms);

/** An invalid packet of the sample's, sent by 198.51.0.0 + source. */
struct qm_invalid gate_kit_packet(uint16_t source);

/** Whether a packet is that one, in all that tells packets apart. */
bool gate_kit_is_packet(const struct qm_invalid *invalid, uint16_t source);

/** Makes the gate; the rest is 0. */
void gate_kit_init(struct gate_kit *kit, uint32_t source, uint32_t total,
				   uint32_t interval_ms);

/** Takes until there is nothing. @return items taken */
uint64_t gate_kit_take(struct gate_kit *kit, uint64_t ms, bool all);

void gate_kit_free(struct gate_kit *kit);

#endif
