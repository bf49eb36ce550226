/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "libreswan.h"

#include <inttypes.h>
#include <stdio.h>

/** Keeps a text that the line does not have. */
static struct qm_span note(struct qm_line *line, const char *text)
{
	const size_t len = strlen(text), room = sizeof(line->notes) - line->n_notes;
	char *const at = line->notes + line->n_notes;

	if (len > room) {
		return (struct qm_span){ 0 };
	}
	memcpy(at, text, len);
	line->n_notes += len;
	return (struct qm_span){ at, len };
}

/** Gives a key another value; where it has none, as the last of the body. */
static void set(struct qm_line *line, enum qm_key key, struct qm_span value)
{
	struct qm_field *field;

	if (!value.s || (!line->at[key] && line->n_fields == QM_LINE_FIELDS_MAX)) {
		return;
	}
	if (!line->at[key]) {
		line->n_fields++;
		line->at[key] = (uint8_t)(QM_LINE_OTHERS_MAX + line->n_fields);
	}
	field = &line->fields[line->at[key] - 1];
	field->key = key;
	field->name = qm_keys[key].name;
	field->value = value;
}

/** Whether "D(0xD)" repeats the decimal digits, but for zeros in front. */
static bool repeats_decimal(struct qm_span value)
{
	const char *paren = value.s ? memchr(value.s, '(', value.len) : NULL;
	const size_t len = paren ? (size_t)(paren - value.s) : 0;
	struct qm_span hex = { 0 };

	if (len && value.len > len + 4 && value.s[value.len - 1] == ')') {
		hex = (struct qm_span){ paren + 3, value.len - len - 4 };
	}
	while (hex.len > len && *hex.s == '0') {
		hex = qm_span_after(hex, 1);
	}
	return hex.len && qm_span_same(hex, (struct qm_span){ value.s, len });
}

static struct qm_span spi_text(struct qm_line *line, struct qm_span value)
{
	const uint32_t spi = qm_span_spi(value);
	char text[32];

	snprintf(text, sizeof(text), "%" PRIu32 "(0x%" PRIx32 ")", spi, spi);
	return note(line, spi ? text : "?");
}

/** @return whether they were as libreswan has them */
static bool swap_spis(struct qm_line *line)
{
	const struct qm_span in = qm_line_value(line, QM_KEY_OUT_SPI);
	const struct qm_span out = qm_line_value(line, QM_KEY_IN_SPI);

	if (!repeats_decimal(in) || !repeats_decimal(out)) {
		return false;
	}
	set(line, QM_KEY_IN_SPI, spi_text(line, in));
	set(line, QM_KEY_OUT_SPI, spi_text(line, out));
	return true;
}

/** Takes away what was cut in the middle. @return whether there was something */
static bool drop_cut(struct qm_line *line)
{
	struct qm_field *last =
		line->n_fields ? qm_line_field(line, line->n_fields - 1) : NULL;

	if (!last || last->value.len < 3 ||
		memcmp(last->value.s + last->value.len - 3, "...", 3)) {
		return false;
	}
	if (last->key != QM_KEY_OTHER &&
		line->at[last->key] == QM_LINE_OTHERS_MAX + line->n_fields) {
		line->at[last->key] = 0;
	}
	line->n_fields--;
	return true;
}

static void set_number(struct qm_line *line)
{
	struct qm_span number = qm_line_value(line, QM_KEY_CONNSTATE);

	if (number.len && number.s[number.len - 1] == ',') {
		number.len--;
	}
	if (number.s) {
		set(line, QM_KEY_CONNSTATE, number);
		set(line, QM_KEY_CHILD_SA, number);
	}
}

static void add_quirks(struct qm_line *line, bool spis, bool cut, bool addr)
{
	char text[80];
	struct qm_field field = { .key = QM_KEY_OTHER, .name = QM_SPAN("quirks") };

	snprintf(text, sizeof(text), "libreswan%s%s%s", spis ? ",spis-swapped,spi-hex" : "",
			 addr ? ",addr-is-local" : "", cut ? ",cut-short" : "");
	field.value = note(line, text);
	if (field.value.s && line->n_fields < QM_LINE_FIELDS_MAX) {
		*qm_line_field(line, line->n_fields++) = field;
	}
}

static const char *event_id(const struct qm_line *line)
{
	if (qm_span_is(qm_line_value(line, QM_KEY_OP), "destroy")) {
		return "5452";
	}
	return qm_span_is(qm_line_value(line, QM_KEY_RES), "success") ? "5451" : "4654";
}

void qm_libreswan_adapt(struct qm_line *line)
{
	const struct qm_span op = qm_line_value(line, QM_KEY_OP);
	bool cut, spis, addr;

	if (qm_line_value(line, QM_KEY_EVENT_ID).s ||
		!qm_line_value(line, QM_KEY_CONNSTATE).s ||
		(!qm_span_is(op, "start") && !qm_span_is(op, "destroy"))) {
		return;
	}
	line->libreswan = true;
	cut = drop_cut(line);
	set(line, QM_KEY_EVENT_ID, qm_span_of(event_id(line)));
	spis = swap_spis(line);
	addr = !qm_line_value(line, QM_KEY_LADDR).s && qm_line_value(line, QM_KEY_ADDR).s;
	if (addr) {
		set(line, QM_KEY_LADDR, qm_line_value(line, QM_KEY_ADDR));
	}
	set_number(line);
	add_quirks(line, spis, cut, addr);
}
