/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel_model.h"

#include <stdlib.h>
#include <string.h>

#include "history.h"
#include "random_kit.h"

static unsigned below(struct qm_kernel_model *kernel, unsigned n)
{
	return qm_random_below(&kernel->random, n);
}

static bool once_in(struct qm_kernel_model *kernel, unsigned n)
{
	return below(kernel, n) == 0;
}

void qm_kernel_model_init(struct qm_kernel_model *kernel, uint64_t seed)
{
	static const unsigned slowness[] = { 1, 100, 1000, 1900, 6000 };

	memset(kernel, 0, offsetof(struct qm_kernel_model, notes));
	kernel->random = seed ^ 0x5a5a5a5a;
	kernel->slowness_ms = slowness[below(kernel, 5)];
	/* until the first look is over, as if all were lost */
	kernel->deaf = true;
}

static struct qm_note *add_note(struct qm_kernel_model *kernel, enum qm_input_type type)
{
	const unsigned last = (kernel->first + kernel->count - 1) % QM_NOTES;
	const uint64_t least = kernel->count ? kernel->notes[last].due_ms : 0;
	struct qm_note *note;

	if (kernel->count == QM_NOTES) {
		abort();
	}
	note = &kernel->notes[(kernel->first + kernel->count++) % QM_NOTES];
	*note = (struct qm_note){ .type = type, .due_ms = kernel->now_ms };
	if (once_in(kernel, 3)) {
		note->due_ms += below(kernel, kernel->slowness_ms);
	}
	note->due_ms = note->due_ms < least ? least : note->due_ms;
	return note;
}

static struct qm_note *add_half_note(struct qm_kernel_model *kernel,
									 enum qm_input_type type, unsigned child,
									 unsigned side, uint8_t host)
{
	const struct qm_kernel_half *half = &kernel->half[child][side];
	struct qm_note *note = add_note(kernel, type);

	note->child = (uint8_t)child;
	note->side = (uint8_t)side;
	note->host = host;
	note->bytes = (struct qm_count){ true, half->bytes };
	note->packets = (struct qm_count){ true, half->packets };
	note->total_bytes = half->total_bytes;
	note->total_packets = half->total_packets;
	return note;
}

/** An SA comes, with what it has counted already. */
static void appear(struct qm_kernel_model *kernel, unsigned child, unsigned side,
				   uint8_t host, enum qm_party by)
{
	struct qm_kernel_half *half = &kernel->half[child][side];

	half->there = true;
	half->host = host;
	if (kernel->deaf) {
		kernel->dropped++;
	} else {
		half->mirrored = host;
		add_half_note(kernel, QM_INPUT_KERNEL_ADDED, child, side, host)->by = by;
	}
}

static void disappear(struct qm_kernel_model *kernel, unsigned child, unsigned side,
					  enum qm_kernel_end end, enum qm_party by)
{
	struct qm_kernel_half *half = &kernel->half[child][side];
	struct qm_note *note;

	if (!half->there) {
		return;
	}
	half->there = false;
	if (kernel->deaf) {
		kernel->dropped++;
		return;
	}
	half->mirrored = 0;
	note = add_half_note(kernel, QM_INPUT_KERNEL_REMOVED, child, side, half->host);
	note->end = end;
	note->by = by;
	if (end == QM_KERNEL_END_FLUSHED) {
		note->bytes = note->packets = (struct qm_count){ .known = false };
	}
}

static void pass_traffic(struct qm_kernel_model *kernel, unsigned child, unsigned side)
{
	struct qm_kernel_half *half = &kernel->half[child][side];
	const unsigned packets = below(kernel, 4), bytes = packets * below(kernel, 1400);

	if (half->there) {
		half->bytes += bytes;
		half->total_bytes += bytes;
		half->packets += packets;
		half->total_packets += packets;
	}
}

/** charon reads the count, deletes the SA and adds it anew, with that count. */
static void move(struct qm_kernel_model *kernel, unsigned child, unsigned side,
				 uint8_t host)
{
	struct qm_kernel_half *half = &kernel->half[child][side];
	const uint64_t bytes = half->bytes, packets = half->packets;
	const bool read = !once_in(kernel, 8);

	/* where it is already, nothing moves */
	if (!half->there || half->host == host) {
		return;
	}
	if (once_in(kernel, 2)) {
		pass_traffic(kernel, child, side);
	}
	disappear(kernel, child, side, QM_KERNEL_END_DELETED, QM_PARTY_LOCAL);
	half->bytes = read ? bytes : 0;
	half->packets = read ? packets : 0;
	appear(kernel, child, side, host, QM_PARTY_LOCAL);
}

