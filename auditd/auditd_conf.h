/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What auditd's own settings say of its log.
 */
#ifndef QM_AUDITD_CONF_H
#define QM_AUDITD_CONF_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

/** Bytes of auditd.conf at most. */
#define QM_AUDITD_CONF_MAX 65536

struct qm_auditd_conf {
	/** absolute path of the log */
	char log_file[PATH_MAX];
	/** false for write_logs = no and for log_format = NOLOG */
	bool write_logs;
};

/** What auditd does where its settings say nothing. */
void qm_auditd_conf_init(struct qm_auditd_conf *conf);

/**
 * Reads the settings in a text. Others than those above are passed over, as are
 * lines longer than a path can make them.
 *
 * @param ret		receives the settings; what is wrong leaves its default
 * @return			0, or the number of the first line, from 1, that is wrong
 */
unsigned qm_auditd_conf_parse(const char *text, size_t len, struct qm_auditd_conf *ret);

/**
 * Reads the settings in an open file, from where it stands.
 *
 * @param ret_line	receives the number of a line that is wrong, or 0
 * @return			0, -EINVAL for a line that is wrong, -EFBIG, or another
 *					negative errno
 */
int qm_auditd_conf_read(int fd, struct qm_auditd_conf *ret, unsigned *ret_line);

#endif
