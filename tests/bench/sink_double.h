/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Takes the place of auditd/sink.c, so that no record leaves this process, and
 * can be made to block as a full audit backlog does.
 */
#ifndef QM_BENCH_SINK_DOUBLE_H
#define QM_BENCH_SINK_DOUBLE_H

#include <stdbool.h>

/** Makes writing block until released, or returns at once from now on. */
void sink_block(bool block);

/** Waits for the write of a policy-change record after the last such wait. */
void sink_await_change(void);

/** Waits until a write is blocked. */
void sink_await_blocked(void);

/** Records about CHILD_SAs since the last look. */
unsigned sink_take_sa_records(void);

/** Takes and resets the records about packets, and how many packets they count. */
void sink_take_packets(unsigned *ret_records, unsigned long long *ret_packets);

/** Whether a record told of lost inputs since the last look. */
bool sink_take_loss(void);

#endif
