/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "verify_kit.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "trail.h"
#include "verify.h"

#define EXE "/usr/lib/ipsec/charon"

static void demand(bool good)
{
	if (!good) {
		abort();
	}
}

static struct vk_line *add_line(struct vk_trail *trail)
{
	demand(trail->count < VK_LINES_MAX);
	memset(&trail->lines[trail->count], 0, sizeof(trail->lines[0]));
	return &trail->lines[trail->count++];
}

/** Begins a line with its node, type and stamp. */
static int put_head(char *text, const char *node, const char *type, uint64_t ms,
					unsigned serial)
{
	ms += VK_BEGIN;
	return snprintf(text, VK_LINE_MAX,
					"%s%s%stype=%s msg=audit(%" PRIu64 ".%03u:%u): ", node ? "node=" : "",
					node ? node : "", node ? " " : "", type, ms / 1000,
					(unsigned)(ms % 1000), serial);
}

void vk_record(struct vk_trail *trail, const struct vk_who *who, uint64_t ms,
			   uint64_t seq, const char *format, ...)
{
	struct vk_line *line = add_line(trail);
	char body[512];
	va_list args;
	int len, n;

	va_start(args, format);
	vsnprintf(body, sizeof(body), format, args);
	va_end(args);
	line->seq = seq;
	line->instance = who->instance;
	len = put_head(line->text, who->node, "CRYPTO_IPSEC_SA", ms, 100 + (unsigned)seq);
	n = snprintf(line->text + len, VK_LINE_MAX - (size_t)len,
				 "pid=%u uid=0 msg='%s when=%" PRIu64 ".%03u rec-seq=%" PRIu64
				 " exe=\"" EXE "\" hostname=? addr=? terminal=? res=success'",
				 who->pid, body, (VK_BEGIN + ms) / 1000,
				 (unsigned)((VK_BEGIN + ms) % 1000), seq);
	demand(n > 0 && len + n < VK_LINE_MAX);
}

void vk_start(struct vk_trail *trail, const struct vk_who *who, uint64_t ms,
			  const char *policy, const char *more)
{
	vk_record(trail, who, ms, 1,
			  "op=audit-start instance=%u version=1 daemon=charon daemon-version=6 "
			  "policy=%s%s", who->instance, policy, more);
}

void vk_stop(struct vk_trail *trail, const struct vk_who *who, uint64_t ms, uint64_t seq,
			 uint64_t written)
{
	vk_record(trail, who, ms, seq, "op=audit-stop instance=%u written=%" PRIu64
			  " policy=success", who->instance, written);
}

unsigned vk_spi(unsigned instance, unsigned pid, unsigned child, bool out)
{
	return 0xc0000000 + ((pid * 64 + instance) * 256 + child) * 2 + out;
}

void vk_up(struct vk_trail *trail, const struct vk_who *who, uint64_t ms, uint64_t seq,
		   unsigned child)
{
	const unsigned in = vk_spi(who->instance, who->pid, child, false);
	const unsigned out = vk_spi(who->instance, who->pid, child, true);

	vk_record(trail, who, ms, seq,
			  "op=start event-id=5451 instance=%u ike-sa=1 child-sa=%u "
			  "in-spi=%u(0x%x) out-spi=%u(0x%x) laddr=192.0.2.1 raddr=192.0.2.2",
			  who->instance, child, in, in, out, out);
}

void vk_down(struct vk_trail *trail, const struct vk_who *who, unsigned owner,
			 uint64_t ms, uint64_t seq, unsigned child, uint64_t lasted,
			 const char *more)
{
	const unsigned in = vk_spi(who->instance, owner, child, false);
	const unsigned out = vk_spi(who->instance, owner, child, true);

	vk_record(trail, who, ms, seq,
			  "op=destroy event-id=5452 instance=%u ike-sa=1 child-sa=%u "
			  "in-spi=%u(0x%x) out-spi=%u(0x%x) laddr=192.0.2.1 raddr=192.0.2.2 "
			  "reason=deleted bytes-in=1 bytes-out=1 duration=%" PRIu64
			  ".%03u rekeys=0%s",
			  who->instance, child, in, in, out, out, lasted / 1000,
			  (unsigned)(lasted % 1000), more);
}

void vk_lost(struct vk_trail *trail, const struct vk_who *who, uint64_t ms, uint64_t seq,
			 const char *cause, unsigned count)
{
	vk_record(trail, who, ms, seq, "op=lost instance=%u count=%u since=%" PRIu64
			  ".000 cause=%s", who->instance, count, (VK_BEGIN + ms) / 1000, cause);
}

void vk_policy(struct vk_trail *trail, const struct vk_who *who, uint64_t ms,
			   uint64_t seq, const char *from, const char *to)
{
	vk_record(trail, who, ms, seq, "op=policy-change event-id=4719 instance=%u "
			  "old-policy=%s new-policy=%s changes=none", who->instance, from, to);
}

