/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A sink that keeps the records and does what a test wants, in place of the
 * kernel's audit. Programs with it are linked with
 *
 *   -Wl,--wrap=qm_sink_new,--wrap=qm_sink_write,--wrap=qm_sink_probe
 *   -Wl,--wrap=qm_sink_free,--wrap=pthread_create
 *   -Wl,--wrap=qm_watch_look,--wrap=qm_watch_confirms,--wrap=qm_watch_read
 *   -Wl,--wrap=qm_time_now
 *
 * What is awaited is awaited for ever: the runner's timeout is the limit.
 */
#ifndef QM_FAKE_SINK_H
#define QM_FAKE_SINK_H

#include <stdbool.h>
#include <stddef.h>

#include "sink.h"
#include "watch.h"

/** Forgets everything; sinks open and accept again. */
void fake_sink_reset(void);

/** Writes fail with this negative errno, or succeed again with 0. */
void fake_sink_fail(int r);
/** Opening fails with this negative errno, or succeeds again with 0. */
void fake_sink_fail_new(int r);
/** Only the next write fails. */
void fake_sink_fail_next(int r);
/** Only the next `count` writes succeed, then they fail with this errno. */
void fake_sink_fail_after(size_t count, int r);
/** Every other write fails, by chance; seed is not 0. Until the next of the above. */
void fake_sink_fail_by_chance(unsigned seed);
/** What looks at auditd find; READY after a reset. */
void fake_sink_set_view(enum qm_sink_state state);
/** What probes find. */
void fake_sink_set_state(enum qm_sink_state state);
/** pthread_create() fails with this positive errno, or works again with 0. */
void fake_sink_refuse_threads(int error);

/** Puts the clock forward, which does not wake who waits. */
void fake_sink_skip_ms(uint64_t ms);

/** Writes block, from now on or no more. */
void fake_sink_block(void);
void fake_sink_unblock(void);
/** Waits until a write is blocked. */
void fake_sink_await_blocked(void);

/** Waits until there were so many writes, or attempts to open a sink for one. */
void fake_sink_await_attempts(size_t count);
/** Waits until so many of them have failed. */
void fake_sink_await_failures(size_t count);
/** Waits until there are so many records, and somebody looked at auditd since, so that
 * they have arrived if it found any. */
void fake_sink_await_records(size_t count);
/** Waits until somebody has looked at auditd once more. */
void fake_sink_await_look(void);
/** Waits until so much was logged. */
void fake_sink_await_logs(size_t count);
/** Waits until the thread that wrote has ended. */
void fake_sink_await_thread_end(void);

/** Records accepted, attempts to write, those that failed, sinks not freed. */
size_t fake_sink_records(void);
size_t fake_sink_attempts(void);
size_t fake_sink_failures(void);
size_t fake_sink_open(void);
/** A record's field, NULL if it has none; valid for the next seven calls. */
const char *fake_sink_field(size_t record, const char *name);
/** A record's peer and result. */
const char *fake_sink_addr(size_t record);
bool fake_sink_success(size_t record);
/** Whether the last write was on a thread that has this signal blocked. */
bool fake_sink_signal_blocked(int sig);

/** For qm_recorder_config: keeps the messages. */
void fake_sink_log(void *user, const char *message);
extern void *const fake_sink_user;
size_t fake_sink_logs(void);
const char *fake_sink_log_at(size_t i);

#endif
