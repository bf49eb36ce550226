/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xfrm_kit.h"

#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <linux/netlink.h>

#include "test.h"

/** Enough for any datagram of a dump. */
#define BUFFER (64 * 1024)

/** For requests. Of the namespace that was entered last. */
static int asker = -1;

static void write_file(const char *path, const char *text)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd >= 0) {
		CU_ASSERT(write(fd, text, strlen(text)) > 0);
		close(fd);
	}
}

/** Becomes root of a user namespace, which may then have network namespaces. */
static int enter_user_namespace(void)
{
	char map[64];
	uid_t uid = getuid();
	gid_t gid = getgid();

	if (unshare(CLONE_NEWUSER | CLONE_NEWNET) < 0) {
		return -errno;
	}
	write_file("/proc/self/setgroups", "deny");
	snprintf(map, sizeof(map), "0 %u 1", uid);
	write_file("/proc/self/uid_map", map);
	snprintf(map, sizeof(map), "0 %u 1", gid);
	write_file("/proc/self/gid_map", map);
	return 0;
}

static int open_asker(void)
{
	const struct sockaddr_nl addr = { .nl_family = AF_NETLINK };
	int fd = socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC, NETLINK_XFRM);

	if (fd >= 0 && bind(fd, (const struct sockaddr *)&addr, sizeof(addr)) < 0) {
		close(fd);
		return -1;
	}
	return fd;
}

bool xfrm_enter(void)
{
	if (unshare(CLONE_NEWNET) < 0 && enter_user_namespace() < 0) {
		qm_test_skip("no network namespace can be made: not root, and user namespaces "
					 "are forbidden");
		return false;
	}
	if (asker >= 0) {
		close(asker);
	}
	asker = open_asker();
	if (asker < 0) {
		qm_test_skip("this kernel has no XFRM");
	}
	return asker >= 0;
}

/** The answer to the last request. */
static int read_answer(void)
{
	union {
		struct nlmsghdr head;
		uint8_t bytes[BUFFER];
	} answer;
	struct nlmsgerr error;
	ssize_t len = recv(asker, answer.bytes, sizeof(answer.bytes), 0);

	CU_ASSERT_FATAL(len >= (ssize_t)sizeof(answer.head));
	if (answer.head.nlmsg_type != NLMSG_ERROR) {
		return 0;
	}
	memcpy(&error, NLMSG_DATA(&answer.head), sizeof(error));
	return error.error;
}

int xfrm_ask(struct craft *craft, uint32_t port)
{
	struct nlmsghdr head;

	memcpy(&head, craft->bytes, sizeof(head));
	head.nlmsg_flags |= NLM_F_REQUEST | NLM_F_ACK;
	head.nlmsg_pid = port;
	memcpy(craft->bytes, &head, sizeof(head));
	CU_ASSERT_EQUAL_FATAL(send(asker, craft->bytes, craft->len, 0), (ssize_t)craft->len);
	return read_answer();
}

/** @param family	NULL: that of the addresses */
static void craft_alloc_spi(struct craft *craft, const struct craft_sa *sa,
							const uint16_t *family)
{
	struct xfrm_userspi_info info = {
		.info = { .id.proto = sa->proto ? sa->proto : IPPROTO_ESP,
				  .reqid = sa->reqid,
				  .mode = XFRM_MODE_TUNNEL },
		.min = sa->spi,
		.max = sa->spi,
	};
	const struct xfrm_mark mark = { sa->mark, sa->mask };

	craft_addr(&info.info.saddr, sa->src);
	info.info.family = craft_addr(&info.info.id.daddr, sa->dst);
	info.info.family = family ? *family : info.info.family;
	craft_begin(craft, XFRM_MSG_ALLOCSPI, 0, 0);
	craft_put(craft, &info, sizeof(info));
	if (sa->mask) {
		craft_attr(craft, XFRMA_MARK, &mark, sizeof(mark));
	}
	if (sa->if_id) {
		craft_attr(craft, XFRMA_IF_ID, &sa->if_id, sizeof(sa->if_id));
	}
	craft_end(craft);
}

