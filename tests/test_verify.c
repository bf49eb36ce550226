/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A good trail, and what the checker says when one line of it is not as it should be.
 */
#include "verify.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"
#include "verify_kit.h"

static const struct vk_who seven = { "a", 100, 7 };
static const struct vk_who eight = { "a", 200, 8 };
static const struct vk_who nine = { "a", 300, 9 };
/** what the run after eight sends for it */
static const struct vk_who heir = { "a", 300, 8 };
static const struct vk_who old = { "b", 100, 1 };

static struct vk_trail trail;

/** A run that rekeys, tells of a loss, and stops. */
static void play_seven(void)
{
	vk_start(&trail, &seven, 0, "success-and-failure", " durability=power last-run=none "
			 "last-alive=? open-sas=0 waiting=0");
	vk_kernel_pair(&trail, &seven, 990, "SAD-add", 1);
	vk_up(&trail, &seven, 1000, 2, 1);
	vk_kernel_pair(&trail, &seven, 60990, "SAD-add", 2);
	vk_up(&trail, &seven, 61000, 3, 2);
	vk_down(&trail, &seven, 100, 66000, 4, 1, 65000, " last-seen=?");
	vk_kernel_pair(&trail, &seven, 66010, "SAD-delete", 1);
	vk_record(&trail, &seven, 70000, 5, "op=start event-id=4654 instance=7 reason=x");
	vk_record(&trail, &seven, 80000, 6, "op=invalid-packet event-id=4977 instance=7");
	vk_down(&trail, &seven, 100, 90000, 7, 2, 29000, " last-seen=?");
	vk_kernel_pair(&trail, &seven, 90010, "SAD-delete", 2);
	vk_stop(&trail, &seven, 91000, 8, 7);
}

/** A run that is killed with an SA pair open, which the next one ends. */
static void play_eight_and_nine(void)
{
	vk_start(&trail, &eight, 100000, "success-and-failure", " durability=power "
			 "last-run=stopped last-alive=? open-sas=0 waiting=0");
	vk_kernel_pair(&trail, &eight, 100990, "SAD-add", 1);
	vk_up(&trail, &eight, 101000, 2, 1);
	vk_start(&trail, &nine, 200000, "success-and-failure", " durability=power "
			 "last-run=died last-alive=? open-sas=1 waiting=0");
	vk_down(&trail, &heir, 200, 201000, 3, 1, 100000, " last-seen=1795439125.000");
	vk_kernel_pair(&trail, &nine, 202990, "SAD-add", 1);
	vk_up(&trail, &nine, 203000, 2, 1);
	vk_record(&trail, &nine, 250000, 3, "op=invalid-packet event-id=4977 instance=9");
}

/** Another node, of an older version, whose policy goes off and on again. */
static void play_old(void)
{
	vk_start(&trail, &old, 0, "success", "");
	vk_up(&trail, &old, 1000, 2, 1);
	vk_up(&trail, &old, 2000, 3, 2);
	vk_down(&trail, &old, 100, 3000, 4, 2, 1000, "");
	vk_policy(&trail, &old, 10000, 5, "success", "no-auditing");
	vk_policy(&trail, &old, 50000, 6, "no-auditing", "success");
	vk_down(&trail, &old, 100, 60000, 7, 3, 35000, "");
	vk_up(&trail, &old, 70000, 8, 4);
	vk_down(&trail, &old, 100, 80000, 9, 4, 10000, "");
	vk_stop(&trail, &old, 90000, 10, 9);
}

static void play(void)
{
	trail.count = 0;
	play_seven();
	play_eight_and_nine();
	play_old();
}

static void is(const char *faults, const char *notes)
{
	struct vk_verdict verdict;

	vk_judge(&trail, &verdict);
	QM_STR(verdict.faults, faults);
	QM_STR(verdict.notes, notes);
}

#define NOTES "died@0 began-before@7"

static void test_good(void)
{
	struct vk_verdict verdict;

	play();
	vk_judge(&trail, &verdict);
	QM_STR(verdict.faults, "");
	QM_STR(verdict.notes, NOTES);
	QM_INT(verdict.records, 24);
	QM_INT(verdict.pairs, 8);
	QM_INT(verdict.gateways, 2);
	QM_INT(verdict.open, 1);
	QM_INT(verdict.repeated, 0);
}

