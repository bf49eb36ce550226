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

/** Writes a mark as text, without the masks that go without saying. */
void qm_readvalue_mark(char *text, size_t size, struct qm_mark mark);

/** Whose address an event's record has in its tail; of no family for nobody. */
const struct qm_addr *qm_readvalue_peer(const struct qm_event *event);

/** The result of an event's record: its class, and not its outcome. */
bool qm_readvalue_is_success(const struct qm_event *event);

/** Names of reasons; "unknown" for what is none. */
const char *qm_readvalue_failure(enum qm_failure_reason reason);
const char *qm_readvalue_fault(enum qm_fault fault);

/** What a notify is as a reason. */
const char *qm_readvalue_notify_reason(uint8_t version, uint16_t type);

#endif
