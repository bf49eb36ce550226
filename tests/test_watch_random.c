/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A log written, rotated, cut and read at random, beside a model of its files: each
 * record in them is seen once, in its order.
 */
#include <inttypes.h>
#include <sched.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "clock.h"
#include "random_kit.h"
#include "test.h"
#include "watch_kit.h"

#define FILES_MAX 5
#define STEPS 60

/** Records of one file that the reader has not seen. */
struct unseen {
	uint64_t marks[STEPS];
	size_t n;
};

struct model {
	uint64_t random;
	struct watch_place place;
	struct qm_watch *watch;
	/** from the log on to its oldest file */
	struct unseen files[FILES_MAX];
	/** which of those the reader is in, FILES_MAX for one that was removed */
	unsigned reader;
	/** what is left of that one */
	struct unseen removed;
	/** the last line has no end yet */
	bool torn;
	size_t records;
};

static unsigned below(struct model *model, unsigned n)
{
	return qm_random_below(&model->random, n);
}

static void append(struct model *model, const char *text)
{
	watch_append(&model->place, text, strlen(text));
}

/** Ends a line that has no end. It is no record, as it has another line in it. */
static void mend(struct model *model)
{
	if (model->torn) {
		append(model, "\n");
		model->torn = false;
	}
}

static void do_record(struct model *model)
{
	struct unseen *file = &model->files[0];

	mend(model);
	file->marks[file->n++] =
		watch_record(&model->place, (enum watch_form)below(model, WATCH_FORM_MAX));
	model->records++;
}

static void do_foreign(struct model *model)
{
	mend(model);
	append(model, "type=USER_AUTH msg=audit(1.000:1): pid=1 msg='op=PAM exe=\"/x\"'\n");
}

/** Many lines, some of them long. */
static void do_bulk(struct model *model)
{
	static char bulk[40000];

	mend(model);
	memset(bulk, below(model, 2) ? 'x' : 0, sizeof(bulk) - 1);
	for (unsigned i = below(model, 30); i; i--) {
		bulk[below(model, sizeof(bulk) - 1)] = '\n';
	}
	bulk[sizeof(bulk) - 1] = '\n';
	watch_append(&model->place, bulk, sizeof(bulk));
}

static void do_torn(struct model *model)
{
	append(model, "type=CRYPTO_IPSEC_SA msg=audit(1.000:1): msg='a=1 ");
	model->torn = true;
}

static void do_rotate(struct model *model)
{
	if (model->reader == FILES_MAX - 1) {
		model->removed = model->files[FILES_MAX - 1];
	}
	if (model->reader < FILES_MAX) {
		model->reader++;
	}
	memmove(&model->files[1], &model->files[0],
			(FILES_MAX - 1) * sizeof(model->files[0]));
	model->files[0].n = 0;
	model->torn = false;
	watch_rotate(&model->place, FILES_MAX);
}

/** The next of what is to be seen has been. */
static void take(struct unseen *file, const struct watch_seen *seen, size_t *at)
{
	for (size_t i = 0; i < file->n; i++) {
		CU_ASSERT_FATAL(*at < seen->n && seen->marks[*at] == file->marks[i]);
		(*at)++;
	}
	file->n = 0;
}

static void do_read(struct model *model)
{
	struct watch_seen seen = { 0 };
	size_t at = 0;
	unsigned n = model->reader;

	watch_read_all(model->watch, &seen);
	if (n == FILES_MAX) {
		take(&model->removed, &seen, &at);
	} else {
		take(&model->files[n], &seen, &at);
	}
	while (n--) {
		take(&model->files[n], &seen, &at);
	}
	QM_INT(at, seen.n);
	model->reader = 0;
	for (n = 0; n < FILES_MAX; n++) {
		model->files[n].n = 0;
	}
	CU_ASSERT(qm_watch_confirms(model->watch));
	watch_forget(&seen);
}

/** Cuts the log, which is seen only before it has grown again. */
static void do_cut(struct model *model)
{
	do_read(model);
	QM_OK(ftruncate(model->place.fd, 0));
	model->torn = false;
	do_read(model);
}

static void do_look(struct model *model)
{
	QM_INT(watch_state(model->watch), QM_SINK_READY);
}

