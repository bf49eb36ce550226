/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * SA pairs: each 5452 has its 5451, and the other way round.
 */
#include <errno.h>
#include <stdlib.h>

#include "verify_priv.h"

/** What durations and times may differ by. */
#define TOLERANCE_MS 1000

static struct qm_vpair key_of(const struct qm_line *line)
{
	struct qm_vpair pair;

	memset(&pair, 0, sizeof(pair));
	pair.key.child_sa = qm_verify_number(line, QM_KEY_CHILD_SA);
	pair.key.instance = (uint32_t)qm_verify_number(line, QM_KEY_INSTANCE);
	pair.key.in_spi = qm_span_spi(qm_line_value(line, QM_KEY_IN_SPI));
	pair.key.out_spi = qm_span_spi(qm_line_value(line, QM_KEY_OUT_SPI));
	return pair;
}

static int find(const struct qm_vpair *pair, enum qm_finding_kind kind, uint64_t seq,
				uint64_t time_ms)
{
	struct qm_finding finding = qm_verify_about(pair->run, kind, time_ms);

	finding.seq = seq;
	finding.child_sa = pair->key.child_sa;
	finding.in_spi = pair->key.in_spi;
	finding.out_spi = pair->key.out_spi;
	return qm_verify_find(pair->run->node->verify, &finding);
}

static struct qm_vpair *lookup(struct qm_vnode *node, const struct qm_vpair *key)
{
	struct qm_vpair *pair;

	HASH_FIND(hh, node->pairs, &key->key, sizeof(key->key), pair);
	return pair;
}

static int keep(struct qm_vnode *node, const struct qm_vpair *from)
{
	struct qm_vpair *pair = malloc(sizeof(*pair));

	if (!pair) {
		return -ENOMEM;
	}
	*pair = *from;
	HASH_ADD(hh, node->pairs, key, sizeof(pair->key), pair);
	if (verify_lacking) {
		free(pair);
		return -ENOMEM;
	}
	return 0;
}

static void drop(struct qm_vnode *node, struct qm_vpair *pair)
{
	HASH_DEL(node->pairs, pair);
	free(pair);
}

int qm_vpair_start(const struct qm_vrecord *record)
{
	struct qm_vnode *node = record->run->node;
	struct qm_vpair fresh = key_of(record->line), *pair = lookup(node, &fresh);
	int error;

	node->verify->result.pairs++;
	fresh.run = record->run;
	fresh.seq = record->seq;
	fresh.when_ms = record->when_ms;
	fresh.delayed = record->line->stamp_ms > record->when_ms + SLACK_MS;
	if (pair && pair->orphan) {
		error = find(&fresh, QM_FINDING_ORDER, pair->seq, pair->when_ms);
		drop(node, pair);
		return error;
	}
	if (pair) {
		return find(&fresh, QM_FINDING_STARTED_TWICE, record->seq, record->when_ms);
	}
	error = keep(node, &fresh);
	error = error ? error : qm_vsad_name(node, fresh.key.in_spi, true);
	error = error ? error : qm_vsad_name(node, fresh.key.out_spi, true);
	return error ? error
				 : qm_vsad_address(node, qm_line_known(record->line, QM_KEY_LADDR));
}

static int keep_orphan(const struct qm_vrecord *record, struct qm_vpair *orphan)
{
	struct qm_vnode *node = record->run->node;
	const uint64_t lasted = qm_span_time(qm_line_value(record->line, QM_KEY_DURATION));
	int error;

	node->verify->result.pairs++;
	orphan->orphan = true;
	orphan->seq = record->seq;
	orphan->when_ms = record->when_ms;
	orphan->began_ms = lasted < record->when_ms ? record->when_ms - lasted : 0;
	error = keep(node, orphan);
	/* what the kernel tells of it is not of an SA that nobody names */
	error = error ? error : qm_vsad_name(node, orphan->key.in_spi, false);
	return error ? error : qm_vsad_name(node, orphan->key.out_spi, false);
}

