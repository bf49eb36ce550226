/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "status_out.h"

#include <arpa/inet.h>
#include <stdio.h>

#include "policy.h"
#include "text.h"

/** Characters of a name in the table; more is cut off. */
#define NAME_MAX_WIDTH 40

/** Reads a character of UTF-8. @return bytes of it, 0 if it is none */
static size_t read_utf8(struct qm_span text, unsigned *ret)
{
	static const unsigned lowest[] = { 0, 0, 0x80, 0x800, 0x10000 };
	const unsigned char *s = (const unsigned char *)text.s;
	const size_t n = s[0] < 0x80 ? 1 : s[0] < 0xc0 ? 0 : s[0] < 0xe0 ? 2 :
					 s[0] < 0xf0 ? 3 : s[0] < 0xf8 ? 4 : 0;

	if (!n || n > text.len) {
		return 0;
	}
	*ret = n == 1 ? s[0] : s[0] & (0x7fU >> n);
	for (size_t i = 1; i < n; i++) {
		if ((s[i] & 0xc0) != 0x80) {
			return 0;
		}
		*ret = *ret << 6 | (s[i] & 0x3f);
	}
	return *ret < lowest[n] || *ret > 0x10ffff || (*ret & ~0x7ffU) == 0xd800 ? 0 : n;
}

/** Controls, also those above ASCII, and what turns the direction of a line. */
static bool is_harmful(unsigned code)
{
	return code < 0x20 || (code >= 0x7f && code < 0xa0) ||
		   (code >= 0x200e && code <= 0x200f) || (code >= 0x2028 && code <= 0x202e) ||
		   (code >= 0x2066 && code <= 0x2069);
}

void qm_status_put(struct qm_out *out, struct qm_span text)
{
	while (text.len) {
		unsigned code = 0;
		const size_t n = read_utf8(text, &code);

		if (!n || is_harmful(code)) {
			qm_out_char(out, '?');
		} else {
			qm_out_put(out, (struct qm_span){ text.s, n });
		}
		text = qm_span_after(text, n ? n : 1);
	}
}

static void put_string(struct qm_out *out, const char *s)
{
	qm_status_put(out, qm_span_of(s));
}

static void begin(struct qm_out *out, const char *label)
{
	qm_out_padded(out, qm_span_of(label), 10);
}

/** Prints a number and what it counts. */
static void put_count(struct qm_out *out, uint64_t n, const char *what)
{
	qm_out_number(out, n);
	qm_out_string(out, what);
}

/** Prints a policy as auditpol does. */
static void put_policy(struct qm_out *out, const char *name)
{
	for (int success = QM_TRI_UNKNOWN; success < QM_TRI_MAX; success++) {
		for (int failure = QM_TRI_UNKNOWN; failure < QM_TRI_MAX; failure++) {
			const struct qm_policy policy = { (enum qm_tristate)success,
											  (enum qm_tristate)failure };

			if (!strcmp(name, qm_policy_name(policy))) {
				qm_out_string(out, qm_policy_title(policy));
				return;
			}
		}
	}
	put_string(out, name);
}

static void put_daemon(struct qm_out *out, const struct qm_snapshot *s)
{
	begin(out, "Daemon");
	put_string(out, s->daemon);
	QM_OUT(out, " ");
	put_string(out, s->daemon_version);
	QM_OUT(out, ", process ");
	put_count(out, s->pid, ", run ");
	put_count(out, s->instance, " since ");
	qm_out_local(out, s->started_ms);
	QM_OUT(out, "\n");
	begin(out, "Plugin");
	QM_OUT(out, "qm-audit ");
	put_string(out, s->version);
	QM_OUT(out, "\n");
}

/** The parts that only the recorder knows. */
static void put_own(struct qm_out *out, const struct qm_snapshot *s)
{
	begin(out, "Policy");
	put_policy(out, s->policy);
	if (!s->success && !s->failure) {
		QM_OUT(out, ": no events are written");
	}
	QM_OUT(out, "\n");
	begin(out, "Sink");
	put_string(out, s->sink);
	if (s->auditd_pid) {
		QM_OUT(out, ", auditd is process ");
		qm_out_number(out, s->auditd_pid);
	}
	if (s->confirms) {
		QM_OUT(out, ", its log shows what arrives");
	} else {
		QM_OUT(out, ", no log shows what arrives: ");
		put_string(out, s->confirm_text);
	}
	QM_OUT(out, "\n");
}

