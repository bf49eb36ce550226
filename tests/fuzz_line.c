/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: an audit log of any bytes. Whatever it holds, each format prints
 * text that its own readers take: UTF-8 without control characters, JSON, XML that is
 * well formed, CSV of the same columns. In whichever pieces a log comes, the same is
 * printed.
 */
#include <stdlib.h>
#include <string.h>

#include "follow.h"
#include "fuzz.h"
#include "printer.h"
#include "syntax.h"

static void demand(bool good)
{
	if (!good) {
		abort();
	}
}

/** What a format prints of a log that comes in pieces of that size. */
static struct qm_out print(const char *data, size_t size, size_t piece,
						   const struct qm_format *format)
{
	struct qm_printer printer;
	struct qm_filter filter;
	struct qm_follow follow;
	struct qm_report report = { .command = "fuzz", .bad_lines = QM_REPORT_LINES_MAX };
	const struct qm_widths widths = { .with_node = true };
	struct qm_out out;

	demand(qm_printer_init(&printer, -1, format) == 0);
	qm_filter_init(&filter);
	demand(qm_follow_init(&follow, &printer, &filter, &report, NULL) == 0);
	qm_printer_begin(&printer, &widths);
	for (size_t at = 0; at < size; at += piece) {
		const size_t n = size - at < piece ? size - at : piece;
		/* a copy of just this size, so that reading beyond it shows */
		char *copy = malloc(n);

		demand(copy != NULL);
		memcpy(copy, data + at, n);
		qm_follow_feed(&follow, copy, n);
		free(copy);
	}
	qm_follow_feed(&follow, "\n", 1);
	out = printer.out;
	qm_out_init(&printer.out, -1);
	qm_follow_fini(&follow);
	qm_printer_fini(&printer);
	return out;
}

static bool is_good(const char *name, struct qm_span text)
{
	if (!strcmp(name, "json")) {
		return qm_syntax_json_lines(text);
	}
	if (!strcmp(name, "xml")) {
		return qm_syntax_xml(text);
	}
	return strcmp(name, "csv") != 0 || qm_syntax_csv(text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;

	for (const struct qm_format *format = qm_formats; format->name; format++) {
		struct qm_out whole = print(text, size, size ? size : 1, format);
		struct qm_out pieces = print(text, size, 1 + size / 7, format);
		const struct qm_span span = { whole.buf, whole.len };

		demand(!whole.error && qm_syntax_text(span));
		demand(is_good(format->name, span));
		demand(qm_span_same(span, (struct qm_span){ pieces.buf, pieces.len }));
		qm_out_fini(&whole);
		qm_out_fini(&pieces);
	}
	return 0;
}
