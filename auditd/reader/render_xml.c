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

#define BEGIN(out, style, name) (put_line((out), (style), 2), QM_OUT((out), "<" name ">"))
#define END(out, name) QM_OUT((out), "</" name ">")

#define PUT_ELEMENT(out, style, name, value) \
	(BEGIN((out), (style), name), qm_out_xml((out), (value)), END((out), name))
#define PUT_NUMBER(out, style, name, n) \
	(BEGIN((out), (style), name), qm_out_number((out), (n)), END((out), name))

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
	PUT_NUMBER(out, style, "EventRecordID", view->record_id);
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
	PUT_NUMBER(out, style, "EventID", view->event->id);
	PUT_NUMBER(out, style, "Version", view->event->version);
	PUT_NUMBER(out, style, "Level", 0);
	PUT_NUMBER(out, style, "Task", view->event->task);
	PUT_NUMBER(out, style, "Opcode", 0);
	PUT_ELEMENT(out, style, "Keywords",
				view->success ? QM_SPAN(QM_KEYWORDS_SUCCESS)
							  : QM_SPAN(QM_KEYWORDS_FAILURE));
	put_origin(out, view, style);
	PUT_ELEMENT(out, style, "Channel", QM_SPAN("Security"));
	PUT_ELEMENT(out, style, "Computer", view->computer);
	put_line(out, style, 2);
	QM_OUT(out, "<Security/>");
	put_line(out, style, 1);
	QM_OUT(out, "</System>");
}

/** @param put		how the name is written: ours have nothing to escape */
static void put_data(struct qm_out *out, const struct qm_style *style,
					 void (*put)(struct qm_out *out, struct qm_span text),
					 struct qm_span name, struct qm_span value)
{
	put_line(out, style, 2);
	QM_OUT(out, "<Data Name='");
	put(out, name);
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
		put_data(out, style, qm_out_put, qm_span_of(view->event->fields[i].name),
				 view->values[i].data);
	}
	for (unsigned i = 0; i < view->n_extras; i++) {
		const struct qm_extra *extra = &view->extras[i];

		put_data(out, style, extra->key == QM_KEY_OTHER ? qm_out_xml : qm_out_put,
				 extra->name, extra->value);
	}
	put_line(out, style, 1);
	QM_OUT(out, "</EventData>");
	put_line(out, style, 0);
	QM_OUT(out, "</Event>\n");
}