/** Each line that is found by two texts, and what its absence gives. */
static const struct {
	const char *a;
	const char *b;
	const char *faults;
	const char *notes;
} removed[] = {
	/* as if it had been rotated away */
	{ "node=a", "op=audit-start instance=7", "", "begins@2 " NOTES },
	{ "node=a", "event-id=5451 instance=7 ike-sa=1 child-sa=1", "hole@2 no-5451@4",
	  NOTES },
	{ "node=a", "event-id=5451 instance=7 ike-sa=1 child-sa=2", "hole@3 no-5451@7",
	  NOTES },
	{ "node=a", "event-id=5452 instance=7 ike-sa=1 child-sa=1", "no-5452@2 hole@4",
	  NOTES },
	{ "node=a", "event-id=4654", "hole@5", NOTES },
	{ "node=a", "event-id=5452 instance=7 ike-sa=1 child-sa=2", "no-5452@3 hole@7",
	  NOTES },
	{ "node=a", "op=audit-stop", "no-audit-stop@0", NOTES },
	{ "node=a", "op=audit-start instance=8", "hole@1", NOTES },
	{ "node=a", "event-id=5451 instance=8", "hole@2 no-5451@3", NOTES },
	/* the next run may not have sent it yet */
	{ "node=a", "event-id=5452 instance=8", "", NOTES },
	{ "node=a", "op=audit-start instance=9", "no-audit-stop@0 hole@1", "began-before@7" },
	{ "node=b", "event-id=4719 instance=1 old-policy=success", "no-5452@2 hole@5 "
	  "no-5451@7", "died@0" },
};

static void test_removed(void)
{
	for (size_t i = 0; i < sizeof(removed) / sizeof(removed[0]); i++) {
		play();
		vk_remove(&trail, vk_find(&trail, removed[i].a, removed[i].b));
		printf("# without %s\n", removed[i].b);
		is(removed[i].faults, removed[i].notes);
	}
}

/** A line, what of it is something else, and what that gives. */
struct change {
	const char *a;
	const char *b;
	const char *from;
	const char *to;
	const char *faults;
};

static const struct change altered[] = {
	{ "node=a", "op=audit-stop", "written=7", "written=6", "written@8" },
	{ "node=a", "op=audit-stop", "rec-seq=8", "rec-seq=9", "hole@8" },
	{ "node=a", "op=audit-start instance=8", "=stopped", "=died", "last-run@0" },
	{ "node=a", "op=audit-start instance=8", "op=audit-start", "op=unheard-of",
	  "no-audit-start@1" },
	{ "node=a", "op=audit-start instance=9", "=died", "=stopped", "no-audit-stop@0" },
	{ "node=a", "op=audit-start instance=9", "=died", "=?", "no-audit-stop@0" },
	{ "node=a", "op=audit-start instance=9", "=died", "=rebooted", "" },
	{ "node=a", "event-id=4654", " rec-seq=5", "", "unnumbered@0 hole@5" },
	{ "node=a", "event-id=4654", " rec-seq=5", " rec-seq=9", "hole@5 after-stop@9" },
	{ "node=a", "event-id=4977 instance=7", "op=invalid-packet event-id=4977",
	  "op=lost count=1 cause=queue", "lost@6" },
	{ "node=a", "child-sa=1", "child-sa=1", "child-sa=5", "no-5452@2 no-5451@4" },
	{ "node=a", "event-id=5452 instance=7 ike-sa=1 child-sa=1", "in-spi=3", "in-spi=2",
	  "no-5452@2 no-5451@4" },
	{ "node=a", "event-id=5451 instance=7 ike-sa=1 child-sa=1", "in-spi=3", "in-spi=2",
	  "no-5452@2 not-in-kernel@2 no-5451@4" },
	{ "node=a", "event-id=5452 instance=7 ike-sa=1 child-sa=2", "=29.000", "=27.999",
	  "duration@7" },
	{ "node=a", "event-id=5452 instance=7 ike-sa=1 child-sa=2", "=29.000", "=30.001",
	  "duration@7" },
	{ "node=a", "event-id=5452 instance=7 ike-sa=1 child-sa=2", "=29.0", "=30.0", "" },
	{ "node=a", "event-id=5452 instance=8", "duration=100.000", "duration=49.000",
	  "duration@3" },
	{ "node=a", "event-id=5451 instance=7 ike-sa=1 child-sa=2", "when=17954390",
	  "when=17954391", "order@7" },
	{ "node=b", "event-id=5452 instance=1 ike-sa=1 child-sa=3", "=35.000", "=5.000",
	  "no-5451@7" },
	{ "node=b", "event-id=4719 instance=1 old-policy=no-auditing",
	  "new-policy=success", "new-policy=failure", "" },
};

