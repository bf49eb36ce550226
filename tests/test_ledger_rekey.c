/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the ledger makes of rekeys, collisions, and rekeys that go wrong, with
 * the sequences of charon 5.9.8 and of 6.x. CHILD_SA 1 is rekeyed; 2 is the
 * new one, or the one that wins; 3 the one that loses.
 */
#include "history.h"
#include "test.h"

#define NEW(c, i, how) "keys " c "/" i " " how "; installed " c "; up " c "/" i ";"
/** As new SA of a rekey, before anything is said of that. */
#define MADE(c, how) "keys " c "/1 " how "; installed " c ";"
#define DELETED(c) "deleting " c "; down " c "; destroying " c ";"
#define IKE_LOST "cause 1 timeout; ike-down 1;"
#define BY_PEER(c) "peer-delete 1 " c ";" DELETED(c)
#define DONE "ike-destroying 1"

static void check_all(const struct qm_case *cases)
{
	for (; cases->name; cases++) {
		qm_history_check(cases, 0);
	}
}

static const struct qm_case plain[] = {
	{ "by us, 5.9",
	  NEW("1", "1", "init") MADE("2", "init") "rekeyed 1; rekey 1>2/1; deleting 1;"
	  "destroying 1;" DELETED("2") DONE,
	  "start 1/1 init old=0\n"
	  "start 2/1 init old=1\n"
	  "end 1/1 rekeyed local rekeys=0 6s\n"
	  "end 2/1 deleted local rekeys=1 5s" },
	{ "by us, 6.x",
	  NEW("1", "1", "resp") MADE("2", "init") "rekey 1>2/1; rekeyed 1; deleting 1;"
	  "destroying 1;" DELETED("2") DONE,
	  "start 1/1 resp old=0\n"
	  "start 2/1 init old=1\n"
	  "end 1/1 rekeyed local rekeys=0 6s\n"
	  "end 2/1 deleted local rekeys=1 6s" },
	{ "by the peer, 5.9",
	  NEW("1", "1", "init") MADE("2", "resp") "rekeyed 1; rekey 1>2/1; peer-delete 1 1;"
	  "deleting 1; destroying 1;" DELETED("2") DONE,
	  "start 1/1 init old=0\n"
	  "start 2/1 resp old=1\n"
	  "end 1/1 rekeyed peer rekeys=0 7s\n"
	  "end 2/1 deleted local rekeys=1 6s" },
	{ "by the peer, 6.x: told with the DELETE of the old one",
	  NEW("1", "1", "init") MADE("2", "resp") "rekeyed 1; peer-delete 1 1; deleting 1;"
	  "rekey 1>2/1; destroying 1;" BY_PEER("2") DONE,
	  "start 1/1 init old=0\n"
	  "start 2/1 resp old=1\n"
	  "end 1/1 rekeyed peer rekeys=0 7s\n"
	  "end 2/1 deleted peer rekeys=1 5s" },
	{ "IKEv1 by us, the old one stays until it expires",
	  NEW("1", "1", "init v1") MADE("2", "init v1") "rekey 1>2/1; rekeyed 1;"
	  "@9 expired-in 1; deleting 1; destroying 1;" DELETED("2") DONE,
	  "start 1/1 init old=0\n"
	  "start 2/1 init old=1\n"
	  "end 1/1 rekeyed local rekeys=0 7s\n"
	  "end 2/1 deleted local rekeys=1 7s" },
	{ "IKEv1 by the peer, which deletes the old one",
	  NEW("1", "1", "init v1") MADE("2", "resp v1") "rekey 1>2/1; rekeyed 1;"
	  "peer-delete 1 1; deleting 1; destroying 1;" BY_PEER("2") DONE,
	  "start 1/1 init old=0\n"
	  "start 2/1 resp old=1\n"
	  "end 1/1 rekeyed peer rekeys=0 7s\n"
	  "end 2/1 deleted peer rekeys=1 8s" },
	{ "IKEv1, the old one was gone already",
	  NEW("1", "1", "init v1") "@9 expired-in 1;" DELETED("1") NEW("2", "1", "init v1")
	  DELETED("2") DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 expired kernel rekeys=0 4s\n"
	  "start 2/1 init old=0\n"
	  "end 2/1 deleted local rekeys=0 3s" },
	{ "again and again, by either side",
	  NEW("1", "1", "init") MADE("2", "init") "rekeyed 1; rekey 1>2/1; deleting 1;"
	  "destroying 1;" MADE("3", "resp") "rekeyed 2; rekey 2>3/1; peer-delete 1 2;"
	  "deleting 2;" MADE("4", "init") "rekeyed 3; rekey 3>4/1; deleting 3; destroying 2;"
	  "destroying 3;" DELETED("4") DONE,
	  "start 1/1 init old=0\n"
	  "start 2/1 init old=1\n"
	  "end 1/1 rekeyed local rekeys=0 6s\n"
	  "start 3/1 resp old=2\n"
	  "start 4/1 init old=3\n"
	  "end 2/1 rekeyed peer rekeys=1 14s\n"
	  "end 3/1 rekeyed local rekeys=2 9s\n"
	  "end 4/1 deleted local rekeys=3 6s" },
	{ "the old one has not been heard of",
	  MADE("2", "init") "rekeyed 1; rekey 1>2/1;" DELETED("2") DONE,
	  "start 2/1 init old=1\n"
	  "end 2/1 deleted local rekeys=1 3s" },
	{ "the keys of the new one were lost: who did it is not known",
	  NEW("1", "1", "init") "installed 2; rekeyed 1; rekey 1>2/1; deleting 1;"
	  "destroying 1;" DELETED("2") DONE,
	  "start 1/1 init old=0\n"
	  "start 2/1 ? old=1\n"
	  "end 1/1 rekeyed ? rekeys=0 5s\n"
	  "end 2/1 deleted local rekeys=1 5s" },
	{ NULL, NULL, NULL },
};

