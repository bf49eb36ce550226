/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: the versions found in a binary are those that regular
 * expressions find in its strings. The input is the wanted version, a newline,
 * and the binary.
 */
#include "../plugin/qm_audit_version.h"

#include <regex.h>
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"

#define NUMBER "[0-9]{1,3}"
#define VERSION_RE "(" NUMBER "\\." NUMBER "\\." NUMBER "([a-zA-Z][a-zA-Z0-9]{0,7})?)"

static regex_t whole, named;

static struct {
	const char *want;
	bool found;
	char other[QM_AUDIT_VERSION_MAX];
} expected;

static void demand(bool good)
{
	if (!good) {
		abort();
	}
}

static void compile(void)
{
	static bool compiled;

	if (!compiled) {
		demand(!regcomp(&whole, "^" VERSION_RE "$", REG_EXTENDED));
		demand(!regcomp(&named, "strongSwan " VERSION_RE "([^-.a-zA-Z0-9]|$)",
						REG_EXTENDED));
		compiled = TRUE;
	}
}

/** A version that is there, in order of appearance. */
static void note(const char *string, const regmatch_t *match)
{
	char version[QM_AUDIT_VERSION_MAX];

	if (expected.found) {
		return;
	}
	snprintf(version, sizeof(version), "%.*s", (int)(match->rm_eo - match->rm_so),
			 string + match->rm_so);
	if (streq(version, expected.want)) {
		expected.found = TRUE;
	} else if (!*expected.other) {
		snprintf(expected.other, sizeof(expected.other), "%s", version);
	}
}

static void note_versions_of(const char *string)
{
	regmatch_t match[3];

	if (!regexec(&whole, string, 3, match, 0)) {
		note(string, &match[1]);
		return;
	}
	while (!regexec(&named, string, 3, match, 0)) {
		note(string, &match[1]);
		string += match[1].rm_eo;
	}
}

/** What must be found, from the image's strings. */
static void expect(const char *image, size_t len, const char *want)
{
	const char *string = image;

	expected.want = want;
	expected.found = FALSE;
	expected.other[0] = '\0';
	while (string <= image + len) {
		note_versions_of(string);
		string += strlen(string) + 1;
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const uint8_t *newline = memchr(data, '\n', size);
	char want[QM_AUDIT_VERSION_MAX], other[QM_AUDIT_VERSION_MAX];
	size_t skip, len;
	char *image;

	if (!newline) {
		return 0;
	}
	compile();
	skip = (size_t)(newline - data) + 1;
	len = size - skip;
	snprintf(want, sizeof(want), "%.*s", (int)skip - 1, (const char *)data);
	image = malloc(len + 1);
	demand(image != NULL);
	memcpy(image, data + skip, len);
	image[len] = '\0';
	expect(image, len, want);
	free(image);

	/* of just this size, so that reading beyond it shows */
	image = malloc(len);
	memcpy(image, data + skip, len);
	demand(qm_audit_version_find(chunk_create((u_char *)image, len), want, other) ==
		   expected.found);
	demand(streq(other, expected.other));
	free(image);
	return 0;
}
