/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "outbox_keep_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <utlist.h>

/** Records in memory alone while the store fails, and bytes of their bodies. */
#define FRESH_MAX 8192
#define FRESH_BYTES_MAX (16 << 20)

/** Records since the last commit that make another one due. */
#define CROWD 1024

/** How long to leave a store alone that fails. */
#define RETRY_MS 5000

/** How often it is kept that the daemon lives. */
#define ALIVE_MS 60000

/** Nothing since the last commit is in the store any more. */
static void fail(struct qm_keep *keep, int r)
{
	struct qm_entry *entry;

	keep->failing = r;
	keep->retry_at = qm_time_now().mono_ms + RETRY_MS;
	DL_FOREACH(keep->fresh.first, entry) {
		entry->id = 0;
	}
}

void qm_keep_check(struct qm_keep *keep, int r)
{
	keep->dirty = true;
	if (r < 0) {
		fail(keep, r);
	}
}

int qm_keep_next_seq(struct qm_keep *keep, uint32_t instance, uint64_t *ret)
{
	struct qm_keep_numbering *n;
	int r;

	LL_SEARCH_SCALAR(keep->numberings, n, instance, instance);
	if (n) {
		*ret = ++n->seq;
		return 0;
	}
	n = calloc(1, sizeof(*n));
	if (!n) {
		return -ENOMEM;
	}
	r = qm_keep_works(keep) ? qm_store_next_seq(keep->store, instance, &n->seq) :
							  keep->failing;
	if (r < 0) {
		qm_keep_check(keep, r == -ENOENT ? 0 : r);
		free(n);
		return r;
	}
	keep->dirty = true;
	n->instance = instance;
	LL_PREPEND(keep->numberings, n);
	*ret = n->seq;
	return 0;
}

static int store_entry(struct qm_keep *keep, struct qm_entry *entry)
{
	struct qm_record record;

	qm_entry_record(entry, &record);
	return qm_store_add(keep->store, entry->instance, entry->seq, &record, &entry->id);
}

int qm_keep_add(struct qm_keep *keep, uint32_t instance, uint64_t seq,
				const struct qm_record *record)
{
	struct qm_entry *entry = qm_entry_new(instance, seq, record);
	int r = 0;

	if (!entry) {
		return -ENOMEM;
	}
	if (qm_keep_works(keep)) {
		r = qm_store_add(keep->store, instance, seq, record, &entry->id);
		if (r != -EDQUOT) {
			qm_keep_check(keep, r);
			r = 0;
		}
	}
	if (!qm_keep_works(keep) && (keep->fresh.count >= FRESH_MAX ||
								 keep->fresh.bytes >= FRESH_BYTES_MAX)) {
		r = -EDQUOT;
	}
	keep->full = r < 0;
	if (r < 0) {
		free(entry);
		return r;
	}
	qm_entry_append(&keep->fresh, entry);
	return 0;
}

int qm_keep_earlier_sas(struct qm_keep *keep,
						void (*each)(void *user, const struct qm_open_sa *sa), void *user,
						uint64_t *ret_bad)
{
	int r = qm_store_earlier_sas(keep->store, each, user, ret_bad);

	qm_keep_check(keep, r);
	return r;
}

void qm_keep_sa(struct qm_keep *keep, const struct qm_open_sa *sa)
{
	if (!qm_keep_works(keep)) {
		return;
	}
	if (sa->instance != keep->instance || sa->facts.child_sa > keep->highest) {
		keep->instance = sa->instance;
		keep->highest = sa->facts.child_sa;
	}
	qm_keep_check(keep, qm_store_keep_sa(keep->store, sa));
}

