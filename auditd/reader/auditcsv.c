/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "auditcsv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "auditcsv_rows.h"

/** What a new file begins with. */
static const char header[] =
	"Machine Name,Policy Target,Subcategory,Subcategory GUID,Inclusion Setting,"
	"Exclusion Setting,Setting Value\r\n";

/** The values, in words and as a policy. */
static const struct {
	const char *inclusion;
	struct qm_policy policy;
} meanings[] = {
	[QM_AUDITCSV_UNCHANGED] = { "Not Specified", { QM_TRI_UNKNOWN, QM_TRI_UNKNOWN } },
	[QM_AUDITCSV_SUCCESS] = { "Success", { QM_TRI_YES, QM_TRI_NO } },
	[QM_AUDITCSV_FAILURE] = { "Failure", { QM_TRI_NO, QM_TRI_YES } },
	[QM_AUDITCSV_BOTH] = { "Success and Failure", { QM_TRI_YES, QM_TRI_YES } },
	[QM_AUDITCSV_NONE] = { "No Auditing", { QM_TRI_NO, QM_TRI_NO } },
};

/** The value of a policy. */
static enum qm_auditcsv_value value_of(struct qm_policy policy)
{
	int value = QM_AUDITCSV_UNCHANGED;

	while (!qm_policy_equal(meanings[value].policy, policy)) {
		value++;
	}
	return (enum qm_auditcsv_value)value;
}

const char *qm_auditcsv_inclusion(struct qm_policy policy)
{
	return meanings[value_of(policy)].inclusion;
}

/** The value that goes with a text, QM_AUDITCSV_NO_VALUE for none. */
static enum qm_auditcsv_value value_by_text(const char *inclusion)
{
	int value = QM_AUDITCSV_NONE;

	while (value >= 0 && strcasecmp(inclusion, meanings[value].inclusion)) {
		value--;
	}
	return (enum qm_auditcsv_value)value;
}

/** Reads our row's cells. */
static int read_row(const struct qm_auditcsv *csv, struct qm_auditcsv_row *row)
{
	char value[QM_AUDITCSV_TEXT_MAX];

	row->line = csv->line;
	row->value = QM_AUDITCSV_NO_VALUE;
	qm_auditcsv_text(csv, csv->columns[QM_COLUMN_INCLUSION], row->inclusion);
	qm_auditcsv_text(csv, csv->columns[QM_COLUMN_VALUE], value);
	if (value[0] && (value[0] < '0' || value[0] > '4' || value[1])) {
		return qm_complain(csv->why, -EINVAL, csv->line,
						   "the setting value '%s' is not one of 0 to 4: correct that",
						   value);
	}
	if (value[0]) {
		row->value = (enum qm_auditcsv_value)(value[0] - '0');
	}
	return 0;
}

/** Takes a row of ours, which must not contradict one that came before. */
static int take_row(const struct qm_auditcsv *csv, struct qm_auditcsv_row *row)
{
	struct qm_auditcsv_row new;
	int error = read_row(csv, &new);

	if (!error && row->line &&
		(row->value != new.value || strcasecmp(row->inclusion, new.inclusion))) {
		return qm_complain(csv->why, -EINVAL, new.line,
						   "sets " QM_SUBCATEGORY
						   " otherwise than line %u: remove one of "
						   "them",
						   row->line);
	}
	if (!error) {
		*row = new;
	}
	return error;
}

int qm_auditcsv_find(const char *text, size_t size, struct qm_auditcsv_row *ret,
					 struct qm_complaint *why)
{
	struct qm_auditcsv csv;
	struct qm_auditcsv_row row = { 0 };
	int error = qm_auditcsv_begin(&csv, text, size, why), more = 0;

	while (!error && (more = qm_auditcsv_next(&csv)) > 0) {
		if (qm_auditcsv_is_ours(&csv)) {
			error = take_row(&csv, &row);
		}
	}
	if (error < 0 || more < 0) {
		return error < 0 ? error : more;
	}
	if (!row.line) {
		return qm_complain(why, -ENOENT, 0,
						   "has no row for " QM_SUBCATEGORY ", " QM_SUBCATEGORY_GUID
						   ": it does not configure it");
	}
	*ret = row;
	return 0;
}

