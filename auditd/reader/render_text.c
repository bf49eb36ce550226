/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text: an event as Windows' viewer copies it, and what the record has beside.
 */
#include "render.h"

static void put_colored(struct qm_out *out, const struct qm_style *style,
						const char *color, struct qm_span text)
{
	if (style->color) {
		qm_out_string(out, color);
	}
	qm_out_put(out, text);
	if (style->color) {
		QM_OUT(out, "\033[0m");
	}
}

static void put_header(struct qm_out *out, const struct qm_view *view,
					   const struct qm_style *style)
{
	QM_OUT(out, "----\nLog Name:      Security\nSource:        ");
	qm_out_put(out, view->provider);
	QM_OUT(out, "\nDate:          ");
	qm_out_local(out, view->time_ms);
	QM_OUT(out, "\nEvent ID:      ");
	qm_out_number(out, view->event->id);
	QM_OUT(out, "\nTask Category: ");
	qm_out_string(out, view->event->task_name);
	QM_OUT(out, "\nLevel:         Information\nKeywords:      ");
	put_colored(out, style, view->success ? "\033[32m" : "\033[31m",
				qm_render_keyword(view));
	QM_OUT(out, "\nUser:          N/A\nComputer:      ");
	qm_out_put(out, view->computer);
	QM_OUT(out, "\nDescription:\n");
}

void qm_render_text(struct qm_out *out, const struct qm_view *view,
					const struct qm_style *style)
{
	put_header(out, view, style);
	qm_render_message(out, view, qm_span_of(view->event->message), qm_out_put);
	QM_OUT(out, "\n\nAudit Record:\n");
	for (unsigned i = 0; i < view->n_extras; i++) {
		qm_out_char(out, '\t');
		qm_out_put(out, view->extras[i].name);
		QM_OUT(out, ":\t");
		qm_out_put(out, view->extras[i].value);
		qm_out_char(out, '\n');
	}
}
