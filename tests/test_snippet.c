/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "reader/snippet.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define KEEP QM_SNIPPET_KEEP
#define YES QM_SNIPPET_YES
#define NO QM_SNIPPET_NO
#define REMOVE QM_SNIPPET_REMOVE

/** Text before, what is done to success and failure, text after. */
static const struct {
	const char *before;
	enum qm_snippet_action success;
	enum qm_snippet_action failure;
	const char *after;
} changes[] = {
	/* below the comment that is an example, with its indentation */
	{ "qm-audit {\n\n    # Say so.\n    # success = yes\n\n    # failure = yes\n}\n", YES,
	  NO,
	  "qm-audit {\n\n    # Say so.\n    # success = yes\n    success = yes\n\n"
	  "    # failure = yes\n    failure = no\n}\n" },
	{ "qm-audit {\n\t#success=no\n\tload = yes\n}\n", YES, KEEP,
	  "qm-audit {\n\t#success=no\n\tsuccess = yes\n\tload = yes\n}\n" },
	/* a comment that is no example, or not in a line of its own */
	{ "qm-audit {\n  # success is = 1\n  load = yes # success = yes\n}\n", YES, KEEP,
	  "qm-audit {\n  # success is = 1\n  load = yes # success = yes\n  success = "
	  "yes\n}\n" },
	{ "qm-audit {\n  a\n  # success = yes\n  = b\n}\n", YES, KEEP,
	  "qm-audit {\n  a\n  # success = yes\n  = b\n  success = yes\n}\n" },
	/* at the end, before blank lines */
	{ "qm-audit {\n\n  load = yes\n\n}\n", YES, YES,
	  "qm-audit {\n\n  load = yes\n  success = yes\n  failure = yes\n\n}\n" },
	{ "qm-audit {\n}\n", YES, KEEP, "qm-audit {\n    success = yes\n}\n" },
	{ "qm-audit { }", NO, KEEP, "qm-audit {\n    success = no\n}" },
	{ "qm-audit{load=yes}", NO, KEEP, "qm-audit{load=yes\n    success = no\n}" },
	{ "\tqm-audit {\n\t}\n", YES, KEEP, "\tqm-audit {\n\t\tsuccess = yes\n\t}\n" },
	{ "qm-audit {\n\tload = yes }\n", YES, KEEP,
	  "qm-audit {\n\tload = yes\n\tsuccess = yes\n}\n" },
	/* a value is replaced where it is, and left where it means the same */
	{ "qm-audit {\n success = no # why\n}\n", YES, KEEP,
	  "qm-audit {\n success = yes # why\n}\n" },
	{ "qm-audit {\n success=no#why\n}\n", YES, KEEP,
	  "qm-audit {\n success=yes#why\n}\n" },
	{ "qm-audit {\n success = \"Enabled\"\n failure = 0\n}\n", YES, NO,
	  "qm-audit {\n success = \"Enabled\"\n failure = 0\n}\n" },
	{ "qm-audit {\n success = perhaps not\n}\n", NO, KEEP,
	  "qm-audit {\n success = no\n}\n" },
	{ "qm-audit {\n success =\n}\n", YES, KEEP, "qm-audit {\n success = yes\n}\n" },
	{ "qm-audit {\n success = \"a\n b\" c\n}\n", YES, KEEP,
	  "qm-audit {\n success = yes\n}\n" },
	{ "qm-audit {success=no}", YES, KEEP, "qm-audit {success=yes}" },
	/* of several the last one counts, and stays */
	{ "qm-audit {\n success = yes\n success = yes\n success = no\n}\n", YES, KEEP,
	  "qm-audit {\n success = yes\n}\n" },
	{ "qm-audit {\n success = no # a\n}\nx = y\nqm-audit {\n success = yes # b\n}\n", YES,
	  KEEP, "qm-audit {\n # a\n}\nx = y\nqm-audit {\n success = yes # b\n}\n" },
	/* taken out: with its line, but not with what else is in that */
	{ "qm-audit {\n  load = yes\n  success = yes\n  failure = no\n\n}\n", REMOVE, REMOVE,
	  "qm-audit {\n  load = yes\n\n}\n" },
	{ "qm-audit {\n  success = yes   # comment\n}\n", REMOVE, KEEP,
	  "qm-audit {\n  # comment\n}\n" },
	{ "qm-audit { success = yes }\n", REMOVE, KEEP, "qm-audit { }\n" },
	{ "qm-audit {  success = yes\n}\n", REMOVE, KEEP, "qm-audit {\n}\n" },
	{ "qm-audit {\n  success = \"a\n b\"\n  failure = yes\n}\n", REMOVE, KEEP,
	  "qm-audit {\n  failure = yes\n}\n" },
	{ "qm-audit {\n  load = yes\n}\n", REMOVE, REMOVE, "qm-audit {\n  load = yes\n}\n" },
	/* Windows' line ends stay, also where there is but one line */
	{ "qm-audit {\r\n  load = yes\r\n}\r\n", YES, KEEP,
	  "qm-audit {\r\n  load = yes\r\n  success = yes\r\n}\r\n" },
	{ "# x\r\nqm-audit { }", YES, KEEP, "# x\r\nqm-audit {\r\n    success = yes\r\n}" },
	{ "qm-audit { success = no \r\n}\r\n", REMOVE, KEEP, "qm-audit { \r\n}\r\n" },
	{ "qm-audit {\r\n  success = no\r\n}\r\n", YES, KEEP,
	  "qm-audit {\r\n  success = yes\r\n}\r\n" },
	{ "qm-audit {\r\n  success = no\r\n}\r\n", REMOVE, KEEP, "qm-audit {\r\n}\r\n" },
	/* blanks at line ends are not ours */
	{ "qm-audit {  \n  load = yes \t\n}", YES, KEEP,
	  "qm-audit {  \n  load = yes \t\n  success = yes\n}" },
	/* other sections, keys and levels */
	{ "success = no\nvici {\n success = no\n}\nqm-audit {\n sub {\n  success = no\n "
	  "}\n}\n",
	  YES, KEEP,
	  "success = no\nvici {\n success = no\n}\nqm-audit {\n sub {\n  success = no\n }\n"
	  " success = yes\n}\n" },
	{ "charon {\n\tplugins {\n\t\tqm-audit {\n\t\t\tsuccess = yes\n\t\t}\n\t}\n}\n", NO,
	  NO,
	  "charon {\n\tplugins {\n\t\tqm-audit {\n\t\t\tsuccess = no\n\t\t\tfailure = no\n"
	  "\t\t}\n\t}\n}\n" },
	{ "a = \"qm-audit { # \\\" }\"\nqm-audit : b.c, d {\n}\n", YES, KEEP,
	  "a = \"qm-audit { # \\\" }\"\nqm-audit : b.c, d {\n    success = yes\n}\n" },
	{ "qm-audit # here\n{\n include = a\n include b/*.conf\n}\n", YES, KEEP,
	  "qm-audit # here\n{\n include = a\n include b/*.conf\n success = yes\n}\n" },
};

