/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How the mirror comes to have what the kernel has, at the start and after a gap:
 * read all notifications that wait, dump, compare, and again if anything is missed
 * meanwhile. A dump has a socket of its own, so that notifications do not have to
 * share their buffer with it, and an answer that comes late is nobody's.
 */
#include "mirror_priv.h"

#include <errno.h>

#include <linux/netlink.h>
#include <linux/xfrm.h>

/** How long the kernel may take for the next part of a dump. */
#define GIVE_UP_MS 10000

/** A gap belongs to the one before if it comes within so many retry_ms of its end. */
#define STORM_RETRIES 10

/** Datagrams of a dump that are read before notifications have their turn. */
#define DUMP_TURN 16

bool qm_mirror_dumping(const struct qm_mirror *mirror)
{
	return mirror->phase == QM_MIRROR_DUMPING_SAS ||
		   mirror->phase == QM_MIRROR_DUMPING_POLICIES;
}

static void tell_resync(struct qm_mirror *mirror, enum qm_mirror_event_kind kind)
{
	const struct qm_mirror_event event = {
		.kind = kind,
		.resync = &mirror->resync,
	};

	qm_mirror_tell(mirror, &event);
}

/**
 * Milliseconds from a failure to the next dump, or from the beginning of a gap to the
 * first. In a storm of gaps each dump may succeed and yet be good for nothing soon.
 */
static uint64_t back_off(const struct qm_mirror *mirror)
{
	const uint64_t steps = (uint64_t)mirror->failures +
						   (mirror->storm ? mirror->storm - 1 : 0);
	uint64_t ms = steps ? mirror->config.retry_ms : 0, n;

	for (n = 1; n < steps && ms < mirror->config.retry_max_ms; n++) {
		ms *= 2;
	}
	return ms < mirror->config.retry_max_ms ? ms : mirror->config.retry_max_ms;
}

static void close_dump(struct qm_mirror *mirror)
{
	qm_xfrm_socket_close(&mirror->dump);
	mirror->dump_done = false;
}

/** A dump came to nothing, or what it says is not true any more. */
static void fail(struct qm_mirror *mirror, int error)
{
	struct qm_mirror_resync *resync = &mirror->resync;
	const int began_with = resync->error;

	close_dump(mirror);
	qm_mirror_forget_ended_sas(mirror);
	qm_mirror_forget_ended_policies(mirror);
	mirror->phase = QM_MIRROR_WAITING;
	mirror->failures++;
	mirror->counters.failures++;
	mirror->retry_at_ms = qm_mirror_now_ms() + back_off(mirror);
	if (mirror->failures == mirror->config.retries) {
		resync->error = error;
		tell_resync(mirror, QM_MIRROR_RESYNC_FAILED);
		resync->error = began_with;
	}
}

/** Whether notifications are lost, and not only not enough. */
static bool is_loss(enum qm_mirror_cause cause)
{
	return cause == QM_MIRROR_CAUSE_OVERRUN || cause == QM_MIRROR_CAUSE_MALFORMED ||
		   cause == QM_MIRROR_CAUSE_SOCKET || cause == QM_MIRROR_CAUSE_MEMORY;
}

/** What began without a loss has one by now. What was before the start is not lost. */
static void aggravate(struct qm_mirror *mirror, enum qm_mirror_cause cause, int error)
{
	struct qm_mirror_resync *resync = &mirror->resync;

	if (is_loss(cause) && !is_loss(resync->cause) &&
		resync->cause != QM_MIRROR_CAUSE_START) {
		resync->cause = cause;
		resync->error = error;
	}
}

/** Counts gaps that follow one another, besides those that are of our own making. */
static void count_storm(struct qm_mirror *mirror, enum qm_mirror_cause cause)
{
	const uint64_t calm = (uint64_t)mirror->config.retry_ms * STORM_RETRIES;

	if (qm_mirror_now_ms() - mirror->synced_at_ms >= calm) {
		mirror->storm = 0;
	}
	if (cause != QM_MIRROR_CAUSE_START && cause != QM_MIRROR_CAUSE_ASKED) {
		mirror->storm++;
	}
}

void qm_mirror_gap(struct qm_mirror *mirror, enum qm_mirror_cause cause, int error)
{
	if (mirror->phase != QM_MIRROR_SYNCED) {
		aggravate(mirror, cause, error);
	}
	if (qm_mirror_dumping(mirror)) {
		fail(mirror, error);
	} else if (mirror->phase == QM_MIRROR_SYNCED) {
		mirror->phase = QM_MIRROR_WAITING;
		mirror->failures = 0;
		count_storm(mirror, cause);
		mirror->retry_at_ms = qm_mirror_now_ms() + back_off(mirror);
		mirror->counters.synced = false;
		mirror->resync = (struct qm_mirror_resync){ .cause = cause, .error = error };
		tell_resync(mirror, QM_MIRROR_RESYNC_BEGIN);
	}
}

void qm_mirror_count_drops(struct qm_mirror *mirror)
{
	uint32_t drops, more;

	if (qm_xfrm_socket_check(&mirror->live) < 0 ||
		qm_xfrm_socket_drops(&mirror->live, &drops) < 0) {
		return;
	}
	/* the kernel's count wraps around */
	more = drops - mirror->drops;
	mirror->drops = drops;
	mirror->resync.dropped += more;
	mirror->counters.dropped += more;
}

