/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "history_priv.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "test.h"

#define IN_SPI QM_HISTORY_IN_SPI
#define OUT_SPI QM_HISTORY_OUT_SPI

/** What a mirror of the kernel runs on. */
#define KERNEL_THREAD 9

static const char *const state_names[QM_CHILD_STATE_MAX] = {
	[QM_CHILD_OTHER] = "other",
	[QM_CHILD_INSTALLED] = "installed",
	[QM_CHILD_REKEYED] = "rekeyed",
	[QM_CHILD_DELETING] = "deleting",
	[QM_CHILD_DESTROYING] = "destroying",
};

static const char *const cause_names[QM_CAUSE_MAX] = {
	[QM_CAUSE_NONE] = "none",
	[QM_CAUSE_TIMEOUT] = "timeout",
	[QM_CAUSE_EXPIRED] = "expired",
	[QM_CAUSE_REPLACED] = "replaced",
	[QM_CAUSE_REAUTH] = "reauth",
	[QM_CAUSE_HALF_OPEN] = "half-open",
	[QM_CAUSE_PARSE_ERROR] = "parse-error",
};

/** Statements that name an IKE_SA and nothing else. */
static const char *const ike_names[QM_INPUT_MAX] = {
	[QM_INPUT_INITIAL_CONTACT] = "contact",
	[QM_INPUT_IKE_AUTH] = "auth",
	[QM_INPUT_IKE_UP] = "ike-up",
	[QM_INPUT_IKE_DOWN] = "ike-down",
	[QM_INPUT_IKE_DELETING] = "ike-deleting",
	[QM_INPUT_IKE_DESTROYING] = "ike-destroying",
};

/** Statements that name a CHILD_SA and nothing else. */
static const char *const child_names[QM_INPUT_MAX] = {
	[QM_INPUT_ANNOUNCED] = "announced",
	[QM_INPUT_DOWN] = "down",
	[QM_INPUT_INSTALL_FAILED] = "refused",
};

static const char *const direction_names[QM_DIRECTION_MAX] = {
	[QM_DIRECTION_UNKNOWN] = "?",
	[QM_DIRECTION_INITIATOR] = "init",
	[QM_DIRECTION_RESPONDER] = "resp",
};

struct qm_addr qm_history_address(bool ours, uint8_t host)
{
	struct qm_addr addr = { .family = AF_INET, .port = 4500 };
	const uint8_t local[] = { 192, 0, 2, host }, remote[] = { 198, 51, 100, host };

	memcpy(addr.ip, ours ? local : remote, sizeof(local));
	return addr;
}

void qm_history_facts(struct qm_sa_facts *sa, uint32_t child_sa, uint32_t ike_sa,
					  uint8_t version, enum qm_satype satype, uint8_t host)
{
	memset(sa, 0, sizeof(*sa));
	sa->child_sa = child_sa;
	sa->ike_sa = ike_sa;
	sa->reqid = child_sa;
	sa->in_spi = IN_SPI + child_sa;
	sa->out_spi = OUT_SPI + child_sa;
	sa->ike_version = version;
	sa->satype = satype;
	sa->local = qm_history_address(true, host ? host : QM_HISTORY_HOST);
	sa->remote = qm_history_address(false, host ? host : QM_HISTORY_HOST);
}

struct qm_time qm_history_time_ms(uint64_t ms)
{
	return (struct qm_time){
		.wall_ms = 1795438975152 + 7 * ms,
		.mono_ms = 1000 + ms,
	};
}

struct qm_time qm_history_time(uint64_t seconds)
{
	return qm_history_time_ms(1000 * seconds);
}

static void print_deleted(FILE *to, const struct qm_input *input)
{
	bool in = input->deleted.count && input->deleted.spi[0] < OUT_SPI;
	uint8_t i;

	fprintf(to, "peer-delete%s %u", input->deleted.ike ? "-ike" : in ? "-in" : "",
			input->ike_sa);
	for (i = 0; i < input->deleted.count; i++) {
		fprintf(to, " %u", input->deleted.spi[i] - (in ? IN_SPI : OUT_SPI));
	}
}

