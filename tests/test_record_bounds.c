/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What holds for every record: its length, its field names, and that no name
 * or identity gets out of its own value.
 */
#include "record.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "readback.h"
#include "samples.h"
#include "test.h"
#include "text.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/** What the kernel keeps of a user message, AUDIT_MESSAGE_TEXT_MAX. */
#define KERNEL_MAX 8560
/** What survives wherever a record may end up: the kernel's log keeps 976 bytes of a
 * line, and begins it with some 120 of its own. */
#define TYPICAL_MAX 855

/** Writes a record and reads it back. */
static const struct qm_record *write_event(const struct qm_event *event,
										   uint32_t instance, uint64_t seq)
{
	static struct qm_record record;
	const struct qm_origin origin = {
		.instance = instance,
		.daemon = "charon-systemd",
		.daemon_version = "5.9.8",
	};

	QM_OK_FATAL(qm_record_format(event, &origin, seq, &record));
	QM_STR(qm_readback(&record, event, &origin, seq), NULL);
	return &record;
}

/** What is not of a CHILD_SA but of a failure, a packet, or the kernel. */
static struct qm_failure failure;
static struct qm_invalid invalid;
static struct qm_kernel_sa kernel;

static struct qm_count known(uint64_t n)
{
	return (struct qm_count){ .known = true, .n = n };
}

/** A record of these facts with every number as long as it can be. */
static const struct qm_record *write_record(enum qm_event_kind kind,
											const struct qm_sa_facts *sa)
{
	const struct qm_count most = known(UINT64_MAX);
	const struct qm_event event = {
		.kind = kind,
		.when_ms = UINT64_MAX,
		.sa = sa,
		.old_child_sa = UINT32_MAX,
		.reason = QM_REASON_REAUTHENTICATED,
		.ended_by = QM_PARTY_EXTERNAL,
		.traffic = { most, most, most, most },
		.total_bytes_in = most,
		.total_bytes_out = most,
		.duration_ms = UINT64_MAX,
		.rekeys = UINT32_MAX,
		.failure = &failure,
		.invalid = &invalid,
		.kernel = &kernel,
		.count = UINT64_MAX,
		.old_policy = { QM_TRI_YES, QM_TRI_YES },
		.cause = QM_LOSS_QUEUE,
		.lost = UINT64_MAX,
		.since_ms = UINT64_MAX,
		.written = UINT64_MAX,
		.last_seen_ms = UINT64_MAX,
		.inherited = { QM_LAST_REBOOTED, UINT64_MAX, UINT64_MAX, UINT64_MAX },
		.error = ENOSPC,
	};

	return write_event(&event, UINT32_MAX, UINT64_MAX);
}

/** A record of these facts on a busy gateway that has run for long. */
static const struct qm_record *write_typical(enum qm_event_kind kind,
											 const struct qm_sa_facts *sa)
{
	const struct qm_event event = {
		.kind = kind,
		.when_ms = 1795438975152,
		.sa = sa,
		.old_child_sa = 123456,
		.reason = QM_REASON_REAUTHENTICATED,
		.ended_by = QM_PARTY_LOCAL,
		.traffic = { known(12345678901), known(98765432109), known(12345678),
					 known(98765432) },
		.total_bytes_in = known(123456789012),
		.total_bytes_out = known(987654321098),
		.duration_ms = 28799123,
		.rekeys = 12,
		.failure = &failure,
		.invalid = &invalid,
		.kernel = &kernel,
		.count = 12345,
		.old_policy = { QM_TRI_YES, QM_TRI_YES },
		.cause = QM_LOSS_QUEUE,
		.lost = 12345,
		.since_ms = 1795438970007,
		.written = 1234567,
		.inherited = { QM_LAST_REBOOTED, 1795438970007, 12345, 123456 },
		.durability = QM_DURABLE_POWER,
		.old_durability = QM_DURABLE_CRASH,
		.error = ENOSPC,
	};

	return write_event(&event, 123, 1234568);
}

/** Length of the text that libaudit sends, for an executable of this name. */
static size_t sent_length(const struct qm_record *record, const char *exe)
{
	return record->len + strlen(" exe=\"\" hostname=? addr= terminal=? res=success") +
		   strlen(exe) + strlen(record->addr);
}

static void test_typical(void)
{
	static const struct {
		void (*sa)(struct qm_sa_facts *sa);
		void (*failure)(struct qm_failure *failure);
		void (*invalid)(struct qm_invalid *invalid);
		void (*kernel)(struct qm_kernel_sa *sa);
	} samples[] = {
		{ qm_sample_tunnel, qm_sample_refused, qm_sample_tampered, qm_sample_manual },
		{ qm_sample_tunnel6, qm_sample_refused, qm_sample_stray, qm_sample_foreign },
		{ qm_sample_transport, qm_sample_quick_mode, qm_sample_flood, qm_sample_manual },
		{ qm_sample_beet, qm_sample_several, qm_sample_stray, qm_sample_foreign },
	};
	struct qm_sa_facts sa;
	const struct qm_record *record;

	for (size_t i = 0; i < COUNT(samples); i++) {
		samples[i].sa(&sa);
		samples[i].failure(&failure);
		samples[i].invalid(&invalid);
		samples[i].kernel(&kernel);
		for (enum qm_event_kind kind = 0; kind < QM_EVENT_KIND_MAX; kind++) {
			record = write_typical(kind, &sa);
			CU_ASSERT(sent_length(record, "/usr/sbin/charon-systemd") <= TYPICAL_MAX);
		}
	}
}

