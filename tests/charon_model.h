/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A model of charon that lives through random days: IKE_SAs and CHILD_SAs come,
 * are rekeyed, collide, move and go, by jobs on several threads, each holding
 * its IKE_SAs as charon's threads do. What charon's listeners would be told
 * comes out as steps, and with each step what is true after it.
 *
 * charon_model.c runs the jobs; charon_child.c, charon_ike.c and charon_v1.c
 * have them, after charon 5.9.8 and 6.x.
 */
#ifndef QM_CHARON_MODEL_H
#define QM_CHARON_MODEL_H

#include <stdbool.h>
#include <stdint.h>

#include "event.h"
#include "input.h"

#define QM_MODEL_CHILDREN 240
#define QM_MODEL_IKES 48
/** Threads are numbered from 1; 0 is the main thread. */
#define QM_MODEL_THREADS 5
#define QM_MODEL_KERNEL_THREAD 9
#define QM_MODEL_MIRROR_THREAD 10
#define QM_MODEL_QUEUE 128

/** What differs between versions of charon. */
enum qm_model_variant {
	QM_MODEL_5_9,
	QM_MODEL_6_0,
	/** 6.0.5: rekeyed SAs that are being deleted are not said to be down */
	QM_MODEL_6_0_5,
	QM_MODEL_VARIANTS,
};

/** One observation, and what it means. Small: histories are long. */
struct qm_step {
	enum qm_input_type type;
	uint8_t thread;
	uint8_t ike;
	uint8_t child;
	/** KEYS, UP, REKEY: IKE version, and who opened the exchange */
	uint8_t version;
	uint8_t direction;
	/** state, cause, old CHILD_SA, other IKE_SA, or last byte of an address */
	uint8_t arg;
	/** PEER_DELETE: CHILD_SAs; EXPIRED: 1 in deleted[0] for the outbound half */
	uint8_t deletes;
	uint8_t deleted[4];
	bool deletes_ike;

	/** with this the CHILD_SA counts as established: a replacement of `old` */
	bool announces;
	uint8_t old;
	uint8_t rekeys;
	/** with this it is settled why the CHILD_SA, or all of the IKE_SA, will end */
	bool blames_child;
	bool blames_ike;
	/** with this it is replaced, and by whom if that is known */
	uint8_t replaces;
	enum qm_reason reason;
	enum qm_party party;
};

/** What is true of a CHILD_SA, as far as the steps so far go. */
struct qm_truth {
	bool keyed;
	bool installed;
	bool announced;
	bool gone;
	uint8_t ike;
	uint8_t host;
	uint8_t direction;
	uint8_t old;
	uint8_t rekeys;
	enum qm_reason reason;
	enum qm_party party;
	/** the reason is its IKE_SA's */
	bool by_ike;
	/** step of its announcement, and of its end */
	unsigned start;
	unsigned end;
};

/** Where a CHILD_SA is in charon's procedures. */
enum qm_child_stage {
	STAGE_NONE,
	STAGE_INSTALLED,
	/** our rekey request is out */
	STAGE_REKEYING,
	/** rekeyed by the peer, who has to delete it */
	STAGE_REKEYED,
	/** rekeyed, our DELETE is out; or the loser of a collision, likewise */
	STAGE_REKEYED_DELETING,
	/** rekeyed and deleted, destroyed after a delay */
	STAGE_DELETED,
	/** our DELETE is out */
	STAGE_DELETING,
	/** 6.x: made by a rekey of the peer, which is not concluded */
	STAGE_UNCONCLUDED,
	/** 6.x: deleted by the peer while our rekey request is out */
	STAGE_KEPT,
	/** 6.x: the peer's of a collision, deleted while our rekey request is out */
	STAGE_PEER_KEPT,
	STAGE_GONE,
};

