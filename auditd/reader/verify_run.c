/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Runs: which numbers they have, and what they say of themselves.
 */
#include <errno.h>
#include <stdlib.h>

#include "verify_priv.h"

struct qm_vrun *qm_vrun_get(struct qm_vnode *node, uint32_t pid, uint32_t instance)
{
	struct qm_vrun *run, find = { .key = { pid, instance } };

	HASH_FIND(hh, node->runs, &find.key, sizeof(find.key), run);
	if (run) {
		return run;
	}
	run = calloc(1, sizeof(*run));
	if (!run) {
		return NULL;
	}
	run->key = find.key;
	run->node = node;
	run->leader = run;
	HASH_ADD(hh, node->runs, key, sizeof(run->key), run);
	if (verify_lacking) {
		free(run);
		return NULL;
	}
	return run;
}

void qm_vrun_free(struct qm_vrun *run)
{
	struct qm_vpage *page, *next;

	HASH_ITER(hh, run->pages, page, next)
	{
		HASH_DEL(run->pages, page);
		free(page);
	}
	free(run->losses);
	free(run->policies);
	free(run);
}

static struct qm_vpage *find_page(struct qm_vrun *run, uint64_t key)
{
	struct qm_vpage *page = run->page;

	if (!page || page->key != key) {
		HASH_FIND(hh, run->pages, &key, sizeof(key), page);
	}
	return page;
}

static struct qm_vpage *get_page(struct qm_vrun *run, uint64_t key)
{
	struct qm_vpage *page = find_page(run, key);

	if (!page) {
		page = calloc(1, sizeof(*page));
		if (!page) {
			return NULL;
		}
		page->key = key;
		HASH_ADD(hh, run->pages, key, sizeof(page->key), page);
		if (verify_lacking) {
			free(page);
			return NULL;
		}
	}
	run->page = page;
	return page;
}

bool qm_vrun_has(struct qm_vrun *run, uint64_t seq)
{
	const struct qm_vpage *page = find_page(run, seq >> PAGE_BITS);

	return page && page->present >> seq % PAGE_SIZE & 1;
}

int qm_vrun_number(struct qm_vrun *run, uint64_t seq, uint32_t hash, uint64_t when_ms)
{
	struct qm_vpage *page = get_page(run, seq >> PAGE_BITS);
	const unsigned at = seq % PAGE_SIZE;

	if (!page) {
		return -ENOMEM;
	}
	if (page->present >> at & 1) {
		return page->hashes[at] == hash ? QM_VNUMBER_AGAIN : QM_VNUMBER_TAKEN;
	}
	page->present |= UINT64_C(1) << at;
	page->hashes[at] = hash;
	page->times[at] = (uint32_t)(when_ms / 1000);
	run->first_seq = run->first_seq && run->first_seq < seq ? run->first_seq : seq;
	run->last_seq = run->last_seq > seq ? run->last_seq : seq;
	run->first_ms = run->first_ms && run->first_ms < when_ms ? run->first_ms : when_ms;
	run->last_ms = run->last_ms > when_ms ? run->last_ms : when_ms;
	return QM_VNUMBER_NEW;
}

static int add_policy(struct qm_vrun *run, uint64_t when_ms, struct qm_span name)
{
	struct qm_vpolicy *policies =
		realloc(run->policies, (run->n_policies + 1) * sizeof(*policies));

	if (!policies) {
		return -ENOMEM;
	}
	run->policies = policies;
	policies[run->n_policies++] = (struct qm_vpolicy){
		.when_ms = when_ms,
		.success = qm_span_starts(name, QM_SPAN("success")),
		.any = !qm_span_is(name, "no-auditing") && !qm_span_is(name, "not-configured"),
	};
	return 0;
}

static enum qm_vlast last_of(struct qm_span name)
{
	if (!name.s) {
		return QM_VLAST_UNTOLD;
	}
	if (qm_span_is(name, "stopped")) {
		return QM_VLAST_STOPPED;
	}
	return qm_span_is(name, "died") || qm_span_is(name, "rebooted") ? QM_VLAST_DIED
																	: QM_VLAST_OTHER;
}

static int find_bad_start(const struct qm_vrecord *record)
{
	struct qm_finding finding =
		qm_verify_about(record->run, QM_FINDING_NO_AUDIT_START, record->when_ms);

	finding.seq = record->seq;
	return qm_verify_find(record->run->node->verify, &finding);
}

static int take_audit_start(const struct qm_vrecord *record)
{
	struct qm_vrun *run = record->run;

	if (record->seq != 1) {
		return find_bad_start(record);
	}
	run->began = true;
	run->last = last_of(qm_verify_field(record->line, "last-run"));
	run->tells_open =
		!qm_span_number(qm_verify_field(record->line, "open-sas"), &run->open_sas);
	return add_policy(run, record->when_ms, qm_line_known(record->line, QM_KEY_POLICY));
}

