/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The ledger against inputs that no charon gives: at random, or of a history of
 * which some are lost, doubled or late. What it says may be wrong then, but it
 * neither crashes nor contradicts itself: a CHILD_SA starts before it ends, and
 * does neither twice before it is forgotten; and of an IKE_SA no more
 * negotiations fail than were begun.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "charon_model.h"
#include "history.h"
#include "kernel_model.h"
#include "ledger.h"
#include "random_kit.h"
#include "test.h"

#define INPUTS_MAX 200

/** Ids are few, so that inputs meet. */
#define CHILDREN 6
#define IKES 4
#define THREADS 3

struct run {
	struct qm_model random;
	struct qm_ledger *ledger;
	/** started, and not forgotten by charon; and how many of that id have not ended:
	 * the record of an end may wait while garbage has another of the same id begin */
	bool held[QM_HISTORY_IDS];
	unsigned open[QM_HISTORY_IDS];
	unsigned opened;
	/** how many of the kernel there can be */
	size_t told;
	/** by IKE_SA: negotiations that can have been begun, and that failed */
	unsigned begun[QM_HISTORY_IDS];
	unsigned failed[QM_HISTORY_IDS];
	uint64_t seconds;
	/** one in so many inputs is damaged; the one that is late */
	unsigned rate;
	bool is_late;
	struct qm_input late;
	const char *wrong;
	FILE *print;
};

/** Failures and SAs that are nobody's since the program started, to see that there
 * are any. */
static uint64_t failures, strays;

static void on_failure(struct run *run, const struct qm_event *event)
{
	const struct qm_failure *failure = event->failure;
	const uint32_t ike_sa = event->sa->ike_sa;

	failures++;
	if (event->count != 1 || event->since_ms != event->when_ms ||
		failure->reason >= QM_FAILURE_SEVERAL || failure->point >= QM_PARTY_MAX ||
		failure->state >= QM_NEGO_STATE_MAX) {
		run->wrong = "a failure that is none";
	} else if (ike_sa >= QM_HISTORY_IDS || ++run->failed[ike_sa] > run->begun[ike_sa]) {
		run->wrong = "more failures than were begun";
	}
}

/** What the kernel has besides, or an update. */
static void on_other_event(struct run *run, const struct qm_event *event)
{
	if (event->kind == QM_EVENT_UNKNOWN_SA) {
		strays += event->kernel != NULL;
	} else if (event->kind == QM_EVENT_LOST &&
			   (event->cause != QM_LOSS_NETLINK || !event->lost)) {
		run->wrong = "a loss that is none";
	}
	/* an input that is late by one is late by seconds */
	if (event->since_ms > event->when_ms + 70000) {
		run->wrong = "something from the future";
	}
}

static void on_event(void *user, const struct qm_event *event)
{
	const bool starts = event->kind == QM_EVENT_ESTABLISHED;
	struct run *run = user;
	uint32_t child_sa;

	if (event->kind == QM_EVENT_FAILED) {
		on_failure(run, event);
		return;
	}
	if (!event->sa || event->kind == QM_EVENT_UPDATED) {
		on_other_event(run, event);
		return;
	}
	child_sa = event->sa->child_sa;
	if (child_sa >= QM_HISTORY_IDS ||
		(starts ? run->held[child_sa] : !run->open[child_sa])) {
		run->wrong = starts ? "starts twice" : "ends twice, or never started";
		return;
	}
	run->held[child_sa] |= starts;
	run->open[child_sa] += starts ? 1 : -1;
	run->opened += starts ? 1 : -1;
}

/** Whether a negotiation can begin with an input, or be known by it alone. */
static bool begins(const struct qm_input *input)
{
	switch (input->type) {
	case QM_INPUT_CHILD_FAILED:
		return true;
	case QM_INPUT_MESSAGE:
	case QM_INPUT_MESSAGE_ERROR:
		return input->message.request &&
			   (input->message.version == 1 ? input->message.exchange == 32 :
											  input->message.child);
	default:
		return false;
	}
}

