/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Negotiations in IKEv2, by the code of charon 5.9.8, and of 6.x where it differs:
 * child_create.c, child_rekey.c, ike_auth.c, task_manager_v2.c and ike_sa.c.
 *
 * A responder's CHILD_SA goes before its answer is out, since a task is destroyed
 * when it has built its part. What an IKE_SA still has goes before it where a message
 * brings it down, or where a new IKE_SA takes the task over, and after it otherwise.
 */
#include "negotiation.h"

const struct qm_nego_case qm_nego_v2[] = {
	/* we are asked */
	{ "proposal mismatch, 5.9", QM_NEGO_THEIRS,
	  "req< 1 2 create; alert 1 proposal; failed 11/1 no-spi; rsp> 1 2 create 14",
	  "fail 11/1 resp proposal-mismatch-child local none create 2 14 offer" },
	{ "proposal mismatch, 6.x", QM_NEGO_THEIRS,
	  "req< 1 2 create; alert 1 proposal; rsp> 1 2 create 14",
	  "fail ike/1 resp proposal-mismatch-child local none create 2 14 offer" },
	{ "no configuration for the selectors", QM_NEGO_THEIRS,
	  "req< 1 2 create; alert 1 ts; rsp> 1 2 create 38",
	  "fail ike/1 resp ts-mismatch local none create 2 38 ts" },
	{ "selectors narrowed to nothing", QM_NEGO_THEIRS,
	  "req< 1 2 create; born< 11/1; alert 1 ts; failed 11/1; rsp> 1 2 create 38",
	  "fail 11/1 resp ts-mismatch local none create 2 38 ts" },
	{ "labels do not match", QM_NEGO_THEIRS,
	  "req< 1 2 create; rsp> 1 2 create 38",
	  "fail ike/1 resp ts-mismatch local none create 2 38" },
	{ "SA refused by the kernel", QM_NEGO_THEIRS,
	  "req< 1 2 create; born< 11/1; sa-refused 11/1; failed 11/1 installing;"
	  "rsp> 1 2 create 14",
	  "fail 11/1 resp install-child-sa-failed local none create 2 14" },
	{ "policy refused by the kernel", QM_NEGO_THEIRS,
	  "req< 1 2 create; born< 11/1; policy-refused 11/1; failed 11/1 installing;"
	  "rsp> 1 2 create 38",
	  "fail 11/1 resp install-child-policy-failed local none create 2 38" },
	{ "no SPI", QM_NEGO_THEIRS,
	  "req< 1 2 create; failed 11/1 no-spi; rsp> 1 2 create 14",
	  "fail 11/1 resp spi-allocation-failed local none create 2 14" },
	{ "bad public value, 5.9", QM_NEGO_THEIRS,
	  "req< 1 2 create; rsp> 1 2 create 14",
	  "fail ike/1 resp notify local none create 2 14" },
	{ "unknown CHILD_SA is to be rekeyed", QM_NEGO_THEIRS,
	  "req< 1 2 create; rsp> 1 2 create 44",
	  "fail ike/1 resp notify local none create 2 44" },
	{ "no more CHILD_SAs", QM_NEGO_THEIRS,
	  "req< 1 2 create; rsp> 1 2 create 35",
	  "fail ike/1 resp notify local none create 2 35" },
	{ "asked at a bad time", QM_NEGO_THEIRS,
	  "req< 1 2 create; rsp> 1 2 create 43",
	  "" },
	{ "asked at a bad time, and again", QM_NEGO_THEIRS,
	  "req< 1 2 create; rsp> 1 2 create 43; | req< 1 3 create; born< 11/1;"
	  "keys 11/1 resp; installed 11; up 11/1",
	  "" },
	{ "another method, and it succeeds", QM_NEGO_THEIRS,
	  "req< 1 2 create; failed 11/1; rsp> 1 2 create 17; | req< 1 3 create; born< 12/1;"
	  "keys 12/1 resp; installed 12; up 12/1",
	  "" },
	{ "another method, and it fails", QM_NEGO_THEIRS,
	  "req< 1 2 create; failed 11/1; rsp> 1 2 create 17; | req< 1 3 create; born< 12/1;"
	  "alert 1 ts; failed 12/1; rsp> 1 3 create 38",
	  "fail 12/1 resp ts-mismatch local none create 3 38 ts" },
	{ "another method, twice, and it succeeds", QM_NEGO_THEIRS,
	  "req< 1 2 create; failed 11/1; rsp> 1 2 create 17; | req< 1 3 create; failed 12/1;"
	  "rsp> 1 3 create 17; | req< 1 4 create; born< 13/1; keys 13/1 resp; installed 13;"
	  "up 13/1",
	  "" },
	{ "another method, and the peer never tries", QM_NEGO_LAST,
	  "req< 1 2 create; failed 11/1; rsp> 1 2 create 17; | tick 166",
	  "fail 11/1 resp notify local none create 2 17" },
	{ "two exchanges of keys, and the second is refused", QM_NEGO_ALONE,
	  "req< 1 2 create; born< 11/1; | req< 1 3 followup; failed 11/1;"
	  "rsp> 1 3 followup 14",
	  "fail 11/1 resp notify local none followup 3 14" },
	{ "two exchanges of keys", QM_NEGO_ALONE,
	  "req< 1 2 create; born< 11/1; | req< 1 3 followup; keys 11/1 resp; installed 11;"
	  "up 11/1",
	  "" },
	{ "success", QM_NEGO_THEIRS,
	  "req< 1 2 create; born< 11/1; keys 11/1 resp; installed 11; up 11/1",
	  "" },
	{ "a request that makes no sense is no negotiation", QM_NEGO_THEIRS,
	  "rsp> 1 2 create 7",
	  "" },

	/* we ask */
	{ "proposals refused", QM_NEGO_OURS,
	  "born> 11/1; req> 1 2 create; | rsp< 1 2 create 14; alert 1 proposal; failed 11/1",
	  "fail 11/1 init proposal-mismatch-child remote first create 2 14 offer" },
	{ "selectors refused, 5.9", QM_NEGO_OURS,
	  "born> 11/1; req> 1 2 create; | rsp< 1 2 create 38; failed 11/1",
	  "fail 11/1 init ts-mismatch remote first create 2 38" },
	{ "selectors refused, 6.x", QM_NEGO_OURS,
	  "born> 11/1; req> 1 2 create; | rsp< 1 2 create 38; alert 1 ts; failed 11/1",
	  "fail 11/1 init ts-mismatch remote first create 2 38 ts" },
	{ "one pair of addresses only", QM_NEGO_OURS,
	  "born> 11/1; req> 1 2 create; | rsp< 1 2 create 34; failed 11/1",
	  "fail 11/1 init notify remote first create 2 34" },
	{ "no additional CHILD_SAs", QM_NEGO_OURS,
	  "born> 11/1; req> 1 2 create; | rsp< 1 2 create 35; failed 11/1",
	  "fail 11/1 init notify remote first create 2 35" },
	{ "configuration required", QM_NEGO_OURS,
	  "born> 11/1; req> 1 2 create; | rsp< 1 2 create 37; failed 11/1",
	  "fail 11/1 init notify remote first create 2 37" },
	{ "invalid selectors", QM_NEGO_OURS,
	  "born> 11/1; req> 1 2 create; | rsp< 1 2 create 39; failed 11/1",
	  "fail 11/1 init notify remote first create 2 39" },
	{ "the CHILD_SA to be rekeyed is not found", QM_NEGO_OURS,
	  "born> 11/1; req> 1 2 create; | rsp< 1 2 create 44; failed 11/1",
	  "fail 11/1 init notify remote first create 2 44" },
	{ "a notify that nobody knows", QM_NEGO_OURS,
	  "born> 11/1; req> 1 2 create; | rsp< 1 2 create 249; failed 11/1",
	  "fail 11/1 init notify remote first create 2 249" },
	{ "at a bad time", QM_NEGO_OURS,
	  "born> 11/1; req> 1 2 create; | rsp< 1 2 create 43; failed 11/1",
	  "" },
	{ "the peer wants another method, and it succeeds", QM_NEGO_OURS,
	  "born> 11/1; req> 1 2 create; | rsp< 1 2 create 17; destroying 11; born> 12/1;"
	  "req> 1 3 create; | rsp< 1 3 create; keys 12/1 init; installed 12; up 12/1",
	  "" },
	{ "the peer wants another method, and another", QM_NEGO_OURS,
	  "born> 11/1; req> 1 2 create; | rsp< 1 2 create 17; destroying 11; born> 12/1;"
	  "req> 1 3 create; | rsp< 1 3 create 17; failed 12/1",
	  "fail 12/1 init notify remote first create 3 17" },
	{ "the peer wants another method, and it fails", QM_NEGO_OURS,
	  "born> 11/1; req> 1 2 create; | rsp< 1 2 create 17; destroying 11; born> 12/1;"
	  "req> 1 3 create; | rsp< 1 3 create 38; failed 12/1",
	  "fail 12/1 init ts-mismatch remote first create 3 38" },
	{ "the choice is none of our proposals", QM_NEGO_OURS,
	  "born> 11/1; req> 1 2 create; | rsp< 1 2 create; alert 1 proposal; | failed 11/1",
	  "fail 11/1 init proposal-mismatch-child local first create 2 - offer" },
	{ "the answer's selectors are none of ours", QM_NEGO_OURS,
	  "born> 11/1; req> 1 2 create; | rsp< 1 2 create; alert 1 ts; | failed 11/1",
	  "fail 11/1 init ts-mismatch local first create 2 - ts" },
	{ "our kernel refuses the SA", QM_NEGO_OURS,
	  "born> 11/1; req> 1 2 create; | rsp< 1 2 create; sa-refused 11/1;"
	  "| failed 11/1 installing",
	  "fail 11/1 init install-child-sa-failed local first create 2 -" },
	{ "our kernel refuses the SA, 6.x", QM_NEGO_OURS,
	  "born> 11/1; req> 1 2 create; | rsp< 1 2 create; sa-refused 11/1;"
	  "failed 11/1 installing",
	  "fail 11/1 init install-child-sa-failed local first create 2 -" },
	{ "our kernel refuses the policy", QM_NEGO_OURS,
	  "born> 11/1; req> 1 2 create; | rsp< 1 2 create; policy-refused 11/1;"
	  "| failed 11/1 installing",
	  "fail 11/1 init install-child-policy-failed local first create 2 -" },
	{ "a duplicate is given up unsent", QM_NEGO_OURS,
	  "born> 11/1; req> 1 2 create; | rsp< 1 2 create; keys 11/1 init; installed 11;"
	  "up 11/1; | failed 12/1 no-spi",
	  "" },
	{ "one with an SPI is given up unsent", QM_NEGO_ALONE,
	  "born> 11/1; req> 1 2 create; | rsp< 1 2 create; keys 11/1 init; installed 11;"
	  "up 11/1; | failed 12/1; | tick 6",
	  "fail 12/1 init unknown ? none - - -" },
	{ "one with an SPI is given up unsent, and then the peer is silent", QM_NEGO_ALONE,
	  "born> 11/1; req> 1 2 create; | rsp< 1 2 create; keys 11/1 init; installed 11;"
	  "up 11/1; | failed 12/1; | cause 1 timeout; ike-down 1; down 11; ike-destroying 1;"
	  "destroying 11; | tick 6",
	  "fail 12/1 init unknown ? none - - -" },
	{ "one with an SPI is given up unsent, and another is not", QM_NEGO_OURS,
	  "born> 11/1; req> 1 2 create; | rsp< 1 2 create; keys 11/1 init; installed 11;"
	  "up 11/1; | failed 12/1; born> 13/1; req> 1 3 create; | rsp< 1 3 create;"
	  "keys 13/1 init; installed 13; up 13/1",
	  "fail 12/1 init unknown ? none - - -" },
	{ "no SPI for the first", QM_NEGO_FIRST,
	  "failed 11/1 no-spi connecting; abandoned 1",
	  "fail 11/1 init spi-allocation-failed local none - - -" },
	{ "charon starts over, with success", QM_NEGO_FIRST,
	  "born> 11/1; req> 1 1 auth; | reset 1; failed 11/1 connecting; | born> 12/1;"
	  "req> 1 1 auth; | rsp< 1 1 auth; keys 12/1 init; installed 12; up 12/1",
	  "" },
	{ "charon starts over in vain", QM_NEGO_FIRST,
	  "born> 11/1; req> 1 1 auth; | cause 1 timeout; reset 1; failed 11/1 connecting;"
	  "| abandoned 1; | tick 6",
	  "fail 11/1 init retransmit-send-timeout ? first auth 1 -" },
	{ "the peer's second exchange of keys fails beside ours", QM_NEGO_ALONE,
	  "born> 11/1; req> 1 7 create; | req< 1 2 create; | req< 1 3 followup;"
	  "rsp> 1 3 followup 14; | rsp< 1 7 create; keys 11/1 init; installed 11; up 11/1",
	  "fail ike/1 resp notify local none followup 3 14" },
	{ "another's CHILD_SA goes on the thread of ours", QM_NEGO_ALONE,
	  "born> 11/1; req> 1 7 create; | req< 1 2 create; born< 12/1; failed 12/1;"
	  "rsp> 1 2 create 14; rsp< 1 7 create; keys 11/1 init; installed 11; up 11/1",
	  "fail 12/1 resp notify local none create 2 14" },
	{ "what the keys told is lost", QM_NEGO_ALONE,
	  "born> 11/1; req> 1 7 create; | rsp< 1 7 create; up 11/1; | ike-down 1;"
	  "ike-destroying 1; destroying 11; | tick 6",
	  "" },
	{ "two duplicates and another", QM_NEGO_OURS,
	  "born> 11/1; req> 1 2 create; | rsp< 1 2 create; keys 11/1 init; installed 11;"
	  "up 11/1; | failed 12/1 no-spi; | failed 13/1 no-spi; | born> 14/1;"
	  "req> 1 3 create; | rsp< 1 3 create 35; failed 14/1",
	  "fail 14/1 init notify remote first create 3 35" },
	{ "two exchanges of keys, and the peer refuses the second", QM_NEGO_OURS,
	  "born> 11/1; req> 1 2 create; | rsp< 1 2 create; req> 1 3 followup;"
	  "| rsp< 1 3 followup 14;"
	  "alert 1 proposal; failed 11/1",
	  "fail 11/1 init proposal-mismatch-child remote first followup 3 14 offer" },
	{ "our success", QM_NEGO_OURS,
	  "born> 11/1; req> 1 2 create; | rsp< 1 2 create; keys 11/1 init; installed 11;"
	  "up 11/1",
	  "" },

	/* with the IKE_SA */
	{ "we authenticate the peer and refuse its selectors", QM_NEGO_FIRST,
	  "auth 1; req< 1 1 auth; ike-up 1; alert 1 ts; rsp> 1 1 auth 38",
	  "fail ike/1 resp ts-mismatch local none auth 1 38 ts" },
	{ "no address for the peer", QM_NEGO_FIRST,
	  "auth 1; req< 1 1 auth; ike-up 1; alert 1 vip; rsp> 1 1 auth 36",
	  "fail ike/1 resp vip-failure local none auth 1 36" },
	{ "the peer asks for no address and must", QM_NEGO_FIRST,
	  "auth 1; req< 1 1 auth; ike-up 1; rsp> 1 1 auth 37",
	  "fail ike/1 resp notify local none auth 1 37" },
	{ "the peer does not authenticate", QM_NEGO_FIRST,
	  "auth 1; req< 1 1 auth; alert 1 peer-auth; rsp> 1 1 auth 24; ike-down 1;"
	  "abandoned 1",
	  "fail ike/1 resp peer-auth-failed local none auth 1 24 unauth" },
	{ "the peer is not authorized", QM_NEGO_FIRST,
	  "auth 1; req< 1 1 auth; alert 1 authorization; rsp> 1 1 auth 24; ike-down 1;"
	  "abandoned 1",
	  "fail ike/1 resp authorization-failed local none auth 1 24 unauth" },
	{ "the peer does not authenticate with EAP", QM_NEGO_FIRST,
	  "auth 1; req< 1 1 auth; rsp> 1 1 auth; | auth 1; rsp> 1 2 auth; | auth 1;"
	  "alert 1 peer-auth; rsp> 1 3 auth 24; ike-down 1; abandoned 1",
	  "fail ike/1 resp peer-auth-failed local none auth 3 24 unauth" },
	{ "the peer stops half-way", QM_NEGO_FIRST,
	  "auth 1; req< 1 1 auth; rsp> 1 1 auth; | cause 1 half-open; abandoned 1; | tick 6",
	  "fail ike/1 resp half-open-timeout ? none auth 1 - unauth" },
	{ "the peer stops before it said who it is", QM_NEGO_FIRST,
	  "cause 1 half-open; ike-destroying 1",
	  "" },
	{ "EAP in several rounds, we answer", QM_NEGO_FIRST,
	  "auth 1; req< 1 1 auth; rsp> 1 1 auth; | auth 1; rsp> 1 2 auth; | auth 1;"
	  "rsp> 1 3 auth; | auth 1; ike-up 1; born< 11/1; keys 11/1 resp; installed 11;"
	  "up 11/1; rsp> 1 4 auth",
	  "" },
	{ "EAP in several rounds, we ask", QM_NEGO_FIRST,
	  "born> 11/1; req> 1 1 auth; | auth 1; rsp< 1 1 auth; | auth 1; rsp< 1 2 auth;"
	  "| auth 1; rsp< 1 3 auth; ike-up 1; keys 11/1 init; installed 11; up 11/1",
	  "" },
	{ "EAP, and then no address", QM_NEGO_FIRST,
	  "auth 1; req< 1 1 auth; rsp> 1 1 auth; | auth 1; rsp> 1 2 auth; | @2 auth 1;"
	  "ike-up 1; alert 1 vip; rsp> 1 3 auth 36",
	  "fail ike/1 resp vip-failure local none auth 3 36" },
	{ "EAP, and then no address, and the peer says so late that it is alone",
	  QM_NEGO_FIRST,
	  "auth 1; req< 1 1 auth; rsp> 1 1 auth; | auth 1; rsp> 1 2 auth; | @2 contact 1;"
	  "ike-up 1; alert 1 vip; rsp> 1 3 auth 36",
	  "fail ike/1 resp vip-failure local none auth 3 36" },
	{ "EAP, and then the peer is not authorized", QM_NEGO_FIRST,
	  "auth 1; req< 1 1 auth; rsp> 1 1 auth; | auth 1; rsp> 1 2 auth; | @2 auth 1;"
	  "alert 1 authorization; rsp> 1 3 auth 24; ike-down 1; abandoned 1",
	  "fail ike/1 resp authorization-failed local none auth 3 24 unauth" },
	{ "EAP, and then a proposal mismatch", QM_NEGO_FIRST,
	  "auth 1; req< 1 1 auth; rsp> 1 1 auth; | auth 1; rsp> 1 2 auth; | @2 auth 1;"
	  "ike-up 1; alert 1 proposal; failed 11/1 no-spi; rsp> 1 3 auth 14",
	  "fail 11/1 resp proposal-mismatch-child local none auth 3 14 offer" },
	{ "EAP, and then the selectors do not match", QM_NEGO_FIRST,
	  "auth 1; req< 1 1 auth; rsp> 1 1 auth; | auth 1; rsp> 1 2 auth; | auth 1;"
	  "ike-up 1; alert 1 ts; rsp> 1 3 auth 38",
	  "fail ike/1 resp ts-mismatch local none auth 3 38 ts" },
	{ "no CHILD_SA was meant to be, we answer", QM_NEGO_FIRST,
	  "auth 1; ike-up 1; rsp> 1 1 auth",
	  "" },
	{ "the peer is redirected", QM_NEGO_FIRST,
	  "auth 1; req< 1 1 auth; ike-up 1; rsp> 1 1 auth",
	  "" },
	{ "we do not authenticate", QM_NEGO_FIRST,
	  "born> 11/1; req> 1 1 auth; | auth 1; rsp< 1 1 auth 24; alert 1 local-auth;"
	  "ike-down 1; failed 11/1 connecting; abandoned 1",
	  "fail 11/1 init local-auth-failed remote first auth 1 24" },
	{ "we do not authenticate with EAP", QM_NEGO_FIRST,
	  "born> 11/1; req> 1 1 auth; | auth 1; rsp< 1 1 auth; | auth 1; rsp< 1 2 auth;"
	  "| auth 1; rsp< 1 3 auth 24; alert 1 local-auth; ike-down 1;"
	  "failed 11/1 connecting; abandoned 1",
	  "fail 11/1 init local-auth-failed remote first auth 3 24" },
	{ "we do not believe the peer", QM_NEGO_FIRST,
	  "born> 11/1; req> 1 1 auth; | auth 1; rsp< 1 1 auth; alert 1 peer-auth;"
	  "ike-down 1; failed 11/1 connecting; abandoned 1",
	  "fail 11/1 init peer-auth-failed local first auth 1 -" },
	{ "the peer refuses our selectors, as the IKE_SA comes up", QM_NEGO_FIRST,
	  "born> 11/1; req> 1 1 auth; | auth 1; rsp< 1 1 auth 38; ike-up 1; failed 11/1",
	  "fail 11/1 init ts-mismatch remote first auth 1 38" },
	{ "no answer to our authentication", QM_NEGO_FIRST,
	  "born> 11/1; req> 1 1 auth; | cause 1 timeout; abandoned 1; failed 11/1",
	  "fail 11/1 init retransmit-send-timeout ? first auth 1 -" },
	{ "no answer, and from the start", QM_NEGO_FIRST,
	  "born> 11/1; req> 1 1 auth; | cause 1 timeout; reset 1; failed 11/1 connecting;"
	  "| born> 12/1; req> 1 1 auth; | auth 1; rsp< 1 1 auth; ike-up 1; keys 12/1 init;"
	  "installed 12; up 12/1",
	  "" },
	{ "no answer, and from the start in vain", QM_NEGO_FIRST,
	  "born> 11/1; req> 1 1 auth; | cause 1 timeout; reset 1; failed 11/1 connecting;"
	  "| born> 12/1; req> 1 1 auth; | cause 1 timeout; abandoned 1; failed 12/1;"
	  "| tick 6",
	  "fail 12/1 init retransmit-send-timeout ? first auth 1 -" },
	{ "no answer, and from the start, and refused", QM_NEGO_FIRST,
	  "born> 11/1; req> 1 1 auth; | cause 1 timeout; reset 1; failed 11/1 connecting;"
	  "| born> 12/1; req> 1 1 auth; | auth 1; rsp< 1 1 auth 38; ike-up 1; failed 12/1",
	  "fail 12/1 init ts-mismatch remote first auth 1 38" },
	{ "no answer, and from the start, and terminated", QM_NEGO_FIRST,
	  "born> 11/1; req> 1 1 auth; | cause 1 timeout; reset 1; failed 11/1 connecting;"
	  "| born> 12/1; req> 1 1 auth; | abandoned 1; failed 12/1; | tick 6",
	  "fail 12/1 init unknown ? first auth 1 -" },
	{ "6.x: the SA is refused, and the answer lacks AUTH", QM_NEGO_FIRST,
	  "auth 1; req< 1 1 auth; ike-up 1; born< 11/1; sa-refused 11/1; alert 1 local-auth;"
	  "failed 11/1 installing; rsp> 1 1 auth 14; ike-down 1; ike-destroying 1",
	  "fail 11/1 resp install-child-sa-failed local none auth 1 14" },

	/* the IKE_SA goes, with a negotiation under way */
	{ "no answer", QM_NEGO_ALONE,
	  "born> 11/1; req> 1 2 create; | cause 1 timeout; ike-down 1; ike-destroying 1;"
	  "failed 11/1",
	  "fail 11/1 init retransmit-send-timeout ? first create 2 -" },
	{ "no answer, and another IKE_SA takes over", QM_NEGO_ALONE,
	  "born> 11/1; req> 1 2 create; | cause 1 timeout; failed 11/1; ike-down 1;"
	  "ike-destroying 1; | @2 born> 12/2; req> 2 1 auth; | auth 2; rsp< 2 1 auth;"
	  "ike-up 2; keys 12/2 init; installed 12; up 12/2",
	  "fail 11/1 init retransmit-send-timeout ? first create 2 -" },
	{ "the peer deletes the IKE_SA", QM_NEGO_ALONE,
	  "born> 11/1; req> 1 2 create; | peer-delete-ike 1; ike-deleting 1; ike-down 1;"
	  "failed 11/1; ike-destroying 1",
	  "fail 11/1 init ike-deleted remote first create 2 -" },
	{ "the peer deletes the IKE_SA, and another takes over", QM_NEGO_ALONE,
	  "born> 11/1; req> 1 2 create; | peer-delete-ike 1; ike-deleting 1; failed 11/1;"
	  "ike-down 1; ike-destroying 1",
	  "fail 11/1 init ike-deleted remote first create 2 -" },
	{ "the peer comes back with another IKE_SA", QM_NEGO_ALONE,
	  "born> 11/1; req> 1 2 create; | @2 contact 2; req< 2 1 auth; ike-down 1;"
	  "ike-destroying 1; failed 11/1; ike-up 2; born< 12/2; keys 12/2 resp;"
	  "installed 12; up 12/2; rsp> 2 1 auth",
	  "fail 11/1 init unique-replace remote first create 2 -" },
	{ "terminated by force", QM_NEGO_ALONE,
	  "born> 11/1; req> 1 2 create; | ike-down 1; ike-destroying 1; failed 11/1",
	  "fail 11/1 init unknown ? first create 2 -" },
	{ "terminated before it is up", QM_NEGO_FIRST,
	  "born> 11/1; req> 1 1 auth; | abandoned 1; failed 11/1",
	  "fail 11/1 init unknown ? first auth 1 -" },
	{ "shutdown", QM_NEGO_ALONE,
	  "born> 11/1; req> 1 2 create; | @0 shutdown; ike-down 1; ike-destroying 1;"
	  "failed 11/1",
	  "fail 11/1 init shutdown local first create 2 -" },
	{ "shutdown before it is up", QM_NEGO_FIRST,
	  "born> 11/1; req> 1 1 auth; | @0 shutdown; abandoned 1; failed 11/1",
	  "fail 11/1 init shutdown local first auth 1 -" },
	{ "shutdown before a peer tries again", QM_NEGO_ALONE,
	  "req< 1 2 create; failed 11/1; rsp> 1 2 create 17; | @0 shutdown; ike-deleting 1;"
	  "ike-down 1; ike-destroying 1; | tick 6",
	  "fail 11/1 resp notify local none create 2 17" },
	{ "the peer deletes the IKE_SA instead of trying again", QM_NEGO_ALONE,
	  "req< 1 2 create; failed 11/1; rsp> 1 2 create 17; | peer-delete-ike 1;"
	  "ike-deleting 1; ike-down 1; ike-destroying 1; | tick 6",
	  "fail 11/1 resp notify local none create 2 17" },
	{ "closed for want of a CHILD_SA", QM_NEGO_FIRST,
	  "auth 1; req< 1 1 auth; ike-up 1; alert 1 ts; rsp> 1 1 auth 38; | ike-deleting 1;"
	  "| ike-down 1; ike-destroying 1; | tick 200",
	  "fail ike/1 resp ts-mismatch local none auth 1 38 ts" },
	{ "the peer answers that our request makes no sense", QM_NEGO_ALONE,
	  "born> 11/1; req> 1 2 create; | rsp< 1 2 create 7; cause 1 parse-error;"
	  "ike-down 1; failed 11/1; ike-destroying 1",
	  "fail 11/1 init notify remote first create 2 7" },
	{ "a message that makes no sense", QM_NEGO_ALONE,
	  "born> 11/1; req> 1 2 create; | rsp> 1 5 create 7; cause 1 parse-error;"
	  "ike-down 1; ike-destroying 1; failed 11/1",
	  "fail 11/1 init parse-error-body remote first create 2 -" },
	{ "a request that makes no sense comes before our answer", QM_NEGO_ALONE,
	  "req< 1 2 create; born< 11/1; | rsp> 1 3 create 7; cause 1 parse-error;"
	  "ike-down 1; abandoned 1; | tick 6",
	  "fail ike/1 resp parse-error-body remote none create 2 -" },
	{ "refused, and the IKE_SA goes before the SA is deleted", QM_NEGO_ALONE,
	  "born> 11/1; req> 1 2 create; | rsp< 1 2 create; sa-refused 11/1;"
	  "| cause 1 timeout; ike-down 1; ike-destroying 1; failed 11/1 installing",
	  "fail 11/1 init install-child-sa-failed local first create 2 -" },
	{ "a duplicate is given up unsent, and then the IKE_SA is deleted", QM_NEGO_ALONE,
	  "born> 11/1; req> 1 2 create; | rsp< 1 2 create; keys 11/1 init; installed 11;"
	  "up 11/1; | failed 12/1 no-spi; | ike-deleting 1; ike-down 1; down 11;"
	  "ike-destroying 1; destroying 11; | tick 6",
	  "" },
	{ "no SPI, without a CHILD_SA before", QM_NEGO_FIRST,
	  "ike-up 1; | ike-down 1; failed 11/1 no-spi; ike-destroying 1; | tick 6",
	  "fail 11/1 init spi-allocation-failed local none - - -" },
	{ "no SPI for us, while the peer is to try again, 6.x", QM_NEGO_ALONE,
	  "req< 1 2 create; rsp> 1 2 create 17; | ike-down 1; failed 12/1 no-spi;"
	  "ike-destroying 1; | tick 6",
	  "fail 12/1 init spi-allocation-failed local none - - -\n"
	  "fail ike/1 resp notify local none create 2 17" },
	{ "no SPI for us", QM_NEGO_ALONE,
	  "born> 11/1; req> 1 2 create; | rsp< 1 2 create; keys 11/1 init; installed 11;"
	  "up 11/1; | ike-down 1; down 11; failed 12/1 no-spi; ike-destroying 1;"
	  "destroying 11; | tick 6",
	  "fail 12/1 init spi-allocation-failed local none - - -" },
	{ "the peer wants a method that we do not have", QM_NEGO_ALONE,
	  "born> 11/1; req> 1 2 create; | rsp< 1 2 create 17; destroying 11; ike-down 1;"
	  "failed 12/1; ike-destroying 1",
	  "fail 12/1 init notify remote first create 2 17" },
	{ "nothing under way", QM_NEGO_ALONE,
	  "born> 11/1; req> 1 2 create; | rsp< 1 2 create; keys 11/1 init; installed 11;"
	  "up 11/1; | ike-deleting 1; ike-down 1; down 11; ike-destroying 1; destroying 11;"
	  "| tick 200",
	  "" },

	/* more than one thing at a time */
	{ "both at once, theirs fails", QM_NEGO_ALONE,
	  "born> 11/1; req> 1 2 create; | @2 req< 1 7 create; alert 1 ts;"
	  "rsp> 1 7 create 38; | @3 rsp< 1 2 create; keys 11/1 init; installed 11; up 11/1",
	  "fail ike/1 resp ts-mismatch local none create 7 38 ts" },
	{ "both at once, ours fails", QM_NEGO_ALONE,
	  "@2 born> 11/1; req> 1 2 create; | @1 req< 1 7 create; born< 12/1; keys 12/1 resp;"
	  "installed 12; up 12/1; | @1 rsp< 1 2 create 35; failed 11/1",
	  "fail 11/1 init notify remote first create 2 35" },
	{ "both at once, both fail, on one thread", QM_NEGO_ALONE,
	  "born> 11/1; req> 1 2 create; | req< 1 2 create; alert 1 proposal;"
	  "failed 12/1 no-spi; rsp> 1 2 create 14; | rsp< 1 2 create 35; failed 11/1",
	  "fail 12/1 resp proposal-mismatch-child local none create 2 14 offer\n"
	  "fail 11/1 init notify remote first create 2 35" },
	{ "the peer is to try again while ours fails", QM_NEGO_ALONE,
	  "born> 11/1; req> 1 2 create; | req< 1 2 create; failed 12/1; rsp> 1 2 create 17;"
	  "| rsp< 1 2 create; alert 1 ts; failed 11/1; | req< 1 3 create; born< 13/1;"
	  "keys 13/1 resp",
	  "fail 11/1 init ts-mismatch local first create 2 - ts" },
	{ "the IKE_SA goes, both ways", QM_NEGO_ALONE,
	  "req< 1 2 create; failed 12/1; rsp> 1 2 create 17; | born> 11/1; req> 1 2 create;"
	  "| peer-delete-ike 1; ike-deleting 1; ike-down 1; failed 11/1; ike-destroying 1;"
	  "| tick 6",
	  "fail 11/1 init ike-deleted remote first create 2 -\n"
	  "fail 12/1 resp notify local none create 2 17" },
	{ "the thread goes to another IKE_SA", QM_NEGO_ALONE,
	  "@1 auth 1; req< 1 1 auth; rsp> 1 1 auth; cause 1 half-open; abandoned 1;"
	  "| @2 born> 11/2; req> 2 3 create; | @1 rsp< 2 3 create 35; failed 11/2",
	  "fail ike/1 resp half-open-timeout ? none auth 1 - unauth\n"
	  "fail 11/2 init notify remote first create 3 35" },
	{ "the thread was at another IKE_SA", QM_NEGO_ALONE,
	  "@1 req< 2 7 create; failed 12/2; rsp> 2 7 create 17; | @2 born> 11/1;"
	  "req> 1 2 create; | @1 rsp< 1 2 create 35; failed 11/1; | @1 req< 2 8 create;"
	  "born< 13/2; keys 13/2 resp",
	  "fail 11/1 init notify remote first create 2 35" },
	{ "two IKE_SAs on two threads", QM_NEGO_ALONE,
	  "@1 req< 1 2 create; @2 req< 2 2 create; @1 born< 11/1; alert 1 ts;"
	  "@2 alert 2 proposal; @1 failed 11/1; @2 failed 12/2 no-spi;"
	  "@1 rsp> 1 2 create 38; @2 rsp> 2 2 create 14",
	  "fail 11/1 resp ts-mismatch local none create 2 38 ts\n"
	  "fail 12/2 resp proposal-mismatch-child local none create 2 14 offer" },
	{ NULL, 0, NULL, NULL },
};
