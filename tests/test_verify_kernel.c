/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's records of SAs beside ours: what one has and the other has not.
 */
#include "verify.h"

#include <stdio.h>
#include <string.h>

#include "test.h"
#include "verify_kit.h"

#define OTHER_SPI 0xabcdef01u

static const struct vk_who gw = { NULL, 100, 1 };

static struct vk_trail trail;

/** Two SA pairs that the kernel has as well, the second one open. */
static void play(void)
{
	trail.count = 0;
	vk_start(&trail, &gw, 0, "success", "");
	vk_kernel_pair(&trail, &gw, 990, "SAD-add", 1);
	vk_up(&trail, &gw, 1000, 2, 1);
	vk_down(&trail, &gw, 100, 50000, 3, 1, 49000, "");
	vk_kernel_pair(&trail, &gw, 50010, "SAD-delete", 1);
	vk_kernel_pair(&trail, &gw, 59990, "SAD-add", 2);
	vk_up(&trail, &gw, 60000, 4, 2);
	vk_record(&trail, &gw, 200000, 5, "op=invalid-packet event-id=4977 instance=1");
}

static void is(const char *faults, const char *notes)
{
	struct vk_verdict verdict;

	vk_judge(&trail, &verdict);
	QM_STR(verdict.faults, faults);
	QM_STR(verdict.notes, notes);
}

static void test_agree(void)
{
	play();
	is("", "");
	/* clocks differ a little */
	play();
	vk_alter(&trail, vk_find(&trail, "event-id=5451", "child-sa=2"), "when=1795439035.0",
			 "when=1795439034.9");
	is("", "");
}

/** SAs that no record of ours names. */
static const struct {
	const char *what;
	unsigned spi;
	unsigned pid;
	uint64_t added;
	/** 0 for never */
	uint64_t deleted;
	const char *from;
	const char *to;
	const char *faults;
	const char *notes;
} unnamed[] = {
	{ "ours, and there to stay", OTHER_SPI, 100, 70000, 0, NULL, NULL, "kernel-only@0",
	  "" },
	{ "ours, for long", OTHER_SPI, 100, 70000, 130000, NULL, NULL, "kernel-only@0", "" },
	{ "ours, for a moment", OTHER_SPI, 100, 70000, 75000, NULL, NULL, "", "brief-sa@0" },
	{ "ours, just now", OTHER_SPI, 100, 190000, 0, NULL, NULL, "", "" },
	{ "ours, of IPComp", 4711, 100, 70000, 0, NULL, NULL, "", "" },
	{ "ours, refused by the kernel", OTHER_SPI, 100, 70000, 0, "res=1", "res=0", "", "" },
	{ "a charon's that writes nothing", OTHER_SPI, 999, 70000, 0, NULL, NULL,
	  "kernel-only@0", "" },
	{ "somebody's", OTHER_SPI, 999, 70000, 0, "exe=\"/usr/lib/ipsec/charon\"",
	  "exe=\"/usr/sbin/ip\"", "", "foreign-sa@0" },
	{ "nobody knows whose, our address", OTHER_SPI, 0, 70000, 0, NULL, NULL,
	  "kernel-only@0", "" },
	{ "nobody knows whose, others' addresses", OTHER_SPI, 0, 70000, 0, "src=192.0.2.1",
	  "src=198.51.100.1", "", "foreign-sa@0" },
	{ "before there was a daemon", OTHER_SPI, 0, 0, 0, "audit(1795438975",
	  "audit(1795438900", "", "" },
};

static void test_unnamed(void)
{
	for (size_t i = 0; i < sizeof(unnamed) / sizeof(unnamed[0]); i++) {
		const size_t at = (play(), trail.count);

		vk_kernel(&trail, NULL, unnamed[i].added, "SAD-add", unnamed[i].spi,
				  unnamed[i].pid);
		if (unnamed[i].from) {
			const bool call = !strncmp(unnamed[i].from, "exe", 3);

			vk_alter(&trail, at + call, unnamed[i].from, unnamed[i].to);
		}
		if (unnamed[i].deleted) {
			vk_kernel(&trail, NULL, unnamed[i].deleted, "SAD-delete", unnamed[i].spi,
					  unnamed[i].pid);
		}
		printf("# %s\n", unnamed[i].what);
		is(unnamed[i].faults, unnamed[i].notes);
	}
}

static void test_told_of(void)
{
	play();
	vk_kernel(&trail, NULL, 70000, "SAD-add", OTHER_SPI, 0);
	vk_record(&trail, &gw, 80000, 6, "op=unknown-sa instance=1 spi=%u(0x%x)", OTHER_SPI,
			  OTHER_SPI);
	is("", "unknown-sa@6");
}

/** While the policy has no success written, nothing names an SA. */
static void test_silent(void)
{
	play();
	vk_policy(&trail, &gw, 201000, 6, "success", "failure");
	vk_kernel(&trail, NULL, 210000, "SAD-add", OTHER_SPI, 100);
	vk_policy(&trail, &gw, 300000, 7, "failure", "success");
	is("", "");
	vk_kernel(&trail, NULL, 310000, "SAD-add", OTHER_SPI + 1, 100);
	vk_record(&trail, &gw, 400000, 8, "op=invalid-packet event-id=4977 instance=1");
	is("kernel-only@0", "");
}

static void remove_kernel(const char *op, unsigned child, bool both)
{
	char spi[40];

	for (int out = 0; out < 1 + both; out++) {
		snprintf(spi, sizeof(spi), "spi=%u(", vk_spi(1, 100, child, out));
		vk_remove(&trail, vk_find(&trail, op, spi));
	}
}

