/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Holes in the numbers of a stream, from its end to its beginning: what a record
 * cannot be written for is told of by a later one.
 */
#include <errno.h>
#include <stdlib.h>

#include "verify_priv.h"

struct walk {
	struct qm_vrun *leader;
	/** of all runs of the stream, descending */
	struct qm_vpage **pages;
	size_t n_pages;
	/** of the losses above where the walk is, not used for a hole yet */
	uint64_t budget;
	/** losses that are below */
	size_t n_losses;
	/** the number above, 0 at first, and its time in seconds */
	uint64_t next;
	uint64_t next_time;
};

static int add_pages(struct walk *walk, struct qm_vrun *run)
{
	const size_t count = walk->n_pages + HASH_COUNT(run->pages);
	struct qm_vpage **pages, *page, *next;

	pages = realloc(walk->pages, (count + 1) * sizeof(struct qm_vpage *));
	if (!pages) {
		return -ENOMEM;
	}
	walk->pages = pages;
	HASH_ITER(hh, run->pages, page, next)
	{
		pages[walk->n_pages++] = page;
	}
	return 0;
}

static int descending(const void *a, const void *b)
{
	const struct qm_vpage *x = *(struct qm_vpage *const *)a;
	const struct qm_vpage *y = *(struct qm_vpage *const *)b;

	return (x->key < y->key) - (x->key > y->key);
}

static int by_seq(const void *a, const void *b)
{
	const struct qm_vloss *x = a, *y = b;

	return (x->seq > y->seq) - (x->seq < y->seq);
}

/** Adds what the losses above a number stand for. */
static void take_losses(struct walk *walk, uint64_t above)
{
	const struct qm_vloss *losses = walk->leader->losses;

	while (walk->n_losses && losses[walk->n_losses - 1].seq > above) {
		if (__builtin_add_overflow(walk->budget, losses[--walk->n_losses].count,
								   &walk->budget)) {
			walk->budget = UINT64_MAX;
		}
	}
}

static int judge_hole(struct walk *walk, uint64_t from, uint64_t to)
{
	struct qm_vrun *const leader = walk->leader;
	struct qm_finding finding =
		qm_verify_about(leader, QM_FINDING_HOLE, walk->next_time * 1000);
	uint64_t missing = to - from + 1;

	take_losses(walk, to);
	if (walk->budget >= missing) {
		walk->budget -= missing;
		return 0;
	}
	missing -= walk->budget;
	walk->budget = 0;
	/* the order in the log is not just that of numbers, so its cut is not sharp */
	if (leader->cut && walk->next_time * 1000 <= leader->first_ms + SLACK_MS) {
		return 0;
	}
	finding.seq = from;
	finding.last_seq = to;
	finding.count = missing;
	return qm_verify_find(leader->node->verify, &finding);
}

static int step(struct walk *walk, uint64_t seq, uint64_t time)
{
	int error = 0;

	if (walk->next > seq + 1) {
		error = judge_hole(walk, seq + 1, walk->next - 1);
	}
	walk->next = seq;
	walk->next_time = time;
	return error;
}

/** Goes through the pages of one key, of which each run may have one. */
static int walk_page(struct walk *walk, size_t from, size_t to)
{
	const uint64_t first = walk->pages[from]->key << PAGE_BITS;
	int error = 0;

	for (unsigned at = PAGE_SIZE; at > 0 && !error; at--) {
		for (size_t i = from; i < to; i++) {
			if (walk->pages[i]->present >> (at - 1) & 1) {
				error = step(walk, first + at - 1, walk->pages[i]->times[at - 1]);
				break;
			}
		}
	}
	return error;
}

static int walk_pages(struct walk *walk)
{
	size_t from, to;
	int error = 0;

	for (from = 0; from < walk->n_pages && !error; from = to) {
		to = from + 1;
		while (to < walk->n_pages && walk->pages[to]->key == walk->pages[from]->key) {
			to++;
		}
		error = walk_page(walk, from, to);
	}
	if (!error && !walk->leader->cut) {
		error = step(walk, 0, walk->next_time);
	}
	return error;
}

int qm_vrun_judge_numbers(struct qm_vrun *leader)
{
	struct walk walk = { .leader = leader, .n_losses = leader->n_losses };
	int error = 0;

	walk.budget = leader->after ? leader->after->spare : 0;
	for (struct qm_vrun *run = leader; run && !error; run = run->member) {
		error = add_pages(&walk, run);
	}
	if (!error) {
		qsort(walk.pages, walk.n_pages, sizeof(struct qm_vpage *), descending);
		if (leader->n_losses) {
			qsort(leader->losses, leader->n_losses, sizeof(*leader->losses), by_seq);
		}
		error = walk_pages(&walk);
	}
	take_losses(&walk, 0);
	leader->spare = walk.budget;
	free(walk.pages);
	return error;
}
