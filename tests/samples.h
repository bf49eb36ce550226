/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Facts of CHILD_SAs, failed negotiations, invalid packets and kernel SAs to make
 * records from.
 */
#ifndef QM_SAMPLES_H
#define QM_SAMPLES_H

#include "event.h"
#include "facts.h"

/** An address with a port from text; aborts if `ip` is not one. */
struct qm_addr qm_sample_addr(const char *ip, uint16_t port);

/** A selector for any protocol and port: "10.0.0.0", "10.255.255.255". */
struct qm_ts qm_sample_ts(const char *from, const char *to);

/** The same with a protocol and ports. */
struct qm_ts qm_sample_ts_port(const char *from, const char *to, uint8_t proto,
							   uint16_t from_port, uint16_t to_port);

/** Appends to a list that has room. */
void qm_sample_add(struct qm_ts_list *list, struct qm_ts ts);

/** Sets a text from a string. */
void qm_sample_text(struct qm_text *text, const char *s);

/** IPv4 gateway to gateway: IKEv2, responder, ESP tunnel, cipher and integrity. */
void qm_sample_tunnel(struct qm_sa_facts *sa);

/** The same for IPv6, as initiator, with an AEAD cipher. */
void qm_sample_tunnel6(struct qm_sa_facts *sa);

/** L2TP client behind a NAT: IKEv1, XAuth, ESP transport, encapsulated in UDP. */
void qm_sample_transport(struct qm_sa_facts *sa);

/** Host to host in BEET mode, AH over IPv6 with extended sequence numbers. */
void qm_sample_beet(struct qm_sa_facts *sa);

/** Everything as long as it can be. */
void qm_sample_longest(struct qm_sa_facts *sa);

/** The peer wants none of our proposals: IKEv2, CREATE_CHILD_SA. */
void qm_sample_refused(struct qm_failure *failure);

/** We cannot agree to the peer's selectors: IKEv1, Quick Mode. */
void qm_sample_quick_mode(struct qm_failure *failure);

/** Several negotiations of peers that never authenticated. */
void qm_sample_several(struct qm_failure *failure);

/** Everything as long as it can be. */
void qm_sample_longest_failure(struct qm_failure *failure);

/** IPv4, IKEv2: CREATE_CHILD_SA with a wrong checksum. */
void qm_sample_tampered(struct qm_invalid *invalid);

/** IPv6, IKEv1: Quick Mode of an IKE_SA that is not there. */
void qm_sample_stray(struct qm_invalid *invalid);

/** Several packets of one source, of which little is the same. */
void qm_sample_flood(struct qm_invalid *invalid);

/** Everything as long as it can be. */
void qm_sample_longest_invalid(struct qm_invalid *invalid);

/** IPv4: an ESP SA that somebody added by hand and did not say who. */
void qm_sample_manual(struct qm_kernel_sa *sa);

/** IPv6: an AH SA of another daemon, with all that can be known. */
void qm_sample_foreign(struct qm_kernel_sa *sa);

/** Everything as long as it can be, the name of the process needs encoding. */
void qm_sample_longest_kernel_sa(struct qm_kernel_sa *sa);

#endif
