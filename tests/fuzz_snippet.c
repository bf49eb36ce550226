/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: changes of the policy in a file of settings, judged by strongSwan's own
 * parser. The first byte of the input says what to change, the rest is the file. What
 * we take strongSwan takes, and reads as we do; then the change is in force, and every
 * other setting and every comment is as it was.
 */
#include <library.h>
#include <settings/settings_types.h>

#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "reader/snippet.h"
#include "swan_kit.h"

/** Exported by libstrongswan, declared in no header. */
bool settings_parser_parse_string(section_t *root, char *settings);

/** A text that ends in NUL, as strongSwan wants it. */
struct text {
	char *data;
	size_t size;
};

static void demand(bool good)
{
	if (!good) {
		abort();
	}
}

static struct text copy(const void *data, size_t size)
{
	struct text text = { malloc(size + 1), size };

	demand(text.data);
	memcpy(text.data, data, size);
	text.data[size] = '\0';
	return text;
}

static section_t *parse(const struct text *text)
{
	section_t *root = settings_section_create(strdup("root"));

	if (!settings_parser_parse_string(root, text->data)) {
		settings_section_destroy(root, NULL);
		return NULL;
	}
	return root;
}

static section_t *child(section_t *section, const char *name)
{
	section_t *found = NULL;

	if (section) {
		array_bsearch(section->sections, name, settings_section_find, &found);
	}
	return found;
}

/** The section that ours are joined to, at the top or below a daemon's plugins. */
static section_t *find_ours(section_t *root, bool at_top)
{
	section_t *found = at_top ? child(root, "qm-audit") : NULL, *daemon;

	for (int i = 0; !found && i < array_count(root->sections); i++) {
		array_get(root->sections, i, &daemon);
		found = child(child(daemon, "plugins"), "qm-audit");
	}
	demand(found);
	return found;
}

static enum qm_tristate read_key(section_t *section, const char *key)
{
	kv_t *kv;

	if (!section || array_bsearch(section->kv, key, settings_kv_find, &kv) == -1 ||
		!kv->value ||
		settings_value_as_bool(kv->value, FALSE) !=
			settings_value_as_bool(kv->value, TRUE)) {
		return QM_TRI_UNKNOWN;
	}
	return settings_value_as_bool(kv->value, FALSE) ? QM_TRI_YES : QM_TRI_NO;
}

static bool is_policy(const char *key)
{
	return streq(key, "success") || streq(key, "failure");
}

/** Takes the settings of the policy out of ours, so that the rest can be compared. */
static int count_others(section_t *section, bool ours)
{
	int count = 0;
	kv_t *kv;

	for (int i = 0; i < array_count(section->kv); i++) {
		array_get(section->kv, i, &kv);
		count += !ours || !is_policy(kv->key);
	}
	return count;
}

static void compare(section_t *a, section_t *b, section_t *our_a);

static void compare_sections(section_t *a, section_t *b, section_t *our_a)
{
	section_t *one, *other;

	demand(array_count(a->sections) == array_count(b->sections));
	for (int i = 0; i < array_count(a->sections); i++) {
		array_get(a->sections, i, &one);
		array_get(b->sections, i, &other);
		demand(streq(one->name, other->name));
		compare(one, other, our_a);
	}
}

/** All settings are the same, but those of the policy in ours. */
static void compare(section_t *a, section_t *b, section_t *our_a)
{
	kv_t *kv, *other;

	demand(count_others(a, a == our_a) == count_others(b, a == our_a));
	demand(array_count(a->references) == array_count(b->references));
	for (int i = 0; i < array_count(a->kv); i++) {
		array_get(a->kv, i, &kv);
		if (a == our_a && is_policy(kv->key)) {
			continue;
		}
		demand(array_bsearch(b->kv, kv->key, settings_kv_find, &other) != -1);
		demand(kv->value && other->value ? streq(kv->value, other->value)
										 : kv->value == other->value);
	}
	compare_sections(a, b, our_a);
}

/** Gives the comments of a text, one to a line. */
static struct text comments(const struct text *text)
{
	struct text all = copy(text->data, text->size);
	bool quoted = false, comment = false;
	size_t len = 0;