static int take_policy_change(const struct qm_vrecord *record)
{
	const struct qm_line *line = record->line;
	struct qm_vrun *run = record->run;
	int error = 0;

	if (!run->n_policies) {
		/* what was in force before there was anything to write */
		error = add_policy(run, 0, qm_line_known(line, QM_KEY_OLD_POLICY));
		if (!error && record->seq == 1 && run->policies[0].any) {
			error = find_bad_start(record);
		}
	}
	return error ? error
				 : add_policy(run, record->when_ms, qm_line_known(line,
																  QM_KEY_NEW_POLICY));
}

static int take_lost(const struct qm_vrecord *record)
{
	struct qm_finding finding =
		qm_verify_about(record->run, QM_FINDING_LOST, record->when_ms);
	const struct qm_span known = qm_line_known(record->line, QM_KEY_CAUSE);
	const struct qm_span cause = known.s ? known : QM_SPAN("");
	const uint64_t since = qm_span_time(qm_line_value(record->line, QM_KEY_SINCE));
	struct qm_vrun *run = record->run;
	struct qm_vloss *losses;

	finding.seq = record->seq;
	finding.count = qm_verify_number(record->line, QM_KEY_COUNT);
	finding.time_ms = since ? since : record->when_ms;
	memcpy(finding.word, cause.s,
		   cause.len < sizeof(finding.word) ? cause.len : sizeof(finding.word) - 1);
	if (qm_span_is(cause, "audit") || qm_span_is(cause, "store")) {
		losses = realloc(run->losses, (run->n_losses + 1) * sizeof(*losses));
		if (!losses) {
			return -ENOMEM;
		}
		run->losses = losses;
		losses[run->n_losses++] = (struct qm_vloss){ record->seq, finding.count };
	}
	return qm_verify_find(run->node->verify, &finding);
}

int qm_vrun_record(const struct qm_vrecord *record)
{
	struct qm_vrun *run = record->run;

	if (qm_span_is(record->op, "audit-start")) {
		return take_audit_start(record);
	}
	if (record->event_id == 4719) {
		return take_policy_change(record);
	}
	if (qm_span_is(record->op, "lost")) {
		return take_lost(record);
	}
	if (qm_span_is(record->op, "audit-stop")) {
		run->stop_seq = record->seq;
		run->written = qm_verify_number(record->line, QM_KEY_WRITTEN);
	}
	return 0;
}

int qm_vrun_first(const struct qm_vrecord *record)
{
	return record->seq != 1 || qm_span_is(record->op, "audit-start") ||
				   record->event_id == 4719
			   ? 0
			   : find_bad_start(record);
}

uint64_t qm_vrun_count(struct qm_vrun *run, uint64_t below)
{
	struct qm_vpage *page, *next;
	uint64_t count = 0;

	HASH_ITER(hh, run->pages, page, next)
	{
		uint64_t present = page->present;

		if (page->key == below >> PAGE_BITS) {
			present &= (UINT64_C(1) << below % PAGE_SIZE) - 1;
		} else if (page->key > below >> PAGE_BITS) {
			present = 0;
		}
		count += (unsigned)__builtin_popcountll(present);
	}
	return count;
}

uint64_t qm_vrun_shared(struct qm_vrun *a, struct qm_vrun *b)
{
	struct qm_vpage *page, *next;
	uint64_t count = 0;

	HASH_ITER(hh, a->pages, page, next)
	{
		const struct qm_vpage *other = find_page(b, page->key);

		if (other) {
			count += (unsigned)__builtin_popcountll(page->present & other->present);
		}
	}
	return count;
}

bool qm_vrun_is_silent(const struct qm_vrun *leader, uint64_t from_ms, uint64_t to_ms)
{
	const struct qm_vpolicy *policies = leader->policies;
	size_t low = 0, high = leader->n_policies;

	/* what came in force last before the end, and then those before it */
	while (low < high) {
		const size_t middle = low + (high - low) / 2;

		if (policies[middle].when_ms <= to_ms) {
			low = middle + 1;
		} else {
			high = middle;
		}
	}
	for (; low > 0; low--) {
		if (low < leader->n_policies && policies[low].when_ms < from_ms) {
			return false;
		}
		if (!policies[low - 1].success) {
			return true;
		}
	}
	return false;
}

uint64_t qm_vrun_silent_until(const struct qm_vrun *leader)
{
	for (size_t i = leader->n_policies; i > 0; i--) {
		if (!leader->policies[i - 1].success) {
			return i < leader->n_policies ? leader->policies[i].when_ms : UINT64_MAX;
		}
	}
	return 0;
}

bool qm_vrun_ends_silent(const struct qm_vrun *leader)
{
	return leader->n_policies && !leader->policies[leader->n_policies - 1].any;
}
