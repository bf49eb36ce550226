/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "record.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "readback.h"
#include "samples.h"
#include "test.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define KNOWN(number) { .known = true, .n = (number) }

static const struct qm_origin origin = {
	.instance = 7,
	.daemon = "charon-systemd",
	.daemon_version = "5.9.8",
};

static void sample_nothing(struct qm_sa_facts *sa)
{
	*sa = (struct qm_sa_facts){ 0 };
}

static void sample_selectors(struct qm_sa_facts *sa)
{
	qm_sample_tunnel(sa);
	sa->local_ts = sa->remote_ts = (struct qm_ts_list){ 0 };
	qm_sample_add(&sa->local_ts, qm_sample_ts_port("10.1.0.0", "10.1.255.255",
												   IPPROTO_TCP, 80, 80));
	qm_sample_add(&sa->local_ts,
				  qm_sample_ts_port("10.1.0.1", "10.1.0.9", IPPROTO_UDP, 1024, 65535));
	qm_sample_add(&sa->local_ts, qm_sample_ts_port("192.0.2.1", "192.0.2.1",
												   IPPROTO_ICMP, 0x0800, 0x0800));
	qm_sample_add(&sa->remote_ts,
				  qm_sample_ts_port("2001:db8::", "2001:db8::ffff", IPPROTO_ICMPV6,
									0x0104, 0x0104));
	qm_sample_add(&sa->remote_ts, qm_sample_ts_port("2001:db8::", "2001:db8::f:0",
													IPPROTO_TCP, 65535, 0));
	sa->remote_ts.total = 7;
}

static void sample_names(struct qm_sa_facts *sa)
{
	qm_sample_tunnel(sa);
	qm_sample_text(&sa->acct, "J\xc3\xbcrg O'Neil");
	qm_sample_text(&sa->conn_name, "road warrior");
	qm_sample_text(&sa->child_name, "?");
	qm_sample_text(&sa->local_id, "C=CH, O=\"x\"");
	qm_sample_text(&sa->remote_id, "x\" res=success op=start");
}