static void print_facts(FILE *to, const struct qm_input *input)
{
	if (input->type == QM_INPUT_KEYS) {
		fprintf(to, "keys %u/%u %s%s%s", input->sa.child_sa, input->sa.ike_sa,
				direction_names[input->sa.direction],
				input->sa.ike_version == 1 ? " v1" : "",
				input->sa.satype == QM_SATYPE_AH ? " ah" : "");
	} else if (input->type == QM_INPUT_UP) {
		fprintf(to, "up %u/%u", input->sa.child_sa, input->sa.ike_sa);
	} else {
		fprintf(to, "rekey %u>%u/%u", input->old_child_sa, input->sa.child_sa,
				input->sa.ike_sa);
	}
}

static void print_simple(FILE *to, const struct qm_input *input)
{
	if (input->type < QM_INPUT_MAX && ike_names[input->type]) {
		fprintf(to, "%s %u", ike_names[input->type], input->ike_sa);
	} else if (input->type == QM_INPUT_ANNOUNCED && input->old_child_sa) {
		fprintf(to, "announced %u>%u", input->old_child_sa, input->child_sa);
	} else if (input->type < QM_INPUT_MAX && child_names[input->type]) {
		fprintf(to, "%s %u", child_names[input->type], input->child_sa);
	} else {
		fprintf(to, "input %d", input->type);
	}
}

void qm_history_print(FILE *to, const struct qm_input *input)
{
	fprintf(to, "@%u ", input->thread);
	switch (input->type) {
	case QM_INPUT_KEYS:
	case QM_INPUT_UP:
	case QM_INPUT_REKEY:
		print_facts(to, input);
		break;
	case QM_INPUT_CHILD_STATE:
		fprintf(to, "%s %u", input->state < QM_CHILD_STATE_MAX ?
				state_names[input->state] : "strange", input->child_sa);
		break;
	case QM_INPUT_EXPIRED:
		fprintf(to, "expired-%s %u %u", input->expired.spi < OUT_SPI ? "in" : "out",
				input->expired.spi & 0xffff, input->expired.dst.ip[3]);
		break;
	case QM_INPUT_PEER_DELETE:
		print_deleted(to, input);
		break;
	case QM_INPUT_IKE_CAUSE:
		fprintf(to, "cause %u %s", input->ike_sa, cause_names[input->cause]);
		break;
	case QM_INPUT_IKE_MOVED:
		fprintf(to, "moved %u>%u", input->ike_sa, input->new_ike_sa);
		break;
	case QM_INPUT_IKE_HOSTS:
		fprintf(to, "hosts %u %u", input->ike_sa, input->hosts.local.ip[3]);
		break;
	case QM_INPUT_SHUTDOWN:
		fprintf(to, "shutdown");
		break;
	case QM_INPUT_KERNEL_ADDED:
	case QM_INPUT_KERNEL_REMOVED:
	case QM_INPUT_KERNEL_SYNC:
	case QM_INPUT_TICK:
		qm_history_print_kernel(to, input);
		break;
	default:
		print_simple(to, input);
	}
	fprintf(to, ";\n");
}

static const char *wrong_facts(const struct qm_event *event)
{
	const struct qm_sa_facts *sa = event->sa;

	if (event->instance) {
		return NULL;
	}
	if (sa->in_spi != IN_SPI + sa->child_sa || sa->out_spi != OUT_SPI + sa->child_sa) {
		return "not its SPIs";
	}
	if (sa->local.ip[3] != sa->remote.ip[3]) {
		return "addresses that do not go together";
	}
	return NULL;
}

const char *qm_history_event(const struct qm_event *event)
{
	static char line[QM_HISTORY_LINE];
	const struct qm_sa_facts *sa = event->sa;
	const char *wrong;
	size_t len = 0;

	if (qm_history_kernel_event(line, event)) {
		return line;
	}
	wrong = wrong_facts(event);
	if (wrong) {
		snprintf(line, sizeof(line), "%u/%u has %s", sa->child_sa, sa->ike_sa, wrong);
		return line;
	}
	if (event->kind == QM_EVENT_ESTABLISHED) {
		len += snprintf(line, sizeof(line), "start %u/%u %s old=%u", sa->child_sa,
						sa->ike_sa, direction_names[sa->direction], event->old_child_sa);
	} else if (event->kind == QM_EVENT_ENDED) {
		len = qm_history_end(line, event);
	} else if (event->kind == QM_EVENT_UPDATED) {
		len = qm_history_update(line, event);
	} else {
		len += snprintf(line, sizeof(line), "event of kind %d", event->kind);
	}
	if (sa->local.ip[3] != QM_HISTORY_HOST) {
		len += snprintf(line + len, sizeof(line) - len, " at %u", sa->local.ip[3]);
	}
	if (event->last_seen_ms) {
		const uint64_t ago_ms = qm_history_time(0).wall_ms - event->last_seen_ms;

		snprintf(line + len, sizeof(line) - len, " seen=%d",
				 (int)((int64_t)ago_ms / 1000));
	}
	qm_history_append_traffic(line, event);
	return line;
}