static void test_altered(void)
{
	for (size_t i = 0; i < sizeof(altered) / sizeof(altered[0]); i++) {
		const struct change *change = &altered[i];
		struct vk_verdict verdict;

		play();
		vk_alter(&trail, vk_find(&trail, change->a, change->b), change->from,
				 change->to);
		vk_judge(&trail, &verdict);
		printf("# %s instead of %s\n", change->to, change->from);
		QM_STR(verdict.faults, change->faults);
	}
}

static const struct change forged[] = {
	{ "node=a", "event-id=4654", "reason=x", "reason=y", "conflict@5" },
	/* by a process of which there is nothing else */
	{ "node=a", "event-id=4654", "pid=100 uid=0 msg='op=start event-id=4654 "
	  "instance=7 reason=x", "pid=101 uid=0 msg='op=start event-id=4654 instance=7 "
	  "reason=y", "conflict@5" },
	{ "node=a", "event-id=4654", "rec-seq=5", "rec-seq=9", "after-stop@9" },
	{ "node=a", "event-id=4654", "rec-seq=5", "rec-seq=19",
	  "hole@9-18 after-stop@9-19" },
	{ "node=a", "event-id=5451 instance=9", "rec-seq=2", "rec-seq=4", "second-5451@4" },
	{ "node=a", "event-id=5451 instance=9", "child-sa=1 in-spi=3",
	  "child-sa=2 in-spi=2", "conflict@2" },
	{ "node=b", "event-id=5452 instance=1 ike-sa=1 child-sa=3", "rec-seq=7", "rec-seq=11",
	  "second-5452@11 after-stop@11" },
	{ "node=a", "op=audit-start instance=9", "rec-seq=1", "rec-seq=4",
	  "no-audit-start@4" },
};

static void test_forged(void)
{
	for (size_t i = 0; i < sizeof(forged) / sizeof(forged[0]); i++) {
		const struct change *change = &forged[i];
		struct vk_verdict verdict;

		play();
		vk_forge(&trail, vk_find(&trail, change->a, change->b), change->from, change->to);
		vk_judge(&trail, &verdict);
		printf("# %s and %s\n", change->to, change->from);
		QM_STR(verdict.faults, change->faults);
	}
}

/** Every line once more, as a gateway sends it that does not know that it arrived. */
static void test_again(void)
{
	struct vk_verdict verdict;
	size_t count;

	play();
	count = trail.count;
	for (size_t i = 0; i < count; i++) {
		vk_forge(&trail, i, "type=", "type=");
	}
	vk_judge(&trail, &verdict);
	QM_STR(verdict.faults, "");
	QM_STR(verdict.notes, NOTES);
	QM_INT(verdict.records, 24);
	QM_INT(verdict.repeated, count);
}

static void remove_all(const char *a, const char *b)
{
	size_t i = 0;

	while (i < trail.count) {
		if (strstr(trail.lines[i].text, a) && strstr(trail.lines[i].text, b)) {
			vk_remove(&trail, i);
		} else {
			i++;
		}
	}
}

