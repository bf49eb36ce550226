/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The encodings in which Windows and its tools write text files.
 */
#ifndef QM_ENCODING_H
#define QM_ENCODING_H

#include <stddef.h>

#include "complaint.h"

enum qm_encoding {
	/** UTF-8, or another one that has ASCII in it: such bytes are passed through */
	QM_ENCODING_BYTES,
	/** UTF-8 with a byte order mark */
	QM_ENCODING_UTF8_MARKED,
	/** UTF-16 with a byte order mark, little or big end first */
	QM_ENCODING_UTF16LE,
	QM_ENCODING_UTF16BE,
};

/**
 * Decodes what was read from a file, without the byte order mark.
 *
 * @param ret		receives the text in UTF-8 without NUL bytes, to be freed by the
 *					caller; unchanged on failure, as are the others
 * @param why		says what is wrong on failure
 * @return			0, -EILSEQ or -ENOMEM
 */
int qm_decode(const char *data, size_t size, char **ret, size_t *ret_size,
			  enum qm_encoding *ret_encoding, struct qm_complaint *why);

/**
 * Encodes a text as that of a file was, with its byte order mark: what was decoded and
 * not changed becomes the same bytes again.
 *
 * @param ret		receives the bytes, to be freed by the caller; unchanged on failure
 * @return			0, -EILSEQ or -ENOMEM
 */
int qm_encode(const char *text, size_t size, enum qm_encoding encoding, char **ret,
			  size_t *ret_size);

#endif
