/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the ledger is told: one structure for each fact that a hook observed.
 *
 * Inputs are filled on charon's threads with the bus locked, so they hold
 * copies only and are queued by value. qm_input_size() says how many bytes of
 * one are in use: the rare inputs with all of a CHILD_SA's facts are large,
 * the common ones small.
 */
#ifndef QM_INPUT_H
#define QM_INPUT_H

#include <stdint.h>

#include "clock.h"
#include "event.h"
#include "facts.h"
#include "limiter.h"
#include "policy.h"

/** SPIs that one QM_INPUT_PEER_DELETE can name; a longer list takes several. */
#define QM_DELETE_MAX 16

enum qm_input_type {
	/** a CHILD_SA has its keys and both SPIs: sa */
	QM_INPUT_KEYS,
	/** it is being given another state: child_sa, state */
	QM_INPUT_CHILD_STATE,
	/** it is announced as up: sa */
	QM_INPUT_UP,
	/** it is announced as down: child_sa */
	QM_INPUT_DOWN,
	/** it replaces another by a rekey: old_child_sa, sa (the new one) */
	QM_INPUT_REKEY,
	/** either of these, where the ledger has the facts already: child_sa, and
	 * old_child_sa or 0 */
	QM_INPUT_ANNOUNCED,
	/** the kernel refused it, in whole or in part: child_sa, alert */
	QM_INPUT_INSTALL_FAILED,
	/** the daemon raised another alert about a negotiation: ike_sa, alert */
	QM_INPUT_ALERT,
	/** the same, with what was offered: offer */
	QM_INPUT_ALERT_OFFER,
	/** a message of a negotiation came in or goes out: ike_sa, message */
	QM_INPUT_MESSAGE,
	/** the same with an error in it: sa, as far as it is known */
	QM_INPUT_MESSAGE_ERROR,
	/** a negotiation has made a CHILD_SA, or made another: child_sa, direction */
	QM_INPUT_CHILD_BORN,
	/** a CHILD_SA goes that never came to life: sa, as far as it is known, and
	 * installing, unestablished */
	QM_INPUT_CHILD_FAILED,
	/** the kernel reached a hard limit of an SA: expired */
	QM_INPUT_EXPIRED,
	/** the peer asked to delete SAs or the IKE_SA: ike_sa, deleted */
	QM_INPUT_PEER_DELETE,
	/** the peer says in its authentication that it has no other IKE_SA: ike_sa */
	QM_INPUT_INITIAL_CONTACT,
	/** another message of the peer's authentication: ike_sa */
	QM_INPUT_IKE_AUTH,
	/** something that may bring the IKE_SA down: ike_sa, cause */
	QM_INPUT_IKE_CAUSE,
	/** ike_sa: established */
	QM_INPUT_IKE_UP,
	/** ike_sa: announced as down */
	QM_INPUT_IKE_DOWN,
	/** ike_sa: charon starts over with it */
	QM_INPUT_IKE_RESET,
	/** ike_sa: being deleted, with or without the peer knowing */
	QM_INPUT_IKE_DELETING,
	/** ike_sa: about to be gone */
	QM_INPUT_IKE_DESTROYING,
	/** the same of one that has no CHILD_SA: sa, as far as it is known */
	QM_INPUT_IKE_ABANDONED,
	/** CHILD_SAs move from ike_sa to new_ike_sa (IKE rekey, IKEv1 reauth) */
	QM_INPUT_IKE_MOVED,
	/** ike_sa has new addresses (MOBIKE, NAT mapping): hosts */
	QM_INPUT_IKE_HOSTS,
	/** the kernel has an SA: kernel */
	QM_INPUT_KERNEL_ADDED,
	/** the kernel has it no more: kernel */
	QM_INPUT_KERNEL_REMOVED,
	/** how far what is told of the kernel can be relied on: sync */
	QM_INPUT_KERNEL_SYNC,
	/** charon was told to stop */
	QM_INPUT_SHUTDOWN,
	/** a packet was rejected, and is to be written: invalid */
	QM_INPUT_INVALID,
	/** time has passed */
	QM_INPUT_TICK,
	/** the settings were read again: settings */
	QM_INPUT_SETTINGS,
	QM_INPUT_MAX,
};

/** States of a CHILD_SA that the ledger's rules know. */
enum qm_child_state {
	QM_CHILD_OTHER,
	QM_CHILD_INSTALLED,
	QM_CHILD_REKEYED,
	QM_CHILD_DELETING,
	QM_CHILD_DESTROYING,
	QM_CHILD_STATE_MAX,
};

