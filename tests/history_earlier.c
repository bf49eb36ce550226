/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What histories have of earlier runs, and of the ends and updates by which those are
 * told.
 */
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "history_priv.h"
#include "test.h"

/** "RUN:C/I" */
static void parse_name(struct qm_history *history, const struct qm_words *words,
					   struct qm_open_sa *open)
{
	char *ids = words->word[1];
	uint32_t child_sa, ike_sa;

	open->instance = qm_words_number(words, strsep(&ids, ":"));
	child_sa = qm_words_number(words, ids ? strsep(&ids, "/") : NULL);
	ike_sa = qm_words_number(words, ids);
	if (!history->satype[child_sa]) {
		history->satype[child_sa] = QM_SATYPE_ESP;
	}
	qm_history_facts(&open->facts, child_sa, ike_sa, 2, history->satype[child_sa],
					 history->host[ike_sa]);
	open->before_in.known = open->before_out.known = true;
}

static void parse_word(const struct qm_words *words, const char *word,
					   struct qm_open_sa *open, uint64_t *last_seen_ms)
{
	int seconds;

	if (sscanf(word, "for=%d", &seconds) == 1) {
		open->established_ms -= (uint64_t)(1000 * (int64_t)seconds);
	} else if (sscanf(word, "seen=%d", &seconds) == 1) {
		*last_seen_ms -= (uint64_t)(1000 * (int64_t)seconds);
	} else if (!strncmp(word, "in-spi=", 7)) {
		open->facts.in_spi = QM_HISTORY_IN_SPI + qm_words_number(words, word + 7);
	} else if (!strncmp(word, "out-spi=", 8)) {
		open->facts.out_spi = QM_HISTORY_OUT_SPI + qm_words_number(words, word + 8);
	} else if (!strcmp(word, "before=?")) {
		open->before_in.known = open->before_out.known = false;
	} else if (sscanf(word, "rekeys=%" SCNu32, &open->rekeys) != 1 &&
			   sscanf(word, "before=%" SCNu64 "/%" SCNu64, &open->before_in.n,
					  &open->before_out.n) != 2) {
		qm_words_bad(words, "not understood");
	}
}

void qm_history_inherit(struct qm_history *history, const struct qm_words *words,
						struct qm_ledger *ledger, struct qm_time now)
{
	struct qm_open_sa open = { .established_ms = now.wall_ms };
	uint64_t last_seen_ms = qm_history_time(0).wall_ms;

	parse_name(history, words, &open);
	for (unsigned i = 2; i < words->count; i++) {
		parse_word(words, words->word[i], &open, &last_seen_ms);
	}
	QM_OK(qm_ledger_inherit(ledger, &open, last_seen_ms, now));
}

size_t qm_history_name(char line[QM_HISTORY_LINE], const char *verb,
					   const struct qm_event *event)
{
	size_t len = (size_t)snprintf(line, QM_HISTORY_LINE, "%s ", verb);

	if (event->instance) {
		len += (size_t)snprintf(line + len, QM_HISTORY_LINE - len, "%" PRIu32 ":",
								event->instance);
	}
	return len + (size_t)snprintf(line + len, QM_HISTORY_LINE - len,
								  "%" PRIu32 "/%" PRIu32, event->sa->child_sa,
								  event->sa->ike_sa);
}

size_t qm_history_end(char line[QM_HISTORY_LINE], const struct qm_event *event)
{
	const size_t len = qm_history_name(line, "end", event);

	return len + (size_t)snprintf(line + len, QM_HISTORY_LINE - len,
								  " %s %s rekeys=%" PRIu32 " %" PRIu64 "s",
								  qm_reason_name(event->reason),
								  qm_party_name(event->ended_by), event->rekeys,
								  event->duration_ms / 1000);
}

static void print_count(char text[24], struct qm_count count)
{
	if (count.known) {
		snprintf(text, 24, "%" PRIu64, count.n);
	} else {
		snprintf(text, 24, "?");
	}
}

size_t qm_history_update(char line[QM_HISTORY_LINE], const struct qm_event *event)
{
	const size_t len = qm_history_name(line, "update", event);
	char in[24], out[24];

	print_count(in, event->before_in);
	print_count(out, event->before_out);
	return len + (size_t)snprintf(line + len, QM_HISTORY_LINE - len,
								  " rekeys=%" PRIu32 " before=%s/%s", event->rekeys, in,
								  out);
}
