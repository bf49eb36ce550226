/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup qm_audit_settings qm_audit_settings
 * @{ @ingroup qm_audit
 *
 * The plugin's settings, charon.plugins.qm-audit.* in strongswan.conf.
 */

#ifndef QM_AUDIT_SETTINGS_H_
#define QM_AUDIT_SETTINGS_H_

#include <library.h>

#include "../auditd/input.h"
#include "../auditd/status_socket.h"

typedef struct qm_audit_settings_t qm_audit_settings_t;

/**
 * Values in force.
 */
struct qm_audit_settings_t {

	/**
	 * What a reload can change: keys success, failure, invalid_packet_class,
	 * and those that begin with flood_.
	 */
	struct qm_reload reload;

	/**
	 * Key queue_size: observations that can wait for the writer.
	 */
	u_int queue_size;

	/**
	 * Key shutdown_timeout: how long charon's end may wait for the writer, in
	 * milliseconds.
	 */
	u_int shutdown_timeout;

	/**
	 * Key kernel_receive_buffer: bytes of the kernel's notifications that can
	 * wait.
	 */
	u_int kernel_rcvbuf;

	/**
	 * Key kernel_check_interval: how often what the kernel has is compared with
	 * what it told, in seconds; 0 for never.
	 */
	u_int kernel_interval;

	/**
	 * Key state_dir, terminated.
	 */
	char state_dir[PATH_MAX];

	/**
	 * Key durability: what records that wait and open SA pairs outlive.
	 */
	enum qm_durability durability;

	/**
	 * Keys store_records and store_bytes: how many records may wait.
	 */
	u_int store_records;
	u_int store_bytes;

	/**
	 * Key on_audit_failure: TRUE for refuse, which is no new CHILD_SA while
	 * records cannot be kept.
	 */
	bool refuse;

	/**
	 * Key audit_log: where records are seen to arrive; terminated, "auto" for
	 * what auditd.conf says, "none" for nowhere.
	 */
	char audit_log[PATH_MAX];

	/**
	 * Key ask_audit_status: TRUE to keep CAP_AUDIT_CONTROL, and ask the kernel.
	 */
	bool ask_status;

	/**
	 * Key status_socket: where qm-audit status asks; terminated, "" for nowhere.
	 */
	char status_socket[QM_STATUS_PATH_MAX];
};

/**
 * Read the settings. What is unknown or malformed is logged by its name and
 * left at its default.
 *
 * @param settings		receives the values
 */
void qm_audit_settings_read(qm_audit_settings_t *settings);

#endif /** QM_AUDIT_SETTINGS_H_ @}*/
