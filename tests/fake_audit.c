/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "fake_audit.h"

#include <dlfcn.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <libaudit.h>

struct qm_fake_audit qm_fake_audit;

static bool active;
/* where the fake kernel writes what libaudit reads */
static int kernel_end = -1;

void qm_fake_audit_start(void)
{
	qm_fake_audit = (struct qm_fake_audit){ .can_write = true, .fd = -1 };
	active = true;
}

void qm_fake_audit_stop(void)
{
	active = false;
	if (kernel_end >= 0) {
		close(kernel_end);
		kernel_end = -1;
	}
}

/* A pair of sockets stands for the netlink socket, so that poll() and MSG_PEEK
 * are real. Each socket() leaves what was still unread on the one before. */
int socket(int domain, int type, int protocol)
{
	int pair[2], error;

	if (!active || domain != AF_NETLINK || protocol != NETLINK_AUDIT) {
		return (int)syscall(SYS_socket, domain, type, protocol);
	}
	if (qm_fake_audit.opened >= QM_FAKE_STEPS) {
		abort();
	}
	error = qm_fake_audit.open_errors[qm_fake_audit.opened++];
	if (error) {
		errno = error;
		return -1;
	}
	if (socketpair(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC, 0, pair) < 0) {
		abort();
	}
	if (kernel_end >= 0) {
		close(kernel_end);
	}
	kernel_end = pair[1];
	qm_fake_audit.fd = pair[0];
	return pair[0];
}

static void reply(uint16_t type, const void *data, size_t len)
{
	struct {
		struct nlmsghdr header;
		char data[256];
	} message = { .header = { .nlmsg_len = NLMSG_LENGTH(len), .nlmsg_type = type } };

	memcpy(message.data, data, len);
	if (write(kernel_end, &message, NLMSG_LENGTH(len)) < 0) {
		abort();
	}
}

static void take_message(const struct qm_fake_step *step, const struct nlmsghdr *header)
{
	const struct nlmsgerr ack = { .error = -step->ack_error, .msg = *header };
	const struct audit_status status = {
		.enabled = step->enabled,
		.pid = step->pid,
		.lost = step->lost,
	};

	reply(NLMSG_ERROR, &ack, sizeof(ack));
	if (step->answer) {
		reply(AUDIT_GET, &status, step->answer_len ? step->answer_len : sizeof(status));
	}
}

static uint64_t now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static void be_busy(void)
{
	const uint64_t begun = qm_fake_audit.busy_ns ? now_ns() : 0;

	while (qm_fake_audit.busy_ns && now_ns() - begun < qm_fake_audit.busy_ns) {
		/* as the kernel is, on the sender's time */
	}
}

ssize_t sendto(int fd, const void *buf, size_t len, int flags,
			   const struct sockaddr *addr, socklen_t addr_len)
{
	static const struct qm_fake_step accept;
	const struct nlmsghdr *header = buf;
	const struct qm_fake_step *step = &accept;

	if (!active || fd != qm_fake_audit.fd) {
		return syscall(SYS_sendto, fd, buf, len, flags, addr, addr_len);
	}
	if (!qm_fake_audit.endless) {
		if (qm_fake_audit.sent >= QM_FAKE_STEPS) {
			abort();
		}
		step = &qm_fake_audit.steps[qm_fake_audit.sent];
	}
	qm_fake_audit.sent++;
	qm_fake_audit.type = header->nlmsg_type;
	memcpy(qm_fake_audit.text, header + 1, len - sizeof(*header));
	if (step->send_error) {
		errno = step->send_error;
		return -1;
	}
	be_busy();
	take_message(step, header);
	return (ssize_t)len;
}

ssize_t recvfrom(int fd, void *restrict buf, size_t len, int flags,
				 struct sockaddr *restrict addr, socklen_t *restrict addr_len)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	ssize_t n;

	if (!active || fd != qm_fake_audit.fd) {
		return syscall(SYS_recvfrom, fd, buf, len, flags, addr, addr_len);
	}
	n = syscall(SYS_recvfrom, fd, buf, len, flags, NULL, NULL);
	if (n >= 0 && addr && *addr_len >= sizeof(kernel)) {
		memcpy(addr, &kernel, sizeof(kernel));
		*addr_len = sizeof(kernel);
	}
	return n;
}

int audit_can_write(void)
{
	int (*real)(void);

	if (active) {
		return qm_fake_audit.can_write;
	}
	*(void **)&real = dlsym(RTLD_NEXT, "audit_can_write");
	return real();
}
