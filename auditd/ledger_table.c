/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <utlist.h>

void qm_table_name_half(struct qm_half *half, const struct qm_sa_id *id)
{
	*half = (struct qm_half){
		.spi = id->spi,
		.satype = id->satype,
		.family = id->dst.family,
	};
	memcpy(half->dst, id->dst.ip, id->dst.family == AF_INET ? 4 : sizeof(half->dst));
}

struct qm_sa *qm_table_find(const struct qm_table *table, uint32_t child_sa)
{
	struct qm_sa *sa;

	HASH_FIND(hh, table->sas, &child_sa, sizeof(child_sa), sa);
	return sa;
}

struct qm_sa *qm_table_find_half(const struct qm_table *table,
								 const struct qm_sa_id *id)
{
	struct qm_half half;
	struct qm_sa *sa;

	qm_table_name_half(&half, id);
	HASH_FIND(hh_in, table->by_in, &half, sizeof(half), sa);
	if (!sa) {
		HASH_FIND(hh_out, table->by_out, &half, sizeof(half), sa);
	}
	return sa;
}

static bool same_mark(struct qm_mark a, struct qm_mark b)
{
	return a.mask == b.mask && (a.value & a.mask) == (b.value & b.mask);
}

bool qm_table_owns(const struct qm_sa *sa, enum qm_side side,
				   const struct qm_kernel_sa *kernel)
{
	const struct qm_sa_facts *facts = &sa->facts;

	/* charon has the mark of an inbound SA on its policies, unless told otherwise */
	return side == QM_IN ? kernel->if_id == facts->if_id_in &&
							   (!kernel->mark.mask ||
								same_mark(kernel->mark, facts->mark_in)) :
						   kernel->if_id == facts->if_id_out &&
							   same_mark(kernel->mark, facts->mark_out);
}

static struct qm_sa *next_in(const struct qm_table *table, const struct qm_sa *sa)
{
	return sa->hh_in.hh_next ? ELMT_FROM_HH(table->by_in->hh_in.tbl, sa->hh_in.hh_next) :
							   NULL;
}

static struct qm_sa *next_out(const struct qm_table *table, const struct qm_sa *sa)
{
	return sa->hh_out.hh_next ?
			   ELMT_FROM_HH(table->by_out->hh_out.tbl, sa->hh_out.hh_next) : NULL;
}

/** The next CHILD_SA with the same inbound half by name, from this one on. */
static struct qm_sa *own_in(const struct qm_table *table, struct qm_sa *sa,
							const struct qm_half *half, const struct qm_kernel_sa *kernel)
{
	while (sa && (memcmp(&sa->in, half, sizeof(*half)) ||
				  !qm_table_owns(sa, QM_IN, kernel))) {
		sa = next_in(table, sa);
	}
	return sa;
}

static struct qm_sa *own_out(const struct qm_table *table, struct qm_sa *sa,
							 const struct qm_half *half,
							 const struct qm_kernel_sa *kernel)
{
	while (sa && (memcmp(&sa->out, half, sizeof(*half)) ||
				  !qm_table_owns(sa, QM_OUT, kernel))) {
		sa = next_out(table, sa);
	}
	return sa;
}

struct qm_sa *qm_table_find_kernel(const struct qm_table *table,
								   const struct qm_kernel_sa *kernel, enum qm_side *ret)
{
	struct qm_half half;
	struct qm_sa *sa;

	qm_table_name_half(&half, &kernel->id);
	HASH_FIND(hh_in, table->by_in, &half, sizeof(half), sa);
	sa = own_in(table, sa, &half, kernel);
	if (sa) {
		*ret = QM_IN;
		return sa;
	}
	HASH_FIND(hh_out, table->by_out, &half, sizeof(half), sa);
	*ret = QM_OUT;
	return own_out(table, sa, &half, kernel);
}

static struct qm_sa *earlier_in(const struct qm_table *table, const struct qm_sa *sa)
{
	const struct qm_kernel_sa own = {
		.if_id = sa->facts.if_id_in,
		.mark = sa->facts.mark_in,
	};
	struct qm_sa *other;

	HASH_FIND(hh_in, table->by_in, &sa->in, sizeof(sa->in), other);
	other = own_in(table, other, &sa->in, &own);
	while (other && !other->instance) {
		other = own_in(table, next_in(table, other), &sa->in, &own);
	}
	return other;
}

static struct qm_sa *earlier_out(const struct qm_table *table, const struct qm_sa *sa)
{
	const struct qm_kernel_sa own = {
		.if_id = sa->facts.if_id_out,
		.mark = sa->facts.mark_out,
	};
	struct qm_sa *other;

	HASH_FIND(hh_out, table->by_out, &sa->out, sizeof(sa->out), other);
	other = own_out(table, other, &sa->out, &own);
	while (other && !other->instance) {
		other = own_out(table, next_out(table, other), &sa->out, &own);
	}
	return other;
}

