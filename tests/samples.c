/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "samples.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "text.h"

/** Fills `ip`, returns its family. */
static uint8_t parse(const char *text, uint8_t *ip)
{
	uint8_t family = strchr(text, ':') ? AF_INET6 : AF_INET;

	if (inet_pton(family, text, ip) != 1) {
		fprintf(stderr, "%s is not an address\n", text);
		abort();
	}
	return family;
}

struct qm_addr qm_sample_addr(const char *ip, uint16_t port)
{
	struct qm_addr addr = { .port = port };

	addr.family = parse(ip, addr.ip);
	return addr;
}

struct qm_ts qm_sample_ts(const char *from, const char *to)
{
	return qm_sample_ts_port(from, to, 0, 0, UINT16_MAX);
}

struct qm_ts qm_sample_ts_port(const char *from, const char *to, uint8_t proto,
							   uint16_t from_port, uint16_t to_port)
{
	struct qm_ts ts = { .proto = proto, .from_port = from_port, .to_port = to_port };

	ts.family = parse(from, ts.from);
	parse(to, ts.to);
	return ts;
}

void qm_sample_add(struct qm_ts_list *list, struct qm_ts ts)
{
	if (list->count == QM_TS_MAX) {
		abort();
	}
	list->ts[list->count++] = ts;
	list->total++;
}

void qm_sample_text(struct qm_text *text, const char *s)
{
	qm_text_set(text, s, strlen(s));
}

static void set_algorithms(struct qm_sa_facts *sa, const char *cipher, uint16_t ksize,
						   const char *integ, const char *pfs)
{
	sa->ksize = ksize;
	snprintf(sa->cipher, sizeof(sa->cipher), "%s", cipher);
	snprintf(sa->integ, sizeof(sa->integ), "%s", integ);
	snprintf(sa->pfs, sizeof(sa->pfs), "%s", pfs);
}

static void set_names(struct qm_sa_facts *sa, const char *conn, const char *child,
					  const char *local, const char *remote)
{
	qm_sample_text(&sa->conn_name, conn);
	qm_sample_text(&sa->child_name, child);
	qm_sample_text(&sa->local_id, local);
	qm_sample_text(&sa->remote_id, remote);
}

void qm_sample_tunnel(struct qm_sa_facts *sa)
{
	*sa = (struct qm_sa_facts){
		.child_sa = 42,
		.ike_sa = 17,
		.reqid = 3,
		.in_spi = 0xc1234567,
		.out_spi = 0xcef949be,
		.ike_version = 2,
		.direction = QM_DIRECTION_RESPONDER,
		.satype = QM_SATYPE_ESP,
		.samode = QM_SAMODE_TUNNEL,
		.esn = QM_TRI_NO,
		.encap = QM_TRI_NO,
		.life_time = 3600,
		.local = qm_sample_addr("192.0.2.1", 4500),
		.remote = qm_sample_addr("198.51.100.7", 4500),
	};
	set_algorithms(sa, "AES_CBC", 256, "HMAC_SHA2_256_128", "MODP_2048");
	set_names(sa, "gw", "net", "gw.example.org", "client.example.org");
	qm_sample_add(&sa->local_ts, qm_sample_ts("10.1.0.0", "10.1.255.255"));
	qm_sample_add(&sa->remote_ts, qm_sample_ts("10.2.0.0", "10.2.255.255"));
}

