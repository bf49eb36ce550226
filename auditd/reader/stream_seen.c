/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stream_seen.h"

#include <stdlib.h>

#include "../fnv.h"

/** What tells a record from others: its number, and the hash of its text. */
struct mark {
	uint64_t number;
	uint64_t hash;
};

/** The last marks in a ring, and chains through them by hash. */
struct node {
	uint64_t name;
	/** when it was heard of last, counted in records */
	uint64_t heard;
	unsigned count;
	unsigned at;
	struct mark marks[QM_STREAM_SEEN_MAX];
	/* positions in the ring, counted from 1 */
	uint16_t first[QM_STREAM_SEEN_MAX];
	uint16_t next[QM_STREAM_SEEN_MAX];
};

struct qm_stream_seen {
	struct node *nodes[QM_STREAM_NODES_MAX];
	unsigned n_nodes;
	uint64_t records;
};

struct qm_stream_seen *qm_stream_seen_new(void)
{
	return calloc(1, sizeof(struct qm_stream_seen));
}

struct qm_stream_seen *qm_stream_seen_free(struct qm_stream_seen *seen)
{
	for (unsigned i = 0; seen && i < seen->n_nodes; i++) {
		free(seen->nodes[i]);
	}
	free(seen);
	return NULL;
}

static uint64_t hash_of(uint64_t hash, struct qm_span text)
{
	return qm_fnv(hash, text.s, text.len);
}

/** Instance and number of the record; where it has none, auditd's serial number. */
static struct mark mark_of(const struct qm_line *line, uint64_t hash)
{
	struct mark mark = { .hash = hash_of(hash, line->body) };
	uint64_t instance, seq;

	if (!qm_span_number(qm_line_value(line, QM_KEY_INSTANCE), &instance) &&
		!qm_span_number(qm_line_value(line, QM_KEY_REC_SEQ), &seq)) {
		mark.number = instance << 32 | seq;
	} else {
		mark.number = line->serial;
		mark.hash = hash_of(mark.hash, line->stamp);
	}
	return mark;
}

/** The node of a name. @return NULL without memory for another */
static struct node *find_node(struct qm_stream_seen *seen, uint64_t name)
{
	struct node *silent = seen->nodes[0], *node;

	for (unsigned i = 0; i < seen->n_nodes; i++) {
		node = seen->nodes[i];
		if (node->name == name) {
			return node;
		}
		silent = node->heard < silent->heard ? node : silent;
	}
	if (seen->n_nodes < QM_STREAM_NODES_MAX) {
		node = calloc(1, sizeof(*node));
		if (!node) {
			return NULL;
		}
		seen->nodes[seen->n_nodes++] = node;
	} else {
		node = silent;
		memset(node, 0, sizeof(*node));
	}
	node->name = name;
	return node;
}

static uint16_t *chain_of(struct node *node, const struct mark *mark)
{
	return &node->first[(mark->hash ^ mark->hash >> 32) % QM_STREAM_SEEN_MAX];
}

static bool has(struct node *node, const struct mark *mark)
{
	for (unsigned i = *chain_of(node, mark); i; i = node->next[i - 1]) {
		if (node->marks[i - 1].hash == mark->hash &&
			node->marks[i - 1].number == mark->number) {
			return true;
		}
	}
	return false;
}

/** Makes room: takes the oldest mark out of its chain. */
static void drop_oldest(struct node *node)
{
	uint16_t *link = chain_of(node, &node->marks[node->at]);

	while (*link != node->at + 1) {
		link = &node->next[*link - 1];
	}
	*link = node->next[node->at];
}

static void add(struct node *node, const struct mark *mark)
{
	uint16_t *chain;

	if (node->count == QM_STREAM_SEEN_MAX) {
		drop_oldest(node);
	} else {
		node->count++;
	}
	chain = chain_of(node, mark);
	node->marks[node->at] = *mark;
	node->next[node->at] = *chain;
	*chain = (uint16_t)(node->at + 1);
	node->at = (node->at + 1) % QM_STREAM_SEEN_MAX;
}

bool qm_stream_seen_note(struct qm_stream_seen *seen, const struct qm_line *line)
{
	const uint64_t name = hash_of(QM_FNV_BASIS, line->node);
	const struct mark mark = mark_of(line, name);
	struct node *node = find_node(seen, name);

	if (!node) {
		return false;
	}
	node->heard = ++seen->records;
	if (has(node, &mark)) {
		return true;
	}
	add(node, &mark);
	return false;
}
