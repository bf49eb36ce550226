/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Which runs are of one gateway. Records do not name the state directory, where
 * instances are counted, so where several daemons write on one node it is inferred:
 * from what a process has sent for an earlier instance, from SA pairs that one run
 * began and another ended, and from how numbers and times fit. What cannot be told
 * apart is given the benefit of the doubt.
 */
#include <errno.h>
#include <stdlib.h>

#include "verify_priv.h"

/** Most runs that are compared with one. */
#define NEAR_MAX 256

/** From here on an instance is not counted, but the time of the start, in seconds since
 * the epoch: there was no state directory. */
#define CLOCK_MIN 1000000000

/** All runs of a node, or all leaders, by instance and time. */
struct list {
	struct qm_vrun **runs;
	size_t count;
};

struct qm_vrun *qm_vchain_leader(struct qm_vrun *run)
{
	while (run->leader != run) {
		run->leader = run->leader->leader;
		run = run->leader;
	}
	return run;
}

void qm_vchain_join(struct qm_vrun *a, struct qm_vrun *b)
{
	a = qm_vchain_leader(a);
	b = qm_vchain_leader(b);
	if (a != b && qm_vrun_has(b, 1)) {
		a->leader = b;
	} else {
		b->leader = a;
	}
}

static int by_instance(const void *a, const void *b)
{
	const struct qm_vrun *x = *(struct qm_vrun *const *)a;
	const struct qm_vrun *y = *(struct qm_vrun *const *)b;

	if (x->key.instance != y->key.instance) {
		return x->key.instance < y->key.instance ? -1 : 1;
	}
	if (x->first_ms != y->first_ms) {
		return x->first_ms < y->first_ms ? -1 : 1;
	}
	return (x->key.pid > y->key.pid) - (x->key.pid < y->key.pid);
}

static int by_pid(const void *a, const void *b)
{
	const struct qm_vrun *x = *(struct qm_vrun *const *)a;
	const struct qm_vrun *y = *(struct qm_vrun *const *)b;

	if (x->key.pid != y->key.pid) {
		return x->key.pid < y->key.pid ? -1 : 1;
	}
	return (x->key.instance > y->key.instance) - (x->key.instance < y->key.instance);
}

static int list_runs(struct qm_vnode *node, struct list *ret)
{
	struct qm_vrun *run, *next;

	ret->count = 0;
	ret->runs = calloc(HASH_COUNT(node->runs) + 1, sizeof(struct qm_vrun *));
	if (!ret->runs) {
		return -ENOMEM;
	}
	HASH_ITER(hh, node->runs, run, next)
	{
		/* without one that has a number there is nothing to judge */
		if (run->first_seq) {
			ret->runs[ret->count++] = run;
		}
	}
	qsort(ret->runs, ret->count, sizeof(struct qm_vrun *), by_pid);
	for (size_t i = 0; i + 1 < ret->count; i++) {
		ret->runs[i]->late = ret->runs[i]->key.pid == ret->runs[i + 1]->key.pid &&
							 !qm_vrun_has(ret->runs[i], 1);
	}
	qsort(ret->runs, ret->count, sizeof(struct qm_vrun *), by_instance);
	return 0;
}

/** How far apart what two runs have is, UINT64_MAX where both cannot be one stream. */
static uint64_t distance(struct qm_vrun *run, struct qm_vrun *other)
{
	uint64_t gap = 0;

	if (run->exe != other->exe || qm_vrun_shared(run, other)) {
		return UINT64_MAX;
	}
	if (run->first_seq > other->last_seq) {
		gap = run->first_seq - other->last_seq - 1;
	} else if (run->last_seq < other->first_seq) {
		gap = other->first_seq - run->last_seq - 1;
	}
	return gap && !run->late ? UINT64_MAX : gap;
}

/** A single record whose number is taken, by a process of which there is no other. */
static bool is_stranger(struct qm_vrun *run, struct qm_vrun *other)
{
	return run->first_seq == run->last_seq && !run->late &&
		   other->first_ms <= run->first_ms && qm_vrun_has(other, run->first_seq);
}

