/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the verdict on a trail is printed.
 */
#ifndef QM_VERIFY_PRINT_H
#define QM_VERIFY_PRINT_H

#include "out.h"
#include "verify.h"

struct qm_verify_style {
	/** what is not a fault, too */
	bool notes;
	/** SA pairs that have no end yet, each */
	bool open;
	/** not all logs could be read */
	bool partial;
	/** only findings from then on, up to then */
	uint64_t start_ms;
	uint64_t end_ms;
};

/** Whether a finding is asked for. */
bool qm_verify_shows(const struct qm_verify_style *style,
					 const struct qm_finding *finding);

/** How many faults are asked for. */
size_t qm_verify_faults(const struct qm_verify_style *style,
						const struct qm_verify_result *result);

/** Prints lines of text: the verdict, and what was found. */
void qm_verify_print_text(struct qm_out *out, const struct qm_verify_style *style,
						  const struct qm_verify_result *result);

/** Prints one JSON document, with notes and open pairs in any case. */
void qm_verify_print_json(struct qm_out *out, const struct qm_verify_style *style,
						  const struct qm_verify_result *result);

#endif
