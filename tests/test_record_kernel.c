/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What only the kernel can tell, in records: SAs that the daemon does not own,
 * the counters of an end, and who ended it from outside.
 */
#include <errno.h>
#include <string.h>

#include "readback.h"
#include "record.h"
#include "samples.h"
#include "test.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define KNOWN(number) { .known = true, .n = (number) }

#define END_OF_TUNNEL \
	"op=destroy event-id=5452 acct=? direction=responder conn-name=\"gw\" " \
	"child-name=\"net\" ike-version=2 instance=7 ike-sa=17 child-sa=42 reqid=3 if-id=0 " \
	"mark=0 satype=ipsec-esp samode=tunnel in-spi=3240314215(0xc1234567) " \
	"out-spi=3472443838(0xcef949be) laddr=192.0.2.1 lport=4500 raddr=198.51.100.7 " \
	"rport=4500 proto=0 local-ts=10.1.0.0/16 remote-ts=10.2.0.0/16 remote-vip=? " \
	"local-id=\"gw.example.org\" remote-id=\"client.example.org\" "

static const struct qm_origin origin = {
	.instance = 7,
	.daemon = "charon-systemd",
	.daemon_version = "5.9.8",
};

static void sample_nothing(struct qm_kernel_sa *sa)
{
	*sa = (struct qm_kernel_sa){ 0 };
}

static void sample_out_of_range(struct qm_kernel_sa *sa)
{
	qm_sample_manual(sa);
	sa->id.satype = QM_SATYPE_MAX;
	sa->samode = QM_SAMODE_MAX;
	sa->id.dst.family = 77;
}

static void sample_forgery(struct qm_kernel_sa *sa)
{
	qm_sample_foreign(sa);
	memcpy(sa->comm, "x' res=success", sizeof("x' res=success"));
}

static const struct {
	void (*sample)(struct qm_kernel_sa *sa);
	const char *body;
} unknown[] = {
	{ qm_sample_manual,
	  "op=unknown-sa instance=7 satype=ipsec-esp samode=transport spi=4096(0x1000) "
	  "src-addr=192.0.2.1 dst-addr=198.51.100.7 reqid=? if-id=0 mark=0 creator=? "
	  "creator-proc=? since=1795438965.000 when=1795438975.152 rec-seq=118" },
	{ qm_sample_foreign,
	  "op=unknown-sa instance=7 satype=ipsec-ah samode=tunnel "
	  "spi=3735928559(0xdeadbeef) src-addr=2001:db8:ffff::0 dst-addr=2001:db8:1::1 "
	  "reqid=16385 if-id=7 mark=42:0xff creator=\"pluto\" creator-proc=4711 "
	  "since=1795438965.000 when=1795438975.152 rec-seq=118" },
	{ sample_nothing,
	  "op=unknown-sa instance=7 satype=? samode=? spi=? src-addr=? dst-addr=? reqid=? "
	  "if-id=0 mark=0 creator=? creator-proc=? since=1795438965.000 "
	  "when=1795438975.152 rec-seq=118" },
	{ sample_out_of_range,
	  "op=unknown-sa instance=7 satype=? samode=? spi=4096(0x1000) src-addr=192.0.2.1 "
	  "dst-addr=? reqid=? if-id=0 mark=0 creator=? creator-proc=? "
	  "since=1795438965.000 when=1795438975.152 rec-seq=118" },
	{ sample_forgery,
	  "op=unknown-sa instance=7 satype=ipsec-ah samode=tunnel "
	  "spi=3735928559(0xdeadbeef) src-addr=2001:db8:ffff::0 dst-addr=2001:db8:1::1 "
	  "reqid=16385 if-id=7 mark=42:0xff creator=7827207265733D73756363657373 "
	  "creator-proc=4711 since=1795438965.000 when=1795438975.152 rec-seq=118" },
};

