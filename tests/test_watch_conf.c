/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Where auditd's log is, and whether it can be relied on.
 */
#include "auditd_conf.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "test.h"
#include "watch_kit.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))
#define STANDARD "/var/log/audit/audit.log"

static const struct {
	const char *text;
	unsigned wrong;
	const char *log_file;
	bool write_logs;
} settings[] = {
	{ "", 0, STANDARD, true },
	{ "\n\n# a comment\n   # another = one\n", 0, STANDARD, true },
	{ "log_file = /a/b", 0, "/a/b", true },
	{ "log_file = /a/b\n", 0, "/a/b", true },
	{ "  LOG_File   =   /a/b   \r\n", 0, "/a/b", true },
	{ "log_file=/a/b=c\n", 0, "/a/b=c", true },
	{ "\tlog_file\t=\t/a/b\t\n", 0, "/a/b", true },
	{ "##log_file = /a\nlog_files = /b\nname = x y\n", 0, STANDARD, true },
	{ "log_file = /a\nlog_file = /b\n", 0, "/b", true },
	{ "write_logs = yes\n", 0, STANDARD, true },
	{ "write_logs = NO\n", 0, STANDARD, false },
	{ "write_logs = no\nwrite_logs = Yes\n", 0, STANDARD, true },
	{ "log_format = RAW\n", 0, STANDARD, true },
	{ "log_format = Enriched\n", 0, STANDARD, true },
	{ "log_format = NoLog\n", 0, STANDARD, false },
	{ "log_format = NOLOG\nwrite_logs = yes\n", 0, STANDARD, false },
	{ "log_format = NOLOG\nlog_format = RAW\n", 0, STANDARD, true },
	{ "\nlog_file\n", 2, STANDARD, true },
	{ "log_file =\n", 1, STANDARD, true },
	{ "log_file = audit.log\nlog_file = /a\n", 1, "/a", true },
	{ "\n\nwrite_logs = perhaps\n", 3, STANDARD, true },
	{ "log_format =\n", 1, STANDARD, true },
	{ "something\nelse\n", 1, STANDARD, true },
};

static void test_parse(void)
{
	struct qm_auditd_conf conf;

	for (size_t i = 0; i < COUNT(settings); i++) {
		memset(&conf, 0xff, sizeof(conf));
		QM_INT(qm_auditd_conf_parse(settings[i].text, strlen(settings[i].text), &conf),
			   settings[i].wrong);
		QM_STR(conf.log_file, settings[i].log_file);
		QM_INT(conf.write_logs, settings[i].write_logs);
	}
}

/** As Debian 12 installs it. */
static void test_debian(void)
{
	static const char text[] =
		"#\n# This file controls the configuration of the audit daemon\n#\n\n"
		"local_events = yes\nwrite_logs = yes\nlog_file = /var/log/audit/audit.log\n"
		"log_group = adm\nlog_format = ENRICHED\nflush = INCREMENTAL_ASYNC\nfreq = 50\n"
		"max_log_file = 8\nnum_logs = 5\npriority_boost = 4\nname_format = NONE\n"
		"##name = mydomain\nmax_log_file_action = ROTATE\nspace_left = 75\n"
		"##tcp_listen_port = 60\nuse_libwrap = yes\ntransport = TCP\n";
	struct qm_auditd_conf conf;

	QM_INT(qm_auditd_conf_parse(text, strlen(text), &conf), 0);
	QM_STR(conf.log_file, STANDARD);
	CU_ASSERT(conf.write_logs);
}

