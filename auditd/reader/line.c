/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "line.h"

#include <errno.h>

#include "libreswan.h"

/** Where a line is read, with what is left of it. */
struct cursor {
	const char *p;
	const char *end;
};

/** The type's name or, by tools that are older than it, its number. */
static bool is_our_type(struct qm_span text)
{
	return qm_span_starts(text, QM_SPAN("CRYPTO_IPSEC_SA ")) ||
		   qm_span_starts(text, QM_SPAN("UNKNOWN[2409] "));
}

/** Drops "node=NAME ", which a collector's log has. */
static struct qm_span skip_node(struct qm_span text, struct qm_span *node)
{
	const struct qm_span label = QM_SPAN("node=");
	const char *blank;

	*node = (struct qm_span){ 0 };
	if (!qm_span_starts(text, label)) {
		return text;
	}
	blank = memchr(text.s, ' ', text.len);
	if (!blank) {
		return (struct qm_span){ 0 };
	}
	node->s = text.s + label.len;
	node->len = (size_t)(blank - node->s);
	return qm_span_after(text, (size_t)(blank - text.s) + 1);
}

/** What ausearch prints between events. */
static bool is_separator(struct qm_span text)
{
	return !text.len || qm_span_is(text, "----") ||
		   qm_span_starts(text, QM_SPAN("time->"));
}

bool qm_line_is_ours(struct qm_span text, bool *ret_strange)
{
	const struct qm_span label = QM_SPAN("type=");
	struct qm_span node, rest = text;

	/* most lines are others' and have no node: this is what reading them costs */
	if (!qm_span_starts(text, label)) {
		rest = skip_node(text, &node);
	}
	if (qm_span_starts(rest, label)) {
		*ret_strange = false;
		return is_our_type(qm_span_after(rest, label.len));
	}
	*ret_strange = !is_separator(text);
	return false;
}

int qm_span_number(struct qm_span value, uint64_t *ret)
{
	uint64_t n = 0;

	if (!value.len) {
		return -ENODATA;
	}
	for (size_t i = 0; i < value.len; i++) {
		unsigned digit = (unsigned char)value.s[i] - '0';

		if (digit > 9) {
			return -EINVAL;
		}
		if (__builtin_mul_overflow(n, (uint64_t)10, &n) ||
			__builtin_add_overflow(n, (uint64_t)digit, &n)) {
			return -ERANGE;
		}
	}
	*ret = n;
	return 0;
}

uint32_t qm_span_spi(struct qm_span value)
{
	const char *paren = value.len ? memchr(value.s, '(', value.len) : NULL;
	uint64_t n;

	if (paren) {
		value.len = (size_t)(paren - value.s);
	}
	return qm_span_number(value, &n) < 0 || n > UINT32_MAX ? 0 : (uint32_t)n;
}

uint64_t qm_span_time(struct qm_span value)
{
	const char *dot = value.len ? memchr(value.s, '.', value.len) : NULL;
	uint64_t seconds, ms;

	if (!dot || value.s + value.len - dot != 4 ||
		qm_span_number((struct qm_span){ value.s, (size_t)(dot - value.s) }, &seconds) ||
		qm_span_number((struct qm_span){ dot + 1, 3 }, &ms) ||
		seconds > UINT64_MAX / 1000 - 1) {
		return 0;
	}
	return seconds * 1000 + ms;
}

struct qm_span qm_line_known(const struct qm_line *line, enum qm_key key)
{
	const struct qm_span value = qm_line_value(line, key);

	return value.len == 1 && *value.s == '?' ? (struct qm_span){ 0 } : value;
}

uint64_t qm_line_time(const struct qm_line *line)
{
	uint64_t when = qm_span_time(qm_line_value(line, QM_KEY_WHEN));

	return when ? when : line->stamp_ms;
}

const char *qm_line_stamp(struct qm_span text, uint64_t *ret_serial, uint64_t *ret_ms)
{
	const char *const close = text.len ? memchr(text.s, ')', text.len) : NULL;
	const char *const colon =
		close ? memrchr(text.s, ':', (size_t)(close - text.s)) : NULL;

	if (!colon ||
		qm_span_number((struct qm_span){ colon + 1, (size_t)(close - colon - 1) },
					   ret_serial) < 0) {
		return NULL;
	}
	*ret_ms = qm_span_time((struct qm_span){ text.s, (size_t)(colon - text.s) });
	return close;
}

