/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of SAs.
 *
 * During a dump, what was notified about an SA since the dump began is newer than
 * what the dump says of it, or as new: the kernel fills a datagram of the dump and
 * then queues it, and a deletion in between is notified first. So an SA that was
 * seen in a notification is left alone, and one that ended stays in the table, as
 * ended, until the dump is over.
 */
#include "mirror_priv.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

/** The kernel's IPSEC_PROTO_ANY of net/xfrm.h: AH, ESP and IPComp. */
#define PROTO_ANY 255

/**
 * Whether it is an SA that we keep. Without an SPI it is what waits for a key
 * exchange (an acquire); the kernel also has states for Mobile IPv6, and for what
 * IPComp leaves uncompressed. What is not of IP is a reserved SPI that no packet has.
 */
static bool is_kept(const struct qm_xfrm_id *id)
{
	return id->spi && id->family &&
		   (id->proto == IPPROTO_ESP || id->proto == IPPROTO_AH ||
			id->proto == IPPROTO_COMP);
}

/** Hash of what the kernel looks SAs up by. They may differ in mark and if_id yet. */
static uint32_t hash_of(const struct qm_mirror *mirror, const struct qm_xfrm_id *id)
{
	uint64_t words[3];

	memcpy(words, id->dst, sizeof(id->dst));
	words[2] = id->spi | (uint64_t)id->family << 32 | (uint64_t)id->proto << 40;
	return qm_xfrm_map_hash(&mirror->sas, words, 3);
}

static bool same_place(const struct qm_xfrm_id *a, const struct qm_xfrm_id *b)
{
	return a->spi == b->spi && a->family == b->family && a->proto == b->proto &&
		   !memcmp(a->dst, b->dst, sizeof(a->dst));
}

static struct qm_mirror_sa *find(const struct qm_mirror *mirror,
								 const struct qm_xfrm_id *id, uint32_t hash)
{
	struct qm_mirror_sa *entry;
	struct qm_xfrm_probe probe;

	qm_xfrm_map_search(&mirror->sas, hash, &probe);
	do {
		entry = qm_xfrm_map_next(&mirror->sas, &probe);
	} while (entry && memcmp(&entry->id, id, sizeof(*id)) != 0);
	return entry;
}

/** Keeps what is of use later. The time is that of a new SA. */
static void keep(struct qm_mirror_sa *entry, const struct qm_xfrm_sa *sa)
{
	memcpy(entry->src, sa->src, sizeof(entry->src));
	entry->reqid = sa->reqid;
	entry->mode = sa->mode;
	entry->flags = sa->flags;
	entry->encap_type = (uint8_t)sa->encap.type;
	entry->sport = sa->encap.sport;
	entry->dport = sa->encap.dport;
}

/** Differs in what the kernel does not change of an SA that is there. */
static bool is_another(const struct qm_mirror_sa *entry, const struct qm_xfrm_sa *sa)
{
	return memcmp(entry->src, sa->src, sizeof(entry->src)) != 0 ||
		   entry->reqid != sa->reqid || entry->mode != sa->mode;
}

static bool differs(const struct qm_mirror_sa *entry, const struct qm_xfrm_sa *sa)
{
	return is_another(entry, sa) || entry->encap_type != (uint8_t)sa->encap.type ||
		   entry->sport != sa->encap.sport || entry->dport != sa->encap.dport;
}

/** What the table has of an SA. */
static void describe(const struct qm_mirror_sa *entry, struct qm_xfrm_sa *ret)
{
	*ret = (struct qm_xfrm_sa){
		.id = entry->id,
		.has = (entry->id.mark || entry->id.mask ? QM_XFRM_HAS_MARK : 0) |
			   (entry->id.if_id ? QM_XFRM_HAS_IF_ID : 0) |
			   (entry->encap_type ? QM_XFRM_HAS_ENCAP : 0),
		.reqid = entry->reqid,
		.mode = entry->mode,
		.flags = entry->flags,
		.encap = { entry->encap_type, entry->sport, entry->dport },
		.counters.add_time = entry->add_time,
	};
	memcpy(ret->src, entry->src, sizeof(ret->src));
}

