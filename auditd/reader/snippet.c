/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "snippet.h"

#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/** Bytes that are taken out of the text, and what comes in their place. */
struct patch {
	size_t at;
	size_t drop;
	/** to be freed, or NULL */
	char *insert;
};

/** A text of settings, scanned, and what is to be done to it, in its order. */
struct change {
	const char *text;
	size_t size;
	struct qm_snippet snippet;
	struct patch patches[QM_SNIPPET_SETTINGS_MAX + 1];
	unsigned n;
};

/** A part of a text. */
struct part {
	const char *text;
	int len;
};

static bool is_blank(char c)
{
	return c == ' ' || c == '\t' || c == '\r';
}

/** Where the line begins that a position is in. */
static size_t line_start(const struct change *change, size_t at)
{
	while (at && change->text[at - 1] != '\n') {
		at--;
	}
	return at;
}

/** Where that line ends: its newline, or the end of the text. */
static size_t line_end(const struct change *change, size_t at)
{
	while (at < change->size && change->text[at] != '\n') {
		at++;
	}
	return at;
}

/** The same without the carriage return of a line that ends with both. */
static size_t line_visible_end(const struct change *change, size_t at)
{
	size_t end = line_end(change, at);

	return end > at && change->text[end - 1] == '\r' ? end - 1 : end;
}

/** How the text ends its lines, judged by the first one that has an end after at. */
static const char *newline(const struct change *change, size_t at)
{
	size_t end = line_end(change, at);

	if (end == change->size) {
		end = line_end(change, 0);
	}
	return end && end < change->size && change->text[end - 1] == '\r' ? "\r\n" : "\n";
}

/** The blanks at the beginning of a line. */
static struct part indentation(const struct change *change, size_t at)
{
	size_t start = line_start(change, at), end = start;

	while (end < change->size &&
		   (change->text[end] == ' ' || change->text[end] == '\t')) {
		end++;
	}
	return (struct part){ change->text + start, (int)(end - start) };
}

static int add_patch(struct change *change, size_t at, size_t drop, char *insert)
{
	change->patches[change->n++] = (struct patch){ at, drop, insert };
	return insert ? 0 : -ENOMEM;
}

/** Takes a setting out; with its line, where there is nothing else in that. */
static int remove_setting(struct change *change, const struct qm_snippet_setting *setting)
{
	size_t from = setting->start, to = setting->end;
	size_t first = line_start(change, from), last = line_end(change, to);

	while (from > first && is_blank(change->text[from - 1])) {
		from--;
	}
	while (to < last && is_blank(change->text[to])) {
		to++;
	}
	if (from == first && to == last) {
		/* nothing else: the whole line */
		to += last < change->size;
	} else if (to == last) {
		to = setting->end;
	} else {
		from = setting->start;
	}
	return add_patch(change, from, to - from, strdup(""));
}

static int replace_value(struct change *change, const struct qm_snippet_setting *setting,
						 const char *value)
{
	char *insert = NULL;

	if (asprintf(&insert, "%s%s", setting->has_value ? "" : " ", value) < 0) {
		insert = NULL;
	}
	return add_patch(change, setting->value, setting->end - setting->value, insert);
}

/** Where what is in a section ends, and only blanks and its brace follow. */
static size_t content_end(const struct change *change,
						  const struct qm_snippet_section *section)
{
	size_t at = section->close;

	while (at > section->body &&
		   (is_blank(change->text[at - 1]) || change->text[at - 1] == '\n')) {
		at--;
	}
	return at;
}

/** Adds a setting as the last one of a section. */
static int append_setting(struct change *change, const char *key, const char *value)
{
	const struct qm_snippet_section *section =
		&change->snippet.sections[change->snippet.n_sections - 1];
	size_t at = content_end(change, section), end = line_visible_end(change, at);
	struct part outer = indentation(change, section->start), inner = outer;
	bool in_body = line_start(change, at) >= section->body;
	bool one_line = end >= section->close;
	const char *nl = newline(change, at), *deeper = "";
	char *insert = NULL;

	if (in_body) {
		inner = indentation(change, at);
	} else {
		deeper = outer.len && outer.text[0] == '\t' ? "\t" : "    ";
	}
	if (one_line) {
		/* the brace, which was in the same line, goes into one of its own */
		end = at;
	}
	if (asprintf(&insert, "%s%.*s%s%s = %s%s%.*s", nl, inner.len, inner.text, deeper, key,
				 value, one_line ? nl : "", one_line ? outer.len : 0, outer.text) < 0) {
		insert = NULL;
	}
	return add_patch(change, end, one_line ? section->close - at : 0, insert);
}