void qm_keep_drop_sa(struct qm_keep *keep, uint32_t instance, uint32_t child_sa)
{
	struct qm_keep_pair *pair;

	if (qm_keep_works(keep)) {
		qm_keep_check(keep, qm_store_drop_sa(keep->store, instance, child_sa));
	} else if (instance == keep->instance && child_sa > keep->highest) {
		/* it came and went while the store failed */
		return;
	}
	pair = malloc(sizeof(*pair));
	if (pair) {
		*pair = (struct qm_keep_pair){ .instance = instance, .child_sa = child_sa };
		DL_APPEND(keep->dropped, pair);
	}
}

void qm_keep_set_loss(struct qm_keep *keep, enum qm_loss_cause cause, uint64_t count,
					  uint64_t since_ms)
{
	keep->losses[cause] = (struct qm_keep_loss){ count, since_ms, true };
	if (qm_keep_works(keep)) {
		qm_keep_check(keep, qm_store_set_loss(keep->store, cause, count, since_ms));
	}
}

bool qm_keep_take_stale(struct qm_keep *keep)
{
	const bool stale = keep->stale;

	keep->stale = false;
	return stale;
}

static int replay_losses(struct qm_keep *keep)
{
	int r = 0;

	for (enum qm_loss_cause cause = 0; cause < QM_LOSS_MAX && !r; cause++) {
		const struct qm_keep_loss *loss = &keep->losses[cause];

		if (loss->fresh) {
			r = qm_store_set_loss(keep->store, cause, loss->count, loss->since_ms);
		}
	}
	return r;
}

/** Gives the store what it did not keep while it failed. */
static int replay(struct qm_keep *keep)
{
	struct qm_entry *entry, *next;
	struct qm_keep_pair *pair;
	int r = qm_store_remove(keep->store, keep->done);

	DL_FOREACH_SAFE(keep->fresh.first, entry, next) {
		if (r < 0) {
			return r;
		}
		r = entry->arrived ? 0 : store_entry(keep, entry);
		if (entry->arrived || r == -EDQUOT) {
			keep->overflow += !entry->arrived;
			qm_entry_drop(&keep->fresh, entry);
			r = 0;
		}
	}
	DL_FOREACH(keep->dropped, pair) {
		r = r < 0 ? r : qm_store_drop_sa(keep->store, pair->instance, pair->child_sa);
	}
	r = r < 0 ? r : replay_losses(keep);
	if (!r && keep->stopped) {
		r = qm_store_mark_stopped(keep->store);
	}
	return r;
}

/** Has a record of the store in the window. @return 0 or -ENOMEM */
static int take_stored(struct qm_keep *keep, bool readable)
{
	struct qm_entry *entry;

	if (!readable) {
		/* it takes its place, and leaves the store with those before it */
		keep->stored.record.len = 0;
		keep->stored.record.body[0] = keep->stored.record.addr[0] = '\0';
	}
	entry = qm_entry_new(0, 0, &keep->stored.record);
	if (!entry) {
		return -ENOMEM;
	}
	entry->id = keep->stored.id;
	entry->arrived = !readable;
	keep->overflow += !readable;
	keep->loaded = entry->id;
	qm_entry_append(&keep->window, entry);
	return 0;
}

/** Reads the next records of the store, as far as there is room, and memory. @return 0
 * or a negative errno: what the store has cannot be read */
static int load(struct qm_keep *keep)
{
	int r = 0;

	while (keep->behind && keep->window.count < QM_KEEP_WINDOW && !r) {
		r = qm_store_next(keep->store, keep->loaded, &keep->stored);
		if (r == -ENOENT) {
			keep->behind = false;
			r = 0;
		} else if (!r || r == -EILSEQ) {
			r = take_stored(keep, !r);
		}
	}
	r = r == -ENOMEM ? 0 : r;
	keep->unreadable = r < 0;
	qm_keep_advance(keep);
	return r;
}