static void test_plain(void)
{
	check_all(plain);
}

static const struct qm_case ike_dies[] = {
	{ "the responder's, before the DELETE of the old one, 5.9",
	  NEW("1", "1", "init") MADE("2", "resp") "rekeyed 1; rekey 1>2/1;" IKE_LOST
	  "down 2; ike-destroying 1; destroying 2; destroying 1",
	  "start 1/1 init old=0\n"
	  "start 2/1 resp old=1\n"
	  "end 2/1 dpd local rekeys=1 5s\n"
	  "end 1/1 rekeyed peer rekeys=0 10s" },
	{ "the responder's, before the DELETE of the old one, 6.x",
	  NEW("1", "1", "init") MADE("2", "resp") "rekeyed 1;" IKE_LOST
	  "down 2; ike-destroying 1; destroying 2; destroying 1",
	  "start 1/1 init old=0\n"
	  "start 2/1 resp old=0\n"
	  "end 2/1 dpd local rekeys=0 2s\n"
	  "end 1/1 rekeyed ? rekeys=0 9s" },
	{ "the initiator's, its DELETE unanswered: the old one is said to be down, 5.9",
	  NEW("1", "1", "init") MADE("2", "init") "rekeyed 1; rekey 1>2/1; deleting 1;"
	  IKE_LOST "down 1; down 2; ike-destroying 1; destroying 2; destroying 1",
	  "start 1/1 init old=0\n"
	  "start 2/1 init old=1\n"
	  "end 2/1 dpd local rekeys=1 7s\n"
	  "end 1/1 rekeyed local rekeys=0 12s" },
	{ "the initiator's, its DELETE unanswered, 6.0.5",
	  NEW("1", "1", "init") MADE("2", "init") "rekey 1>2/1; rekeyed 1; deleting 1;"
	  IKE_LOST "down 2; ike-destroying 1; destroying 2; destroying 1",
	  "start 1/1 init old=0\n"
	  "start 2/1 init old=1\n"
	  "end 2/1 dpd local rekeys=1 7s\n"
	  "end 1/1 rekeyed local rekeys=0 11s" },
	{ "while the answer to our rekey is missing",
	  NEW("1", "1", "init") "other 1;" IKE_LOST "down 1; ike-destroying 1; destroying 1;"
	  "destroying 2",
	  "start 1/1 init old=0\n"
	  "end 1/1 dpd local rekeys=0 6s" },
	{ "with the redundant one still there, 5.9",
	  NEW("1", "1", "init") MADE("2", "resp") "rekeyed 1; rekey 1>2/1;"
	  MADE("3", "init") "rekeyed 3; deleting 3;" IKE_LOST "down 3; down 2;"
	  "ike-destroying 1; destroying 3; destroying 2; destroying 1",
	  "start 1/1 init old=0\n"
	  "start 2/1 resp old=1\n"
	  "end 2/1 dpd local rekeys=1 11s\n"
	  "end 1/1 rekeyed peer rekeys=0 16s" },
	{ NULL, NULL, NULL },
};

