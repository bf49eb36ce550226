/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "outbox_priv.h"

#include <errno.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "outbox_list.h"

/** Records sent before the caller may do something else. */
#define BURST 1024

/** How soon to look whether what was sent has arrived, and after how long it is
 * doubted that it will. */
#define ARRIVAL_MS 100
#define DOUBT_MS 3000

/** The same while more wait than can be on their way. */
#define BUSY_MS 5

/** How long to wait before a record that cannot be sent is tried again: at first, and
 * while it still cannot. */
#define RETRY_MS 2000
#define RETRY_MAX_MS 15000

/** How often to look whether somebody listens again. */
#define LOOK_MS 1000

/** How long the daemon's end waits for what was sent to arrive. */
#define LINGER_MS 1000
#define LINGER_STEP_MS 20

/** @param ret_refused	whether it is refused for what it is */
static int send_entry(struct qm_outbox *outbox, const struct qm_entry *entry,
					  bool *ret_refused)
{
	int r = outbox->sink ? 0 : qm_sink_new(&outbox->sink);

	*ret_refused = false;
	if (r < 0) {
		return r;
	}
	qm_entry_record(entry, &outbox->record);
	r = qm_sink_write(outbox->sink, &outbox->record);
	*ret_refused = r == -EINVAL || r == -EMSGSIZE;
	return r;
}

/** Not before some time, longer each time. */
static void put_off(struct qm_outbox *outbox, uint64_t now_ms)
{
	outbox->retry_ms = outbox->retry_ms ? 2 * outbox->retry_ms : RETRY_MS;
	if (outbox->retry_ms > RETRY_MAX_MS) {
		outbox->retry_ms = RETRY_MAX_MS;
	}
	outbox->retry_at = now_ms + outbox->retry_ms;
}

/** It will fare no better next time, and must not keep the others. */
static void give_up(struct qm_outbox *outbox, struct qm_entry *entry, int r)
{
	const char *seq = strrchr(entry->body, ' ');

	qm_outbox_tell(outbox, "the kernel refuses an audit record (%s): %s; it is given up",
				   seq ? seq + 1 : "?", strerror(-r));
	qm_keep_give_up(outbox->keep, entry);
	outbox->refused++;
}

/** Sends one. @return whether to go on with the next */
static bool send_one(struct qm_outbox *outbox, struct qm_entry *entry)
{
	bool refused;
	int r = send_entry(outbox, entry, &refused);
	/* the kernel may have made us wait */
	const uint64_t now_ms = qm_time_now().mono_ms;

	if (refused) {
		give_up(outbox, entry, r);
		return true;
	}
	outbox->error = r;
	if (r < 0) {
		put_off(outbox, now_ms);
		return false;
	}
	outbox->resent += entry->sent_no > 0;
	entry->sent_ms = now_ms;
	entry->sent_no = ++outbox->sent;
	return true;
}

/** Whether the first that was sent has been on its way for too long. */
static bool is_overdue(const struct qm_outbox *outbox, uint64_t now_ms)
{
	const struct qm_entry *entry = qm_keep_oldest_sent(outbox->keep);

	return entry && outbox->read_up && now_ms - entry->sent_ms >= DOUBT_MS;
}

/** What was sent does not arrive: the first of it, now and then, has to find out when
 * that is over. */
static void try_again(struct qm_outbox *outbox, uint64_t now_ms)
{
	struct qm_entry *entry = qm_keep_oldest_sent(outbox->keep);

	outbox->doubt = true;
	outbox->view.state = QM_SINK_AUDITD_SUSPENDED;
	if (now_ms < outbox->retry_at) {
		return;
	}
	entry = entry ? entry : qm_keep_next(outbox->keep);
	if (entry && send_one(outbox, entry)) {
		put_off(outbox, now_ms);
	}
}

static void send_all(struct qm_outbox *outbox)
{
	struct qm_entry *entry;
	unsigned sent = 0;

	while (sent < BURST && (entry = qm_keep_next(outbox->keep)) &&
		   send_one(outbox, entry)) {
		outbox->retry_ms = 0;
		sent++;
	}
}

