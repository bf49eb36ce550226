/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages as the kernel makes them, put together from its structures. They look
 * like those of net/xfrm/xfrm_user.c: attributes in its order, IPv4 addresses with
 * what a requester left in the other 12 bytes, keys where it has keys.
 */
#ifndef QM_XFRM_CRAFT_H
#define QM_XFRM_CRAFT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <linux/xfrm.h>

/** What keys are made of. */
#define CRAFT_KEY_BYTE 0xa5

/** Messages, one after the other. */
struct craft {
	_Alignas(8) uint8_t bytes[16384];
	size_t len;
	/** where the last message begins */
	size_t start;
	/** what keys are made of, if not of CRAFT_KEY_BYTE */
	uint8_t key_byte;
};

/** What an SA is made of. Strings are addresses; 0 leaves something out. */
struct craft_sa {
	const char *src;
	const char *dst;
	/** IPPROTO_ESP if 0 */
	uint8_t proto;
	uint32_t spi;
	uint32_t reqid;
	/** XFRM_MODE_TUNNEL if 0, as charon has it mostly; transport is 255 */
	uint8_t mode;
	uint8_t flags;
	uint32_t mark;
	uint32_t mask;
	uint32_t if_id;
	/** UDP around ESP, from and to these ports */
	uint16_t sport;
	uint16_t dport;
	/** a window of as many packets in the ESN attribute */
	uint32_t esn_window;
	uint64_t bytes;
	uint64_t packets;
	uint64_t add_time;
	uint64_t use_time;
	/** seconds until it expires, 3960 if 0 */
	uint32_t hard_add;
	/** algorithms: AES-GCM if none is said; no algorithm at all if larval */
	bool larval;
	const char *auth;
	const char *crypt;
	const char *comp;
};

/** A policy with one template, and its index. */
struct craft_policy {
	/** addresses of the selector, /24 or /64 */
	const char *src;
	const char *dst;
	/** addresses of the template */
	const char *tmpl_src;
	const char *tmpl_dst;
	uint32_t index;
	uint32_t reqid;
	uint32_t if_id;
	uint8_t dir;
};

/** Begins a message; type is XFRM_MSG_… or NLMSG_…. */
void craft_begin(struct craft *craft, int type, int flags, uint32_t port);
/** Appends to it: a structure, or an attribute. */
void *craft_put(struct craft *craft, const void *data, size_t len);
void craft_attr(struct craft *craft, int attr, const void *data, size_t len);
/** Ends it: its length is known. */
void craft_end(struct craft *craft);

/** XFRM_MSG_NEWSA or XFRM_MSG_UPDSA; with NLM_F_MULTI one of a dump. */
void craft_sa(struct craft *craft, int type, int flags, uint32_t port,
			  const struct craft_sa *sa);
void craft_del_sa(struct craft *craft, uint32_t port, const struct craft_sa *sa);
void craft_expire(struct craft *craft, uint32_t port, const struct craft_sa *sa,
				  bool hard);
void craft_flush_sa(struct craft *craft, uint32_t port, uint8_t proto);
void craft_new_ae(struct craft *craft, uint32_t port, const struct craft_sa *sa);
void craft_mapping(struct craft *craft, const struct craft_sa *sa, const char *new_src,
				   uint16_t new_sport);
/** XFRM_MSG_MIGRATE_STATE: the SA comes to be where the other is. */
void craft_moved(struct craft *craft, uint32_t port, const struct craft_sa *from,
				 const struct craft_sa *to);
/** XFRM_MSG_NEWPOLICY or XFRM_MSG_UPDPOLICY. */
void craft_policy(struct craft *craft, int type, int flags, uint32_t port,
				  const struct craft_policy *policy);
void craft_del_policy(struct craft *craft, uint32_t port,
					  const struct craft_policy *policy);
void craft_pol_expire(struct craft *craft, uint32_t port,
					  const struct craft_policy *policy, bool hard);
/** Type XFRM_POLICY_TYPE_MAIN without the attribute, as some kernels have it. */
void craft_flush_policy(struct craft *craft, uint32_t port, uint8_t type);
void craft_migrate(struct craft *craft, const struct craft_sa *old, const char *new_src,
				   const char *new_dst);
/** NLMSG_DONE or NLMSG_ERROR with a negative errno or 0. */
void craft_error(struct craft *craft, int type, int error);

/** An address as the kernel has it. @return its family */
uint16_t craft_addr(xfrm_address_t *ret, const char *text);

#endif