enum qm_ike_stage {
	IKE_NONE,
	/** authenticating, more than one message to come */
	IKE_AUTHENTICATING,
	/** IKEv1 reauthentication, holds CHILD_SAs of another */
	IKE_CONNECTING,
	IKE_UP,
	/** our DELETE is out */
	IKE_DELETING,
	/** rekeyed or reauthenticated, its CHILD_SAs have moved */
	IKE_LEFT,
	IKE_GONE,
};

struct qm_model_child {
	enum qm_child_stage stage;
	uint8_t ike;
	bool by_us;
	uint8_t old;
	uint8_t rekeys;
	/** installed, but charon never got to announce it */
	bool quiet;
	bool expired;
	/** the peer's DELETE for it has come: a later expiry does not end it */
	bool peer_deleted;
	/** REKEYED, UNCONCLUDED: the other; REKEYING: the peer's SA in a collision */
	uint8_t partner;
};

struct qm_model_ike {
	enum qm_ike_stage stage;
	uint8_t version;
	uint8_t host;
	bool locked;
	/** to be replaced soon */
	bool replaced;
	bool contact;
	/** thread that saw a message it could not parse last */
	uint8_t parse_thread;
};

/** A thread with a job: what it is going to do, and what it holds. */
struct qm_job {
	uint8_t thread;
	struct qm_step steps[QM_MODEL_QUEUE];
	unsigned next;
	unsigned count;
	uint8_t holds[3];
	unsigned held;
};

struct qm_model {
	uint64_t random;
	enum qm_model_variant variant;
	unsigned jobs_left;
	unsigned ikes_max;
	bool will_shut_down;
	/** what keys told of a CHILD_SA is not told again when it is announced */
	bool brief;
	/** nothing but the end is to come */
	bool ending;
	/** SHUTDOWN has been told */
	bool shutdown;
	/** INITIAL_CONTACT told and neither up nor gone */
	unsigned contacts;
	unsigned steps;
	unsigned children;
	unsigned ikes;
	struct qm_model_child child[QM_MODEL_CHILDREN];
	struct qm_model_ike ike[QM_MODEL_IKES];
	struct qm_job job[QM_MODEL_THREADS];
	/** by CHILD_SA */
	struct qm_truth truth[QM_MODEL_CHILDREN];
	uint8_t host[QM_MODEL_IKES];
	/** announced and not gone */
	unsigned open;
};

/** @param jobs	about how many things happen; @param ikes how many IKE_SAs at a time */
void qm_model_init(struct qm_model *model, uint64_t seed, unsigned jobs, unsigned ikes);

/** The next step; what is true has it applied. @return false at the end */
bool qm_model_next(struct qm_model *model, struct qm_step *ret);

/** The input that tells a ledger of a step. */
void qm_model_input(const struct qm_step *step, const struct qm_model *model,
					struct qm_input *ret);

/** The IPsec protocol of a CHILD_SA. */
enum qm_satype qm_model_satype(uint8_t child);

/** Settles why a CHILD_SA ends, unless that is settled, for what charon has no say in. */
void qm_model_blame(struct qm_model *model, uint8_t child, enum qm_reason reason,
					enum qm_party party);

/* For the jobs. A job is made whole; its steps come out between those of others. */

/** A random number below n. */
unsigned qm_model_below(struct qm_model *model, unsigned n);

/** True once in n times. */
bool qm_model_once_in(struct qm_model *model, unsigned n);

/** A random CHILD_SA of the IKE_SA at this stage, 0 if there is none. */
uint8_t qm_model_pick(struct qm_model *model, uint8_t ike, enum qm_child_stage stage);

/** Whether any CHILD_SA of the IKE_SA is at this stage. */
bool qm_model_has(const struct qm_model *model, uint8_t ike, enum qm_child_stage stage);

/** A random IKE_SA at this stage that no thread holds, 0 if there is none. */
uint8_t qm_model_pick_ike(struct qm_model *model, enum qm_ike_stage stage,
						  uint8_t version);

/** Has the job hold an IKE_SA. */
void qm_model_hold(struct qm_model *model, struct qm_job *job, uint8_t ike);