/** Paths and lines at their bounds, and a NUL in a path. */
static void test_long(void)
{
	static char text[3 * PATH_MAX];
	struct qm_auditd_conf conf;
	int len;

	len = snprintf(text, sizeof(text), "log_file = /%0*d\n", PATH_MAX - 13, 0);
	QM_INT(qm_auditd_conf_parse(text, (size_t)len, &conf), 0);
	QM_INT(strlen(conf.log_file), PATH_MAX - 12);
	len = snprintf(text, sizeof(text), "log_file=/%0*d\n", PATH_MAX - 10, 0);
	QM_INT(qm_auditd_conf_parse(text, (size_t)len, &conf), 0);
	QM_INT(strlen(conf.log_file), PATH_MAX - 9);
	len = snprintf(text, sizeof(text), "log_file = /%0*d\nlog_file = /a\n", PATH_MAX, 0);
	QM_INT(qm_auditd_conf_parse(text, (size_t)len, &conf), 0);
	QM_STR(conf.log_file, "/a");
	QM_INT(qm_auditd_conf_parse("log_file = /a\0b\n", 16, &conf), 1);
	QM_STR(conf.log_file, STANDARD);
}

/** Appends to what auditd's settings were. */
static void set_conf(const struct watch_place *place, const char *log, const char *more)
{
	char text[PATH_MAX];

	snprintf(text, sizeof(text), "log_file = %s\n%s", log, more);
	watch_write(place->conf, text);
}

static void expect(struct qm_watch *watch, bool confirms, const char *complaint)
{
	watch_state(watch);
	QM_INT(qm_watch_confirms(watch), confirms);
	if (confirms) {
		QM_STR(qm_watch_complaint(watch), "");
	} else if (!strstr(qm_watch_complaint(watch), complaint)) {
		QM_STR(qm_watch_complaint(watch), complaint);
	}
}

/** The settings change while it is watched. */
static void test_changes(void)
{
	struct watch_place place = watch_place();
	struct qm_watch *watch = watch_start(&place, NULL);
	struct watch_seen seen = { 0 };

	expect(watch, true, "");
	set_conf(&place, place.log, "write_logs = no\n");
	expect(watch, false, "write_logs = yes");
	QM_FAILS(watch_read(watch, &seen), -ENOTSUP);
	set_conf(&place, place.log, "log_format = raw\n");
	expect(watch, true, "");
	set_conf(&place, place.log, "write_logs = dunno\n");
	expect(watch, false, "line 2 of ");
	set_conf(&place, place.log, "");
	expect(watch, true, "");
	QM_OK(unlink(place.conf));
	/* auditd then does without, and has its standard log */
	watch_state(watch);
	CU_ASSERT(!strstr(qm_watch_complaint(watch), place.dir));
	QM_OK(mkdir(place.conf, 0700));
	expect(watch, false, "reading ");
	CU_ASSERT_PTR_NULL(qm_watch_free(watch));
	watch_remove(&place);
}

/** A log that is named is read whatever becomes of auditd's settings. */
static void test_named(void)
{
	struct watch_place place = watch_place();
	struct qm_watch *watch = watch_start(&place, place.log);
	struct watch_seen seen = { 0 };
	uint64_t mark;

	expect(watch, true, "");
	watch_write(place.conf, "nonsense\n");
	expect(watch, true, "");
	QM_OK(unlink(place.conf));
	expect(watch, true, "");
	mark = watch_record(&place, WATCH_ENRICHED);
	watch_read_all(watch, &seen);
	QM_INT(seen.n, 1);
	CU_ASSERT(seen.n == 1 && seen.marks[0] == mark);
	watch_write(place.conf, "write_logs = no\n");
	expect(watch, false, "writes no log");
	watch_forget(&seen);
	CU_ASSERT_PTR_NULL(qm_watch_free(watch));
	watch_remove(&place);
}

static void test_none(void)
{
	struct watch_place place = watch_place();
	struct qm_watch *watch = watch_start(&place, "");
	struct watch_seen seen = { 0 };

	expect(watch, false, "as it is set");
	watch_record(&place, WATCH_RAW);
	CU_ASSERT(watch_read(watch, &seen) < 0);
	QM_INT(seen.n, 0);
	QM_INT(watch_state(watch), QM_SINK_READY);
	CU_ASSERT_PTR_NULL(qm_watch_free(watch));
	watch_remove(&place);
}

