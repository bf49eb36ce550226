/* SPDX-License-Identifier: GPL-2.0-or-later */

/**
 * @defgroup qm_audit_version qm_audit_version
 * @{ @ingroup qm_audit
 *
 * Finds out which strongSwan a daemon's binary is. There is no stable plugin
 * ABI: between releases methods move within objects, so that a plugin built
 * for another release would call the wrong ones. Before 6.0.3 nothing checks
 * that, and no library tells its version; but each daemon can print its own,
 * so the text is in its executable.
 */

#ifndef QM_AUDIT_VERSION_H_
#define QM_AUDIT_VERSION_H_

#include <library.h>

/** Bytes of a version, with the NUL. */
#define QM_AUDIT_VERSION_MAX 32

/**
 * Look for version numbers, such as 5.9.8 or 6.0.0rc1, in a binary.
 *
 * @param image			content of the binary
 * @param want			version to look for
 * @param other			receives the first other version found, terminated,
 *						empty if there is none
 * @return				TRUE if the wanted version is there
 */
bool qm_audit_version_find(chunk_t image, char *want,
						   char other[QM_AUDIT_VERSION_MAX]);

/**
 * Check that the daemon that loads this plugin is of the version that the
 * plugin was built for; log both if it is not.
 *
 * @return				TRUE if it is
 */
bool qm_audit_version_check();

#endif /** QM_AUDIT_VERSION_H_ @}*/
