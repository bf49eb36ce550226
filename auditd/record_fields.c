/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "record_fields.h"

void qm_put_name(struct qm_writer *w, const char *field, const char *value)
{
	qm_writer_field(w, field);
	qm_writer_string(w, value);
}

void qm_put_word(struct qm_writer *w, const char *field, const char *value)
{
	qm_writer_field(w, field);
	qm_writer_word(w, value, QM_ALG_MAX);
}

void qm_put_text(struct qm_writer *w, const char *field, const struct qm_text *text)
{
	qm_writer_field(w, field);
	qm_writer_untrusted(w, text);
}

void qm_put_number(struct qm_writer *w, const char *field, uint64_t n)
{
	qm_writer_field(w, field);
	qm_writer_number(w, n, 1);
}

void qm_put_known(struct qm_writer *w, const char *field, struct qm_count count)
{
	if (count.known) {
		qm_put_number(w, field, count.n);
	} else {
		qm_put_name(w, field, "?");
	}
}

void qm_put_id(struct qm_writer *w, const char *field, uint32_t id)
{
	qm_put_known(w, field, (struct qm_count){ .known = id, .n = id });
}

void qm_put_ms(struct qm_writer *w, const char *field, uint64_t ms)
{
	qm_writer_field(w, field);
	qm_writer_number(w, ms / 1000, 1);
	qm_writer_string(w, ".");
	qm_writer_number(w, ms % 1000, 3);
}

void qm_put_moment(struct qm_writer *w, const char *field, uint64_t ms)
{
	if (ms) {
		qm_put_ms(w, field, ms);
	} else {
		qm_put_name(w, field, "?");
	}
}

void qm_put_addr(struct qm_writer *w, const char *field, const struct qm_addr *addr)
{
	qm_writer_field(w, field);
	qm_writer_addr(w, addr);
}

void qm_put_spi(struct qm_writer *w, const char *field, uint32_t spi)
{
	qm_writer_field(w, field);
	qm_writer_spi(w, spi);
}

void qm_put_ts(struct qm_writer *w, const char *field, const struct qm_ts_list *list)
{
	qm_writer_field(w, field);
	qm_writer_ts_list(w, list);
}
