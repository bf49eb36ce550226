/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "limiter.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>
#include <utlist.h>

/**
 * What a record costs. A bucket regains its rate each millisecond, so that it is
 * full after a minute, and nothing is ever rounded.
 */
#define RECORD ((uint64_t)60000)
#define MINUTE_MS 60000

/** Bytes of an IPv6 address that make a source. */
#define PREFIX 8

#define SEEDS 4

/** A token bucket, by what is missing in it. */
struct bucket {
	/** spent and not regained */
	uint64_t spent;
	/** monotonic time of that, milliseconds */
	uint64_t at_ms;
};

/** What was held back of one kind and one source, or of the unnamed. */
struct count {
	/** as it would be handed out now; its `count` is 0 if nothing is held */
	struct qm_summary summary;
	/** monotonic time of the first observation, milliseconds */
	uint64_t first_ms;
	/** in the list of those that wait, if anything is held of a named source */
	struct count *prev;
	struct count *next;
};

/** What makes a source. */
struct key {
	/** the IPv4 address, or the first half of the IPv6 address; 0 if unknown */
	uint64_t prefix;
	/** AF_INET, AF_INET6, or 0 */
	uint8_t family;
};

/** A source that can be told apart from others. */
struct source {
	struct key key;
	/** what it may have written */
	struct bucket bucket;
	/** what was held back of it, by kind */
	struct count counts[QM_LIMIT_KIND_MAX];
	/** in the list of all sources by their last use */
	struct source *prev;
	struct source *next;
	/** the next with the same hash */
	struct source *chain;
};

struct qm_limiter {
	/** rates in force */
	struct qm_limiter_rates rates;
	/** latest monotonic time, milliseconds */
	uint64_t now_ms;
	/** the bucket of all sources together */
	struct bucket total;
	/** observations counted and not handed out */
	uint64_t held;
	/** observations counted since the start */
	uint64_t counted;
	/** counts of named sources, those that have waited longest first */
	struct count *waiting;
	/** counts of sources that are no longer told apart */
	struct count unnamed[QM_LIMIT_KIND_MAX];
	/** when the last summary of these was handed out, monotonic milliseconds */
	uint64_t unnamed_ms[QM_LIMIT_KIND_MAX];
	/** nobody outside can know which sources have the same hash */
	uint64_t seeds[SEEDS];
	/** sources in use, those not used for longest first */
	struct source *used;
	/** how many they are, and can be */
	size_t n_used;
	size_t capacity;
	/** chains of sources with the same hash, as many as there can be sources */
	struct source **chains;
	/** room for all, and for the chains behind them */
	struct source sources[];
};

static void make_seeds(struct qm_limiter *limiter)
{
	struct qm_time now;

	if (getrandom(limiter->seeds, sizeof(limiter->seeds), GRND_NONBLOCK) !=
		sizeof(limiter->seeds)) {
		now = qm_time_now();
		limiter->seeds[0] = now.wall_ms * UINT64_C(0x9e3779b97f4a7c15);
		limiter->seeds[1] = now.mono_ms * UINT64_C(0xbf58476d1ce4e5b9);
		limiter->seeds[2] = (uintptr_t)limiter * UINT64_C(0x94d049bb133111eb);
		limiter->seeds[3] = limiter->seeds[0] ^ limiter->seeds[2];
	}
}

int qm_limiter_new(struct qm_limiter **ret, size_t sources,
				   const struct qm_limiter_rates *rates)
{
	struct qm_limiter *limiter;
	/* NOLINTNEXTLINE(bugprone-sizeof-expression) the heads of chains are pointers */
	const size_t each = sizeof(limiter->sources[0]) + sizeof(limiter->chains[0]);
	size_t bytes;

	if (!sources || !rates->interval_ms ||
		__builtin_mul_overflow(sources, each, &bytes) ||
		__builtin_add_overflow(bytes, sizeof(*limiter), &bytes)) {
		return -EINVAL;
	}
	limiter = calloc(1, bytes);
	if (!limiter) {
		return -ENOMEM;
	}
	limiter->rates = *rates;
	limiter->capacity = sources;
	limiter->chains = (struct source **)&limiter->sources[sources];
	make_seeds(limiter);
	*ret = limiter;
	return 0;
}

/** Time does not go back: what is kept in order of it stays so. */
static void advance(struct qm_limiter *limiter, struct qm_time now)
{
	if (now.mono_ms > limiter->now_ms) {
		limiter->now_ms = now.mono_ms;
	}
}

/** Credits what a bucket regained at that rate since it was last looked at. */
static void regain(struct bucket *bucket, uint32_t rate, uint64_t now_ms)
{
	const uint64_t elapsed = now_ms - bucket->at_ms;
	const uint64_t regained = (elapsed < MINUTE_MS ? elapsed : MINUTE_MS) * rate;

	bucket->spent -= regained < bucket->spent ? regained : bucket->spent;
	bucket->at_ms = now_ms;
}

