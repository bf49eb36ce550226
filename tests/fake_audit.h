/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A kernel's audit socket that scripts its answers, under the real libaudit.
 *
 * fake_audit.c defines socket(), sendto() and recvfrom(), which libaudit then
 * finds before the C library's: all of libaudit runs, and no record gets to the
 * machine's audit. Outside qm_fake_audit_start() and _stop() calls pass through.
 */
#ifndef QM_FAKE_AUDIT_H
#define QM_FAKE_AUDIT_H

#include <stdbool.h>
#include <stdint.h>

/** Steps of a script at most. */
#define QM_FAKE_STEPS 8

/** How the fake kernel takes one message. */
struct qm_fake_step {
	/** errno of sendto(), or 0 */
	int send_error;
	/** errno in the acknowledgement, or 0 */
	int ack_error;
	/** acknowledge, then answer with this status of audit */
	bool answer;
	uint32_t enabled;
	uint32_t pid;
	uint32_t lost;
	/** bytes of the status that the answer has, 0 for all */
	uint32_t answer_len;
};

struct qm_fake_audit {
	/** in: errno of each socket() in turn, 0 to give one */
	int open_errors[QM_FAKE_STEPS];
	/** in: what becomes of each message in turn */
	struct qm_fake_step steps[QM_FAKE_STEPS];
	/** in: all messages are taken, as many as there are */
	bool endless;
	/** in: ns that the kernel takes for a message at least */
	uint64_t busy_ns;
	/** in: what audit_can_write() says */
	bool can_write;

	/** out: calls of socket() and sendto() */
	unsigned opened;
	unsigned sent;
	/** out: the last descriptor given */
	int fd;
	/** out: type and text of the last message */
	uint16_t type;
	char text[16384];
};

extern struct qm_fake_audit qm_fake_audit;

/** Starts with a script that accepts everything, with the capability. */
void qm_fake_audit_start(void);
/** Lets calls through again. */
void qm_fake_audit_stop(void);

#endif
