/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * An IKE daemon in this process, on the installed strongSwan libraries, that
 * is both peers of every IKE_SA. The load-tester plugin configures it and
 * stands in for the kernel's IPsec; everything else is charon's own.
 *
 * Needs a network namespace to itself: it brings up lo and takes the IKE ports.
 */
#ifndef QM_BENCH_PEERS_H
#define QM_BENCH_PEERS_H

#include <stdbool.h>
#include <stdint.h>

/** One IKE_SA with its CHILD_SA, as its initiator knows them. */
struct peers_sa {
	uint32_t ike_sa;
	uint32_t child_sa;
	/** inbound, network byte order */
	uint32_t spi;
	/** of the IKE_SA, network byte order */
	uint64_t ike_spi_i;
	uint64_t ike_spi_r;
};

/** How to start the daemon. */
struct peers_config {
	/** directory of libstrongswan-load-tester.so */
	const char *load_tester_dir;
	/** directory of libstrongswan-qm-audit.so, NULL to run without it */
	const char *audit_dir;
	/** state_dir of qm-audit */
	const char *state_dir;
	/** the peers' identities: certificate subjects if true, else host names */
	bool dn;
};

/**
 * Starts the daemon. Says on stderr what went wrong.
 *
 * @return	0, -EIO
 */
int peers_start(const struct peers_config *config);

/**
 * Establishes an IKE_SA with a CHILD_SA: two of each, as both ends are here.
 *
 * @param ret	receives the initiator's
 * @return		0, -ETIMEDOUT
 */
int peers_establish(struct peers_sa *ret);

/**
 * Rekeys the CHILD_SA, until both ends have dropped the old one.
 *
 * @param sa	receives the new CHILD_SA
 * @return		0, -ETIMEDOUT
 */
int peers_rekey(struct peers_sa *sa);

/** Deletes the IKE_SA, until both ends have destroyed it. @return 0, -ETIMEDOUT */
int peers_terminate(const struct peers_sa *sa);

/** Packets that the daemon has rejected so far. */
unsigned peers_rejected(void);

/** Stops the daemon and unloads its plugins. */
void peers_stop(void);

#endif