/** Has a bucket hold no more than that rate. */
static void bound(struct bucket *bucket, uint32_t rate)
{
	if (bucket->spent > rate * RECORD) {
		bucket->spent = rate * RECORD;
	}
}

static bool has_token(struct bucket *bucket, uint32_t rate, uint64_t now_ms)
{
	regain(bucket, rate, now_ms);
	return bucket->spent + RECORD <= rate * RECORD;
}

/** The limit to all sources together, 0 for none. */
static uint32_t total_rate(const struct qm_limiter_rates *rates)
{
	return rates->source ? rates->total : 0;
}

/** Takes a token of all sources together, if there is a limit to them. */
static bool spend_total(struct qm_limiter *limiter)
{
	const uint32_t rate = total_rate(&limiter->rates);

	if (!rate) {
		return true;
	}
	if (!has_token(&limiter->total, rate, limiter->now_ms)) {
		return false;
	}
	limiter->total.spent += RECORD;
	return true;
}

static bool is_known(const struct qm_addr *addr)
{
	return addr->family == AF_INET || addr->family == AF_INET6;
}

/** The summary of one observation. */
static struct qm_summary single(enum qm_limit_kind kind, const struct qm_addr *source,
								enum qm_fault fault, enum qm_tristate authenticated,
								struct qm_time now)
{
	struct qm_summary ret = {
		.kind = kind,
		.count = 1,
		.since_ms = now.wall_ms,
		.last_ms = now.wall_ms,
		.fault = fault,
		.authenticated = authenticated,
	};

	if (is_known(source)) {
		ret.source.family = source->family;
		ret.source.port = source->port;
		memcpy(ret.source.ip, source->ip,
			   source->family == AF_INET ? 4 : sizeof(ret.source.ip));
	}
	return ret;
}

/** Leaves of an address what it has in common with another of its source. */
static void have_in_common(struct qm_addr *addr, const struct qm_addr *other)
{
	if (memcmp(addr->ip, other->ip, sizeof(addr->ip)) != 0) {
		memset(addr->ip + PREFIX, 0, sizeof(addr->ip) - PREFIX);
		addr->port = 0;
	} else if (addr->port != other->port) {
		addr->port = 0;
	}
}

/** Adds what was counted elsewhere. */
static void add(struct qm_summary *to, const struct qm_summary *more)
{
	if (!to->count) {
		*to = *more;
		return;
	}
	to->count += more->count;
	if (more->since_ms < to->since_ms) {
		to->since_ms = more->since_ms;
	}
	if (more->last_ms > to->last_ms) {
		to->last_ms = more->last_ms;
	}
	if (more->fault != to->fault) {
		to->fault = QM_FAULT_SEVERAL;
	}
	if (more->authenticated != to->authenticated) {
		to->authenticated = QM_TRI_UNKNOWN;
	}
	have_in_common(&to->source, &more->source);
}

/** Has nothing held any more in a count of a named source. */
static void clear(struct qm_limiter *limiter, struct count *count)
{
	DL_DELETE(limiter->waiting, count);
	count->summary.count = 0;
}

/** Adds a count of a named source to that of the unnamed. */
static void give_up_name(struct qm_limiter *limiter, struct count *count)
{
	struct count *unnamed = &limiter->unnamed[count->summary.kind];

	if (!unnamed->summary.count || count->first_ms < unnamed->first_ms) {
		unnamed->first_ms = count->first_ms;
	}
	add(&unnamed->summary, &count->summary);
	unnamed->summary.source = (struct qm_addr){ 0 };
	clear(limiter, count);
}

static struct key key_of(const struct qm_addr *addr)
{
	struct key key = { 0 };

	if (is_known(addr)) {
		key.family = addr->family;
		memcpy(&key.prefix, addr->ip, addr->family == AF_INET ? 4 : PREFIX);
	}
	return key;
}

/**
 * The chain of a key. The sum's upper half is strongly universal: any two keys
 * meet as seldom as the number of chains allows, whoever chose them.
 */
static struct source **chain_of(struct qm_limiter *limiter, struct key key)
{
	const uint64_t *seeds = limiter->seeds;
	uint64_t sum = seeds[0] + seeds[1] * key.family;

	sum += seeds[2] * (key.prefix >> 32) + seeds[3] * (uint32_t)key.prefix;
	return &limiter->chains[(sum >> 32) * limiter->capacity >> 32];
}

static struct source *find(struct source *chain, struct key key)
{
	while (chain &&
		   (chain->key.prefix != key.prefix || chain->key.family != key.family)) {
		chain = chain->chain;
	}
	return chain;
}

/** Makes room by forgetting the source that was not used for longest. */
static struct source *evict(struct qm_limiter *limiter)
{
	struct source *source = limiter->used;
	struct source **link = chain_of(limiter, source->key);

