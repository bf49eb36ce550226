/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "readts.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static const struct {
	const char *name;
	uint8_t number;
} protocols[] = {
	{ "icmp", 1 }, { "tcp", 6 },		{ "udp", 17 },	{ "gre", 47 },	 { "esp", 50 },
	{ "ah", 51 },  { "ipv6-icmp", 58 }, { "ospf", 89 }, { "sctp", 132 },
};

static bool read_proto(const char *s, uint8_t *proto)
{
	char *end;

	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		if (!strcmp(s, protocols[i].name)) {
			*proto = protocols[i].number;
			return true;
		}
	}
	*proto = (uint8_t)strtoul(s, &end, 10);
	return end != s && !*end;
}

static bool read_port(const char *s, uint8_t proto, uint16_t *port)
{
	unsigned type, code;
	int end = 0;

	if (proto != IPPROTO_ICMP && proto != IPPROTO_ICMPV6) {
		return sscanf(s, "%hu%n", port, &end) == 1 && !s[end];
	}
	if (sscanf(s, "%u(%u)%n", &type, &code, &end) == 2 && end && !s[end]) {
		*port = (uint16_t)(type << 8 | code);
		return code != 0;
	}
	if (sscanf(s, "%u%n", &type, &end) == 1 && !s[end]) {
		*port = (uint16_t)(type << 8);
		return true;
	}
	return false;
}

static bool read_ports(char *s, struct qm_ts *ts)
{
	char *to = strchr(s, '-');

	if (!strcmp(s, "OPAQUE")) {
		ts->from_port = 65535;
		ts->to_port = 0;
		return true;
	}
	if (to) {
		*to++ = '\0';
	}
	return read_port(s, ts->proto, &ts->from_port) &&
		   read_port(to ? to : s, ts->proto, &ts->to_port);
}

/** Sets `to` to the last address of the subnet that begins with `from`. */
static void set_last(struct qm_ts *ts, unsigned prefix)
{
	memcpy(ts->to, ts->from, sizeof(ts->to));
	for (unsigned i = prefix; i < (ts->family == AF_INET ? 32 : 128); i++) {
		ts->to[i / 8] |= 0x80 >> i % 8;
	}
}

static bool read_range(char *s, struct qm_ts *ts)
{
	char *slash = strchr(s, '/'), *dots = strstr(s, "..");

	ts->family = strchr(s, ':') ? AF_INET6 : AF_INET;
	if (slash) {
		*slash = '\0';
	} else if (dots) {
		*dots = '\0';
	}
	if (inet_pton(ts->family, s, ts->from) != 1) {
		return false;
	}
	if (slash) {
		set_last(ts, (unsigned)strtoul(slash + 1, NULL, 10));
	}
	return slash || (dots && inet_pton(ts->family, dots + 2, ts->to) == 1);
}

static bool read_ts(char *s, struct qm_ts *ts)
{
	char *bracket = strchr(s, '['), *slash;
	size_t len = strlen(s);

	*ts = (struct qm_ts){ .to_port = UINT16_MAX };
	if (!bracket) {
		return read_range(s, ts);
	}
	if (s[len - 1] != ']') {
		return false;
	}
	s[len - 1] = '\0';
	*bracket++ = '\0';
	slash = strchr(bracket, '/');
	if (slash) {
		*slash++ = '\0';
	}
	return read_range(s, ts) && read_proto(bracket, &ts->proto) &&
		   (!slash || read_ports(slash, ts));
}

static bool same(const struct qm_ts *a, const struct qm_ts *b)
{
	size_t len = a->family == AF_INET ? 4 : 16;

	return a->family == b->family && a->proto == b->proto &&
		   a->from_port == b->from_port && a->to_port == b->to_port &&
		   !memcmp(a->from, b->from, len) && !memcmp(a->to, b->to, len);
}

static bool equal_one(char *s, const struct qm_ts *expected)
{
	struct qm_ts ts;

	if (expected->family != AF_INET && expected->family != AF_INET6) {
		return !strcmp(s, "?");
	}
	return read_ts(s, &ts) && same(&ts, expected);
}

bool qm_readts_equal(const char *value, const struct qm_ts_list *list)
{
	char *copy, *rest, *s;
	int more = 0;
	bool equal = true;

	if (!list->count) {
		return !strcmp(value, "?");
	}
	copy = rest = strdup(value);
	for (unsigned i = 0; i < list->count && equal; i++) {
		s = strsep(&rest, ",");
		equal = s && equal_one(s, &list->ts[i]);
	}
	if (equal && rest) {
		equal = sscanf(rest, "+%d", &more) == 1 && more > 0;
	}
	free(copy);
	return equal && more == (list->total > list->count ? list->total - list->count : 0);
}
