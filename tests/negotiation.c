/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "negotiation.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "samples.h"
#include "test.h"

#define LINE_MAX 200
#define STEP_MS 10

/** Message ID of IKEv1's error messages, which belong to no other exchange. */
#define INFO_MSGID 250

struct name {
	unsigned value;
	const char *word;
};

static const struct name exchanges[] = {
	{ 0, "-" }, { 5, "info" }, { 32, "qm" }, { 35, "auth" }, { 36, "create" },
	{ 44, "followup" }, { 0, NULL },
};

static const struct name alerts[] = {
	{ QM_FAILURE_PROPOSAL_MISMATCH, "proposal" }, { QM_FAILURE_TS_MISMATCH, "ts" },
	{ QM_FAILURE_LOCAL_AUTH, "local-auth" }, { QM_FAILURE_PEER_AUTH, "peer-auth" },
	{ QM_FAILURE_AUTHORIZATION, "authorization" }, { QM_FAILURE_VIP, "vip" },
	{ 0, NULL },
};

static const struct name states[] = {
	{ QM_NEGO_UNKNOWN, "?" }, { QM_NEGO_NONE, "none" },
	{ QM_NEGO_FIRST_SENT, "first" }, { 0, NULL },
};

static const struct name points[] = {
	{ QM_PARTY_UNKNOWN, "?" }, { QM_PARTY_LOCAL, "local" }, { QM_PARTY_PEER, "remote" },
	{ 0, NULL },
};

static const struct name directions[] = {
	{ QM_DIRECTION_UNKNOWN, "?" }, { QM_DIRECTION_INITIATOR, "init" },
	{ QM_DIRECTION_RESPONDER, "resp" }, { 0, NULL },
};

static const char *word_of(const struct name *names, unsigned value)
{
	for (; names->word; names++) {
		if (names->value == value) {
			return names->word;
		}
	}
	return "strange";
}

static unsigned value_of(const struct qm_words *words, const struct name *names,
						 const char *word)
{
	for (; names->word; names++) {
		if (word && !strcmp(names->word, word)) {
			return names->value;
		}
	}
	qm_words_bad(words, "no such word");
}

/** The selectors that an initiator proposes. */
static void set_offer(struct qm_offer *offer, bool proposals)
{
	memset(offer, 0, sizeof(*offer));
	if (proposals) {
		qm_sample_text(&offer->proposals, "ESP:NULL");
	} else {
		qm_sample_add(&offer->initiator_ts, qm_sample_ts("10.1.0.0", "10.1.255.255"));
		qm_sample_add(&offer->responder_ts, qm_sample_ts("10.2.0.0", "10.2.255.255"));
	}
}

/** IKE versions by IKE_SA, IKE_SAs by CHILD_SA, and what history.h keeps. */
struct parser {
	struct qm_history history;
	uint8_t version[QM_HISTORY_IDS];
	uint8_t ike_sa[QM_HISTORY_IDS];
};

static void set_ike_facts(const struct parser *parser, struct qm_input *input)
{
	qm_history_facts(&input->sa, 0, input->ike_sa,
					 parser->version[input->ike_sa] == 1 ? 1 : 2, QM_SATYPE_UNKNOWN, 0);
	input->sa.in_spi = input->sa.out_spi = 0;
	qm_sample_text(&input->sa.remote_id, "peer");
}

/** What is common to all messages, and to all that have an error in them. */
static void set_message(struct parser *parser, struct qm_input *input)
{
	struct qm_message *message = &input->message;

	message->version = parser->version[input->ike_sa] == 1 ? 1 : 2;
	input->type = QM_INPUT_MESSAGE;
	if (message->notify && (message->version == 1 || !message->incoming)) {
		input->type = QM_INPUT_MESSAGE_ERROR;
		set_ike_facts(parser, input);
	}
}

/** req> req< rsp> rsp< */
static void parse_v2(struct parser *parser, const struct qm_words *words,
					 struct qm_input *input)
{
	const bool request = !strncmp(words->word[0], "req", 3);

	input->ike_sa = qm_words_number(words, words->word[1]);
	input->message = (struct qm_message){
		.msgid = qm_words_number(words, words->word[2]),
		.exchange = (uint8_t)value_of(words, exchanges, words->word[3]),
		.incoming = words->word[0][3] == '<',
		.request = request,
		.child = request && strcmp(words->word[3], "followup"),
	};
	if (words->count > 4) {
		input->message.notify = (uint16_t)qm_words_number(words, words->word[4]);
	}
	set_message(parser, input);
}

