/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Many SAs in the kernel, in the network namespace of this process, and what is done
 * with them besides mirroring. Every function ends the program if something fails.
 */
#ifndef QM_BENCH_MIRROR_SAS_H
#define QM_BENCH_MIRROR_SAS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Opens the socket for requests. @return whether the kernel has ESP with AES-GCM */
bool sas_begin(void);

/** Adds SAs 0 to n - 1: ESP if there is any, else only their SPIs are reserved. */
void sas_add(unsigned n);

/** Deletes some of them. */
void sas_delete(unsigned from, unsigned to);

/** Deletes all. */
void sas_flush(void);

/** Reads a dump of all SAs and looks at nothing but its end. @return nanoseconds */
uint64_t sas_discard_dump(void);

/** Opens a socket that hears of SAs. */
int sas_listen(void);

/** Receives n notifications and looks at none. @return nanoseconds */
uint64_t sas_discard(int fd, unsigned n);

/**
 * Has libnl fill its cache.
 *
 * @param bytes	receives how much memory it takes
 * @return		nanoseconds, or 0 if this was built without libnl-xfrm
 */
uint64_t sas_libnl_cache(size_t *bytes);

/** CLOCK_MONOTONIC in nanoseconds. */
uint64_t sas_now_ns(void);

/** Ends the program with what went wrong. */
void sas_die(const char *what) __attribute__((noreturn));

#endif