struct qm_sa *qm_table_find_earlier(const struct qm_table *table, const struct qm_sa *sa,
									enum qm_side side)
{
	return side == QM_IN ? earlier_in(table, sa) : earlier_out(table, sa);
}

struct qm_ike *qm_table_find_ike(const struct qm_table *table, uint32_t ike_sa)
{
	struct qm_ike *ike;

	HASH_FIND(hh, table->ikes, &ike_sa, sizeof(ike_sa), ike);
	return ike;
}

int qm_table_get_ike(struct qm_table *table, uint32_t ike_sa, struct qm_ike **ret)
{
	struct qm_ike *ike = qm_table_find_ike(table, ike_sa);

	if (!ike) {
		ike = calloc(1, sizeof(*ike));
		if (!ike) {
			return -ENOMEM;
		}
		ike->ike_sa = ike_sa;
		HASH_ADD(hh, table->ikes, ike_sa, sizeof(ike->ike_sa), ike);
		if (!ike->hh.tbl) {
			free(ike);
			return -ENOMEM;
		}
	}
	*ret = ike;
	return 0;
}

void qm_table_set_contact(struct qm_table *table, struct qm_ike *ike, bool claims)
{
	/* one that is gone would be freed in the list */
	claims = claims && !ike->gone;
	if (claims && !ike->initial_contact) {
		DL_APPEND2(table->contacts, ike, contact_prev, contact_next);
	} else if (!claims && ike->initial_contact) {
		DL_DELETE2(table->contacts, ike, contact_prev, contact_next);
	}
	ike->initial_contact = claims;
}

static void forget_ike_if_done(struct qm_table *table, struct qm_ike *ike)
{
	if (ike->gone && !ike->children && !ike->negos) {
		HASH_DEL(table->ikes, ike);
		free(ike);
	}
}

void qm_table_release_ike(struct qm_table *table, struct qm_ike *ike)
{
	ike->gone = true;
	qm_table_set_contact(table, ike, false);
	forget_ike_if_done(table, ike);
}

void qm_table_set_wait(struct qm_table *table, struct qm_nego *nego,
					   enum qm_nego_wait wait, struct qm_time now)
{
	if (nego->wait == QM_WAIT_RETRY) {
		DL_DELETE2(table->retrying, nego, wait_prev, wait_next);
	} else if (nego->wait != QM_WAIT_NOTHING) {
		DL_DELETE2(table->waiting, nego, wait_prev, wait_next);
	}
	if (wait == QM_WAIT_RETRY) {
		DL_APPEND2(table->retrying, nego, wait_prev, wait_next);
	} else if (wait != QM_WAIT_NOTHING) {
		DL_APPEND2(table->waiting, nego, wait_prev, wait_next);
	}
	nego->wait = wait;
	nego->since = now;
}

int qm_table_add_nego(struct qm_ike *ike, enum qm_direction direction,
					  struct qm_nego **ret)
{
	struct qm_nego *nego = calloc(1, sizeof(*nego));

	if (!nego) {
		return -ENOMEM;
	}
	nego->direction = direction;
	nego->ike = ike;
	DL_APPEND(ike->negos, nego);
	*ret = nego;
	return 0;
}

void qm_table_reset_nego(struct qm_table *table, struct qm_nego *nego)
{
	qm_table_set_wait(table, nego, QM_WAIT_NOTHING, nego->since);
	free(nego->offer);
	free(nego->facts);
	*nego = (struct qm_nego){
		.direction = nego->direction,
		.ike = nego->ike,
		.next = nego->next,
		.prev = nego->prev,
	};
}

void qm_table_drop_nego(struct qm_table *table, struct qm_nego *nego)
{
	struct qm_ike *ike = nego->ike;

	qm_table_reset_nego(table, nego);
	DL_DELETE(ike->negos, nego);
	free(nego);
	forget_ike_if_done(table, ike);
}

void qm_table_hide(struct qm_table *table, struct qm_sa *sa, enum qm_side side)
{
	if (side == QM_IN && sa->hh_in.tbl) {
		HASH_DELETE(hh_in, table->by_in, sa);
		sa->hh_in.tbl = NULL;
	} else if (side == QM_OUT && sa->hh_out.tbl) {
		HASH_DELETE(hh_out, table->by_out, sa);
		sa->hh_out.tbl = NULL;
	}
}

static void unindex(struct qm_table *table, struct qm_sa *sa)
{
	qm_table_hide(table, sa, QM_IN);
	qm_table_hide(table, sa, QM_OUT);
}

