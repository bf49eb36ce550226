/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/** Where the fields of the header are, and where it ends. */
enum {
	AT_SPI_I = 0,
	AT_SPI_R = 8,
	AT_FIRST_PAYLOAD = 16,
	AT_VERSION = 17,
	AT_EXCHANGE = 18,
	AT_FLAGS = 19,
	AT_MSGID = 20,
	AT_LENGTH = 24,
	HEADER = 28,
};

/** A payload's header, and what an SKF has after it: its number and how many. */
enum {
	AT_PAYLOAD_LENGTH = 2,
	PAYLOAD_HEADER = 4,
	AT_FRAGMENT = 4,
	AT_FRAGMENTS = 6,
	FRAGMENT_HEADER = 8,
};

/** Payload types of IKEv2. */
enum {
	PAYLOAD_NONE = 0,
	PAYLOAD_SK = 46,
	PAYLOAD_SKF = 53,
};

/** IKEv1's header flag: all after the header is encrypted. */
#define FLAG_ENCRYPTION 0x01

static const char *const faults[QM_FAULT_MAX] = {
	[QM_FAULT_UNKNOWN] = "unknown",
	[QM_FAULT_BAD_INTEGRITY] = "bad-integrity",
	[QM_FAULT_BAD_HASH] = "bad-hash",
	[QM_FAULT_MALFORMED] = "malformed",
	[QM_FAULT_INVALID_PAYLOAD] = "invalid-payload",
	[QM_FAULT_UNKNOWN_CRITICAL_PAYLOAD] = "unknown-critical-payload",
	[QM_FAULT_UNSUPPORTED_EXCHANGE] = "unsupported-exchange",
	[QM_FAULT_UNEXPECTED_MESSAGE_ID] = "unexpected-message-id",
	[QM_FAULT_REPLAYED] = "replayed",
	[QM_FAULT_UNKNOWN_IKE_SA] = "unknown-ike-sa",
	[QM_FAULT_BAD_HEADER] = "bad-header",
	[QM_FAULT_UNENCRYPTED] = "unencrypted",
	[QM_FAULT_NO_KEYS] = "no-keys",
	[QM_FAULT_PREMATURE] = "premature",
	[QM_FAULT_SEVERAL] = "several",
};

static const char *const exchanges_v1[] = {
	[1] = "BASE",
	[2] = "ID_PROT",
	[3] = "AUTH_ONLY",
	[4] = "AGGRESSIVE",
	[QM_EXCHANGE_INFORMATIONAL_V1] = "INFORMATIONAL",
	[6] = "TRANSACTION",
	[QM_EXCHANGE_QUICK_MODE] = "QUICK_MODE",
	[33] = "NEW_GROUP_MODE",
};

static const char *const exchanges_v2[] = {
	[QM_EXCHANGE_IKE_SA_INIT] = "IKE_SA_INIT",
	[QM_EXCHANGE_IKE_AUTH] = "IKE_AUTH",
	[QM_EXCHANGE_CREATE_CHILD_SA] = "CREATE_CHILD_SA",
	[QM_EXCHANGE_INFORMATIONAL] = "INFORMATIONAL",
	[38] = "IKE_SESSION_RESUME",
	[39] = "GSA_AUTH",
	[40] = "GSA_REGISTRATION",
	[41] = "GSA_REKEY",
	[42] = "GSA_INBAND_REKEY",
	[QM_EXCHANGE_IKE_INTERMEDIATE] = "IKE_INTERMEDIATE",
	[QM_EXCHANGE_IKE_FOLLOWUP_KE] = "IKE_FOLLOWUP_KE",
};

/** Reads a number of that many bytes in network byte order. */
static uint64_t number(const uint8_t *bytes, size_t size)
{
	uint64_t n = 0;

	while (size--) {
		n = n << 8 | *bytes++;
	}
	return n;
}

/** Judges an SKF payload that is within the message. */
static enum qm_protection read_fragment(const uint8_t *payload, size_t len,
										uint16_t *ret_fragment)
{
	uint16_t fragment;

	if (len <= FRAGMENT_HEADER) {
		return QM_PROTECTION_UNKNOWN;
	}
	fragment = (uint16_t)number(payload + AT_FRAGMENT, 2);
	if (!fragment || fragment > number(payload + AT_FRAGMENTS, 2)) {
		return QM_PROTECTION_UNKNOWN;
	}
	*ret_fragment = fragment;
	return QM_PROTECTION_FRAGMENT;
}

/** Follows an IKEv2 message's payloads, of which the first is of that type. */
static enum qm_protection follow_payloads(const uint8_t *data, size_t len, uint8_t type,
										  uint16_t *ret_fragment)
{
	const uint8_t *payload = data + HEADER;
	size_t rest = len - HEADER, size;

	while (type != PAYLOAD_NONE) {
		if (rest < PAYLOAD_HEADER) {
			return QM_PROTECTION_UNKNOWN;
		}
		size = number(payload + AT_PAYLOAD_LENGTH, 2);
		if (size < PAYLOAD_HEADER || size > rest) {
			return QM_PROTECTION_UNKNOWN;
		}
		if (type == PAYLOAD_SK) {
			return size > PAYLOAD_HEADER ? QM_PROTECTION_ENCRYPTED :
										   QM_PROTECTION_UNKNOWN;
		}
		if (type == PAYLOAD_SKF) {
			return read_fragment(payload, size, ret_fragment);
		}
		type = payload[0];
		payload += size;
		rest -= size;
	}
	return QM_PROTECTION_NONE;
}

