/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel_truth.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

/** What the ledger grants the kernel. */
#define COUNTERS_MS 2000

void qm_kernel_truth_init(struct qm_kernel_truth *truth, struct qm_model *model)
{
	memset(truth, 0, offsetof(struct qm_kernel_truth, lines));
	truth->model = model;
}

const char *qm_kernel_truth_line(const struct qm_event *event)
{
	static char line[QM_TRUTH_LINE];

	snprintf(line, sizeof(line), "%s @%" PRIu64, qm_history_event(event),
			 event->when_ms);
	return line;
}

void qm_truth_expect(struct qm_kernel_truth *truth, const struct qm_event *event)
{
	if (truth->count == QM_TRUTH_LINES) {
		abort();
	}
	memcpy(truth->lines[truth->count++], qm_kernel_truth_line(event), QM_TRUTH_LINE);
}

static bool is_gone(const struct qm_truth_flow *flow)
{
	return flow->seen && !flow->present;
}

static struct qm_count known(const struct qm_truth_flow *flow, uint64_t n)
{
	return (struct qm_count){ is_gone(flow) && !flow->unknown, n };
}

static struct qm_count total(const struct qm_truth_pair *pair, unsigned side)
{
	const struct qm_count own = known(&pair->flow[side], pair->flow[side].bytes);

	return (struct qm_count){ own.known && pair->before[side].known && !pair->older,
							  own.n + pair->before[side].n };
}

static bool is_complete(const struct qm_truth_pair *pair)
{
	return is_gone(&pair->flow[QM_MODEL_IN]) && is_gone(&pair->flow[QM_MODEL_OUT]) &&
		   !pair->older;
}

static void expect_end(struct qm_kernel_truth *truth, uint8_t child)
{
	struct qm_truth_pair *pair = &truth->pairs[child];
	const struct qm_truth_flow *in = &pair->flow[QM_MODEL_IN];
	const struct qm_truth_flow *out = &pair->flow[QM_MODEL_OUT];
	struct qm_sa_facts facts;
	struct qm_event event = {
		.kind = QM_EVENT_ENDED,
		.when_ms = qm_history_time_ms(pair->end_ms).wall_ms,
		.sa = &facts,
		.reason = pair->reason,
		.ended_by = pair->party,
		.traffic = { known(in, in->bytes), known(out, out->bytes),
					 known(in, in->packets), known(out, out->packets) },
		.duration_ms = pair->end_ms - pair->start_ms,
		.total_bytes_in = total(pair, QM_MODEL_IN),
		.total_bytes_out = total(pair, QM_MODEL_OUT),
		.rekeys = truth->model->truth[child].rekeys,
	};

	if (!pair->gone) {
		pair->ike = truth->model->truth[child].ike;
	}
	truth->exact += event.traffic.bytes_in.known && event.traffic.bytes_out.known;
	qm_history_facts(&facts, child, pair->ike, 0, 0, pair->host);
	qm_truth_expect(truth, &event);
}

static void write_end(struct qm_kernel_truth *truth, uint8_t child)
{
	struct qm_truth_pair *pair = &truth->pairs[child];

	expect_end(truth, child);
	pair->written = true;
	pair->waits = 0;
	truth->open--;
	for (unsigned i = 1; i <= truth->model->children; i++) {
		struct qm_truth_pair *younger = &truth->pairs[i];

		if (younger->older == child) {
			younger->before[QM_MODEL_IN] = total(pair, QM_MODEL_IN);
			younger->before[QM_MODEL_OUT] = total(pair, QM_MODEL_OUT);
			younger->older = 0;
			if (younger->waits && !younger->doubted && is_complete(younger)) {
				write_end(truth, (uint8_t)i);
			}
		}
	}
}

static void end(struct qm_kernel_truth *truth, uint8_t child, uint64_t ms, bool at_once)
{
	struct qm_truth_pair *pair = &truth->pairs[child];

	pair->ended = true;
	pair->doubted = false;
	pair->end_ms = ms;
	pair->reason = truth->model->truth[child].reason;
	pair->party = truth->model->truth[child].party;
	if (at_once || !truth->mirrored || is_complete(pair)) {
		write_end(truth, child);
	} else {
		pair->waits = ++truth->places;
	}
}

