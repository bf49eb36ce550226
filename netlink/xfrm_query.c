/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xfrm_query.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

#include <linux/netlink.h>
#include <linux/xfrm.h>

/** An SA with all its attributes takes far less. */
#define BUFFER 16384

struct request {
	struct nlmsghdr header;
	struct xfrm_usersa_id id;
	struct nlattr attr;
	struct xfrm_mark mark;
};

_Static_assert(offsetof(struct request, attr) ==
				   NLMSG_LENGTH(sizeof(struct xfrm_usersa_id)) &&
				   sizeof(struct xfrm_usersa_id) % NLMSG_ALIGNTO == 0,
			   "nothing lies between the parts");

static int ask(const struct qm_xfrm_socket *sock, const struct qm_xfrm_id *id)
{
	const struct sockaddr_nl kernel = { .nl_family = AF_NETLINK };
	struct request request = {
		.header = {
			.nlmsg_len = sizeof(request),
			.nlmsg_type = XFRM_MSG_GETSA,
			.nlmsg_flags = NLM_F_REQUEST,
		},
		.id = { .spi = htonl(id->spi), .family = id->family, .proto = id->proto },
		.attr = {
			.nla_len = NLA_HDRLEN + sizeof(request.mark),
			.nla_type = XFRMA_MARK,
		},
		.mark = { .v = id->mark, .m = id->mask },
	};

	memcpy(&request.id.daddr, id->dst, sizeof(request.id.daddr));
	if (sendto(sock->fd, &request, sizeof(request), 0, (const struct sockaddr *)&kernel,
			   sizeof(kernel)) < 0) {
		return -errno;
	}
	return 0;
}

/** Takes the one message that an answer is. */
static int take(void *buffer, size_t len, struct qm_xfrm_sa *ret)
{
	const struct qm_xfrm_msg *msg;
	struct qm_xfrm_walk walk;
	int r;

	qm_xfrm_walk_init(&walk, buffer, len);
	r = qm_xfrm_walk_next(&walk, &msg);
	if (r < 0) {
		return r;
	}
	if (r && msg->kind == QM_XFRM_ERROR) {
		return msg->error ? msg->error : -EBADMSG;
	}
	if (!r || msg->kind != QM_XFRM_NEW_SA) {
		return -EBADMSG;
	}
	*ret = msg->sa;
	return 0;
}

int qm_xfrm_query_sa(const struct qm_xfrm_socket *sock, const struct qm_xfrm_id *id,
					 struct qm_xfrm_sa *ret)
{
	_Alignas(8) uint8_t buffer[BUFFER];
	size_t len;
	int r = ask(sock, id);

	if (r < 0) {
		return r;
	}
	/* the kernel has answered by the time it has taken the request */
	r = qm_xfrm_socket_recv(sock, buffer, sizeof(buffer), &len);
	if (!r) {
		r = take(buffer, len, ret);
	}
	explicit_bzero(buffer, len < sizeof(buffer) ? len : sizeof(buffer));
	return r;
}
