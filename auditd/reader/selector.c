/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "selector.h"

#include "line.h"

static const struct {
	const char *name;
	struct qm_span number;
} protocols[] = {
	{ "tcp", { "6", 1 } },        { "udp", { "17", 2 } },   { "ip", { "0", 1 } },
	{ "icmp", { "1", 1 } },       { "gre", { "47", 2 } },   { "esp", { "50", 2 } },
	{ "ah", { "51", 2 } },        { "ospf", { "89", 2 } },  { "sctp", { "132", 3 } },
	{ "ipv6-icmp", { "58", 2 } }, { "ipip", { "94", 2 } },  { "ipencap", { "4", 1 } },
	{ "ipv6", { "41", 2 } },      { "l2tp", { "115", 3 } }, { "vrrp", { "112", 3 } },
};

/* dotted masks by length of the prefix */
static const char *const masks[] = {
	"0.0.0.0",         "128.0.0.0",       "192.0.0.0",       "224.0.0.0",
	"240.0.0.0",       "248.0.0.0",       "252.0.0.0",       "254.0.0.0",
	"255.0.0.0",       "255.128.0.0",     "255.192.0.0",     "255.224.0.0",
	"255.240.0.0",     "255.248.0.0",     "255.252.0.0",     "255.254.0.0",
	"255.255.0.0",     "255.255.128.0",   "255.255.192.0",   "255.255.224.0",
	"255.255.240.0",   "255.255.248.0",   "255.255.252.0",   "255.255.254.0",
	"255.255.255.0",   "255.255.255.128", "255.255.255.192", "255.255.255.224",
	"255.255.255.240", "255.255.255.248", "255.255.255.252", "255.255.255.254",
	"255.255.255.255",
};

#define MASKS (sizeof(masks) / sizeof(masks[0]))

static bool is_number(struct qm_span value)
{
	uint64_t n;

	return qm_span_number(value, &n) == 0;
}

/** What stands before the first `c`, which goes with it from `rest`. */
static struct qm_span cut(struct qm_span *rest, char c)
{
	const char *at = rest->len ? memchr(rest->s, c, rest->len) : NULL;
	struct qm_span before = *rest;

	if (!at) {
		*rest = (struct qm_span){ 0 };
		return before;
	}
	before.len = (size_t)(at - before.s);
	*rest = qm_span_after(*rest, before.len + 1);
	return before;
}

struct qm_span qm_selector_proto(struct qm_span name)
{
	for (size_t i = 0; i < sizeof(protocols) / sizeof(protocols[0]); i++) {
		if (qm_span_is(name, protocols[i].name)) {
			return protocols[i].number;
		}
	}
	return is_number(name) ? name : (struct qm_span){ 0 };
}

struct qm_span qm_selector_address(struct qm_span address)
{
	if (address.len > 3 && !memcmp(address.s + address.len - 3, "::0", 3)) {
		address.len--;
	}
	return address;
}

/** 10.1.0.0/16, or 10.1.0.1..10.1.0.9. */
static void read_range(struct qm_span range, struct qm_selector *ret)
{
	uint64_t prefix;

	if (!memchr(range.s, '/', range.len)) {
		ret->address = cut(&range, '.');
		/* the first of the two dots may be one within the address */
		while (range.len && *range.s != '.') {
			struct qm_span part = cut(&range, '.');

			ret->address.len += 1 + part.len;
		}
		ret->whole = false;
		return;
	}
	ret->address = cut(&range, '/');
	if (qm_span_number(range, &prefix) < 0) {
		ret->whole = false;
	} else if (memchr(ret->address.s, ':', ret->address.len)) {
		ret->mask = range;
	} else if (prefix < MASKS) {
		ret->mask = qm_span_of(masks[prefix]);
	}
}

/** Whether it is nothing, or "0)" after a type of ICMP. */
static bool is_code(struct qm_span code)
{
	if (!code.s) {
		return true;
	}
	return code.len > 1 && code.s[code.len - 1] == ')' &&
		   is_number((struct qm_span){ code.s, code.len - 1 });
}

/** tcp/80, udp, icmp/8(0). */
static void read_ports(struct qm_span ports, struct qm_selector *ret)
{
	const struct qm_span proto = cut(&ports, '/');

	ret->proto = qm_selector_proto(proto);
	if (!ports.len) {
		return;
	}
	ret->whole = is_number(ports);
	ret->port = cut(&ports, '(');
	if (!is_number(ret->port) || !is_code(ports)) {
		ret->port = (struct qm_span){ 0 };
	}
}

struct qm_selector qm_selector_read(struct qm_span list)
{
	struct qm_selector ret = { .whole = true };
	struct qm_span first = cut(&list, ','), range;

	if (!first.len || *first.s == '?' || *first.s == '[') {
		ret.whole = false;
		return ret;
	}
	ret.whole = !list.s;
	ret.port = QM_SPAN("0");
	ret.proto = QM_SPAN("0");
	range = cut(&first, '[');
	read_range(range, &ret);
	if (first.len > 1) {
		const bool whole = ret.whole;

		first.len--;
		read_ports(first, &ret);
		ret.whole = whole && ret.whole;
	}
	return ret;
}
