/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "verify.h"

#include <errno.h>
#include <stdlib.h>

#include "../fnv.h"
#include "verify_priv.h"

_Thread_local bool verify_lacking;

static const struct {
	const char *name;
	const char *meaning;
} kinds[QM_FINDING_MAX] = {
	[QM_FINDING_HOLE] = {
		"hole",
		"records with these numbers are missing, and no op=lost tells of them",
	},
	[QM_FINDING_CONFLICT] = {
		"conflict",
		"another record has the same number",
	},
	[QM_FINDING_LOST] = {
		"lost",
		"the gateway says that it could not keep these",
	},
	[QM_FINDING_NO_START] = {
		"no-5451",
		"an SA pair ended of which no 5451 tells",
	},
	[QM_FINDING_NO_END] = {
		"no-5452",
		"an SA pair is over of whose end no 5452 tells",
	},
	[QM_FINDING_STARTED_TWICE] = {
		"second-5451",
		"the SA pair has a 5451 already",
	},
	[QM_FINDING_ENDED_TWICE] = {
		"second-5452",
		"the SA pair has a 5452 already",
	},
	[QM_FINDING_ORDER] = {
		"order",
		"the SA pair ended before it was established",
	},
	[QM_FINDING_DURATION] = {
		"duration",
		"duration= is not the time between 5451 and 5452: one was altered, or"
		" the clock set",
	},
	[QM_FINDING_NO_AUDIT_START] = {
		"no-audit-start",
		"the run does not begin with its audit-start",
	},
	[QM_FINDING_NO_AUDIT_STOP] = {
		"no-audit-stop",
		"a later run has begun, and neither an audit-stop nor last-run= says "
		"how this one ended",
	},
	[QM_FINDING_LAST_RUN] = {
		"last-run",
		"the run wrote an audit-stop, and the next one says that it did not "
		"end so",
	},
	[QM_FINDING_SKIPPED] = {
		"no-instance",
		"no record of these runs is there; right only if their policy wrote "
		"nothing",
	},
	[QM_FINDING_AFTER_STOP] = {
		"after-stop",
		"the run has written after its audit-stop",
	},
	[QM_FINDING_WRITTEN] = {
		"written",
		"more records are there than the audit-stop says were written",
	},
	[QM_FINDING_UNNUMBERED] = {
		"unnumbered",
		"a record has no rec-seq",
	},
	[QM_FINDING_KERNEL_ONLY] = {
		"kernel-only",
		"the kernel added an SA that no record of ours names",
	},
	[QM_FINDING_NOT_IN_KERNEL] = {
		"not-in-kernel",
		"the kernel does not tell of adding the SAs of this 5451",
	},
	[QM_NOTE_BEGINS] = {
		"begins",
		"the trail begins in the middle of this run",
	},
	[QM_NOTE_BEFORE] = {
		"began-before",
		"the SA pair began before the trail, or under a policy that wrote no "
		"success",
	},
	[QM_NOTE_DIED] = {
		"died",
		"the run ended without an audit-stop, and the next one says why",
	},
	[QM_NOTE_UNKNOWN_SA] = {
		"unknown-sa",
		"an SA that is not charon's was told of",
	},
	[QM_NOTE_BRIEF_SA] = {
		"brief-sa",
		"the kernel had an SA for some seconds that no record names: a rekey "
		"collision's loser, or a failure",
	},
	[QM_NOTE_FOREIGN_SA] = {
		"foreign-sa",
		"a process that writes no records added an SA, maybe in another "
		"network namespace",
	},
	[QM_NOTE_APART] = {
		"apart",
		"none of this run's SAs is in the kernel's records, nor has it "
		"counts: they are not in this kernel",
	},
};

const char *qm_finding_name(enum qm_finding_kind kind)
{
	return kinds[kind].name;
}

const char *qm_finding_meaning(enum qm_finding_kind kind)
{
	return kinds[kind].meaning;
}

struct qm_verify *qm_verify_new(void)
{
	verify_lacking = false;
	return calloc(1, sizeof(struct qm_verify));
}

static void free_node(struct qm_vnode *node)
{
	struct qm_vrun *run, *next;

	qm_vpair_clear(node);
	qm_vsad_clear(node);
	HASH_ITER(hh, node->runs, run, next)
	{
		HASH_DEL(node->runs, run);
		qm_vrun_free(run);
	}
	free(node->name);
	free(node);
}

