/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The real libstrongswan for a test: with a strongswan.conf of the test's own,
 * and with what it logs kept. The first capture or initialization comes first.
 */
#ifndef QM_SWAN_KIT_H
#define QM_SWAN_KIT_H

#include <library.h>

/** Keeps what is logged at level 1 and below, from now on. */
void swan_capture(void);
/** Forgets it, and logs as before. */
void swan_release(void);
/** Messages kept, and one of them, NULL if there are not so many. */
int swan_logs(void);
const char *swan_log(int i);

/**
 * Initializes the library as a daemon of that name does, with this content of
 * strongswan.conf, and captures. @return whether it could be loaded
 */
bool swan_init(const char *ns, const char *conf);
/** Has the library read another strongswan.conf. @return whether it could */
bool swan_reload(const char *conf);
/** Ends all of it. */
void swan_deinit(void);

#endif
