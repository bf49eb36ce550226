/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "lines.h"

#include <errno.h>
#include <stdlib.h>

int qm_lines_init(struct qm_lines *lines, void (*take)(void *owner, struct qm_span text),
				  void *owner)
{
	*lines = (struct qm_lines){
		.buf = malloc(QM_LINE_LEN_MAX),
		.take = take,
		.owner = owner,
	};
	return lines->buf ? 0 : -ENOMEM;
}

void qm_lines_fini(struct qm_lines *lines)
{
	free(lines->buf);
	lines->buf = NULL;
}

/** Puts the piece of a line to what there is of it. */
static void keep(struct qm_lines *lines, const char *data, size_t size)
{
	if (size > QM_LINE_LEN_MAX - lines->len) {
		lines->skipping = true;
		lines->len = 0;
	}
	if (!lines->skipping && size) {
		memcpy(lines->buf + lines->len, data, size);
		lines->len += size;
	}
}

static void end_line(struct qm_lines *lines)
{
	const struct qm_span text = { lines->skipping ? NULL : lines->buf, lines->len };

	lines->number++;
	lines->take(lines->owner, text);
	lines->skipping = false;
	lines->len = 0;
}

void qm_lines_feed(struct qm_lines *lines, const char *data, size_t size)
{
	const char *const end = data + size, *newline;

	while ((newline = memchr(data, '\n', (size_t)(end - data)))) {
		keep(lines, data, (size_t)(newline - data));
		end_line(lines);
		data = newline + 1;
	}
	keep(lines, data, (size_t)(end - data));
}

void qm_lines_end(struct qm_lines *lines)
{
	if (lines->len || lines->skipping) {
		end_line(lines);
	}
}

void qm_lines_restart(struct qm_lines *lines)
{
	lines->len = 0;
	lines->skipping = false;
	lines->number = 0;
}
