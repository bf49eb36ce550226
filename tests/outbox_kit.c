/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "outbox_kit.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"
#include "kit_store.h"
#include "sink.h"
#include "test.h"

#define BEGIN_MS 1000000
#define WALL_MS 1795438000000
#define PID 812

struct kit kit;

/** of sent, checked already */
static size_t checked;

int __wrap_qm_sink_new(struct qm_sink **ret);
int __wrap_qm_sink_write(struct qm_sink *sink, const struct qm_record *record);
enum qm_sink_state __wrap_qm_sink_probe(void);
struct qm_sink *__wrap_qm_sink_free(struct qm_sink *sink);
int __wrap_qm_watch_new(struct qm_watch **ret, const struct qm_watch_config *config);
void __wrap_qm_watch_look(struct qm_watch *watch, struct qm_watch_view *ret);
bool __wrap_qm_watch_confirms(const struct qm_watch *watch);
int __wrap_qm_watch_read(struct qm_watch *watch, void (*seen)(void *user, uint64_t mark),
						 void *user);
int __wrap_qm_watch_sync(struct qm_watch *watch);
struct qm_watch *__wrap_qm_watch_free(struct qm_watch *watch);
struct qm_time __wrap_qm_time_now(void);
int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout);

struct qm_time __wrap_qm_time_now(void)
{
	return (struct qm_time){
		.wall_ms = WALL_MS + kit.now_ms,
		.mono_ms = BEGIN_MS + kit.now_ms,
	};
}

int __wrap_poll(struct pollfd *fds, nfds_t n, int timeout)
{
	(void)fds;
	CU_ASSERT_EQUAL(n, 0);
	kit_skip((uint64_t)timeout);
	return 0;
}

int __wrap_qm_sink_new(struct qm_sink **ret)
{
	if (!kit.new_error) {
		*ret = (struct qm_sink *)&kit;
	}
	return kit.new_error;
}

/** What becomes of a record that the kernel took. */
static void carry(uint64_t seq)
{
	if (kit.state == QM_SINK_DISABLED || kit.state == QM_SINK_NO_AUDITD) {
		return;
	}
	if (kit.lose) {
		kit.lose--;
		return;
	}
	kit.held[kit.held_count++] = seq;
	if (kit.prompt) {
		kit_write_log();
	}
}

int __wrap_qm_sink_write(struct qm_sink *sink, const struct qm_record *record)
{
	const uint64_t seq = kit_number(record);

	CU_ASSERT_PTR_EQUAL(sink, (struct qm_sink *)&kit);
	if (kit.on_write) {
		kit.on_write(seq);
	}
	if (seq == kit.refused) {
		kit.was_refused[seq] = true;
		return -EMSGSIZE;
	}
	if (kit.write_error) {
		return kit.write_error;
	}
	kit.hasty += !kit.failed && !kit_is_committed(seq);
	CU_ASSERT_FATAL(kit.sent_count < KIT_SENT && kit.held_count < KIT_SENT);
	kit.sent[kit.sent_count++] = seq;
	carry(seq);
	return 0;
}

enum qm_sink_state __wrap_qm_sink_probe(void)
{
	return QM_SINK_UNVERIFIED;
}

struct qm_sink *__wrap_qm_sink_free(struct qm_sink *sink)
{
	(void)sink;
	return NULL;
}

int __wrap_qm_watch_new(struct qm_watch **ret, const struct qm_watch_config *config)
{
	(void)config;
	*ret = (struct qm_watch *)&kit;
	return 0;
}

void __wrap_qm_watch_look(struct qm_watch *watch, struct qm_watch_view *ret)
{
	(void)watch;
	*ret = (struct qm_watch_view){
		.state = kit.state,
		.auditd_pid = kit.state == QM_SINK_NO_AUDITD ? 0 : kit.pid,
		.has_lost = kit.has_kernel_lost,
		.lost = kit.kernel_lost,
	};
}

bool __wrap_qm_watch_confirms(const struct qm_watch *watch)
{
	(void)watch;
	return kit.confirms;
}

/** Reads a few at a time, and records of others in between. */
int __wrap_qm_watch_sync(struct qm_watch *watch)
{
	(void)watch;
	return 0;
}

