/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "options.h"

#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>

#include "logs.h"
#include "when.h"

enum option_id {
	OPT_FORMAT = 256,
	OPT_PRETTY,
	OPT_START,
	OPT_END,
	OPT_EVENT_ID,
	OPT_PEER,
	OPT_CONN,
	OPT_CHILD,
	OPT_SPI,
	OPT_SUCCESS,
	OPT_NODE,
	OPT_FOLLOW,
	OPT_PROVIDER,
	OPT_COMPUTER,
	OPT_CONF,
};

static const struct option long_options[] = {
	{ "format", required_argument, NULL, OPT_FORMAT },
	{ "pretty", no_argument, NULL, OPT_PRETTY },
	{ "start", required_argument, NULL, OPT_START },
	{ "end", required_argument, NULL, OPT_END },
	{ "event-id", required_argument, NULL, OPT_EVENT_ID },
	{ "peer", required_argument, NULL, OPT_PEER },
	{ "conn", required_argument, NULL, OPT_CONN },
	{ "child", required_argument, NULL, OPT_CHILD },
	{ "spi", required_argument, NULL, OPT_SPI },
	{ "success", required_argument, NULL, OPT_SUCCESS },
	{ "node", required_argument, NULL, OPT_NODE },
	{ "follow", no_argument, NULL, OPT_FOLLOW },
	{ "provider", required_argument, NULL, OPT_PROVIDER },
	{ "computer", required_argument, NULL, OPT_COMPUTER },
	{ "auditd-conf", required_argument, NULL, OPT_CONF },
	{ "help", no_argument, NULL, 'h' },
	{ 0 },
};

static const char help[] =
	"usage: qm-audit events [OPTION]... [FILE]...\n"
	"\n"
	"Shows the records of the qm-audit plugin, and libreswan's, as Windows events, in\n"
	"the order of time and each once. Reads the logs that auditd.conf names, rotated\n"
	"ones included, or FILEs; - is standard input.\n"
	"\n"
	"  --format FORMAT      text (default), table, xml, json or csv\n"
	"  --pretty             XML with line breaks\n"
	"  --start, --end WHEN  only from, or up to: now, recent (10 minutes ago), boot,\n"
	"                       this-hour, today, yesterday, this-week, week-ago,\n"
	"                       this-month, this-year, 11/24/2026, '11/24/2026 10:00:00',\n"
	"                       2026-11-24T10:00:00Z, 10:00, @SECONDS\n"
	"  --event-id ID,...    only these: 5451, 5452, 4654, 4977, 4719; 1 audit started,\n"
	"                       2 audit stopped, 3 lost, 4 unknown SA, 0 anything else\n"
	"  --peer ADDR[/BITS]   only of this peer, or of peers in this network\n"
	"  --conn, --child NAME only of this connection, or child\n"
	"  --spi SPI            only of this SPI, either direction, decimal or 0x...\n"
	"  --success yes|no     only successes, or failures\n"
	"  --node NAME          only of this node, as a collector's log has it\n"
	"  --follow             go on as the log grows\n"
	"  --provider NAME      say that Windows events are from this provider\n"
	"  --computer NAME      say that all events are from this computer\n"
	"  --auditd-conf FILE   where auditd's configuration is, instead of\n"
	"                       " QM_AUDITD_CONF "\n"
	"\n"
	"Exit status: 0 if events were found, 1 if none, 2 after an error.\n";

/** Complains of an option's value. */
static int bad(const char *option, const char *value, const char *hint)
{
	fprintf(stderr, "qm-audit events: --%s %s: %s\n", option, value, hint);
	return -EINVAL;
}

static int set_format(struct qm_options *options, const char *value)
{
	options->format = qm_format_find(value);
	return options->format
			   ? 0
			   : bad("format", value, "not a format: text, table, xml, json or csv");
}

int qm_options_when(const char *command, bool end, int argc, char **argv, uint64_t *ret)
{
	const char *more = optind < argc && qm_when_is_time(argv[optind]) ? argv[optind] : "";
	char text[80];
	const time_t now = time(NULL);
	int error;

	if (*more && qm_when_parse(optarg, end, now, ret) == 0) {
		snprintf(text, sizeof(text), "%s %s", optarg, more);
		if (qm_when_parse(text, end, now, ret) == 0) {
			optind++;
			return 0;
		}
	}
	error = qm_when_parse(optarg, end, now, ret);
	if (error) {
		fprintf(stderr, "qm-audit %s: --%s %s: not a time: today, 11/24/2026, "
				"'11/24/2026 10:00:00', 2026-11-24T10:00:00Z, ...; see --help\n",
				command, end ? "end" : "start", optarg);
	}
	return error;
}

