/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Has a running charon read its settings again. Debian ships no header of libvici, so
 * swanctl does it, as an administrator would.
 */
#ifndef QM_APPLY_H
#define QM_APPLY_H

/** What swanctl printed, with its NUL; more is cut off. */
#define QM_APPLY_OUTPUT_MAX 4096

enum qm_applied {
	/** charon has read its settings, and has the plugin as far as can be known */
	QM_APPLIED,
	/** it has read them, and does not have the plugin */
	QM_APPLIED_NO_PLUGIN,
	/** nobody listens: charon does not run, or without its plugin vici */
	QM_NOT_RUNNING,
	/** there is no swanctl */
	QM_NO_SWANCTL,
	/** swanctl failed, or could not be run */
	QM_APPLY_FAILED,
	/** charon did not answer in time */
	QM_APPLY_LATE,
};

/**
 * Runs swanctl --reload-settings, and --stats to see whether the plugin is there.
 *
 * @param uri		charon's socket, NULL for the one in strongswan.conf
 * @param seconds	how long each may take
 * @param output	receives what swanctl printed, or why it could not be run, without a
 *					newline at its end; "" where that is of no use
 */
enum qm_applied qm_apply(const char *uri, unsigned seconds,
						 char output[QM_APPLY_OUTPUT_MAX]);

#endif
