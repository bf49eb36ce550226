/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Who takes the records: auditd as a process, and the kernel's word.
 */
#include "watch.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "fake_audit.h"
#include "test.h"
#include "watch_kit.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/** A watch and the system that it looks at, and what it found. */
struct scene {
	struct watch_place place;
	struct qm_watch *watch;
	struct qm_watch_view view;
};

static void begin(struct scene *scene, bool ask_kernel)
{
	struct qm_watch_config config;

	memset(scene, 0, sizeof(*scene));
	scene->place = watch_place();
	config = (struct qm_watch_config){
		.ask_kernel = ask_kernel,
		.auditd_conf = scene->place.conf,
		.pid_file = scene->place.pid_file,
		.newer_pid_file = scene->place.newer_pid_file,
		.proc = scene->place.proc,
	};
	QM_OK_FATAL(qm_watch_new(&scene->watch, &config));
	if (ask_kernel) {
		qm_fake_audit_start();
	}
}

static enum qm_sink_state look(struct scene *scene)
{
	memset(&scene->view, 0xff, sizeof(scene->view));
	qm_watch_look(scene->watch, &scene->view);
	return scene->view.state;
}

static void end(struct scene *scene)
{
	CU_ASSERT_PTR_NULL(qm_watch_free(scene->watch));
	qm_fake_audit_stop();
	watch_remove(&scene->place);
}

static const struct {
	const char *name;
	char letter;
	enum qm_sink_state state;
} processes[] = {
	{ "auditd", 'S', QM_SINK_READY },
	{ "auditd", 'R', QM_SINK_READY },
	{ "auditd", 'D', QM_SINK_READY },
	{ "auditd", 'T', QM_SINK_AUDITD_STUCK },
	{ "auditd", 't', QM_SINK_AUDITD_STUCK },
	{ "auditd", 'Z', QM_SINK_NO_AUDITD },
	{ "auditd", 'X', QM_SINK_NO_AUDITD },
	{ "bash", 'S', QM_SINK_NO_AUDITD },
	{ "bash", 'T', QM_SINK_NO_AUDITD },
	{ "auditd) S", 'S', QM_SINK_NO_AUDITD },
	{ "auditd-helper", 'S', QM_SINK_NO_AUDITD },
};

static void test_process(void)
{
	struct scene scene;

	begin(&scene, false);
	for (size_t i = 0; i < COUNT(processes); i++) {
		const enum qm_sink_state state = processes[i].state;

		watch_process(&scene.place, WATCH_PID, processes[i].name, processes[i].letter);
		QM_INT(look(&scene), state);
		QM_INT(scene.view.auditd_pid, state == QM_SINK_NO_AUDITD ? 0 : WATCH_PID);
		CU_ASSERT(!scene.view.has_lost);
		QM_STR(qm_watch_complaint(scene.watch), "");
		CU_ASSERT(qm_watch_confirms(scene.watch));
	}
	end(&scene);
}

/** auditd ends and comes back as another process. */
static void test_restart(void)
{
	struct scene scene;

	begin(&scene, false);
	QM_INT(look(&scene), QM_SINK_READY);
	watch_no_process(&scene.place, WATCH_PID);
	QM_INT(look(&scene), QM_SINK_NO_AUDITD);
	unlink(scene.place.pid_file);
	QM_INT(look(&scene), QM_SINK_NO_AUDITD);
	watch_write(scene.place.pid_file, "346\n");
	watch_process(&scene.place, 346, "auditd", 'S');
	QM_INT(look(&scene), QM_SINK_READY);
	QM_INT(scene.view.auditd_pid, 346);
	end(&scene);
}

/** Another PID namespace: what the numbers mean there cannot be known here. */
static void test_namespace(void)
{
	struct scene scene;
	char path[PATH_MAX];

	begin(&scene, false);
	snprintf(path, sizeof(path), "%s/self/ns/pid", scene.place.proc);
	QM_OK(unlink(path));
	QM_INT(look(&scene), QM_SINK_UNVERIFIED);
	QM_OK(symlink("pid:[4026532321]", path));
	QM_INT(look(&scene), QM_SINK_UNVERIFIED);
	QM_INT(scene.view.auditd_pid, 0);
	CU_ASSERT_PTR_NOT_NULL(strstr(qm_watch_complaint(scene.watch), "--pid=host"));
	watch_no_process(&scene.place, WATCH_PID);
	QM_OK(unlink(scene.place.pid_file));
	QM_INT(look(&scene), QM_SINK_UNVERIFIED);
	CU_ASSERT(qm_watch_confirms(scene.watch));
	end(&scene);
}