/** @return a new entry with the id, or NULL, and then a gap was told */
static struct qm_mirror_sa *add(struct qm_mirror *mirror, const struct qm_xfrm_id *id,
								uint32_t hash)
{
	struct qm_mirror_sa *entry;
	void *p;
	int r = qm_xfrm_map_add(&mirror->sas, hash, &p);

	if (r < 0) {
		qm_mirror_gap(mirror, QM_MIRROR_CAUSE_MEMORY, r);
		return NULL;
	}
	entry = p;
	entry->id = *id;
	entry->state = QM_MIRROR_ENDED;
	return entry;
}

/** Removes an entry, or keeps it as ended as long as a dump may have it. */
static void drop(struct qm_mirror *mirror, struct qm_mirror_sa *entry)
{
	if (mirror->phase == QM_MIRROR_DUMPING_SAS) {
		entry->state = QM_MIRROR_ENDED;
		entry->seen = mirror->number;
	} else {
		qm_xfrm_map_remove(&mirror->sas, entry);
	}
}

/** Ends an entry with nothing known but that it is gone, or by whom it was flushed or
 * moved. */
static void lose(struct qm_mirror *mirror, struct qm_mirror_sa *entry,
				 struct qm_mirror_event event)
{
	struct qm_xfrm_sa sa;

	describe(entry, &sa);
	/* one that moved took them along */
	sa.has |= event.end == QM_MIRROR_END_DELETED ? QM_XFRM_HAS_COUNTERS : 0;
	event.kind = QM_MIRROR_SA_REMOVED;
	event.known = true;
	event.larval = entry->state == QM_MIRROR_LARVAL;
	event.sa = &sa;
	drop(mirror, entry);
	qm_mirror_tell(mirror, &event);
}

static void vanish(struct qm_mirror *mirror, struct qm_mirror_sa *entry)
{
	lose(mirror, entry,
		 (struct qm_mirror_event){ .end = QM_MIRROR_END_VANISHED, .found = true });
}

/** Makes an entry, whatever it was, stand for an SA that has just been seen. */
static void arrive(struct qm_mirror *mirror, struct qm_mirror_sa *entry,
				   const struct qm_xfrm_sa *sa, struct qm_mirror_event *event)
{
	const uint8_t before = entry->state;

	event->kind = QM_MIRROR_SA_ADDED;
	event->larval = !(sa->has & QM_XFRM_HAS_ALG);
	event->sa = sa;
	keep(entry, sa);
	entry->add_time = (uint32_t)sa->counters.add_time;
	entry->state = event->larval ? QM_MIRROR_LARVAL : QM_MIRROR_LIVE;
	entry->seen = mirror->number;
	if (before != entry->state) {
		qm_mirror_tell(mirror, event);
	}
}

static void change(struct qm_mirror *mirror, struct qm_mirror_sa *entry,
				   const struct qm_xfrm_sa *sa, struct qm_mirror_event *event)
{
	entry->seen = mirror->number;
	if (differs(entry, sa)) {
		keep(entry, sa);
		event->kind = QM_MIRROR_SA_CHANGED;
		event->sa = sa;
		qm_mirror_tell(mirror, event);
	}
}

/**
 * Enters an SA that has just been seen.
 *
 * @param entry	what the table has of it, or NULL
 * @param hash	of its id
 * @param event	is told if it changes anything: found and by are set
 */
static void place(struct qm_mirror *mirror, struct qm_mirror_sa *entry, uint32_t hash,
				  const struct qm_xfrm_sa *sa, struct qm_mirror_event *event)
{
	if (!entry) {
		entry = add(mirror, &sa->id, hash);
	}
	if (entry && entry->state == QM_MIRROR_LIVE) {
		change(mirror, entry, sa, event);
	} else if (entry) {
		arrive(mirror, entry, sa, event);
	}
}

/**
 * Whether an update of an SA with this id may have been of another one in its place:
 * the kernel asks for a match of the mark only.
 */
