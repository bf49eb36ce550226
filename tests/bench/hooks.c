/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the plugin's listener costs charon's threads.
 *
 * usage: hooks SAMPLES LOAD-TESTER-DIR [dn]
 *
 * The listener, its queue and its thread are the plugin's own; the SAs that the
 * hooks are about are charon's own, established over loopback. The sink is
 * another: it returns at once, or it blocks. Prints a line for each figure.
 */
#include "anchors.h"
#include "modes.h"
#include "peers.h"
#include "sink_double.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ROUNDS 5

/** Sources of bad packets, and packets of a flood. */
#define SOURCES 50000
#define FLOOD 200000

/** Spawning a process takes long; so many will do. */
#define FORKS 50

static struct samples samples;

static void child_keys(const struct probe *p)
{
	p->bus->child_keys(p->bus, p->subject->ike_sa, p->subject->child_sa, TRUE, NULL,
					   chunk_empty, chunk_empty);
}

static void child_up(const struct probe *p)
{
	p->bus->child_updown(p->bus, p->subject->ike_sa, p->subject->child_sa, TRUE);
}

static void child_down(const struct probe *p)
{
	p->bus->child_updown(p->bus, p->subject->ike_sa, p->subject->child_sa, FALSE);
}

static void child_rekey(const struct probe *p)
{
	p->bus->child_rekey(p->bus, p->subject->ike_sa, p->subject->replaced,
						p->subject->child_sa);
}

static void change_state(const struct probe *p, child_sa_state_t state)
{
	p->bus->child_state_change(p->bus, p->subject->ike_sa, p->subject->child_sa, state);
}

static void child_installing(const struct probe *p)
{
	change_state(p, CHILD_INSTALLING);
}

static void child_installed(const struct probe *p)
{
	change_state(p, CHILD_INSTALLED);
}

static void child_deleting(const struct probe *p)
{
	change_state(p, CHILD_DELETING);
}

static void child_deleted(const struct probe *p)
{
	change_state(p, CHILD_DELETED);
}

static void child_destroying(const struct probe *p)
{
	change_state(p, CHILD_DESTROYING);
}

static void message_auth(const struct probe *p)
{
	p->bus->message(p->bus, p->subject->ike_sa, p->subject->auth, TRUE, TRUE);
}

static void message_delete(const struct probe *p)
{
	p->bus->message(p->bus, p->subject->ike_sa, p->subject->deletion, TRUE, TRUE);
}

static void message_encrypted(const struct probe *p)
{
	p->bus->message(p->bus, p->subject->ike_sa, p->subject->deletion, TRUE, FALSE);
}

static void message_out(const struct probe *p)
{
	p->bus->message(p->bus, p->subject->ike_sa, p->subject->deletion, FALSE, TRUE);
}

static void ike_up(const struct probe *p)
{
	p->bus->ike_updown(p->bus, p->subject->ike_sa, TRUE);
}

static void raise_alert(const struct probe *p, alert_t alert, ...)
{
	va_list args;

	va_start(args, alert);
	p->bus->alert(p->bus, p->subject->ike_sa, alert, args);
	va_end(args);
}

static void alert(const struct probe *p)
{
	raise_alert(p, ALERT_RETRANSMIT_SEND_TIMEOUT, (void *)NULL);
}

static void alert_stray(const struct probe *p)
{
	raise_alert(p, ALERT_INVALID_IKE_SPI, p->subject->stray);
}

/** The same from another source each time. */
static void alert_strays(const struct probe *p)
{
	static uint32_t source;
	host_t *host = p->subject->stray->get_source(p->subject->stray);
	struct sockaddr_in *addr = (struct sockaddr_in *)host->get_sockaddr(host);

	/* the addresses that are set aside for benchmarks: RFC 2544 */
	addr->sin_addr.s_addr = htonl(0xc6120000 + source++ % SOURCES);
	alert_stray(p);
}

/** A sequence of one hook. */
#define ONE(name, call) { name, (const call_t[]){ call }, 1 }

static const struct sequence hooks[] = {
	ONE("child_keys", child_keys),
	ONE("child_updown, up", child_up),
	ONE("child_updown, down", child_down),
	ONE("child_rekey", child_rekey),
	ONE("child_state_change", child_installed),
	ONE("message, a DELETE", message_delete),
	ONE("message, another", message_encrypted),
	ONE("ike_updown", ike_up),
	ONE("alert", alert),
	ONE("alert, a bad packet", alert_stray),
	ONE("alert, one of 50000", alert_strays),
};

static const struct sequence flood = ONE("1 source", alert_stray);
static const struct sequence floods = ONE("50000 sources", alert_strays);

static const struct sequence keys_dn = ONE("child_keys, DNs", child_keys);

static const struct sequence first_of_burst =
	ONE("first hook of a burst", child_installed);

/** What charon raises for a CHILD_SA that IKE_AUTH brings and the peer deletes. */
static const call_t life_calls[] = {
	message_encrypted, message_auth, child_installing, child_keys, child_installed,
	child_up, message_out, message_out, message_encrypted, message_delete,
	child_deleting, child_down, child_deleted, child_destroying, message_out, message_out,
};

static const struct sequence life = { "a CHILD_SA's life", life_calls,
									  countof(life_calls) };

/** What each hook is measured in. */
static const struct {
	const char *name;
	situation_t measure;
} modes[] = {
	{ "working sink", with_working_sink },
	{ "blocked sink", with_blocked_sink },
	{ "full queue", with_full_queue },
};

