/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Values of more than one part as the store's columns have them: texts that can be
 * read, and are read back to the same.
 */
#ifndef QM_STORE_VALUE_H
#define QM_STORE_VALUE_H

#include "facts.h"
#include "text.h"

/** Appends an address and its port: 192.0.2.1[4500], ?[0] for none. */
void qm_value_put_addr(struct qm_writer *w, const struct qm_addr *addr);

/** Appends selectors: FROM-TO[PROTO/PORT-PORT], joined by commas; +N for more. */
void qm_value_put_ts_list(struct qm_writer *w, const struct qm_ts_list *list);

/** Appends a mark: 0x1/0xff. */
void qm_value_put_mark(struct qm_writer *w, const struct qm_mark *mark);

/** Read them back. @return 0, or -EILSEQ for what none of the above writes */
int qm_value_get_addr(const char *s, struct qm_addr *ret);
int qm_value_get_ts_list(const char *s, struct qm_ts_list *ret);
int qm_value_get_mark(const char *s, struct qm_mark *ret);

#endif
