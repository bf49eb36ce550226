/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xfrm_msg.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>

#include <linux/netlink.h>
#include <linux/rtnetlink.h>
#include <linux/xfrm.h>

#include "xfrm_parse.h"

/** A type of message: a structure, then attributes. */
struct type {
	enum qm_xfrm_kind kind;
	/** bytes of what it is read into, in the union of struct qm_xfrm_msg */
	size_t body;
	/** bytes of the structure */
	size_t head;
	/** takes the structure: 0 or -EBADMSG; NULL where there is none */
	int (*take_head)(struct qm_xfrm_msg *msg, const void *head);
	/** takes an attribute: 0 or -EBADMSG; NULL where none is of use */
	int (*take_attr)(struct qm_xfrm_msg *msg, int attr, const void *data, size_t len);
};

static int take_new_sa(struct qm_xfrm_msg *msg, const void *head)
{
	struct xfrm_usersa_info info;

	memcpy(&info, head, sizeof(info));
	qm_xfrm_take_info(&msg->sa, &info);
	qm_xfrm_take_id(&msg->sa.id, &info.id, info.family);
	return 0;
}

static int take_del_sa(struct qm_xfrm_msg *msg, const void *head)
{
	struct xfrm_usersa_id id;

	memcpy(&id, head, sizeof(id));
	qm_xfrm_take_user_id(&msg->sa.id, &id);
	return 0;
}

static int take_expire(struct qm_xfrm_msg *msg, const void *head)
{
	struct xfrm_user_expire expire;

	memcpy(&expire, head, sizeof(expire));
	msg->hard = expire.hard;
	qm_xfrm_take_info(&msg->sa, &expire.state);
	qm_xfrm_take_id(&msg->sa.id, &expire.state.id, expire.state.family);
	return 0;
}

static int take_flush_sa(struct qm_xfrm_msg *msg, const void *head)
{
	struct xfrm_usersa_flush flush;

	memcpy(&flush, head, sizeof(flush));
	msg->proto = flush.proto;
	return 0;
}

static int take_new_ae(struct qm_xfrm_msg *msg, const void *head)
{
	struct xfrm_aevent_id ae;

	memcpy(&ae, head, sizeof(ae));
	msg->sa.reqid = ae.reqid;
	qm_xfrm_take_addr(msg->sa.src, &ae.saddr, ae.sa_id.family);
	qm_xfrm_take_user_id(&msg->sa.id, &ae.sa_id);
	return 0;
}

static int take_new_policy(struct qm_xfrm_msg *msg, const void *head)
{
	struct xfrm_userpolicy_info info;

	memcpy(&info, head, sizeof(info));
	qm_xfrm_take_policy(&msg->policy, &info);
	return 0;
}

static int take_del_policy(struct qm_xfrm_msg *msg, const void *head)
{
	struct xfrm_userpolicy_id id;

	memcpy(&id, head, sizeof(id));
	qm_xfrm_take_selector(&msg->policy.sel, &id.sel);
	msg->policy.index = id.index;
	msg->policy.dir = id.dir;
	return 0;
}

static int take_pol_expire(struct qm_xfrm_msg *msg, const void *head)
{
	struct xfrm_user_polexpire expire;

	memcpy(&expire, head, sizeof(expire));
	msg->hard = expire.hard;
	qm_xfrm_take_policy(&msg->policy, &expire.pol);
	return 0;
}

static int take_mapping(struct qm_xfrm_msg *msg, const void *head)
{
	struct qm_xfrm_mapping *mapping = &msg->mapping;
	struct xfrm_user_mapping user;

	memcpy(&user, head, sizeof(user));
	mapping->reqid = user.reqid;
	mapping->old_sport = ntohs(user.old_sport);
	mapping->new_sport = ntohs(user.new_sport);
	qm_xfrm_take_addr(mapping->old_src, &user.old_saddr, user.id.family);
	qm_xfrm_take_addr(mapping->new_src, &user.new_saddr, user.id.family);
	qm_xfrm_take_user_id(&mapping->id, &user.id);
	return 0;
}