static const struct golden {
	const char *what;
	void (*sample)(struct qm_sa_facts *sa);
	struct qm_event event;
	const char *body;
	const char *addr;
} goldens[] = {
	{ .what = "IPv4 ESP tunnel",
	  .sample = qm_sample_tunnel,
	  .event = { .kind = QM_EVENT_ESTABLISHED },
	  .body = "op=start event-id=5451 acct=? direction=responder conn-name=\"gw\" "
			  "child-name=\"net\" ike-version=2 instance=7 ike-sa=17 child-sa=42 "
			  "old-child-sa=? reqid=3 if-id=0 mark=0 satype=ipsec-esp samode=tunnel "
			  "cipher=AES_CBC ksize=256 integ=HMAC_SHA2_256_128 pfs=MODP_2048 esn=no "
			  "encap=no in-spi=3240314215(0xc1234567) out-spi=3472443838(0xcef949be) "
			  "laddr=192.0.2.1 lport=4500 raddr=198.51.100.7 rport=4500 proto=0 "
			  "local-ts=10.1.0.0/16 remote-ts=10.2.0.0/16 remote-vip=? life-time=3600 "
			  "life-bytes=0 life-packets=0 local-id=\"gw.example.org\" "
			  "remote-id=\"client.example.org\" when=1795438975.152 rec-seq=118",
	  .addr = "198.51.100.7" },
	{ .what = "IPv6 AEAD tunnel, rekeyed",
	  .sample = qm_sample_tunnel6,
	  .event = { .kind = QM_EVENT_ESTABLISHED, .old_child_sa = 1042 },
	  .body = "op=start event-id=5451 acct=? direction=initiator "
			  "conn-name=\"branch-office\" child-name=\"branch-lan\" ike-version=2 "
			  "instance=7 ike-sa=178 child-sa=1043 old-child-sa=1042 reqid=12 if-id=0 "
			  "mark=0 satype=ipsec-esp samode=tunnel cipher=AES_GCM_16 ksize=256 "
			  "integ=none pfs=ECP_384 esn=yes encap=no in-spi=3232235876(0xc0a80164) "
			  "out-spi=184614637(0xb00feed) laddr=2001:db8:1::1 lport=500 "
			  "raddr=2001:db8:ffff:ffff:ffff:ffff:ffff:fff7 rport=500 proto=0 "
			  "local-ts=2001:db8:10::/48 remote-ts=2001:db8:20::/48 remote-vip=? "
			  "life-time=28800 life-bytes=0 life-packets=0 "
			  "local-id=\"gw.example.org\" remote-id=\"branch-17.example.org\" "
			  "when=1795438975.152 rec-seq=118",
	  .addr = "2001:db8:ffff:ffff:ffff:ffff:ffff:fff7" },
	{ .what = "IKEv1 transport in UDP with XAuth, virtual IP, marks",
	  .sample = qm_sample_transport,
	  .event = { .kind = QM_EVENT_ESTABLISHED },
	  .body = "op=start event-id=5451 acct=\"bob\" direction=initiator "
			  "conn-name=\"l2tp\" child-name=\"l2tp\" ike-version=1 instance=7 "
			  "ike-sa=8 child-sa=9 old-child-sa=? reqid=1 if-id=7/8 mark=42/43:0xff "
			  "satype=ipsec-esp samode=transport cipher=3DES_CBC ksize=0 "
			  "integ=HMAC_SHA1_96 pfs=none esn=no encap=yes "
			  "in-spi=3372220417(0xc9000001) out-spi=4095(0xfff) laddr=192.168.1.2 "
			  "lport=4500 raddr=203.0.113.9 rport=4500 proto=17 "
			  "local-ts=192.168.1.2/32[udp/1701] remote-ts=203.0.113.9/32[udp] "
			  "remote-vip=10.9.0.5 life-time=3960 life-bytes=1000000000 "
			  "life-packets=1000000 local-id=\"192.168.1.2\" "
			  "remote-id=\"vpn@example.org\" when=1795438975.152 rec-seq=118",
	  .addr = "203.0.113.9" },
	{ .what = "AH in BEET mode with ESN",
	  .sample = qm_sample_beet,
	  .event = { .kind = QM_EVENT_ESTABLISHED },
	  .body = "op=start event-id=5451 acct=? direction=responder conn-name=\"beet\" "
			  "child-name=\"beet\" ike-version=2 instance=7 ike-sa=1 child-sa=2 "
			  "old-child-sa=? reqid=1 if-id=0 mark=0 satype=ipsec-ah samode=beet "
			  "cipher=none ksize=0 integ=HMAC_SHA2_512_256 pfs=CURVE_25519 esn=yes "
			  "encap=no in-spi=51966(0xcafe) out-spi=4294967295(0xffffffff) "
			  "laddr=fe80::1 lport=500 raddr=fe80::2 rport=500 proto=0 "
			  "local-ts=fe80::1/128 remote-ts=fe80::2/128 remote-vip=2001:db8:77::0 "
			  "life-time=0 life-bytes=0 life-packets=0 local-id=\"fe80::1\" "
			  "remote-id=\"fe80::2\" when=1795438975.152 rec-seq=118",
	  .addr = "fe80::2" },
	{ .what = "several selectors",
	  .sample = sample_selectors,
	  .event = { .kind = QM_EVENT_ESTABLISHED },
	  .body = "op=start event-id=5451 acct=? direction=responder conn-name=\"gw\" "
			  "child-name=\"net\" ike-version=2 instance=7 ike-sa=17 child-sa=42 "
			  "old-child-sa=? reqid=3 if-id=0 mark=0 satype=ipsec-esp samode=tunnel "
			  "cipher=AES_CBC ksize=256 integ=HMAC_SHA2_256_128 pfs=MODP_2048 esn=no "
			  "encap=no in-spi=3240314215(0xc1234567) out-spi=3472443838(0xcef949be) "
			  "laddr=192.0.2.1 lport=4500 raddr=198.51.100.7 rport=4500 proto=6 "
			  "local-ts=10.1.0.0/16[tcp/80],10.1.0.1..10.1.0.9[udp/1024-65535],"
			  "192.0.2.1/32[icmp/8] "
			  "remote-ts=2001:db8::/112[ipv6-icmp/1(4)],"
			  "2001:db8::..2001:db8::f:0[tcp/OPAQUE],+5 "
			  "remote-vip=? life-time=3600 "
			  "life-bytes=0 life-packets=0 local-id=\"gw.example.org\" "
			  "remote-id=\"client.example.org\" when=1795438975.152 rec-seq=118",
	  .addr = "198.51.100.7" },
	{ .what = "names with blanks, quotes and UTF-8",
	  .sample = sample_names,
	  .event = { .kind = QM_EVENT_ENDED,
				 .reason = QM_REASON_REKEYED,
				 .ended_by = QM_PARTY_PEER,
				 .traffic = { KNOWN(1), KNOWN(2), KNOWN(3), KNOWN(UINT64_MAX) },
				 .total_bytes_in = KNOWN(5),
				 .total_bytes_out = KNOWN(6),
				 .duration_ms = 3601005,
				 .rekeys = 4 },
	  .body = "op=destroy event-id=5452 acct=4AC3BC7267204F274E65696C "
			  "direction=responder conn-name=726F61642077617272696F72 "
			  "child-name=\"?\" ike-version=2 instance=7 ike-sa=17 child-sa=42 reqid=3 "
			  "if-id=0 mark=0 satype=ipsec-esp samode=tunnel "
			  "in-spi=3240314215(0xc1234567) out-spi=3472443838(0xcef949be) "
			  "laddr=192.0.2.1 lport=4500 raddr=198.51.100.7 rport=4500 proto=0 "
			  "local-ts=10.1.0.0/16 remote-ts=10.2.0.0/16 remote-vip=? "
			  "local-id=433D43482C204F3D227822 "
			  "remote-id=7822207265733D73756363657373206F703D7374617274 "
			  "reason=rekeyed ended-by=peer bytes-in=1 bytes-out=2 packets-in=3 "
			  "packets-out=18446744073709551615 duration=3601.005 total-bytes-in=5 "
			  "total-bytes-out=6 rekeys=4 last-seen=? when=1795438975.152 rec-seq=118",
	  .addr = "198.51.100.7" },
	{ .what = "established, nothing known",
	  .sample = sample_nothing,
	  .event = { .kind = QM_EVENT_ESTABLISHED },
	  .body = "op=start event-id=5451 acct=? direction=? conn-name=? child-name=? "
			  "ike-version=? instance=7 ike-sa=? child-sa=? old-child-sa=? reqid=? "
			  "if-id=0 mark=0 satype=? samode=? cipher=? ksize=? integ=? pfs=? esn=? "
			  "encap=? in-spi=? out-spi=? laddr=? lport=? raddr=? rport=? proto=? "
			  "local-ts=? remote-ts=? remote-vip=? life-time=0 life-bytes=0 "
			  "life-packets=0 local-id=? remote-id=? when=1795438975.152 rec-seq=118",
	  .addr = "" },
	{ .what = "ended, nothing known",
	  .sample = sample_nothing,
	  .event = { .kind = QM_EVENT_ENDED },
	  .body = "op=destroy event-id=5452 acct=? direction=? conn-name=? child-name=? "
			  "ike-version=? instance=7 ike-sa=? child-sa=? reqid=? if-id=0 mark=0 "
			  "satype=? samode=? in-spi=? out-spi=? laddr=? lport=? raddr=? rport=? "
			  "proto=? local-ts=? remote-ts=? remote-vip=? local-id=? remote-id=? "
			  "reason=unknown ended-by=? bytes-in=? bytes-out=? packets-in=? "
			  "packets-out=? duration=0.000 total-bytes-in=? total-bytes-out=? "
			  "rekeys=0 last-seen=? when=1795438975.152 rec-seq=118",
	  .addr = "" },
	{ .what = "audit-start",
	  .event = { .kind = QM_EVENT_AUDIT_START, .new_policy = { QM_TRI_YES, QM_TRI_NO } },
	  .body = "op=audit-start instance=7 version=" PACKAGE_VERSION
			  " daemon=charon-systemd daemon-version=5.9.8 policy=success "
			  "durability=none last-run=? last-alive=? open-sas=0 waiting=0 "
			  "when=1795438975.152 rec-seq=118",
	  .addr = "" },
	{ .what = "audit-start after a crash",
	  .event = { .kind = QM_EVENT_AUDIT_START,
				 .new_policy = { QM_TRI_YES, QM_TRI_YES },
				 .durability = QM_DURABLE_POWER,
				 .inherited = { QM_LAST_REBOOTED, 1795438960042, 1203, 17 } },
	  .body = "op=audit-start instance=7 version=" PACKAGE_VERSION
			  " daemon=charon-systemd daemon-version=5.9.8 policy=success-and-failure "
			  "durability=power last-run=rebooted last-alive=1795438960.042 "
			  "open-sas=1203 waiting=17 when=1795438975.152 rec-seq=118",
	  .addr = "" },
	{ .what = "the end of an earlier run's",
	  .sample = qm_sample_tunnel,
	  .event = { .kind = QM_EVENT_ENDED,
				 .instance = 5,
				 .reason = QM_REASON_DAEMON_DIED,
				 .total_bytes_in = { .n = 3 },
				 .duration_ms = 90061001,
				 .last_seen_ms = 1795438960042 },
	  .body = "op=destroy event-id=5452 acct=? direction=responder conn-name=\"gw\" "
			  "child-name=\"net\" ike-version=2 instance=5 ike-sa=17 child-sa=42 reqid=3 "
			  "if-id=0 mark=0 satype=ipsec-esp samode=tunnel "
			  "in-spi=3240314215(0xc1234567) out-spi=3472443838(0xcef949be) "
			  "laddr=192.0.2.1 lport=4500 raddr=198.51.100.7 rport=4500 proto=0 "
			  "local-ts=10.1.0.0/16 remote-ts=10.2.0.0/16 remote-vip=? "
			  "local-id=\"gw.example.org\" remote-id=\"client.example.org\" "
			  "reason=daemon-died ended-by=? bytes-in=? bytes-out=? packets-in=? "
			  "packets-out=? duration=90061.001 total-bytes-in=? total-bytes-out=? "
			  "rekeys=0 last-seen=1795438960.042 when=1795438975.152 rec-seq=118",
	  .addr = "198.51.100.7" },
	{ .what = "store-change for the worse",
	  .event = { .kind = QM_EVENT_STORE_CHANGE,
				 .old_durability = QM_DURABLE_POWER,
				 .durability = QM_DURABLE_NONE,
				 .error = ENOSPC },
	  .body = "op=store-change instance=7 old-durability=power durability=none "
			  "error=ENOSPC when=1795438975.152 rec-seq=118",
	  .addr = "" },
	{ .what = "store-change for the better",
	  .event = { .kind = QM_EVENT_STORE_CHANGE, .durability = QM_DURABLE_CRASH },
	  .body = "op=store-change instance=7 old-durability=none durability=crash "
			  "error=none when=1795438975.152 rec-seq=118",
	  .addr = "" },
	{ .what = "audit-stop",
	  .event = { .kind = QM_EVENT_AUDIT_STOP,
				 .written = 117,
				 .new_policy = { QM_TRI_YES, QM_TRI_YES } },
	  .body = "op=audit-stop instance=7 written=117 policy=success-and-failure "
			  "when=1795438975.152 rec-seq=118",
	  .addr = "" },
	{ .what = "policy-change",
	  .event = { .kind = QM_EVENT_POLICY_CHANGE,
				 .old_policy = { QM_TRI_YES, QM_TRI_UNKNOWN },
				 .new_policy = { QM_TRI_NO, QM_TRI_YES } },
	  .body = "op=policy-change event-id=4719 instance=7 old-policy=success "
			  "new-policy=failure changes=success-removed,failure-added "
			  "when=1795438975.152 rec-seq=118",
	  .addr = "" },
	{ .what = "lost",
	  .event = { .kind = QM_EVENT_LOST,
				 .cause = QM_LOSS_AUDIT,
				 .lost = 23,
				 .since_ms = 1795438970007 },
	  .body = "op=lost instance=7 count=23 since=1795438970.007 cause=audit "
			  "when=1795438975.152 rec-seq=118",
	  .addr = "" },
};

