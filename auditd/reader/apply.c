/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "apply.h"

#include <errno.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <spawn.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define PROGRAM "swanctl"
#define PLUGIN "qm-audit"

extern char **environ;

/** A run of swanctl. */
struct run {
	pid_t pid;
	/** what it prints */
	int out;
	char *output;
	size_t size;
	size_t len;
};

static int64_t now_ms(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/**
 * Starts a program with its output in a pipe and nothing to read. root's PATH lacks sbin
 * after a plain su, so it is looked for there as well.
 */
static int start(struct run *run, char *const *argv)
{
	static const char *const places[] = { PROGRAM, "/usr/sbin/" PROGRAM,
										  "/usr/local/sbin/" PROGRAM };
	posix_spawn_file_actions_t actions;
	int ends[2], error;

	if (pipe2(ends, O_CLOEXEC) < 0) {
		return -errno;
	}
	error = posix_spawn_file_actions_init(&actions);
	if (!error) {
		posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, "/dev/null", O_RDONLY,
										 0);
		posix_spawn_file_actions_adddup2(&actions, ends[1], STDOUT_FILENO);
		posix_spawn_file_actions_adddup2(&actions, ends[1], STDERR_FILENO);
		error = ENOENT;
		for (size_t i = 0; error == ENOENT && i < sizeof(places) / sizeof(places[0]);
			 i++) {
			error = posix_spawnp(&run->pid, places[i], &actions, NULL, argv, environ);
		}
		posix_spawn_file_actions_destroy(&actions);
	}
	close(ends[1]);
	if (error) {
		close(ends[0]);
		return -error;
	}
	run->out = ends[0];
	return 0;
}

/** Reads what a program prints until it has closed its output. @return 0, -ETIMEDOUT */
static int listen_to(struct run *run, int64_t deadline)
{
	char waste[512];
	ssize_t n = 1;

	while (n) {
		bool room = run->len < run->size - 1;
		struct pollfd fd = { .fd = run->out, .events = POLLIN };
		int64_t left = deadline - now_ms();

		if (left <= 0 || !poll(&fd, 1, (int)left)) {
			return -ETIMEDOUT;
		}
		if (!fd.revents) {
			continue;
		}
		n = room ? read(run->out, run->output + run->len, run->size - 1 - run->len)
				 : read(run->out, waste, sizeof(waste));
		if (n < 0) {
			break;
		}
		run->len += room ? (size_t)n : 0;
	}
	return 0;
}

/** Ends a program that does not end by itself. @return its status as from waitpid() */
static int finish(struct run *run, int64_t deadline)
{
	const struct timespec pause = { .tv_nsec = 5 * 1000 * 1000 };
	int status = -1;
	pid_t done;

	while (!(done = waitpid(run->pid, &status, WNOHANG)) && now_ms() < deadline) {
		nanosleep(&pause, NULL);
	}
	if (!done) {
		kill(run->pid, SIGKILL);
		waitpid(run->pid, &status, 0);
	}
	close(run->out);
	run->output[run->len] = '\0';
	while (run->len && run->output[run->len - 1] == '\n') {
		run->output[--run->len] = '\0';
	}
	return status;
}

/**
 * Runs swanctl.
 *
 * @return	its exit status; -ETIMEDOUT, or another negative errno where it cannot be run
 *			or was ended by a signal
 */
static int swanctl(const char *command, const char *uri, unsigned seconds, char *output,
				   size_t size)
{
	char program[] = PROGRAM, option[] = "--uri";
	char *argv[] = { program, strdupa(command), NULL, NULL, NULL };
	struct run run = { .output = output, .size = size };
	int64_t deadline = now_ms() + (int64_t)seconds * 1000;
	int error, status;

	output[0] = '\0';
	if (uri) {
		argv[2] = option;
		argv[3] = strdupa(uri);
	}
	error = start(&run, argv);
	if (error < 0) {
		return error;
	}
	error = listen_to(&run, deadline);
	status = finish(&run, error < 0 ? 0 : deadline);
	if (error < 0) {
		return error;
	}
	return WIFEXITED(status) ? WEXITSTATUS(status) : -ECHILD;
}

/** Whether a list of words behind "loaded plugins:" lacks our plugin. */
static bool lacks_plugin(const char *stats)
{
	static const char head[] = "loaded plugins:";
	const char *list = strstr(stats, head), *end;

	if (!list) {
		return false;
	}
	list += strlen(head);
	end = list + strcspn(list, "\n");
	while (list < end) {
		size_t len;

		list += strspn(list, " ");
		len = strcspn(list, " \n");
		if (len == strlen(PLUGIN) && !memcmp(list, PLUGIN, len)) {
			return false;
		}
		list += len;
	}
	return true;
}

/** Keeps the line that says what is wrong: more follows, how swanctl is to be used. */
static void keep_error(char *output)
{
	const char *error = strstr(output, "Error: ");

	if (error) {
		memmove(output, error, strlen(error) + 1);
	}
	output[strcspn(output, "\n")] = '\0';
}

enum qm_applied qm_apply(const char *uri, unsigned seconds,
						 char output[QM_APPLY_OUTPUT_MAX])
{
	char stats[8192];
	int status = swanctl("--reload-settings", uri, seconds, output, QM_APPLY_OUTPUT_MAX);

	switch (status) {
	case 0:
		output[0] = '\0';
		status = swanctl("--stats", uri, seconds, stats, sizeof(stats));
		return !status && lacks_plugin(stats) ? QM_APPLIED_NO_PLUGIN : QM_APPLIED;
	case ENOENT:
	case ECONNREFUSED:
		keep_error(output);
		return QM_NOT_RUNNING;
	case -ENOENT:
		return QM_NO_SWANCTL;
	case -ETIMEDOUT:
		return QM_APPLY_LATE;
	default:
		if (status < 0) {
			snprintf(output, QM_APPLY_OUTPUT_MAX, "swanctl: %s",
					 status == -ECHILD ? "ended by a signal" : strerror(-status));
		}
		return QM_APPLY_FAILED;
	}
}
