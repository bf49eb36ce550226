/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Settings to read, and what must be read.
 */
#ifndef QM_SETTINGS_KIT_H
#define QM_SETTINGS_KIT_H

#include "../plugin/qm_audit_settings.h"

#define DIR_DEFAULT "/var/lib/qm-audit"

#define NOT_QUEUE "is not a number from 16 to 1048576"

/** What holds where nothing is set. */
qm_audit_settings_t make_defaults(void);

/** Reads the settings and compares them. */
void expect(const qm_audit_settings_t *expected);

/** The same for some of them; the rest has its defaults. */
void expect_settings(struct qm_policy policy, u_int queue_size, u_int timeout,
					 const char *state_dir);
void expect_flood(bool is_success, uint32_t source, uint32_t total, uint32_t interval_ms);
void expect_defaults(void);

/** Has a section of the plugin's read, in the namespace of plain charon. */
void init_section(const char *section);

#endif