/** What has no name is not said to be nothing. */
static void test_strange_error(void)
{
	static struct qm_record record;
	const struct qm_event event = { .kind = QM_EVENT_STORE_CHANGE, .error = 100000 };

	QM_OK_FATAL(qm_record_format(&event, &origin, 118, &record));
	QM_STR(record.body, "op=store-change instance=7 old-durability=none durability=none "
						"error=? when=0.000 rec-seq=118");
}

static void test_golden(void)
{
	static struct qm_record record;
	struct qm_sa_facts sa;
	struct qm_event event;

	for (size_t i = 0; i < COUNT(goldens); i++) {
		event = goldens[i].event;
		event.when_ms = 1795438975152;
		if (goldens[i].sample) {
			goldens[i].sample(&sa);
			event.sa = &sa;
		}
		QM_OK_FATAL(qm_record_format(&event, &origin, 118, &record));
		QM_STR(record.body, goldens[i].body);
		QM_STR(record.addr, goldens[i].addr);
		QM_INT(record.len, strlen(goldens[i].body));
		QM_INT(record.success, event.kind != QM_EVENT_LOST);
		QM_STR(qm_readback(&record, &event, &origin, 118), NULL);
	}
}

static void test_every_name(void)
{
	static const char *const reasons[] = {
		"unknown",	   "deleted",	  "rekeyed",		 "expired",	 "dpd",
		"ike-deleted", "ike-expired", "reauthenticated", "replaced", "shutdown",
		"parse-error", "external-delete", "external-flush", "daemon-died",
	};
	static const char *const parties[] = { "?", "local", "peer", "kernel", "external" };

	QM_INT(COUNT(reasons), QM_REASON_MAX);
	for (unsigned i = 0; i < COUNT(reasons); i++) {
		QM_STR(qm_reason_name(i), reasons[i]);
	}
	QM_STR(qm_reason_name(QM_REASON_MAX), "unknown");
	QM_STR(qm_reason_name(-1), "unknown");
	QM_INT(COUNT(parties), QM_PARTY_MAX);
	for (unsigned i = 0; i < COUNT(parties); i++) {
		QM_STR(qm_party_name(i), parties[i]);
	}
	QM_STR(qm_party_name(QM_PARTY_MAX), "?");
	QM_STR(qm_loss_cause_name(QM_LOSS_QUEUE), "queue");
	QM_STR(qm_loss_cause_name(QM_LOSS_AUDIT), "audit");
	QM_STR(qm_loss_cause_name(QM_LOSS_NETLINK), "netlink");
	QM_STR(qm_loss_cause_name(QM_LOSS_STORE), "store");
	QM_STR(qm_loss_cause_name(QM_LOSS_MAX), "?");
}

