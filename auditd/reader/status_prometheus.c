/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "status_out.h"

/** What a metric is in the snapshot. */
enum kind {
	/** a bool: 1 or 0 */
	KIND_BOOL,
	KIND_NUMBER,
	/** in ms, printed as seconds */
	KIND_SECONDS,
	/** struct qm_count: no sample where it is not known */
	KIND_COUNT,
};

struct metric {
	/** without qm_audit_; of several samples with a label, the first has `help` */
	const char *name;
	const char *help;
	const char *type;
	/** with quotes, or NULL */
	const char *label;
	enum kind kind;
	size_t offset;
	/** no sample where the recorder did not answer */
	bool own;
};

#define AT(member) offsetof(struct qm_snapshot, member)

static const struct metric metrics[] = {
	{ "healthy", "Whether nothing is wrong, see qm_audit_degraded.", "gauge", NULL,
	  KIND_BOOL, AT(healthy), false },
	{ "start_time_seconds", "When auditing began, in seconds since the epoch.", "gauge",
	  NULL, KIND_SECONDS, AT(started_ms), false },
	{ "writer_answers", "Whether the recorder's thread answers.", "gauge", NULL,
	  KIND_BOOL, AT(answers), false },
	{ "writer_still_seconds", "How long the recorder's thread has stood still.", "gauge",
	  NULL, KIND_SECONDS, AT(still_ms), false },
	{ "policy", "Whether events of a class are written.", "gauge", "class=\"success\"",
	  KIND_BOOL, AT(success), true },
	{ "policy", NULL, NULL, "class=\"failure\"", KIND_BOOL, AT(failure), true },
	{ "sink_sending", "Whether records are sent, as somebody takes them.", "gauge", NULL,
	  KIND_BOOL, AT(sending), true },
	{ "sink_confirms", "Whether records are seen to arrive in auditd's log.", "gauge",
	  NULL, KIND_BOOL, AT(confirms), true },
	{ "kernel_audit_lost_total",
	  "Audit records, of whomever, that the kernel threw away since boot.", "counter",
	  NULL, KIND_COUNT, AT(kernel_lost), true },
	{ "keeps", "Whether records can be kept, or are taken.", "gauge", NULL, KIND_BOOL,
	  AT(keeps), false },
	{ "queue_observations", "Observations that wait for the recorder.", "gauge", NULL,
	  KIND_NUMBER, AT(queue), false },
	{ "queue_size", "Observations that can wait.", "gauge", NULL, KIND_NUMBER,
	  AT(queue_size), false },
	{ "records_written_total", "Records written since the start.", "counter", NULL,
	  KIND_NUMBER, AT(written), false },
	{ "records_arrived_total", "Records that have arrived since the start.", "counter",
	  NULL, KIND_NUMBER, AT(arrived), false },
	{ "records_resent_total", "Records that were sent once more.", "counter", NULL,
	  KIND_NUMBER, AT(resent), true },
	{ "records_waiting", "Records that are not known to have arrived.", "gauge", NULL,
	  KIND_NUMBER, AT(waiting), false },
	{ "records_waiting_max", "Records that may wait (store_records).", "gauge", NULL,
	  KIND_NUMBER, AT(max_records), false },
	{ "limited_total", "Packets and failures that were only counted.", "counter", NULL,
	  KIND_NUMBER, AT(limited), false },
	{ "lost_total", "What was lost since the start, by cause.", "counter",
	  "cause=\"queue\"", KIND_NUMBER, AT(lost_queue), true },
	{ "lost_total", NULL, NULL, "cause=\"audit\"", KIND_NUMBER, AT(lost_audit), true },
	{ "lost_total", NULL, NULL, "cause=\"netlink\"", KIND_NUMBER, AT(lost_netlink),
	  true },
	{ "lost_total", NULL, NULL, "cause=\"store\"", KIND_NUMBER, AT(lost_store), true },
	{ "mirror_watched", "Whether the kernel's SAs are watched.", "gauge", NULL, KIND_BOOL,
	  AT(mirror.watched), false },
	{ "mirror_synced", "Whether all that the kernel has is known.", "gauge", NULL,
	  KIND_BOOL, AT(mirror.synced), false },
	{ "mirror_sas", "SAs in the kernel.", "gauge", NULL, KIND_NUMBER, AT(mirror.sas),
	  false },
	{ "mirror_policies", "Policies in the kernel.", "gauge", NULL, KIND_NUMBER,
	  AT(mirror.policies), false },
	{ "mirror_resyncs_total", "Comparisons with the kernel.", "counter", NULL,
	  KIND_NUMBER, AT(mirror.resyncs), false },
	{ "mirror_failures_total", "Comparisons that failed.", "counter", NULL, KIND_NUMBER,
	  AT(mirror.failures), false },
	{ "mirror_overruns_total", "Times the kernel had to drop notifications.", "counter",
	  NULL, KIND_NUMBER, AT(mirror.overruns), false },
	{ "mirror_dropped_total", "Notifications that the kernel dropped.", "counter", NULL,
	  KIND_NUMBER, AT(mirror.dropped), false },
	{ "open_sas", "SA pairs that are established.", "gauge", NULL, KIND_NUMBER, AT(open),
	  false },
};

