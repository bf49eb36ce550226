/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The mirror in a thread of its own, as it is used.
 */
#include <netinet/in.h>
#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "mirror_priv.h"
#include "test.h"
#include "xfrm_kit.h"

#define SAS 200u

/** Long enough to tell a thread that sleeps from one that does not. */
#define IDLE_MS 200

static const struct craft_sa first = { .src = "192.0.2.1", .dst = "192.0.2.2",
									   .spi = 0x1000, .larval = true };

/** What the thread was told, for the thread of the test to look at. */
static struct {
	pthread_mutex_t mutex;
	pthread_cond_t changed;
	unsigned counts[QM_MIRROR_EVENT_KIND_MAX];
} told = { .mutex = PTHREAD_MUTEX_INITIALIZER, .changed = PTHREAD_COND_INITIALIZER };

static void tell(void *user, const struct qm_mirror_event *event)
{
	(void)user;
	pthread_mutex_lock(&told.mutex);
	told.counts[event->kind]++;
	pthread_cond_broadcast(&told.changed);
	pthread_mutex_unlock(&told.mutex);
}

static void await(enum qm_mirror_event_kind kind, unsigned count)
{
	pthread_mutex_lock(&told.mutex);
	while (told.counts[kind] < count) {
		pthread_cond_wait(&told.changed, &told.mutex);
	}
	pthread_mutex_unlock(&told.mutex);
}

static void *run(void *user)
{
	return qm_mirror_run(user) < 0 ? user : NULL;
}

static void stop(struct qm_mirror *mirror, pthread_t thread)
{
	void *failed = mirror;

	qm_mirror_stop(mirror);
	pthread_join(thread, &failed);
	CU_ASSERT_PTR_NULL(failed);
	qm_mirror_free(mirror);
}

static struct qm_mirror *start_config(pthread_t *thread,
									  const struct qm_mirror_config *config)
{
	struct qm_mirror *mirror = NULL;

	for (unsigned i = 0; i < QM_MIRROR_EVENT_KIND_MAX; i++) {
		told.counts[i] = 0;
	}
	QM_OK_FATAL(qm_mirror_new(&mirror, config));
	QM_INT(pthread_create(thread, NULL, run, mirror), 0);
	return mirror;
}

static struct qm_mirror *start(pthread_t *thread)
{
	const struct qm_mirror_config config = { .tell = tell };

	return start_config(thread, &config);
}

/** Others ask, look and change things meanwhile. */
static void test_others(void)
{
	struct qm_mirror *mirror;
	struct qm_mirror_stats stats;
	pthread_t thread;
	unsigned resyncs = 1;

	if (!xfrm_enter()) {
		return;
	}
	mirror = start(&thread);
	await(QM_MIRROR_RESYNC_END, resyncs);
	for (unsigned i = 0; i < SAS; i++) {
		struct craft_sa sa = first;

		sa.spi += i;
		QM_OK_FATAL(xfrm_alloc_spi(&sa, 0));
		if (i % 20 == 0) {
			qm_mirror_compare(mirror);
			await(QM_MIRROR_RESYNC_END, ++resyncs);
		}
		QM_OK_FATAL(xfrm_delete_sa(&sa, 0));
		stats = qm_mirror_stats(mirror);
		CU_ASSERT(stats.messages <= SAS);
	}
	await(QM_MIRROR_SA_REMOVED, SAS);
	qm_mirror_compare(mirror);
	await(QM_MIRROR_RESYNC_END, resyncs + 1);
	stats = qm_mirror_stats(mirror);
	QM_INT(stats.sas, 0);
	CU_ASSERT(stats.synced);
	QM_INT(stats.messages, SAS);
	stop(mirror, thread);
}

static void test_stop(void)
{
	struct qm_mirror *mirror;
	pthread_t thread;

	if (!xfrm_enter()) {
		return;
	}
	for (unsigned i = 0; i < 50; i++) {
		mirror = start(&thread);
		if (i % 2) {
			await(QM_MIRROR_RESYNC_END, 1);
		}
		stop(mirror, thread);
	}
}

/** A mirror that has run, and an SA that came and went since. */
static struct qm_mirror *start_and_miss(void)
{
	pthread_t thread;
	struct qm_mirror *mirror = start(&thread);

	await(QM_MIRROR_RESYNC_END, 1);
	qm_mirror_stop(mirror);
	pthread_join(thread, NULL);
	QM_OK_FATAL(xfrm_alloc_spi(&first, 0));
	QM_OK_FATAL(xfrm_delete_sa(&first, 0));
	return mirror;
}

/** Between two runs nothing is lost. */
static void test_again(void)
{
	struct qm_mirror *mirror;
	pthread_t thread;

	if (!xfrm_enter()) {
		return;
	}
	mirror = start_and_miss();
	QM_INT(pthread_create(&thread, NULL, run, mirror), 0);
	await(QM_MIRROR_SA_REMOVED, 1);
	stop(mirror, thread);
	QM_INT(told.counts[QM_MIRROR_RESYNC_BEGIN], 1);
}