void vk_kernel(struct vk_trail *trail, const char *node, uint64_t ms, const char *op,
			   unsigned spi, unsigned pid)
{
	struct vk_line *line = add_line(trail);
	const unsigned serial = 5000 + (unsigned)trail->count;
	int len = put_head(line->text, node, "MAC_IPSEC_EVENT", ms, serial);

	snprintf(line->text + len, VK_LINE_MAX - (size_t)len,
			 "op=%s auid=4294967295 ses=4294967295 subj=unconfined src=192.0.2.1 "
			 "dst=192.0.2.2 spi=%u(0x%x) res=1\035AUID=\"unset\"", op, spi, spi);
	if (pid) {
		line = add_line(trail);
		len = put_head(line->text, node, "SYSCALL", ms, serial);
		snprintf(line->text + len, VK_LINE_MAX - (size_t)len,
				 "arch=c000003e syscall=44 success=yes exit=436 ppid=1 pid=%u uid=0 "
				 "comm=\"charon\" exe=\"" EXE "\" key=(null)\035UID=\"root\"", pid);
	}
}

void vk_kernel_pair(struct vk_trail *trail, const struct vk_who *who, uint64_t ms,
					const char *op, unsigned child)
{
	for (int out = 0; out < 2; out++) {
		vk_kernel(trail, who->node, ms, op, vk_spi(who->instance, who->pid, child, out),
				  who->pid);
	}
}

void vk_remove(struct vk_trail *trail, size_t at)
{
	memmove(&trail->lines[at], &trail->lines[at + 1],
			(--trail->count - at) * sizeof(trail->lines[0]));
}

void vk_alter(struct vk_trail *trail, size_t at, const char *from, const char *to)
{
	char *text = trail->lines[at].text, *found = strstr(text, from), rest[VK_LINE_MAX];

	demand(found != NULL);
	snprintf(rest, sizeof(rest), "%s", found + strlen(from));
	snprintf(found, VK_LINE_MAX - (size_t)(found - text), "%s%s", to, rest);
}

void vk_forge(struct vk_trail *trail, size_t at, const char *from, const char *to)
{
	struct vk_line *line = add_line(trail);

	*line = trail->lines[at];
	vk_alter(trail, trail->count - 1, from, to);
}

size_t vk_find(const struct vk_trail *trail, const char *a, const char *b)
{
	size_t at = 0;

	while (at < trail->count && (!strstr(trail->lines[at].text, a) ||
								 !strstr(trail->lines[at].text, b))) {
		at++;
	}
	demand(at < trail->count);
	return at;
}

static void put_finding(char *to, const struct qm_finding *finding)
{
	const size_t len = strlen(to);
	char range[24] = "";

	if (finding->last_seq > finding->seq) {
		snprintf(range, sizeof(range), "-%" PRIu64, finding->last_seq);
	}
	snprintf(to + len, 4096 - len, "%s%s@%" PRIu64 "%s", len ? " " : "",
			 qm_finding_name(finding->kind), finding->seq, range);
}

static void feed(struct qm_verify *verify, const struct qm_entry *entry)
{
	static struct qm_line line;
	const struct qm_span text = { entry->text, entry->len };
	struct qm_kernel_line kernel;
	const char *problem;
	bool strange;

	if (qm_line_is_ours(text, &strange)) {
		demand(qm_line_parse(text, &line, &problem) == 0);
		demand(qm_verify_record(verify, &line) == 0);
	} else {
		demand(qm_kernel_line_parse(text, &kernel) == 0);
		demand(qm_verify_kernel(verify, &kernel) == 0);
	}
}

static int write_trail(const struct vk_trail *trail)
{
	const int fd = memfd_create("trail", MFD_CLOEXEC);
	FILE *file = fdopen(dup(fd), "w");

	demand(file != NULL);
	for (size_t i = 0; i < trail->count; i++) {
		demand(fprintf(file, "%s\n", trail->lines[i].text) > 0);
	}
	demand(fclose(file) == 0 && lseek(fd, 0, SEEK_SET) == 0);
	return fd;
}

void vk_judge(const struct vk_trail *trail, struct vk_verdict *ret)
{
	struct qm_report report = { .command = "test" };
	struct qm_filter filter;
	struct qm_trail log;
	struct qm_verify *verify = qm_verify_new();
	struct qm_verify_result result;
	const int fd = write_trail(trail);

	*ret = (struct vk_verdict){ 0 };
	qm_filter_init(&filter);
	qm_trail_init(&log, &filter, &report);
	log.with_kernel = true;
	demand(verify && qm_trail_add(&log, fd, "trail") == 0);
	close(fd);
	qm_trail_sort(&log);
	for (size_t i = 0; i < log.count; i++) {
		feed(verify, &log.entries[i]);
	}
	demand(qm_verify_finish(verify, &result) == 0);
	for (size_t i = 0; i < result.n_findings; i++) {
		put_finding(qm_finding_is_fault(result.findings[i].kind) ? ret->faults
																 : ret->notes,
					&result.findings[i]);
	}
	ret->records = result.records;
	ret->pairs = result.pairs;
	ret->gateways = result.gateways;
	ret->repeated = result.repeated + log.repeated;
	ret->open = result.n_open;
	qm_trail_fini(&log);
	qm_verify_free(verify);
}
