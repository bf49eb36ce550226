/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "snippet_lex.h"

#include <errno.h>
#include <string.h>
#include <strings.h>

/** Characters that end a word of a value. */
#define WORD_ENDS "#}\"\r\n\t "

int qm_lex_peek(const struct qm_lex *lex)
{
	return lex->pos < lex->size ? (unsigned char)lex->text[lex->pos] : -1;
}

void qm_lex_step(struct qm_lex *lex)
{
	lex->line += lex->text[lex->pos] == '\n';
	lex->pos++;
}

bool qm_lex_is_blank(int c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/** Whether a span of the text ends at a character. */
static bool ends(int c, const char *at)
{
	return c < 0 || strchr(at, c);
}

struct qm_lex_span qm_lex_until(struct qm_lex *lex, const char *at)
{
	struct qm_lex_span span = { lex->text + lex->pos, 0 };

	while (!ends(qm_lex_peek(lex), at)) {
		qm_lex_step(lex);
		span.len++;
	}
	return span;
}

/** Takes what follows a backslash in a string. @return the character, 0 for none */
static int take_escaped(struct qm_lex *lex)
{
	int c;

	qm_lex_step(lex);
	c = qm_lex_peek(lex);
	switch (c) {
	case 'n':
		return '\n';
	case 'r':
		return '\r';
	case 't':
		return '\t';
	case '\r':
		qm_lex_step(lex);
		return 0;
	case '\n':
		return 0;
	default:
		return c;
	}
}

/** Goes to the end of a string that begins here; each character of it is put. */
static int take_string(struct qm_lex *lex, void (*put)(void *to, char c), void *to)
{
	unsigned line = lex->line;
	int c;

	for (qm_lex_step(lex); (c = qm_lex_peek(lex)) >= 0; qm_lex_step(lex)) {
		if (c == '"') {
			qm_lex_step(lex);
			return 0;
		}
		if (c == '\\') {
			c = take_escaped(lex);
		} else if (c == '\r') {
			c = 0;
		}
		if (c < 0) {
			break;
		}
		if (c) {
			put(to, (char)c);
		}
	}
	return qm_complain(lex->why, -EINVAL, line,
					   "a string that begins here has no end: close it with a '\"'");
}

static void forget(void *to, char c)
{
	(void)to;
	(void)c;
}

int qm_lex_pattern(struct qm_lex *lex)
{
	bool any = false;
	int c;

	for (; !ends(c = qm_lex_peek(lex), "#}\n\t "); any = true) {
		if (c == '"') {
			int ret = take_string(lex, forget, NULL);

			return ret < 0 ? ret : true;
		}
		qm_lex_step(lex);
		if (c == '\\' && qm_lex_peek(lex) > 0 && strchr("\"#} ", qm_lex_peek(lex))) {
			qm_lex_step(lex);
		}
	}
	return any;
}

static void put_value(void *to, char c)
{
	struct qm_snippet_setting *setting = to;
	size_t len = strlen(setting->text);

	if (len < sizeof(setting->text) - 1) {
		setting->text[len] = c;
		setting->text[len + 1] = '\0';
	}
}

static enum qm_tristate meaning(const char *text)
{
	static const char *const yes[] = { "1", "yes", "true", "enabled" };
	static const char *const no[] = { "0", "no", "false", "disabled" };

	for (size_t i = 0; i < sizeof(yes) / sizeof(yes[0]); i++) {
		if (!strcasecmp(text, yes[i])) {
			return QM_TRI_YES;
		}
		if (!strcasecmp(text, no[i])) {
			return QM_TRI_NO;
		}
	}
	return QM_TRI_UNKNOWN;
}

int qm_lex_value(struct qm_lex *lex, struct qm_snippet_setting *setting)
{
	int c, ret = 0;

	setting->value = setting->end = setting->behind_equals = lex->pos;
	while (!ret && !ends(c = qm_lex_peek(lex), "#}\n")) {
		if (qm_lex_is_blank(c)) {
			qm_lex_step(lex);
			continue;
		}
		if (setting->has_value) {
			put_value(setting, ' ');
		} else {
			setting->value = lex->pos;
		}
		setting->has_value = true;
		if (c == '"') {
			ret = take_string(lex, put_value, setting);
		} else {
			struct qm_lex_span word = qm_lex_until(lex, WORD_ENDS);

			for (size_t i = 0; i < word.len; i++) {
				put_value(setting, word.text[i]);
			}
		}
		setting->end = lex->pos;
	}
	setting->means = meaning(setting->text);
	return ret;
}
