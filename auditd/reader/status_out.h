/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a status is printed.
 */
#ifndef QM_STATUS_OUT_H
#define QM_STATUS_OUT_H

#include "out.h"
#include "snapshot.h"

/** Prints it for people. */
void qm_status_text(struct qm_out *out, const struct qm_snapshot *snapshot);

/**
 * Prints it in Prometheus' text exposition format, without anything of single SA pairs.
 *
 * @param snapshot	NULL where there is no answer
 */
void qm_status_prometheus(struct qm_out *out, const struct qm_snapshot *snapshot);

/** Appends a text that others chose: what could do things to a terminal becomes '?', as
 * does what is not UTF-8. */
void qm_status_put(struct qm_out *out, struct qm_span text);

#endif
