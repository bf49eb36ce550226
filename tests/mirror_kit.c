/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mirror_kit.h"

#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

/** No kind of event. */
#define NEVER QM_MIRROR_EVENT_KIND_MAX

void kit_reserve(struct kit *kit, size_t n)
{
	kit->room = n;
	kit->told = realloc(kit->told, n * sizeof(*kit->told));
	if (!kit->told) {
		abort();
	}
}

static void tell(void *user, const struct qm_mirror_event *event)
{
	struct kit *kit = user;
	struct told *told;

	if (kit->count == kit->room) {
		kit_reserve(kit, kit->room * 2);
	}
	told = &kit->told[kit->count++];
	*told = (struct told){ .event = *event };
	if (event->sa) {
		told->sa = *event->sa;
	}
	if (event->policy) {
		told->policy = *event->policy;
	}
	if (event->resync) {
		told->resync = *event->resync;
	}
	if (kit->on_event) {
		kit->on_event(kit, event);
	}
	if (event->kind == kit->until || kit->count == kit->until_count) {
		qm_mirror_stop(kit->mirror);
	}
}

struct qm_mirror_config kit_config(void)
{
	return (struct qm_mirror_config){ .retry_ms = 1, .retry_max_ms = 4, .retries = 3 };
}

void kit_new(struct kit *kit, const struct qm_mirror_config *config)
{
	struct qm_mirror_config own = config ? *config : kit_config();

	*kit = (struct kit){ .until = NEVER };
	own.tell = tell;
	own.user = kit;
	kit_reserve(kit, 64);
	QM_OK_FATAL(qm_mirror_new(&kit->mirror, &own));
}

void kit_free(struct kit *kit)
{
	CU_ASSERT_PTR_NULL(qm_mirror_free(kit->mirror));
	free(kit->told);
	*kit = (struct kit){ 0 };
}

void kit_start(struct kit *kit)
{
	kit_new(kit, NULL);
	kit_run(kit, QM_MIRROR_RESYNC_END);
	kit_skip(kit);
}

void kit_finish(struct kit *kit)
{
	kit_expect_none(kit);
	kit_free(kit);
}

void kit_run(struct kit *kit, enum qm_mirror_event_kind until)
{
	kit->until = until;
	kit->until_count = 0;
	QM_OK_FATAL(qm_mirror_run(kit->mirror));
	kit->until = NEVER;
}

void kit_run_events(struct kit *kit, size_t n)
{
	kit->until_count = kit->count + n;
	QM_OK_FATAL(qm_mirror_run(kit->mirror));
	kit->until_count = 0;
}

struct qm_mirror_resync kit_compare(struct kit *kit)
{
	qm_mirror_compare(kit->mirror);
	kit_run(kit, QM_MIRROR_RESYNC_END);
	return kit->told[kit->count - 1].resync;
}

const struct told *kit_next(struct kit *kit)
{
	CU_ASSERT_FATAL(kit->seen < kit->count);
	return &kit->told[kit->seen++];
}

const struct told *kit_expect(struct kit *kit, enum qm_mirror_event_kind kind)
{
	const struct told *told = kit_next(kit);

	QM_INT(told->event.kind, kind);
	return told;
}

const struct told *kit_expect_sa(struct kit *kit, enum qm_mirror_event_kind kind,
								 const struct craft_sa *sa)
{
	const struct told *told = kit_expect(kit, kind);
	const struct qm_xfrm_id id = kit_id(sa);

	QM_INT(told->sa.id.spi, id.spi);
	CU_ASSERT(!memcmp(&told->sa.id, &id, sizeof(id)));
	return told;
}

void kit_expect_none(struct kit *kit)
{
	QM_INT(kit->count - kit->seen, 0);
}

void kit_skip(struct kit *kit)
{
	kit->seen = kit->count;
}

struct qm_xfrm_id kit_id(const struct craft_sa *sa)
{
	struct qm_xfrm_id id = {
		.spi = sa->spi,
		.mark = sa->mark,
		.mask = sa->mask,
		.if_id = sa->if_id,
		.proto = sa->proto ? sa->proto : IPPROTO_ESP,
	};
	xfrm_address_t addr;

	id.family = (uint8_t)craft_addr(&addr, sa->dst);
	memcpy(id.dst, &addr, id.family == AF_INET ? 4 : 16);
	return id;
}

bool kit_has(struct kit *kit, const struct craft_sa *sa)
{
	const struct qm_xfrm_id id = kit_id(sa);
	struct qm_xfrm_sa found;
	bool larval;

	return !qm_mirror_find(kit->mirror, &id, &found, &larval) && !larval;
}