static void (*const steps[])(struct model *) = {
	do_record, do_record, do_record, do_foreign, do_bulk, do_torn,
	do_rotate, do_rotate, do_read,	 do_read,	 do_cut,  do_look,
};

static size_t play(uint64_t seed)
{
	static struct model model;

	model = (struct model){ .random = seed, .place = watch_place() };
	model.watch = watch_start(&model.place, NULL);
	do_look(&model);
	for (unsigned i = 0; i < STEPS; i++) {
		steps[below(&model, sizeof(steps) / sizeof(steps[0]))](&model);
	}
	do_read(&model);
	CU_ASSERT_PTR_NULL(qm_watch_free(model.watch));
	watch_remove(&model.place);
	return model.records;
}

static void test_random(void)
{
	const uint64_t seed = qm_random_seed(), sequences = qm_random_sequences() / 400 + 1;
	const unsigned before = CU_get_number_of_failures();
	size_t records = 0;

	for (uint64_t i = 0; i < sequences; i++) {
		records += play(seed + i);
		if (CU_get_number_of_failures() != before) {
			printf("# QM_SEED=%" PRIu64 "\n", seed + i);
			return;
		}
	}
	printf("# %" PRIu64 " logs with %zu records, QM_SEED=%" PRIu64 "\n", sequences,
		   records, seed);
}

/** As many files as the reader may be behind, with a few records each. */
#define CROWD_FILES 40
#define CROWD_PER_FILE 20
#define CROWD_RECORDS 20000
#define PATIENCE_MS 60000

/** Writes and rotates until all records are there, no faster than they are read. */
static void write_crowd(struct watch_place *place, const atomic_uint *read)
{
	for (unsigned i = 0; i < CROWD_RECORDS; i++) {
		while (i - atomic_load(read) > CROWD_FILES / 2 * CROWD_PER_FILE) {
			sched_yield();
		}
		if (i % CROWD_PER_FILE == 0) {
			watch_rotate(place, CROWD_FILES);
		}
		watch_record(place, WATCH_ENRICHED);
	}
}

static void read_crowd(struct qm_watch *watch, atomic_uint *read)
{
	/* a slow machine may take long for all, but not for the next */
	uint64_t deadline = qm_time_now().mono_ms + PATIENCE_MS;
	struct watch_seen seen = { 0 };
	size_t at = 0;

	while (at < CROWD_RECORDS && qm_time_now().mono_ms < deadline) {
		watch_read_all(watch, &seen);
		for (; at < seen.n && seen.marks[at] == watch_mark((unsigned)at + 1); at++) {
		}
		if (at < seen.n || !qm_watch_confirms(watch)) {
			break;
		}
		if (at > atomic_load(read)) {
			deadline = qm_time_now().mono_ms + PATIENCE_MS;
		}
		atomic_store(read, (unsigned)at);
	}
	QM_INT(at, CROWD_RECORDS);
	watch_forget(&seen);
}

/** auditd rotates just while its files are looked through. */
static void test_crowd(void)
{
	struct watch_place place = watch_place();
	struct qm_watch *watch = watch_start(&place, NULL);
	atomic_uint *read = mmap(NULL, sizeof(*read), PROT_READ | PROT_WRITE,
							 MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	int status = -1;
	pid_t pid;

	CU_ASSERT_FATAL(read != MAP_FAILED);
	QM_INT(watch_state(watch), QM_SINK_READY);
	pid = fork();
	if (!pid) {
		/* a test that fails does not leave it behind */
		prctl(PR_SET_PDEATHSIG, SIGKILL);
		write_crowd(&place, read);
		_exit(0);
	}
	QM_OK_FATAL(pid);
	read_crowd(watch, read);
	kill(pid, SIGKILL);
	QM_INT(waitpid(pid, &status, 0), pid);
	munmap(read, sizeof(*read));
	CU_ASSERT_PTR_NULL(qm_watch_free(watch));
	watch_remove(&place);
}

CU_TestInfo watch_random_tests[] = {
	{ "a log that all happens to", test_random },
	{ "a log that is rotated at any moment", test_crowd },
	CU_TEST_INFO_NULL,
};
