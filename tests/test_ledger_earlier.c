/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the ledger makes of SA pairs of earlier runs, of which only the kernel can say
 * what became of them.
 */
#include <errno.h>
#include <stdlib.h>

#include "history.h"
#include "ledger.h"
#include "test.h"

#define EARLIER "earlier 3:5/1 for=100 seen=10;"
/** The first look finds these halves. */
#define LOOK(found) "sync begin start;" found "sync end start;"
#define IN(c) "+ added-in " c " found;"
#define OUT(c) "+ added-out " c " found;"
/** It is there, and it is the third second. */
#define THERE EARLIER LOOK(IN("5") OUT("5"))
#define NEW(c) "keys " c "/1 init; + installed " c "; + up " c "/1;"
#define GONE(c) "destroying " c "; ike-destroying 1;"

static void check_all(const struct qm_case *cases, struct qm_outcome outcome)
{
	for (; cases->name; cases++) {
		qm_history_check_all(cases, outcome);
	}
}

static const struct qm_case gone[] = {
	{ "at the first look", EARLIER LOOK(""),
	  "end 3:5/1 daemon-died ? rekeys=0 102s seen=10" },
	{ "rekeyed before",
	  "earlier 3:5/1 for=100 seen=10 rekeys=4 before=100/200;" LOOK(""),
	  "end 3:5/1 daemon-died ? rekeys=4 102s seen=10" },
	{ "the kernel has nothing of this daemon", EARLIER "sync none",
	  "end 3:5/1 daemon-died ? rekeys=0 101s seen=10" },
	{ "the outbound half is there yet: no stranger, whenever it goes",
	  EARLIER LOOK(OUT("5")) "wait 20; tick; removed-out 5 external 1/1",
	  "end 3:5/1 daemon-died ? rekeys=0 102s seen=10" },
	{ "the clock has been set back: it has lived for no time at all",
	  "earlier 3:5/1 for=-100 seen=-90;" LOOK(""),
	  "end 3:5/1 daemon-died ? rekeys=0 0s seen=-90" },
	{ "set back while it lives, and that is made up for",
	  "earlier 3:5/1 for=-10 seen=0;" LOOK(IN("5") OUT("5")) "wait 20;"
	  "removed-in 5 expired 1/1; + removed-out 5 expired 2/1",
	  "end 3:5/1 expired kernel rekeys=0 13s in=1/1 out=2/1 total=1/2" },
	{ "older than the monotonic clock",
	  "earlier 3:5/1 for=1000000 seen=500000;" LOOK(""),
	  "end 3:5/1 daemon-died ? rekeys=0 1000002s seen=500000" },
	{ "of two runs, with one number, which a new one has as well",
	  "earlier 3:5/1 for=100 seen=50 in-spi=7 out-spi=7;"
	  "earlier 4:5/1 for=20 seen=10 in-spi=8 out-spi=8;"
	  LOOK(IN("8") OUT("8")) "added-in 5; + added-out 5;" NEW("5")
	  "removed-in 8 external 1/1; + removed-out 8 external 2/1;"
	  "destroying 5; + removed-in 5 3/1; + removed-out 5 4/1; ike-destroying 1",
	  "end 3:5/1 daemon-died ? rekeys=0 103s seen=50\n"
	  "start 5/1 init old=0\n"
	  "end 4:5/1 external-delete external rekeys=0 25s in=1/1 out=2/1 total=1/2\n"
	  "end 5/1 unknown ? rekeys=0 2s in=3/1 out=4/1 total=3/4" },
	{ NULL, NULL, NULL },
};

static void test_gone(void)
{
	check_all(gone, (struct qm_outcome){ 0 });
}

static const struct qm_case lives_on[] = {
	{ "both halves are there", THERE "wait 20; tick; finish", "" },
	{ "the inbound half is there: it may have been rekeyed",
	  EARLIER LOOK(IN("5")) "wait 20; tick; finish", "" },
	{ "the outbound half vanishes",
	  THERE "sync begin; removed-out 5 vanished; sync end; wait 20; tick; finish", "" },
	{ "nobody looks", EARLIER "tick; wait 20; tick; finish", "" },
	{ "nobody looks any more", THERE "sync off; wait 20; tick; finish", "" },
	{ "the first look is not over", EARLIER "sync begin start; wait 20; tick; finish",
	  "" },
	{ "charon begins and ends with others",
	  THERE "shutdown; contact 2; ike-destroying 2; peer-delete 1 5; ike-deleting 1;"
	  "hosts 1 7; down 5; deleting 5; destroying 5; ike-destroying 1; finish", "" },
	{ "it vanishes and is found",
	  THERE "sync begin; removed-in 5 vanished; + added-in 5 found; sync end; wait 9;"
	  "tick; finish", "" },
	{ "an SA of that name to somebody else ends",
	  THERE "added-in 5 to=77 external; removed-in 5 to=77 external 1/1; finish", "" },
	{ NULL, NULL, NULL },
};

