/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xfrm_craft.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/netlink.h>
#include <linux/udp.h>

#include "xfrm_parse.h"

#define KEY_BYTES 36

void craft_begin(struct craft *craft, int type, int flags, uint32_t port)
{
	const struct nlmsghdr head = {
		.nlmsg_type = (uint16_t)type,
		.nlmsg_flags = (uint16_t)flags,
		.nlmsg_seq = 1795527700,
		.nlmsg_pid = port,
	};

	craft->start = craft->len;
	craft_put(craft, &head, sizeof(head));
}

void *craft_put(struct craft *craft, const void *data, size_t len)
{
	uint8_t *at = craft->bytes + craft->len;

	if (craft->len + NLMSG_ALIGN(len) > sizeof(craft->bytes)) {
		fprintf(stderr, "xfrm_craft: too long\n");
		abort();
	}
	memset(at, 0, NLMSG_ALIGN(len));
	if (len) {
		memcpy(at, data, len);
	}
	craft->len += NLMSG_ALIGN(len);
	return at;
}

void craft_attr(struct craft *craft, int attr, const void *data, size_t len)
{
	const struct nlattr head = {
		.nla_len = (uint16_t)(NLA_HDRLEN + len),
		.nla_type = (uint16_t)attr,
	};

	craft_put(craft, &head, sizeof(head));
	craft_put(craft, data, len);
}

void craft_end(struct craft *craft)
{
	const uint32_t len = (uint32_t)(craft->len - craft->start);

	memcpy(craft->bytes + craft->start, &len, sizeof(len));
}

uint16_t craft_addr(xfrm_address_t *ret, const char *text)
{
	/* what is behind an IPv4 address comes from the requester, and may be anything */
	memset(ret, 0xee, sizeof(*ret));
	if (!text) {
		memset(ret, 0, sizeof(*ret));
		return 0;
	}
	if (strchr(text, ':')) {
		inet_pton(AF_INET6, text, ret);
		return AF_INET6;
	}
	inet_pton(AF_INET, text, ret);
	return AF_INET;
}

static uint8_t proto_of(const struct craft_sa *sa)
{
	return sa->proto ? sa->proto : IPPROTO_ESP;
}

static struct xfrm_usersa_info info_of(const struct craft_sa *sa)
{
	struct xfrm_usersa_info info = {
		.id = { .spi = htonl(sa->spi), .proto = proto_of(sa) },
		.lft = { XFRM_INF, XFRM_INF, XFRM_INF, XFRM_INF, 3300,
				 sa->hard_add ? sa->hard_add : 3960, 0, 0 },
		.curlft = { sa->bytes, sa->packets, sa->add_time, sa->use_time },
		.stats = { 1, 2, 3 },
		.seq = 9,
		.reqid = sa->reqid,
		.mode = sa->mode == 255 ? XFRM_MODE_TRANSPORT :
				sa->mode		? sa->mode :
								  XFRM_MODE_TUNNEL,
		.replay_window = sa->esn_window ? 0 : 32,
		.flags = (uint8_t)(sa->flags | (sa->esn_window ? XFRM_STATE_ESN : 0)),
	};

	craft_addr(&info.saddr, sa->src);
	info.family = craft_addr(&info.id.daddr, sa->dst);
	return info;
}

static struct xfrm_usersa_id id_of(const struct craft_sa *sa)
{
	struct xfrm_usersa_id id = { .spi = htonl(sa->spi), .proto = proto_of(sa) };

	id.family = craft_addr(&id.daddr, sa->dst);
	return id;
}

/** @param icv		bits of the check value, if the structure has them: then > 0 */
static void put_alg(struct craft *craft, int attr, const char *name, uint32_t key_bits,
					uint32_t icv)
{
	uint8_t data[sizeof(struct xfrm_algo_auth) + KEY_BYTES];
	struct xfrm_algo_auth alg = { .alg_key_len = key_bits, .alg_trunc_len = icv };
	const size_t fixed = icv ? sizeof(alg) : sizeof(struct xfrm_algo);

	memset(data, craft->key_byte ? craft->key_byte : CRAFT_KEY_BYTE, sizeof(data));
	snprintf(alg.alg_name, sizeof(alg.alg_name), "%s", name);
	memcpy(data, &alg, fixed);
	craft_attr(craft, attr, data, fixed + key_bits / 8);
	/* test_mirror_keys.c searches the stack, too */
	explicit_bzero(data, sizeof(data));
}

