/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fields of a record, one after the other, as libauparse reads them: each is compared
 * with what it has to be. The first that is not is what the reader complains of.
 */
#ifndef QM_READFIELD_H
#define QM_READFIELD_H

#include <stdbool.h>
#include <stdint.h>

#include <auparse.h>

#include "facts.h"

struct qm_reader {
	auparse_state_t *au;
	/** on a field */
	bool any;
	/** "" while all is well */
	char problem[512];
};

/** The name of a value out of the list that follows, "?" for any other value. */
#define ENUM_NAME(value, ...) \
	qm_enum_name((unsigned)(value), (const char *const[]){ __VA_ARGS__, NULL })

const char *qm_enum_name(unsigned value, const char *const *names);

/** Says what is wrong, unless something was before. */
void qm_reader_complain(struct qm_reader *r, const char *name, const char *value,
						const char *expected);

/* The next field has this name, and this value. */

void qm_is(struct qm_reader *r, const char *name, const char *expected);
/** What a word out of charon's tables is printed as. */
void qm_is_word(struct qm_reader *r, const char *name, const char *expected);
void qm_is_known(struct qm_reader *r, const char *name, bool known, uint64_t n);
void qm_is_number(struct qm_reader *r, const char *name, uint64_t n);
/** 0 is not known. */
void qm_is_id(struct qm_reader *r, const char *name, uint32_t id);
void qm_is_count(struct qm_reader *r, const char *name, struct qm_count count);
void qm_is_time(struct qm_reader *r, const char *name, uint64_t ms);
/** A time that is not known where it is 0. */
void qm_is_moment(struct qm_reader *r, const char *name, uint64_t ms);
void qm_is_spi(struct qm_reader *r, const char *name, uint32_t spi);
void qm_is_text(struct qm_reader *r, const char *name, const struct qm_text *text);
void qm_is_addr(struct qm_reader *r, const char *name, const struct qm_addr *addr);
void qm_is_ts(struct qm_reader *r, const char *name, const struct qm_ts_list *list);

#endif
