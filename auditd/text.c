/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "text.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

/** Ends a string that was cut. */
#define CUT_MARK "..."
#define CUT_MARK_LEN (sizeof(CUT_MARK) - 1)

/** Longest UTF-8 character. */
#define UTF8_MAX 4

/*
 * Fixed, and not getprotobynumber(): a record must not depend on the host's
 * /etc/protocols, and a nameserver must not be asked. The names are IANA's.
 */
static const struct {
	uint8_t number;
	const char *name;
} protocols[] = {
	{ IPPROTO_ICMP, "icmp" },	   { IPPROTO_TCP, "tcp" }, { IPPROTO_UDP, "udp" },
	{ IPPROTO_GRE, "gre" },		   { IPPROTO_ESP, "esp" }, { IPPROTO_AH, "ah" },
	{ IPPROTO_ICMPV6, "ipv6-icmp" }, { 89, "ospf" },		   { IPPROTO_SCTP, "sctp" },
};

void qm_writer_init(struct qm_writer *w, char *buf, size_t size)
{
	*w = (struct qm_writer){ .buf = buf, .size = size };
	buf[0] = '\0';
}

/** Makes room for `len` bytes, or marks the text full. */
static char *reserve(struct qm_writer *w, size_t len)
{
	char *p = w->buf + w->len;

	if (w->full || len >= w->size - w->len) {
		w->full = true;
		return NULL;
	}
	w->len += len;
	w->buf[w->len] = '\0';
	return p;
}

static void put(struct qm_writer *w, const char *s, size_t len)
{
	char *p = reserve(w, len);

	if (p) {
		memcpy(p, s, len);
	}
}

static void put_string(struct qm_writer *w, const char *s)
{
	put(w, s, strlen(s));
}

void qm_writer_printf(struct qm_writer *w, const char *fmt, ...)
{
	size_t room = w->size - w->len;
	va_list args;
	int n;

	if (w->full) {
		return;
	}
	va_start(args, fmt);
	n = vsnprintf(w->buf + w->len, room, fmt, args);
	va_end(args);
	if (n < 0 || (size_t)n >= room) {
		w->buf[w->len] = '\0';
		w->full = true;
		return;
	}
	w->len += n;
}

void qm_writer_field(struct qm_writer *w, const char *name)
{
	qm_writer_printf(w, "%s%s=", w->len ? " " : "", name);
}

/** What auparse could not take literally between double quotes. */
static bool is_plain(char c)
{
	return c > 0x20 && c < 0x7f && c != '"' && c != '\'';
}

static bool all_plain(const char *s, size_t len)
{
	for (size_t i = 0; i < len; i++) {
		if (!is_plain(s[i])) {
			return false;
		}
	}
	return true;
}

static void put_hex(struct qm_writer *w, const char *s, size_t len)
{
	static const char digits[] = "0123456789ABCDEF";
	char *p = reserve(w, 2 * len);

	for (size_t i = 0; p && i < len; i++) {
		*p++ = digits[(unsigned char)s[i] >> 4];
		*p++ = digits[(unsigned char)s[i] & 0xf];
	}
}

void qm_writer_untrusted(struct qm_writer *w, const struct qm_text *text)
{
	size_t len = text->len < QM_TEXT_MAX ? text->len : QM_TEXT_MAX;

	if (!len) {
		put_string(w, "?");
	} else if (all_plain(text->s, len)) {
		qm_writer_printf(w, "\"%.*s\"", (int)len, text->s);
	} else {
		put_hex(w, text->s, len);
	}
}

void qm_writer_word(struct qm_writer *w, const char *s, size_t max)
{
	size_t len = s ? strnlen(s, max) : 0;
	char *p;

	if (!len) {
		put_string(w, "?");
		return;
	}
	p = reserve(w, len);
	for (size_t i = 0; p && i < len; i++) {
		p[i] = is_plain(s[i]) && s[i] != '=' ? s[i] : '_';
	}
}

/** Appends `ip` of `family`; "?" for a family that is neither. */
static void put_ip(struct qm_writer *w, uint8_t family, const uint8_t *ip)
{
	char buf[INET6_ADDRSTRLEN] = "?";

	if (family == AF_INET || family == AF_INET6) {
		inet_ntop(family, ip, buf, sizeof(buf));
	}
	put_string(w, buf);
}

/** Like put_ip(), where the value may end: auparse drops a colon there. */
static void put_last_ip(struct qm_writer *w, uint8_t family, const uint8_t *ip)
{
	put_ip(w, family, ip);
	if (w->len && w->buf[w->len - 1] == ':') {
		put_string(w, "0");
	}
}

