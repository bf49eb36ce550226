/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An outbox in a made-up world: a store that commits, rolls back, fails and outlives
 * the outbox; a kernel that takes records, or loses them; an auditd that writes them
 * down when it is told to; and a clock. Records are known by their numbers, from 1.
 *
 * Programs with it are linked with --wrap of all of store.h but qm_store_open(), of
 * qm_sink_new, _write, _probe, _free, of qm_watch_new, _look, _confirms, _read, _free,
 * and of qm_time_now and poll.
 */
#ifndef QM_OUTBOX_KIT_H
#define QM_OUTBOX_KIT_H

#include "outbox.h"

#define KIT_RECORDS 16384
#define KIT_SENT (4 * KIT_RECORDS)
#define KIT_PAIRS 64
#define KIT_INSTANCE 7

/** What a store has. */
struct kit_state {
	/** rows from `first` to before `end`; a row's id is its place, from 1 */
	uint64_t first;
	uint64_t end;
	/** child_sa of open pairs, 0 for none */
	uint32_t pairs[KIT_PAIRS];
	uint64_t lost[QM_LOSS_MAX];
	bool stopped;
};

struct kit {
	uint64_t now_ms;

	/** the store: numbers of the records in its rows, bad ones negative; what it has,
	 * and had when it was committed; what changes and reads come to; its bound */
	int64_t rows[KIT_RECORDS + 1];
	struct kit_state store;
	struct kit_state committed;
	int store_error;
	int read_error;
	uint64_t max_records;
	unsigned commits;
	/** it failed since it was committed */
	bool failed;

	/** the sink: what opening it, and writes come to, and a number that is refused */
	int new_error;
	int write_error;
	uint64_t refused;
	bool was_refused[KIT_RECORDS + 1];
	/** called before each write, if not NULL */
	void (*on_write)(uint64_t seq);
	/** all that the kernel took, in that order */
	uint64_t sent[KIT_SENT];
	size_t sent_count;

	/** auditd, and whether its log can be read */
	enum qm_sink_state state;
	uint32_t pid;
	uint32_t kernel_lost;
	bool has_kernel_lost;
	bool confirms;
	/** the next so many records are lost in the kernel */
	unsigned lose;
	/** writes down at once what the kernel took, else when told to */
	bool prompt;
	/** what the kernel has for it, and what is in its log and was not read there */
	uint64_t held[KIT_SENT];
	size_t held_count;
	uint64_t log[KIT_SENT];
	size_t log_count;
	/** a record is in the log, and when it came there first, as which of all */
	uint64_t seen[KIT_RECORDS + 1];
	uint64_t seen_count;

	/** what was told, the last time and how often */
	char told[1024];
	unsigned tells;

	/** what must never happen: records that left the store before they had arrived, and
	 * that were sent before they were kept */
	unsigned forgotten;
	unsigned hasty;
};

extern struct kit kit;

/** A new world in which all is well, and an outbox in it; auditd is prompt and its log
 * can be read. */
struct qm_outbox *kit_begin(enum qm_durability durability);
/** Another outbox on what the store has committed; the first is gone already. */
struct qm_outbox *kit_again(enum qm_durability durability);
/** Frees it, and checks that what must never happen has not. */
void kit_end(struct qm_outbox *outbox);

/** Adds records with these numbers. @return what qm_outbox_add() returned last */
int kit_add(struct qm_outbox *outbox, uint64_t from, uint64_t to);
/** As qm_outbox_flush() at the time it is. */
int kit_flush(struct qm_outbox *outbox);
/** Flushes as often as is due within so many milliseconds. */
void kit_run(struct qm_outbox *outbox, uint64_t ms);
/** Puts the clock forward. */
void kit_skip(uint64_t ms);

/** auditd writes down what the kernel has for it. */
void kit_write_log(void);
/** auditd ends, with what it had not written down; another one starts. */
void kit_kill_auditd(void);
void kit_start_auditd(uint32_t pid);

struct qm_outbox_status kit_status(const struct qm_outbox *outbox);
/** Whether the store has an SA pair. */
bool kit_has_pair(uint32_t child_sa);
struct qm_open_sa kit_pair(uint32_t child_sa);

/** Checks what was sent since the last check, ended by 0. */
void kit_expect_sent(const uint64_t *seqs);
#define KIT_SENDS(...) kit_expect_sent((const uint64_t[]){ __VA_ARGS__, 0 })
#define KIT_SENDS_NOTHING() kit_expect_sent((const uint64_t[]){ 0 })
/** The same, and others may follow. */
#define KIT_SENDS_FIRST(...) \
	kit_expect_first((const uint64_t[]){ __VA_ARGS__, 0 })
void kit_expect_first(const uint64_t *seqs);
/** The same for all from one number to another. */
void kit_expect_range(uint64_t from, uint64_t to);

#endif