static void take(struct run *run, const struct qm_input *input)
{
	int r;

	run->begun[input->ike_sa] += begins(input);
	/* each half of a CHILD_SA can stay behind, at two addresses */
	run->told += input->type == QM_INPUT_KERNEL_ADDED ? 3 : 0;
	if (run->print) {
		qm_history_print(run->print, input);
	}
	r = qm_ledger_input(run->ledger, input);
	if (input->type == QM_INPUT_CHILD_FAILED ||
		(input->type == QM_INPUT_CHILD_STATE && input->state == QM_CHILD_DESTROYING)) {
		run->held[input->child_sa] = false;
	}
	if (run->wrong) {
		return;
	}
	if (r < 0 && r != -EINVAL) {
		run->wrong = "an error";
	} else if (qm_ledger_open(run->ledger) != run->opened) {
		run->wrong = "another number of open ones";
	} else if (qm_ledger_entries(run->ledger) > run->told + IKES + QM_MODEL_CHILDREN) {
		run->wrong = "more entries than there are ids, and kernel SAs told of";
	}
}

static void random_facts(struct run *run, struct qm_input *input)
{
	struct qm_model *random = &run->random;

	input->old_child_sa = qm_model_below(random, CHILDREN);
	qm_history_facts(&input->sa, qm_model_below(random, CHILDREN), input->ike_sa,
					 (uint8_t)qm_model_below(random, 3),
					 qm_model_below(random, QM_SATYPE_MAX),
					 (uint8_t)qm_model_below(random, 3));
	input->sa.direction = qm_model_below(random, QM_DIRECTION_MAX);
	if (qm_model_once_in(random, 4)) {
		/* SPIs of another */
		input->sa.in_spi ^= 1;
		input->sa.out_spi = input->sa.in_spi;
	}
}

static void random_message(struct run *run, struct qm_input *input)
{
	/* those that the rules know, and another */
	static const uint16_t notifies[] = { 0, 0, 0, 1, 7, 14, 16, 17, 23, 24, 38, 43, 44 };
	static const uint8_t exchanges[] = { 5, 32, 32, 35, 35, 36, 36, 37, 44, 99 };
	struct qm_model *random = &run->random;

	input->message = (struct qm_message){
		.msgid = qm_model_below(random, 3),
		.exchange = exchanges[qm_model_below(random, sizeof(exchanges))],
		.version = (uint8_t)(1 + qm_model_below(random, 2)),
		.incoming = qm_model_once_in(random, 2),
		.request = qm_model_once_in(random, 2),
		.child = qm_model_below(random, 3),
		.notify = notifies[qm_model_below(random,
										  sizeof(notifies) / sizeof(notifies[0]))],
	};
}

static void random_offer(struct run *run, struct qm_input *input)
{
	struct qm_ts ts = { .family = (uint8_t)qm_model_below(&run->random, 12) };

	input->offer.initiator_ts = (struct qm_ts_list){ .count = 1, .total = 9 };
	input->offer.initiator_ts.ts[0] = ts;
	input->offer.responder_ts = input->offer.initiator_ts;
	input->offer.proposals.len = 3;
}

static void random_deletes(struct run *run, struct qm_input *input, uint32_t spi)
{
	struct qm_model *random = &run->random;

	input->deleted.ike = (uint8_t)qm_model_below(random, 2);
	input->deleted.count = (uint8_t)qm_model_below(random, QM_DELETE_MAX + 1);
	for (uint8_t i = 0; i < input->deleted.count; i++) {
		input->deleted.spi[i] = spi + i;
	}
}

static void random_addresses(struct run *run, struct qm_input *input)
{
	struct qm_model *random = &run->random;
	struct qm_sa_facts facts;

	qm_history_facts(&facts, qm_model_below(random, CHILDREN), 0, 0,
					 qm_model_below(random, QM_SATYPE_MAX),
					 (uint8_t)qm_model_below(random, 3));
	if (input->type == QM_INPUT_PEER_DELETE) {
		random_deletes(run, input, facts.in_spi);
	} else if (input->type == QM_INPUT_EXPIRED) {
		input->expired.satype = facts.satype;
		input->expired.spi = facts.in_spi;
		input->expired.dst = facts.local;
	} else {
		input->hosts.local = facts.local;
		input->hosts.remote = facts.remote;
	}
}

/** Mostly of a CHILD_SA, by some address; some share a name, and differ in the rest. */
static void random_kernel_sa(struct run *run, struct qm_kernel_sa *sa)
{
	struct qm_model *random = &run->random;
	const bool in = qm_model_once_in(random, 2);
	struct qm_sa_facts facts;

	qm_history_facts(&facts, qm_model_below(random, CHILDREN + 2), 0, 0,
					 qm_model_below(random, QM_SATYPE_MAX),
					 (uint8_t)qm_model_below(random, 3));
	*sa = (struct qm_kernel_sa){
		.id = { facts.satype, in ? facts.in_spi : facts.out_spi,
				in ? facts.local : facts.remote },
		.if_id = qm_model_once_in(random, 8),
		.mark = { qm_model_below(random, 2), qm_model_once_in(random, 8) },
		.end = qm_model_below(random, QM_KERNEL_END_MAX + 1),
		.by = qm_model_below(random, QM_PARTY_MAX),
		.found = qm_model_once_in(random, 4),
		.bytes = { qm_model_below(random, 3) > 0, qm_model_below(random, 1000) },
		.packets = { qm_model_below(random, 3) > 0, qm_model_below(random, 1000) },
	};
}

