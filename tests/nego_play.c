/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Cases as they happen in a world: their numbers, what they expect, and how far
 * they have come.
 */
#include "nego_world.h"

#include <stdlib.h>
#include <string.h>

#define CASES_MAX 160

/** Cases that need one IKE_SA and no more, parsed. */
static struct {
	unsigned count;
	const struct qm_nego_case *c[CASES_MAX];
	uint8_t version[CASES_MAX];
	struct qm_nego_script *script[CASES_MAX];
} stock;

static bool fits(const struct qm_nego_script *script)
{
	for (unsigned i = 0; i < script->count; i++) {
		if (script->input[i].ike_sa > 1 || script->input[i].type == QM_INPUT_SHUTDOWN) {
			return false;
		}
	}
	return true;
}

static void stock_cases(const struct qm_nego_case *cases, uint8_t version)
{
	for (; cases->name; cases++) {
		struct qm_nego_script *script = malloc(sizeof(*script));

		if (!script || stock.count == CASES_MAX) {
			abort();
		}
		qm_nego_parse(cases, script);
		if (!fits(script)) {
			free(script);
			continue;
		}
		stock.c[stock.count] = cases;
		stock.version[stock.count] = version;
		stock.script[stock.count++] = script;
	}
}

void qm_play_pick(struct qm_play *play, unsigned number)
{
	if (!stock.count) {
		stock_cases(qm_nego_v1, 1);
		stock_cases(qm_nego_v2, 2);
	}
	number %= stock.count;
	*play = (struct qm_play){
		.c = stock.c[number],
		.script = stock.script[number],
		.version = stock.version[number],
	};
}

/** A line of a case with a play's numbers. */
static void renumber(const struct qm_play *play, const char *line, size_t len, char *ret)
{
	char text[QM_WORLD_LINE_MAX], *rest = text, *word;
	unsigned child;
	FILE *to = fmemopen(ret, QM_WORLD_LINE_MAX, "w");

	snprintf(text, sizeof(text), "%.*s", (int)len, line);
	for (unsigned field = 0; (word = strsep(&rest, " ")); field++) {
		if (field == 1 && sscanf(word, "%u/", &child) == 1) {
			fprintf(to, " %u/%u", play->base + child, play->ike_sa);
		} else if (field == 1) {
			fprintf(to, " %.*s/%u", (int)strcspn(word, "/"), word, play->ike_sa);
		} else if (field == 7 && *word != '-') {
			fprintf(to, " %lu", play->base + strtoul(word, NULL, 10));
		} else {
			fprintf(to, "%s%s", field ? " " : "", word);
		}
	}
	fclose(to);
}

void qm_play_expect(struct qm_play *play)
{
	const char *line = play->c->events;

	while (*line) {
		size_t len = strcspn(line, "\n");

		if (play->count == QM_WORLD_LINES) {
			abort();
		}
		renumber(play, line, len, play->lines[play->count++]);
		line += len + (line[len] == '\n');
	}
}

/** Strikes a line off what a play expects. */
bool qm_play_strike(struct qm_play *play, const char *line, uint32_t ike_sa)
{
	if (play->loose) {
		play->count -= play->count && play->ike_sa == ike_sa;
		return play->ike_sa == ike_sa;
	}
	for (unsigned i = 0; i < play->count; i++) {
		if (!strcmp(play->lines[i], line)) {
			memmove(play->lines[i], play->lines[--play->count], QM_WORLD_LINE_MAX);
			return true;
		}
	}
	return false;
}

/** The message that began it, NULL if there is none. */
static const struct qm_message *beginning(const struct qm_play *play)
{
	for (unsigned i = 0; i < play->script->count; i++) {
		const struct qm_input *input = &play->script->input[i];

		if (input->type == QM_INPUT_MESSAGE && input->message.request) {
			return &input->message;
		}
	}
	return NULL;
}

/** Whether our error notify refuses a negotiation, and not only a packet or a group. */
static bool refuses(const struct qm_message *message)
{
	switch (message->notify) {
	case 7:
	case 16:
	case 23:
		return message->version == 2;
	case 17:
		return message->version == 1;
	default:
		return true;
	}
}

/** Whether an input ends a negotiation, for good or not. */
static bool ends(const struct qm_input *input, bool peers)
{
	switch (input->type) {
	case QM_INPUT_KEYS:
		return true;
	case QM_INPUT_CHILD_FAILED:
		/* a responder's goes before its answer, which may ask for another try */
		return !peers || input->installing;
	case QM_INPUT_MESSAGE_ERROR:
		return !input->message.incoming && refuses(&input->message);
	default:
		return false;
	}
}

enum qm_play_progress qm_play_progress(const struct qm_play *play)
{
	const struct qm_message *message = beginning(play);
	enum qm_play_progress progress = QM_PLAY_NOT_BEGUN;

	for (unsigned i = 0; i < play->next; i++) {
		const struct qm_input *input = &play->script->input[i];

		if (ends(input, message && message->incoming)) {
			return QM_PLAY_PAST_AN_END;
		}
		if (input->type == QM_INPUT_MESSAGE && input->message.request) {
			progress = QM_PLAY_PENDING;
		}
	}
	return progress;
}

uint32_t qm_play_child(const struct qm_play *play)
{
	const struct qm_message *message = beginning(play);
	uint32_t child = 0;

	if (!message || (message->version == 2 && message->incoming)) {
		return 0;
	}
	for (unsigned i = 0; i < play->next; i++) {
		const struct qm_input *input = &play->script->input[i];

		if (input->type == QM_INPUT_CHILD_BORN) {
			child = play->base + input->child_sa;
		}
	}
	return child;
}
