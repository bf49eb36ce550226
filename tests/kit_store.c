/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "kit_store.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "outbox_kit.h"
#include "test.h"

#define THE_STORE ((struct qm_store *)&kit)

const char *__wrap_qm_store_error(const struct qm_store *store);
int __wrap_qm_store_next_seq(struct qm_store *store, uint32_t instance, uint64_t *ret);
int __wrap_qm_store_add(struct qm_store *store, uint32_t instance, uint64_t seq,
						const struct qm_record *record, uint64_t *ret_id);
int __wrap_qm_store_remove(struct qm_store *store, uint64_t up_to_id);
int __wrap_qm_store_next(struct qm_store *store, uint64_t after_id,
						 struct qm_stored *ret);
void __wrap_qm_store_waiting(const struct qm_store *store, uint64_t *ret_records,
							 uint64_t *ret_bytes);
int __wrap_qm_store_keep_sa(struct qm_store *store, const struct qm_open_sa *sa);
int __wrap_qm_store_drop_sa(struct qm_store *store, uint32_t instance,
							uint32_t child_sa);
int __wrap_qm_store_earlier_sas(struct qm_store *store,
								void (*each)(void *user, const struct qm_open_sa *sa),
								void *user, uint64_t *bad);
int __wrap_qm_store_set_loss(struct qm_store *store, enum qm_loss_cause cause,
							 uint64_t count, uint64_t since_ms);
int __wrap_qm_store_commit(struct qm_store *store, uint64_t now_ms);
int __wrap_qm_store_mark_stopped(struct qm_store *store);
struct qm_store *__wrap_qm_store_close(struct qm_store *store);

void kit_format(uint64_t seq, struct qm_record *ret)
{
	ret->len = (size_t)snprintf(ret->body, sizeof(ret->body),
								"op=start event-id=5451 rec-seq=%" PRIu64, seq);
	ret->success = seq % 2;
	snprintf(ret->addr, sizeof(ret->addr), "192.0.2.%u", (unsigned)(seq % 250));
}

uint64_t kit_number(const struct qm_record *record)
{
	const char *seq = strstr(record->body, "rec-seq=");
	struct qm_record same;

	CU_ASSERT_PTR_NOT_NULL_FATAL(seq);
	kit_format(strtoull(seq + strlen("rec-seq="), NULL, 10), &same);
	QM_INT(record->len, same.len);
	QM_INT(record->success, same.success);
	QM_STR(record->addr, same.addr);
	return strtoull(seq + strlen("rec-seq="), NULL, 10);
}

bool kit_is_committed(uint64_t seq)
{
	/* mostly it is among the first */
	for (uint64_t id = kit.committed.first; id < kit.committed.end; id++) {
		if (kit.rows[id] == (int64_t)seq) {
			return true;
		}
	}
	return false;
}

/** What anything that changes the store comes to; a failure undoes all. */
static int change(const struct qm_store *store)
{
	CU_ASSERT_PTR_EQUAL(store, THE_STORE);
	if (kit.store_error) {
		kit.store = kit.committed;
		kit.failed = true;
	}
	return kit.store_error;
}

const char *__wrap_qm_store_error(const struct qm_store *store)
{
	(void)store;
	return "the store fails";
}

int __wrap_qm_store_next_seq(struct qm_store *store, uint32_t instance, uint64_t *ret)
{
	int r = change(store);

	if (!r) {
		*ret = 100 * instance + 1;
	}
	return r;
}

int __wrap_qm_store_add(struct qm_store *store, uint32_t instance, uint64_t seq,
						const struct qm_record *record, uint64_t *ret_id)
{
	int r;

	QM_INT(instance, KIT_INSTANCE);
	QM_INT(kit_number(record), seq);
	if (kit.max_records && kit.store.end - kit.store.first >= kit.max_records) {
		return -EDQUOT;
	}
	r = change(store);
	if (r < 0) {
		return r;
	}
	CU_ASSERT_FATAL(kit.store.end <= KIT_RECORDS);
	kit.rows[kit.store.end] = (int64_t)seq;
	*ret_id = kit.store.end++;
	return 0;
}

