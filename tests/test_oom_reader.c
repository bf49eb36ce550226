/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The command, when an allocation fails: it says so, and ends with an error.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "cmd.h"
#include "fail_alloc.h"
#include "reader_kit.h"
#include "record.h"
#include "samples.h"
#include "test.h"

#define ARGS_MAX 10

/** Bytes of a path in the kit. */
#define PATH_SIZE sizeof(((struct kit *)NULL)->path)

/** Bytes of a log that a pipe takes at once. */
#define LOG_MAX 60000

struct scene {
	struct kit kit;
	char log[LOG_MAX];
	size_t len;
	/** the log's path, the one's that was rotated away before, and auditd.conf's */
	char first[PATH_SIZE];
	char second[PATH_SIZE];
	char conf[PATH_SIZE];
	/** after the run */
	int status;
	char *out;
	char *err;
};

/** Adds a record of each kind. */
static void add_records(struct scene *scene)
{
	static struct qm_record record;
	const struct qm_origin origin = { 1, "charon", "5.9.8" };
	struct qm_sa_facts sa;
	struct qm_failure failure;
	struct qm_invalid invalid;
	struct qm_kernel_sa kernel;
	struct qm_event event = {
		.sa = &sa,
		.failure = &failure,
		.invalid = &invalid,
		.kernel = &kernel,
	};

	qm_sample_tunnel(&sa);
	qm_sample_refused(&failure);
	qm_sample_tampered(&invalid);
	qm_sample_manual(&kernel);
	for (event.kind = 0; event.kind < QM_EVENT_KIND_MAX; event.kind++) {
		const unsigned number = event.kind + 1;

		QM_OK_FATAL(qm_record_format(&event, &origin, number, &record));
		scene->len += (size_t)snprintf(
			scene->log + scene->len, LOG_MAX - scene->len,
			"type=CRYPTO_IPSEC_SA msg=audit(1795438975.152:%u): pid=1 uid=0 "
			"auid=4294967295 ses=4294967295 msg='%s exe=\"/usr/sbin/charon\" hostname=? "
			"addr=%s terminal=? res=%s'\n",
			number, record.body, record.addr[0] ? record.addr : "?",
			record.success ? "success" : "failed");
	}
}

static void keep(char *copy, const char *path)
{
	snprintf(copy, PATH_SIZE, "%s", path);
}

static void begin(struct scene *scene)
{
	static char conf[PATH_SIZE + 16];

	memset(scene, 0, sizeof(*scene));
	CU_ASSERT_FATAL(kit_begin(&scene->kit));
	add_records(scene);
	CU_ASSERT_FATAL(scene->len < LOG_MAX - 1);
	keep(scene->second, kit_write(&scene->kit, "audit.log.1", scene->log, 0600));
	keep(scene->first, kit_write(&scene->kit, "audit.log", scene->log, 0600));
	snprintf(conf, sizeof(conf), "log_file = %s\n", scene->first);
	keep(scene->conf, kit_write(&scene->kit, "auditd.conf", conf, 0600));
}

static void forget(struct scene *scene)
{
	free(scene->out);
	free(scene->err);
	scene->out = scene->err = NULL;
}

static void end(struct scene *scene)
{
	forget(scene);
	kit_end(&scene->kit);
}

/** Has a descriptor be a new file. @return what it was */
static int redirect(struct scene *scene, int fd, const char *name)
{
	const int saved = dup(fd);
	const int file =
		open(kit_path(&scene->kit, name), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0600);

	CU_ASSERT_FATAL(saved >= 0 && file >= 0 && dup2(file, fd) == fd);
	close(file);
	return saved;
}

/** Has standard input be a pipe that the log comes out of. @return what it was */
static int feed(const struct scene *scene)
{
	const int saved = dup(STDIN_FILENO);
	int ends[2];

	QM_OK_FATAL(pipe(ends));
	QM_INT(write(ends[1], scene->log, scene->len), scene->len);
	close(ends[1]);
	CU_ASSERT_FATAL(saved >= 0 && dup2(ends[0], STDIN_FILENO) == STDIN_FILENO);
	close(ends[0]);
	return saved;
}

static void restore(int fd, int saved)
{
	dup2(saved, fd);
	close(saved);
}

