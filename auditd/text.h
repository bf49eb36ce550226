/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Text built in a bounded buffer, and the encodings that audit records need.
 */
#ifndef QM_TEXT_H
#define QM_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "facts.h"

/**
 * A text under construction. Once something did not fit it stays full, and is
 * not worth anything. Nothing here is made by printf(): in charon, which adds
 * conversions of its own to it, it is many times slower.
 */
struct qm_writer {
	char *buf;
	size_t size;
	size_t len;
	bool full;
};

/** Starts an empty text in `buf` of `size` > 0 bytes, NUL included. */
void qm_writer_init(struct qm_writer *w, char *buf, size_t size);

/** Appends a string that needs no encoding. */
void qm_writer_string(struct qm_writer *w, const char *s);

/** Appends a number in decimal, with zeros in front up to `digits` digits. */
void qm_writer_number(struct qm_writer *w, uint64_t n, unsigned digits);

/** Appends a number as 0x and lower-case digits, without zeros in front. */
void qm_writer_hex(struct qm_writer *w, uint32_t n);

/** Appends a separating blank, name, and '='. */
void qm_writer_field(struct qm_writer *w, const char *name);

/**
 * Appends an untrusted string as a field's value: "?" when empty, quoted when
 * every byte is printable ASCII other than blank and quotes, else upper-case
 * hexadecimal, as auparse decodes it.
 */
void qm_writer_untrusted(struct qm_writer *w, const struct qm_text *text);

/**
 * Appends a word of our own or of the daemon, such as an algorithm's name: "?"
 * when NULL or empty. What could end a value becomes '_', so that no name,
 * whoever comes to choose it, forges a field.
 *
 * @param max		bytes of `s` at most
 */
void qm_writer_word(struct qm_writer *w, const char *s, size_t max);

/**
 * Appends an address without its port, "?" when unknown. One that would end in
 * "::" gets a 0, as auparse strips a colon from the end of a value.
 */
void qm_writer_addr(struct qm_writer *w, const struct qm_addr *addr);

/** Appends an SPI as the kernel's audit records print it, `%u(0x%x)`; "?" for 0. */
void qm_writer_spi(struct qm_writer *w, uint32_t spi);

/** Appends an IKE SPI as charon's log prints it: 16 hexadecimal digits. */
void qm_writer_ike_spi(struct qm_writer *w, uint64_t spi);

/** Appends a name of IANA's in our spelling: NO_PROPOSAL_CHOSEN as no-proposal-chosen. */
void qm_writer_dashed(struct qm_writer *w, const char *name);

/**
 * Appends selectors joined by commas, vici's form: 10.1.0.0/16,
 * 10.1.0.0/16[tcp/80], 10.1.0.1..10.1.0.9; "?" for an empty list; `,+N` at the
 * end when N more were not kept.
 */
void qm_writer_ts_list(struct qm_writer *w, const struct qm_ts_list *list);

/**
 * Copies a string into a qm_text. What is longer than QM_TEXT_MAX is cut,
 * at a UTF-8 character's edge, and ends in "...".
 *
 * @param s		bytes, may be NULL with len 0
 */
void qm_text_set(struct qm_text *text, const char *s, size_t len);

#endif
