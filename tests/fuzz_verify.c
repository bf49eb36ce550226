/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: an audit log of any bytes, which the checker judges. Whatever it holds,
 * the verdict is text that may be printed, and JSON; and of records that are just there
 * twice nothing comes.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "syntax.h"
#include "verify_print.h"

static void demand(bool good)
{
	if (!good) {
		abort();
	}
}

/** Takes a line, each of ours as often as told. */
static void take(struct qm_verify *verify, struct qm_kernel_recent *recent,
				 struct qm_span text, unsigned times)
{
	static struct qm_line line;
	struct qm_kernel_line kernel;
	const char *problem;
	bool strange;

	if (qm_line_is_ours(text, &strange)) {
		while (times-- && qm_line_parse(text, &line, &problem) == 0) {
			demand(qm_verify_record(verify, &line) == 0);
		}
	} else if (qm_kernel_line_is_wanted(recent, text) &&
			   qm_kernel_line_parse(text, &kernel) == 0) {
		demand(qm_verify_kernel(verify, &kernel) == 0);
	}
}

static struct qm_verify *judge(const char *data, size_t size, unsigned times,
							   struct qm_verify_result *ret)
{
	struct qm_verify *verify = qm_verify_new();
	struct qm_kernel_recent recent = { 0 };
	const char *end = data + size, *newline;

	demand(verify != NULL);
	for (const char *p = data; p < end; p = newline + 1) {
		newline = memchr(p, '\n', (size_t)(end - p));
		newline = newline ? newline : end;
		take(verify, &recent, (struct qm_span){ p, (size_t)(newline - p) }, times);
	}
	demand(qm_verify_finish(verify, ret) == 0);
	return verify;
}

static void check_text(const struct qm_verify_style *style,
					   const struct qm_verify_result *result)
{
	struct qm_out out;
	size_t lines = 0;

	qm_out_init(&out, -1);
	qm_verify_print_text(&out, style, result);
	demand(!out.error && qm_syntax_text((struct qm_span){ out.buf, out.len }));
	for (size_t i = 0; i < out.len; i++) {
		lines += out.buf[i] == '\n';
	}
	demand(lines == 1 + result->n_findings + result->n_open);
	qm_out_fini(&out);
}

static void check_json(const struct qm_verify_style *style,
					   const struct qm_verify_result *result)
{
	struct qm_out out;
	size_t len = 0;

	qm_out_init(&out, -1);
	qm_verify_print_json(&out, style, result);
	demand(!out.error && out.len);
	/* one document is one line but for its line breaks */
	for (size_t i = 0; i < out.len; i++) {
		if (out.buf[i] != '\n' || i + 1 == out.len) {
			out.buf[len++] = out.buf[i];
		}
	}
	demand(qm_syntax_json_lines((struct qm_span){ out.buf, len }));
	qm_out_fini(&out);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct qm_verify_style style = {
		.notes = true,
		.open = true,
		.end_ms = UINT64_MAX,
	};
	struct qm_verify_result once, twice;
	char *copy = malloc(size + 1);
	struct qm_verify *verify;

	demand(copy != NULL);
	memcpy(copy, data, size);
	verify = judge(copy, size, 1, &once);
	if (once.records) {
		check_text(&style, &once);
	}
	check_json(&style, &once);
	demand(once.n_faults <= once.n_findings);
	qm_verify_free(verify);
	verify = judge(copy, size, 2, &twice);
	/* a record without a number, and only that, counts again */
	demand(twice.n_findings >= once.n_findings && twice.pairs == once.pairs);
	qm_verify_free(verify);
	free(copy);
	return 0;
}
