/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of events as documentation.
 */
#ifndef QM_SCHEMA_DOC_H
#define QM_SCHEMA_DOC_H

#include "out.h"

void qm_schema_text(struct qm_out *out);
void qm_schema_json(struct qm_out *out);
void qm_schema_markdown(struct qm_out *out);

#endif
