/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "watch.h"

#include <errno.h>
#include <fcntl.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "auditd_conf.h"
#include "clock.h"
#include "status.h"
#include "watch_kernel.h"
#include "watch_log.h"
#include "watch_process.h"

#define DEFAULT_CONF "/etc/audit/auditd.conf"
#define DEFAULT_PID_FILE "/run/auditd.pid"
/* since auditd 4.1 */
#define NEWER_PID_FILE "/run/audit/auditd.pid"
#define DEFAULT_PROC "/proc"

/** A version of a file. */
struct edition {
	struct timespec mtime;
	dev_t dev;
	ino_t ino;
	off_t size;
};

/** How often to look for auditd among all processes. */
#define FIND_MS 1000

struct qm_watch {
	/* NULL: what auditd.conf says; "": none */
	char *log_file;
	char *conf_file;
	char *pid_file;
	char *newer_pid_file;
	char *proc;
	bool ask_kernel;
	struct qm_watch_kernel kernel;

	struct qm_auditd_conf conf;
	/** of the settings, when last read: 0 or a negative errno, and a line */
	int conf_error;
	unsigned conf_line;
	struct edition edition;
	uint64_t conf_at_ms;

	/** of the pid file, when last read: 0 or a negative errno */
	int pid_error;
	/** auditd, found without it, 0 for none; not looked for again before then */
	uint32_t found_pid;
	uint64_t find_at_ms;
	uint64_t pid_at_ms;

	/** takes the records in auditd's place, "" if nobody is known to */
	char other[32];
	/** of the log, when last looked at: 0 or a negative errno */
	int log_error;
	uint64_t log_at_ms;

	char complaint[QM_WATCH_COMPLAINT_MAX];
	char process_complaint[QM_WATCH_COMPLAINT_MAX];
	struct qm_watch_log log;
};

static void __attribute__((format(printf, 2, 3)))
complain(char complaint[QM_WATCH_COMPLAINT_MAX], const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	vsnprintf(complaint, QM_WATCH_COMPLAINT_MAX, fmt, args);
	va_end(args);
}

/** @return whether it could be copied, or is NULL */
static bool copy(char **ret, const char *s)
{
	size_t size;

	if (!s) {
		return true;
	}
	size = strlen(s) + 1;
	*ret = malloc(size);
	if (!*ret) {
		return false;
	}
	memcpy(*ret, s, size);
	return true;
}

int qm_watch_new(struct qm_watch **ret, const struct qm_watch_config *config)
{
	struct qm_watch *watch = calloc(1, sizeof(*watch));

	if (!watch) {
		return -ENOMEM;
	}
	watch->ask_kernel = config->ask_kernel;
	qm_watch_kernel_init(&watch->kernel);
	watch->conf_error = -ENOENT;
	watch->log_error = -ENOENT;
	qm_auditd_conf_init(&watch->conf);
	qm_watch_log_init(&watch->log);
	watch->log.sync = config->sync;
	if (!copy(&watch->log_file, config->log) ||
		!copy(&watch->conf_file,
			  config->auditd_conf ? config->auditd_conf : DEFAULT_CONF) ||
		!copy(&watch->pid_file, config->pid_file ? config->pid_file : DEFAULT_PID_FILE) ||
		!copy(&watch->newer_pid_file,
			  config->newer_pid_file ? config->newer_pid_file : NEWER_PID_FILE) ||
		!copy(&watch->proc, config->proc ? config->proc : DEFAULT_PROC)) {
		qm_watch_free(watch);
		return -ENOMEM;
	}
	*ret = watch;
	return 0;
}

static bool is_same_edition(const struct edition *a, const struct edition *b)
{
	return a->mtime.tv_sec == b->mtime.tv_sec && a->mtime.tv_nsec == b->mtime.tv_nsec &&
		   a->dev == b->dev && a->ino == b->ino && a->size == b->size;
}