/** A 0 beside "No Auditing". */
static int read_zero(const struct qm_auditcsv_row *row, enum qm_auditcsv_zero zero,
					 struct qm_auditcsv_wish *wish, struct qm_complaint *why)
{
	switch (zero) {
	case QM_AUDITCSV_ZERO_NONE:
		wish->unchanged = false;
		wish->policy = meanings[QM_AUDITCSV_NONE].policy;
		qm_complain(&wish->note, 0, row->line,
					"'No Auditing' with the setting value 0 is taken for No Auditing");
		return 0;
	case QM_AUDITCSV_ZERO_UNCHANGED:
		qm_complain(&wish->note, 0, row->line,
					"'No Auditing' with the setting value 0 is taken for unchanged");
		return 0;
	default:
		return qm_complain(
			why, -EINVAL, row->line,
			"'No Auditing' with the setting value 0, which is 'unchanged' by "
			"specification, but what Windows' editor writes for No Auditing: "
			"say --zero=none or --zero=unchanged, or make it a 4");
	}
}

int qm_auditcsv_read(const struct qm_auditcsv_row *row, enum qm_auditcsv_zero zero,
					 struct qm_auditcsv_wish *ret, struct qm_complaint *why)
{
	enum qm_auditcsv_value text = value_by_text(row->inclusion), value = row->value;
	struct qm_auditcsv_wish wish = { 0 };
	int error = 0;

	if (value == QM_AUDITCSV_NO_VALUE) {
		value = text;
		if (text == QM_AUDITCSV_NO_VALUE) {
			return qm_complain(
				why, -EINVAL, row->line,
				"neither a setting value nor a setting that is known: '%s'",
				row->inclusion);
		}
	} else if (text != value && row->inclusion[0]) {
		qm_complain(&wish.note, 0, row->line,
					"the text says '%s', the setting value %d is '%s': the value counts",
					row->inclusion, value, meanings[value].inclusion);
	}
	wish.unchanged = value == QM_AUDITCSV_UNCHANGED;
	wish.policy = meanings[value].policy;
	if (row->value == QM_AUDITCSV_UNCHANGED && text == QM_AUDITCSV_NONE) {
		error = read_zero(row, zero, &wish, why);
	} else if (wish.unchanged && !wish.note.text[0]) {
		qm_complain(&wish.note, 0, row->line,
					"asks for no change: the policy stays as it is");
	}
	if (!error) {
		*ret = wish;
	}
	return error;
}

/** Writes a cell's new text in the place of the old one. */
static void put_cell(FILE *out, const struct qm_auditcsv *csv, int column,
					 const char *text, size_t *at)
{
	const struct qm_auditcsv_cell *cell = &csv->cells[column];

	fwrite(csv->text + *at, 1, cell->start - *at, out);
	fputs(text, out);
	*at = cell->end;
}

/** Writes our row, which was read, with another policy. */
static void put_row(FILE *out, const struct qm_auditcsv *csv, struct qm_policy policy,
					size_t *at)
{
	int inclusion = csv->columns[QM_COLUMN_INCLUSION];
	int value = csv->columns[QM_COLUMN_VALUE];
	char number[] = { (char)('0' + value_of(policy)), '\0' };

	for (int i = 0; i < (int)csv->n_cells; i++) {
		if (i == inclusion) {
			put_cell(out, csv, i, qm_auditcsv_inclusion(policy), at);
		} else if (i == value) {
			put_cell(out, csv, i, number, at);
		}
	}
	fwrite(csv->text + *at, 1, csv->end - *at, out);
	*at = csv->end;
	/* a row can be shorter than the header */
	for (int i = (int)csv->n_cells; i <= inclusion || i <= value; i++) {
		fprintf(out, ",%s",
				i == value       ? number
				: i == inclusion ? qm_auditcsv_inclusion(policy)
								 : "");
	}
}

