/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "qm_audit_kernel.h"
#include "../netlink/mirror.h"

#include <threading/thread.h>

#include <errno.h>
#include <linux/xfrm.h>
#include <unistd.h>

/** Milliseconds until the recorder is asked again whether it has room */
#define OFFER_RETRY_MS 5

/** Milliseconds that the end may wait for room */
#define STOP_PATIENCE_MS 500

typedef struct private_qm_audit_kernel_t private_qm_audit_kernel_t;

/**
 * Private data of a qm_audit_kernel_t
 */
struct private_qm_audit_kernel_t {

	/**
	 * Public interface
	 */
	qm_audit_kernel_t public;

	/**
	 * Where inputs go
	 */
	struct qm_recorder *recorder;

	/**
	 * How the mirror is to be
	 */
	struct qm_mirror_config config;

	/**
	 * What the kernel has, NULL while it is not watched
	 */
	struct qm_mirror *mirror;

	/**
	 * Thread that runs the mirror
	 */
	thread_t *thread;

	/**
	 * It was to begin; and the thread runs the mirror
	 */
	bool wanted;
	_Atomic bool watching;

	/**
	 * Monotonic time in ms since when something may be missing, 0 for now not
	 */
	_Atomic uint64_t gap_since;

	/**
	 * SAs that went unseen in the gap of now
	 */
	uint32_t changes;

	/**
	 * What to do about dropped notifications was said in the gap of now
	 */
	bool hinted;

	/**
	 * Monotonic time in ms after which nothing is offered twice, 0 for never
	 */
	_Atomic uint64_t deadline;
};

/**
 * Hand an input to the recorder, waiting for room: what the kernel tells can
 * wait in the socket, what charon tells can not.
 */
static void offer(private_qm_audit_kernel_t *this, const struct qm_input *input)
{
	while (qm_recorder_offer(this->recorder, input) == -ENOSPC)
	{
		uint64_t deadline = this->deadline;

		if (deadline && qm_time_now().mono_ms >= deadline)
		{
			return;
		}
		usleep(OFFER_RETRY_MS * 1000);
	}
}

/**
 * Translate an IP protocol number, to QM_SATYPE_UNKNOWN if it is not audited
 */
static enum qm_satype translate_proto(uint8_t proto)
{
	switch (proto)
	{
		case IPPROTO_ESP:
			return QM_SATYPE_ESP;
		case IPPROTO_AH:
			return QM_SATYPE_AH;
		default:
			return QM_SATYPE_UNKNOWN;
	}
}

/**
 * Translate the kernel's number of a mode
 */
static enum qm_samode translate_mode(uint8_t mode)
{
	switch (mode)
	{
		case XFRM_MODE_TUNNEL:
			return QM_SAMODE_TUNNEL;
		case XFRM_MODE_TRANSPORT:
			return QM_SAMODE_TRANSPORT;
		case XFRM_MODE_BEET:
			return QM_SAMODE_BEET;
		default:
			return QM_SAMODE_UNKNOWN;
	}
}

/**
 * Translate how an SA ended
 */
static enum qm_kernel_end translate_end(enum qm_mirror_end end)
{
	switch (end)
	{
		case QM_MIRROR_END_DELETED:
			return QM_KERNEL_END_DELETED;
		case QM_MIRROR_END_FLUSHED:
			return QM_KERNEL_END_FLUSHED;
		case QM_MIRROR_END_EXPIRED:
			return QM_KERNEL_END_EXPIRED;
		case QM_MIRROR_END_VANISHED:
			return QM_KERNEL_END_VANISHED;
		default:
			return QM_KERNEL_END_NONE;
	}
}

/**
 * Translate who did it. One who does not say who it is is not us: we do.
 */
static enum qm_party translate_actor(enum qm_xfrm_actor_kind kind)
{
	switch (kind)
	{
		case QM_XFRM_ACTOR_OWN:
			return QM_PARTY_LOCAL;
		case QM_XFRM_ACTOR_OTHER:
		case QM_XFRM_ACTOR_UNNAMED:
			return QM_PARTY_EXTERNAL;
		case QM_XFRM_ACTOR_KERNEL:
			return QM_PARTY_KERNEL;
		default:
			return QM_PARTY_UNKNOWN;
	}
}

/**
 * Copy an address of an SA
 */
static struct qm_addr translate_addr(uint8_t family, const uint8_t ip[16])
{
	struct qm_addr addr = { .family = family };

	memcpy(addr.ip, ip, sizeof(addr.ip));
	return addr;
}

/**
 * Copy what a mirror tells of an SA
 */
