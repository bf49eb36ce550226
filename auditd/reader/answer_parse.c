/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "answer.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "json.h"
#include "snapshot_fields.h"

/** Fields of any object, at most. */
#define FIELDS_MAX 64

struct parse {
	struct qm_snapshot *snapshot;
	/** SA pairs that there is room for */
	size_t room;
	/** fields that were there */
	bool seen[FIELDS_MAX];
};

static int take_addr(struct qm_span raw, struct qm_addr *ret)
{
	char text[INET6_ADDRSTRLEN];

	*ret = (struct qm_addr){ 0 };
	qm_json_string(raw, text, sizeof(text));
	if (!strcmp(text, "?")) {
		return 0;
	}
	ret->family = strchr(text, ':') ? AF_INET6 : AF_INET;
	return inet_pton(ret->family, text, ret->ip) == 1 ? 0 : -ERANGE;
}

static int take_u32(struct qm_span raw, uint32_t *ret)
{
	uint64_t n;

	if (qm_json_u64(raw, &n) < 0 || n > UINT32_MAX) {
		return -ERANGE;
	}
	*ret = (uint32_t)n;
	return 0;
}

static int take_spi(struct qm_span raw, uint32_t *ret)
{
	char text[16], *end;
	unsigned long n;

	qm_json_string(raw, text, sizeof(text));
	n = strtoul(text, &end, 16);
	if (strncmp(text, "0x", 2) || !text[2] || *end || n > UINT32_MAX) {
		return -ERANGE;
	}
	*ret = (uint32_t)n;
	return 0;
}

static int take_string(const struct qm_field *field, struct qm_span raw, void *at)
{
	char text[QM_TEXT_MAX + 1];

	switch (field->type) {
	case QM_FIELD_STRING:
		qm_json_string(raw, at, field->size);
		return 0;
	case QM_FIELD_TEXT: {
		struct qm_text *ret = at;

		ret->len = (uint16_t)qm_json_string(raw, text, sizeof(text));
		memcpy(ret->s, text, ret->len);
		return 0;
	}
	case QM_FIELD_SPI:
		return take_spi(raw, at);
	case QM_FIELD_ADDR:
		return take_addr(raw, at);
	default:
		return -EINVAL;
	}
}

static int take_number(const struct qm_field *field, struct qm_span raw, void *at)
{
	struct qm_count *count = at;

	switch (field->type) {
	case QM_FIELD_U32:
		return take_u32(raw, at);
	case QM_FIELD_U64:
		return qm_json_u64(raw, at);
	case QM_FIELD_SECONDS:
		return qm_json_milli(raw, at);
	case QM_FIELD_COUNT:
		count->known = true;
		return qm_json_u64(raw, &count->n);
	default:
		return -EINVAL;
	}
}

static int take_field(const struct qm_field *field, const struct qm_json_value *value,
					  void *object)
{
	void *at = (char *)object + field->offset;

	switch (value->kind) {
	case QM_JSON_NULL:
		return field->own || field->type == QM_FIELD_COUNT ? 0 : -EINVAL;
	case QM_JSON_BOOL:
		if (field->type != QM_FIELD_BOOL) {
			return -EINVAL;
		}
		*(bool *)at = value->truth;
		return 0;
	case QM_JSON_NUMBER:
		return take_number(field, value->raw, at);
	default:
		return take_string(field, value->raw, at);
	}
}

static bool is_at(const struct qm_field *field, const char *path)
{
	const size_t len = strlen(field->group);

	if (len && (strncmp(path, field->group, len) || path[len] != '.')) {
		return false;
	}
	return !strcmp(path + len + (len > 0), field->name);
}

/** Takes a value into an object. What is not known is of a later version, and skipped. */
static int take_value(const struct qm_field *fields, size_t n, const char *path,
					  const struct qm_json_value *value, void *object, bool *seen,
					  struct qm_complaint *why)
{
	for (size_t i = 0; i < n; i++) {
		if (is_at(&fields[i], path)) {
			if (seen) {
				seen[i] = true;
			}
			return take_field(&fields[i], value, object) < 0 ?
					   qm_complain(why, -EBADMSG, 0, "'%s' is not of the right kind",
								   path) :
					   0;
		}
	}
	return 0;
}

