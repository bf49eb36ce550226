/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "snippet_scan.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

#include "snippet_lex.h"

/** Depth of `DAEMON.plugins.qm-audit`; a snippet has the section at depth 1. */
#define DEPTH_IN_FULL 3

/** Characters that end a name. */
#define NAME_ENDS "#{}:.,=\"\r\n\t "
struct level {
	struct qm_lex_span name;
	unsigned line;
};

struct scan {
	struct qm_lex lex;
	struct level levels[QM_SNIPPET_DEPTH_MAX];
	unsigned depth;
	/** where the first section of ours is, that all are at the same place */
	struct qm_lex_span daemon;
	unsigned our_depth;
	struct qm_snippet found;
};

const char *const qm_snippet_key_names[QM_SNIPPET_KEYS] = {
	[QM_SNIPPET_SUCCESS] = "success",
	[QM_SNIPPET_FAILURE] = "failure",
};

static bool is(struct qm_lex_span span, const char *word)
{
	return span.len == strlen(word) && !memcmp(span.text, word, span.len);
}

/** How much of a span goes into a message. */
static int shown(struct qm_lex_span span)
{
	return span.len < 64 ? (int)span.len : 64;
}

/** Whether what is read now is directly in a section of ours. */
static bool in_ours(const struct scan *scan)
{
	const struct level *levels = scan->levels;

	if (scan->depth == 1) {
		return is(levels[0].name, "qm-audit");
	}
	return scan->depth == DEPTH_IN_FULL && is(levels[1].name, "plugins") &&
		   is(levels[2].name, "qm-audit");
}

/** Notes a comment that is a line of its own and shows how to set one of our keys. */
static void note_example(struct scan *scan)
{
	size_t at = scan->lex.pos, before = at;

	while (before && qm_lex_is_blank(scan->lex.text[before - 1])) {
		before--;
	}
	if (!in_ours(scan) || (before && scan->lex.text[before - 1] != '\n')) {
		return;
	}
	do {
		at++;
	} while (at < scan->lex.size && qm_lex_is_blank(scan->lex.text[at]));
	for (int key = 0; key < QM_SNIPPET_KEYS; key++) {
		size_t len = strlen(qm_snippet_key_names[key]), behind = at + len;

		if (behind <= scan->lex.size &&
			!memcmp(scan->lex.text + at, qm_snippet_key_names[key], len)) {
			while (behind < scan->lex.size && qm_lex_is_blank(scan->lex.text[behind])) {
				behind++;
			}
			if (behind < scan->lex.size && scan->lex.text[behind] == '=') {
				scan->found.example[key] = scan->lex.pos;
			}
		}
	}
}

/** Goes on to what is neither blank nor comment. Says where comments begin, if asked. */
static void skip(struct scan *scan, void (*note)(struct scan *scan))
{
	int c;

	while ((c = qm_lex_peek(&scan->lex)) == '#' || c == '\n' || qm_lex_is_blank(c)) {
		if (c == '#' && note) {
			note(scan);
		}
		if (c == '#') {
			qm_lex_until(&scan->lex, "\n");
		} else {
			qm_lex_step(&scan->lex);
		}
	}
}

/** Within a statement, where no other one can be put. */
static void skip_space(struct scan *scan)
{
	skip(scan, NULL);
}

static void skip_to_statement(struct scan *scan)
{
	skip(scan, note_example);
}

/** Whether an include begins here; a key can have that name as well. */
static bool at_include(const struct scan *scan)
{
	static const char word[] = "include";
	size_t at = scan->lex.pos + strlen(word), blanks = 0;

	if (at > scan->lex.size ||
		memcmp(scan->lex.text + scan->lex.pos, word, strlen(word))) {
		return false;
	}
	while (at < scan->lex.size &&
		   (scan->lex.text[at] == ' ' || scan->lex.text[at] == '\t')) {
		at++;
		blanks++;
	}
	/* of several blanks before an equals sign strongSwan takes one for the file's name */
	return blanks > 1 || (blanks && at < scan->lex.size && scan->lex.text[at] != '=');
}