struct qm_verify *qm_verify_free(struct qm_verify *verify)
{
	struct qm_vnode *node, *next;

	if (verify) {
		HASH_ITER(hh, verify->nodes, node, next)
		{
			HASH_DEL(verify->nodes, node);
			free_node(node);
		}
		free(verify->result.findings);
		free(verify->result.open);
		free(verify);
	}
	return NULL;
}

struct qm_span qm_verify_field(const struct qm_line *line, const char *name)
{
	for (unsigned i = 0; i < line->n_fields; i++) {
		const struct qm_field *field = &line->fields[QM_LINE_OTHERS_MAX + i];

		if (qm_span_is(field->name, name)) {
			return qm_span_is(field->value, "?") ? (struct qm_span){ 0 } : field->value;
		}
	}
	return (struct qm_span){ 0 };
}

uint64_t qm_verify_number(const struct qm_line *line, enum qm_key key)
{
	uint64_t n;

	return qm_span_number(qm_line_value(line, key), &n) ? 0 : n;
}

int qm_verify_find(struct qm_verify *verify, const struct qm_finding *finding)
{
	struct qm_verify_result *result = &verify->result;

	if (result->n_findings == verify->size_findings) {
		const size_t size = verify->size_findings ? verify->size_findings * 2 : 64;
		struct qm_finding *more = realloc(result->findings, size * sizeof(*more));

		if (!more) {
			return -ENOMEM;
		}
		result->findings = more;
		verify->size_findings = size;
	}
	result->findings[result->n_findings++] = *finding;
	return 0;
}

struct qm_finding qm_verify_about(const struct qm_vrun *run, enum qm_finding_kind kind,
								  uint64_t time_ms)
{
	return (struct qm_finding){
		.kind = kind,
		.node = run->node->name,
		.instance = run->key.instance,
		.pid = run->key.pid,
		.time_ms = time_ms,
	};
}

static struct qm_vnode *add_node(struct qm_verify *verify, struct qm_span name)
{
	struct qm_vnode *node = calloc(1, sizeof(*node));

	if (!node) {
		return NULL;
	}
	node->verify = verify;
	node->name = calloc(1, name.len + 1);
	node->name_len = name.len;
	if (node->name) {
		memcpy(node->name, name.len ? name.s : "", name.len);
		HASH_ADD_KEYPTR(hh, verify->nodes, node->name, name.len, node);
	}
	if (!node->name || verify_lacking) {
		free(node->name);
		free(node);
		return NULL;
	}
	return node;
}

static struct qm_vnode *get_node(struct qm_verify *verify, struct qm_span name,
								 uint64_t when_ms)
{
	struct qm_vnode *node = verify->node;

	if (!node || !qm_span_same(name, (struct qm_span){ node->name, node->name_len })) {
		HASH_FIND(hh, verify->nodes, name.s ? name.s : "", name.len, node);
		node = node ? node : add_node(verify, name);
		if (!node) {
			return NULL;
		}
		verify->node = node;
	}
	node->first_ms = node->first_ms ? node->first_ms : when_ms;
	node->last_ms = when_ms > node->last_ms ? when_ms : node->last_ms;
	return node;
}

uint32_t qm_verify_hash(struct qm_span text)
{
	const uint64_t hash = qm_fnv(QM_FNV_BASIS, text.s, text.len);

	return (uint32_t)(hash ^ hash >> 32);
}

static int take_unknown_sa(const struct qm_vrecord *record)
{
	struct qm_finding finding =
		qm_verify_about(record->run, QM_NOTE_UNKNOWN_SA, record->when_ms);
	const uint32_t spi = qm_span_spi(qm_line_value(record->line, QM_KEY_SPI));

	finding.seq = record->seq;
	finding.in_spi = spi;
	return qm_verify_find(record->run->node->verify, &finding) < 0
			   ? -ENOMEM
			   : qm_vsad_name(record->run->node, spi, false);
}

static int take_content(const struct qm_vrecord *record)
{
	struct qm_verify *verify = record->run->node->verify;

	verify->result.records++;
	if (qm_vrun_first(record) < 0) {
		return -ENOMEM;
	}
	if (record->event_id == 5451) {
		return qm_vpair_start(record);
	}
	if (record->event_id == 5452) {
		return qm_vpair_end(record);
	}
	if (qm_span_is(record->op, "unknown-sa")) {
		return take_unknown_sa(record);
	}
	return qm_vrun_record(record);
}