static int take_migrate(struct qm_xfrm_msg *msg, const void *head)
{
	struct xfrm_userpolicy_id id;

	memcpy(&id, head, sizeof(id));
	qm_xfrm_take_selector(&msg->migrate.sel, &id.sel);
	msg->migrate.dir = id.dir;
	return 0;
}

static int take_moved(struct qm_xfrm_msg *msg, const void *head)
{
	struct qm_xfrm_user_migrate_state user;

	memcpy(&user, head, sizeof(user));
	qm_xfrm_take_moved(&msg->moved, &user);
	return 0;
}

static int take_sa_attr(struct qm_xfrm_msg *msg, int attr, const void *data, size_t len)
{
	return qm_xfrm_take_sa_attr(&msg->sa, attr, data, len);
}

static int take_policy_attr(struct qm_xfrm_msg *msg, int attr, const void *data,
							size_t len)
{
	return qm_xfrm_take_policy_attr(&msg->policy, attr, data, len);
}

static int take_migrate_attr(struct qm_xfrm_msg *msg, int attr, const void *data,
							 size_t len)
{
	return qm_xfrm_take_migrate_attr(&msg->migrate, attr, data, len);
}

static int take_moved_attr(struct qm_xfrm_msg *msg, int attr, const void *data,
						   size_t len)
{
	return qm_xfrm_take_moved_attr(&msg->moved, attr, data, len);
}

static int take_flush_attr(struct qm_xfrm_msg *msg, int attr, const void *data,
						   size_t len)
{
	return qm_xfrm_take_type_attr(&msg->policy_type, attr, data, len);
}

#define BODY(member) sizeof(((struct qm_xfrm_msg *)NULL)->member)

#define TYPE(type, kind, member, head, take_head, take_attr) \
	[XFRM_MSG_##type - XFRM_MSG_BASE] = { QM_XFRM_##kind, BODY(member), \
										  sizeof(struct head), take_head, take_attr }

/** The structures are those that xfrm_msg_min[] of the kernel has. */
static const struct type types[] = {
	TYPE(NEWSA, NEW_SA, sa, xfrm_usersa_info, take_new_sa, take_sa_attr),
	TYPE(UPDSA, UPD_SA, sa, xfrm_usersa_info, take_new_sa, take_sa_attr),
	TYPE(DELSA, DEL_SA, sa, xfrm_usersa_id, take_del_sa, take_sa_attr),
	TYPE(EXPIRE, EXPIRE, sa, xfrm_user_expire, take_expire, take_sa_attr),
	TYPE(NEWAE, NEW_AE, sa, xfrm_aevent_id, take_new_ae, take_sa_attr),
	TYPE(NEWPOLICY, NEW_POLICY, policy, xfrm_userpolicy_info, take_new_policy,
		 take_policy_attr),
	TYPE(UPDPOLICY, UPD_POLICY, policy, xfrm_userpolicy_info, take_new_policy,
		 take_policy_attr),
	TYPE(DELPOLICY, DEL_POLICY, policy, xfrm_userpolicy_id, take_del_policy,
		 take_policy_attr),
	TYPE(POLEXPIRE, POL_EXPIRE, policy, xfrm_user_polexpire, take_pol_expire,
		 take_policy_attr),
	TYPE(MAPPING, MAPPING, mapping, xfrm_user_mapping, take_mapping, NULL),
	TYPE(MIGRATE, MIGRATE, migrate, xfrm_userpolicy_id, take_migrate,
		 take_migrate_attr),
	[XFRM_MSG_FLUSHSA - XFRM_MSG_BASE] = { QM_XFRM_FLUSH_SA, 0,
										   sizeof(struct xfrm_usersa_flush),
										   take_flush_sa, NULL },
	[XFRM_MSG_FLUSHPOLICY - XFRM_MSG_BASE] = { QM_XFRM_FLUSH_POLICY, 0, 0, NULL,
											   take_flush_attr },
	/* the headers of a kernel before 7.2 do not have it */
	[QM_XFRM_MSG_MIGRATE_STATE - XFRM_MSG_BASE] = {
		QM_XFRM_MOVE_SA, BODY(moved), sizeof(struct qm_xfrm_user_migrate_state),
		take_moved, take_moved_attr },
};

