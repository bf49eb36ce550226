/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The table of policies, which has little of each: enough to tell what changes and to
 * count. A dump is merged with notifications as it is for SAs, see mirror_sas.c.
 */
#include "mirror_priv.h"

#include <string.h>

#include <linux/xfrm.h>

static uint32_t hash_of(const struct qm_mirror *mirror, uint32_t index)
{
	const uint64_t word = index;

	return qm_xfrm_map_hash(&mirror->policies, &word, 1);
}

static struct qm_mirror_policy *find(const struct qm_mirror *mirror, uint32_t index)
{
	struct qm_mirror_policy *entry;
	struct qm_xfrm_probe probe;

	qm_xfrm_map_search(&mirror->policies, hash_of(mirror, index), &probe);
	do {
		entry = qm_xfrm_map_next(&mirror->policies, &probe);
	} while (entry && entry->index != index);
	return entry;
}

static void keep(struct qm_mirror_policy *entry, const struct qm_xfrm_policy *policy)
{
	entry->if_id = policy->if_id;
	entry->reqid = policy->tmpl[0].reqid;
	entry->dir = policy->dir;
	entry->type = policy->type;
}

static bool differs(const struct qm_mirror_policy *entry,
					const struct qm_xfrm_policy *policy)
{
	return entry->if_id != policy->if_id || entry->reqid != policy->tmpl[0].reqid ||
		   entry->dir != policy->dir || entry->type != policy->type;
}

/** @return a new entry with the index, or NULL, and then a gap was told */
static struct qm_mirror_policy *add(struct qm_mirror *mirror, uint32_t index)
{
	struct qm_mirror_policy *entry;
	void *p;
	int r = qm_xfrm_map_add(&mirror->policies, hash_of(mirror, index), &p);

	if (r < 0) {
		qm_mirror_gap(mirror, QM_MIRROR_CAUSE_MEMORY, r);
		return NULL;
	}
	entry = p;
	entry->index = index;
	entry->state = QM_MIRROR_ENDED;
	return entry;
}

/** Removes an entry, or keeps it as ended as long as a dump may have it. */
static void drop(struct qm_mirror *mirror, struct qm_mirror_policy *entry)
{
	if (mirror->phase == QM_MIRROR_DUMPING_POLICIES) {
		entry->state = QM_MIRROR_ENDED;
		entry->seen = mirror->number;
	} else {
		qm_xfrm_map_remove(&mirror->policies, entry);
	}
}

static void lose(struct qm_mirror *mirror, struct qm_mirror_policy *entry,
				 struct qm_mirror_event event)
{
	const struct qm_xfrm_policy policy = {
		.has = entry->if_id ? QM_XFRM_HAS_IF_ID : 0,
		.index = entry->index,
		.if_id = entry->if_id,
		.dir = entry->dir,
		.type = entry->type,
		.tmpl[0].reqid = entry->reqid,
	};

	event.kind = QM_MIRROR_POLICY_REMOVED;
	event.known = true;
	event.policy = &policy;
	drop(mirror, entry);
	qm_mirror_tell(mirror, &event);
}

static void place(struct qm_mirror *mirror, const struct qm_xfrm_policy *policy,
				  struct qm_mirror_event event)
{
	struct qm_mirror_policy *entry = find(mirror, policy->index);

	event.policy = policy;
	if (!entry) {
		entry = add(mirror, policy->index);
	}
	if (!entry) {
		return;
	}
	event.kind = entry->state == QM_MIRROR_ENDED ? QM_MIRROR_POLICY_ADDED
												 : QM_MIRROR_POLICY_CHANGED;
	entry->seen = mirror->number;
	if (event.kind == QM_MIRROR_POLICY_ADDED || differs(entry, policy)) {
		keep(entry, policy);
		entry->state = QM_MIRROR_LIVE;
		qm_mirror_tell(mirror, &event);
	}
}

