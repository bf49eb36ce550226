/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Negotiations of CHILD_SAs as text, as history.h has the lives of CHILD_SAs. Its
 * statements can be used too; more of them are
 *
 *	req> I M X		our request that proposes a CHILD_SA; req< the peer's
 *	rsp> I M X [N]	our response, with error notify N; rsp< the peer's
 *	qm1> I M		IKEv1: our first message; qm2> qm3> qm1< qm2< qm3< likewise
 *	info> I N		IKEv1: our error notify N in a message of its own; info<
 *	alert I proposal|ts|local-auth|peer-auth|authorization|vip
 *	sa-refused C/I	policy-refused C/I
 *	born> C/I		C is made for what we are about to propose; born< for what the
 *					peer has proposed
 *	failed C/I [installing] [no-spi|anew] [connecting]	C goes before it was
 *					installed; anew, it has the SPI of the CHILD_SA numbered before
 *					it; connecting, its IKE_SA is not established
 *	reset I			charon starts over with an IKE_SA
 *	abandoned I		an IKE_SA that has no CHILD_SA is about to be gone
 *	tick N			N seconds pass, then the ledger is told so
 *
 * M is the message ID and X an exchange: auth, create, or followup. 10 ms pass
 * before each. "|" is where a thread lets go of the IKE_SA; another may go on, and
 * what else is under way on the IKE_SA may come in between. An IKE_SA is of IKEv1
 * once one of IKEv1's messages, or "v1 I", was seen.
 *
 * A failure is a line:
 *
 *	fail C/I init|resp|? reason point state X M N [offer] [ts] [unauth]
 *
 * C is "ike" where only the IKE_SA's facts are known, "-" where another CHILD_SA told
 * these. The peer's address and the connection's name are always known.
 * What is not known is "?" or "-".
 */
#ifndef QM_NEGOTIATION_H
#define QM_NEGOTIATION_H

#include "history.h"
#include "ledger.h"

/** What a case needs of its IKE_SA. */
enum qm_nego_kind {
	/** we negotiate, or the peer; beside one of the other */
	QM_NEGO_OURS,
	QM_NEGO_THEIRS,
	/** the same, and nothing of the peer's comes after it */
	QM_NEGO_LAST,
	/** nothing beside it */
	QM_NEGO_ALONE,
	/** nothing beside it and nothing before it: it begins with the IKE_SA */
	QM_NEGO_FIRST,
};

/** A row of a table. */
struct qm_nego_case {
	const char *name;
	enum qm_nego_kind kind;
	const char *inputs;
	const char *events;
};

/** Negotiations in IKEv2 and in IKEv1, as charon tells them; NULL names end them. */
extern const struct qm_nego_case qm_nego_v2[];
extern const struct qm_nego_case qm_nego_v1[];

/** Inputs of a case at most. */
#define QM_NEGO_INPUTS_MAX 64

/** A case taken apart: inputs without a time. */
struct qm_nego_script {
	unsigned count;
	/** the thread lets go of the IKE_SA before it */
	bool job[QM_NEGO_INPUTS_MAX];
	/** seconds that pass before it, beside the usual time */
	uint32_t seconds[QM_NEGO_INPUTS_MAX];
	struct qm_input input[QM_NEGO_INPUTS_MAX];
};

/** Parses a case; aborts if it cannot. */
void qm_nego_parse(const struct qm_nego_case *c, struct qm_nego_script *ret);

/** Negotiations in a case: each message that begins one, also anew, and what goes
 * without. No more can fail. */
unsigned qm_nego_count(const struct qm_nego_script *script);

/** The event as a line; valid until the next call. */
const char *qm_nego_event(const struct qm_event *event);

/** Prints an input as a statement. */
void qm_nego_print(FILE *to, const struct qm_input *input);

/** Whether an input has all facts of a CHILD_SA, or of its IKE_SA. */
bool qm_nego_has_facts(const struct qm_input *input);

/** Time after so many steps and seconds. */
struct qm_time qm_nego_time(uint64_t steps, uint64_t seconds);

/** Runs a case through a ledger of its own and compares its failures, none of which
 * may be left for the ledger's end to tell. */
void qm_nego_check(const struct qm_nego_case *c);

#endif
