/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "xfrm_parse.h"

#include <arpa/inet.h>
#include <errno.h>
#include <string.h>
#include <sys/socket.h>

/** Copies a structure of a fixed size that an attribute must have at least. */
static int take(void *ret, size_t size, const void *data, size_t len)
{
	if (len < size) {
		return -EBADMSG;
	}
	memcpy(ret, data, size);
	return 0;
}

uint8_t qm_xfrm_take_addr(uint8_t ret[16], const xfrm_address_t *addr, uint16_t family)
{
	memset(ret, 0, 16);
	switch (family) {
	case AF_INET:
		memcpy(ret, addr, sizeof(addr->a4));
		return AF_INET;
	case AF_INET6:
		memcpy(ret, addr, sizeof(addr->a6));
		return AF_INET6;
	default:
		return 0;
	}
}

void qm_xfrm_take_id(struct qm_xfrm_id *ret, const struct xfrm_id *id, uint16_t family)
{
	ret->family = qm_xfrm_take_addr(ret->dst, &id->daddr, family);
	ret->spi = ntohl(id->spi);
	ret->proto = id->proto;
}

void qm_xfrm_take_user_id(struct qm_xfrm_id *ret, const struct xfrm_usersa_id *id)
{
	const struct xfrm_id plain = {
		.daddr = id->daddr,
		.spi = id->spi,
		.proto = id->proto,
	};

	qm_xfrm_take_id(ret, &plain, id->family);
}

static void take_limits(struct qm_xfrm_limits *ret, const struct xfrm_lifetime_cfg *lft)
{
	ret->soft_bytes = lft->soft_byte_limit;
	ret->hard_bytes = lft->hard_byte_limit;
	ret->soft_packets = lft->soft_packet_limit;
	ret->hard_packets = lft->hard_packet_limit;
	ret->soft_add = lft->soft_add_expires_seconds;
	ret->hard_add = lft->hard_add_expires_seconds;
	ret->soft_use = lft->soft_use_expires_seconds;
	ret->hard_use = lft->hard_use_expires_seconds;
}

static void take_counters(struct qm_xfrm_counters *ret,
						  const struct xfrm_lifetime_cur *cur)
{
	ret->bytes = cur->bytes;
	ret->packets = cur->packets;
	ret->add_time = cur->add_time;
	ret->use_time = cur->use_time;
}

void qm_xfrm_take_selector(struct qm_xfrm_selector *ret, const struct xfrm_selector *sel)
{
	qm_xfrm_take_addr(ret->src, &sel->saddr, sel->family);
	ret->family = qm_xfrm_take_addr(ret->dst, &sel->daddr, sel->family);
	ret->src_len = sel->prefixlen_s;
	ret->dst_len = sel->prefixlen_d;
	ret->proto = sel->proto;
	ret->sport = ntohs(sel->sport);
	ret->sport_mask = ntohs(sel->sport_mask);
	ret->dport = ntohs(sel->dport);
	ret->dport_mask = ntohs(sel->dport_mask);
	ret->ifindex = sel->ifindex;
}

void qm_xfrm_take_info(struct qm_xfrm_sa *ret, const struct xfrm_usersa_info *info)
{
	ret->has |= QM_XFRM_HAS_INFO | QM_XFRM_HAS_COUNTERS;
	qm_xfrm_take_addr(ret->src, &info->saddr, info->family);
	qm_xfrm_take_selector(&ret->sel, &info->sel);
	take_limits(&ret->limits, &info->lft);
	take_counters(&ret->counters, &info->curlft);
	ret->reqid = info->reqid;
	ret->mode = info->mode;
	ret->flags = info->flags;
	ret->replay_window = info->replay_window;
	ret->seq = info->seq;
	ret->outside_window = info->stats.replay_window;
	ret->replayed = info->stats.replay;
	ret->integrity_failed = info->stats.integrity_failed;
}

