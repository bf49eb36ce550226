/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: an IKE message of any bytes. What is read in it is what another
 * reader finds, which takes one byte at a time; cut short, it tells no more; and
 * nothing is called authenticated that anybody could have sent.
 */
#include <stdlib.h>
#include <string.h>

#include "fuzz.h"
#include "packet.h"

/** Cuts of a longer message are tried in steps. */
#define CUTS 64

static void demand(bool good)
{
	if (!good) {
		abort();
	}
}

/** The other reader of a message. */
struct reader {
	const uint8_t *data;
	size_t size;
	size_t at;
	bool beyond;
};

/** The next byte, 0 beyond the end. */
static uint8_t byte(struct reader *reader)
{
	if (reader->at >= reader->size) {
		reader->beyond = true;
		return 0;
	}
	return reader->data[reader->at++];
}

static unsigned word(struct reader *reader)
{
	unsigned high = byte(reader);

	return high << 8 | byte(reader);
}

/** Reads a payload of that type, and what comes after it. */
static enum qm_protection expect_payload(struct reader *reader, uint8_t type,
										 unsigned *ret_fragment)
{
	const size_t start = reader->at;
	unsigned size, fragment, fragments;
	uint8_t next;

	if (type == 0) {
		return QM_PROTECTION_NONE;
	}
	next = byte(reader);
	byte(reader);
	size = word(reader);
	if (reader->beyond || size < 4 || start + size > reader->size) {
		return QM_PROTECTION_UNKNOWN;
	}
	if (type == 46) {
		return size == 4 ? QM_PROTECTION_UNKNOWN : QM_PROTECTION_ENCRYPTED;
	}
	if (type == 53) {
		fragment = word(reader);
		fragments = word(reader);
		if (size < 9 || fragment < 1 || fragment > fragments) {
			return QM_PROTECTION_UNKNOWN;
		}
		*ret_fragment = fragment;
		return QM_PROTECTION_FRAGMENT;
	}
	reader->at = start + size;
	return expect_payload(reader, next, ret_fragment);
}

static void check_protection(const uint8_t *data, size_t size,
							 const struct qm_packet *packet)
{
	struct reader reader = { .data = data, .size = size, .at = 28 };
	enum qm_protection protection = QM_PROTECTION_UNKNOWN;
	unsigned fragment = 0;

	if (size >= 20 && data[17] >> 4 == 1) {
		protection = data[19] & 1 ? QM_PROTECTION_ENCRYPTED : QM_PROTECTION_NONE;
	} else if (size >= 28 && data[17] >> 4 == 2) {
		protection = expect_payload(&reader, data[16], &fragment);
	}
	demand(packet->protection == protection);
	demand(packet->fragment == fragment);
}

static void check_header(const uint8_t *data, size_t size, const struct qm_packet *packet)
{
	struct reader reader = { .data = data, .size = size };
	uint64_t spi_i = 0, spi_r = 0;

	for (int i = 0; i < 8; i++) {
		spi_i = spi_i << 8 | byte(&reader);
	}
	for (int i = 0; i < 8; i++) {
		spi_r = spi_r << 8 | byte(&reader);
	}
	demand(packet->len == size);
	demand(packet->has_spis == !reader.beyond);
	demand(packet->spi_i == (packet->has_spis ? spi_i : 0));
	demand(packet->spi_r == (packet->has_spis ? spi_r : 0));
	demand(packet->has_exchange == (size > 18));
	demand(packet->first_payload == (size > 18 ? data[16] : 0));
	demand(packet->version == (size > 18 ? data[17] / 16 : 0));
	demand(packet->exchange == (size > 18 ? data[18] : 0));
	demand(packet->flags == (size > 19 ? data[19] : 0));
	reader.at = 20;
	spi_i = (uint64_t)word(&reader) << 16;
	spi_i |= word(&reader);
	demand(packet->has_msgid == !reader.beyond);
	demand(packet->msgid == (packet->has_msgid ? spi_i : 0));
	demand(packet->has_header == (size > 27));
}

/** Only an SK or SKF payload makes a message authentic, and one that is first. */
static void check_faults(const struct qm_packet *packet)
{
	const bool encrypted = packet->version == 2 &&
						   (packet->protection == QM_PROTECTION_ENCRYPTED ||
							packet->protection == QM_PROTECTION_FRAGMENT);
	const bool first = packet->first_payload == 46 || packet->first_payload == 53;
	enum qm_tristate authenticated;
	enum qm_parse_status status;
	enum qm_fault fault;

	for (status = 0; status <= QM_PARSE_MAX; status++) {
		authenticated = QM_TRI_MAX;
		fault = qm_packet_fault(packet, status, &authenticated);
		demand(fault < QM_FAULT_SEVERAL && authenticated < QM_TRI_MAX);
		demand(*qm_fault_name(fault) != '\0');
		demand(authenticated != QM_TRI_YES || encrypted);
		demand(authenticated != QM_TRI_YES || first || status == QM_PARSE_NOT_SUPPORTED);
		demand(status != QM_PARSE_FAILED || authenticated != QM_TRI_YES);
	}
	qm_exchange_name(packet->version, packet->exchange);
}

/** Reads from a copy of just this size, so that reading beyond it shows. */
static struct qm_packet read_exact(const uint8_t *data, size_t size)
{
	struct qm_packet packet;
	uint8_t *copy = malloc(size);

	demand(copy || !size);
	if (size) {
		memcpy(copy, data, size);
	}
	memset(&packet, size & 1 ? 0xff : 0xa5, sizeof(packet));
	qm_packet_read(copy, size, &packet);
	free(copy);
	return packet;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const struct qm_packet whole = read_exact(data, size);
	struct qm_packet cut;

	check_header(data, size, &whole);
	check_protection(data, size, &whole);
	if (size) {
		check_faults(&whole);
	}
	for (size_t n = 0; n < size; n += 1 + size / CUTS) {
		cut = read_exact(data, n);
		demand(cut.protection == whole.protection ||
			   cut.protection == QM_PROTECTION_UNKNOWN);
		demand(cut.fragment == whole.fragment || !cut.fragment);
	}
	return 0;
}
