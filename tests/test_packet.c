/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "packet.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "test.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define MESSAGE_MAX 65536

#define SPIS "0102030405060708 1112131415161718 "
/** A header; its length field says 4242, which nobody is to believe. */
#define HEADER(first, version, exchange, flags) \
	SPIS first " " version " " exchange " " flags " 0000002a 00001092 "
#define V2(first) HEADER(first, "20", "24", "08")

#define UNKNOWN QM_PROTECTION_UNKNOWN
#define NONE QM_PROTECTION_NONE
#define ENCRYPTED QM_PROTECTION_ENCRYPTED
#define FRAGMENT QM_PROTECTION_FRAGMENT

/** A message from hexadecimal digits. @return its length */
static size_t message(const char *hex, uint8_t data[MESSAGE_MAX])
{
	char digits[3] = "";
	size_t n = 0;

	for (; *hex; hex++) {
		if (isxdigit((unsigned char)*hex)) {
			digits[n++ % 2] = *hex;
			data[n / 2 - (n % 2 == 0)] = (uint8_t)strtoul(digits, NULL, 16);
		}
	}
	CU_ASSERT_EQUAL_FATAL(n % 2, 0);
	return n / 2;
}

/** Reads from a copy of just this size, so that reading beyond it shows. */
static struct qm_packet read_exact(const uint8_t *data, size_t len)
{
	struct qm_packet packet;
	uint8_t *copy = malloc(len);

	CU_ASSERT_FATAL(copy || !len);
	if (len) {
		memcpy(copy, data, len);
	}
	memset(&packet, 0xa5, sizeof(packet));
	qm_packet_read(copy, len, &packet);
	free(copy);
	return packet;
}

static struct qm_packet read_hex(const char *hex)
{
	static uint8_t data[MESSAGE_MAX];

	return read_exact(data, message(hex, data));
}

static void test_header(void)
{
	struct qm_packet packet = read_hex(HEADER("2e", "20", "24", "28") "00000005 ff");

	QM_INT(packet.len, 33);
	CU_ASSERT(packet.has_spis && packet.has_exchange && packet.has_msgid);
	CU_ASSERT(packet.has_header);
	QM_INT(packet.spi_i, 0x0102030405060708);
	QM_INT(packet.spi_r, 0x1112131415161718);
	QM_INT(packet.first_payload, 46);
	QM_INT(packet.version, 2);
	QM_INT(packet.exchange, QM_EXCHANGE_CREATE_CHILD_SA);
	QM_INT(packet.flags, 0x28);
	QM_INT(packet.msgid, 42);
	QM_INT(packet.fragment, 0);

	packet = read_hex("ffffffffffffffff 8000000000000000 08 1f 20 01 fffffffe 00000000");
	QM_INT(packet.spi_i == UINT64_MAX, true);
	QM_INT(packet.spi_r == UINT64_C(1) << 63, true);
	QM_INT(packet.version, 1);
	QM_INT(packet.exchange, QM_EXCHANGE_QUICK_MODE);
	QM_INT(packet.msgid, 0xfffffffe);
	CU_ASSERT(packet.has_header);
}

/** What a header of each length reaches to. */
static void test_partial_header(void)
{
	static const uint8_t data[28] = {
		1, 1, 1, 1, 1, 1, 1, 1, 2, 2, 2, 2, 2, 2, 2, 2,
		3, 0x45, 6, 7, 8, 8, 8, 8, 9, 9, 9, 9,
	};
	size_t len;

	for (len = 0; len <= sizeof(data); len++) {
		struct qm_packet packet = read_exact(data, len);

		QM_INT(packet.len, len);
		QM_INT(packet.has_spis, len >= 16);
		QM_INT(packet.spi_i, len >= 16 ? 0x0101010101010101 : 0);
		QM_INT(packet.spi_r, len >= 16 ? 0x0202020202020202 : 0);
		QM_INT(packet.has_exchange, len >= 19);
		QM_INT(packet.first_payload, len >= 19 ? 3 : 0);
		QM_INT(packet.version, len >= 19 ? 4 : 0);
		QM_INT(packet.exchange, len >= 19 ? 6 : 0);
		QM_INT(packet.flags, len >= 20 ? 7 : 0);
		QM_INT(packet.has_msgid, len >= 24);
		QM_INT(packet.msgid, len >= 24 ? 0x08080808 : 0);
		QM_INT(packet.has_header, len == 28);
		QM_INT(packet.protection, UNKNOWN);
		QM_INT(packet.fragment, 0);
	}
}

