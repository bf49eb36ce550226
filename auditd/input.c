/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "input.h"

#define SIZE_UP_TO(member) \
	(offsetof(struct qm_input, member) + sizeof(((struct qm_input *)0)->member))

void qm_input_init(struct qm_input *input, enum qm_input_type type, uint32_t thread,
				   uint32_t ike_sa)
{
	input->type = type;
	input->thread = thread;
	input->time = qm_time_now();
	input->ike_sa = ike_sa;
	input->child_sa = 0;
}

size_t qm_input_size(const struct qm_input *input)
{
	switch (input->type) {
	case QM_INPUT_KEYS:
	case QM_INPUT_UP:
	case QM_INPUT_REKEY:
	case QM_INPUT_MESSAGE_ERROR:
	case QM_INPUT_CHILD_FAILED:
	case QM_INPUT_IKE_ABANDONED:
		return SIZE_UP_TO(sa);
	case QM_INPUT_ALERT_OFFER:
		return SIZE_UP_TO(offer);
	case QM_INPUT_INVALID:
		return SIZE_UP_TO(invalid);
	case QM_INPUT_EXPIRED:
		return SIZE_UP_TO(expired);
	case QM_INPUT_KERNEL_ADDED:
	case QM_INPUT_KERNEL_REMOVED:
		return SIZE_UP_TO(kernel);
	case QM_INPUT_PEER_DELETE:
		return SIZE_UP_TO(deleted);
	case QM_INPUT_IKE_HOSTS:
		return SIZE_UP_TO(hosts);
	default:
		return offsetof(struct qm_input, sa);
	}
}