static int take_number(const struct qm_vrecord *record)
{
	struct qm_verify *verify = record->run->node->verify;
	struct qm_finding finding;
	const uint32_t hash = qm_verify_hash(record->line->body);
	const int r = qm_vrun_number(record->run, record->seq, hash, record->when_ms);

	if (r == QM_VNUMBER_NEW || r < 0) {
		return r < 0 ? r : take_content(record);
	}
	if (r == QM_VNUMBER_AGAIN) {
		verify->result.repeated++;
		return 0;
	}
	finding = qm_verify_about(record->run, QM_FINDING_CONFLICT, record->when_ms);
	finding.seq = record->seq;
	return qm_verify_find(verify, &finding);
}

/** Of a path in quotes, or not. */
static uint32_t hash_exe(struct qm_span exe)
{
	return qm_verify_hash(exe.len > 1 && *exe.s == '"'
							  ? (struct qm_span){ exe.s + 1, exe.len - 2 }
							  : exe);
}

int qm_verify_record(struct qm_verify *verify, const struct qm_line *line)
{
	struct qm_vrecord record = {
		.line = line,
		.op = qm_line_known(line, QM_KEY_OP),
		.event_id = qm_verify_number(line, QM_KEY_EVENT_ID),
		.when_ms = qm_line_time(line),
		.seq = qm_verify_number(line, QM_KEY_REC_SEQ),
	};
	struct qm_vnode *node;
	struct qm_finding finding;

	if (line->libreswan || !line->at[QM_KEY_INSTANCE]) {
		verify->result.others++;
		return 0;
	}
	node = get_node(verify, line->node, record.when_ms);
	if (node) {
		record.run = qm_vrun_get(node, (uint32_t)qm_verify_number(line, QM_KEY_PID),
								 (uint32_t)qm_verify_number(line, QM_KEY_INSTANCE));
	}
	if (!record.run) {
		return -ENOMEM;
	}
	if (!record.run->exe) {
		record.run->exe = hash_exe(qm_line_value(line, QM_KEY_EXE));
	}
	if (record.seq) {
		return take_number(&record);
	}
	verify->result.records++;
	finding = qm_verify_about(record.run, QM_FINDING_UNNUMBERED, record.when_ms);
	return qm_verify_find(verify, &finding);
}

int qm_verify_kernel(struct qm_verify *verify, const struct qm_kernel_line *line)
{
	struct qm_vnode *node = get_node(verify, line->node, line->stamp_ms);

	if (!node) {
		return -ENOMEM;
	}
	verify->result.kernel += line->op != QM_KERNEL_CALL;
	return qm_vsad_take(node, line);
}

static int by_node_and_time(const void *a, const void *b)
{
	const struct qm_finding *x = a, *y = b;
	const int order = strcmp(x->node, y->node);

	if (order) {
		return order;
	}
	if (x->time_ms != y->time_ms) {
		return x->time_ms < y->time_ms ? -1 : 1;
	}
	if (x->kind != y->kind) {
		return x->kind < y->kind ? -1 : 1;
	}
	if (x->pid != y->pid) {
		return x->pid < y->pid ? -1 : 1;
	}
	return x->seq < y->seq ? -1 : x->seq > y->seq;
}

int qm_verify_finish(struct qm_verify *verify, struct qm_verify_result *ret)
{
	struct qm_verify_result *const result = &verify->result;
	struct qm_vnode *node, *next;
	int error = 0;

	HASH_ITER(hh, verify->nodes, node, next)
	{
		error = error ? error : qm_vchain_judge(node);
		error = error ? error : qm_vpair_judge(node);
		error = error ? error : qm_vsad_judge(node);
	}
	if (error || verify_lacking) {
		return -ENOMEM;
	}
	if (result->n_findings) {
		qsort(result->findings, result->n_findings, sizeof(*result->findings),
			  by_node_and_time);
	}
	for (size_t i = 0; i < result->n_findings; i++) {
		result->n_faults += qm_finding_is_fault(result->findings[i].kind);
	}
	*ret = *result;
	return 0;
}
