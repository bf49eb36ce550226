/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "nego_world.h"

#include <stdlib.h>
#include <string.h>

#include "random_kit.h"

#define ACTIONS_MAX 250
#define TRIES 6

/** Longer waits; all together they are shorter than a peer may take to try again. */
#define WAITS_MAX 25
#define WAIT_S 6
#define RETRY_S 166

static unsigned below(struct qm_world *world, unsigned n)
{
	return qm_random_below(&world->random, n);
}

static void complain(struct qm_world *world, const char *what, const char *line)
{
	if (!*world->wrong) {
		snprintf(world->wrong, sizeof(world->wrong), "%s: %s", what, line);
	}
}

static bool is_expected(struct qm_world *world, const char *line, uint32_t ike_sa)
{
	for (unsigned loose = 0; loose < 2; loose++) {
		for (unsigned i = 0; i < world->begun; i++) {
			struct qm_play *play = &world->plays[i];

			if (play->loose == loose && play->count &&
				qm_play_strike(play, line, ike_sa)) {
				return true;
			}
		}
	}
	return false;
}

static void on_event(void *user, const struct qm_event *event)
{
	struct qm_world *world = user;
	const char *line;

	if (event->kind != QM_EVENT_FAILED) {
		return;
	}
	world->failures++;
	line = qm_nego_event(event);
	if (world->print) {
		fprintf(world->print, "\t%s\n", line);
	}
	if (!world->losses && !is_expected(world, line, event->sa->ike_sa)) {
		complain(world, "not expected", line);
	}
}

static void tell(struct qm_world *world, struct qm_input *input)
{
	input->time = qm_nego_time(++world->steps, world->seconds);
	if (world->losses && below(world, world->losses) == 0) {
		return;
	}
	if (world->print) {
		qm_nego_print(world->print, input);
	}
	if (qm_ledger_input(world->ledger, input) < 0) {
		complain(world, "an error", "");
	}
}

static void tell_ike(struct qm_world *world, unsigned thread, uint32_t ike_sa,
					 enum qm_input_type type)
{
	struct qm_input input = { .type = type, .thread = thread, .ike_sa = ike_sa };

	tell(world, &input);
}

static void tick(struct qm_world *world, uint64_t seconds)
{
	world->seconds += seconds;
	tell_ike(world, 0, 0, QM_INPUT_TICK);
}

/** Keeps what CHILD_SAs there are. */
static void note_child(struct qm_world_ike *ike, const struct qm_input *input)
{
	if (input->type == QM_INPUT_KEYS) {
		ike->child[ike->children++] = input->child_sa;
		return;
	}
	for (unsigned i = 0; i < ike->children; i++) {
		if (input->type == QM_INPUT_CHILD_STATE && input->state == QM_CHILD_DESTROYING &&
			ike->child[i] == input->child_sa) {
			ike->child[i] = ike->child[--ike->children];
		}
	}
}

/** The IKE_SA is gone, and what it had goes. */
static void bury(struct qm_world *world, struct qm_world_ike *ike, unsigned thread)
{
	while (ike->children) {
		struct qm_input input = {
			.type = QM_INPUT_CHILD_STATE,
			.thread = thread,
			.ike_sa = ike->ike_sa,
			.child_sa = ike->child[--ike->children],
			.state = QM_CHILD_DESTROYING,
		};

		tell(world, &input);
	}
	ike->ike_sa = 0;
	ike->ours = ike->theirs = NULL;
}

/** An input of a case with a play's numbers. */
static void perform(struct qm_world *world, struct qm_play *play,
					struct qm_world_ike *ike, unsigned thread)
{
	const struct qm_input *original = &play->script->input[play->next];
	struct qm_input input;

	if (original->type == QM_INPUT_TICK) {
		world->waits++;
		tick(world, WAIT_S);
		return;
	}
	memcpy(&input, original, qm_input_size(original));
	input.thread = thread;
	input.ike_sa = original->ike_sa ? play->ike_sa : 0;
	input.child_sa += original->child_sa ? play->base : 0;
	if (input.type == QM_INPUT_MESSAGE || input.type == QM_INPUT_MESSAGE_ERROR) {
		input.message.msgid += play->base;
	}
	if (qm_nego_has_facts(&input)) {
		input.sa.ike_sa = play->ike_sa;
		input.sa.child_sa += input.sa.child_sa ? play->base : 0;
		input.sa.in_spi += input.sa.in_spi ? play->base : 0;
		input.sa.out_spi += input.sa.out_spi ? play->base : 0;
	}
	note_child(ike, &input);
	tell(world, &input);
	if (input.type == QM_INPUT_IKE_DESTROYING || input.type == QM_INPUT_IKE_ABANDONED) {
		ike->deaf = true;
		ike->version = 0;
	}
}

