/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The fields of a snapshot in JSON. Whoever writes it and whoever reads it go by these.
 */
#ifndef QM_SNAPSHOT_FIELDS_H
#define QM_SNAPSHOT_FIELDS_H

#include "snapshot.h"

enum qm_field_type {
	/** char[size]: a string */
	QM_FIELD_STRING,
	/** bool */
	QM_FIELD_BOOL,
	/** uint32_t, uint64_t: a number */
	QM_FIELD_U32,
	QM_FIELD_U64,
	/** uint64_t in ms: a number of seconds with three decimals */
	QM_FIELD_SECONDS,
	/** struct qm_count: a number, or null */
	QM_FIELD_COUNT,
	/** uint32_t: a string, hexadecimal with 0x */
	QM_FIELD_SPI,
	/** struct qm_addr: a string without the port, "?" when unknown */
	QM_FIELD_ADDR,
	/** struct qm_text: a string; what is not UTF-8 in it becomes U+FFFD */
	QM_FIELD_TEXT,
};

struct qm_field {
	/** object that it is in, "" for the outermost; fields of one stand together */
	const char *group;
	const char *name;
	enum qm_field_type type;
	/** in struct qm_snapshot or one of its parts, and bytes there */
	size_t offset;
	size_t size;
	/** null where the recorder did not answer */
	bool own;
};

/** Of the whole, of an element of "sas", and of one of "reasons". */
extern const struct qm_field qm_snapshot_fields[];
extern const size_t qm_snapshot_n_fields;
extern const struct qm_field qm_snapshot_sa_fields[];
extern const size_t qm_snapshot_n_sa_fields;
extern const struct qm_field qm_snapshot_reason_fields[];
extern const size_t qm_snapshot_n_reason_fields;

#endif
