/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "watch_kit.h"

#include <errno.h>
#include <fcntl.h>
#include <ftw.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "clock.h"
#include "test.h"

#define FIRST_NAMESPACE "pid:[4026531836]"

static uint64_t skipped_ms;

struct qm_time __real_qm_time_now(void);
struct qm_time __wrap_qm_time_now(void);

struct qm_time __wrap_qm_time_now(void)
{
	struct qm_time now = __real_qm_time_now();

	now.mono_ms += skipped_ms;
	now.wall_ms += skipped_ms;
	return now;
}

void watch_skip_ms(uint64_t ms)
{
	skipped_ms += ms;
}

bool watch_is_root(void)
{
	return geteuid() == 0;
}

void watch_write(const char *path, const char *text)
{
	FILE *file = fopen(path, "w");

	CU_ASSERT_PTR_NOT_NULL_FATAL(file);
	fputs(text, file);
	QM_OK(fclose(file));
}

void watch_process(const struct watch_place *place, uint32_t pid, const char *name,
				   char state)
{
	char path[PATH_MAX], text[256];

	snprintf(path, sizeof(path), "%s/%u", place->proc, pid);
	mkdir(path, 0755);
	snprintf(path, sizeof(path), "%s/%u/stat", place->proc, pid);
	snprintf(text, sizeof(text), "%u (%s) %c 1 345 345 0 -1 4194624 1207 0 2 0 3 5\n",
			 pid, name, state);
	watch_write(path, text);
}

void watch_no_process(const struct watch_place *place, uint32_t pid)
{
	char path[PATH_MAX];

	snprintf(path, sizeof(path), "%s/%u/stat", place->proc, pid);
	unlink(path);
	snprintf(path, sizeof(path), "%s/%u", place->proc, pid);
	rmdir(path);
}

static void make_proc(const struct watch_place *place)
{
	char path[PATH_MAX];

	QM_OK(mkdir(place->proc, 0755));
	watch_process(place, 1, "systemd", 'S');
	watch_process(place, WATCH_PID, "auditd", 'S');
	snprintf(path, sizeof(path), "%s/self", place->proc);
	QM_OK(mkdir(path, 0755));
	snprintf(path, sizeof(path), "%s/self/ns", place->proc);
	QM_OK(mkdir(path, 0755));
	snprintf(path, sizeof(path), "%s/self/ns/pid", place->proc);
	QM_OK(symlink(FIRST_NAMESPACE, path));
}

static void open_log(struct watch_place *place)
{
	place->fd = open(place->log, O_WRONLY | O_APPEND | O_CREAT | O_CLOEXEC, 0600);
	QM_OK_FATAL(place->fd);
}

struct watch_place watch_place(void)
{
	const char *tmp = getenv("TMPDIR");
	struct watch_place place = { .fd = -1 };
	char text[PATH_MAX];

	snprintf(place.dir, sizeof(place.dir), "%s/qm-audit-test.XXXXXX", tmp ? tmp : "/tmp");
	CU_ASSERT_PTR_NOT_NULL_FATAL(mkdtemp(place.dir));
	snprintf(place.proc, sizeof(place.proc), "%s/proc", place.dir);
	snprintf(place.pid_file, sizeof(place.pid_file), "%s/auditd.pid", place.dir);
	snprintf(place.newer_pid_file, sizeof(place.newer_pid_file), "%s/newer.pid",
			 place.dir);
	snprintf(place.conf, sizeof(place.conf), "%s/auditd.conf", place.dir);
	snprintf(place.log, sizeof(place.log), "%s/audit.log", place.dir);
	make_proc(&place);
	snprintf(text, sizeof(text), "%d\n", WATCH_PID);
	watch_write(place.pid_file, text);
	snprintf(text, sizeof(text), "log_file = %s\nlog_format = ENRICHED\n", place.log);
	watch_write(place.conf, text);
	open_log(&place);
	return place;
}

static int remove_one(const char *path, const struct stat *st, int type, struct FTW *ftw)
{
	(void)st;
	(void)type;
	(void)ftw;
	return remove(path);
}

