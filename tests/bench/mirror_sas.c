/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "mirror_sas.h"

#include <errno.h>
#include <malloc.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <linux/netlink.h>
#ifdef HAVE_LIBNL_XFRM
#include <netlink/netlink.h>
#include <netlink/cache.h>
#include <netlink/xfrm/sa.h>
#endif

#include "xfrm_craft.h"

#define FIRST_SPI 0x1000
#define BUFFER (64 * 1024)

static int asker;
static bool have_esp;
static _Alignas(struct nlmsghdr) uint8_t buffer[BUFFER];

void sas_die(const char *what)
{
	fprintf(stderr, "bench: %s: %s\n", what, strerror(errno));
	exit(1);
}

uint64_t sas_now_ns(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000000 + (uint64_t)ts.tv_nsec;
}

static struct craft_sa sa_of(unsigned n)
{
	return (struct craft_sa){ .src = "192.0.2.1", .dst = "192.0.2.2",
							  .spi = FIRST_SPI + n, .reqid = n + 1 };
}

/** Sends a request; only failures are answered, unless flags ask for more. */
static void ask(struct craft *craft, int flags)
{
	struct nlmsghdr head;

	memcpy(&head, craft->bytes, sizeof(head));
	head.nlmsg_flags = (uint16_t)(NLM_F_REQUEST | flags);
	memcpy(craft->bytes, &head, sizeof(head));
	if (send(asker, craft->bytes, craft->len, 0) < 0) {
		sas_die("a request");
	}
}

/** The errno that a request was answered with, or 0. */
static int answer(void)
{
	struct nlmsghdr head;
	struct nlmsgerr error;

	if (recv(asker, buffer, sizeof(buffer), 0) < (ssize_t)sizeof(head)) {
		sas_die("an answer");
	}
	memcpy(&head, buffer, sizeof(head));
	memcpy(&error, buffer + NLMSG_HDRLEN, sizeof(error));
	return head.nlmsg_type == NLMSG_ERROR ? -error.error : 0;
}

bool sas_begin(void)
{
	const struct craft_sa sa = sa_of(0);
	struct craft craft = { 0 };
	FILE *file = fopen("/proc/sys/net/core/xfrm_acq_expires", "we");

	/* what is only reserved is to last */
	if (file) {
		fprintf(file, "3600\n");
		fclose(file);
	}
	asker = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_XFRM);
	if (asker < 0) {
		sas_die("XFRM");
	}
	craft_sa(&craft, XFRM_MSG_NEWSA, 0, 0, &sa);
	ask(&craft, NLM_F_ACK);
	have_esp = !answer();
	sas_flush();
	return have_esp;
}

static void reserve(const struct craft_sa *sa)
{
	struct xfrm_userspi_info info = {
		.info = { .id.proto = IPPROTO_ESP, .reqid = sa->reqid, .mode = XFRM_MODE_TUNNEL },
		.min = sa->spi,
		.max = sa->spi,
	};
	struct craft craft = { 0 };

	craft_addr(&info.info.saddr, sa->src);
	info.info.family = craft_addr(&info.info.id.daddr, sa->dst);
	craft_begin(&craft, XFRM_MSG_ALLOCSPI, 0, 0);
	craft_put(&craft, &info, sizeof(info));
	craft_end(&craft);
	ask(&craft, 0);
	errno = answer();
	if (errno) {
		sas_die("reserving an SPI");
	}
}

void sas_add(unsigned n)
{
	for (unsigned i = 0; i < n; i++) {
		const struct craft_sa sa = sa_of(i);
		struct craft craft = { 0 };

		if (have_esp) {
			craft_sa(&craft, XFRM_MSG_NEWSA, 0, 0, &sa);
			ask(&craft, 0);
		} else {
			reserve(&sa);
		}
	}
}

void sas_delete(unsigned from, unsigned to)
{
	struct xfrm_usersa_id id = { .proto = IPPROTO_ESP };

	id.family = craft_addr(&id.daddr, sa_of(0).dst);
	for (unsigned i = from; i < to; i++) {
		struct craft craft = { 0 };

		id.spi = htonl(sa_of(i).spi);
		craft_begin(&craft, XFRM_MSG_DELSA, 0, 0);
		craft_put(&craft, &id, sizeof(id));
		craft_end(&craft);
		ask(&craft, 0);
	}
}

void sas_flush(void)
{
	struct craft craft = { 0 };

	craft_flush_sa(&craft, 0, 0);
	ask(&craft, NLM_F_ACK);
	errno = answer();
	if (errno) {
		sas_die("a flush");
	}
}

/** Whether the end of a dump is in a datagram: it is the last message, or alone. */
static bool is_end(ssize_t len)
{
	const struct nlmsghdr *head = (const struct nlmsghdr *)buffer;

	for (; NLMSG_OK(head, len); head = NLMSG_NEXT(head, len)) {
		if (head->nlmsg_type == NLMSG_DONE) {
			return true;
		}
	}
	return false;
}

uint64_t sas_discard_dump(void)
{
	const struct nlmsghdr request = {
		.nlmsg_len = NLMSG_HDRLEN,
		.nlmsg_type = XFRM_MSG_GETSA,
		.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
	};
	uint64_t start = sas_now_ns();
	ssize_t len;
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_XFRM);

	if (fd < 0 || send(fd, &request, sizeof(request), 0) < 0) {
		sas_die("a dump");
	}
	do {
		len = recv(fd, buffer, sizeof(buffer), 0);
		if (len <= 0) {
			sas_die("a dump");
		}
	} while (!is_end(len));
	close(fd);
	return sas_now_ns() - start;
}

int sas_listen(void)
{
	const struct sockaddr_nl addr = { .nl_family = AF_NETLINK,
									  .nl_groups = XFRMGRP_SA };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_XFRM);

	if (fd < 0 || bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0) {
		sas_die("listening");
	}
	return fd;
}

uint64_t sas_discard(int fd, unsigned n)
{
	uint64_t start = sas_now_ns();

	while (n--) {
		if (recv(fd, buffer, sizeof(buffer), 0) < 0) {
			sas_die("a notification");
		}
	}
	return sas_now_ns() - start;
}

#ifdef HAVE_LIBNL_XFRM
uint64_t sas_libnl_cache(size_t *bytes)
{
	const size_t before = mallinfo2().uordblks;
	struct nl_sock *nl = nl_socket_alloc();
	struct nl_cache *cache;
	uint64_t start, ns;

	if (!nl || nl_connect(nl, NETLINK_XFRM) < 0) {
		sas_die("libnl");
	}
	start = sas_now_ns();
	if (xfrmnl_sa_alloc_cache(nl, &cache) < 0) {
		sas_die("libnl's cache");
	}
	ns = sas_now_ns() - start;
	*bytes = mallinfo2().uordblks - before;
	nl_cache_free(cache);
	nl_socket_free(nl);
	return ns;
}
#else
uint64_t sas_libnl_cache(size_t *bytes)
{
	*bytes = 0;
	return 0;
}
#endif
