/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The rows of an audit.csv: which columns there are, which rows are ours.
 */
#ifndef QM_AUDITCSV_ROWS_H
#define QM_AUDITCSV_ROWS_H

#include "auditcsv.h"

/** The columns that the header must or may name. */
enum qm_auditcsv_column {
	QM_COLUMN_TARGET,
	QM_COLUMN_SUBCATEGORY,
	QM_COLUMN_GUID,
	QM_COLUMN_INCLUSION,
	QM_COLUMN_VALUE,
	QM_COLUMN_MAX,
};

/** One cell: offsets of its first byte and just behind its last, with its quotes. */
struct qm_auditcsv_cell {
	size_t start, end;
};

/** Goes through the rows. */
struct qm_auditcsv {
	const char *text;
	size_t size;
	size_t pos;
	unsigned next_line;
	/** the row that was read last: its first line, its cells, and where it ends */
	unsigned line;
	struct qm_auditcsv_cell cells[QM_AUDITCSV_COLUMNS_MAX];
	unsigned n_cells;
	size_t end;
	/** where the header has a column, -1 where it does not */
	int columns[QM_COLUMN_MAX];
	unsigned n_columns;
	struct qm_complaint *why;
};

/**
 * Reads the header.
 *
 * @return	0, -EINVAL where this is not an audit.csv
 */
int qm_auditcsv_begin(struct qm_auditcsv *csv, const char *text, size_t size,
					  struct qm_complaint *why);

/**
 * Reads the next row that is not blank.
 *
 * @return	1, 0 at the end, -EINVAL where it is malformed
 */
int qm_auditcsv_next(struct qm_auditcsv *csv);

/** What a cell of the row says, "" where it has none. */
void qm_auditcsv_text(const struct qm_auditcsv *csv, int column,
					  char text[QM_AUDITCSV_TEXT_MAX]);

/** Whether the row is about any subcategory. */
bool qm_auditcsv_is_subcategory(const struct qm_auditcsv *csv);

/** Whether the row is ours. */
bool qm_auditcsv_is_ours(const struct qm_auditcsv *csv);

#endif