/** A /proc that hides auditd hides the first process as well. */
static void test_hidden(void)
{
	struct scene scene;

	begin(&scene, false);
	watch_no_process(&scene.place, WATCH_PID);
	watch_no_process(&scene.place, 1);
	QM_INT(look(&scene), QM_SINK_UNVERIFIED);
	QM_INT(scene.view.auditd_pid, WATCH_PID);
	CU_ASSERT_PTR_NOT_NULL(strstr(qm_watch_complaint(scene.watch), "/345/stat"));
	watch_process(&scene.place, WATCH_PID, "auditd", 'S');
	QM_INT(look(&scene), QM_SINK_READY);
	QM_STR(qm_watch_complaint(scene.watch), "");
	end(&scene);
}

/** In a mount namespace with a /run of its own, auditd is still a process. */
static void test_found(void)
{
	struct scene scene;

	begin(&scene, false);
	QM_OK(unlink(scene.place.pid_file));
	QM_INT(look(&scene), QM_SINK_READY);
	QM_INT(scene.view.auditd_pid, WATCH_PID);
	watch_process(&scene.place, WATCH_PID, "auditd", 'T');
	QM_INT(look(&scene), QM_SINK_AUDITD_STUCK);
	watch_process(&scene.place, WATCH_PID, "bash", 'S');
	QM_INT(look(&scene), QM_SINK_NO_AUDITD);
	watch_process(&scene.place, 4711, "auditd", 'S');
	watch_skip_ms(1000);
	QM_INT(look(&scene), QM_SINK_READY);
	QM_INT(scene.view.auditd_pid, 4711);
	/* while it starts there are two of them, and the first one ends */
	watch_process(&scene.place, 4712, "auditd", 'S');
	watch_no_process(&scene.place, 4711);
	QM_INT(look(&scene), QM_SINK_READY);
	QM_INT(scene.view.auditd_pid, 4712);
	end(&scene);
}

/** Newer auditds have their pid file elsewhere: that is not found by chance. */
static void test_newer_pid_file(void)
{
	struct scene scene;

	begin(&scene, false);
	watch_process(&scene.place, 346, "auditd", 'S');
	watch_write(scene.place.newer_pid_file, "346\n");
	QM_INT(look(&scene), QM_SINK_READY);
	QM_INT(scene.view.auditd_pid, WATCH_PID);
	QM_OK(unlink(scene.place.pid_file));
	QM_INT(look(&scene), QM_SINK_READY);
	QM_INT(scene.view.auditd_pid, 346);
	end(&scene);
}

/** Without a pid file, and without a process, it depends on whether auditd belongs to
 * this system. */
static void test_not_installed(void)
{
	struct scene scene;

	begin(&scene, false);
	watch_no_process(&scene.place, WATCH_PID);
	QM_OK(unlink(scene.place.pid_file));
	QM_INT(look(&scene), QM_SINK_NO_AUDITD);
	QM_OK(unlink(scene.place.conf));
	scene.watch = qm_watch_free(scene.watch);
	scene.watch = watch_start(&scene.place, scene.place.log);
	QM_INT(look(&scene), QM_SINK_NO_AUDITD);
	CU_ASSERT(qm_watch_confirms(scene.watch));
	QM_OK(unlink(scene.place.log));
	scene.watch = qm_watch_free(scene.watch);
	scene.watch = watch_start(&scene.place, scene.place.log);
	QM_INT(look(&scene), QM_SINK_UNVERIFIED);
	CU_ASSERT(!qm_watch_confirms(scene.watch));
	end(&scene);
}

static const char *const bad_pids[] = {
	"", "\n", "0\n", "-1\n", " 345\n", "345x\n", "auditd\n", "99999999999999999999999\n",
	"345 346\n", "4294967641\n",
};

static void test_bad_pid_file(void)
{
	struct scene scene;

	begin(&scene, false);
	for (size_t i = 0; i < COUNT(bad_pids); i++) {
		watch_write(scene.place.pid_file, bad_pids[i]);
		QM_INT(look(&scene), QM_SINK_UNVERIFIED);
		QM_INT(scene.view.auditd_pid, 0);
		CU_ASSERT_PTR_NOT_NULL(
			strstr(qm_watch_complaint(scene.watch), scene.place.pid_file));
	}
	QM_OK(unlink(scene.place.pid_file));
	QM_OK(mkdir(scene.place.pid_file, 0700));
	QM_INT(look(&scene), QM_SINK_UNVERIFIED);
	QM_OK(rmdir(scene.place.pid_file));
	QM_OK(mkfifo(scene.place.pid_file, 0600));
	QM_INT(look(&scene), QM_SINK_UNVERIFIED);
	end(&scene);
}

