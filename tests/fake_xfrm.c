/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake_xfrm.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <linux/netlink.h>

#include "test.h"
#include "xfrm_socket.h"

/** Datagrams of one queue. */
#define QUEUE_MAX 512
/** Dumps of one type. */
#define DUMPS_MAX 8
/** Dumps of which the time is kept. */
#define TRIES_MAX 64
/** What the fake grants for a receive buffer. */
#define RCVBUF 4608

struct packet {
	/** a negative errno instead of a datagram */
	int error;
	size_t len;
	uint8_t *bytes;
};

struct queue {
	struct packet packets[QUEUE_MAX];
	size_t head;
	size_t count;
};

/** The dumps of one type. */
struct dumps {
	struct queue queues[DUMPS_MAX];
	/** that is set by the test, and that is, or was last, read */
	unsigned set;
	unsigned begun;
	bool ended[DUMPS_MAX];
	void (*on_dump)(void);
};

static struct {
	bool on;
	/** instead of what is queued; may be NULL */
	const struct fake_kernel *kernel;
	struct queue notices;
	struct dumps sas;
	struct dumps policies;
	/** of the dump that is open */
	struct dumps *reading;
	int live_fd;
	int dump_fd;
	unsigned open;
	unsigned listens;
	uint32_t drops;
	bool lost;
	int listen_error;
	unsigned listen_fails;
	int dump_error;
	unsigned dump_fails;
	/** CLOCK_MONOTONIC is ahead by, and by more with each look at no notification */
	uint64_t passed_ms;
	uint64_t tick_ms;
	/** when dumps of SAs were tried */
	uint64_t tried_ms[TRIES_MAX];
	unsigned tries;
	size_t unread_at_dump;
} fake;

int __real_qm_xfrm_socket_listen(struct qm_xfrm_socket *ret, int rcvbuf);
int __wrap_qm_xfrm_socket_listen(struct qm_xfrm_socket *ret, int rcvbuf);
int __real_qm_xfrm_socket_dump(struct qm_xfrm_socket *ret, int type);
int __wrap_qm_xfrm_socket_dump(struct qm_xfrm_socket *ret, int type);
int __real_qm_xfrm_socket_recv(const struct qm_xfrm_socket *sock, void *buf, size_t size,
							   size_t *ret);
int __wrap_qm_xfrm_socket_recv(const struct qm_xfrm_socket *sock, void *buf, size_t size,
							   size_t *ret);
int __real_qm_xfrm_socket_check(const struct qm_xfrm_socket *sock);
int __wrap_qm_xfrm_socket_check(const struct qm_xfrm_socket *sock);
uint32_t __real_qm_xfrm_socket_rcvbuf(const struct qm_xfrm_socket *sock);
uint32_t __wrap_qm_xfrm_socket_rcvbuf(const struct qm_xfrm_socket *sock);
int __real_qm_xfrm_socket_drops(const struct qm_xfrm_socket *sock, uint32_t *ret);
int __wrap_qm_xfrm_socket_drops(const struct qm_xfrm_socket *sock, uint32_t *ret);
void __real_qm_xfrm_socket_close(struct qm_xfrm_socket *sock);
void __wrap_qm_xfrm_socket_close(struct qm_xfrm_socket *sock);
int __real_clock_gettime(clockid_t clock, struct timespec *ret);
int __wrap_clock_gettime(clockid_t clock, struct timespec *ret);

static void insist(bool good, const char *wrong)
{
	if (!good) {
		fprintf(stderr, "fake_xfrm: %s\n", wrong);
		abort();
	}
}

static void push(struct queue *queue, int error, const struct craft *craft)
{
	struct packet *packet = &queue->packets[queue->count++];

	insist(queue->count <= QUEUE_MAX, "too many datagrams");
	*packet = (struct packet){ .error = error };
	if (craft) {
		packet->len = craft->len;
		packet->bytes = malloc(craft->len + 1);
		insist(packet->bytes, "no memory");
		memcpy(packet->bytes, craft->bytes, craft->len);
	}
}

/** What is received next; it is wiped here. @return -EAGAIN when the queue is empty */
static int pop(struct queue *queue, void *buf, size_t size, size_t *ret)
{
	const struct packet *packet = &queue->packets[queue->head];

	*ret = 0;
	if (queue->head == queue->count) {
		return -EAGAIN;
	}
	queue->head++;
	*ret = packet->len < size ? packet->len : size;
	if (packet->bytes) {
		memcpy(buf, packet->bytes, *ret);
		explicit_bzero(packet->bytes, packet->len);
	}
	return packet->error;
}

static void empty(struct queue *queue)
{
	while (queue->count) {
		free(queue->packets[--queue->count].bytes);
	}
	queue->head = 0;
}

