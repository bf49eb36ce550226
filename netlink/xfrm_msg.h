/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Messages of the kernel's XFRM interface, as values.
 *
 * What the kernel sends (net/xfrm/xfrm_user.c, <linux/xfrm.h>) is checked and
 * copied into one flat structure: every length is looked at before anything is
 * copied, structures go to aligned locals first, and of keys nothing is taken but
 * their length. Attributes and types of message that are not known are skipped, for
 * kernels newer than this; what is shorter than its structure is refused. No
 * state, no I/O, no allocation.
 */
#ifndef QM_XFRM_MSG_H
#define QM_XFRM_MSG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Bytes of the kernel's name of an algorithm, with the terminating NUL. */
#define QM_XFRM_ALG_MAX 64
/** Templates of a policy, and SAs that one MIGRATE names: the kernel's XFRM_MAX_DEPTH. */
#define QM_XFRM_DEPTH_MAX 6
/** No limit, where bytes or packets are limited: the kernel's XFRM_INF. */
#define QM_XFRM_INF UINT64_MAX

/** What a message says. */
enum qm_xfrm_kind {
	/** a type that is unknown or of no use here; nothing else is set */
	QM_XFRM_OTHER,
	/** the end of a dump: error */
	QM_XFRM_DONE,
	/** the answer to a request: error */
	QM_XFRM_ERROR,
	/** an SA was added, or is in a dump: sa */
	QM_XFRM_NEW_SA,
	/** an SA took the place of a larval one, or was changed: sa */
	QM_XFRM_UPD_SA,
	/** an SA was deleted: sa, with its final counters */
	QM_XFRM_DEL_SA,
	/** an SA reached a limit: sa, hard */
	QM_XFRM_EXPIRE,
	/** all SAs of a protocol were deleted, with no DEL_SA for any of them: proto */
	QM_XFRM_FLUSH_SA,
	/** a policy was added, or is in a dump: policy */
	QM_XFRM_NEW_POLICY,
	/** a policy was added or replaced: policy */
	QM_XFRM_UPD_POLICY,
	/** a policy was deleted: policy */
	QM_XFRM_DEL_POLICY,
	/** a policy reached a limit: policy, hard */
	QM_XFRM_POL_EXPIRE,
	/** all policies of a type were deleted: policy_type */
	QM_XFRM_FLUSH_POLICY,
	/** a peer behind a NAT sends from another address or port: mapping */
	QM_XFRM_MAPPING,
	/** SAs and a policy were given other addresses, without any DEL_SA or NEW_SA:
	 * migrate */
	QM_XFRM_MIGRATE,
	/** one SA was given another address, with its counters, and without any DEL_SA or
	 * NEW_SA (since Linux 7.2): moved */
	QM_XFRM_MOVE_SA,
	/** how far an SA is used: sa, with id, src, reqid, counters and replay_window */
	QM_XFRM_NEW_AE,
	QM_XFRM_KIND_MAX,
};

/** Members of qm_xfrm_sa and qm_xfrm_policy that may be missing: bits of `has`. */
enum {
	/** sa: selector, limits, reqid, mode, flags, replay_window, src, seq, failures */
	QM_XFRM_HAS_INFO = 1 << 0,
	QM_XFRM_HAS_COUNTERS = 1 << 1,
	/** an XFRM mark other than 0/0; the value is in the id */
	QM_XFRM_HAS_MARK = 1 << 2,
	/** an XFRM interface id; the value is in the id */
	QM_XFRM_HAS_IF_ID = 1 << 3,
	QM_XFRM_HAS_ENCAP = 1 << 4,
	QM_XFRM_HAS_AEAD = 1 << 5,
	QM_XFRM_HAS_AUTH = 1 << 6,
	QM_XFRM_HAS_CRYPT = 1 << 7,
	QM_XFRM_HAS_COMP = 1 << 8,
	/** policy: all but selector and dir */
	QM_XFRM_HAS_POLICY = 1 << 9,
	/** policy: templates */
	QM_XFRM_HAS_TMPL = 1 << 10,
	QM_XFRM_HAS_ALG = QM_XFRM_HAS_AEAD | QM_XFRM_HAS_AUTH | QM_XFRM_HAS_CRYPT |
					  QM_XFRM_HAS_COMP,
};

/** The identity of an SA. Has no padding, so that it can be compared as bytes. */
struct qm_xfrm_id {
	/** destination, network byte order; of AF_INET 4 bytes are used, the rest is 0 */
	uint8_t dst[16];
	/** host byte order; for IPComp the CPI */
	uint32_t spi;
	/** XFRM mark and its mask, 0 and 0 for none */
	uint32_t mark;
	uint32_t mask;
	/** XFRM interface id, 0 for none */
	uint32_t if_id;
	/** AF_INET, AF_INET6, or 0 for neither, and then there is no address: the kernel
	 * reserves SPIs for any family that it is asked for */
	uint8_t family;
	/** IPPROTO_ESP, IPPROTO_AH, IPPROTO_COMP, or what else the kernel has */
	uint8_t proto;
	/** 0 */
	uint8_t zero[2];
};

