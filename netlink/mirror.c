/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mirror.h"

#include <errno.h>
#include <poll.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "mirror_priv.h"

/** Notifications that are read before a dump, or the user, has its turn. */
#define NOTICE_TURN 256

/** Such turns when it is stopped. */
#define STOP_TURNS 64

/**
 * The longest wait. A socket that something closed, and whose number is another file's
 * by now, has to be found out by looking.
 */
#define LOOK_MS 10000

/** The same when nothing can end a wait. */
#define LOOK_UNWOKEN_MS 100

#define RCVBUF_DEFAULT (8 * 1024 * 1024)
#define MAX_DEFAULT QM_XFRM_MAP_MAX
#define RETRY_MS_DEFAULT 100
#define RETRY_MAX_MS_DEFAULT 30000
#define RETRIES_DEFAULT 8

uint64_t qm_mirror_now_ms(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000 + (uint64_t)ts.tv_nsec / 1000000;
}

static void count_found(struct qm_mirror_resync *resync, enum qm_mirror_event_kind kind)
{
	switch (kind) {
	case QM_MIRROR_SA_ADDED:
		resync->sas_added++;
		break;
	case QM_MIRROR_SA_CHANGED:
		resync->sas_changed++;
		break;
	case QM_MIRROR_SA_REMOVED:
		resync->sas_removed++;
		break;
	case QM_MIRROR_POLICY_ADDED:
		resync->policies_added++;
		break;
	case QM_MIRROR_POLICY_CHANGED:
		resync->policies_changed++;
		break;
	case QM_MIRROR_POLICY_REMOVED:
		resync->policies_removed++;
		break;
	default:
		break;
	}
}

void qm_mirror_tell(struct qm_mirror *mirror, const struct qm_mirror_event *event)
{
	if (event->found) {
		count_found(&mirror->resync, event->kind);
	}
	mirror->config.tell(mirror->config.user, event);
}

struct qm_xfrm_actor qm_mirror_actor(struct qm_mirror *mirror, uint32_t port)
{
	return qm_xfrm_actor_find(&mirror->actors, port, qm_mirror_now_ms());
}

int qm_mirror_receive(struct qm_mirror *mirror, const struct qm_xfrm_socket *sock,
					  void (*take)(struct qm_mirror *mirror,
								   const struct qm_xfrm_msg *msg))
{
	const struct qm_xfrm_msg *msg;
	struct qm_xfrm_walk walk;
	size_t len;
	int r = qm_xfrm_socket_recv(sock, mirror->buffer, sizeof(mirror->buffer), &len), n;

	if (!r) {
		qm_xfrm_walk_init(&walk, mirror->buffer, len);
		while ((n = qm_xfrm_walk_next(&walk, &msg))) {
			if (n < 0) {
				r = n;
			} else {
				take(mirror, msg);
			}
		}
	}
	mirror->dirty = len > mirror->dirty ? len : mirror->dirty;
	if (r == -EREMOTE) {
		mirror->counters.foreign++;
	}
	return r;
}

/** Wipes what was received. */
static void wipe(struct qm_mirror *mirror)
{
	explicit_bzero(mirror->buffer, mirror->dirty);
	mirror->dirty = 0;
}

static void take_notice(struct qm_mirror *mirror, const struct qm_xfrm_msg *msg)
{
	mirror->counters.messages++;
	switch (msg->kind) {
	case QM_XFRM_NEW_SA:
	case QM_XFRM_UPD_SA:
	case QM_XFRM_DEL_SA:
	case QM_XFRM_EXPIRE:
	case QM_XFRM_FLUSH_SA:
	case QM_XFRM_MOVE_SA:
		qm_mirror_take_sa(mirror, msg);
		break;
	case QM_XFRM_NEW_POLICY:
	case QM_XFRM_UPD_POLICY:
	case QM_XFRM_DEL_POLICY:
	case QM_XFRM_POL_EXPIRE:
	case QM_XFRM_FLUSH_POLICY:
		qm_mirror_take_policy(mirror, msg);
		break;
	case QM_XFRM_MIGRATE:
		qm_mirror_gap(mirror, QM_MIRROR_CAUSE_UNCLEAR, 0);
		break;
	default:
		break;
	}
}

