/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake_sink.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "clock.h"

#define RECORDS_MAX 1024
#define LOGS_MAX 32

int __wrap_qm_sink_new(struct qm_sink **ret);
int __wrap_qm_sink_write(struct qm_sink *sink, const struct qm_record *record);
enum qm_sink_state __wrap_qm_sink_probe(void);
struct qm_sink *__wrap_qm_sink_free(struct qm_sink *sink);
void __wrap_qm_watch_look(struct qm_watch *watch, struct qm_watch_view *ret);
bool __wrap_qm_watch_confirms(const struct qm_watch *watch);
int __wrap_qm_watch_read(struct qm_watch *watch, void (*seen)(void *user, uint64_t mark),
						 void *user);
int __wrap_qm_watch_sync(struct qm_watch *watch);
struct qm_time __real_qm_time_now(void);
struct qm_time __wrap_qm_time_now(void);
int __real_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
						  void *(*run)(void *), void *arg);
int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
						  void *(*run)(void *), void *arg);

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
/** anything below has changed */
static pthread_cond_t changed = PTHREAD_COND_INITIALIZER;
static struct {
	struct qm_record records[RECORDS_MAX];
	size_t count;
	size_t attempts;
	size_t failures;
	size_t open;
	char *logs[LOGS_MAX];
	size_t log_count;
	/** writes that still succeed before `result` holds */
	size_t grace;
	int result;
	/** of the next write alone */
	int next_result;
	size_t looks;
	/** since the last write */
	bool looked;
	uint64_t skipped_ms;
	/** not 0: every other write fails, by chance */
	unsigned seed;
	int new_result;
	int thread_error;
	enum qm_sink_state state;
	/** what looks find: somebody who takes the records, or not */
	enum qm_sink_state view;
	bool block;
	bool blocked;
	bool thread_ended;
	sigset_t signals;
} fake;

/** Its destructor tells when the recorder's thread has ended. */
static pthread_key_t thread_key;
static pthread_once_t once = PTHREAD_ONCE_INIT;

static void lock(void)
{
	pthread_mutex_lock(&mutex);
}

static void unlock(void)
{
	pthread_cond_broadcast(&changed);
	pthread_mutex_unlock(&mutex);
}

/** CUnit's assertions are for the thread of the test. */
static void insist(bool good, const char *wrong)
{
	if (!good) {
		fprintf(stderr, "fake_sink: %s\n", wrong);
		abort();
	}
}

static void on_thread_end(void *value)
{
	(void)value;
	lock();
	fake.thread_ended = true;
	unlock();
}

static void make_key(void)
{
	pthread_key_create(&thread_key, on_thread_end);
}

int __wrap_qm_sink_new(struct qm_sink **ret)
{
	int r;

	lock();
	r = fake.new_result;
	if (!r) {
		*ret = (struct qm_sink *)&fake;
		fake.open++;
	} else {
		fake.attempts++;
		fake.failures++;
	}
	unlock();
	return r;
}

static void keep(const struct qm_record *record)
{
	insist(fake.count < RECORDS_MAX, "more records than any test makes");
	fake.records[fake.count++] = *record;
}

static int next_result(void)
{
	const int next = fake.next_result;

	if (next) {
		fake.next_result = 0;
		return next;
	}
	if (fake.seed) {
		return rand_r(&fake.seed) % 2 ? -ENOBUFS : 0;
	}
	if (fake.grace) {
		fake.grace--;
		return 0;
	}
	return fake.result;
}

int __wrap_qm_sink_write(struct qm_sink *sink, const struct qm_record *record)
{
	int r;

	pthread_once(&once, make_key);
	pthread_setspecific(thread_key, &fake);
	lock();
	insist(sink == (struct qm_sink *)&fake, "a write to no sink of ours");
	insist(record->len == strlen(record->body), "a record of another length");
	pthread_sigmask(SIG_SETMASK, NULL, &fake.signals);
	fake.attempts++;
	fake.looked = false;
	fake.blocked = fake.block;
	pthread_cond_broadcast(&changed);
	while (fake.block) {
		pthread_cond_wait(&changed, &mutex);
	}
	fake.blocked = false;
	r = next_result();
	if (!r) {
		keep(record);
	} else {
		fake.failures++;
	}
	unlock();
	return r;
}

enum qm_sink_state __wrap_qm_sink_probe(void)
{
	enum qm_sink_state state;

	lock();
	state = fake.state;
	unlock();
	return state;
}

void __wrap_qm_watch_look(struct qm_watch *watch, struct qm_watch_view *ret)
{
	(void)watch;
	lock();
	*ret = (struct qm_watch_view){ .state = fake.view, .auditd_pid = 812 };
	fake.looks++;
	fake.looked = true;
	unlock();
}

/** There is no log here: what was taken has arrived. */
bool __wrap_qm_watch_confirms(const struct qm_watch *watch)
{
	(void)watch;
	return false;
}

int __wrap_qm_watch_sync(struct qm_watch *watch)
{
	(void)watch;
	return 0;
}

int __wrap_qm_watch_read(struct qm_watch *watch, void (*seen)(void *user, uint64_t mark),
						 void *user)
{
	(void)watch;
	(void)seen;
	(void)user;
	return -ENOENT;
}