static void random_sync(struct run *run, struct qm_sync *sync)
{
	struct qm_model *random = &run->random;

	*sync = (struct qm_sync){
		.phase = qm_model_below(random, QM_SYNC_PHASE_MAX + 1),
		.start = qm_model_once_in(random, 4),
		.dropped = qm_model_below(random, 3),
		.changes = qm_model_below(random, 3),
	};
}

static void random_rest(struct run *run, struct qm_input *input)
{
	struct qm_model *random = &run->random;

	switch (input->type) {
	case QM_INPUT_KEYS:
	case QM_INPUT_UP:
	case QM_INPUT_REKEY:
	case QM_INPUT_IKE_ABANDONED:
		random_facts(run, input);
		break;
	case QM_INPUT_CHILD_FAILED:
		random_facts(run, input);
		input->installing = qm_model_once_in(random, 2);
		input->unestablished = qm_model_once_in(random, 3);
		break;
	case QM_INPUT_CHILD_BORN:
		input->direction = qm_model_below(random, QM_DIRECTION_MAX);
		break;
	case QM_INPUT_MESSAGE:
		random_addresses(run, input);
		random_message(run, input);
		break;
	case QM_INPUT_MESSAGE_ERROR:
		random_facts(run, input);
		random_message(run, input);
		break;
	case QM_INPUT_ALERT_OFFER:
		random_offer(run, input);
		input->alert = 1 + qm_model_below(random, QM_FAILURE_SEVERAL - 1);
		break;
	case QM_INPUT_ALERT:
	case QM_INPUT_INSTALL_FAILED:
		input->alert = 1 + qm_model_below(random, QM_FAILURE_SEVERAL - 1);
		break;
	case QM_INPUT_PEER_DELETE:
	case QM_INPUT_EXPIRED:
	case QM_INPUT_IKE_HOSTS:
		random_addresses(run, input);
		break;
	case QM_INPUT_KERNEL_ADDED:
	case QM_INPUT_KERNEL_REMOVED:
		random_kernel_sa(run, &input->kernel);
		break;
	case QM_INPUT_KERNEL_SYNC:
		random_sync(run, &input->sync);
		break;
	case QM_INPUT_CHILD_STATE:
		input->state = qm_model_below(random, QM_CHILD_STATE_MAX + 1);
		break;
	case QM_INPUT_IKE_CAUSE:
		input->cause = qm_model_below(random, QM_CAUSE_MAX);
		break;
	default:
		input->new_ike_sa = qm_model_below(random, IKES);
		break;
	}
}

/** Threads take the time before they queue: it may go back a little. */
static struct qm_time random_time(struct run *run)
{
	static const uint8_t passes[] = { 0, 0, 0, 1, 1, 2, 4, 6, 170 };
	struct qm_time time;

	run->seconds += passes[qm_model_below(&run->random, sizeof(passes))];
	time = qm_history_time(run->seconds);
	time.mono_ms -= qm_model_below(&run->random, 2) * 900;
	return time;
}

static void random_input(struct run *run, struct qm_input *input)
{
	struct qm_model *random = &run->random;

	memset(input, 0, sizeof(*input));
	input->type = qm_model_below(random, QM_INPUT_MAX + 1);
	input->thread = qm_model_below(random, THREADS);
	input->time = random_time(run);
	input->ike_sa = qm_model_below(random, IKES);
	input->child_sa = qm_model_below(random, CHILDREN);
	random_rest(run, input);
}

static void run_garbage(struct run *run, uint64_t seed)
{
	unsigned inputs, i;
	struct qm_input input;

	qm_model_init(&run->random, seed, 0, 0);
	inputs = qm_model_below(&run->random, INPUTS_MAX);
	for (i = 0; i < inputs && !run->wrong; i++) {
		random_input(run, &input);
		take(run, &input);
	}
}

