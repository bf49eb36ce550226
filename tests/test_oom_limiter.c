/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A limiter takes its memory at once, when it is made, and nothing later. It is
 * made without random numbers, too, where the kernel has none yet.
 */
#include <errno.h>
#include <string.h>
#include <sys/random.h>
#include <sys/socket.h>

#include "fail_alloc.h"
#include "limiter.h"
#include "test.h"

#define SOURCES 16

ssize_t __real_getrandom(void *buf, size_t size, unsigned flags);
ssize_t __wrap_getrandom(void *buf, size_t size, unsigned flags);

static bool no_random;

ssize_t __wrap_getrandom(void *buf, size_t size, unsigned flags)
{
	if (no_random) {
		errno = EAGAIN;
		return -1;
	}
	return __real_getrandom(buf, size, flags);
}

static const struct qm_limiter_rates rates = { 1, 0, 1000 };

/** Twice as many sources as there is room for, two observations of each. */
static void use(struct qm_limiter *limiter)
{
	struct qm_addr addr = { .family = AF_INET };
	struct qm_time now = { 0 };
	struct qm_summary summary;
	uint64_t sum = 0;

	for (unsigned i = 0; i < 2 * SOURCES; i++) {
		addr.ip[0] = (uint8_t)i;
		CU_ASSERT(qm_limiter_admit(limiter, QM_LIMIT_PACKET, &addr, QM_FAULT_UNKNOWN,
								   QM_TRI_NO, now));
		CU_ASSERT_FALSE(qm_limiter_admit(limiter, QM_LIMIT_PACKET, &addr,
										 QM_FAULT_UNKNOWN, QM_TRI_NO, now));
	}
	qm_limiter_set_rates(limiter, &rates);
	while (qm_limiter_take(limiter, now, true, &summary)) {
		sum += summary.count;
	}
	QM_INT(sum, 2 * SOURCES);
}

static void test_new(void)
{
	struct qm_limiter *const untouched = (struct qm_limiter *)&qm_limiter_new;
	struct qm_limiter *limiter = untouched;

	qm_fail_alloc(1);
	QM_FAILS(qm_limiter_new(&limiter, SOURCES, &rates), -ENOMEM);
	QM_INT(qm_fail_alloc_end(), 1);
	CU_ASSERT(limiter == untouched);

	qm_fail_alloc(2);
	QM_OK_FATAL(qm_limiter_new(&limiter, SOURCES, &rates));
	use(limiter);
	QM_INT(qm_fail_alloc_end(), 1);
	qm_limiter_free(limiter);
}

static void test_no_random(void)
{
	struct qm_limiter *limiter = NULL;

	no_random = true;
	QM_OK_FATAL(qm_limiter_new(&limiter, SOURCES, &rates));
	no_random = false;
	use(limiter);
	qm_limiter_free(limiter);
}

CU_TestInfo oom_limiter_tests[] = {
	{ "a limiter", test_new },
	{ "a limiter without random numbers", test_no_random },
	CU_TEST_INFO_NULL,
};
