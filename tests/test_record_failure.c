/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records of failed negotiations and of invalid packets.
 */
#include "record.h"

#include <errno.h>
#include <string.h>

#include "readback.h"
#include "samples.h"
#include "test.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define ONCE " count=1 since=1795438975.152"
#define END " when=1795438975.152 rec-seq=118"

static const struct qm_origin origin = {
	.instance = 7,
	.daemon = "charon-systemd",
	.daemon_version = "5.9.8",
};

static void nobody(struct qm_sa_facts *sa)
{
	*sa = (struct qm_sa_facts){ 0 };
}

/** The peer's address is all that is known of it. */
static void stranger(struct qm_sa_facts *sa)
{
	*sa = (struct qm_sa_facts){
		.direction = QM_DIRECTION_RESPONDER,
		.remote = qm_sample_addr("203.0.113.66", 0),
	};
}

/** Someone whose names and whose selectors are odd. */
static void oddity(struct qm_sa_facts *sa)
{
	qm_sample_tunnel6(sa);
	sa->child_sa = 0;
	sa->ike_version = 1;
	sa->direction = QM_DIRECTION_RESPONDER;
	sa->remote_ts = (struct qm_ts_list){ 0 };
	qm_sample_text(&sa->conn_name, "road warrior");
	qm_sample_text(&sa->child_name, "");
	qm_sample_text(&sa->remote_id, "x' res=success reason=none");
}

static void nothing_failed(struct qm_failure *failure)
{
	*failure = (struct qm_failure){ 0 };
}

static void private_notify(struct qm_failure *failure)
{
	qm_sample_refused(failure);
	failure->reason = QM_FAILURE_NOTIFY;
	failure->exchange = 250;
	failure->notify = 8192;
	qm_sample_text(&failure->proposals, "ESP:AES_CBC_128, ESP:3DES_CBC");
}

static void named_notify(struct qm_failure *failure)
{
	qm_sample_refused(failure);
	failure->reason = QM_FAILURE_NOTIFY;
	failure->notify = 42;
	failure->msgid = 0;
	failure->proposals.len = 0;
}

