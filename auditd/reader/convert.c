/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "convert.h"

#include <inttypes.h>

static struct qm_span known(const struct qm_view *view, enum qm_key key)
{
	return qm_line_known(view->line, key);
}

static void set_coded(struct qm_view *view, unsigned i, const struct qm_word *word)
{
	view->values[i].data = qm_span_of(word->raw);
	view->values[i].shown = qm_span_of(word->text);
}

QM_CONVERTER(fixed)
{
	qm_view_set(view, i, qm_span_of(field->fixed));
}

QM_CONVERTER(text)
{
	qm_view_set(view, i, qm_view_text(view, field->key));
	view->told[field->key] = true;
}

/** A number that the type can have, else an empty span. */
static struct qm_span number_of(const struct qm_schema_field *field, struct qm_span value)
{
	uint64_t n;

	if (qm_span_number(value, &n) < 0 ||
		(field->type == QM_TYPE_UINT32 && n > UINT32_MAX)) {
		return (struct qm_span){ 0 };
	}
	return value;
}

QM_CONVERTER(number)
{
	const struct qm_span value = number_of(field, known(view, field->key));

	qm_view_set(view, i, value);
	view->told[field->key] = value.s;
}

QM_CONVERTER(inbound)
{
	struct qm_span value = known(view, field->key), number = value;
	const char *slash = value.len ? memchr(value.s, '/', value.len) : NULL;

	if (slash) {
		number.len = (size_t)(slash - value.s);
	}
	number = number_of(field, number);
	qm_view_set(view, i, number);
	view->told[field->key] = number.s && !slash;
}

QM_CONVERTER(kilobytes)
{
	uint64_t n;

	if (qm_span_number(known(view, field->key), &n) < 0) {
		qm_view_set(view, i, (struct qm_span){ 0 });
		return;
	}
	view->told[field->key] = n % 1024 == 0 && n / 1024 <= UINT32_MAX;
	n /= 1024;
	qm_view_set(view, i, qm_arena_number(&view->arena, n > UINT32_MAX ? UINT32_MAX : n));
}

QM_CONVERTER(proto)
{
	struct qm_span value = number_of(field, qm_selector_proto(known(view, QM_KEY_PROTO)));

	view->told[QM_KEY_PROTO] = value.s;
	qm_view_set(view, i, value.s ? value : view->local.proto);
}

QM_CONVERTER(word)
{
	const struct qm_span value =
		field->fixed ? qm_span_of(field->fixed) : known(view, field->key);
	const struct qm_word *word = qm_word_find(field->words, value);

	if (word) {
		set_coded(view, i, word);
	} else {
		qm_view_set(view, i, qm_view_text(view, field->key));
	}
	if (!field->fixed) {
		view->told[field->key] = true;
	}
}

QM_CONVERTER(luid)
{
	uint64_t instance = 0, id;

	qm_span_number(known(view, QM_KEY_INSTANCE), &instance);
	if (qm_span_number(known(view, field->key), &id) < 0 || id > UINT32_MAX ||
		instance > UINT32_MAX) {
		qm_view_set(view, i, (struct qm_span){ 0 });
		return;
	}
	qm_view_set(view, i, qm_arena_number(&view->arena, instance << 32 | id));
}

QM_CONVERTER(spi)
{
	const struct qm_span value = known(view, field->key);
	const char *paren = value.len ? memchr(value.s, '(', value.len) : NULL;
	struct qm_span number = value;

	if (paren) {
		number.len = (size_t)(paren - value.s);
	}
	if (!qm_span_spi(value)) {
		number = (struct qm_span){ 0 };
	}
	qm_view_set(view, i, number);
	view->told[field->key] = number.s;
}

QM_CONVERTER(address)
{
	qm_view_set(view, i, qm_selector_address(qm_view_text(view, field->key)));
	view->told[field->key] = true;
}

/** The selector's network or, where there is none, the host itself. */
static void set_network(struct qm_view *view, unsigned i, enum qm_key ts,
						const struct qm_selector *selector, enum qm_key host)
{
	view->told[ts] = selector->whole;
	if (selector->address.s) {
		qm_view_set(view, i, selector->address);
	} else {
		qm_view_set(view, i, qm_selector_address(qm_view_text(view, host)));
	}
}

QM_CONVERTER(local_network)
{
	(void)field;
	set_network(view, i, QM_KEY_LOCAL_TS, &view->local, QM_KEY_LADDR);
}

QM_CONVERTER(local_mask)
{
	(void)field;
	qm_view_set(view, i, view->local.mask);
}

QM_CONVERTER(local_port)
{
	qm_view_set(view, i, number_of(field, view->local.port));
}

QM_CONVERTER(remote_network)
{
	(void)field;
	set_network(view, i, QM_KEY_REMOTE_TS, &view->remote, QM_KEY_RADDR);
}

QM_CONVERTER(remote_mask)
{
	(void)field;
	qm_view_set(view, i, view->remote.mask);
}

QM_CONVERTER(remote_port)
{
	qm_view_set(view, i, number_of(field, view->remote.port));
}