/** Changes a text and returns what becomes of it, to be freed. */
static char *changed(const char *text, struct qm_snippet_edit edit)
{
	struct qm_complaint why = { 0 };
	char *new = NULL, *terminated;
	size_t size = 0;

	QM_OK_FATAL(qm_snippet_change(text, strlen(text), edit, &new, &size, &why));
	terminated = strndup(new, size);
	free(new);
	return terminated;
}

static void test_changes(void)
{
	for (size_t i = 0; i < COUNT(changes); i++) {
		struct qm_snippet_edit edit = { { changes[i].success, changes[i].failure } };
		char *once = changed(changes[i].before, edit), *twice = changed(once, edit);

		QM_STR(once, changes[i].after);
		QM_STR(twice, changes[i].after);
		free(once);
		free(twice);
	}
}

/** What is set in a file and then cleared leaves the file as it was. */
static void test_there_and_back(void)
{
	static const char text[] = "qm-audit {\n\n  # success = yes\n\n  # failure = yes\n"
							   "  # z\n\n}\n# end";
	char *set = changed(text, (struct qm_snippet_edit){ { YES, NO } });
	char *cleared = changed(set, (struct qm_snippet_edit){ { REMOVE, REMOVE } });

	QM_STR(cleared, text);
	free(set);
	free(cleared);
}