/** The socket for notifications is of no use any more. */
static void lose_socket(struct qm_mirror *mirror, int error)
{
	qm_mirror_count_drops(mirror);
	qm_xfrm_socket_close(&mirror->live);
	mirror->drained = true;
	qm_mirror_gap(mirror, QM_MIRROR_CAUSE_SOCKET, error);
}

/** Takes a notification. @return whether there may be more */
static bool read_notice(struct qm_mirror *mirror)
{
	int r = qm_mirror_receive(mirror, &mirror->live, take_notice);

	switch (r) {
	case 0:
	case -EREMOTE:
		return true;
	case -EAGAIN:
		mirror->drained = true;
		return false;
	case -ENOBUFS:
		mirror->counters.overruns++;
		qm_mirror_gap(mirror, QM_MIRROR_CAUSE_OVERRUN, r);
		qm_mirror_count_drops(mirror);
		return true;
	case -EBADMSG:
	case -EMSGSIZE:
		mirror->counters.malformed++;
		qm_mirror_gap(mirror, QM_MIRROR_CAUSE_MALFORMED, r);
		return true;
	default:
		lose_socket(mirror, r);
		return false;
	}
}

static void read_notices(struct qm_mirror *mirror)
{
	int turn;

	if (mirror->live.fd >= 0 && qm_xfrm_socket_check(&mirror->live) < 0) {
		lose_socket(mirror, -EBADF);
	}
	if (mirror->live.fd >= 0 && !mirror->drained) {
		for (turn = 0; turn < NOTICE_TURN && read_notice(mirror); turn++) {
		}
	}
}

/** Publishes sizes for qm_mirror_stats(). */
static void publish(struct qm_mirror *mirror)
{
	mirror->counters.sas = mirror->sas.count;
	mirror->counters.policies = mirror->policies.count;
	mirror->counters.sa_bytes = qm_xfrm_map_bytes(&mirror->sas);
}

static void work(struct qm_mirror *mirror, bool noticed, bool dumped)
{
	if (noticed) {
		mirror->drained = false;
	}
	read_notices(mirror);
	if (dumped) {
		qm_mirror_read_dump(mirror);
	}
	wipe(mirror);
	if (mirror->phase == QM_MIRROR_SYNCED &&
		(atomic_exchange(&mirror->asked, false) ||
		 qm_mirror_now_ms() >= mirror->compare_at_ms)) {
		qm_mirror_gap(mirror, QM_MIRROR_CAUSE_ASKED, 0);
	}
	qm_mirror_advance(mirror);
	publish(mirror);
}

/** What waits when the thread is stopped, but not for ever what comes. */
static void take_rest(struct qm_mirror *mirror)
{
	int turn;

	/* without a socket nothing waits */
	mirror->drained = mirror->live.fd < 0;
	for (turn = 0; turn < STOP_TURNS && !mirror->drained; turn++) {
		read_notices(mirror);
		wipe(mirror);
	}
}

/** Opens what ends a wait. */
static int open_wake(struct qm_mirror *mirror)
{
	struct stat st;

	mirror->wake_fd = eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK);
	if (mirror->wake_fd < 0 || fstat(mirror->wake_fd, &st) < 0) {
		return -errno;
	}
	mirror->wake_dev = st.st_dev;
	mirror->wake_ino = st.st_ino;
	return 0;
}

/** The number of what ends a wait, or -1 if by now it is closed, or another file's. */
static int find_wake(const struct qm_mirror *mirror)
{
	const int fd = mirror->wake_fd;
	struct stat st;
	bool ours = fd >= 0 && fstat(fd, &st) == 0 && st.st_dev == mirror->wake_dev &&
				st.st_ino == mirror->wake_ino;

	return ours ? fd : -1;
}

/** Ends a wait of the thread. Without that it looks up by itself. */
static void wake(const struct qm_mirror *mirror)
{
	eventfd_write(find_wake(mirror), 1);
}

