/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "outbox_list.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

#include "watch.h"

struct qm_entry *qm_entry_new(uint32_t instance, uint64_t seq,
							  const struct qm_record *record)
{
	struct qm_entry *entry = calloc(1, sizeof(*entry) + record->len + 1);

	if (!entry) {
		return NULL;
	}
	entry->instance = instance;
	entry->seq = seq;
	entry->success = record->success;
	memcpy(entry->addr, record->addr, sizeof(entry->addr));
	entry->len = record->len;
	memcpy(entry->body, record->body, record->len);
	return entry;
}

void qm_entry_record(const struct qm_entry *entry, struct qm_record *ret)
{
	ret->len = entry->len;
	ret->success = entry->success;
	memcpy(ret->addr, entry->addr, sizeof(ret->addr));
	memcpy(ret->body, entry->body, entry->len + 1);
}

void qm_entry_append(struct qm_entry_list *list, struct qm_entry *entry)
{
	DL_APPEND(list->first, entry);
	list->count++;
	list->bytes += entry->len;
}

void qm_entry_drop(struct qm_entry_list *list, struct qm_entry *entry)
{
	if (list->cursor == entry) {
		list->cursor = entry->next;
	}
	DL_DELETE(list->first, entry);
	list->count--;
	list->bytes -= entry->len;
	free(entry);
}

void qm_entry_move(struct qm_entry_list *to, struct qm_entry_list *from)
{
	DL_CONCAT(to->first, from->first);
	to->count += from->count;
	to->bytes += from->bytes;
	*from = (struct qm_entry_list){ 0 };
}

void qm_entry_clear(struct qm_entry_list *list)
{
	while (list->first) {
		qm_entry_drop(list, list->first);
	}
}

struct qm_entry *qm_entry_unsent(struct qm_entry_list *list)
{
	struct qm_entry *entry = list->cursor ? list->cursor : list->first;

	while (entry && (entry->sent_ms || entry->arrived)) {
		entry = entry->next;
	}
	list->cursor = entry;
	return entry;
}

/** Only what is looked for in auditd's log needs it. */
static uint64_t mark_of(struct qm_entry *entry)
{
	if (!entry->mark) {
		entry->mark = qm_watch_mark(entry->body, entry->len);
	}
	return entry->mark;
}

static struct qm_entry *find(const struct qm_entry_list *list, uint64_t mark)
{
	struct qm_entry *entry;

	DL_FOREACH(list->first, entry) {
		if (entry->sent_no && !entry->arrived && mark_of(entry) == mark) {
			return entry;
		}
	}
	return NULL;
}

bool qm_entry_arrived(struct qm_entry_list *list, uint64_t mark)
{
	struct qm_entry *found = find(list, mark), *entry;

	if (!found) {
		return false;
	}
	found->arrived = true;
	for (entry = list->first; entry != found; entry = entry->next) {
		if (entry->sent_ms && !entry->arrived && entry->sent_no < found->sent_no) {
			entry->sent_ms = 0;
			list->cursor = NULL;
		}
	}
	return true;
}
