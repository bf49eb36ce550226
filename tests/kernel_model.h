/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A model of the kernel beside the one of charon: it has the SAs that charon makes,
 * counts what goes through them, and loses some to others. What a mirror of it would
 * tell comes out as notes, in order and late; for a while all may be lost, until a
 * look at everything shows what has changed. With each note is what is true.
 */
#ifndef QM_KERNEL_MODEL_H
#define QM_KERNEL_MODEL_H

#include "charon_model.h"

/** Notes that can wait. */
#define QM_NOTES 2048
/** SAs of others, with numbers from QM_MODEL_CHILDREN on. */
#define QM_FOREIGN 4
#define QM_KERNEL_SAS (QM_MODEL_CHILDREN + QM_FOREIGN)

/** Sides of a CHILD_SA. */
enum qm_model_side {
	QM_MODEL_IN,
	QM_MODEL_OUT,
	QM_MODEL_SIDES,
};

/** What a mirror tells. */
struct qm_note {
	/** KERNEL_ADDED, KERNEL_REMOVED, KERNEL_SYNC */
	enum qm_input_type type;
	/** when it is told */
	uint64_t due_ms;
	/** ADDED, REMOVED: CHILD_SA, side, and last byte of its address */
	uint8_t child;
	uint8_t side;
	uint8_t host;
	bool found;
	enum qm_kernel_end end;
	enum qm_party by;
	struct qm_count bytes;
	struct qm_count packets;
	/** what has gone through this half in all, whatever the kernel's count is */
	uint64_t total_bytes;
	uint64_t total_packets;
	/** SYNC */
	struct qm_sync sync;
};

/** A half of a CHILD_SA in the kernel. */
struct qm_kernel_half {
	bool there;
	uint8_t host;
	/** host by which the mirror has it, 0 if it does not */
	uint8_t mirrored;
	/** the kernel's count, and all since it was first there */
	uint64_t bytes;
	uint64_t packets;
	uint64_t total_bytes;
	uint64_t total_packets;
};

struct qm_kernel_model {
	/** state of the random numbers */
	uint64_t random;
	/** how late the mirror can be */
	unsigned slowness_ms;
	uint64_t now_ms;
	/** notes are lost: how many by now, and since when the mirror would be off */
	bool deaf;
	bool off;
	uint64_t dropped;
	/** mirror's first look is over */
	bool started;
	struct qm_kernel_half half[QM_KERNEL_SAS][QM_MODEL_SIDES];
	unsigned first;
	unsigned count;
	/** last, for its size: only `count` from `first` on mean anything */
	struct qm_note notes[QM_NOTES];
};

void qm_kernel_model_init(struct qm_kernel_model *kernel, uint64_t seed);

/** What the kernel does for charon before charon says that of a step. */
void qm_kernel_model_before(struct qm_kernel_model *kernel, const struct qm_model *model,
							const struct qm_step *step);

/** And what it does after; and what happens by itself. */
void qm_kernel_model_after(struct qm_kernel_model *kernel, const struct qm_model *model,
						   const struct qm_step *step);

/** The daemon is another one: what was not told never is, and its mirror begins with a
 * look at all that there is now. */
void qm_kernel_model_restart(struct qm_kernel_model *kernel);

/** What is left ends, and all of it is told. */
void qm_kernel_model_end(struct qm_kernel_model *kernel);

/** The next note that is due at a time. @return false if there is none */
bool qm_kernel_model_take(struct qm_kernel_model *kernel, uint64_t now_ms,
						  struct qm_note *ret);

/** The input that tells a ledger of a note; without its time. */
void qm_kernel_model_input(const struct qm_note *note, struct qm_input *ret);

#endif