static bool may_be(const struct qm_mirror_sa *entry, const struct qm_xfrm_id *id)
{
	return same_place(&entry->id, id) && memcmp(&entry->id, id, sizeof(*id)) != 0 &&
		   (id->mark & id->mask & entry->id.mask) == entry->id.mark;
}

/** An SA that an update may have been of, besides one with just this id; or NULL. */
static struct qm_mirror_sa *find_other(const struct qm_mirror *mirror,
									   const struct qm_xfrm_id *id, uint32_t hash)
{
	struct qm_mirror_sa *entry;
	struct qm_xfrm_probe probe;

	qm_xfrm_map_search(&mirror->sas, hash, &probe);
	do {
		entry = qm_xfrm_map_next(&mirror->sas, &probe);
	} while (entry && (entry->state == QM_MIRROR_ENDED || !may_be(entry, id)));
	return entry;
}

/** An SA was added. If there was one, that had gone without notice. */
static void take_new(struct qm_mirror *mirror, const struct qm_xfrm_msg *msg)
{
	struct qm_mirror_event event = { .by = qm_mirror_actor(mirror, msg->port) };
	const struct qm_xfrm_sa *sa = &msg->sa;
	const uint32_t hash = hash_of(mirror, &sa->id);
	struct qm_mirror_sa *entry = find(mirror, &sa->id, hash);

	/* an older one is yet to be notified as deleted: the dump was ahead */
	if (entry && entry->state == QM_MIRROR_LIVE &&
		entry->add_time < sa->counters.add_time) {
		vanish(mirror, entry);
		entry = find(mirror, &sa->id, hash);
	}
	place(mirror, entry, hash, sa, &event);
}

/**
 * An SA took the place of a larval one, whose SPI may have been reserved without the
 * mark and if_id that the SA has; or it was changed. If the latter, the time in the
 * notification is not that of the SA, and nor are mark and if_id if it was found
 * under others: the kernel keeps the one, takes the other, and repeats the request.
 * It repeats, but does not take, a source, reqid and mode; so with others than ours
 * either nothing changed or it is another SA, of which we missed something.
 */
static void take_update(struct qm_mirror *mirror, const struct qm_xfrm_msg *msg)
{
	struct qm_mirror_event event = { .by = qm_mirror_actor(mirror, msg->port) };
	const struct qm_xfrm_sa *sa = &msg->sa;
	const uint32_t hash = hash_of(mirror, &sa->id);
	struct qm_mirror_sa *entry = find(mirror, &sa->id, hash);
	struct qm_mirror_sa *other = find_other(mirror, &sa->id, hash);

	if (entry ? entry->state == QM_MIRROR_LIVE && is_another(entry, sa)
			  : other && other->state == QM_MIRROR_LIVE) {
		qm_mirror_gap(mirror, QM_MIRROR_CAUSE_UNCLEAR, 0);
		return;
	}
	if (other && other->state == QM_MIRROR_LARVAL) {
		vanish(mirror, other);
	}
	place(mirror, entry, hash, sa, &event);
}

/** An SA was deleted or expired; the kernel says so with its final counters. */
static void take_end(struct qm_mirror *mirror, const struct qm_xfrm_msg *msg)
{
	struct qm_mirror_event event = {
		.kind = QM_MIRROR_SA_REMOVED,
		.by = qm_mirror_actor(mirror, msg->port),
		.end = QM_MIRROR_END_DELETED,
		.sa = &msg->sa,
	};
	const uint32_t hash = hash_of(mirror, &msg->sa.id);
	struct qm_mirror_sa *entry = find(mirror, &msg->sa.id, hash);

	event.known = entry && entry->state != QM_MIRROR_ENDED;
	/* an EXPIRE has no algorithms; but of whole SAs all are known when synced */
	event.larval = event.known ? entry->state == QM_MIRROR_LARVAL
							   : !(msg->sa.has & QM_XFRM_HAS_ALG) &&
									 (msg->kind == QM_XFRM_DEL_SA ||
									  mirror->phase == QM_MIRROR_SYNCED);
	if (msg->kind == QM_XFRM_EXPIRE) {
		event.end = QM_MIRROR_END_EXPIRED;
		event.by.kind = msg->port ? event.by.kind : QM_XFRM_ACTOR_KERNEL;
	}
	if (!entry && mirror->phase == QM_MIRROR_DUMPING_SAS) {
		entry = add(mirror, &msg->sa.id, hash);
	}
	if (entry) {
		drop(mirror, entry);
	}
	qm_mirror_tell(mirror, &event);
}

