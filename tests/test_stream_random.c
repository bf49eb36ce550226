/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qm-audit stream with random pieces of input and random habits of its reader: each
 * event comes once, in order, or is counted as dropped in its place.
 */
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "random_kit.h"
#include "stream_kit.h"
#include "test.h"

/** One for so many of the sequences that others make in their few seconds. */
#define SHARE 5000

/** Records of one, and bytes of them. */
#define BATCH 512
#define TEXT_MAX 4194304

struct play {
	struct stream_kit kit;
	uint64_t random;
	/** what is to be written, and how far it is */
	char text[TEXT_MAX];
	size_t length;
	size_t at;
	/** socket on which it listens, or 0 for none */
	int type;
};

/** Puts records, repetitions, foreign ones and garbage into the text. */
static void make_input(struct play *play, unsigned records)
{
	static const char *const others[] = {
		"type=EOE msg=audit(1795438975.152:7): \n",
		"----\n",
		"\x01\xff\xfe garbage\n",
		"type=CRYPTO_IPSEC_SA msg=audit(1795438975.152:7): pid=1 cut",
		"\n",
	};

	play->length = play->at = 0;
	while (records-- && play->length < TEXT_MAX - 3 * STREAM_RECORD_MAX) {
		const unsigned chance = qm_random_below(&play->random, 16);
		const unsigned number = play->kit.next++;
		const char *text =
			chance == 15 ? stream_long_record(number) : stream_record("", number);

		for (unsigned copies = chance == 0 ? 2 : 1; copies; copies--) {
			memcpy(play->text + play->length, text, strlen(text));
			play->length += strlen(text);
		}
		if (chance < sizeof(others) / sizeof(others[0])) {
			const char *other = others[chance];

			memcpy(play->text + play->length, other, strlen(other));
			play->length += strlen(other);
			play->text[play->length++] = '\n';
		}
	}
}

/** Gives the command a piece of the text, of any length. */
static void give(struct play *play)
{
	const unsigned most = 1u << qm_random_below(&play->random, 18);
	size_t size = 1 + qm_random_below(&play->random, most);

	if (size > play->length - play->at) {
		size = play->length - play->at;
	}
	stream_write(&play->kit, play->text + play->at, size, 0);
	play->at += size;
}

/** Takes some of what has come, without waiting. */
static void take(struct play *play)
{
	static char chunk[65536];
	const int fd = play->type == SOCK_DGRAM ? play->kit.listener : play->kit.peer;
	const size_t most = play->type == SOCK_STREAM
							? 1 + qm_random_below(&play->random, sizeof(chunk))
							: sizeof(chunk);
	ssize_t n;

	n = fd < 0 ? -1 : recv(fd, chunk, most, MSG_DONTWAIT);
	if (n > 0) {
		stream_count(&play->kit.tally, chunk, (size_t)n);
	}
}

static void listen_again(struct play *play)
{
	static const int types[] = { SOCK_STREAM, SOCK_SEQPACKET };

	/* what a reader of datagrams leaves unread is lost, as nobody can tell */
	play->type = types[qm_random_below(&play->random, 2)];
	stream_listen(&play->kit, play->type);
}

static void meet(struct play *play)
{
	fcntl(play->kit.listener, F_SETFL, O_NONBLOCK);
	if (play->kit.peer < 0) {
		play->kit.peer = accept(play->kit.listener, NULL, NULL);
	}
}

/** Stops reading: takes what was sent, and forgets the event that came in part. */
static void part(struct play *play)
{
	if (play->kit.peer >= 0) {
		shutdown(play->kit.peer, SHUT_RD);
		while (stream_read(&play->kit, play->kit.peer) > 0) {
		}
		close(play->kit.peer);
		play->kit.peer = -1;
		stream_forget(&play->kit.tally);
	}
}

static void step(struct play *play)
{
	switch (qm_random_below(&play->random, 12)) {
	case 0:
		if (play->kit.peer < 0 && play->kit.listener < 0) {
			listen_again(play);
		}
		break;
	case 1:
		part(play);
		break;
	case 2:
		/* with a peer or one to be met the name stays */
		if (play->kit.peer >= 0) {
			stream_deaf(&play->kit);
			part(play);
		}
		break;
	case 3:
		kill(play->kit.pid, SIGHUP);
		break;
	case 4:
	case 5:
	case 6:
		if (play->kit.listener >= 0) {
			meet(play);
		}
		take(play);
		break;
	default:
		give(play);
		break;
	}
}

/** In the end somebody reads it all. */
static void finish(struct play *play)
{
	while (play->kit.tally.next < play->kit.next && !*play->kit.tally.problem) {
		if (play->kit.listener < 0) {
			listen_again(play);
		}
		if (play->kit.peer < 0) {
			fcntl(play->kit.listener, F_SETFL, 0);
			/* sooner than its patience says */
			kill(play->kit.pid, SIGHUP);
			play->kit.peer = accept(play->kit.listener, NULL, NULL);
		}
		if (stream_read(&play->kit, play->kit.peer) <= 0) {
			part(play);
		}
	}
	QM_INT(stream_finish(&play->kit), 0);
}

/** @return whether all was as it should be */
static bool play_one(struct play *play, uint64_t seed)
{
	play->random = seed;
	play->type = 0;
	CU_ASSERT_FATAL(stream_begin(&play->kit));
	stream_start(&play->kit, qm_random_below(&play->random, 2)
								 ? "buffer=64K,unix:@/sock"
								 : "buffer=200K,unix:@/sock");
	/* ready for signals, too */
	stream_await_message(&play->kit, "cannot write to");
	make_input(play, 1 + qm_random_below(&play->random, BATCH - 1));
	while (play->at < play->length && !*play->kit.tally.problem) {
		step(play);
	}
	finish(play);
	if (*play->kit.tally.problem ||
		play->kit.tally.events + play->kit.tally.dropped != play->kit.next) {
		printf("# QM_SEED=%#jx QM_SEQUENCES=1 gives this again, or something like it\n",
			   (uintmax_t)seed);
		QM_STR(play->kit.tally.problem, "");
		QM_INT(play->kit.tally.events + play->kit.tally.dropped, play->kit.next);
		return false;
	}
	return true;
}

static void test_random(void)
{
	static struct play play;
	const uint64_t seed = qm_random_seed(), plays = 1 + qm_random_sequences() / SHARE;
	unsigned events = 0, dropped = 0;
	bool good = true;

	printf("# QM_SEED=%#jx\n", (uintmax_t)seed);
	for (uint64_t i = 0; i < plays && good; i++) {
		good = play_one(&play, seed + i);
		events += play.kit.tally.events;
		dropped += play.kit.tally.dropped;
		stream_end(&play.kit);
	}
	printf("# %ju plays, %u events, %u dropped\n", (uintmax_t)plays, events, dropped);
}

CU_TestInfo stream_random_tests[] = {
	{ "each event once and in order, or counted", test_random },
	CU_TEST_INFO_NULL,
};