/** All that waits is told at once: what follows must not meet it. */
static void catch_up(struct qm_kernel_model *kernel)
{
	for (unsigned i = 0; i < kernel->count; i++) {
		kernel->notes[(kernel->first + i) % QM_NOTES].due_ms = kernel->now_ms;
	}
}

static void move_all(struct qm_kernel_model *kernel, const struct qm_model *model,
					 const struct qm_step *step)
{
	for (unsigned i = 1; i <= model->children; i++) {
		if (model->truth[i].keyed && !model->truth[i].gone &&
			model->truth[i].ike == step->ike) {
			move(kernel, i, QM_MODEL_IN, step->arg);
			move(kernel, i, QM_MODEL_OUT, step->arg);
		}
	}
}

void qm_kernel_model_before(struct qm_kernel_model *kernel, const struct qm_model *model,
							const struct qm_step *step)
{
	if (step->type == QM_INPUT_KEYS) {
		const uint8_t host = model->truth[step->child].host;

		appear(kernel, step->child, QM_MODEL_IN, host, QM_PARTY_LOCAL);
		appear(kernel, step->child, QM_MODEL_OUT, host, QM_PARTY_LOCAL);
	} else if (step->type == QM_INPUT_IKE_HOSTS) {
		catch_up(kernel);
		if (once_in(kernel, 3)) {
			move_all(kernel, model, step);
		}
	}
}

/** What charon has the kernel do about a CHILD_SA. */
static void follow(struct qm_kernel_model *kernel, const struct qm_step *step)
{
	const unsigned child = step->child;

	if (step->type == QM_INPUT_REKEY) {
		disappear(kernel, step->arg, QM_MODEL_OUT, QM_KERNEL_END_DELETED, QM_PARTY_LOCAL);
	} else if (step->type == QM_INPUT_EXPIRED) {
		disappear(kernel, child, step->deleted[0], QM_KERNEL_END_EXPIRED,
				  QM_PARTY_KERNEL);
	} else if (step->type == QM_INPUT_CHILD_STATE && step->arg == QM_CHILD_REKEYED &&
			   once_in(kernel, 2)) {
		disappear(kernel, child, QM_MODEL_OUT, QM_KERNEL_END_DELETED, QM_PARTY_LOCAL);
	} else if (step->type == QM_INPUT_CHILD_STATE && step->arg == QM_CHILD_DESTROYING) {
		disappear(kernel, child, QM_MODEL_OUT, QM_KERNEL_END_DELETED, QM_PARTY_LOCAL);
		disappear(kernel, child, QM_MODEL_IN, QM_KERNEL_END_DELETED, QM_PARTY_LOCAL);
	}
}

static void flush(struct qm_kernel_model *kernel, enum qm_kernel_end end)
{
	for (unsigned i = 0; i < QM_KERNEL_SAS; i++) {
		disappear(kernel, i, QM_MODEL_IN, end, QM_PARTY_EXTERNAL);
		disappear(kernel, i, QM_MODEL_OUT, end, QM_PARTY_EXTERNAL);
	}
}

static void interfere(struct qm_kernel_model *kernel, const struct qm_model *model)
{
	const unsigned foreign = QM_MODEL_CHILDREN + below(kernel, QM_FOREIGN);

	if (once_in(kernel, 300)) {
		flush(kernel, once_in(kernel, 4) ? QM_KERNEL_END_DELETED :
										   QM_KERNEL_END_FLUSHED);
	} else if (model->children && once_in(kernel, 40)) {
		disappear(kernel, 1 + below(kernel, model->children), below(kernel, 2),
				  QM_KERNEL_END_DELETED,
				  once_in(kernel, 4) ? QM_PARTY_UNKNOWN : QM_PARTY_EXTERNAL);
	} else if (once_in(kernel, 30)) {
		disappear(kernel, foreign, QM_MODEL_IN, QM_KERNEL_END_DELETED, QM_PARTY_EXTERNAL);
	} else if (once_in(kernel, 30) && !kernel->half[foreign][QM_MODEL_IN].there) {
		appear(kernel, foreign, QM_MODEL_IN, QM_HISTORY_HOST, QM_PARTY_EXTERNAL);
	}
}

static void add_sync(struct qm_kernel_model *kernel, enum qm_sync_phase phase)
{
	add_note(kernel, QM_INPUT_KERNEL_SYNC)->sync.phase = phase;
}

