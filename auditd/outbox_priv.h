/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the outbox's parts work on: one sends, one sees what becomes of it. Private to
 * the outbox.
 */
#ifndef QM_OUTBOX_PRIV_H
#define QM_OUTBOX_PRIV_H

#include "outbox.h"
#include "outbox_keep.h"
#include "sink.h"

struct qm_outbox {
	void (*tell)(void *user, const char *message);
	void *user;
	struct qm_keep *keep;
	struct qm_watch *watch;
	/** NULL until the audit socket could be opened */
	struct qm_sink *sink;
	struct qm_watch_view view;
	/** as far as a look can tell, somebody takes what is sent */
	bool listened;
	/** the auditd that was seen last, 0 for none yet */
	uint32_t auditd_pid;
	/** what was said last of whether records are sent */
	enum qm_sink_state told_state;
	int told_error;
	/** the kernel's count of records that it threw away, as told last */
	uint32_t told_lost;
	bool has_lost;
	/** the last attempt to send failed; not before then: CLOCK_MONOTONIC in ms */
	int error;
	uint64_t retry_at;
	uint64_t retry_ms;
	/** auditd's log could not be brought to disk */
	int sync_error;
	/** what was sent does not arrive */
	bool doubt;
	/** all of auditd's log has been read */
	bool read_up;
	uint64_t sent;
	uint64_t arrived;
	uint64_t resent;
	uint64_t refused;
	/** the record being sent; here for its size */
	struct qm_record record;
};

/** Tells an administrator something. */
void qm_outbox_tell(struct qm_outbox *outbox, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));

/** Whether records can be sent in this state: at least nothing is known against it. */
bool qm_outbox_takes(enum qm_sink_state state);

/** Has what was put off be tried at once. */
void qm_outbox_hurry(struct qm_outbox *outbox);

/** Takes what auditd's log shows. */
void qm_outbox_read_log(struct qm_outbox *outbox);

/** Looks who listens. */
void qm_outbox_look(struct qm_outbox *outbox);

/** Whether it was said, and not taken back, that records are not taken. */
bool qm_outbox_has_complained(const struct qm_outbox *outbox);

/** Says once that records wait, and why, and once that they do no more. */
void qm_outbox_report(struct qm_outbox *outbox, uint64_t waiting);

#endif