static void take_end(struct qm_mirror *mirror, const struct qm_xfrm_msg *msg)
{
	const bool expired = msg->kind == QM_XFRM_POL_EXPIRE;
	struct qm_mirror_policy *entry = find(mirror, msg->policy.index);
	struct qm_mirror_event event = {
		.kind = QM_MIRROR_POLICY_REMOVED,
		.end = expired ? QM_MIRROR_END_EXPIRED : QM_MIRROR_END_DELETED,
		.known = entry && entry->state != QM_MIRROR_ENDED,
		.by = qm_mirror_actor(mirror, msg->port),
		.policy = &msg->policy,
	};

	if (expired && !msg->port) {
		event.by.kind = QM_XFRM_ACTOR_KERNEL;
	}
	if (!entry && mirror->phase == QM_MIRROR_DUMPING_POLICIES) {
		entry = add(mirror, msg->policy.index);
	}
	if (entry) {
		drop(mirror, entry);
	}
	qm_mirror_tell(mirror, &event);
}

static void take_flush(struct qm_mirror *mirror, const struct qm_xfrm_msg *msg)
{
	const struct qm_mirror_event event = {
		.by = qm_mirror_actor(mirror, msg->port),
		.end = QM_MIRROR_END_FLUSHED,
	};
	struct qm_mirror_policy *entry;
	uint32_t pos = 0;

	if (mirror->phase == QM_MIRROR_DUMPING_POLICIES) {
		qm_mirror_gap(mirror, QM_MIRROR_CAUSE_UNCLEAR, 0);
	}
	while ((entry = qm_xfrm_map_each(&mirror->policies, &pos))) {
		if (entry->state == QM_MIRROR_LIVE && entry->type == msg->policy_type) {
			lose(mirror, entry, event);
		}
	}
}

/** Whether it is one that we keep, and not one of a socket, which is not notified. */
static bool is_kept(const struct qm_xfrm_policy *policy)
{
	return policy->has & QM_XFRM_HAS_POLICY && policy->dir < XFRM_POLICY_MAX;
}

void qm_mirror_take_policy(struct qm_mirror *mirror, const struct qm_xfrm_msg *msg)
{
	if (msg->kind == QM_XFRM_FLUSH_POLICY) {
		take_flush(mirror, msg);
	} else if (!is_kept(&msg->policy)) {
		return;
	} else if (msg->kind == QM_XFRM_NEW_POLICY || msg->kind == QM_XFRM_UPD_POLICY) {
		place(mirror, &msg->policy,
			  (struct qm_mirror_event){ .by = qm_mirror_actor(mirror, msg->port) });
	} else if (msg->kind == QM_XFRM_DEL_POLICY || msg->hard) {
		take_end(mirror, msg);
	}
}

void qm_mirror_take_dumped_policy(struct qm_mirror *mirror,
								  const struct qm_xfrm_policy *policy)
{
	const struct qm_mirror_policy *entry;

	if (!is_kept(policy)) {
		return;
	}
	entry = find(mirror, policy->index);
	if (!entry || entry->seen != mirror->number) {
		place(mirror, policy, (struct qm_mirror_event){ .found = true });
	}
}

void qm_mirror_sweep_policies(struct qm_mirror *mirror)
{
	struct qm_mirror_policy *entry;
	uint32_t pos = 0;

	while ((entry = qm_xfrm_map_each(&mirror->policies, &pos))) {
		if (entry->state == QM_MIRROR_ENDED) {
			qm_xfrm_map_remove(&mirror->policies, entry);
		} else if (entry->seen != mirror->number) {
			lose(mirror, entry,
				 (struct qm_mirror_event){ .end = QM_MIRROR_END_VANISHED,
										   .found = true });
		}
	}
}

void qm_mirror_forget_ended_policies(struct qm_mirror *mirror)
{
	struct qm_mirror_policy *entry;
	uint32_t pos = 0;

	while ((entry = qm_xfrm_map_each(&mirror->policies, &pos))) {
		if (entry->state == QM_MIRROR_ENDED) {
			qm_xfrm_map_remove(&mirror->policies, entry);
		}
	}
}

uint32_t qm_mirror_count_policies(const struct qm_mirror *mirror, uint8_t dir,
								  uint32_t reqid)
{
	const struct qm_mirror_policy *entry;
	uint32_t pos = 0, n = 0;

	while ((entry = qm_xfrm_map_each(&mirror->policies, &pos))) {
		n += entry->state == QM_MIRROR_LIVE && entry->dir == dir &&
			 (!reqid || entry->reqid == reqid);
	}
	return n;
}
