/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "verify_print.h"

#include <stdio.h>

#include "value.h"

/** Bytes of a node's name that are printed. */
#define NODE_MAX 4096

bool qm_verify_shows(const struct qm_verify_style *style,
					 const struct qm_finding *finding)
{
	return finding->time_ms >= style->start_ms && finding->time_ms <= style->end_ms;
}

size_t qm_verify_faults(const struct qm_verify_style *style,
						const struct qm_verify_result *result)
{
	size_t count = 0;

	for (size_t i = 0; i < result->n_findings; i++) {
		count += qm_finding_is_fault(result->findings[i].kind) &&
				 qm_verify_shows(style, &result->findings[i]);
	}
	return count;
}

static void put_count(struct qm_out *out, uint64_t n, const char *one, const char *many)
{
	qm_out_number(out, n);
	qm_out_char(out, ' ');
	qm_out_string(out, n == 1 ? one : many);
}

/** In one word. */
static const char *verdict_of(const struct qm_verify_style *style,
							  const struct qm_verify_result *result)
{
	if (qm_verify_faults(style, result)) {
		return "incomplete";
	}
	if (style->partial) {
		return "partial";
	}
	return result->records ? "complete" : "empty";
}

static void put_verdict(struct qm_out *out, const struct qm_verify_style *style,
						const struct qm_verify_result *result)
{
	const size_t faults = qm_verify_faults(style, result);

	qm_out_string(out, verdict_of(style, result));
	QM_OUT(out, ": ");
	if (style->partial) {
		QM_OUT(out, "not all logs could be read; ");
	}
	if (!result->records) {
		QM_OUT(out, "no record of the qm-audit plugin is there\n");
		return;
	}
	if (faults) {
		put_count(out, faults, "finding; ", "findings; ");
	}
	put_count(out, result->gateways, "gateway, ", "gateways, ");
	put_count(out, result->records, "record, ", "records, ");
	put_count(out, result->pairs, "SA pair, ", "SA pairs, ");
	put_count(out, result->n_open, "open, ", "open, ");
	put_count(out, result->repeated, "sent again\n", "sent again\n");
}

/** A name that somebody chose, so that it cannot do anything to a terminal. */
static struct qm_span clean(const char *name, char buf[NODE_MAX])
{
	struct qm_arena arena = { buf, NODE_MAX, 0 };

	return qm_value_clean(&arena, qm_span_of(name));
}

static void put_spi(struct qm_out *out, uint32_t spi)
{
	char text[40];

	snprintf(text, sizeof(text), "%u(0x%x)", spi, spi);
	qm_out_string(out, text);
}

static void put_number(struct qm_out *out, const char *label, uint64_t n)
{
	if (n) {
		qm_out_char(out, ' ');
		qm_out_string(out, label);
		qm_out_number(out, n);
	}
}

/** Whose it is, as key=value. */
static void put_whose(struct qm_out *out, const char *node, uint32_t instance,
					  uint32_t pid)
{
	char buf[NODE_MAX];

	if (*node) {
		QM_OUT(out, " node=");
		qm_out_put(out, clean(node, buf));
	}
	put_number(out, "instance=", instance);
	put_number(out, "pid=", pid);
}

static void put_spis(struct qm_out *out, uint32_t in, uint32_t second)
{
	if (in) {
		qm_out_string(out, second ? " in-spi=" : " spi=");
		put_spi(out, in);
	}
	if (second) {
		QM_OUT(out, " out-spi=");
		put_spi(out, second);
	}
}

static void put_finding(struct qm_out *out, const struct qm_finding *finding)
{
	char buf[NODE_MAX];

	qm_out_local(out, finding->time_ms);
	if (!qm_finding_is_fault(finding->kind)) {
		QM_OUT(out, " note");
	}
	qm_out_char(out, ' ');
	qm_out_string(out, qm_finding_name(finding->kind));
	put_whose(out, finding->node, finding->instance, finding->pid);
	put_number(out, "rec-seq=", finding->seq);
	if (finding->last_seq > finding->seq) {
		qm_out_char(out, '-');
		qm_out_number(out, finding->last_seq);
	}
	put_number(out, "child-sa=", finding->child_sa);
	put_spis(out, finding->in_spi, finding->out_spi);
	put_number(out, "count=", finding->count);
	if (*finding->word) {
		QM_OUT(out, " cause=");
		qm_out_put(out, clean(finding->word, buf));
	}
	QM_OUT(out, ": ");
	qm_out_string(out, qm_finding_meaning(finding->kind));
	qm_out_char(out, '\n');
}

static void put_open(struct qm_out *out, const struct qm_open_pair *pair)
{
	qm_out_local(out, pair->since_ms);
	QM_OUT(out, " open");
	put_whose(out, pair->node, pair->instance, pair->pid);
	put_number(out, "child-sa=", pair->child_sa);
	put_spis(out, pair->in_spi, pair->out_spi);
	qm_out_char(out, '\n');
}

