/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The characters of strongSwan's settings: words, strings and values.
 */
#ifndef QM_SNIPPET_LEX_H
#define QM_SNIPPET_LEX_H

#include "snippet_scan.h"

/** Where in a text reading is. */
struct qm_lex {
	const char *text;
	size_t size;
	size_t pos;
	/** from 1 */
	unsigned line;
	/** receives what is wrong */
	struct qm_complaint *why;
};

/** A part of the text. */
struct qm_lex_span {
	const char *text;
	size_t len;
};

/** The next character, -1 at the end. */
int qm_lex_peek(const struct qm_lex *lex);

/** Goes over a character, which there must be. */
void qm_lex_step(struct qm_lex *lex);

/** Whether a character is a blank within a line. */
bool qm_lex_is_blank(int c);

/** Goes on to one of some characters, or the end. @return what is before it */
struct qm_lex_span qm_lex_until(struct qm_lex *lex, const char *at);

/** Goes to the end of an include's pattern. @return whether there is one, or -EINVAL */
int qm_lex_pattern(struct qm_lex *lex);

/**
 * Takes the words and strings up to the end of a setting; one blank joins them.
 *
 * @param setting	receives all that is about its value
 * @return			0 or -EINVAL
 */
int qm_lex_value(struct qm_lex *lex, struct qm_snippet_setting *setting);

#endif