/** What a look at everything shows of a half. @return changes */
static unsigned look(struct qm_kernel_model *kernel, unsigned child, unsigned side,
					 bool for_new)
{
	struct qm_kernel_half *half = &kernel->half[child][side];
	struct qm_note *note;

	if (for_new && half->there && half->mirrored != half->host) {
		note = add_half_note(kernel, QM_INPUT_KERNEL_ADDED, child, side, half->host);
	} else if (!for_new && half->mirrored &&
			   (!half->there || half->mirrored != half->host)) {
		note = add_half_note(kernel, QM_INPUT_KERNEL_REMOVED, child, side,
							 half->mirrored);
		note->end = QM_KERNEL_END_VANISHED;
		note->bytes = note->packets = (struct qm_count){ .known = false };
	} else {
		return 0;
	}
	note->found = true;
	return 1;
}

static void look_at_all(struct qm_kernel_model *kernel)
{
	unsigned changes = 0, i;
	struct qm_note *note;

	for (i = 0; i < 2 * QM_KERNEL_SAS; i++) {
		changes += look(kernel, i / 2, i % 2, true);
	}
	for (i = 0; i < 2 * QM_KERNEL_SAS; i++) {
		struct qm_kernel_half *half = &kernel->half[i / 2][i % 2];

		changes += look(kernel, i / 2, i % 2, false);
		half->mirrored = half->there ? half->host : 0;
	}
	note = add_note(kernel, QM_INPUT_KERNEL_SYNC);
	note->sync = (struct qm_sync){
		.phase = QM_SYNC_END,
		.start = !kernel->started,
		.dropped = kernel->started && once_in(kernel, 2) ? kernel->dropped : 0,
		.changes = changes,
	};
	kernel->started = true;
	kernel->deaf = false;
	kernel->off = false;
}

/** The mirror loses track, gives up, or is on again. */
static void disturb(struct qm_kernel_model *kernel)
{
	if (!kernel->deaf && once_in(kernel, 60)) {
		add_sync(kernel, QM_SYNC_BEGIN);
		kernel->deaf = true;
		kernel->dropped = 0;
	} else if (kernel->deaf && once_in(kernel, 10)) {
		look_at_all(kernel);
	} else if (kernel->deaf && !kernel->off && once_in(kernel, 40)) {
		add_sync(kernel, QM_SYNC_OFF);
		kernel->off = true;
	}
}

void qm_kernel_model_after(struct qm_kernel_model *kernel, const struct qm_model *model,
						   const struct qm_step *step)
{
	if (step->type == QM_INPUT_IKE_HOSTS) {
		move_all(kernel, model, step);
	}
	follow(kernel, step);
	if (model->children) {
		pass_traffic(kernel, 1 + below(kernel, model->children), below(kernel, 2));
	}
	interfere(kernel, model);
	disturb(kernel);
}

void qm_kernel_model_restart(struct qm_kernel_model *kernel)
{
	for (unsigned i = 0; i < 2 * QM_KERNEL_SAS; i++) {
		kernel->half[i / 2][i % 2].mirrored = 0;
	}
	kernel->count = 0;
	kernel->started = false;
	add_sync(kernel, QM_SYNC_BEGIN);
	look_at_all(kernel);
}

void qm_kernel_model_end(struct qm_kernel_model *kernel)
{
	flush(kernel, QM_KERNEL_END_DELETED);
	if (kernel->deaf) {
		look_at_all(kernel);
	}
}

bool qm_kernel_model_take(struct qm_kernel_model *kernel, uint64_t now_ms,
						  struct qm_note *ret)
{
	if (!kernel->count || kernel->notes[kernel->first].due_ms > now_ms) {
		return false;
	}
	*ret = kernel->notes[kernel->first];
	kernel->first = (kernel->first + 1) % QM_NOTES;
	kernel->count--;
	return true;
}

void qm_kernel_model_input(const struct qm_note *note, struct qm_input *ret)
{
	const bool in = note->side == QM_MODEL_IN;
	struct qm_sa_facts facts;

	ret->type = note->type;
	ret->thread = QM_MODEL_MIRROR_THREAD;
	ret->ike_sa = ret->child_sa = 0;
	if (note->type == QM_INPUT_KERNEL_SYNC) {
		ret->sync = note->sync;
		return;
	}
	qm_history_facts(&facts, note->child, 0, 0, qm_model_satype(note->child), note->host);
	ret->kernel = (struct qm_kernel_sa){
		.id = { facts.satype, in ? facts.in_spi : facts.out_spi,
				in ? facts.local : facts.remote },
		.src = in ? facts.remote : facts.local,
		.end = note->end,
		.by = note->by,
		.found = note->found,
		.bytes = note->bytes,
		.packets = note->packets,
	};
	ret->kernel.id.dst.port = ret->kernel.src.port = 0;
}