static void put_algs(struct craft *craft, const struct craft_sa *sa)
{
	if (sa->larval) {
		return;
	}
	if (!sa->auth && !sa->crypt && !sa->comp) {
		put_alg(craft, XFRMA_ALG_AEAD, "rfc4106(gcm(aes))", 288, 128);
	}
	if (sa->auth) {
		put_alg(craft, XFRMA_ALG_AUTH, sa->auth, 256, 0);
		put_alg(craft, XFRMA_ALG_AUTH_TRUNC, sa->auth, 256, 128);
	}
	if (sa->crypt) {
		put_alg(craft, XFRMA_ALG_CRYPT, sa->crypt, 192, 0);
	}
	if (sa->comp) {
		put_alg(craft, XFRMA_ALG_COMP, sa->comp, 0, 0);
	}
}

static void put_replay(struct craft *craft, const struct craft_sa *sa)
{
	const struct xfrm_replay_state plain = { .oseq = 7 };
	const struct xfrm_replay_state_esn esn = {
		.bmp_len = (sa->esn_window + 31) / 32,
		.oseq = 7,
		.replay_window = sa->esn_window,
	};
	uint8_t data[sizeof(esn) + XFRMA_REPLAY_ESN_MAX / 8] = { 0 };

	if (sa->esn_window) {
		memcpy(data, &esn, sizeof(esn));
		craft_attr(craft, XFRMA_REPLAY_ESN_VAL, data, sizeof(esn) + esn.bmp_len * 4);
	} else {
		craft_attr(craft, XFRMA_REPLAY_VAL, &plain, sizeof(plain));
	}
}

static void put_mark(struct craft *craft, uint32_t value, uint32_t mask)
{
	const struct xfrm_mark mark = { value, mask };

	if (value || mask) {
		craft_attr(craft, XFRMA_MARK, &mark, sizeof(mark));
	}
}

static void put_if_id(struct craft *craft, uint32_t if_id)
{
	if (if_id) {
		craft_attr(craft, XFRMA_IF_ID, &if_id, sizeof(if_id));
	}
}

static void put_encap(struct craft *craft, const struct craft_sa *sa)
{
	const struct xfrm_encap_tmpl encap = {
		.encap_type = UDP_ENCAP_ESPINUDP,
		.encap_sport = htons(sa->sport),
		.encap_dport = htons(sa->dport),
	};

	if (sa->sport) {
		craft_attr(craft, XFRMA_ENCAP, &encap, sizeof(encap));
	}
}

/** As copy_to_user_state_extra() of the kernel. */
static void put_extra(struct craft *craft, const struct craft_sa *sa)
{
	const uint64_t last_used = sa->use_time;

	if (last_used) {
		craft_attr(craft, XFRMA_LASTUSED, &last_used, sizeof(last_used));
	}
	put_algs(craft, sa);
	put_encap(craft, sa);
	put_mark(craft, sa->mark, sa->mask);
	put_replay(craft, sa);
	put_if_id(craft, sa->if_id);
}

void craft_sa(struct craft *craft, int type, int flags, uint32_t port,
			  const struct craft_sa *sa)
{
	const struct xfrm_usersa_info info = info_of(sa);

	craft_begin(craft, type, flags, port);
	craft_put(craft, &info, sizeof(info));
	put_extra(craft, sa);
	craft_end(craft);
}

void craft_del_sa(struct craft *craft, uint32_t port, const struct craft_sa *sa)
{
	const struct xfrm_usersa_info info = info_of(sa);
	const struct xfrm_usersa_id id = id_of(sa);

	craft_begin(craft, XFRM_MSG_DELSA, 0, port);
	craft_put(craft, &id, sizeof(id));
	craft_attr(craft, XFRMA_SA, &info, sizeof(info));
	put_extra(craft, sa);
	craft_end(craft);
}