static const char *const bad_stats[] = {
	"", "345", "345 (auditd", "345 (auditd)", "345 (auditd) ", ")(", "345 )auditd( S",
};

static void test_bad_stat(void)
{
	struct scene scene;
	char path[PATH_MAX];

	begin(&scene, false);
	snprintf(path, sizeof(path), "%s/%d/stat", scene.place.proc, WATCH_PID);
	for (size_t i = 0; i < COUNT(bad_stats); i++) {
		watch_write(path, bad_stats[i]);
		QM_INT(look(&scene), QM_SINK_UNVERIFIED);
		QM_INT(scene.view.auditd_pid, WATCH_PID);
	}
	end(&scene);
}

static const struct {
	int open_error;
	struct qm_fake_step step;
	enum qm_sink_state state;
} answers[] = {
	{ 0, { .answer = true, .enabled = 1, .pid = WATCH_PID }, QM_SINK_READY },
	{ 0, { .answer = true, .enabled = 2, .pid = WATCH_PID }, QM_SINK_READY },
	{ 0, { .answer = true, .enabled = 0, .pid = WATCH_PID }, QM_SINK_DISABLED },
	{ 0, { .answer = true, .enabled = 1, .pid = 0 }, QM_SINK_NO_AUDITD },
	{ 0, { .answer = true, .enabled = 1, .pid = 77 }, QM_SINK_NO_AUDITD },
	{ 0, { .ack_error = ECONNREFUSED }, QM_SINK_USER_NAMESPACE },
	{ EPROTONOSUPPORT, { 0 }, QM_SINK_NO_KERNEL_AUDIT },
	/* these say nothing: what is known of the process stands */
	{ EMFILE, { 0 }, QM_SINK_READY },
	{ 0, { .ack_error = EPERM }, QM_SINK_READY },
	{ 0, { .send_error = EACCES }, QM_SINK_READY },
};

static void test_kernel(void)
{
	struct scene scene;

	for (size_t i = 0; i < COUNT(answers); i++) {
		const struct qm_fake_step *step = &answers[i].step;

		begin(&scene, true);
		qm_fake_audit.open_errors[0] = answers[i].open_error;
		qm_fake_audit.steps[0] = *step;
		QM_INT(look(&scene), answers[i].state);
		QM_INT(scene.view.has_lost, step->answer);
		CU_ASSERT(step->answer || *qm_watch_complaint(scene.watch));
		CU_ASSERT(qm_watch_confirms(scene.watch));
		end(&scene);
	}
}

/** One socket serves all questions; the count of lost records comes along. */
static void test_lost(void)
{
	struct scene scene;

	begin(&scene, true);
	for (unsigned i = 0; i < 3; i++) {
		qm_fake_audit.steps[i] = (struct qm_fake_step){
			.answer = true, .enabled = 1, .pid = WATCH_PID, .lost = 40 + i,
		};
		QM_INT(look(&scene), QM_SINK_READY);
		CU_ASSERT(scene.view.has_lost);
		QM_INT(scene.view.lost, 40 + i);
	}
	/* a kernel of long ago */
	qm_fake_audit.steps[3] = qm_fake_audit.steps[2];
	qm_fake_audit.steps[3].answer_len = 16;
	QM_INT(look(&scene), QM_SINK_READY);
	CU_ASSERT(!scene.view.has_lost);
	QM_INT(scene.view.lost, 0);
	QM_INT(qm_fake_audit.opened, 1);
	end(&scene);
}

/** A kernel that refuses or is silent is left alone for a while. */
static void test_kernel_silent(void)
{
	struct scene scene;

	for (int refuses = 0; refuses < 2; refuses++) {
		begin(&scene, true);
		qm_fake_audit.steps[0].ack_error = refuses ? EPERM : 0;
		qm_fake_audit.steps[1] = (struct qm_fake_step){
			.answer = true, .enabled = 1, .pid = WATCH_PID,
		};
		for (unsigned i = 0; i < 3; i++) {
			QM_INT(look(&scene), QM_SINK_READY);
			QM_INT(qm_fake_audit.sent, 1);
			CU_ASSERT_PTR_NOT_NULL(
				strstr(qm_watch_complaint(scene.watch), "CAP_AUDIT_CONTROL"));
		}
		watch_skip_ms(61000);
		QM_INT(look(&scene), QM_SINK_READY);
		QM_INT(qm_fake_audit.sent, 2);
		CU_ASSERT(scene.view.has_lost);
		QM_STR(qm_watch_complaint(scene.watch), "");
		end(&scene);
	}
}