static void test_names_of_runs(void)
{
	static const char *const lasts[] = { "?", "none", "stopped", "died", "rebooted" };
	static const char *const durabilities[] = { "none", "crash", "power" };

	QM_INT(COUNT(lasts), QM_LAST_MAX);
	for (unsigned i = 0; i < COUNT(lasts); i++) {
		QM_STR(qm_last_run_name(i), lasts[i]);
	}
	QM_STR(qm_last_run_name(QM_LAST_MAX), "?");
	QM_INT(COUNT(durabilities), QM_DURABLE_MAX);
	for (unsigned i = 0; i < COUNT(durabilities); i++) {
		QM_STR(qm_durability_name(i), durabilities[i]);
	}
	QM_STR(qm_durability_name(QM_DURABLE_MAX), "?");
}

static void test_marks(void)
{
	static const struct {
		struct qm_mark in;
		struct qm_mark out;
		const char *text;
	} marks[] = {
		{ { 0, 0 }, { 0, 0 }, " mark=0 " },
		{ { 42, UINT32_MAX }, { 42, UINT32_MAX }, " mark=42 " },
		{ { 42, 0xff }, { 42, 0xff }, " mark=42:0xff " },
		{ { 0, 0xff }, { 0, 0xff }, " mark=0:0xff " },
		{ { 42, 0 }, { 42, 0 }, " mark=42:0x0 " },
		{ { 42, UINT32_MAX }, { 0, 0 }, " mark=42/0 " },
		{ { 42, UINT32_MAX }, { 42, 0xff }, " mark=42/42:0xff " },
	};
	static struct qm_record record;
	struct qm_sa_facts sa;
	struct qm_event event = { .kind = QM_EVENT_ESTABLISHED, .sa = &sa };

	qm_sample_tunnel(&sa);
	for (size_t i = 0; i < COUNT(marks); i++) {
		sa.mark_in = marks[i].in;
		sa.mark_out = marks[i].out;
		QM_OK_FATAL(qm_record_format(&event, &origin, 1, &record));
		CU_ASSERT_PTR_NOT_NULL(strstr(record.body, marks[i].text));
		QM_STR(qm_readback(&record, &event, &origin, 1), NULL);
	}
}