/** What was fresh is in the store. */
static void settle(struct qm_keep *keep)
{
	struct qm_keep_pair *pair, *next;

	keep->behind |= keep->fresh.count && keep->window.count >= QM_KEEP_WINDOW;
	if (keep->behind) {
		qm_entry_clear(&keep->fresh);
	} else if (keep->fresh.first) {
		keep->loaded = keep->fresh.first->prev->id;
		qm_entry_move(&keep->window, &keep->fresh);
	}
	DL_FOREACH_SAFE(keep->dropped, pair, next) {
		DL_DELETE(keep->dropped, pair);
		free(pair);
	}
	for (enum qm_loss_cause cause = 0; cause < QM_LOSS_MAX; cause++) {
		keep->losses[cause].fresh = false;
	}
}

/** Commits, after what is to be said once more where the store failed. */
static int commit(struct qm_keep *keep, struct qm_time now)
{
	int r = qm_keep_works(keep) ? 0 : replay(keep);

	if (!r) {
		r = qm_store_commit(keep->store, now.wall_ms);
	}
	if (r < 0) {
		fail(keep, r);
		return r;
	}
	keep->dirty = false;
	keep->committed_ms = now.mono_ms;
	keep->done_since = 0;
	settle(keep);
	return 0;
}

static bool is_due(const struct qm_keep *keep, struct qm_time now)
{
	if (!qm_keep_works(keep)) {
		return now.mono_ms >= keep->retry_at || keep->stopped;
	}
	return keep->dirty || now.mono_ms - keep->committed_ms >= ALIVE_MS;
}

void qm_keep_commit(struct qm_keep *keep, struct qm_time now)
{
	const bool committed = is_due(keep, now) && !commit(keep, now);
	/* also where it takes nothing: what it has can be sent */
	const int r = load(keep);

	if (r < 0 && (committed || qm_keep_works(keep))) {
		fail(keep, r);
	} else if (committed && !qm_keep_works(keep)) {
		keep->failing = 0;
		keep->full = false;
		keep->stale = true;
	}
}

bool qm_keep_is_crowded(const struct qm_keep *keep)
{
	return qm_keep_works(keep) && keep->fresh.count >= CROWD;
}

uint64_t qm_keep_take_overflow(struct qm_keep *keep)
{
	const uint64_t overflow = keep->overflow;

	keep->overflow = 0;
	return overflow;
}

void qm_keep_stop(struct qm_keep *keep)
{
	keep->stopped = true;
	if (qm_keep_works(keep)) {
		qm_keep_check(keep, qm_store_mark_stopped(keep->store));
	}
}

enum qm_durability qm_keep_durability(const struct qm_keep *keep)
{
	return qm_keep_works(keep) ? keep->durability : QM_DURABLE_NONE;
}

int qm_keep_failing(const struct qm_keep *keep)
{
	return keep->failing;
}

const char *qm_keep_error(const struct qm_keep *keep)
{
	return qm_store_error(keep->store);
}

bool qm_keep_has_room(const struct qm_keep *keep)
{
	return qm_keep_works(keep) && keep->durability != QM_DURABLE_NONE && !keep->full;
}

int qm_keep_new(struct qm_keep **ret, struct qm_store *store,
				enum qm_durability durability)
{
	struct qm_keep *keep = calloc(1, sizeof(*keep));

	if (!keep) {
		qm_store_close(store);
		return -ENOMEM;
	}
	keep->store = store;
	keep->durability = durability;
	keep->behind = true;
	*ret = keep;
	return 0;
}

struct qm_keep *qm_keep_free(struct qm_keep *keep)
{
	struct qm_keep_pair *pair, *next_pair;
	struct qm_keep_numbering *n, *next;

	if (keep) {
		qm_entry_clear(&keep->window);
		qm_entry_clear(&keep->fresh);
		DL_FOREACH_SAFE(keep->dropped, pair, next_pair) {
			free(pair);
		}
		LL_FOREACH_SAFE(keep->numberings, n, next) {
			free(n);
		}
		qm_store_close(keep->store);
		free(keep);
	}
	return NULL;
}
