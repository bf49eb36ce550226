/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Windows' words: what events hold as %%NNNN and the viewer shows as text, and
 * the texts of the errors that failures are told with.
 *
 * There are two ranges of codes for the same things. Events of the keying modules
 * (4654, 4977) have those from 8192, events of the filtering platform (5451)
 * those from 16384.
 */
#ifndef QM_CODES_H
#define QM_CODES_H

#include "span.h"

/** A word of a record and what Windows has for it. */
struct qm_word {
	/** NULL ends a list */
	const char *word;
	/** "%%8212" */
	const char *raw;
	/** what a viewer makes of it */
	const char *text;
};

extern const struct qm_word qm_words_keying_module[];
extern const struct qm_word qm_words_mode[];
extern const struct qm_word qm_words_role[];
extern const struct qm_word qm_words_point[];
extern const struct qm_word qm_words_state[];
extern const struct qm_word qm_words_platform_mode[];
extern const struct qm_word qm_words_platform_role[];
extern const struct qm_word qm_words_category[];
extern const struct qm_word qm_words_subcategory[];
extern const struct qm_word qm_words_change[];

/** The entry for a word, or NULL. */
const struct qm_word *qm_word_find(const struct qm_word *list, struct qm_span word);

/** An algorithm: the names that daemons have for it, and Windows' code. */
const struct qm_word *qm_code_integrity(struct qm_span name);

/**
 * The same for encryption.
 *
 * @param ksize			size of the key in bits
 * @param ret_combined	set if it protects the integrity as well
 */
const struct qm_word *qm_code_cipher(struct qm_span name, unsigned ksize,
									 bool *ret_combined);

/** An error of Windows. */
struct qm_winerror {
	/** what reason= says, NULL ends the list */
	const char *reason;
	unsigned code;
	const char *text;
};

/** The error for a reason; 13816 "Unknown error occurred" where none is like it. */
const struct qm_winerror *qm_winerror_find(struct qm_span reason);

#endif
