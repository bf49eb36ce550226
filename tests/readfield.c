/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "readfield.h"

#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "readts.h"
#include "readvalue.h"

const char *qm_enum_name(unsigned value, const char *const *names)
{
	for (unsigned i = 0; names[i]; i++) {
		if (i == value) {
			return names[i];
		}
	}
	return "?";
}

void qm_reader_complain(struct qm_reader *r, const char *name, const char *value,
						const char *expected)
{
	if (!*r->problem) {
		snprintf(r->problem, sizeof(r->problem), "%s is %.200s, should be %.200s", name,
				 value, expected);
	}
}

/** Value of the next field, which must be `name`; "" otherwise. */
static const char *take(struct qm_reader *r, const char *name)
{
	const char *actual = r->any ? auparse_get_field_name(r->au) : NULL;
	const char *value = actual ? auparse_get_field_str(r->au) : NULL;

	if (!actual || strcmp(actual, name) || !value) {
		qm_reader_complain(r, "name of the field", actual ? actual : "missing", name);
		return "";
	}
	r->any = auparse_next_field(r->au) > 0;
	return value;
}

void qm_is(struct qm_reader *r, const char *name, const char *expected)
{
	const char *value = take(r, name);

	if (strcmp(value, expected)) {
		qm_reader_complain(r, name, value, expected);
	}
}

void qm_is_word(struct qm_reader *r, const char *name, const char *expected)
{
	char word[QM_ALG_MAX + 1] = "?";

	if (expected && *expected) {
		snprintf(word, sizeof(word), "%.*s", QM_ALG_MAX, expected);
		for (char *c = word; *c; c++) {
			if (!isascii(*c) || !isgraph(*c) || strchr("\"'=", *c)) {
				*c = '_';
			}
		}
		qm_readvalue_strip(word);
	}
	qm_is(r, name, word);
}

void qm_is_known(struct qm_reader *r, const char *name, bool known, uint64_t n)
{
	char number[24];

	snprintf(number, sizeof(number), "%" PRIu64, n);
	qm_is(r, name, known ? number : "?");
}

void qm_is_number(struct qm_reader *r, const char *name, uint64_t n)
{
	qm_is_known(r, name, true, n);
}

void qm_is_id(struct qm_reader *r, const char *name, uint32_t id)
{
	qm_is_known(r, name, id, id);
}

void qm_is_count(struct qm_reader *r, const char *name, struct qm_count count)
{
	qm_is_known(r, name, count.known, count.n);
}

void qm_is_time(struct qm_reader *r, const char *name, uint64_t ms)
{
	const char *value = take(r, name);
	uint64_t seconds;
	unsigned rest;
	int end = 0;

	if (sscanf(value, "%" SCNu64 ".%3u%n", &seconds, &rest, &end) != 2 || value[end] ||
		value[end - 4] != '.' || seconds != ms / 1000 || rest != ms % 1000) {
		qm_reader_complain(r, name, value, "another time");
	}
}

void qm_is_moment(struct qm_reader *r, const char *name, uint64_t ms)
{
	if (ms) {
		qm_is_time(r, name, ms);
	} else {
		qm_is(r, name, "?");
	}
}

void qm_is_spi(struct qm_reader *r, const char *name, uint32_t spi)
{
	char text[32] = "?";

	if (spi) {
		/* as the kernel's records read: auparse drops the parenthesis */
		snprintf(text, sizeof(text), "%" PRIu32 "(0x%" PRIx32, spi, spi);
	}
	qm_is(r, name, text);
}

void qm_is_text(struct qm_reader *r, const char *name, const struct qm_text *text)
{
	const char *value = take(r, name);

	if (!qm_readvalue_is_text(value, text)) {
		qm_reader_complain(r, name, value, "another text");
	}
}

void qm_is_addr(struct qm_reader *r, const char *name, const struct qm_addr *addr)
{
	const char *value = take(r, name);

	if (!qm_readvalue_is_addr(value, addr)) {
		qm_reader_complain(r, name, value, "another address");
	}
}

void qm_is_ts(struct qm_reader *r, const char *name, const struct qm_ts_list *list)
{
	const char *value = take(r, name);

	if (!qm_readts_equal(value, list)) {
		qm_reader_complain(r, name, value, "other selectors");
	}
}