void craft_expire(struct craft *craft, uint32_t port, const struct craft_sa *sa,
				  bool hard)
{
	const struct xfrm_user_expire expire = { .state = info_of(sa), .hard = hard };

	craft_begin(craft, XFRM_MSG_EXPIRE, 0, port);
	craft_put(craft, &expire, sizeof(expire));
	put_mark(craft, sa->mark, sa->mask);
	put_if_id(craft, sa->if_id);
	craft_end(craft);
}

void craft_flush_sa(struct craft *craft, uint32_t port, uint8_t proto)
{
	const struct xfrm_usersa_flush flush = { .proto = proto };

	craft_begin(craft, XFRM_MSG_FLUSHSA, 0, port);
	craft_put(craft, &flush, sizeof(flush));
	craft_end(craft);
}

void craft_new_ae(struct craft *craft, uint32_t port, const struct craft_sa *sa)
{
	const struct xfrm_lifetime_cur cur = { sa->bytes, sa->packets, sa->add_time,
										   sa->use_time };
	struct xfrm_aevent_id ae = { .sa_id = id_of(sa), .flags = XFRM_AE_CR,
								 .reqid = sa->reqid };

	craft_addr(&ae.saddr, sa->src);
	craft_begin(craft, XFRM_MSG_NEWAE, 0, port);
	craft_put(craft, &ae, sizeof(ae));
	put_replay(craft, sa);
	craft_attr(craft, XFRMA_LTIME_VAL, &cur, sizeof(cur));
	put_mark(craft, sa->mark, sa->mask);
	put_if_id(craft, sa->if_id);
	craft_end(craft);
}

void craft_mapping(struct craft *craft, const struct craft_sa *sa, const char *new_src,
				   uint16_t new_sport)
{
	struct xfrm_user_mapping mapping = {
		.id = id_of(sa),
		.reqid = sa->reqid,
		.old_sport = htons(sa->sport),
		.new_sport = htons(new_sport),
	};

	craft_addr(&mapping.old_saddr, sa->src);
	craft_addr(&mapping.new_saddr, new_src);
	craft_begin(craft, XFRM_MSG_MAPPING, 0, 0);
	craft_put(craft, &mapping, sizeof(mapping));
	craft_end(craft);
}

void craft_moved(struct craft *craft, uint32_t port, const struct craft_sa *from,
				 const struct craft_sa *to)
{
	struct qm_xfrm_user_migrate_state moved = {
		.id = id_of(from),
		.old_mark = { from->mark, from->mask },
		.new_reqid = to->reqid,
	};

	craft_addr(&moved.new_saddr, to->src);
	moved.new_family = craft_addr(&moved.new_daddr, to->dst);
	craft_begin(craft, QM_XFRM_MSG_MIGRATE_STATE, 0, port);
	craft_put(craft, &moved, sizeof(moved));
	put_encap(craft, to);
	if (to->mark != from->mark || to->mask != from->mask) {
		put_mark(craft, to->mark, to->mask);
	}
	craft_end(craft);
}

static struct xfrm_selector selector_of(const struct craft_policy *policy)
{
	struct xfrm_selector sel = { 0 };

	craft_addr(&sel.saddr, policy->src);
	sel.family = craft_addr(&sel.daddr, policy->dst);
	sel.prefixlen_s = sel.prefixlen_d = sel.family == AF_INET ? 24 : 64;
	return sel;
}

static struct xfrm_userpolicy_info policy_info(const struct craft_policy *policy)
{
	return (struct xfrm_userpolicy_info){
		.sel = selector_of(policy),
		.lft = { XFRM_INF, XFRM_INF, XFRM_INF, XFRM_INF, 0, 0, 0, 0 },
		.curlft = { 0, 0, 1795438975, 0 },
		.priority = 371327,
		.index = policy->index,
		.dir = policy->dir,
	};
}