/** What of a path is below a list's elements, or NULL. */
static const char *below(const char *path, const char *list)
{
	const size_t len = strlen(list);

	return strncmp(path, list, len) ? NULL : path + len;
}

static int on_value(void *user, const char *path, const struct qm_json_value *value,
					struct qm_complaint *why)
{
	struct parse *parse = user;
	struct qm_snapshot *snapshot = parse->snapshot;
	char text[QM_SNAPSHOT_TEXT];
	const char *rest;

	if (!strcmp(path, "error") && value->kind == QM_JSON_STRING) {
		qm_json_string(value->raw, text, sizeof(text));
		return qm_complain(why, -EREMOTEIO, 0, "it says: %.400s", text);
	}
	/* a member can be named like an element, and be none */
	rest = snapshot->n_sas ? below(path, "sas[].") : NULL;
	if (rest) {
		return take_value(qm_snapshot_sa_fields, qm_snapshot_n_sa_fields, rest, value,
						  &snapshot->sas[snapshot->n_sas - 1], NULL, why);
	}
	rest = snapshot->n_reasons ? below(path, "reasons[].") : NULL;
	if (rest) {
		return take_value(qm_snapshot_reason_fields, qm_snapshot_n_reason_fields, rest,
						  value, &snapshot->reasons[snapshot->n_reasons - 1], NULL, why);
	}
	return take_value(qm_snapshot_fields, qm_snapshot_n_fields, path, value, snapshot,
					  parse->seen, why);
}

static int add_sa(struct parse *parse, struct qm_complaint *why)
{
	struct qm_snapshot *snapshot = parse->snapshot;
	struct qm_snapshot_sa *sas;
	size_t room = parse->room ? 2 * parse->room : 64;

	if (snapshot->n_sas == QM_SNAPSHOT_SAS_MAX) {
		return qm_complain(why, -EBADMSG, 0, "it has too many SA pairs");
	}
	if (snapshot->n_sas == parse->room) {
		sas = realloc(snapshot->sas, room * sizeof(sas[0]));
		if (!sas) {
			return qm_complain(why, -ENOMEM, 0, "no memory for so many SA pairs");
		}
		snapshot->sas = sas;
		parse->room = room;
	}
	snapshot->sas[snapshot->n_sas++] = (struct qm_snapshot_sa){ 0 };
	return 0;
}

static int on_element(void *user, const char *path, struct qm_complaint *why)
{
	struct parse *parse = user;

	if (!strcmp(path, "sas[]")) {
		return add_sa(parse, why);
	}
	if (!strcmp(path, "reasons[]")) {
		if (parse->snapshot->n_reasons == QM_SNAPSHOT_REASONS) {
			return qm_complain(why, -EBADMSG, 0, "it has too many reasons");
		}
		parse->snapshot->n_reasons++;
	}
	return 0;
}

/** Whether nothing is missing. */
static int check(const struct parse *parse, struct qm_complaint *why)
{
	if (parse->snapshot->format != QM_SNAPSHOT_FORMAT && parse->seen[0]) {
		return qm_complain(why, -EPROTO, 0, "it is of another version of qm-audit: use "
						   "the command that came with the plugin");
	}
	for (size_t i = 0; i < qm_snapshot_n_fields; i++) {
		if (!parse->seen[i]) {
			return qm_complain(why, -EBADMSG, 0, "it lacks '%s%s%s'",
							   qm_snapshot_fields[i].group,
							   qm_snapshot_fields[i].group[0] ? "." : "",
							   qm_snapshot_fields[i].name);
		}
	}
	return 0;
}

int qm_answer_parse(struct qm_span text, struct qm_snapshot **ret,
					struct qm_complaint *why)
{
	struct parse parse = { .snapshot = calloc(1, sizeof(*parse.snapshot)) };
	const struct qm_json_reader reader = {
		.value = on_value,
		.element = on_element,
		.user = &parse,
	};
	int r;

	if (!parse.snapshot) {
		return qm_complain(why, -ENOMEM, 0, "no memory");
	}
	r = qm_json_read(text, &reader, why);
	if (!r) {
		r = check(&parse, why);
	}
	if (r < 0) {
		qm_snapshot_free(parse.snapshot);
		return r;
	}
	*ret = parse.snapshot;
	return 0;
}
