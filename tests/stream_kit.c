/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stream_kit.h"

#include <errno.h>
#include <linux/sockios.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <sys/prctl.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "reader/cmd.h"
#include "syntax.h"
#include "test.h"

#define WORDS_MAX 8

static const struct timespec moment = { 0, 5000000 };

/** The process's socket to syslog leads into its directory. */
static const char *log_path;

int __real_connect(int fd, const struct sockaddr *address, socklen_t len);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t len);
int __wrap_connect(int fd, const struct sockaddr *address, socklen_t len)
{
	struct sockaddr_un other = { .sun_family = AF_UNIX };

	if (log_path &&
		!strcmp(((const struct sockaddr_un *)address)->sun_path, "/dev/log")) {
		snprintf(other.sun_path, sizeof(other.sun_path), "%s", log_path);
		return __real_connect(fd, (const struct sockaddr *)&other, sizeof(other));
	}
	return __real_connect(fd, address, len);
}

/** How often the process waited: it must not look again and again. */
static unsigned long polls;

int __real_poll(struct pollfd *fds, nfds_t count, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout);
int __wrap_poll(struct pollfd *fds, nfds_t count, int timeout)
{
	polls++;
	return __real_poll(fds, count, timeout);
}

bool stream_begin(struct stream_kit *kit)
{
	memset(kit, 0, sizeof(*kit));
	kit->in = kit->out = kit->listener = kit->peer = -1;
	return kit_begin(&kit->kit);
}

static void close_one(int *fd)
{
	if (*fd >= 0) {
		close(*fd);
	}
	*fd = -1;
}

void stream_end(struct stream_kit *kit)
{
	if (kit->pid > 0) {
		kill(kit->pid, SIGKILL);
		waitpid(kit->pid, NULL, 0);
	}
	close_one(&kit->in);
	close_one(&kit->out);
	close_one(&kit->peer);
	close_one(&kit->listener);
	stream_forget(&kit->tally);
	kit_end(&kit->kit);
}

/** The words with the directory put in; never freed, they are a process's arguments. */
static char *put_directory(const char *word, const char *dir)
{
	const char *at = strchr(word, '@');
	char *text = NULL;

	if (!at || asprintf(&text, "%.*s%s%s", (int)(at - word), word, dir, at + 1) < 0) {
		return strdup(word);
	}
	return text;
}

static void run(struct stream_kit *kit, const char *words, int in, int out)
{
	char *line = strdup(words), *save = NULL, *argv[WORDS_MAX + 1] = { strdup("stream") };
	char count[24];
	int argc = 1, status;

	for (char *word = strtok_r(line, " ", &save); word && argc < WORDS_MAX;
		 word = strtok_r(NULL, " ", &save)) {
		argv[argc++] = put_directory(word, kit->kit.dir);
	}
	alarm(0);
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	log_path = strdup(kit_path(&kit->kit, "log"));
	if (dup2(in, STDIN_FILENO) < 0 || dup2(out, STDOUT_FILENO) < 0 ||
		!freopen(kit_path(&kit->kit, "err"), "a", stderr)) {
		_exit(99);
	}
	closefrom(STDERR_FILENO + 1);
	if (kit->without_input) {
		close(STDIN_FILENO);
	}
	status = qm_cmd_stream(argc, argv);
	snprintf(count, sizeof(count), "%lu", polls);
	kit_write(&kit->kit, "polls", count, 0600);
	fflush(NULL);
	_exit(status);
}

void stream_start(struct stream_kit *kit, const char *words)
{
	int in[2], out[2];

	/* auditd's are sockets, too */
	if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, in) < 0 || pipe(out) < 0) {
		abort();
	}
	signal(SIGPIPE, SIG_IGN);
	fflush(NULL);
	kit->pid = fork();
	if (!kit->pid) {
		run(kit, words, in[0], out[1]);
	}
	close(in[0]);
	close(out[1]);
	kit->in = in[1];
	kit->out = out[0];
}

void stream_close(struct stream_kit *kit)
{
	close_one(&kit->in);
}

