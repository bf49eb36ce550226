/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * auditd's log as it grows, is rotated, cut, removed and replaced.
 */
#include "watch_log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "test.h"
#include "watch_kit.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/** A watch and the log that it reads. */
struct scene {
	struct watch_place place;
	struct qm_watch *watch;
	struct watch_seen seen;
	/** marks of what was written, and how many of those are to be seen */
	uint64_t marks[64];
	size_t n;
};

static struct scene *begin(void)
{
	static struct scene scene;

	scene = (struct scene){ .place = watch_place() };
	scene.watch = watch_start(&scene.place, NULL);
	return &scene;
}

static void end(struct scene *scene)
{
	CU_ASSERT_PTR_NULL(qm_watch_free(scene->watch));
	watch_forget(&scene->seen);
	watch_remove(&scene->place);
}

/** Writes a record that is to be seen. */
static void put(struct scene *scene, enum watch_form form)
{
	CU_ASSERT_FATAL(scene->n < COUNT(scene->marks));
	scene->marks[scene->n++] = watch_record(&scene->place, form);
}

static void put_text(struct scene *scene, const char *text)
{
	watch_append(&scene->place, text, strlen(text));
}

/** All that was to be seen was, once and in its order. */
static void expect(struct scene *scene)
{
	watch_read_all(scene->watch, &scene->seen);
	QM_INT(scene->seen.n, scene->n);
	CU_ASSERT(scene->seen.n == scene->n &&
			  (!scene->n || !memcmp(scene->seen.marks, scene->marks,
									scene->n * sizeof(uint64_t))));
	CU_ASSERT(qm_watch_confirms(scene->watch));
	QM_STR(qm_watch_complaint(scene->watch), "");
}

/** Nothing can be seen to arrive, which is said. */
static void expect_failure(struct scene *scene, int error, const char *why)
{
	QM_FAILS(watch_read(scene->watch, &scene->seen), error);
	CU_ASSERT(!qm_watch_confirms(scene->watch));
	CU_ASSERT_PTR_NOT_NULL(strstr(qm_watch_complaint(scene->watch), why));
	watch_state(scene->watch);
	CU_ASSERT(!qm_watch_confirms(scene->watch));
	CU_ASSERT_PTR_NOT_NULL(strstr(qm_watch_complaint(scene->watch), why));
}

static void test_forms(void)
{
	struct scene *scene = begin();
	enum watch_form form;

	watch_record(&scene->place, WATCH_RAW);
	watch_state(scene->watch);
	for (form = 0; form < WATCH_FORM_MAX; form++) {
		put(scene, form);
		put_text(scene, "type=EOE msg=audit(1795438975.152:1): \n");
	}
	expect(scene);
	expect(scene);
	put(scene, WATCH_RAW);
	expect(scene);
	end(scene);
}

/** Reading begins at the end, which may be within a line. */
static void test_begin(void)
{
	static const char before[] = "type=CRYPTO_IPSEC_SA msg=audit(1.0:1): msg='a=1 ";
	struct scene *scene = begin();

	put_text(scene, before);
	expect(scene);
	put_text(scene, "exe=1'\n");
	expect(scene);
	put(scene, WATCH_RAW);
	expect(scene);
	end(scene);
	/* what comes looks like a line, and is not */
	scene = begin();
	put_text(scene, "type=USER msg=audit(1.0:1): msg='");
	expect(scene);
	put_text(scene, "type=CRYPTO_IPSEC_SA msg=audit(1.0:1): msg='a=1 exe=1'\n");
	expect(scene);
	end(scene);
}

/** A line comes in pieces, each of which is read. */
static void test_pieces(void)
{
	struct scene *scene = begin();
	static const char body[] = "op=start rec-seq=7";
	char line[512];
	size_t len = watch_line(line, sizeof(line), WATCH_ENRICHED, 1, body);

	expect(scene);
	for (size_t i = 0; i < len; i++) {
		watch_append(&scene->place, line + i, 1);
		if (i + 1 == len) {
			scene->marks[scene->n++] = qm_watch_mark(body, strlen(body));
		}
		expect(scene);
	}
	end(scene);
}

/** Several rotations between two looks. */
static void test_rotation(void)
{
	for (unsigned rotations = 1; rotations <= 6; rotations++) {
		struct scene *scene = begin();

		expect(scene);
		put(scene, WATCH_RAW);
		expect(scene);
		put(scene, WATCH_RAW);
		for (unsigned i = 0; i < rotations; i++) {
			watch_rotate(&scene->place, 9);
			put(scene, WATCH_ENRICHED);
			put(scene, WATCH_RAW);
		}
		expect(scene);
		put(scene, WATCH_RAW);
		expect(scene);
		end(scene);
	}
}

/** What was being read is among the files that rotation removed. */
static void test_rotated_away(void)
{
	struct scene *scene = begin();

	expect(scene);
	put(scene, WATCH_RAW);
	watch_rotate(&scene->place, 3);
	watch_record(&scene->place, WATCH_RAW);
	for (unsigned i = 0; i < 3; i++) {
		watch_rotate(&scene->place, 3);
		put(scene, WATCH_RAW);
	}
	expect(scene);
	end(scene);
}