static void test_ike_dies(void)
{
	check_all(ike_dies);
}

static const struct qm_case collisions[] = {
	{ "won, 5.9: the loser's SA was announced, and is gone later",
	  NEW("1", "1", "init") MADE("3", "resp") "rekeyed 1; rekey 1>3/1;"
	  MADE("2", "init") "rekeyed 3; rekey 1>2/1; deleting 1; peer-delete 1 3; deleting 3;"
	  "destroying 1; destroying 3;" DELETED("2") DONE,
	  "start 1/1 init old=0\n"
	  "start 3/1 resp old=1\n"
	  "start 2/1 init old=1\n"
	  "end 1/1 rekeyed local rekeys=0 12s\n"
	  "end 3/1 rekeyed ? rekeys=1 9s\n"
	  "end 2/1 deleted local rekeys=1 8s" },
	{ "won, 5.9: the loser deleted its SA before its answer came",
	  NEW("1", "1", "init") MADE("3", "resp") "rekeyed 1; rekey 1>3/1; peer-delete 1 3;"
	  "deleting 3;" MADE("2", "init") "rekey 1>2/1; deleting 1; destroying 3;"
	  "destroying 1;" DELETED("2") DONE,
	  "start 1/1 init old=0\n"
	  "start 3/1 resp old=1\n"
	  "start 2/1 init old=1\n"
	  "end 3/1 deleted peer rekeys=1 7s\n"
	  "end 1/1 rekeyed local rekeys=0 12s\n"
	  "end 2/1 deleted local rekeys=1 6s" },
	{ "lost, 5.9",
	  NEW("1", "1", "init") MADE("2", "resp") "rekeyed 1; rekey 1>2/1;"
	  MADE("3", "init") "rekeyed 3; deleting 3; peer-delete 1 1; deleting 1;"
	  "destroying 3; destroying 1;" DELETED("2") DONE,
	  "start 1/1 init old=0\n"
	  "start 2/1 resp old=1\n"
	  "end 1/1 rekeyed peer rekeys=0 12s\n"
	  "end 2/1 deleted local rekeys=1 11s" },
	{ "won, 6.x",
	  NEW("1", "1", "init") MADE("3", "resp") "rekeyed 1;" MADE("2", "init")
	  "rekeyed 3; rekey 1>2/1; deleting 1; peer-delete 1 3; deleting 3; destroying 1;"
	  "destroying 3;" DELETED("2") DONE,
	  "start 1/1 init old=0\n"
	  "start 2/1 init old=1\n"
	  "end 1/1 rekeyed local rekeys=0 11s\n"
	  "end 2/1 deleted local rekeys=1 8s" },
	{ "won, 6.x: the loser deleted its SA before its answer came",
	  NEW("1", "1", "init") MADE("3", "resp") "rekeyed 1; peer-delete 1 3; deleting 3;"
	  "other 1;" MADE("2", "init") "rekey 1>2/1; rekeyed 1; deleting 1; destroying 3;"
	  "destroying 1;" DELETED("2") DONE,
	  "start 1/1 init old=0\n"
	  "start 2/1 init old=1\n"
	  "end 1/1 rekeyed local rekeys=0 13s\n"
	  "end 2/1 deleted local rekeys=1 7s" },
	{ "lost, 6.x",
	  NEW("1", "1", "init") MADE("2", "resp") "rekeyed 1;" MADE("3", "init")
	  "rekeyed 3; deleting 3; peer-delete 1 1; deleting 1; rekey 1>2/1; destroying 3;"
	  "destroying 1;" DELETED("2") DONE,
	  "start 1/1 init old=0\n"
	  "start 2/1 resp old=1\n"
	  "end 1/1 rekeyed peer rekeys=0 12s\n"
	  "end 2/1 deleted local rekeys=1 5s" },
	{ "6.x, out of order: old to loser, loser to winner, which is deleted at once",
	  NEW("1", "1", "init") MADE("3", "resp") "rekeyed 1; peer-delete 1 1; deleting 1;"
	  "rekey 1>3/1; peer-delete 1 2;" MADE("2", "init") "rekey 3>2/1; rekeyed 3; down 2;"
	  "destroying 2; destroying 1; peer-delete 1 3; deleting 3; destroying 3;" DONE,
	  "start 1/1 init old=0\n"
	  "start 3/1 resp old=1\n"
	  "start 2/1 init old=3\n"
	  "end 2/1 unknown ? rekeys=2 3s\n"
	  "end 1/1 rekeyed peer rekeys=0 14s\n"
	  "end 3/1 rekeyed local rekeys=1 11s" },
	{ NULL, NULL, NULL },
};

