/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup qm_audit_compat qm_audit_compat
 * @{ @ingroup qm_audit
 *
 * The differences between the strongSwan versions that this plugin is built
 * for, and nothing else. QM_AUDIT_STRONGSWAN is the version as a number,
 * 50908 for 5.9.8.
 */

#ifndef QM_AUDIT_COMPAT_H_
#define QM_AUDIT_COMPAT_H_

#include <plugins/plugin.h>
#include <sa/child_sa.h>
#include <collections/array.h>
#include <crypto/key_exchange.h>
#include <crypto/transform.h>

#ifndef QM_AUDIT_STRONGSWAN
#error "configure says which strongSwan this is built for"
#endif

/**
 * What the child_keys hook passes for the key exchange: since 6.0.0 all of
 * several. Only the signature matters here.
 */
#if QM_AUDIT_STRONGSWAN >= 60000
typedef array_t qm_audit_ke_t;
#else
typedef key_exchange_t qm_audit_ke_t;
#endif

/**
 * The other CHILD_SA of a rekeying that the peer began and has not concluded by
 * deleting the old one: since 6.0.0 charon tells of it only then. The CHILD_SA
 * may be gone, so look for it before it is used. NULL if there is none.
 */
static inline child_sa_t *qm_audit_rekey_sa(child_sa_t *child_sa)
{
#if QM_AUDIT_STRONGSWAN >= 60000
	return child_sa->get_rekey_sa(child_sa);
#else
	return NULL;
#endif
}

/**
 * Types of the transforms for key exchanges besides the first: since 6.0.0,
 * none of them before
 */
#if QM_AUDIT_STRONGSWAN >= 60000
#define QM_AUDIT_FIRST_MORE_KE ADDITIONAL_KEY_EXCHANGE_1
#define QM_AUDIT_LAST_MORE_KE ADDITIONAL_KEY_EXCHANGE_7
#else
#define QM_AUDIT_FIRST_MORE_KE (KEY_EXCHANGE_METHOD + 1)
#define QM_AUDIT_LAST_MORE_KE KEY_EXCHANGE_METHOD
#endif

/**
 * Head of the plugin's constructor: since 6.0.3 the loader wants a version
 * symbol beside it, and so checks the version itself. An older one has it for
 * a newer loader to name.
 */
#ifdef PLUGIN_DEFINE
#define QM_AUDIT_PLUGIN_DEFINE PLUGIN_DEFINE(qm_audit)
#else
#define QM_AUDIT_PLUGIN_DEFINE const char *qm_audit_plugin_version = VERSION; \
	plugin_t *qm_audit_plugin_create()
#endif

#endif /** QM_AUDIT_COMPAT_H_ @}*/
