/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The names of fields that records have.
 */
#ifndef QM_KEYS_H
#define QM_KEYS_H

#include <stdint.h>

#include "span.h"

/** What a field's value is, which decides how it is decoded and printed. */
enum qm_key_type {
	/** a word that is never encoded */
	QM_KEY_WORD,
	/** a number without a fraction */
	QM_KEY_NUMBER,
	/** seconds with three decimals */
	QM_KEY_DECIMAL,
	/** somebody's choice: quoted, or hexadecimal */
	QM_KEY_TEXT,
};

/** Where in a record a field stands. */
enum qm_key_place {
	/** before msg=', by the kernel */
	QM_KEY_HEAD,
	QM_KEY_BODY,
	/** at the end, by libaudit */
	QM_KEY_TAIL,
};

/* in the order in which 5451, and then the others, have them */
#define QM_KEYS(X)                                      \
	X(PID, "pid", NUMBER, HEAD)                         \
	X(UID, "uid", NUMBER, HEAD)                         \
	X(AUID, "auid", NUMBER, HEAD)                       \
	X(SES, "ses", NUMBER, HEAD)                         \
	X(SUBJ, "subj", WORD, HEAD)                         \
	X(OP, "op", WORD, BODY)                             \
	X(EVENT_ID, "event-id", NUMBER, BODY)               \
	X(ACCT, "acct", TEXT, BODY)                         \
	X(DIRECTION, "direction", WORD, BODY)               \
	X(CONN_NAME, "conn-name", TEXT, BODY)               \
	X(CHILD_NAME, "child-name", TEXT, BODY)             \
	X(IKE_VERSION, "ike-version", NUMBER, BODY)         \
	X(INSTANCE, "instance", NUMBER, BODY)               \
	X(IKE_SA, "ike-sa", NUMBER, BODY)                   \
	X(CHILD_SA, "child-sa", NUMBER, BODY)               \
	X(OLD_CHILD_SA, "old-child-sa", NUMBER, BODY)       \
	X(REQID, "reqid", NUMBER, BODY)                     \
	X(IF_ID, "if-id", WORD, BODY)                       \
	X(MARK, "mark", WORD, BODY)                         \
	X(SATYPE, "satype", WORD, BODY)                     \
	X(SAMODE, "samode", WORD, BODY)                     \
	X(CIPHER, "cipher", WORD, BODY)                     \
	X(KSIZE, "ksize", NUMBER, BODY)                     \
	X(INTEG, "integ", WORD, BODY)                       \
	X(PFS, "pfs", WORD, BODY)                           \
	X(ESN, "esn", WORD, BODY)                           \
	X(ENCAP, "encap", WORD, BODY)                       \
	X(IN_SPI, "in-spi", WORD, BODY)                     \
	X(OUT_SPI, "out-spi", WORD, BODY)                   \
	X(LADDR, "laddr", WORD, BODY)                       \
	X(LPORT, "lport", NUMBER, BODY)                     \
	X(RADDR, "raddr", WORD, BODY)                       \
	X(RPORT, "rport", NUMBER, BODY)                     \
	X(PROTO, "proto", WORD, BODY)                       \
	X(LOCAL_TS, "local-ts", WORD, BODY)                 \
	X(REMOTE_TS, "remote-ts", WORD, BODY)               \
	X(REMOTE_VIP, "remote-vip", WORD, BODY)             \
	X(LIFE_TIME, "life-time", NUMBER, BODY)             \
	X(LIFE_BYTES, "life-bytes", NUMBER, BODY)           \
	X(LIFE_PACKETS, "life-packets", NUMBER, BODY)       \
	X(PROPOSALS, "proposals", TEXT, BODY)               \
	X(LOCAL_ID, "local-id", TEXT, BODY)                 \
	X(REMOTE_ID, "remote-id", TEXT, BODY)               \
	X(REASON, "reason", WORD, BODY)                     \
	X(ENDED_BY, "ended-by", WORD, BODY)                 \
	X(BYTES_IN, "bytes-in", NUMBER, BODY)               \
	X(BYTES_OUT, "bytes-out", NUMBER, BODY)             \
	X(PACKETS_IN, "packets-in", NUMBER, BODY)           \
	X(PACKETS_OUT, "packets-out", NUMBER, BODY)         \
	X(DURATION, "duration", DECIMAL, BODY)              \
	X(TOTAL_BYTES_IN, "total-bytes-in", NUMBER, BODY)   \
	X(TOTAL_BYTES_OUT, "total-bytes-out", NUMBER, BODY) \
	X(REKEYS, "rekeys", NUMBER, BODY)                   \
	X(FAILURE_POINT, "failure-point", WORD, BODY)       \
	X(QM_STATE, "qm-state", WORD, BODY)                 \
	X(EXCHANGE, "exchange", WORD, BODY)                 \
	X(MSGID, "msgid", NUMBER, BODY)                     \
	X(NOTIFY, "notify", WORD, BODY)                     \
	X(IKE_SPI_I, "ike-spi-i", WORD, BODY)               \
	X(IKE_SPI_R, "ike-spi-r", WORD, BODY)               \
	X(PACKET_LEN, "packet-len", NUMBER, BODY)           \
	X(AUTHENTICATED, "authenticated", WORD, BODY)       \
	X(VERSION, "version", WORD, BODY)                   \
	X(DAEMON, "daemon", WORD, BODY)                     \
	X(DAEMON_VERSION, "daemon-version", WORD, BODY)     \
	X(POLICY, "policy", WORD, BODY)                     \
	X(WRITTEN, "written", NUMBER, BODY)                 \
	X(OLD_POLICY, "old-policy", WORD, BODY)             \
	X(NEW_POLICY, "new-policy", WORD, BODY)             \
	X(CHANGES, "changes", WORD, BODY)                   \
	X(SPI, "spi", WORD, BODY)                           \
	X(SRC_ADDR, "src-addr", WORD, BODY)                 \
	X(DST_ADDR, "dst-addr", WORD, BODY)                 \
	X(CREATOR, "creator", TEXT, BODY)                   \
	X(CREATOR_PROC, "creator-proc", NUMBER, BODY)       \
	X(COUNT, "count", NUMBER, BODY)                     \
	X(SINCE, "since", DECIMAL, BODY)                    \
	X(CAUSE, "cause", WORD, BODY)                       \
	X(DURABILITY, "durability", WORD, BODY)             \
	X(OLD_DURABILITY, "old-durability", WORD, BODY)     \
	X(LAST_RUN, "last-run", WORD, BODY)                 \
	X(LAST_ALIVE, "last-alive", DECIMAL, BODY)          \
	X(OPEN_SAS, "open-sas", NUMBER, BODY)               \
	X(WAITING, "waiting", NUMBER, BODY)                 \
	X(ERROR, "error", WORD, BODY)                       \
	X(LAST_SEEN, "last-seen", DECIMAL, BODY)            \
	X(WHEN, "when", DECIMAL, BODY)                      \
	X(REC_SEQ, "rec-seq", NUMBER, BODY)                 \
	X(CONNSTATE, "connstate", WORD, BODY)               \
	X(EXE, "exe", TEXT, TAIL)                           \
	X(HOSTNAME, "hostname", WORD, TAIL)                 \
	X(ADDR, "addr", WORD, TAIL)                         \
	X(TERMINAL, "terminal", WORD, TAIL)                 \
	X(RES, "res", WORD, TAIL)

enum qm_key {
#define QM_KEY_ENUM(id, name, type, place) QM_KEY_##id,
	QM_KEYS(QM_KEY_ENUM)
#undef QM_KEY_ENUM
	/** a field that this version does not know */
	QM_KEY_OTHER,
	QM_KEY_MAX = QM_KEY_OTHER,
};

struct qm_key_info {
	/** .s has a "=" after the name */
	struct qm_span name;
	enum qm_key_type type;
	enum qm_key_place place;
};

/** What there is to know of a key; not for QM_KEY_OTHER. */
extern const struct qm_key_info qm_keys[QM_KEY_MAX];

/** Mixes one more byte of a name into its hash, which begins as 0. */
static inline uint32_t qm_key_hash(uint32_t hash, char c)
{
	return hash * 31 + (unsigned char)c;
}

/** The key of that name, whose hash is `hash`, or QM_KEY_OTHER. */
enum qm_key qm_key_find(struct qm_span name, uint32_t hash);

/** The same without a hash at hand. */
enum qm_key qm_key_named(struct qm_span name);

#endif