/** Reads "msg=audit(1795438975.152:57):", with a blank in it in another form. */
static int take_stamp(struct cursor *c, struct qm_line *line)
{
	const struct qm_span label = QM_SPAN("msg=audit(");
	const struct qm_span rest = { c->p, (size_t)(c->end - c->p) };
	const char *close;

	if (!qm_span_starts(rest, label)) {
		return -EBADMSG;
	}
	close = qm_line_stamp(qm_span_after(rest, label.len), &line->serial, &line->stamp_ms);
	if (!close) {
		return -EBADMSG;
	}
	line->stamp = (struct qm_span){ 0 };
	if (line->stamp_ms) {
		c->p += label.len;
		line->stamp = (struct qm_span){ c->p, (size_t)(close - c->p) };
	}
	c->p = close + 1;
	while (c->p < c->end && (*c->p == ':' || *c->p == ' ')) {
		c->p++;
	}
	return 0;
}

static const char *value_end(const char *p, const char *end)
{
	const char *quote;

	if (p < end && *p == '"') {
		quote = memchr(p + 1, '"', (size_t)(end - p - 1));
		p = quote ? quote + 1 : p;
	}
	while (p < end && *p != ' ') {
		p++;
	}
	return p;
}

/** Reads a name of any key up to its "=". @return false where there is none */
static bool take_name(struct cursor *c, struct qm_field *field)
{
	const char *p = c->p, *name;
	uint32_t hash;

	for (;;) {
		while (p < c->end && *p == ' ') {
			p++;
		}
		hash = 0;
		for (name = p; p < c->end && *p != '=' && *p != ' '; p++) {
			hash = qm_key_hash(hash, *p);
		}
		if (p == c->end) {
			c->p = p;
			return false;
		}
		if (*p == '=' && p > name) {
			break;
		}
		p++;
	}
	field->name = (struct qm_span){ name, (size_t)(p - name) };
	field->key = qm_key_find(field->name, hash);
	c->p = p + 1;
	return true;
}

/** The same for a name that is expected. */
static bool take_guess(struct cursor *c, enum qm_key guess, struct qm_field *field)
{
	const struct qm_span name = qm_keys[guess].name;
	const char *p = c->p < c->end && *c->p == ' ' ? c->p + 1 : c->p;

	if ((size_t)(c->end - p) <= name.len || memcmp(p, name.s, name.len + 1) != 0) {
		return false;
	}
	field->name = (struct qm_span){ p, name.len };
	field->key = guess;
	c->p = p + name.len + 1;
	return true;
}

/** Takes the next key=value after the key `last`; what is none is passed over. */
static inline bool take_field(struct cursor *c, struct qm_line *line, enum qm_key last,
							  struct qm_field *field)
{
	const enum qm_key guess = line->next[last];
	const char *end;

	if (!take_guess(c, guess, field)) {
		if (!take_name(c, field)) {
			return false;
		}
		if (field->key != QM_KEY_OTHER) {
			line->next[last] = (uint8_t)field->key;
		}
	}
	end = value_end(c->p, c->end);
	field->value = (struct qm_span){ c->p, (size_t)(end - c->p) };
	c->p = end;
	return true;
}

static bool stands_in(enum qm_key key, enum qm_key_place place)
{
	return key != QM_KEY_OTHER && qm_keys[key].place == place;
}

/** Keeps the field that was read last of what is not of the body. */
static void keep_other(struct qm_line *line, enum qm_key key)
{
	if (line->n_others < QM_LINE_OTHERS_MAX - 1) {
		line->at[key] = (uint8_t)++line->n_others;
	}
}

/** Reads what the kernel says, up to msg=', which it passes. */
static int take_head(struct cursor *c, struct qm_line *line)
{
	const struct qm_span label = QM_SPAN("msg='");
	enum qm_key last = QM_KEY_OTHER;

	for (;;) {
		struct qm_field *const field = &line->fields[line->n_others];
		const struct qm_span rest = { c->p, (size_t)(c->end - c->p) };

		if (qm_span_starts(rest, label)) {
			c->p += label.len;
			return 0;
		}
		if (!take_field(c, line, last, field)) {
			return -EBADMSG;
		}
		last = field->key;
		if (stands_in(last, QM_KEY_HEAD) && !line->at[last]) {
			keep_other(line, last);
		}
		while (c->p < c->end && *c->p == ' ') {
			c->p++;
		}
	}
}

static int take_body(struct cursor *c, struct qm_line *line)
{
	enum qm_key last = QM_KEY_OTHER;

	while (line->n_fields < QM_LINE_FIELDS_MAX) {
		struct qm_field *const field = qm_line_field(line, line->n_fields);

		if (!take_field(c, line, last, field)) {
			return 0;
		}
		line->n_fields++;
		last = field->key;
		if (!stands_in(last, QM_KEY_BODY)) {
			field->key = QM_KEY_OTHER;
		} else if (!line->at[last]) {
			line->at[last] = (uint8_t)(QM_LINE_OTHERS_MAX + line->n_fields);
		}
	}
	return take_name(c, &(struct qm_field){ 0 }) ? -EBADMSG : 0;
}

