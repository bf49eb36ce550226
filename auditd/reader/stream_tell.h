/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What a stream tells its administrator: on standard error and, where that leads
 * nowhere, as under auditd, in syslog. It never waits for either.
 */
#ifndef QM_STREAM_TELL_H
#define QM_STREAM_TELL_H

/** Tells something, in one line without its end. */
void qm_stream_tell(const char *format, ...) __attribute__((format(printf, 1, 2)));

#endif
