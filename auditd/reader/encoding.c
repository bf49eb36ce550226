/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "encoding.h"

#include <errno.h>
#include <iconv.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	/** as iconv names it, NULL where nothing is to be done */
	const char *name;
	const char *mark;
	size_t mark_size;
} encodings[] = {
	[QM_ENCODING_BYTES] = { NULL, "", 0 },
	[QM_ENCODING_UTF8_MARKED] = { NULL, "\xef\xbb\xbf", 3 },
	[QM_ENCODING_UTF16LE] = { "UTF-16LE", "\xff\xfe", 2 },
	[QM_ENCODING_UTF16BE] = { "UTF-16BE", "\xfe\xff", 2 },
};

static enum qm_encoding recognize(const char *data, size_t size)
{
	for (int i = QM_ENCODING_UTF8_MARKED; i <= QM_ENCODING_UTF16BE; i++) {
		if (size >= encodings[i].mark_size &&
			!memcmp(data, encodings[i].mark, encodings[i].mark_size)) {
			return (enum qm_encoding)i;
		}
	}
	return QM_ENCODING_BYTES;
}

/** Converts, behind what is in the output already. */
static int convert(const char *to, const char *from, const char *data, size_t size,
				   char *out, size_t room, size_t *ret_size)
{
	/* iconv() does not change its input, but its type does not say so */
	union {
		const char *constant;
		char *changed;
	} in = { .constant = data };
	iconv_t state = iconv_open(to, from);
	size_t left = room;
	int error = 0;

	if (state == (iconv_t)-1) {
		return -errno;
	}
	if (size && iconv(state, &in.changed, &size, &out, &left) == (size_t)-1) {
		/* cut off in the middle of a character is no better than a wrong one */
		error = errno == EINVAL ? -EILSEQ : -errno;
	}
	iconv_close(state);
	*ret_size = room - left;
	return error;
}

/** Copies or converts, with a mark in front. */
static int transcode(const char *to, const char *from, const char *mark, size_t mark_size,
					 const char *data, size_t size, char **ret, size_t *ret_size)
{
	/* UTF-16 takes at most twice the bytes of UTF-8, and UTF-8 one and a half times */
	size_t room = 2 * size, len = size;
	char *out = malloc(mark_size + room + 1);
	int error = 0;

	if (!out) {
		return -ENOMEM;
	}
	memcpy(out, mark, mark_size);
	if (to) {
		error = convert(to, from, data, size, out + mark_size, room, &len);
	} else {
		memcpy(out + mark_size, data, size);
	}
	if (error < 0) {
		free(out);
		return error;
	}
	*ret = out;
	*ret_size = mark_size + len;
	return 0;
}

int qm_decode(const char *data, size_t size, char **ret, size_t *ret_size,
			  enum qm_encoding *ret_encoding, struct qm_complaint *why)
{
	enum qm_encoding encoding = recognize(data, size);
	const char *from = encodings[encoding].name;
	size_t mark = encodings[encoding].mark_size, len;
	char *text;
	int error = transcode(from ? "UTF-8" : NULL, from, "", 0, data + mark, size - mark,
						  &text, &len);

	if (error == -ENOMEM) {
		return qm_complain(why, error, 0, "no memory to decode it");
	}
	if (error < 0) {
		return qm_complain(why, -EILSEQ, 0,
						   "is no good %s, though it says so: save it anew", from);
	}
	if (memchr(text, '\0', len)) {
		free(text);
		return qm_complain(why, -EILSEQ, 0,
						   "has NUL bytes: it is no text, or UTF-16 without a byte order "
						   "mark; save it as UTF-8");
	}
	*ret = text;
	*ret_size = len;
	*ret_encoding = encoding;
	return 0;
}

int qm_encode(const char *text, size_t size, enum qm_encoding encoding, char **ret,
			  size_t *ret_size)
{
	const char *to = encodings[encoding].name;

	return transcode(to, "UTF-8", encodings[encoding].mark, encodings[encoding].mark_size,
					 text, size, ret, ret_size);
}