static void test_longest(void)
{
	char exe[2048];
	struct qm_sa_facts sa;
	const struct qm_record *record;

	memset(exe, 'x', sizeof(exe));
	exe[sizeof(exe) - 1] = '\0';
	qm_sample_longest(&sa);
	qm_sample_longest_failure(&failure);
	qm_sample_longest_invalid(&invalid);
	qm_sample_longest_kernel_sa(&kernel);
	for (enum qm_event_kind kind = 0; kind < QM_EVENT_KIND_MAX; kind++) {
		record = write_record(kind, &sa);
		CU_ASSERT(record->len < QM_RECORD_MAX);
		CU_ASSERT(sent_length(record, exe) < KERNEL_MAX);
	}
}

/** Kinds of records with names in them. */
static const enum qm_event_kind with_names[] = {
	QM_EVENT_ESTABLISHED, QM_EVENT_ENDED, QM_EVENT_FAILED, QM_EVENT_UNKNOWN_SA,
};

/** Puts `s` wherever a peer or an administrator can put something. */
static void set_texts(struct qm_sa_facts *sa, const char *s)
{
	qm_sample_text(&sa->acct, s);
	qm_sample_text(&sa->conn_name, s);
	qm_sample_text(&sa->child_name, s);
	qm_sample_text(&sa->local_id, s);
	qm_sample_text(&sa->remote_id, s);
	qm_sample_text(&failure.proposals, s);
	memset(kernel.comm, 0, sizeof(kernel.comm));
	memcpy(kernel.comm, s, strnlen(s, sizeof(kernel.comm)));
	snprintf(sa->cipher, sizeof(sa->cipher), "%s", s);
	snprintf(sa->integ, sizeof(sa->integ), "%s", s);
	snprintf(sa->pfs, sizeof(sa->pfs), "%s", s);
}

static void test_forgeries(void)
{
	static const char *const forgeries[] = {
		"x\" res=success op=start",
		"x' res=failed",
		"x res=success",
		"x\nop=destroy",
		"x\ntype=CRYPTO_IPSEC_SA msg=audit(1795438975.152:1): op=start",
		"x\x1dUID=\"root\"",
		"x' exe=\"/bin/sh\" hostname=evil addr=203.0.113.66 terminal=tty1 res=success'",
		"res=success",
		"uid=0",
		"msg='op=start",
		"key=x",
		"\\",
		"\\\"",
		"x,", "x:", "x'", "x)",
		"?",
		"(null)",
		"7822",
		"\xff\xfe",
	};
	struct qm_sa_facts sa;
	const struct qm_record *record;

	qm_sample_tunnel(&sa);
	qm_sample_refused(&failure);
	qm_sample_foreign(&kernel);
	for (size_t i = 0; i < COUNT(forgeries); i++) {
		set_texts(&sa, forgeries[i]);
		for (size_t k = 0; k < COUNT(with_names); k++) {
			record = write_record(with_names[k], &sa);
			CU_ASSERT(!strpbrk(record->body, "\n\x1d'"));
		}
	}
}

static void test_long_names(void)
{
	const size_t lengths[] = { 200, 255, 256, 257, 1000 };
	char s[1024];
	struct qm_sa_facts sa;

	qm_sample_tunnel(&sa);
	qm_sample_refused(&failure);
	qm_sample_foreign(&kernel);
	for (size_t i = 0; i < COUNT(lengths); i++) {
		memset(s, 'n', lengths[i]);
		qm_text_set(&sa.conn_name, s, lengths[i]);
		memset(s, ' ', lengths[i]);
		qm_text_set(&sa.remote_id, s, lengths[i]);
		qm_text_set(&failure.proposals, s, lengths[i]);
		for (size_t k = 0; k < COUNT(with_names); k++) {
			write_record(with_names[k], &sa);
		}
	}
}

static void test_cut_in_a_record(void)
{
	char s[300], expected[600] = " remote-id=";
	struct qm_sa_facts sa;
	const struct qm_record *record;

	for (size_t i = 0; i < sizeof(s); i += 2) {
		memcpy(s + i, "\xc3\xbc", 2);
	}
	qm_sample_tunnel(&sa);
	qm_text_set(&sa.remote_id, s, sizeof(s));
	for (int i = 0; i < 126; i++) {
		memcpy(expected + strlen(expected), "C3BC", 5);
	}
	memcpy(expected + strlen(expected), "2E2E2E when=", 13);
	record = write_record(QM_EVENT_ESTABLISHED, &sa);
	CU_ASSERT_PTR_NOT_NULL(strstr(record->body, expected));
}