static int ask_for_spi(struct craft *craft, uint32_t port)
{
	int answers[2] = { 0 };

	answers[0] = xfrm_ask(craft, port);
	/* the SA first, then the acknowledgement */
	if (!answers[0]) {
		answers[1] = read_answer();
	}
	return answers[0] ? answers[0] : answers[1];
}

int xfrm_alloc_spi(const struct craft_sa *sa, uint32_t port)
{
	struct craft craft = { 0 };

	craft_alloc_spi(&craft, sa, NULL);
	return ask_for_spi(&craft, port);
}

int xfrm_alloc_spi_of(uint16_t family, const struct craft_sa *sa)
{
	struct craft craft = { 0 };

	craft_alloc_spi(&craft, sa, &family);
	return ask_for_spi(&craft, 0);
}

void xfrm_alloc_spis(const struct craft_sa *sa, unsigned n)
{
	struct craft_sa next = *sa;

	for (; n; n--, next.spi++) {
		QM_OK_FATAL(xfrm_alloc_spi(&next, 0));
	}
}

int xfrm_add_sa(const struct craft_sa *sa, uint32_t port)
{
	struct craft craft = { 0 };

	craft_sa(&craft, XFRM_MSG_NEWSA, 0, 0, sa);
	return xfrm_ask(&craft, port);
}

int xfrm_update_sa(const struct craft_sa *sa, uint32_t port)
{
	struct craft craft = { 0 };

	craft_sa(&craft, XFRM_MSG_UPDSA, 0, 0, sa);
	return xfrm_ask(&craft, port);
}

int xfrm_delete_sa(const struct craft_sa *sa, uint32_t port)
{
	struct xfrm_usersa_id id = {
		.spi = htonl(sa->spi),
		.proto = sa->proto ? sa->proto : IPPROTO_ESP,
	};
	const struct xfrm_mark mark = { sa->mark, sa->mask };
	struct craft craft = { 0 };

	id.family = craft_addr(&id.daddr, sa->dst);
	craft_begin(&craft, XFRM_MSG_DELSA, 0, 0);
	craft_put(&craft, &id, sizeof(id));
	if (sa->mask) {
		craft_attr(&craft, XFRMA_MARK, &mark, sizeof(mark));
	}
	craft_end(&craft);
	return xfrm_ask(&craft, port);
}

int xfrm_flush_sas(uint8_t proto, uint32_t port)
{
	struct craft craft = { 0 };

	craft_flush_sa(&craft, 0, proto);
	return xfrm_ask(&craft, port);
}

int xfrm_add_policy(const struct craft_policy *policy, uint32_t port)
{
	struct craft craft = { 0 };

	craft_policy(&craft, XFRM_MSG_UPDPOLICY, 0, 0, policy);
	return xfrm_ask(&craft, port);
}

int xfrm_delete_policy(const struct craft_policy *policy, uint32_t port)
{
	struct craft craft = { 0 };

	craft_del_policy(&craft, 0, policy);
	return xfrm_ask(&craft, port);
}

int xfrm_flush_policies(uint32_t port)
{
	struct craft craft = { 0 };

	craft_flush_policy(&craft, 0, XFRM_POLICY_TYPE_MAIN);
	return xfrm_ask(&craft, port);
}

int xfrm_set_acquire_time(unsigned seconds)
{
	FILE *file = fopen("/proc/sys/net/core/xfrm_acq_expires", "we");

	if (!file) {
		return -errno;
	}
	fprintf(file, "%u\n", seconds);
	return fclose(file) ? -errno : 0;
}

static int compare_ids(const void *a, const void *b)
{
	return memcmp(a, b, sizeof(struct qm_xfrm_id));
}

/** A list of ids that grows. */
struct ids {
	struct qm_xfrm_id *ids;
	size_t count;
	size_t room;
};

static void append(struct ids *list, const struct qm_xfrm_id *id)
{
	if (list->count == list->room) {
		list->room = list->room ? list->room * 2 : 64;
		list->ids = realloc(list->ids, list->room * sizeof(*id));
		CU_ASSERT_PTR_NOT_NULL_FATAL(list->ids);
	}
	list->ids[list->count++] = *id;
}

