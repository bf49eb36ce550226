/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "gate.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>

/**
 * What is limited apart from the others, so that who can cause the one does not
 * hide the other behind it.
 */
enum class {
	/** packets of no IKE_SA: with any sender's address, by anybody */
	CLASS_STRAY,
	/** packets of an IKE_SA, by anybody who knows its SPIs */
	CLASS_PACKET,
	/** packets of the peer that has the keys */
	CLASS_PEER,
	/** failures of those who try to authenticate */
	CLASS_FAILURE,
	CLASS_MAX,
};

/** Sources that can be told apart. */
static const size_t sources[CLASS_MAX] = {
	[CLASS_STRAY] = 4096,
	[CLASS_PACKET] = 1024,
	[CLASS_PEER] = 1024,
	[CLASS_FAILURE] = 1024,
};

/** Threads that can have a packet here; of more, the oldest has been kept longest. */
#define THREADS 64

/** How long a thread may take to say that it knows a message already. */
#define SUSPECT_MS 10000

/** IKE_SAs, in sets, of which requests were sent again; and for how long that counts. */
#define SETS 512
#define WAYS 4
#define RESENT_MS 300000

enum kept {
	KEPT_NOTHING,
	KEPT_SUSPECT,
	KEPT_READ,
};

/** The packet that a thread is at. */
struct slot {
	enum kept kept;
	uint32_t thread;
	struct qm_time time;
	struct qm_invalid invalid;
};

/** Answers that may come too many. */
struct resent {
	uint32_t ike_sa;
	uint32_t answers;
	uint64_t mono_ms;
};

struct qm_gate {
	struct qm_gate_config config;
	pthread_mutex_t mutex;
	/** guarded by the mutex, as all below */
	struct qm_limiter *limiters[CLASS_MAX];
	/** the recorder knows that it has to look */
	bool waits;
	/** slots that ever held something */
	size_t threads;
	struct slot slots[THREADS];
	struct resent resent[SETS][WAYS];
};

static void has_work(struct qm_gate *gate)
{
	if (!gate->waits) {
		gate->waits = true;
		gate->config.wake(gate->config.user);
	}
}

static struct qm_limiter *limiter_of(struct qm_gate *gate,
									 const struct qm_invalid *invalid)
{
	if (invalid->authenticated == QM_TRI_YES) {
		return gate->limiters[CLASS_PEER];
	}
	return gate->limiters[invalid->ike_sa ? CLASS_PACKET : CLASS_STRAY];
}

static bool admit(struct qm_gate *gate, const struct qm_invalid *invalid,
				  struct qm_time time)
{
	return qm_limiter_admit(limiter_of(gate, invalid), QM_LIMIT_PACKET, &invalid->remote,
							invalid->fault, invalid->authenticated, time);
}

static void pass(struct qm_gate *gate, const struct qm_invalid *invalid,
				 struct qm_time time)
{
	if (gate->config.push(gate->config.user, invalid, time)) {
		qm_limiter_hold(limiter_of(gate, invalid), QM_LIMIT_PACKET, &invalid->remote,
						invalid->fault, invalid->authenticated, time);
		has_work(gate);
	}
}

static void judge(struct qm_gate *gate, const struct qm_invalid *invalid,
				  struct qm_time time)
{
	if (admit(gate, invalid, time)) {
		pass(gate, invalid, time);
	} else {
		has_work(gate);
	}
}

bool qm_gate_admit_stray(struct qm_gate *gate, const struct qm_addr *source,
						 enum qm_fault fault, struct qm_time now)
{
	bool admitted;

	pthread_mutex_lock(&gate->mutex);
	admitted = qm_limiter_admit(gate->limiters[CLASS_STRAY], QM_LIMIT_PACKET, source,
								fault, QM_TRI_NO, now);
	if (!admitted) {
		has_work(gate);
	}
	pthread_mutex_unlock(&gate->mutex);
	return admitted;
}

void qm_gate_pass(struct qm_gate *gate, const struct qm_invalid *invalid,
				  struct qm_time now)
{
	pthread_mutex_lock(&gate->mutex);
	pass(gate, invalid, now);
	pthread_mutex_unlock(&gate->mutex);
}

void qm_gate_invalid(struct qm_gate *gate, const struct qm_invalid *invalid,
					 struct qm_time now)
{
	pthread_mutex_lock(&gate->mutex);
	judge(gate, invalid, now);
	pthread_mutex_unlock(&gate->mutex);
}

static struct slot *find(struct qm_gate *gate, uint32_t thread)
{
	for (size_t i = 0; i < gate->threads; i++) {
		if (gate->slots[i].kept != KEPT_NOTHING && gate->slots[i].thread == thread) {
			return &gate->slots[i];
		}
	}
	return NULL;
}

/** A slot that is free, or else the one that was used longest ago. */
static struct slot *spare(struct qm_gate *gate)
{
	struct slot *oldest = &gate->slots[0];