static void test_nothing(void)
{
	struct qm_packet packet;

	memset(&packet, 0xa5, sizeof(packet));
	qm_packet_read(NULL, 0, &packet);
	QM_INT(packet.len, 0);
	CU_ASSERT(!packet.has_spis && !packet.has_exchange);
	CU_ASSERT(!packet.has_msgid && !packet.has_header);
	QM_INT(packet.protection, UNKNOWN);
}

static const struct {
	const char *hex;
	enum qm_protection protection;
	uint16_t fragment;
} messages[] = {
	/* SK, first */
	{ V2("2e") "21000005 ff", ENCRYPTED, 0 },
	{ V2("2e") "21000006 ffff", ENCRYPTED, 0 },
	{ V2("2e") "21000005 ff 00", ENCRYPTED, 0 },
	{ V2("2e") "21000004", UNKNOWN, 0 },
	{ V2("2e") "21000004 ff", UNKNOWN, 0 },
	{ V2("2e") "21000003 ff", UNKNOWN, 0 },
	{ V2("2e") "21000000 ff", UNKNOWN, 0 },
	{ V2("2e") "21000006 ff", UNKNOWN, 0 },
	{ V2("2e") "2100ffff ff", UNKNOWN, 0 },
	{ V2("2e") "21000105 ff", UNKNOWN, 0 },
	{ V2("2e") "210000", UNKNOWN, 0 },
	{ V2("2e"), UNKNOWN, 0 },
	{ HEADER("2e", "2f", "24", "00") "21000005 ff", ENCRYPTED, 0 },
	/* SK, after others */
	{ V2("29") "2b000004 2e000006 0102 00000005 ff", ENCRYPTED, 0 },
	{ V2("ff") "2e800004 00000005 ff", ENCRYPTED, 0 },
	{ V2("29") "2e000003 00000005 ff", UNKNOWN, 0 },
	{ V2("29") "2e000009 00000005 ff", UNKNOWN, 0 },
	{ V2("29") "2e00000a 00000005 ff", UNKNOWN, 0 },
	{ V2("29") "2e000004 00000006 ff", UNKNOWN, 0 },
	{ V2("29") "2e000004 000000", UNKNOWN, 0 },
	{ V2("29") "2e000004", UNKNOWN, 0 },
	{ V2("29") "29000000", UNKNOWN, 0 },
	/* SKF */
	{ V2("35") "21000009 0001 0002 ff", FRAGMENT, 1 },
	{ V2("35") "00000009 0002 0002 ff", FRAGMENT, 2 },
	{ V2("35") "0000000a 0102 0203 ffff", FRAGMENT, 0x102 },
	{ V2("35") "00000009 ffff ffff ff", FRAGMENT, 0xffff },
	{ V2("29") "35000004 00000009 0003 0004 ff", FRAGMENT, 3 },
	{ V2("35") "21000008 0001 0002", UNKNOWN, 0 },
	{ V2("35") "21000008 0001 0002 ff", UNKNOWN, 0 },
	{ V2("35") "21000005 ff", UNKNOWN, 0 },
	{ V2("35") "21000004", UNKNOWN, 0 },
	{ V2("35") "21000003 0001 0002 ff", UNKNOWN, 0 },
	{ V2("35") "2100000a 0001 0002 ff", UNKNOWN, 0 },
	{ V2("35") "21000009 0000 0000 ff", UNKNOWN, 0 },
	{ V2("35") "21000009 0000 0002 ff", UNKNOWN, 0 },
	{ V2("35") "21000009 0001 0000 ff", UNKNOWN, 0 },
	{ V2("35") "21000009 0005 0002 ff", UNKNOWN, 0 },
	{ V2("35") "21000009 0100 0002 ff", UNKNOWN, 0 },
	/* neither */
	{ V2("00"), NONE, 0 },
	{ V2("00") "2e000005 ff", NONE, 0 },
	{ V2("21") "00000004", NONE, 0 },
	{ V2("21") "00000004 2e000005 ff", NONE, 0 },
	{ V2("21") "28000006 ffff 22000005 ff 00000008 00000000", NONE, 0 },
	{ V2("21") "00000005", UNKNOWN, 0 },
	{ V2("21") "000000", UNKNOWN, 0 },
	{ V2("21") "28000004", UNKNOWN, 0 },
	{ V2("21"), UNKNOWN, 0 },
	/* IKEv1: the flag, wherever payloads lead to */
	{ HEADER("08", "10", "20", "01") "ffffffff", ENCRYPTED, 0 },
	{ HEADER("08", "10", "20", "01"), ENCRYPTED, 0 },
	{ HEADER("00", "10", "20", "ff"), ENCRYPTED, 0 },
	{ HEADER("2e", "10", "20", "00") "00000005 ff", NONE, 0 },
	{ HEADER("08", "1f", "05", "fe") "00", NONE, 0 },
	{ SPIS "08 10 20 01", ENCRYPTED, 0 },
	{ SPIS "08 10 20 00", NONE, 0 },
	{ SPIS "08 10 20", UNKNOWN, 0 },
	/* neither version, with what would be telling in one of them */
	{ HEADER("2e", "00", "24", "01") "00000005 ff", UNKNOWN, 0 },
	{ HEADER("2e", "30", "24", "01") "00000005 ff", UNKNOWN, 0 },
	{ HEADER("00", "f2", "24", "01"), UNKNOWN, 0 },
	{ HEADER("00", "02", "24", "01"), UNKNOWN, 0 },
};

