/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fields of a record: a name, and a value of one of the types that values have.
 * What is not known is "?". Private to the record writer.
 */
#ifndef QM_RECORD_FIELDS_H
#define QM_RECORD_FIELDS_H

#include <stdint.h>

#include "facts.h"
#include "text.h"

/** A name out of a table of ours, which needs no encoding. */
void qm_put_name(struct qm_writer *w, const char *field, const char *value);
/** A string of up to QM_ALG_MAX bytes without blanks or quotes, "?" when empty. */
void qm_put_word(struct qm_writer *w, const char *field, const char *value);
/** A string from outside, encoded. */
void qm_put_text(struct qm_writer *w, const char *field, const struct qm_text *text);
void qm_put_number(struct qm_writer *w, const char *field, uint64_t n);
void qm_put_known(struct qm_writer *w, const char *field, struct qm_count count);
/** A number that is never 0 where it is known. */
void qm_put_id(struct qm_writer *w, const char *field, uint32_t id);
/** Milliseconds, as seconds. */
void qm_put_ms(struct qm_writer *w, const char *field, uint64_t ms);
/** A point in time, ms since the epoch, 0 when not known. */
void qm_put_moment(struct qm_writer *w, const char *field, uint64_t ms);
void qm_put_addr(struct qm_writer *w, const char *field, const struct qm_addr *addr);
void qm_put_spi(struct qm_writer *w, const char *field, uint32_t spi);
void qm_put_ts(struct qm_writer *w, const char *field, const struct qm_ts_list *list);

#endif