/** Where auditd's log cannot be read, its being there before and after must do. */
static void trust(struct qm_outbox *outbox)
{
	const uint32_t pid = outbox->view.auditd_pid;

	qm_outbox_look(outbox);
	if (qm_outbox_takes(outbox->view.state) && outbox->view.auditd_pid == pid) {
		outbox->arrived += qm_keep_all_arrived(outbox->keep);
	} else {
		/* the kernel may have thrown it away */
		qm_keep_unsend(outbox->keep);
	}
}

static void send_waiting(struct qm_outbox *outbox, uint64_t now_ms)
{
	const bool confirms = qm_watch_confirms(outbox->watch);

	if (!outbox->listened) {
		return;
	}
	if (!confirms && outbox->doubt) {
		outbox->doubt = false;
		qm_outbox_hurry(outbox);
	}
	if (confirms && (outbox->doubt || is_overdue(outbox, now_ms))) {
		try_again(outbox, now_ms);
	} else if (now_ms >= outbox->retry_at) {
		send_all(outbox);
	}
	if (!confirms) {
		trust(outbox);
	}
}

/** How long there is nothing to do. */
static int patience(const struct qm_outbox *outbox, uint64_t now_ms)
{
	if (outbox->doubt || !qm_outbox_takes(outbox->view.state)) {
		return LOOK_MS;
	}
	if (qm_keep_next(outbox->keep)) {
		return now_ms >= outbox->retry_at ? 0 : (int)(outbox->retry_at - now_ms);
	}
	if (qm_keep_oldest_sent(outbox->keep)) {
		return qm_keep_has_more(outbox->keep) ? BUSY_MS : ARRIVAL_MS;
	}
	return qm_keep_has_room(outbox->keep) && !qm_keep_has_more(outbox->keep) ? -1 :
																			  LOOK_MS;
}

int qm_outbox_flush(struct qm_outbox *outbox, struct qm_time now)
{
	uint64_t waiting;

	if (qm_keep_oldest_sent(outbox->keep)) {
		qm_outbox_read_log(outbox);
	}
	qm_keep_commit(outbox->keep, now);
	waiting = qm_keep_waiting(outbox->keep);
	/* where nothing can be kept, all hangs on who listens */
	if (waiting || qm_outbox_has_complained(outbox) || !qm_keep_has_room(outbox->keep)) {
		qm_outbox_look(outbox);
		send_waiting(outbox, now.mono_ms);
		qm_outbox_report(outbox, waiting);
	}
	return patience(outbox, now.mono_ms);
}

/** Whether a wait could help what was sent to arrive. */
static bool lingers(const struct qm_outbox *outbox)
{
	return qm_keep_oldest_sent(outbox->keep) && !outbox->doubt &&
		   qm_outbox_takes(outbox->view.state);
}

static void say_goodbye(struct qm_outbox *outbox)
{
	const uint64_t waiting = qm_keep_waiting(outbox->keep);
	const bool kept = qm_keep_durability(outbox->keep) != QM_DURABLE_NONE;

	if (waiting) {
		qm_outbox_tell(outbox, "%" PRIu64 " audit records are not known to have arrived, "
					   "they %s", waiting,
					   kept ? "are kept, and sent at the next start" : "are lost");
	}
}

void qm_outbox_finish(struct qm_outbox *outbox)
{
	const uint64_t begun = qm_time_now().mono_ms;

	qm_keep_stop(outbox->keep);
	outbox->retry_at = 0;
	while (!qm_outbox_flush(outbox, qm_time_now())) {
		/* there is more to send */
	}
	while (lingers(outbox) && qm_time_now().mono_ms - begun < LINGER_MS) {
		poll(NULL, 0, LINGER_STEP_MS);
		qm_outbox_flush(outbox, qm_time_now());
	}
	qm_keep_commit(outbox->keep, qm_time_now());
	say_goodbye(outbox);
}

int qm_outbox_next_seq(struct qm_outbox *outbox, uint32_t instance, uint64_t *ret)
{
	return qm_keep_next_seq(outbox->keep, instance, ret);
}

int qm_outbox_add(struct qm_outbox *outbox, uint32_t instance, uint64_t seq,
				  const struct qm_record *record)
{
	return qm_keep_add(outbox->keep, instance, seq, record);
}

