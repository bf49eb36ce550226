/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the ledger makes of the kernel's view beside charon's: counters, in whatever
 * order both sides say what they have to, and ends that charon knows nothing of.
 */
#include "history.h"
#include "test.h"

#define NEW(c, i, how) "keys " c "/" i " " how "; installed " c "; up " c "/" i ";"
/** As new SA of a rekey, before anything is said of that. */
#define MADE(c, how) "keys " c "/1 " how "; installed " c ";"
#define DELETED(c) "deleting " c "; down " c "; destroying " c ";"
#define SYNCED "sync begin start; sync end start;"
/** The kernel's side of a CHILD_SA, before and after. */
#define ADDED(c) "added-in " c "; + added-out " c ";"
#define REMOVED(c, in, out) "+ removed-out " c " " out "; + removed-in " c " " in ";"
#define DONE "ike-destroying 1"

static void check_all(const struct qm_case *cases)
{
	for (; cases->name; cases++) {
		qm_history_check(cases, 0);
	}
}

static const struct qm_case counted[] = {
	{ "the kernel is first",
	  SYNCED ADDED("1") NEW("1", "1", "init") DELETED("1") REMOVED("1", "100/2", "200/3")
	  DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 3s in=100/2 out=200/3 total=100/200" },
	{ "the kernel comes between keys and up, AH",
	  SYNCED "keys 1/1 resp v1 ah;" ADDED("1") "installed 1; up 1/1;" DELETED("1")
	  REMOVED("1", "100/2", "0/0") DONE,
	  "start 1/1 resp old=0\n"
	  "end 1/1 deleted local rekeys=0 3s in=100/2 out=0/0 total=100/0" },
	{ "the kernel is late all the time",
	  SYNCED NEW("1", "1", "init") ADDED("1") DELETED("1") DONE ";"
	  "+ removed-in 1 100/2; + removed-out 1 200/3",
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 4s in=100/2 out=200/3 total=100/200, 1s late" },
	{ "that it was added was missed, that it was removed is enough",
	  SYNCED NEW("1", "1", "init") DELETED("1") REMOVED("1", "100/2", "200/3") DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 3s in=100/2 out=200/3 total=100/200" },
	{ "found by the first look",
	  "sync begin start; added-in 1 found 7/1;" NEW("1", "1", "init")
	  "added-out 1 found 9/1; sync end start;" DELETED("1")
	  REMOVED("1", "100/2", "200/3") DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 5s in=100/2 out=200/3 total=100/200" },
	{ "the kernel says nothing: two seconds are enough",
	  SYNCED NEW("1", "1", "init") DELETED("1") DONE "; tick",
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 3s, 2s late" },
	{ "the last moment for the kernel",
	  SYNCED ADDED("1") NEW("1", "1", "init") DELETED("1") "+ removed-in 1 100/2;" DONE
	  "; + removed-out 1 200/3",
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 3s in=100/2 out=200/3 total=100/200, 1s late" },
	{ "the moment after: one half has said something",
	  SYNCED ADDED("1") NEW("1", "1", "init") DELETED("1") "+ removed-in 1 100/2;" DONE
	  "; removed-out 1 200/3",
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 3s in=100/2 out=?/? total=100/?, 2s late" },
	{ "any input is as good as a tick",
	  SYNCED ADDED("1") NEW("1", "1", "init") DELETED("1") DONE "; down 7; removed-in 1;"
	  "+ removed-out 1",
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 3s, 2s late" },
	{ "those that wait are judged in the order of their ends",
	  SYNCED NEW("1", "1", "init") NEW("2", "1", "init") ADDED("1") ADDED("2")
	  DELETED("2") "+ destroying 1;" REMOVED("1", "1/1", "2/1") DONE "; tick;"
	  "removed-in 2; + removed-out 2",
	  "start 1/1 init old=0\n"
	  "start 2/1 init old=0\n"
	  "end 1/1 unknown ? rekeys=0 8s in=1/1 out=2/1 total=1/2\n"
	  "end 2/1 deleted local rekeys=0 5s, 2s late" },
	{ "never announced, and given up: both events, with counters",
	  SYNCED ADDED("1") "keys 1/1 resp; installed 1; destroying 1;"
	  REMOVED("1", "100/2", "0/0") DONE,
	  "start 1/1 resp old=0\n"
	  "end 1/1 unknown ? rekeys=0 0s in=100/2 out=0/0 total=100/0" },
	{ "never announced, and nothing to tell",
	  SYNCED ADDED("1") "keys 1/1 resp; refused 1; destroying 1; + removed-in 1 0/0;"
	  "+ removed-out 1 0/0;" DONE, "" },
	{ NULL, NULL, NULL },
};

static void test_counted(void)
{
	check_all(counted);
}

static const struct qm_case off[] = {
	{ "nobody looks at the kernel",
	  NEW("1", "1", "init") DELETED("1") DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 3s" },
	{ "the first look is not over",
	  "sync begin start; added-in 1 found; added-out 1 found;" NEW("1", "1", "init")
	  DELETED("1") "sync end start;" REMOVED("1", "100/2", "200/3") DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 3s" },
	{ "given up on while a record waits, and what it had said counts",
	  SYNCED ADDED("1") NEW("1", "1", "init") DELETED("1") "+ removed-in 1 100/2;"
	  "sync off;" DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 3s in=100/2 out=?/? total=100/?, 1s late" },
	{ "given up on in the middle: what is not known stays so",
	  SYNCED ADDED("1") NEW("1", "1", "init") "sync begin; sync off;" DELETED("1") DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 5s" },
	{ "given up on, and taken up again",
	  SYNCED ADDED("1") NEW("1", "1", "init") "sync begin; sync off; sync end;"
	  DELETED("1") REMOVED("1", "100/2", "200/3") DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 6s in=100/2 out=200/3 total=100/200" },
	{ "given up on while there is doubt about one",
	  SYNCED ADDED("1") NEW("1", "1", "init") "sync begin; removed-in 1 vanished;"
	  "sync end changes=1; + sync begin; + sync off; wait 5;" DELETED("1") DONE,
	  "start 1/1 init old=0\n"
	  "lost netlink 1 for 2s\n"
	  "end 1/1 deleted local rekeys=0 11s" },
	{ "charon's end, while a record waits and another SA is open",
	  SYNCED ADDED("1") ADDED("2") NEW("1", "1", "init") NEW("2", "1", "init")
	  DELETED("1") "+ removed-in 1 1/1;" DONE "; + finish",
	  "start 1/1 init old=0\n"
	  "start 2/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 6s in=1/1 out=?/? total=1/?, 1s late\n"
	  "end 2/1 shutdown local rekeys=0 4s" },
	{ NULL, NULL, NULL },
};

static void test_off(void)
{
	check_all(off);
}

static const struct qm_case rekeys[] = {
	{ "the outbound half goes with the rekey, the inbound one later",
	  SYNCED ADDED("1") NEW("1", "1", "init") ADDED("2") MADE("2", "init")
	  "+ removed-out 1 200/3; rekeyed 1; rekey 1>2/1; deleting 1; wait 5; destroying 1;"
	  "+ removed-in 1 100/2;" DELETED("2") REMOVED("2", "10/1", "20/1") DONE,
	  "start 1/1 init old=0\n"
	  "start 2/1 init old=1\n"
	  "end 1/1 rekeyed local rekeys=0 12s in=100/2 out=200/3 total=100/200\n"
	  "end 2/1 deleted local rekeys=1 10s in=10/1 out=20/1 total=110/220" },
	{ "two rekeys: the sums are exact to the byte",
	  SYNCED ADDED("1") NEW("1", "1", "init") ADDED("2") MADE("2", "init")
	  "rekeyed 1; + removed-out 1 18446744073709551/7; rekey 1>2/1; deleting 1;"
	  "destroying 1; + removed-in 1 1/1;" ADDED("3") MADE("3", "resp")
	  "rekeyed 2; rekey 2>3/1; peer-delete 1 2; deleting 2; + removed-out 2 4294967296/1;"
	  "destroying 2; + removed-in 2 1500/1;" DELETED("3") REMOVED("3", "7/1", "3/1") DONE,
	  "start 1/1 init old=0\n"
	  "start 2/1 init old=1\n"
	  "end 1/1 rekeyed local rekeys=0 7s in=1/1 out=18446744073709551/7"
	  " total=1/18446744073709551\n"
	  "start 3/1 resp old=2\n"
	  "end 2/1 rekeyed peer rekeys=1 10s in=1500/1 out=4294967296/1"
	  " total=1501/18446748368676847\n"
	  "end 3/1 deleted local rekeys=2 6s in=7/1 out=3/1 total=1508/18446748368676850" },
	{ "the new one ends first: its record waits for the sums of the old one",
	  SYNCED ADDED("1") NEW("1", "1", "init") ADDED("2") MADE("2", "init")
	  "rekeyed 1; + removed-out 1 200/3; rekey 1>2/1; cause 1 timeout; ike-down 1;"
	  "down 2;" DONE "; + destroying 2;" REMOVED("2", "10/1", "20/1")
	  "+ destroying 1; + removed-in 1 100/2",
	  "start 1/1 init old=0\n"
	  "start 2/1 init old=1\n"
	  "end 1/1 rekeyed local rekeys=0 9s in=100/2 out=200/3 total=100/200\n"
	  "end 2/1 dpd local rekeys=1 4s in=10/1 out=20/1 total=110/220" },
	{ "the old one stays: the sums are not known, and not for those after it",
	  SYNCED ADDED("1") NEW("1", "1", "init v1") ADDED("2") MADE("2", "init v1")
	  "rekey 1>2/1; rekeyed 1; + removed-out 1 200/3;" DELETED("2")
	  REMOVED("2", "10/1", "20/1") "wait 1; tick; + removed-in 1 expired 100/2;"
	  "deleting 1; destroying 1;" DONE,
	  "start 1/1 init old=0\n"
	  "start 2/1 init old=1\n"
	  "end 2/1 deleted local rekeys=1 4s in=10/1 out=20/1 total=?/?, 2s late\n"
	  "end 1/1 rekeyed local rekeys=0 10s in=100/2 out=200/3 total=100/200" },
	{ "the old one's counters came too late",
	  SYNCED ADDED("1") NEW("1", "1", "init") ADDED("2") MADE("2", "init")
	  "rekeyed 1; + removed-out 1 200/3; rekey 1>2/1; destroying 1; wait 2;"
	  "removed-in 1 100/2;" DELETED("2") REMOVED("2", "10/1", "20/1") DONE,
	  "start 1/1 init old=0\n"
	  "start 2/1 init old=1\n"
	  "end 1/1 rekeyed local rekeys=0 6s in=?/? out=200/3 total=?/200, 3s late\n"
	  "end 2/1 deleted local rekeys=1 7s in=10/1 out=20/1 total=?/220" },
	{ "the old one was never heard of",
	  SYNCED ADDED("2") MADE("2", "init") "rekey 1>2/1;" DELETED("2")
	  REMOVED("2", "10/1", "20/1") DONE,
	  "start 2/1 init old=1\n"
	  "end 2/1 deleted local rekeys=1 3s in=10/1 out=20/1 total=?/?" },
	{ "the old one was never announced, and goes first",
	  SYNCED "keys 1/1 init;" ADDED("2") MADE("2", "init") "rekey 1>2/1; destroying 1;"
	  DELETED("2") REMOVED("2", "10/1", "20/1") DONE,
	  "start 2/1 init old=1\n"
	  "end 2/1 deleted local rekeys=1 4s in=10/1 out=20/1 total=?/?" },
	{ "a collision, 5.9: both of the new ones follow the old one",
	  SYNCED ADDED("1") NEW("1", "1", "init") ADDED("3") MADE("3", "resp")
	  "rekeyed 1; rekey 1>3/1;" ADDED("2") MADE("2", "init") "rekey 1>2/1;"
	  "+ removed-out 1 200/3; deleting 1; peer-delete 1 3; deleting 3; destroying 1;"
	  "+ removed-in 1 100/2; destroying 3;" REMOVED("3", "5/1", "0/0")
	  DELETED("2") REMOVED("2", "10/1", "20/1") DONE,
	  "start 1/1 init old=0\n"
	  "start 3/1 resp old=1\n"
	  "start 2/1 init old=1\n"
	  "end 1/1 rekeyed local rekeys=0 13s in=100/2 out=200/3 total=100/200\n"
	  "end 3/1 deleted peer rekeys=1 9s in=5/1 out=0/0 total=105/200\n"
	  "end 2/1 deleted local rekeys=1 8s in=10/1 out=20/1 total=110/220" },
	{ "a chain of rekeys, of which the middle one was there for a moment",
	  SYNCED ADDED("1") NEW("1", "1", "init") ADDED("2") MADE("2", "resp") ADDED("3")
	  MADE("3", "init") "rekey 1>2/1; rekey 2>3/1; rekeyed 2; deleting 1; deleting 2;"
	  "destroying 2;" REMOVED("2", "5/1", "6/1") "destroying 1;"
	  REMOVED("1", "100/2", "200/3") DELETED("3") REMOVED("3", "10/1", "20/1") DONE,
	  "start 1/1 init old=0\n"
	  "start 2/1 resp old=1\n"
	  "start 3/1 init old=2\n"
	  "end 1/1 rekeyed peer rekeys=0 13s in=100/2 out=200/3 total=100/200\n"
	  "end 2/1 rekeyed local rekeys=1 5s in=5/1 out=6/1 total=105/206, 1s late\n"
	  "end 3/1 deleted local rekeys=2 8s in=10/1 out=20/1 total=115/226" },
	{ "said to replace itself, and then another: garbage, and no crash",
	  SYNCED ADDED("1") NEW("1", "1", "init") "rekey 1>1/1;" DELETED("1")
	  REMOVED("1", "1/1", "2/1") "wait 2; tick;" DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 rekeyed local rekeys=1 4s in=1/1 out=2/1 total=?/?, 3s late" },
	{ NULL, NULL, NULL },
};

static void test_rekeys(void)
{
	check_all(rekeys);
}

/** charon deletes an SA to add it under another address, and has the count go on. */
static const struct qm_case moves[] = {
	{ "charon says so first",
	  SYNCED ADDED("1") NEW("1", "1", "init") "hosts 1 7; removed-in 1 100/2;"
	  "+ added-in 1 to=7 90/1; + removed-out 1 200/3; + added-out 1 to=7 200/3;"
	  DELETED("1") "+ removed-in 1 to=7 500/5; + removed-out 1 to=7 600/6;" DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 5s at 7 in=510/6 out=600/6 total=510/600" },
	{ "charon says so last",
	  SYNCED ADDED("1") NEW("1", "1", "init") "removed-in 1 100/2;"
	  "+ added-in 1 to=7 90/1; + removed-out 1 200/3; + added-out 1 to=7 200/3;"
	  "hosts 1 7;" DELETED("1") "+ removed-in 1 to=7 500/5;"
	  "+ removed-out 1 to=7 600/6;" DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 5s at 7 in=510/6 out=600/6 total=510/600" },
	{ "charon says so in between",
	  SYNCED ADDED("1") NEW("1", "1", "init") "removed-in 1 100/2; hosts 1 7;"
	  "+ added-in 1 to=7 90/1; + removed-out 1 200/3; + added-out 1 to=7 200/3;"
	  DELETED("1") "+ removed-in 1 to=7 500/5; + removed-out 1 to=7 600/6;" DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 5s at 7 in=510/6 out=600/6 total=510/600" },
	{ "the count does not go on: charon could not read it",
	  SYNCED ADDED("1") NEW("1", "1", "init") "hosts 1 7; removed-in 1 100/2;"
	  "+ added-in 1 to=7; + removed-out 1 200/3; + added-out 1 to=7;"
	  DELETED("1") "+ removed-in 1 to=7 500/5; + removed-out 1 to=7 600/6;" DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 5s at 7 in=600/7 out=800/9 total=600/800" },
	{ "only the port changed: the same name in the kernel",
	  SYNCED ADDED("1") NEW("1", "1", "init") "hosts 1 1; removed-in 1 100/2;"
	  "+ added-in 1 100/2; + removed-out 1 200/3; + added-out 1 200/3;"
	  DELETED("1") REMOVED("1", "500/5", "600/6") DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 5s in=500/5 out=600/6 total=500/600" },
	{ "to and fro before the kernel has followed",
	  SYNCED ADDED("1") NEW("1", "1", "init") "hosts 1 7; hosts 1 1; removed-in 1 100/2;"
	  "+ added-in 1 to=7 100/2; + removed-in 1 to=7 100/2; + added-in 1 100/2;"
	  "+ removed-out 1 200/3; + added-out 1 to=7 200/3; + removed-out 1 to=7 200/3;"
	  "+ added-out 1 200/3;" DELETED("1") REMOVED("1", "500/5", "600/6") DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 6s in=500/5 out=600/6 total=500/600" },
	{ "on and on before the kernel has followed",
	  SYNCED ADDED("1") NEW("1", "1", "init") "hosts 1 7; hosts 1 8; removed-in 1 100/2;"
	  "+ added-in 1 to=7 100/2; + removed-in 1 to=7 100/2; + added-in 1 to=8 100/2;"
	  "+ removed-out 1 200/3; + added-out 1 to=7 200/3; + removed-out 1 to=7 200/3;"
	  "+ added-out 1 to=8 200/3;" DELETED("1") "+ removed-in 1 to=8 500/5;"
	  "+ removed-out 1 to=8 600/6;" DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 6s at 8 in=500/5 out=600/6 total=500/600" },
	{ "the kernel refused to follow: gone at the old address",
	  SYNCED ADDED("1") NEW("1", "1", "init") "hosts 1 7;" DELETED("1")
	  REMOVED("1", "100/2", "200/3") DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 4s at 7 in=100/2 out=200/3 total=100/200" },
	{ "moved while nobody saw it, and found: part is not counted",
	  SYNCED ADDED("1") NEW("1", "1", "init") "sync begin; hosts 1 7;"
	  "added-in 1 to=7 found 90/1; added-out 1 to=7 found 90/1; removed-in 1 vanished;"
	  "removed-out 1 vanished; sync end dropped=4 changes=4;" DELETED("1")
	  "+ removed-in 1 to=7 500/5; + removed-out 1 to=7 600/6;" DONE,
	  "start 1/1 init old=0\n"
	  "lost netlink 4 for 6s\n"
	  "end 1/1 deleted local rekeys=0 10s at 7" },
	{ "the same, and found once more: that makes it no more known",
	  SYNCED ADDED("1") NEW("1", "1", "init") "sync begin; hosts 1 7;"
	  "added-in 1 to=7 found 90/1; added-out 1 to=7 found 90/1; removed-in 1 vanished;"
	  "removed-out 1 vanished; sync end; added-in 1 to=7 found 95/2;"
	  "added-out 1 to=7 found 95/2;" DELETED("1") "+ removed-in 1 to=7 500/5;"
	  "+ removed-out 1 to=7 600/6;" DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 12s at 7" },
	{ "the same, and charon says so last",
	  SYNCED ADDED("1") NEW("1", "1", "init") "sync begin;"
	  "added-in 1 to=7 found 90/1; added-out 1 to=7 found 90/1; removed-in 1 vanished;"
	  "removed-out 1 vanished; sync end dropped=4 changes=4; hosts 1 7;" DELETED("1")
	  "+ removed-in 1 to=7 500/5; + removed-out 1 to=7 600/6;" DONE,
	  "start 1/1 init old=0\n"
	  "lost netlink 4 for 5s\n"
	  "end 1/1 deleted local rekeys=0 10s at 7" },
	{ "that it ended was missed, that it came back was not",
	  SYNCED ADDED("1") NEW("1", "1", "init") "hosts 1 7; added-in 1 to=7 90/1;"
	  "+ removed-out 1 200/3; + added-out 1 to=7 200/3; removed-in 1 vanished;"
	  DELETED("1") "+ removed-in 1 to=7 500/5; + removed-out 1 to=7 600/6;" DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 6s at 7 in=?/? out=600/6 total=?/600" },
	{ "that it came back was missed",
	  SYNCED ADDED("1") NEW("1", "1", "init") "hosts 1 7; removed-in 1 100/2;"
	  DELETED("1") "+ removed-in 1 to=7 500/5; + removed-out 1 200/3;" DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 5s at 7 in=?/? out=200/3 total=?/200" },
	{ "it had ended before its IKE_SA moved",
	  SYNCED ADDED("1") ADDED("2") NEW("1", "1", "init") NEW("2", "1", "init")
	  DELETED("1") "+ hosts 1 7;" REMOVED("1", "1/1", "2/1") "+ removed-in 2 0/0;"
	  "+ added-in 2 to=7; + removed-out 2 0/0; + added-out 2 to=7;" DELETED("2")
	  "+ removed-in 2 to=7 3/1; + removed-out 2 to=7 4/1;" DONE,
	  "start 1/1 init old=0\n"
	  "start 2/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 6s in=1/1 out=2/1 total=1/2\n"
	  "end 2/1 deleted local rekeys=0 6s at 7 in=3/1 out=4/1 total=3/4" },
	{ "it had ended before its IKE_SA was rekeyed",
	  SYNCED ADDED("1") NEW("1", "1", "init") DELETED("1") "+ moved 1>2;"
	  REMOVED("1", "1/1", "2/1") DONE "; ike-destroying 2",
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 3s in=1/1 out=2/1 total=1/2" },
	{ "its IKE_SA is rekeyed, and rekeyed: nothing of this shows in the kernel",
	  SYNCED ADDED("1") NEW("1", "1", "init") "moved 1>2;" DONE "; moved 2>3;"
	  "ike-destroying 2;" DELETED("1") REMOVED("1", "1/1", "2/1") "ike-destroying 3",
	  "start 1/1 init old=0\n"
	  "end 1/3 deleted local rekeys=0 7s in=1/1 out=2/1 total=1/2" },
	{ NULL, NULL, NULL },
};

static void test_moves(void)
{
	check_all(moves);
}

CU_TestInfo ledger_kernel_tests[] = {
	{ "counters", test_counted },
	{ "nobody looks at the kernel", test_off },
	{ "rekeys", test_rekeys },
	{ "other addresses", test_moves },
	CU_TEST_INFO_NULL,
};