static void test_values_out_of_range(void)
{
	static struct qm_record record;
	struct qm_sa_facts sa;
	struct qm_event event = { .kind = QM_EVENT_ENDED, .sa = &sa };

	qm_sample_tunnel(&sa);
	sa.direction = QM_DIRECTION_MAX;
	sa.satype = QM_SATYPE_MAX;
	sa.samode = QM_SAMODE_MAX;
	sa.local.family = 77;
	sa.remote.family = 77;
	event.reason = QM_REASON_MAX;
	event.ended_by = QM_PARTY_MAX;
	QM_OK_FATAL(qm_record_format(&event, &origin, 1, &record));
	QM_STR(record.addr, "");
	QM_STR(qm_readback(&record, &event, &origin, 1), NULL);
}

static void test_refusals(void)
{
	static struct qm_record record, before;
	/* an update is no record either */
	struct qm_event event = { .kind = QM_EVENT_UPDATED };

	memset(&record, '#', sizeof(record));
	before = record;
	QM_FAILS(qm_record_format(&event, &origin, 1, &record), -EINVAL);
	event.kind = QM_EVENT_ESTABLISHED;
	QM_FAILS(qm_record_format(&event, &origin, 1, &record), -EINVAL);
	event.kind = QM_EVENT_ENDED;
	QM_FAILS(qm_record_format(&event, &origin, 1, &record), -EINVAL);
	CU_ASSERT(!memcmp(&record, &before, sizeof(record)));
}

static void test_origin_unknown(void)
{
	static const struct qm_origin nobody;
	static struct qm_record record;
	struct qm_event event = { .kind = QM_EVENT_AUDIT_START };

	QM_OK_FATAL(qm_record_format(&event, &nobody, 1, &record));
	QM_STR(record.body, "op=audit-start instance=? version=" PACKAGE_VERSION
						" daemon=? daemon-version=? policy=not-configured "
						"durability=none last-run=? last-alive=? open-sas=0 waiting=0 "
						"when=0.000 rec-seq=1");
	QM_STR(qm_readback(&record, &event, &nobody, 1), NULL);
}

CU_TestInfo record_tests[] = {
	{ "records have the bytes they should and read back", test_golden },
	{ "reasons, parties and causes have their names", test_every_name },
	{ "an error without a name is not known", test_strange_error },
	{ "ends of runs and durabilities have their names", test_names_of_runs },
	{ "marks show a mask that matters", test_marks },
	{ "values out of range read as unknown", test_values_out_of_range },
	{ "an event without its facts is refused", test_refusals },
	{ "an unknown origin reads as unknown", test_origin_unknown },
	CU_TEST_INFO_NULL,
};
