/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup qm_audit qm_audit
 * @ingroup cplugins
 *
 * @defgroup qm_audit_plugin qm_audit_plugin
 * @{ @ingroup qm_audit
 */

#ifndef QM_AUDIT_PLUGIN_H_
#define QM_AUDIT_PLUGIN_H_

#include <plugins/plugin.h>

typedef struct qm_audit_plugin_t qm_audit_plugin_t;

/**
 * Plugin that writes the life of CHILD_SAs to Linux audit, with the semantics
 * of the Windows policy "Audit IPsec Quick Mode".
 */
struct qm_audit_plugin_t {

	/**
	 * implements plugin interface
	 */
	plugin_t plugin;
};

#endif /** QM_AUDIT_PLUGIN_H_ @}*/
