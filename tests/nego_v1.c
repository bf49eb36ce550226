/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Negotiations in IKEv1, by the code of charon 5.9.8: quick_mode.c,
 * informational.c and task_manager_v1.c.
 *
 * No alert tells of a failure. A task that gives up is destroyed with its CHILD_SA,
 * if it has one, and the notify that says why goes out after that.
 */
#include "negotiation.h"

const struct qm_nego_case qm_nego_v1[] = {
	/* we are asked */
	{ "no proposal is ours", QM_NEGO_THEIRS,
	  "qm1< 1 7; info> 1 14",
	  "fail ike/1 resp proposal-mismatch-child local none qm 7 14" },
	{ "no selectors are ours", QM_NEGO_THEIRS,
	  "qm1< 1 7; info> 1 18",
	  "fail ike/1 resp ts-mismatch local none qm 7 18" },
	{ "selectors narrowed to nothing", QM_NEGO_THEIRS,
	  "qm1< 1 7; born< 11/1; failed 11/1 no-spi; info> 1 18",
	  "fail 11/1 resp ts-mismatch local none qm 7 18" },
	{ "a group that is not there", QM_NEGO_THEIRS,
	  "qm1< 1 7; info> 1 17",
	  "fail ike/1 resp notify local none qm 7 17" },
	{ "no SPI", QM_NEGO_THEIRS,
	  "qm1< 1 7; born< 11/1; failed 11/1 no-spi; info> 1 14",
	  "fail 11/1 resp spi-allocation-failed local none qm 7 14" },
	{ "a payload is missing: that is an invalid packet", QM_NEGO_THEIRS,
	  "qm1< 1 7; info> 1 1",
	  "" },
	{ "a message that cannot be read is no negotiation", QM_NEGO_THEIRS,
	  "info> 1 23; | info> 1 16; | info> 1 7",
	  "" },
	{ "SA or policy refused by the kernel", QM_NEGO_THEIRS,
	  "qm1< 1 7; born< 11/1; qm2> 1 7; | qm3< 1 7; born< 11/1; failed 11/1 installing;"
	  "| tick 6",
	  "fail 11/1 resp install-child-sa-failed local first qm 7 -" },
	{ "a third message that cannot be read, and then one that can", QM_NEGO_THEIRS,
	  "qm1< 1 7; born< 11/1; qm2> 1 7; | info> 1 23; | qm3< 1 7; born< 11/1;"
	  "keys 11/1 resp v1; installed 11; up 11/1",
	  "" },
	{ "it is a rekey after all, and the kernel refuses what is made anew",
	  QM_NEGO_THEIRS,
	  "qm1< 1 7; born< 11/1; qm2> 1 7; | qm3< 1 7; failed 11/1; born< 12/1;"
	  "failed 12/1 installing anew; | tick 6",
	  "fail 12/1 resp install-child-sa-failed local first qm 7 -" },
	{ "it is a rekey after all, and the kernel takes its time", QM_NEGO_THEIRS,
	  "qm1< 1 7; born< 11/1; qm2> 1 7; | qm3< 1 7; failed 11/1; born< 12/1; tick 6;"
	  "keys 12/1 resp v1; installed 12; up 12/1",
	  "" },
	{ "it is a rekey after all, and the CHILD_SA is made anew", QM_NEGO_THEIRS,
	  "qm1< 1 7; born< 11/1; qm2> 1 7; | qm3< 1 7; failed 11/1; born< 12/1;"
	  "keys 12/1 resp v1; installed 12; up 12/1",
	  "" },
	{ "success", QM_NEGO_THEIRS,
	  "qm1< 1 7; born< 11/1; qm2> 1 7; | qm3< 1 7; born< 11/1; keys 11/1 resp v1;"
	  "installed 11; up 11/1",
	  "" },
	{ "a fourth message", QM_NEGO_THEIRS,
	  "qm1< 1 7; born< 11/1; qm2> 1 7; | qm3< 1 7; born< 11/1; keys 11/1 resp v1;"
	  "installed 11; up 11/1; | qm3< 1 7",
	  "" },

	/* we ask */
	{ "proposals refused", QM_NEGO_OURS,
	  "born> 11/1; qm1> 1 7; | info< 1 14; failed 11/1",
	  "fail 11/1 init proposal-mismatch-child remote first qm 7 14" },
	{ "selectors refused", QM_NEGO_OURS,
	  "born> 11/1; qm1> 1 7; | info< 1 18; failed 11/1",
	  "fail 11/1 init ts-mismatch remote first qm 7 18" },
	{ "refused after an error that charon ignores", QM_NEGO_OURS,
	  "born> 11/1; qm1> 1 7; | info< 1 17; | info< 1 14; failed 11/1",
	  "fail 11/1 init notify remote first qm 7 17" },
	{ "none of the peer's choice is ours", QM_NEGO_OURS,
	  "born> 11/1; qm1> 1 7; | qm2< 1 7; failed 11/1; info> 1 14",
	  "fail 11/1 init proposal-mismatch-child local first qm 7 14" },
	{ "a payload is missing in the answer", QM_NEGO_OURS,
	  "born> 11/1; qm1> 1 7; | qm2< 1 7; failed 11/1; info> 1 1",
	  "fail 11/1 init notify local first qm 7 1" },
	{ "a key that is missing in the answer", QM_NEGO_OURS,
	  "born> 11/1; qm1> 1 7; | qm2< 1 7; failed 11/1; info> 1 17",
	  "fail 11/1 init notify local first qm 7 17" },
	{ "our kernel refuses", QM_NEGO_OURS,
	  "born> 11/1; qm1> 1 7; | qm2< 1 7; failed 11/1 installing; info> 1 14",
	  "fail 11/1 init install-child-sa-failed local first qm 7 14" },
	{ "no SPI for us", QM_NEGO_ALONE,
	  "v1 1; ike-down 1; failed 11/1 no-spi; ike-destroying 1; | tick 6",
	  "fail 11/1 init spi-allocation-failed local none - - -" },
	{ "our success", QM_NEGO_OURS,
	  "born> 11/1; qm1> 1 7; | qm2< 1 7; keys 11/1 init v1; installed 11; up 11/1;"
	  "qm3> 1 7",
	  "" },
	{ "our success, and what its keys and its announcement told is lost", QM_NEGO_ALONE,
	  "born> 11/1; qm1> 1 7; | qm2< 1 7; installed 11; qm3> 1 7; | ike-deleting 1;"
	  "ike-down 1; down 11; ike-destroying 1; destroying 11; | tick 6",
	  "" },
	{ "success after an error that charon ignores", QM_NEGO_OURS,
	  "born> 11/1; qm1> 1 7; | info< 1 17; | qm2< 1 7; keys 11/1 init v1; installed 11;"
	  "up 11/1; qm3> 1 7",
	  "" },
	{ "an answer that cannot be read, and then one that can", QM_NEGO_OURS,
	  "born> 11/1; qm1> 1 7; | info> 1 23; | qm2< 1 7; keys 11/1 init v1; installed 11;"
	  "up 11/1; qm3> 1 7",
	  "" },

	/* the IKE_SA goes, with a negotiation under way */
	{ "no answer", QM_NEGO_ALONE,
	  "born> 11/1; qm1> 1 7; | cause 1 timeout; ike-down 1; ike-destroying 1;"
	  "failed 11/1",
	  "fail 11/1 init retransmit-send-timeout ? first qm 7 -" },
	{ "no answer but an error that charon ignores", QM_NEGO_ALONE,
	  "born> 11/1; qm1> 1 7; | info< 1 17; | cause 1 timeout; ike-down 1;"
	  "ike-destroying 1; failed 11/1",
	  "fail 11/1 init retransmit-send-timeout remote first qm 7 17" },
	{ "the third message never comes", QM_NEGO_ALONE,
	  "qm1< 1 7; born< 11/1; qm2> 1 7; | cause 1 timeout; ike-down 1; ike-destroying 1;"
	  "failed 11/1; | tick 6",
	  "fail 11/1 resp retransmit-send-timeout ? first qm 7 -" },
	{ "the peer refuses our choice", QM_NEGO_ALONE,
	  "qm1< 1 7; born< 11/1; qm2> 1 7; | info< 1 14; | cause 1 timeout; ike-down 1;"
	  "ike-destroying 1; failed 11/1; | tick 6",
	  "fail ike/1 resp proposal-mismatch-child remote first qm 7 14" },
	{ "one is refused, and takes another's CHILD_SA along", QM_NEGO_ALONE,
	  "qm1< 1 7; born< 11/1; qm2> 1 7; | qm1< 1 8; failed 11/1; info> 1 14;"
	  "| tick 6",
	  "fail ike/1 resp proposal-mismatch-child local none qm 8 14\n"
	  "fail 11/1 resp unknown ? first qm 7 -" },
	{ "another CHILD_SA is made, and refused by the kernel", QM_NEGO_ALONE,
	  "qm1< 1 7; born< 11/1; qm2> 1 7; | qm3< 1 7; failed 11/1; born< 12/1;"
	  "failed 12/1 installing; | tick 6",
	  "fail 12/1 resp install-child-sa-failed local first qm 7 -" },
	{ "the peer refuses three of our choices", QM_NEGO_ALONE,
	  "qm1< 1 7; born< 11/1; qm2> 1 7; | info< 1 14; | qm1< 1 8; born< 12/1; qm2> 1 8;"
	  "| info< 1 18; | qm1< 1 9; born< 13/1; qm2> 1 9; | info< 1 14; | ike-down 1;"
	  "ike-destroying 1; failed 11/1; failed 12/1; failed 13/1; | tick 6",
	  "fail ike/1 resp proposal-mismatch-child remote first qm 7 14\n"
	  "fail ike/1 resp ts-mismatch remote first qm 8 18\n"
	  "fail ike/1 resp proposal-mismatch-child remote first qm 9 14" },
	{ "the peer deletes the IKE_SA", QM_NEGO_ALONE,
	  "born> 11/1; qm1> 1 7; | peer-delete-ike 1; ike-deleting 1; failed 11/1;"
	  "ike-deleting 1; ike-down 1; ike-destroying 1; | tick 6",
	  "fail 11/1 init ike-deleted remote first qm 7 -" },
	{ "the peer deletes the IKE_SA that it asked in", QM_NEGO_ALONE,
	  "qm1< 1 7; born< 11/1; qm2> 1 7; | peer-delete-ike 1; ike-deleting 1;"
	  "ike-deleting 1; ike-down 1; failed 11/1; ike-destroying 1; | tick 6",
	  "fail 11/1 resp ike-deleted remote first qm 7 -" },
	{ "we delete the IKE_SA", QM_NEGO_ALONE,
	  "qm1< 1 7; born< 11/1; qm2> 1 7; | ike-deleting 1; ike-down 1; ike-destroying 1;"
	  "failed 11/1; | tick 6",
	  "fail 11/1 resp ike-deleted local first qm 7 -" },
	{ "its lifetime is over", QM_NEGO_ALONE,
	  "qm1< 1 7; born< 11/1; qm2> 1 7; | cause 1 expired; ike-deleting 1; ike-down 1;"
	  "ike-destroying 1; failed 11/1; | tick 6",
	  "fail 11/1 resp ike-sa-expired local first qm 7 -" },
	{ "it is replaced", QM_NEGO_ALONE,
	  "qm1< 1 7; born< 11/1; qm2> 1 7; | cause 1 replaced; ike-deleting 1; ike-down 1;"
	  "ike-destroying 1; failed 11/1; | tick 6",
	  "fail 11/1 resp unique-replace local first qm 7 -" },
	{ "it is reauthenticated", QM_NEGO_ALONE,
	  "qm1< 1 7; born< 11/1; qm2> 1 7; | cause 1 reauth; ike-deleting 1; ike-down 1;"
	  "ike-destroying 1; failed 11/1; | tick 6",
	  "fail 11/1 resp reauthenticated local first qm 7 -" },
	{ "refused, and then the IKE_SA goes", QM_NEGO_ALONE,
	  "qm1< 1 7; info> 1 18; | cause 1 timeout; ike-down 1; ike-destroying 1",
	  "fail ike/1 resp ts-mismatch local none qm 7 18" },
	{ "shutdown", QM_NEGO_ALONE,
	  "born> 11/1; qm1> 1 7; | @0 shutdown; ike-deleting 1; ike-down 1;"
	  "ike-destroying 1; failed 11/1",
	  "fail 11/1 init shutdown local first qm 7 -" },
	{ "shutdown, and the next IKE_SA", QM_NEGO_ALONE,
	  "qm1< 1 7; born< 11/1; qm2> 1 7; | @0 shutdown; ike-deleting 1; ike-down 1;"
	  "ike-destroying 1; failed 11/1; ike-destroying 2",
	  "fail 11/1 resp shutdown local first qm 7 -" },

	/* more than one thing at a time */
	{ "both at once, the peer refuses ours", QM_NEGO_ALONE,
	  "@1 born> 11/1; qm1> 1 7; | @2 qm1< 1 8; born< 12/1; qm2> 1 8; | @3 info< 1 14;"
	  "failed 11/1; | @4 qm3< 1 8; born< 12/1; keys 12/1 resp v1; installed 12; up 12/1",
	  "fail 11/1 init proposal-mismatch-child remote first qm 7 14" },
	{ "both at once, we refuse theirs", QM_NEGO_ALONE,
	  "@1 born> 11/1; qm1> 1 7; | @2 qm1< 1 8; info> 1 18; | @3 qm2< 1 7;"
	  "keys 11/1 init v1; installed 11; up 11/1; qm3> 1 7; | tick 6",
	  "fail ike/1 resp ts-mismatch local none qm 8 18" },
	{ "one after the other", QM_NEGO_ALONE,
	  "qm1< 1 7; info> 1 18; | @2 qm1< 1 8; info> 1 14; | @3 qm1< 1 9; born< 11/1;"
	  "qm2> 1 9; | @4 qm3< 1 9; born< 11/1; keys 11/1 resp v1; installed 11; up 11/1",
	  "fail ike/1 resp ts-mismatch local none qm 7 18\n"
	  "fail ike/1 resp proposal-mismatch-child local none qm 8 14" },
	{ "refused by the kernel, and the next one is not", QM_NEGO_ALONE,
	  "qm1< 1 7; born< 11/1; qm2> 1 7; | qm3< 1 7; born< 11/1; failed 11/1 installing;"
	  "| @2 qm1< 1 8; born< 12/1; qm2> 1 8; | @3 qm3< 1 8; born< 12/1;"
	  "keys 12/1 resp v1; installed 12; up 12/1; | tick 6",
	  "fail 11/1 resp install-child-sa-failed local first qm 7 -" },
	{ "the thread goes to another IKE_SA", QM_NEGO_ALONE,
	  "@1 qm1< 1 7; info> 1 18; | @1 born> 12/2; req> 2 3 create;"
	  "| @2 rsp< 2 3 create; keys 12/2 init",
	  "fail ike/1 resp ts-mismatch local none qm 7 18" },
	{ "two of the peer's at once", QM_NEGO_ALONE,
	  "@1 qm1< 1 7; born< 11/1; qm2> 1 7; | @2 qm1< 1 8; born< 12/1; qm2> 1 8;"
	  "| @1 qm3< 1 7; born< 11/1; keys 11/1 resp v1; installed 11; up 11/1;"
	  "| @2 qm3< 1 8; born< 12/1; keys 12/1 resp v1; installed 12; up 12/1",
	  "" },
	{ "two of the peer's at once, and the kernel refuses one", QM_NEGO_ALONE,
	  "@1 qm1< 1 7; born< 11/1; qm2> 1 7; | @2 qm1< 1 8; born< 12/1; qm2> 1 8;"
	  "| @1 qm3< 1 7; born< 11/1; keys 11/1 resp v1; installed 11; up 11/1;"
	  "| @2 qm3< 1 8; born< 12/1; failed 12/1 installing; | tick 6",
	  "fail 12/1 resp install-child-sa-failed local first qm 8 -" },
	{ "the peer refuses ours on the thread that was at theirs", QM_NEGO_ALONE,
	  "@1 qm1< 1 8; born< 12/1; qm2> 1 8; | @2 born> 11/1; qm1> 1 7; | @1 info< 1 14;"
	  "failed 11/1; | @1 qm3< 1 8; born< 12/1; keys 12/1 resp v1; installed 12;"
	  "up 12/1; | tick 6",
	  "fail 11/1 init proposal-mismatch-child remote first qm 7 14" },
	{ "one takes another's CHILD_SA along, and then the IKE_SA is deleted", QM_NEGO_ALONE,
	  "qm1< 1 7; born< 11/1; qm2> 1 7; | qm1< 1 8; failed 11/1; info> 1 14;"
	  "| peer-delete-ike 1; ike-deleting 1; ike-down 1; ike-destroying 1; | tick 6",
	  "fail ike/1 resp proposal-mismatch-child local none qm 8 14\n"
	  "fail 11/1 resp unknown ? first qm 7 -" },
	{ "one takes another's CHILD_SA along, and then the peer is silent", QM_NEGO_ALONE,
	  "qm1< 1 7; born< 11/1; qm2> 1 7; | qm1< 1 8; failed 11/1; info> 1 14;"
	  "| cause 1 timeout; ike-down 1; ike-destroying 1; | tick 6",
	  "fail ike/1 resp proposal-mismatch-child local none qm 8 14\n"
	  "fail 11/1 resp unknown ? first qm 7 -" },
	{ "one takes another's CHILD_SA along, and then the IKE_SA goes", QM_NEGO_ALONE,
	  "qm1< 1 7; born< 11/1; qm2> 1 7; | qm1< 1 8; failed 11/1; info> 1 14;"
	  "| @0 shutdown; @1 ike-destroying 1; | tick 6",
	  "fail ike/1 resp proposal-mismatch-child local none qm 8 14\n"
	  "fail 11/1 resp unknown ? first qm 7 -" },
	{ "no SPI for one, which takes another's CHILD_SA along", QM_NEGO_ALONE,
	  "@1 qm1< 1 7; born< 11/1; qm2> 1 7; | @2 qm1< 1 8; born< 12/1; failed 11/1;"
	  "failed 12/1 no-spi; info> 1 14; | tick 6",
	  "fail 12/1 resp spi-allocation-failed local none qm 8 14\n"
	  "fail 11/1 resp unknown ? first qm 7 -" },
	{ "both ways, and no answer", QM_NEGO_ALONE,
	  "@1 qm1< 1 8; born< 12/1; qm2> 1 8; | @2 born> 11/1; qm1> 1 7;"
	  "| @3 cause 1 timeout; ike-down 1; ike-destroying 1; failed 12/1; failed 11/1;"
	  "| tick 6",
	  "fail 12/1 resp retransmit-send-timeout ? first qm 8 -\n"
	  "fail 11/1 init retransmit-send-timeout ? first qm 7 -" },
	{ "theirs is refused by the kernel, ours goes with the IKE_SA", QM_NEGO_ALONE,
	  "@2 born> 11/1; qm1> 1 7; | @3 qm1< 1 8; born< 12/1; qm2> 1 8; | @1 qm3< 1 8;"
	  "born< 12/1; failed 12/1 installing; | @1 ike-down 1; failed 11/1;"
	  "ike-destroying 1; | tick 6",
	  "fail 12/1 resp install-child-sa-failed local first qm 8 -\n"
	  "fail 11/1 init unknown ? first qm 7 -" },
	{ "theirs is refused, ours goes with the IKE_SA", QM_NEGO_ALONE,
	  "@2 born> 11/1; qm1> 1 7; | @3 qm1< 1 8; info> 1 18; | @3 ike-down 1;"
	  "failed 11/1; ike-destroying 1; | tick 6",
	  "fail ike/1 resp ts-mismatch local none qm 8 18\n"
	  "fail 11/1 init unknown ? first qm 7 -" },
	{ "refused by the kernel, and then the IKE_SA goes", QM_NEGO_ALONE,
	  "qm1< 1 7; born< 11/1; qm2> 1 7; | qm3< 1 7; born< 11/1; failed 11/1 installing;"
	  "| cause 1 timeout; ike-down 1; ike-destroying 1; | tick 6",
	  "fail 11/1 resp install-child-sa-failed local first qm 7 -" },
	{ "the notify has to wait for the end of our exchange", QM_NEGO_ALONE,
	  "@1 born> 11/1; qm1> 1 7; | @2 qm1< 1 8; | @3 qm2< 1 7; keys 11/1 init v1;"
	  "installed 11; up 11/1; qm3> 1 7; info> 1 18",
	  "fail ike/1 resp ts-mismatch local none qm 8 18" },
	{ "the IKE_SA goes before an answer, and only its CHILD_SA is known", QM_NEGO_ALONE,
	  "qm1< 1 6; born< 11/1; qm2> 1 6; | qm3< 1 6; born< 11/1; keys 11/1 resp v1;"
	  "installed 11; up 11/1; | @2 qm1< 1 7; | ike-down 1; down 11; ike-destroying 1;"
	  "destroying 11; | tick 6",
	  "fail -/1 resp unknown ? none qm 7 -" },
	{ "the IKE_SA goes before an answer, and nothing else is known", QM_NEGO_ALONE,
	  "qm1< 1 7; | ike-down 1; abandoned 1; | tick 6",
	  "fail ike/1 resp unknown ? none qm 7 -" },
	{ "one of the peer's lingers, and the IKE_SA is deleted", QM_NEGO_ALONE,
	  "@1 qm1< 1 7; born< 11/1; qm2> 1 7; | @2 qm1< 1 8; born< 12/1; qm2> 1 8;"
	  "| @2 qm3< 1 8; born< 12/1; keys 12/1 resp v1; installed 12; up 12/1;"
	  "| @3 ike-deleting 1; ike-down 1; down 12; ike-destroying 1; failed 11/1;"
	  "destroying 12",
	  "fail 11/1 resp ike-deleted local first qm 7 -" },
	{ NULL, 0, NULL, NULL },
};