void qm_sample_tunnel6(struct qm_sa_facts *sa)
{
	*sa = (struct qm_sa_facts){
		.child_sa = 1043,
		.ike_sa = 178,
		.reqid = 12,
		.in_spi = 0xc0a80164,
		.out_spi = 0x0b00feed,
		.ike_version = 2,
		.direction = QM_DIRECTION_INITIATOR,
		.satype = QM_SATYPE_ESP,
		.samode = QM_SAMODE_TUNNEL,
		.esn = QM_TRI_YES,
		.encap = QM_TRI_NO,
		.life_time = 28800,
		.local = qm_sample_addr("2001:db8:1::1", 500),
		.remote = qm_sample_addr("2001:db8:ffff:ffff:ffff:ffff:ffff:fff7", 500),
	};
	set_algorithms(sa, "AES_GCM_16", 256, "none", "ECP_384");
	set_names(sa, "branch-office", "branch-lan", "gw.example.org",
			  "branch-17.example.org");
	qm_sample_add(&sa->local_ts,
				  qm_sample_ts("2001:db8:10::", "2001:db8:10:ffff:ffff:ffff:ffff:ffff"));
	qm_sample_add(&sa->remote_ts,
				  qm_sample_ts("2001:db8:20::", "2001:db8:20:ffff:ffff:ffff:ffff:ffff"));
}

void qm_sample_transport(struct qm_sa_facts *sa)
{
	*sa = (struct qm_sa_facts){
		.child_sa = 9,
		.ike_sa = 8,
		.reqid = 1,
		.in_spi = 0xc9000001,
		.out_spi = 0x00000fff,
		.if_id_in = 7,
		.if_id_out = 8,
		.mark_in = { 42, UINT32_MAX },
		.mark_out = { 43, 0xff },
		.ike_version = 1,
		.direction = QM_DIRECTION_INITIATOR,
		.satype = QM_SATYPE_ESP,
		.samode = QM_SAMODE_TRANSPORT,
		.esn = QM_TRI_NO,
		.encap = QM_TRI_YES,
		.life_time = 3960,
		.life_bytes = 1000000000,
		.life_packets = 1000000,
		.local = qm_sample_addr("192.168.1.2", 4500),
		.remote = qm_sample_addr("203.0.113.9", 4500),
		.vip = qm_sample_addr("10.9.0.5", 0),
	};
	set_algorithms(sa, "3DES_CBC", 0, "HMAC_SHA1_96", "none");
	set_names(sa, "l2tp", "l2tp", "192.168.1.2", "vpn@example.org");
	qm_sample_text(&sa->acct, "bob");
	qm_sample_add(&sa->local_ts, qm_sample_ts_port("192.168.1.2", "192.168.1.2",
												   IPPROTO_UDP, 1701, 1701));
	qm_sample_add(&sa->remote_ts, qm_sample_ts_port("203.0.113.9", "203.0.113.9",
													IPPROTO_UDP, 0, UINT16_MAX));
}

void qm_sample_beet(struct qm_sa_facts *sa)
{
	*sa = (struct qm_sa_facts){
		.child_sa = 2,
		.ike_sa = 1,
		.reqid = 1,
		.in_spi = 0xcafe,
		.out_spi = 0xffffffff,
		.ike_version = 2,
		.direction = QM_DIRECTION_RESPONDER,
		.satype = QM_SATYPE_AH,
		.samode = QM_SAMODE_BEET,
		.esn = QM_TRI_YES,
		.encap = QM_TRI_NO,
		.local = qm_sample_addr("fe80::1", 500),
		.remote = qm_sample_addr("fe80::2", 500),
		.vip = qm_sample_addr("2001:db8:77::", 0),
	};
	set_algorithms(sa, "none", 0, "HMAC_SHA2_512_256", "CURVE_25519");
	set_names(sa, "beet", "beet", "fe80::1", "fe80::2");
	qm_sample_add(&sa->local_ts, qm_sample_ts("fe80::1", "fe80::1"));
	qm_sample_add(&sa->remote_ts, qm_sample_ts("fe80::2", "fe80::2"));
}

static void set_longest_text(struct qm_text *text)
{
	char s[QM_TEXT_MAX];

	memset(s, '\'', sizeof(s));
	qm_text_set(text, s, sizeof(s));
}