static const struct {
	void (*sa)(struct qm_sa_facts *sa);
	void (*failure)(struct qm_failure *failure);
	uint64_t count;
	const char *body;
	const char *addr;
} failures[] = {
	{ qm_sample_tunnel, qm_sample_refused, 1,
	  "op=start event-id=4654 acct=? direction=responder conn-name=\"gw\" "
	  "child-name=\"net\" ike-version=2 instance=7 ike-sa=17 child-sa=42 reqid=3 "
	  "laddr=192.0.2.1 lport=4500 raddr=198.51.100.7 rport=4500 "
	  "local-ts=10.1.0.0/16 remote-ts=10.2.0.0/16 "
	  "proposals=\"ESP:AES_CBC_256/HMAC_SHA2_256_128/NO_EXT_SEQ\" "
	  "local-id=\"gw.example.org\" remote-id=\"client.example.org\" "
	  "reason=proposal-mismatch-child failure-point=remote qm-state=first-sent "
	  "exchange=CREATE_CHILD_SA msgid=2 notify=NO_PROPOSAL_CHOSEN" ONCE END,
	  "198.51.100.7" },
	{ oddity, qm_sample_quick_mode, 1,
	  "op=start event-id=4654 acct=? direction=responder "
	  "conn-name=726F61642077617272696F72 child-name=? ike-version=1 instance=7 "
	  "ike-sa=178 child-sa=? reqid=12 laddr=2001:db8:1::1 lport=500 "
	  "raddr=2001:db8:ffff:ffff:ffff:ffff:ffff:fff7 rport=500 "
	  "local-ts=2001:db8:10::/48 remote-ts=? proposals=? "
	  "local-id=\"gw.example.org\" "
	  "remote-id=7827207265733D7375636365737320726561736F6E3D6E6F6E65 "
	  "reason=ts-mismatch failure-point=local qm-state=none exchange=QUICK_MODE "
	  "msgid=2623356447 notify=INVALID_ID_INFORMATION" ONCE END,
	  "2001:db8:ffff:ffff:ffff:ffff:ffff:fff7" },
	{ qm_sample_transport, qm_sample_quick_mode, 1,
	  "op=start event-id=4654 acct=\"bob\" direction=initiator conn-name=\"l2tp\" "
	  "child-name=\"l2tp\" ike-version=1 instance=7 ike-sa=8 child-sa=9 reqid=1 "
	  "laddr=192.168.1.2 lport=4500 raddr=203.0.113.9 rport=4500 "
	  "local-ts=192.168.1.2/32[udp/1701] remote-ts=203.0.113.9/32[udp] proposals=? "
	  "local-id=\"192.168.1.2\" remote-id=\"vpn@example.org\" reason=ts-mismatch "
	  "failure-point=local qm-state=none exchange=QUICK_MODE msgid=2623356447 "
	  "notify=INVALID_ID_INFORMATION" ONCE END,
	  "203.0.113.9" },
	{ nobody, nothing_failed, 1,
	  "op=start event-id=4654 acct=? direction=? conn-name=? child-name=? "
	  "ike-version=? instance=7 ike-sa=? child-sa=? reqid=? laddr=? lport=? raddr=? "
	  "rport=? local-ts=? remote-ts=? proposals=? local-id=? remote-id=? "
	  "reason=unknown failure-point=? qm-state=? exchange=? msgid=? notify=?" ONCE END,
	  "" },
	{ stranger, qm_sample_several, 4711,
	  "op=start event-id=4654 acct=? direction=responder conn-name=? child-name=? "
	  "ike-version=? instance=7 ike-sa=? child-sa=? reqid=? laddr=? lport=? "
	  "raddr=203.0.113.66 rport=? local-ts=? remote-ts=? proposals=? local-id=? "
	  "remote-id=? reason=several failure-point=? qm-state=? exchange=? msgid=? "
	  "notify=? count=4711 since=1795438915.007" END,
	  "203.0.113.66" },
	{ qm_sample_tunnel, private_notify, 1,
	  "op=start event-id=4654 acct=? direction=responder conn-name=\"gw\" "
	  "child-name=\"net\" ike-version=2 instance=7 ike-sa=17 child-sa=42 reqid=3 "
	  "laddr=192.0.2.1 lport=4500 raddr=198.51.100.7 rport=4500 "
	  "local-ts=10.1.0.0/16 remote-ts=10.2.0.0/16 "
	  "proposals=4553503A4145535F4342435F3132382C204553503A334445535F434243 "
	  "local-id=\"gw.example.org\" remote-id=\"client.example.org\" "
	  "reason=notify-8192 failure-point=remote qm-state=first-sent exchange=250 "
	  "msgid=2 notify=8192" ONCE END,
	  "198.51.100.7" },
	{ qm_sample_beet, named_notify, 1,
	  "op=start event-id=4654 acct=? direction=responder conn-name=\"beet\" "
	  "child-name=\"beet\" ike-version=2 instance=7 ike-sa=1 child-sa=2 reqid=1 "
	  "laddr=fe80::1 lport=500 raddr=fe80::2 rport=500 local-ts=fe80::1/128 "
	  "remote-ts=fe80::2/128 proposals=? local-id=\"fe80::1\" remote-id=\"fe80::2\" "
	  "reason=use-assigned-hoa failure-point=remote qm-state=first-sent "
	  "exchange=CREATE_CHILD_SA msgid=0 notify=USE_ASSIGNED_HoA" ONCE END,
	  "fe80::2" },
};

/** Writes an event and checks all of its record. */
static void check_record(const struct qm_event *event, const char *body,
						 const char *addr, bool success)
{
	static struct qm_record record;

	QM_OK_FATAL(qm_record_format(event, &origin, 118, &record));
	QM_STR(record.body, body);
	QM_STR(record.addr, addr);
	QM_INT(record.len, strlen(body));
	QM_INT(record.success, success);
	QM_STR(qm_readback(&record, event, &origin, 118), NULL);
}

static struct qm_event make_event(enum qm_event_kind kind, uint64_t count)
{
	return (struct qm_event){
		.kind = kind,
		.when_ms = 1795438975152,
		.since_ms = count > 1 ? 1795438915007 : 1795438975152,
		.count = count,
	};
}

static void test_failed(void)
{
	struct qm_sa_facts sa;
	struct qm_failure failure;

	for (size_t i = 0; i < COUNT(failures); i++) {
		struct qm_event event = make_event(QM_EVENT_FAILED, failures[i].count);

		failures[i].sa(&sa);
		failures[i].failure(&failure);
		event.sa = &sa;
		event.failure = &failure;
		check_record(&event, failures[i].body, failures[i].addr, false);
	}
}