/* What auparse rewrites, by lib/auparse typetab.h of audit 3.0.9 and 4.x: the
 * field would be shown as something that it is not. */
static const char *const interpreted[] = {
	"auid", "uid", "euid", "suid", "fsuid", "ouid", "oauid", "old-auid", "iuid", "id",
	"inode_uid", "sauid", "obj_uid", "obj_gid", "gid", "egid", "sgid", "fsgid", "ogid",
	"igid", "inode_gid", "new_gid", "syscall", "arch", "exit", "path", "comm", "exe",
	"file", "name", "watch", "cwd", "cmd", "dir", "key", "vm", "old-chardev",
	"new-chardev", "old-disk", "new-disk", "old-fs", "new-fs", "old-net", "new-net",
	"device", "cgroup", "perm", "perm_mask", "mode", "saddr", "flags", "prom", "old_prom",
	"capability", "res", "result", "a0", "a1", "a2", "a3", "sig", "list", "data", "ses",
	"cap_pi", "cap_pe", "cap_pp", "cap_pa", "cap_fi", "cap_fp", "fp", "fi", "old_pp",
	"old_pi", "old_pe", "old_pa", "new_pp", "new_pi", "new_pe", "pp", "pi", "pe", "pa",
	"family", "icmptype", "addr", "apparmor", "operation", "denied_mask", "info",
	"profile", "requested_mask", "per", "code", "old-rng", "new-rng", "oflag", "ocomm",
	"sigev_signo", "subj", "obj", "scontext", "tcontext", "vm-ctx", "img-ctx",
	"proctitle", "grp", "new_group", "hook", "action", "macproto", "invalid_context",
	"ioctlcmd", "resp", "sw", "root_dir", "nl-mcgrp", "resolve", "uring_op",
	"subj_trust", "obj_trust", "fan_type", "fan_info", "errno", "errcode",
	/* other things in the audit project's field dictionary */
	"role", "state", "ip", "unit", "type", "msg", "node", "hostname", "terminal", "pid",
	"ppid", "success", "item", "items", "spid", "sport", "dport", "daddr", "src", "dst",
};

/* ausearch looks for these, with the '=', anywhere in the record. */
static const char *const searched[] = {
	"pid", "uid", "ses", "subj", "vm", "uuid", "comm", "acct", "hostname", "cwd",
	"terminal", "exe", "res", "key",
};

static bool ends_with(const char *name, const char *end)
{
	size_t len = strlen(name), end_len = strlen(end);

	return len >= end_len && !strcmp(name + len - end_len, end);
}

/** Says what is wrong with a field's name, or NULL. */
static const char *trap_of(const char *name)
{
	if (name[strspn(name, "abcdefghijklmnopqrstuvwxyz0123456789-")] || !*name) {
		return "not of [a-z0-9-]";
	}
	if (!strcmp(name, "acct")) {
		return NULL;
	}
	for (size_t i = 0; i < COUNT(interpreted); i++) {
		if (!strcmp(name, interpreted[i])) {
			return "rewritten by auparse";
		}
	}
	for (size_t i = 0; i < COUNT(searched); i++) {
		if (ends_with(name, searched[i])) {
			return "found by ausearch as another field";
		}
	}
	return NULL;
}

static void check_names(const char *body)
{
	char copy[QM_RECORD_MAX], *rest = copy, *field;

	snprintf(copy, sizeof(copy), "%s", body);
	while ((field = strsep(&rest, " "))) {
		CU_ASSERT_PTR_NOT_NULL_FATAL(strchr(field, '='));
		*strchr(field, '=') = '\0';
		if (trap_of(field)) {
			QM_STR(field, trap_of(field));
		}
	}
}

static void test_names(void)
{
	struct qm_sa_facts sa;

	qm_sample_tunnel(&sa);
	qm_sample_refused(&failure);
	qm_sample_tampered(&invalid);
	qm_sample_foreign(&kernel);
	for (enum qm_event_kind kind = 0; kind < QM_EVENT_KIND_MAX; kind++) {
		check_names(write_record(kind, &sa)->body);
	}
}

static void test_names_that_are_traps(void)
{
	static const char *const traps[] = {
		"expires", "filter-guid", "mode", "saddr",	"id",		"Name",		"a b",
		"",		   "vm",		  "role", "my-exe", "sub-comm", "old-acct",
	};

	for (size_t i = 0; i < COUNT(traps); i++) {
		CU_ASSERT_PTR_NOT_NULL(trap_of(traps[i]));
	}
}

CU_TestInfo record_bounds_tests[] = {
	{ "typical records stay short", test_typical },
	{ "the longest records fit, with what libaudit adds", test_longest },
	{ "nothing in a name forges a field", test_forgeries },
	{ "long names read back", test_long_names },
	{ "a long name is cut with a mark", test_cut_in_a_record },
	{ "no field's name is a trap", test_names },
	{ "names that are traps are recognised", test_names_that_are_traps },
	CU_TEST_INFO_NULL,
};
