/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * XML: Windows' Event schema. What the record has beyond Windows' fields comes after
 * them, under the record's own names.
 */
#include "render.h"

#define NAMESPACE "http://schemas.microsoft.com/win/2004/08/events/event"

/** Begins a line of the given depth, where lines are wanted. */
static void put_line(struct qm_out *out, const struct qm_style *style, unsigned depth)
{
	if (style->pretty) {
		qm_out_char(out, '\n');
		while (depth--) {
			QM_OUT(out, "  ");
		}
	}
}

static void put_element(struct qm_out *out, const struct qm_style *style,
						const char *name, struct qm_span value)
{
	put_line(out, style, 2);
	qm_out_char(out, '<');
	qm_out_string(out, name);
	qm_out_char(out, '>');
	qm_out_xml(out, value);
	QM_OUT(out, "</");
	qm_out_string(out, name);
	qm_out_char(out, '>');
}

static void put_number(struct qm_out *out, const struct qm_style *style, const char *name,
					   uint64_t n)
{
	struct qm_arena arena = { (char[20]){ 0 }, 20, 0 };

	put_element(out, style, name, qm_arena_number(&arena, n));
}

static void put_provider(struct qm_out *out, const struct qm_view *view,
						 const struct qm_style *style)
{
	put_line(out, style, 2);
	QM_OUT(out, "<Provider Name='");
	qm_out_xml(out, view->provider);
	if (view->provider_guid.s) {
		QM_OUT(out, "' Guid='");
		qm_out_put(out, view->provider_guid);
	}
	QM_OUT(out, "'/>");
}

static void put_origin(struct qm_out *out, const struct qm_view *view,
					   const struct qm_style *style)
{
	put_line(out, style, 2);
	QM_OUT(out, "<TimeCreated SystemTime='");
	qm_out_utc(out, view->time_ms);
	QM_OUT(out, "'/>");
	put_number(out, style, "EventRecordID", view->record_id);
	put_line(out, style, 2);
	QM_OUT(out, "<Correlation/>");
	put_line(out, style, 2);
	QM_OUT(out, "<Execution ProcessID='");
	qm_out_number(out, view->pid);
	QM_OUT(out, "' ThreadID='0'/>");
}

static void put_system(struct qm_out *out, const struct qm_view *view,
					   const struct qm_style *style)
{
	put_line(out, style, 1);
	QM_OUT(out, "<System>");
	put_provider(out, view, style);
	put_number(out, style, "EventID", view->event->id);
	put_number(out, style, "Version", view->event->version);
	put_number(out, style, "Level", 0);
	put_number(out, style, "Task", view->event->task);
	put_number(out, style, "Opcode", 0);
	put_element(out, style, "Keywords",
				view->success ? QM_SPAN(QM_KEYWORDS_SUCCESS)
							  : QM_SPAN(QM_KEYWORDS_FAILURE));
	put_origin(out, view, style);
	put_element(out, style, "Channel", QM_SPAN("Security"));
	put_element(out, style, "Computer", view->computer);
	put_line(out, style, 2);
	QM_OUT(out, "<Security/>");
	put_line(out, style, 1);
	QM_OUT(out, "</System>");
}

static void put_data(struct qm_out *out, const struct qm_style *style,
					 struct qm_span name, struct qm_span value)
{
	put_line(out, style, 2);
	QM_OUT(out, "<Data Name='");
	qm_out_xml(out, name);
	QM_OUT(out, "'>");
	qm_out_xml(out, value);
	QM_OUT(out, "</Data>");
}

void qm_render_xml(struct qm_out *out, const struct qm_view *view,
				   const struct qm_style *style)
{
	QM_OUT(out, "<Event xmlns='" NAMESPACE "'>");
	put_system(out, view, style);
	put_line(out, style, 1);
	QM_OUT(out, "<EventData>");
	for (unsigned i = 0; i < view->event->n_fields; i++) {
		put_data(out, style, qm_span_of(view->event->fields[i].name),
				 view->values[i].data);
	}
	for (unsigned i = 0; i < view->n_extras; i++) {
		put_data(out, style, view->extras[i].name, view->extras[i].value);
	}
	put_line(out, style, 1);
	QM_OUT(out, "</EventData>");
	put_line(out, style, 0);
	QM_OUT(out, "</Event>\n");
}