/** In a user namespace it stays so, without a question each time. */
static void test_kernel_refusal_stays(void)
{
	struct scene scene;

	begin(&scene, true);
	qm_fake_audit.steps[0].ack_error = ECONNREFUSED;
	QM_INT(look(&scene), QM_SINK_USER_NAMESPACE);
	QM_INT(look(&scene), QM_SINK_USER_NAMESPACE);
	QM_INT(qm_fake_audit.sent, 1);
	end(&scene);
}

/** A stopped auditd is told without a question, which might wait for it. */
static void test_kernel_stuck(void)
{
	struct scene scene;

	begin(&scene, true);
	watch_process(&scene.place, WATCH_PID, "auditd", 'T');
	QM_INT(look(&scene), QM_SINK_AUDITD_STUCK);
	QM_INT(qm_fake_audit.sent, 0);
	/* without a pid file only the kernel knows which process it is */
	QM_OK(unlink(scene.place.pid_file));
	qm_fake_audit.steps[0] = (struct qm_fake_step){
		.answer = true, .enabled = 1, .pid = WATCH_PID,
	};
	QM_INT(look(&scene), QM_SINK_AUDITD_STUCK);
	QM_INT(scene.view.auditd_pid, WATCH_PID);
	end(&scene);
}

/** What is in auditd's log says nothing of records that go elsewhere. */
static void test_kernel_other(void)
{
	const struct qm_fake_step other = { .answer = true, .enabled = 1, .pid = 400 };
	struct scene scene;

	begin(&scene, true);
	watch_process(&scene.place, 400, "auditbeat", 'S');
	qm_fake_audit.steps[0] = other;
	QM_INT(look(&scene), QM_SINK_READY);
	QM_INT(scene.view.auditd_pid, 400);
	CU_ASSERT(!qm_watch_confirms(scene.watch));
	CU_ASSERT_PTR_NOT_NULL(strstr(qm_watch_complaint(scene.watch), "'auditbeat'"));
	qm_fake_audit.steps[1] = other;
	qm_fake_audit.steps[1].pid = WATCH_PID;
	QM_INT(look(&scene), QM_SINK_READY);
	CU_ASSERT(qm_watch_confirms(scene.watch));
	QM_STR(qm_watch_complaint(scene.watch), "");
	end(&scene);
}

static void test_defaults(void)
{
	const struct qm_watch_config config = { .log = NULL };
	struct qm_watch *watch = NULL;
	struct qm_watch_view view = { .state = QM_SINK_STATE_MAX };

	QM_OK_FATAL(qm_watch_new(&watch, &config));
	qm_watch_look(watch, &view);
	CU_ASSERT(view.state < QM_SINK_STATE_MAX);
	CU_ASSERT(qm_watch_confirms(watch) || *qm_watch_complaint(watch));
	CU_ASSERT_PTR_NULL(qm_watch_free(watch));
	CU_ASSERT_PTR_NULL(qm_watch_free(NULL));
}

CU_TestInfo watch_tests[] = {
	{ "auditd runs, stands still, is gone, is another", test_process },
	{ "auditd ends and is started again", test_restart },
	{ "in another PID namespace", test_namespace },
	{ "/proc does not show other processes", test_hidden },
	{ "no pid file, but a process", test_found },
	{ "no pid file, with auditd installed and without", test_not_installed },
	{ "the pid file of newer auditds", test_newer_pid_file },
	{ "pid files with something else in them", test_bad_pid_file },
	{ "processes that are something else", test_bad_stat },
	{ "what the kernel says", test_kernel },
	{ "what the kernel threw away", test_lost },
	{ "a kernel that does not tell is not asked each time", test_kernel_silent },
	{ "in a user namespace", test_kernel_refusal_stays },
	{ "the kernel is not asked while auditd stands still", test_kernel_stuck },
	{ "another daemon takes the records", test_kernel_other },
	{ "this system", test_defaults },
	CU_TEST_INFO_NULL,
};
