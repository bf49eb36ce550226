/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How a record's fields become Windows' fields. Each function sets value `i` of the
 * view, and notes which of the record's fields it tells in full.
 */
#ifndef QM_CONVERT_H
#define QM_CONVERT_H

#include "schema.h"
#include "view.h"

#define QM_CONVERTER(name)                                                            \
	void qm_convert_##name(struct qm_view *view, const struct qm_schema_field *field, \
						   unsigned i)

/** A value that is always the same. */
QM_CONVERTER(fixed);
/** A text as it is. */
QM_CONVERTER(text);
/** A number, where it fits the type. */
QM_CONVERTER(number);
/** The first number of IN/OUT, as if-id= has it. */
QM_CONVERTER(inbound);
/** Bytes as kilobytes. */
QM_CONVERTER(kilobytes);
/** A protocol's number, of proto= or the selector. */
QM_CONVERTER(proto);
/** A word with a code of Windows. */
QM_CONVERTER(word);
/** Windows' 64-bit id of an SA: the instance of the daemon, and its id. */
QM_CONVERTER(luid);
/** An SPI in decimal. */
QM_CONVERTER(spi);
/** An address. */
QM_CONVERTER(address);
/** Where the traffic that is protected comes from and goes to. */
QM_CONVERTER(local_network);
QM_CONVERTER(local_mask);
QM_CONVERTER(local_port);
QM_CONVERTER(remote_network);
QM_CONVERTER(remote_mask);
QM_CONVERTER(remote_port);
/** An end of the tunnel, "-" in transport mode. */
QM_CONVERTER(tunnel_end);
/** Algorithms. */
QM_CONVERTER(integ_ah);
QM_CONVERTER(integ_esp);
QM_CONVERTER(cipher);
/** An error of Windows for reason=. */
QM_CONVERTER(winerror);
/** The subject of a policy change: who runs the daemon. */
QM_CONVERTER(sid);
QM_CONVERTER(user);
QM_CONVERTER(logon);
QM_CONVERTER(changes);

#endif