void qm_xfrm_take_policy(struct qm_xfrm_policy *ret,
						 const struct xfrm_userpolicy_info *info)
{
	ret->has |= QM_XFRM_HAS_POLICY | QM_XFRM_HAS_COUNTERS;
	qm_xfrm_take_selector(&ret->sel, &info->sel);
	take_limits(&ret->limits, &info->lft);
	take_counters(&ret->counters, &info->curlft);
	ret->index = info->index;
	ret->priority = info->priority;
	ret->dir = info->dir;
	ret->action = info->action;
}

static int take_mark(uint32_t *mark, uint32_t *mask, uint32_t *has, const void *data,
					 size_t len)
{
	struct xfrm_mark user;
	int r = take(&user, sizeof(user), data, len);

	if (!r) {
		*mark = user.v;
		*mask = user.m;
		*has |= QM_XFRM_HAS_MARK;
	}
	return r;
}

static int take_if_id(uint32_t *if_id, uint32_t *has, const void *data, size_t len)
{
	int r = take(if_id, sizeof(*if_id), data, len);

	if (!r) {
		*has |= QM_XFRM_HAS_IF_ID;
	}
	return r;
}

static int take_encap(struct qm_xfrm_encap *ret, uint32_t *has, const void *data,
					  size_t len)
{
	struct xfrm_encap_tmpl encap;
	int r = take(&encap, sizeof(encap), data, len);

	if (!r) {
		ret->type = encap.encap_type;
		ret->sport = ntohs(encap.encap_sport);
		ret->dport = ntohs(encap.encap_dport);
		*has |= QM_XFRM_HAS_ENCAP;
	}
	return r;
}

/**
 * Takes name and length of the key of any of the structures of algorithms, which
 * begin alike. The key that follows stays where it is.
 *
 * @param fixed		bytes of the structure, before the key
 */
static int take_alg(struct qm_xfrm_alg *ret, size_t fixed, const uint8_t *data,
					size_t len)
{
	uint32_t bits;

	if (len < fixed || !memchr(data, '\0', QM_XFRM_ALG_MAX)) {
		return -EBADMSG;
	}
	memcpy(&bits, data + offsetof(struct xfrm_algo, alg_key_len), sizeof(bits));
	if (bits / 8 + (bits % 8 != 0) > len - fixed) {
		return -EBADMSG;
	}
	memset(ret->name, 0, sizeof(ret->name));
	memcpy(ret->name, data, strlen((const char *)data));
	ret->key_bits = bits;
	return 0;
}

/** The same for a structure that has the length of the check value, too. */
static int take_alg_icv(struct qm_xfrm_alg *ret, size_t fixed, const uint8_t *data,
						size_t len)
{
	int r = take_alg(ret, fixed, data, len);

	if (!r) {
		memcpy(&ret->icv_bits, data + offsetof(struct xfrm_algo_auth, alg_trunc_len),
			   sizeof(ret->icv_bits));
	}
	return r;
}

_Static_assert(offsetof(struct xfrm_algo_auth, alg_key_len) ==
				   offsetof(struct xfrm_algo, alg_key_len) &&
			   offsetof(struct xfrm_algo_aead, alg_key_len) ==
				   offsetof(struct xfrm_algo, alg_key_len) &&
			   offsetof(struct xfrm_algo_aead, alg_icv_len) ==
				   offsetof(struct xfrm_algo_auth, alg_trunc_len),
			   "the structures of algorithms begin alike");

