/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger_flow.h"

/** Takes back what will be counted once more. */
static void take_back(uint64_t *sum, const struct qm_count *counted)
{
	*sum -= counted->n < *sum ? counted->n : *sum;
}

void qm_flow_arrive(struct qm_flow *flow, const struct qm_kernel_sa *kernel)
{
	if (flow->present) {
		/* how the one before ended was missed */
		flow->uncounted |= flow->former || !kernel->found;
	} else if (flow->seen) {
		/* a look at it says what it has counted by now, not from where it began */
		flow->uncounted |= kernel->found || !kernel->bytes.known;
		take_back(&flow->bytes, &kernel->bytes);
		take_back(&flow->packets, &kernel->packets);
	}
	flow->seen = true;
	flow->present = true;
	flow->missing = false;
}

void qm_flow_leave(struct qm_flow *flow, const struct qm_kernel_sa *kernel)
{
	/* one that was gone came back unseen */
	flow->uncounted |= qm_flow_is_gone(flow) || !kernel->bytes.known;
	flow->bytes += kernel->bytes.n;
	flow->packets += kernel->packets.n;
	flow->seen = true;
	flow->present = false;
	flow->missing = kernel->end == QM_KERNEL_END_VANISHED;
}

bool qm_flow_is_gone(const struct qm_flow *flow)
{
	return flow->seen && !flow->present;
}

static struct qm_count count(const struct qm_flow *flow, uint64_t n)
{
	return (struct qm_count){
		.known = qm_flow_is_gone(flow) && !flow->uncounted,
		.n = n,
	};
}

struct qm_count qm_flow_bytes(const struct qm_flow *flow)
{
	return count(flow, flow->bytes);
}

struct qm_count qm_flow_packets(const struct qm_flow *flow)
{
	return count(flow, flow->packets);
}
