/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Asks the kernel for its status of audit again and again, on one socket, and not
 * where it does not answer.
 */
#ifndef QM_WATCH_KERNEL_H
#define QM_WATCH_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "sink.h"
#include "status.h"

/**
 * What gave no answer or was denied is not tried again for so long: each time may
 * make us wait, or have the system's security write an audit record.
 */
#define QM_WATCH_AGAIN_MS 60000

/** Longest sentence on what failed and what to do, with its NUL. */
#define QM_WATCH_COMPLAINT_MAX 512

struct qm_watch_kernel {
	/** audit socket, or -1 */
	int fd;
	/** when to ask again, and what the failure to answer says */
	uint64_t again_ms;
	enum qm_sink_state unasked;
	/** "" when it answered, or was never asked */
	char complaint[QM_WATCH_COMPLAINT_MAX];
};

/** Starts without a socket. */
void qm_watch_kernel_init(struct qm_watch_kernel *kernel);

/**
 * Asks, unless it just failed to answer.
 *
 * @param ret	receives the answer; untouched if there is none
 * @return		whether there is; else `unasked` and `complaint` say more
 */
bool qm_watch_kernel_ask(struct qm_watch_kernel *kernel, struct qm_status *ret);

/** Closes the socket. */
void qm_watch_kernel_end(struct qm_watch_kernel *kernel);

#endif
