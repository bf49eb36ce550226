/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "stream.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>

#include "stream_tell.h"

#define BUFFER_DEFAULT (16 * 1024 * 1024)
#define BUFFER_MAX (UINT64_C(1) << 30)

static const struct option long_options[] = {
	{ "format", required_argument, NULL, 'f' },
	{ "buffer", required_argument, NULL, 'b' },
	{ "provider", required_argument, NULL, 'p' },
	{ "computer", required_argument, NULL, 'c' },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static const char help[] =
	"usage: qm-audit stream [OPTION]... [NAME=VALUE,]...[OUTPUT]\n"
	"\n"
	"Reads auditd's events from standard input as they come, and writes those of the\n"
	"qm-audit plugin, and libreswan's, as Windows events. To be run by auditd, see\n"
	"/etc/audit/plugins.d/qm-audit.conf and qm-audit-stream(8). OUTPUT is\n"
	"\n"
	"  -                 standard output (default)\n"
	"  file:PATH         a file that is appended to, made with mode 0600; opened anew\n"
	"                    on SIGHUP\n"
	"  unix:PATH         a socket on which a reader listens, of any type\n"
	"  syslog            authpriv.info\n"
	"\n"
	"  --format FORMAT   json (default), xml, csv without its first line, or text\n"
	"  --buffer SIZE     bytes that may wait for a reader, at least 64K; 16M by\n"
	"                    default. What comes beyond is dropped, and counted\n"
	"  --provider NAME   say that Windows events are from this provider\n"
	"  --computer NAME   say that all events are from this computer\n"
	"\n"
	"As auditd hands on few arguments, each option can also be said before OUTPUT:\n"
	"format=xml,buffer=64M,unix:/run/siem.sock\n"
	"\n"
	"Exit status: 0 after the end of input, SIGTERM or SIGINT, 2 after an error.\n";

static int bad(const char *name, const char *value, const char *hint)
{
	qm_stream_tell("%s '%s': %s", name, value, hint);
	return -EINVAL;
}

/** "64K", "16M": digits, and perhaps a unit. */
static int set_buffer(struct qm_stream_options *options, const char *value)
{
	static const char hint[] = "not a size from 64K to 1G, such as 16M";
	size_t len = strlen(value);
	unsigned shift = 0;
	uint64_t n;

	if (len) {
		switch (value[len - 1]) {
		case 'k':
		case 'K':
			shift = 10;
			break;
		case 'm':
		case 'M':
			shift = 20;
			break;
		case 'g':
		case 'G':
			shift = 30;
			break;
		}
	}
	len -= shift != 0;
	if (qm_span_number((struct qm_span){ value, len }, &n) < 0 || n > BUFFER_MAX ||
		n << shift > BUFFER_MAX || n << shift < QM_STREAM_QUEUE_MIN) {
		return bad("buffer", value, hint);
	}
	options->buffer = (size_t)(n << shift);
	return 0;
}

static int set_format(struct qm_stream_options *options, const char *value)
{
	options->format = qm_format_find(value);
	if (!options->format || !strcmp(value, "table")) {
		return bad("format", value, "not json, xml, csv or text");
	}
	return 0;
}

static int set(struct qm_stream_options *options, int id, const char *value)
{
	switch (id) {
	case 'f':
		return set_format(options, value);
	case 'b':
		return set_buffer(options, value);
	case 'p':
		options->provider = value;
		return 0;
	case 'c':
		options->computer = value;
		return 0;
	default:
		return -EINVAL;
	}
}

/** The option that "NAME=..." names, NULL for none. */
static const struct option *find_setting(const char *text)
{
	for (const struct option *option = long_options; option->name; option++) {
		const size_t len = strlen(option->name);

		if (option->has_arg && !strncmp(text, option->name, len) && text[len] == '=') {
			return option;
		}
	}
	return NULL;
}

/** Takes "NAME=VALUE,...OUTPUT" apart. */
static int set_operand(struct qm_stream_options *options, char *text)
{
	const struct option *option;

	while (text && (option = find_setting(text))) {
		char *value = text + strlen(option->name) + 1;
		char *comma = strchr(value, ',');

		if (comma) {
			*comma = '\0';
		}
		if (set(options, option->val, value) < 0) {
			return -EINVAL;
		}
		text = comma ? comma + 1 : NULL;
	}
	if (text && *text) {
		options->output = text;
	}
	return 0;
}

static int check(const struct qm_stream_options *options)
{
	struct qm_stream_output output;

	if (qm_stream_output_init(&output, options->output) < 0) {
		return bad("output", options->output,
				   "not -, file:PATH, unix:PATH (of at most 107 bytes) or syslog");
	}
	if (output.path && *output.path != '/') {
		return bad("output", options->output,
				   "say the whole path: auditd starts its plugins anywhere");
	}
	if (output.kind == QM_STREAM_SYSLOG && !strcmp(options->format->name, "text")) {
		return bad("format", "text", "has many lines, which syslog takes one by one");
	}
	return 0;
}

int qm_stream_options_parse(struct qm_stream_options *options, int argc, char **argv)
{
	int id;

	*options = (struct qm_stream_options){
		.format = qm_format_find("json"),
		.output = "-",
		.buffer = BUFFER_DEFAULT,
	};
	optind = 0;
	while ((id = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
		if (id == 'h') {
			options->helped = true;
			return fputs(help, stdout) < 0 || fflush(stdout) ? -EINVAL : 0;
		}
		if (id == '?') {
			qm_stream_tell("wrong arguments, see qm-audit stream --help");
			return -EINVAL;
		}
		if (set(options, id, optarg) < 0) {
			return -EINVAL;
		}
	}
	if (argc - optind > 1) {
		return bad("argument", argv[optind + 1], "there is one OUTPUT");
	}
	if (optind < argc && set_operand(options, argv[optind]) < 0) {
		return -EINVAL;
	}
	return check(options);
}