void qm_verify_print_text(struct qm_out *out, const struct qm_verify_style *style,
						  const struct qm_verify_result *result)
{
	put_verdict(out, style, result);
	for (size_t i = 0; i < result->n_findings; i++) {
		const struct qm_finding *finding = &result->findings[i];

		if (qm_verify_shows(style, finding) &&
			(style->notes || qm_finding_is_fault(finding->kind))) {
			put_finding(out, finding);
		}
	}
	for (size_t i = 0; style->open && i < result->n_open; i++) {
		put_open(out, &result->open[i]);
	}
}

static void put_json_string(struct qm_out *out, const char *name, const char *text)
{
	char buf[NODE_MAX];

	qm_out_char(out, '"');
	qm_out_string(out, name);
	QM_OUT(out, "\":\"");
	qm_out_json(out, clean(text, buf));
	qm_out_char(out, '"');
}

/** With a comma before it. */
static void put_json_number(struct qm_out *out, const char *name, uint64_t n)
{
	QM_OUT(out, ",\"");
	qm_out_string(out, name);
	QM_OUT(out, "\":");
	qm_out_number(out, n);
}

/** The same, only for one that is there. */
static void put_json_known(struct qm_out *out, const char *name, uint64_t n)
{
	if (n) {
		put_json_number(out, name, n);
	}
}

static void put_json_finding(struct qm_out *out, const struct qm_finding *finding)
{
	qm_out_char(out, '{');
	put_json_string(out, "finding", qm_finding_name(finding->kind));
	QM_OUT(out, ",\"time\":\"");
	qm_out_utc(out, finding->time_ms);
	QM_OUT(out, "\",");
	put_json_string(out, "node", finding->node);
	put_json_known(out, "instance", finding->instance);
	put_json_known(out, "pid", finding->pid);
	put_json_known(out, "rec-seq", finding->seq);
	put_json_known(out, "last-rec-seq", finding->last_seq);
	put_json_known(out, "child-sa", finding->child_sa);
	put_json_known(out, finding->out_spi ? "in-spi" : "spi", finding->in_spi);
	put_json_known(out, "out-spi", finding->out_spi);
	put_json_known(out, "count", finding->count);
	qm_out_char(out, ',');
	if (*finding->word) {
		put_json_string(out, "cause", finding->word);
		qm_out_char(out, ',');
	}
	put_json_string(out, "meaning", qm_finding_meaning(finding->kind));
	qm_out_char(out, '}');
}

static void put_json_findings(struct qm_out *out, const struct qm_verify_style *style,
							  const struct qm_verify_result *result, bool faults)
{
	bool more = false;

	for (size_t i = 0; i < result->n_findings; i++) {
		if (qm_finding_is_fault(result->findings[i].kind) == faults &&
			qm_verify_shows(style, &result->findings[i])) {
			qm_out_string(out, more ? ",\n" : "\n");
			put_json_finding(out, &result->findings[i]);
			more = true;
		}
	}
}

static void put_json_open(struct qm_out *out, const struct qm_open_pair *pair)
{
	QM_OUT(out, "\n{\"since\":\"");
	qm_out_utc(out, pair->since_ms);
	QM_OUT(out, "\",");
	put_json_string(out, "node", pair->node);
	put_json_number(out, "instance", pair->instance);
	put_json_number(out, "pid", pair->pid);
	put_json_number(out, "child-sa", pair->child_sa);
	put_json_number(out, "in-spi", pair->in_spi);
	put_json_number(out, "out-spi", pair->out_spi);
	qm_out_char(out, '}');
}

void qm_verify_print_json(struct qm_out *out, const struct qm_verify_style *style,
						  const struct qm_verify_result *result)
{
	qm_out_char(out, '{');
	put_json_string(out, "verdict", verdict_of(style, result));
	put_json_number(out, "gateways", result->gateways);
	put_json_number(out, "runs", result->runs);
	put_json_number(out, "records", result->records);
	put_json_number(out, "other-records", result->others);
	put_json_number(out, "kernel-records", result->kernel);
	put_json_number(out, "sa-pairs", result->pairs);
	put_json_number(out, "open", result->n_open);
	put_json_number(out, "sent-again", result->repeated);
	QM_OUT(out, ",\n\"findings\":[");
	put_json_findings(out, style, result, true);
	QM_OUT(out, "],\n\"notes\":[");
	put_json_findings(out, style, result, false);
	QM_OUT(out, "],\n\"open-sa-pairs\":[");
	for (size_t i = 0; i < result->n_open; i++) {
		if (i) {
			qm_out_char(out, ',');
		}
		put_json_open(out, &result->open[i]);
	}
	QM_OUT(out, "]}\n");
}