	for (size_t kind = 0; kind < QM_LIMIT_KIND_MAX; kind++) {
		if (source->counts[kind].summary.count) {
			give_up_name(limiter, &source->counts[kind]);
		}
	}
	while (*link != source) {
		link = &(*link)->chain;
	}
	*link = source->chain;
	DL_DELETE(limiter->used, source);
	return source;
}

static struct source *new_source(struct qm_limiter *limiter, struct source **chain,
								 struct key key)
{
	struct source *source;

	if (limiter->n_used < limiter->capacity) {
		source = &limiter->sources[limiter->n_used++];
	} else {
		source = evict(limiter);
	}
	*source = (struct source){
		.key = key,
		.bucket = { .at_ms = limiter->now_ms },
		.chain = *chain,
	};
	*chain = source;
	return source;
}

/** The source of an address, as the one used last. */
static struct source *use_source(struct qm_limiter *limiter, const struct qm_addr *addr)
{
	const struct key key = key_of(addr);
	struct source **chain = chain_of(limiter, key);
	struct source *source = find(*chain, key);

	if (source) {
		DL_DELETE(limiter->used, source);
	} else {
		source = new_source(limiter, chain, key);
	}
	DL_APPEND(limiter->used, source);
	return source;
}

static void hold(struct qm_limiter *limiter, struct source *source,
				 const struct qm_summary *observation)
{
	struct count *count = &source->counts[observation->kind];

	if (!count->summary.count) {
		count->first_ms = limiter->now_ms;
		DL_APPEND(limiter->waiting, count);
	}
	add(&count->summary, observation);
	limiter->held++;
	limiter->counted++;
}

bool qm_limiter_admit(struct qm_limiter *limiter, enum qm_limit_kind kind,
					  const struct qm_addr *source, enum qm_fault fault,
					  enum qm_tristate authenticated, struct qm_time now)
{
	struct qm_summary observation;
	struct source *from;

	advance(limiter, now);
	if (!limiter->rates.source) {
		return true;
	}
	from = use_source(limiter, source);
	if (has_token(&from->bucket, limiter->rates.source, limiter->now_ms) &&
		spend_total(limiter)) {
		from->bucket.spent += RECORD;
		return true;
	}
	observation = single(kind, source, fault, authenticated, now);
	hold(limiter, from, &observation);
	return false;
}

void qm_limiter_hold(struct qm_limiter *limiter, enum qm_limit_kind kind,
					 const struct qm_addr *source, enum qm_fault fault,
					 enum qm_tristate authenticated, struct qm_time now)
{
	const struct qm_summary observation = single(kind, source, fault, authenticated, now);

	advance(limiter, now);
	hold(limiter, use_source(limiter, source), &observation);
}

static bool has_waited(const struct qm_limiter *limiter, uint64_t since_ms)
{
	return limiter->now_ms - since_ms >= limiter->rates.interval_ms;
}

/** Hands out a summary of the unnamed, if there is one to hand out. */
static bool take_unnamed(struct qm_limiter *limiter, bool all, struct qm_summary *ret)
{
	for (size_t kind = 0; kind < QM_LIMIT_KIND_MAX; kind++) {
		struct count *count = &limiter->unnamed[kind];

		if (count->summary.count &&
			(all || (has_waited(limiter, count->first_ms) &&
					 has_waited(limiter, limiter->unnamed_ms[kind])))) {
			*ret = count->summary;
			count->summary.count = 0;
			limiter->held -= ret->count;
			limiter->unnamed_ms[kind] = limiter->now_ms;
			return true;
		}
	}
	return false;
}

bool qm_limiter_take(struct qm_limiter *limiter, struct qm_time now, bool all,
					 struct qm_summary *ret)
{
	struct count *count;

	advance(limiter, now);
	while ((count = limiter->waiting) && (all || has_waited(limiter, count->first_ms))) {
		if (spend_total(limiter)) {
			*ret = count->summary;
			clear(limiter, count);
			limiter->held -= ret->count;
			return true;
		}
		give_up_name(limiter, count);
	}
	return take_unnamed(limiter, all, ret);
}

uint64_t qm_limiter_held(const struct qm_limiter *limiter)
{
	return limiter->held;
}

uint64_t qm_limiter_counted(const struct qm_limiter *limiter)
{
	return limiter->counted;
}

void qm_limiter_set_rates(struct qm_limiter *limiter,
						  const struct qm_limiter_rates *rates)
{
	struct source *source;

	DL_FOREACH(limiter->used, source) {
		regain(&source->bucket, limiter->rates.source, limiter->now_ms);
		bound(&source->bucket, rates->source);
	}
	regain(&limiter->total, total_rate(&limiter->rates), limiter->now_ms);
	bound(&limiter->total, total_rate(rates));
	limiter->rates = *rates;
}

struct qm_limiter *qm_limiter_free(struct qm_limiter *limiter)
{
	free(limiter);
	return NULL;
}