/** Joins a run without a beginning to the one that it continues. */
static int join_run(const struct list *list, size_t at)
{
	struct qm_vrun *run = list->runs[at], *best = NULL, *victim = NULL;
	struct qm_finding finding;
	uint64_t nearest = UINT64_MAX;

	for (size_t i = at; i > 0 && at - i < NEAR_MAX; i--) {
		struct qm_vrun *other = list->runs[i - 1];
		const uint64_t far = distance(run, other);

		if (other->key.instance != run->key.instance) {
			break;
		}
		victim = !victim && is_stranger(run, other) ? other : victim;
		if (far < nearest) {
			nearest = far;
			best = other;
		}
	}
	if (best) {
		qm_vchain_join(best, run);
	} else if (victim) {
		qm_vchain_join(victim, run);
		finding = qm_verify_about(run, QM_FINDING_CONFLICT, run->first_ms);
		finding.seq = run->first_seq;
		return qm_verify_find(run->node->verify, &finding);
	}
	return 0;
}

static int join_runs(const struct list *list)
{
	int error = 0;

	for (size_t i = 0; i < list->count && !error; i++) {
		struct qm_vrun *run = list->runs[i];

		if (run->leader == run && run->key.instance && !qm_vrun_has(run, 1)) {
			error = join_run(list, i);
		}
	}
	return error;
}

static int by_when(const void *a, const void *b)
{
	const struct qm_vpolicy *x = a, *y = b;

	return (x->when_ms > y->when_ms) - (x->when_ms < y->when_ms);
}

/** Appends an array of another run to the leader's. */
static int append(void **to, size_t *n, const void *from, size_t more, size_t size)
{
	char *all;

	if (!more) {
		return 0;
	}
	all = realloc(*to, (*n + more) * size);
	if (!all) {
		return -ENOMEM;
	}
	memcpy(all + *n * size, from, more * size);
	*to = all;
	*n += more;
	return 0;
}

/** Gives the leader what another run of its stream says. */
static int fold(struct qm_vrun *leader, struct qm_vrun *run)
{
	void *losses = leader->losses, *policies = leader->policies;
	int error = append(&losses, &leader->n_losses, run->losses, run->n_losses,
					   sizeof(*run->losses));

	leader->losses = losses;
	error = error ? error : append(&policies, &leader->n_policies, run->policies,
								   run->n_policies, sizeof(*run->policies));
	leader->policies = policies;
	if (leader->n_policies) {
		qsort(leader->policies, leader->n_policies, sizeof(*leader->policies), by_when);
	}
	leader->stop_seq = leader->stop_seq ? leader->stop_seq : run->stop_seq;
	leader->in_kernel += run->in_kernel;
	leader->heir = run->late ? run->key.pid : leader->heir;
	run->member = leader->member;
	leader->member = run;
	return error;
}

/** Leaves the leaders alone in the list. */
static int fold_runs(struct list *list)
{
	size_t count = 0;
	int error = 0;

	for (size_t i = 0; i < list->count && !error; i++) {
		struct qm_vrun *run = list->runs[i], *leader = qm_vchain_leader(run);

		if (leader != run) {
			error = fold(leader, run);
		}
	}
	for (size_t i = 0; i < list->count; i++) {
		if (list->runs[i]->leader == list->runs[i]) {
			list->runs[count++] = list->runs[i];
		}
	}
	list->count = count;
	return error;
}

/** How well a stream fits before another; 0 for not at all. */
static uint64_t fitness(const struct qm_vrun *run, const struct qm_vrun *before)
{
	const bool heir = run->key.pid && (before->heir == run->key.pid ||
									   before->key.pid == run->key.pid);
	bool agrees = true;

	if (before->after || before->key.instance >= run->key.instance ||
		run->key.instance >= CLOCK_MIN ||
		(!heir && before->last_ms > run->first_ms + SLACK_MS)) {
		return 0;
	}
	if (run->last == QM_VLAST_STOPPED) {
		agrees = before->stop_seq;
	} else if (run->last == QM_VLAST_DIED) {
		agrees = !before->stop_seq;
	}
	return 1 + 8 * (uint64_t)heir +
		   4 * (uint64_t)(before->key.instance + 1 == run->key.instance) +
		   2 * (uint64_t)agrees + (before->exe == run->exe);
}

