/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: the answer of a daemon. What is taken is written again as JSON that is
 * taken and is the same, and is printed without control characters.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "reader/answer.h"
#include "reader/status_out.h"

static void demand(bool good)
{
	if (!good) {
		abort();
	}
}

static void check_print(const struct qm_snapshot *snapshot,
						void (*print)(struct qm_out *out,
									  const struct qm_snapshot *snapshot))
{
	struct qm_out out;

	qm_out_init(&out, -1);
	print(&out, snapshot);
	demand(!out.error);
	for (size_t i = 0; i < out.len; i++) {
		demand(out.buf[i] == '\n' || (unsigned char)out.buf[i] >= ' ');
	}
	qm_out_fini(&out);
}

static char *write_again(const struct qm_snapshot *snapshot, struct qm_snapshot **ret)
{
	struct qm_complaint why;
	char *text;
	size_t len;

	demand(!qm_snapshot_json(snapshot, &text, &len));
	demand(!qm_answer_parse((struct qm_span){ text, len }, ret, &why));
	return text;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct qm_snapshot *read = NULL, *second = NULL, *third = NULL, *fourth = NULL;
	struct qm_complaint why = { 0 };
	char *one, *other;

	if (qm_answer_parse((struct qm_span){ (const char *)data, size }, &read, &why) < 0) {
		demand(why.text[0]);
		return 0;
	}
	check_print(read, qm_status_text);
	check_print(read, qm_status_prometheus);
	/* what is no UTF-8 is replaced the first time, and may be cut for that */
	free(write_again(read, &second));
	one = write_again(second, &third);
	other = write_again(third, &fourth);
	demand(!strcmp(one, other));
	free(one);
	free(other);
	qm_snapshot_free(read);
	qm_snapshot_free(second);
	qm_snapshot_free(third);
	qm_snapshot_free(fourth);
	return 0;
}