static bool is_doubtful(const struct qm_truth_pair *pair)
{
	return pair->started && !pair->ended && !pair->gone &&
		   (is_gone(&pair->flow[QM_MODEL_IN]) ||
			(pair->flow[QM_MODEL_OUT].missing && !pair->rekeyed));
}

static void judge_doubted(struct qm_kernel_truth *truth, uint8_t child)
{
	struct qm_truth_pair *pair = &truth->pairs[child];

	pair->doubted = false;
	pair->waits = 0;
	if (!is_doubtful(pair)) {
		return;
	}
	if (pair->flow[QM_MODEL_IN].missing || pair->flow[QM_MODEL_OUT].missing) {
		qm_model_blame(truth->model, child, QM_REASON_EXTERNAL_DELETE,
					   QM_PARTY_EXTERNAL);
	}
	end(truth, child, pair->end_ms, true);
}

/** The first of those that wait, 0 for none. */
static uint8_t first_waiting(const struct qm_kernel_truth *truth)
{
	uint8_t first = 0;

	for (unsigned i = 1; i <= truth->model->children; i++) {
		const uint64_t waits = truth->pairs[i].waits;

		if (waits && (!first || waits < truth->pairs[first].waits)) {
			first = (uint8_t)i;
		}
	}
	return first;
}

void qm_kernel_truth_before(struct qm_kernel_truth *truth, uint64_t now_ms)
{
	uint8_t child;

	truth->now_ms = now_ms;
	while ((child = first_waiting(truth)) &&
		   now_ms - truth->pairs[child].end_ms >= COUNTERS_MS) {
		if (truth->pairs[child].doubted) {
			judge_doubted(truth, child);
		} else {
			write_end(truth, child);
		}
	}
	qm_truth_tell_strays(truth);
}

static void arrive(struct qm_truth_pair *pair, unsigned side, bool found)
{
	struct qm_truth_flow *flow = &pair->flow[side];

	if (flow->present) {
		flow->unknown |= !found || flow->host != pair->host;
	} else if (flow->seen) {
		flow->unknown |= found;
	}
	flow->seen = flow->present = true;
	flow->missing = false;
	flow->host = pair->host;
	if (pair->doubted && !is_doubtful(pair)) {
		pair->doubted = false;
		pair->waits = 0;
	}
}

/** charon tells another address: what came there before is its. */
static void move(struct qm_truth_pair *pair, uint8_t host)
{
	const bool moves = pair->host && pair->host != host;

	pair->host = host;
	for (unsigned side = 0; side < QM_MODEL_SIDES; side++) {
		struct qm_truth_flow *flow = &pair->flow[side];

		flow->unknown |= moves && !flow->seen;
		if (flow->early == host) {
			flow->early = 0;
			arrive(pair, side, flow->early_found);
		}
	}
}

static void move_all(struct qm_kernel_truth *truth, const struct qm_step *step)
{
	for (unsigned i = 1; i <= truth->model->children; i++) {
		struct qm_truth_pair *pair = &truth->pairs[i];

		if (pair->keyed && !pair->gone && truth->model->truth[i].ike == step->ike) {
			if (pair->waits && !pair->doubted) {
				/* it has ended where it was */
				write_end(truth, (uint8_t)i);
			}
			/* nobody may see how the old ones end */
			pair->flow[0].unknown |= !truth->mirrored || truth->gap;
			pair->flow[1].unknown |= !truth->mirrored || truth->gap;
			move(pair, step->arg);
		}
	}
}

/** Nothing more is known of what is before those that come after it. */
static void forget(struct qm_kernel_truth *truth, uint8_t child)
{
	truth->pairs[child].older = 0;
	for (unsigned i = 1; i <= truth->model->children; i++) {
		if (truth->pairs[i].older == child) {
			truth->pairs[i].older = 0;
			truth->pairs[i].before[0].known = truth->pairs[i].before[1].known = false;
		}
	}
}

