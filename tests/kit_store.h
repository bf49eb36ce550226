/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The store of outbox_kit.h. Private to it.
 */
#ifndef QM_KIT_STORE_H
#define QM_KIT_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "record.h"

/** The record with a number, and the other way round. */
void kit_format(uint64_t seq, struct qm_record *ret);
uint64_t kit_number(const struct qm_record *record);

/** Whether the store would still have a record if the daemon were killed now. */
bool kit_is_committed(uint64_t seq);

#endif