/**
 * The one SA that a request with this place and mark was for, or NULL if that cannot be
 * told: the kernel names neither the SA's own mark nor its interface id.
 */
static struct qm_mirror_sa *find_matching(const struct qm_mirror *mirror,
										  const struct qm_xfrm_id *id)
{
	struct qm_mirror_sa *entry, *found = NULL;
	struct qm_xfrm_probe probe;
	unsigned matching = 0;

	qm_xfrm_map_search(&mirror->sas, hash_of(mirror, id), &probe);
	while ((entry = qm_xfrm_map_next(&mirror->sas, &probe))) {
		if (entry->state == QM_MIRROR_LIVE && same_place(&entry->id, id) &&
			(id->mark & id->mask & entry->id.mask) == entry->id.mark) {
			found = entry;
			matching++;
		}
	}
	return matching == 1 ? found : NULL;
}

/** What an SA is once it has moved. */
static void describe_moved(const struct qm_mirror_sa *entry,
						   const struct qm_xfrm_moved *moved, struct qm_xfrm_sa *ret)
{
	describe(entry, ret);
	memcpy(ret->id.dst, moved->new_dst, sizeof(ret->id.dst));
	memcpy(ret->src, moved->new_src, sizeof(ret->src));
	ret->id.family = moved->new_family;
	ret->reqid = moved->new_reqid;
	ret->encap = moved->encap;
	ret->has &= ~(uint32_t)QM_XFRM_HAS_ENCAP;
	ret->has |= moved->encap.type ? QM_XFRM_HAS_ENCAP : 0;
	/* the same ones as before, whatever they are */
	ret->has |= QM_XFRM_HAS_INFO | QM_XFRM_HAS_ALG | QM_XFRM_HAS_COUNTERS;
	if (moved->has & QM_XFRM_HAS_MARK) {
		ret->id.mark = moved->new_mark;
		ret->id.mask = moved->new_mask;
		ret->has |= QM_XFRM_HAS_MARK;
	}
}

/**
 * An SA was given another address. To who is told it goes from the one place and comes to
 * the other, with nothing counted in between: the kernel takes its counters along.
 */
static void take_moved(struct qm_mirror *mirror, const struct qm_xfrm_msg *msg)
{
	struct qm_mirror_event event = { .by = qm_mirror_actor(mirror, msg->port) };
	struct qm_mirror_sa *entry = find_matching(mirror, &msg->moved.id), *there = NULL;
	struct qm_xfrm_sa sa = { 0 };
	uint32_t hash = 0;

	if (entry) {
		describe_moved(entry, &msg->moved, &sa);
		hash = hash_of(mirror, &sa.id);
		there = find(mirror, &sa.id, hash);
	}
	if (!entry || !is_kept(&sa.id) || mirror->phase != QM_MIRROR_SYNCED ||
		(there && there != entry)) {
		qm_mirror_gap(mirror, QM_MIRROR_CAUSE_UNCLEAR, 0);
		return;
	}
	if (!there) {
		event.end = QM_MIRROR_END_DELETED;
		lose(mirror, entry, event);
		event.end = QM_MIRROR_END_NONE;
	}
	place(mirror, there, hash, &sa, &event);
}

