/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the ledger makes of a CHILD_SA that comes and goes: established by
 * either side, deleted, expired, refused; and of what reaches it incomplete.
 * Sequences are those that charon 5.9.8 and 6.x give their listeners.
 */
#include "history.h"
#include "test.h"

#define NEW(c, i, how) "keys " c "/" i " " how "; installed " c "; up " c "/" i ";"

static void check_all(const struct qm_case *cases)
{
	for (; cases->name; cases++) {
		qm_history_check(cases, 0);
	}
}

static const struct qm_case established[] = {
	{ "IKE_AUTH, initiator",
	  "ike-up 1; keys 1/1 init; installed 1; up 1/1; deleting 1; down 1; destroying 1;"
	  "ike-destroying 1",
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 3s" },
	{ "IKE_AUTH, responder, of whom the peer deletes it at once",
	  "auth 1; ike-up 1; keys 1/1 resp; installed 1; up 1/1; peer-delete 1 1; deleting 1;"
	  "down 1; destroying 1; ike-destroying 1",
	  "start 1/1 resp old=0\n"
	  "end 1/1 deleted peer rekeys=0 4s" },
	{ "additional CHILD_SAs, either role",
	  NEW("1", "1", "init") NEW("2", "1", "init") NEW("3", "1", "resp")
	  "deleting 2; down 2; destroying 2; peer-delete 1 1; deleting 1; down 1;"
	  "destroying 1; deleting 3; down 3; destroying 3; ike-destroying 1",
	  "start 1/1 init old=0\n"
	  "start 2/1 init old=0\n"
	  "start 3/1 resp old=0\n"
	  "end 2/1 deleted local rekeys=0 6s\n"
	  "end 1/1 deleted peer rekeys=0 13s\n"
	  "end 3/1 deleted local rekeys=0 10s" },
	{ "Quick Mode, initiator",
	  "keys 1/1 init v1; installed 1; up 1/1; deleting 1; down 1; destroying 1;"
	  "ike-destroying 1",
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 3s" },
	{ "Quick Mode, responder, AH",
	  "keys 1/1 resp v1 ah; installed 1; up 1/1; peer-delete 1 1; deleting 1; down 1;"
	  "destroying 1; ike-destroying 1",
	  "start 1/1 resp old=0\n"
	  "end 1/1 deleted peer rekeys=0 4s" },
	{ "another KE method first: the first object comes to nothing",
	  "other 1; destroying 1;" NEW("2", "1", "init")
	  "deleting 2; down 2; destroying 2; ike-destroying 1",
	  "start 2/1 init old=0\n"
	  "end 2/1 deleted local rekeys=0 3s" },
	{ "installed by the responder, then its answer could not be built",
	  "keys 1/1 resp; installed 1; destroying 1; ike-destroying 1",
	  "start 1/1 resp old=0\n"
	  "end 1/1 unknown ? rekeys=0 0s" },
	{ "the same, and it stays until the IKE_SA goes",
	  "keys 1/1 resp; installed 1; peer-delete-ike 1; ike-deleting 1; ike-down 1; down 1;"
	  "ike-destroying 1; destroying 1",
	  "start 1/1 resp old=0\n"
	  "end 1/1 ike-deleted peer rekeys=0 2s" },
	{ "the same, and the peer deletes it",
	  "keys 1/1 resp; installed 1; peer-delete 1 1; deleting 1; down 1; destroying 1;"
	  "ike-destroying 1",
	  "start 1/1 resp old=0\n"
	  "end 1/1 deleted peer rekeys=0 1s" },
	{ NULL, NULL, NULL },
};

static void test_established(void)
{
	check_all(established);
}

static const struct qm_case nothing[] = {
	{ "trap policy", "other 1; destroying 1", "" },
	{ "negotiation fails before keys", "destroying 1; ike-destroying 1", "" },
	{ "SA refused by the kernel", "refused 1; destroying 1; ike-destroying 1", "" },
	{ "refused after keys",
	  "keys 1/1 resp; refused 1; destroying 1; ike-destroying 1", "" },
	{ "given up after keys", "keys 1/1 init; destroying 1; ike-destroying 1", "" },
	{ "given up after keys, with the IKE_SA",
	  "keys 1/1 init; cause 1 timeout; ike-down 1; down 1; ike-destroying 1;"
	  "destroying 1", "" },
	{ "states alone", "installed 1; rekeyed 1; deleting 1; down 1; destroying 1", "" },
	{ "inputs for what is not known",
	  "down 1; refused 1; expired-in 1; peer-delete 1 1; peer-delete-ike 1; auth 1;"
	  "cause 1 timeout; ike-up 1; ike-down 1; ike-deleting 1; ike-destroying 1;"
	  "moved 1>2; hosts 1 9; shutdown",
	  "" },
	{ "INITIAL_CONTACT of a peer that then fails to authenticate",
	  "contact 1; auth 1; ike-destroying 1", "" },
	{ NULL, NULL, NULL },
};

static void test_nothing(void)
{
	check_all(nothing);
}

static const struct qm_case ended[] = {
	{ "DELETEs cross: ours went out first",
	  NEW("1", "1", "init") "deleting 1; peer-delete 1 1; down 1; destroying 1;"
	  "ike-destroying 1",
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 4s" },
	{ "one DELETE for several of them",
	  NEW("1", "1", "init") NEW("2", "1", "init") NEW("3", "1", "init")
	  "peer-delete 1 3 1; deleting 3; deleting 1; down 3; destroying 3; down 1;"
	  "destroying 1; deleting 2; down 2; destroying 2; ike-destroying 1",
	  "start 1/1 init old=0\n"
	  "start 2/1 init old=0\n"
	  "start 3/1 init old=0\n"
	  "end 3/1 deleted peer rekeys=0 5s\n"
	  "end 1/1 deleted peer rekeys=0 13s\n"
	  "end 2/1 deleted local rekeys=0 13s" },
	{ "a DELETE on another IKE_SA is not for this CHILD_SA",
	  NEW("1", "1", "init") NEW("2", "2", "init") "peer-delete 2 1; deleting 1; down 1;"
	  "destroying 1; deleting 2; down 2; destroying 2; ike-destroying 1;"
	  "ike-destroying 2",
	  "start 1/1 init old=0\n"
	  "start 2/2 init old=0\n"
	  "end 1/1 deleted local rekeys=0 7s\n"
	  "end 2/2 deleted local rekeys=0 7s" },
	{ "IKEv1 peer names the SPI that we receive on",
	  NEW("1", "1", "resp v1") "peer-delete-in 1 1; deleting 1; down 1; destroying 1;"
	  "ike-destroying 1",
	  "start 1/1 resp old=0\n"
	  "end 1/1 deleted peer rekeys=0 4s" },
	{ "IKEv1, one of two for the same traffic, deleted without a down",
	  NEW("1", "1", "resp v1") NEW("2", "1", "resp v1")
	  "peer-delete 1 1; deleting 1; destroying 1; peer-delete 1 2; deleting 2; down 2;"
	  "destroying 2; ike-destroying 1",
	  "start 1/1 resp old=0\n"
	  "start 2/1 resp old=0\n"
	  "end 1/1 deleted peer rekeys=0 6s\n"
	  "end 2/1 deleted peer rekeys=0 7s" },
	{ "hard lifetime of the inbound SA",
	  NEW("1", "1", "init") "@9 expired-in 1; deleting 1; down 1; destroying 1;"
	  NEW("2", "1", "init") "deleting 2; down 2; destroying 2; ike-destroying 1",
	  "start 1/1 init old=0\n"
	  "end 1/1 expired kernel rekeys=0 4s\n"
	  "start 2/1 init old=0\n"
	  "end 2/1 deleted local rekeys=0 3s" },
	{ "hard lifetime of the outbound SA, IKEv1, AH",
	  "keys 1/1 resp v1 ah; installed 1; up 1/1; @9 expired-out 1; deleting 1; down 1;"
	  "destroying 1; ike-destroying 1",
	  "start 1/1 resp old=0\n"
	  "end 1/1 expired kernel rekeys=0 4s" },
	{ "both halves expire",
	  NEW("1", "1", "init") "@9 expired-in 1; @9 expired-out 1; deleting 1; down 1;"
	  "destroying 1; ike-destroying 1",
	  "start 1/1 init old=0\n"
	  "end 1/1 expired kernel rekeys=0 5s" },
	{ "expired while we were deleting it",
	  NEW("1", "1", "init") "deleting 1; @9 expired-in 1; down 1; destroying 1;"
	  "ike-destroying 1",
	  "start 1/1 init old=0\n"
	  "end 1/1 expired kernel rekeys=0 4s" },
	{ "another SA with that SPI, to another address, expires",
	  NEW("1", "1", "init") "@9 expired-in 1 77; deleting 1; down 1; destroying 1;"
	  "ike-destroying 1",
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 4s" },
	{ "another SA with that SPI, of another protocol, expires",
	  NEW("1", "1", "init") "@9 expired-in 1 alien; @9 expired-out 1 alien; deleting 1;"
	  "down 1; destroying 1; ike-destroying 1",
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 5s" },
	{ "at the peer's address before that moved, another's SA with that SPI expires",
	  NEW("1", "1", "init") "hosts 1 77; @9 expired-out 1; deleting 1; down 1;"
	  "destroying 1; ike-destroying 1",
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 5s at 77" },
	{ "expired at the address that it moved to",
	  NEW("1", "1", "init") "hosts 1 77; @9 expired-in 1 77; deleting 1; down 1;"
	  "destroying 1; ike-destroying 1",
	  "start 1/1 init old=0\n"
	  "end 1/1 expired kernel rekeys=0 5s at 77" },
	{ NULL, NULL, NULL },
};

static void test_ended(void)
{
	check_all(ended);
}

static const struct qm_case incomplete[] = {
	{ "its keys were lost",
	  "up 1/1; deleting 1; down 1; destroying 1; ike-destroying 1",
	  "start 1/1 ? old=0\n"
	  "end 1/1 deleted local rekeys=0 3s" },
	{ "its up was lost",
	  "keys 1/1 init; installed 1; deleting 1; down 1; destroying 1; ike-destroying 1",
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 1s" },
	{ "its down was lost",
	  NEW("1", "1", "init") "deleting 1; destroying 1; ike-destroying 1",
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 2s" },
	{ "everything twice",
	  "ike-up 1; ike-up 1; keys 1/1 init; keys 1/1 init; installed 1; installed 1;"
	  "up 1/1; up 1/1; keys 2/1 init; keys 2/1 init; installed 2; installed 2; rekeyed 1;"
	  "rekeyed 1; rekey 1>2/1; rekey 1>2/1; deleting 1; deleting 1; destroying 1;"
	  "destroying 1; peer-delete 1 2; peer-delete 1 2; deleting 2; deleting 2; down 2;"
	  "down 2; destroying 2; destroying 2; ike-destroying 1; ike-destroying 1",
	  "start 1/1 init old=0\n"
	  "start 2/1 init old=1\n"
	  "end 1/1 rekeyed local rekeys=0 12s\n"
	  "end 2/1 deleted peer rekeys=1 12s" },
	{ "that the IKE_SA was being deleted was lost",
	  NEW("1", "1", "init") "cause 1 expired; ike-down 1; down 1; ike-destroying 1;"
	  "destroying 1;" NEW("2", "2", "init") "cause 2 replaced; ike-down 2; down 2;"
	  "ike-destroying 2; destroying 2;" NEW("3", "3", "init") "cause 3 reauth;"
	  "ike-down 3; down 3; ike-destroying 3; destroying 3",
	  "start 1/1 init old=0\n"
	  "end 1/1 ike-expired local rekeys=0 5s\n"
	  "start 2/2 init old=0\n"
	  "end 2/2 replaced local rekeys=0 5s\n"
	  "start 3/3 init old=0\n"
	  "end 3/3 reauthenticated local rekeys=0 5s" },
	{ "that the peer has no other IKE_SA does not end the one that says so",
	  NEW("1", "1", "resp") "contact 1; ike-down 1; down 1; ike-destroying 1;"
	  "destroying 1",
	  "start 1/1 resp old=0\n"
	  "end 1/1 unknown ? rekeys=0 5s" },
	{ "said to be of the IKE_SA that it has left",
	  "keys 1/1 init; installed 1; moved 1>2; up 1/1; ike-destroying 1; deleting 1;"
	  "down 1; destroying 1; ike-destroying 2",
	  "start 1/2 init old=0\n"
	  "end 1/2 deleted local rekeys=0 4s" },
	{ "IKE_SA gone before its CHILD_SAs",
	  NEW("1", "1", "init") "peer-delete-ike 1; ike-deleting 1; ike-down 1; down 1;"
	  "ike-destroying 1; ike-destroying 1; destroying 1",
	  "start 1/1 init old=0\n"
	  "end 1/1 ike-deleted peer rekeys=0 7s" },
	{ NULL, NULL, NULL },
};

static void test_incomplete(void)
{
	check_all(incomplete);
}

/** After losses and in the wrong order: what was announced counts, nothing twice. */
static const struct qm_case disorder[] = {
	{ "announced, whatever else is said of it",
	  NEW("1", "1", "init") "installed 1; keys 1/1 init; up 1/1; down 1; refused 1;"
	  "deleting 1; rekeyed 1; installed 1; down 1; destroying 1; ike-destroying 1",
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 10s" },
	{ "keys, and no more that counts",
	  "keys 1/1 init; deleting 1; down 1; rekeyed 1; installed 1; down 1; destroying 1;"
	  "keys 2/1 init; deleting 2; down 2; destroying 2; ike-destroying 1", "" },
	{ "keys, deleted and down, and then installed after all",
	  "keys 1/1 init; deleting 1; down 1; installed 1; down 1; destroying 1;"
	  "keys 2/1 init; down 2; up 2/1; destroying 2; ike-destroying 1",
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 1s\n"
	  "start 2/1 init old=0\n"
	  "end 2/1 unknown ? rekeys=0 1s" },
	{ "refused, and no more that counts",
	  "keys 1/1 init; refused 1; refused 1; installed 1; deleting 1; down 1; rekeyed 1;"
	  "destroying 1; ike-destroying 1", "" },
	{ "refused, and announced in spite of that, at any time",
	  "keys 1/1 init; refused 1; up 1/1; destroying 1;"
	  "keys 2/1 init; refused 2; installed 2; deleting 2; down 2; rekeyed 2; refused 2;"
	  "up 2/1; destroying 2; ike-destroying 1",
	  "start 1/1 init old=0\n"
	  "end 1/1 unknown ? rekeys=0 1s\n"
	  "start 2/1 init old=0\n"
	  "end 2/1 deleted local rekeys=0 1s" },
	{ "installed twice, refused in part, and given up",
	  "keys 1/1 init; installed 1; refused 1; installed 1; destroying 1;"
	  "ike-destroying 1",
	  "start 1/1 init old=0\n"
	  "end 1/1 unknown ? rekeys=0 0s" },
	{ "set aside, and no more that counts",
	  "keys 1/1 init; installed 1; rekeyed 1; installed 1; refused 1; deleting 1; down 1;"
	  "rekeyed 1; destroying 1; ike-destroying 1", "" },
	{ "set aside, and announced after all",
	  "keys 1/1 init; installed 1; rekeyed 1; up 1/1; destroying 1; ike-destroying 1",
	  "start 1/1 init old=0\n"
	  "end 1/1 rekeyed ? rekeys=0 1s" },
	{ "deleted before it was announced, and no more that counts",
	  "keys 1/1 init; installed 1; deleting 1; deleting 1; installed 1; refused 1;"
	  "destroying 1; ike-destroying 1", "" },
	{ "deleted before it was announced, then set aside",
	  "keys 1/1 init; installed 1; deleting 1; rekeyed 1; down 1; destroying 1;"
	  "ike-destroying 1", "" },
	{ "deleted before it was announced, and announced after all",
	  "keys 1/1 init; installed 1; deleting 1; installed 1; refused 1; up 1/1;"
	  "destroying 1; keys 2/1 init; installed 2; deleting 2; deleting 2; refused 2;"
	  "down 2; destroying 2; ike-destroying 1",
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 1s\n"
	  "start 2/1 init old=0\n"
	  "end 2/1 deleted local rekeys=0 1s" },
	{ NULL, NULL, NULL },
};

static void test_disorder(void)
{
	check_all(disorder);
}

static const struct qm_case finished[] = {
	{ "the ends were lost", NEW("1", "1", "init") NEW("2", "1", "init") "finish",
	  "start 1/1 init old=0\n"
	  "start 2/1 init old=0\n"
	  "end 1/1 shutdown local rekeys=0 4s\n"
	  "end 2/1 shutdown local rekeys=0 1s" },
	{ "the ends were lost, but why is known",
	  NEW("1", "1", "init") NEW("2", "1", "init") "peer-delete 1 1; deleting 1;"
	  "peer-delete-ike 1; ike-deleting 1; finish",
	  "start 1/1 init old=0\n"
	  "start 2/1 init old=0\n"
	  "end 1/1 deleted peer rekeys=0 8s\n"
	  "end 2/1 ike-deleted peer rekeys=0 5s" },
	{ "the up and the end were lost", "keys 1/1 init; installed 1; finish",
	  "start 1/1 init old=0\n"
	  "end 1/1 shutdown local rekeys=0 0s" },
	{ "never in the kernel, never announced, refused",
	  "keys 1/1 init; keys 2/1 init; installed 2; rekeyed 2; keys 3/1 init; refused 3;"
	  "finish", "" },
	{ NULL, NULL, NULL },
};

static void test_finished(void)
{
	const struct qm_case *c;

	for (c = finished; c->name; c++) {
		/* the IKE_SA: nobody said that it is gone */
		qm_history_check(c, 1);
	}
}

CU_TestInfo ledger_tests[] = {
	{ "established", test_established },
	{ "nothing to tell", test_nothing },
	{ "deleted and expired", test_ended },
	{ "incomplete inputs", test_incomplete },
	{ "inputs in disorder", test_disorder },
	{ "charon's end", test_finished },
	CU_TEST_INFO_NULL,
};