static int take_include(struct scan *scan)
{
	unsigned line = scan->lex.line;
	int any = false;

	scan->lex.pos += strlen("include");
	while (qm_lex_is_blank(qm_lex_peek(&scan->lex))) {
		qm_lex_step(&scan->lex);
	}
	if (qm_lex_peek(&scan->lex) != '=') {
		any = qm_lex_pattern(&scan->lex);
	}
	if (!any) {
		return qm_complain(scan->lex.why, -EINVAL, line,
						   "include names no file: name one");
	}
	if (any > 0 && in_ours(scan) && !scan->found.elsewhere) {
		scan->found.elsewhere = line;
	}
	return any < 0 ? any : 0;
}

static int keep_setting(struct scan *scan, const struct qm_snippet_setting *setting,
						unsigned equals_line)
{
	const char *name = qm_snippet_key_names[setting->key];

	if (equals_line != setting->line) {
		return qm_complain(scan->lex.why, -EINVAL, setting->line,
						   "'%s' and its '=' are on different lines: join them", name);
	}
	if (scan->found.n_settings == QM_SNIPPET_SETTINGS_MAX) {
		return qm_complain(scan->lex.why, -E2BIG, setting->line,
						   "the policy is set more than %d times: remove some",
						   QM_SNIPPET_SETTINGS_MAX);
	}
	scan->found.settings[scan->found.n_settings++] = *setting;
	return 0;
}

/** Takes a setting from its equals sign on. */
static int take_setting(struct scan *scan, struct qm_lex_span name, unsigned line)
{
	struct qm_snippet_setting setting = { .line = line,
										  .start = (size_t)(name.text - scan->lex.text) };
	unsigned equals_line = scan->lex.line;
	int ret;

	qm_lex_step(&scan->lex);
	ret = qm_lex_value(&scan->lex, &setting);
	if (ret < 0 || !in_ours(scan)) {
		return ret;
	}
	for (int key = 0; key < QM_SNIPPET_KEYS; key++) {
		if (is(name, qm_snippet_key_names[key])) {
			setting.key = (enum qm_snippet_key)key;
			return keep_setting(scan, &setting, equals_line);
		}
	}
	return 0;
}

static int begin_ours(struct scan *scan)
{
	const struct level *level = &scan->levels[scan->depth - 1];
	struct qm_lex_span daemon = scan->levels[0].name;
	struct qm_snippet *found = &scan->found;

	if (!found->n_sections) {
		scan->our_depth = scan->depth;
		scan->daemon = daemon;
	} else if (scan->our_depth != scan->depth || scan->daemon.len != daemon.len ||
			   memcmp(scan->daemon.text, daemon.text, daemon.len)) {
		return qm_complain(scan->lex.why, -EINVAL, level->line,
						   "a second section qm-audit, at another place than that in "
						   "line %u: keep one of them",
						   found->sections[0].line);
	}
	if (found->n_sections == QM_SNIPPET_SECTIONS_MAX) {
		return qm_complain(scan->lex.why, -E2BIG, level->line,
						   "more than %d sections qm-audit: join them",
						   QM_SNIPPET_SECTIONS_MAX);
	}
	for (int key = 0; key < QM_SNIPPET_KEYS; key++) {
		found->example[key] = SIZE_MAX;
	}
	found->sections[found->n_sections++] = (struct qm_snippet_section){
		.line = level->line,
		.start = (size_t)(level->name.text - scan->lex.text),
		.body = scan->lex.pos,
	};
	return 0;
}

/** Takes the opening brace of a section. */
static int begin_section(struct scan *scan, struct qm_lex_span name, unsigned line)
{
	if (scan->depth == QM_SNIPPET_DEPTH_MAX) {
		return qm_complain(scan->lex.why, -E2BIG, line,
						   "more than %d sections in one another", QM_SNIPPET_DEPTH_MAX);
	}
	scan->levels[scan->depth++] = (struct level){ name, line };
	qm_lex_step(&scan->lex);
	return in_ours(scan) ? begin_ours(scan) : 0;
}

static int end_section(struct scan *scan)
{
	if (!scan->depth) {
		return qm_complain(scan->lex.why, -EINVAL, scan->lex.line,
						   "a '}' without a '{': remove one or add the other");
	}
	if (in_ours(scan)) {
		scan->found.sections[scan->found.n_sections - 1].close = scan->lex.pos;
	}
	scan->depth--;
	qm_lex_step(&scan->lex);
	return 0;
}

/** Takes the name of a section, in which dots can join names. */
static bool take_reference(struct scan *scan)
{
	do {
		if (!qm_lex_until(&scan->lex, NAME_ENDS).len) {
			return false;
		}
		if (qm_lex_peek(&scan->lex) != '.') {
			return true;
		}
		qm_lex_step(&scan->lex);
	} while (true);
}

