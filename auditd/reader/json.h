/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads a JSON text that somebody else wrote (RFC 8259), without taking memory: each
 * scalar is handed over with its place, "sink.state", say, or "sas[].in_spi".
 */
#ifndef QM_JSON_H
#define QM_JSON_H

#include <stdint.h>

#include "complaint.h"
#include "span.h"

/** Objects and arrays in one another, and bytes of a place with its NUL: what lies
 * deeper is refused, what is named longer has a place that ends in "?". */
#define QM_JSON_DEPTH 8
#define QM_JSON_PATH 128

enum qm_json_kind {
	QM_JSON_NULL,
	QM_JSON_BOOL,
	QM_JSON_NUMBER,
	QM_JSON_STRING,
};

struct qm_json_value {
	enum qm_json_kind kind;
	/** BOOL */
	bool truth;
	/** NUMBER: as it is written; STRING: what is between the quotes */
	struct qm_span raw;
};

struct qm_json_reader {
	/** @return 0 or a negative errno, with what is wrong in `why`: that ends it */
	int (*value)(void *user, const char *path, const struct qm_json_value *value,
				 struct qm_complaint *why);
	/** the same, for an element of an array that begins; its path ends in "[]" */
	int (*element)(void *user, const char *path, struct qm_complaint *why);
	void *user;
};

/**
 * @return	0; -EBADMSG for what is no JSON, or has more after it; what the reader
 *			returned. Then `why` says what is wrong
 */
int qm_json_read(struct qm_span text, const struct qm_json_reader *reader,
				 struct qm_complaint *why);

/**
 * Takes the escapes out of a string. U+0000 becomes U+FFFD, as does half of a surrogate
 * pair; what does not fit is cut at a character's edge.
 *
 * @param ret	receives the terminated text
 * @return		bytes of it
 */
size_t qm_json_string(struct qm_span raw, char *ret, size_t size);

/** A number that is whole and not negative. @return 0 or -ERANGE */
int qm_json_u64(struct qm_span raw, uint64_t *ret);

/** A number that is not negative, in thousandths; what is smaller is dropped.
 * @return 0 or -ERANGE */
int qm_json_milli(struct qm_span raw, uint64_t *ret);

#endif