static void set_longest_ts(struct qm_ts_list *list)
{
	while (list->count < QM_TS_MAX) {
		qm_sample_add(list, qm_sample_ts_port("1111:2222:3333:4444:5555:6666:7777:8888",
											  "9999:aaaa:bbbb:cccc:dddd:eeee:ffff:1110",
											  IPPROTO_ICMPV6, 0xfefe, 0xfeff));
	}
	list->total = UINT16_MAX;
}

void qm_sample_longest(struct qm_sa_facts *sa)
{
	static const char word[QM_ALG_MAX] = "ABCDEFGHIJKLMNOPQRSTUVWXYZ01234";
	const struct qm_addr addr =
		qm_sample_addr("1111:2222:3333:4444:5555:6666:7777:8888", UINT16_MAX);

	*sa = (struct qm_sa_facts){
		.child_sa = UINT32_MAX,
		.ike_sa = UINT32_MAX,
		.reqid = UINT32_MAX,
		.in_spi = UINT32_MAX,
		.out_spi = UINT32_MAX,
		.if_id_in = UINT32_MAX,
		.if_id_out = UINT32_MAX - 1,
		.mark_in = { UINT32_MAX, UINT32_MAX - 1 },
		.mark_out = { UINT32_MAX, UINT32_MAX - 2 },
		.ike_version = UINT8_MAX,
		.direction = QM_DIRECTION_RESPONDER,
		.satype = QM_SATYPE_ESP,
		.samode = QM_SAMODE_TRANSPORT,
		.esn = QM_TRI_YES,
		.encap = QM_TRI_YES,
		.life_time = UINT32_MAX,
		.life_bytes = UINT64_MAX,
		.life_packets = UINT64_MAX,
		.local = addr,
		.remote = addr,
		.vip = addr,
	};
	set_algorithms(sa, word, UINT16_MAX, word, word);
	set_longest_text(&sa->conn_name);
	set_longest_text(&sa->child_name);
	set_longest_text(&sa->local_id);
	set_longest_text(&sa->remote_id);
	set_longest_text(&sa->acct);
	set_longest_ts(&sa->local_ts);
	set_longest_ts(&sa->remote_ts);
}

void qm_sample_refused(struct qm_failure *failure)
{
	*failure = (struct qm_failure){
		.reason = QM_FAILURE_PROPOSAL_MISMATCH,
		.point = QM_PARTY_PEER,
		.state = QM_NEGO_FIRST_SENT,
		.exchange = 36,
		.has_msgid = true,
		.msgid = 2,
		.notify = 14,
	};
	qm_sample_text(&failure->proposals, "ESP:AES_CBC_256/HMAC_SHA2_256_128/NO_EXT_SEQ");
}

void qm_sample_quick_mode(struct qm_failure *failure)
{
	*failure = (struct qm_failure){
		.reason = QM_FAILURE_TS_MISMATCH,
		.point = QM_PARTY_LOCAL,
		.state = QM_NEGO_NONE,
		.exchange = 32,
		.has_msgid = true,
		.msgid = 0x9c5d3e1f,
		.notify = 18,
	};
}

void qm_sample_several(struct qm_failure *failure)
{
	*failure = (struct qm_failure){ .reason = QM_FAILURE_SEVERAL };
}

void qm_sample_longest_failure(struct qm_failure *failure)
{
	*failure = (struct qm_failure){
		.reason = QM_FAILURE_NOTIFY,
		.point = QM_PARTY_PEER,
		.state = QM_NEGO_FIRST_SENT,
		.exchange = UINT8_MAX,
		.has_msgid = true,
		.msgid = UINT32_MAX,
		/* the one with the longest name */
		.notify = 1,
	};
	set_longest_text(&failure->proposals);
}