/** A new CHILD_SA, INSTALLED; 0 if there are too many. */
uint8_t qm_model_new_child(struct qm_model *model, uint8_t ike, bool by_us);

/** A new IKE_SA, held by the job; 0 if there are too many. */
uint8_t qm_model_new_ike(struct qm_model *model, struct qm_job *job, uint8_t version,
						 enum qm_ike_stage stage);

/** Adds a step about a CHILD_SA. */
struct qm_step *qm_step_child(struct qm_model *model, struct qm_job *job,
							  enum qm_input_type type, uint8_t child);

/** Adds a change of state; DESTROYING ends the CHILD_SA. */
struct qm_step *qm_step_state(struct qm_model *model, struct qm_job *job, uint8_t child,
							  enum qm_child_state state);

/** Adds a step about an IKE_SA. */
struct qm_step *qm_step_ike(struct qm_model *model, struct qm_job *job,
							enum qm_input_type type, uint8_t ike);

/** Adds a cause. */
void qm_step_cause(struct qm_model *model, struct qm_job *job, uint8_t ike,
				   enum qm_ike_cause cause);

/** Adds a DELETE of the peer for one or two (0: none) CHILD_SAs. */
void qm_step_peer_delete(struct qm_model *model, struct qm_job *job, uint8_t ike,
						 uint8_t one, uint8_t two);

/** Settles why the CHILD_SA of a step ends, unless it is settled. */
void qm_blame(struct qm_step *step, enum qm_reason reason, enum qm_party party);

/** Settles why all CHILD_SAs of the step's IKE_SA end, unless it is settled. */
void qm_blame_ike(struct qm_step *step, enum qm_reason reason, enum qm_party party);

/** The steps of a new CHILD_SA up to INSTALLED. */
void qm_steps_install(struct qm_model *model, struct qm_job *job, uint8_t child);

/** The same and its announcement. */
void qm_steps_up(struct qm_model *model, struct qm_job *job, uint8_t child);

/** The hook of a rekey, with which the new one is announced. */
void qm_steps_rekey(struct qm_model *model, struct qm_job *job, uint8_t old, uint8_t new);

/** A down; announces a CHILD_SA that was installed and never announced. */
void qm_steps_down(struct qm_model *model, struct qm_job *job, uint8_t child);

/** DOWN for the CHILD_SAs for which charon says it when the IKE_SA is down. */
void qm_steps_downs(struct qm_model *model, struct qm_job *job, uint8_t ike);

/** The IKE_SA is destroyed, and all that it still has. */
struct qm_step *qm_steps_ike_destroy(struct qm_model *model, struct qm_job *job,
									 uint8_t ike);

/** IKE_DOWN to the end, which settles why where nothing has. */
void qm_steps_ike_dies(struct qm_model *model, struct qm_job *job, uint8_t ike,
					   enum qm_reason reason, enum qm_party party);

/**
 * A thing that can happen to an IKE_SA that is up.
 *
 * @return	false, and nothing done, if it cannot
 */
typedef bool (*qm_happening_t)(struct qm_model *model, struct qm_job *job, uint8_t ike);

/** Tables of them, ended by NULL; what is common stands there several times. */
extern const qm_happening_t qm_child_happenings[];
extern const qm_happening_t qm_ike_happenings[];
extern const qm_happening_t qm_v1_happenings[];

/** Things that need no IKE_SA, or one that is not up. */
bool qm_happens_elsewhere(struct qm_model *model, struct qm_job *job);

/** Lets go of an IKE_SA when no more is to happen, shutting down or not. */
void qm_model_let_go(struct qm_model *model, struct qm_job *job, uint8_t ike);

/** IKEv1: deletes all CHILD_SAs of an IKE_SA, then that. */
void qm_v1_delete_all(struct qm_model *model, struct qm_job *job, uint8_t ike,
					  enum qm_reason reason);

#endif