static void test_protection(void)
{
	for (size_t i = 0; i < COUNT(messages); i++) {
		struct qm_packet packet = read_hex(messages[i].hex);

		if (packet.protection != messages[i].protection) {
			printf("# message %s\n", messages[i].hex);
		}
		QM_INT(packet.protection, messages[i].protection);
		QM_INT(packet.fragment, messages[i].fragment);
	}
}

/** A message cut short tells the same, or less. */
static void test_cut(void)
{
	static uint8_t data[MESSAGE_MAX];

	for (size_t i = 0; i < COUNT(messages); i++) {
		size_t len = message(messages[i].hex, data);

		while (len--) {
			struct qm_packet packet = read_exact(data, len);

			CU_ASSERT(packet.protection == messages[i].protection ||
					  packet.protection == UNKNOWN);
			CU_ASSERT(packet.fragment == messages[i].fragment || !packet.fragment);
		}
	}
}

/** As many payloads as the largest datagram holds, and one that is just as large. */
static void test_long(void)
{
	static uint8_t data[MESSAGE_MAX];
	size_t len = message(V2("29"), data), at;

	for (at = len; at + 4 + 5 <= 65507; at += 4) {
		memcpy(data + at, "\x29\x00\x00\x04", 4);
	}
	QM_INT(read_exact(data, at).protection, UNKNOWN);
	data[at - 4] = 0;
	QM_INT(read_exact(data, at).protection, NONE);
	data[at - 4] = 46;
	memcpy(data + at, "\x00\x00\x00\x05\xff", 5);
	QM_INT(read_exact(data, at + 5).protection, ENCRYPTED);
	QM_INT(read_exact(data, at + 4).protection, UNKNOWN);
	memcpy(data + len, "\x2e\x00\xff\x00", 4);
	QM_INT(read_exact(data, len + 0xff00).protection, UNKNOWN);
	memcpy(data + len + 0xff00, "\x00\x00\x00\x05\xff", 5);
	QM_INT(read_exact(data, len + 0xff00 + 5).protection, ENCRYPTED);
	QM_INT(read_exact(data, len + 0xff00 + 4).protection, UNKNOWN);
}

/** A rejected message: what its outside says, and the daemon. */
struct rejected {
	uint8_t version;
	enum qm_protection protection;
	uint8_t first;
	uint32_t len;
	enum qm_parse_status status;
	enum qm_fault fault;
	enum qm_tristate authenticated;
};