static int take_algorithm(struct qm_xfrm_sa *ret, int attr, const void *data, size_t len)
{
	static const struct {
		uint32_t has;
		size_t alg;
		size_t fixed;
		bool icv;
	} algs[] = {
		[XFRMA_ALG_AUTH] = { QM_XFRM_HAS_AUTH, offsetof(struct qm_xfrm_sa, auth),
							 sizeof(struct xfrm_algo), false },
		[XFRMA_ALG_AUTH_TRUNC] = { QM_XFRM_HAS_AUTH, offsetof(struct qm_xfrm_sa, auth),
								   sizeof(struct xfrm_algo_auth), true },
		[XFRMA_ALG_CRYPT] = { QM_XFRM_HAS_CRYPT, offsetof(struct qm_xfrm_sa, crypt),
							  sizeof(struct xfrm_algo), false },
		[XFRMA_ALG_COMP] = { QM_XFRM_HAS_COMP, offsetof(struct qm_xfrm_sa, comp),
							 sizeof(struct xfrm_algo), false },
		[XFRMA_ALG_AEAD] = { QM_XFRM_HAS_AEAD, offsetof(struct qm_xfrm_sa, aead),
							 sizeof(struct xfrm_algo_aead), true },
	};
	struct qm_xfrm_alg *alg = (void *)((char *)ret + algs[attr].alg);
	int r = algs[attr].icv ? take_alg_icv(alg, algs[attr].fixed, data, len)
						   : take_alg(alg, algs[attr].fixed, data, len);

	if (!r) {
		ret->has |= algs[attr].has;
	}
	return r;
}

/** With extended sequence numbers the window is here, and 0 in the structure. */
static int take_esn(struct qm_xfrm_sa *ret, const void *data, size_t len)
{
	struct xfrm_replay_state_esn esn;
	int r = take(&esn, sizeof(esn), data, len);

	if (r < 0 || esn.bmp_len > (len - sizeof(esn)) / sizeof(esn.bmp[0])) {
		return -EBADMSG;
	}
	ret->replay_window = esn.replay_window;
	return 0;
}

/** A deleted SA, which the message has named before: by the same family. */
static int take_sa(struct qm_xfrm_sa *ret, const void *data, size_t len)
{
	struct xfrm_usersa_info info;
	int r = take(&info, sizeof(info), data, len);

	if (r < 0 || (ret->id.family && info.family != ret->id.family)) {
		return -EBADMSG;
	}
	qm_xfrm_take_info(ret, &info);
	return 0;
}

static int take_lifetime(struct qm_xfrm_sa *ret, const void *data, size_t len)
{
	struct xfrm_lifetime_cur cur;
	int r = take(&cur, sizeof(cur), data, len);

	if (!r) {
		take_counters(&ret->counters, &cur);
		ret->has |= QM_XFRM_HAS_COUNTERS;
	}
	return r;
}

int qm_xfrm_take_sa_attr(struct qm_xfrm_sa *ret, int attr, const void *data, size_t len)
{
	switch (attr) {
	case XFRMA_MARK:
		return take_mark(&ret->id.mark, &ret->id.mask, &ret->has, data, len);
	case XFRMA_IF_ID:
		return take_if_id(&ret->id.if_id, &ret->has, data, len);
	case XFRMA_ENCAP:
		return take_encap(&ret->encap, &ret->has, data, len);
	case XFRMA_ALG_AUTH:
	case XFRMA_ALG_AUTH_TRUNC:
	case XFRMA_ALG_CRYPT:
	case XFRMA_ALG_COMP:
	case XFRMA_ALG_AEAD:
		return take_algorithm(ret, attr, data, len);
	case XFRMA_REPLAY_ESN_VAL:
		return take_esn(ret, data, len);
	case XFRMA_SA:
		return take_sa(ret, data, len);
	case XFRMA_LTIME_VAL:
		return take_lifetime(ret, data, len);
	default:
		return 0;
	}
}

/** A kernel that allows more templates than we know of has the rest ignored. */
static int take_tmpls(struct qm_xfrm_policy *ret, const uint8_t *data, size_t len)
{
	struct xfrm_user_tmpl user;
	size_t n = len / sizeof(user), i;

	if (len % sizeof(user)) {
		return -EBADMSG;
	}
	ret->tmpls = (uint8_t)(n < QM_XFRM_DEPTH_MAX ? n : QM_XFRM_DEPTH_MAX);
	for (i = 0; i < ret->tmpls; i++) {
		struct qm_xfrm_tmpl *tmpl = &ret->tmpl[i];

		memcpy(&user, data + i * sizeof(user), sizeof(user));
		qm_xfrm_take_addr(tmpl->src, &user.saddr, user.family);
		tmpl->family = qm_xfrm_take_addr(tmpl->dst, &user.id.daddr, user.family);
		tmpl->spi = ntohl(user.id.spi);
		tmpl->reqid = user.reqid;
		tmpl->proto = user.id.proto;
		tmpl->mode = user.mode;
		tmpl->optional = user.optional;
	}
	ret->has |= QM_XFRM_HAS_TMPL;
	return 0;
}

