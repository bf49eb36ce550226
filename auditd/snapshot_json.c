/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "snapshot.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "snapshot_fields.h"
#include "text.h"

/** What the fields of one object take at most: six bytes for each of a string's. */
#define OBJECT_MAX (32 * 1024)

/** The text so far, which grows. */
struct json {
	char *text;
	size_t len;
	size_t size;
	bool failed;
	/** the object being written */
	struct qm_writer w;
	char object[OBJECT_MAX];
};

static void append(struct json *json, const char *s, size_t len)
{
	while (!json->failed && json->size - json->len <= len) {
		char *bigger = realloc(json->text, 2 * json->size);

		json->failed = !bigger;
		json->text = bigger ? bigger : json->text;
		json->size = bigger ? 2 * json->size : json->size;
	}
	if (!json->failed) {
		memcpy(json->text + json->len, s, len);
		json->len += len;
		json->text[json->len] = '\0';
	}
}

/** Bytes of the UTF-8 character that `s` begins with, 0 if it is none. */
static size_t utf8_length(const unsigned char *s, size_t left)
{
	static const unsigned lowest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc0 ? 0 : s[0] < 0xe0 ? 2 :
					 s[0] < 0xf0 ? 3 : s[0] < 0xf8 ? 4 : 0;
	unsigned code;

	if (n < 2 || n > left) {
		return n <= left ? n : 0;
	}
	code = s[0] & (0x7fU >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80) {
			return 0;
		}
		code = code << 6 | (s[i] & 0x3f);
	}
	return code < lowest[n] || code > 0x10ffff || (code & ~0x7ffU) == 0xd800 ? 0 : n;
}

static void put_character(struct qm_writer *w, const char *s, size_t len)
{
	static const char digits[] = "0123456789abcdef";
	const unsigned char c = (unsigned char)*s;
	char text[8] = { 0 };

	if (!len) {
		qm_writer_string(w, "\xef\xbf\xbd");
		return;
	}
	if (c < 0x20 || c == 0x7f) {
		memcpy(text, "\\u00", 4);
		text[4] = digits[c >> 4];
		text[5] = digits[c & 0xf];
	} else if (c == '"' || c == '\\') {
		text[0] = '\\';
		text[1] = *s;
	} else {
		memcpy(text, s, len);
	}
	qm_writer_string(w, text);
}

static void put_string(struct qm_writer *w, const char *s, size_t len)
{
	qm_writer_string(w, "\"");
	for (size_t i = 0; i < len;) {
		const size_t n = utf8_length((const unsigned char *)s + i, len - i);

		put_character(w, s + i, n);
		i += n ? n : 1;
	}
	qm_writer_string(w, "\"");
}

static void put_seconds(struct qm_writer *w, uint64_t ms)
{
	qm_writer_number(w, ms / 1000, 1);
	qm_writer_string(w, ".");
	qm_writer_number(w, ms % 1000, 3);
}

static void put_count(struct qm_writer *w, const struct qm_count *count)
{
	if (count->known) {
		qm_writer_number(w, count->n, 1);
	} else {
		qm_writer_string(w, "null");
	}
}

static void put_value(struct qm_writer *w, const struct qm_field *field, const void *at)
{
	const struct qm_text *text = at;

	switch (field->type) {
	case QM_FIELD_STRING:
		put_string(w, at, strlen(at));
		break;
	case QM_FIELD_BOOL:
		qm_writer_string(w, *(const bool *)at ? "true" : "false");
		break;
	case QM_FIELD_U32:
		qm_writer_number(w, *(const uint32_t *)at, 1);
		break;
	case QM_FIELD_U64:
		qm_writer_number(w, *(const uint64_t *)at, 1);
		break;
	case QM_FIELD_SECONDS:
		put_seconds(w, *(const uint64_t *)at);
		break;
	case QM_FIELD_COUNT:
		put_count(w, at);
		break;
	case QM_FIELD_SPI:
		qm_writer_string(w, "\"");
		qm_writer_hex(w, *(const uint32_t *)at);
		qm_writer_string(w, "\"");
		break;
	case QM_FIELD_ADDR:
		qm_writer_string(w, "\"");
		qm_writer_addr(w, at);
		qm_writer_string(w, "\"");
		break;
	case QM_FIELD_TEXT:
		put_string(w, text->s, text->len);
		break;
	}
}

static void put_name(struct qm_writer *w, const char *name)
{
	if (w->len && w->buf[w->len - 1] != '{') {
		qm_writer_string(w, ",");
	}
	qm_writer_string(w, "\"");
	qm_writer_string(w, name);
	qm_writer_string(w, "\":");
}

/** Writes the fields of an object, without its end. */
static void put_fields(struct json *json, const struct qm_field *fields, size_t n,
					   const void *object, bool knows_own)
{
	struct qm_writer *w = &json->w;
	const char *group = "";

	qm_writer_init(w, json->object, sizeof(json->object));
	qm_writer_string(w, "{");
	for (size_t i = 0; i < n; i++) {
		if (strcmp(group, fields[i].group)) {
			qm_writer_string(w, group[0] ? "}" : "");
			group = fields[i].group;
			if (group[0]) {
				put_name(w, group);
				qm_writer_string(w, "{");
			}
		}
		put_name(w, fields[i].name);
		if (fields[i].own && !knows_own) {
			qm_writer_string(w, "null");
		} else {
			put_value(w, &fields[i], (const char *)object + fields[i].offset);
		}
	}
	append(json, w->buf, w->len);
}

static void put_list(struct json *json, const char *name, const struct qm_field *fields,
					 size_t n_fields, const void *first, size_t n, size_t size)
{
	append(json, name, strlen(name));
	for (size_t i = 0; i < n; i++) {
		append(json, ",", i ? 1 : 0);
		put_fields(json, fields, n_fields, (const char *)first + i * size, true);
		append(json, "}", 1);
	}
	append(json, "]", 1);
}

int qm_snapshot_json(const struct qm_snapshot *snapshot, char **ret, size_t *ret_len)
{
	struct json *json = malloc(sizeof(*json));
	int r;

	if (!json) {
		return -ENOMEM;
	}
	json->len = 0;
	json->size = OBJECT_MAX;
	json->text = malloc(json->size);
	json->failed = !json->text;
	put_fields(json, qm_snapshot_fields, qm_snapshot_n_fields, snapshot,
			   snapshot->answers);
	put_list(json, ",\"reasons\":[", qm_snapshot_reason_fields,
			 qm_snapshot_n_reason_fields, snapshot->reasons, snapshot->n_reasons,
			 sizeof(snapshot->reasons[0]));
	put_list(json, ",\"sas\":[", qm_snapshot_sa_fields, qm_snapshot_n_sa_fields,
			 snapshot->sas, snapshot->n_sas, sizeof(snapshot->sas[0]));
	append(json, "}\n", 2);
	r = json->failed ? -ENOMEM : 0;
	if (r < 0) {
		free(json->text);
	} else {
		*ret = json->text;
		*ret_len = json->len;
	}
	free(json);
	return r;
}