static void nothing_invalid(struct qm_invalid *invalid)
{
	*invalid = (struct qm_invalid){ 0 };
}

/** A packet of which there is hardly more than the SPIs. */
static void stump(struct qm_invalid *invalid)
{
	qm_sample_tampered(invalid);
	invalid->packet = (struct qm_packet){
		.len = 17, .has_spis = true, .spi_i = 0, .spi_r = 0x10,
	};
	invalid->ike_sa = 0;
	invalid->fault = QM_FAULT_BAD_HEADER;
	invalid->authenticated = QM_TRI_UNKNOWN;
}

static void oddest(struct qm_invalid *invalid)
{
	qm_sample_stray(invalid);
	invalid->packet.version = 15;
	invalid->packet.msgid = 0;
	invalid->fault = QM_FAULT_MALFORMED;
	invalid->authenticated = QM_TRI_YES;
}

static const struct {
	void (*invalid)(struct qm_invalid *invalid);
	uint64_t count;
	const char *body;
	const char *addr;
} packets[] = {
	{ qm_sample_tampered, 1,
	  "op=invalid-packet event-id=4977 ike-version=2 exchange=CREATE_CHILD_SA msgid=2 "
	  "instance=7 ike-sa=17 ike-spi-i=0123456789abcdef ike-spi-r=00000000cafe0001 "
	  "laddr=192.0.2.1 lport=4500 raddr=198.51.100.7 rport=4500 packet-len=252 "
	  "reason=bad-integrity authenticated=no" ONCE END,
	  "198.51.100.7" },
	{ qm_sample_stray, 1,
	  "op=invalid-packet event-id=4977 ike-version=1 exchange=QUICK_MODE "
	  "msgid=3735928559 instance=7 ike-sa=? ike-spi-i=ffffffffffffffff "
	  "ike-spi-r=0000000000000000 laddr=2001:db8:1::1 lport=500 "
	  "raddr=2001:db8:ffff::0 rport=500 packet-len=188 reason=unknown-ike-sa "
	  "authenticated=no" ONCE END,
	  "2001:db8:ffff::0" },
	{ stump, 1,
	  "op=invalid-packet event-id=4977 ike-version=? exchange=? msgid=? instance=7 "
	  "ike-sa=? ike-spi-i=0000000000000000 ike-spi-r=0000000000000010 "
	  "laddr=192.0.2.1 lport=4500 raddr=198.51.100.7 rport=4500 packet-len=17 "
	  "reason=bad-header authenticated=?" ONCE END,
	  "198.51.100.7" },
	{ oddest, 1,
	  "op=invalid-packet event-id=4977 ike-version=15 exchange=32 msgid=0 instance=7 "
	  "ike-sa=? ike-spi-i=ffffffffffffffff ike-spi-r=0000000000000000 "
	  "laddr=2001:db8:1::1 lport=500 raddr=2001:db8:ffff::0 rport=500 "
	  "packet-len=188 reason=malformed authenticated=yes" ONCE END,
	  "2001:db8:ffff::0" },
	{ nothing_invalid, 1,
	  "op=invalid-packet event-id=4977 ike-version=? exchange=? msgid=? instance=7 "
	  "ike-sa=? ike-spi-i=? ike-spi-r=? laddr=? lport=? raddr=? rport=? packet-len=? "
	  "reason=unknown authenticated=?" ONCE END,
	  "" },
	{ qm_sample_flood, UINT64_MAX,
	  "op=invalid-packet event-id=4977 ike-version=? exchange=? msgid=? instance=7 "
	  "ike-sa=? ike-spi-i=? ike-spi-r=? laddr=? lport=? raddr=203.0.113.77 rport=? "
	  "packet-len=? reason=several authenticated=? count=18446744073709551615 "
	  "since=1795438915.007" END,
	  "203.0.113.77" },
};

/** The text is the same in both classes, res= is not. */
static void test_invalid(void)
{
	struct qm_invalid invalid;

	for (size_t i = 0; i < COUNT(packets); i++) {
		struct qm_event event = make_event(QM_EVENT_INVALID_PACKET, packets[i].count);

		packets[i].invalid(&invalid);
		event.invalid = &invalid;
		check_record(&event, packets[i].body, packets[i].addr, false);
		event.invalid_is_success = true;
		check_record(&event, packets[i].body, packets[i].addr, true);
	}
}