static void link_stream(const struct list *list, size_t at)
{
	struct qm_vrun *run = list->runs[at], *best = NULL;
	uint64_t best_fit = 0;

	for (size_t i = at; i > 0 && at - i < NEAR_MAX; i--) {
		struct qm_vrun *before = list->runs[i - 1];
		const uint64_t fit = fitness(run, before);

		if (fit > best_fit ||
			(fit && fit == best_fit && before->last_ms > best->last_ms)) {
			best = before;
			best_fit = fit;
		}
	}
	if (best && run->key.instance) {
		best->after = run;
		run->before = best;
	}
}

static int judge_skip(const struct qm_vrun *run)
{
	struct qm_finding finding = qm_verify_about(run, QM_FINDING_SKIPPED, run->first_ms);

	finding.instance = run->before->key.instance + 1;
	finding.pid = 0;
	finding.count = run->key.instance - run->before->key.instance - 1;
	return finding.count ? qm_verify_find(run->node->verify, &finding) : 0;
}

/** What the next run says of the end of this one. */
static int judge_end(const struct qm_vrun *run)
{
	const struct qm_vrun *next = run->after;
	const bool known = next->key.instance == run->key.instance + 1;
	struct qm_finding finding =
		qm_verify_about(run, QM_FINDING_NO_AUDIT_STOP, run->last_ms);

	if (run->stop_seq) {
		finding.kind = QM_FINDING_LAST_RUN;
		return known && next->last == QM_VLAST_DIED
				   ? qm_verify_find(run->node->verify, &finding)
				   : 0;
	}
	if (qm_vrun_ends_silent(run)) {
		return 0;
	}
	if (known && next->last == QM_VLAST_DIED) {
		finding.kind = QM_NOTE_DIED;
	}
	return qm_verify_find(run->node->verify, &finding);
}

/** What one process says of itself, before it is joined to others. */
static int judge_run(struct qm_vrun *run)
{
	struct qm_finding finding =
		qm_verify_about(run, QM_FINDING_AFTER_STOP, run->last_ms);
	int error = 0;

	if (!run->stop_seq || run->late) {
		return 0;
	}
	finding.seq = run->stop_seq + 1;
	finding.last_seq = run->last_seq;
	finding.count = run->last_seq - run->stop_seq;
	if (finding.count) {
		error = qm_verify_find(run->node->verify, &finding);
	}
	finding.kind = QM_FINDING_WRITTEN;
	finding.seq = run->stop_seq;
	finding.last_seq = 0;
	finding.count = qm_vrun_count(run, run->stop_seq);
	if (!error && finding.count > run->written) {
		finding.count -= run->written;
		error = qm_verify_find(run->node->verify, &finding);
	}
	return error;
}

/** Takes over from the next stream what matters to the SA pairs of this one. */
static void look_ahead(struct qm_vrun *run)
{
	const struct qm_vrun *next = run->after;

	run->most_open = UINT64_MAX;
	run->silent_until = qm_vrun_silent_until(run);
	if (next) {
		run->most_open = next->tells_open ? next->open_sas : 0;
		if (next->most_open < run->most_open) {
			run->most_open = next->most_open;
		}
		if (next->silent_until > run->silent_until) {
			run->silent_until = next->silent_until;
		}
	}
}

static int judge_stream(struct qm_vrun *run)
{
	struct qm_finding finding = qm_verify_about(run, QM_NOTE_BEGINS, run->first_ms);
	struct qm_verify *verify = run->node->verify;
	int error = 0;

	run->cut = !qm_vrun_has(run, 1) && !run->before;
	look_ahead(run);
	verify->result.runs++;
	verify->result.gateways += !run->before;
	if (run->cut) {
		finding.seq = run->first_seq;
		error = qm_verify_find(verify, &finding);
	}
	if (!error && run->before) {
		error = judge_skip(run);
	}
	if (!error && run->after) {
		error = judge_end(run);
	}
	return error ? error : qm_vrun_judge_numbers(run);
}

int qm_vchain_judge(struct qm_vnode *node)
{
	struct list list;
	int error = list_runs(node, &list);

	for (size_t i = 0; i < list.count && !error; i++) {
		error = judge_run(list.runs[i]);
	}
	error = error ? error : join_runs(&list);
	error = error ? error : fold_runs(&list);
	for (size_t i = 0; i < list.count && !error; i++) {
		link_stream(&list, i);
	}
	/* what a later run lost may explain holes of an earlier one */
	for (size_t i = list.count; i > 0 && !error; i--) {
		error = judge_stream(list.runs[i - 1]);
	}
	free(list.runs);
	return error;
}