static void translate_sa(const struct qm_mirror_event *event,
						 struct qm_kernel_sa *kernel)
{
	const struct qm_xfrm_sa *sa = event->sa;
	bool counted = (sa->has & QM_XFRM_HAS_COUNTERS) != 0;

	*kernel = (struct qm_kernel_sa){
		.id = {
			.satype = translate_proto(sa->id.proto),
			.spi = sa->id.spi,
			.dst = translate_addr(sa->id.family, sa->id.dst),
		},
		.src = translate_addr(sa->id.family, sa->src),
		.reqid = sa->reqid,
		.if_id = sa->id.if_id,
		.mark = { sa->id.mark, sa->id.mask },
		.samode = translate_mode(sa->mode),
		.end = translate_end(event->end),
		.by = translate_actor(event->by.kind),
		.pid = event->by.pid,
		.found = event->found,
		.bytes = { counted, counted ? sa->counters.bytes : 0 },
		.packets = { counted, counted ? sa->counters.packets : 0 },
	};
	snprintf(kernel->comm, sizeof(kernel->comm), "%s", event->by.comm);
}

/**
 * An SA came or went
 */
static void tell_sa(private_qm_audit_kernel_t *this,
					const struct qm_mirror_event *event)
{
	struct qm_input input;

	/* one that is reserved is none yet, and IPComp protects nothing */
	if (event->larval ||
		translate_proto(event->sa->id.proto) == QM_SATYPE_UNKNOWN)
	{
		return;
	}
	qm_input_init(&input, event->kind == QM_MIRROR_SA_ADDED ?
				  QM_INPUT_KERNEL_ADDED : QM_INPUT_KERNEL_REMOVED,
				  thread_current_id(), 0);
	translate_sa(event, &input.kernel);
	/* one that came may be notified yet, and is told of otherwise if it stays */
	this->changes += event->found && event->kind == QM_MIRROR_SA_REMOVED;
	offer(this, &input);
}

/**
 * Notifications that are known to be missing. Of some gaps the kernel gives no
 * count, but that there was one is sure.
 */
static uint64_t count_dropped(const struct qm_mirror_resync *resync)
{
	switch (resync->cause)
	{
		case QM_MIRROR_CAUSE_OVERRUN:
		case QM_MIRROR_CAUSE_MALFORMED:
		case QM_MIRROR_CAUSE_SOCKET:
		case QM_MIRROR_CAUSE_MEMORY:
			return max(resync->dropped, 1);
		default:
			return resync->dropped;
	}
}

/**
 * The view of the kernel begins or ceases to be complete
 */
static void tell_sync(private_qm_audit_kernel_t *this,
					  enum qm_sync_phase phase,
					  const struct qm_mirror_resync *resync)
{
	struct qm_input input;

	qm_input_init(&input, QM_INPUT_KERNEL_SYNC, thread_current_id(), 0);
	input.sync = (struct qm_sync){
		.phase = phase,
		.start = resync && resync->cause == QM_MIRROR_CAUSE_START,
		.dropped = resync ? count_dropped(resync) : 0,
		.changes = this->changes,
	};
	offer(this, &input);
}

/**
 * Say once in a gap that the receive buffer is too small: one that began for
 * another reason may show that later
 */
static void log_overrun(private_qm_audit_kernel_t *this,
						const struct qm_mirror_resync *resync)
{
	if (!this->hinted &&
		(resync->dropped || resync->cause == QM_MIRROR_CAUSE_OVERRUN))
	{
		this->hinted = TRUE;
		DBG1(DBG_KNL, "qm-audit: the kernel dropped notifications about "
			 "SAs, comparing all of them; if it recurs raise "
			 "kernel_receive_buffer");
	}
}

/**
 * Say why the view of the kernel is not complete
 */
static void log_gap(const struct qm_mirror_resync *resync)
{
	switch (resync->cause)
	{
		case QM_MIRROR_CAUSE_MALFORMED:
			DBG1(DBG_KNL, "qm-audit: a notification of the kernel about SAs "
				 "was not understood, comparing all of them");
			break;
		case QM_MIRROR_CAUSE_SOCKET:
			DBG1(DBG_KNL, "qm-audit: the socket for the kernel's notifications "
				 "about SAs broke (%s), opening another", strerror(-resync->error));
			break;
		case QM_MIRROR_CAUSE_MEMORY:
			DBG1(DBG_KNL, "qm-audit: no memory to keep track of the kernel's "
				 "SAs and policies, or too many of them");
			break;
		default:
			break;
	}
}

/**
 * Implements qm_mirror_tell_t
 */
