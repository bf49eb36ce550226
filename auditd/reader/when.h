/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Times as ausearch takes them, and as ISO 8601 has them.
 */
#ifndef QM_WHEN_H
#define QM_WHEN_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/**
 * Reads a time: one of the words of ausearch (now, recent, this-hour, boot, today,
 * yesterday, this-week, week-ago, this-month, this-year), a date as 11/24/2026,
 * 11/24/26 or 2026-11-24, a time of today as 10:00 or 10:00:00, both with a blank
 * or a T between and, in the form of ISO 8601, a zone (Z, +01:00); or @ and seconds
 * since the epoch.
 *
 * @param end		it ends a period: what is not said is the last of its kind, as
 *					23:59:59 of a date; otherwise the first
 * @param now		seconds since the epoch
 * @param ret		receives milliseconds since the epoch
 * @return			0 or -EINVAL
 */
int qm_when_parse(const char *text, bool end, time_t now, uint64_t *ret);

/** Whether a text is a time of day, which may follow a date as an argument. */
bool qm_when_is_time(const char *text);

#endif
