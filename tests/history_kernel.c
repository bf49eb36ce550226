/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "history_priv.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

static const char *const end_names[QM_KERNEL_END_MAX] = {
	[QM_KERNEL_END_DELETED] = "deleted",
	[QM_KERNEL_END_FLUSHED] = "flushed",
	[QM_KERNEL_END_EXPIRED] = "expired",
	[QM_KERNEL_END_VANISHED] = "vanished",
};

static const char *const party_names[QM_PARTY_MAX] = {
	[QM_PARTY_UNKNOWN] = "unknown",
	[QM_PARTY_LOCAL] = "local",
	[QM_PARTY_KERNEL] = "kernel",
	[QM_PARTY_EXTERNAL] = "external",
};

static const char *const phase_names[QM_SYNC_PHASE_MAX] = {
	[QM_SYNC_BEGIN] = "begin",
	[QM_SYNC_END] = "end",
	[QM_SYNC_OFF] = "off",
	[QM_SYNC_NONE] = "none",
};

/** Who does such a thing where nobody is named. */
static enum qm_party usual_party(const struct qm_kernel_sa *sa)
{
	if (sa->found) {
		return QM_PARTY_UNKNOWN;
	}
	return sa->end == QM_KERNEL_END_EXPIRED ? QM_PARTY_KERNEL : QM_PARTY_LOCAL;
}

/** What a statement says besides which SA. */
static void parse_word(const struct qm_words *words, const char *word,
					   struct qm_kernel_sa *sa)
{
	const unsigned end = qm_words_index(end_names, QM_KERNEL_END_MAX, word);
	const unsigned party = qm_words_index(party_names, QM_PARTY_MAX, word);

	if (end < QM_KERNEL_END_MAX) {
		sa->end = end;
		sa->found = end == QM_KERNEL_END_VANISHED;
	} else if (party < QM_PARTY_MAX) {
		sa->by = party;
	} else if (!strcmp(word, "found")) {
		sa->found = true;
	} else if (!strncmp(word, "to=", 3)) {
		sa->id.dst.ip[3] = (uint8_t)qm_words_number(words, word + 3);
	} else if (!strncmp(word, "name=", 5)) {
		snprintf(sa->comm, sizeof(sa->comm), "%s", word + 5);
	} else if (sscanf(word, "%" SCNu64 "/%" SCNu64, &sa->bytes.n, &sa->packets.n) == 2) {
		sa->bytes.known = sa->packets.known = true;
	} else {
		qm_words_bad(words, "not understood");
	}
}

static void parse_sa(const struct qm_history *history, const struct qm_words *words,
					 bool removed, bool in, struct qm_kernel_sa *sa)
{
	const uint32_t child_sa = qm_words_number(words, words->word[1]);

	*sa = (struct qm_kernel_sa){
		.id = {
			.satype = history->satype[child_sa],
			.spi = (in ? QM_HISTORY_IN_SPI : QM_HISTORY_OUT_SPI) + child_sa,
			.dst = qm_history_address(in, QM_HISTORY_HOST),
		},
		.src = qm_history_address(!in, QM_HISTORY_HOST),
		.reqid = child_sa,
		.end = removed ? QM_KERNEL_END_DELETED : QM_KERNEL_END_NONE,
		.by = QM_PARTY_MAX,
	};
	/* the kernel knows no ports here */
	sa->id.dst.port = sa->src.port = 0;
	sa->id.satype = sa->id.satype ? sa->id.satype : QM_SATYPE_ESP;
	for (unsigned i = 2; i < words->count; i++) {
		parse_word(words, words->word[i], sa);
	}
	sa->by = sa->by == QM_PARTY_MAX ? usual_party(sa) : sa->by;
	if (!removed && !sa->found && !sa->bytes.known) {
		/* nothing has gone through a new one */
		sa->bytes.known = sa->packets.known = true;
	}
}

static void parse_sync(const struct qm_words *words, struct qm_sync *sync)
{
	*sync = (struct qm_sync){
		.phase = qm_words_index(phase_names, QM_SYNC_PHASE_MAX, words->word[1]),
	};
	if (sync->phase == QM_SYNC_PHASE_MAX) {
		qm_words_bad(words, "no such phase");
	}
	for (unsigned i = 2; i < words->count; i++) {
		if (!strcmp(words->word[i], "start")) {
			sync->start = true;
		} else if (sscanf(words->word[i], "dropped=%" SCNu64, &sync->dropped) != 1 &&
				   sscanf(words->word[i], "changes=%" SCNu32, &sync->changes) != 1) {
			qm_words_bad(words, "not understood");
		}
	}
}