/** As xfrm_notify_policy() of a kernel with CONFIG_XFRM_SUB_POLICY. */
static void put_policy_extra(struct craft *craft, const struct craft_policy *policy)
{
	const struct xfrm_userpolicy_type type = { .type = XFRM_POLICY_TYPE_MAIN };
	struct xfrm_user_tmpl tmpl = {
		.id.proto = IPPROTO_ESP,
		.reqid = policy->reqid,
		.mode = XFRM_MODE_TUNNEL,
		.aalgos = ~0u,
		.ealgos = ~0u,
		.calgos = ~0u,
	};

	craft_addr(&tmpl.saddr, policy->tmpl_src);
	tmpl.family = craft_addr(&tmpl.id.daddr, policy->tmpl_dst);
	if (policy->tmpl_dst) {
		craft_attr(craft, XFRMA_TMPL, &tmpl, sizeof(tmpl));
	}
	craft_attr(craft, XFRMA_POLICY_TYPE, &type, sizeof(type));
	put_if_id(craft, policy->if_id);
}

void craft_policy(struct craft *craft, int type, int flags, uint32_t port,
				  const struct craft_policy *policy)
{
	const struct xfrm_userpolicy_info info = policy_info(policy);

	craft_begin(craft, type, flags, port);
	craft_put(craft, &info, sizeof(info));
	put_policy_extra(craft, policy);
	craft_end(craft);
}

void craft_del_policy(struct craft *craft, uint32_t port,
					  const struct craft_policy *policy)
{
	const struct xfrm_userpolicy_info info = policy_info(policy);
	const struct xfrm_userpolicy_id id = { .sel = selector_of(policy),
										   .dir = policy->dir };

	craft_begin(craft, XFRM_MSG_DELPOLICY, 0, port);
	craft_put(craft, &id, sizeof(id));
	craft_attr(craft, XFRMA_POLICY, &info, sizeof(info));
	put_policy_extra(craft, policy);
	craft_end(craft);
}

void craft_pol_expire(struct craft *craft, uint32_t port,
					  const struct craft_policy *policy, bool hard)
{
	const struct xfrm_user_polexpire expire = { .pol = policy_info(policy),
												.hard = hard };

	craft_begin(craft, XFRM_MSG_POLEXPIRE, 0, port);
	craft_put(craft, &expire, sizeof(expire));
	put_policy_extra(craft, policy);
	craft_end(craft);
}

void craft_flush_policy(struct craft *craft, uint32_t port, uint8_t type)
{
	const struct xfrm_userpolicy_type user = { .type = type };

	craft_begin(craft, XFRM_MSG_FLUSHPOLICY, 0, port);
	if (type) {
		craft_attr(craft, XFRMA_POLICY_TYPE, &user, sizeof(user));
	}
	craft_end(craft);
}

void craft_migrate(struct craft *craft, const struct craft_sa *old, const char *new_src,
				   const char *new_dst)
{
	struct xfrm_user_migrate migrate = {
		.proto = proto_of(old),
		.mode = XFRM_MODE_TUNNEL,
		.reqid = old->reqid,
	};
	struct xfrm_userpolicy_id id = { .dir = XFRM_POLICY_OUT };

	id.sel.family = craft_addr(&id.sel.saddr, "10.1.0.0");
	craft_addr(&id.sel.daddr, "10.2.0.0");
	id.sel.prefixlen_s = id.sel.prefixlen_d = 24;
	craft_addr(&migrate.old_saddr, old->src);
	migrate.old_family = craft_addr(&migrate.old_daddr, old->dst);
	craft_addr(&migrate.new_saddr, new_src);
	migrate.new_family = craft_addr(&migrate.new_daddr, new_dst);
	craft_begin(craft, XFRM_MSG_MIGRATE, 0, 0);
	craft_put(craft, &id, sizeof(id));
	craft_attr(craft, XFRMA_MIGRATE, &migrate, sizeof(migrate));
	craft_end(craft);
}

void craft_error(struct craft *craft, int type, int error)
{
	const struct nlmsgerr err = { .error = error };

	craft_begin(craft, type, type == NLMSG_DONE ? NLM_F_MULTI : 0, 0);
	craft_put(craft, &err, type == NLMSG_DONE ? sizeof(error) : sizeof(err));
	craft_end(craft);
}