/** Enters both halves under the keys that the facts give. */
static int index_halves(struct qm_table *table, struct qm_sa *sa)
{
	const struct qm_sa_facts *facts = &sa->facts;
	const struct qm_sa_id ids[QM_SIDES] = {
		[QM_IN] = { facts->satype, facts->in_spi, facts->local },
		[QM_OUT] = { facts->satype, facts->out_spi, facts->remote },
	};
	struct qm_half in, out;

	qm_table_name_half(&in, &ids[QM_IN]);
	qm_table_name_half(&out, &ids[QM_OUT]);
	if (sa->hh_in.tbl && !memcmp(&in, &sa->in, sizeof(in)) &&
		!memcmp(&out, &sa->out, sizeof(out))) {
		return 0;
	}
	unindex(table, sa);
	sa->in = in;
	sa->out = out;
	HASH_ADD(hh_in, table->by_in, in, sizeof(sa->in), sa);
	HASH_ADD(hh_out, table->by_out, out, sizeof(sa->out), sa);
	if (!sa->hh_in.tbl || !sa->hh_out.tbl) {
		unindex(table, sa);
		return -ENOMEM;
	}
	return 0;
}

int qm_table_add(struct qm_table *table, const struct qm_sa_facts *facts,
				 struct qm_sa **ret)
{
	struct qm_sa *sa;
	int r;

	sa = calloc(1, sizeof(*sa));
	if (!sa) {
		return -ENOMEM;
	}
	sa->facts = *facts;
	sa->before[QM_IN].known = sa->before[QM_OUT].known = true;
	r = index_halves(table, sa);
	if (r < 0) {
		goto fail;
	}
	r = qm_table_get_ike(table, facts->ike_sa, &sa->ike);
	if (r < 0) {
		goto fail;
	}
	HASH_ADD(hh, table->sas, facts.child_sa, sizeof(sa->facts.child_sa), sa);
	if (!sa->hh.tbl) {
		r = -ENOMEM;
		goto fail;
	}
	DL_APPEND(sa->ike->children, sa);
	*ret = sa;
	return 0;

fail:
	unindex(table, sa);
	free(sa);
	return r;
}

int qm_table_add_earlier(struct qm_table *table, const struct qm_open_sa *open,
						 struct qm_sa **ret)
{
	struct qm_sa *sa = calloc(1, sizeof(*sa));
	int r;

	if (!sa) {
		return -ENOMEM;
	}
	sa->facts = open->facts;
	sa->instance = open->instance;
	sa->rekeys = open->rekeys;
	sa->before[QM_IN] = open->before_in;
	sa->before[QM_OUT] = open->before_out;
	r = index_halves(table, sa);
	if (r < 0) {
		unindex(table, sa);
		free(sa);
		return r;
	}
	DL_APPEND(table->earlier, sa);
	table->orphans++;
	*ret = sa;
	return 0;
}

int qm_table_update(struct qm_table *table, struct qm_sa *sa,
					const struct qm_sa_facts *facts)
{
	sa->facts = *facts;
	sa->facts.ike_sa = sa->ike->ike_sa;
	return index_halves(table, sa);
}

void qm_table_set_pending(struct qm_table *table, struct qm_sa *sa,
						  enum qm_sa_wait wait, struct qm_time now)
{
	if (sa->wait != QM_SA_SETTLED) {
		DL_DELETE2(table->pending, sa, wait_prev, wait_next);
	}
	if (wait != QM_SA_SETTLED) {
		DL_APPEND2(table->pending, sa, wait_prev, wait_next);
	}
	sa->wait = wait;
	sa->since = now;
}

static void leave_ike(struct qm_table *table, struct qm_sa *sa)
{
	struct qm_ike *ike = sa->ike;

	HASH_DEL(table->sas, sa);
	DL_DELETE(ike->children, sa);
	sa->ike = NULL;
	forget_ike_if_done(table, ike);
}

void qm_table_orphan(struct qm_table *table, struct qm_sa *sa)
{
	leave_ike(table, sa);
	table->orphans++;
}

void qm_table_remove(struct qm_table *table, struct qm_sa *sa)
{
	unindex(table, sa);
	qm_table_set_pending(table, sa, QM_SA_SETTLED, sa->since);
	if (sa->ike) {
		leave_ike(table, sa);
	} else {
		table->orphans--;
	}
	if (sa->instance) {
		DL_DELETE(table->earlier, sa);
	}
	free(sa);
}

void qm_table_move(struct qm_ike *from, struct qm_ike *to)
{
	struct qm_sa *sa;

	DL_FOREACH(from->children, sa) {
		sa->ike = to;
		sa->facts.ike_sa = to->ike_sa;
	}
	DL_CONCAT(to->children, from->children);
	from->children = NULL;
}

void qm_table_clear(struct qm_table *table)
{
	struct qm_ike *ike, *next_ike;
	struct qm_sa *sa, *next;

	while (table->pending) {
		qm_table_remove(table, table->pending);
	}
	while (table->earlier) {
		qm_table_remove(table, table->earlier);
	}
	HASH_ITER(hh, table->sas, sa, next) {
		qm_table_remove(table, sa);
	}
	HASH_ITER(hh, table->ikes, ike, next_ike) {
		/* to be freed by the last call */
		ike->gone = false;
		while (ike->negos) {
			qm_table_drop_nego(table, ike->negos);
		}
		qm_table_release_ike(table, ike);
	}
}