static void test_unknown_sa(void)
{
	static struct qm_record record;
	struct qm_kernel_sa sa;
	const struct qm_event event = {
		.kind = QM_EVENT_UNKNOWN_SA,
		.when_ms = 1795438975152,
		.since_ms = 1795438965000,
		.kernel = &sa,
	};

	for (size_t i = 0; i < COUNT(unknown); i++) {
		unknown[i].sample(&sa);
		QM_OK_FATAL(qm_record_format(&event, &origin, 118, &record));
		QM_STR(record.body, unknown[i].body);
		/* it has no peer, as far as anybody knows */
		QM_STR(record.addr, "");
		CU_ASSERT(record.success);
		QM_STR(qm_readback(&record, &event, &origin, 118), NULL);
	}
}

static void test_without_sa(void)
{
	static struct qm_record record;
	const struct qm_event event = { .kind = QM_EVENT_UNKNOWN_SA };

	QM_FAILS(qm_record_format(&event, &origin, 1, &record), -EINVAL);
}

static const struct {
	struct qm_event event;
	const char *rest;
} ends[] = {
	{ { .reason = QM_REASON_EXTERNAL_DELETE,
		.ended_by = QM_PARTY_EXTERNAL,
		.traffic = { .bytes_in = KNOWN(84000), .packets_in = KNOWN(1000) },
		.duration_ms = 5001 },
	  "reason=external-delete ended-by=external bytes-in=84000 bytes-out=? "
	  "packets-in=1000 packets-out=? duration=5.001 total-bytes-in=? "
	  "total-bytes-out=? rekeys=0 last-seen=? when=1795438975.152 rec-seq=118" },
	{ { .reason = QM_REASON_EXTERNAL_FLUSH, .ended_by = QM_PARTY_EXTERNAL },
	  "reason=external-flush ended-by=external bytes-in=? bytes-out=? packets-in=? "
	  "packets-out=? duration=0.000 total-bytes-in=? total-bytes-out=? rekeys=0 "
	  "last-seen=? when=1795438975.152 rec-seq=118" },
	{ { .reason = QM_REASON_EXPIRED,
		.ended_by = QM_PARTY_KERNEL,
		.traffic = { KNOWN(1), KNOWN(0), KNOWN(3), KNOWN(0) },
		.total_bytes_in = KNOWN(5),
		.total_bytes_out = KNOWN(0),
		.rekeys = 2 },
	  "reason=expired ended-by=kernel bytes-in=1 bytes-out=0 packets-in=3 "
	  "packets-out=0 duration=0.000 total-bytes-in=5 total-bytes-out=0 rekeys=2 "
	  "last-seen=? when=1795438975.152 rec-seq=118" },
};

static void test_ends(void)
{
	static struct qm_record record;
	char body[QM_RECORD_MAX];
	struct qm_sa_facts sa;
	struct qm_event event;

	qm_sample_tunnel(&sa);
	for (size_t i = 0; i < COUNT(ends); i++) {
		event = ends[i].event;
		event.kind = QM_EVENT_ENDED;
		event.when_ms = 1795438975152;
		event.sa = &sa;
		QM_OK_FATAL(qm_record_format(&event, &origin, 118, &record));
		snprintf(body, sizeof(body), END_OF_TUNNEL "%s", ends[i].rest);
		QM_STR(record.body, body);
		QM_STR(qm_readback(&record, &event, &origin, 118), NULL);
	}
}

static void test_loss(void)
{
	static struct qm_record record;
	const struct qm_event event = {
		.kind = QM_EVENT_LOST,
		.when_ms = 1795438975152,
		.since_ms = 1795438965000,
		.cause = QM_LOSS_NETLINK,
		.lost = 4711,
	};

	QM_OK_FATAL(qm_record_format(&event, &origin, 118, &record));
	QM_STR(record.body, "op=lost instance=7 count=4711 since=1795438965.000 "
						"cause=netlink when=1795438975.152 rec-seq=118");
	QM_STR(qm_readback(&record, &event, &origin, 118), NULL);
}

CU_TestInfo record_kernel_tests[] = {
	{ "an SA that the daemon does not own", test_unknown_sa },
	{ "such an event without the SA is refused", test_without_sa },
	{ "ends that the kernel tells of, with what it counted", test_ends },
	{ "notifications lost", test_loss },
	CU_TEST_INFO_NULL,
};
