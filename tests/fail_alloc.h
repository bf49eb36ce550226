/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Counts allocations of the code under test and fails one of them. The program
 * is linked with -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc, and --wrap=strdup
 * where that is used; what libraries allocate for themselves is not seen.
 */
#ifndef QM_FAIL_ALLOC_H
#define QM_FAIL_ALLOC_H

/**
 * Starts counting in this thread.
 *
 * @param nth	which allocation fails, from 1; 0 for none
 */
void qm_fail_alloc(unsigned nth);

/** Ends it. @return allocations asked for since qm_fail_alloc() */
unsigned qm_fail_alloc_end(void);

#endif