/** Which packets a policy, or an SA, is for. */
struct qm_xfrm_selector {
	/** network byte order; of AF_INET 4 bytes are used, the rest is 0 */
	uint8_t src[16];
	uint8_t dst[16];
	/** bits of the addresses that count */
	uint8_t src_len;
	uint8_t dst_len;
	/** AF_INET, AF_INET6, or 0 for an SA without a selector */
	uint8_t family;
	/** IP protocol, 0 for any */
	uint8_t proto;
	/** host byte order, with their masks; for ICMP type and code */
	uint16_t sport;
	uint16_t sport_mask;
	uint16_t dport;
	uint16_t dport_mask;
	/** interface, 0 for any */
	int32_t ifindex;
};

/** Limits of an SA or a policy. */
struct qm_xfrm_limits {
	/** QM_XFRM_INF for none */
	uint64_t soft_bytes;
	uint64_t hard_bytes;
	uint64_t soft_packets;
	uint64_t hard_packets;
	/** seconds since it was added, 0 for none */
	uint64_t soft_add;
	uint64_t hard_add;
	/** seconds since its first use, 0 for none */
	uint64_t soft_use;
	uint64_t hard_use;
};

/** What went through an SA or a policy. */
struct qm_xfrm_counters {
	uint64_t bytes;
	uint64_t packets;
	/** seconds since the epoch; use_time is 0 before the first packet */
	uint64_t add_time;
	uint64_t use_time;
};

/** UDP or TCP around ESP. */
struct qm_xfrm_encap {
	/** UDP_ENCAP_ESPINUDP and others of <linux/udp.h>; TCP_ENCAP_ESPINTCP is 7 */
	uint16_t type;
	/** host byte order */
	uint16_t sport;
	uint16_t dport;
};

/** An algorithm and the length of its key. The key itself is never copied. */
struct qm_xfrm_alg {
	/** as the kernel's crypto has it, "cbc(aes)"; terminated */
	char name[QM_XFRM_ALG_MAX];
	/** bits; for an AEAD with the salt, as the kernel counts */
	uint32_t key_bits;
	/** bits of the integrity check value; 0 where the kernel gives none */
	uint32_t icv_bits;
};

/** An SA. */
struct qm_xfrm_sa {
	struct qm_xfrm_id id;
	/** QM_XFRM_HAS_…: a member that is missing is 0 */
	uint32_t has;
	/** source, like id.dst */
	uint8_t src[16];
	/** ties it to policies, 0 for none */
	uint32_t reqid;
	/** XFRM_MODE_TRANSPORT, XFRM_MODE_TUNNEL, … */
	uint8_t mode;
	/** XFRM_STATE_ESN and others */
	uint8_t flags;
	/** packets */
	uint32_t replay_window;
	/** number that ties it to an acquire */
	uint32_t seq;
	/** packets dropped: outside of the window, replayed, failed the check */
	uint32_t outside_window;
	uint32_t replayed;
	uint32_t integrity_failed;
	struct qm_xfrm_encap encap;
	/** which packets it is for, as far as policies do not say */
	struct qm_xfrm_selector sel;
	struct qm_xfrm_limits limits;
	struct qm_xfrm_counters counters;
	/** of ESP an AEAD, or auth and crypt; of AH auth; of IPComp comp */
	struct qm_xfrm_alg aead;
	struct qm_xfrm_alg auth;
	struct qm_xfrm_alg crypt;
	struct qm_xfrm_alg comp;
};

/** What a policy demands of a packet's SA. */
struct qm_xfrm_tmpl {
	/** of the SA, like qm_xfrm_id.dst; all 0 for any */
	uint8_t src[16];
	uint8_t dst[16];
	/** host byte order, 0 for any */
	uint32_t spi;
	/** 0 for any */
	uint32_t reqid;
	/** of the addresses: AF_INET, AF_INET6, or 0 for neither */
	uint8_t family;
	/** as in qm_xfrm_id and qm_xfrm_sa */
	uint8_t proto;
	uint8_t mode;
	/** a packet may do without */
	bool optional;
};

/** A policy. */
struct qm_xfrm_policy {
	/** which packets it is for */
	struct qm_xfrm_selector sel;
	/** QM_XFRM_HAS_…: a member that is missing is 0 */
	uint32_t has;
	/** unique among all policies of the namespace; 0 when unknown */
	uint32_t index;
	/** the lower, the earlier it is looked at */
	uint32_t priority;
	/** XFRM mark and its mask, 0 and 0 for none */
	uint32_t mark;
	uint32_t mask;
	/** XFRM interface id, 0 for none */
	uint32_t if_id;
	/** XFRM_POLICY_IN, _OUT, _FWD; greater for one that belongs to a socket */
	uint8_t dir;
	/** XFRM_POLICY_ALLOW or XFRM_POLICY_BLOCK */
	uint8_t action;
	/** XFRM_POLICY_TYPE_MAIN or _SUB */
	uint8_t type;
	/** entries of tmpl in use */
	uint8_t tmpls;
	struct qm_xfrm_limits limits;
	struct qm_xfrm_counters counters;
	/** one for each SA that a packet goes through, the innermost first */
	struct qm_xfrm_tmpl tmpl[QM_XFRM_DEPTH_MAX];
};

