/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where invalid packets come in. Anybody can send them at line rate, so what
 * becomes of each is settled here, on the thread that saw it and before the
 * queue: written in full, or counted for a summary (limiter.h). What anybody can
 * send from any address, what takes the SPIs of an IKE_SA, and what takes its keys
 * have limits of their own, so that one does not hide the other.
 *
 * Not all can be told at once: the daemon says that it has the very same
 * message already after it shows the message. Such a suspect is kept, one for
 * each thread, until the daemon has said so, or its thread goes on to another,
 * or it has been kept long enough. What waits here is taken by the recorder's
 * thread; when the first of it comes the recorder is woken.
 *
 * Takes a lock of its own, for no longer than a look into the table takes.
 * What bounds it: tables of fixed size.
 */
#ifndef QM_GATE_H
#define QM_GATE_H

#include "clock.h"
#include "event.h"
#include "limiter.h"

struct qm_gate;

struct qm_gate_config {
	struct qm_limiter_rates rates;
	/** passes on a packet to be written in full, with the gate locked; 0, or the
	 * packet is counted instead */
	int (*push)(void *user, const struct qm_invalid *invalid, struct qm_time time);
	/** tells that qm_gate_take() is to be called now and then, with the gate locked */
	void (*wake)(void *user);
	void *user;
};

/** Something to be written: a packet, or a summary of what was held back. */
struct qm_gate_item {
	enum qm_limit_kind kind;
	/** QM_LIMIT_PACKET: all of one packet, or what a summary's have in common */
	struct qm_invalid invalid;
	/** QM_LIMIT_NEGOTIATION: the source, as in struct qm_summary */
	struct qm_addr source;
	uint64_t count;
	uint64_t since_ms;
	uint64_t last_ms;
};

/**
 * @param ret		receives the gate, to be freed by qm_gate_free()
 * @param config	copied
 * @return			0 or -ENOMEM
 */
int qm_gate_new(struct qm_gate **ret, const struct qm_gate_config *config);

/**
 * Whether a packet of no IKE_SA is to be written in full: then hand it to
 * qm_gate_pass(). Else it has been counted, and need not even be read.
 *
 * @param source	who sent it
 */
bool qm_gate_admit_stray(struct qm_gate *gate, const struct qm_addr *source,
						 enum qm_fault fault, struct qm_time now);

/** A packet that was admitted. */
void qm_gate_pass(struct qm_gate *gate, const struct qm_invalid *invalid,
				  struct qm_time now);

/** A packet is invalid: both in one. */
void qm_gate_invalid(struct qm_gate *gate, const struct qm_invalid *invalid,
					 struct qm_time now);

/** A packet is invalid, unless the daemon goes on to say that it is a
 * retransmission: qm_gate_acquit(). */
void qm_gate_suspect(struct qm_gate *gate, uint32_t thread,
					 const struct qm_invalid *invalid, struct qm_time now);

/** What this thread is at is a retransmission. If that is not its suspect, the
 * suspect was none. */
void qm_gate_acquit(struct qm_gate *gate, uint32_t thread, uint32_t ike_sa,
					uint32_t msgid);

/** A packet was read, but the daemon may still reject what is in it:
 * qm_gate_reject(). */
void qm_gate_read(struct qm_gate *gate, uint32_t thread, const struct qm_invalid *invalid,
				  struct qm_time now);

/** This thread goes on to something that cannot be rejected so. */
void qm_gate_forget(struct qm_gate *gate, uint32_t thread);

/** What was read last on this thread is rejected, if it is of this IKE_SA. */
void qm_gate_reject(struct qm_gate *gate, uint32_t thread, uint32_t ike_sa,
					struct qm_time now);

/** We sent a request of this IKE_SA again: there may be two answers. */
void qm_gate_resent(struct qm_gate *gate, uint32_t ike_sa, struct qm_time now);

/** Whether an answer too many is one to such a request. It is used up by that. */
bool qm_gate_is_second_answer(struct qm_gate *gate, uint32_t ike_sa, struct qm_time now);

/** Whether a failure that anybody can cause is to be written; else it is counted. */
bool qm_gate_admit_failure(struct qm_gate *gate, const struct qm_addr *source,
						   struct qm_time now);

/**
 * Takes the next thing that is due; to be called until there is none.
 *
 * @param all	also what is not due
 * @return		false if there is nothing
 */
bool qm_gate_take(struct qm_gate *gate, struct qm_time now, bool all,
				  struct qm_gate_item *ret);

/** Whether anything waits to be due. */
bool qm_gate_waits(struct qm_gate *gate);

/** Packets and failures that were only counted, since the start. */
uint64_t qm_gate_counted(struct qm_gate *gate);

/** Puts other rates in force. */
void qm_gate_set_rates(struct qm_gate *gate, const struct qm_limiter_rates *rates);

/** Frees the gate with what is in it. NULL is fine. @return NULL */
struct qm_gate *qm_gate_free(struct qm_gate *gate);

#endif
