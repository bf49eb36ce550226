/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the parts of history share: history.c has what charon says, history_kernel.c
 * what the kernel does.
 */
#ifndef QM_HISTORY_PRIV_H
#define QM_HISTORY_PRIV_H

#include <stdio.h>

#include "history.h"

#define QM_HISTORY_LINE 256

#define QM_HISTORY_IN_SPI 0xc0000000
#define QM_HISTORY_OUT_SPI 0xd0000000

/** Number of a name in a list that may have holes, `count` if it is not there. */
unsigned qm_words_index(const char *const *names, unsigned count, const char *name);

/** Our address, or the peer's, with this last byte; with a port of IKE's. */
struct qm_addr qm_history_address(bool ours, uint8_t host);

/** Makes an input of a statement about the kernel. @return whether it is one */
bool qm_history_parse_kernel(const struct qm_history *history,
							 const struct qm_words *words, struct qm_input *input);

/** Prints such an input. */
void qm_history_print_kernel(FILE *to, const struct qm_input *input);

/** Appends what the kernel counted to the line of an end, if it did. */
void qm_history_append_traffic(char line[QM_HISTORY_LINE], const struct qm_event *event);

/** Writes the line of an event about the kernel. @return whether it is one */
bool qm_history_kernel_event(char line[QM_HISTORY_LINE], const struct qm_event *event);

/** Names the CHILD_SA of an event in its line, which begins with a verb. @return bytes */
size_t qm_history_name(char line[QM_HISTORY_LINE], const char *verb,
					   const struct qm_event *event);

/** Writes the line of an end, or of an update. @return bytes */
size_t qm_history_end(char line[QM_HISTORY_LINE], const struct qm_event *event);
size_t qm_history_update(char line[QM_HISTORY_LINE], const struct qm_event *event);

#endif