struct qm_time __wrap_qm_time_now(void)
{
	struct qm_time now = __real_qm_time_now();

	lock();
	now.wall_ms += fake.skipped_ms;
	now.mono_ms += fake.skipped_ms;
	pthread_mutex_unlock(&mutex);
	return now;
}

struct qm_sink *__wrap_qm_sink_free(struct qm_sink *sink)
{
	lock();
	if (sink) {
		fake.open--;
	}
	unlock();
	return NULL;
}

int __wrap_pthread_create(pthread_t *thread, const pthread_attr_t *attr,
						  void *(*run)(void *), void *arg)
{
	int error;

	lock();
	error = fake.thread_error;
	unlock();
	return error ? error : __real_pthread_create(thread, attr, run, arg);
}

void fake_sink_log(void *user, const char *message)
{
	lock();
	insist(user == fake_sink_user, "a message for someone else");
	insist(fake.log_count < LOGS_MAX, "more messages than a log should have");
	fake.logs[fake.log_count++] = strdup(message);
	unlock();
}

void *const fake_sink_user = &fake;

void fake_sink_reset(void)
{
	lock();
	while (fake.log_count) {
		free(fake.logs[--fake.log_count]);
	}
	memset(&fake, 0, sizeof(fake));
	unlock();
}

void fake_sink_fail(int r)
{
	fake_sink_fail_after(0, r);
}

void fake_sink_fail_after(size_t count, int r)
{
	lock();
	fake.grace = count;
	fake.result = r;
	fake.seed = 0;
	unlock();
}

void fake_sink_fail_next(int r)
{
	lock();
	fake.next_result = r;
	unlock();
}

void fake_sink_skip_ms(uint64_t ms)
{
	lock();
	fake.skipped_ms += ms;
	unlock();
}

void fake_sink_fail_by_chance(unsigned seed)
{
	lock();
	fake.seed = seed;
	unlock();
}

void fake_sink_fail_new(int r)
{
	lock();
	fake.new_result = r;
	unlock();
}

void fake_sink_set_state(enum qm_sink_state state)
{
	lock();
	fake.state = state;
	unlock();
}

void fake_sink_set_view(enum qm_sink_state state)
{
	lock();
	fake.view = state;
	unlock();
}

void fake_sink_refuse_threads(int error)
{
	lock();
	fake.thread_error = error;
	unlock();
}

void fake_sink_block(void)
{
	lock();
	fake.block = true;
	unlock();
}

void fake_sink_unblock(void)
{
	lock();
	fake.block = false;
	unlock();
}

#define AWAIT(condition) \
	do { \
		lock(); \
		while (!(condition)) { \
			pthread_cond_wait(&changed, &mutex); \
		} \
		unlock(); \
	} while (0)

void fake_sink_await_blocked(void)
{
	AWAIT(fake.blocked);
}

void fake_sink_await_attempts(size_t count)
{
	AWAIT(fake.attempts >= count);
}

void fake_sink_await_failures(size_t count)
{
	AWAIT(fake.failures >= count);
}

void fake_sink_await_records(size_t count)
{
	AWAIT(fake.count >= count && fake.looked);
}

void fake_sink_await_look(void)
{
	size_t before;

	lock();
	before = fake.looks;
	unlock();
	AWAIT(fake.looks > before);
}

void fake_sink_await_logs(size_t count)
{
	AWAIT(fake.log_count >= count);
}

void fake_sink_await_thread_end(void)
{
	AWAIT(fake.thread_ended);
}

static size_t get(const size_t *value)
{
	size_t copy;

	lock();
	copy = *value;
	unlock();
	return copy;
}

size_t fake_sink_records(void)
{
	return get(&fake.count);
}

size_t fake_sink_attempts(void)
{
	return get(&fake.attempts);
}

size_t fake_sink_failures(void)
{
	return get(&fake.failures);
}

size_t fake_sink_open(void)
{
	return get(&fake.open);
}

size_t fake_sink_logs(void)
{
	return get(&fake.log_count);
}

const char *fake_sink_log_at(size_t i)
{
	return i < fake_sink_logs() ? fake.logs[i] : NULL;
}

/** The value of a field up to the next blank; in these tests none has one. */
const char *fake_sink_field(size_t record, const char *name)
{
	static char values[8][QM_RECORD_MAX];
	static size_t turn;
	size_t len = strlen(name);
	const char *p;

	if (record >= fake_sink_records()) {
		return NULL;
	}
	for (p = fake.records[record].body; p; p = strchr(p, ' ')) {
		p += *p == ' ';
		if (!strncmp(p, name, len) && p[len] == '=') {
			char *value = values[turn++ % 8];

			p += len + 1;
			snprintf(value, QM_RECORD_MAX, "%.*s", (int)strcspn(p, " "), p);
			return value;
		}
	}
	return NULL;
}

const char *fake_sink_addr(size_t record)
{
	return record < fake_sink_records() ? fake.records[record].addr : NULL;
}

bool fake_sink_success(size_t record)
{
	return record < fake_sink_records() && fake.records[record].success;
}

bool fake_sink_signal_blocked(int sig)
{
	return sigismember(&fake.signals, sig) == 1;
}