/** A text that is refused, where, and in which words. */
static const struct {
	const char *text;
	int error;
	unsigned line;
	const char *words;
} refused[] = {
	{ "", -ENOENT, 0, "has no section" },
	{ "vici {\n load = yes\n}\n", -ENOENT, 0, "has no section" },
	{ "# qm-audit { }\n", -ENOENT, 0, "has no section" },
	{ "a {\n qm-audit {\n }\n}\n", -ENOENT, 0, "has no section" },
	{ "qm-audit {\n load = yes\n", -EINVAL, 1, "'qm-audit' has no end" },
	{ "\nqm-audit {\n}\n}\n", -EINVAL, 4, "a '}' without a '{'" },
	{ "qm-audit {\n x = \"y\n}\n", -EINVAL, 2, "has no end" },
	{ "qm-audit {\n success\n}\n", -EINVAL, 2, "neither '=' nor '{'" },
	{ "qm-audit.success = yes\n", -EINVAL, 1, "neither '=' nor '{'" },
	{ "qm-audit {\n = yes\n}\n", -EINVAL, 2, "where a name should be" },
	{ "qm-audit {\n \"success\" = yes\n}\n", -EINVAL, 2, "where a name should be" },
	{ "qm-audit {\n success = yes = no }\n }", -EINVAL, 3, "a '}' without a '{'" },
	{ "qm-audit {\n success # a\n = yes\n}\n", -EINVAL, 2, "different lines" },
	{ "qm-audit : {\n}\n", -EINVAL, 1, "names of sections" },
	{ "qm-audit : a. {\n}\n", -EINVAL, 1, "names of sections" },
	{ "qm-audit : a b {\n}\n", -EINVAL, 1, "names of sections" },
	{ "qm-audit {\n include  = x\n}\n", -EINVAL, 2, "include names no file" },
	{ "\xef\xbb\xbfqm-audit {\n}\n", -EINVAL, 1, "byte order mark" },
	{ "qm-audit {\n # a\r success = yes\n}\n", -EINVAL, 2, "carriage return" },
	{ "qm-audit {\n}\ncharon {\n plugins {\n  qm-audit {\n  }\n }\n}\n", -EINVAL, 5,
	  "a second section" },
	{ "a {plugins{qm-audit{}}}\nb {plugins{qm-audit{}}}\n", -EINVAL, 2,
	  "a second section" },
};

static void test_refused(void)
{
	for (size_t i = 0; i < COUNT(refused); i++) {
		struct qm_snippet snippet;
		struct qm_complaint why = { 0 };

		QM_FAILS(
			qm_snippet_scan(refused[i].text, strlen(refused[i].text), &snippet, &why),
			refused[i].error);
		QM_INT(why.line, refused[i].line);
		if (!strstr(why.text, refused[i].words)) {
			QM_STR(why.text, refused[i].words);
		}
	}
}

static void test_nul(void)
{
	static const char text[] = "qm-audit {\n\n\0}\n";
	struct qm_snippet snippet;
	struct qm_complaint why;

	QM_FAILS(qm_snippet_scan(text, sizeof(text) - 1, &snippet, &why), -EINVAL);
	QM_INT(why.line, 3);
}

/** Writes a text many times behind another one. */
static char *repeat(const char *head, const char *text, int n, const char *tail)
{
	size_t size = strlen(head) + (size_t)n * strlen(text) + strlen(tail) + 1;
	char *all = malloc(size), *at = all;

	at = stpcpy(at, head);
	while (n--) {
		at = stpcpy(at, text);
	}
	stpcpy(at, tail);
	return all;
}

static void check_bound(const char *head, const char *text, int most, const char *tail)
{
	for (int more = 0; more <= 1; more++) {
		char *all = repeat(head, text, most + more, tail);
		struct qm_snippet snippet;
		struct qm_complaint why;
		int ret = qm_snippet_scan(all, strlen(all), &snippet, &why);

		/* with as many as there may be, whatever else is wrong is told */
		QM_INT(ret == -E2BIG, more);
		free(all);
	}
}

static void test_bounds(void)
{
	check_bound("qm-audit {\n", "success = yes\n", QM_SNIPPET_SETTINGS_MAX, "}\n");
	check_bound("", "qm-audit { }\n", QM_SNIPPET_SECTIONS_MAX, "");
	check_bound("", "a {\n", QM_SNIPPET_DEPTH_MAX, "");
	check_bound("", "\n", QM_SNIPPET_SIZE_MAX, "");
}

/** A message cannot do anything to a terminal. */
static void test_control_characters(void)
{
	static const char text[] = "\x1b[31m\x7f\n";
	struct qm_snippet snippet;
	struct qm_complaint why;

	QM_FAILS(qm_snippet_scan(text, strlen(text), &snippet, &why), -EINVAL);
	CU_ASSERT_PTR_NULL(strpbrk(why.text, "\x1b\x7f"));
}

CU_TestInfo snippet_tests[] = {
	{ "changes leave all else as it is, and are made once", test_changes },
	{ "what is set and cleared leaves no trace", test_there_and_back },
	{ "what is not understood is refused, with its line", test_refused },
	{ "a NUL byte is refused", test_nul },
	{ "bounds hold", test_bounds },
	{ "control characters do not get into messages", test_control_characters },
	CU_TEST_INFO_NULL,
};