static int check_times(const struct qm_vrecord *record, const struct qm_vpair *pair)
{
	const uint64_t lasted = qm_span_time(qm_line_value(record->line, QM_KEY_DURATION));
	const uint64_t ended = record->when_ms;
	const uint64_t between = ended > pair->when_ms ? ended - pair->when_ms : 0;
	const uint64_t off = between > lasted ? between - lasted : lasted - between;

	return off > TOLERANCE_MS
			   ? find(pair, QM_FINDING_DURATION, record->seq, record->when_ms)
			   : 0;
}

int qm_vpair_end(const struct qm_vrecord *record)
{
	struct qm_vnode *node = record->run->node;
	struct qm_vpair key = key_of(record->line), *pair = lookup(node, &key);
	bool uncounted;
	int error;

	key.run = record->run;
	if (!pair) {
		return keep_orphan(record, &key);
	}
	if (pair->orphan) {
		return find(&key, QM_FINDING_ENDED_TWICE, record->seq, record->when_ms);
	}
	if (pair->run != record->run) {
		qm_vchain_join(pair->run, record->run);
	}
	uncounted = !qm_line_known(record->line, QM_KEY_BYTES_IN).s &&
				!qm_line_known(record->line, QM_KEY_BYTES_OUT).s;
	error = check_times(record, pair);
	error = error ? error : qm_vsad_end(pair, uncounted);
	drop(node, pair);
	return error;
}

/** Whether nobody can expect a 5451 for a 5452. */
static bool is_excused(const struct qm_vpair *orphan, const struct qm_vrun *leader)
{
	return (leader->cut && orphan->began_ms <= leader->first_ms + SLACK_MS) ||
		   qm_vrun_is_silent(leader, orphan->began_ms,
							 orphan->began_ms + TOLERANCE_MS);
}

static int add_open(const struct qm_vpair *pair)
{
	struct qm_verify *verify = pair->run->node->verify;
	struct qm_verify_result *result = &verify->result;

	if (result->n_open == verify->size_open) {
		const size_t size = verify->size_open ? verify->size_open * 2 : 64;
		struct qm_open_pair *more = realloc(result->open, size * sizeof(*more));

		if (!more) {
			return -ENOMEM;
		}
		result->open = more;
		verify->size_open = size;
	}
	result->open[result->n_open++] = (struct qm_open_pair){
		.node = pair->run->node->name,
		.instance = pair->key.instance,
		.pid = pair->run->key.pid,
		.child_sa = pair->key.child_sa,
		.in_spi = pair->key.in_spi,
		.out_spi = pair->key.out_spi,
		.since_ms = pair->when_ms,
	};
	return 0;
}

static int judge_open(const struct qm_vpair *pair, struct qm_vrun *leader)
{
	const bool over = leader->stop_seq || leader->after;
	int error = qm_vsad_end(pair, true);

	if (error) {
		return error;
	}
	if (!over) {
		return add_open(pair);
	}
	if (leader->silent_until >= pair->when_ms) {
		return 0;
	}
	if (leader->after && leader->n_open < leader->most_open) {
		leader->n_open++;
		return add_open(pair);
	}
	return find(pair, QM_FINDING_NO_END, pair->seq, pair->when_ms);
}

int qm_vpair_judge(struct qm_vnode *node)
{
	struct qm_vpair *pair, *next;
	int error = 0;

	HASH_ITER(hh, node->pairs, pair, next)
	{
		struct qm_vrun *leader = qm_vchain_leader(pair->run);

		if (error) {
			return error;
		}
		if (!pair->orphan) {
			error = judge_open(pair, leader);
		} else {
			error = find(pair, is_excused(pair, leader) ? QM_NOTE_BEFORE
														: QM_FINDING_NO_START,
						 pair->seq, pair->when_ms);
		}
	}
	return error;
}

void qm_vpair_clear(struct qm_vnode *node)
{
	struct qm_vpair *pair, *next;

	HASH_ITER(hh, node->pairs, pair, next)
	{
		drop(node, pair);
	}
}