static void test_lives_on(void)
{
	check_all(lives_on, (struct qm_outcome){ .left = 1, .open = 1 });
}

static const struct qm_case ends[] = {
	{ "both halves expire",
	  "earlier 3:5/1 for=100 seen=10 rekeys=2 before=1000/2000;"
	  LOOK(IN("5") OUT("5")) "removed-in 5 expired 100/2; + removed-out 5 expired 200/3",
	  "end 3:5/1 expired kernel rekeys=2 103s in=100/2 out=200/3 total=1100/2200" },
	{ "what was before it is not known",
	  "earlier 3:5/1 for=100 seen=10 rekeys=2 before=?;"
	  LOOK(IN("5") OUT("5")) "removed-in 5 expired 100/2; + removed-out 5 expired 200/3",
	  "end 3:5/1 expired kernel rekeys=2 103s in=100/2 out=200/3 total=?/?" },
	{ "one half expires, and the other does so within two seconds",
	  THERE "removed-out 5 expired 200/3; removed-in 5 expired 100/2",
	  "end 3:5/1 expired kernel rekeys=0 103s in=100/2 out=200/3 total=100/200, "
	  "1s late" },
	{ "or it does not, and is no stranger",
	  THERE "removed-in 5 expired 100/2; tick; tick; wait 20; tick;"
	  "removed-out 5 expired 200/3",
	  "end 3:5/1 expired kernel rekeys=0 103s in=100/2 out=?/? total=100/?, 2s late" },
	{ "charon is told of it as well",
	  THERE "@9 expired-in 5; + removed-in 5 expired 100/2; + removed-out 5 1/1",
	  "end 3:5/1 expired kernel rekeys=0 103s in=100/2 out=1/1 total=100/1" },
	{ "somebody deletes both halves",
	  THERE "removed-in 5 external 100/2; + removed-out 5 external 200/3",
	  "end 3:5/1 external-delete external rekeys=0 103s in=100/2 out=200/3 "
	  "total=100/200" },
	{ "somebody deletes the outbound half: no more is said of the other",
	  THERE "removed-out 5 external 200/3; tick; tick; wait 20; tick;"
	  "removed-in 5 external 1/1",
	  "end 3:5/1 external-delete external rekeys=0 103s in=?/? out=200/3 total=?/200, "
	  "2s late" },
	{ "all is flushed",
	  THERE "removed-in 5 flushed external; + removed-out 5 flushed external",
	  "end 3:5/1 external-flush external rekeys=0 103s" },
	{ "charon itself deletes it",
	  THERE "removed-in 5 100/2; + removed-out 5 200/3",
	  "end 3:5/1 deleted local rekeys=0 103s in=100/2 out=200/3 total=100/200" },
	{ "charon itself flushes",
	  THERE "removed-out 5 flushed local; + removed-in 5 flushed local",
	  "end 3:5/1 deleted local rekeys=0 103s" },
	{ "it has vanished in a gap",
	  THERE "sync begin; removed-in 5 vanished; removed-out 5 vanished;"
	  "sync end changes=2",
	  "lost netlink 2 for 3s\n"
	  "end 3:5/1 external-delete external rekeys=0 106s" },
	{ "the inbound half, which was alone",
	  EARLIER LOOK(IN("5")) "removed-in 5 expired 100/2; tick; tick",
	  "end 3:5/1 expired kernel rekeys=0 103s in=100/2 out=?/? total=100/?, 2s late" },
	{ "during the first look, before that finds the other half",
	  EARLIER "sync begin start; + added-in 5 found; removed-in 5 external 100/2;"
	  "+ added-out 5 found; + sync end start; tick; tick; wait 20; tick;"
	  "removed-out 5 external 1/1",
	  "end 3:5/1 external-delete external rekeys=0 102s in=100/2 out=?/? "
	  "total=100/?, 2s late" },
	{ "charon ends while it waits for counters",
	  THERE "removed-in 5 expired 100/2; + finish",
	  "end 3:5/1 expired kernel rekeys=0 103s in=100/2 out=?/? total=100/?" },
	{ "somebody looks again", EARLIER "sync off; sync begin start; sync end start",
	  "end 3:5/1 daemon-died ? rekeys=0 103s seen=10" },
	{ NULL, NULL, NULL },
};