bool qm_history_parse_kernel(const struct qm_history *history,
							 const struct qm_words *words, struct qm_input *input)
{
	static const char *const verbs[] = {
		"added-in", "added-out", "removed-in", "removed-out",
	};
	const unsigned verb = qm_words_index(verbs, 4, words->word[0]);

	if (verb < 4) {
		input->type = verb < 2 ? QM_INPUT_KERNEL_ADDED : QM_INPUT_KERNEL_REMOVED;
		parse_sa(history, words, verb >= 2, verb % 2 == 0, &input->kernel);
	} else if (!strcmp(words->word[0], "sync")) {
		input->type = QM_INPUT_KERNEL_SYNC;
		parse_sync(words, &input->sync);
	} else if (!strcmp(words->word[0], "tick")) {
		input->type = QM_INPUT_TICK;
	} else {
		return false;
	}
	return true;
}

static void print_sa(FILE *to, const struct qm_input *input)
{
	const struct qm_kernel_sa *sa = &input->kernel;
	const bool removed = input->type == QM_INPUT_KERNEL_REMOVED;

	fprintf(to, "%s-%s %u", removed ? "removed" : "added",
			sa->id.spi < QM_HISTORY_OUT_SPI ? "in" : "out", sa->id.spi & 0xffff);
	if (removed && sa->end < QM_KERNEL_END_MAX && end_names[sa->end]) {
		fprintf(to, " %s", end_names[sa->end]);
	}
	if (sa->by < QM_PARTY_MAX && party_names[sa->by]) {
		fprintf(to, " %s", party_names[sa->by]);
	}
	fprintf(to, "%s to=%u", sa->found ? " found" : "", sa->id.dst.ip[3]);
	if (sa->bytes.known) {
		fprintf(to, " %" PRIu64 "/%" PRIu64, sa->bytes.n, sa->packets.n);
	}
}

void qm_history_print_kernel(FILE *to, const struct qm_input *input)
{
	const struct qm_sync *sync = &input->sync;

	if (input->type == QM_INPUT_KERNEL_SYNC) {
		fprintf(to, "sync %s%s dropped=%" PRIu64 " changes=%" PRIu32,
				sync->phase < QM_SYNC_PHASE_MAX ? phase_names[sync->phase] : "strange",
				sync->start ? " start" : "", sync->dropped, sync->changes);
	} else if (input->type == QM_INPUT_TICK) {
		fprintf(to, "tick");
	} else {
		print_sa(to, input);
	}
}

static size_t append_count(char *to, size_t size, const char *before,
						   struct qm_count count)
{
	if (!count.known) {
		return (size_t)snprintf(to, size, "%s?", before);
	}
	return (size_t)snprintf(to, size, "%s%" PRIu64, before, count.n);
}

void qm_history_append_traffic(char line[QM_HISTORY_LINE], const struct qm_event *event)
{
	const struct qm_traffic *t = &event->traffic;
	const struct {
		const char *before;
		struct qm_count count;
	} counts[] = {
		{ " in=", t->bytes_in }, { "/", t->packets_in }, { " out=", t->bytes_out },
		{ "/", t->packets_out }, { " total=", event->total_bytes_in },
		{ "/", event->total_bytes_out },
	};
	size_t len = strlen(line);
	bool known = false;

	for (unsigned i = 0; i < sizeof(counts) / sizeof(counts[0]); i++) {
		known = known || counts[i].count.known;
	}
	for (unsigned i = 0; known && i < sizeof(counts) / sizeof(counts[0]); i++) {
		len += append_count(line + len, QM_HISTORY_LINE - len, counts[i].before,
							counts[i].count);
	}
}

bool qm_history_kernel_event(char line[QM_HISTORY_LINE], const struct qm_event *event)
{
	const struct qm_kernel_sa *sa = event->kernel;
	/* wall clocks of histories run at seven times the rate */
	const uint64_t seconds = (event->when_ms - event->since_ms) / 7000;

	if (event->kind == QM_EVENT_UNKNOWN_SA) {
		snprintf(line, QM_HISTORY_LINE, "unknown %s %u to=%u %s name=%s for %" PRIu64 "s",
				 sa->id.spi < QM_HISTORY_OUT_SPI ? "in" : "out", sa->id.spi & 0xffff,
				 sa->id.dst.ip[3], party_names[sa->by], sa->comm, seconds);
	} else if (event->kind == QM_EVENT_LOST) {
		snprintf(line, QM_HISTORY_LINE, "lost %s %" PRIu64 " for %" PRIu64 "s",
				 qm_loss_cause_name(event->cause), event->lost, seconds);
	} else {
		return false;
	}
	return true;
}
