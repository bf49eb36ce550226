/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What went through a half of an SA pair, as the kernel tells it. Its count is final
 * when the kernel removes the SA. When charon gives an SA another address, it deletes
 * it and adds another with the same SPI, and has the kernel's count go on from where
 * it read it before: so of each that comes later only the difference counts.
 * Private to the ledger.
 */
#ifndef QM_LEDGER_FLOW_H
#define QM_LEDGER_FLOW_H

#include "event.h"

/** What the kernel tells of a half. */
struct qm_flow {
	/** what went through it in all, once it is gone */
	uint64_t bytes;
	uint64_t packets;
	/** the kernel was seen to have it; and has it now */
	bool seen;
	bool present;
	/** it was not seen to go, only found to be gone */
	bool missing;
	/** part of what went through it is not known */
	bool uncounted;
	/** what the kernel has is known by an address that charon has left; or NULL */
	struct qm_stray *former;
};

/** The kernel has it. */
void qm_flow_arrive(struct qm_flow *flow, const struct qm_kernel_sa *kernel);

/** The kernel has it no more. */
void qm_flow_leave(struct qm_flow *flow, const struct qm_kernel_sa *kernel);

/** Whether the kernel had it and has it no more. */
bool qm_flow_is_gone(const struct qm_flow *flow);

/** What went through it in all, known only when it is gone. */
struct qm_count qm_flow_bytes(const struct qm_flow *flow);
struct qm_count qm_flow_packets(const struct qm_flow *flow);

#endif