static void join(struct qm_kernel_truth *truth, const struct qm_step *step)
{
	struct qm_truth_pair *pair = &truth->pairs[step->child];
	struct qm_truth_pair *old = &truth->pairs[step->arg];

	pair->older = 0;
	if (!old->keyed || old->gone) {
		pair->before[0].known = pair->before[1].known = false;
		return;
	}
	old->rekeyed = true;
	if (old->ended && (old->reason == QM_REASON_UNKNOWN ||
					   old->reason == QM_REASON_REKEYED)) {
		/* its record waits: it can still say by whom */
		old->reason = QM_REASON_REKEYED;
		old->party = step->party;
	}
	if (old->written) {
		pair->before[QM_MODEL_IN] = total(old, QM_MODEL_IN);
		pair->before[QM_MODEL_OUT] = total(old, QM_MODEL_OUT);
	} else {
		pair->older = step->arg;
	}
}

static void start(struct qm_kernel_truth *truth, uint8_t child)
{
	const struct qm_truth *c = &truth->model->truth[child];
	struct qm_truth_pair *pair = &truth->pairs[child];
	struct qm_sa_facts facts;
	const struct qm_event event = {
		.kind = QM_EVENT_ESTABLISHED,
		.when_ms = qm_history_time_ms(truth->now_ms).wall_ms,
		.sa = &facts,
		.old_child_sa = c->old,
	};

	qm_history_facts(&facts, child, c->ike, 0, 0, pair->host);
	facts.direction = c->direction;
	qm_truth_expect(truth, &event);
	pair->started = true;
	pair->start_ms = truth->now_ms;
	truth->open++;
	if (pair->cut) {
		end(truth, child, truth->now_ms, true);
	}
}

static void let_go(struct qm_kernel_truth *truth, uint8_t child)
{
	struct qm_truth_pair *pair = &truth->pairs[child];

	pair->ike = truth->model->truth[child].ike;
	if (pair->started && !pair->ended) {
		pair->waits = 0;
		end(truth, child, truth->now_ms, false);
	}
	pair->gone = true;
	if (!pair->started) {
		forget(truth, child);
	}
}

static void learn(struct qm_kernel_truth *truth, uint8_t child)
{
	struct qm_truth_pair *pair = &truth->pairs[child];

	pair->keyed = true;
	pair->before[0].known = pair->before[1].known = true;
	truth->order[truth->keyed++] = child;
	move(pair, truth->model->truth[child].host);
}

void qm_kernel_truth_step(struct qm_kernel_truth *truth, const struct qm_step *step)
{
	const struct qm_truth *c = &truth->model->truth[step->child];
	struct qm_truth_pair *pair = &truth->pairs[step->child];

	if (step->type == QM_INPUT_KEYS) {
		learn(truth, step->child);
	} else if (step->type == QM_INPUT_IKE_HOSTS) {
		move_all(truth, step);
	} else if (step->type == QM_INPUT_REKEY) {
		join(truth, step);
	} else if (step->type == QM_INPUT_CHILD_STATE && step->arg == QM_CHILD_REKEYED) {
		pair->rekeyed = true;
	}
	if (step->announces && c->start == truth->model->steps) {
		start(truth, step->child);
	}
	if (step->type == QM_INPUT_CHILD_STATE && step->arg == QM_CHILD_DESTROYING &&
		pair->keyed) {
		let_go(truth, step->child);
	}
}

/** Whether a half is known to have been what is removed at an address; it is gone. */
static bool leave(struct qm_truth_pair *pair, const struct qm_note *note)
{
	struct qm_truth_flow *flow = &pair->flow[note->side];
	const bool former = flow->present && flow->host == note->host;

	if (note->host != pair->host && !former) {
		flow->early = flow->early == note->host ? 0 : flow->early;
		return false;
	}
	flow->unknown |= is_gone(flow) || !note->bytes.known;
	flow->seen = true;
	flow->present = false;
	flow->missing = note->end == QM_KERNEL_END_VANISHED;
	flow->bytes = note->total_bytes;
	flow->packets = note->total_packets;
	return true;
}

