/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * libreswan's records of the same type, put into our terms.
 */
#ifndef QM_LIBRESWAN_H
#define QM_LIBRESWAN_H

#include "line.h"

/**
 * Corrects what libreswan writes, if the record is its: its in-spi= is the
 * outbound one and the other way round, "(0x...)" repeats the decimal digits,
 * addr= is the local address, connstate= ends in a comma and is the SA's number,
 * and what does not fit its buffer is cut. A field quirks= says what was done.
 */
void qm_libreswan_adapt(struct qm_line *line);

#endif