static const struct qm_case left_behind[] = {
	{ "outbound half of one that was not there", EARLIER LOOK(OUT("5")) "wait 20; tick",
	  "end 3:5/1 daemon-died ? rekeys=0 102s seen=10" },
	{ "half of one that has ended", THERE "removed-in 5 external 1/1; wait 20; tick",
	  "end 3:5/1 external-delete external rekeys=0 103s in=1/1 out=?/? total=1/?, "
	  "21s late" },
	{ "half of one that waited for counters when nobody looked any more",
	  THERE "removed-in 5 expired 100/2; + sync off; sync begin; sync end; wait 20; tick",
	  "end 3:5/1 expired kernel rekeys=0 103s in=100/2 out=?/? total=100/?" },
	{ NULL, NULL, NULL },
};

static void test_ends(void)
{
	check_all(ends, (struct qm_outcome){ 0 });
}

static void test_left_behind(void)
{
	check_all(left_behind, (struct qm_outcome){ .left = 1 });
}

static const struct qm_case same_names[] = {
	{ "nobody looks", EARLIER NEW("5") GONE("5"),
	  "end 3:5/1 daemon-died ? rekeys=0 101s seen=10\n"
	  "start 5/1 init old=0\n"
	  "end 5/1 unknown ? rekeys=0 1s" },
	{ "before the first look is over",
	  EARLIER "sync begin start; added-in 5; + added-out 5;" NEW("5") "sync end start;"
	  "destroying 5; + removed-in 5 100/2; + removed-out 5 200/3; ike-destroying 1",
	  "end 3:5/1 daemon-died ? rekeys=0 103s seen=10\n"
	  "start 5/1 init old=0\n"
	  "end 5/1 unknown ? rekeys=0 2s in=100/2 out=200/3 total=100/200" },
	{ "after the first look",
	  EARLIER LOOK("") "added-in 5; + added-out 5;" NEW("5")
	  "destroying 5; + removed-in 5 100/2; + removed-out 5 200/3; ike-destroying 1",
	  "end 3:5/1 daemon-died ? rekeys=0 102s seen=10\n"
	  "start 5/1 init old=0\n"
	  "end 5/1 unknown ? rekeys=0 1s in=100/2 out=200/3 total=100/200" },
	{ "in a gap in which it went",
	  THERE "sync begin; + keys 5/1 init; + installed 5; + up 5/1;"
	  "+ added-in 5 found; + added-out 5 found; + sync end;"
	  "destroying 5; + removed-in 5 100/2; + removed-out 5 200/3; ike-destroying 1",
	  "end 3:5/1 external-delete external rekeys=0 103s\n"
	  "start 5/1 init old=0\n"
	  "end 5/1 unknown ? rekeys=0 1s in=100/2 out=200/3 total=100/200" },
	{ "while it waits for counters",
	  THERE "removed-in 5 expired 100/2; + " NEW("5")
	  "destroying 5; + removed-in 5 1/1; + removed-out 5 2/1; ike-destroying 1; tick",
	  "end 3:5/1 expired kernel rekeys=0 103s in=100/2 out=?/? total=100/?\n"
	  "start 5/1 init old=0\n"
	  "end 5/1 unknown ? rekeys=0 1s in=1/1 out=2/1 total=1/2" },
	{ "only the outbound half, which the peer has named so again",
	  "earlier 3:9/1 for=100 seen=10 out-spi=5;" LOOK(IN("9") OUT("5"))
	  "added-in 5; + " NEW("5")
	  "destroying 5; + removed-in 5 100/2; + removed-out 5 200/3; ike-destroying 1;"
	  "removed-in 9 expired 7/1",
	  "start 5/1 init old=0\n"
	  "end 5/1 unknown ? rekeys=0 1s in=100/2 out=200/3 total=100/200\n"
	  "end 3:9/1 expired kernel rekeys=0 106s in=7/1 out=?/? total=7/?" },
	{ NULL, NULL, NULL },
};