/** What was notified before the end is told. */
static void test_rest(void)
{
	struct qm_mirror *mirror;

	if (!xfrm_enter()) {
		return;
	}
	mirror = start_and_miss();
	qm_mirror_stop(mirror);
	QM_OK(qm_mirror_run(mirror));
	QM_INT(told.counts[QM_MIRROR_SA_REMOVED], 1);
	qm_mirror_free(mirror);
}

/** It compares without being asked. */
static void test_interval(void)
{
	const struct qm_mirror_config config = { .tell = tell, .compare_ms = 20 };
	struct qm_mirror *mirror;
	pthread_t thread;

	if (!xfrm_enter()) {
		return;
	}
	mirror = start_config(&thread, &config);
	await(QM_MIRROR_RESYNC_END, 4);
	stop(mirror, thread);
}

/** Milliseconds of processor that a thread has used. */
static double used_ms(pthread_t thread)
{
	struct timespec ts = { 0 };
	clockid_t clock;

	QM_INT(pthread_getcpuclockid(thread, &clock), 0);
	QM_OK(clock_gettime(clock, &ts));
	return (double)ts.tv_sec * 1e3 + (double)ts.tv_nsec / 1e6;
}

/** With nothing to do it sleeps, also after it was woken. */
static void test_idle(void)
{
	struct qm_mirror *mirror;
	pthread_t thread;
	double before;

	if (!xfrm_enter()) {
		return;
	}
	mirror = start(&thread);
	await(QM_MIRROR_RESYNC_END, 1);
	qm_mirror_compare(mirror);
	await(QM_MIRROR_RESYNC_END, 2);
	before = used_ms(thread);
	usleep(IDLE_MS * 1000);
	CU_ASSERT(used_ms(thread) - before < IDLE_MS / 4);
	stop(mirror, thread);
}

/** Something closed what wakes it, and its own next socket has that number. */
static void test_cannot_be_woken(void)
{
	const struct qm_mirror_config config = { .tell = tell };
	struct qm_mirror *mirror = NULL;
	pthread_t thread;
	double before;

	if (!xfrm_enter()) {
		return;
	}
	told.counts[QM_MIRROR_RESYNC_END] = 0;
	QM_OK_FATAL(qm_mirror_new(&mirror, &config));
	close(mirror->wake_fd);
	QM_INT(pthread_create(&thread, NULL, run, mirror), 0);
	await(QM_MIRROR_RESYNC_END, 1);
	before = used_ms(thread);
	usleep(IDLE_MS * 1000);
	CU_ASSERT(used_ms(thread) - before < IDLE_MS / 4);
	/* it looks, now and then, whether it is wanted */
	qm_mirror_compare(mirror);
	await(QM_MIRROR_RESYNC_END, 2);
	stop(mirror, thread);
}

/** What has the number by now is neither read, nor written to, nor closed. */
static void test_number_taken(void)
{
	const struct qm_mirror_config config = { .tell = tell };
	struct qm_mirror *mirror = NULL;
	char text[16];
	int ends[2], number;

	if (!xfrm_enter()) {
		return;
	}
	QM_OK_FATAL(qm_mirror_new(&mirror, &config));
	QM_INT(socketpair(AF_UNIX, SOCK_DGRAM | SOCK_NONBLOCK, 0, ends), 0);
	QM_INT(send(ends[1], "other's", 8, 0), 8);
	number = mirror->wake_fd;
	QM_INT(dup2(ends[0], number), number);
	qm_mirror_stop(mirror);
	QM_OK(qm_mirror_run(mirror));
	qm_mirror_compare(mirror);
	qm_mirror_free(mirror);
	QM_INT(recv(ends[1], text, sizeof(text), 0), -1);
	QM_INT(recv(number, text, sizeof(text), 0), 8);
	QM_INT(close(number), 0);
	close(ends[0]);
	close(ends[1]);
}

static void test_never_run(void)
{
	const struct qm_mirror_config config = { .tell = tell };
	struct qm_mirror *mirror = NULL;

	CU_ASSERT_PTR_NULL(qm_mirror_free(NULL));
	if (!xfrm_enter()) {
		return;
	}
	QM_OK_FATAL(qm_mirror_new(&mirror, &config));
	CU_ASSERT_PTR_NULL(qm_mirror_free(mirror));
}

CU_TestInfo mirror_thread_tests[] = {
	{ "others do things meanwhile", test_others },
	{ "stopped at any time", test_stop },
	{ "stopped, and run again", test_again },
	{ "what waits when it is stopped", test_rest },
	{ "compares at intervals", test_interval },
	{ "nothing to do", test_idle },
	{ "nothing to wake it by", test_cannot_be_woken },
	{ "another file in the place of what wakes it", test_number_taken },
	{ "never run", test_never_run },
	CU_TEST_INFO_NULL,
};
