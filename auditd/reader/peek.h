/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A look at a record's beginning and end, which is enough to put it in order.
 */
#ifndef QM_PEEK_H
#define QM_PEEK_H

#include "line.h"

struct qm_peek {
	uint64_t time_ms;
	uint32_t instance;
	uint32_t seq;
	struct qm_span body;
};

/**
 * Looks at a line of the form that our records have when auditd of this host writes
 * them. What it tells is what qm_line_parse() would find.
 *
 * @return false for any other line
 */
bool qm_line_peek(struct qm_span text, struct qm_peek *ret);

#endif