#undef BODY
#undef TYPE

/** Bytes behind a message's header. */
static size_t data_len(const struct nlmsghdr *nlh)
{
	return nlh->nlmsg_len - NLMSG_HDRLEN;
}

/** The kernel's macros, and not libnl's functions: they weigh in a large dump. */
static int take_attrs(const struct type *type, struct nlmsghdr *nlh,
					  struct qm_xfrm_msg *msg)
{
	const size_t head = NLMSG_ALIGN(type->head);
	struct rtattr *attr = (void *)((char *)NLMSG_DATA(nlh) + head);
	int left = (int)data_len(nlh) - (int)head, r;

	for (; RTA_OK(attr, left); attr = RTA_NEXT(attr, left)) {
		r = type->take_attr(msg, attr->rta_type & NLA_TYPE_MASK, RTA_DATA(attr),
							RTA_PAYLOAD(attr));
		if (r < 0) {
			return r;
		}
	}
	return left > 0 ? -EBADMSG : 0;
}

static int take_xfrm(struct nlmsghdr *nlh, struct qm_xfrm_msg *msg)
{
	const struct type *type = &types[nlh->nlmsg_type - XFRM_MSG_BASE];
	int r = 0;

	if (type->kind == QM_XFRM_OTHER) {
		return 0;
	}
	msg->kind = type->kind;
	memset((char *)msg + offsetof(struct qm_xfrm_msg, sa), 0, type->body);
	if (data_len(nlh) < type->head) {
		return -EBADMSG;
	}
	if (type->take_head) {
		r = type->take_head(msg, NLMSG_DATA(nlh));
	}
	if (!r && type->take_attr) {
		r = take_attrs(type, nlh, msg);
	}
	return r;
}

/** The number that ends a dump or answers a request; a dump may end without one. */
static int take_error(struct nlmsghdr *nlh, struct qm_xfrm_msg *msg)
{
	if (data_len(nlh) >= sizeof(msg->error)) {
		memcpy(&msg->error, NLMSG_DATA(nlh), sizeof(msg->error));
	} else if (msg->kind == QM_XFRM_ERROR) {
		return -EBADMSG;
	}
	return msg->error > 0 ? -EBADMSG : 0;
}

static int parse(struct nlmsghdr *nlh, struct qm_xfrm_msg *msg)
{
	const unsigned n = nlh->nlmsg_type - (unsigned)XFRM_MSG_BASE;

	/* the large rest is set to 0 as far as it is used */
	memset(msg, 0, offsetof(struct qm_xfrm_msg, sa));
	msg->flags = nlh->nlmsg_flags;
	msg->seq = nlh->nlmsg_seq;
	msg->port = nlh->nlmsg_pid;
	if (nlh->nlmsg_type == NLMSG_DONE || nlh->nlmsg_type == NLMSG_ERROR) {
		msg->kind = nlh->nlmsg_type == NLMSG_DONE ? QM_XFRM_DONE : QM_XFRM_ERROR;
		return take_error(nlh, msg);
	}
	return n < sizeof(types) / sizeof(types[0]) ? take_xfrm(nlh, msg) : 0;
}

void qm_xfrm_walk_init(struct qm_xfrm_walk *walk, void *buf, size_t len)
{
	walk->next = buf;
	walk->left = (int)len;
}

int qm_xfrm_walk_next(struct qm_xfrm_walk *walk, const struct qm_xfrm_msg **ret)
{
	struct nlmsghdr *nlh = walk->next;
	int r;

	if (walk->left <= 0) {
		return 0;
	}
	if (!NLMSG_OK(nlh, (unsigned)walk->left)) {
		walk->left = 0;
		return -EBADMSG;
	}
	walk->next = NLMSG_NEXT(nlh, walk->left);
	r = parse(nlh, &walk->msg);
	if (r < 0) {
		return r;
	}
	*ret = &walk->msg;
	return 1;
}