static void cut(struct qm_kernel_truth *truth, uint8_t child, bool at_once)
{
	struct qm_truth_pair *pair = &truth->pairs[child];

	if (pair->started && !pair->ended) {
		pair->waits = 0;
		end(truth, child, truth->now_ms, at_once);
	} else if (!pair->started) {
		pair->cut = true;
	}
}

static void remove_half(struct qm_kernel_truth *truth, const struct qm_note *note)
{
	struct qm_truth_pair *pair = &truth->pairs[note->child];

	if (!leave(pair, note)) {
		return;
	}
	if (pair->waits && !pair->doubted) {
		if (is_complete(pair)) {
			write_end(truth, note->child);
		}
	} else if (note->end == QM_KERNEL_END_EXPIRED) {
		const bool peers = truth->model->child[note->child].peer_deleted;

		qm_model_blame(truth->model, note->child,
					   peers ? QM_REASON_DELETED : QM_REASON_EXPIRED,
					   peers ? QM_PARTY_PEER : QM_PARTY_KERNEL);
		cut(truth, note->child, false);
	} else if (note->end != QM_KERNEL_END_VANISHED && note->by != QM_PARTY_LOCAL) {
		qm_model_blame(truth->model, note->child, note->end == QM_KERNEL_END_FLUSHED ?
					   QM_REASON_EXTERNAL_FLUSH : QM_REASON_EXTERNAL_DELETE,
					   QM_PARTY_EXTERNAL);
		cut(truth, note->child, true);
	}
}

static void change_half(struct qm_kernel_truth *truth, const struct qm_note *note)
{
	struct qm_truth_pair *pair = &truth->pairs[note->child];

	if (pair->gone && (pair->written || !pair->started)) {
		return;
	}
	if (note->type == QM_INPUT_KERNEL_REMOVED) {
		remove_half(truth, note);
	} else if (note->host == pair->host) {
		arrive(pair, note->side, note->found);
	} else if (!pair->flow[note->side].early) {
		pair->flow[note->side].early = note->host;
		pair->flow[note->side].early_found = note->found;
	}
}

static void synced(struct qm_kernel_truth *truth, const struct qm_sync *sync)
{
	const struct qm_event lost = {
		.kind = QM_EVENT_LOST,
		.when_ms = qm_history_time_ms(truth->now_ms).wall_ms,
		.since_ms = qm_history_time_ms(truth->gap_since_ms).wall_ms,
		.cause = QM_LOSS_NETLINK,
		.lost = sync->dropped ? sync->dropped : sync->changes,
	};

	if (!sync->start && lost.lost) {
		qm_truth_expect(truth, &lost);
	}
	truth->mirrored = true;
	truth->gap = false;
	for (unsigned i = 0; i < truth->keyed; i++) {
		struct qm_truth_pair *pair = &truth->pairs[truth->order[i]];

		if (!pair->waits && is_doubtful(pair)) {
			pair->doubted = true;
			pair->end_ms = truth->now_ms;
			pair->waits = ++truth->places;
		}
	}
}

static void turn_off(struct qm_kernel_truth *truth)
{
	uint8_t child;

	truth->mirrored = false;
	while ((child = first_waiting(truth))) {
		if (truth->pairs[child].doubted) {
			truth->pairs[child].doubted = false;
			truth->pairs[child].waits = 0;
		} else {
			write_end(truth, child);
		}
	}
}

void qm_kernel_truth_note(struct qm_kernel_truth *truth, const struct qm_note *note)
{
	if (note->type != QM_INPUT_KERNEL_SYNC) {
		if (note->child >= QM_MODEL_CHILDREN) {
			qm_truth_change_stray(truth, note);
		} else {
			change_half(truth, note);
		}
	} else if (note->sync.phase == QM_SYNC_END) {
		synced(truth, &note->sync);
	} else if (note->sync.phase == QM_SYNC_OFF) {
		turn_off(truth);
	} else if (!truth->gap) {
		truth->gap = true;
		truth->gap_since_ms = truth->now_ms;
	}
}