static void read_header(const uint8_t *data, size_t len, struct qm_packet *packet)
{
	packet->has_spis = len >= AT_FIRST_PAYLOAD;
	packet->has_exchange = len > AT_EXCHANGE;
	packet->has_msgid = len >= AT_LENGTH;
	packet->has_header = len >= HEADER;
	if (packet->has_spis) {
		packet->spi_i = number(data + AT_SPI_I, 8);
		packet->spi_r = number(data + AT_SPI_R, 8);
	}
	if (packet->has_exchange) {
		packet->first_payload = data[AT_FIRST_PAYLOAD];
		packet->version = data[AT_VERSION] >> 4;
		packet->exchange = data[AT_EXCHANGE];
	}
	if (len > AT_FLAGS) {
		packet->flags = data[AT_FLAGS];
	}
	if (packet->has_msgid) {
		packet->msgid = (uint32_t)number(data + AT_MSGID, 4);
	}
}

void qm_packet_read(const void *data, size_t len, struct qm_packet *ret)
{
	*ret = (struct qm_packet){ .len = len < UINT32_MAX ? (uint32_t)len : UINT32_MAX };
	read_header(data, len, ret);
	if (ret->version == 1 && len > AT_FLAGS) {
		ret->protection = ret->flags & FLAG_ENCRYPTION ? QM_PROTECTION_ENCRYPTED :
														 QM_PROTECTION_NONE;
	} else if (ret->version == 2 && ret->has_header) {
		ret->protection = follow_payloads(data, len, ret->first_payload, &ret->fragment);
	}
}

/**
 * Whether every daemon that lets an IKEv2 message of this exchange pass also has
 * rules for it. Without rules it says NOT_SUPPORTED, before it decrypts.
 */
static bool has_rules(uint8_t exchange)
{
	return (exchange >= QM_EXCHANGE_IKE_SA_INIT &&
			exchange <= QM_EXCHANGE_INFORMATIONAL) ||
		   exchange == QM_EXCHANGE_IKE_INTERMEDIATE ||
		   exchange == QM_EXCHANGE_IKE_FOLLOWUP_KE;
}

static enum qm_fault fault_of(const struct qm_packet *packet, enum qm_parse_status status)
{
	const bool v1 = packet->version == 1;

	switch (status) {
	case QM_PARSE_NOT_SUPPORTED:
		return v1 || !has_rules(packet->exchange) ? QM_FAULT_UNSUPPORTED_EXCHANGE :
													QM_FAULT_UNKNOWN_CRITICAL_PAYLOAD;
	case QM_PARSE_MALFORMED:
		return QM_FAULT_MALFORMED;
	case QM_PARSE_UNVERIFIED:
		return QM_FAULT_INVALID_PAYLOAD;
	case QM_PARSE_FAILED:
		if (!v1 && !packet->len) {
			/* of fragments that were intact: there was nothing in them */
			return QM_FAULT_MALFORMED;
		}
		if (packet->protection == QM_PROTECTION_NONE) {
			return QM_FAULT_UNENCRYPTED;
		}
		return v1 ? QM_FAULT_BAD_HASH : QM_FAULT_BAD_INTEGRITY;
	case QM_PARSE_NO_KEYS:
		return QM_FAULT_NO_KEYS;
	default:
		return QM_FAULT_UNKNOWN;
	}
}

/** Whether the fault was found after IKEv2's check of integrity. */
static enum qm_tristate authenticated_v2(const struct qm_packet *packet,
										 enum qm_fault fault)
{
	const bool fragments = !packet->len;
	const bool first = packet->first_payload == PAYLOAD_SK ||
					   packet->first_payload == PAYLOAD_SKF;
	const bool encrypted = packet->protection == QM_PROTECTION_ENCRYPTED ||
						   packet->protection == QM_PROTECTION_FRAGMENT;

	if (fault != QM_FAULT_MALFORMED && fault != QM_FAULT_INVALID_PAYLOAD &&
		fault != QM_FAULT_UNKNOWN_CRITICAL_PAYLOAD) {
		return QM_TRI_NO;
	}
	if (encrypted && !first && fault != QM_FAULT_UNKNOWN_CRITICAL_PAYLOAD) {
		return QM_TRI_UNKNOWN;
	}
	return encrypted || fragments ? QM_TRI_YES : QM_TRI_NO;
}

enum qm_fault qm_packet_fault(const struct qm_packet *packet, enum qm_parse_status status,
							  enum qm_tristate *ret_authenticated)
{
	enum qm_fault fault = QM_FAULT_UNKNOWN;

	if (packet->version == 1 || packet->version == 2) {
		fault = fault_of(packet, status);
	}
	if (fault == QM_FAULT_UNKNOWN) {
		*ret_authenticated = QM_TRI_UNKNOWN;
	} else if (packet->version == 1) {
		*ret_authenticated = QM_TRI_NO;
	} else {
		*ret_authenticated = authenticated_v2(packet, fault);
	}
	return fault;
}

const char *qm_fault_name(enum qm_fault fault)
{
	return (unsigned)fault < COUNT(faults) ? faults[fault] : faults[QM_FAULT_UNKNOWN];
}

const char *qm_exchange_name(uint8_t version, uint8_t exchange)
{
	if (version == 1) {
		return exchange < COUNT(exchanges_v1) ? exchanges_v1[exchange] : NULL;
	}
	if (version == 2) {
		return exchange < COUNT(exchanges_v2) ? exchanges_v2[exchange] : NULL;
	}
	return NULL;
}