static struct dumps *dumps_of(int type)
{
	insist(type == XFRM_MSG_GETSA || type == XFRM_MSG_GETPOLICY, "no such dump");
	return type == XFRM_MSG_GETSA ? &fake.sas : &fake.policies;
}

void fake_xfrm_begin(void)
{
	memset(&fake, 0, sizeof(fake));
	fake.live_fd = fake.dump_fd = -1;
	fake.on = true;
}

void fake_xfrm_end(void)
{
	QM_INT(fake.open, 0);
	empty(&fake.notices);
	for (unsigned i = 0; i < DUMPS_MAX; i++) {
		empty(&fake.sas.queues[i]);
		empty(&fake.policies.queues[i]);
	}
	fake.on = false;
	fake.passed_ms = 0;
}

void fake_xfrm_notify(const struct craft *craft)
{
	push(&fake.notices, 0, craft);
}

void fake_xfrm_notify_sa(int type, uint32_t port, const struct craft_sa *sa)
{
	struct craft craft = { 0 };

	craft_sa(&craft, type, 0, port, sa);
	fake_xfrm_notify(&craft);
}

void fake_xfrm_notify_deleted(uint32_t port, const struct craft_sa *sa)
{
	struct craft craft = { 0 };

	craft_del_sa(&craft, port, sa);
	fake_xfrm_notify(&craft);
}

void fake_xfrm_fail(int error)
{
	push(&fake.notices, error, NULL);
}

void fake_xfrm_drop(uint32_t count)
{
	fake.drops += count;
}

static void end_dump(struct queue *queue)
{
	struct craft craft = { 0 };

	craft_error(&craft, NLMSG_DONE, 0);
	push(queue, 0, &craft);
}

static void push_dump(int type, int error, const struct craft *craft, bool end)
{
	struct dumps *dumps = dumps_of(type);

	insist(dumps->set < DUMPS_MAX, "too many dumps");
	push(&dumps->queues[dumps->set], error, craft);
	dumps->ended[dumps->set] |= end;
}

void fake_xfrm_dump(int type, const struct craft *craft)
{
	push_dump(type, 0, craft, false);
}

void fake_xfrm_dump_sa(const struct craft_sa *sa, int flags)
{
	struct craft craft = { 0 };

	craft_sa(&craft, XFRM_MSG_NEWSA, NLM_F_MULTI | flags, 1, sa);
	fake_xfrm_dump(XFRM_MSG_GETSA, &craft);
}

void fake_xfrm_dump_policy(const struct craft_policy *policy)
{
	struct craft craft = { 0 };

	craft_policy(&craft, XFRM_MSG_NEWPOLICY, NLM_F_MULTI, 1, policy);
	fake_xfrm_dump(XFRM_MSG_GETPOLICY, &craft);
}

void fake_xfrm_dump_done(int type)
{
	struct dumps *dumps = dumps_of(type);

	end_dump(&dumps->queues[dumps->set]);
	dumps->ended[dumps->set] = true;
}

void fake_xfrm_dump_error(int type, int error)
{
	push_dump(type, error, NULL, true);
}

void fake_xfrm_dump_end(int type, const struct craft *craft)
{
	push_dump(type, 0, craft, true);
}

void fake_xfrm_dump_next(int type)
{
	dumps_of(type)->set++;
}

void fake_xfrm_on_dump(int type, void (*call)(void))
{
	dumps_of(type)->on_dump = call;
}

void fake_xfrm_set_kernel(const struct fake_kernel *kernel)
{
	fake.kernel = kernel;
}

void fake_xfrm_fail_listen(int error, unsigned times)
{
	fake.listen_error = error;
	fake.listen_fails = times;
}

void fake_xfrm_fail_dump(int error, unsigned times)
{
	fake.dump_error = error;
	fake.dump_fails = times;
}

void fake_xfrm_lose_socket(void)
{
	fake.lost = true;
}

void fake_xfrm_tick(uint64_t ms)
{
	fake.tick_ms = ms;
}

void fake_xfrm_pass(uint64_t ms)
{
	fake.passed_ms += ms;
}

uint64_t fake_xfrm_tried_ms(unsigned nth)
{
	insist(nth < fake.tries, "not tried");
	return fake.tried_ms[nth];
}

size_t fake_xfrm_unread_at_dump(void)
{
	return fake.unread_at_dump;
}

unsigned fake_xfrm_listens(void)
{
	return fake.listens;
}

unsigned fake_xfrm_dumps(int type)
{
	return dumps_of(type)->begun;
}

/** A descriptor that poll() always finds readable. */
static int open_fake(struct qm_xfrm_socket *ret)
{
	ret->fd = eventfd(1, EFD_CLOEXEC | EFD_NONBLOCK);
	insist(ret->fd >= 0, "no descriptor");
	fake.open++;
	return ret->fd;
}

