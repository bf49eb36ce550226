/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "store_value.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

static void put_ip(struct qm_writer *w, uint8_t family, const uint8_t *ip)
{
	struct qm_addr addr = { .family = family };

	memcpy(addr.ip, ip, sizeof(addr.ip));
	qm_writer_addr(w, &addr);
}

void qm_value_put_addr(struct qm_writer *w, const struct qm_addr *addr)
{
	qm_writer_addr(w, addr);
	qm_writer_string(w, "[");
	qm_writer_number(w, addr->port, 1);
	qm_writer_string(w, "]");
}

static void put_ts(struct qm_writer *w, const struct qm_ts *ts)
{
	put_ip(w, ts->family, ts->from);
	qm_writer_string(w, "-");
	put_ip(w, ts->family, ts->to);
	qm_writer_string(w, "[");
	qm_writer_number(w, ts->proto, 1);
	qm_writer_string(w, "/");
	qm_writer_number(w, ts->from_port, 1);
	qm_writer_string(w, "-");
	qm_writer_number(w, ts->to_port, 1);
	qm_writer_string(w, "]");
}

void qm_value_put_ts_list(struct qm_writer *w, const struct qm_ts_list *list)
{
	const unsigned count = list->count < QM_TS_MAX ? list->count : QM_TS_MAX;

	for (unsigned i = 0; i < count; i++) {
		qm_writer_string(w, i ? "," : "");
		put_ts(w, &list->ts[i]);
	}
	if (list->total > count) {
		qm_writer_string(w, count ? ",+" : "+");
		qm_writer_number(w, list->total - count, 1);
	}
}

void qm_value_put_mark(struct qm_writer *w, const struct qm_mark *mark)
{
	qm_writer_hex(w, mark->value);
	qm_writer_string(w, "/");
	qm_writer_hex(w, mark->mask);
}

/** Whether the text goes on with this, which is skipped then. */
static bool get(const char **s, const char *expected)
{
	const size_t len = strlen(expected);
	const bool found = !strncmp(*s, expected, len);

	*s += found ? len : 0;
	return found;
}

/** A digit's value, or one that no base has. */
static unsigned digit(char c)
{
	return c >= '0' && c <= '9' ? (unsigned)(c - '0') :
		   c >= 'a' && c <= 'f' ? (unsigned)(c - 'a') + 10 : 16;
}

/** A number up to `max` < 2^32. */
static bool get_number(const char **s, unsigned base, uint64_t max, uint64_t *ret)
{
	const char *start = *s;

	for (*ret = 0; digit(**s) < base; ++*s) {
		*ret = *ret * base + digit(**s);
		if (*ret > max) {
			return false;
		}
	}
	return *s > start;
}

static bool get_port(const char **s, uint16_t *ret)
{
	uint64_t n;
	const bool good = get_number(s, 10, UINT16_MAX, &n);

	*ret = good ? (uint16_t)n : 0;
	return good;
}

static bool get_ip(const char **s, uint8_t *family, uint8_t ip[16])
{
	char text[INET6_ADDRSTRLEN];
	const size_t len = strspn(*s, "0123456789abcdef.:");

	*family = 0;
	memset(ip, 0, 16);
	if (get(s, "?")) {
		return true;
	}
	if (!len || len >= sizeof(text)) {
		return false;
	}
	memcpy(text, *s, len);
	text[len] = '\0';
	*s += len;
	*family = strchr(text, ':') ? AF_INET6 : AF_INET;
	return inet_pton(*family, text, ip) == 1;
}

int qm_value_get_addr(const char *s, struct qm_addr *ret)
{
	const bool good = get_ip(&s, &ret->family, ret->ip) && get(&s, "[") &&
					  get_port(&s, &ret->port) && get(&s, "]") && !*s;

	return good ? 0 : -EILSEQ;
}

static bool get_ts(const char **s, struct qm_ts *ret)
{
	uint8_t family;
	uint64_t proto;

	if (!get_ip(s, &ret->family, ret->from) || !get(s, "-") ||
		!get_ip(s, &family, ret->to) || family != ret->family || !get(s, "[") ||
		!get_number(s, 10, UINT8_MAX, &proto) || !get(s, "/")) {
		return false;
	}
	ret->proto = (uint8_t)proto;
	return get_port(s, &ret->from_port) && get(s, "-") && get_port(s, &ret->to_port) &&
		   get(s, "]");
}

int qm_value_get_ts_list(const char *s, struct qm_ts_list *ret)
{
	uint64_t more = 0;

	ret->count = 0;
	while (*s) {
		if (ret->count && !get(&s, ",")) {
			return -EILSEQ;
		}
		if (get(&s, "+")) {
			if (!get_number(&s, 10, UINT16_MAX - ret->count, &more) || !more || *s) {
				return -EILSEQ;
			}
			break;
		}
		if (ret->count == QM_TS_MAX || !get_ts(&s, &ret->ts[ret->count])) {
			return -EILSEQ;
		}
		ret->count++;
	}
	ret->total = (uint16_t)(ret->count + more);
	return 0;
}

int qm_value_get_mark(const char *s, struct qm_mark *ret)
{
	uint64_t value, mask;

	if (!get(&s, "0x") || !get_number(&s, 16, UINT32_MAX, &value) || !get(&s, "/0x") ||
		!get_number(&s, 16, UINT32_MAX, &mask) || *s) {
		return -EILSEQ;
	}
	*ret = (struct qm_mark){ .value = (uint32_t)value, .mask = (uint32_t)mask };
	return 0;
}