void qm_writer_addr(struct qm_writer *w, const struct qm_addr *addr)
{
	put_last_ip(w, addr->family, addr->ip);
}

void qm_writer_spi(struct qm_writer *w, uint32_t spi)
{
	if (spi) {
		qm_writer_printf(w, "%u(0x%x)", spi, spi);
	} else {
		put_string(w, "?");
	}
}

static bool bit(const uint8_t *ip, unsigned i)
{
	return ip[i / 8] & (0x80 >> i % 8);
}

/** Prefix length if the range is a subnet, or -1. */
static int prefix_of(const struct qm_ts *ts, unsigned bits)
{
	unsigned prefix = 0;

	while (prefix < bits && bit(ts->from, prefix) == bit(ts->to, prefix)) {
		prefix++;
	}
	for (unsigned i = prefix; i < bits; i++) {
		if (bit(ts->from, i) || !bit(ts->to, i)) {
			return -1;
		}
	}
	return (int)prefix;
}

static void put_range(struct qm_writer *w, const struct qm_ts *ts)
{
	int prefix = prefix_of(ts, ts->family == AF_INET ? 32 : 128);

	put_ip(w, ts->family, ts->from);
	if (prefix >= 0) {
		qm_writer_printf(w, "/%d", prefix);
	} else {
		put_string(w, "..");
		put_last_ip(w, ts->family, ts->to);
	}
}

static void put_proto(struct qm_writer *w, uint8_t proto)
{
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		if (protocols[i].number == proto) {
			put_string(w, protocols[i].name);
			return;
		}
	}
	qm_writer_printf(w, "%u", proto);
}

/** A port or, for ICMP, `type` or `type(code)`. */
static void put_port(struct qm_writer *w, uint8_t proto, uint16_t port)
{
	if (proto != IPPROTO_ICMP && proto != IPPROTO_ICMPV6) {
		qm_writer_printf(w, "%u", port);
	} else if (port & 0xff) {
		qm_writer_printf(w, "%u(%u)", port >> 8, port & 0xff);
	} else {
		qm_writer_printf(w, "%u", port >> 8);
	}
}

static void put_ports(struct qm_writer *w, const struct qm_ts *ts)
{
	put_string(w, "/");
	if (ts->from_port == UINT16_MAX && ts->to_port == 0) {
		put_string(w, "OPAQUE");
		return;
	}
	put_port(w, ts->proto, ts->from_port);
	if (ts->from_port != ts->to_port) {
		put_string(w, "-");
		put_port(w, ts->proto, ts->to_port);
	}
}

static void put_ts(struct qm_writer *w, const struct qm_ts *ts)
{
	bool any_port = ts->from_port == 0 && ts->to_port == UINT16_MAX;

	if (ts->family != AF_INET && ts->family != AF_INET6) {
		put_string(w, "?");
		return;
	}
	put_range(w, ts);
	if (!ts->proto && any_port) {
		return;
	}
	put_string(w, "[");
	put_proto(w, ts->proto);
	if (!any_port) {
		put_ports(w, ts);
	}
	put_string(w, "]");
}

void qm_writer_ts_list(struct qm_writer *w, const struct qm_ts_list *list)
{
	unsigned count = list->count < QM_TS_MAX ? list->count : QM_TS_MAX;

	if (!count) {
		put_string(w, "?");
		return;
	}
	for (unsigned i = 0; i < count; i++) {
		put_string(w, i ? "," : "");
		put_ts(w, &list->ts[i]);
	}
	if (list->total > count) {
		qm_writer_printf(w, ",+%u", list->total - count);
	}
}

/** Where to cut `s`, at `cut` or just before the character that spans it. */
static size_t char_edge(const char *s, size_t cut)
{
	for (size_t i = cut; i + UTF8_MAX > cut; i--) {
		unsigned char c = s[i];

		if (c >= 0xc0) {
			return i;
		}
		if (c < 0x80) {
			break;
		}
	}
	return cut;
}

void qm_text_set(struct qm_text *text, const char *s, size_t len)
{
	size_t cut = QM_TEXT_MAX - CUT_MARK_LEN;

	if (len <= QM_TEXT_MAX) {
		if (len) {
			memcpy(text->s, s, len);
		}
		text->len = len;
		return;
	}
	cut = char_edge(s, cut);
	memcpy(text->s, s, cut);
	memcpy(text->s + cut, CUT_MARK, CUT_MARK_LEN);
	text->len = cut + CUT_MARK_LEN;
}
