/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which of the records that are kept is the next to send, and which have arrived.
 */
#include "outbox_keep_priv.h"

#include <utlist.h>

struct qm_entry *qm_keep_next(struct qm_keep *keep)
{
	struct qm_entry *entry = qm_entry_unsent(&keep->window);

	/* without the store they are sent all the same, after what it has */
	return entry || qm_keep_has_more(keep) || qm_keep_works(keep) ?
			   entry : qm_entry_unsent(&keep->fresh);
}

bool qm_keep_has_more(const struct qm_keep *keep)
{
	return keep->behind && !keep->unreadable;
}

static struct qm_entry *first_sent(struct qm_entry *entry)
{
	while (entry && (!entry->sent_ms || entry->arrived)) {
		entry = entry->next;
	}
	return entry;
}

struct qm_entry *qm_keep_oldest_sent(const struct qm_keep *keep)
{
	struct qm_entry *entry = first_sent(keep->window.first);

	return entry ? entry : first_sent(keep->fresh.first);
}

void qm_keep_advance(struct qm_keep *keep)
{
	const uint64_t done = keep->done;

	while (keep->window.first && keep->window.first->arrived) {
		keep->done = keep->window.first->id;
		keep->done_since++;
		qm_entry_drop(&keep->window, keep->window.first);
	}
	if (keep->done != done && qm_keep_works(keep)) {
		qm_keep_check(keep, qm_store_remove(keep->store, keep->done));
		keep->full = false;
	}
	while (!qm_keep_works(keep) && keep->fresh.first && keep->fresh.first->arrived) {
		qm_entry_drop(&keep->fresh, keep->fresh.first);
	}
}

bool qm_keep_arrived(struct qm_keep *keep, uint64_t mark)
{
	const bool found = qm_entry_arrived(&keep->window, mark) ||
					   qm_entry_arrived(&keep->fresh, mark);

	if (found) {
		qm_keep_advance(keep);
	}
	return found;
}

static uint64_t each_sent(struct qm_entry_list *list, bool arrived)
{
	struct qm_entry *entry;
	uint64_t count = 0;

	DL_FOREACH(list->first, entry) {
		if (entry->sent_ms && !entry->arrived) {
			entry->arrived = arrived;
			entry->sent_ms = 0;
			count++;
		}
	}
	list->cursor = NULL;
	return count;
}

uint64_t qm_keep_all_arrived(struct qm_keep *keep)
{
	const uint64_t count = each_sent(&keep->window, true) + each_sent(&keep->fresh, true);

	qm_keep_advance(keep);
	return count;
}

void qm_keep_unsend(struct qm_keep *keep)
{
	each_sent(&keep->window, false);
	each_sent(&keep->fresh, false);
}

static void touch(struct qm_entry_list *list, uint64_t now_ms)
{
	struct qm_entry *entry;

	DL_FOREACH(list->first, entry) {
		entry->sent_ms = entry->sent_ms ? now_ms : 0;
	}
}

void qm_keep_touch(struct qm_keep *keep, uint64_t now_ms)
{
	touch(&keep->window, now_ms);
	touch(&keep->fresh, now_ms);
}

void qm_keep_give_up(struct qm_keep *keep, struct qm_entry *entry)
{
	entry->arrived = true;
	qm_keep_advance(keep);
}

uint64_t qm_keep_waiting(const struct qm_keep *keep)
{
	uint64_t records, bytes;

	qm_store_waiting(keep->store, &records, &bytes);
	if (!qm_keep_works(keep)) {
		records += keep->fresh.count;
		records -= records < keep->done_since ? records : keep->done_since;
	}
	return records;
}

static uint64_t count_sent(const struct qm_entry_list *list)
{
	struct qm_entry *entry;
	uint64_t count = 0;

	DL_FOREACH(list->first, entry) {
		count += entry->sent_ms && !entry->arrived;
	}
	return count;
}

uint64_t qm_keep_in_flight(const struct qm_keep *keep)
{
	return count_sent(&keep->window) + count_sent(&keep->fresh);
}