#define FAULT(name) QM_FAULT_##name
#define STATUS(name) QM_PARSE_##name
#define YES QM_TRI_YES
#define NO QM_TRI_NO
#define NOT_KNOWN QM_TRI_UNKNOWN

static const struct rejected rejected[] = {
	{ 2, ENCRYPTED, 46, 80, STATUS(MALFORMED), FAULT(MALFORMED), YES },
	{ 2, ENCRYPTED, 46, 80, STATUS(UNVERIFIED), FAULT(INVALID_PAYLOAD), YES },
	{ 2, ENCRYPTED, 46, 80, STATUS(NOT_SUPPORTED), FAULT(UNKNOWN_CRITICAL_PAYLOAD), YES },
	{ 2, ENCRYPTED, 46, 80, STATUS(FAILED), FAULT(BAD_INTEGRITY), NO },
	{ 2, ENCRYPTED, 46, 80, STATUS(NO_KEYS), FAULT(NO_KEYS), NO },
	{ 2, ENCRYPTED, 46, 80, STATUS(OTHER), FAULT(UNKNOWN), NOT_KNOWN },
	{ 2, FRAGMENT, 53, 80, STATUS(MALFORMED), FAULT(MALFORMED), YES },
	{ 2, FRAGMENT, 53, 80, STATUS(UNVERIFIED), FAULT(INVALID_PAYLOAD), YES },
	{ 2, FRAGMENT, 53, 80, STATUS(NOT_SUPPORTED), FAULT(UNKNOWN_CRITICAL_PAYLOAD), YES },
	{ 2, FRAGMENT, 53, 80, STATUS(FAILED), FAULT(BAD_INTEGRITY), NO },
	{ 2, FRAGMENT, 53, 80, STATUS(NO_KEYS), FAULT(NO_KEYS), NO },
	/* anybody can put something malformed before an SK payload */
	{ 2, ENCRYPTED, 33, 80, STATUS(MALFORMED), FAULT(MALFORMED), NOT_KNOWN },
	{ 2, ENCRYPTED, 41, 80, STATUS(UNVERIFIED), FAULT(INVALID_PAYLOAD), NOT_KNOWN },
	{ 2, FRAGMENT, 41, 80, STATUS(UNVERIFIED), FAULT(INVALID_PAYLOAD), NOT_KNOWN },
	{ 2, ENCRYPTED, 41, 80, STATUS(NOT_SUPPORTED), FAULT(UNKNOWN_CRITICAL_PAYLOAD), YES },
	{ 2, ENCRYPTED, 41, 80, STATUS(FAILED), FAULT(BAD_INTEGRITY), NO },
	{ 2, ENCRYPTED, 41, 80, STATUS(NO_KEYS), FAULT(NO_KEYS), NO },
	/* put together from fragments */
	{ 2, UNKNOWN, 33, 0, STATUS(MALFORMED), FAULT(MALFORMED), YES },
	{ 2, UNKNOWN, 0, 0, STATUS(UNVERIFIED), FAULT(INVALID_PAYLOAD), YES },
	{ 2, UNKNOWN, 0, 0, STATUS(NOT_SUPPORTED), FAULT(UNKNOWN_CRITICAL_PAYLOAD), YES },
	{ 2, UNKNOWN, 0, 0, STATUS(FAILED), FAULT(MALFORMED), YES },
	{ 2, UNKNOWN, 0, 0, STATUS(NO_KEYS), FAULT(NO_KEYS), NO },
	{ 2, UNKNOWN, 0, 0, STATUS(OTHER), FAULT(UNKNOWN), NOT_KNOWN },
	/* not protected */
	{ 2, NONE, 33, 80, STATUS(MALFORMED), FAULT(MALFORMED), NO },
	{ 2, NONE, 33, 80, STATUS(UNVERIFIED), FAULT(INVALID_PAYLOAD), NO },
	{ 2, NONE, 33, 80, STATUS(NOT_SUPPORTED), FAULT(UNKNOWN_CRITICAL_PAYLOAD), NO },
	{ 2, NONE, 33, 80, STATUS(FAILED), FAULT(UNENCRYPTED), NO },
	{ 2, NONE, 33, 80, STATUS(NO_KEYS), FAULT(NO_KEYS), NO },
	/* a chain that leads nowhere, also from an SK payload */
	{ 2, UNKNOWN, 46, 80, STATUS(MALFORMED), FAULT(MALFORMED), NO },
	{ 2, UNKNOWN, 53, 80, STATUS(UNVERIFIED), FAULT(INVALID_PAYLOAD), NO },
	{ 2, UNKNOWN, 33, 80, STATUS(NOT_SUPPORTED), FAULT(UNKNOWN_CRITICAL_PAYLOAD), NO },
	{ 2, UNKNOWN, 46, 80, STATUS(FAILED), FAULT(BAD_INTEGRITY), NO },
	{ 2, UNKNOWN, 46, 80, STATUS(MAX), FAULT(UNKNOWN), NOT_KNOWN },
	/* IKEv1 */
	{ 1, ENCRYPTED, 8, 80, STATUS(MALFORMED), FAULT(MALFORMED), NO },
	{ 1, ENCRYPTED, 46, 80, STATUS(UNVERIFIED), FAULT(INVALID_PAYLOAD), NO },
	{ 1, ENCRYPTED, 8, 80, STATUS(NOT_SUPPORTED), FAULT(UNSUPPORTED_EXCHANGE), NO },
	{ 1, ENCRYPTED, 8, 80, STATUS(FAILED), FAULT(BAD_HASH), NO },
	{ 1, ENCRYPTED, 8, 80, STATUS(NO_KEYS), FAULT(NO_KEYS), NO },
	{ 1, ENCRYPTED, 8, 80, STATUS(OTHER), FAULT(UNKNOWN), NOT_KNOWN },
	{ 1, NONE, 8, 80, STATUS(MALFORMED), FAULT(MALFORMED), NO },
	{ 1, NONE, 8, 80, STATUS(FAILED), FAULT(UNENCRYPTED), NO },
	{ 1, UNKNOWN, 0, 0, STATUS(MALFORMED), FAULT(MALFORMED), NO },
	{ 1, UNKNOWN, 0, 0, STATUS(FAILED), FAULT(BAD_HASH), NO },
	/* neither version */
	{ 0, UNKNOWN, 46, 0, STATUS(FAILED), FAULT(UNKNOWN), NOT_KNOWN },
	{ 3, ENCRYPTED, 46, 80, STATUS(MALFORMED), FAULT(UNKNOWN), NOT_KNOWN },
};