static void test_not_in_kernel(void)
{
	play();
	remove_kernel("SAD-add", 2, false);
	is("not-in-kernel@4", "");
	play();
	remove_kernel("SAD-delete", 1, true);
	is("", "");
	/* the kernel's records begin later, or end earlier */
	play();
	remove_kernel("SAD-add", 1, true);
	is("", "");
	play();
	remove_kernel("SAD-add", 2, true);
	is("", "");
	vk_kernel(&trail, NULL, 70000, "SAD-add", OTHER_SPI, 0);
	is("not-in-kernel@4 kernel-only@0", "");
	/* audit was away, so that our record was sent late and the kernel's never */
	vk_alter(&trail, vk_find(&trail, "event-id=5451", "child-sa=2"),
			 "msg=audit(1795439035", "msg=audit(1795439095");
	is("kernel-only@0", "");
}

/** kernel-libipsec: none of its SAs is in the kernel, and it has no counts. */
static void test_apart(void)
{
	const struct vk_who apart = { NULL, 300, 1 };

	play();
	vk_start(&trail, &apart, 60500, "success", "");
	vk_up(&trail, &apart, 61000, 2, 1);
	vk_down(&trail, &apart, 300, 62000, 3, 1, 1000, "");
	vk_up(&trail, &apart, 63000, 4, 2);
	vk_kernel(&trail, NULL, 100000, "SAD-add", 4711, 100);
	is("not-in-kernel@2", "apart@4");
	vk_alter(&trail, vk_find(&trail, "pid=300", "event-id=5452"),
			 "bytes-in=1 bytes-out=1", "bytes-in=? bytes-out=?");
	is("", "apart@2");
}

static const struct {
	const char *text;
	bool wanted;
	bool read;
} lines[] = {
	{ "type=MAC_IPSEC_EVENT msg=audit(1.000:5): op=SAD-add auid=1 src=1.2.3.4 "
	  "dst=::1 spi=7(0x7) res=1", true, true },
	{ "node=x type=MAC_IPSEC_EVENT msg=audit(1.000:5): op=SAD-delete src=1.2.3.4 "
	  "dst=::1 spi=7(0x7) res=1", true, true },
	{ "type=SYSCALL msg=audit(1.000:5): arch=x pid=4 exe=2F62", true, true },
	{ "type=SYSCALL msg=audit(1.000:6): arch=x pid=4 exe=2F62", false, true },
	{ "type=SYSCALL msg=audit(1.000:5): arch=x ppid=4", true, false },
	{ "type=SYSCALL msg=audit(1.000:5): pid=99999999999", true, false },
	{ "type=MAC_IPSEC_EVENT msg=audit(1.000:5): op=SPD-add src=1.2.3.4", false, false },
	{ "type=MAC_IPSEC_EVENT msg=audit(1.000:5): op=SAD-add src=1.2.3.4 dst=1.2.3.4 "
	  "spi=0(0x0) res=1", true, false },
	{ "type=MAC_IPSEC_EVENT msg=audit(1.000:5): op=SAD-add src=1.2.3 dst=1.2.3.4 "
	  "spi=1(0x1) res=1", true, false },
	{ "type=MAC_IPSEC_EVENT msg=audit(1.000:5): op=SAD-add ", true, false },
	{ "type=MAC_IPSEC_EVENT msg=audit(1.000:5):", false, false },
	{ "type=MAC_IPSEC_EVENT msg=audit(1.000", false, false },
	{ "type=MAC_IPSEC_EVENT msg=audit()1.000:5: op=SAD-add ", false, false },
	{ "type=MAC_IPSEC_EVENT msg=audit(11/24/26 10:00:00.000:5): op=SAD-add ", false,
	  false },
	{ "node=x", false, false },
	{ "", false, false },
};

static void test_lines(void)
{
	struct qm_kernel_recent recent = { 0 };
	struct qm_kernel_line line;

	for (size_t i = 0; i < sizeof(lines) / sizeof(lines[0]); i++) {
		const struct qm_span text = qm_span_of(lines[i].text);

		printf("# %s\n", lines[i].text);
		QM_INT(qm_kernel_line_is_wanted(&recent, text), lines[i].wanted);
		QM_INT(qm_kernel_line_parse(text, &line) == 0, lines[i].read);
	}
	QM_OK_FATAL(qm_kernel_line_parse(qm_span_of(lines[1].text), &line));
	CU_ASSERT(qm_span_is(line.node, "x"));
	QM_INT(line.op, QM_KERNEL_DELETE);
	QM_INT(line.stamp_ms, 1000);
	QM_INT(line.serial, 5);
	QM_INT(line.spi, 7);
	QM_INT(line.src.s6_addr[15], 4);
	QM_INT(line.src.s6_addr[11], 0xff);
	QM_INT(line.dst.s6_addr[15], 1);
	QM_INT(line.dst.s6_addr[11], 0);
	QM_OK_FATAL(qm_kernel_line_parse(qm_span_of(lines[2].text), &line));
	QM_INT(line.pid, 4);
	CU_ASSERT(qm_span_is(line.exe, "2F62"));
	CU_ASSERT(qm_kernel_line_is_call(qm_span_of("node=x type=SYSCALL msg=")));
	CU_ASSERT(!qm_kernel_line_is_call(qm_span_of("type=SYSCALLS msg=")));
}

CU_TestInfo verify_kernel_tests[] = {
	{ "both agree", test_agree },
	{ "SAs that no record names", test_unnamed },
	{ "an SA that an unknown-sa names", test_told_of },
	{ "SAs while no success is written", test_silent },
	{ "SA pairs of which the kernel does not tell", test_not_in_kernel },
	{ "SAs that are not in the kernel", test_apart },
	{ "its lines", test_lines },
	CU_TEST_INFO_NULL,
};
