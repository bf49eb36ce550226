/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The text of an audit record: an event as key=value fields in a fixed order.
 *
 * Grammar: one blank between fields, every field of the op present, "?" for
 * what is not known, untrusted strings encoded as auparse expects them
 * (quoted, or hexadecimal when they hold anything that could end a value).
 * Field names avoid those that ausearch reads by substring. The length is
 * bounded by the sizes in facts.h, see QM_RECORD_MAX.
 */
#ifndef QM_RECORD_H
#define QM_RECORD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "event.h"

/**
 * Longest body with its NUL. The kernel cuts a user message at 8560 bytes
 * (AUDIT_MESSAGE_TEXT_MAX, uapi/linux/audit.h), libaudit's tail included:
 * this leaves room for exe= with any path and the rest of the tail.
 */
#define QM_RECORD_MAX 6144

/** Bytes of an address as text, with the NUL: INET6_ADDRSTRLEN */
#define QM_RECORD_ADDR_MAX 46

/** Who writes: the same in each record of a run. */
struct qm_origin {
	/** number of this daemon start on this host, or 0 when not known */
	uint32_t instance;
	/** e.g. "charon-systemd" */
	const char *daemon;
	/** e.g. "5.9.8" */
	const char *daemon_version;
};

/** A record ready for libaudit. */
struct qm_record {
	/** length of body without the NUL */
	size_t len;
	char body[QM_RECORD_MAX];
	/** the peer for addr= in libaudit's tail, "" when there is none */
	char addr[QM_RECORD_ADDR_MAX];
	/** for res= in libaudit's tail */
	bool success;
};

/** The class of an event, which the policy is about: success, or failure. */
bool qm_event_is_success(const struct qm_event *event);

/**
 * Writes an event as a record.
 *
 * @param event		event, with what its kind needs set
 * @param origin	who writes
 * @param seq		record number, for rec-seq=
 * @param ret		receives the record; untouched on failure
 * @return			0, -EINVAL for an unknown kind or missing facts,
 *					-EMSGSIZE if the text would not fit (cannot happen with
 *					the bounds of facts.h; tested)
 */
int qm_record_format(const struct qm_event *event, const struct qm_origin *origin,
					 uint64_t seq, struct qm_record *ret);

#endif
