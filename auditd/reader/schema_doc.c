/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "schema_doc.h"

#include "schema.h"

/** Where a field comes from: "local-ts", "always 0"; and what more there is to say. */
static void put_source(struct qm_out *out, const struct qm_schema_field *field,
					   const char *quote)
{
	if (field->key != QM_KEY_OTHER) {
		qm_out_string(out, quote);
		qm_out_put(out, qm_keys[field->key].name);
		qm_out_string(out, quote);
	}
	if (field->fixed) {
		QM_OUT(out, "always ");
		qm_out_string(out, field->words ? field->words->raw : field->fixed);
	}
	if (field->note) {
		qm_out_string(out, field->key != QM_KEY_OTHER || field->fixed ? "; " : "");
		qm_out_string(out, field->note);
	}
}

static void put_codes(struct qm_out *out, const struct qm_schema_field *field)
{
	for (const struct qm_word *word = field->words; word && word->word; word++) {
		qm_out_string(out, word == field->words ? "" : ", ");
		qm_out_string(out, word->raw);
		QM_OUT(out, " ");
		qm_out_string(out, word->text);
	}
}

static const char *provider_of(const struct qm_schema_event *event)
{
	return event->own ? QM_PROVIDER_OWN : QM_PROVIDER_WINDOWS;
}

static void put_title(struct qm_out *out, const struct qm_schema_event *event)
{
	qm_out_number(out, event->id);
	QM_OUT(out, " version ");
	qm_out_number(out, event->version);
	QM_OUT(out, ": ");
	qm_out_string(out, event->name);
}

static void put_about(struct qm_out *out, const struct qm_schema_event *event)
{
	qm_out_string(out, provider_of(event));
	QM_OUT(out, ", task ");
	qm_out_number(out, event->task);
	QM_OUT(out, " (");
	qm_out_string(out, event->task_name);
	QM_OUT(out, "), ");
	qm_out_string(out, event->outcome);
	if (event->op) {
		QM_OUT(out, ", from op=");
		qm_out_string(out, event->op);
	}
	if (!event->own) {
		QM_OUT(out, " event-id=");
		qm_out_number(out, event->id);
	}
}

void qm_schema_text(struct qm_out *out)
{
	for (unsigned n = 0; n < qm_schema_count; n++) {
		const struct qm_schema_event *event = &qm_schema[n];

		qm_out_string(out, n ? "\nEvent " : "Event ");
		put_title(out, event);
		QM_OUT(out, "\n  ");
		put_about(out, event);
		qm_out_char(out, '\n');
		for (unsigned i = 0; i < event->n_fields; i++) {
			const struct qm_schema_field *field = &event->fields[i];

			qm_out_string(out, i < 9 ? "   " : "  ");
			qm_out_number(out, i + 1);
			QM_OUT(out, "  ");
			qm_out_padded(out, qm_span_of(field->name), 22);
			qm_out_padded(out, qm_span_of(qm_type_name(field->type)), 15);
			put_source(out, field, "");
			qm_out_char(out, '\n');
		}
	}
}

static void put_cell(struct qm_out *out, const char *s)
{
	QM_OUT(out, " | ");
	qm_out_string(out, s);
}

void qm_schema_markdown(struct qm_out *out)
{
	for (unsigned n = 0; n < qm_schema_count; n++) {
		const struct qm_schema_event *event = &qm_schema[n];

		qm_out_string(out, n ? "\n### " : "### ");
		put_title(out, event);
		QM_OUT(out, "\n\n");
		put_about(out, event);
		QM_OUT(out, ".\n");
		if (event->n_fields) {
			QM_OUT(out, "\n| # | name | type | label | from | codes |\n"
						"|---|---|---|---|---|---|\n");
		}
		for (unsigned i = 0; i < event->n_fields; i++) {
			const struct qm_schema_field *field = &event->fields[i];

			QM_OUT(out, "| ");
			qm_out_number(out, i + 1);
			put_cell(out, field->name);
			put_cell(out, qm_type_name(field->type));
			put_cell(out, field->label);
			QM_OUT(out, " | ");
			put_source(out, field, "`");
			QM_OUT(out, " | ");
			put_codes(out, field);
			QM_OUT(out, " |\n");
		}
	}
}

static void put_span(struct qm_out *out, const char *name, struct qm_span value)
{
	QM_OUT(out, ",\"");
	qm_out_string(out, name);
	QM_OUT(out, "\":");
	if (!value.s) {
		QM_OUT(out, "null");
		return;
	}
	qm_out_char(out, '"');
	qm_out_json(out, value);
	qm_out_char(out, '"');
}

static void put_member(struct qm_out *out, const char *name, const char *value)
{
	put_span(out, name, qm_span_of(value));
}

static void put_json_codes(struct qm_out *out, const struct qm_schema_field *field)
{
	QM_OUT(out, ",\"codes\":{");
	for (const struct qm_word *word = field->words; word && word->word; word++) {
		qm_out_string(out, word == field->words ? "\"" : ",\"");
		qm_out_string(out, word->raw);
		QM_OUT(out, "\":\"");
		qm_out_string(out, word->text);
		qm_out_char(out, '"');
	}
	qm_out_char(out, '}');
}

static void put_json_field(struct qm_out *out, const struct qm_schema_field *field,
						   unsigned i)
{
	qm_out_string(out, i ? ",\n    {" : "\n    {");
	QM_OUT(out, "\"number\":");
	qm_out_number(out, i + 1);
	put_member(out, "name", field->name);
	put_member(out, "type", qm_type_name(field->type));
	put_member(out, "label", field->label);
	put_span(out, "from",
			 field->key == QM_KEY_OTHER ? (struct qm_span){ 0 }
										: qm_keys[field->key].name);
	put_member(out, "always", field->words || !field->fixed ? NULL : field->fixed);
	put_member(out, "note", field->note);
	put_json_codes(out, field);
	qm_out_char(out, '}');
}

void qm_schema_json(struct qm_out *out)
{
	QM_OUT(out, "[");
	for (unsigned n = 0; n < qm_schema_count; n++) {
		const struct qm_schema_event *event = &qm_schema[n];

		qm_out_string(out, n ? ",\n  {" : "\n  {");
		QM_OUT(out, "\"id\":");
		qm_out_number(out, event->id);
		QM_OUT(out, ",\"version\":");
		qm_out_number(out, event->version);
		QM_OUT(out, ",\"task\":");
		qm_out_number(out, event->task);
		put_member(out, "task_name", event->task_name);
		put_member(out, "provider", provider_of(event));
		put_member(out, "op", event->op);
		put_member(out, "name", event->name);
		put_member(out, "outcome", event->outcome);
		put_member(out, "message", event->message);
		QM_OUT(out, ",\"fields\":[");
		for (unsigned i = 0; i < event->n_fields; i++) {
			put_json_field(out, &event->fields[i], i);
		}
		QM_OUT(out, "]}");
	}
	QM_OUT(out, "\n]\n");
}
