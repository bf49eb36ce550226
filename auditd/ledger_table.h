/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ledger's memory: CHILD_SAs and the IKE_SAs they belong to, found by
 * charon's numbers or by the kernel's name for either half of a pair; and what
 * the kernel has besides. Private to the ledger.
 */
#ifndef QM_LEDGER_TABLE_H
#define QM_LEDGER_TABLE_H

#include <stdbool.h>

#include "event.h"
#include "input.h"
#include "ledger_flow.h"

#define HASH_NONFATAL_OOM 1
#include <uthash.h>

/** How far a CHILD_SA's life has come. */
enum qm_phase {
	/** has keys and SPIs, is being installed */
	QM_PHASE_KEYED,
	/** in the kernel, not announced */
	QM_PHASE_INSTALLED,
	/** being deleted before it was announced */
	QM_PHASE_WITHDRAWN,
	/** announced: its 5451 is out, its 5452 is due */
	QM_PHASE_ACTIVE,
	/** set aside before it was ever announced: the loser of a collision */
	QM_PHASE_SUPERSEDED,
	/** refused by the kernel */
	QM_PHASE_FAILED,
	/** ended: charon may hold it yet, and its 5452 may wait for counters */
	QM_PHASE_OVER,
	QM_PHASE_MAX,
};

/** What a CHILD_SA waits for. */
enum qm_sa_wait {
	QM_SA_SETTLED,
	/** it has ended, and what went through it is still to be told: its 5452 */
	QM_SA_UNCOUNTED,
	/** the kernel does not seem to have it any more: that it comes back, or ends */
	QM_SA_DOUBTED,
};

/** The halves of an SA pair. */
enum qm_side {
	QM_IN,
	QM_OUT,
	QM_SIDES,
};

/** Why something ended, as far as known by now. */
struct qm_why {
	enum qm_reason reason;
	enum qm_party by;
};

/** Either half of an SA pair, as a hash key. */
struct qm_half {
	uint32_t spi;
	uint8_t satype;
	uint8_t family;
	uint8_t pad[2];
	uint8_t dst[16];
};

struct qm_ike;

/** What waits for more to be said of a negotiation. */
enum qm_nego_wait {
	QM_WAIT_NOTHING,
	/** it fails, unless a CHILD_SA has its keys after all */
	QM_WAIT_FAILED,
	/** it was never begun: fails if the IKE_SA goes down with it */
	QM_WAIT_UNSENT,
	/** it is to be tried again: the peer was asked for another key exchange method,
	 * or charon starts over with the IKE_SA */
	QM_WAIT_RETRY,
};

/** A negotiation of a CHILD_SA that is under way. */
struct qm_nego {
	/** initiator: we began it */
	enum qm_direction direction;
	uint8_t version;
	/** 0 until there is a message */
	uint8_t exchange;
	/** of its last message */
	bool has_msgid;
	uint32_t msgid;
	enum qm_nego_state state;
	/** where its last message came in or went out, and number of that input */
	uint32_t thread;
	uint64_t input;
	/** the CHILD_SA that it is to make, 0 until that is known */
	uint32_t child_sa;
	/** the first alert that said why it fails */
	enum qm_failure_reason alert;
	/** the first error notify, and who sent it */
	uint16_t notify;
	enum qm_party notify_by;
	/** what was offered, NULL when that is not known */
	struct qm_offer *offer;
	/** the CHILD_SA that never came to life, or its IKE_SA; NULL when not known */
	struct qm_sa_facts *facts;
	/** those are of a CHILD_SA */
	bool child_failed;
	/** it was on its way into the kernel */
	bool installing;
	/** its 4654 is out; only its CHILD_SA is still to go */
	bool told;
	/** in one of the table's lists while it waits, since then */
	enum qm_nego_wait wait;
	struct qm_time since;
	struct qm_nego *wait_next;
	struct qm_nego *wait_prev;
	/** the others of the same IKE_SA: in IKEv2 one for each direction, in IKEv1
	 * several of the peer's can be under way */
	struct qm_ike *ike;
	struct qm_nego *next;
	struct qm_nego *prev;
};