static void test_whole_runs(void)
{
	play();
	remove_all("node=a", " instance=8 ");
	is("kernel-only@0 kernel-only@0 no-instance@0", "began-before@7");
	play();
	remove_all("node=a", " instance=7 ");
	/* it may have been rotated away, and the kernel's records outlived it */
	is("", "brief-sa@0 brief-sa@0 " NOTES);
	play();
	remove_all("node=a", " instance=9 ");
	is("", "began-before@7");
	play();
	remove_all("node=a", " instance=9 ");
	remove_all("node=a", "event-id=5452 instance=8");
	/* and now it may be running */
	is("", "began-before@7");
}

/** SA pairs of a run that died, of which the next one says how many it has. */
static void test_taken_over(void)
{
	play();
	vk_remove(&trail, vk_find(&trail, "node=a", "event-id=5452 instance=8"));
	vk_alter(&trail, vk_find(&trail, "node=a", "op=audit-start instance=9"),
			 "open-sas=1", "open-sas=0");
	is("no-5452@2", NOTES);
	play();
	vk_remove(&trail, vk_find(&trail, "node=a", "event-id=5452 instance=8"));
	vk_alter(&trail, vk_find(&trail, "node=a", "op=audit-start instance=9"),
			 " open-sas=1", "");
	is("no-5452@2", NOTES);
}

static void test_losses(void)
{
	const struct vk_who who = { NULL, 5, 1 };

	trail.count = 0;
	vk_start(&trail, &who, 0, "success", "");
	vk_lost(&trail, &who, 1000, 5, "audit", 3);
	vk_lost(&trail, &who, 2000, 8, "store", 1);
	vk_record(&trail, &who, 3000, 9, "op=invalid-packet event-id=4977 instance=1");
	is("lost@5 hole@6-7 lost@8", "");
	vk_alter(&trail, 2, "count=1", "count=2");
	is("lost@5 lost@8", "");
	/* a count stands for numbers before it, but not for those of another kind */
	vk_alter(&trail, 1, "cause=audit", "cause=queue");
	is("hole@2-4 lost@5 lost@8", "");
	vk_alter(&trail, 2, "count=2", "count=5");
	is("lost@5 lost@8", "");
	vk_alter(&trail, 2, "cause=store", "cause=netlink");
	is("hole@2-4 lost@5 hole@6-7 lost@8", "");
}

/** What a later run has lost explains an earlier run's hole. */
static void test_loss_of_earlier(void)
{
	play();
	vk_alter(&trail, vk_find(&trail, "node=a", "event-id=5452 instance=8"), "rec-seq=3",
			 "rec-seq=5");
	is("hole@3-4", NOTES);
	vk_lost(&trail, &nine, 260000, 4, "store", 2);
	is("lost@4", NOTES);
}

/** A log that begins in the middle, its lines not quite in the order of their numbers. */
static void test_rotated(void)
{
	const struct vk_who who = { NULL, 5, 3 };

	trail.count = 0;
	vk_record(&trail, &who, 1000, 57, "op=invalid-packet event-id=4977 instance=3");
	vk_record(&trail, &who, 1500, 59, "op=invalid-packet event-id=4977 instance=3");
	vk_down(&trail, &who, 5, 2000, 60, 1, 60000, "");
	vk_record(&trail, &who, 9000, 61, "op=invalid-packet event-id=4977 instance=3");
	is("", "begins@57 began-before@60");
	vk_down(&trail, &who, 5, 20000, 62, 2, 10000, "");
	is("no-5451@62", "begins@57 began-before@60");
	vk_record(&trail, &who, 21000, 64, "op=invalid-packet event-id=4977 instance=3");
	is("no-5451@62 hole@63", "begins@57 began-before@60");
}

CU_TestInfo verify_tests[] = {
	{ "a good trail is complete", test_good },
	{ "a line that is not there", test_removed },
	{ "a line that was altered", test_altered },
	{ "a line that was added", test_forged },
	{ "lines that are there twice", test_again },
	{ "runs that are not there", test_whole_runs },
	{ "SA pairs that outlive their run", test_taken_over },
	{ "numbers that are told to be lost", test_losses },
	{ "numbers of an earlier run that are", test_loss_of_earlier },
	{ "a log of which the beginning was rotated away", test_rotated },
	CU_TEST_INFO_NULL,
};