/** Takes an input, but one in so many is lost, doubled, or late by one. */
static void take_damaged(struct run *run, const struct qm_input *input)
{
	const bool damaged = qm_model_once_in(&run->random, run->rate);
	const unsigned how = qm_model_below(&run->random, 3);

	if (damaged && how == 0) {
		return;
	}
	if (damaged && how == 1 && !run->is_late) {
		run->late = *input;
		run->is_late = true;
		return;
	}
	take(run, input);
	if (damaged && how == 2) {
		take(run, input);
	} else if (run->is_late) {
		take(run, &run->late);
		run->is_late = false;
	}
}

static void take_damaged_notes(struct run *run, struct qm_kernel_model *kernel)
{
	struct qm_input input;
	struct qm_note note;

	while (!run->wrong && qm_kernel_model_take(kernel, kernel->now_ms, &note)) {
		qm_kernel_model_input(&note, &input);
		input.time = qm_history_time_ms(kernel->now_ms);
		take_damaged(run, &input);
	}
}

/** A damaged history, of every other one also what the kernel does. */
static void run_damaged(struct run *run, uint64_t seed)
{
	static struct qm_kernel_model kernel;
	static struct qm_model model;
	struct qm_input input;
	struct qm_step step;

	qm_model_init(&run->random, ~seed, 0, 0);
	qm_model_init(&model, seed, 1 + (unsigned)(seed % 40), 3);
	qm_kernel_model_init(&kernel, seed);
	run->rate = 2 + qm_model_below(&run->random, 30);
	while (!run->wrong && qm_model_next(&model, &step)) {
		run->seconds = model.steps;
		kernel.now_ms = 1000 * (uint64_t)model.steps;
		if (seed % 2) {
			qm_kernel_model_before(&kernel, &model, &step);
			take_damaged_notes(run, &kernel);
		}
		qm_model_input(&step, &model, &input);
		take_damaged(run, &input);
		if (seed % 2) {
			qm_kernel_model_after(&kernel, &model, &step);
		}
	}
}

/** What waits does not wait for ever. */
static void check_patience(struct run *run)
{
	struct qm_input tick = {
		.type = QM_INPUT_TICK, .time = qm_history_time(run->seconds + 166),
	};

	take(run, &tick);
	/* what was forgotten only now may have left something behind */
	tick.time = qm_history_time(run->seconds + 176);
	take(run, &tick);
	if (!run->wrong && qm_ledger_waits(run->ledger)) {
		run->wrong = "something waits for ever";
	}
}

static const char *run_one(void (*make)(struct run *, uint64_t), uint64_t seed,
						   FILE *print)
{
	static struct run run;

	memset(&run, 0, sizeof(run));
	run.print = print;
	QM_OK_FATAL(qm_ledger_new(&run.ledger, on_event, &run));
	make(&run, seed);
	if (!run.wrong && seed % 4 > 1) {
		check_patience(&run);
	}
	/* half of them end as they are: freeing must do */
	if (!run.wrong && seed % 2) {
		qm_ledger_finish(run.ledger, qm_history_time(run.seconds));
		if (run.opened || qm_ledger_open(run.ledger)) {
			run.wrong = "open ones in the end";
		} else if (qm_ledger_waits(run.ledger)) {
			run.wrong = "something waits in the end";
		}
	}
	qm_ledger_free(run.ledger);
	return run.wrong;
}

static void run_all(void (*make)(struct run *, uint64_t))
{
	const uint64_t sequences = qm_random_sequences(), first = qm_random_seed();
	const char *wrong;
	uint64_t i;

	printf("# %" PRIu64 " histories from QM_SEED=%" PRIu64 "\n", sequences, first);
	for (i = 0; i < sequences; i++) {
		wrong = run_one(make, first + i, NULL);
		if (wrong) {
			run_one(make, first + i, stderr);
			fprintf(stderr, "%s, with QM_SEED=%" PRIu64 " QM_SEQUENCES=1\n", wrong,
					first + i);
			CU_FAIL("the ledger contradicts itself");
			return;
		}
	}
}

static void test_garbage(void)
{
	run_all(run_garbage);
	printf("# %" PRIu64 " failed negotiations\n", failures);
	printf("# %" PRIu64 " strays\n", strays);
	CU_ASSERT((failures > 0 && strays > 0) || qm_random_sequences() < 1000);
}

static void test_damaged(void)
{
	run_all(run_damaged);
}

CU_TestInfo ledger_garbage_tests[] = {
	{ "inputs at random", test_garbage },
	{ "histories with losses", test_damaged },
	CU_TEST_INFO_NULL,
};