/** A CHILD_SA. */
struct qm_sa {
	struct qm_sa_facts facts;
	enum qm_phase phase;
	/** time of the 5451 */
	struct qm_time established;
	/** the CHILD_SA it replaces, 0 for none */
	uint32_t old_child_sa;
	/** rekeys that led to it */
	uint32_t rekeys;
	/** the peer has sent a DELETE for it */
	bool peer_delete;
	/** another takes, or will take, its place: it only receives */
	bool replaced;
	/** why it will end, apart from what its IKE_SA does */
	struct qm_why why;
	/** NULL once charon has let go of it */
	struct qm_ike *ike;
	/** siblings of the same IKE_SA, or those of earlier runs */
	struct qm_sa *next;
	struct qm_sa *prev;
	/** what the kernel tells of its halves */
	struct qm_flow flow[QM_SIDES];
	/** the kernel had it end before it was announced */
	bool cut;
	/** in the table's list while it waits, since then */
	enum qm_sa_wait wait;
	struct qm_time since;
	struct qm_sa *wait_next;
	struct qm_sa *wait_prev;
	/** the one that it took the place of, until that has ended; those that took its
	 * own, and the next of such */
	struct qm_sa *older;
	struct qm_sa *younger;
	struct qm_sa *sibling;
	/** the run that announced it, 0 for this one; of an earlier run's, when it was last
	 * known to be there, in ms since the epoch */
	uint32_t instance;
	uint64_t last_seen_ms;
	/** bytes of all before it that have ended */
	struct qm_count before[QM_SIDES];
	struct qm_half in;
	struct qm_half out;
	UT_hash_handle hh;
	UT_hash_handle hh_in;
	UT_hash_handle hh_out;
};

/** An IKE_SA. */
struct qm_ike {
	uint32_t ike_sa;
	struct qm_sa *children;
	/** charon has let go of it */
	bool gone;
	/** announced as up, or made by a rekey of one that was; and as down */
	bool established;
	bool down;
	/** the peer has sent a DELETE for it */
	bool peer_delete;
	/** what may bring it down, the thread that saw it, and number of the input */
	enum qm_ike_cause cause;
	uint32_t cause_thread;
	uint64_t cause_input;
	/** it is being authenticated on this thread and claims to be the only one
	 * of its peer; then in the table's list of those */
	bool initial_contact;
	struct qm_ike *contact_next;
	struct qm_ike *contact_prev;
	uint32_t contact_thread;
	/** number of the input that said this last */
	uint64_t contact_input;
	/** why it went; unknown until it does */
	struct qm_why why;
	struct qm_nego *negos;
	/** the CHILD_SA that we are about to propose, 0 for none */
	uint32_t born;
	/** IKEv1: message ID of the last Quick Mode that is over, by who began it */
	struct qm_count over[QM_DIRECTION_MAX];
	UT_hash_handle hh;
};

struct qm_table {
	/** by CHILD_SA id, in order of appearance: those that charon has */
	struct qm_sa *sas;
	struct qm_sa *by_in;
	struct qm_sa *by_out;
	struct qm_ike *ikes;
	/** IKE_SAs with initial_contact */
	struct qm_ike *contacts;
	/** negotiations that wait, in the order of their times: for what the same
	 * thread says next, and for the peer */
	struct qm_nego *waiting;
	struct qm_nego *retrying;
	/** CHILD_SAs that wait, in the order of their times; and how many of them charon
	 * has let go of */
	struct qm_sa *pending;
	size_t orphans;
	/** those of earlier runs, which charon does not know; orphans too */
	struct qm_sa *earlier;
	/** CHILD_SAs with a 5451 and no 5452 yet */
	size_t open;
	/** somebody tells what the kernel has */
	bool mirrored;
	/** some of that may be missing, since then in ms since the epoch */
	bool gap;
	uint64_t gap_since_ms;
	/** SAs in the kernel that are no CHILD_SA's, by half; see ledger_stray.h */
	struct qm_stray *strays;
	/** those that are to be told of, in the order of their times */
	struct qm_stray *fresh;
	/** how many of them others than charon have added */
	size_t foreign;
};

