/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "qm_audit_status.h"
#include "../auditd/snapshot.h"
#include "../auditd/status_server.h"

/** Milliseconds that the recorder may take to answer before it stands still */
#define ANSWER_MS 3000

typedef struct private_qm_audit_status_t private_qm_audit_status_t;

/**
 * Private data of a qm_audit_status_t
 */
struct private_qm_audit_status_t {

	/**
	 * Public interface
	 */
	qm_audit_status_t public;

	/**
	 * Who is asked
	 */
	struct qm_recorder *recorder;

	/**
	 * And of the kernel's SAs
	 */
	qm_audit_kernel_t *kernel;

	/**
	 * Settings of the start
	 */
	qm_audit_settings_t *settings;

	/**
	 * NULL while nobody is served
	 */
	struct qm_status_server *server;
};

/**
 * Make an answer, in the server's thread
 */
static int answer(void *user, size_t sas, char **ret, size_t *ret_len)
{
	private_qm_audit_status_t *this = user;
	struct qm_snapshot *snapshot;
	int r;

	r = qm_recorder_snapshot(this->recorder, sas, ANSWER_MS, &snapshot);
	if (r < 0)
	{
		return r;
	}
	snprintf(snapshot->durability_wanted, sizeof(snapshot->durability_wanted),
			 "%s", qm_durability_name(this->settings->durability));
	snapshot->max_records = this->settings->store_records;
	this->kernel->get_status(this->kernel, &snapshot->mirror);
	qm_snapshot_judge(snapshot);
	r = qm_snapshot_json(snapshot, ret, ret_len);
	qm_snapshot_free(snapshot);
	return r;
}

METHOD(qm_audit_status_t, start, void,
	private_qm_audit_status_t *this)
{
	char error[QM_STATUS_ERROR_MAX];
	struct qm_status_server_config config = {
		.path = this->settings->status_socket,
		.answer = answer,
		.user = this,
	};

	if (*config.path &&
		qm_status_server_new(&this->server, &config, error) < 0)
	{
		DBG1(DBG_CFG, "qm-audit: qm-audit status will find nobody: %s", error);
	}
}

METHOD(qm_audit_status_t, stop, void,
	private_qm_audit_status_t *this)
{
	if (this->server)
	{
		qm_recorder_end_snapshots(this->recorder);
		this->server = qm_status_server_free(this->server);
	}
}

METHOD(qm_audit_status_t, destroy, void,
	private_qm_audit_status_t *this)
{
	stop(this);
	free(this);
}

/*
 * Described in header
 */
qm_audit_status_t *qm_audit_status_create(struct qm_recorder *recorder,
										  qm_audit_kernel_t *kernel,
										  qm_audit_settings_t *settings)
{
	private_qm_audit_status_t *this;

	INIT(this,
		.public = {
			.start = _start,
			.stop = _stop,
			.destroy = _destroy,
		},
		.recorder = recorder,
		.kernel = kernel,
		.settings = settings,
	);
	return &this->public;
}