static void put_store(struct qm_out *out, const struct qm_snapshot *s)
{
	begin(out, "Queue");
	put_count(out, s->queue, " of ");
	put_count(out, s->queue_size, " observations\n");
	begin(out, "Store");
	put_count(out, s->waiting, " of ");
	put_count(out, s->max_records, " records wait");
	if (s->answers) {
		QM_OUT(out, ", ");
		put_count(out, s->in_flight, " of them sent; durability ");
		put_string(out, s->durability);
	}
	QM_OUT(out, "\n");
}

static void put_records(struct qm_out *out, const struct qm_snapshot *s)
{
	begin(out, "Records");
	put_count(out, s->written, " written, ");
	put_count(out, s->arrived, " arrived, ");
	if (s->answers) {
		put_count(out, s->resent, " sent again, ");
	}
	put_count(out, s->limited, " packets and failures only counted\n");
	if (!s->answers) {
		return;
	}
	begin(out, "Lost");
	put_count(out, s->lost_queue, " in the queue, ");
	put_count(out, s->lost_store, " in the store, ");
	put_count(out, s->lost_audit, " by audit, ");
	put_count(out, s->lost_netlink, " of the kernel's notifications");
	if (s->lost_at_ms) {
		QM_OUT(out, "; last at ");
		qm_out_local(out, s->lost_at_ms);
	}
	QM_OUT(out, "\n");
}

static void put_mirror(struct qm_out *out, const struct qm_snapshot_mirror *mirror)
{
	begin(out, "Mirror");
	if (!mirror->wanted || !mirror->watched) {
		qm_out_string(out, mirror->wanted ?
							   "the kernel's SAs are not watched\n" :
							   "this daemon has its SAs not in the kernel\n");
		return;
	}
	put_count(out, mirror->sas, " SAs, ");
	put_count(out, mirror->policies, " policies, ");
	qm_out_string(out, mirror->synced ? "synced; " : "being compared; ");
	QM_OUT(out, "comparisons ");
	put_count(out, mirror->resyncs, ", failed ");
	put_count(out, mirror->failures, ", overruns ");
	put_count(out, mirror->overruns, ", notifications dropped ");
	put_count(out, mirror->dropped, "\n");
}

/** A cell of the table, as text. */
struct cell {
	char text[4 * NAME_MAX_WIDTH + 4];
};

/** Cuts a text to the width of a column, and takes out what may do things. */
static void set_cell(struct cell *cell, struct qm_span text)
{
	struct qm_out out;
	size_t len = 0, chars = 0;

	qm_out_init(&out, -1);
	qm_status_put(&out, text);
	while (len < out.len) {
		chars += (out.buf[len] & 0xc0) != 0x80;
		if (chars > NAME_MAX_WIDTH) {
			break;
		}
		len++;
	}
	snprintf(cell->text, sizeof(cell->text), "%.*s", (int)len, out.buf ? out.buf : "");
	qm_out_fini(&out);
}

static void set_name(struct cell *cell, const struct qm_snapshot_sa *sa)
{
	char name[2 * QM_TEXT_MAX + 2];
	const int len = snprintf(name, sizeof(name), "%.*s/%.*s", sa->conn_name.len,
							 sa->conn_name.s, sa->child_name.len, sa->child_name.s);

	set_cell(cell, (struct qm_span){ name, (size_t)len });
}

static void set_addr(struct cell *cell, const struct qm_addr *addr)
{
	if (!inet_ntop(addr->family, addr->ip, cell->text, sizeof(cell->text))) {
		snprintf(cell->text, sizeof(cell->text), "?");
	}
}

static void set_number(struct cell *cell, const struct qm_count *count)
{
	if (count->known) {
		snprintf(cell->text, sizeof(cell->text), "%llu", (unsigned long long)count->n);
	} else {
		snprintf(cell->text, sizeof(cell->text), "?");
	}
}

