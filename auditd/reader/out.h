/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Output: a buffer before a file descriptor, and how each format writes values.
 */
#ifndef QM_OUT_H
#define QM_OUT_H

#include <stdint.h>

#include "span.h"

struct qm_out {
	char *buf;
	size_t len;
	size_t size;
	int fd;
	/** the first error of write(), as a negative errno; nothing is written after it */
	int error;
};

/** Begins output to `fd`, -1 for none: then the text stays in the buffer. */
void qm_out_init(struct qm_out *out, int fd);

/** Frees the buffer, and what is still in it. */
void qm_out_fini(struct qm_out *out);

/** Writes out what is in the buffer. @return 0 or the first error */
int qm_out_flush(struct qm_out *out);

/** To a descriptor, writes out what is in another buffer, after what is in this one. */
void qm_out_pass(struct qm_out *out, struct qm_out *from);

/** Makes room for `n` more bytes. @return false without memory: out->error is set */
bool qm_out_grow(struct qm_out *out, size_t n);

static inline bool qm_out_room(struct qm_out *out, size_t n)
{
	return out->size - out->len >= n || qm_out_grow(out, n);
}

static inline void qm_out_put(struct qm_out *out, struct qm_span text)
{
	if (text.len && qm_out_room(out, text.len)) {
		memcpy(out->buf + out->len, text.s, text.len);
		out->len += text.len;
	}
}

static inline void qm_out_char(struct qm_out *out, char c)
{
	if (qm_out_room(out, 1)) {
		out->buf[out->len++] = c;
	}
}

/** Appends a string literal. */
#define QM_OUT(out, literal) qm_out_put(out, QM_SPAN(literal))

/** Appends a string. */
void qm_out_string(struct qm_out *out, const char *s);

void qm_out_number(struct qm_out *out, uint64_t n);

/** Appends a text, and blanks up to a width in characters. */
void qm_out_padded(struct qm_out *out, struct qm_span text, size_t width);

/** Appends what may stand between quotes in JSON. */
void qm_out_json(struct qm_out *out, struct qm_span text);

/** Appends what may stand in an XML element or attribute. */
void qm_out_xml(struct qm_out *out, struct qm_span text);

/** Appends a field of a CSV file (RFC 4180), in quotes where it needs them. */
void qm_out_csv(struct qm_out *out, struct qm_span text);

/** Appends a time as 2026-11-24T19:19:19.6950000Z. */
void qm_out_utc(struct qm_out *out, uint64_t ms);

/** Appends a time as 2026-11-24 19:19:19.695, in the local zone. */
void qm_out_local(struct qm_out *out, uint64_t ms);

#endif
