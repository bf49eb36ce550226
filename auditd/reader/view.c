/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "view.h"

#include <stdlib.h>

#include "convert.h"

struct qm_view *qm_view_new(void)
{
	struct qm_view *view = calloc(1, sizeof(*view));

	if (!view) {
		return NULL;
	}
	view->arena.size = QM_VIEW_ARENA_SIZE;
	view->arena.buf = malloc(view->arena.size);
	return view->arena.buf ? view : qm_view_free(view);
}

struct qm_view *qm_view_free(struct qm_view *view)
{
	if (view) {
		free(view->arena.buf);
		free(view);
	}
	return NULL;
}

struct qm_span qm_view_text(struct qm_view *view, enum qm_key key)
{
	const struct qm_span value = qm_line_known(view->line, key);

	return value.s ? qm_value_decode(&view->arena, key, view->line->plain, value) : value;
}

void qm_view_set(struct qm_view *view, unsigned i, struct qm_span data)
{
	view->values[i].data = data.len ? data : QM_SPAN("-");
	view->values[i].shown = view->values[i].data;
}

static void add_extra(struct qm_view *view, struct qm_span name, enum qm_key key,
					  struct qm_span value)
{
	struct qm_extra *extra = &view->extras[view->n_extras];

	if (!value.len || view->n_extras == sizeof(view->extras) / sizeof(view->extras[0])) {
		return;
	}
	extra->key = key;
	extra->name = name;
	extra->value = value;
	extra->number = false;
	view->n_extras++;
}

/** Whether an unknown field has a name that is taken: records name each but once. */
static bool is_taken(const struct qm_view *view, struct qm_span name)
{
	static const struct qm_span ours[] = {
		{ "exe", 3 },
		{ "audit-id", 8 },
		{ "win32-error", 11 },
		{ "resolved", 8 },
	};

	for (size_t i = 0; i < sizeof(ours) / sizeof(ours[0]); i++) {
		if (qm_span_same(name, ours[i])) {
			return true;
		}
	}
	for (unsigned i = 0; i < view->n_extras; i++) {
		if (qm_span_same(name, view->extras[i].name)) {
			return true;
		}
	}
	return false;
}

static void add_field(struct qm_view *view, const struct qm_field *field)
{
	const struct qm_line *line = view->line;
	struct qm_span name = field->name;

	if (field->value.len == 1 && *field->value.s == '?') {
		return;
	}
	if (field->key == QM_KEY_OTHER) {
		name = line->plain ? name : qm_value_clean(&view->arena, name);
		if (is_taken(view, name)) {
			return;
		}
	} else if (view->told[field->key] ||
			   qm_line_value(line, field->key).s != field->value.s) {
		return;
	}
	add_extra(view, name, field->key,
			  qm_value_decode(&view->arena, field->key, line->plain, field->value));
}

/** What the record has beyond the event, and where to find it in the log. */
static void add_extras(struct qm_view *view)
{
	const struct qm_line *line = view->line;

	for (unsigned i = 0; i < line->n_fields; i++) {
		add_field(view, &line->fields[QM_LINE_OTHERS_MAX + i]);
	}
	add_extra(view, QM_SPAN("exe"), QM_KEY_EXE, qm_view_text(view, QM_KEY_EXE));
	add_extra(view, QM_SPAN("audit-id"), QM_KEY_OTHER, line->stamp);
}

static void add_error(struct qm_view *view)
{
	const struct qm_span reason = qm_line_known(view->line, QM_KEY_REASON);

	if (view->event->id == 4654 && reason.s) {
		add_extra(view, QM_SPAN("win32-error"), QM_KEY_OTHER,
				  qm_arena_number(&view->arena, qm_winerror_find(reason)->code));
		view->extras[view->n_extras - 1].number = true;
	}
}

static void set_system(struct qm_view *view, const struct qm_origin_names *names)
{
	const struct qm_line *line = view->line;
	const bool own = view->event->own;
	uint64_t instance, seq;

	view->time_ms = qm_line_time(line);
	view->success = qm_span_is(qm_line_value(line, QM_KEY_RES), "success");
	view->pid = 0;
	qm_span_number(qm_line_value(line, QM_KEY_PID), &view->pid);
	view->record_id = line->serial;
	if (!qm_span_number(qm_line_value(line, QM_KEY_INSTANCE), &instance) &&
		!qm_span_number(qm_line_value(line, QM_KEY_REC_SEQ), &seq) && seq <= UINT32_MAX) {
		view->record_id = instance << 32 | seq;
	}
	view->provider_guid = (struct qm_span){ 0 };
	if (own) {
		view->provider = QM_SPAN(QM_PROVIDER_OWN);
	} else if (names->provider) {
		view->provider = qm_span_of(names->provider);
	} else {
		view->provider = QM_SPAN(QM_PROVIDER_WINDOWS);
		view->provider_guid = QM_SPAN(QM_PROVIDER_WINDOWS_GUID);
	}
	view->computer = line->node;
	if (names->computer || !line->node.len) {
		view->computer = qm_span_of(names->computer ? names->computer : names->host);
	}
	if (!line->plain) {
		view->computer = qm_value_clean(&view->arena, view->computer);
	}
}

void qm_view_fill(struct qm_view *view, const struct qm_line *line,
				  const struct qm_origin_names *names, bool extras)
{
	const struct qm_schema_event *event;

	event = qm_schema_find(qm_line_known(line, QM_KEY_EVENT_ID),
						   qm_line_known(line, QM_KEY_OP));
	view->event = event;
	view->line = line;
	view->arena.used = 0;
	memset(view->told, 0, sizeof(view->told));
	view->told[QM_KEY_OP] = event->op != NULL;
	view->told[QM_KEY_EVENT_ID] = event->op != NULL;
	view->told[QM_KEY_WHEN] = true;
	view->local = qm_selector_read(qm_view_text(view, QM_KEY_LOCAL_TS));
	view->remote = qm_selector_read(qm_view_text(view, QM_KEY_REMOTE_TS));
	set_system(view, names);
	for (unsigned i = 0; i < event->n_fields; i++) {
		event->fields[i].convert(view, &event->fields[i], i);
	}
	view->n_extras = 0;
	if (extras) {
		add_extras(view);
		add_error(view);
	}
}