static void test_same_names(void)
{
	check_all(same_names, (struct qm_outcome){ 0 });
}

static const struct qm_case updates[] = {
	{ "other addresses, once each",
	  NEW("1") "hosts 1 7; hosts 1 7; hosts 1 8;" GONE("1"),
	  "start 1/1 init old=0\n"
	  "update 1/1 rekeys=0 before=0/0 at 7\n"
	  "update 1/1 rekeys=0 before=0/0 at 8\n"
	  "end 1/1 unknown ? rekeys=0 4s at 8" },
	{ "not before it is announced, nor after its end",
	  "keys 1/1 init; installed 1; hosts 1 7; up 1/1; sync begin start; sync end start;"
	  "added-in 1 to=7; removed-in 1 external to=7; hosts 1 8;" GONE("1"),
	  "start 1/1 init old=0 at 7\n"
	  "end 1/1 external-delete external rekeys=0 4s at 7" },
	{ "the IKE_SA is rekeyed: those that move",
	  NEW("1") "keys 2/2 init; + installed 2; + up 2/2; moved 1>2; ike-destroying 1;"
	  "destroying 1; destroying 2; ike-destroying 2",
	  "start 1/1 init old=0\n"
	  "start 2/2 init old=0\n"
	  "update 1/2 rekeys=0 before=0/0\n"
	  "end 1/2 unknown ? rekeys=0 4s\n"
	  "end 2/2 unknown ? rekeys=0 4s" },
	{ "the one before it has ended, and its sums are known",
	  "sync begin start; sync end start;"
	  "added-in 1; + added-out 1;" NEW("1") "added-in 2; + added-out 2;"
	  "keys 2/1 init; installed 2; rekey 1>2/1; + removed-out 1 200/3; destroying 1;"
	  "+ removed-in 1 100/2;"
	  "destroying 2; + removed-in 2 1/1; + removed-out 2 2/1; ike-destroying 1",
	  "start 1/1 init old=0\n"
	  "start 2/1 init old=1\n"
	  "end 1/1 rekeyed local rekeys=0 5s in=100/2 out=200/3 total=100/200\n"
	  "update 2/1 rekeys=1 before=100/200\n"
	  "end 2/1 unknown ? rekeys=1 2s in=1/1 out=2/1 total=101/202" },
	{ "they are not known, as before",
	  NEW("1") "keys 2/1 init; installed 2; rekey 1>2/1; destroying 1;" GONE("2"),
	  "start 1/1 init old=0\n"
	  "start 2/1 init old=1\n"
	  "end 1/1 rekeyed local rekeys=0 4s\n"
	  "end 2/1 unknown ? rekeys=1 2s" },
	{ "while its own record waits",
	  "sync begin start; sync end start;"
	  "added-in 1; + added-out 1;" NEW("1") "added-in 2; + added-out 2;"
	  "keys 2/1 init; installed 2; rekey 1>2/1; + removed-out 1 200/3; destroying 1;"
	  "+ destroying 2; + removed-in 1 100/2; removed-in 2 1/1; + removed-out 2 2/1;"
	  "ike-destroying 1",
	  "start 1/1 init old=0\n"
	  "start 2/1 init old=1\n"
	  "end 1/1 rekeyed local rekeys=0 5s in=100/2 out=200/3 total=100/200\n"
	  "update 2/1 rekeys=1 before=100/200\n"
	  "end 2/1 unknown ? rekeys=1 1s in=1/1 out=2/1 total=101/202, 1s late" },
	{ "the rekey is told after it is known to be up",
	  NEW("1") NEW("2") "rekey 1>2/1; rekey 1>2/1; destroying 1;" GONE("2"),
	  "start 1/1 init old=0\n"
	  "start 2/1 init old=0\n"
	  "update 2/1 rekeys=1 before=?/?\n"
	  "end 1/1 rekeyed local rekeys=0 4s\n"
	  "end 2/1 unknown ? rekeys=1 4s" },
	{ "of what there was before it, nothing is known",
	  NEW("2") "rekey 1>2/1;" GONE("2"),
	  "start 2/1 init old=0\n"
	  "update 2/1 rekeys=1 before=?/?\n"
	  "end 2/1 unknown ? rekeys=1 2s" },
	{ "the same is told again", NEW("1") "up 1/1; keys 1/1 init; up 1/1;" GONE("1"),
	  "start 1/1 init old=0\n"
	  "end 1/1 unknown ? rekeys=0 4s" },
	{ NULL, NULL, NULL },
};

