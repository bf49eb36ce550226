/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's records of SAs beside ours. They have no protocol and no mark, and come
 * from all network namespaces: only the SPI joins both.
 */
#include <errno.h>
#include <stdlib.h>

#include "verify_priv.h"

/** An SA that nobody names is told of after 10 s; and a rekey collision's loser, or the
 * half of a failure, is gone by then, or soon after. */
#define BRIEF_MS 30000

/** Numbers up to this are IPComp's. */
#define CPI_MAX 65535

/** Most pairs unknown to the kernel of which each is a finding. */
#define UNSEEN_MAX 65536

static struct qm_vspi *get_spi(struct qm_vnode *node, uint32_t number)
{
	struct qm_vspi *spi;

	HASH_FIND(hh, node->spis, &number, sizeof(number), spi);
	if (spi) {
		return spi;
	}
	spi = calloc(1, sizeof(*spi));
	if (!spi) {
		return NULL;
	}
	spi->spi = number;
	HASH_ADD(hh, node->spis, spi, sizeof(spi->spi), spi);
	if (verify_lacking) {
		free(spi);
		return NULL;
	}
	return spi;
}

/** Forgets an SPI of which nothing more can come, or need be said. */
static void settle(struct qm_vnode *node, struct qm_vspi *spi)
{
	if (spi->named && !spi->pairs && (!spi->adds || spi->deletes >= spi->adds)) {
		HASH_DEL(node->spis, spi);
		free(spi);
	}
}

int qm_vsad_name(struct qm_vnode *node, uint32_t number, bool pair)
{
	struct qm_vspi *spi;

	if (!number) {
		return 0;
	}
	spi = get_spi(node, number);
	if (!spi) {
		return -ENOMEM;
	}
	spi->named = true;
	spi->pairs += pair;
	settle(node, spi);
	return 0;
}

static bool is_ours(struct qm_vnode *node, const struct in6_addr *addr)
{
	struct qm_vaddr *found;

	HASH_FIND(hh, node->addrs, addr, sizeof(*addr), found);
	return found;
}

int qm_vsad_address(struct qm_vnode *node, struct qm_span laddr)
{
	struct in6_addr addr;
	struct qm_vaddr *fresh;

	if (qm_kernel_address(laddr, &addr) < 0 || is_ours(node, &addr)) {
		return 0;
	}
	fresh = calloc(1, sizeof(*fresh));
	if (!fresh) {
		return -ENOMEM;
	}
	fresh->addr = addr;
	HASH_ADD(hh, node->addrs, addr, sizeof(fresh->addr), fresh);
	if (verify_lacking) {
		free(fresh);
		return -ENOMEM;
	}
	return 0;
}

/** Says who added the SAs of an event. */
static void take_call(struct qm_vnode *node, const struct qm_kernel_line *line)
{
	const size_t size = sizeof(node->last_spis) / sizeof(node->last_spis[0]);

	for (size_t i = 0; i < size; i++) {
		struct qm_vspi *spi;

		HASH_FIND(hh, node->spis, &node->last_spis[i], sizeof(uint32_t), spi);
		if (spi && spi->serial == line->serial) {
			spi->pid = line->pid;
			spi->exe = qm_verify_hash(line->exe);
		}
	}
}

static int take_add(struct qm_vnode *node, const struct qm_kernel_line *line)
{
	struct qm_vspi *spi = get_spi(node, line->spi);

	if (!spi) {
		return -ENOMEM;
	}
	if (!spi->adds++) {
		spi->added_ms = line->stamp_ms;
	}
	spi->serial = line->serial;
	spi->src = line->src;
	spi->dst = line->dst;
	node->first_add_ms = node->first_add_ms ? node->first_add_ms : line->stamp_ms;
	node->last_add_ms = line->stamp_ms;
	node->last_spis[node->next_spi++ % 8] = line->spi;
	return 0;
}

int qm_vsad_take(struct qm_vnode *node, const struct qm_kernel_line *line)
{
	struct qm_vspi *spi;

	if (line->op == QM_KERNEL_CALL) {
		take_call(node, line);
		return 0;
	}
	if (!line->done) {
		return 0;
	}
	if (line->op == QM_KERNEL_ADD) {
		return take_add(node, line);
	}
	HASH_FIND(hh, node->spis, &line->spi, sizeof(line->spi), spi);
	if (spi) {
		spi->deletes++;
		spi->deleted_ms = line->stamp_ms;
		settle(node, spi);
	}
	return 0;
}

static int add_unseen(const struct qm_vpair *pair, bool uncounted)
{
	struct qm_vnode *node = pair->run->node;
	struct qm_vunseen *unseen;

	if (node->n_unseen == node->size_unseen) {
		const size_t size = node->size_unseen ? node->size_unseen * 2 : 64;

		unseen = realloc(node->unseen, size * sizeof(*unseen));
		if (!unseen) {
			return -ENOMEM;
		}
		node->unseen = unseen;
		node->size_unseen = size;
	}
	unseen = &node->unseen[node->n_unseen++];
	*unseen = (struct qm_vunseen){
		.finding = qm_verify_about(pair->run, QM_FINDING_NOT_IN_KERNEL, pair->when_ms),
		.run = pair->run,
		.uncounted = uncounted,
	};
	unseen->finding.seq = pair->seq;
	unseen->finding.child_sa = pair->key.child_sa;
	unseen->finding.in_spi = pair->key.in_spi;
	unseen->finding.out_spi = pair->key.out_spi;
	return 0;
}

