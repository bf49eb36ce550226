/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints records as events, in one format.
 */
#ifndef QM_PRINTER_H
#define QM_PRINTER_H

#include <limits.h>

#include "render.h"
#include "trail.h"

struct qm_printer {
	struct qm_out out;
	const struct qm_format *format;
	struct qm_style style;
	struct qm_origin_names names;
	char host[HOST_NAME_MAX + 1];
	struct qm_view *view;
	/** what was printed */
	uint64_t count;
};

/** @return 0 or -ENOMEM */
int qm_printer_init(struct qm_printer *printer, int fd, const struct qm_format *format);

void qm_printer_fini(struct qm_printer *printer);

/** Before the first event: what the format begins with, fit for what comes. */
void qm_printer_begin(struct qm_printer *printer, const struct qm_widths *widths);

void qm_printer_event(struct qm_printer *printer, const struct qm_line *line);

#endif
