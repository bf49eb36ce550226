/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "complaint.h"

#include <stdarg.h>
#include <stdio.h>

int qm_complain(struct qm_complaint *why, int error, unsigned line, const char *format,
				...)
{
	va_list args;

	why->line = line;
	va_start(args, format);
	vsnprintf(why->text, sizeof(why->text), format, args);
	va_end(args);
	/* a file can hold what does things to a terminal */
	for (char *c = why->text; *c; c++) {
		if ((unsigned char)*c < ' ' || *c == 0x7f) {
			*c = '?';
		}
	}
	return error;
}
