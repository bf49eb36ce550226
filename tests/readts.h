/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads traffic selectors as records have them.
 */
#ifndef QM_READTS_H
#define QM_READTS_H

#include <stdbool.h>

#include "facts.h"

/** Whether a value such as "10.1.0.0/16[tcp/80],+3" says just this list. */
bool qm_readts_equal(const char *value, const struct qm_ts_list *list);

#endif
