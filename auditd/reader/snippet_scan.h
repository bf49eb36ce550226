/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reads the syntax of strongSwan's settings, as far as it takes to find the two
 * keys of the audit policy and to know that the rest is what it seems to be.
 *
 * What strongSwan would not take is refused, and so is what it takes and nobody
 * writes: NUL bytes, carriage returns in the middle of a line, more sections,
 * settings and levels than the bounds below.
 */
#ifndef QM_SNIPPET_SCAN_H
#define QM_SNIPPET_SCAN_H

#include <stdbool.h>
#include <stddef.h>

#include "../facts.h"
#include "complaint.h"

/** Bytes of a file of settings. */
#define QM_SNIPPET_SIZE_MAX (1024 * 1024)
/** Sections in sections. */
#define QM_SNIPPET_DEPTH_MAX 64
/** Sections that are ours; strongSwan joins those of one name. */
#define QM_SNIPPET_SECTIONS_MAX 16
/** Settings in them that are ours, the same one several times included. */
#define QM_SNIPPET_SETTINGS_MAX 32
/** A value for a message, with its NUL. */
#define QM_SNIPPET_VALUE_MAX 64

/** The keys of the policy. */
enum qm_snippet_key {
	QM_SNIPPET_SUCCESS,
	QM_SNIPPET_FAILURE,
	QM_SNIPPET_KEYS,
};

/** The names of the keys, static. */
extern const char *const qm_snippet_key_names[QM_SNIPPET_KEYS];

/** One `key = value`; offsets are in bytes from the text's beginning. */
struct qm_snippet_setting {
	enum qm_snippet_key key;
	unsigned line;
	/** of the key's name */
	size_t start;
	/** just behind the equals sign */
	size_t behind_equals;
	/** the value, and just behind it; the same where there is none */
	size_t value, end;
	/** there is a value, be it an empty string */
	bool has_value;
	/** yes or no as strongSwan spells them; unknown where it is neither */
	enum qm_tristate means;
	/** the value without quotes, cut off where it is long */
	char text[QM_SNIPPET_VALUE_MAX];
};

/** One section qm-audit. */
struct qm_snippet_section {
	unsigned line;
	/** of its name */
	size_t start;
	/** just behind its opening brace */
	size_t body;
	/** of its closing brace */
	size_t close;
};

/** What was found. */
struct qm_snippet {
	/** in the order of the text: the last one of a key counts */
	struct qm_snippet_setting settings[QM_SNIPPET_SETTINGS_MAX];
	unsigned n_settings;
	struct qm_snippet_section sections[QM_SNIPPET_SECTIONS_MAX];
	unsigned n_sections;
	/**
	 * Of each key the '#' of a comment line in the last section that holds the
	 * setting, where there is one: SIZE_MAX otherwise.
	 */
	size_t example[QM_SNIPPET_KEYS];
	/** line where a section of ours includes a file or takes over another section */
	unsigned elsewhere;
};

/**
 * Scans a file of settings. The section is `qm-audit` where the file is one that
 * charon.plugins includes, or a daemon's `plugins.qm-audit`.
 *
 * @param text		not terminated
 * @param ret		receives what was found; unchanged on failure
 * @param why		says what is wrong on failure
 * @return			0; -EINVAL for what is malformed, -E2BIG for what exceeds the
 *					bounds, -ENOENT where no section is ours
 */
int qm_snippet_scan(const char *text, size_t size, struct qm_snippet *ret,
					struct qm_complaint *why);

/** The setting of a key that counts, NULL where there is none. */
const struct qm_snippet_setting *qm_snippet_last(const struct qm_snippet *snippet,
												 enum qm_snippet_key key);

#endif
