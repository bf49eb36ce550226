/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How it goes, for who asks. The recorder's thread makes the answer, so that nothing of
 * what it works on needs a lock, and goes on; who asked waits, with no lock that the
 * thread could want for more than a moment.
 */
#include "recorder_priv.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "clock.h"

void qm_asking_init(struct qm_asking *asking)
{
	pthread_mutex_init(&asking->mutex, NULL);
	qm_cond_init(&asking->answered);
}

void qm_asking_fini(struct qm_asking *asking)
{
	asking->answer = qm_snapshot_free(asking->answer);
	pthread_cond_destroy(&asking->answered);
	pthread_mutex_destroy(&asking->mutex);
}

void qm_recorder_beat(struct qm_recorder *recorder)
{
	struct qm_pulse *pulse = &recorder->pulse;

	atomic_store_explicit(&pulse->written, recorder->journal.written,
						  memory_order_relaxed);
	atomic_store_explicit(&pulse->arrived, qm_outbox_arrived(recorder->journal.outbox),
						  memory_order_relaxed);
	atomic_store_explicit(&pulse->waiting, qm_outbox_waiting(recorder->journal.outbox),
						  memory_order_relaxed);
	atomic_store_explicit(&pulse->open, qm_ledger_open(recorder->ledger),
						  memory_order_relaxed);
}

/** What any thread can know. */
static void fill_common(struct qm_recorder *recorder, struct qm_snapshot *snapshot)
{
	const struct qm_time now = qm_time_now();
	const uint64_t turned_ms = recorder->pulse.turned_ms;
	size_t count, capacity;

	snapshot->format = QM_SNAPSHOT_FORMAT;
	snprintf(snapshot->version, sizeof(snapshot->version), "%s", PACKAGE_VERSION);
	snprintf(snapshot->daemon, sizeof(snapshot->daemon), "%s", recorder->daemon);
	snprintf(snapshot->daemon_version, sizeof(snapshot->daemon_version), "%s",
			 recorder->daemon_version);
	snprintf(snapshot->durability_wanted, sizeof(snapshot->durability_wanted), "%s",
			 qm_durability_name(recorder->config.durability));
	snapshot->pid = (uint64_t)getpid();
	snapshot->instance = recorder->start.instance;
	snapshot->time_ms = now.wall_ms;
	snapshot->started_ms = recorder->begun_ms;
	snapshot->still_ms = now.mono_ms > turned_ms ? now.mono_ms - turned_ms : 0;
	qm_queue_fill(recorder->queue, &count, &capacity);
	snapshot->queue = count;
	snapshot->queue_size = capacity;
	snapshot->limited = qm_gate_counted(recorder->gate);
	snapshot->keeps = recorder->keeps;
	snapshot->written = recorder->pulse.written;
	snapshot->arrived = recorder->pulse.arrived;
	snapshot->waiting = recorder->pulse.waiting;
	snapshot->open = recorder->pulse.open;
}

static void fill_outbox(struct qm_recorder *recorder, struct qm_snapshot *snapshot)
{
	struct qm_outbox_status status;

	qm_outbox_inquire(recorder->journal.outbox, &status);
	snprintf(snapshot->sink, sizeof(snapshot->sink), "%s",
			 qm_snapshot_sink_name(status.view.state));
	snprintf(snapshot->sink_text, sizeof(snapshot->sink_text), "%s",
			 qm_sink_state_text(status.view.state));
	snprintf(snapshot->send_error, sizeof(snapshot->send_error), "%s",
			 status.send_error ? strerror(-status.send_error) : "");
	snapshot->sending = status.sending;
	snapshot->auditd_pid = status.view.auditd_pid;
	snapshot->confirms = status.confirms;
	snprintf(snapshot->confirm_text, sizeof(snapshot->confirm_text), "%s",
			 status.watch_complaint);
	snapshot->kernel_lost = (struct qm_count){ status.view.has_lost, status.view.lost };
	snprintf(snapshot->durability, sizeof(snapshot->durability), "%s",
			 qm_durability_name(status.durability));
	snprintf(snapshot->store_error, sizeof(snapshot->store_error), "%s",
			 status.error ? status.complaint : "");
	snapshot->keeps = status.keeps;
	snapshot->waiting = status.waiting;
	snapshot->in_flight = status.in_flight;
	snapshot->arrived = status.arrived;
	snapshot->resent = status.resent;
}

static void fill_journal(struct qm_recorder *recorder, struct qm_snapshot *snapshot)
{
	const struct qm_journal *journal = &recorder->journal;

	snprintf(snapshot->policy, sizeof(snapshot->policy), "%s",
			 qm_policy_name(journal->policy));
	snapshot->success = qm_policy_wants(journal->policy, true);
	snapshot->failure = qm_policy_wants(journal->policy, false);
	snapshot->written = journal->written;
	snapshot->lost_queue = journal->lost[QM_LOSS_QUEUE];
	snapshot->lost_audit = journal->lost[QM_LOSS_AUDIT];
	snapshot->lost_netlink = journal->lost[QM_LOSS_NETLINK];
	snapshot->lost_store = journal->lost[QM_LOSS_STORE];
	snapshot->lost_at_ms = journal->lost_at_ms;
}

/** Pairs to be copied, and where to. */
struct listing {
	struct qm_snapshot *snapshot;
	size_t room;
	uint32_t instance;
};