/** Reads an SA with the kernel's own macros, not with what is being tested. */
static void read_sa(struct ids *list, struct nlmsghdr *head)
{
	int left = (int)NLMSG_PAYLOAD(head, sizeof(struct xfrm_usersa_info));
	const uint8_t *at = NLMSG_DATA(head);
	struct xfrm_usersa_info info;
	struct qm_xfrm_id id = { 0 };
	struct nlattr attr;

	memcpy(&info, at, sizeof(info));
	at += NLMSG_ALIGN(sizeof(info));
	id.spi = ntohl(info.id.spi);
	id.family = (uint8_t)info.family;
	id.proto = info.id.proto;
	memcpy(id.dst, &info.id.daddr, info.family == AF_INET ? 4 : 16);
	while (left >= (int)sizeof(attr)) {
		memcpy(&attr, at, sizeof(attr));
		if (attr.nla_type == XFRMA_MARK) {
			memcpy(&id.mark, at + NLA_HDRLEN, 8);
		} else if (attr.nla_type == XFRMA_IF_ID) {
			memcpy(&id.if_id, at + NLA_HDRLEN, 4);
		}
		at += NLA_ALIGN(attr.nla_len);
		left -= (int)NLA_ALIGN(attr.nla_len);
	}
	/* with IPComp come states for what is not compressed, which are no SAs */
	if (id.proto == IPPROTO_ESP || id.proto == IPPROTO_AH || id.proto == IPPROTO_COMP) {
		append(list, &id);
	}
}

struct qm_xfrm_id *xfrm_dump(size_t *ret_count)
{
	const struct nlmsghdr request = {
		.nlmsg_len = NLMSG_HDRLEN,
		.nlmsg_type = XFRM_MSG_GETSA,
		.nlmsg_flags = NLM_F_REQUEST | NLM_F_DUMP,
	};
	_Alignas(struct nlmsghdr) static uint8_t buffer[BUFFER];
	struct ids list = { 0 };
	bool done = false;

	CU_ASSERT_FATAL(send(asker, &request, sizeof(request), 0) > 0);
	while (!done) {
		ssize_t len = recv(asker, buffer, sizeof(buffer), 0);
		struct nlmsghdr *head = (struct nlmsghdr *)buffer;

		CU_ASSERT_FATAL(len > 0);
		for (; NLMSG_OK(head, len); head = NLMSG_NEXT(head, len)) {
			if (head->nlmsg_type == XFRM_MSG_NEWSA) {
				read_sa(&list, head);
			}
			done = done || head->nlmsg_type == NLMSG_DONE;
		}
	}
	if (list.count) {
		qsort(list.ids, list.count, sizeof(*list.ids), compare_ids);
	}
	*ret_count = list.count;
	return list.ids;
}

static int append_visited(void *user, const struct qm_xfrm_sa *sa, bool larval)
{
	(void)larval;
	append(user, &sa->id);
	return 0;
}

size_t xfrm_expect_same(struct kit *kit)
{
	struct ids table = { 0 };
	struct qm_xfrm_id *kernel;
	size_t count;

	kernel = xfrm_dump(&count);
	QM_OK(qm_mirror_each(kit->mirror, append_visited, &table));
	if (table.count) {
		qsort(table.ids, table.count, sizeof(*table.ids), compare_ids);
	}
	QM_INT(table.count, count);
	CU_ASSERT(table.count == count &&
			  (!count || !memcmp(table.ids, kernel, count * sizeof(*kernel))));
	free(table.ids);
	free(kernel);
	return count;
}

int xfrm_find_socket(void)
{
	for (int fd = 3; fd < 1024; fd++) {
		struct sockaddr_nl addr = { 0 };
		socklen_t len = sizeof(addr);

		if (!getsockname(fd, (struct sockaddr *)&addr, &len) &&
			addr.nl_family == AF_NETLINK && addr.nl_groups) {
			return fd;
		}
	}
	CU_FAIL_FATAL("the mirror has no socket");
	return -1;
}