void qm_words_bad(const struct qm_words *words, const char *why)
{
	fprintf(stderr, "bad statement in case '%s': %s %s: %s\n", words->name,
			words->word[0], words->count > 1 ? words->word[1] : "", why);
	abort();
}

uint32_t qm_words_number(const struct qm_words *words, const char *text)
{
	char *end;
	unsigned long n = text ? strtoul(text, &end, 10) : QM_HISTORY_IDS;

	if (n >= QM_HISTORY_IDS || *end) {
		qm_words_bad(words, "not a number of this history");
	}
	return (uint32_t)n;
}

bool qm_words_have(const struct qm_words *words, const char *word)
{
	unsigned i;

	for (i = 2; i < words->count; i++) {
		if (!strcmp(words->word[i], word)) {
			return true;
		}
	}
	return false;
}

unsigned qm_words_index(const char *const *names, unsigned count, const char *name)
{
	unsigned i;

	for (i = 0; i < count; i++) {
		if (names[i] && name && !strcmp(names[i], name)) {
			break;
		}
	}
	return i;
}

/** "C/I" with, for a rekey, "OLD>" before it. */
static void parse_facts(struct qm_history *history, const struct qm_words *words,
						struct qm_input *input)
{
	char *ids = words->word[1];
	const char *old = NULL, *child = ids ? strsep(&ids, "/") : NULL;
	uint32_t child_sa, ike_sa = qm_words_number(words, ids);

	if (input->type == QM_INPUT_REKEY) {
		ids = words->word[1];
		old = strsep(&ids, ">");
		child = ids;
		input->old_child_sa = qm_words_number(words, old);
	}
	child_sa = qm_words_number(words, child);
	if (input->type == QM_INPUT_KEYS) {
		history->version[child_sa] = qm_words_have(words, "v1") ? 1 : 2;
		history->satype[child_sa] = qm_words_have(words, "ah") ? QM_SATYPE_AH :
																  QM_SATYPE_ESP;
	}
	input->ike_sa = ike_sa;
	input->child_sa = child_sa;
	qm_history_facts(&input->sa, child_sa, ike_sa, history->version[child_sa],
					 history->satype[child_sa], history->host[ike_sa]);
	if (input->type == QM_INPUT_KEYS) {
		input->sa.direction = qm_words_have(words, "init") ? QM_DIRECTION_INITIATOR :
							  qm_words_have(words, "resp") ? QM_DIRECTION_RESPONDER :
															 QM_DIRECTION_UNKNOWN;
	}
}

static void parse_deleted(const struct qm_words *words, struct qm_input *input)
{
	const uint32_t base = strcmp(words->word[0], "peer-delete-in") ? OUT_SPI : IN_SPI;
	unsigned i;

	input->type = QM_INPUT_PEER_DELETE;
	input->ike_sa = qm_words_number(words, words->word[1]);
	input->deleted.ike = !strcmp(words->word[0], "peer-delete-ike");
	input->deleted.count = 0;
	for (i = 2; i < words->count; i++) {
		input->deleted.spi[input->deleted.count++] =
			base + qm_words_number(words, words->word[i]);
	}
}

static void parse_expired(const struct qm_history *history, const struct qm_words *words,
						  struct qm_input *input)
{
	const bool in = !strcmp(words->word[0], "expired-in");
	const uint32_t child_sa = qm_words_number(words, words->word[1]);

	input->type = QM_INPUT_EXPIRED;
	input->expired.satype = history->satype[child_sa];
	if (qm_words_have(words, "alien")) {
		input->expired.satype ^= QM_SATYPE_ESP ^ QM_SATYPE_AH;
	}
	input->expired.spi = (in ? IN_SPI : OUT_SPI) + child_sa;
	input->expired.dst = qm_history_address(in, QM_HISTORY_HOST);
	/* the kernel's expire names no port */
	input->expired.dst.port = 0;
	if (words->count > 2 && strcmp(words->word[2], "alien")) {
		input->expired.dst.ip[3] = (uint8_t)qm_words_number(words, words->word[2]);
	}
}

