/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Records in memory on their way out, in the order in which they are to be sent.
 * Private to the outbox.
 */
#ifndef QM_OUTBOX_LIST_H
#define QM_OUTBOX_LIST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "record.h"

struct qm_entry {
	struct qm_entry *prev;
	struct qm_entry *next;
	/** in the store, 0 while it is not kept there */
	uint64_t id;
	uint32_t instance;
	uint64_t seq;
	/** what it is known by in auditd's log, 0 while that was not asked for */
	uint64_t mark;
	/** when the kernel took it, CLOCK_MONOTONIC in ms, and as which of all; 0 when it
	 * is to be sent */
	uint64_t sent_ms;
	uint64_t sent_no;
	bool arrived;
	bool success;
	char addr[QM_RECORD_ADDR_MAX];
	size_t len;
	/** terminated */
	char body[];
};

struct qm_entry_list {
	struct qm_entry *first;
	size_t count;
	/** of the bodies */
	size_t bytes;
	/** none before this one is to be sent; NULL for not known */
	struct qm_entry *cursor;
};

/** @return an entry that is in no list, or NULL */
struct qm_entry *qm_entry_new(uint32_t instance, uint64_t seq,
							  const struct qm_record *record);

/** Sets a record to what an entry has. */
void qm_entry_record(const struct qm_entry *entry, struct qm_record *ret);

void qm_entry_append(struct qm_entry_list *list, struct qm_entry *entry);

/** Takes an entry out of a list and frees it. */
void qm_entry_drop(struct qm_entry_list *list, struct qm_entry *entry);

/** Moves all entries of a list to the end of another. */
void qm_entry_move(struct qm_entry_list *to, struct qm_entry_list *from);

void qm_entry_clear(struct qm_entry_list *list);

/** The first entry that is to be sent, or NULL. */
struct qm_entry *qm_entry_unsent(struct qm_entry_list *list);

/**
 * A record was seen in auditd's log.
 *
 * Those before it that were sent before it and did not arrive will not: they are to be
 * sent again.
 *
 * @return	false if none in the list has this mark
 */
bool qm_entry_arrived(struct qm_entry_list *list, uint64_t mark);

#endif
