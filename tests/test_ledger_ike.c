/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the ledger makes of CHILD_SAs whose IKE_SA ends, is replaced, rekeyed,
 * moved or attacked, with the sequences of charon 5.9.8 and of 6.x.
 */
#include "history.h"
#include "test.h"

#define NEW(c, i, how) "keys " c "/" i " " how "; installed " c "; up " c "/" i ";"
#define DELETED(c) "deleting " c "; down " c "; destroying " c ";"
/** The IKE_SA is announced as down and destroyed, with one CHILD_SA. */
#define IKE_ENDS(i, c) \
	"ike-down " i "; down " c "; ike-destroying " i "; destroying " c ";"

static void check_all(const struct qm_case *cases)
{
	for (; cases->name; cases++) {
		qm_history_check(cases, 0);
	}
}

static const struct qm_case terminated[] = {
	{ "by us, IKEv2",
	  NEW("1", "1", "init") NEW("2", "1", "resp") "ike-deleting 1; ike-down 1; down 1;"
	  "down 2; ike-destroying 1; destroying 2; destroying 1",
	  "start 1/1 init old=0\n"
	  "start 2/1 resp old=0\n"
	  "end 2/1 ike-deleted local rekeys=0 6s\n"
	  "end 1/1 ike-deleted local rekeys=0 10s" },
	{ "by the peer, IKEv2",
	  NEW("1", "1", "init") "peer-delete-ike 1; ike-deleting 1;" IKE_ENDS("1", "1"),
	  "start 1/1 init old=0\n"
	  "end 1/1 ike-deleted peer rekeys=0 6s" },
	{ "by us, and the peer's DELETE crosses ours",
	  NEW("1", "1", "init") "ike-deleting 1; peer-delete-ike 1;" IKE_ENDS("1", "1"),
	  "start 1/1 init old=0\n"
	  "end 1/1 ike-deleted local rekeys=0 6s" },
	{ "by us, and the peer does not answer",
	  NEW("1", "1", "init") "ike-deleting 1; cause 1 timeout;" IKE_ENDS("1", "1"),
	  "start 1/1 init old=0\n"
	  "end 1/1 ike-deleted local rekeys=0 6s" },
	{ "by us, a CHILD_SA before it",
	  NEW("1", "1", "init") NEW("2", "1", "init") "deleting 1; ike-deleting 1;"
	  "ike-down 1; down 1; down 2; ike-destroying 1; destroying 2; destroying 1",
	  "start 1/1 init old=0\n"
	  "start 2/1 init old=0\n"
	  "end 2/1 ike-deleted local rekeys=0 7s\n"
	  "end 1/1 deleted local rekeys=0 11s" },
	{ "by us, IKEv1: its CHILD_SAs are deleted one by one",
	  NEW("1", "1", "init v1") NEW("2", "1", "init v1") DELETED("1") DELETED("2")
	  "ike-deleting 1; ike-down 1; ike-destroying 1",
	  "start 1/1 init old=0\n"
	  "start 2/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 6s\n"
	  "end 2/1 deleted local rekeys=0 6s" },
	{ "by the peer, IKEv1, with and without the CHILD_SA first",
	  NEW("1", "1", "init v1") NEW("2", "1", "init v1") "peer-delete 1 1;" DELETED("1")
	  "peer-delete-ike 1; ike-deleting 1; ike-deleting 1;" IKE_ENDS("1", "2"),
	  "start 1/1 init old=0\n"
	  "start 2/1 init old=0\n"
	  "end 1/1 deleted peer rekeys=0 7s\n"
	  "end 2/1 ike-deleted peer rekeys=0 11s" },
	{ "lifetime over, IKEv2",
	  NEW("1", "1", "init") "cause 1 expired; ike-deleting 1;" IKE_ENDS("1", "1"),
	  "start 1/1 init old=0\n"
	  "end 1/1 ike-expired local rekeys=0 6s" },
	{ "lifetime over, IKEv1",
	  NEW("1", "1", "resp v1") "cause 1 expired;" DELETED("1")
	  "ike-deleting 1; ike-down 1; ike-destroying 1",
	  "start 1/1 resp old=0\n"
	  "end 1/1 ike-expired local rekeys=0 4s" },
	{ "the peer deletes one of its CHILD_SAs for another reason",
	  NEW("1", "1", "resp v1") "cause 1 expired; peer-delete 1 1;" DELETED("1")
	  "ike-deleting 1; ike-down 1; ike-destroying 1",
	  "start 1/1 resp old=0\n"
	  "end 1/1 deleted peer rekeys=0 5s" },
	{ "an error inside charon: nobody says why",
	  NEW("1", "1", "init") IKE_ENDS("1", "1"),
	  "start 1/1 init old=0\n"
	  "end 1/1 unknown ? rekeys=0 4s" },
	{ "HA node or the like: destroyed without a word",
	  NEW("1", "1", "init") "ike-destroying 1; destroying 1",
	  "start 1/1 init old=0\n"
	  "end 1/1 unknown ? rekeys=0 2s" },
	{ NULL, NULL, NULL },
};

