/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "readvalue.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define NAME_MAX_LEN 40

struct name {
	uint16_t number;
	const char *name;
};

/** RFC 2408 section 3.1 and RFC 2409 appendix A; 6 is of draft-dukes-ike-mode-cfg. */
static const struct name v1_exchanges[] = {
	{ 1, "BASE" }, { 2, "ID_PROT" }, { 3, "AUTH_ONLY" }, { 4, "AGGRESSIVE" },
	{ 5, "INFORMATIONAL" }, { 6, "TRANSACTION" }, { 32, "QUICK_MODE" },
	{ 33, "NEW_GROUP_MODE" }, { 0, NULL },
};

/** RFCs 7296, 5723, 9838, 9242, 9370. */
static const struct name v2_exchanges[] = {
	{ 34, "IKE_SA_INIT" }, { 35, "IKE_AUTH" }, { 36, "CREATE_CHILD_SA" },
	{ 37, "INFORMATIONAL" }, { 38, "IKE_SESSION_RESUME" }, { 39, "GSA_AUTH" },
	{ 40, "GSA_REGISTRATION" }, { 41, "GSA_REKEY" }, { 42, "GSA_INBAND_REKEY" },
	{ 43, "IKE_INTERMEDIATE" }, { 44, "IKE_FOLLOWUP_KE" }, { 0, NULL },
};

/** RFC 2408 section 3.14.1, in its spelling. */
static const struct name v1_errors[] = {
	{ 1, "INVALID-PAYLOAD-TYPE" }, { 2, "DOI-NOT-SUPPORTED" },
	{ 3, "SITUATION-NOT-SUPPORTED" }, { 4, "INVALID-COOKIE" },
	{ 5, "INVALID-MAJOR-VERSION" }, { 6, "INVALID-MINOR-VERSION" },
	{ 7, "INVALID-EXCHANGE-TYPE" }, { 8, "INVALID-FLAGS" },
	{ 9, "INVALID-MESSAGE-ID" }, { 10, "INVALID-PROTOCOL-ID" },
	{ 11, "INVALID-SPI" }, { 12, "INVALID-TRANSFORM-ID" },
	{ 13, "ATTRIBUTES-NOT-SUPPORTED" }, { 14, "NO-PROPOSAL-CHOSEN" },
	{ 15, "BAD-PROPOSAL-SYNTAX" }, { 16, "PAYLOAD-MALFORMED" },
	{ 17, "INVALID-KEY-INFORMATION" }, { 18, "INVALID-ID-INFORMATION" },
	{ 19, "INVALID-CERT-ENCODING" }, { 20, "INVALID-CERTIFICATE" },
	{ 21, "CERT-TYPE-UNSUPPORTED" }, { 22, "INVALID-CERT-AUTHORITY" },
	{ 23, "INVALID-HASH-INFORMATION" }, { 24, "AUTHENTICATION-FAILED" },
	{ 25, "INVALID-SIGNATURE" }, { 26, "ADDRESS-NOTIFICATION" },
	{ 27, "NOTIFY-SA-LIFETIME" }, { 28, "CERTIFICATE-UNAVAILABLE" },
	{ 29, "UNSUPPORTED-EXCHANGE-TYPE" }, { 30, "UNEQUAL-PAYLOAD-LENGTHS" },
	{ 0, NULL },
};

/** RFCs 7296, 4555, 6467 and what IANA has added since. */
static const struct name v2_errors[] = {
	{ 1, "UNSUPPORTED_CRITICAL_PAYLOAD" }, { 4, "INVALID_IKE_SPI" },
	{ 5, "INVALID_MAJOR_VERSION" }, { 7, "INVALID_SYNTAX" },
	{ 9, "INVALID_MESSAGE_ID" }, { 11, "INVALID_SPI" },
	{ 14, "NO_PROPOSAL_CHOSEN" }, { 17, "INVALID_KE_PAYLOAD" },
	{ 24, "AUTHENTICATION_FAILED" }, { 34, "SINGLE_PAIR_REQUIRED" },
	{ 35, "NO_ADDITIONAL_SAS" }, { 36, "INTERNAL_ADDRESS_FAILURE" },
	{ 37, "FAILED_CP_REQUIRED" }, { 38, "TS_UNACCEPTABLE" },
	{ 39, "INVALID_SELECTORS" }, { 40, "UNACCEPTABLE_ADDRESSES" },
	{ 41, "UNEXPECTED_NAT_DETECTED" }, { 42, "USE_ASSIGNED_HoA" },
	{ 43, "TEMPORARY_FAILURE" }, { 44, "CHILD_SA_NOT_FOUND" },
	{ 45, "INVALID_GROUP_ID" }, { 46, "AUTHORIZATION_FAILED" },
	{ 47, "STATE_NOT_FOUND" }, { 48, "TS_MAX_QUEUE" }, { 49, "REGISTRATION_FAILED" },
	{ 0, NULL },
};

/** QM_FAILURE_NOTIFY has no name of its own. */
static const char *const failures[] = {
	"unknown", NULL, "proposal-mismatch-child", "ts-mismatch", "install-child-sa-failed",
	"install-child-policy-failed", "spi-allocation-failed", "retransmit-send-timeout",
	"half-open-timeout", "local-auth-failed", "peer-auth-failed", "authorization-failed",
	"vip-failure", "ike-deleted", "ike-sa-expired", "reauthenticated", "unique-replace",
	"shutdown", "parse-error-body", "audit-failure", "several",
};

