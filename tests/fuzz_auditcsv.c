/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: an audit.csv. The first byte of the input is the policy to write, the rest
 * the file. What is written is read back the same, a second writing changes nothing, and
 * every row of others is there as it was.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "reader/auditcsv_rows.h"
#include "reader/encoding.h"

static void demand(bool good)
{
	if (!good) {
		abort();
	}
}

static enum qm_tristate tristate(unsigned bits)
{
	static const enum qm_tristate tris[] = { QM_TRI_UNKNOWN, QM_TRI_NO, QM_TRI_YES };

	return tris[bits % 3];
}

/** Goes on to the next row that is not ours. */
static bool next_other(struct qm_auditcsv *csv)
{
	int more;

	do {
		more = qm_auditcsv_next(csv);
		demand(more >= 0);
	} while (more && qm_auditcsv_is_ours(csv));
	return more;
}

static void check_others(const char *a, size_t a_size, const char *b, size_t b_size)
{
	struct qm_auditcsv one, other;
	struct qm_complaint why;
	bool more;

	demand(!qm_auditcsv_begin(&one, a, a_size, &why));
	demand(!qm_auditcsv_begin(&other, b, b_size, &why));
	do {
		size_t len = one.end - one.cells[0].start;

		demand(other.end - other.cells[0].start == len);
		demand(!memcmp(a + one.cells[0].start, b + other.cells[0].start, len));
		more = next_other(&one);
		demand(next_other(&other) == more);
	} while (more);
}

static void check_read(const char *text, size_t size, struct qm_policy policy)
{
	struct qm_auditcsv_row row;
	struct qm_auditcsv_wish wish;
	struct qm_complaint why;

	demand(!qm_auditcsv_find(text, size, &row, &why));
	demand(!qm_auditcsv_read(&row, QM_AUDITCSV_ZERO_REFUSED, &wish, &why));
	demand(qm_policy_equal(wish.policy, policy));
	demand(wish.unchanged ==
		   qm_policy_equal(policy, (struct qm_policy){ QM_TRI_UNKNOWN, QM_TRI_UNKNOWN }));
}

static void check_write(const char *text, size_t size, struct qm_policy policy)
{
	struct qm_complaint why;
	char *new, *again;
	size_t new_size, again_size;

	if (qm_auditcsv_write(text, size, policy, &new, &new_size, &why) < 0) {
		demand(why.text[0]);
		return;
	}
	check_read(new, new_size, policy);
	if (size) {
		check_others(text, size, new, new_size);
	}
	demand(!qm_auditcsv_write(new, new_size, policy, &again, &again_size, &why));
	demand(again_size == new_size && !memcmp(again, new, new_size));
	free(new);
	free(again);
}

/** What was decoded becomes the same bytes again. */
static void check_encoding(const char *text, size_t size, enum qm_encoding encoding,
						   const char *raw, size_t raw_size)
{
	char *out;
	size_t out_size;

	demand(!qm_encode(text, size, encoding, &out, &out_size));
	demand(out_size == raw_size && !memcmp(out, raw, raw_size));
	free(out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct qm_auditcsv_row row;
	struct qm_auditcsv_wish wish;
	struct qm_complaint why;
	enum qm_encoding encoding;
	struct qm_policy policy;
	const char *raw = (const char *)data + 1;
	char *text;
	size_t len;

	if (!size) {
		return 0;
	}
	policy.success = tristate(data[0]);
	policy.failure = tristate(data[0] / 3);
	if (qm_decode(raw, size - 1, &text, &len, &encoding, &why) < 0) {
		demand(why.text[0]);
		return 0;
	}
	check_encoding(text, len, encoding, raw, size - 1);
	if (!qm_auditcsv_find(text, len, &row, &why)) {
		demand(row.line);
		(void)qm_auditcsv_read(&row, QM_AUDITCSV_ZERO_NONE, &wish, &why);
	}
	check_write(text, len, policy);
	free(text);
	return 0;
}