/** qm1> to qm3<, info> info< */
static void parse_v1(struct parser *parser, const struct qm_words *words,
					 struct qm_input *input)
{
	const bool info = !strncmp(words->word[0], "info", 4);
	const uint32_t number = qm_words_number(words, words->word[2]);

	input->ike_sa = qm_words_number(words, words->word[1]);
	parser->version[input->ike_sa] = 1;
	input->message = (struct qm_message){
		.msgid = info ? INFO_MSGID : number,
		.exchange = info ? 5 : 32,
		.incoming = words->word[0][info ? 4 : 3] == '<',
		.request = info || words->word[0][2] != '2',
		.notify = info ? (uint16_t)number : 0,
	};
	set_message(parser, input);
}

/** "C/I" */
static void parse_ids(const struct qm_words *words, struct qm_input *input)
{
	char *ids = words->word[1];

	input->child_sa = qm_words_number(words, strsep(&ids, "/"));
	input->ike_sa = qm_words_number(words, ids);
}

static void parse_failed(const struct parser *parser, const struct qm_words *words,
						 struct qm_input *input)
{
	parse_ids(words, input);
	input->type = QM_INPUT_CHILD_FAILED;
	input->installing = qm_words_have(words, "installing");
	input->unestablished = qm_words_have(words, "connecting");
	qm_history_facts(&input->sa, input->child_sa, input->ike_sa,
					 parser->version[input->ike_sa] == 1 ? 1 : 2, QM_SATYPE_UNKNOWN, 0);
	input->sa.out_spi = 0;
	if (qm_words_have(words, "no-spi")) {
		input->sa.in_spi = 0;
	} else if (qm_words_have(words, "anew")) {
		input->sa.in_spi--;
	}
}

static void parse_alert(const struct qm_words *words, struct qm_input *input)
{
	input->ike_sa = qm_words_number(words, words->word[1]);
	input->alert = value_of(words, alerts, words->word[2]);
	input->type = QM_INPUT_ALERT;
	if (input->alert == QM_FAILURE_PROPOSAL_MISMATCH ||
		input->alert == QM_FAILURE_TS_MISMATCH) {
		input->type = QM_INPUT_ALERT_OFFER;
		set_offer(&input->offer, input->alert == QM_FAILURE_PROPOSAL_MISMATCH);
	}
}

static void parse_refused(const struct qm_words *words, struct qm_input *input)
{
	parse_ids(words, input);
	input->type = QM_INPUT_INSTALL_FAILED;
	input->alert = words->word[0][0] == 's' ? QM_FAILURE_INSTALL_SA :
											  QM_FAILURE_INSTALL_POLICY;
}

static void parse_born(const struct qm_words *words, struct qm_input *input)
{
	const bool ours = words->word[0][4] == '>';

	parse_ids(words, input);
	input->type = QM_INPUT_CHILD_BORN;
	input->direction = ours ? QM_DIRECTION_INITIATOR : QM_DIRECTION_RESPONDER;
}

static bool begins_with(const struct qm_words *words, const char *start)
{
	return !strncmp(words->word[0], start, strlen(start));
}

static void parse_statement(struct parser *parser, const struct qm_words *words,
							struct qm_input *input)
{
	if (begins_with(words, "req") || begins_with(words, "rsp")) {
		parse_v2(parser, words, input);
	} else if (begins_with(words, "qm") || begins_with(words, "info")) {
		parse_v1(parser, words, input);
	} else if (begins_with(words, "alert")) {
		parse_alert(words, input);
	} else if (begins_with(words, "sa-refused") || begins_with(words, "policy-")) {
		parse_refused(words, input);
	} else if (begins_with(words, "failed")) {
		parse_failed(parser, words, input);
	} else if (begins_with(words, "born")) {
		parse_born(words, input);
	} else if (begins_with(words, "reset")) {
		input->type = QM_INPUT_IKE_RESET;
		input->ike_sa = qm_words_number(words, words->word[1]);
	} else if (begins_with(words, "abandoned")) {
		input->type = QM_INPUT_IKE_ABANDONED;
		input->ike_sa = qm_words_number(words, words->word[1]);
		set_ike_facts(parser, input);
	} else if (begins_with(words, "tick")) {
		input->type = QM_INPUT_TICK;
	} else {
		qm_history_parse(&parser->history, words, input);
	}
}