void watch_remove(struct watch_place *place)
{
	close(place->fd);
	QM_OK(nftw(place->dir, remove_one, 16, FTW_DEPTH | FTW_PHYS));
}

struct qm_watch *watch_start(const struct watch_place *place, const char *log)
{
	const struct qm_watch_config config = {
		.log = log,
		.auditd_conf = place->conf,
		.pid_file = place->pid_file,
		.newer_pid_file = place->newer_pid_file,
		.proc = place->proc,
	};
	struct qm_watch *watch = NULL;

	QM_OK_FATAL(qm_watch_new(&watch, &config));
	return watch;
}

enum qm_sink_state watch_state(struct qm_watch *watch)
{
	struct qm_watch_view view;

	memset(&view, 0xff, sizeof(view));
	qm_watch_look(watch, &view);
	return view.state;
}

size_t watch_line(char *buf, size_t size, enum watch_form form, unsigned serial,
				  const char *body)
{
	static const char names[] = "\x1dUID=\"root\" AUID=\"unset\"";
	int n = snprintf(buf, size,
					 "%stype=%s msg=audit(1795438975.152:%u): pid=812 uid=0 "
					 "auid=4294967295 ses=4294967295 subj=unconfined msg='%s "
					 "exe=\"/usr/lib/ipsec/charon\" hostname=? addr=192.0.2.1 terminal=? "
					 "res=success'%s\n",
					 form == WATCH_NODE ? "node=gw.example.org " : "",
					 form == WATCH_UNKNOWN ? "UNKNOWN[2409]" : "CRYPTO_IPSEC_SA", serial,
					 body, form == WATCH_ENRICHED ? names : "");

	CU_ASSERT_FATAL(n > 0 && (size_t)n < size);
	return (size_t)n;
}

void watch_append(struct watch_place *place, const char *data, size_t len)
{
	QM_INT(write(place->fd, data, len), len);
}

static void make_body(char *body, size_t size, unsigned serial)
{
	snprintf(body, size, "op=start event-id=5451 rec-seq=%u", serial);
}

uint64_t watch_mark(unsigned serial)
{
	char body[64];

	make_body(body, sizeof(body), serial);
	return qm_watch_mark(body, strlen(body));
}

uint64_t watch_record(struct watch_place *place, enum watch_form form)
{
	char body[64], line[512];
	size_t len;

	make_body(body, sizeof(body), ++place->serial);
	len = watch_line(line, sizeof(line), form, place->serial, body);
	watch_append(place, line, len);
	return watch_mark(place->serial);
}

void watch_rotate(struct watch_place *place, unsigned keep)
{
	char from[PATH_MAX], to[PATH_MAX];

	close(place->fd);
	for (unsigned n = keep - 1; n; n--) {
		snprintf(to, sizeof(to), "%s.%u", place->log, n);
		if (n > 1) {
			snprintf(from, sizeof(from), "%s.%u", place->log, n - 1);
		} else {
			snprintf(from, sizeof(from), "%s", place->log);
		}
		if (rename(from, to) < 0) {
			CU_ASSERT_EQUAL(errno, ENOENT);
		}
	}
	open_log(place);
}

static void see(void *user, uint64_t mark)
{
	struct watch_seen *seen = user;

	if (seen->n == seen->size) {
		seen->size = seen->size ? 2 * seen->size : 64;
		seen->marks = realloc(seen->marks, seen->size * sizeof(*seen->marks));
		CU_ASSERT_PTR_NOT_NULL_FATAL(seen->marks);
	}
	seen->marks[seen->n++] = mark;
}

int watch_read(struct qm_watch *watch, struct watch_seen *seen)
{
	return qm_watch_read(watch, see, seen);
}

void watch_read_all(struct qm_watch *watch, struct watch_seen *seen)
{
	int r;

	do {
		r = watch_read(watch, seen);
	} while (r == 1);
	QM_INT(r, 0);
}

void watch_forget(struct watch_seen *seen)
{
	free(seen->marks);
	*seen = (struct watch_seen){ 0 };
}
