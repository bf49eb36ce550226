/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What stands in single fields of a record, and the names that numbers have:
 * IKE's after the RFCs and IANA's registry. Part of readback.
 */
#ifndef QM_READVALUE_H
#define QM_READVALUE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event.h"

/** Whether a quoted or hexadecimal value, or "?", is this text. */
bool qm_readvalue_is_text(const char *value, const struct qm_text *text);

/** Whether a value is this address. */
bool qm_readvalue_is_addr(const char *value, const struct qm_addr *addr);

/** Drops what auparse drops from the end of a value that is not encoded. */
void qm_readvalue_strip(char *value);

/** The exchange's name or, without one, its number; "?" for 0. Valid until the
 * next call. */
const char *qm_readvalue_exchange(uint8_t version, uint8_t exchange);

/** The same for an error notify. */
const char *qm_readvalue_notify(uint8_t version, uint16_t type);

/** Names of reasons; "unknown" for what is none. */
const char *qm_readvalue_failure(enum qm_failure_reason reason);
const char *qm_readvalue_fault(enum qm_fault fault);

/** What a notify is as a reason. */
const char *qm_readvalue_notify_reason(uint8_t version, uint16_t type);

#endif