/** Charon says of which IKE_SA a CHILD_SA is where history.h does not. */
static void set_ike_sa(struct parser *parser, struct qm_input *input)
{
	if (!input->child_sa) {
		return;
	}
	if (input->ike_sa) {
		parser->ike_sa[input->child_sa] = (uint8_t)input->ike_sa;
	} else {
		input->ike_sa = parser->ike_sa[input->child_sa];
	}
}

static void add_statement(struct parser *parser, struct qm_words *words,
						  struct qm_nego_script *script)
{
	const unsigned i = script->count;
	struct qm_input *input = &script->input[i];

	if (i == QM_NEGO_INPUTS_MAX) {
		qm_words_bad(words, "too many inputs");
	}
	script->job[i] = !strcmp(words->word[0], "|");
	if (script->job[i]) {
		memmove(words->word, words->word + 1, --words->count * sizeof(char *));
		words->word[words->count] = NULL;
	}
	/* what an input does not use is never clean on charon's stack either */
	memset(input, 0xa5, sizeof(*input));
	input->ike_sa = input->child_sa = 0;
	input->thread = qm_words_thread(words, i && !script->job[i] ?
									script->input[i - 1].thread : 1);
	if (!strcmp(words->word[0], "v1")) {
		parser->version[qm_words_number(words, words->word[1])] = 1;
		return;
	}
	if (!strcmp(words->word[0], "tick")) {
		script->seconds[i] = qm_words_number(words, words->word[1]);
	}
	parse_statement(parser, words, input);
	if (qm_nego_has_facts(input)) {
		qm_sample_text(&input->sa.conn_name, "gw");
	}
	set_ike_sa(parser, input);
	script->count++;
}

void qm_nego_parse(const struct qm_nego_case *c, struct qm_nego_script *ret)
{
	char *text = strdup(c->inputs), *rest = text;
	struct parser parser = { 0 };
	struct qm_words words;

	memset(ret, 0, sizeof(*ret));
	while (qm_words_next(&rest, c->name, &words)) {
		add_statement(&parser, &words, ret);
	}
	free(text);
}

struct qm_time qm_nego_time(uint64_t steps, uint64_t seconds)
{
	struct qm_time time = qm_history_time(seconds);

	time.wall_ms += STEP_MS * steps;
	time.mono_ms += STEP_MS * steps;
	return time;
}

bool qm_nego_has_facts(const struct qm_input *input)
{
	return input->type == QM_INPUT_KEYS || input->type == QM_INPUT_UP ||
		   input->type == QM_INPUT_REKEY || input->type == QM_INPUT_CHILD_FAILED ||
		   input->type == QM_INPUT_MESSAGE_ERROR || input->type == QM_INPUT_IKE_ABANDONED;
}

unsigned qm_nego_count(const struct qm_nego_script *script)
{
	/* ours and the peer's that are under way */
	bool open[2] = { false, false };
	unsigned count = 0;

	for (unsigned i = 0; i < script->count; i++) {
		const struct qm_input *input = &script->input[i];
		const struct qm_message *message = &input->message;

		if (input->type == QM_INPUT_MESSAGE && message->request) {
			open[message->incoming] = true;
			count++;
		} else if (input->type == QM_INPUT_MESSAGE_ERROR && !message->incoming) {
			open[true] = false;
		} else if (input->type == QM_INPUT_KEYS) {
			open[false] = open[true] = false;
		} else if (input->type == QM_INPUT_CHILD_FAILED) {
			count += !open[false] && !open[true];
		}
	}
	return count;
}

/** What is always known is, and the selectors are on their own sides. */
static const char *wrong_failure(const struct qm_event *event)
{
	const struct qm_sa_facts *sa = event->sa;
	const uint8_t ours = sa->direction == QM_DIRECTION_INITIATOR ? 1 : 2;

	if (event->count != 1 || event->since_ms != event->when_ms) {
		return "another count or time";
	}
	if (sa->remote.family != AF_INET || sa->remote.ip[0] != 198) {
		return "no address of the peer";
	}
	if (!sa->conn_name.len) {
		return "no name of the connection";
	}
	if (sa->local_ts.count &&
		(sa->local_ts.ts[0].from[1] != ours || sa->remote_ts.ts[0].from[1] != 3 - ours)) {
		return "selectors on the wrong side";
	}
	return NULL;
}

