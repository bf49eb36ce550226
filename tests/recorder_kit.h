/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A recorder on the fake sink, inputs for it, and what its records must be.
 */
#ifndef QM_RECORDER_KIT_H
#define QM_RECORDER_KIT_H

#include "recorder.h"

/** Wall clock of an input at 0 ms. */
#define QM_KIT_WALL_MS 1795438975152

static const struct qm_policy both = { QM_TRI_YES, QM_TRI_YES };

/** Resets the fake sink and makes a recorder on it and a store in memory, not
 * started. */
struct qm_recorder *make_recorder(struct qm_policy policy, size_t queue_size);

/** The same with other settings than the policy. */
struct qm_recorder *make_recorder_with(const struct qm_reload *settings,
									   size_t queue_size);

/** The same with a store of its own, in whose number it is written. */
struct qm_recorder *make_recorder_on(const struct qm_reload *settings, size_t queue_size,
									 const struct qm_store_config *store);

/** The same under a policy, with room for 64 inputs, and started; the fake sink goes
 * on. */
struct qm_recorder *restart_recorder(struct qm_policy policy,
									 const struct qm_store_config *store);

/** The same with room for 64 inputs, and started. */
struct qm_recorder *start_recorder(struct qm_policy policy);

/** Stops and frees; by then everything pushed is dealt with. */
void end_recorder(struct qm_recorder *recorder);

/** A CHILD_SA is up, at a time on the inputs' clock. @return as qm_recorder_push() */
int push_up(struct qm_recorder *recorder, uint32_t child_sa, uint64_t ms);

/** A CHILD_SA is gone. @return as qm_recorder_push() */
int push_destroyed(struct qm_recorder *recorder, uint32_t child_sa, uint64_t ms);

/** Waits until all that was pushed is dealt with, and what waits was tried if it was
 * due. For while records wait. */
void settle(struct qm_recorder *recorder);

/** An input from which no record follows. @return as qm_recorder_push() */
int push_nothing(struct qm_recorder *recorder, uint64_t ms);

/** The policy was read again. @return as qm_recorder_push() */
int push_policy(struct qm_recorder *recorder, struct qm_policy policy, uint64_t ms);

/** The settings were read again. @return as qm_recorder_push() */
int push_settings(struct qm_recorder *recorder, const struct qm_reload *settings,
				  uint64_t ms);

/** Checks the op of each record, from the first to the last, ended by NULL. */
void expect_ops(const char *const *ops);

#define EXPECT_OPS(...) expect_ops((const char *const[]){ __VA_ARGS__, NULL })

/** The number that a record's field begins with, UINT64_MAX if there is none. */
uint64_t record_number(size_t record, const char *field);

/** Checks it. */
void expect_number(size_t record, const char *field, uint64_t value);

/** Checks that the records are numbered 1, 2, 3 … */
void expect_contiguous(void);

/**
 * Checks that op=lost cause=audit and cause=store tell of as many records as there are
 * numbers missing, up to the last record.
 */
void expect_gaps_explained(void);

#endif
