/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "filter.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "schema.h"
#include "value.h"

void qm_filter_init(struct qm_filter *filter)
{
	*filter = (struct qm_filter){ .end_ms = UINT64_MAX };
}

static bool is_event(unsigned long id)
{
	for (unsigned i = 0; i < qm_schema_count; i++) {
		if (qm_schema[i].id == id) {
			return true;
		}
	}
	return false;
}

int qm_filter_ids(struct qm_filter *filter, const char *text)
{
	char *end;
	unsigned long id;

	do {
		id = strtoul(text, &end, 10);
		if (!isdigit((unsigned char)*text) || (*end && *end != ',') ||
			filter->n_ids == QM_FILTER_IDS_MAX) {
			return -EINVAL;
		}
		if (!is_event(id)) {
			return -ENOENT;
		}
		filter->ids[filter->n_ids++] = (unsigned)id;
		text = end + 1;
	} while (*end);
	return 0;
}

int qm_filter_peer(struct qm_filter *filter, const char *text)
{
	char address[INET6_ADDRSTRLEN];
	const char *slash = strchr(text, '/');
	const size_t len = slash ? (size_t)(slash - text) : strlen(text);
	const int family = strchr(text, ':') ? AF_INET6 : AF_INET;
	const unsigned bits = family == AF_INET ? 32 : 128;
	unsigned long prefix = bits;
	char *end;

	if (len >= sizeof(address)) {
		return -EINVAL;
	}
	memcpy(address, text, len);
	address[len] = '\0';
	if (slash) {
		prefix = strtoul(slash + 1, &end, 10);
		if (!isdigit((unsigned char)slash[1]) || *end || prefix > bits) {
			return -EINVAL;
		}
	}
	if (inet_pton(family, address, filter->peer) != 1) {
		return -EINVAL;
	}
	filter->peer_family = family;
	filter->peer_bits = (unsigned)prefix;
	return 0;
}

int qm_filter_spi(struct qm_filter *filter, const char *text)
{
	const bool hex = text[0] == '0' && (text[1] == 'x' || text[1] == 'X');
	char *end;
	unsigned long long spi;

	if (!(hex ? isxdigit((unsigned char)text[2]) : isdigit((unsigned char)*text))) {
		return -EINVAL;
	}
	spi = strtoull(text, &end, hex ? 16 : 10);
	if (*end || !spi || spi > UINT32_MAX) {
		return -EINVAL;
	}
	filter->spi = (uint32_t)spi;
	return 0;
}

static bool in_network(const struct qm_filter *filter, struct qm_span value)
{
	char address[INET6_ADDRSTRLEN];
	uint8_t ip[sizeof(struct in6_addr)];
	const unsigned bytes = filter->peer_bits / 8, bits = filter->peer_bits % 8;

	if (!value.len || value.len >= sizeof(address)) {
		return false;
	}
	memcpy(address, value.s, value.len);
	address[value.len] = '\0';
	if (inet_pton(filter->peer_family, address, ip) != 1 ||
		memcmp(ip, filter->peer, bytes) != 0) {
		return false;
	}
	return !bits || !((ip[bytes] ^ filter->peer[bytes]) >> (8 - bits));
}

static bool is_peer(const struct qm_filter *filter, const struct qm_line *line)
{
	return filter->peer_family == AF_UNSPEC ||
		   in_network(filter, qm_line_value(line, QM_KEY_RADDR)) ||
		   in_network(filter, qm_line_value(line, QM_KEY_SRC_ADDR)) ||
		   in_network(filter, qm_line_value(line, QM_KEY_DST_ADDR));
}

static bool is_id(const struct qm_filter *filter, const struct qm_line *line)
{
	const struct qm_schema_event *event;

	if (!filter->n_ids) {
		return true;
	}
	event = qm_schema_find(qm_line_known(line, QM_KEY_EVENT_ID),
						   qm_line_known(line, QM_KEY_OP));
	for (unsigned i = 0; i < filter->n_ids; i++) {
		if (filter->ids[i] == event->id) {
			return true;
		}
	}
	return false;
}

static bool is_name(const char *name, const struct qm_line *line, enum qm_key key)
{
	char buf[4096];
	struct qm_arena arena = { buf, sizeof(buf), 0 };
	const struct qm_span value = qm_line_known(line, key);

	return !name || (value.s &&
					 qm_span_is(qm_value_decode(&arena, key, line->plain, value), name));
}

static bool has_spi(const struct qm_filter *filter, const struct qm_line *line)
{
	return !filter->spi ||
		   qm_span_spi(qm_line_value(line, QM_KEY_IN_SPI)) == filter->spi ||
		   qm_span_spi(qm_line_value(line, QM_KEY_OUT_SPI)) == filter->spi ||
		   qm_span_spi(qm_line_value(line, QM_KEY_SPI)) == filter->spi;
}

static bool has_result(const struct qm_filter *filter, const struct qm_line *line)
{
	const bool success = qm_span_is(qm_line_value(line, QM_KEY_RES), "success");

	return !(success ? filter->only_failure : filter->only_success);
}

bool qm_filter_is_time(const struct qm_filter *filter)
{
	return !filter->n_ids && filter->peer_family == AF_UNSPEC && !filter->conn &&
		   !filter->child && !filter->node && !filter->spi && !filter->only_success &&
		   !filter->only_failure;
}

bool qm_filter_match(const struct qm_filter *filter, const struct qm_line *line)
{
	const uint64_t time = qm_line_time(line);

	return time >= filter->start_ms && time <= filter->end_ms &&
		   (!filter->node || qm_span_is(line->node, filter->node)) &&
		   has_result(filter, line) && is_id(filter, line) && has_spi(filter, line) &&
		   is_peer(filter, line) && is_name(filter->conn, line, QM_KEY_CONN_NAME) &&
		   is_name(filter->child, line, QM_KEY_CHILD_NAME);
}