/** Writes a row that was not there. */
static void put_new_row(FILE *out, const struct qm_auditcsv *csv, struct qm_policy policy)
{
	const int *columns = csv->columns;

	for (int i = 0; i < (int)csv->n_columns; i++) {
		fputs(i ? "," : "", out);
		if (i == columns[QM_COLUMN_TARGET]) {
			fputs("System", out);
		} else if (i == columns[QM_COLUMN_SUBCATEGORY]) {
			fputs("Audit " QM_SUBCATEGORY, out);
		} else if (i == columns[QM_COLUMN_GUID]) {
			fputs(QM_SUBCATEGORY_GUID, out);
		} else if (i == columns[QM_COLUMN_INCLUSION]) {
			fputs(qm_auditcsv_inclusion(policy), out);
		} else if (i == columns[QM_COLUMN_VALUE]) {
			fprintf(out, "%d", value_of(policy));
		}
	}
}

/** How the file ends its lines, judged by its first one. */
static const char *newline(const char *text, size_t size)
{
	const char *end = memchr(text, '\n', size);

	return end && (end == text || end[-1] != '\r') ? "\n" : "\r\n";
}

/** Writes the file with a row more, behind the last one of a subcategory. */
static int add_row(FILE *out, const char *text, size_t size, struct qm_policy policy,
				   struct qm_complaint *why)
{
	struct qm_auditcsv csv;
	int error = qm_auditcsv_begin(&csv, text, size, why), more = 0;
	size_t place = csv.end;

	while (!error && (more = qm_auditcsv_next(&csv)) > 0) {
		if (qm_auditcsv_is_subcategory(&csv)) {
			place = csv.end;
		}
	}
	if (error < 0 || more < 0) {
		return error < 0 ? error : more;
	}
	fwrite(text, 1, place, out);
	fputs(newline(text, size), out);
	put_new_row(out, &csv, policy);
	if (place == size) {
		fputs(newline(text, size), out);
	}
	fwrite(text + place, 1, size - place, out);
	return 0;
}

/** Writes the file with our rows changed. */
static int change_rows(FILE *out, const char *text, size_t size, struct qm_policy policy,
					   struct qm_complaint *why)
{
	struct qm_auditcsv csv;
	size_t at = 0;
	int error = qm_auditcsv_begin(&csv, text, size, why), more = 0;

	while (!error && (more = qm_auditcsv_next(&csv)) > 0) {
		if (qm_auditcsv_is_ours(&csv)) {
			put_row(out, &csv, policy, &at);
		}
	}
	if (!error && !more) {
		fwrite(text + at, 1, size - at, out);
	}
	return error ? error : more;
}

/** Whether there is a row of ours, in a file that can have one. */
static int has_row(const char *text, size_t size, struct qm_complaint *why)
{
	struct qm_auditcsv csv;
	int error = qm_auditcsv_begin(&csv, text, size, why), more = 0;

	if (!error && csv.columns[QM_COLUMN_VALUE] < 0) {
		return qm_complain(
			why, -EINVAL, csv.line,
			"there is no column 'Setting Value': it is a report of auditpol, "
			"no audit.csv");
	}
	while (!error && (more = qm_auditcsv_next(&csv)) > 0) {
		if (qm_auditcsv_is_ours(&csv)) {
			return 1;
		}
	}
	return error ? error : more;
}

int qm_auditcsv_write(const char *text, size_t size, struct qm_policy policy, char **ret,
					  size_t *ret_size, struct qm_complaint *why)
{
	char *new = NULL;
	size_t new_size = 0;
	FILE *out = open_memstream(&new, &new_size);
	int error;
	bool failed;

	if (!out) {
		return qm_complain(why, -ENOMEM, 0, "no memory to change it");
	}
	if (!size) {
		text = header;
		size = strlen(header);
	}
	error = has_row(text, size, why);
	if (error >= 0) {
		error = error ? change_rows(out, text, size, policy, why)
					  : add_row(out, text, size, policy, why);
	}
	failed = ferror(out);
	if ((fclose(out) || failed) && error >= 0) {
		error = qm_complain(why, -ENOMEM, 0, "no memory to change it");
	}
	if (error < 0) {
		free(new);
		return error;
	}
	*ret = new;
	*ret_size = new_size;
	return 0;
}
