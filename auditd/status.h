/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's own word on its audit, which takes CAP_AUDIT_CONTROL.
 */
#ifndef QM_STATUS_H
#define QM_STATUS_H

#include <stdbool.h>
#include <stdint.h>

#include "sink.h"

struct qm_status {
	bool enabled;
	/** who takes the records, 0 when nobody does */
	uint32_t pid;
	/** records thrown away since boot, where the kernel tells */
	bool has_lost;
	uint32_t lost;
};

/** Whether audit_open() failed with that errno for want of audit in the kernel. */
bool qm_status_lacks_audit(int error);

/**
 * Asks for the status of audit. Waits no longer than a second for the answer; while
 * too many records wait for auditd, the kernel may make the question itself wait.
 *
 * @param fd	audit socket; one that got no answer is not to be asked again
 * @param ret	receives the answer; untouched on failure
 * @return		0, -ECONNREFUSED in a user namespace, -EPERM without the capability,
 *				-ETIMEDOUT when no answer came, or another negative errno
 */
int qm_status_ask(int fd, struct qm_status *ret);

/** What that means for records. */
enum qm_sink_state qm_status_judge(const struct qm_status *status);

#endif