/** A peer's new address and port, seen by the kernel. */
struct qm_xfrm_mapping {
	/** the inbound SA; the kernel gives neither its mark nor its interface id */
	struct qm_xfrm_id id;
	/** of the SA */
	uint32_t reqid;
	/** source of the SA, like qm_xfrm_id.dst */
	uint8_t old_src[16];
	uint8_t new_src[16];
	/** host byte order */
	uint16_t old_sport;
	uint16_t new_sport;
};

/** Other addresses for SAs. */
struct qm_xfrm_move {
	/** like qm_xfrm_id.dst */
	uint8_t old_src[16];
	uint8_t old_dst[16];
	uint8_t new_src[16];
	uint8_t new_dst[16];
	/** of the SAs */
	uint32_t reqid;
	/** AF_INET, AF_INET6, or 0 for neither */
	uint8_t old_family;
	uint8_t new_family;
	/** of the SAs, as in qm_xfrm_id and qm_xfrm_sa */
	uint8_t proto;
	uint8_t mode;
};

/** Other addresses for the SAs of a policy. */
struct qm_xfrm_migrate {
	/** the policy's selector and direction, as in qm_xfrm_policy */
	struct qm_xfrm_selector sel;
	uint8_t dir;
	/** entries of `sas` in use */
	uint8_t count;
	struct qm_xfrm_move sas[QM_XFRM_DEPTH_MAX];
};

/** Another place for one SA. */
struct qm_xfrm_moved {
	/** where it was. The mark is that of the request, which the SA's must match, and the
	 * kernel does not give the interface id */
	struct qm_xfrm_id id;
	/** like qm_xfrm_id.dst */
	uint8_t new_src[16];
	uint8_t new_dst[16];
	/** its mark from now on, if it has another */
	uint32_t new_mark;
	uint32_t new_mask;
	/** QM_XFRM_HAS_MARK, QM_XFRM_HAS_ENCAP */
	uint32_t has;
	uint32_t new_reqid;
	struct qm_xfrm_encap encap;
	/** of the addresses: AF_INET, AF_INET6, or 0 for neither */
	uint8_t new_family;
};

/** One message. What is not of its kind is 0; of the union, only what it has is set. */
struct qm_xfrm_msg {
	enum qm_xfrm_kind kind;
	/** NLM_F_…: NLM_F_DUMP_INTR says that a dump missed changes */
	uint16_t flags;
	/** number of the request that it answers, or that caused it */
	uint32_t seq;
	/**
	 * Of a notification, what the requester wrote into nlmsg_pid of its request,
	 * whatever its socket is bound to; 0 when the kernel acted by itself, or for a
	 * requester that left it out, as iproute2 does. Of an answer, our own port id.
	 */
	uint32_t port;
	/** the limit was a hard one: the SA or policy is gone */
	bool hard;
	/** IP protocol; 0 and 255 (IPSEC_PROTO_ANY) are all */
	uint8_t proto;
	/** XFRM_POLICY_TYPE_MAIN where the kernel does not say */
	uint8_t policy_type;
	/** 0 or a negative errno */
	int error;
	union {
		struct qm_xfrm_sa sa;
		struct qm_xfrm_policy policy;
		struct qm_xfrm_mapping mapping;
		struct qm_xfrm_migrate migrate;
		struct qm_xfrm_moved moved;
	};
};

struct nlmsghdr;

/** A place in a buffer of messages. */
struct qm_xfrm_walk {
	/** the next message */
	struct nlmsghdr *next;
	/** bytes from there on */
	int left;
	/** the message that was taken last */
	struct qm_xfrm_msg msg;
};

/**
 * Begins with the first message of a buffer.
 *
 * @param buf	what one recv() gave, aligned to 4 bytes; only read, outlives the walk
 * @param len	bytes in it, up to INT_MAX
 */
void qm_xfrm_walk_init(struct qm_xfrm_walk *walk, void *buf, size_t len);

/**
 * Takes the next message.
 *
 * @param ret	receives it, also if it is of no use here (QM_XFRM_OTHER); valid until
 *				the next is taken
 * @return		1; 0 at the end; -EBADMSG for a message that is too short for what it
 *				says to hold: the walk goes on behind it, if its end can be told
 */
int qm_xfrm_walk_next(struct qm_xfrm_walk *walk, const struct qm_xfrm_msg **ret);

#endif
