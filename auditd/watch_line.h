/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records of IPsec SAs among the lines of auditd's log.
 */
#ifndef QM_WATCH_LINE_H
#define QM_WATCH_LINE_H

#include <stdbool.h>
#include <stddef.h>

/**
 * Finds the body of an IPsec SA record as its writer gave it to libaudit: without
 * what the kernel put in front, and without libaudit's tail and what auditd appends
 * (log_format = ENRICHED).
 *
 * @param line		one line without its newline; any bytes
 * @param ret		receives where the body is in the line; untouched if there is none
 * @param ret_len	receives its length
 * @return			whether the line is such a record
 */
bool qm_watch_line_body(const char *line, size_t len, const char **ret, size_t *ret_len);

#endif