static int set_when(struct qm_options *options, bool end, int argc, char **argv)
{
	return qm_options_when("events", end, argc, argv,
						   end ? &options->filter.end_ms : &options->filter.start_ms);
}

static int set_ids(struct qm_options *options, const char *value)
{
	const int error = qm_filter_ids(&options->filter, value);

	if (error == -ENOENT) {
		return bad("event-id", value, "there is no such event, see qm-audit schema");
	}
	return error ? bad("event-id", value, "not an event id, such as 5451 or 5451,5452")
				 : 0;
}

static int set_success(struct qm_options *options, const char *value)
{
	options->filter.only_success = !strcmp(value, "yes");
	options->filter.only_failure = !strcmp(value, "no");
	return options->filter.only_success || options->filter.only_failure
			   ? 0
			   : bad("success", value, "neither yes nor no");
}

static int set_filter(struct qm_options *options, int id)
{
	switch (id) {
	case OPT_EVENT_ID:
		return set_ids(options, optarg);
	case OPT_PEER:
		return qm_filter_peer(&options->filter, optarg)
				   ? bad("peer", optarg, "not an address, such as 192.0.2.1, or network")
				   : 0;
	case OPT_SPI:
		return qm_filter_spi(&options->filter, optarg)
				   ? bad("spi", optarg, "not an SPI, such as 0xc1234567")
				   : 0;
	case OPT_SUCCESS:
		return set_success(options, optarg);
	case OPT_CONN:
		options->filter.conn = optarg;
		return 0;
	case OPT_CHILD:
		options->filter.child = optarg;
		return 0;
	case OPT_NODE:
		options->filter.node = optarg;
		return 0;
	default:
		return -EINVAL;
	}
}

static int set(struct qm_options *options, int id, int argc, char **argv)
{
	switch (id) {
	case OPT_FORMAT:
		return set_format(options, optarg);
	case OPT_PRETTY:
		options->pretty = true;
		return 0;
	case OPT_START:
	case OPT_END:
		return set_when(options, id == OPT_END, argc, argv);
	case OPT_FOLLOW:
		options->follow = true;
		return 0;
	case OPT_PROVIDER:
		options->provider = optarg;
		return 0;
	case OPT_COMPUTER:
		options->computer = optarg;
		return 0;
	case OPT_CONF:
		options->conf = optarg;
		return 0;
	default:
		return set_filter(options, id);
	}
}

/** What cannot be said together. */
static int check(const struct qm_options *options)
{
	const char *problem = NULL;

	if (options->filter.start_ms > options->filter.end_ms) {
		problem = "--start is after --end";
	} else if (options->follow && options->n_files > 1) {
		problem = "--follow takes one FILE";
	} else if (options->pretty && strcmp(options->format->name, "xml") != 0) {
		problem = "--pretty is for --format xml";
	}
	if (problem) {
		fprintf(stderr, "qm-audit events: %s\n", problem);
		return -EINVAL;
	}
	return 0;
}

int qm_options_parse(struct qm_options *options, int argc, char **argv)
{
	static char name[] = "qm-audit events";
	int id;

	/* getopt_long() begins its messages with it */
	argv[0] = name;
	*options = (struct qm_options){ .format = qm_formats, .conf = QM_AUDITD_CONF };
	qm_filter_init(&options->filter);
	optind = 0;
	while ((id = getopt_long(argc, argv, "h", long_options, NULL)) != -1) {
		if (id == 'h') {
			options->helped = true;
			return fputs(help, stdout) < 0 || fflush(stdout) ? -EINVAL : 0;
		}
		if (id == '?') {
			fprintf(stderr, "Try qm-audit events --help.\n");
			return -EINVAL;
		}
		if (set(options, id, argc, argv) < 0) {
			return -EINVAL;
		}
	}
	options->files = argv + optind;
	options->n_files = argc - optind;
	return check(options);
}
