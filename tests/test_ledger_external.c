/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the ledger makes of ends that charon has no part in: SAs deleted or flushed by
 * others, limits that the kernel enforces, and what a look at all SAs shows after
 * notifications were lost.
 */
#include "history.h"
#include "test.h"

#define NEW(c, i, how) "keys " c "/" i " " how "; installed " c "; up " c "/" i ";"
#define MADE(c, how) "keys " c "/1 " how "; installed " c ";"
#define DELETED(c) "deleting " c "; down " c "; destroying " c ";"
#define SYNCED "sync begin start; sync end start;"
#define ADDED(c) "added-in " c "; + added-out " c ";"
/** A CHILD_SA that charon has, and the kernel. */
#define THERE(c) ADDED(c) NEW(c, "1", "init")
#define DONE "ike-destroying 1"

static void check_all(const struct qm_case *cases)
{
	for (; cases->name; cases++) {
		qm_history_check(cases, 0);
	}
}

static const struct qm_case deleted[] = {
	{ "the inbound half: what charon says later adds nothing",
	  SYNCED THERE("1") "removed-in 1 external 100/2; wait 5; rekeyed 1; up 1/1;"
	  "installed 1; refused 1;" DELETED("1") "+ removed-out 1 200/3;" DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 external-delete external rekeys=0 1s in=100/2 out=?/? total=100/?" },
	{ "the outbound half, by nobody knows whom",
	  SYNCED THERE("1") "removed-out 1 unknown 200/3;" DELETED("1")
	  "+ removed-in 1 100/2;" DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 external-delete external rekeys=0 1s in=?/? out=200/3 total=?/200" },
	{ "both, one after the other",
	  SYNCED THERE("1") "removed-in 1 external 100/2; + removed-out 1 external 200/3;"
	  DELETED("1") DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 external-delete external rekeys=0 1s in=100/2 out=?/? total=100/?" },
	{ "all flushed: those that were announced end, each once",
	  SYNCED THERE("1") THERE("2") ADDED("3") "keys 3/1 init; refused 3;"
	  "removed-in 1 flushed external; + removed-out 1 flushed external;"
	  "+ removed-out 2 flushed external; + removed-in 2 flushed external;"
	  "+ removed-in 3 flushed external; + removed-out 3 flushed external;"
	  DELETED("1") DELETED("2") "destroying 3;" DONE,
	  "start 1/1 init old=0\n"
	  "start 2/1 init old=0\n"
	  "end 1/1 external-flush external rekeys=0 8s\n"
	  "end 2/1 external-flush external rekeys=0 4s" },
	{ "the peer's mirror image: charon deletes it for its own reason first",
	  SYNCED THERE("1") "deleting 1; removed-in 1 external 100/2; down 1; destroying 1;"
	  "+ removed-out 1 200/3;" DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 2s in=100/2 out=?/? total=100/?" },
	{ "a rekeyed one",
	  SYNCED THERE("1") ADDED("2") MADE("2", "resp") "rekeyed 1; rekey 1>2/1;"
	  "+ removed-out 1 200/3; removed-in 1 external 100/2; peer-delete 1 1; deleting 1;"
	  "destroying 1;" DELETED("2") "+ removed-in 2 1/1; + removed-out 2 2/1;" DONE,
	  "start 1/1 init old=0\n"
	  "start 2/1 resp old=1\n"
	  "end 1/1 rekeyed peer rekeys=0 6s in=100/2 out=200/3 total=100/200\n"
	  "end 2/1 deleted local rekeys=1 7s in=1/1 out=2/1 total=101/202" },
	{ "deleted, and then rekeyed by charon, which does not know",
	  SYNCED THERE("1") "removed-in 1 external 100/2;" ADDED("2") MADE("2", "init")
	  "rekeyed 1; + removed-out 1 200/3; rekey 1>2/1; deleting 1; destroying 1;"
	  DELETED("2") "+ removed-in 2 1/1; + removed-out 2 2/1;" DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 external-delete external rekeys=0 1s in=100/2 out=?/? total=100/?\n"
	  "start 2/1 init old=1\n"
	  "end 2/1 deleted local rekeys=1 5s in=1/1 out=2/1 total=101/202" },
	{ "deleted before the announcement was queued, and heard of after it",
	  SYNCED THERE("1") "+ + removed-in 1 external 100/2;" DELETED("1")
	  "+ removed-out 1 200/3;" DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 external-delete external rekeys=0 0s in=100/2 out=?/? total=100/?" },
	{ "deleted before it is announced: both events when it is",
	  SYNCED ADDED("1") MADE("1", "resp") "removed-in 1 external 100/2; up 1/1;"
	  DELETED("1") "+ removed-out 1 0/0;" DONE,
	  "start 1/1 resp old=0\n"
	  "end 1/1 external-delete external rekeys=0 0s in=100/2 out=?/? total=100/?" },
	{ "deleted before it is announced by its down",
	  SYNCED ADDED("1") MADE("1", "resp") "removed-out 1 flushed external; down 1;"
	  "destroying 1; + removed-in 1 0/0;" DONE,
	  "start 1/1 resp old=0\n"
	  "end 1/1 external-flush external rekeys=0 0s" },
	{ "deleted, and never announced",
	  SYNCED ADDED("1") MADE("1", "resp") "removed-in 1 external 100/2; destroying 1;"
	  "+ removed-out 1 0/0;" DONE,
	  "start 1/1 resp old=0\n"
	  "end 1/1 external-delete external rekeys=0 0s in=100/2 out=0/0 total=100/0" },
	{ "deleted, and set aside",
	  SYNCED ADDED("1") MADE("1", "resp") "removed-in 1 external 100/2; rekeyed 1;"
	  "destroying 1; + removed-out 1 0/0;" DONE, "" },
	{ "deleted during the first look, and while it may not be complete",
	  "sync begin start;" THERE("1") "removed-in 1 external 100/2; sync end start;"
	  THERE("2") "sync begin; removed-in 2 external 1/1; sync end;" DELETED("1")
	  "+ removed-out 1 0/0;" DELETED("2") "+ removed-out 2 0/0;" DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 external-delete external rekeys=0 1s in=100/2 out=?/? total=100/?\n"
	  "start 2/1 init old=0\n"
	  "end 2/1 external-delete external rekeys=0 2s in=1/1 out=?/? total=1/?" },
	{ "deleted while its record waits for the counters",
	  SYNCED THERE("1") DELETED("1") "+ removed-in 1 external 100/2;"
	  "+ removed-out 1 external 200/3;" DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 3s in=100/2 out=200/3 total=100/200" },
	{ "charon's IKE_SA goes, and somebody else cleans up",
	  SYNCED THERE("1") "peer-delete-ike 1; ike-deleting 1; removed-in 1 external 1/1;"
	  "ike-down 1; down 1;" DONE "; destroying 1; + removed-out 1 0/0",
	  "start 1/1 init old=0\n"
	  "end 1/1 external-delete external rekeys=0 3s in=1/1 out=?/? total=1/?" },
	{ "another SA with that SPI, to another address, is deleted",
	  SYNCED THERE("1") "added-in 1 to=77 external; removed-in 1 to=77 external 9/9;"
	  DELETED("1") "+ removed-in 1 100/2; + removed-out 1 200/3;" DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 5s in=100/2 out=200/3 total=100/200" },
	{ "deleted where it was before it moved",
	  SYNCED THERE("1") "hosts 1 7; removed-in 1 external 100/2;" DELETED("1")
	  "+ removed-out 1 200/3;" DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 external-delete external rekeys=0 2s at 7 in=100/2 out=?/? total=100/?" },
	{ NULL, NULL, NULL },
};

static void test_deleted(void)
{
	check_all(deleted);
}

static const struct qm_case expired[] = {
	{ "the inbound half by time: charon deletes the other half",
	  SYNCED THERE("1") "@9 expired-in 1; + removed-in 1 expired 100/2; deleting 1;"
	  "+ down 1; + destroying 1; + removed-out 1 200/3;" DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 expired kernel rekeys=0 1s in=100/2 out=200/3 total=100/200, 1s late" },
	{ "the outbound half by bytes, told by the kernel first",
	  SYNCED THERE("1") "removed-out 1 expired 200/3; + @9 expired-out 1; deleting 1;"
	  "+ down 1; + destroying 1; + removed-in 1 100/2;" DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 expired kernel rekeys=0 1s in=100/2 out=200/3 total=100/200, 1s late" },
	{ "both halves",
	  SYNCED THERE("1") "removed-in 1 expired 100/2; + removed-out 1 expired 200/3;"
	  DELETED("1") DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 expired kernel rekeys=0 1s in=100/2 out=200/3 total=100/200" },
	{ "charon waits for the peer's answer longer than we wait for charon",
	  SYNCED THERE("1") "removed-in 1 expired 100/2; deleting 1; tick; wait 5; down 1;"
	  "destroying 1; + removed-out 1 200/3;" DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 expired kernel rekeys=0 1s in=100/2 out=?/? total=100/?, 2s late" },
	{ "it moves meanwhile: it has ended where it was",
	  SYNCED THERE("1") "removed-in 1 expired 100/2; + hosts 1 7; + destroying 1;"
	  "+ removed-out 1 200/3;" DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 expired kernel rekeys=0 1s in=100/2 out=?/? total=100/?" },
	{ "the peer's kernel was first",
	  SYNCED THERE("1") "peer-delete 1 1; + removed-in 1 expired 100/2; + deleting 1;"
	  "+ down 1; + destroying 1; + removed-out 1 200/3;" DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted peer rekeys=0 1s in=100/2 out=200/3 total=100/200" },
	{ "somebody had it expire",
	  SYNCED THERE("1") "removed-in 1 expired external 1/1; + removed-out 1 2/1;"
	  DELETED("1") DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 expired external rekeys=0 1s in=1/1 out=2/1 total=1/2" },
	{ "a rekeyed one, IKEv1",
	  SYNCED ADDED("1") NEW("1", "1", "init v1") ADDED("2") MADE("2", "init v1")
	  "rekey 1>2/1; rekeyed 1; + removed-out 1 200/3; removed-in 1 expired 100/2;"
	  "deleting 1; destroying 1;" DELETED("2") "+ removed-in 2 1/1; + removed-out 2 2/1;"
	  DONE,
	  "start 1/1 init old=0\n"
	  "start 2/1 init old=1\n"
	  "end 1/1 rekeyed local rekeys=0 6s in=100/2 out=200/3 total=100/200\n"
	  "end 2/1 deleted local rekeys=1 7s in=1/1 out=2/1 total=101/202" },
	{ "before it is announced",
	  SYNCED ADDED("1") MADE("1", "resp") "removed-in 1 expired 1/1; up 1/1; + down 1;"
	  "destroying 1; + removed-out 1 0/0;" DONE,
	  "start 1/1 resp old=0\n"
	  "end 1/1 expired kernel rekeys=0 0s in=1/1 out=?/? total=1/?" },
	{ NULL, NULL, NULL },
};

static void test_expired(void)
{
	check_all(expired);
}

static const struct qm_case resyncs[] = {
	{ "nothing was missed, nothing is said",
	  SYNCED THERE("1") "sync begin; sync end;" DELETED("1")
	  "+ removed-in 1 100/2; + removed-out 1 200/3;" DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 5s in=100/2 out=200/3 total=100/200" },
	{ "what was dropped counts, what was found if that is not known",
	  SYNCED "sync begin; sync begin; sync end dropped=12 changes=3; wait 7;"
	  "sync end changes=2; sync end start changes=5",
	  "lost netlink 12 for 2s\n"
	  "lost netlink 2 for 0s" },
	{ "the inbound half has vanished, and does not come back",
	  SYNCED THERE("1") "sync begin; removed-in 1 vanished; sync end changes=1;"
	  "wait 1; tick; wait 9;" DELETED("1") "+ removed-out 1 2/1;" DONE,
	  "start 1/1 init old=0\n"
	  "lost netlink 1 for 2s\n"
	  "end 1/1 external-delete external rekeys=0 3s, 2s late" },
	{ "the outbound half has vanished",
	  SYNCED THERE("1") "sync begin; removed-out 1 vanished; sync end; wait 1; tick;"
	  DELETED("1") "+ removed-in 1 1/1;" DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 external-delete external rekeys=0 3s, 2s late" },
	{ "vanished, and charon says why within two seconds",
	  SYNCED THERE("1") "sync begin; removed-in 1 vanished; removed-out 1 vanished;"
	  "sync end; peer-delete 1 1; + deleting 1; + down 1; + destroying 1;" DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted peer rekeys=0 5s" },
	{ "vanished, and the rekey that took the outbound half is told next",
	  SYNCED THERE("1") ADDED("2") MADE("2", "init") "sync begin; removed-out 1 vanished;"
	  "sync end; rekey 1>2/1; + rekeyed 1; wait 3; deleting 1; destroying 1;"
	  "+ removed-in 1 100/2;" DELETED("2") "+ removed-in 2 1/1; + removed-out 2 2/1;"
	  DONE,
	  "start 1/1 init old=0\n"
	  "start 2/1 init old=1\n"
	  "end 1/1 rekeyed local rekeys=0 12s in=100/2 out=?/? total=100/?\n"
	  "end 2/1 deleted local rekeys=1 8s in=1/1 out=2/1 total=101/?" },
	{ "looked at between charon's deletion and addition of a move",
	  SYNCED THERE("1") "hosts 1 7; sync begin; removed-in 1 vanished;"
	  "removed-out 1 vanished; sync end; added-in 1 to=7 90/1; + added-out 1 to=7 90/1;"
	  "wait 9;" DELETED("1") "+ removed-in 1 to=7 500/5; + removed-out 1 to=7 600/6;"
	  DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 18s at 7" },
	{ "only one half has come back in time",
	  SYNCED THERE("1") "sync begin; removed-in 1 vanished; removed-out 1 vanished;"
	  "sync end; added-in 1 0/0; tick;" DELETED("1") "+ removed-in 1 0/0;" DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 external-delete external rekeys=0 4s, 2s late" },
	{ "come back, and vanished again: another two seconds",
	  SYNCED THERE("1") "sync begin; removed-in 1 vanished; sync end; + added-in 1 found;"
	  "sync begin; + removed-in 1 vanished; + sync end; tick; tick;" DELETED("1")
	  "+ removed-out 1 2/1;" DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 external-delete external rekeys=0 4s, 2s late" },
	{ "deleted for good while there was doubt",
	  SYNCED THERE("1") "sync begin; removed-in 1 vanished; sync end;"
	  "removed-out 1 external 2/1; wait 3;" DELETED("1") DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 external-delete external rekeys=0 4s in=?/? out=2/1 total=?/2" },
	{ "charon removed it, says nothing, and does not add it again",
	  SYNCED THERE("1") "removed-in 1 100/2; wait 9; sync begin; sync end; wait 1; tick;"
	  "+ removed-out 1 200/3;" DELETED("1") DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 unknown ? rekeys=0 12s in=100/2 out=?/? total=100/?, 2s late" },
	{ "charon moves it while all SAs are looked at",
	  SYNCED THERE("1") "hosts 1 7; sync begin; removed-in 1 100/2; sync end;"
	  "+ added-in 1 to=7 100/2; + removed-out 1 200/3; + added-out 1 to=7 200/3; wait 9;"
	  DELETED("1") "+ removed-in 1 to=7 500/5; + removed-out 1 to=7 600/6;" DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 16s at 7 in=500/5 out=600/6 total=500/600" },
	{ "one that was never seen is not doubted: it may be another backend's",
	  SYNCED NEW("1", "1", "init") "sync begin; sync end; wait 5; sync begin; sync end;"
	  "wait 5;" DELETED("1") DONE "; tick",
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 17s, 2s late" },
	{ "one that is not announced is not doubted, but once it is",
	  SYNCED ADDED("1") MADE("1", "resp") "sync begin; removed-in 1 vanished; sync end;"
	  "wait 5; up 1/1; wait 5; sync begin; sync end; wait 1; tick;" DELETED("1")
	  "+ removed-out 1 2/1;" DONE,
	  "start 1/1 resp old=0\n"
	  "end 1/1 external-delete external rekeys=0 7s, 2s late" },
	{ "found again: part is not counted",
	  SYNCED THERE("1") "sync begin; removed-in 1 100/2; + added-in 1 found 300/3;"
	  "sync end changes=1; wait 5;" DELETED("1")
	  "+ removed-in 1 500/5; + removed-out 1 600/6;" DONE,
	  "start 1/1 init old=0\n"
	  "lost netlink 1 for 2s\n"
	  "end 1/1 deleted local rekeys=0 11s in=?/? out=600/6 total=?/600" },
	{ "added again where nobody saw it go: part is not counted",
	  SYNCED THERE("1") "added-in 1; + added-out 1 found 1/1;" DELETED("1")
	  "+ removed-in 1 500/5; + removed-out 1 600/6;" DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 4s in=?/? out=600/6 total=?/600" },
	{ NULL, NULL, NULL },
};

static void test_resyncs(void)
{
	check_all(resyncs);
}

CU_TestInfo ledger_external_tests[] = {
	{ "deleted and flushed by others", test_deleted },
	{ "hard limits", test_expired },
	{ "after notifications were lost", test_resyncs },
	CU_TEST_INFO_NULL,
};