static void check_arrived(uint64_t id)
{
	const int64_t seq = kit.rows[id];

	if (seq > 0 && !kit.was_refused[seq] && !kit.seen[seq]) {
		kit.forgotten++;
	}
}

int __wrap_qm_store_remove(struct qm_store *store, uint64_t up_to_id)
{
	int r = change(store);

	while (!r && kit.store.first < kit.store.end && kit.store.first <= up_to_id) {
		check_arrived(kit.store.first++);
	}
	return r;
}

int __wrap_qm_store_next(struct qm_store *store, uint64_t after_id,
						 struct qm_stored *ret)
{
	uint64_t id = after_id < kit.store.first ? kit.store.first : after_id + 1;

	CU_ASSERT_PTR_EQUAL(store, THE_STORE);
	if (kit.read_error) {
		kit.store = kit.committed;
		kit.failed = true;
		return kit.read_error;
	}
	if (id >= kit.store.end) {
		return -ENOENT;
	}
	ret->id = id;
	if (kit.rows[id] < 0) {
		return -EILSEQ;
	}
	kit_format((uint64_t)kit.rows[id], &ret->record);
	return 0;
}

void __wrap_qm_store_waiting(const struct qm_store *store, uint64_t *ret_records,
							 uint64_t *ret_bytes)
{
	CU_ASSERT_PTR_EQUAL(store, THE_STORE);
	*ret_records = kit.store.end - kit.store.first;
	*ret_bytes = 0;
}

static uint32_t *find_pair(uint32_t child_sa)
{
	for (size_t i = 0; i < KIT_PAIRS; i++) {
		if (kit.store.pairs[i] == child_sa) {
			return &kit.store.pairs[i];
		}
	}
	return NULL;
}

int __wrap_qm_store_keep_sa(struct qm_store *store, const struct qm_open_sa *sa)
{
	uint32_t *pair = find_pair(sa->facts.child_sa);
	int r = change(store);

	if (!r) {
		pair = pair ? pair : find_pair(0);
		CU_ASSERT_PTR_NOT_NULL_FATAL(pair);
		*pair = sa->facts.child_sa;
	}
	return r;
}

int __wrap_qm_store_drop_sa(struct qm_store *store, uint32_t instance,
							uint32_t child_sa)
{
	uint32_t *pair = find_pair(child_sa);
	int r = change(store);

	QM_INT(instance, KIT_INSTANCE);
	if (!r && pair) {
		*pair = 0;
	}
	return r;
}

int __wrap_qm_store_earlier_sas(struct qm_store *store,
								void (*each)(void *user, const struct qm_open_sa *sa),
								void *user, uint64_t *bad)
{
	(void)each;
	(void)user;
	*bad = 0;
	return change(store);
}

int __wrap_qm_store_set_loss(struct qm_store *store, enum qm_loss_cause cause,
							 uint64_t count, uint64_t since_ms)
{
	int r = change(store);

	(void)since_ms;
	if (!r) {
		kit.store.lost[cause] = count;
	}
	return r;
}

int __wrap_qm_store_commit(struct qm_store *store, uint64_t now_ms)
{
	int r = change(store);

	(void)now_ms;
	if (!r) {
		kit.committed = kit.store;
		kit.failed = false;
		kit.commits++;
	}
	return r;
}

int __wrap_qm_store_mark_stopped(struct qm_store *store)
{
	int r = change(store);

	kit.store.stopped |= !r;
	return r;
}

struct qm_store *__wrap_qm_store_close(struct qm_store *store)
{
	CU_ASSERT_PTR_EQUAL(store, THE_STORE);
	kit.store = kit.committed;
	return NULL;
}

bool kit_has_pair(uint32_t child_sa)
{
	return find_pair(child_sa);
}

struct qm_open_sa kit_pair(uint32_t child_sa)
{
	return (struct qm_open_sa){
		.instance = KIT_INSTANCE,
		.facts = { .child_sa = child_sa },
	};
}
