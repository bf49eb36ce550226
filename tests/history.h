/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Histories of CHILD_SAs as text, to write test cases in and to print what a
 * generated sequence did. One input is one statement; ";" ends it:
 *
 *	keys C/I [init|resp] [v1] [ah]	CHILD_SA C of IKE_SA I has keys
 *	installed|rekeyed|deleting|destroying|other C
 *	up C/I		rekey OLD>C/I		announced C		announced OLD>C
 *	down C		refused C
 *	expired-in C [N] [alien]	expired-out C [N] [alien]
 *	peer-delete I C…	peer-delete-in I C…	peer-delete-ike I
 *	contact I	auth I
 *	cause I timeout|expired|replaced|reauth|half-open|parse-error|none
 *	ike-up|ike-down|ike-deleting|ike-destroying I
 *	moved I>I	hosts I N	shutdown	finish
 *	added-in|added-out C [found] [WHAT]
 *	removed-in|removed-out C [deleted|flushed|expired|vanished] [WHAT]
 *	sync begin|end|off|none [start] [dropped=N] [changes=N]
 *	tick	wait SECONDS
 *	earlier RUN:C/I [for=N] [seen=N] [rekeys=N] [before=IN/OUT|?]
 *		[in-spi=N] [out-spi=N]
 *
 * "@T" before a statement names the thread that observed it, 1 by default. A
 * second passes before each, but none after "+", and one less yet after "+ +". WHAT of
 * the kernel is who did it, local|external|kernel|unknown, BYTES/PACKETS that went
 * through, to=N for its destination's last byte, name=PROCESS. Facts follow from the
 * numbers: C receives on 0xc0000000 + C and sends to 0xd0000000 + C, from 192.0.2.1 to
 * 198.51.100.1; after "hosts I N" from 192.0.2.N to 198.51.100.N. What expires does so
 * at N; if alien, it has C's SPI and address in another protocol. C of an earlier run
 * has been there for N seconds and was last seen N seconds before the history; it can
 * have the SPIs of another.
 *
 * Events are lines:
 *
 *	start C/I init|resp|? old=C [at N]
 *	end [RUN:]C/I reason party rekeys=N Ns [at N] [seen=N] [in=BYTES/PACKETS out=…
 *		total=IN/OUT]
 *	update C/I rekeys=N before=IN/OUT [at N]
 *	unknown in|out C to=N party name=PROCESS for Ns
 *	lost CAUSE N for Ns
 *
 * with ", Ns late" where that is not now.
 */
#ifndef QM_HISTORY_H
#define QM_HISTORY_H

#include <stdbool.h>
#include <stdio.h>

#include "event.h"
#include "input.h"
#include "ledger.h"

/** CHILD_SA and IKE_SA ids in a history are below this. */
#define QM_HISTORY_IDS 256

/** Last byte of both addresses where nothing has changed it. */
#define QM_HISTORY_HOST 1

/** A row of a table: what the ledger is told and what it has to say. */
struct qm_case {
	const char *name;
	const char *inputs;
	const char *events;
};

/** What is kept between the inputs of one history. */
struct qm_history {
	/** IKE version and protocol of each CHILD_SA, as its keys had them */
	uint8_t version[QM_HISTORY_IDS];
	enum qm_satype satype[QM_HISTORY_IDS];
	/** last byte of each IKE_SA's addresses, 0 for QM_HISTORY_HOST */
	uint8_t host[QM_HISTORY_IDS];
	uint64_t seconds;
};

/** The facts that follow from the numbers. */
void qm_history_facts(struct qm_sa_facts *sa, uint32_t child_sa, uint32_t ike_sa,
					  uint8_t version, enum qm_satype satype, uint8_t host);

/** Time after so many seconds; both clocks run, at different rates. */
struct qm_time qm_history_time(uint64_t seconds);

/** The same after milliseconds. */
struct qm_time qm_history_time_ms(uint64_t ms);

/** Words of a statement, at most, and a NULL. */
#define QM_WORDS_MAX 16

/** A statement as words. */
struct qm_words {
	/** of the case, for complaints */
	const char *name;
	unsigned count;
	char *word[QM_WORDS_MAX];
};

/** Splits the next statement off a text. @return false if there is none */
bool qm_words_next(char **rest, const char *name, struct qm_words *ret);

/** Takes the "@T" from before a statement. @return T, or `otherwise` without it */
uint32_t qm_words_thread(struct qm_words *words, uint32_t otherwise);

/** Parses a statement. */
void qm_history_parse(struct qm_history *history, const struct qm_words *words,
					  struct qm_input *ret);

/** A word as an id; aborts if it is none. */
uint32_t qm_words_number(const struct qm_words *words, const char *text);

/** Whether a word comes after the first two. */
bool qm_words_have(const struct qm_words *words, const char *word);

/** Complains about a statement and aborts. */
void qm_words_bad(const struct qm_words *words, const char *why)
	__attribute__((noreturn));

/** Prints an input as a statement. */
void qm_history_print(FILE *to, const struct qm_input *input);

/** The event as a line, or what is wrong with it; valid until the next call. */
const char *qm_history_event(const struct qm_event *event);

/** Takes an SA pair over from an earlier run, as a statement says, at a time. */
void qm_history_inherit(struct qm_history *history, const struct qm_words *words,
						struct qm_ledger *ledger, struct qm_time now);

/** What is expected of a case besides its events. */
struct qm_outcome {
	/** what qm_ledger_entries() has to be in the end, and qm_ledger_open() */
	size_t left;
	size_t open;
	/** its events have updates among them */
	bool updates;
};

/**
 * Runs a case through a ledger of its own and compares the events; twice, the second
 * time with "announced" where the facts are known by then.
 */
void qm_history_check_all(const struct qm_case *c, struct qm_outcome outcome);

/** The same, with nothing open in the end. */
void qm_history_check(const struct qm_case *c, size_t left);

#endif