	for (size_t i = 0; i < text->size; i++) {
		char c = text->data[i];

		if (comment) {
			all.data[len++] = c;
			comment = c != '\n';
		} else if (quoted && c == '\\') {
			i++;
		} else if (c == '"') {
			quoted = !quoted;
		} else if (c == '#' && !quoted) {
			all.data[len++] = c;
			comment = true;
		}
	}
	all.size = len;
	return all;
}

static void check_comments(const struct text *before, const struct text *after)
{
	struct text a = comments(before), b = comments(after);

	demand(a.size == b.size && !memcmp(a.data, b.data, a.size));
	free(a.data);
	free(b.data);
}

/** Whether our section is in no other: what is before it has all braces closed then. */
static bool is_at_top(const struct text *text, const struct qm_snippet *snippet)
{
	struct text before = copy(text->data, snippet->sections[0].start);
	section_t *root = parse(&before);

	if (root) {
		settings_section_destroy(root, NULL);
	}
	free(before.data);
	return root;
}

static enum qm_tristate wanted(enum qm_snippet_action action, enum qm_tristate before)
{
	switch (action) {
	case QM_SNIPPET_KEEP:
		return before;
	case QM_SNIPPET_YES:
		return QM_TRI_YES;
	case QM_SNIPPET_NO:
		return QM_TRI_NO;
	default:
		return QM_TRI_UNKNOWN;
	}
}

/** strongSwan reads before and after as we do. */
static void check_swan(const struct text *before, const struct text *after,
					   const struct qm_snippet *old, const struct qm_snippet *new)
{
	section_t *a = parse(before), *b = parse(after), *our_a, *our_b;
	struct qm_policy policy = qm_snippet_policy(old), now = qm_snippet_policy(new);
	bool at_top = is_at_top(before, old);

	demand(a && b);
	our_a = find_ours(a, at_top);
	our_b = find_ours(b, at_top);
	demand(read_key(our_a, "success") == policy.success);
	demand(read_key(our_a, "failure") == policy.failure);
	demand(read_key(our_b, "success") == now.success);
	demand(read_key(our_b, "failure") == now.failure);
	compare(a, b, our_a);
	settings_section_destroy(a, NULL);
	settings_section_destroy(b, NULL);
}

static void check(const struct text *before, struct qm_snippet_edit edit,
				  const struct qm_snippet *old)
{
	struct qm_policy policy = qm_snippet_policy(old), now;
	struct qm_snippet new;
	struct qm_complaint why;
	struct text after, again;

	demand(!qm_snippet_change(before->data, before->size, edit, &after.data, &after.size,
							  &why));
	demand(!qm_snippet_scan(after.data, after.size, &new, &why));
	now = qm_snippet_policy(&new);
	demand(now.success == wanted(edit.actions[QM_SNIPPET_SUCCESS], policy.success));
	demand(now.failure == wanted(edit.actions[QM_SNIPPET_FAILURE], policy.failure));
	demand(
		!qm_snippet_change(after.data, after.size, edit, &again.data, &again.size, &why));
	demand(again.size == after.size && !memcmp(again.data, after.data, after.size));
	check_comments(before, &after);
	/* what it includes could be anything of this machine's */
	if (!strstr(before->data, "include")) {
		struct text ended = copy(after.data, after.size);

		check_swan(before, &ended, old, &new);
		free(ended.data);
	}
	free(after.data);
	free(again.data);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static bool initialized;
	struct qm_snippet_edit edit;
	struct qm_snippet snippet;
	struct qm_complaint why;
	struct text text;

	if (!initialized) {
		demand(swan_init("charon", ""));
		atexit(swan_deinit);
		initialized = true;
	}
	if (!size) {
		return 0;
	}
	edit.actions[QM_SNIPPET_SUCCESS] = data[0] & 3;
	edit.actions[QM_SNIPPET_FAILURE] = data[0] >> 2 & 3;
	text = copy(data + 1, size - 1);
	swan_release();
	swan_capture();
	if (!qm_snippet_scan(text.data, text.size, &snippet, &why)) {
		check(&text, edit, &snippet);
	} else {
		demand(why.text[0]);
	}
	free(text.data);
	return 0;
}
