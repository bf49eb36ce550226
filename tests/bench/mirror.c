/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Measures the mirror on the kernel that runs here.
 *
 * usage: mirror SAS ROUNDS
 *
 * Prints figures with tabs between: "sas KIND NUMBER", "time NAME NANOSECONDS" (the
 * best of the rounds, which other work on the machine disturbs least), "bytes NAME
 * BYTES" for each SA, "rate NAME NUMBER" for each second, and what came of a flood.
 */
#include "mirror.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>

#include "mirror_sas.h"

/** Notifications at a time that any receive buffer has room for. */
#define CHUNK 128

/** A mirror, and what it runs for. */
struct bench {
	struct qm_mirror *mirror;
	enum qm_mirror_event_kind until;
	/** until so many of that kind were told */
	unsigned count;
};

/** The best of several times. */
struct best {
	const char *name;
	uint64_t ns;
};

static void tell(void *user, const struct qm_mirror_event *event)
{
	struct bench *bench = user;

	if (event->kind == bench->until && !--bench->count) {
		qm_mirror_stop(bench->mirror);
	}
}

static void open_mirror(struct bench *bench, int rcvbuf)
{
	const struct qm_mirror_config config = { .rcvbuf = rcvbuf,
											 .tell = tell,
											 .user = bench };

	errno = -qm_mirror_new(&bench->mirror, &config);
	if (errno) {
		sas_die("the mirror");
	}
}

/** Runs it until so much was told. @return nanoseconds */
static uint64_t run(struct bench *bench, enum qm_mirror_event_kind until, unsigned count)
{
	uint64_t start = sas_now_ns();

	bench->until = until;
	bench->count = count;
	errno = -qm_mirror_run(bench->mirror);
	if (errno) {
		sas_die("running the mirror");
	}
	return sas_now_ns() - start;
}

static void keep_best(struct best *best, uint64_t ns)
{
	best->ns = best->ns && best->ns < ns ? best->ns : ns;
}

static void print_best(const struct best *best)
{
	if (best->ns) {
		printf("time\t%s\t%ju\n", best->name, (uintmax_t)best->ns);
	}
}

static void measure_dumps(unsigned sas, unsigned rounds)
{
	struct best discard = { "recv loop", 0 }, libnl = { "libnl", 0 };
	struct best dump = { "dump", 0 }, again = { "compare", 0 };
	size_t libnl_bytes = 0, bytes = 0;
	struct bench bench;

	while (rounds--) {
		keep_best(&discard, sas_discard_dump());
		open_mirror(&bench, 0);
		keep_best(&dump, run(&bench, QM_MIRROR_RESYNC_END, 1));
		qm_mirror_compare(bench.mirror);
		keep_best(&again, run(&bench, QM_MIRROR_RESYNC_END, 1));
		bytes = qm_mirror_stats(bench.mirror).sa_bytes;
		if (qm_mirror_stats(bench.mirror).sas != sas) {
			sas_die("the table is not complete");
		}
		qm_mirror_free(bench.mirror);
		keep_best(&libnl, sas_libnl_cache(&libnl_bytes));
	}
	print_best(&discard);
	print_best(&dump);
	print_best(&again);
	print_best(&libnl);
	printf("bytes\ttable\t%zu\n", bytes / sas);
	if (libnl_bytes) {
		printf("bytes\tlibnl\t%zu\n", libnl_bytes / sas);
	}
}

/** Some are deleted; the notifications wait, and are taken, or only received. */
static void measure_notifications(unsigned from, unsigned to)
{
	uint64_t discard = 0, taken = 0, deleting = 0, start;
	int fd = sas_listen();
	struct bench bench;
	unsigned n = 0;

	open_mirror(&bench, 0);
	run(&bench, QM_MIRROR_RESYNC_END, 1);
	for (; from < to; from += CHUNK, n += CHUNK) {
		start = sas_now_ns();
		sas_delete(from, from + CHUNK);
		deleting += sas_now_ns() - start;
		discard += sas_discard(fd, CHUNK);
		taken += run(&bench, QM_MIRROR_SA_REMOVED, CHUNK);
	}
	if (qm_mirror_stats(bench.mirror).overruns) {
		sas_die("the receive buffer is too small");
	}
	printf("rate\tdeleted by the kernel\t%.0f\n", n * 1e9 / (double)deleting);
	printf("rate\treceived\t%.0f\n", n * 1e9 / (double)discard);
	printf("rate\ttaken\t%.0f\n", n * 1e9 / (double)taken);
	qm_mirror_free(bench.mirror);
	close(fd);
}

static void *run_thread(void *user)
{
	run(user, QM_MIRROR_SA_REMOVED, UINT32_MAX);
	return NULL;
}

/** Some are deleted as fast as can be while the mirror works in a thread. */
static void measure_flood(unsigned from, unsigned to, int rcvbuf, const char *name)
{
	struct qm_mirror_stats stats;
	struct bench bench;
	unsigned left;
	pthread_t thread;
	uint64_t start;

	open_mirror(&bench, rcvbuf);
	run(&bench, QM_MIRROR_RESYNC_END, 1);
	left = qm_mirror_stats(bench.mirror).sas - (to - from);
	if (pthread_create(&thread, NULL, run_thread, &bench)) {
		sas_die("a thread");
	}
	start = sas_now_ns();
	sas_delete(from, to);
	printf("flood\t%s\t%.0f", name, (to - from) * 1e9 / (double)(sas_now_ns() - start));
	do {
		usleep(100);
		stats = qm_mirror_stats(bench.mirror);
	} while (stats.sas != left || !stats.synced);
	printf("\t%ju\t%ju\n", (uintmax_t)stats.overruns, (uintmax_t)stats.dropped);
	qm_mirror_stop(bench.mirror);
	pthread_join(thread, NULL);
	qm_mirror_free(bench.mirror);
}

/** From an overrun, behind which some are gone, until all of that is told. */
static void measure_resync(unsigned from, unsigned to)
{
	struct bench bench;

	open_mirror(&bench, 1);
	run(&bench, QM_MIRROR_RESYNC_END, 1);
	sas_delete(from, to);
	printf("time\tresync\t%ju\n", (uintmax_t)run(&bench, QM_MIRROR_RESYNC_END, 1));
	qm_mirror_free(bench.mirror);
}

int main(int argc, char *argv[])
{
	/* in four parts, which go one after the other */
	const unsigned part =
		argc > 2 ? (unsigned)strtoul(argv[1], NULL, 10) / 4 / CHUNK * CHUNK : 0;
	const unsigned rounds = argc > 2 ? (unsigned)strtoul(argv[2], NULL, 10) : 0;

	if (!part || !rounds) {
		fprintf(stderr, "usage: mirror SAS ROUNDS\n");
		return 2;
	}
	printf("sas\t%s\t%u\n", sas_begin() ? "ESP" : "larval", 4 * part);
	sas_add(4 * part);
	measure_dumps(4 * part, rounds);
	measure_resync(0, part);
	measure_notifications(part, 2 * part);
	measure_flood(2 * part, 3 * part, 0, "8 MiB");
	measure_flood(3 * part, 4 * part, 1, "smallest buffer");
	return 0;
}