/** Adds a setting below the comment line that is an example of it. */
static int add_below(struct change *change, size_t example, const char *key,
					 const char *value)
{
	struct part indent = indentation(change, example);
	size_t end = line_visible_end(change, example);
	char *insert = NULL;

	if (asprintf(&insert, "%s%.*s%s = %s", newline(change, example), indent.len,
				 indent.text, key, value) < 0) {
		insert = NULL;
	}
	return add_patch(change, end, 0, insert);
}

static int add_setting(struct change *change, enum qm_snippet_key key, const char *value)
{
	const char *name = qm_snippet_key_names[key];
	size_t example = change->snippet.example[key];

	return example == SIZE_MAX ? append_setting(change, name, value)
							   : add_below(change, example, name, value);
}

/** Plans what has to be done to one key. */
static int plan(struct change *change, enum qm_snippet_key key,
				enum qm_snippet_action action)
{
	const struct qm_snippet *snippet = &change->snippet;
	const struct qm_snippet_setting *last = qm_snippet_last(snippet, key);
	const char *value = action == QM_SNIPPET_YES ? "yes" : "no";
	enum qm_tristate means = action == QM_SNIPPET_YES ? QM_TRI_YES : QM_TRI_NO;
	int ret = 0;

	for (unsigned i = 0; !ret && i < snippet->n_settings; i++) {
		const struct qm_snippet_setting *setting = &snippet->settings[i];

		if (setting->key != key) {
			continue;
		}
		if (action == QM_SNIPPET_REMOVE || setting != last) {
			ret = remove_setting(change, setting);
		} else if (setting->means != means) {
			ret = replace_value(change, setting, value);
		}
	}
	if (!ret && !last && action != QM_SNIPPET_REMOVE) {
		ret = add_setting(change, key, value);
	}
	return ret;
}

/** Writes the text with its patches. */
static int carry_out(const struct change *change, char **ret, size_t *ret_size)
{
	char *text = NULL;
	size_t size = 0, at = 0;
	FILE *out = open_memstream(&text, &size);
	bool failed;

	if (!out) {
		return -ENOMEM;
	}
	for (unsigned i = 0; i < change->n; i++) {
		const struct patch *patch = &change->patches[i];

		fwrite(change->text + at, 1, patch->at - at, out);
		fputs(patch->insert, out);
		at = patch->at + patch->drop;
	}
	fwrite(change->text + at, 1, change->size - at, out);
	failed = ferror(out);
	if (fclose(out) || failed) {
		free(text);
		return -ENOMEM;
	}
	*ret = text;
	*ret_size = size;
	return 0;
}

/** Changes one key. */
static int change_key(const char *text, size_t size, enum qm_snippet_key key,
					  enum qm_snippet_action action, char **ret, size_t *ret_size,
					  struct qm_complaint *why)
{
	struct change change = { .text = text, .size = size };
	int error = qm_snippet_scan(text, size, &change.snippet, why);

	if (!error && action != QM_SNIPPET_KEEP) {
		error = plan(&change, key, action);
	}
	if (!error) {
		error = carry_out(&change, ret, ret_size);
	}
	for (unsigned i = 0; i < change.n; i++) {
		free(change.patches[i].insert);
	}
	return error == -ENOMEM ? qm_complain(why, error, 0, "no memory to change it")
							: error;
}

int qm_snippet_change(const char *text, size_t size, struct qm_snippet_edit edit,
					  char **ret, size_t *ret_size, struct qm_complaint *why)
{
	char *half = NULL;
	size_t half_size;
	int error;

	/* one after the other, so that neither has to know where the other moves things */
	error = change_key(text, size, QM_SNIPPET_SUCCESS, edit.actions[QM_SNIPPET_SUCCESS],
					   &half, &half_size, why);
	if (!error) {
		error = change_key(half, half_size, QM_SNIPPET_FAILURE,
						   edit.actions[QM_SNIPPET_FAILURE], ret, ret_size, why);
	}
	free(half);
	return error;
}

struct qm_policy qm_snippet_policy(const struct qm_snippet *snippet)
{
	const struct qm_snippet_setting *success =
		qm_snippet_last(snippet, QM_SNIPPET_SUCCESS);
	const struct qm_snippet_setting *failure =
		qm_snippet_last(snippet, QM_SNIPPET_FAILURE);

	return (struct qm_policy){
		.success = success ? success->means : QM_TRI_UNKNOWN,
		.failure = failure ? failure->means : QM_TRI_UNKNOWN,
	};
}
