/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "readback_own.h"

#include <errno.h>

static const char *durability(enum qm_durability value)
{
	return ENUM_NAME(value, "none", "crash", "power");
}

static void read_policy_change(struct qm_reader *r, const struct qm_event *event,
							   const struct qm_origin *origin)
{
	char changes[QM_POLICY_CHANGES_MAX];

	qm_policy_changes(event->old_policy, event->new_policy, changes, sizeof(changes));
	qm_is(r, "op", "policy-change");
	qm_is(r, "event-id", "4719");
	qm_is_id(r, "instance", origin->instance);
	qm_is(r, "old-policy", qm_policy_name(event->old_policy));
	qm_is(r, "new-policy", qm_policy_name(event->new_policy));
	qm_is(r, "changes", changes);
}

static void read_inheritance(struct qm_reader *r, const struct qm_event *event)
{
	const struct qm_inheritance *inherited = &event->inherited;

	qm_is(r, "durability", durability(event->durability));
	qm_is(r, "last-run", ENUM_NAME(inherited->last, "?", "none", "stopped", "died",
								   "rebooted"));
	qm_is_moment(r, "last-alive", inherited->last_alive_ms);
	qm_is_number(r, "open-sas", inherited->open_sas);
	qm_is_number(r, "waiting", inherited->waiting);
}

static void read_start(struct qm_reader *r, const struct qm_event *event,
					   const struct qm_origin *origin)
{
	qm_is(r, "op", "audit-start");
	qm_is_id(r, "instance", origin->instance);
	qm_is_word(r, "version", PACKAGE_VERSION);
	qm_is_word(r, "daemon", origin->daemon);
	qm_is_word(r, "daemon-version", origin->daemon_version);
	qm_is(r, "policy", qm_policy_name(event->new_policy));
	read_inheritance(r, event);
}

static void read_stop(struct qm_reader *r, const struct qm_event *event,
					  const struct qm_origin *origin)
{
	qm_is(r, "op", "audit-stop");
	qm_is_id(r, "instance", origin->instance);
	qm_is_number(r, "written", event->written);
	qm_is(r, "policy", qm_policy_name(event->new_policy));
}

static void read_lost(struct qm_reader *r, const struct qm_event *event,
					  const struct qm_origin *origin)
{
	qm_is(r, "op", "lost");
	qm_is_id(r, "instance", origin->instance);
	qm_is_number(r, "count", event->lost);
	qm_is_time(r, "since", event->since_ms);
	qm_is(r, "cause", ENUM_NAME(event->cause, "queue", "audit", "netlink", "store"));
}

static void read_store_change(struct qm_reader *r, const struct qm_event *event,
							  const struct qm_origin *origin)
{
	qm_is(r, "op", "store-change");
	qm_is_id(r, "instance", origin->instance);
	qm_is(r, "old-durability", durability(event->old_durability));
	qm_is(r, "durability", durability(event->durability));
	qm_is(r, "error", event->error == ENOSPC ? "ENOSPC" : event->error ? "EIO" : "none");
}

bool qm_readback_own(struct qm_reader *r, const struct qm_event *event,
					 const struct qm_origin *origin)
{
	switch (event->kind) {
	case QM_EVENT_AUDIT_START:
		read_start(r, event, origin);
		return true;
	case QM_EVENT_AUDIT_STOP:
		read_stop(r, event, origin);
		return true;
	case QM_EVENT_POLICY_CHANGE:
		read_policy_change(r, event, origin);
		return true;
	case QM_EVENT_LOST:
		read_lost(r, event, origin);
		return true;
	case QM_EVENT_STORE_CHANGE:
		read_store_change(r, event, origin);
		return true;
	default:
		return false;
	}
}