/** A file in between was removed by somebody else. */
static void test_hole(void)
{
	struct scene *scene = begin();
	char path[PATH_MAX];

	expect(scene);
	for (unsigned i = 0; i < 4; i++) {
		watch_rotate(&scene->place, 9);
		if (i == 1) {
			watch_record(&scene->place, WATCH_RAW);
		} else {
			put(scene, WATCH_RAW);
		}
	}
	snprintf(path, sizeof(path), "%s.2", scene->place.log);
	QM_OK(unlink(path));
	expect(scene);
	end(scene);
}

/** The log was put elsewhere, and older files remain that were read before. */
static void test_moved_away(void)
{
	struct scene *scene = begin();
	char path[PATH_MAX];

	watch_record(&scene->place, WATCH_RAW);
	watch_rotate(&scene->place, 9);
	usleep(20000);
	expect(scene);
	put(scene, WATCH_RAW);
	snprintf(path, sizeof(path), "%s/elsewhere", scene->place.dir);
	QM_OK(rename(scene->place.log, path));
	/* auditd does not know yet */
	put(scene, WATCH_RAW);
	expect(scene);
	put(scene, WATCH_RAW);
	watch_rotate(&scene->place, 1);
	put(scene, WATCH_RAW);
	expect(scene);
	end(scene);
}

/** The new file is not there yet when it is looked for. */
static void test_rotating(void)
{
	struct scene *scene = begin();
	char path[PATH_MAX];

	expect(scene);
	put(scene, WATCH_RAW);
	snprintf(path, sizeof(path), "%s.1", scene->place.log);
	QM_OK(rename(scene->place.log, path));
	expect(scene);
	watch_rotate(&scene->place, 1);
	put(scene, WATCH_RAW);
	expect(scene);
	end(scene);
}

static void test_cut(void)
{
	struct scene *scene = begin();

	expect(scene);
	put(scene, WATCH_RAW);
	put_text(scene, "type=USER msg=audit(1.0:1): half a li");
	expect(scene);
	QM_OK(truncate(scene->place.log, 0));
	put(scene, WATCH_RAW);
	expect(scene);
	QM_OK(truncate(scene->place.log, 0));
	expect(scene);
	put(scene, WATCH_RAW);
	expect(scene);
	end(scene);
}

/** The last line of a file that was rotated is not whole. */
static void test_torn(void)
{
	struct scene *scene = begin();

	expect(scene);
	put_text(scene, "type=CRYPTO_IPSEC_SA msg=audit(1.0:1): msg='a=1 ");
	watch_rotate(&scene->place, 5);
	put_text(scene, "exe=1'\n");
	put(scene, WATCH_RAW);
	expect(scene);
	end(scene);
}

static void test_missing(void)
{
	struct scene *scene = begin();

	QM_OK(unlink(scene->place.log));
	expect_failure(scene, -ENOENT, "it is not there");
	watch_rotate(&scene->place, 1);
	put(scene, WATCH_RAW);
	expect(scene);
	/* auditd goes on writing to a file that nobody will ever read */
	QM_OK(unlink(scene->place.log));
	expect_failure(scene, -ESTALE, "it was removed");
	watch_rotate(&scene->place, 1);
	put(scene, WATCH_RAW);
	expect(scene);
	end(scene);
}

/** Something else is in the log's place, from the start or later. */
static void test_replaced(void)
{
	struct scene *scene;
	char path[PATH_MAX];

	for (unsigned i = 0; i < 6; i++) {
		scene = begin();
		snprintf(path, sizeof(path), "%s/elsewhere", scene->place.dir);
		if (i >= 3) {
			expect(scene);
			put(scene, WATCH_RAW);
		}
		QM_OK(rename(scene->place.log, path));
		QM_OK(i % 3 == 0 ? mkdir(scene->place.log, 0700)
						 : i % 3 == 1 ? mkfifo(scene->place.log, 0600)
									  : symlink(path, scene->place.log));
		expect_failure(scene, i % 3 == 2 ? -ELOOP : -EINVAL, "it is not a regular file");
		QM_OK(remove(scene->place.log));
		QM_OK(rename(path, scene->place.log));
		expect(scene);
		put(scene, WATCH_RAW);
		expect(scene);
		end(scene);
	}
}

/** Lines of bytes of any kind, among which records are still found. */
static void test_garbage(void)
{
	struct scene *scene = begin();
	unsigned char bytes[4096];
	uint32_t random = 1;

	expect(scene);
	for (unsigned round = 0; round < 20; round++) {
		for (size_t i = 0; i < sizeof(bytes); i++) {
			random = random * 1103515245 + 12345;
			bytes[i] = (unsigned char)(random >> 16);
		}
		bytes[sizeof(bytes) - 1] = '\n';
		watch_append(&scene->place, (const char *)bytes, sizeof(bytes));
		watch_append(&scene->place, "\0\0\0\n\0", 5);
		watch_append(&scene->place, "\n\n", 2);
		put(scene, WATCH_RAW);
	}
	expect(scene);
	end(scene);
}