int qm_outbox_earlier_sas(struct qm_outbox *outbox,
						  void (*each)(void *user, const struct qm_open_sa *sa),
						  void *user, uint64_t *ret_bad)
{
	return qm_keep_earlier_sas(outbox->keep, each, user, ret_bad);
}

void qm_outbox_keep_sa(struct qm_outbox *outbox, const struct qm_open_sa *sa)
{
	qm_keep_sa(outbox->keep, sa);
}

void qm_outbox_drop_sa(struct qm_outbox *outbox, uint32_t instance, uint32_t child_sa)
{
	qm_keep_drop_sa(outbox->keep, instance, child_sa);
}

void qm_outbox_set_loss(struct qm_outbox *outbox, enum qm_loss_cause cause,
						uint64_t count, uint64_t since_ms)
{
	qm_keep_set_loss(outbox->keep, cause, count, since_ms);
}

void qm_outbox_relieve(struct qm_outbox *outbox)
{
	if (qm_keep_is_crowded(outbox->keep)) {
		qm_keep_commit(outbox->keep, qm_time_now());
	}
}

bool qm_outbox_take_stale(struct qm_outbox *outbox)
{
	return qm_keep_take_stale(outbox->keep);
}

uint64_t qm_outbox_take_lost(struct qm_outbox *outbox, enum qm_loss_cause cause)
{
	const uint64_t refused = outbox->refused;

	if (cause == QM_LOSS_STORE) {
		return qm_keep_take_overflow(outbox->keep);
	}
	outbox->refused = 0;
	return refused;
}

enum qm_durability qm_outbox_durability(const struct qm_outbox *outbox)
{
	return qm_keep_durability(outbox->keep);
}

static bool is_sending(const struct qm_outbox *outbox)
{
	return !outbox->error && qm_outbox_takes(outbox->view.state);
}

bool qm_outbox_keeps(const struct qm_outbox *outbox)
{
	return is_sending(outbox) || qm_keep_has_room(outbox->keep);
}

void qm_outbox_status(const struct qm_outbox *outbox, struct qm_outbox_status *ret)
{
	*ret = (struct qm_outbox_status){
		.durability = qm_outbox_durability(outbox),
		.error = qm_keep_failing(outbox->keep),
		.complaint = qm_keep_error(outbox->keep),
		.view = outbox->view,
		.send_error = outbox->error,
		.confirms = qm_watch_confirms(outbox->watch),
		.watch_complaint = qm_watch_complaint(outbox->watch),
		.sending = is_sending(outbox),
		.keeps = qm_outbox_keeps(outbox),
		.waiting = qm_keep_waiting(outbox->keep),
		.in_flight = qm_keep_in_flight(outbox->keep),
		.arrived = outbox->arrived,
		.resent = outbox->resent,
	};
}

void qm_outbox_inquire(struct qm_outbox *outbox, struct qm_outbox_status *ret)
{
	qm_outbox_look(outbox);
	qm_outbox_status(outbox, ret);
}

uint64_t qm_outbox_arrived(const struct qm_outbox *outbox)
{
	return outbox->arrived;
}

uint64_t qm_outbox_waiting(const struct qm_outbox *outbox)
{
	return qm_keep_waiting(outbox->keep);
}

int qm_outbox_new(struct qm_outbox **ret, const struct qm_outbox_config *config)
{
	struct qm_outbox *outbox = calloc(1, sizeof(*outbox));
	int r;

	if (!outbox) {
		qm_store_close(config->store);
		return -ENOMEM;
	}
	outbox->tell = config->tell;
	outbox->user = config->user;
	outbox->view.state = outbox->told_state = QM_SINK_UNVERIFIED;
	outbox->listened = true;
	r = qm_keep_new(&outbox->keep, config->store, config->durability);
	if (!r) {
		r = qm_watch_new(&outbox->watch, &config->watch);
	}
	if (r < 0) {
		qm_outbox_free(outbox);
		return r;
	}
	*ret = outbox;
	return 0;
}

struct qm_outbox *qm_outbox_free(struct qm_outbox *outbox)
{
	if (outbox) {
		qm_keep_free(outbox->keep);
		qm_watch_free(outbox->watch);
		qm_sink_free(outbox->sink);
		free(outbox);
	}
	return NULL;
}