/** Every number that a notify, an exchange or a reason can have reads back. */
static void test_every_name(void)
{
	static struct qm_record record;
	struct qm_sa_facts sa;
	struct qm_failure failure;
	struct qm_event event = make_event(QM_EVENT_FAILED, 1);

	qm_sample_tunnel(&sa);
	qm_sample_refused(&failure);
	event.sa = &sa;
	event.failure = &failure;
	for (sa.ike_version = 0; sa.ike_version <= 3; sa.ike_version++) {
		for (unsigned i = 0; i < 300; i++) {
			failure.exchange = (uint8_t)i;
			failure.notify = (uint16_t)(i < 290 ? i : UINT16_MAX - (i - 290));
			failure.reason = i < 256 ? QM_FAILURE_NOTIFY : i % (QM_FAILURE_MAX + 2);
			failure.point = i % (QM_PARTY_MAX + 2);
			failure.state = i % (QM_NEGO_STATE_MAX + 2);
			QM_OK_FATAL(qm_record_format(&event, &origin, i, &record));
			QM_STR(qm_readback(&record, &event, &origin, i), NULL);
		}
	}
}

static void test_every_fault(void)
{
	static struct qm_record record;
	struct qm_invalid invalid;
	struct qm_event event = make_event(QM_EVENT_INVALID_PACKET, 1);

	qm_sample_tampered(&invalid);
	event.invalid = &invalid;
	for (unsigned i = 0; i < 256; i++) {
		invalid.packet.exchange = (uint8_t)i;
		invalid.packet.version = i % 4;
		invalid.fault = i % (QM_FAULT_MAX + 2);
		invalid.authenticated = i % (QM_TRI_MAX + 2);
		QM_OK_FATAL(qm_record_format(&event, &origin, i, &record));
		QM_STR(qm_readback(&record, &event, &origin, i), NULL);
	}
}

static void test_names(void)
{
	QM_STR(qm_failure_name(QM_FAILURE_NOTIFY), NULL);
	QM_STR(qm_failure_name(QM_FAILURE_TIMEOUT), "retransmit-send-timeout");
	QM_STR(qm_failure_name(QM_FAILURE_MAX), "unknown");
	QM_STR(qm_failure_name(-1), "unknown");
	QM_STR(qm_nego_state_name(QM_NEGO_FIRST_SENT), "first-sent");
	QM_STR(qm_nego_state_name(QM_NEGO_STATE_MAX), "?");
	QM_STR(qm_nego_state_name(-1), "?");
	QM_STR(qm_notify_name(1, 14), "NO_PROPOSAL_CHOSEN");
	QM_STR(qm_notify_name(2, 8), NULL);
	QM_STR(qm_notify_name(2, 49), "REGISTRATION_FAILED");
	QM_STR(qm_notify_name(2, 50), NULL);
	QM_STR(qm_notify_name(2, 16383), NULL);
	QM_STR(qm_notify_name(1, 31), NULL);
	QM_STR(qm_notify_name(1, 0), NULL);
}

static void test_refusals(void)
{
	static struct qm_record record, before;
	struct qm_sa_facts sa;
	struct qm_failure failure;
	struct qm_event event = make_event(QM_EVENT_FAILED, 1);

	memset(&record, '#', sizeof(record));
	before = record;
	qm_sample_tunnel(&sa);
	qm_sample_refused(&failure);
	event.sa = &sa;
	QM_FAILS(qm_record_format(&event, &origin, 1, &record), -EINVAL);
	event.sa = NULL;
	event.failure = &failure;
	QM_FAILS(qm_record_format(&event, &origin, 1, &record), -EINVAL);
	event.kind = QM_EVENT_INVALID_PACKET;
	event.sa = &sa;
	QM_FAILS(qm_record_format(&event, &origin, 1, &record), -EINVAL);
	CU_ASSERT(!memcmp(&record, &before, sizeof(record)));
}

CU_TestInfo record_failure_tests[] = {
	{ "failed negotiations have the bytes they should", test_failed },
	{ "invalid packets have the bytes they should", test_invalid },
	{ "every notify, exchange and reason reads back", test_every_name },
	{ "every fault reads back", test_every_fault },
	{ "names out of range", test_names },
	{ "an event without what failed is refused", test_refusals },
	CU_TEST_INFO_NULL,
};