/** A record as long as a line may be, with what is more than that. */
static void put_long(struct scene *scene, size_t len, bool whole)
{
	static const char begin[] = "type=CRYPTO_IPSEC_SA msg=audit(1.0:1): msg='";
	static const char tail[] = " exe=1'\n";
	const size_t body_len = len - (sizeof(begin) - 1) - (sizeof(tail) - 2);
	char *body = malloc(body_len);

	CU_ASSERT_PTR_NOT_NULL_FATAL(body);
	memset(body, 'x', body_len);
	put_text(scene, begin);
	watch_append(&scene->place, body, body_len);
	if (whole) {
		put_text(scene, tail);
		if (len <= QM_WATCH_LINE_MAX) {
			scene->marks[scene->n++] = qm_watch_mark(body, body_len);
		}
	}
	free(body);
}

static void test_long_lines(void)
{
	static const size_t lengths[] = { QM_WATCH_LINE_MAX - 1,	 QM_WATCH_LINE_MAX,
									  QM_WATCH_LINE_MAX + 1, QM_WATCH_CHUNK,
									  3 * QM_WATCH_CHUNK,	 3 * QM_WATCH_READ_MAX };
	struct scene *scene = begin();

	expect(scene);
	for (size_t i = 0; i < COUNT(lengths); i++) {
		put_long(scene, lengths[i], true);
		put(scene, WATCH_RAW);
		expect(scene);
	}
	/* one that is read before its end is there */
	for (size_t i = 0; i < COUNT(lengths); i++) {
		put_long(scene, lengths[i], false);
		expect(scene);
		put_text(scene, "\n");
		put(scene, WATCH_RAW);
	}
	expect(scene);
	end(scene);
}

/** No call reads more than it may. */
static void test_bounds(void)
{
	static const char foreign[] =
		"type=SYSCALL msg=audit(1795438975.152:1): arch=c000003e syscall=59 exit=0\n";
	struct scene *scene = begin();
	const unsigned lines = 4 * QM_WATCH_READ_MAX / (sizeof(foreign) - 1);
	unsigned calls = 1;

	expect(scene);
	for (unsigned i = 0; i < lines; i++) {
		put_text(scene, foreign);
	}
	put(scene, WATCH_RAW);
	while (watch_read(scene->watch, &scene->seen) == 1) {
		CU_ASSERT_FATAL(calls < 20);
		calls++;
	}
	CU_ASSERT(calls >= 4 && calls <= 6);
	expect(scene);
	end(scene);
}

/** Others' records by the million. */
static void test_millions(void)
{
	enum { LINES = 2000, BLOCKS = 1000 };
	static const char foreign[] =
		"type=SYSCALL msg=audit(1795529881.280:1): arch=c000003e syscall=59 success=yes "
		"exit=0 ppid=1 pid=2 comm=\"ls\" key=(null)\n";
	static char block[LINES * (sizeof(foreign) - 1)];
	struct scene *scene = begin();
	struct timespec before, after;
	double seconds;

	for (size_t i = 0; i < LINES; i++) {
		memcpy(block + i * (sizeof(foreign) - 1), foreign, sizeof(foreign) - 1);
	}
	expect(scene);
	for (unsigned i = 0; i < BLOCKS; i++) {
		watch_append(&scene->place, block, sizeof(block));
		if (i % 50 == 0) {
			put(scene, WATCH_RAW);
		}
	}
	clock_gettime(CLOCK_MONOTONIC, &before);
	expect(scene);
	clock_gettime(CLOCK_MONOTONIC, &after);
	seconds = (double)(after.tv_sec - before.tv_sec) +
			  (double)(after.tv_nsec - before.tv_nsec) / 1e9;
	printf("# %d lines of others, %.0f MB/s\n", LINES * BLOCKS,
		   (double)sizeof(block) * BLOCKS / 1e6 / seconds);
	end(scene);
}

CU_TestInfo watch_log_tests[] = {
	{ "each form of line", test_forms },
	{ "the beginning", test_begin },
	{ "lines in pieces", test_pieces },
	{ "rotation, several times", test_rotation },
	{ "rotated away", test_rotated_away },
	{ "a rotated file was removed", test_hole },
	{ "the log was put elsewhere", test_moved_away },
	{ "in the middle of a rotation", test_rotating },
	{ "the log was cut", test_cut },
	{ "rotated in the middle of a line", test_torn },
	{ "no log", test_missing },
	{ "a directory, a fifo and a link in its place", test_replaced },
	{ "garbage", test_garbage },
	{ "long lines", test_long_lines },
	{ "as much as one call may read", test_bounds },
	{ "millions of others' records", test_millions },
	CU_TEST_INFO_NULL,
};