/** Reads auditd's settings from an open file, where they are not those known. */
static int read_conf(struct qm_watch *watch, int fd)
{
	struct edition edition;
	struct stat st;

	if (fstat(fd, &st) < 0) {
		return -errno;
	}
	if (!S_ISREG(st.st_mode)) {
		return -EISDIR;
	}
	edition = (struct edition){ st.st_mtim, st.st_dev, st.st_ino, st.st_size };
	if (is_same_edition(&edition, &watch->edition)) {
		return watch->conf_error;
	}
	watch->edition = edition;
	return qm_auditd_conf_read(fd, &watch->conf, &watch->conf_line);
}

/** Whether to leave alone for now what was denied. */
static bool rests(int error, uint64_t at_ms)
{
	return (error == -EACCES || error == -EPERM) && qm_time_now().mono_ms < at_ms;
}

static uint64_t next_time(void)
{
	return qm_time_now().mono_ms + QM_WATCH_AGAIN_MS;
}

/** Learns what auditd's settings say now. */
static void refresh_conf(struct qm_watch *watch)
{
	int fd;

	if (rests(watch->conf_error, watch->conf_at_ms)) {
		return;
	}
	fd = open(watch->conf_file, O_RDONLY | O_CLOEXEC | O_NONBLOCK | O_NOCTTY);
	if (fd < 0) {
		watch->conf_error = -errno;
		watch->conf_at_ms = next_time();
		watch->edition.size = -1;
		qm_auditd_conf_init(&watch->conf);
		return;
	}
	watch->conf_error = read_conf(watch, fd);
	if (watch->conf_error == -ENOMEM) {
		watch->edition.size = -1;
	}
	close(fd);
}

/** Whether it is known where auditd writes its log, and that it does. */
static bool knows_log(struct qm_watch *watch)
{
	char *const why = watch->complaint;

	if (watch->log_file && !*watch->log_file) {
		complain(why, "no log of auditd is read, as it is set: records can get lost "
					  "unnoticed unless that setting names one");
	} else if (*watch->other) {
		complain(why, "'%s' takes the audit records in auditd's place, and they cannot "
					  "be seen to arrive: see there that they do", watch->other);
	} else if (!watch->conf.write_logs) {
		complain(why, "auditd writes no log, says %s: set write_logs = yes there, or "
					  "see on its receiver that records arrive", watch->conf_file);
	} else if (!watch->conf_error || watch->conf_error == -ENOENT || watch->log_file) {
		return true;
	} else if (watch->conf_error == -EINVAL) {
		complain(why, "line %u of %s is none that auditd understands: correct it, or "
					  "set the path of auditd's log here", watch->conf_line,
				 watch->conf_file);
	} else {
		complain(why, "reading %s, which says where auditd's log is, failed: %s; let "
					  "the daemon read it (also in AppArmor or SELinux), or set the "
					  "log's path here", watch->conf_file, strerror(-watch->conf_error));
	}
	return false;
}

/** What is wrong with the log, for errors that have a meaning of their own. */
static const char *what_failed(int error)
{
	switch (error) {
	case -ESTALE:
		return "it was removed, and auditd may still write to it: restart auditd";
	case -ENOENT:
		return "it is not there: start auditd, or, in a container, mount its directory";
	case -ELOOP:
	case -EINVAL:
		return "it is not a regular file, as auditd would have it: put one there, or set "
			   "the path of auditd's own";
	case -EACCES:
	case -EPERM:
		return "permission denied: let the daemon read it and its directory (owner, "
			   "AppArmor, SELinux)";
	default:
		return NULL;
	}
}

/** Tells what came of looking at the log, or of reading it. */
static void take_log_result(struct qm_watch *watch, int r)
{
	const char *what;

	watch->log_error = r < 0 ? r : 0;
	if (r < 0) {
		what = what_failed(r);
		watch->log_at_ms = next_time();
		complain(watch->complaint, "reading auditd's log %s failed: %s%s",
				 watch->log.path, what ? what : strerror(-r),
				 what ? "" : "; see to the file system that it is on");
	} else {
		watch->complaint[0] = '\0';
	}
}