static void test_collisions(void)
{
	check_all(collisions);
}

static const struct qm_case failures[] = {
	{ "the peer deletes what we rekey, 5.9",
	  NEW("1", "1", "init") "other 1;" BY_PEER("1") "destroying 2;" DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted peer rekeys=0 5s" },
	{ "the peer deletes what we rekey, 6.x: down when its answer is in",
	  NEW("1", "1", "init") "other 1; peer-delete 1 1; deleting 1; destroying 2;"
	  "down 1; destroying 1;" DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted peer rekeys=0 6s" },
	{ "the responder cannot install, and goes on with the old one",
	  NEW("1", "1", "init") "refused 2; other 1; installed 1; destroying 2;" BY_PEER("1")
	  DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted peer rekeys=0 8s" },
	{ "its peer, which tries again",
	  NEW("1", "1", "init") "other 1; installed 1; destroying 2; other 1;"
	  MADE("3", "init") "rekeyed 1; rekey 1>3/1; deleting 1; destroying 1;" DELETED("3")
	  DONE,
	  "start 1/1 init old=0\n"
	  "start 3/1 init old=1\n"
	  "end 1/1 rekeyed local rekeys=0 10s\n"
	  "end 3/1 deleted local rekeys=1 5s" },
	{ "the initiator cannot install, 5.9, and goes on with the old one",
	  NEW("1", "1", "init") "other 1; refused 2; destroying 2; installed 1;"
	  DELETED("1") DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 7s" },
	{ "its peer, 5.9: the old one stays set aside until it goes with the IKE_SA",
	  NEW("1", "1", "resp") MADE("2", "resp") "rekeyed 1; rekey 1>2/1;" BY_PEER("2")
	  "peer-delete-ike 1; ike-deleting 1; ike-down 1; ike-destroying 1; destroying 1",
	  "start 1/1 resp old=0\n"
	  "start 2/1 resp old=1\n"
	  "end 2/1 deleted peer rekeys=1 4s\n"
	  "end 1/1 rekeyed peer rekeys=0 13s" },
	{ "the initiator cannot install, 6.x, and makes another",
	  NEW("1", "1", "init") "other 1; refused 2; deleting 1; down 1; destroying 1;"
	  "destroying 2;" NEW("3", "1", "init") DELETED("3") DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 5s\n"
	  "start 3/1 init old=0\n"
	  "end 3/1 deleted local rekeys=0 3s" },
	{ "its peer, 6.x",
	  NEW("1", "1", "resp") MADE("2", "resp") "rekeyed 1; peer-delete 1 1 2; deleting 1;"
	  "deleting 2; rekey 1>2/1; down 2; destroying 2; destroying 1;"
	  NEW("3", "1", "resp") DELETED("3") DONE,
	  "start 1/1 resp old=0\n"
	  "start 2/1 resp old=1\n"
	  "end 2/1 deleted peer rekeys=1 2s\n"
	  "end 1/1 rekeyed peer rekeys=0 10s\n"
	  "start 3/1 resp old=0\n"
	  "end 3/1 deleted local rekeys=0 3s" },
	{ "6.x, the peer deletes the new one before the old one",
	  NEW("1", "1", "init") MADE("2", "resp") "rekeyed 1; peer-delete 1 2; deleting 2;"
	  "rekey 1>2/1; down 2; destroying 2; peer-delete 1 1; deleting 1; destroying 1;"
	  DONE,
	  "start 1/1 init old=0\n"
	  "start 2/1 resp old=1\n"
	  "end 2/1 deleted peer rekeys=1 2s\n"
	  "end 1/1 rekeyed peer rekeys=0 11s" },
	{ "CHILD_SA_NOT_FOUND: given up without a DELETE, and made anew",
	  NEW("1", "1", "init") "other 1; down 1; destroying 1;" NEW("2", "1", "init")
	  DELETED("2") DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 unknown ? rekeys=0 3s\n"
	  "start 2/1 init old=0\n"
	  "end 2/1 deleted local rekeys=0 3s" },
	{ "the outbound half is refused, 5.9: told as if nothing were wrong",
	  NEW("1", "1", "init") MADE("2", "init") "refused 2; rekeyed 1; rekey 1>2/1;"
	  "deleting 1; destroying 1;" DELETED("2") DONE,
	  "start 1/1 init old=0\n"
	  "start 2/1 init old=1\n"
	  "end 1/1 rekeyed local rekeys=0 7s\n"
	  "end 2/1 deleted local rekeys=1 5s" },
	{ "the outbound half is refused, 6.x: the inbound half is all there is",
	  NEW("1", "1", "init") MADE("2", "init") "refused 2; rekeyed 1; deleting 1;"
	  "destroying 1;" DELETED("2") DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 rekeyed ? rekeys=0 6s\n"
	  "start 2/1 init old=0\n"
	  "end 2/1 deleted local rekeys=0 1s" },
	{ "another KE method first",
	  NEW("1", "1", "init") "other 1; other 2; destroying 2;" MADE("3", "init")
	  "rekeyed 1; rekey 1>3/1; deleting 1; destroying 1;" DELETED("3") DONE,
	  "start 1/1 init old=0\n"
	  "start 3/1 init old=1\n"
	  "end 1/1 rekeyed local rekeys=0 9s\n"
	  "end 3/1 deleted local rekeys=1 5s" },
	{ NULL, NULL, NULL },
};

static void test_failures(void)
{
	check_all(failures);
}

CU_TestInfo ledger_rekey_tests[] = {
	{ "by either side", test_plain },
	{ "the IKE_SA dies", test_ike_dies },
	{ "collisions", test_collisions },
	{ "rekeys that go wrong", test_failures },
	CU_TEST_INFO_NULL,
};