/** Takes the sections that another one takes over, behind a colon, and its brace. */
static int take_references(struct scan *scan, struct qm_lex_span name, unsigned line)
{
	bool good;
	int ret;

	do {
		qm_lex_step(&scan->lex);
		skip_space(scan);
		good = take_reference(scan);
		skip_space(scan);
	} while (good && qm_lex_peek(&scan->lex) == ',');
	if (!good || qm_lex_peek(&scan->lex) != '{') {
		return qm_complain(scan->lex.why, -EINVAL, line,
						   "behind '%.*s:' there must be names of sections and a '{'",
						   shown(name), name.text);
	}
	ret = begin_section(scan, name, line);
	if (!ret && in_ours(scan) && !scan->found.elsewhere) {
		scan->found.elsewhere = line;
	}
	return ret;
}

static int take_statement(struct scan *scan)
{
	unsigned line = scan->lex.line;
	struct qm_lex_span name;

	if (at_include(scan)) {
		return take_include(scan);
	}
	name = qm_lex_until(&scan->lex, NAME_ENDS);
	if (!name.len) {
		return qm_complain(scan->lex.why, -EINVAL, line,
						   "'%c' where a name should be: correct that",
						   qm_lex_peek(&scan->lex));
	}
	skip_space(scan);
	switch (qm_lex_peek(&scan->lex)) {
	case '=':
		return take_setting(scan, name, line);
	case '{':
		return begin_section(scan, name, line);
	case ':':
		return take_references(scan, name, line);
	default:
		return qm_complain(scan->lex.why, -EINVAL, line,
						   "'%.*s' is followed by neither '=' nor '{': correct that",
						   shown(name), name.text);
	}
}

static int scan_all(struct scan *scan)
{
	int ret = 0;

	for (skip_to_statement(scan); !ret && qm_lex_peek(&scan->lex) >= 0;
		 skip_to_statement(scan)) {
		ret = qm_lex_peek(&scan->lex) == '}' ? end_section(scan) : take_statement(scan);
	}
	if (!ret && scan->depth) {
		const struct level *level = &scan->levels[scan->depth - 1];

		return qm_complain(scan->lex.why, -EINVAL, level->line,
						   "section '%.*s' has no end: close it with a '}'",
						   shown(level->name), level->name.text);
	}
	if (!ret && !scan->found.n_sections) {
		return qm_complain(scan->lex.why, -ENOENT, 0,
						   "has no section 'qm-audit { }': name another file, or add it");
	}
	return ret;
}

/** Refuses what an editor may show as something else than strongSwan reads. */
static int check_bytes(const char *text, size_t size, struct qm_complaint *why)
{
	unsigned line = 1;

	if (size > QM_SNIPPET_SIZE_MAX) {
		return qm_complain(why, -E2BIG, 0,
						   "is larger than %d bytes: it cannot be settings",
						   QM_SNIPPET_SIZE_MAX);
	}
	if (size >= 3 && !memcmp(text, "\xef\xbb\xbf", 3)) {
		return qm_complain(why, -EINVAL, 1,
						   "begins with a byte order mark, which strongSwan takes for a "
						   "part of the first name: save it without");
	}
	for (size_t i = 0; i < size; i++) {
		if (!text[i]) {
			return qm_complain(why, -EINVAL, line, "a NUL byte: it cannot be settings");
		}
		if (text[i] == '\r' && (i + 1 == size || text[i + 1] != '\n')) {
			return qm_complain(why, -EINVAL, line,
							   "a carriage return that ends no line: remove it");
		}
		line += text[i] == '\n';
	}
	return 0;
}

int qm_snippet_scan(const char *text, size_t size, struct qm_snippet *ret,
					struct qm_complaint *why)
{
	struct scan scan = { .lex = { .text = text, .size = size, .line = 1, .why = why } };
	int error = check_bytes(text, size, why);

	if (!error) {
		error = scan_all(&scan);
	}
	if (!error) {
		*ret = scan.found;
	}
	return error;
}

const struct qm_snippet_setting *qm_snippet_last(const struct qm_snippet *snippet,
												 enum qm_snippet_key key)
{
	for (unsigned i = snippet->n_settings; i; i--) {
		if (snippet->settings[i - 1].key == key) {
			return &snippet->settings[i - 1];
		}
	}
	return NULL;
}
