/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Trails of gateways that live at random: as they are written they are complete, and a
 * line that is taken out, altered or added is found, where it can be.
 */
#include "verify.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "random_kit.h"
#include "test.h"
#include "verify_kit.h"

#define PAIRS_MAX 8

struct pair {
	/** 0 for none */
	unsigned child;
	struct vk_who owner;
	uint64_t since;
};

/** A gateway, over several runs. */
struct gateway {
	struct vk_who who;
	uint64_t now;
	/** last number of this run, and how many of them were written */
	uint64_t seq;
	uint64_t written;
	unsigned child;
	struct pair pairs[PAIRS_MAX];
	/** of the run before, which died with some of them open */
	struct pair left[PAIRS_MAX];
	struct vk_who heir;
	uint64_t left_seq;
	bool silent;
	const char *last_run;
	bool kernel;
};

static uint64_t state;
static struct vk_trail trail, spoiled;

static unsigned below(unsigned n)
{
	return qm_random_below(&state, n);
}

static uint64_t next(struct gateway *gw)
{
	gw->written++;
	return ++gw->seq;
}

static void up(struct gateway *gw)
{
	for (size_t i = 0; i < PAIRS_MAX; i++) {
		if (!gw->pairs[i].child) {
			gw->pairs[i] = (struct pair){ ++gw->child, gw->who, gw->now };
			if (gw->kernel) {
				vk_kernel_pair(&trail, &gw->who, gw->now - 5, "SAD-add", gw->child);
			}
			if (!gw->silent) {
				vk_up(&trail, &gw->who, gw->now, next(gw), gw->child);
			}
			return;
		}
	}
}

/** @param who		that writes it, in whose numbers */
static void end(struct gateway *gw, struct pair *pair, const struct vk_who *who,
				uint64_t seq)
{
	if (gw->kernel) {
		vk_kernel_pair(&trail, &pair->owner, gw->now + 5, "SAD-delete", pair->child);
	}
	if (seq) {
		vk_down(&trail, who, pair->owner.pid, gw->now, seq, pair->child,
				gw->now - pair->since, "");
	}
	pair->child = 0;
}

static void down(struct gateway *gw)
{
	struct pair *pair = &gw->pairs[below(PAIRS_MAX)];

	if (pair->child) {
		end(gw, pair, &gw->who, gw->silent ? 0 : next(gw));
	}
}

/** Ends what the run before left. */
static void down_left(struct gateway *gw)
{
	struct pair *pair = &gw->left[below(PAIRS_MAX)];

	if (pair->child && !gw->silent) {
		end(gw, pair, &gw->heir, ++gw->left_seq);
		gw->written++;
	}
}

static void lose(struct gateway *gw)
{
	unsigned count = 1 + below(3);

	if (gw->silent) {
		return;
	}
	if (below(2)) {
		vk_lost(&trail, &gw->who, gw->now, next(gw), "queue", count);
		return;
	}
	gw->seq += count;
	vk_lost(&trail, &gw->who, gw->now, next(gw), "audit", count);
}

static void change_policy(struct gateway *gw)
{
	vk_policy(&trail, &gw->who, gw->now, next(gw), gw->silent ? "no-auditing" : "success",
			  gw->silent ? "success" : "no-auditing");
	gw->silent = !gw->silent;
}

static void live(struct gateway *gw)
{
	gw->now += 100 + below(20000);
	switch (below(12)) {
	case 0:
	case 1:
	case 2:
	case 3:
		up(gw);
		break;
	case 4:
	case 5:
	case 6:
		down(gw);
		break;
	case 7:
		down_left(gw);
		break;
	case 8:
		lose(gw);
		break;
	case 9:
		if (!below(3)) {
			change_policy(gw);
		}
		break;
	default:
		if (!gw->silent) {
			vk_record(&trail, &gw->who, gw->now, next(gw),
					  "op=invalid-packet event-id=4977 instance=%u", gw->who.instance);
		}
	}
}

static unsigned count_open(const struct pair pairs[PAIRS_MAX])
{
	unsigned count = 0;

	for (size_t i = 0; i < PAIRS_MAX; i++) {
		count += pairs[i].child != 0;
	}
	return count;
}

static void begin_run(struct gateway *gw)
{
	char more[100];

	snprintf(more, sizeof(more), " last-run=%s open-sas=%u", gw->last_run,
			 count_open(gw->left));
	vk_start(&trail, &gw->who, gw->now, "success", more);
	gw->seq = gw->written = 1;
	gw->child = 0;
	gw->silent = false;
}

static void stop(struct gateway *gw)
{
	if (gw->silent) {
		change_policy(gw);
	}
	for (size_t i = 0; i < PAIRS_MAX; i++) {
		if (gw->pairs[i].child) {
			end(gw, &gw->pairs[i], &gw->who, next(gw));
		}
	}
	vk_stop(&trail, &gw->who, gw->now + 1, gw->seq + 1, gw->written);
	gw->last_run = "stopped";
}