	for (size_t i = 0; i < gate->threads; i++) {
		if (gate->slots[i].kept == KEPT_NOTHING) {
			return &gate->slots[i];
		}
		if (gate->slots[i].time.mono_ms < oldest->time.mono_ms) {
			oldest = &gate->slots[i];
		}
	}
	return gate->threads < THREADS ? &gate->slots[gate->threads++] : oldest;
}

/** The thread has gone on without a word: what it was at is judged. */
static void leave(struct qm_gate *gate, struct slot *slot)
{
	if (slot->kept == KEPT_SUSPECT) {
		judge(gate, &slot->invalid, slot->time);
	}
	slot->kept = KEPT_NOTHING;
}

static void keep(struct qm_gate *gate, enum kept kept, uint32_t thread,
				 const struct qm_invalid *invalid, struct qm_time now)
{
	struct slot *slot = find(gate, thread);

	if (!slot) {
		slot = spare(gate);
	}
	leave(gate, slot);
	*slot = (struct slot){ kept, thread, now, *invalid };
}

void qm_gate_suspect(struct qm_gate *gate, uint32_t thread,
					 const struct qm_invalid *invalid, struct qm_time now)
{
	pthread_mutex_lock(&gate->mutex);
	keep(gate, KEPT_SUSPECT, thread, invalid, now);
	has_work(gate);
	pthread_mutex_unlock(&gate->mutex);
}

void qm_gate_read(struct qm_gate *gate, uint32_t thread, const struct qm_invalid *invalid,
				  struct qm_time now)
{
	pthread_mutex_lock(&gate->mutex);
	keep(gate, KEPT_READ, thread, invalid, now);
	pthread_mutex_unlock(&gate->mutex);
}

void qm_gate_forget(struct qm_gate *gate, uint32_t thread)
{
	struct slot *slot;

	pthread_mutex_lock(&gate->mutex);
	slot = find(gate, thread);
	if (slot) {
		leave(gate, slot);
	}
	pthread_mutex_unlock(&gate->mutex);
}

void qm_gate_acquit(struct qm_gate *gate, uint32_t thread, uint32_t ike_sa,
					uint32_t msgid)
{
	struct slot *slot;

	pthread_mutex_lock(&gate->mutex);
	slot = find(gate, thread);
	if (slot && slot->kept == KEPT_SUSPECT) {
		if (slot->invalid.ike_sa == ike_sa && slot->invalid.packet.msgid == msgid) {
			slot->kept = KEPT_NOTHING;
		}
		leave(gate, slot);
	}
	pthread_mutex_unlock(&gate->mutex);
}

void qm_gate_reject(struct qm_gate *gate, uint32_t thread, uint32_t ike_sa,
					struct qm_time now)
{
	struct slot *slot;

	pthread_mutex_lock(&gate->mutex);
	slot = find(gate, thread);
	if (slot && slot->kept == KEPT_READ && slot->invalid.ike_sa == ike_sa) {
		slot->kept = KEPT_NOTHING;
		judge(gate, &slot->invalid, now);
	}
	pthread_mutex_unlock(&gate->mutex);
}

/** The entry of an IKE_SA; NULL, or with `make` the one to be used for it. */
static struct resent *find_resent(struct qm_gate *gate, uint32_t ike_sa, bool make)
{
	struct resent *set = gate->resent[ike_sa % SETS];
	struct resent *oldest = set;

	for (size_t i = 0; i < WAYS; i++) {
		if (set[i].ike_sa == ike_sa) {
			return &set[i];
		}
		if (set[i].mono_ms < oldest->mono_ms) {
			oldest = &set[i];
		}
	}
	if (!make) {
		return NULL;
	}
	*oldest = (struct resent){ .ike_sa = ike_sa };
	return oldest;
}

void qm_gate_resent(struct qm_gate *gate, uint32_t ike_sa, struct qm_time now)
{
	struct resent *resent;

	pthread_mutex_lock(&gate->mutex);
	resent = find_resent(gate, ike_sa, true);
	if ((int64_t)(now.mono_ms - resent->mono_ms) >= RESENT_MS) {
		resent->answers = 0;
	}
	resent->answers++;
	resent->mono_ms = now.mono_ms;
	pthread_mutex_unlock(&gate->mutex);
}

bool qm_gate_is_second_answer(struct qm_gate *gate, uint32_t ike_sa, struct qm_time now)
{
	struct resent *resent;
	bool is;

	pthread_mutex_lock(&gate->mutex);
	resent = find_resent(gate, ike_sa, false);
	is = resent && resent->answers &&
		 (int64_t)(now.mono_ms - resent->mono_ms) < RESENT_MS;
	if (is) {
		resent->answers--;
	}
	pthread_mutex_unlock(&gate->mutex);
	return is;
}

bool qm_gate_admit_failure(struct qm_gate *gate, const struct qm_addr *source,
						   struct qm_time now)
{
	bool admitted;