static void put_failure(FILE *to, const struct qm_event *event)
{
	const struct qm_failure *failure = event->failure;
	const struct qm_sa_facts *sa = event->sa;
	const char *reason = qm_failure_name(failure->reason);

	if (sa->child_sa) {
		fprintf(to, "fail %u/%u", sa->child_sa, sa->ike_sa);
	} else {
		fprintf(to, "fail %s/%u", sa->remote_id.len ? "ike" : "-", sa->ike_sa);
	}
	fprintf(to, " %s %s %s %s %s", word_of(directions, sa->direction),
			reason ? reason : "notify", word_of(points, failure->point),
			word_of(states, failure->state), word_of(exchanges, failure->exchange));
	if (failure->has_msgid) {
		fprintf(to, " %u", failure->msgid);
	} else {
		fprintf(to, " -");
	}
	if (failure->notify) {
		fprintf(to, " %u", failure->notify);
	} else {
		fprintf(to, " -");
	}
	fprintf(to, "%s%s%s", failure->proposals.len ? " offer" : "",
			sa->local_ts.count ? " ts" : "", failure->unauthenticated ? " unauth" : "");
}

const char *qm_nego_event(const struct qm_event *event)
{
	static char line[LINE_MAX];
	const char *wrong;
	FILE *to;

	if (event->kind != QM_EVENT_FAILED) {
		return qm_history_event(event);
	}
	to = fmemopen(line, sizeof(line), "w");
	wrong = wrong_failure(event);
	if (wrong) {
		fprintf(to, "%s: ", wrong);
	}
	put_failure(to, event);
	fclose(to);
	return line;
}

static void print_message(FILE *to, const struct qm_input *input)
{
	const struct qm_message *message = &input->message;
	const char way = message->incoming ? '<' : '>';

	if (message->version == 1 && message->exchange == 5) {
		fprintf(to, "info%c %u %u", way, input->ike_sa, message->notify);
	} else if (message->version == 1) {
		fprintf(to, "qm%s%c %u %u", message->request ? "1" : "2", way, input->ike_sa,
				message->msgid);
	} else {
		fprintf(to, "%s%c %u %u %s %u", message->request ? "req" : "rsp", way,
				input->ike_sa, message->msgid, word_of(exchanges, message->exchange),
				message->notify);
	}
}

/** What history.h has no statement for. @return whether it was such an input */
static bool print_own(FILE *to, const struct qm_input *input)
{
	switch (input->type) {
	case QM_INPUT_MESSAGE:
	case QM_INPUT_MESSAGE_ERROR:
		print_message(to, input);
		break;
	case QM_INPUT_ALERT:
	case QM_INPUT_ALERT_OFFER:
		fprintf(to, "alert %u %s", input->ike_sa, word_of(alerts, input->alert));
		break;
	case QM_INPUT_INSTALL_FAILED:
		fprintf(to, "%s-refused %u/%u", input->alert == QM_FAILURE_INSTALL_SA ?
				"sa" : "policy", input->child_sa, input->ike_sa);
		break;
	case QM_INPUT_CHILD_FAILED:
		fprintf(to, "failed %u/%u%s%s%s", input->child_sa, input->ike_sa,
				input->installing ? " installing" : "",
				input->sa.in_spi ? "" : " no-spi",
				input->unestablished ? " connecting" : "");
		break;
	case QM_INPUT_CHILD_BORN:
		fprintf(to, "born%c %u/%u", input->direction == QM_DIRECTION_INITIATOR ?
				'>' : '<', input->child_sa, input->ike_sa);
		break;
	case QM_INPUT_IKE_RESET:
		fprintf(to, "reset %u", input->ike_sa);
		break;
	case QM_INPUT_IKE_ABANDONED:
		fprintf(to, "abandoned %u", input->ike_sa);
		break;
	case QM_INPUT_TICK:
		fprintf(to, "tick 0");
		break;
	default:
		return false;
	}
	return true;
}

void qm_nego_print(FILE *to, const struct qm_input *input)
{
	char *text = NULL;
	size_t size;
	FILE *own = open_memstream(&text, &size);

	if (print_own(own, input)) {
		fclose(own);
		fprintf(to, "@%u %s;\n", input->thread, text);
	} else {
		fclose(own);
		qm_history_print(to, input);
	}
	free(text);
}