static const char *log_path(const struct qm_watch *watch)
{
	return watch->log_file ? watch->log_file : watch->conf.log_file;
}

/** Learns which log there is to read. @return whether to read it now */
static bool refresh_log(struct qm_watch *watch)
{
	if (!knows_log(watch)) {
		watch->log_error = -ENOTSUP;
		return false;
	}
	qm_watch_log_name(&watch->log, log_path(watch));
	return !rests(watch->log_error, watch->log_at_ms);
}

/** Whether this system has an auditd that could run. */
static bool has_auditd(const struct qm_watch *watch)
{
	return watch->conf_error != -ENOENT || !access(log_path(watch), F_OK);
}

/** What the process in the pid file does. */
static enum qm_sink_state judge_process(const struct qm_process *process)
{
	switch (process->state) {
	case QM_PROCESS_HIDDEN:
		return QM_SINK_UNVERIFIED;
	case QM_PROCESS_STOPPED:
		return qm_process_is_auditd(process) ? QM_SINK_AUDITD_STUCK : QM_SINK_NO_AUDITD;
	case QM_PROCESS_RUNS:
		return qm_process_is_auditd(process) ? QM_SINK_READY : QM_SINK_NO_AUDITD;
	case QM_PROCESS_GONE:
	default:
		return QM_SINK_NO_AUDITD;
	}
}

/**
 * Learns auditd's number: from its pid file; and where that is not to be seen, as in a
 * mount namespace with a /run of its own, from /proc.
 */
static int learn_pid(struct qm_watch *watch, uint32_t *ret)
{
	struct qm_process process;
	int r = qm_process_read_pid(watch->pid_file, ret);

	if (r == -ENOENT) {
		r = qm_process_read_pid(watch->newer_pid_file, ret);
	}
	if (r != -ENOENT) {
		return r;
	}
	if (watch->found_pid) {
		qm_process_look(watch->proc, watch->found_pid, &process);
		if (!qm_process_is_auditd(&process)) {
			/* it may have been one that starts another, and ends */
			watch->found_pid = 0;
			watch->find_at_ms = 0;
		}
	}
	if (!watch->found_pid && qm_time_now().mono_ms >= watch->find_at_ms) {
		watch->find_at_ms = qm_time_now().mono_ms + FIND_MS;
		qm_process_find_auditd(watch->proc, &watch->found_pid);
	}
	*ret = watch->found_pid;
	return watch->found_pid ? 0 : r;
}

/** What it means that auditd's number cannot be learnt. */
static enum qm_sink_state judge_pid_error(struct qm_watch *watch)
{
	watch->pid_at_ms = next_time();
	if (watch->pid_error == -ENOENT && has_auditd(watch)) {
		return QM_SINK_NO_AUDITD;
	}
	complain(watch->process_complaint,
			 "reading auditd's process id from %s failed: %s; start auditd, and let the "
			 "daemon read that file (in a container, mount it)", watch->pid_file,
			 strerror(-watch->pid_error));
	return QM_SINK_UNVERIFIED;
}

/**
 * Looks at auditd. In a container with a PID namespace of its own its number would be
 * another process's.
 */
static enum qm_sink_state look_process(struct qm_watch *watch, uint32_t *ret_pid)
{
	char *const why = watch->process_complaint;
	struct qm_process process;
	enum qm_sink_state state;
	uint32_t pid;

