/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A mirror on a kernel that says what the test wants: from its beginning to its end.
 */
#ifndef QM_FAKE_KIT_H
#define QM_FAKE_KIT_H

#include "mirror_kit.h"

/** A mirror that knows of nothing. */
void start_empty(struct kit *kit);

/** Checks that all events were looked at, and ends mirror and kernel. */
void finish(struct kit *kit);

/** Takes the next event, which begins a gap, and checks why. */
void expect_begin(struct kit *kit, enum qm_mirror_cause cause, int error);

/** Takes the next event, which ends a gap. @return what was found */
struct qm_mirror_resync expect_end(struct kit *kit, unsigned attempts);

#endif
