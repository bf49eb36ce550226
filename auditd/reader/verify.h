/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Whether a trail is complete. It is told of one record after the other, in the order
 * of their time, and says in the end what is missing, what is there twice, and what
 * does not fit together. No I/O.
 *
 * It keeps eight bytes of each record, and some more of each SA pair that is open, of
 * each daemon's run, and of what is not as it should be.
 */
#ifndef QM_VERIFY_H
#define QM_VERIFY_H

#include "kernel_line.h"
#include "line.h"

/** What was found. Those from QM_NOTE_BEGINS on are no faults of the trail. */
enum qm_finding_kind {
	QM_FINDING_HOLE,
	QM_FINDING_CONFLICT,
	QM_FINDING_LOST,
	QM_FINDING_NO_START,
	QM_FINDING_NO_END,
	QM_FINDING_STARTED_TWICE,
	QM_FINDING_ENDED_TWICE,
	QM_FINDING_ORDER,
	QM_FINDING_DURATION,
	QM_FINDING_NO_AUDIT_START,
	QM_FINDING_NO_AUDIT_STOP,
	QM_FINDING_LAST_RUN,
	QM_FINDING_SKIPPED,
	QM_FINDING_AFTER_STOP,
	QM_FINDING_WRITTEN,
	QM_FINDING_UNNUMBERED,
	QM_FINDING_KERNEL_ONLY,
	QM_FINDING_NOT_IN_KERNEL,
	QM_NOTE_BEGINS,
	QM_NOTE_BEFORE,
	QM_NOTE_DIED,
	QM_NOTE_UNKNOWN_SA,
	QM_NOTE_BRIEF_SA,
	QM_NOTE_FOREIGN_SA,
	QM_NOTE_APART,
	QM_FINDING_MAX,
};

struct qm_finding {
	enum qm_finding_kind kind;
	/** "" for none; owned by the checker */
	const char *node;
	/** all numbers 0 where there is none */
	uint32_t instance;
	uint32_t pid;
	/** rec-seq of the record, or the first and the last that are missing */
	uint64_t seq;
	uint64_t last_seq;
	/** how many it is about */
	uint64_t count;
	uint64_t child_sa;
	uint32_t in_spi;
	uint32_t out_spi;
	/** ms since the epoch */
	uint64_t time_ms;
	/** a word of the record that says more, such as a cause; "" for none */
	char word[32];
};

/** An SA pair that has no end yet. */
struct qm_open_pair {
	const char *node;
	uint32_t instance;
	uint32_t pid;
	uint64_t child_sa;
	uint32_t in_spi;
	uint32_t out_spi;
	uint64_t since_ms;
};

struct qm_verify_result {
	/** by node, and time */
	struct qm_finding *findings;
	size_t n_findings;
	/** how many of them are faults */
	size_t n_faults;
	struct qm_open_pair *open;
	size_t n_open;
	/** state directories of daemons, and runs of these */
	uint64_t gateways;
	uint64_t runs;
	/** each once */
	uint64_t records;
	/** of others than the plugin, such as libreswan's */
	uint64_t others;
	uint64_t pairs;
	/** records that were there once more */
	uint64_t repeated;
	/** of the kernel, SAs added and deleted */
	uint64_t kernel;
};

struct qm_verify;

/** @return a checker, or NULL without memory */
struct qm_verify *qm_verify_new(void);

/** @return NULL */
struct qm_verify *qm_verify_free(struct qm_verify *verify);

/** Takes a record. @return 0 or -ENOMEM, after which nothing can be said */
int qm_verify_record(struct qm_verify *verify, const struct qm_line *line);

/** Takes a record of the kernel's. @return 0 or -ENOMEM */
int qm_verify_kernel(struct qm_verify *verify, const struct qm_kernel_line *line);

/**
 * Judges all that it was told of; to be called once, in the end.
 *
 * @param ret	receives what was found; it is valid as long as the checker
 * @return		0 or -ENOMEM
 */
int qm_verify_finish(struct qm_verify *verify, struct qm_verify_result *ret);

/** A finding's name, as in JSON. */
const char *qm_finding_name(enum qm_finding_kind kind);

/** What it means, in a sentence. */
const char *qm_finding_meaning(enum qm_finding_kind kind);

static inline bool qm_finding_is_fault(enum qm_finding_kind kind)
{
	return kind < QM_NOTE_BEGINS;
}

#endif