/** All SAs of a protocol are gone. A dump that is going on may have some of them yet. */
static void take_flush(struct qm_mirror *mirror, const struct qm_xfrm_msg *msg)
{
	const struct qm_mirror_event event = {
		.by = qm_mirror_actor(mirror, msg->port),
		.end = QM_MIRROR_END_FLUSHED,
	};
	struct qm_mirror_sa *entry;
	uint32_t pos = 0;

	if (mirror->phase == QM_MIRROR_DUMPING_SAS) {
		qm_mirror_gap(mirror, QM_MIRROR_CAUSE_UNCLEAR, 0);
	}
	while ((entry = qm_xfrm_map_each(&mirror->sas, &pos))) {
		if (entry->state != QM_MIRROR_ENDED &&
			(!msg->proto || msg->proto == PROTO_ANY || msg->proto == entry->id.proto)) {
			lose(mirror, entry, event);
		}
	}
}

void qm_mirror_take_sa(struct qm_mirror *mirror, const struct qm_xfrm_msg *msg)
{
	if (msg->kind == QM_XFRM_FLUSH_SA) {
		take_flush(mirror, msg);
	} else if (msg->kind == QM_XFRM_MOVE_SA) {
		if (is_kept(&msg->moved.id)) {
			take_moved(mirror, msg);
		}
	} else if (!is_kept(&msg->sa.id)) {
		return;
	} else if (msg->kind == QM_XFRM_NEW_SA) {
		take_new(mirror, msg);
	} else if (msg->kind == QM_XFRM_UPD_SA) {
		take_update(mirror, msg);
	} else if (msg->kind == QM_XFRM_DEL_SA || msg->hard) {
		take_end(mirror, msg);
	}
}

void qm_mirror_take_dumped_sa(struct qm_mirror *mirror, const struct qm_xfrm_sa *sa)
{
	struct qm_mirror_event event = { .found = true };
	struct qm_mirror_sa *entry;
	uint32_t hash;

	if (!is_kept(&sa->id)) {
		return;
	}
	hash = hash_of(mirror, &sa->id);
	entry = find(mirror, &sa->id, hash);
	if (entry && entry->seen == mirror->number) {
		return;
	}
	if (entry && entry->state == QM_MIRROR_LIVE && !(sa->has & QM_XFRM_HAS_ALG)) {
		vanish(mirror, entry);
	}
	place(mirror, entry, hash, sa, &event);
}

void qm_mirror_sweep_sas(struct qm_mirror *mirror)
{
	struct qm_mirror_sa *entry;
	uint32_t pos = 0;

	while ((entry = qm_xfrm_map_each(&mirror->sas, &pos))) {
		if (entry->state == QM_MIRROR_ENDED) {
			qm_xfrm_map_remove(&mirror->sas, entry);
		} else if (entry->seen != mirror->number) {
			vanish(mirror, entry);
		}
	}
}

void qm_mirror_forget_ended_sas(struct qm_mirror *mirror)
{
	struct qm_mirror_sa *entry;
	uint32_t pos = 0;

	while ((entry = qm_xfrm_map_each(&mirror->sas, &pos))) {
		if (entry->state == QM_MIRROR_ENDED) {
			qm_xfrm_map_remove(&mirror->sas, entry);
		}
	}
}

int qm_mirror_find(const struct qm_mirror *mirror, const struct qm_xfrm_id *id,
				   struct qm_xfrm_sa *ret, bool *larval)
{
	const struct qm_mirror_sa *entry = find(mirror, id, hash_of(mirror, id));

	if (!entry || entry->state == QM_MIRROR_ENDED) {
		return -ENOENT;
	}
	if (larval) {
		*larval = entry->state == QM_MIRROR_LARVAL;
	}
	describe(entry, ret);
	return 0;
}

int qm_mirror_each(const struct qm_mirror *mirror,
				   int (*visit)(void *user, const struct qm_xfrm_sa *sa, bool larval),
				   void *user)
{
	const struct qm_mirror_sa *entry;
	struct qm_xfrm_sa sa;
	uint32_t pos = 0;
	int r = 0;

	while (!r && (entry = qm_xfrm_map_each(&mirror->sas, &pos))) {
		if (entry->state != QM_MIRROR_ENDED) {
			describe(entry, &sa);
			r = visit(user, &sa, entry->state == QM_MIRROR_LARVAL);
		}
	}
	return r;
}
