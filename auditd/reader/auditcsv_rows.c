/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "auditcsv_rows.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

static const char *const column_names[QM_COLUMN_MAX] = {
	[QM_COLUMN_TARGET] = "Policy Target",  [QM_COLUMN_SUBCATEGORY] = "Subcategory",
	[QM_COLUMN_GUID] = "Subcategory GUID", [QM_COLUMN_INCLUSION] = "Inclusion Setting",
	[QM_COLUMN_VALUE] = "Setting Value",
};

static int peek(const struct qm_auditcsv *csv)
{
	return csv->pos < csv->size ? (unsigned char)csv->text[csv->pos] : -1;
}

/** Whether a cell ends here. */
static bool at_end(const struct qm_auditcsv *csv)
{
	int c = peek(csv);

	return c < 0 || c == ',' || c == '\n' ||
		   (c == '\r' && (csv->pos + 1 == csv->size || csv->text[csv->pos + 1] == '\n'));
}

/** Goes to the end of a cell in quotes. */
static int take_quoted(struct qm_auditcsv *csv)
{
	unsigned line = csv->next_line;

	for (csv->pos++; peek(csv) >= 0; csv->pos++) {
		csv->next_line += peek(csv) == '\n';
		if (peek(csv) != '"') {
			continue;
		}
		csv->pos++;
		if (peek(csv) != '"') {
			return at_end(csv) ? 0
							   : qm_complain(csv->why, -EINVAL, csv->next_line,
											 "text behind a quoted cell: correct that");
		}
	}
	return qm_complain(csv->why, -EINVAL, line,
					   "a quoted cell that begins here has no end: close it with a '\"'");
}

/** Takes a row up to its line end. */
static int take_row(struct qm_auditcsv *csv)
{
	csv->n_cells = 0;
	csv->line = csv->next_line;
	for (;;) {
		size_t start = csv->pos;

		if (peek(csv) == '"') {
			int ret = take_quoted(csv);

			if (ret < 0) {
				return ret;
			}
		}
		while (!at_end(csv)) {
			csv->pos++;
		}
		if (csv->n_cells < QM_AUDITCSV_COLUMNS_MAX) {
			csv->cells[csv->n_cells++] = (struct qm_auditcsv_cell){ start, csv->pos };
		}
		if (peek(csv) != ',') {
			break;
		}
		csv->pos++;
	}
	csv->end = csv->pos;
	csv->pos += peek(csv) == '\r';
	csv->next_line += peek(csv) == '\n';
	csv->pos += peek(csv) == '\n';
	return 1;
}

int qm_auditcsv_next(struct qm_auditcsv *csv)
{
	int ret = 1;

	while (ret > 0 && csv->pos < csv->size) {
		ret = take_row(csv);
		if (ret > 0 && (csv->n_cells > 1 || csv->cells[0].end > csv->cells[0].start)) {
			return ret;
		}
	}
	return ret < 0 ? ret : 0;
}

static bool is_blank(char c)
{
	return c == ' ' || c == '\t';
}

void qm_auditcsv_text(const struct qm_auditcsv *csv, int column,
					  char text[QM_AUDITCSV_TEXT_MAX])
{
	const char *at, *end;
	size_t len = 0;
	bool quoted;

	text[0] = '\0';
	if (column < 0 || (unsigned)column >= csv->n_cells) {
		return;
	}
	at = csv->text + csv->cells[column].start;
	end = csv->text + csv->cells[column].end;
	quoted = at < end && *at == '"';
	at += quoted;
	end -= quoted;
	while (at < end && is_blank(*at)) {
		at++;
	}
	while (at < end && is_blank(end[-1])) {
		end--;
	}
	for (; at < end && len < QM_AUDITCSV_TEXT_MAX - 1; at++) {
		text[len++] = *at;
		at += quoted && *at == '"';
	}
	text[len] = '\0';
}

/** Finds the columns of the row that was read. */
static void find_columns(struct qm_auditcsv *csv)
{
	char text[QM_AUDITCSV_TEXT_MAX];

	for (int column = 0; column < QM_COLUMN_MAX; column++) {
		csv->columns[column] = -1;
		for (unsigned i = csv->n_cells; i; i--) {
			qm_auditcsv_text(csv, (int)i - 1, text);
			if (!strcasecmp(text, column_names[column])) {
				csv->columns[column] = (int)i - 1;
			}
		}
	}
	csv->n_columns = csv->n_cells;
}

int qm_auditcsv_begin(struct qm_auditcsv *csv, const char *text, size_t size,
					  struct qm_complaint *why)
{
	int ret;

	*csv = (struct qm_auditcsv){ .text = text, .size = size, .next_line = 1, .why = why };
	if (size > QM_AUDITCSV_SIZE_MAX) {
		return qm_complain(why, -EINVAL, 0, "is larger than %d bytes: it is no audit.csv",
						   QM_AUDITCSV_SIZE_MAX);
	}
	ret = qm_auditcsv_next(csv);
	if (ret < 0) {
		return ret;
	}
	if (ret) {
		find_columns(csv);
	}
	for (int i = QM_COLUMN_GUID; i <= QM_COLUMN_INCLUSION; i++) {
		if (!ret || csv->columns[i] < 0) {
			return qm_complain(
				why, -EINVAL, ret ? csv->line : 1,
				"there is no column '%s': it is no audit.csv, or in another "
				"language than English",
				column_names[i]);
		}
	}
	return 0;
}

/** Whether a text is a GUID, with or without its braces. */
static bool is_guid(const char *text, const char *guid)
{
	size_t len = strlen(guid);

	return !strcasecmp(text, guid) ||
		   (strlen(text) == len - 2 && !strncasecmp(text, guid + 1, len - 2));
}

bool qm_auditcsv_is_subcategory(const struct qm_auditcsv *csv)
{
	char guid[QM_AUDITCSV_TEXT_MAX];

	qm_auditcsv_text(csv, csv->columns[QM_COLUMN_GUID], guid);
	return guid[0];
}

bool qm_auditcsv_is_ours(const struct qm_auditcsv *csv)
{
	char guid[QM_AUDITCSV_TEXT_MAX], target[QM_AUDITCSV_TEXT_MAX];

	qm_auditcsv_text(csv, csv->columns[QM_COLUMN_GUID], guid);
	qm_auditcsv_text(csv, csv->columns[QM_COLUMN_TARGET], target);
	return is_guid(guid, QM_SUBCATEGORY_GUID) &&
		   (!target[0] || !strcasecmp(target, "System"));
}