void qm_sample_tampered(struct qm_invalid *invalid)
{
	*invalid = (struct qm_invalid){
		.packet = {
			.len = 252,
			.has_spis = true,
			.has_exchange = true,
			.has_msgid = true,
			.has_header = true,
			.version = 2,
			.exchange = 36,
			.msgid = 2,
			.spi_i = 0x0123456789abcdef,
			.spi_r = 0x00000000cafe0001,
		},
		.ike_sa = 17,
		.local = qm_sample_addr("192.0.2.1", 4500),
		.remote = qm_sample_addr("198.51.100.7", 4500),
		.fault = QM_FAULT_BAD_INTEGRITY,
		.authenticated = QM_TRI_NO,
	};
}

void qm_sample_stray(struct qm_invalid *invalid)
{
	*invalid = (struct qm_invalid){
		.packet = {
			.len = 188,
			.has_spis = true,
			.has_exchange = true,
			.has_msgid = true,
			.has_header = true,
			.version = 1,
			.exchange = 32,
			.msgid = 0xdeadbeef,
			.spi_i = 0xffffffffffffffff,
		},
		.local = qm_sample_addr("2001:db8:1::1", 500),
		.remote = qm_sample_addr("2001:db8:ffff::", 500),
		.fault = QM_FAULT_UNKNOWN_IKE_SA,
		.authenticated = QM_TRI_NO,
	};
}

void qm_sample_flood(struct qm_invalid *invalid)
{
	*invalid = (struct qm_invalid){
		.remote = qm_sample_addr("203.0.113.77", 0),
		.fault = QM_FAULT_SEVERAL,
	};
}

void qm_sample_longest_invalid(struct qm_invalid *invalid)
{
	const struct qm_addr addr =
		qm_sample_addr("1111:2222:3333:4444:5555:6666:7777:8888", UINT16_MAX);

	*invalid = (struct qm_invalid){
		.packet = {
			.len = UINT32_MAX,
			.has_spis = true,
			.has_msgid = true,
			.version = UINT8_MAX,
			.exchange = UINT8_MAX,
			.msgid = UINT32_MAX,
			.spi_i = UINT64_MAX,
			.spi_r = UINT64_MAX,
		},
		.ike_sa = UINT32_MAX,
		.local = addr,
		.remote = addr,
		.fault = QM_FAULT_UNKNOWN_CRITICAL_PAYLOAD,
		.authenticated = QM_TRI_YES,
	};
}

void qm_sample_manual(struct qm_kernel_sa *sa)
{
	*sa = (struct qm_kernel_sa){
		.id = { QM_SATYPE_ESP, 0x1000, qm_sample_addr("198.51.100.7", 0) },
		.src = qm_sample_addr("192.0.2.1", 0),
		.samode = QM_SAMODE_TRANSPORT,
		.by = QM_PARTY_EXTERNAL,
	};
}

void qm_sample_foreign(struct qm_kernel_sa *sa)
{
	*sa = (struct qm_kernel_sa){
		.id = { QM_SATYPE_AH, 0xdeadbeef, qm_sample_addr("2001:db8:1::1", 0) },
		.src = qm_sample_addr("2001:db8:ffff::", 0),
		.reqid = 16385,
		.if_id = 7,
		.mark = { 42, 0xff },
		.samode = QM_SAMODE_TUNNEL,
		.by = QM_PARTY_EXTERNAL,
		.pid = 4711,
		.comm = "pluto",
	};
}

void qm_sample_longest_kernel_sa(struct qm_kernel_sa *sa)
{
	const struct qm_addr addr =
		qm_sample_addr("1111:2222:3333:4444:5555:6666:7777:8888", UINT16_MAX);

	*sa = (struct qm_kernel_sa){
		.id = { QM_SATYPE_ESP, UINT32_MAX, addr },
		.src = addr,
		.reqid = UINT32_MAX,
		.if_id = UINT32_MAX,
		.mark = { UINT32_MAX, UINT32_MAX - 1 },
		.samode = QM_SAMODE_TRANSPORT,
		.by = QM_PARTY_EXTERNAL,
		.pid = UINT32_MAX,
	};
	/* not terminated: there is no room for a NUL */
	memset(sa->comm, '\'', sizeof(sa->comm));
}
