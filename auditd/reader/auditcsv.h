/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The audit policy in an audit.csv of a Windows Group Policy Object ([MS-GPAC] 2.2), or
 * in what auditpol writes with /backup and /get /r.
 *
 * Of its rows those count that are for the system and have our subcategory's GUID. By
 * the specification only the number in "Setting Value" says what is to be, and 0 is to
 * leave the policy as it is; no auditing is 4. But the editor of Group Policy Objects and
 * auditpol /backup write 0 for "No Auditing", so a row that has both can mean either.
 */
#ifndef QM_AUDITCSV_H
#define QM_AUDITCSV_H

#include <stdbool.h>
#include <stddef.h>

#include "../policy.h"
#include "complaint.h"

/** The subcategory and its category, as auditpol names them. */
#define QM_SUBCATEGORY "IPsec Quick Mode"
#define QM_SUBCATEGORY_GUID "{0CCE9219-69AE-11D9-BED3-505054503030}"
#define QM_CATEGORY "Logon/Logoff"
#define QM_CATEGORY_GUID "{69979849-797A-11D9-BED3-505054503030}"

/** Bytes of a file in UTF-8. */
#define QM_AUDITCSV_SIZE_MAX (4 * 1024 * 1024)
/** Columns of a row that are looked at; others are left alone. */
#define QM_AUDITCSV_COLUMNS_MAX 16
/** A cell's text, with its NUL; one that has more is cut off. */
#define QM_AUDITCSV_TEXT_MAX 64

/** The values of "Setting Value". */
enum qm_auditcsv_value {
	QM_AUDITCSV_NO_VALUE = -1,
	QM_AUDITCSV_UNCHANGED = 0,
	QM_AUDITCSV_SUCCESS = 1,
	QM_AUDITCSV_FAILURE = 2,
	QM_AUDITCSV_BOTH = 3,
	QM_AUDITCSV_NONE = 4,
};

/** What a 0 beside "No Auditing" means. */
enum qm_auditcsv_zero {
	/** that somebody has to decide */
	QM_AUDITCSV_ZERO_REFUSED,
	/** unchanged, by the letter */
	QM_AUDITCSV_ZERO_UNCHANGED,
	/** no auditing, by the habits of Windows */
	QM_AUDITCSV_ZERO_NONE,
};

/** Our row. */
struct qm_auditcsv_row {
	unsigned line;
	enum qm_auditcsv_value value;
	/** "Inclusion Setting" */
	char inclusion[QM_AUDITCSV_TEXT_MAX];
};

/** What a row asks for. */
struct qm_auditcsv_wish {
	/** nothing: the policy stays */
	bool unchanged;
	struct qm_policy policy;
	/** something that is to be told about it, "" where there is nothing */
	struct qm_complaint note;
};

/**
 * Finds our row.
 *
 * @param text		decoded, not terminated
 * @param ret		receives the row; unchanged on failure
 * @param why		says what is wrong on failure
 * @return			0; -ENOENT where there is none; -EINVAL where the file is no
 *audit.csv, is malformed, or has several that differ
 */
int qm_auditcsv_find(const char *text, size_t size, struct qm_auditcsv_row *ret,
					 struct qm_complaint *why);

/**
 * Says what a row asks for.
 *
 * @param zero		what a 0 beside "No Auditing" means
 * @param ret		receives it; unchanged on failure
 * @param why		says what is wrong on failure
 * @return			0; -EINVAL where the row is not clear
 */
int qm_auditcsv_read(const struct qm_auditcsv_row *row, enum qm_auditcsv_zero zero,
					 struct qm_auditcsv_wish *ret, struct qm_complaint *why);

/**
 * Writes a policy into our row, or adds one behind those of the other subcategories; all
 * else stays as it is. Not configured becomes "Not Specified" with a 0.
 *
 * @param text		what the file holds, decoded; empty to make one
 * @param ret		receives the new text, to be freed by the caller; unchanged on failure
 * @param why		says what is wrong on failure
 * @return			0, -ENOMEM, -EINVAL where the file is no audit.csv
 */
int qm_auditcsv_write(const char *text, size_t size, struct qm_policy policy, char **ret,
					  size_t *ret_size, struct qm_complaint *why);

/** "Success and Failure" and so on, as audit.csv says it; static. */
const char *qm_auditcsv_inclusion(struct qm_policy policy);

#endif
