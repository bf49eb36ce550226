/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "qm_audit_expiry.h"
#include "qm_audit_facts.h"

#include <threading/thread.h>

typedef struct private_qm_audit_expiry_t private_qm_audit_expiry_t;

/**
 * Private data of a qm_audit_expiry_t
 */
struct private_qm_audit_expiry_t {

	/**
	 * Public interface
	 */
	qm_audit_expiry_t public;

	/**
	 * Where inputs go
	 */
	struct qm_recorder *recorder;
};

/**
 * Translate an IP protocol number
 */
static enum qm_satype translate_protocol(uint8_t protocol)
{
	switch (protocol)
	{
		case IPPROTO_ESP:
			return QM_SATYPE_ESP;
		case IPPROTO_AH:
			return QM_SATYPE_AH;
		default:
			return QM_SATYPE_UNKNOWN;
	}
}

METHOD(kernel_listener_t, expire, bool,
	private_qm_audit_expiry_t *this, uint8_t protocol, uint32_t spi,
	host_t *dst, bool hard)
{
	struct qm_input input;

	if (hard)
	{
		qm_input_init(&input, QM_INPUT_EXPIRED, thread_current_id(), 0);
		input.expired.satype = translate_protocol(protocol);
		input.expired.spi = ntohl(spi);
		qm_audit_facts_host(dst, &input.expired.dst);
		qm_recorder_push(this->recorder, &input);
	}
	return TRUE;
}

METHOD(qm_audit_expiry_t, destroy, void,
	private_qm_audit_expiry_t *this)
{
	free(this);
}

/*
 * Described in header
 */
qm_audit_expiry_t *qm_audit_expiry_create(struct qm_recorder *recorder)
{
	private_qm_audit_expiry_t *this;

	INIT(this,
		.public = {
			.listener = {
				.expire = _expire,
			},
			.destroy = _destroy,
		},
		.recorder = recorder,
	);
	return &this->public;
}