static void tell(void *user, const struct qm_mirror_event *event)
{
	private_qm_audit_kernel_t *this = user;

	switch (event->kind)
	{
		case QM_MIRROR_SA_ADDED:
		case QM_MIRROR_SA_REMOVED:
			tell_sa(this, event);
			break;
		case QM_MIRROR_RESYNC_BEGIN:
			this->changes = 0;
			this->hinted = FALSE;
			this->gap_since = qm_time_now().mono_ms;
			log_gap(event->resync);
			log_overrun(this, event->resync);
			tell_sync(this, QM_SYNC_BEGIN, event->resync);
			break;
		case QM_MIRROR_RESYNC_FAILED:
			log_overrun(this, event->resync);
			DBG1(DBG_KNL, "qm-audit: looking at the kernel's SAs failed %u "
				 "times, last with: %s; trying on, meanwhile byte and packet "
				 "counts are not known", event->resync->attempts,
				 strerror(-event->resync->error));
			tell_sync(this, QM_SYNC_OFF, event->resync);
			break;
		case QM_MIRROR_RESYNC_END:
			log_overrun(this, event->resync);
			DBG2(DBG_KNL, "qm-audit: the kernel's SAs are known, %u of them "
				 "went unseen", this->changes);
			this->gap_since = 0;
			tell_sync(this, QM_SYNC_END, event->resync);
			break;
		default:
			break;
	}
}

/**
 * Run the mirror until it is stopped
 */
static void *run(private_qm_audit_kernel_t *this)
{
	int r = qm_mirror_run(this->mirror);

	this->watching = FALSE;
	if (r < 0)
	{
		DBG1(DBG_KNL, "qm-audit: waiting for the kernel's notifications about "
			 "SAs failed: %s; byte and packet counts will not be known until "
			 "the daemon starts again", strerror(-r));
		tell_sync(this, QM_SYNC_OFF, NULL);
	}
	return NULL;
}

METHOD(qm_audit_kernel_t, start, void,
	private_qm_audit_kernel_t *this)
{
	int r = qm_mirror_new(&this->mirror, &this->config);

	this->wanted = TRUE;
	if (r < 0)
	{
		DBG1(DBG_KNL, "qm-audit: the kernel's SAs cannot be watched: %s%s; byte "
			 "and packet counts will not be known", strerror(-r),
			 r == -EPERM ? " (the daemon needs CAP_NET_ADMIN)" : "");
		return;
	}
	this->watching = TRUE;
	this->thread = thread_create((thread_main_t)run, this);
	if (!this->thread)
	{
		/* a socket that nobody reads would fill up in the kernel */
		this->watching = FALSE;
		this->mirror = qm_mirror_free(this->mirror);
		DBG1(DBG_KNL, "qm-audit: no thread to watch the kernel's SAs; byte and "
			 "packet counts will not be known until the daemon starts again");
	}
}

METHOD(qm_audit_kernel_t, get_status, void,
	private_qm_audit_kernel_t *this, struct qm_snapshot_mirror *status)
{
	uint64_t since = this->gap_since, now = qm_time_now().mono_ms;
	struct qm_mirror_stats stats = {};

	if (this->mirror)
	{
		stats = qm_mirror_stats(this->mirror);
	}
	*status = (struct qm_snapshot_mirror){
		.wanted = this->wanted,
		.watched = this->watching,
		.synced = stats.synced,
		.gap_ms = since ? now - since : 0,
		.sas = stats.sas,
		.policies = stats.policies,
		.resyncs = stats.resyncs,
		.failures = stats.failures,
		.overruns = stats.overruns,
		.dropped = stats.dropped,
	};
}

METHOD(qm_audit_kernel_t, stop, void,
	private_qm_audit_kernel_t *this)
{
	if (this->thread)
	{
		this->deadline = qm_time_now().mono_ms + STOP_PATIENCE_MS;
		qm_mirror_stop(this->mirror);
		this->thread->join(this->thread);
		this->thread = NULL;
	}
}

METHOD(qm_audit_kernel_t, destroy, void,
	private_qm_audit_kernel_t *this)
{
	stop(this);
	qm_mirror_free(this->mirror);
	free(this);
}

/*
 * Described in header
 */
qm_audit_kernel_t *qm_audit_kernel_create(struct qm_recorder *recorder,
										  u_int rcvbuf, u_int interval)
{
	private_qm_audit_kernel_t *this;

	INIT(this,
		.public = {
			.start = _start,
			.get_status = _get_status,
			.stop = _stop,
			.destroy = _destroy,
		},
		.recorder = recorder,
		.config = {
			.rcvbuf = rcvbuf,
			.compare_ms = interval * 1000,
			.tell = tell,
		},
	);
	this->config.user = this;
	return &this->public;
}