static void test_updates(void)
{
	check_all(updates, (struct qm_outcome){ .updates = true });
}

/** Counts ends by reason. */
static void count_ends(void *user, const struct qm_event *event)
{
	unsigned *ends_by = user;

	QM_INT(event->kind, QM_EVENT_ENDED);
	ends_by[event->reason]++;
}

static void make_crowded(struct qm_open_sa *open, uint32_t i)
{
	*open = (struct qm_open_sa){ .instance = 1 + i % 7, .established_ms = 1 };
	qm_history_facts(&open->facts, 1, 1, 2, QM_SATYPE_ESP, 1);
	open->facts.in_spi = 0x10000 + i;
	open->facts.out_spi = 0x20000000 + i;
}

static void tell_half(struct qm_ledger *ledger, enum qm_input_type type,
					  const struct qm_open_sa *open)
{
	const struct qm_sa_facts *facts = &open->facts;
	const struct qm_input input = {
		.type = type,
		.time = qm_history_time(2),
		.kernel = {
			.id = { facts->satype, facts->in_spi, facts->local },
			.end = type == QM_INPUT_KERNEL_REMOVED ? QM_KERNEL_END_EXPIRED : 0,
			.by = QM_PARTY_KERNEL,
		},
	};

	QM_OK(qm_ledger_input(ledger, &input));
}

static void tell_sync(struct qm_ledger *ledger, enum qm_sync_phase phase, uint64_t at)
{
	const struct qm_input input = {
		.type = QM_INPUT_KERNEL_SYNC,
		.time = qm_history_time(at),
		.sync = { .phase = phase, .start = true },
	};

	QM_OK(qm_ledger_input(ledger, &input));
}

#define CROWD 10000

static void test_crowd(void)
{
	unsigned ends_by[QM_REASON_MAX] = { 0 };
	struct qm_ledger *ledger = NULL;
	struct qm_open_sa open;
	uint32_t i;

	QM_OK_FATAL(qm_ledger_new(&ledger, count_ends, ends_by));
	for (i = 0; i < CROWD; i++) {
		make_crowded(&open, i);
		QM_OK(qm_ledger_inherit(ledger, &open, 1, qm_history_time(1)));
	}
	QM_INT(qm_ledger_open(ledger), CROWD);
	QM_INT(qm_ledger_entries(ledger), CROWD);
	tell_sync(ledger, QM_SYNC_BEGIN, 2);
	for (i = 0; i < CROWD; i += 4) {
		make_crowded(&open, i);
		tell_half(ledger, QM_INPUT_KERNEL_ADDED, &open);
	}
	tell_sync(ledger, QM_SYNC_END, 2);
	QM_INT(ends_by[QM_REASON_DAEMON_DIED], CROWD - CROWD / 4);
	QM_INT(qm_ledger_open(ledger), CROWD / 4);
	for (i = 0; i < CROWD; i += 4) {
		make_crowded(&open, i);
		tell_half(ledger, QM_INPUT_KERNEL_REMOVED, &open);
	}
	CU_ASSERT(qm_ledger_waits(ledger));
	tell_sync(ledger, QM_SYNC_OFF, 3);
	QM_INT(ends_by[QM_REASON_EXPIRED], CROWD / 4);
	QM_INT(qm_ledger_entries(ledger), 0);
	qm_ledger_free(ledger);
}

/** That of this run is no other run's. */
static void test_refusal(void)
{
	struct qm_ledger *ledger = NULL;
	struct qm_open_sa open;

	QM_OK_FATAL(qm_ledger_new(&ledger, count_ends, NULL));
	make_crowded(&open, 0);
	open.instance = 0;
	QM_FAILS(qm_ledger_inherit(ledger, &open, 1, qm_history_time(1)), -EINVAL);
	QM_INT(qm_ledger_entries(ledger), 0);
	qm_ledger_free(ledger);
}

CU_TestInfo ledger_earlier_tests[] = {
	{ "the kernel has them no more", test_gone },
	{ "they live on", test_lives_on },
	{ "they end later", test_ends },
	{ "a half that they leave is nobody else's", test_left_behind },
	{ "a new one has the name of one that has gone", test_same_names },
	{ "told when what a 5452 needs has changed", test_updates },
	{ "ten thousand of them", test_crowd },
	{ "one without a run is refused", test_refusal },
	CU_TEST_INFO_NULL,
};