/** A hook that does nothing, of the first kind in the table of hooks. */
static bool no_child_keys(listener_t *this, ike_sa_t *ike_sa, child_sa_t *child_sa,
						  bool initiator, key_exchange_t *ke, chunk_t nonce_i,
						  chunk_t nonce_r)
{
	return TRUE;
}

/** Of what begins with a wait for the writer to fall asleep, so many will do. */
static size_t sleeps(size_t count)
{
	return max(count / 200, 5);
}

static void anchor_empty(struct samples *taken, size_t count)
{
	static listener_t empty = { .child_keys = no_child_keys };
	const struct probe probe = { .bus = &empty, .subject = &subjects[0] };

	while (count--) {
		measure(taken, child_keys, &probe);
	}
}

static void measure_anchor(const char *name, void (*anchor)(struct samples *, size_t),
						   size_t count)
{
	size_t i;

	for (i = 0; i < ROUNDS; i++) {
		anchor(&samples, count);
		samples_end_round(&samples);
	}
	samples_print(&samples, "anchor", name, "-");
}

static void measure_mode(const struct sequence *seq, const char *name, situation_t mode,
						 size_t count)
{
	size_t i;

	for (i = 0; i < ROUNDS; i++) {
		mode(&samples, seq, count);
		samples_end_round(&samples);
	}
	samples_print(&samples, "hook", seq->name, name);
}

static void measure_modes(const struct sequence *seq, size_t count)
{
	size_t i;

	for (i = 0; i < countof(modes); i++) {
		measure_mode(seq, modes[i].name, modes[i].measure, count);
	}
}

/** The lives must have come out as two records each, or nothing was measured. */
static int check_lives(unsigned lives)
{
	unsigned records = sink_take_sa_records();

	if (records != 2 * lives) {
		fprintf(stderr, "hooks: %u records of %u CHILD_SAs' lives, %u expected\n",
				records, lives, 2 * lives);
		return -1;
	}
	return 0;
}

static int measure_life(size_t count)
{
	const unsigned lives = max(count / life.n, 1);

	sink_take_sa_records();
	measure_mode(&life, modes[0].name, modes[0].measure, lives);
	if (check_lives(ROUNDS * lives) < 0) {
		return -1;
	}
	measure_mode(&life, "writer asleep", with_sleeping_writer, sleeps(count));
	measure_mode(&life, modes[1].name, modes[1].measure, lives);
	measure_mode(&life, modes[2].name, modes[2].measure, lives);
	return 0;
}

/** A flood: what is written of it, and what it leaves behind in memory. */
static int measure_flood(const struct sequence *seq)
{
	struct flood_result result;

	with_flood(seq, FLOOD, &result);
	printf("flood\t%s\t%u\t%llu\t%ld\n", seq->name, result.records, result.packets,
		   result.grown);
	if (result.packets != FLOOD) {
		fprintf(stderr, "hooks: records tell of %llu bad packets, there were %d\n",
				result.packets, FLOOD);
		return -1;
	}
	return 0;
}

/** Records of the writer, and of snprintf(): how long each takes. */
static int measure_writer(size_t count)
{
	const unsigned lives = max(count / life.n, 1);
	struct samples writer, anchor;
	size_t i;

	samples_init(&writer, ROUNDS);
	samples_init(&anchor, ROUNDS);
	sink_take_sa_records();
	for (i = 0; i < ROUNDS; i++) {
		samples_add(&anchor, anchor_snprintf(2 * lives));
		samples_add(&writer, drain(&life, lives) / (2 * lives));
	}
	samples_end_round(&anchor);
	samples_end_round(&writer);
	samples_print(&anchor, "writer", "snprintf() of a record", "-");
	samples_print(&writer, "writer", "a record from its inputs", "null sink");
	samples_done(&anchor);
	samples_done(&writer);
	return check_lives(ROUNDS * lives);
}

static int measure_all(size_t count)
{
	size_t i;

	measure_anchor("fork and exec of /bin/true", anchor_fork, min(count / 10, FORKS));
	measure_anchor("datagram sent and received", anchor_datagram, count);
	measure_anchor("first write to a page", anchor_page, count);
	measure_anchor("2 us of arithmetic", anchor_loop, count);
	measure_anchor("empty hook", anchor_empty, count);
	for (i = 0; i < countof(hooks); i++) {
		measure_modes(&hooks[i], count);
	}
	measure_mode(&first_of_burst, "writer asleep", with_sleeping_writer,
				 sleeps(count));
	if (measure_flood(&flood) < 0 || measure_flood(&floods) < 0) {
		return -1;
	}
	return measure_life(count) < 0 || measure_writer(count) < 0 ? -1 : 0;
}

int main(int argc, char *argv[])
{
	struct peers_config config = { .dn = argc == 4 && !strcmp(argv[3], "dn") };
	size_t count;
	int r;

	if (argc < 3 || argc > 4 || !(count = strtoul(argv[1], NULL, 10)) ||
		(argc == 4 && !config.dn)) {
		fprintf(stderr, "usage: hooks SAMPLES LOAD-TESTER-DIR [dn]\n");
		return 2;
	}
	config.load_tester_dir = argv[2];
	if (peers_start(&config) < 0) {
		return 1;
	}
	r = subjects_make();
	if (!r) {
		samples_init(&samples, count + life.n * sleeps(count));
		if (config.dn) {
			measure_modes(&keys_dn, count);
		} else {
			r = measure_all(count);
		}
		samples_done(&samples);
	}
	subjects_drop();
	peers_stop();
	return r ? 1 : 0;
}
