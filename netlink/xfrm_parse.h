/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The kernel's structures and attributes, taken one by one. Private to xfrm_msg.c,
 * which has looked at the length of every structure that comes in here; attributes
 * come with theirs, and are refused with -EBADMSG when they are too short.
 */
#ifndef QM_XFRM_PARSE_H
#define QM_XFRM_PARSE_H

#include <linux/xfrm.h>

#include "xfrm_msg.h"

/**
 * Takes an address. Of IPv4 the kernel leaves in the other 12 bytes whatever the
 * requester had there; here they become 0, so that addresses can be compared.
 *
 * @return	the family, or 0, and then no address, if it is not IP
 */
uint8_t qm_xfrm_take_addr(uint8_t ret[16], const xfrm_address_t *addr, uint16_t family);

/** Takes who an SA is, without mark and if_id. */
void qm_xfrm_take_id(struct qm_xfrm_id *ret, const struct xfrm_id *id, uint16_t family);

/** Takes the same from the other structure that has it. */
void qm_xfrm_take_user_id(struct qm_xfrm_id *ret, const struct xfrm_usersa_id *id);

/** Takes what an SA is, but for its id. */
void qm_xfrm_take_info(struct qm_xfrm_sa *ret, const struct xfrm_usersa_info *info);

void qm_xfrm_take_selector(struct qm_xfrm_selector *ret, const struct xfrm_selector *sel);

void qm_xfrm_take_policy(struct qm_xfrm_policy *ret,
						 const struct xfrm_userpolicy_info *info);

/** The kernel's XFRM_MSG_MIGRATE_STATE and its structure, of Linux 7.2. */
#define QM_XFRM_MSG_MIGRATE_STATE (XFRM_MSG_BASE + 25)
struct qm_xfrm_user_migrate_state {
	struct xfrm_usersa_id id;
	xfrm_address_t new_daddr;
	xfrm_address_t new_saddr;
	struct xfrm_mark old_mark;
	struct xfrm_selector new_sel;
	uint32_t new_reqid;
	uint32_t flags;
	uint16_t new_family;
	uint16_t reserved;
};

/** Takes where an SA was, and is from now on. */
void qm_xfrm_take_moved(struct qm_xfrm_moved *ret,
						const struct qm_xfrm_user_migrate_state *user);

/** Takes an attribute of that. @return 0, also if it is unknown; -EBADMSG */
int qm_xfrm_take_moved_attr(struct qm_xfrm_moved *ret, int attr, const void *data,
							size_t len);

/** Takes an attribute of an SA. @return 0, also if it is unknown; -EBADMSG */
int qm_xfrm_take_sa_attr(struct qm_xfrm_sa *ret, int attr, const void *data, size_t len);

/** The same of a policy. */
int qm_xfrm_take_policy_attr(struct qm_xfrm_policy *ret, int attr, const void *data,
							 size_t len);

/** The same of a MIGRATE. */
int qm_xfrm_take_migrate_attr(struct qm_xfrm_migrate *ret, int attr, const void *data,
							  size_t len);

/** Takes the type of policies, where this is the attribute. @return 0, -EBADMSG */
int qm_xfrm_take_type_attr(uint8_t *ret, int attr, const void *data, size_t len);

#endif
