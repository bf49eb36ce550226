/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * JSON: one object a line, with the names and types of winlogbeat. What the record
 * has beyond Windows' fields is in an object of its own, qm_audit.
 */
#include "render.h"

#define EVENTS_MAX 16

/* the messages of qm_schema with their escapes, made once */
static struct qm_span messages[EVENTS_MAX];

int qm_render_json_prepare(void)
{
	size_t lengths[EVENTS_MAX];
	struct qm_out out;
	const char *at;

	if (messages[0].s) {
		return 0;
	}
	qm_out_init(&out, -1);
	for (unsigned i = 0; i < qm_schema_count && i < EVENTS_MAX; i++) {
		lengths[i] = out.len;
		qm_out_json(&out, qm_span_of(qm_schema[i].message));
		lengths[i] = out.len - lengths[i];
	}
	if (out.error) {
		const int error = out.error;

		qm_out_fini(&out);
		return error;
	}
	at = out.buf;
	for (unsigned i = 0; i < qm_schema_count && i < EVENTS_MAX; i++) {
		messages[i] = (struct qm_span){ at, lengths[i] };
		at += lengths[i];
	}
	return 0;
}

static void put_string(struct qm_out *out, struct qm_span text)
{
	qm_out_char(out, '"');
	qm_out_json(out, text);
	qm_out_char(out, '"');
}

static void put_quoted(struct qm_out *out, const char *s)
{
	put_string(out, qm_span_of(s));
}

/** A name that has nothing to escape. */
static void put_name(struct qm_out *out, struct qm_span name)
{
	qm_out_char(out, '"');
	qm_out_put(out, name);
	QM_OUT(out, "\":");
}

static void put_ecs(struct qm_out *out, const struct qm_view *view)
{
	const struct qm_schema_event *event = view->event;

	QM_OUT(out, "\",\"event\":{\"action\":");
	put_quoted(out, event->action);
	QM_OUT(out, ",\"category\":[");
	put_quoted(out, event->category);
	QM_OUT(out, "],\"code\":");
	qm_out_number(out, event->id);
	QM_OUT(out, ",\"kind\":\"event\",\"module\":\"security\",\"outcome\":");
	put_quoted(out, view->success ? "success" : "failure");
	QM_OUT(out, ",\"provider\":");
	put_string(out, view->provider);
	QM_OUT(out, ",\"type\":[");
	put_quoted(out, event->ecs_type);
	QM_OUT(out, "]},\"host\":{\"name\":");
	put_string(out, view->computer);
	QM_OUT(out, "},\"log\":{\"level\":\"information\"},\"message\":\"");
	qm_render_message(out, view, messages[event - qm_schema], qm_out_json);
	qm_out_char(out, '"');
}

static void put_event_data(struct qm_out *out, const struct qm_view *view)
{
	QM_OUT(out, ",\"event_data\":{");
	for (unsigned i = 0; i < view->event->n_fields; i++) {
		if (i) {
			qm_out_char(out, ',');
		}
		put_name(out, qm_span_of(view->event->fields[i].name));
		put_string(out, view->values[i].data);
	}
	qm_out_char(out, '}');
}

static void put_winlog(struct qm_out *out, const struct qm_view *view)
{
	QM_OUT(out, ",\"winlog\":{\"api\":\"wineventlog\",\"channel\":\"Security\","
				"\"computer_name\":");
	put_string(out, view->computer);
	put_event_data(out, view);
	QM_OUT(out, ",\"event_id\":");
	qm_out_number(out, view->event->id);
	QM_OUT(out, ",\"keywords\":[");
	put_string(out, qm_render_keyword(view));
	QM_OUT(out, "],\"opcode\":\"Info\",\"process\":{\"pid\":");
	qm_out_number(out, view->pid);
	QM_OUT(out, ",\"thread\":{\"id\":0}}");
	if (view->provider_guid.s) {
		QM_OUT(out, ",\"provider_guid\":");
		put_string(out, view->provider_guid);
	}
	QM_OUT(out, ",\"provider_name\":");
	put_string(out, view->provider);
	QM_OUT(out, ",\"record_id\":");
	qm_out_number(out, view->record_id);
	QM_OUT(out, ",\"task\":");
	put_quoted(out, view->event->task_name);
	if (view->event->version) {
		QM_OUT(out, ",\"version\":");
		qm_out_number(out, view->event->version);
	}
	qm_out_char(out, '}');
}

/** What the codes among the values mean. */
static void put_resolved(struct qm_out *out, const struct qm_view *view)
{
	bool first = true;

	QM_OUT(out, "\"resolved\":{");
	for (unsigned i = 0; i < view->event->n_fields; i++) {
		if (view->values[i].shown.s != view->values[i].data.s) {
			if (!first) {
				qm_out_char(out, ',');
			}
			first = false;
			put_name(out, qm_span_of(view->event->fields[i].name));
			put_string(out, view->values[i].shown);
		}
	}
	qm_out_char(out, '}');
}

/** Digits, and one part of a fraction where the type has one. */
static bool is_number(enum qm_key key, struct qm_span value)
{
	uint64_t n;

	if (key == QM_KEY_OTHER || !value.len ||
		(value.len > 1 && *value.s == '0' && value.s[1] != '.')) {
		return false;
	}
	switch (qm_keys[key].type) {
	case QM_KEY_NUMBER:
		return qm_span_number(value, &n) == 0;
	case QM_KEY_DECIMAL:
		return value.len > 4 && value.s[value.len - 4] == '.' &&
			   qm_span_number((struct qm_span){ value.s, value.len - 4 }, &n) == 0 &&
			   qm_span_number((struct qm_span){ value.s + value.len - 3, 3 }, &n) == 0;
	default:
		return false;
	}
}

static void put_extras(struct qm_out *out, const struct qm_view *view)
{
	for (unsigned i = 0; i < view->n_extras; i++) {
		const struct qm_extra *extra = &view->extras[i];

		if (extra->key == QM_KEY_OTHER) {
			put_string(out, extra->name);
			qm_out_char(out, ':');
		} else {
			put_name(out, extra->name);
		}
		if (extra->number || is_number(extra->key, extra->value)) {
			qm_out_put(out, extra->value);
		} else {
			put_string(out, extra->value);
		}
		qm_out_char(out, ',');
	}
}

void qm_render_json(struct qm_out *out, const struct qm_view *view,
					const struct qm_style *style)
{
	(void)style;
	QM_OUT(out, "{\"@timestamp\":\"");
	qm_out_utc(out, view->time_ms);
	put_ecs(out, view);
	QM_OUT(out, ",\"qm_audit\":{");
	put_extras(out, view);
	put_resolved(out, view);
	qm_out_char(out, '}');
	put_winlog(out, view);
	QM_OUT(out, "}\n");
}