/** A file that is much too large. */
static void test_huge(void)
{
	struct watch_place place = watch_place();
	struct qm_watch *watch = watch_start(&place, NULL);

	QM_OK(truncate(place.conf, QM_AUDITD_CONF_MAX + 1));
	expect(watch, false, "File too large");
	set_conf(&place, place.log, "");
	expect(watch, true, "");
	CU_ASSERT_PTR_NULL(qm_watch_free(watch));
	watch_remove(&place);
}

/** auditd is told later than its settings are changed: until then the old log counts. */
static void test_moved(void)
{
	struct watch_place place = watch_place(), other = place;
	struct qm_watch *watch = watch_start(&place, NULL);
	struct watch_seen seen = { 0 };
	uint64_t marks[3];

	snprintf(other.log, sizeof(other.log), "%s/other.log", place.dir);
	watch_write(other.log, "type=DAEMON_END msg=audit(1.000:1): op=terminate\n");
	expect(watch, true, "");
	usleep(20000);
	marks[0] = watch_record(&place, WATCH_RAW);
	set_conf(&place, other.log, "");
	watch_read_all(watch, &seen);
	marks[1] = watch_record(&place, WATCH_RAW);
	watch_read_all(watch, &seen);
	QM_INT(seen.n, 2);
	usleep(20000);
	snprintf(place.log, sizeof(place.log), "%s", other.log);
	watch_rotate(&place, 5);
	marks[2] = watch_record(&place, WATCH_RAW);
	watch_read_all(watch, &seen);
	QM_INT(seen.n, 3);
	CU_ASSERT(seen.n == 3 && !memcmp(seen.marks, marks, sizeof(marks)));
	expect(watch, true, "");
	watch_forget(&seen);
	CU_ASSERT_PTR_NULL(qm_watch_free(watch));
	watch_remove(&place);
}

/** In a process without root's power to read everything: 0 when all was as it should. */
static int denied(const struct watch_place *place, const char *path)
{
	struct qm_watch *watch;

	QM_OK(chmod(place->dir, 0755));
	if (setresgid(65534, 65534, 65534) < 0 || setresuid(65534, 65534, 65534) < 0) {
		return 1;
	}
	watch = watch_start(place, NULL);
	if (watch_state(watch) == QM_SINK_NO_AUDITD || qm_watch_confirms(watch) ||
		!strstr(qm_watch_complaint(watch), path) ||
		!strstr(qm_watch_complaint(watch), "AppArmor")) {
		return 2;
	}
	qm_watch_free(watch);
	return 0;
}

static void test_denied(void)
{
	struct watch_place place = watch_place();
	const char *const paths[] = { place.log, place.conf };
	int status;
	pid_t pid;

	if (!watch_is_root()) {
		qm_test_skip("only root can give up its rights");
		watch_remove(&place);
		return;
	}
	for (size_t i = 0; i < COUNT(paths); i++) {
		QM_OK(chmod(place.log, i ? 0644 : 0600));
		QM_OK(chmod(place.conf, i ? 0600 : 0644));
		pid = fork();
		if (!pid) {
			_exit(denied(&place, paths[i]));
		}
		status = -1;
		QM_OK(waitpid(pid, &status, 0));
		QM_INT(status, 0);
	}
	watch_remove(&place);
}

CU_TestInfo watch_conf_tests[] = {
	{ "settings, and lines that are none", test_parse },
	{ "Debian's settings", test_debian },
	{ "long paths and lines", test_long },
	{ "the settings change", test_changes },
	{ "a log that is named", test_named },
	{ "no log is read", test_none },
	{ "a huge file", test_huge },
	{ "the log gets another name", test_moved },
	{ "files that may not be read", test_denied },
	CU_TEST_INFO_NULL,
};
