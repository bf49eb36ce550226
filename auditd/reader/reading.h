/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Reading logs by their names, for commands.
 */
#ifndef QM_READING_H
#define QM_READING_H

#include "trail.h"

/** Says that a file cannot be read, and why. */
void qm_reading_failed(struct qm_report *report, const char *path, int error);

/**
 * Adds all records of logs to a trail. What cannot be read is told of.
 *
 * @param files		- is standard input
 * @param count		0 for the logs that auditd writes
 * @param conf		auditd's configuration
 */
void qm_reading_add(struct qm_trail *trail, char *const *files, int count,
					const char *conf);

#endif