static void set_age(struct cell *cell, const struct qm_snapshot *s,
					const struct qm_snapshot_sa *sa)
{
	const uint64_t since = sa->established_ms;
	const uint64_t age = since < s->time_ms ? (s->time_ms - since) / 1000 : 0;

	if (!since) {
		snprintf(cell->text, sizeof(cell->text), "?");
	} else if (age < 86400) {
		snprintf(cell->text, sizeof(cell->text), "%02u:%02u:%02u",
				 (unsigned)(age / 3600), (unsigned)(age / 60 % 60), (unsigned)(age % 60));
	} else {
		snprintf(cell->text, sizeof(cell->text), "%llud %02u:%02u",
				 (unsigned long long)(age / 86400), (unsigned)(age / 3600 % 24),
				 (unsigned)(age / 60 % 60));
	}
}

static const char *const titles[] = { "AGE",     "CONNECTION", "PEER",      "IN-SPI",
									  "OUT-SPI", "BYTES-IN",   "BYTES-OUT", "REKEYS" };

#define COLUMNS (sizeof(titles) / sizeof(titles[0]))

static void fill_row(struct cell row[COLUMNS], const struct qm_snapshot *s,
					 const struct qm_snapshot_sa *sa)
{
	const struct qm_count rekeys = { true, sa->rekeys };

	set_age(&row[0], s, sa);
	set_name(&row[1], sa);
	set_addr(&row[2], &sa->remote);
	snprintf(row[3].text, sizeof(row[3].text), "0x%08x", sa->in_spi);
	snprintf(row[4].text, sizeof(row[4].text), "0x%08x", sa->out_spi);
	set_number(&row[5], &sa->bytes_in);
	set_number(&row[6], &sa->bytes_out);
	set_number(&row[7], &rekeys);
}

static size_t width_of(const char *text)
{
	size_t width = 0;

	for (; *text; text++) {
		width += (*text & 0xc0) != 0x80;
	}
	return width;
}

static void put_row(struct qm_out *out, struct cell row[COLUMNS],
					const size_t widths[COLUMNS])
{
	for (size_t i = 0; i < COLUMNS - 1; i++) {
		qm_out_padded(out, qm_span_of(row[i].text), widths[i] + 2);
	}
	qm_out_string(out, row[COLUMNS - 1].text);
	QM_OUT(out, "\n");
}

static void put_pairs(struct qm_out *out, const struct qm_snapshot *s)
{
	struct cell row[COLUMNS];
	size_t widths[COLUMNS];

	for (size_t i = 0; i < COLUMNS; i++) {
		widths[i] = strlen(titles[i]);
	}
	for (size_t n = 0; n < s->n_sas; n++) {
		fill_row(row, s, &s->sas[n]);
		for (size_t i = 0; i < COLUMNS; i++) {
			const size_t width = width_of(row[i].text);

			widths[i] = width > widths[i] ? width : widths[i];
		}
	}
	for (size_t i = 0; i < COLUMNS; i++) {
		snprintf(row[i].text, sizeof(row[i].text), "%s", titles[i]);
	}
	QM_OUT(out, "\n");
	put_row(out, row, widths);
	for (size_t n = 0; n < s->n_sas; n++) {
		fill_row(row, s, &s->sas[n]);
		put_row(out, row, widths);
	}
}

static void put_health(struct qm_out *out, const struct qm_snapshot *s)
{
	qm_out_string(out, s->healthy ? "healthy\n" : "degraded\n");
	for (size_t i = 0; i < s->n_reasons; i++) {
		QM_OUT(out, "  ");
		put_string(out, s->reasons[i].what);
		QM_OUT(out, ": ");
		put_string(out, s->reasons[i].text);
		QM_OUT(out, "\n");
	}
	QM_OUT(out, "\n");
}

void qm_status_text(struct qm_out *out, const struct qm_snapshot *snapshot)
{
	put_health(out, snapshot);
	put_daemon(out, snapshot);
	if (snapshot->answers) {
		put_own(out, snapshot);
	}
	put_store(out, snapshot);
	put_records(out, snapshot);
	put_mirror(out, &snapshot->mirror);
	begin(out, "Open SAs");
	qm_out_number(out, snapshot->open);
	if (snapshot->n_sas && snapshot->more) {
		QM_OUT(out, ", of which ");
		put_count(out, snapshot->more, " are not listed (see --sas)");
	}
	QM_OUT(out, "\n");
	if (snapshot->n_sas) {
		put_pairs(out, snapshot);
	}
}
