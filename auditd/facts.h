/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What is known of one CHILD_SA, as values.
 *
 * Everything here is a plain copy: no pointer leads back into the IKE daemon,
 * so a filled structure may be queued, kept and compared by any thread. All
 * members are fixed in size; what an outsider can make long is cut where it
 * is copied, with a mark, never where it is printed.
 */
#ifndef QM_FACTS_H
#define QM_FACTS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/** Bytes kept of a string that a peer or an administrator chooses. */
#define QM_TEXT_MAX 256
/** Bytes of an algorithm's name, with the terminating NUL. */
#define QM_ALG_MAX 32
/** Traffic selectors kept per side; more are only counted. */
#define QM_TS_MAX 8

/** A string from outside: any bytes, not terminated, empty when unknown. */
struct qm_text {
	uint16_t len;
	char s[QM_TEXT_MAX];
};

/** An IP address with a port; both bytes and port in the order noted. */
struct qm_addr {
	/** AF_INET, AF_INET6, or 0 when unknown */
	uint8_t family;
	/** UDP port, host byte order */
	uint16_t port;
	/** network byte order; 4 bytes used for AF_INET */
	uint8_t ip[16];
};

/** A traffic selector as IKEv2 has it: a range of addresses and of ports. */
struct qm_ts {
	/** AF_INET or AF_INET6 */
	uint8_t family;
	/** IP protocol number, 0 for any */
	uint8_t proto;
	/** host byte order; 0-65535 is any, 65535-0 is OPAQUE; for ICMP type and
	 * code as RFC 7296 section 3.13.1 packs them */
	uint16_t from_port;
	uint16_t to_port;
	/** network byte order; 4 bytes used for AF_INET */
	uint8_t from[16];
	uint8_t to[16];
};

/** The selectors of one side. */
struct qm_ts_list {
	/** entries in use */
	uint8_t count;
	/** selectors that the SA has, >= count */
	uint16_t total;
	struct qm_ts ts[QM_TS_MAX];
};

/** An XFRM mark. */
struct qm_mark {
	uint32_t value;
	uint32_t mask;
};

/** A number that may not be known. */
struct qm_count {
	bool known;
	uint64_t n;
};

/** Who opened the exchange that made the SA. */
enum qm_direction {
	QM_DIRECTION_UNKNOWN,
	QM_DIRECTION_INITIATOR,
	QM_DIRECTION_RESPONDER,
	QM_DIRECTION_MAX,
};

/** The IPsec protocol. */
enum qm_satype {
	QM_SATYPE_UNKNOWN,
	QM_SATYPE_ESP,
	QM_SATYPE_AH,
	QM_SATYPE_MAX,
};

/** A kernel SA as the kernel names it. */
struct qm_sa_id {
	enum qm_satype satype;
	/** host byte order */
	uint32_t spi;
	/** destination; the port is not part of the identity */
	struct qm_addr dst;
};

/** The encapsulation mode. */
enum qm_samode {
	QM_SAMODE_UNKNOWN,
	QM_SAMODE_TUNNEL,
	QM_SAMODE_TRANSPORT,
	QM_SAMODE_BEET,
	QM_SAMODE_MAX,
};

/** A yes or no that may not be known. */
enum qm_tristate {
	QM_TRI_UNKNOWN,
	QM_TRI_NO,
	QM_TRI_YES,
	QM_TRI_MAX,
};

/** One CHILD_SA: an inbound and an outbound SA with what was negotiated. */
struct qm_sa_facts {
	/** charon's unique id of the CHILD_SA, never reused while it runs */
	uint32_t child_sa;
	/** charon's unique id of the IKE_SA it belongs to, 0 when unknown */
	uint32_t ike_sa;
	/** 0 when unknown */
	uint32_t reqid;
	/** SPI that we allocated and receive on, host byte order, 0 when unknown */
	uint32_t in_spi;
	/** SPI that the peer allocated and we send to, host byte order */
	uint32_t out_spi;
	/** XFRM interface ids, 0 for none */
	uint32_t if_id_in;
	uint32_t if_id_out;
	/** XFRM marks, all 0 for none */
	struct qm_mark mark_in;
	struct qm_mark mark_out;
	/** 1, 2, or 0 when unknown */
	uint8_t ike_version;
	enum qm_direction direction;
	enum qm_satype satype;
	enum qm_samode samode;
	enum qm_tristate esn;
	enum qm_tristate encap;
	/** bits of the cipher's key, 0 for a fixed size or for AH */
	uint16_t ksize;
	/** IKE names; "" when unknown, "none" when there is none */
	char cipher[QM_ALG_MAX];
	char integ[QM_ALG_MAX];
	char pfs[QM_ALG_MAX];
	/** hard limits, 0 for none: seconds from installation, bytes, packets */
	uint32_t life_time;
	uint64_t life_bytes;
	uint64_t life_packets;
	/** endpoints with the IKE ports */
	struct qm_addr local;
	struct qm_addr remote;
	/** virtual IP that the peer was given */
	struct qm_addr vip;
	struct qm_ts_list local_ts;
	struct qm_ts_list remote_ts;
	struct qm_text conn_name;
	struct qm_text child_name;
	struct qm_text local_id;
	struct qm_text remote_id;
	/** EAP or XAuth identity */
	struct qm_text acct;
};

#endif