int qm_mirror_run(struct qm_mirror *mirror)
{
	struct pollfd fds[] = {
		{ .events = POLLIN },
		{ .events = POLLIN },
		{ .events = POLLIN },
	};
	eventfd_t woken;
	int look_ms;

	if (!mirror->started) {
		mirror->started = true;
		qm_mirror_gap(mirror, QM_MIRROR_CAUSE_START, 0);
	}
	while (!atomic_exchange(&mirror->stopped, false)) {
		fds[0].fd = find_wake(mirror);
		mirror->wake_fd = fds[0].fd;
		fds[1].fd = mirror->live.fd;
		fds[2].fd = mirror->dump_done ? -1 : mirror->dump.fd;
		look_ms = fds[0].fd < 0 ? LOOK_UNWOKEN_MS : LOOK_MS;
		if (poll(fds, 3, qm_mirror_wait_ms(mirror, look_ms)) < 0) {
			if (errno != EINTR) {
				return -errno;
			}
			continue;
		}
		if (fds[0].revents) {
			eventfd_read(fds[0].fd, &woken);
		}
		work(mirror, fds[1].revents, fds[2].revents);
	}
	take_rest(mirror);
	return 0;
}

static uint32_t or_default(uint32_t value, uint32_t otherwise)
{
	return value ? value : otherwise;
}

static void configure(struct qm_mirror *mirror, const struct qm_mirror_config *config)
{
	struct qm_mirror_config *c = &mirror->config;

	*c = *config;
	c->rcvbuf = config->rcvbuf > 0 ? config->rcvbuf : RCVBUF_DEFAULT;
	c->max_sas = or_default(config->max_sas, MAX_DEFAULT);
	c->max_policies = or_default(config->max_policies, MAX_DEFAULT);
	c->retry_ms = or_default(config->retry_ms, RETRY_MS_DEFAULT);
	c->retry_max_ms = or_default(config->retry_max_ms, RETRY_MAX_MS_DEFAULT);
	c->retries = or_default(config->retries, RETRIES_DEFAULT);
}

static int open_all(struct qm_mirror *mirror)
{
	const struct qm_mirror_config *config = &mirror->config;
	int r;

	r = qm_xfrm_map_init(&mirror->sas, sizeof(struct qm_mirror_sa), config->max_sas);
	if (!r) {
		r = qm_xfrm_map_init(&mirror->policies, sizeof(struct qm_mirror_policy),
							 config->max_policies);
	}
	if (!r) {
		r = open_wake(mirror);
	}
	if (!r) {
		r = qm_mirror_listen(mirror);
	}
	return r;
}

int qm_mirror_new(struct qm_mirror **ret, const struct qm_mirror_config *config)
{
	struct qm_mirror *mirror = calloc(1, sizeof(*mirror));
	int r;

	if (!mirror) {
		return -ENOMEM;
	}
	mirror->wake_fd = mirror->live.fd = mirror->dump.fd = -1;
	configure(mirror, config);
	r = open_all(mirror);
	if (r < 0) {
		qm_mirror_free(mirror);
		return r;
	}
	*ret = mirror;
	return 0;
}

void qm_mirror_stop(struct qm_mirror *mirror)
{
	mirror->stopped = true;
	wake(mirror);
}

void qm_mirror_compare(struct qm_mirror *mirror)
{
	mirror->asked = true;
	wake(mirror);
}

struct qm_mirror_stats qm_mirror_stats(const struct qm_mirror *mirror)
{
	const struct qm_mirror_counters *c = &mirror->counters;

	return (struct qm_mirror_stats){
		.synced = c->synced,
		.sas = c->sas,
		.policies = c->policies,
		.sa_bytes = c->sa_bytes,
		.rcvbuf = c->rcvbuf,
		.messages = c->messages,
		.foreign = c->foreign,
		.overruns = c->overruns,
		.dropped = c->dropped,
		.malformed = c->malformed,
		.resyncs = c->resyncs,
		.failures = c->failures,
	};
}

struct qm_mirror *qm_mirror_free(struct qm_mirror *mirror)
{
	if (mirror) {
		qm_xfrm_socket_close(&mirror->live);
		qm_xfrm_socket_close(&mirror->dump);
		if (find_wake(mirror) >= 0) {
			close(mirror->wake_fd);
		}
		qm_xfrm_map_done(&mirror->sas);
		qm_xfrm_map_done(&mirror->policies);
		free(mirror);
	}
	return NULL;
}
