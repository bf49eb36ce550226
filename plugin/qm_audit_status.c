/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "qm_audit_status.h"
#include "../auditd/snapshot.h"
#include "../auditd/status_server.h"
#include "../netlink/xfrm_query.h"

#include <netinet/in.h>

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
 * Ask the kernel for the counts of a half of an SA pair
 */
static void count_half(struct qm_xfrm_socket *sock, struct qm_snapshot_sa *pair,
					   bool in)
{
	struct qm_addr *dst = in ? &pair->local : &pair->remote;
	struct qm_mark *mark = in ? &pair->mark_in : &pair->mark_out;
	struct qm_xfrm_sa sa;
	struct qm_xfrm_id id = {
		.spi = in ? pair->in_spi : pair->out_spi,
		.mark = mark->value & mark->mask,
		.mask = mark->mask,
		.family = dst->family,
		.proto = pair->satype == QM_SATYPE_AH ? IPPROTO_AH : IPPROTO_ESP,
	};

	memcpy(id.dst, dst->ip, sizeof(id.dst));
	if (qm_xfrm_query_sa(sock, &id, &sa) == 0)
	{
		*(in ? &pair->bytes_in : &pair->bytes_out) =
			(struct qm_count){ TRUE, sa.counters.bytes };
		*(in ? &pair->packets_in : &pair->packets_out) =
			(struct qm_count){ TRUE, sa.counters.packets };
	}
}

/**
 * Ask the kernel for the counts of the SA pairs that are listed; what it does
 * not have stays unknown
 */
static void count_pairs(struct qm_snapshot *snapshot)
{
	struct qm_xfrm_socket sock;
	size_t i;

	if (!snapshot->mirror.wanted || !snapshot->n_sas ||
		qm_xfrm_socket_open(&sock) < 0)
	{
		return;
	}
	for (i = 0; i < snapshot->n_sas; i++)
	{
		count_half(&sock, &snapshot->sas[i], TRUE);
		count_half(&sock, &snapshot->sas[i], FALSE);
	}
	qm_xfrm_socket_close(&sock);
}

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
	count_pairs(snapshot);
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