static void finish_play(struct qm_world *world, struct qm_play *play,
						struct qm_world_ike *ike, unsigned thread)
{
	ike->ours = ike->ours == play ? NULL : ike->ours;
	ike->theirs = ike->theirs == play ? NULL : ike->theirs;
	ike->deaf |= play->c->kind == QM_NEGO_LAST;
	if (!ike->version) {
		bury(world, ike, thread);
	}
}

static bool is_waiting(const struct qm_play *play)
{
	return play->script->input[play->next].type == QM_INPUT_TICK;
}

/** Whether no thread is in the middle of something. */
static bool may_wait(const struct qm_world *world)
{
	for (unsigned i = 0; i < QM_WORLD_THREADS; i++) {
		if (world->job[i] && !is_waiting(world->job[i])) {
			return false;
		}
	}
	return true;
}

/** The next input of what a thread is at, which may be the last of its job. */
static void go_on(struct qm_world *world, unsigned thread)
{
	struct qm_play *play = world->job[thread];
	struct qm_world_ike *ike = world->held[thread];

	if (is_waiting(play) && !may_wait(world)) {
		return;
	}
	perform(world, play, ike, thread + 1);
	play->next++;
	if (play->next < play->script->count && !play->script->job[play->next]) {
		return;
	}
	if (play->next == play->script->count) {
		finish_play(world, play, ike, thread + 1);
	}
	ike->busy = false;
	world->job[thread] = NULL;
}

static void take_job(struct qm_world *world, unsigned thread, struct qm_world_ike *ike,
					 struct qm_play *play)
{
	world->job[thread] = play;
	world->held[thread] = ike;
	ike->busy = true;
}

static bool may_begin(const struct qm_world_ike *ike, const struct qm_play *play)
{
	if (ike->version != play->version) {
		return false;
	}
	switch (play->c->kind) {
	case QM_NEGO_OURS:
		return !ike->ours;
	case QM_NEGO_THEIRS:
	case QM_NEGO_LAST:
		return !ike->theirs && !ike->deaf;
	case QM_NEGO_FIRST:
		return !ike->ours && !ike->theirs && !ike->used;
	default:
		return !ike->ours && !ike->theirs && !ike->deaf;
	}
}

static void begin(struct qm_world *world, struct qm_world_ike *ike,
				  const struct qm_play *picked)
{
	struct qm_play *play = &world->plays[world->begun++];

	*play = *picked;
	play->ike_sa = ike->ike_sa;
	play->base = 1000 * world->begun;
	qm_play_expect(play);
	world->negotiations += qm_nego_count(play->script);
	ike->used = true;
	if (play->c->kind != QM_NEGO_THEIRS && play->c->kind != QM_NEGO_LAST) {
		ike->ours = play;
	}
	if (play->c->kind != QM_NEGO_OURS) {
		ike->theirs = play;
	}
}

static void begin_any(struct qm_world *world, struct qm_world_ike *ike)
{
	struct qm_play picked;

	for (unsigned tries = 0; tries < TRIES && world->begun < QM_WORLD_PLAYS; tries++) {
		qm_play_pick(&picked, below(world, 1000000));
		if (may_begin(ike, &picked)) {
			begin(world, ike, &picked);
			return;
		}
	}
}

static void create_ike(struct qm_world *world, struct qm_world_ike *ike)
{
	*ike = (struct qm_world_ike){
		.ike_sa = ++world->last_ike,
		.version = (uint8_t)(1 + below(world, 2)),
	};
}

static bool may_die(const struct qm_play *play)
{
	return !play || (play->c->kind != QM_NEGO_ALONE &&
					 qm_play_progress(play) != QM_PLAY_PAST_AN_END);
}

/** What is under way when an IKE_SA dies fails, whatever it would have come to. */
static uint32_t give_up(struct qm_play *play)
{
	if (!play) {
		return 0;
	}
	play->loose = true;
	play->count = qm_play_progress(play) == QM_PLAY_PENDING;
	return play->count ? qm_play_child(play) : 0;
}

static void tell_failed(struct qm_world *world, unsigned thread,
						const struct qm_world_ike *ike, uint32_t child_sa)
{
	struct qm_input input = {
		.type = QM_INPUT_CHILD_FAILED,
		.thread = thread,
		.ike_sa = ike->ike_sa,
		.child_sa = child_sa,
	};

	if (child_sa) {
		qm_history_facts(&input.sa, child_sa, ike->ike_sa, ike->version, 0, 0);
		tell(world, &input);
	}
}