static void test_terminated(void)
{
	check_all(terminated);
}

static const struct qm_case dpd[] = {
	{ "IKEv2, with a CHILD_SA being negotiated",
	  NEW("1", "1", "init") "cause 1 timeout;" IKE_ENDS("1", "1") "destroying 2",
	  "start 1/1 init old=0\n"
	  "end 1/1 dpd local rekeys=0 5s" },
	{ "IKEv1",
	  NEW("1", "1", "init v1") "cause 1 timeout;" IKE_ENDS("1", "1"),
	  "start 1/1 init old=0\n"
	  "end 1/1 dpd local rekeys=0 5s" },
	{ "another thread brings it down",
	  NEW("1", "1", "init") "@2 cause 1 timeout; @3 ike-down 1; @3 down 1;"
	  "@3 ike-destroying 1; @3 destroying 1",
	  "start 1/1 init old=0\n"
	  "end 1/1 dpd local rekeys=0 5s" },
	{ "our DELETE of a CHILD_SA is what went unanswered",
	  NEW("1", "1", "init") "deleting 1; cause 1 timeout;" IKE_ENDS("1", "1"),
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 6s" },
	{ "the peer's DELETE of a CHILD_SA was answered before",
	  NEW("1", "1", "init") "peer-delete 1 1; deleting 1; cause 1 timeout;"
	  IKE_ENDS("1", "1"),
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted peer rekeys=0 7s" },
	{ NULL, NULL, NULL },
};

static void test_dpd(void)
{
	check_all(dpd);
}

static const struct qm_case reauth[] = {
	{ "break before make",
	  NEW("1", "1", "init") "cause 1 reauth; ike-deleting 1;" IKE_ENDS("1", "1")
	  "ike-up 2;" NEW("2", "2", "init") "peer-delete-ike 2; ike-deleting 2;"
	  IKE_ENDS("2", "2"),
	  "start 1/1 init old=0\n"
	  "end 1/1 reauthenticated local rekeys=0 6s\n"
	  "start 2/2 init old=0\n"
	  "end 2/2 ike-deleted peer rekeys=0 6s" },
	{ "make before break",
	  NEW("1", "1", "init") "ike-up 2;" NEW("2", "2", "init") "cause 1 reauth;"
	  "ike-deleting 1;" IKE_ENDS("1", "1") "ike-deleting 2;" IKE_ENDS("2", "2"),
	  "start 1/1 init old=0\n"
	  "start 2/2 init old=0\n"
	  "end 1/1 reauthenticated local rekeys=0 10s\n"
	  "end 2/2 ike-deleted local rekeys=0 11s" },
	{ "as the peer sees it",
	  NEW("1", "1", "resp") "auth 2; ike-up 2;" NEW("2", "2", "resp") "peer-delete-ike 1;"
	  "ike-deleting 1;" IKE_ENDS("1", "1") "peer-delete 2 2;" DELETED("2")
	  "ike-destroying 2",
	  "start 1/1 resp old=0\n"
	  "start 2/2 resp old=0\n"
	  "end 1/1 ike-deleted peer rekeys=0 11s\n"
	  "end 2/2 deleted peer rekeys=0 10s" },
	{ "the peer deletes it first",
	  NEW("1", "1", "init") "cause 1 reauth; peer-delete-ike 1; ike-deleting 1;"
	  IKE_ENDS("1", "1"),
	  "start 1/1 init old=0\n"
	  "end 1/1 ike-deleted peer rekeys=0 7s" },
	{ "IKEv1, by us: CHILD_SAs move",
	  NEW("1", "1", "init v1") NEW("2", "1", "init v1") "moved 1>2; ike-up 2;"
	  "ike-deleting 1; ike-down 1; ike-destroying 1; peer-delete 2 1;" DELETED("1")
	  "peer-delete-ike 2; ike-deleting 2;" IKE_ENDS("2", "2"),
	  "start 1/1 init old=0\n"
	  "start 2/1 init old=0\n"
	  "end 1/2 deleted peer rekeys=0 12s\n"
	  "end 2/2 ike-deleted peer rekeys=0 15s" },
	{ "IKEv1, by us, 6.x: with another SPI they are said to move to where they are",
	  NEW("1", "1", "init v1") NEW("2", "1", "init v1") "moved 1>2; moved 2>2; ike-up 2;"
	  "ike-destroying 1;" DELETED("1") DELETED("2") "ike-destroying 2",
	  "start 1/1 init old=0\n"
	  "start 2/1 init old=0\n"
	  "end 1/2 deleted local rekeys=0 10s\n"
	  "end 2/2 deleted local rekeys=0 10s" },
	{ "IKEv1, by the peer: CHILD_SAs are adopted, the old IKE_SA goes later",
	  NEW("1", "1", "resp v1") "cause 1 replaced; moved 1>2; ike-up 2; ike-deleting 1;"
	  "ike-down 1; ike-destroying 1; cause 2 timeout;" IKE_ENDS("2", "1"),
	  "start 1/1 resp old=0\n"
	  "end 1/2 dpd local rekeys=0 11s" },
	{ "IKEv1, the new IKE_SA never comes up",
	  NEW("1", "1", "init v1") "moved 1>2; ike-destroying 1; cause 2 timeout; down 1;"
	  "ike-destroying 2; destroying 1",
	  "start 1/1 init old=0\n"
	  "end 1/2 dpd local rekeys=0 6s" },
	{ "IKEv1, the new IKE_SA comes up at the second try and ends much later",
	  NEW("1", "1", "init v1") "moved 1>2; ike-destroying 1; cause 2 timeout; ike-up 2;"
	  "ike-destroying 2; destroying 1",
	  "start 1/1 init old=0\n"
	  "end 1/2 unknown ? rekeys=0 6s" },
	{ NULL, NULL, NULL },
};

static void test_reauth(void)
{
	check_all(reauth);
}

static const struct qm_case ike_rekey[] = {
	{ "by us, then a CHILD_SA is deleted by the peer and the rest by us",
	  NEW("1", "1", "init") NEW("2", "1", "init") "moved 1>2; ike-deleting 1;"
	  "ike-destroying 1; peer-delete 2 1;" DELETED("1") "ike-deleting 2;"
	  IKE_ENDS("2", "2"),
	  "start 1/1 init old=0\n"
	  "start 2/1 init old=0\n"
	  "end 1/2 deleted peer rekeys=0 10s\n"
	  "end 2/2 ike-deleted local rekeys=0 12s" },
	{ "by the peer, who deletes the old IKE_SA",
	  NEW("1", "1", "init") "moved 1>2; peer-delete-ike 1; ike-deleting 1;"
	  "ike-destroying 1; @9 expired-in 1;" DELETED("1") "ike-destroying 2",
	  "start 1/1 init old=0\n"
	  "end 1/2 expired kernel rekeys=0 8s" },
	{ "the peer did not see that both rekeyed, and deletes the old one early",
	  NEW("1", "1", "init") "peer-delete-ike 1; moved 1>2; ike-deleting 1;"
	  "ike-destroying 1; ike-deleting 2;" IKE_ENDS("2", "1"),
	  "start 1/1 init old=0\n"
	  "end 1/2 ike-deleted local rekeys=0 9s" },
	{ "collision: the redundant IKE_SA has the old one said to be expired",
	  NEW("1", "1", "init") "cause 1 expired; moved 1>2; cause 1 expired; ike-deleting 1;"
	  "ike-destroying 1; peer-delete-ike 2; ike-deleting 2;" IKE_ENDS("2", "1"),
	  "start 1/1 init old=0\n"
	  "end 1/2 ike-deleted peer rekeys=0 11s" },
	{ "again and again, with a rekey between",
	  NEW("1", "1", "init") "moved 1>2; ike-destroying 1; keys 2/2 init; installed 2;"
	  "rekeyed 1; rekey 1>2/2; deleting 1; moved 2>3; ike-destroying 2; destroying 1;"
	  DELETED("2") "ike-destroying 3",
	  "start 1/1 init old=0\n"
	  "start 2/2 init old=1\n"
	  "end 1/3 rekeyed local rekeys=0 10s\n"
	  "end 2/3 deleted local rekeys=1 7s" },
	{ "before its CHILD_SA is announced",
	  "keys 1/1 init; installed 1; moved 1>2; up 1/2; ike-destroying 1;" DELETED("1")
	  "ike-destroying 2",
	  "start 1/2 init old=0\n"
	  "end 1/2 deleted local rekeys=0 4s" },
	{ NULL, NULL, NULL },
};

static void test_ike_rekey(void)
{
	check_all(ike_rekey);
}

static const struct qm_case replaced[] = {
	{ "INITIAL_CONTACT",
	  NEW("1", "1", "resp") "@4 contact 2; @4 ike-down 1; @4 down 1; @4 ike-destroying 1;"
	  "@4 destroying 1; @4 ike-up 2;" NEW("2", "2", "resp") "ike-deleting 2;"
	  IKE_ENDS("2", "2"),
	  "start 1/1 resp old=0\n"
	  "end 1/1 replaced peer rekeys=0 5s\n"
	  "start 2/2 resp old=0\n"
	  "end 2/2 ike-deleted local rekeys=0 5s" },
	{ "INITIAL_CONTACT with EAP: the old one goes with the last message",
	  NEW("1", "1", "resp") "@4 contact 2; @5 auth 2; @6 auth 2; @6 ike-down 1;"
	  "@6 down 1; @6 ike-destroying 1; @6 destroying 1; @6 ike-up 2; ike-destroying 2",
	  "start 1/1 resp old=0\n"
	  "end 1/1 replaced peer rekeys=0 7s" },
	{ "INITIAL_CONTACT, and an unrelated IKE_SA ends meanwhile on another thread",
	  NEW("1", "1", "resp") NEW("3", "3", "resp") "@4 contact 2; @5 ike-down 3;"
	  "@4 ike-down 1; @5 down 3; @4 down 1; @5 ike-destroying 3; @4 ike-destroying 1;"
	  "@5 destroying 3; @4 destroying 1; @4 ike-up 2; ike-destroying 2",
	  "start 1/1 resp old=0\n"
	  "start 3/3 resp old=0\n"
	  "end 3/3 unknown ? rekeys=0 8s\n"
	  "end 1/1 replaced peer rekeys=0 12s" },
	{ "INITIAL_CONTACT, over: an IKE_SA that the thread ends later is not replaced",
	  NEW("1", "1", "resp") "@4 contact 2; @4 ike-up 2; @4 ike-down 1; @4 down 1;"
	  "@4 ike-destroying 1; @4 destroying 1; ike-destroying 2",
	  "start 1/1 resp old=0\n"
	  "end 1/1 unknown ? rekeys=0 6s" },
	{ "INITIAL_CONTACT, IKEv1: the old one goes when the new one is up",
	  NEW("1", "1", "resp") "@4 ike-up 2; @4 contact 2; @4 ike-down 1; @4 down 1;"
	  "@4 ike-destroying 1; @4 destroying 1; ike-destroying 2",
	  "start 1/1 resp old=0\n"
	  "end 1/1 replaced peer rekeys=0 6s" },
	{ "INITIAL_CONTACT, IKEv1, over: the new one has a CHILD_SA by now",
	  NEW("1", "1", "resp") "@4 ike-up 2; @4 contact 2;" NEW("2", "2", "resp")
	  "@4 ike-down 1; @4 down 1; @4 ike-destroying 1; @4 destroying 1;"
	  "@4 ike-deleting 2;" IKE_ENDS("2", "2"),
	  "start 1/1 resp old=0\n"
	  "start 2/2 resp old=0\n"
	  "end 1/1 unknown ? rekeys=0 9s\n"
	  "end 2/2 ike-deleted local rekeys=0 9s" },
	{ "INITIAL_CONTACT of two peers at a time",
	  NEW("1", "1", "resp") NEW("2", "2", "resp") "@4 contact 3; @5 contact 4;"
	  "@4 ike-down 1; @5 ike-down 2; @5 down 2; @4 down 1; @5 ike-destroying 2;"
	  "@4 ike-destroying 1; @4 destroying 1; @5 destroying 2; @4 ike-up 3; @5 ike-up 4;"
	  "ike-destroying 3; ike-destroying 4",
	  "start 1/1 resp old=0\n"
	  "start 2/2 resp old=0\n"
	  "end 1/1 replaced peer rekeys=0 12s\n"
	  "end 2/2 replaced peer rekeys=0 10s" },
	{ "INITIAL_CONTACT on a thread that saw a message it could not parse before",
	  NEW("1", "1", "resp") "@4 cause 1 parse-error; @4 contact 2; @4 ike-down 1;"
	  "@4 down 1; @4 ike-destroying 1; @4 destroying 1; @4 ike-up 2; ike-destroying 2",
	  "start 1/1 resp old=0\n"
	  "end 1/1 replaced peer rekeys=0 6s" },
	{ "uniqueness, IKEv2, from another address: at once",
	  NEW("1", "1", "resp") "cause 1 replaced; ike-deleting 1; ike-up 2;"
	  NEW("2", "2", "resp") IKE_ENDS("1", "1") "ike-deleting 2;" IKE_ENDS("2", "2"),
	  "start 1/1 resp old=0\n"
	  "start 2/2 resp old=0\n"
	  "end 1/1 replaced local rekeys=0 10s\n"
	  "end 2/2 ike-deleted local rekeys=0 9s" },
	{ "uniqueness, IKEv1, not adopted: CHILD_SAs are deleted one by one",
	  NEW("1", "1", "resp v1") "cause 1 replaced; ike-up 2;" NEW("2", "2", "resp v1")
	  DELETED("1") "ike-deleting 1; ike-down 1; ike-destroying 1;" DELETED("2")
	  "ike-destroying 2",
	  "start 1/1 resp old=0\n"
	  "start 2/2 resp old=0\n"
	  "end 1/1 replaced local rekeys=0 8s\n"
	  "end 2/2 deleted local rekeys=0 9s" },
	{ "uniqueness, to be replaced later: the peer deletes it before",
	  NEW("1", "1", "resp") "cause 1 replaced; peer-delete-ike 1; ike-deleting 1;"
	  IKE_ENDS("1", "1"),
	  "start 1/1 resp old=0\n"
	  "end 1/1 ike-deleted peer rekeys=0 7s" },
	{ "uniqueness, to be replaced later: the peer is found dead before",
	  NEW("1", "1", "resp") "cause 1 replaced; cause 1 timeout;" IKE_ENDS("1", "1"),
	  "start 1/1 resp old=0\n"
	  "end 1/1 dpd local rekeys=0 6s" },
	{ NULL, NULL, NULL },
};

static void test_replaced(void)
{
	check_all(replaced);
}

static const struct qm_case moved[] = {
	{ "MOBIKE, twice, two CHILD_SAs",
	  NEW("1", "1", "init") "hosts 1 7; other 1; installed 1;" NEW("2", "1", "init")
	  "hosts 1 8; other 1; installed 1; other 2; installed 2;" DELETED("2")
	  "peer-delete 1 1;" DELETED("1") "ike-destroying 1",
	  "start 1/1 init old=0\n"
	  "start 2/1 init old=0 at 7\n"
	  "end 2/1 deleted local rekeys=0 8s at 8\n"
	  "end 1/1 deleted peer rekeys=0 18s at 8" },
	{ "only the IKE_SA that moved",
	  NEW("1", "1", "init") NEW("2", "2", "init") "hosts 2 9;" DELETED("1") DELETED("2")
	  "ike-destroying 1; ike-destroying 2",
	  "start 1/1 init old=0\n"
	  "start 2/2 init old=0\n"
	  "end 1/1 deleted local rekeys=0 7s\n"
	  "end 2/2 deleted local rekeys=0 7s at 9" },
	{ "then rekeyed, the IKE_SA too",
	  NEW("1", "1", "init") "hosts 1 5; keys 2/1 init; installed 2; rekeyed 1;"
	  "rekey 1>2/1; deleting 1; destroying 1; moved 1>2; ike-destroying 1;"
	  "ike-deleting 2;" IKE_ENDS("2", "2"),
	  "start 1/1 init old=0\n"
	  "start 2/1 init old=1 at 5\n"
	  "end 1/1 rekeyed local rekeys=0 7s at 5\n"
	  "end 2/2 ike-deleted local rekeys=1 9s at 5" },
	{ "while it floats to port 4500, before there is a CHILD_SA",
	  "hosts 1 3;" NEW("1", "1", "init") DELETED("1") "ike-destroying 1",
	  "start 1/1 init old=0 at 3\n"
	  "end 1/1 deleted local rekeys=0 3s at 3" },
	{ NULL, NULL, NULL },
};

static void test_moved(void)
{
	check_all(moved);
}

static const struct qm_case parse_errors[] = {
	{ "IKEv2: charon gives up",
	  NEW("1", "1", "init") NEW("2", "1", "init") "@4 cause 1 parse-error; @4 ike-down 1;"
	  "@4 down 1; @4 down 2; @4 ike-destroying 1; @4 destroying 2; @4 destroying 1",
	  "start 1/1 init old=0\n"
	  "start 2/1 init old=0\n"
	  "end 2/1 parse-error peer rekeys=0 6s\n"
	  "end 1/1 parse-error peer rekeys=0 10s" },
	{ "in a response, which changes nothing: we end it later",
	  NEW("1", "1", "init") "@4 cause 1 parse-error; @5 ike-deleting 1; @4 ike-down 1;"
	  "@4 down 1; @4 ike-destroying 1; @4 destroying 1",
	  "start 1/1 init old=0\n"
	  "end 1/1 ike-deleted local rekeys=0 6s" },
	{ "changes nothing: another thread finds the peer dead later",
	  NEW("1", "1", "init") "@4 cause 1 parse-error; @4 cause 1 timeout; @4 ike-down 1;"
	  "@4 down 1; @4 ike-destroying 1; @4 destroying 1",
	  "start 1/1 init old=0\n"
	  "end 1/1 dpd local rekeys=0 6s" },
	{ "changes nothing: ends later for a reason not told, on another thread",
	  NEW("1", "1", "init") "@4 cause 1 parse-error; @5 ike-down 1; @5 down 1;"
	  "@5 ike-destroying 1; @5 destroying 1",
	  "start 1/1 init old=0\n"
	  "end 1/1 unknown ? rekeys=0 5s" },
	{ "IKEv1 survives it: a CHILD_SA is deleted",
	  NEW("1", "1", "init v1") "cause 1 parse-error;" DELETED("1") "ike-destroying 1",
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 4s" },
	{ "on a thread that has an EAP authentication with INITIAL_CONTACT under way",
	  NEW("1", "1", "init") "@4 contact 2; @4 cause 1 parse-error; @4 ike-down 1;"
	  "@4 down 1; @4 ike-destroying 1; @4 destroying 1; ike-destroying 2",
	  "start 1/1 init old=0\n"
	  "end 1/1 parse-error peer rekeys=0 6s" },
	{ NULL, NULL, NULL },
};

static void test_parse_errors(void)
{
	check_all(parse_errors);
}

static const struct qm_case shutdown[] = {
	{ "IKEv2",
	  NEW("1", "1", "init") NEW("2", "2", "resp") "@0 shutdown; @0 ike-deleting 1;"
	  "@0 ike-down 1; @0 down 1; @0 ike-deleting 2; @0 ike-down 2; @0 down 2;"
	  "@0 ike-destroying 1; @0 destroying 1; @0 ike-destroying 2; @0 destroying 2;"
	  "finish",
	  "start 1/1 init old=0\n"
	  "start 2/2 resp old=0\n"
	  "end 1/1 shutdown local rekeys=0 12s\n"
	  "end 2/2 shutdown local rekeys=0 11s" },
	{ "IKEv1",
	  NEW("1", "1", "init v1") "@0 shutdown;" DELETED("1")
	  "ike-deleting 1; ike-down 1; ike-destroying 1; finish",
	  "start 1/1 init old=0\n"
	  "end 1/1 shutdown local rekeys=0 4s" },
	{ "IKEv1 with adopted CHILD_SAs, not up yet: no word but destroying",
	  NEW("1", "1", "init v1") "moved 1>2; ike-destroying 1; @0 shutdown;"
	  "@0 ike-destroying 2; @0 destroying 1; finish",
	  "start 1/1 init old=0\n"
	  "end 1/2 shutdown local rekeys=0 5s" },
	{ "what ended or was ending before keeps its reason",
	  NEW("1", "1", "init") NEW("2", "1", "init") NEW("3", "2", "init") "deleting 1;"
	  "peer-delete-ike 2; ike-deleting 2; @0 shutdown;" IKE_ENDS("2", "3")
	  "@0 ike-deleting 1; @0 ike-down 1; @0 down 1; @0 down 2; @0 ike-destroying 1;"
	  "@0 destroying 2; @0 destroying 1; finish",
	  "start 1/1 init old=0\n"
	  "start 2/1 init old=0\n"
	  "start 3/2 init old=0\n"
	  "end 3/2 ike-deleted peer rekeys=0 8s\n"
	  "end 2/1 shutdown local rekeys=0 17s\n"
	  "end 1/1 deleted local rekeys=0 21s" },
	{ "the peer's DELETE gets in between",
	  NEW("1", "1", "init") "@0 shutdown; peer-delete 1 1;" DELETED("1")
	  "@0 ike-deleting 1; @0 ike-down 1; @0 ike-destroying 1; finish",
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted peer rekeys=0 5s" },
	{ "a rekeyed one that was still there",
	  NEW("1", "1", "init") "keys 2/1 init; installed 2; rekeyed 1; rekey 1>2/1;"
	  "deleting 1; @0 shutdown; @0 ike-deleting 1; @0 ike-down 1; @0 down 2;"
	  "@0 ike-destroying 1; @0 destroying 2; @0 destroying 1; finish",
	  "start 1/1 init old=0\n"
	  "start 2/1 init old=1\n"
	  "end 2/1 shutdown local rekeys=1 7s\n"
	  "end 1/1 rekeyed local rekeys=0 12s" },
	{ NULL, NULL, NULL },
};

static void test_shutdown(void)
{
	check_all(shutdown);
}

CU_TestInfo ledger_ike_tests[] = {
	{ "terminated, expired", test_terminated },
	{ "dead peer detection", test_dpd },
	{ "reauthentication", test_reauth },
	{ "IKE rekey", test_ike_rekey },
	{ "replaced", test_replaced },
	{ "addresses", test_moved },
	{ "parse errors", test_parse_errors },
	{ "shutdown", test_shutdown },
	CU_TEST_INFO_NULL,
};
