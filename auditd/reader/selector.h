/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The first of a list of traffic selectors, as Windows' fields have them.
 */
#ifndef QM_SELECTOR_H
#define QM_SELECTOR_H

#include "span.h"

/** What is not known, or what Windows has no form for, has .s NULL. */
struct qm_selector {
	/** network address; of a range that is no network, its first address */
	struct qm_span address;
	/** 255.255.0.0, or the length of an IPv6 prefix; none for a range */
	struct qm_span mask;
	/** number, "0" for all; none for a range of ports; for ICMP its type */
	struct qm_span port;
	/** number, "0" for all */
	struct qm_span proto;
	/** the list says nothing that is not here */
	bool whole;
};

/**
 * Reads a list such as 10.1.0.0/16[tcp/80],10.3.0.1..10.3.0.9,+2.
 *
 * @param list		as the record has it, empty when not known
 */
struct qm_selector qm_selector_read(struct qm_span list);

/** Number of a protocol that records, or `ausearch -i`, have by name; else itself. */
struct qm_span qm_selector_proto(struct qm_span name);

/** An address without the 0 that records have for a "::" at the end. */
struct qm_span qm_selector_address(struct qm_span address);

#endif
