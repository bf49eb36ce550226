/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What charon does for a number of CHILD_SAs, to be run under callgrind.
 *
 * usage: load setup|rekey COUNT LOAD-TESTER-DIR [QM-AUDIT-DIR STATE-DIR]
 *
 * The plugin is loaded as it was built, by charon's own loader. In place of
 * libaudit it gets the functions here, which count its records: no record may
 * reach this machine's audit.
 */
#include "peers.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libaudit.h>

static atomic_uint records;

int audit_open(void)
{
	return open("/dev/null", O_RDWR | O_CLOEXEC);
}

int audit_request_status(int fd)
{
	(void)fd;
	return -EPERM;
}

int audit_log_user_message(int fd, int type, const char *message, const char *hostname,
						   const char *addr, const char *tty, int result)
{
	(void)fd, (void)type, (void)message, (void)hostname, (void)addr, (void)tty,
		(void)result;
	return (int)(atomic_fetch_add(&records, 1) + 1);
}

static int setup(unsigned count)
{
	struct peers_sa *sas = calloc(count, sizeof(*sas));
	unsigned i;
	int r = sas ? 0 : -ENOMEM;

	for (i = 0; i < count && !r; i++) {
		r = peers_establish(&sas[i]);
	}
	for (i = 0; i < count && !r; i++) {
		r = peers_terminate(&sas[i]);
	}
	free(sas);
	return r;
}

static int rekey(unsigned count)
{
	struct peers_sa sa;
	unsigned i;
	int r;

	r = peers_establish(&sa);
	for (i = 0; i < count && !r; i++) {
		r = peers_rekey(&sa);
	}
	return r ? r : peers_terminate(&sa);
}

/**
 * The records that must have come: 5451 and 5452 of each CHILD_SA at each end,
 * and those of the audit's own start and stop.
 */
static int check_records(unsigned count)
{
	const unsigned expected = 4 * count + 2;

	if (records != expected) {
		fprintf(stderr, "load: %u records were written, %u expected\n", records,
				expected);
		return -EIO;
	}
	return 0;
}

int main(int argc, char *argv[])
{
	const bool rekeys = argc > 1 && !strcmp(argv[1], "rekey");
	struct peers_config config;
	unsigned count;
	int r;

	if ((argc != 4 && argc != 6) || (!rekeys && strcmp(argv[1], "setup")) ||
		!(count = (unsigned)strtoul(argv[2], NULL, 10))) {
		fprintf(stderr, "usage: load setup|rekey COUNT LOAD-TESTER-DIR [QM-AUDIT-DIR "
				"STATE-DIR]\n");
		return 2;
	}
	config = (struct peers_config){
		.load_tester_dir = argv[3],
		.audit_dir = argc == 6 ? argv[4] : NULL,
		.state_dir = argc == 6 ? argv[5] : NULL,
	};
	r = peers_start(&config);
	if (!r) {
		r = rekeys ? rekey(count) : setup(count);
		peers_stop();
	}
	if (!r && config.audit_dir) {
		r = check_records(rekeys ? count + 1 : count);
	}
	return r ? 1 : 0;
}