int __wrap_qm_watch_read(struct qm_watch *watch, void (*seen)(void *user, uint64_t mark),
						 void *user)
{
	struct qm_record record;
	size_t n;

	(void)watch;
	if (!kit.confirms) {
		return -EACCES;
	}
	for (n = 0; n < kit.log_count && n < 100; n++) {
		kit_format(kit.log[n], &record);
		seen(user, qm_watch_mark("op=start", 8));
		seen(user, qm_watch_mark(record.body, record.len));
	}
	kit.log_count -= n;
	memmove(kit.log, kit.log + n, kit.log_count * sizeof(kit.log[0]));
	return kit.log_count > 0;
}

struct qm_watch *__wrap_qm_watch_free(struct qm_watch *watch)
{
	(void)watch;
	return NULL;
}

void kit_write_log(void)
{
	for (size_t i = 0; i < kit.held_count; i++) {
		const uint64_t seq = kit.held[i];

		CU_ASSERT_FATAL(kit.log_count < KIT_SENT);
		kit.log[kit.log_count++] = seq;
		if (!kit.seen[seq]) {
			kit.seen[seq] = ++kit.seen_count;
		}
	}
	kit.held_count = 0;
}

void kit_kill_auditd(void)
{
	kit.held_count = 0;
	kit.state = QM_SINK_NO_AUDITD;
}

void kit_start_auditd(uint32_t pid)
{
	kit.pid = pid;
	kit.state = QM_SINK_READY;
}

static void tell(void *user, const char *message)
{
	CU_ASSERT_PTR_EQUAL(user, &kit);
	snprintf(kit.told, sizeof(kit.told), "%s", message);
	kit.tells++;
}

struct qm_outbox *kit_again(enum qm_durability durability)
{
	const struct qm_outbox_config config = {
		.store = (struct qm_store *)&kit,
		.durability = durability,
		.tell = tell,
		.user = &kit,
	};
	struct qm_outbox *outbox = NULL;

	kit.store.stopped = kit.committed.stopped = false;
	QM_OK_FATAL(qm_outbox_new(&outbox, &config));
	return outbox;
}

struct qm_outbox *kit_begin(enum qm_durability durability)
{
	memset(&kit, 0, sizeof(kit));
	checked = 0;
	kit.store.first = kit.store.end = 1;
	kit.committed = kit.store;
	kit.confirms = kit.prompt = true;
	kit_start_auditd(PID);
	return kit_again(durability);
}

void kit_end(struct qm_outbox *outbox)
{
	CU_ASSERT_PTR_NULL(qm_outbox_free(outbox));
	QM_INT(kit.forgotten, 0);
	QM_INT(kit.hasty, 0);
}

int kit_add(struct qm_outbox *outbox, uint64_t from, uint64_t to)
{
	static struct qm_record record;
	int r = 0;

	for (; from <= to; from++) {
		kit_format(from, &record);
		r = qm_outbox_add(outbox, KIT_INSTANCE, from, &record);
	}
	return r;
}

int kit_flush(struct qm_outbox *outbox)
{
	return qm_outbox_flush(outbox, qm_time_now());
}

void kit_run(struct qm_outbox *outbox, uint64_t ms)
{
	const uint64_t end = kit.now_ms + ms;
	int wait;

	while ((wait = kit_flush(outbox)) >= 0 && kit.now_ms + (uint64_t)wait <= end) {
		kit_skip((uint64_t)wait);
	}
	kit.now_ms = end;
}

void kit_skip(uint64_t ms)
{
	kit.now_ms += ms;
}

struct qm_outbox_status kit_status(const struct qm_outbox *outbox)
{
	struct qm_outbox_status status;

	qm_outbox_status(outbox, &status);
	return status;
}

/** Checks as many as there are. */
static void expect(const uint64_t *seqs)
{
	while (*seqs && checked < kit.sent_count) {
		QM_INT(kit.sent[checked++], *seqs++);
	}
	QM_INT(*seqs, 0);
}

void kit_expect_sent(const uint64_t *seqs)
{
	expect(seqs);
	QM_INT(kit.sent_count, checked);
	checked = kit.sent_count;
}

void kit_expect_first(const uint64_t *seqs)
{
	expect(seqs);
	checked = kit.sent_count;
}

void kit_expect_range(uint64_t from, uint64_t to)
{
	QM_INT(kit.sent_count - checked, to - from + 1);
	for (; checked < kit.sent_count; checked++) {
		if (kit.sent[checked] != from++) {
			QM_INT(kit.sent[checked], from - 1);
			break;
		}
	}
	checked = kit.sent_count;
}