static void test_fault(void)
{
	for (size_t i = 0; i < COUNT(rejected); i++) {
		const struct rejected *row = &rejected[i];
		const struct qm_packet packet = {
			.version = row->version,
			.exchange = row->version == 1 ? 32 : QM_EXCHANGE_CREATE_CHILD_SA,
			.protection = row->protection,
			.first_payload = row->first,
			.len = row->len,
		};
		enum qm_tristate authenticated = QM_TRI_MAX;
		enum qm_fault fault = qm_packet_fault(&packet, row->status, &authenticated);

		QM_STR(qm_fault_name(fault), qm_fault_name(row->fault));
		if (authenticated != row->authenticated) {
			printf("# row %zu\n", i);
		}
		QM_INT(authenticated, row->authenticated);
	}
}

/** Exchanges that a daemon may let pass without rules for them. */
static void test_fault_of_exchange(void)
{
	static const uint8_t known[] = { 34, 35, 36, 37, 43, 44 };
	struct qm_packet packet = {
		.version = 2, .len = 80, .protection = ENCRYPTED, .first_payload = 46,
	};
	enum qm_tristate authenticated;
	unsigned exchange, n = 0;

	for (exchange = 0; exchange < 256; exchange++) {
		const bool is_known = n < COUNT(known) && known[n] == exchange;

		packet.exchange = (uint8_t)exchange;
		QM_INT(qm_packet_fault(&packet, QM_PARSE_NOT_SUPPORTED, &authenticated),
			   is_known ? QM_FAULT_UNKNOWN_CRITICAL_PAYLOAD :
						  QM_FAULT_UNSUPPORTED_EXCHANGE);
		QM_INT(authenticated, is_known ? QM_TRI_YES : QM_TRI_NO);
		n += is_known;
	}
	packet.version = 1;
	packet.exchange = QM_EXCHANGE_CREATE_CHILD_SA;
	QM_INT(qm_packet_fault(&packet, QM_PARSE_NOT_SUPPORTED, &authenticated),
		   QM_FAULT_UNSUPPORTED_EXCHANGE);
}