int qm_mirror_listen(struct qm_mirror *mirror)
{
	int r = qm_xfrm_socket_listen(&mirror->live, mirror->config.rcvbuf);

	if (!r) {
		mirror->drops = 0;
		mirror->counters.rcvbuf = qm_xfrm_socket_rcvbuf(&mirror->live);
	}
	return r;
}

/** Asks for a dump. */
static void begin(struct qm_mirror *mirror, enum qm_mirror_phase phase)
{
	const int type = phase == QM_MIRROR_DUMPING_SAS ? XFRM_MSG_GETSA : XFRM_MSG_GETPOLICY;
	int r = mirror->live.fd < 0 ? qm_mirror_listen(mirror) : 0;

	if (!r) {
		r = qm_xfrm_socket_dump(&mirror->dump, type);
	}
	if (r < 0) {
		fail(mirror, r);
		return;
	}
	mirror->phase = phase;
	mirror->give_up_ms = qm_mirror_now_ms() + GIVE_UP_MS;
}

/** A dump is complete, and so are the notifications of what happened meanwhile. */
static void end(struct qm_mirror *mirror)
{
	close_dump(mirror);
	if (mirror->phase == QM_MIRROR_DUMPING_SAS) {
		mirror->phase = QM_MIRROR_WAITING;
		qm_mirror_sweep_sas(mirror);
		begin(mirror, QM_MIRROR_DUMPING_POLICIES);
		return;
	}
	mirror->phase = QM_MIRROR_SYNCED;
	qm_mirror_sweep_policies(mirror);
	qm_mirror_count_drops(mirror);
	mirror->counters.synced = true;
	mirror->synced_at_ms = qm_mirror_now_ms();
	mirror->compare_at_ms = mirror->config.compare_ms ?
								mirror->synced_at_ms + mirror->config.compare_ms :
								UINT64_MAX;
	mirror->counters.resyncs++;
	tell_resync(mirror, QM_MIRROR_RESYNC_END);
}

void qm_mirror_advance(struct qm_mirror *mirror)
{
	const uint64_t now = qm_mirror_now_ms();

	if (mirror->phase == QM_MIRROR_SYNCED) {
		return;
	}
	if (!qm_mirror_dumping(mirror)) {
		if (mirror->drained && now >= mirror->retry_at_ms) {
			mirror->resync.attempts++;
			mirror->number++;
			begin(mirror, QM_MIRROR_DUMPING_SAS);
		}
	} else if (mirror->dump_done) {
		if (mirror->drained) {
			end(mirror);
		}
	} else if (now >= mirror->give_up_ms) {
		fail(mirror, -ETIMEDOUT);
	}
}

/** When there is something to do for the clock alone, on CLOCK_MONOTONIC. */
static uint64_t next_ms(const struct qm_mirror *mirror)
{
	if (qm_mirror_dumping(mirror)) {
		return mirror->give_up_ms;
	}
	return mirror->phase == QM_MIRROR_SYNCED ? mirror->compare_at_ms :
											   mirror->retry_at_ms;
}

int qm_mirror_wait_ms(const struct qm_mirror *mirror, int max)
{
	const uint64_t until = next_ms(mirror);
	const uint64_t now = qm_mirror_now_ms();

	if (!mirror->drained || mirror->dump_done ||
		(mirror->phase == QM_MIRROR_SYNCED && mirror->asked)) {
		return 0;
	}
	if (until >= now + (uint64_t)max) {
		return max;
	}
	return until > now ? (int)(until - now) : 0;
}

static void take_dumped(struct qm_mirror *mirror, const struct qm_xfrm_msg *msg)
{
	if (!qm_mirror_dumping(mirror) || mirror->dump_done) {
		return;
	}
	if (msg->flags & NLM_F_DUMP_INTR) {
		fail(mirror, -EINTR);
	} else if (msg->error < 0) {
		fail(mirror, msg->error);
	} else if (msg->kind == QM_XFRM_DONE) {
		mirror->dump_done = true;
		mirror->drained = false;
	} else if (msg->kind == QM_XFRM_NEW_SA) {
		qm_mirror_take_dumped_sa(mirror, &msg->sa);
	} else if (msg->kind == QM_XFRM_NEW_POLICY) {
		qm_mirror_take_dumped_policy(mirror, &msg->policy);
	}
}

void qm_mirror_read_dump(struct qm_mirror *mirror)
{
	int turn, r = 0;

	for (turn = 0; turn < DUMP_TURN && !r; turn++) {
		if (!qm_mirror_dumping(mirror) || mirror->dump_done) {
			return;
		}
		r = qm_mirror_receive(mirror, &mirror->dump, take_dumped);
		if (!r) {
			mirror->give_up_ms = qm_mirror_now_ms() + GIVE_UP_MS;
		}
	}
	if (r < 0 && r != -EAGAIN && r != -EREMOTE && qm_mirror_dumping(mirror)) {
		fail(mirror, r);
	}
}