int __wrap_qm_xfrm_socket_listen(struct qm_xfrm_socket *ret, int rcvbuf)
{
	if (!fake.on) {
		return __real_qm_xfrm_socket_listen(ret, rcvbuf);
	}
	if (fake.listen_fails) {
		fake.listen_fails--;
		return fake.listen_error;
	}
	fake.lost = false;
	fake.drops = 0;
	fake.listens++;
	fake.live_fd = open_fake(ret);
	return 0;
}

int __wrap_qm_xfrm_socket_dump(struct qm_xfrm_socket *ret, int type)
{
	if (!fake.on) {
		return __real_qm_xfrm_socket_dump(ret, type);
	}
	if (fake.notices.count - fake.notices.head > fake.unread_at_dump) {
		fake.unread_at_dump = fake.notices.count - fake.notices.head;
	}
	if (type == XFRM_MSG_GETSA && fake.tries < TRIES_MAX) {
		fake.tried_ms[fake.tries++] = fake.passed_ms;
	}
	if (fake.dump_fails) {
		fake.dump_fails--;
		return fake.dump_error;
	}
	insist(fake.dump_fd < 0, "two dumps at a time");
	fake.dump_fd = open_fake(ret);
	fake.reading = dumps_of(type);
	if (fake.kernel) {
		fake.kernel->begin_dump(type);
		return 0;
	}
	insist(fake.reading->begun < DUMPS_MAX, "too many dumps");
	fake.reading->begun++;
	if (!fake.reading->ended[fake.reading->begun - 1]) {
		end_dump(&fake.reading->queues[fake.reading->begun - 1]);
	}
	if (fake.reading->set < fake.reading->begun) {
		fake.reading->set = fake.reading->begun;
	}
	return 0;
}

static int recv_dump(void *buf, size_t size, size_t *ret)
{
	void (*call)(void) = fake.reading->on_dump;

	if (call) {
		fake.reading->on_dump = NULL;
		call();
	}
	return pop(&fake.reading->queues[fake.reading->begun - 1], buf, size, ret);
}

int __wrap_qm_xfrm_socket_recv(const struct qm_xfrm_socket *sock, void *buf, size_t size,
							   size_t *ret)
{
	int r;

	if (!fake.on) {
		return __real_qm_xfrm_socket_recv(sock, buf, size, ret);
	}
	if (sock->fd == fake.dump_fd) {
		return fake.kernel ? fake.kernel->recv_dump(buf, size, ret) :
							 recv_dump(buf, size, ret);
	}
	insist(sock->fd == fake.live_fd, "receiving from a closed socket");
	r = fake.kernel ? fake.kernel->recv(buf, size, ret) :
					  pop(&fake.notices, buf, size, ret);
	if (r == -EAGAIN) {
		fake.passed_ms += fake.tick_ms;
	}
	return r;
}

int __wrap_qm_xfrm_socket_check(const struct qm_xfrm_socket *sock)
{
	if (!fake.on) {
		return __real_qm_xfrm_socket_check(sock);
	}
	return sock->fd < 0 || (sock->fd == fake.live_fd && fake.lost) ? -EBADF : 0;
}

uint32_t __wrap_qm_xfrm_socket_rcvbuf(const struct qm_xfrm_socket *sock)
{
	return fake.on ? RCVBUF : __real_qm_xfrm_socket_rcvbuf(sock);
}

int __wrap_qm_xfrm_socket_drops(const struct qm_xfrm_socket *sock, uint32_t *ret)
{
	if (!fake.on) {
		return __real_qm_xfrm_socket_drops(sock, ret);
	}
	/* another socket, that has its number by now, counts its own */
	*ret = fake.lost ? 0 : fake.drops;
	return 0;
}

void __wrap_qm_xfrm_socket_close(struct qm_xfrm_socket *sock)
{
	if (!fake.on) {
		__real_qm_xfrm_socket_close(sock);
		return;
	}
	if (sock->fd < 0) {
		return;
	}
	fake.live_fd = sock->fd == fake.live_fd ? -1 : fake.live_fd;
	fake.dump_fd = sock->fd == fake.dump_fd ? -1 : fake.dump_fd;
	fake.open--;
	close(sock->fd);
	sock->fd = -1;
}

int __wrap_clock_gettime(clockid_t clock, struct timespec *ret)
{
	int r = __real_clock_gettime(clock, ret);

	if (!r && clock == CLOCK_MONOTONIC) {
		ret->tv_sec += (time_t)(fake.passed_ms / 1000);
		ret->tv_nsec += (long)(fake.passed_ms % 1000) * 1000000;
		if (ret->tv_nsec >= 1000000000) {
			ret->tv_sec++;
			ret->tv_nsec -= 1000000000;
		}
	}
	return r;
}
