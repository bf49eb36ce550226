/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "text.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <netinet/in.h>
#include <string.h>

/** Ends a string that was cut. */
#define CUT_MARK "..."
#define CUT_MARK_LEN (sizeof(CUT_MARK) - 1)

/** Digits of UINT64_MAX. */
#define NUMBER_MAX 20

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

void qm_writer_string(struct qm_writer *w, const char *s)
{
	put(w, s, strlen(s));
}

void qm_writer_hex(struct qm_writer *w, uint32_t n)
{
	static const char digits[] = "0123456789abcdef";
	char buf[2 * sizeof(n)];
	size_t i = sizeof(buf);

	do {
		buf[--i] = digits[n & 0xf];
		n >>= 4;
	} while (n);
	qm_writer_string(w, "0x");
	put(w, buf + i, sizeof(buf) - i);
}

void qm_writer_ike_spi(struct qm_writer *w, uint64_t spi)
{
	static const char digits[] = "0123456789abcdef";
	char buf[2 * sizeof(spi)];
	size_t i = sizeof(buf);

	while (i) {
		buf[--i] = digits[spi & 0xf];
		spi >>= 4;
	}
	put(w, buf, sizeof(buf));
}

void qm_writer_dashed(struct qm_writer *w, const char *name)
{
	size_t len = strlen(name);
	char *p = reserve(w, len);

	for (size_t i = 0; p && i < len; i++) {
		p[i] = (char)(name[i] == '_' ? '-' : tolower((unsigned char)name[i]));
	}
}

void qm_writer_number(struct qm_writer *w, uint64_t n, unsigned digits)
{
	char buf[NUMBER_MAX];
	size_t i = sizeof(buf);

	do {
		buf[--i] = (char)('0' + n % 10);
		n /= 10;
	} while (n || (sizeof(buf) - i < digits && i));
	put(w, buf + i, sizeof(buf) - i);
}

void qm_writer_field(struct qm_writer *w, const char *name)
{
	if (w->len) {
		put(w, " ", 1);
	}
	qm_writer_string(w, name);
	put(w, "=", 1);
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
		qm_writer_string(w, "?");
	} else if (all_plain(text->s, len)) {
		put(w, "\"", 1);
		put(w, text->s, len);
		put(w, "\"", 1);
	} else {
		put_hex(w, text->s, len);
	}
}

void qm_writer_word(struct qm_writer *w, const char *s, size_t max)
{
	size_t len = s ? strnlen(s, max) : 0;
	char *p;

	if (!len) {
		qm_writer_string(w, "?");
		return;
	}
	p = reserve(w, len);
	for (size_t i = 0; p && i < len; i++) {
		p[i] = is_plain(s[i]) && s[i] != '=' ? s[i] : '_';
	}
}

/** inet_ntop() takes a sixth of the time that a record takes, by way of printf. */
static void put_ipv4(struct qm_writer *w, const uint8_t *ip)
{
	for (unsigned i = 0; i < 4; i++) {
		if (i) {
			put(w, ".", 1);
		}
		qm_writer_number(w, ip[i], 1);
	}
}

/** Appends `ip` of `family`; "?" for a family that is neither. */
static void put_ip(struct qm_writer *w, uint8_t family, const uint8_t *ip)
{
	char buf[INET6_ADDRSTRLEN] = "?";

	if (family == AF_INET) {
		put_ipv4(w, ip);
		return;
	}
	if (family == AF_INET6) {
		inet_ntop(family, ip, buf, sizeof(buf));
	}
	qm_writer_string(w, buf);
}

/** Like put_ip(), where the value may end: auparse drops a colon there. */
static void put_last_ip(struct qm_writer *w, uint8_t family, const uint8_t *ip)
{
	put_ip(w, family, ip);
	if (w->len && w->buf[w->len - 1] == ':') {
		qm_writer_string(w, "0");
	}
}

void qm_writer_addr(struct qm_writer *w, const struct qm_addr *addr)
{
	put_last_ip(w, addr->family, addr->ip);
}

void qm_writer_spi(struct qm_writer *w, uint32_t spi)
{
	if (spi) {
		qm_writer_number(w, spi, 1);
		qm_writer_string(w, "(");
		qm_writer_hex(w, spi);
		qm_writer_string(w, ")");
	} else {
		qm_writer_string(w, "?");
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
		qm_writer_string(w, "/");
		qm_writer_number(w, (uint64_t)prefix, 1);
	} else {
		qm_writer_string(w, "..");
		put_last_ip(w, ts->family, ts->to);
	}
}

static void put_proto(struct qm_writer *w, uint8_t proto)
{
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		if (protocols[i].number == proto) {
			qm_writer_string(w, protocols[i].name);
			return;
		}
	}
	qm_writer_number(w, proto, 1);
}

/** A port or, for ICMP, `type` or `type(code)`. */
static void put_port(struct qm_writer *w, uint8_t proto, uint16_t port)
{
	if (proto != IPPROTO_ICMP && proto != IPPROTO_ICMPV6) {
		qm_writer_number(w, port, 1);
		return;
	}
	qm_writer_number(w, port >> 8, 1);
	if (port & 0xff) {
		qm_writer_string(w, "(");
		qm_writer_number(w, port & 0xff, 1);
		qm_writer_string(w, ")");
	}
}

static void put_ports(struct qm_writer *w, const struct qm_ts *ts)
{
	qm_writer_string(w, "/");
	if (ts->from_port == UINT16_MAX && ts->to_port == 0) {
		qm_writer_string(w, "OPAQUE");
		return;
	}
	put_port(w, ts->proto, ts->from_port);
	if (ts->from_port != ts->to_port) {
		qm_writer_string(w, "-");
		put_port(w, ts->proto, ts->to_port);
	}
}

static void put_ts(struct qm_writer *w, const struct qm_ts *ts)
{
	bool any_port = ts->from_port == 0 && ts->to_port == UINT16_MAX;

	if (ts->family != AF_INET && ts->family != AF_INET6) {
		qm_writer_string(w, "?");
		return;
	}
	put_range(w, ts);
	if (!ts->proto && any_port) {
		return;
	}
	qm_writer_string(w, "[");
	put_proto(w, ts->proto);
	if (!any_port) {
		put_ports(w, ts);
	}
	qm_writer_string(w, "]");
}

void qm_writer_ts_list(struct qm_writer *w, const struct qm_ts_list *list)
{
	unsigned count = list->count < QM_TS_MAX ? list->count : QM_TS_MAX;

	if (!count) {
		qm_writer_string(w, "?");
		return;
	}
	for (unsigned i = 0; i < count; i++) {
		qm_writer_string(w, i ? "," : "");
		put_ts(w, &list->ts[i]);
	}
	if (list->total > count) {
		qm_writer_string(w, ",+");
		qm_writer_number(w, list->total - count, 1);
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
