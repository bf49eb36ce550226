/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a hook is compared with: costs that everybody knows, in the same run.
 */
#ifndef QM_BENCH_ANCHORS_H
#define QM_BENCH_ANCHORS_H

#include <stddef.h>

#include "stats.h"

/** Bytes of a typical record. */
#define RECORD_LEN 900

/**
 * A message of RECORD_LEN bytes to a local datagram socket and back out of it:
 * less than any hand-over of a record to the kernel takes.
 */
void anchor_datagram(struct samples *samples, size_t count);

/** The first write to a page of memory, at most 64 MiB of it. */
void anchor_page(struct samples *samples, size_t count);

/** A loop that took 2 us when nothing disturbed it: what is more is the machine's. */
void anchor_loop(struct samples *samples, size_t count);

/** fork() and exec() of /bin/true: the least that an updown script takes. */
void anchor_fork(struct samples *samples, size_t count);

/**
 * The fields of a record in one call of snprintf().
 *
 * @return	nanoseconds for one record
 */
uint64_t anchor_snprintf(size_t count);

#endif
