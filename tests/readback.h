/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads a record the way a reader of the audit log does: from the line that
 * auditd writes, through libauparse. Knows the grammar by itself; nothing of
 * the code that writes records is used.
 */
#ifndef QM_READBACK_H
#define QM_READBACK_H

#include <stddef.h>
#include <stdint.h>

#include "record.h"

/** Longest line: the kernel's limit for a user message and what stands around it. */
#define QM_LINE_MAX 9216

/**
 * The line that auditd writes for a record that charon sent.
 *
 * @param serial	serial number of the audit event; its time is 1795438975.152
 * @param line		receives the terminated line, without a newline
 * @return			0, -EMSGSIZE if `size` is too small
 */
int qm_audit_line(const struct qm_record *record, unsigned serial, char *line,
				  size_t size);

/**
 * Compares what libauparse reads in a record with what went in, field by field.
 *
 * @return	NULL if all is there, nothing else, and in order; otherwise what is
 *			wrong, valid until the next call
 */
const char *qm_readback(const struct qm_record *record, const struct qm_event *event,
						const struct qm_origin *origin, uint64_t seq);

#endif