/** Has what is said already and what is not yet in words fit any words. */
static void loosen(struct qm_world *world, uint32_t ike_sa)
{
	for (unsigned i = 0; i < world->begun; i++) {
		world->plays[i].loose |= world->plays[i].ike_sa == ike_sa;
	}
}

static void kill_ike(struct qm_world *world, struct qm_world_ike *ike, unsigned thread)
{
	const bool up = !ike->ours || ike->ours->c->kind != QM_NEGO_FIRST;
	const bool early = below(world, 2);
	uint32_t theirs = 0, ours = 0;

	loosen(world, ike->ike_sa);
	if (ike->theirs != ike->ours) {
		theirs = give_up(ike->theirs);
	}
	ours = give_up(ike->ours);
	world->killed += ike->ours || ike->theirs;
	if (up && below(world, 2)) {
		tell_ike(world, thread, ike->ike_sa, QM_INPUT_IKE_DELETING);
	}
	if (up) {
		tell_ike(world, thread, ike->ike_sa, QM_INPUT_IKE_DOWN);
	}
	if (early) {
		tell_failed(world, thread, ike, theirs);
		tell_failed(world, thread, ike, ours);
	}
	tell_ike(world, thread, ike->ike_sa, QM_INPUT_IKE_DESTROYING);
	if (!early) {
		tell_failed(world, thread, ike, theirs);
		tell_failed(world, thread, ike, ours);
	}
	bury(world, ike, thread);
}

/** Has a thread that is free do something on an IKE_SA that is. */
static void find_work(struct qm_world *world, unsigned thread, bool more)
{
	struct qm_world_ike *ike = &world->ikes[below(world, QM_WORLD_IKES)];
	struct qm_play *play;

	if (ike->busy) {
		return;
	}
	if (more && !ike->ike_sa) {
		create_ike(world, ike);
	} else if (more && below(world, 25) == 0 && ike->version && may_die(ike->ours) &&
			   may_die(ike->theirs)) {
		kill_ike(world, ike, thread + 1);
		return;
	} else if (more && below(world, 2)) {
		begin_any(world, ike);
	}
	play = ike->ours && (!ike->theirs || below(world, 2)) ? ike->ours : ike->theirs;
	if (play) {
		take_job(world, thread, ike, play);
	}
}

static bool is_idle(const struct qm_world *world)
{
	for (unsigned i = 0; i < QM_WORLD_THREADS; i++) {
		if (world->job[i]) {
			return false;
		}
	}
	return true;
}

/** @param more	whether more may begin */
static void act(struct qm_world *world, bool more)
{
	const unsigned thread = below(world, QM_WORLD_THREADS);

	if (world->job[thread]) {
		go_on(world, thread);
	} else if (world->waits + QM_WORLD_PLAYS - world->begun < WAITS_MAX &&
			   below(world, 8) == 0 && may_wait(world)) {
		world->waits++;
		tick(world, WAIT_S);
	} else {
		find_work(world, thread, more);
	}
}

static bool is_under_way(const struct qm_world *world)
{
	for (unsigned i = 0; i < QM_WORLD_IKES; i++) {
		if (world->ikes[i].ours || world->ikes[i].theirs) {
			return true;
		}
	}
	return false;
}

/** All comes to its end, and the ledger has said what it had to. */
static void end(struct qm_world *world)
{
	while (is_under_way(world) || !is_idle(world)) {
		act(world, false);
	}
	tick(world, WAIT_S);
	tick(world, RETRY_S);
	for (unsigned i = 0; !world->losses && i < world->begun; i++) {
		if (world->plays[i].count) {
			complain(world, "not told of", world->plays[i].loose ?
					 world->plays[i].c->name : world->plays[i].lines[0]);
		}
	}
	for (unsigned i = 0; i < QM_WORLD_IKES; i++) {
		if (world->ikes[i].ike_sa) {
			kill_ike(world, &world->ikes[i], 1);
		}
	}
	tick(world, WAIT_S);
	if (!world->losses && (qm_ledger_entries(world->ledger) ||
						   qm_ledger_waits(world->ledger))) {
		complain(world, "something is left", "");
	}
	if (world->failures > world->negotiations) {
		complain(world, "more failures than negotiations", "");
	}
}

const char *qm_world_run(struct qm_world *world, uint64_t seed, unsigned losses,
						 FILE *print)
{
	unsigned actions;

	memset(world, 0, sizeof(*world));
	world->random = seed;
	world->losses = losses;
	world->print = print;
	if (qm_ledger_new(&world->ledger, on_event, world) < 0) {
		abort();
	}
	for (actions = below(world, ACTIONS_MAX); actions && !*world->wrong; actions--) {
		act(world, true);
	}
	end(world);
	qm_ledger_free(world->ledger);
	return *world->wrong ? world->wrong : NULL;
}