	if (rests(watch->pid_error, watch->pid_at_ms)) {
		return QM_SINK_UNVERIFIED;
	}
	why[0] = '\0';
	if (!qm_process_is_first_namespace(watch->proc)) {
		complain(why, "auditd cannot be looked at: %s/self/ns/pid is not the host's PID "
					  "namespace; only its log can tell, or, in a container, use the "
					  "host's (--pid=host)", watch->proc);
		return QM_SINK_UNVERIFIED;
	}
	watch->pid_error = learn_pid(watch, &pid);
	if (watch->pid_error < 0) {
		return judge_pid_error(watch);
	}
	qm_process_look(watch->proc, pid, &process);
	state = judge_process(&process);
	if (state == QM_SINK_UNVERIFIED) {
		complain(why, "auditd, process %u, cannot be looked at: let the daemon read "
					  "%s/%u/stat (AppArmor, SELinux, hidepid=)", pid, watch->proc, pid);
	}
	*ret_pid = state == QM_SINK_NO_AUDITD ? 0 : pid;
	return state;
}

/** Looks at the process that the kernel names; that it is hidden proves nothing. */
static enum qm_sink_state judge_listener(struct qm_watch *watch, uint32_t pid)
{
	struct qm_process process;

	qm_process_look(watch->proc, pid, &process);
	if (process.state == QM_PROCESS_GONE) {
		return QM_SINK_NO_AUDITD;
	}
	if (*process.name && !qm_process_is_auditd(&process)) {
		memcpy(watch->other, process.name, sizeof(watch->other));
	}
	return process.state == QM_PROCESS_STOPPED ? QM_SINK_AUDITD_STUCK : QM_SINK_READY;
}

/** Adds the kernel's word to what is known of the process. */
static void look_kernel(struct qm_watch *watch, struct qm_watch_view *view)
{
	struct qm_status status;

	watch->other[0] = '\0';
	if (!qm_watch_kernel_ask(&watch->kernel, &status)) {
		if (watch->kernel.unasked != QM_SINK_UNVERIFIED) {
			view->state = watch->kernel.unasked;
		}
		return;
	}
	view->has_lost = status.has_lost;
	view->lost = status.has_lost ? status.lost : 0;
	view->auditd_pid = status.pid;
	view->state = qm_status_judge(&status);
	if (view->state == QM_SINK_READY) {
		view->state = judge_listener(watch, status.pid);
	}
}

void qm_watch_look(struct qm_watch *watch, struct qm_watch_view *ret)
{
	struct qm_watch_view view = { 0 };

	refresh_conf(watch);
	view.state = look_process(watch, &view.auditd_pid);
	/* one that stands still lets the kernel fill up, which then makes us wait */
	if (watch->ask_kernel && view.state != QM_SINK_AUDITD_STUCK) {
		look_kernel(watch, &view);
	}
	if (refresh_log(watch)) {
		take_log_result(watch, qm_watch_log_check(&watch->log));
	}
	*ret = view;
}

bool qm_watch_confirms(const struct qm_watch *watch)
{
	return !watch->log_error;
}

const char *qm_watch_complaint(const struct qm_watch *watch)
{
	if (*watch->complaint) {
		return watch->complaint;
	}
	return *watch->kernel.complaint ? watch->kernel.complaint : watch->process_complaint;
}

struct marking {
	void (*seen)(void *user, uint64_t mark);
	void *user;
};

static void mark_body(void *user, const char *body, size_t len)
{
	const struct marking *marking = user;

	marking->seen(marking->user, qm_watch_mark(body, len));
}

int qm_watch_read(struct qm_watch *watch, void (*seen)(void *user, uint64_t mark),
				  void *user)
{
	struct marking marking = { seen, user };

	int r;

	refresh_conf(watch);
	if (!refresh_log(watch)) {
		return watch->log_error;
	}
	r = qm_watch_log_read(&watch->log, mark_body, &marking);
	take_log_result(watch, r);
	return r;
}

int qm_watch_sync(struct qm_watch *watch)
{
	return qm_watch_log_sync(&watch->log);
}

struct qm_watch *qm_watch_free(struct qm_watch *watch)
{
	if (watch) {
		qm_watch_kernel_end(&watch->kernel);
		qm_watch_log_end(&watch->log);
		free(watch->log_file);
		free(watch->conf_file);
		free(watch->pid_file);
		free(watch->newer_pid_file);
		free(watch->proc);
		free(watch);
	}
	return NULL;
}