static void parse_ike(struct qm_history *history, const struct qm_words *words,
					  struct qm_input *input)
{
	char *ids = words->word[1];

	if (!strcmp(words->word[0], "moved")) {
		input->type = QM_INPUT_IKE_MOVED;
		input->ike_sa = qm_words_number(words, strsep(&ids, ">"));
		input->new_ike_sa = qm_words_number(words, ids);
		history->host[input->new_ike_sa] = history->host[input->ike_sa];
	} else if (!strcmp(words->word[0], "hosts")) {
		input->type = QM_INPUT_IKE_HOSTS;
		input->ike_sa = qm_words_number(words, words->word[1]);
		history->host[input->ike_sa] = (uint8_t)qm_words_number(words, words->word[2]);
		input->hosts.local = qm_history_address(true, history->host[input->ike_sa]);
		input->hosts.remote = qm_history_address(false, history->host[input->ike_sa]);
	} else if (!strcmp(words->word[0], "cause")) {
		input->type = QM_INPUT_IKE_CAUSE;
		input->ike_sa = qm_words_number(words, words->word[1]);
		input->cause = qm_words_index(cause_names, QM_CAUSE_MAX, words->word[2]);
		if (input->cause == QM_CAUSE_MAX) {
			qm_words_bad(words, "no such cause");
		}
	} else {
		qm_words_bad(words, "no such verb");
	}
}

/** What needs no more than a number. @return whether it was such a statement */
static bool parse_simple(const struct qm_words *words, struct qm_input *input)
{
	unsigned type = qm_words_index(ike_names, QM_INPUT_MAX, words->word[0]);
	unsigned state = qm_words_index(state_names, QM_CHILD_STATE_MAX, words->word[0]);

	if (!strcmp(words->word[0], "shutdown")) {
		input->type = QM_INPUT_SHUTDOWN;
		return true;
	}
	if (type < QM_INPUT_MAX) {
		input->ike_sa = qm_words_number(words, words->word[1]);
	} else if (state < QM_CHILD_STATE_MAX) {
		input->child_sa = qm_words_number(words, words->word[1]);
		input->state = state;
		type = QM_INPUT_CHILD_STATE;
	} else {
		char *ids = words->word[1], *old;

		type = qm_words_index(child_names, QM_INPUT_MAX, words->word[0]);
		if (type == QM_INPUT_MAX || !ids) {
			return false;
		}
		old = strsep(&ids, ">");
		if (type == QM_INPUT_ANNOUNCED) {
			input->old_child_sa = ids ? qm_words_number(words, old) : 0;
		}
		input->child_sa = qm_words_number(words, ids ? ids : old);
	}
	input->type = type;
	return true;
}

void qm_history_parse(struct qm_history *history, const struct qm_words *words,
				  struct qm_input *input)
{
	static const char *const facts_names[] = {
		[QM_INPUT_KEYS] = "keys", [QM_INPUT_UP] = "up", [QM_INPUT_REKEY] = "rekey",
	};
	const unsigned known = sizeof(facts_names) / sizeof(facts_names[0]);
	unsigned facts = qm_words_index(facts_names, known, words->word[0]);

	if (facts < known) {
		input->type = facts;
		parse_facts(history, words, input);
	} else if (!strncmp(words->word[0], "peer-delete", 11)) {
		parse_deleted(words, input);
	} else if (!strncmp(words->word[0], "expired-", 8)) {
		parse_expired(history, words, input);
	} else if (qm_history_parse_kernel(history, words, input)) {
		input->thread = KERNEL_THREAD;
	} else if (!parse_simple(words, input)) {
		parse_ike(history, words, input);
	}
}

uint32_t qm_words_thread(struct qm_words *words, uint32_t otherwise)
{
	uint32_t thread = otherwise;

	if (words->word[0][0] == '@') {
		thread = qm_words_number(words, words->word[0] + 1);
		memmove(words->word, words->word + 1, --words->count * sizeof(char *));
		words->word[words->count] = NULL;
	}
	return thread;
}

bool qm_words_next(char **rest, const char *name, struct qm_words *ret)
{
	char *statement, *word;

	while ((statement = strsep(rest, ";"))) {
		*ret = (struct qm_words){ .name = name };
		while ((word = strsep(&statement, " \t\n"))) {
			if (*word && ret->count < QM_WORDS_MAX - 1) {
				ret->word[ret->count++] = word;
			}
		}
		if (ret->count) {
			return true;
		}
	}
	return false;
}