int qm_xfrm_take_type_attr(uint8_t *ret, int attr, const void *data, size_t len)
{
	struct xfrm_userpolicy_type type;

	if (attr != XFRMA_POLICY_TYPE) {
		return 0;
	}
	if (take(&type, sizeof(type), data, len) < 0) {
		return -EBADMSG;
	}
	*ret = type.type;
	return 0;
}

int qm_xfrm_take_policy_attr(struct qm_xfrm_policy *ret, int attr, const void *data,
							 size_t len)
{
	struct xfrm_userpolicy_info info;

	switch (attr) {
	case XFRMA_MARK:
		return take_mark(&ret->mark, &ret->mask, &ret->has, data, len);
	case XFRMA_IF_ID:
		return take_if_id(&ret->if_id, &ret->has, data, len);
	case XFRMA_TMPL:
		return take_tmpls(ret, data, len);
	case XFRMA_POLICY:
		if (take(&info, sizeof(info), data, len) < 0) {
			return -EBADMSG;
		}
		qm_xfrm_take_policy(ret, &info);
		return 0;
	default:
		return qm_xfrm_take_type_attr(&ret->type, attr, data, len);
	}
}

static void take_move(struct qm_xfrm_migrate *ret, const struct xfrm_user_migrate *user)
{
	struct qm_xfrm_move *move = &ret->sas[ret->count++];
	const uint16_t from = user->old_family, to = user->new_family;

	qm_xfrm_take_addr(move->old_src, &user->old_saddr, from);
	move->old_family = qm_xfrm_take_addr(move->old_dst, &user->old_daddr, from);
	qm_xfrm_take_addr(move->new_src, &user->new_saddr, to);
	move->new_family = qm_xfrm_take_addr(move->new_dst, &user->new_daddr, to);
	move->reqid = user->reqid;
	move->proto = user->proto;
	move->mode = user->mode;
}

/** The kernel sends one attribute for each SA, a requester one for all. */
int qm_xfrm_take_migrate_attr(struct qm_xfrm_migrate *ret, int attr, const void *data,
							  size_t len)
{
	struct xfrm_user_migrate user;
	const uint8_t *p = data;

	if (attr != XFRMA_MIGRATE) {
		return 0;
	}
	if (!len || len % sizeof(user)) {
		return -EBADMSG;
	}
	while (len && ret->count < QM_XFRM_DEPTH_MAX) {
		memcpy(&user, p, sizeof(user));
		take_move(ret, &user);
		p += sizeof(user);
		len -= sizeof(user);
	}
	return 0;
}

void qm_xfrm_take_moved(struct qm_xfrm_moved *ret,
						const struct qm_xfrm_user_migrate_state *user)
{
	qm_xfrm_take_user_id(&ret->id, &user->id);
	ret->id.mark = user->old_mark.v;
	ret->id.mask = user->old_mark.m;
	qm_xfrm_take_addr(ret->new_src, &user->new_saddr, user->new_family);
	ret->new_family =
		qm_xfrm_take_addr(ret->new_dst, &user->new_daddr, user->new_family);
	ret->new_reqid = user->new_reqid;
}

int qm_xfrm_take_moved_attr(struct qm_xfrm_moved *ret, int attr, const void *data,
							size_t len)
{
	switch (attr) {
	case XFRMA_MARK:
		return take_mark(&ret->new_mark, &ret->new_mask, &ret->has, data, len);
	case XFRMA_ENCAP:
		return take_encap(&ret->encap, &ret->has, data, len);
	default:
		return 0;
	}
}
