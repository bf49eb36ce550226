/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake_kit.h"

#include "fake_xfrm.h"
#include "test.h"

void start_empty(struct kit *kit)
{
	fake_xfrm_begin();
	kit_start(kit);
}

void finish(struct kit *kit)
{
	kit_finish(kit);
	fake_xfrm_end();
}

void expect_begin(struct kit *kit, enum qm_mirror_cause cause, int error)
{
	const struct told *told = kit_expect(kit, QM_MIRROR_RESYNC_BEGIN);

	QM_INT(told->resync.cause, cause);
	QM_INT(told->resync.error, error);
}

struct qm_mirror_resync expect_end(struct kit *kit, unsigned attempts)
{
	const struct told *told = kit_expect(kit, QM_MIRROR_RESYNC_END);

	QM_INT(told->resync.attempts, attempts);
	CU_ASSERT(qm_mirror_stats(kit->mirror).synced);
	return told->resync;
}