static void test_fault_names(void)
{
	static const char *const names[] = {
		"unknown", "bad-integrity", "bad-hash", "malformed", "invalid-payload",
		"unknown-critical-payload", "unsupported-exchange", "unexpected-message-id",
		"replayed", "unknown-ike-sa", "bad-header", "unencrypted", "no-keys",
		"premature", "several",
	};

	QM_INT(COUNT(names), QM_FAULT_MAX);
	for (unsigned i = 0; i < COUNT(names); i++) {
		QM_STR(qm_fault_name(i), names[i]);
	}
	QM_STR(qm_fault_name(QM_FAULT_MAX), "unknown");
	QM_STR(qm_fault_name((enum qm_fault)-1), "unknown");
}

static const struct {
	uint8_t version;
	uint8_t exchange;
	const char *name;
} exchanges[] = {
	{ 1, 0, NULL },
	{ 1, 1, "BASE" },
	{ 1, 2, "ID_PROT" },
	{ 1, 3, "AUTH_ONLY" },
	{ 1, 4, "AGGRESSIVE" },
	{ 1, QM_EXCHANGE_INFORMATIONAL_V1, "INFORMATIONAL" },
	{ 1, 6, "TRANSACTION" },
	{ 1, 7, NULL },
	{ 1, 31, NULL },
	{ 1, QM_EXCHANGE_QUICK_MODE, "QUICK_MODE" },
	{ 1, 33, "NEW_GROUP_MODE" },
	{ 1, 34, NULL },
	{ 1, 255, NULL },
	{ 2, 0, NULL },
	{ 2, 5, NULL },
	{ 2, 33, NULL },
	{ 2, QM_EXCHANGE_IKE_SA_INIT, "IKE_SA_INIT" },
	{ 2, QM_EXCHANGE_IKE_AUTH, "IKE_AUTH" },
	{ 2, QM_EXCHANGE_CREATE_CHILD_SA, "CREATE_CHILD_SA" },
	{ 2, QM_EXCHANGE_INFORMATIONAL, "INFORMATIONAL" },
	{ 2, 38, "IKE_SESSION_RESUME" },
	{ 2, 39, "GSA_AUTH" },
	{ 2, 40, "GSA_REGISTRATION" },
	{ 2, 41, "GSA_REKEY" },
	{ 2, 42, "GSA_INBAND_REKEY" },
	{ 2, QM_EXCHANGE_IKE_INTERMEDIATE, "IKE_INTERMEDIATE" },
	{ 2, QM_EXCHANGE_IKE_FOLLOWUP_KE, "IKE_FOLLOWUP_KE" },
	{ 2, 45, NULL },
	{ 2, 255, NULL },
	{ 0, 34, NULL },
	{ 3, 34, NULL },
};

static void test_exchange_names(void)
{
	for (size_t i = 0; i < COUNT(exchanges); i++) {
		QM_STR(qm_exchange_name(exchanges[i].version, exchanges[i].exchange),
			   exchanges[i].name);
	}
}

CU_TestInfo packet_tests[] = {
	{ "every field of a header", test_header },
	{ "a header of any length", test_partial_header },
	{ "nothing at all", test_nothing },
	{ "how a message is protected", test_protection },
	{ "a message cut short tells no more", test_cut },
	{ "the longest messages", test_long },
	{ "what the daemon rejects, and whose it is", test_fault },
	{ "exchanges that it has no rules for", test_fault_of_exchange },
	{ "names of faults", test_fault_names },
	{ "names of exchanges", test_exchange_names },
	CU_TEST_INFO_NULL,
};