static bool list_pair(void *user, const struct qm_ledger_pair *pair)
{
	struct listing *listing = user;
	const struct qm_sa_facts *facts = pair->facts;

	if (listing->snapshot->n_sas == listing->room) {
		return false;
	}
	listing->snapshot->sas[listing->snapshot->n_sas++] = (struct qm_snapshot_sa){
		.instance = pair->instance ? pair->instance : listing->instance,
		.child_sa = facts->child_sa,
		.ike_sa = facts->ike_sa,
		.reqid = facts->reqid,
		.in_spi = facts->in_spi,
		.out_spi = facts->out_spi,
		.rekeys = pair->rekeys,
		.satype = facts->satype,
		.mark_in = facts->mark_in,
		.mark_out = facts->mark_out,
		.local = facts->local,
		.remote = facts->remote,
		.established_ms = pair->established_ms,
		.before_in = pair->before_in,
		.before_out = pair->before_out,
		.conn_name = facts->conn_name,
		.child_name = facts->child_name,
		.remote_id = facts->remote_id,
		.acct = facts->acct,
	};
	return true;
}

static bool fill_pairs(struct qm_recorder *recorder, struct qm_snapshot *snapshot,
					   size_t sas)
{
	const size_t open = qm_ledger_open(recorder->ledger);
	struct listing listing = {
		.snapshot = snapshot,
		.room = open < sas ? open : sas,
		.instance = recorder->start.instance,
	};

	snapshot->open = open;
	if (listing.room) {
		snapshot->sas = calloc(listing.room, sizeof(snapshot->sas[0]));
		if (!snapshot->sas) {
			return false;
		}
		qm_ledger_each_open(recorder->ledger, list_pair, &listing);
	}
	snapshot->more = open - snapshot->n_sas;
	return true;
}

static struct qm_snapshot *make(struct qm_recorder *recorder, size_t sas)
{
	struct qm_snapshot *snapshot = calloc(1, sizeof(*snapshot));

	if (!snapshot) {
		return NULL;
	}
	fill_common(recorder, snapshot);
	fill_outbox(recorder, snapshot);
	fill_journal(recorder, snapshot);
	snapshot->answers = true;
	snapshot->still_ms = 0;
	return fill_pairs(recorder, snapshot, sas) ? snapshot : qm_snapshot_free(snapshot);
}

void qm_recorder_answer(struct qm_recorder *recorder)
{
	struct qm_asking *asking = &recorder->asking;
	struct qm_snapshot *snapshot;
	size_t sas;

	if (!asking->asked) {
		return;
	}
	pthread_mutex_lock(&asking->mutex);
	sas = asking->sas;
	pthread_mutex_unlock(&asking->mutex);
	snapshot = make(recorder, sas);
	pthread_mutex_lock(&asking->mutex);
	asking->answer = snapshot;
	asking->asked = false;
	pthread_cond_broadcast(&asking->answered);
	pthread_mutex_unlock(&asking->mutex);
}

/** Asks, unless what was asked before is still not answered. @return until when the
 * answer may take, CLOCK_MONOTONIC in ms */
static uint64_t ask(struct qm_recorder *recorder, size_t sas, int timeout_ms)
{
	struct qm_asking *asking = &recorder->asking;
	uint64_t until;
	bool is_new;

	pthread_mutex_lock(&asking->mutex);
	asking->sas = sas;
	is_new = !asking->asked;
	if (is_new) {
		/* of one who did not wait so long */
		asking->answer = qm_snapshot_free(asking->answer);
		asking->asked_ms = qm_time_now().mono_ms;
		asking->asked = true;
	}
	until = asking->asked_ms + (uint64_t)timeout_ms;
	pthread_mutex_unlock(&asking->mutex);
	if (is_new) {
		qm_recorder_wake(recorder);
	}
	return until;
}

/** Waits for the answer. @return 0, -ETIMEDOUT, -ENOMEM, -ESHUTDOWN */
static int await(struct qm_recorder *recorder, uint64_t until, struct qm_snapshot **ret)
{
	struct qm_asking *asking = &recorder->asking;
	const uint64_t now = qm_time_now().mono_ms;
	const struct timespec deadline = qm_deadline(now < until ? (int)(until - now) : 0);
	int r = 0;

	pthread_mutex_lock(&asking->mutex);
	while (asking->asked && !asking->ended && !r) {
		r = -pthread_cond_timedwait(&asking->answered, &asking->mutex, &deadline);
	}
	if (asking->ended) {
		r = -ESHUTDOWN;
	} else if (asking->asked) {
		r = -ETIMEDOUT;
	} else {
		*ret = asking->answer;
		asking->answer = NULL;
		r = *ret ? 0 : -ENOMEM;
	}
	pthread_mutex_unlock(&asking->mutex);
	return r;
}

int qm_recorder_snapshot(struct qm_recorder *recorder, size_t sas, int timeout_ms,
						 struct qm_snapshot **ret)
{
	struct qm_snapshot *snapshot = NULL;
	int r = await(recorder, ask(recorder, sas, timeout_ms), &snapshot);

	if (r == -ETIMEDOUT) {
		snapshot = calloc(1, sizeof(*snapshot));
		r = snapshot ? 0 : -ENOMEM;
		if (snapshot) {
			fill_common(recorder, snapshot);
		}
	}
	if (!r) {
		*ret = snapshot;
	}
	return r;
}

void qm_recorder_end_snapshots(struct qm_recorder *recorder)
{
	struct qm_asking *asking = &recorder->asking;

	pthread_mutex_lock(&asking->mutex);
	asking->ended = true;
	pthread_cond_broadcast(&asking->answered);
	pthread_mutex_unlock(&asking->mutex);
}
