/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * qm-audit stream in a process of its own, with auditd and a reader played by the test.
 */
#ifndef QM_STREAM_KIT_H
#define QM_STREAM_KIT_H

#include <stdint.h>
#include <sys/types.h>

#include "reader_kit.h"

/** Longest record. */
#define STREAM_RECORD_MAX 65536

/** What the reader got: whether it is every event, in order, or counted as dropped. */
struct stream_tally {
	/** number of the event that is due */
	unsigned next;
	unsigned events;
	unsigned dropped;
	/** events that tell of a loss */
	unsigned losses;
	/** the first line that is wrong, empty for none */
	char problem[400];
	/** a line that has not ended yet */
	char *rest;
	size_t rest_len;
};

struct stream_kit {
	struct kit kit;
	pid_t pid;
	/** auditd's end of standard input, and the reader's of standard output; or -1 */
	int in;
	int out;
	/** a listening socket, and the reader's end of a connection; or -1 */
	int listener;
	int peer;
	/** the command starts with standard input closed */
	bool without_input;
	/** number of the next record */
	unsigned next;
	struct stream_tally tally;
};

/** Makes the directory. @return whether it could */
bool stream_begin(struct stream_kit *kit);
/** Kills what still runs, and removes the directory. */
void stream_end(struct stream_kit *kit);

/** Starts the command with these words; "@" in them is the directory. */
void stream_start(struct stream_kit *kit, const char *words);
/** Closes standard input. */
void stream_close(struct stream_kit *kit);
/** Closes standard input and waits; "polls" is how often it waited. @return exit status,
 * -1 when it was killed */
int stream_finish(struct stream_kit *kit);

/** Listens on the directory's "sock", for SOCK_STREAM and so on. */
void stream_listen(struct stream_kit *kit, int type);
/** Waits until the command has connected. */
void stream_accept(struct stream_kit *kit);
/** Stops listening; the socket's name goes. */
void stream_deaf(struct stream_kit *kit);

/** A record as auditd hands it over, with its newline; valid until the next call. */
const char *stream_record(const char *node, unsigned number);
/** One that is so long that a socket may take a part of it. */
const char *stream_long_record(unsigned number);
/** Writes to standard input, at most `size` bytes at once, 0 for all. */
void stream_write(struct stream_kit *kit, const char *text, size_t length, size_t size);
/** Writes so many records with the next numbers. */
void stream_records(struct stream_kit *kit, unsigned count);

/** Waits until the command has read all that was written. */
void stream_await_input(struct stream_kit *kit);

/** Reads what has come, waiting for something. @return bytes, 0 at the end */
ssize_t stream_read(struct stream_kit *kit, int fd);
/** Reads and counts until so many events, or dropped ones, have come, or the end. */
void stream_await(struct stream_kit *kit, int fd, unsigned count);
/** Counts the lines of a text. */
void stream_count(struct stream_tally *tally, const char *text, size_t length);
/** Forgets the piece of a line: its reader is gone. */
void stream_forget(struct stream_tally *tally);

/** Waits until the command has said something on standard error. */
void stream_await_message(struct stream_kit *kit, const char *part);
/** Waits until a file of the directory has a text. */
void stream_await_text(struct stream_kit *kit, const char *name, const char *part);
/** How often a file of the directory has a text. */
unsigned stream_times(struct stream_kit *kit, const char *name, const char *part);

#endif