static const char *const faults[] = {
	"unknown", "bad-integrity", "bad-hash", "malformed", "invalid-payload",
	"unknown-critical-payload", "unsupported-exchange", "unexpected-message-id",
	"replayed", "unknown-ike-sa", "bad-header", "unencrypted", "no-keys", "premature",
	"several",
};

/** The name with this character between its words, else `prefix` and the number. */
static const char *name_of(const struct name *names, uint16_t number, char between,
						   const char *prefix)
{
	static char text[NAME_MAX_LEN];

	while (names->name && names->number != number) {
		names++;
	}
	if (!names->name) {
		snprintf(text, sizeof(text), "%s%u", prefix, number);
		return text;
	}
	snprintf(text, sizeof(text), "%s", names->name);
	for (char *c = text; *c; c++) {
		*c = *c == '-' || *c == '_' ? between : *c;
	}
	return text;
}

const char *qm_readvalue_exchange(uint8_t version, uint8_t exchange)
{
	static const struct name none[] = { { 0, NULL } };

	if (!exchange) {
		return "?";
	}
	return name_of(version == 1 ? v1_exchanges : version == 2 ? v2_exchanges : none,
				   exchange, '_', "");
}

const char *qm_readvalue_notify(uint8_t version, uint16_t type)
{
	return type ? name_of(version == 1 ? v1_errors : v2_errors, type, '_', "") : "?";
}

const char *qm_readvalue_failure(enum qm_failure_reason reason)
{
	return (unsigned)reason < COUNT(failures) ? failures[reason] : failures[0];
}

const char *qm_readvalue_fault(enum qm_fault fault)
{
	return (unsigned)fault < COUNT(faults) ? faults[fault] : faults[0];
}

const char *qm_readvalue_notify_reason(uint8_t version, uint16_t type)
{
	static char text[NAME_MAX_LEN];

	snprintf(text, sizeof(text), "%s",
			 name_of(version == 1 ? v1_errors : v2_errors, type, '-', "notify-"));
	for (char *c = text; *c; c++) {
		*c = (char)tolower((unsigned char)*c);
	}
	return text;
}

void qm_readvalue_strip(char *value)
{
	static const char ends[] = ":,')";

	for (const char *end = ends; *end; end++) {
		size_t len = strlen(value);

		if (len && value[len - 1] == *end &&
			(*end != ')' || (strcmp(value, "(none)") && strcmp(value, "(null)")))) {
			value[len - 1] = '\0';
		}
	}
}

/** Bytes of a quoted or hexadecimal value, or -1. */
static int decode(const char *value, unsigned char *bytes, size_t size)
{
	size_t len = strlen(value), n = 0;

	if (!strcmp(value, "?")) {
		return 0;
	}
	if (*value == '"') {
		if (len < 3 || value[len - 1] != '"' || len - 2 > size) {
			return -1;
		}
		memcpy(bytes, value + 1, len - 2);
		return (int)len - 2;
	}
	while (*value && n < size && strchr("0123456789ABCDEF", value[0]) &&
		   sscanf(value, "%2hhx", &bytes[n]) == 1 && value[1]) {
		value += 2;
		n++;
	}
	return *value ? -1 : (int)n;
}

bool qm_readvalue_is_text(const char *value, const struct qm_text *text)
{
	unsigned char bytes[QM_TEXT_MAX];
	int len = decode(value, bytes, sizeof(bytes));

	return len == text->len && !memcmp(bytes, text->s, text->len);
}

bool qm_readvalue_is_addr(const char *value, const struct qm_addr *addr)
{
	struct qm_addr read = { 0 };

	if (addr->family != AF_INET && addr->family != AF_INET6) {
		return !strcmp(value, "?");
	}
	return inet_pton(addr->family, value, read.ip) == 1 &&
		   !memcmp(read.ip, addr->ip, addr->family == AF_INET ? 4 : 16);
}

void qm_readvalue_mark(char *text, size_t size, struct qm_mark mark)
{
	bool usual = mark.mask == 0xffffffff || (mark.mask == 0 && mark.value == 0);

	snprintf(text, size, "%" PRIu32 ":0x%" PRIx32, mark.value, mark.mask);
	if (usual) {
		*strchr(text, ':') = '\0';
	}
}

const struct qm_addr *qm_readvalue_peer(const struct qm_event *event)
{
	static const struct qm_addr nobody;

	switch (event->kind) {
	case QM_EVENT_ESTABLISHED:
	case QM_EVENT_ENDED:
	case QM_EVENT_FAILED:
		return &event->sa->remote;
	case QM_EVENT_INVALID_PACKET:
		return &event->invalid->remote;
	default:
		return &nobody;
	}
}

bool qm_readvalue_is_success(const struct qm_event *event)
{
	return event->kind == QM_EVENT_INVALID_PACKET ? event->invalid_is_success :
		   event->kind != QM_EVENT_LOST && event->kind != QM_EVENT_FAILED;
}
