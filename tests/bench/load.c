/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What charon does for a number of CHILD_SAs, or of packets that it rejects, to
 * be run under callgrind.
 *
 * usage: load setup|rekey|unknown|tampered COUNT LOAD-TESTER-DIR
 *             [QM-AUDIT-DIR STATE-DIR]
 *
 * The plugin is loaded as it was built, by charon's own loader. In place of
 * libaudit it gets the functions here, which count its records: no record may
 * reach this machine's audit.
 */
#include "peers.h"
#include "strays.h"

#include <errno.h>
#include <fcntl.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <libaudit.h>

/** Records about SAs and about auditing itself. */
static atomic_uint records;

/** Packets that records about packets stand for. */
static atomic_ullong packets;

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
	const char *count = strstr(message, " count=");

	(void)fd, (void)type, (void)hostname, (void)addr, (void)tty, (void)result;
	if (!strncmp(message, "op=invalid-packet ", 18) && count) {
		packets += strtoull(count + 7, NULL, 10);
	} else {
		records++;
	}
	return 1;
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

/** Packets for IKE_SAs that are not there. */
static int unknown(unsigned count)
{
	struct stray strays[STRAYS];
	unsigned i;

	for (i = 0; i < STRAYS; i++) {
		stray_make(0x0102030405060708 + i, 0x1112131415161718, 2, &strays[i]);
	}
	return stray_send(strays, count);
}

/** Packets with the next message ID of IKE_SAs, whose integrity check fails. */
static int tampered(unsigned count)
{
	struct peers_sa sas[STRAYS];
	struct stray strays[STRAYS];
	unsigned i;
	int r = 0;

	for (i = 0; i < STRAYS && !r; i++) {
		r = peers_establish(&sas[i]);
		stray_make(sas[i].ike_spi_i, sas[i].ike_spi_r, 2, &strays[i]);
	}
	if (!r) {
		r = stray_send(strays, count);
	}
	for (i = 0; i < STRAYS && !r; i++) {
		r = peers_terminate(&sas[i]);
	}
	return r;
}

static const struct kind {
	const char *name;
	int (*run)(unsigned count);
	/** CHILD_SAs, which have two records at each end */
	unsigned sas_each;
	unsigned sas_once;
} kinds[] = {
	{ "setup", setup, 1, 0 },
	{ "rekey", rekey, 1, 1 },
	{ "unknown", unknown, 0, 0 },
	{ "tampered", tampered, 0, STRAYS },
};

/** All must have come: besides those of CHILD_SAs, the records of auditing's start and
 * stop, and of every packet that was rejected. */
static int check_records(const struct kind *kind, unsigned count)
{
	const unsigned expected = 4 * (kind->sas_each * count + kind->sas_once) + 2;
	const unsigned rejected = peers_rejected();

	if (records != expected || packets != rejected) {
		fprintf(stderr, "load: %u records and those of %llu packets were written, %u and "
				"%u expected\n", records, packets, expected, rejected);
		return -EIO;
	}
	return 0;
}

static const struct kind *find_kind(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		if (!strcmp(kinds[i].name, name)) {
			return &kinds[i];
		}
	}
	return NULL;
}

int main(int argc, char *argv[])
{
	const struct kind *kind = argc > 1 ? find_kind(argv[1]) : NULL;
	struct peers_config config;
	unsigned count;
	int r;

	if ((argc != 4 && argc != 6) || !kind ||
		!(count = (unsigned)strtoul(argv[2], NULL, 10))) {
		fprintf(stderr, "usage: load setup|rekey|unknown|tampered COUNT LOAD-TESTER-DIR "
				"[QM-AUDIT-DIR STATE-DIR]\n");
		return 2;
	}
	config = (struct peers_config){
		.load_tester_dir = argv[3],
		.audit_dir = argc == 6 ? argv[4] : NULL,
		.state_dir = argc == 6 ? argv[5] : NULL,
	};
	r = peers_start(&config);
	if (!r) {
		r = kind->run(count);
		peers_stop();
	}
	if (!r && config.audit_dir) {
		r = check_records(kind, count);
	}
	return r ? 1 : 0;
}
