/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * CSV: the same columns for every event. First the event's own, then the fields of
 * all events, then what records have beyond them, last what this version does not
 * know. A column that an event does not have is empty.
 */
#include "render.h"

/** More than all events have by different names. */
#define NAMES_MAX 160
#define EVENTS_MAX 16

/* made once: names of fields, and for each event its field in each column */
static const char *names[NAMES_MAX];
static unsigned n_names;
static uint8_t columns[EVENTS_MAX][NAMES_MAX];
/* what records have beyond events */
static enum qm_key keys[QM_KEY_MAX];
static unsigned n_keys;

static const struct qm_span system_names[] = {
	{ "TimeCreated", 11 }, { "EventID", 7 },  { "Version", 7 },        { "Keywords", 8 },
	{ "Provider", 8 },     { "Computer", 8 }, { "EventRecordID", 13 }, { "ProcessID", 9 },
};

static unsigned column_of(const char *name)
{
	unsigned i;

	for (i = 0; i < n_names; i++) {
		if (!strcmp(names[i], name)) {
			return i;
		}
	}
	if (n_names < NAMES_MAX) {
		names[n_names++] = name;
	}
	return i;
}

/** Whether records have a field beyond the event's by that key. */
static bool is_column(enum qm_key key)
{
	return key == QM_KEY_EXE || (qm_keys[key].place == QM_KEY_BODY && key != QM_KEY_WHEN);
}

int qm_render_csv_prepare(void)
{
	if (n_keys) {
		return 0;
	}
	for (enum qm_key key = 0; key < QM_KEY_MAX; key++) {
		if (is_column(key)) {
			keys[n_keys++] = key;
		}
	}
	for (unsigned event = 0; event < qm_schema_count && event < EVENTS_MAX; event++) {
		for (unsigned i = 0; i < qm_schema[event].n_fields; i++) {
			const unsigned column = column_of(qm_schema[event].fields[i].name);

			if (column < NAMES_MAX) {
				columns[event][column] = (uint8_t)(i + 1);
			}
		}
	}
	return 0;
}

void qm_render_csv_begin(struct qm_out *out, const struct qm_style *style)
{
	(void)style;
	for (size_t i = 0; i < sizeof(system_names) / sizeof(system_names[0]); i++) {
		qm_out_put(out, system_names[i]);
		qm_out_char(out, ',');
	}
	for (unsigned i = 0; i < n_names; i++) {
		qm_out_string(out, names[i]);
		qm_out_char(out, ',');
	}
	for (unsigned i = 0; i < n_keys; i++) {
		qm_out_put(out, qm_keys[keys[i]].name);
		qm_out_char(out, ',');
	}
	QM_OUT(out, "other\n");
}

static void put_system(struct qm_out *out, const struct qm_view *view)
{
	qm_out_utc(out, view->time_ms);
	qm_out_char(out, ',');
	qm_out_number(out, view->event->id);
	qm_out_char(out, ',');
	qm_out_number(out, view->event->version);
	qm_out_char(out, ',');
	qm_out_put(out, qm_render_keyword(view));
	qm_out_char(out, ',');
	qm_out_csv(out, view->provider);
	qm_out_char(out, ',');
	qm_out_csv(out, view->computer);
	qm_out_char(out, ',');
	qm_out_number(out, view->record_id);
	qm_out_char(out, ',');
	qm_out_number(out, view->pid);
	qm_out_char(out, ',');
}

static void put_doubled(struct qm_out *out, struct qm_span text)
{
	for (size_t i = 0; i < text.len; i++) {
		if (text.s[i] == '"') {
			qm_out_char(out, '"');
		}
		qm_out_char(out, text.s[i]);
	}
}

/** What has no column, as one field: name=value, joined by blanks. */
static void put_others(struct qm_out *out, const struct qm_view *view)
{
	bool any = false;

	for (unsigned i = 0; i < view->n_extras; i++) {
		if (view->extras[i].key == QM_KEY_OTHER) {
			qm_out_char(out, any ? ' ' : '"');
			put_doubled(out, view->extras[i].name);
			qm_out_char(out, '=');
			put_doubled(out, view->extras[i].value);
			any = true;
		}
	}
	if (any) {
		qm_out_char(out, '"');
	}
}

/** Ends the columns that have no end yet; most are empty. */
static void end_columns(struct qm_out *out, size_t *commas)
{
	if (*commas && qm_out_room(out, *commas)) {
		memset(out->buf + out->len, ',', *commas);
		out->len += *commas;
	}
	*commas = 0;
}

void qm_render_csv(struct qm_out *out, const struct qm_view *view,
				   const struct qm_style *style)
{
	const uint8_t *const fields = columns[view->event - qm_schema];
	/* counted from 1 */
	uint8_t extras[QM_KEY_MAX] = { 0 };
	size_t commas = 0;

	(void)style;
	put_system(out, view);
	for (unsigned i = 0; i < n_names; i++, commas++) {
		if (fields[i]) {
			end_columns(out, &commas);
			qm_out_csv(out, view->values[fields[i] - 1].data);
		}
	}
	for (unsigned i = 0; i < view->n_extras; i++) {
		if (view->extras[i].key != QM_KEY_OTHER) {
			extras[view->extras[i].key] = (uint8_t)(i + 1);
		}
	}
	for (unsigned i = 0; i < n_keys; i++, commas++) {
		if (extras[keys[i]]) {
			end_columns(out, &commas);
			qm_out_csv(out, view->extras[extras[keys[i]] - 1].value);
		}
	}
	end_columns(out, &commas);
	put_others(out, view);
	qm_out_char(out, '\n');
}
