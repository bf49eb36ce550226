/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * A mirror and what it told. It runs in the thread of the test, from one event that
 * the test waits for to the next.
 */
#ifndef QM_MIRROR_KIT_H
#define QM_MIRROR_KIT_H

#include "mirror.h"
#include "xfrm_craft.h"

/** An event, with copies of what it pointed to. */
struct told {
	struct qm_mirror_event event;
	struct qm_xfrm_sa sa;
	struct qm_xfrm_policy policy;
	struct qm_mirror_resync resync;
};

struct kit {
	struct qm_mirror *mirror;
	/** all events, in order */
	struct told *told;
	size_t count;
	size_t room;
	/** events before this were looked at by kit_next() */
	size_t seen;
	/** the run ends with this kind, or with the count of all events */
	enum qm_mirror_event_kind until;
	size_t until_count;
	/** called for each event, if not NULL */
	void (*on_event)(struct kit *kit, const struct qm_mirror_event *event);
};

/** Short times between dumps that fail; the rest is as by default. */
struct qm_mirror_config kit_config(void);

/** Makes a mirror; the test ends if that fails. config may be NULL. */
void kit_new(struct kit *kit, const struct qm_mirror_config *config);
void kit_free(struct kit *kit);

/** Makes one, and runs it until it has what is there; all that is skipped. */
void kit_start(struct kit *kit);
/** Checks that all events were looked at, and frees it. */
void kit_finish(struct kit *kit);

/** Makes room for n events, so that none has to be made while the mirror runs. */
void kit_reserve(struct kit *kit, size_t n);

/** Runs until an event of this kind was told. */
void kit_run(struct kit *kit, enum qm_mirror_event_kind until);
/** Runs until n more events were told. */
void kit_run_events(struct kit *kit, size_t n);
/**
 * Asks for a comparison and runs until that is done: by then all notifications are
 * taken that were sent before. @return what was found
 */
struct qm_mirror_resync kit_compare(struct kit *kit);

/** Takes the next event not looked at; the test ends if there is none. */
const struct told *kit_next(struct kit *kit);
/** Takes it, and checks its kind. */
const struct told *kit_expect(struct kit *kit, enum qm_mirror_event_kind kind);
/** Takes it, and checks that it is about this SA. */
const struct told *kit_expect_sa(struct kit *kit, enum qm_mirror_event_kind kind,
								 const struct craft_sa *sa);
/** Checks that all events were looked at. */
void kit_expect_none(struct kit *kit);
/** Skips what was told so far. */
void kit_skip(struct kit *kit);

/** The identity of an SA. */
struct qm_xfrm_id kit_id(const struct craft_sa *sa);
/** Whether the table has it, and not just its SPI reserved. */
bool kit_has(struct kit *kit, const struct craft_sa *sa);

#endif