	pthread_mutex_lock(&gate->mutex);
	admitted = qm_limiter_admit(gate->limiters[CLASS_FAILURE], QM_LIMIT_NEGOTIATION,
								source, QM_FAULT_UNKNOWN, QM_TRI_NO, now);
	if (!admitted) {
		has_work(gate);
	}
	pthread_mutex_unlock(&gate->mutex);
	return admitted;
}

/** Takes a suspect that has been kept long enough, unless it is to be counted. */
static bool take_suspect(struct qm_gate *gate, struct qm_time now, bool all,
						 struct qm_gate_item *ret)
{
	for (size_t i = 0; i < gate->threads; i++) {
		struct slot *slot = &gate->slots[i];

		if (slot->kept != KEPT_SUSPECT ||
			(!all && (int64_t)(now.mono_ms - slot->time.mono_ms) < SUSPECT_MS)) {
			continue;
		}
		slot->kept = KEPT_NOTHING;
		if (admit(gate, &slot->invalid, slot->time)) {
			*ret = (struct qm_gate_item){
				.kind = QM_LIMIT_PACKET,
				.invalid = slot->invalid,
				.count = 1,
				.since_ms = slot->time.wall_ms,
				.last_ms = slot->time.wall_ms,
			};
			return true;
		}
	}
	return false;
}

static bool take_summary(struct qm_gate *gate, struct qm_time now, bool all,
						 struct qm_gate_item *ret)
{
	struct qm_summary summary;
	size_t class = 0;

	while (class < CLASS_MAX &&
		   !qm_limiter_take(gate->limiters[class], now, all, &summary)) {
		class++;
	}
	if (class == CLASS_MAX) {
		return false;
	}
	*ret = (struct qm_gate_item){
		.kind = summary.kind,
		.invalid = {
			.remote = summary.source,
			.fault = summary.fault,
			.authenticated = summary.authenticated,
		},
		.source = summary.source,
		.count = summary.count,
		.since_ms = summary.since_ms,
		.last_ms = summary.last_ms,
	};
	return true;
}

static bool has_counts(const struct qm_gate *gate)
{
	for (size_t class = 0; class < CLASS_MAX; class++) {
		if (qm_limiter_held(gate->limiters[class])) {
			return true;
		}
	}
	return false;
}

static bool has_suspects(const struct qm_gate *gate)
{
	for (size_t i = 0; i < gate->threads; i++) {
		if (gate->slots[i].kept == KEPT_SUSPECT) {
			return true;
		}
	}
	return false;
}

bool qm_gate_take(struct qm_gate *gate, struct qm_time now, bool all,
				  struct qm_gate_item *ret)
{
	bool taken;

	pthread_mutex_lock(&gate->mutex);
	taken = take_suspect(gate, now, all, ret) || take_summary(gate, now, all, ret);
	gate->waits = has_counts(gate) || has_suspects(gate);
	pthread_mutex_unlock(&gate->mutex);
	return taken;
}

bool qm_gate_waits(struct qm_gate *gate)
{
	bool waits;

	pthread_mutex_lock(&gate->mutex);
	waits = gate->waits;
	pthread_mutex_unlock(&gate->mutex);
	return waits;
}

uint64_t qm_gate_counted(struct qm_gate *gate)
{
	uint64_t counted = 0;

	pthread_mutex_lock(&gate->mutex);
	for (size_t class = 0; class < CLASS_MAX; class++) {
		counted += qm_limiter_counted(gate->limiters[class]);
	}
	pthread_mutex_unlock(&gate->mutex);
	return counted;
}

void qm_gate_set_rates(struct qm_gate *gate, const struct qm_limiter_rates *rates)
{
	pthread_mutex_lock(&gate->mutex);
	for (size_t class = 0; class < CLASS_MAX; class++) {
		qm_limiter_set_rates(gate->limiters[class], rates);
	}
	pthread_mutex_unlock(&gate->mutex);
}

int qm_gate_new(struct qm_gate **ret, const struct qm_gate_config *config)
{
	struct qm_gate *gate = calloc(1, sizeof(*gate));
	int r = 0;

	if (!gate) {
		return -ENOMEM;
	}
	gate->config = *config;
	pthread_mutex_init(&gate->mutex, NULL);
	for (size_t class = 0; class < CLASS_MAX && !r; class++) {
		r = qm_limiter_new(&gate->limiters[class], sources[class], &config->rates);
	}
	if (r < 0) {
		qm_gate_free(gate);
		return r;
	}
	*ret = gate;
	return 0;
}

struct qm_gate *qm_gate_free(struct qm_gate *gate)
{
	if (gate) {
		for (size_t class = 0; class < CLASS_MAX; class++) {
			qm_limiter_free(gate->limiters[class]);
		}
		pthread_mutex_destroy(&gate->mutex);
		free(gate);
	}
	return NULL;
}