/** @return the CHILD_SA with this id, or NULL */
struct qm_sa *qm_table_find(const struct qm_table *table, uint32_t child_sa);

/** @return the CHILD_SA of which this is a half, or NULL */
struct qm_sa *qm_table_find_half(const struct qm_table *table,
								 const struct qm_sa_id *id);

/**
 * @param ret	receives which half it is
 * @return		the CHILD_SA of which this SA of the kernel is a half, or NULL
 */
struct qm_sa *qm_table_find_kernel(const struct qm_table *table,
								   const struct qm_kernel_sa *kernel,
								   enum qm_side *ret);

/** @return a CHILD_SA of an earlier run whose half has the kernel's name of this one's,
 *			or NULL */
struct qm_sa *qm_table_find_earlier(const struct qm_table *table, const struct qm_sa *sa,
									enum qm_side side);

/** Whether an SA of the kernel with the name of this half is the CHILD_SA's, and not
 * another's of which only mark or interface id differ. */
bool qm_table_owns(const struct qm_sa *sa, enum qm_side side,
				   const struct qm_kernel_sa *kernel);

/** Sets a half to the kernel's name. */
void qm_table_name_half(struct qm_half *half, const struct qm_sa_id *id);

/** @return the IKE_SA with this id, or NULL */
struct qm_ike *qm_table_find_ike(const struct qm_table *table, uint32_t ike_sa);

/** Finds or adds an IKE_SA. @return 0 or -ENOMEM */
int qm_table_get_ike(struct qm_table *table, uint32_t ike_sa, struct qm_ike **ret);

/** Sets or clears an IKE_SA's claim to be the only one of its peer. */
void qm_table_set_contact(struct qm_table *table, struct qm_ike *ike, bool claims);

/** Adds a CHILD_SA that is not there yet. @return 0 or -ENOMEM */
int qm_table_add(struct qm_table *table, const struct qm_sa_facts *facts,
				 struct qm_sa **ret);

/** Adds one that charon does not know: it is only found by its halves.
 * @return 0 or -ENOMEM */
int qm_table_add_earlier(struct qm_table *table, const struct qm_open_sa *open,
						 struct qm_sa **ret);

/** A CHILD_SA is not found by this half any more. */
void qm_table_hide(struct qm_table *table, struct qm_sa *sa, enum qm_side side);

/** Gives a CHILD_SA other facts of the same id. @return 0 or -ENOMEM */
int qm_table_update(struct qm_table *table, struct qm_sa *sa,
					const struct qm_sa_facts *facts);

/** Has a CHILD_SA wait, or not. */
void qm_table_set_pending(struct qm_table *table, struct qm_sa *sa,
						  enum qm_sa_wait wait, struct qm_time now);

/** Charon has let go of a CHILD_SA that still waits: it is only found by its halves,
 * and forgets its IKE_SA. */
void qm_table_orphan(struct qm_table *table, struct qm_sa *sa);

/** Removes and frees a CHILD_SA, and its IKE_SA if that was waiting for it. */
void qm_table_remove(struct qm_table *table, struct qm_sa *sa);

/** Charon has let go of an IKE_SA: it is freed with the last of its children and
 * negotiations. */
void qm_table_release_ike(struct qm_table *table, struct qm_ike *ike);

/** Has a negotiation wait; or not, for NOTHING. */
void qm_table_set_wait(struct qm_table *table, struct qm_nego *nego,
					   enum qm_nego_wait wait, struct qm_time now);

/** Adds a negotiation. @return 0 or -ENOMEM */
int qm_table_add_nego(struct qm_ike *ike, enum qm_direction direction,
					  struct qm_nego **ret);

/** Forgets how a negotiation went so far; it begins again. */
void qm_table_reset_nego(struct qm_table *table, struct qm_nego *nego);

/** A negotiation is over: frees it, and its IKE_SA if that was waiting for it. */
void qm_table_drop_nego(struct qm_table *table, struct qm_nego *nego);

/** Moves all CHILD_SAs of one IKE_SA to another. */
void qm_table_move(struct qm_ike *from, struct qm_ike *to);

/** Removes and frees everything. */
void qm_table_clear(struct qm_table *table);

#endif
