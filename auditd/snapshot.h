/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How it goes, at one moment: what qm-audit status shows. The recorder fills in what is
 * its own, the daemon's side what it knows besides; it is written as JSON by one table
 * of fields, and read by the same.
 */
#ifndef QM_SNAPSHOT_H
#define QM_SNAPSHOT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "facts.h"
#include "sink.h"

/** Version of what is written; another one is not read. */
#define QM_SNAPSHOT_FORMAT 1

/** Bytes of a word and of a sentence, with the NUL. */
#define QM_SNAPSHOT_WORD 32
#define QM_SNAPSHOT_TEXT 512

/** SA pairs that are listed where nobody says how many, and at most. */
#define QM_SNAPSHOT_SAS_DEFAULT 1000
#define QM_SNAPSHOT_SAS_MAX 10000

/** Reasons why not all is well, at most. */
#define QM_SNAPSHOT_REASONS 8

/** How the kernel's SAs are watched. */
struct qm_snapshot_mirror {
	/** they are to be: false where this daemon has none in the kernel */
	bool wanted;
	/** somebody watches */
	bool watched;
	/** nothing is missing; if not, for how long, in ms */
	bool synced;
	uint64_t gap_ms;
	uint64_t sas;
	uint64_t policies;
	uint64_t resyncs;
	uint64_t failures;
	uint64_t overruns;
	uint64_t dropped;
};

/** An open SA pair. */
struct qm_snapshot_sa {
	/** run that announced it, and charon's ids there */
	uint32_t instance;
	uint32_t child_sa;
	uint32_t ike_sa;
	uint32_t reqid;
	uint32_t in_spi;
	uint32_t out_spi;
	uint32_t rekeys;
	enum qm_satype satype;
	struct qm_mark mark_in;
	struct qm_mark mark_out;
	struct qm_addr local;
	struct qm_addr remote;
	/** time of its 5451, ms since the epoch; 0 when not known */
	uint64_t established_ms;
	/** what the kernel counts now, and what those before it in its lineage had */
	struct qm_count bytes_in;
	struct qm_count bytes_out;
	struct qm_count packets_in;
	struct qm_count packets_out;
	struct qm_count before_in;
	struct qm_count before_out;
	struct qm_text conn_name;
	struct qm_text child_name;
	struct qm_text remote_id;
	struct qm_text acct;
};

/** Why not all is well. */
struct qm_snapshot_reason {
	/** writer, sink, store, queue, lost or mirror */
	char what[QM_SNAPSHOT_WORD];
	char text[QM_SNAPSHOT_TEXT];
};

struct qm_snapshot {
	/** QM_SNAPSHOT_FORMAT */
	uint64_t format;
	char version[QM_SNAPSHOT_WORD];
	char daemon[QM_SNAPSHOT_WORD];
	char daemon_version[QM_SNAPSHOT_WORD];
	uint64_t pid;
	uint64_t instance;
	/** now, and when the daemon began to audit; ms since the epoch */
	uint64_t time_ms;
	uint64_t started_ms;
	bool healthy;

	/** the recorder answered. If not, for how long it has given no sign of life, in
	 * ms; and what is marked "its own" below is not known */
	bool answers;
	uint64_t still_ms;

	/** its own: the policy in force, as qm_policy_name(), and whether that writes
	 * events of either class */
	char policy[QM_SNAPSHOT_WORD];
	bool success;
	bool failure;

	/** its own: who takes the records: a word, and a sentence that says what to do */
	char sink[QM_SNAPSHOT_WORD];
	char sink_text[QM_SNAPSHOT_TEXT];
	/** the last record could not be sent: why, else "" */
	char send_error[QM_SNAPSHOT_TEXT];
	bool sending;
	uint64_t auditd_pid;
	/** records are seen to arrive; if not, why */
	bool confirms;
	char confirm_text[QM_SNAPSHOT_TEXT];
	/** the kernel's count of records that it threw away */
	struct qm_count kernel_lost;

	/** a record can be kept, or is taken by somebody */
	bool keeps;
	/** its own: what records that wait outlive now, and why no more */
	char durability[QM_SNAPSHOT_WORD];
	char store_error[QM_SNAPSHOT_TEXT];
	/** as it is set */
	char durability_wanted[QM_SNAPSHOT_WORD];
	uint64_t max_records;

	/** inputs that wait, and that can */
	uint64_t queue;
	uint64_t queue_size;

	/** records since the start: kept to be sent, arrived, and not known to have; of
	 * the last, those that were sent. What was said last, where the recorder does not
	 * answer */
	uint64_t written;
	uint64_t arrived;
	uint64_t waiting;
	/** its own */
	uint64_t in_flight;
	uint64_t resent;
	/** packets and failures that were only counted */
	uint64_t limited;
	/** its own: lost since the start, by cause; and when last, ms since the epoch, 0
	 * for never */
	uint64_t lost_queue;
	uint64_t lost_audit;
	uint64_t lost_netlink;
	uint64_t lost_store;
	uint64_t lost_at_ms;

	struct qm_snapshot_mirror mirror;

	/** SA pairs with a 5451 and no 5452, and those of them that are not listed */
	uint64_t open;
	uint64_t more;
	struct qm_snapshot_sa *sas;
	size_t n_sas;

	struct qm_snapshot_reason reasons[QM_SNAPSHOT_REASONS];
	size_t n_reasons;
};

/** A word for it, as printed; never NULL, "?" out of range. */
const char *qm_snapshot_sink_name(enum qm_sink_state state);

/** Finds out whether all is well, and if not, why. */
void qm_snapshot_judge(struct qm_snapshot *snapshot);

/**
 * Writes it as JSON, in UTF-8 and one line.
 *
 * @param ret		receives the text, to be freed by the caller
 * @param ret_len	bytes in it, without the NUL
 * @return			0 or -ENOMEM
 */
int qm_snapshot_json(const struct qm_snapshot *snapshot, char **ret, size_t *ret_len);

/** Frees it with its SA pairs. NULL is fine. @return NULL */
struct qm_snapshot *qm_snapshot_free(struct qm_snapshot *snapshot);

#endif
