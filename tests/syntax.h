/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether texts keep to the rules of what they are said to be, strictly, and by
 * nothing of the code that writes them.
 */
#ifndef QM_SYNTAX_H
#define QM_SYNTAX_H

#include "span.h"

/** UTF-8 without control characters but newlines and tabs. */
bool qm_syntax_text(struct qm_span text);

/** Lines of one JSON object each (RFC 8259), in which no name comes twice. */
bool qm_syntax_json_lines(struct qm_span text);

/** Elements of XML, each with its end, attributes and the five entities. */
bool qm_syntax_xml(struct qm_span text);

/** CSV (RFC 4180) with as many fields in each line. */
bool qm_syntax_csv(struct qm_span text);

#endif
