/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A world of IKE_SAs in which the cases of negotiation.h happen at random, one job
 * at a time for each thread and for each IKE_SA, as charon has it. What the ledger
 * says of them is compared with what the cases say.
 */
#ifndef QM_NEGO_WORLD_H
#define QM_NEGO_WORLD_H

#include <stdio.h>

#include "negotiation.h"

#define QM_WORLD_IKES 4
#define QM_WORLD_THREADS 4
#define QM_WORLD_PLAYS 24
#define QM_WORLD_LINES 3
#define QM_WORLD_LINE_MAX 160
/** CHILD_SAs that one IKE_SA can come to have. */
#define QM_WORLD_CHILDREN (2 * QM_WORLD_PLAYS)

/** A case that happens. */
struct qm_play {
	const struct qm_nego_case *c;
	const struct qm_nego_script *script;
	uint8_t version;
	uint32_t ike_sa;
	/** of the next input */
	unsigned next;
	/** its CHILD_SAs and message IDs have the case's numbers and this */
	uint32_t base;
	/** what the ledger is still to say */
	unsigned count;
	char lines[QM_WORLD_LINES][QM_WORLD_LINE_MAX];
	/** in whatever words, as its IKE_SA died */
	bool loose;
};

struct qm_world_ike {
	/** 0 if it is not there */
	uint32_t ike_sa;
	uint8_t version;
	/** what is under way: ours, the peer's; the same if nothing else may be */
	struct qm_play *ours;
	struct qm_play *theirs;
	/** something has happened on it; nothing of the peer's may any more */
	bool used;
	bool deaf;
	/** a thread is at work on it */
	bool busy;
	/** CHILD_SAs that have keys */
	unsigned children;
	uint32_t child[QM_WORLD_CHILDREN];
};

struct qm_world {
	uint64_t random;
	struct qm_ledger *ledger;
	struct qm_world_ike ikes[QM_WORLD_IKES];
	/** what each thread is at, and on which IKE_SA */
	struct qm_play *job[QM_WORLD_THREADS];
	struct qm_world_ike *held[QM_WORLD_THREADS];
	struct qm_play plays[QM_WORLD_PLAYS];
	/** cases that began, IKE_SAs that died under some, and failures told */
	unsigned begun;
	unsigned killed;
	unsigned failures;
	/** negotiations in the cases that began, each of which can fail */
	unsigned negotiations;
	uint32_t last_ike;
	unsigned waits;
	uint64_t steps;
	uint64_t seconds;
	/** one in so many inputs is lost, 0 for none */
	unsigned losses;
	FILE *print;
	char wrong[QM_WORLD_LINE_MAX + 64];
};

/**
 * Lets a world happen.
 *
 * @param losses	one in so many inputs is lost, 0 for none
 * @param print		receives every input as it is taken, NULL for no one
 * @return			what is wrong, NULL if nothing is
 */
const char *qm_world_run(struct qm_world *world, uint64_t seed, unsigned losses,
						 FILE *print);

/* For the world: nego_play.c has them. */

/** A case that needs one IKE_SA and no more; any number will do. */
void qm_play_pick(struct qm_play *play, unsigned number);

/** Notes what the ledger is to say, with the play's numbers. */
void qm_play_expect(struct qm_play *play);

/** Strikes off what the ledger said. @return whether it was expected */
bool qm_play_strike(struct qm_play *play, const char *line, uint32_t ike_sa);

enum qm_play_progress {
	QM_PLAY_NOT_BEGUN,
	/** a negotiation is under way, the first of it */
	QM_PLAY_PENDING,
	/** one has ended, and who knows what is under way */
	QM_PLAY_PAST_AN_END,
};

/** How far it has come. */
enum qm_play_progress qm_play_progress(const struct qm_play *play);

/** The CHILD_SA that a pending play has, 0 if it has none yet. */
uint32_t qm_play_child(const struct qm_play *play);

#endif
