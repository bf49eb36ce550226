/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "printer.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

/* of a table's columns */
#define NODE_WIDTH_MIN 8
#define PEER_WIDTH_MIN 15
#define NAME_WIDTH_MIN 10
#define WIDTH_MAX 39

static unsigned bounded(unsigned width, unsigned min)
{
	if (width < min) {
		return min;
	}
	return width > WIDTH_MAX ? WIDTH_MAX : width;
}

int qm_printer_init(struct qm_printer *printer, int fd, const struct qm_format *format)
{
	const char *no_color = getenv("NO_COLOR");

	memset(printer, 0, sizeof(*printer));
	qm_out_init(&printer->out, fd);
	printer->format = format;
	printer->style.color = isatty(fd) && !(no_color && *no_color);
	if (gethostname(printer->host, sizeof(printer->host) - 1) < 0) {
		memcpy(printer->host, "localhost", sizeof("localhost"));
	}
	printer->names.host = printer->host;
	printer->view = qm_view_new();
	if (!printer->view) {
		return -ENOMEM;
	}
	return format->prepare ? format->prepare() : 0;
}

void qm_printer_fini(struct qm_printer *printer)
{
	printer->view = qm_view_free(printer->view);
	qm_out_fini(&printer->out);
}

void qm_printer_begin(struct qm_printer *printer, const struct qm_widths *widths)
{
	struct qm_style *style = &printer->style;

	style->with_node = widths->with_node;
	style->node_width = bounded(widths->node, NODE_WIDTH_MIN);
	style->peer_width = bounded(widths->peer, PEER_WIDTH_MIN);
	style->name_width = bounded(widths->name, NAME_WIDTH_MIN);
	if (printer->format->begin) {
		printer->format->begin(&printer->out, style);
	}
}

void qm_printer_event(struct qm_printer *printer, const struct qm_line *line)
{
	qm_view_fill(printer->view, line, &printer->names, printer->format->extras);
	printer->format->event(&printer->out, printer->view, &printer->style);
	printer->count++;
}