/** Runs the command that `words` name; its `nth` allocation fails. @return how many */
static unsigned run(struct scene *scene, const char *const *words, unsigned nth)
{
	/* the command puts them in another order, and another name first */
	char *args[ARGS_MAX + 1] = { 0 }, *copies[ARGS_MAX];
	int argc = 0, in, out, err;
	unsigned calls;

	for (; words[argc]; argc++) {
		args[argc] = copies[argc] = strdup(words[argc]);
	}
	fflush(stdout);
	in = feed(scene);
	out = redirect(scene, STDOUT_FILENO, "out");
	err = redirect(scene, STDERR_FILENO, "err");
	qm_fail_alloc(nth);
	scene->status =
		!strcmp(*args, "verify") ? qm_cmd_verify(argc, args) : qm_cmd_events(argc, args);
	calls = qm_fail_alloc_end();
	restore(STDERR_FILENO, err);
	restore(STDOUT_FILENO, out);
	restore(STDIN_FILENO, in);
	forget(scene);
	scene->out = kit_read(&scene->kit, "out");
	scene->err = kit_read(&scene->kit, "err");
	for (int i = 0; i < argc; i++) {
		free(copies[i]);
	}
	return calls;
}

/** What it prints with memory, in a process of its own: what is made once is not yet. */
static char *run_whole(struct scene *scene, const char *const *words, int *ret_status)
{
	const pid_t pid = fork();
	int status = -1;

	CU_ASSERT_FATAL(pid >= 0);
	if (!pid) {
		run(scene, words, 0);
		_exit(scene->status);
	}
	CU_ASSERT_EQUAL_FATAL(waitpid(pid, &status, 0), pid);
	CU_ASSERT_FATAL(WIFEXITED(status));
	*ret_status = WEXITSTATUS(status);
	return kit_read(&scene->kit, "out");
}

/** Has each allocation fail once. */
static void play(struct scene *scene, const char *const *words)
{
	int status;
	char *whole = run_whole(scene, words, &status);
	unsigned nth;

	CU_ASSERT_PTR_NOT_NULL_FATAL(whole);
	CU_ASSERT(*whole && status != QM_EXIT_ERROR);
	for (nth = 1; run(scene, words, nth) >= nth; nth++) {
		QM_INT(scene->status, QM_EXIT_ERROR);
		CU_ASSERT(strstr(scene->err, strerror(ENOMEM)) != NULL);
	}
	/* the last round had all of them */
	CU_ASSERT(nth > 5);
	QM_INT(scene->status, status);
	QM_STR(scene->out, whole);
	QM_STR(scene->err, "");
	free(whole);
}

static void test_formats(void)
{
	static const char *const formats[] = { "text", "table", "xml", "json", "csv" };
	struct scene scene;

	begin(&scene);
	for (size_t i = 0; i < sizeof(formats) / sizeof(formats[0]); i++) {
		play(&scene,
			 (const char *[]){ "events", "--format", formats[i], scene.first, NULL });
	}
	end(&scene);
}

static void test_logs(void)
{
	struct scene scene;

	begin(&scene);
	play(&scene, (const char *[]){ "events", scene.second, scene.first, NULL });
	play(&scene, (const char *[]){ "events", "--auditd-conf", scene.conf, NULL });
	end(&scene);
}

static void test_pipe(void)
{
	struct scene scene;

	begin(&scene);
	play(&scene, (const char *[]){ "events", "-", NULL });
	play(&scene, (const char *[]){ "events", "--follow", "-", NULL });
	end(&scene);
}

static void test_verify(void)
{
	struct scene scene;

	begin(&scene);
	play(&scene, (const char *[]){ "verify", scene.first, scene.second, NULL });
	play(&scene, (const char *[]){ "verify", "--json", "-", NULL });
	play(&scene, (const char *[]){ "verify", "--auditd-conf", scene.conf, NULL });
	end(&scene);
}

CU_TestInfo oom_reader_tests[] = {
	{ "a log in each format", test_formats },
	{ "several logs", test_logs },
	{ "a log by way of a pipe", test_pipe },
	{ "a log is judged", test_verify },
	CU_TEST_INFO_NULL,
};
