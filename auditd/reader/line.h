/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A line of the audit log taken apart, for the one record type that is ours.
 *
 * libauparse does the same and more, at more than the whole of what reading may
 * cost. What is read here is compared with what it reads in the tests.
 */
#ifndef QM_LINE_H
#define QM_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "keys.h"

/** Longest line that is taken: several times what auditd writes. */
#define QM_LINE_LEN_MAX 65536

/** Most fields of a record that are kept. */
#define QM_LINE_FIELDS_MAX 128

/** Fields of the kernel and of libaudit, each once. */
#define QM_LINE_OTHERS_MAX 16

/** Bytes for values that a line does not have as they are needed. */
#define QM_LINE_NOTES_MAX 512

/** Before what auditd's ENRICHED format adds. */
#define QM_LINE_ENRICHED '\035'

struct qm_field {
	enum qm_key key;
	struct qm_span name;
	/** as it stands there, encoded; "?" is a span of it */
	struct qm_span value;
};

/** To be zeroed before its first use. */
struct qm_line {
	/** what node= says, .s is NULL without one */
	struct qm_span node;
	/** the kernel's "1795438975.152:57"; .s is NULL for another form */
	struct qm_span stamp;
	/** when the kernel took the record, ms since the epoch; 0 when not known */
	uint64_t stamp_ms;
	/** the kernel's serial number of it */
	uint64_t serial;
	/** what the writer said: from op= to libaudit's tail */
	struct qm_span body;
	/** first what is not of the body, then the body's in order */
	struct qm_field fields[QM_LINE_OTHERS_MAX + QM_LINE_FIELDS_MAX];
	unsigned n_others;
	/** of the body */
	unsigned n_fields;
	/** by key, which of them it is, counted from 1; of a repeated one the first */
	uint8_t at[QM_KEY_MAX];
	/** the user's name, as auditd adds it in its ENRICHED format */
	struct qm_span user;
	/** every byte is printable ASCII */
	bool plain;
	/** it is libreswan's, and was put into our terms */
	bool libreswan;
	char notes[QM_LINE_NOTES_MAX];
	size_t n_notes;
	/** the key that followed each in the last record: records are alike */
	uint8_t next[QM_KEY_MAX + 1];
};

/**
 * Whether a line holds a CRYPTO_IPSEC_SA record: a look at its beginning.
 *
 * @param ret_strange	set when it is neither an audit record by its beginning, nor
 *						empty, nor what ausearch prints between records
 */
bool qm_line_is_ours(struct qm_span text, bool *ret_strange);

/**
 * Takes a line apart.
 *
 * @param text			a line for which qm_line_is_ours(), without the newline;
 *						must outlive `line`
 * @param line			receives the parts
 * @param ret_problem	receives what is wrong with it, on failure
 * @return				0 or -EBADMSG
 */
int qm_line_parse(struct qm_span text, struct qm_line *line, const char **ret_problem);

/** A field of the body. */
static inline struct qm_field *qm_line_field(struct qm_line *line, unsigned i)
{
	return &line->fields[QM_LINE_OTHERS_MAX + i];
}

/** A value by its key, "?" included; .s is NULL for what is not there. */
static inline struct qm_span qm_line_value(const struct qm_line *line, enum qm_key key)
{
	return line->at[key] ? line->fields[line->at[key] - 1].value : (struct qm_span){ 0 };
}

/**
 * Reads "1795438975.152:57)" or, as `ausearch -i` has it, a date of the locale, of
 * which only the number is read.
 *
 * @param ret_serial	receives the number
 * @param ret_ms		receives the time, 0 for a date
 * @return				the parenthesis, or NULL
 */
const char *qm_line_stamp(struct qm_span text, uint64_t *ret_serial, uint64_t *ret_ms);

/** Where libaudit's tail begins: it is the last that was written. `end` for none. */
const char *qm_line_tail(const char *from, const char *end);

/** When it happened: what the writer says, else the kernel's time. Milliseconds. */
uint64_t qm_line_time(const struct qm_line *line);

/** A value, or an empty span for one that is missing or "?". */
struct qm_span qm_line_known(const struct qm_line *line, enum qm_key key);

/**
 * A decimal number that takes all of a value.
 *
 * @return 0, -ENODATA for an empty value, -EINVAL, or -ERANGE
 */
int qm_span_number(struct qm_span value, uint64_t *ret);

/** The number of an SPI as records have it, 3240314215(0xc1234567); 0 for none. */
uint32_t qm_span_spi(struct qm_span value);

/** A time as records have it, 1795438975.152, in ms; 0 for none. */
uint64_t qm_span_time(struct qm_span value);

#endif
