/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the tests of a status share: known snapshots, and a socket to ask on.
 */
#ifndef QM_STATUS_KIT_H
#define QM_STATUS_KIT_H

#include "reader_kit.h"
#include "snapshot.h"

/** One with two SA pairs, one of which has odd names; judged, healthy. To be freed. */
struct qm_snapshot *status_sample(void);

/** The same in an outage, with all that can be wrong. */
struct qm_snapshot *status_sample_bad(void);

/** The same of a recorder that stands still. */
struct qm_snapshot *status_sample_still(void);

/** Its JSON, to be freed. */
char *status_json(const struct qm_snapshot *snapshot);

/** Compares a text with a file in tests/golden, or writes it with QM_TEST_UPDATE=1. */
void status_golden(const char *name, const char *text);

/** Connects to a socket in the kit's directory. @return the descriptor, or -errno */
int status_connect(struct kit *kit, const char *name);

/** Reads to the end, to be freed. */
char *status_read(int fd);

#endif