int stream_finish(struct stream_kit *kit)
{
	int status = -1;

	close_one(&kit->in);
	waitpid(kit->pid, &status, 0);
	kit->pid = 0;
	return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

void stream_listen(struct stream_kit *kit, int type)
{
	struct sockaddr_un address = { .sun_family = AF_UNIX };

	snprintf(address.sun_path, sizeof(address.sun_path), "%.90s/sock", kit->kit.dir);
	unlink(address.sun_path);
	kit->listener = socket(AF_UNIX, type | SOCK_CLOEXEC, 0);
	if (bind(kit->listener, (struct sockaddr *)&address, sizeof(address)) < 0 ||
		(type != SOCK_DGRAM && listen(kit->listener, 4) < 0)) {
		abort();
	}
}

void stream_accept(struct stream_kit *kit)
{
	close_one(&kit->peer);
	kit->peer = accept(kit->listener, NULL, NULL);
}

void stream_deaf(struct stream_kit *kit)
{
	close_one(&kit->listener);
	unlink(kit_path(&kit->kit, "sock"));
}

/** A record of a failure, with so many bytes of proposals. */
static const char *make_record(const char *node, unsigned number, int bytes)
{
	static char text[STREAM_RECORD_MAX], proposals[STREAM_RECORD_MAX];

	memset(proposals, 'p', (size_t)bytes);
	snprintf(
		text, sizeof(text),
		"%stype=CRYPTO_IPSEC_SA msg=audit(1795438975.152:%u): pid=291 uid=0 "
		"auid=4294967295 ses=4294967295 subj=unconfined msg='op=start event-id=4654 "
		"acct=? direction=responder conn-name=\"gw\" child-name=\"net\" ike-version=2 "
		"instance=1 ike-sa=1 child-sa=2 reqid=? laddr=192.0.2.1 lport=500 "
		"raddr=192.0.2.2 rport=500 local-ts=? remote-ts=? proposals=\"%.*s\" "
		"local-id=\"moon\" remote-id=\"sun\" reason=ts-mismatch failure-point=local "
		"qm-state=none exchange=CREATE_CHILD_SA msgid=2 notify=TS_UNACCEPTABLE count=1 "
		"since=1795438975.152 when=1795438975.152 rec-seq=%u "
		"exe=\"/usr/sbin/charon-systemd\" hostname=? addr=192.0.2.2 terminal=? "
		"res=failed'\x1dUID=\"root\" AUID=\"unset\"\n",
		node, number + 1, bytes, proposals, number);
	return text;
}

const char *stream_record(const char *node, unsigned number)
{
	return make_record(node, number, 40);
}

const char *stream_long_record(unsigned number)
{
	/* of many lengths, for some to fit but in part */
	return make_record("", number, 50000 + (int)(number * 7919 % 8000));
}

void stream_write(struct stream_kit *kit, const char *text, size_t length, size_t size)
{
	while (length) {
		const size_t piece = size && size < length ? size : length;
		const ssize_t n = write(kit->in, text, piece);

		if (n < 0) {
			CU_FAIL("standard input is closed");
			return;
		}
		text += n;
		length -= (size_t)n;
	}
}

void stream_records(struct stream_kit *kit, unsigned count)
{
	while (count--) {
		const char *text = stream_record("", kit->next++);

		stream_write(kit, text, strlen(text), 0);
	}
}

void stream_await_input(struct stream_kit *kit)
{
	int unread;

	while (ioctl(kit->in, SIOCOUTQ, &unread) == 0 && unread) {
		nanosleep(&moment, NULL);
	}
}

static void note_problem(struct stream_tally *tally, const char *what, const char *line)
{
	if (!*tally->problem) {
		snprintf(tally->problem, sizeof(tally->problem), "%s, %u was due: %.200s", what,
				 tally->next, line);
	}
}

/** Counts a line with its newline, which must be the event that is due, or tell of a loss
 * there. */
static void count_line(struct stream_tally *tally, char *line, size_t length)
{
	const bool good = qm_syntax_json_lines((struct qm_span){ line, length });
	const char *seq, *count;

	line[length - 1] = '\0';
	seq = strstr(line, "\"rec-seq\":");
	count = strstr(line, "\"Count\":\"");
	if (!good) {
		note_problem(tally, "no line of JSON", line);
	} else if (strstr(line, "\"Cause\":\"stream\"") && count) {
		const unsigned long n = strtoul(count + 9, NULL, 10);

		tally->losses++;
		tally->dropped += (unsigned)n;
		tally->next += (unsigned)n;
	} else if (!seq || strtoul(seq + 10, NULL, 10) != tally->next) {
		note_problem(tally, "not the event that is due", line);
	} else {
		tally->events++;
		tally->next++;
	}
}

void stream_count(struct stream_tally *tally, const char *text, size_t length)
{
	char *rest = realloc(tally->rest, tally->rest_len + length + 1), *newline, *line;

	memcpy(rest + tally->rest_len, text, length);
	rest[tally->rest_len + length] = '\0';
	tally->rest = line = rest;
	tally->rest_len += length;
	while ((newline = memchr(line, '\n', tally->rest_len))) {
		const size_t size = (size_t)(newline + 1 - line);

		count_line(tally, line, size);
		line += size;
		tally->rest_len -= size;
	}
	memmove(rest, line, tally->rest_len + 1);
}

void stream_forget(struct stream_tally *tally)
{
	free(tally->rest);
	tally->rest = NULL;
	tally->rest_len = 0;
}

ssize_t stream_read(struct stream_kit *kit, int fd)
{
	static char chunk[262144];
	const ssize_t n = read(fd, chunk, sizeof(chunk));

	if (n > 0) {
		stream_count(&kit->tally, chunk, (size_t)n);
	}
	return n;
}

void stream_await(struct stream_kit *kit, int fd, unsigned count)
{
	while (kit->tally.next < count && !*kit->tally.problem && stream_read(kit, fd) > 0) {
	}
}

unsigned stream_times(struct stream_kit *kit, const char *name, const char *part)
{
	char *text = kit_read(&kit->kit, name);
	unsigned times = 0;

	for (const char *p = text; p && (p = strstr(p, part)); p++) {
		times++;
	}
	free(text);
	return times;
}

void stream_await_text(struct stream_kit *kit, const char *name, const char *part)
{
	while (!stream_times(kit, name, part)) {
		nanosleep(&moment, NULL);
	}
}

void stream_await_message(struct stream_kit *kit, const char *part)
{
	stream_await_text(kit, "err", part);
}