static void die(struct gateway *gw)
{
	memcpy(gw->left, gw->pairs, sizeof(gw->left));
	memset(gw->pairs, 0, sizeof(gw->pairs));
	gw->left_seq = gw->seq;
	gw->last_run = "died";
}

static void run(struct gateway *gw)
{
	begin_run(gw);
	for (unsigned n = below(20); n > 0; n--) {
		live(gw);
	}
	gw->now += 1000;
	/* what is left must be at rest before another run leaves something */
	for (size_t i = 0; i < PAIRS_MAX; i++) {
		if (gw->left[i].child && gw->silent) {
			change_policy(gw);
		}
		if (gw->left[i].child) {
			end(gw, &gw->left[i], &gw->heir, ++gw->left_seq);
			gw->written++;
		}
	}
	if (gw->silent || below(2)) {
		stop(gw);
	} else {
		die(gw);
	}
}

static void play(const char *node, unsigned pid)
{
	struct gateway gw = {
		.who = { node, pid, 1 + below(3) },
		.now = 1000 + below(1000),
		.last_run = "none",
		.kernel = below(2),
	};

	for (unsigned runs = 1 + below(3); runs > 0; runs--) {
		run(&gw);
		gw.now += 10000 + below(100000);
		gw.heir = gw.who;
		gw.who.instance++;
		gw.who.pid += 10;
		gw.heir.pid = gw.who.pid;
	}
}

/** Whether a line is the last of its numbers, so that no other is there to miss it; or
 * the first of all, which may have been rotated away. */
static bool is_edge(size_t at)
{
	const struct vk_line *line = &trail.lines[at];
	const size_t node = strcspn(line->text, " ");
	bool last = true, first = line->seq == 1;

	for (size_t i = 0; i < trail.count; i++) {
		const struct vk_line *other = &trail.lines[i];

		if (!other->seq || strncmp(other->text, line->text, node + 1) != 0) {
			continue;
		}
		last = last && !(other->instance == line->instance && other->seq > line->seq) &&
			   !(other->instance > line->instance && strstr(line->text, "audit-stop"));
		first = first && other->instance >= line->instance;
	}
	return last || first;
}

static size_t pick(const char *with)
{
	size_t at, tries = 0;

	do {
		at = below((unsigned)trail.count);
	} while (tries++ < 1000 &&
			 (!trail.lines[at].seq || !strstr(trail.lines[at].text, with)));
	return tries < 1000 ? at : SIZE_MAX;
}

/** Whether all successes were written, so that a 5452 has its 5451. */
static bool is_always_on(void)
{
	for (size_t i = 0; i < trail.count; i++) {
		if (strstr(trail.lines[i].text, "event-id=4719")) {
			return false;
		}
	}
	return true;
}

/** Spoils a line. @return whether it could, and what was done in `what` */
static bool spoil(char what[VK_LINE_MAX + 20])
{
	const unsigned how = below(4);
	size_t at = pick(how < 2 ? "" : "event-id=5452");

	spoiled = trail;
	if (at == SIZE_MAX || (how == 0 && is_edge(at)) || (how >= 2 && !is_always_on())) {
		return false;
	}
	snprintf(what, VK_LINE_MAX + 20, "%u: %s", how, trail.lines[at].text);
	if (how == 0) {
		vk_remove(&spoiled, at);
	} else if (how == 1) {
		vk_forge(&spoiled, at, "msg='op=", "msg='x=1 op=");
	} else if (how == 2) {
		vk_alter(&spoiled, at, "duration=", "duration=9");
	} else {
		vk_alter(&spoiled, at, "out-spi=3", "out-spi=2");
	}
	return true;
}

static bool judge_one(uint64_t seed)
{
	struct vk_verdict clean, found;
	char what[VK_LINE_MAX + 20];

	state = seed;
	trail.count = 0;
	play("a", 100);
	if (below(2)) {
		play("bb", 100 + below(2) * 500);
	}
	vk_judge(&trail, &clean);
	/* of faults, only losses that it tells of */
	if (clean.faults[strspn(clean.faults, "lost@0123456789 ")] || clean.repeated) {
		printf("# seed %" PRIu64 ": clean, but %s\n", seed, clean.faults);
		return false;
	}
	if (!spoil(what)) {
		return true;
	}
	vk_judge(&spoiled, &found);
	if (!strcmp(clean.faults, found.faults)) {
		printf("# seed %" PRIu64 ": not found: %s\n", seed, what);
		return false;
	}
	return true;
}

static void test_random(void)
{
	const uint64_t first = qm_random_seed(), count = qm_random_sequences() / 50 + 1;
	unsigned bad = 0;

	printf("# QM_SEED=%" PRIu64 "\n", first);
	for (uint64_t i = 0; i < count && bad < 5; i++) {
		bad += !judge_one(first + i);
	}
	QM_INT(bad, 0);
}

CU_TestInfo verify_random_tests[] = {
	{ "clean ones are clean, spoiled ones are found", test_random },
	CU_TEST_INFO_NULL,
};
