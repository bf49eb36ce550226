/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Prints many records by several threads, each a share of them at a time.
 */
#ifndef QM_SHARE_H
#define QM_SHARE_H

#include "printer.h"

/**
 * Prints a trail, in order. Says what is wrong with lines that turn out to be bad.
 *
 * @return 0, or a negative errno: no memory, or the output failed
 */
int qm_share_print(struct qm_printer *printer, struct qm_trail *trail);

#endif
