/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger_stray.h"

#include <stdlib.h>
#include <string.h>
#include <utlist.h>

/** How long charon may take to say whose SA it has added, or to delete one. */
#define GRACE_MS 10000

/** Those of others that are kept. */
#define FOREIGN_MAX 65536

void qm_stray_lost(const struct qm_scene *scene, uint64_t count, uint64_t since_ms)
{
	const struct qm_event event = {
		.kind = QM_EVENT_LOST,
		.when_ms = scene->now.wall_ms,
		.since_ms = since_ms,
		.cause = QM_LOSS_NETLINK,
		.lost = count,
	};

	scene->emit(scene->user, &event);
}

static void set_fresh(struct qm_table *table, struct qm_stray *stray, bool fresh)
{
	if (stray->fresh) {
		DL_DELETE(table->fresh, stray);
	}
	if (fresh) {
		DL_APPEND(table->fresh, stray);
	}
	stray->fresh = fresh;
}

/** Adds one, or tells that there is no room for it. */
static struct qm_stray *add(const struct qm_scene *scene,
							const struct qm_kernel_sa *kernel)
{
	struct qm_stray *stray = calloc(1, sizeof(*stray));

	if (stray) {
		qm_table_name_half(&stray->half, &kernel->id);
		stray->kernel = *kernel;
		stray->since = scene->now;
		HASH_ADD(hh, scene->table->strays, half, sizeof(stray->half), stray);
		if (stray->hh.tbl) {
			return stray;
		}
		free(stray);
	}
	qm_stray_lost(scene, 1, scene->now.wall_ms);
	return NULL;
}

void qm_stray_add(const struct qm_scene *scene, const struct qm_kernel_sa *kernel)
{
	const bool foreign = kernel->by != QM_PARTY_LOCAL;
	struct qm_stray *stray;

	if (foreign && scene->table->foreign >= FOREIGN_MAX) {
		qm_stray_lost(scene, 1, scene->now.wall_ms);
		return;
	}
	stray = add(scene, kernel);
	if (stray && foreign) {
		stray->foreign = true;
		scene->table->foreign++;
		set_fresh(scene->table, stray, true);
	}
}

static struct qm_addr address_of(const struct qm_half *half)
{
	struct qm_addr addr = { .family = half->family };

	memcpy(addr.ip, half->dst, sizeof(half->dst));
	return addr;
}

/** What is known of a half in the kernel that nobody describes. */
static struct qm_stray *add_half(const struct qm_scene *scene, const struct qm_sa *sa,
								 enum qm_side side,
								 const struct qm_half halves[QM_SIDES])
{
	const struct qm_sa_facts *facts = &sa->facts;
	const struct qm_half *half = &halves[side];
	const struct qm_kernel_sa kernel = {
		.id = { half->satype, half->spi, address_of(half) },
		.src = address_of(&halves[side == QM_IN ? QM_OUT : QM_IN]),
		.reqid = facts->reqid,
		.if_id = side == QM_IN ? facts->if_id_in : facts->if_id_out,
		.mark = side == QM_IN ? facts->mark_in : facts->mark_out,
		.samode = facts->samode,
		.by = QM_PARTY_LOCAL,
	};

	return add(scene, &kernel);
}

void qm_stray_keep_former(const struct qm_scene *scene, struct qm_sa *sa,
						  enum qm_side side, const struct qm_half halves[QM_SIDES])
{
	struct qm_stray *stray = add_half(scene, sa, side, halves);

	if (stray) {
		stray->child = sa;
		stray->side = side;
		sa->flow[side].former = stray;
	} else {
		/* as if it had not been seen yet */
		sa->flow[side] = (struct qm_flow){ .uncounted = true };
	}
}

void qm_stray_part(const struct qm_scene *scene, struct qm_flow *flow)
{
	if (flow->former) {
		flow->former->child = NULL;
		flow->former->since = scene->now;
		set_fresh(scene->table, flow->former, true);
		flow->former = NULL;
	}
}

void qm_stray_leave(const struct qm_scene *scene, const struct qm_sa *sa,
					enum qm_side side)
{
	const struct qm_half halves[QM_SIDES] = { [QM_IN] = sa->in, [QM_OUT] = sa->out };
	struct qm_stray *stray = add_half(scene, sa, side, halves);

	/* charon deletes its own; what an earlier run left is known, and stays */
	if (stray && !sa->instance) {
		set_fresh(scene->table, stray, true);
	}
}

static bool is_same(const struct qm_kernel_sa *a, const struct qm_kernel_sa *b)
{
	return a->if_id == b->if_id && a->mark.mask == b->mark.mask &&
		   (a->mark.value & a->mark.mask) == (b->mark.value & b->mark.mask);
}

static struct qm_stray *first(const struct qm_table *table, const struct qm_half *half)
{
	struct qm_stray *stray;

	HASH_FIND(hh, table->strays, half, sizeof(*half), stray);
	return stray;
}

/** The next with the same name. */
static struct qm_stray *next(const struct qm_table *table, struct qm_stray *stray)
{
	const struct qm_half *half = &stray->half;

	do {
		stray = stray->hh.hh_next ?
					ELMT_FROM_HH(table->strays->hh.tbl, stray->hh.hh_next) : NULL;
	} while (stray && memcmp(&stray->half, half, sizeof(*half)));
	return stray;
}

struct qm_stray *qm_stray_find(const struct qm_table *table,
							   const struct qm_kernel_sa *kernel)
{
	struct qm_stray *stray;
	struct qm_half half;

	qm_table_name_half(&half, &kernel->id);
	for (stray = first(table, &half); stray; stray = next(table, stray)) {
		/* of a half, not all of the kernel's name is known */
		if (stray->child ? qm_table_owns(stray->child, stray->side, kernel) :
						   is_same(&stray->kernel, kernel)) {
			break;
		}
	}
	return stray;
}

struct qm_stray *qm_stray_claim(const struct qm_table *table, const struct qm_sa *sa,
								enum qm_side side)
{
	struct qm_stray *stray;

	for (stray = first(table, side == QM_IN ? &sa->in : &sa->out); stray;
		 stray = next(table, stray)) {
		if (!stray->child && qm_table_owns(sa, side, &stray->kernel)) {
			break;
		}
	}
	return stray;
}

void qm_stray_drop(struct qm_table *table, struct qm_stray *stray)
{
	if (stray->child) {
		stray->child->flow[stray->side].former = NULL;
	}
	set_fresh(table, stray, false);
	table->foreign -= stray->foreign;
	HASH_DEL(table->strays, stray);
	free(stray);
}

static bool is_told_of(const struct qm_table *table)
{
	return table->mirrored && !table->gap;
}

void qm_stray_before(const struct qm_scene *scene)
{
	struct qm_table *table = scene->table;
	struct qm_stray *stray;

	while (is_told_of(table) && (stray = table->fresh) &&
		   (int64_t)(scene->now.mono_ms - stray->since.mono_ms) >= GRACE_MS) {
		const struct qm_event event = {
			.kind = QM_EVENT_UNKNOWN_SA,
			.when_ms = scene->now.wall_ms,
			.since_ms = stray->since.wall_ms,
			.kernel = &stray->kernel,
		};

		set_fresh(table, stray, false);
		scene->emit(scene->user, &event);
	}
}

bool qm_stray_waits(const struct qm_table *table)
{
	return table->fresh && is_told_of(table);
}

void qm_stray_clear(struct qm_table *table)
{
	struct qm_stray *stray, *following;

	HASH_ITER(hh, table->strays, stray, following) {
		qm_stray_drop(table, stray);
	}
}