/** What may bring an IKE_SA down, seen before it goes. */
enum qm_ike_cause {
	QM_CAUSE_NONE,
	/** our requests, or dead peer detection, went unanswered */
	QM_CAUSE_TIMEOUT,
	/** its own lifetime is over */
	QM_CAUSE_EXPIRED,
	/** a newer IKE_SA of the same peer takes its place */
	QM_CAUSE_REPLACED,
	/** we are reauthenticating */
	QM_CAUSE_REAUTH,
	/** the peer took too long to authenticate */
	QM_CAUSE_HALF_OPEN,
	/** a message that could not be parsed and is answered by giving up */
	QM_CAUSE_PARSE_ERROR,
	QM_CAUSE_MAX,
};

/** What becomes of our view of the kernel. */
enum qm_sync_phase {
	/** from here on changes may be missing */
	QM_SYNC_BEGIN,
	/** nothing is missing any more */
	QM_SYNC_END,
	/** nobody looks at the kernel for now: until the next END as if there never was
	 * one who did */
	QM_SYNC_OFF,
	/** the kernel has no SAs of this daemon, which has them elsewhere */
	QM_SYNC_NONE,
	QM_SYNC_PHASE_MAX,
};

/** A step in how our view of the kernel is kept complete. */
struct qm_sync {
	enum qm_sync_phase phase;
	/** END: of the first look, which finds what has long been there */
	bool start;
	/** END: notifications that went missing, as far as that is known */
	uint64_t dropped;
	/** END: SAs of which only the look showed that they had gone */
	uint32_t changes;
};

/** What a peer's DELETE named. */
struct qm_delete {
	/** the IKE_SA itself, spi is not used */
	uint8_t ike;
	uint8_t count;
	/** as the peer named them, host byte order */
	uint32_t spi[QM_DELETE_MAX];
};

/** A message of a negotiation, as far as it is told. */
struct qm_message {
	uint32_t msgid;
	/** exchange type */
	uint8_t exchange;
	uint8_t version;
	/** it comes in; it opens an exchange, or for IKEv1 continues one */
	bool incoming;
	bool request;
	/** it proposes or accepts a CHILD_SA */
	bool child;
	/** type of the error notify in it, 0 for none */
	uint16_t notify;
};

/** What a side of a failed negotiation offered. */
struct qm_offer {
	/** as the message has them: the initiator's and the responder's */
	struct qm_ts_list initiator_ts;
	struct qm_ts_list responder_ts;
	struct qm_text proposals;
};

/** What a reload of the settings can change. */
struct qm_reload {
	struct qm_policy policy;
	/** the class of QM_EVENT_INVALID_PACKET */
	bool invalid_is_success;
	struct qm_limiter_rates rates;
};

struct qm_input {
	enum qm_input_type type;
	/** the daemon's number of the thread that observed it */
	uint32_t thread;
	struct qm_time time;
	uint32_t ike_sa;
	uint32_t child_sa;
	union {
		enum qm_child_state state;
		enum qm_ike_cause cause;
		uint32_t old_child_sa;
		uint32_t new_ike_sa;
		enum qm_failure_reason alert;
		/** CHILD_FAILED */
		struct {
			/** it was on its way into the kernel */
			bool installing;
			/** its IKE_SA is not established */
			bool unestablished;
		};
		/** CHILD_BORN: who began the negotiation */
		enum qm_direction direction;
		struct qm_sync sync;
		struct qm_message message;
		struct qm_reload settings;
	};
	/** what only some inputs have; keep last, see qm_input_size() */
	union {
		struct qm_sa_id expired;
		struct qm_kernel_sa kernel;
		struct qm_delete deleted;
		struct {
			struct qm_addr local;
			struct qm_addr remote;
		} hosts;
		struct qm_offer offer;
		struct qm_invalid invalid;
		struct qm_sa_facts sa;
	};
};

/**
 * Sets what every input has, the time to now. The rest is left as it is: only
 * the part in use is ever read.
 *
 * @param thread	the daemon's number of the calling thread
 * @param ike_sa	charon's unique id of the IKE_SA, 0 for none
 */
void qm_input_init(struct qm_input *input, enum qm_input_type type, uint32_t thread,
				   uint32_t ike_sa);

/** Bytes of an input that are in use, from its start. */
size_t qm_input_size(const struct qm_input *input);

#endif