static void take_tail(struct cursor *c, struct qm_line *line)
{
	enum qm_key last = QM_KEY_REC_SEQ;

	for (;;) {
		struct qm_field *const field = &line->fields[line->n_others];

		if (!take_field(c, line, last, field)) {
			return;
		}
		last = field->key;
		if (stands_in(last, QM_KEY_TAIL)) {
			keep_other(line, last);
		}
	}
}

const char *qm_line_tail(const char *from, const char *end)
{
	const struct qm_span label = QM_SPAN(" exe=");

	const char *p = end;

	while ((p = memrchr(from, ' ', (size_t)(p - from)))) {
		if (qm_span_starts((struct qm_span){ p, (size_t)(end - p) }, label)) {
			return p;
		}
	}
	return end;
}

/** Whether every byte is printable ASCII, eight at a time. */
static bool is_plain(const char *s, size_t len)
{
	const uint64_t ones = UINT64_MAX / 255;
	uint64_t word, bad = 0;

	for (; len >= sizeof(word); s += sizeof(word), len -= sizeof(word)) {
		memcpy(&word, s, sizeof(word));
		/* below 0x20, and above 0x7e */
		bad |= ((word - ones * 0x20) & ~word) | (word + ones) | word;
	}
	for (; len; s++, len--) {
		bad |= *s < 0x20 || *s > 0x7e ? 0x80 : 0;
	}
	return !(bad & (ones * 0x80));
}

/** Finds the name in `UID="root"`, which auditd adds. */
static struct qm_span find_user(struct qm_span added)
{
	const struct qm_span label = QM_SPAN("UID=\"");
	const char *quote;

	while (added.len && (*added.s == QM_LINE_ENRICHED || *added.s == '\'')) {
		added = qm_span_after(added, 1);
	}
	if (!qm_span_starts(added, label)) {
		return (struct qm_span){ 0 };
	}
	added = qm_span_after(added, label.len);
	quote = memchr(added.s, '"', added.len);
	return quote ? (struct qm_span){ added.s, (size_t)(quote - added.s) }
				 : (struct qm_span){ 0 };
}

/** Leaves the cursor's end at the apostrophe that closes the message. */
static int close_message(struct cursor *c, struct qm_line *line)
{
	const char *end = c->end;
	const char *mark = memchr(c->p, QM_LINE_ENRICHED, (size_t)(end - c->p));
	const char *quote = memrchr(c->p, '\'', (size_t)((mark ? mark : end) - c->p));

	if (!quote) {
		return -EBADMSG;
	}
	line->user = find_user((struct qm_span){ quote, (size_t)(end - quote) });
	c->end = quote;
	return 0;
}

static int take_message(struct cursor *c, struct qm_line *line, const char **ret_problem)
{
	const char *const begin = c->p;
	struct cursor tail;

	if (take_head(c, line) < 0) {
		*ret_problem = "has no msg='";
		return -EBADMSG;
	}
	if (close_message(c, line) < 0) {
		*ret_problem = "is cut short: nothing closes its msg='";
		return -EBADMSG;
	}
	line->plain = is_plain(begin, (size_t)(c->end - begin)) &&
				  is_plain(line->node.s, line->node.len);
	tail = (struct cursor){ qm_line_tail(c->p, c->end), c->end };
	c->end = tail.p;
	line->body = (struct qm_span){ c->p, (size_t)(c->end - c->p) };
	if (take_body(c, line) < 0) {
		*ret_problem = "has more fields than any record";
		return -EBADMSG;
	}
	take_tail(&tail, line);
	return 0;
}

int qm_line_parse(struct qm_span text, struct qm_line *line, const char **ret_problem)
{
	struct cursor c;
	const char *begin;

	memset(line->at, 0, sizeof(line->at));
	line->n_others = 0;
	line->n_fields = 0;
	line->n_notes = 0;
	line->libreswan = false;
	line->user = (struct qm_span){ 0 };
	if (text.len > QM_LINE_LEN_MAX) {
		*ret_problem = "is longer than any record";
		return -EBADMSG;
	}
	text = skip_node(text, &line->node);
	begin = text.len ? memchr(text.s, ' ', text.len) : NULL;
	if (!begin) {
		*ret_problem = "is cut short: it has no fields";
		return -EBADMSG;
	}
	c = (struct cursor){ begin + 1, text.s + text.len };
	if (take_stamp(&c, line) < 0) {
		*ret_problem = "has no msg=audit(TIME:NUMBER)";
		return -EBADMSG;
	}
	if (take_message(&c, line, ret_problem) < 0) {
		return -EBADMSG;
	}
	qm_libreswan_adapt(line);
	return 0;
}
