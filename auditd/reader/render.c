/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "render.h"

const struct qm_format qm_formats[] = {
	{ "text", NULL, NULL, qm_render_text, true },
	{ "table", NULL, qm_render_table_begin, qm_render_table, false },
	{ "xml", NULL, NULL, qm_render_xml, true },
	{ "json", qm_render_json_prepare, NULL, qm_render_json, true },
	{ "csv", qm_render_csv_prepare, qm_render_csv_begin, qm_render_csv, true },
	{ 0 },
};

const struct qm_format *qm_format_find(const char *name)
{
	for (const struct qm_format *format = qm_formats; format->name; format++) {
		if (!strcmp(format->name, name)) {
			return format;
		}
	}
	return NULL;
}

struct qm_span qm_render_keyword(const struct qm_view *view)
{
	return view->success ? QM_SPAN("Audit Success") : QM_SPAN("Audit Failure");
}

void qm_render_message(struct qm_out *out, const struct qm_view *view,
					   struct qm_span message,
					   void (*put)(struct qm_out *out, struct qm_span text))
{
	const char *p = message.s, *const end = message.s + message.len, *percent;
	unsigned i;

	while ((percent = memchr(p, '%', (size_t)(end - p)))) {
		qm_out_put(out, (struct qm_span){ p, (size_t)(percent - p) });
		i = 0;
		for (p = percent + 1; p < end && *p >= '0' && *p <= '9'; p++) {
			i = i * 10 + (unsigned)(*p - '0');
		}
		if (i > 0 && i <= view->event->n_fields) {
			put(out, view->values[i - 1].shown);
		}
	}
	qm_out_put(out, (struct qm_span){ p, (size_t)(end - p) });
}