static void put_head(struct qm_out *out, const char *name, const char *help,
					 const char *type)
{
	QM_OUT(out, "# HELP qm_audit_");
	qm_out_string(out, name);
	QM_OUT(out, " ");
	qm_out_string(out, help);
	QM_OUT(out, "\n# TYPE qm_audit_");
	qm_out_string(out, name);
	QM_OUT(out, " ");
	qm_out_string(out, type);
	QM_OUT(out, "\n");
}

/** Appends what may stand between quotes in a label. */
static void put_label(struct qm_out *out, const char *s)
{
	for (; *s; s++) {
		if (*s == '\n') {
			QM_OUT(out, "\\n");
			continue;
		}
		if (*s == '"' || *s == '\\') {
			QM_OUT(out, "\\");
		}
		/* it need be nothing but UTF-8, which the daemon wrote, but who reads it */
		qm_out_char(out, (unsigned char)*s < 0x20 ? '?' : *s);
	}
}

static void put_thousandths(struct qm_out *out, uint64_t ms)
{
	const uint64_t rest = ms % 1000;

	qm_out_number(out, ms / 1000);
	qm_out_string(out, rest < 10 ? ".00" : rest < 100 ? ".0" : ".");
	qm_out_number(out, rest);
}

static void put_value(struct qm_out *out, enum kind kind, const void *at)
{
	switch (kind) {
	case KIND_BOOL:
		qm_out_number(out, *(const bool *)at);
		break;
	case KIND_NUMBER:
		qm_out_number(out, *(const uint64_t *)at);
		break;
	case KIND_SECONDS:
		put_thousandths(out, *(const uint64_t *)at);
		break;
	case KIND_COUNT:
		qm_out_number(out, ((const struct qm_count *)at)->n);
		break;
	}
}

static bool is_known(const struct metric *metric, const struct qm_snapshot *snapshot,
					 const void *at)
{
	return (!metric->own || snapshot->answers) &&
		   (metric->kind != KIND_COUNT || ((const struct qm_count *)at)->known);
}

static void put_metric(struct qm_out *out, const struct metric *metric,
					   const struct qm_snapshot *snapshot)
{
	const void *at = (const char *)snapshot + metric->offset;

	if (!is_known(metric, snapshot, at)) {
		return;
	}
	if (metric->help) {
		put_head(out, metric->name, metric->help, metric->type);
	}
	QM_OUT(out, "qm_audit_");
	qm_out_string(out, metric->name);
	if (metric->label) {
		QM_OUT(out, "{");
		qm_out_string(out, metric->label);
		QM_OUT(out, "}");
	}
	QM_OUT(out, " ");
	put_value(out, metric->kind, at);
	QM_OUT(out, "\n");
}

static void put_info(struct qm_out *out, const struct qm_snapshot *snapshot)
{
	put_head(out, "info", "What answers.", "gauge");
	QM_OUT(out, "qm_audit_info{version=\"");
	put_label(out, snapshot->version);
	QM_OUT(out, "\",daemon=\"");
	put_label(out, snapshot->daemon);
	QM_OUT(out, "\",daemon_version=\"");
	put_label(out, snapshot->daemon_version);
	QM_OUT(out, "\"} 1\n");
}

/** One sample for each kind of reason, so that none comes and goes. */
static void put_reasons(struct qm_out *out, const struct qm_snapshot *snapshot)
{
	static const char *const kinds[] = { "writer", "sink", "store",
										 "queue",  "lost", "mirror" };

	put_head(out, "degraded", "Whether something is wrong, by what.", "gauge");
	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		bool is = false;

		for (size_t n = 0; n < snapshot->n_reasons; n++) {
			is = is || !strcmp(snapshot->reasons[n].what, kinds[i]);
		}
		QM_OUT(out, "qm_audit_degraded{reason=\"");
		qm_out_string(out, kinds[i]);
		QM_OUT(out, "\"} ");
		qm_out_number(out, is);
		QM_OUT(out, "\n");
	}
}

/** One sample for each state, of which one is 1. */
static void put_sink(struct qm_out *out, const struct qm_snapshot *snapshot)
{
	if (!snapshot->answers) {
		return;
	}
	put_head(out, "sink_state", "Who takes the records, one of these.", "gauge");
	for (int state = 0; state < QM_SINK_STATE_MAX; state++) {
		const char *name = qm_snapshot_sink_name((enum qm_sink_state)state);

		QM_OUT(out, "qm_audit_sink_state{state=\"");
		qm_out_string(out, name);
		QM_OUT(out, "\"} ");
		qm_out_number(out, !strcmp(snapshot->sink, name));
		QM_OUT(out, "\n");
	}
}

void qm_status_prometheus(struct qm_out *out, const struct qm_snapshot *snapshot)
{
	put_head(out, "up", "Whether the daemon answers.", "gauge");
	QM_OUT(out, "qm_audit_up ");
	qm_out_number(out, snapshot != NULL);
	QM_OUT(out, "\n");
	if (!snapshot) {
		return;
	}
	put_info(out, snapshot);
	put_reasons(out, snapshot);
	put_sink(out, snapshot);
	for (size_t i = 0; i < sizeof(metrics) / sizeof(metrics[0]); i++) {
		put_metric(out, &metrics[i], snapshot);
	}
}
