/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kernel_truth.h"

/** What the ledger grants charon to say whose an SA is. */
#define STRAY_MS 10000

void qm_truth_tell_strays(struct qm_kernel_truth *truth)
{
	for (unsigned i = 0; i < QM_FOREIGN; i++) {
		struct qm_truth_stray *stray = &truth->strays[i];
		const struct qm_event event = {
			.kind = QM_EVENT_UNKNOWN_SA,
			.when_ms = qm_history_time_ms(truth->now_ms).wall_ms,
			.since_ms = qm_history_time_ms(stray->since_ms).wall_ms,
			.kernel = &stray->kernel,
		};

		if (stray->there && !stray->told && truth->mirrored && !truth->gap &&
			truth->now_ms - stray->since_ms >= STRAY_MS) {
			stray->told = true;
			qm_truth_expect(truth, &event);
		}
	}
}

void qm_truth_change_stray(struct qm_kernel_truth *truth, const struct qm_note *note)
{
	struct qm_truth_stray *stray = &truth->strays[note->child - QM_MODEL_CHILDREN];
	struct qm_input input;

	if (note->type == QM_INPUT_KERNEL_REMOVED) {
		stray->there = false;
	} else if (!stray->there) {
		qm_kernel_model_input(note, &input);
		*stray = (struct qm_truth_stray){
			.there = true,
			.since_ms = truth->now_ms,
			.kernel = input.kernel,
		};
	}
}
