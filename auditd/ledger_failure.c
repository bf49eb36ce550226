/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "ledger_failure.h"

/** Error notifies (IANA; RFC 2408 section 3.14.1). */
#define NO_PROPOSAL_CHOSEN 14
#define INVALID_ID_INFORMATION 18
#define AUTHENTICATION_FAILED 24
#define TS_UNACCEPTABLE 38

/** What an IKE_SA's end makes of what was under way on it. */
static const enum qm_failure_reason reasons[QM_REASON_MAX] = {
	[QM_REASON_DPD] = QM_FAILURE_TIMEOUT,
	[QM_REASON_IKE_DELETED] = QM_FAILURE_IKE_DELETED,
	[QM_REASON_IKE_EXPIRED] = QM_FAILURE_IKE_EXPIRED,
	[QM_REASON_REAUTHENTICATED] = QM_FAILURE_REAUTHENTICATED,
	[QM_REASON_REPLACED] = QM_FAILURE_REPLACED,
	[QM_REASON_SHUTDOWN] = QM_FAILURE_SHUTDOWN,
	[QM_REASON_PARSE_ERROR] = QM_FAILURE_PARSE_ERROR,
};

/** The alert's name for what a notify says, where charon raises none itself. */
static enum qm_failure_reason of_notify(const struct qm_nego *nego)
{
	switch (nego->notify) {
	case NO_PROPOSAL_CHOSEN:
		/* IKEv2's answer to other failures too; its alert came if it was this */
		return nego->version == 1 ? QM_FAILURE_PROPOSAL_MISMATCH : QM_FAILURE_NOTIFY;
	case INVALID_ID_INFORMATION:
		return nego->version == 1 ? QM_FAILURE_TS_MISMATCH : QM_FAILURE_NOTIFY;
	case TS_UNACCEPTABLE:
		return QM_FAILURE_TS_MISMATCH;
	case AUTHENTICATION_FAILED:
		return nego->notify_by == QM_PARTY_PEER ? QM_FAILURE_LOCAL_AUTH :
												  QM_FAILURE_PEER_AUTH;
	default:
		return QM_FAILURE_NOTIFY;
	}
}

/** Whether the CHILD_SA went for want of an SPI: all else would have come later. */
static bool lacks_spi(const struct qm_nego *nego)
{
	if (!nego->child_failed || !nego->facts || nego->facts->in_spi) {
		return false;
	}
	return nego->state == QM_NEGO_NONE &&
		   (!nego->notify || (nego->notify == NO_PROPOSAL_CHOSEN &&
							  nego->notify_by == QM_PARTY_LOCAL));
}

static enum qm_failure_reason reason_of(const struct qm_nego *nego)
{
	const struct qm_ike *ike = nego->ike;

	if (nego->alert != QM_FAILURE_UNKNOWN) {
		return nego->alert;
	}
	if (nego->installing) {
		return QM_FAILURE_INSTALL_SA;
	}
	if (ike->cause == QM_CAUSE_TIMEOUT) {
		return QM_FAILURE_TIMEOUT;
	}
	if (ike->cause == QM_CAUSE_HALF_OPEN && !nego->notify) {
		return QM_FAILURE_HALF_OPEN_TIMEOUT;
	}
	if (lacks_spi(nego)) {
		return QM_FAILURE_SPI_ALLOCATION;
	}
	return nego->notify ? of_notify(nego) : reasons[ike->why.reason];
}

static enum qm_party point_of(const struct qm_nego *nego, enum qm_failure_reason reason)
{
	if (nego->notify_by == QM_PARTY_PEER) {
		return QM_PARTY_PEER;
	}
	switch (reason) {
	case QM_FAILURE_UNKNOWN:
	case QM_FAILURE_TIMEOUT:
	case QM_FAILURE_HALF_OPEN_TIMEOUT:
		return QM_PARTY_UNKNOWN;
	case QM_FAILURE_LOCAL_AUTH:
		return QM_PARTY_PEER;
	case QM_FAILURE_IKE_DELETED:
	case QM_FAILURE_IKE_EXPIRED:
	case QM_FAILURE_REAUTHENTICATED:
	case QM_FAILURE_REPLACED:
	case QM_FAILURE_PARSE_ERROR:
		return nego->ike->why.by;
	default:
		return QM_PARTY_LOCAL;
	}
}

/** All that is known of the SA that was to be; at least who the peer is. */
static void gather(const struct qm_nego *nego, struct qm_sa_facts *facts)
{
	const bool initiator = nego->direction == QM_DIRECTION_INITIATOR;

	*facts = (struct qm_sa_facts){ .ike_version = nego->version };
	if (nego->facts) {
		*facts = *nego->facts;
	}
	facts->ike_sa = nego->ike->ike_sa;
	facts->direction = nego->direction;
	if (nego->offer && !facts->local_ts.count && !facts->remote_ts.count) {
		facts->local_ts = initiator ? nego->offer->initiator_ts :
									  nego->offer->responder_ts;
		facts->remote_ts = initiator ? nego->offer->responder_ts :
									   nego->offer->initiator_ts;
	}
}

void qm_failure_emit(const struct qm_scene *scene, const struct qm_nego *nego,
					 struct qm_time when)
{
	struct qm_failure failure = {
		.reason = reason_of(nego),
		.state = nego->state,
		.exchange = nego->exchange,
		.has_msgid = nego->has_msgid,
		.msgid = nego->msgid,
		.notify = nego->notify,
		.unauthenticated = nego->exchange == QM_EXCHANGE_IKE_AUTH &&
						   nego->direction == QM_DIRECTION_RESPONDER &&
						   !nego->ike->established,
	};
	struct qm_sa_facts facts;
	const struct qm_event event = {
		.kind = QM_EVENT_FAILED,
		.when_ms = when.wall_ms,
		.since_ms = when.wall_ms,
		.sa = &facts,
		.failure = &failure,
		.count = 1,
	};

	failure.point = point_of(nego, failure.reason);
	if (nego->offer) {
		failure.proposals = nego->offer->proposals;
	}
	gather(nego, &facts);
	scene->emit(scene->user, &event);
}

void qm_failure_orphan(const struct qm_scene *scene, struct qm_ike *ike,
					   const struct qm_input *input)
{
	struct qm_ike gone = { .ike_sa = input->ike_sa, .gone = true };
	struct qm_sa_facts facts = input->sa;
	/* the peer's are known by their messages; without an SPI nothing was sent */
	const bool unsent = !input->sa.in_spi;
	const struct qm_nego nego = {
		.ike = ike ? ike : &gone,
		.direction = unsent ? QM_DIRECTION_INITIATOR : QM_DIRECTION_UNKNOWN,
		.state = unsent ? QM_NEGO_NONE : QM_NEGO_UNKNOWN,
		.version = input->sa.ike_version,
		.facts = &facts,
		.child_failed = true,
		.installing = input->installing,
	};

	qm_failure_emit(scene, &nego, input->time);
}
