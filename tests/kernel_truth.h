/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a ledger that is told of charon and of the kernel has to say, worked out from
 * the models' truth: the promise, with counters that are exact or not known.
 */
#ifndef QM_KERNEL_TRUTH_H
#define QM_KERNEL_TRUTH_H

#include "history.h"
#include "kernel_model.h"

/** Events of one input: all that there is may be flushed. */
#define QM_TRUTH_LINES 256
#define QM_TRUTH_LINE 320

/** What has been told of a half. */
struct qm_truth_flow {
	bool seen;
	bool present;
	bool missing;
	bool unknown;
	/** address by which it was told of, and by which it was told of too early */
	uint8_t host;
	uint8_t early;
	bool early_found;
	uint64_t bytes;
	uint64_t packets;
};

/** What has been told of an SPI pair, and said. */
struct qm_truth_pair {
	bool keyed;
	bool started;
	/** it ended, the record is out, and charon let go of it */
	bool ended;
	bool written;
	bool gone;
	/** lost by the kernel before it was announced; replaced */
	bool cut;
	bool rekeyed;
	/** place among those that wait, 0 if it does not; in doubt, not for counters */
	uint64_t waits;
	bool doubted;
	/** address that charon last told */
	uint8_t host;
	uint8_t ike;
	enum qm_reason reason;
	enum qm_party party;
	uint64_t start_ms;
	/** end, or begin of the doubt */
	uint64_t end_ms;
	struct qm_truth_flow flow[QM_MODEL_SIDES];
	/** the one before it while that has not ended, and sums of those that have */
	uint8_t older;
	struct qm_count before[QM_MODEL_SIDES];
};

/** An SA of others. */
struct qm_truth_stray {
	bool there;
	bool told;
	uint64_t since_ms;
	struct qm_kernel_sa kernel;
};

struct qm_kernel_truth {
	struct qm_model *model;
	uint64_t now_ms;
	bool mirrored;
	bool gap;
	uint64_t gap_since_ms;
	uint64_t places;
	unsigned open;
	struct qm_truth_pair pairs[QM_MODEL_CHILDREN];
	/** in the order in which they were told of */
	uint8_t order[QM_MODEL_CHILDREN];
	unsigned keyed;
	struct qm_truth_stray strays[QM_FOREIGN];
	/** counters said in full, to see that there are any */
	unsigned exact;
	/** what has to be said with the next input, and is not struck off yet; last, for
	 * its size */
	unsigned count;
	char lines[QM_TRUTH_LINES][QM_TRUTH_LINE];
};

void qm_kernel_truth_init(struct qm_kernel_truth *truth, struct qm_model *model);

/** Time has passed; to be called before each input, while truth is as it was. */
void qm_kernel_truth_before(struct qm_kernel_truth *truth, uint64_t now_ms);

/** charon has told a step, which is true by now. */
void qm_kernel_truth_step(struct qm_kernel_truth *truth, const struct qm_step *step);

/** The mirror has told a note. */
void qm_kernel_truth_note(struct qm_kernel_truth *truth, const struct qm_note *note);

/* Parts of these. */

/** An event has to be said. */
void qm_truth_expect(struct qm_kernel_truth *truth, const struct qm_event *event);

/** Strays that have stayed are to be told of. */
void qm_truth_tell_strays(struct qm_kernel_truth *truth);

/** A note about one. */
void qm_truth_change_stray(struct qm_kernel_truth *truth, const struct qm_note *note);

/** An event as a line with its time; valid until the next call. */
const char *qm_kernel_truth_line(const struct qm_event *event);

#endif
