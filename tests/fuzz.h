/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A fuzz target: fuzz_NAME.c defines this one function. Built with clang's
 * -fsanitize=fuzzer it is a fuzzer; with fuzz_replay.c, a test that runs the
 * corpus and inputs made from it.
 */
#ifndef QM_FUZZ_H
#define QM_FUZZ_H

#include <stddef.h>
#include <stdint.h>

/** Takes any bytes; aborts where the code under test is wrong. @return 0 */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#endif