/** A pair lets go of an SPI. @return whether the kernel has told of it */
static bool leave(struct qm_vnode *node, uint32_t number)
{
	struct qm_vspi *spi;
	bool added;

	HASH_FIND(hh, node->spis, &number, sizeof(number), spi);
	if (!spi) {
		return false;
	}
	added = spi->adds;
	spi->pairs -= spi->pairs > 0;
	settle(node, spi);
	return added;
}

int qm_vsad_end(const struct qm_vpair *pair, bool uncounted)
{
	struct qm_vnode *node = pair->run->node;
	const bool in = leave(node, pair->key.in_spi);
	const bool out = leave(node, pair->key.out_spi);

	pair->run->in_kernel += in || out;
	if ((in && out) || pair->delayed || node->n_unseen >= UNSEEN_MAX ||
		!node->first_add_ms || node->first_add_ms > pair->when_ms) {
		return 0;
	}
	return add_unseen(pair, uncounted);
}

static int judge_unseen(struct qm_vnode *node, struct qm_vunseen *unseen)
{
	struct qm_vrun *run = unseen->run;

	if (unseen->finding.time_ms > node->last_add_ms + SLACK_MS) {
		/* nor does it tell of others any more */
		return 0;
	}
	if (unseen->uncounted && !qm_vchain_leader(run)->in_kernel) {
		if (run->apart++) {
			return 0;
		}
		unseen->finding.kind = QM_NOTE_APART;
	}
	return qm_verify_find(node->verify, &unseen->finding);
}

/** Whether a run's process was there, and its 5451s were to be written. */
static bool was_writing(const struct qm_vrun *run, uint64_t at_ms)
{
	const struct qm_vrun *leader = run->leader;
	const uint64_t from = at_ms > SLACK_MS ? at_ms - SLACK_MS : 0;

	return run->first_ms <= at_ms + SLACK_MS && run->last_ms + BRIEF_MS >= at_ms &&
		   !qm_vrun_is_silent(leader, from, at_ms + SLACK_MS);
}

/** The run that a process had then, or NULL. */
static const struct qm_vrun *run_of(const struct qm_vnode *node, uint32_t pid)
{
	const struct qm_vrun *found = NULL;

	for (const struct qm_vrun *run = node->runs; run; run = run->hh.next) {
		if (run->key.pid == pid && (!found || run->key.instance > found->key.instance)) {
			found = run;
		}
	}
	return found;
}

/** Whether a program is one that writes records. */
static bool is_writer(const struct qm_vnode *node, uint32_t exe)
{
	for (const struct qm_vrun *run = node->runs; run; run = run->hh.next) {
		if (run->exe == exe) {
			return true;
		}
	}
	return false;
}

static bool any_writes(const struct qm_vnode *node, uint64_t at_ms)
{
	for (const struct qm_vrun *run = node->runs; run; run = run->hh.next) {
		if (was_writing(run, at_ms)) {
			return true;
		}
	}
	return false;
}

/** What an SA is that the kernel added and no record names; QM_FINDING_MAX: nothing. */
static enum qm_finding_kind kind_of(struct qm_vnode *node, const struct qm_vspi *spi)
{
	const struct qm_vrun *run = spi->pid ? run_of(node, spi->pid) : NULL;

	if (spi->pid && !run && !is_writer(node, spi->exe)) {
		return QM_NOTE_FOREIGN_SA;
	}
	if (spi->deletes >= spi->adds && spi->deleted_ms - spi->added_ms < BRIEF_MS) {
		return QM_NOTE_BRIEF_SA;
	}
	if (node->last_ms - spi->added_ms < BRIEF_MS || (run && spi->spi <= CPI_MAX)) {
		return QM_FINDING_MAX;
	}
	if (run ? !was_writing(run, spi->added_ms) : !any_writes(node, spi->added_ms)) {
		return QM_FINDING_MAX;
	}
	return spi->pid || is_ours(node, &spi->src) || is_ours(node, &spi->dst)
			   ? QM_FINDING_KERNEL_ONLY
			   : QM_NOTE_FOREIGN_SA;
}

static int judge_spi(struct qm_vnode *node, const struct qm_vspi *spi)
{
	const struct qm_finding finding = {
		.kind = kind_of(node, spi),
		.node = node->name,
		.pid = spi->pid,
		.in_spi = spi->spi,
		.time_ms = spi->added_ms,
	};

	return finding.kind == QM_FINDING_MAX ? 0 : qm_verify_find(node->verify, &finding);
}

int qm_vsad_judge(struct qm_vnode *node)
{
	struct qm_vspi *spi, *next;
	int error = 0;

	HASH_ITER(hh, node->spis, spi, next)
	{
		if (!error && spi->adds && !spi->named) {
			error = judge_spi(node, spi);
		}
	}
	for (size_t i = 0; i < node->n_unseen && !error; i++) {
		error = judge_unseen(node, &node->unseen[i]);
	}
	return error;
}

void qm_vsad_clear(struct qm_vnode *node)
{
	struct qm_vspi *spi, *next;
	struct qm_vaddr *addr, *next_addr;

	HASH_ITER(hh, node->spis, spi, next)
	{
		HASH_DEL(node->spis, spi);
		free(spi);
	}
	HASH_ITER(hh, node->addrs, addr, next_addr)
	{
		HASH_DEL(node->addrs, addr);
		free(addr);
	}
	free(node->unseen);
}
