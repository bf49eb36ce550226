/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The part of readback.h that has what auditing says of itself: that it starts and
 * stops, by which policy, what was lost, and how much its store can be relied on.
 */
#ifndef QM_READBACK_OWN_H
#define QM_READBACK_OWN_H

#include "readfield.h"
#include "record.h"

/** Compares the fields of such a record. @return whether it is one */
bool qm_readback_own(struct qm_reader *r, const struct qm_event *event,
					 const struct qm_origin *origin);

#endif