QM_CONVERTER(tunnel_end)
{
	if (qm_span_is(known(view, QM_KEY_SAMODE), "transport")) {
		qm_view_set(view, i, (struct qm_span){ 0 });
		return;
	}
	qm_view_set(view, i, qm_selector_address(qm_view_text(view, field->key)));
	view->told[field->key] = true;
}

/** Windows has the name of what does both under encryption and under integrity. */
static void set_integrity(struct qm_view *view, unsigned i, const char *satype)
{
	const struct qm_span name = known(view, QM_KEY_INTEG);
	const struct qm_word *word = qm_code_integrity(name);

	if (!qm_span_is(known(view, QM_KEY_SATYPE), satype)) {
		qm_view_set(view, i, (struct qm_span){ 0 });
		return;
	}
	view->told[QM_KEY_INTEG] = true;
	if (word) {
		set_coded(view, i, word);
	} else if (qm_span_is(name, "none") || qm_span_is(name, "NONE")) {
		qm_view_set(view, i, (struct qm_span){ 0 });
	} else {
		qm_view_set(view, i, qm_view_text(view, QM_KEY_INTEG));
	}
}

/** A cipher without a code of its own: its name and, if it has one, its size. */
static struct qm_span name_cipher(struct qm_view *view, uint64_t ksize)
{
	const struct qm_span name = qm_view_text(view, QM_KEY_CIPHER);

	if (qm_span_is(name, "none")) {
		return (struct qm_span){ 0 };
	}
	return name.len && ksize ? qm_arena_print(&view->arena, "%.*s %" PRIu64,
											  (int)name.len, name.s, ksize)
							 : name;
}

/** @return whether it protects the integrity as well */
static bool set_cipher(struct qm_view *view, unsigned i)
{
	uint64_t ksize = 0;
	bool combined;
	const struct qm_word *word;

	qm_span_number(known(view, QM_KEY_KSIZE), &ksize);
	word = qm_code_cipher(known(view, QM_KEY_CIPHER),
						  ksize > UINT32_MAX ? 0 : (unsigned)ksize, &combined);
	if (word) {
		set_coded(view, i, word);
	} else {
		qm_view_set(view, i, name_cipher(view, ksize));
	}
	return combined;
}

QM_CONVERTER(cipher)
{
	(void)field;
	set_cipher(view, i);
	view->told[QM_KEY_CIPHER] = true;
	view->told[QM_KEY_KSIZE] = true;
}

QM_CONVERTER(integ_ah)
{
	(void)field;
	set_integrity(view, i, "ipsec-ah");
}

QM_CONVERTER(integ_esp)
{
	(void)field;
	if (!qm_span_is(known(view, QM_KEY_SATYPE), "ipsec-esp") || !set_cipher(view, i)) {
		set_integrity(view, i, "ipsec-esp");
	}
	view->told[QM_KEY_INTEG] = true;
}

QM_CONVERTER(winerror)
{
	const struct qm_span reason = known(view, field->key);

	qm_view_set(view, i, reason.s ? qm_span_of(qm_winerror_find(reason)->text) : reason);
}

QM_CONVERTER(sid)
{
	const struct qm_span uid = number_of(field, known(view, QM_KEY_UID));

	qm_view_set(view, i,
				uid.s ? qm_arena_print(&view->arena, "S-1-22-1-%.*s", (int)uid.len, uid.s)
					  : uid);
}

QM_CONVERTER(user)
{
	(void)field;
	qm_view_set(view, i, qm_value_clean(&view->arena, view->line->user));
}

QM_CONVERTER(logon)
{
	uint64_t ses;

	(void)field;
	if (qm_span_number(known(view, QM_KEY_SES), &ses) < 0 || ses >= UINT32_MAX) {
		qm_view_set(view, i, (struct qm_span){ 0 });
		return;
	}
	qm_view_set(view, i, qm_arena_print(&view->arena, "0x%" PRIx64, ses));
}

/** "success-added,failure-added" as "%%8449, %%8451". */
QM_CONVERTER(changes)
{
	struct qm_span rest = known(view, field->key), data = { 0 }, shown = { 0 };

	while (rest.len) {
		const char *comma = memchr(rest.s, ',', rest.len);
		const size_t len = comma ? (size_t)(comma - rest.s) : rest.len;
		const struct qm_word *word =
			qm_word_find(field->words, (struct qm_span){ rest.s, len });

		rest = qm_span_after(rest, comma ? len + 1 : len);
		if (!word) {
			continue;
		}
		data = qm_arena_print(&view->arena, "%.*s%s%s", (int)data.len,
							  data.s ? data.s : "", data.len ? ", " : "", word->raw);
		shown = qm_arena_print(&view->arena, "%.*s%s%s", (int)shown.len,
							   shown.s ? shown.s : "", shown.len ? ", " : "", word->text);
	}
	qm_view_set(view, i, data);
	view->told[field->key] = data.len;
	if (data.len) {
		view->values[i].shown = shown;
	}
}
