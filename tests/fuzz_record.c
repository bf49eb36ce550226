/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: bytes become an event, the event a record, and what libauparse
 * reads in the record must be the event.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

#include "fuzz.h"
#include "readback.h"
#include "text.h"

struct input {
	const uint8_t *data;
	size_t size;
};

/** The next bytes of the input, zeros after its end. */
static void take(struct input *in, void *bytes, size_t len)
{
	size_t n = len < in->size ? len : in->size;

	memset(bytes, 0, len);
	if (n) {
		memcpy(bytes, in->data, n);
		in->data += n;
		in->size -= n;
	}
}

static uint64_t number(struct input *in, size_t len)
{
	uint8_t bytes[8] = { 0 };
	uint64_t n = 0;

	take(in, bytes, len);
	for (size_t i = 0; i < len; i++) {
		n = n << 8 | bytes[i];
	}
	return n;
}

static uint8_t byte(struct input *in)
{
	return (uint8_t)number(in, 1);
}

static struct qm_count count(struct input *in)
{
	struct qm_count c = { .known = byte(in) & 1 };

	c.n = number(in, 8);
	return c;
}

static void text(struct input *in, struct qm_text *ret)
{
	char s[2 * QM_TEXT_MAX];
	size_t len = number(in, 2) % sizeof(s);

	take(in, s, len);
	qm_text_set(ret, s, len);
}

static void algorithm(struct input *in, char *ret)
{
	size_t len = byte(in) % QM_ALG_MAX;

	take(in, ret, len);
	ret[len] = '\0';
}

/** Mostly a family that exists. */
static uint8_t family(struct input *in)
{
	uint8_t n = byte(in);

	if (n >= 0xf0) {
		return n;
	}
	return n & 1 ? AF_INET6 : AF_INET;
}

static void address(struct input *in, struct qm_addr *ret)
{
	ret->family = family(in);
	ret->port = (uint16_t)number(in, 2);
	take(in, ret->ip, sizeof(ret->ip));
}

static void selectors(struct input *in, struct qm_ts_list *ret)
{
	ret->count = byte(in) % (QM_TS_MAX + 1);
	ret->total = ret->count + byte(in);
	for (unsigned i = 0; i < ret->count; i++) {
		struct qm_ts *ts = &ret->ts[i];

		ts->family = family(in);
		ts->proto = byte(in);
		ts->from_port = (uint16_t)number(in, 2);
		ts->to_port = (uint16_t)number(in, 2);
		take(in, ts->from, sizeof(ts->from));
		take(in, ts->to, sizeof(ts->to));
	}
}

static void facts(struct input *in, struct qm_sa_facts *sa)
{
	uint32_t *const words[] = {
		&sa->child_sa,		 &sa->ike_sa,		  &sa->reqid,		&sa->in_spi,
		&sa->out_spi,		 &sa->if_id_in,		  &sa->if_id_out,	&sa->mark_in.value,
		&sa->mark_in.mask,	 &sa->mark_out.value, &sa->mark_out.mask, &sa->life_time,
	};
	struct qm_text *const texts[] = { &sa->conn_name, &sa->child_name, &sa->local_id,
									  &sa->remote_id, &sa->acct };

	memset(sa, 0, sizeof(*sa));
	for (size_t i = 0; i < sizeof(words) / sizeof(words[0]); i++) {
		*words[i] = (uint32_t)number(in, 4);
	}
	sa->ike_version = byte(in);
	sa->direction = byte(in) % (QM_DIRECTION_MAX + 1);
	sa->satype = byte(in) % (QM_SATYPE_MAX + 1);
	sa->samode = byte(in) % (QM_SAMODE_MAX + 1);
	sa->esn = byte(in) % (QM_TRI_MAX + 1);
	sa->encap = byte(in) % (QM_TRI_MAX + 1);
	sa->ksize = (uint16_t)number(in, 2);
	sa->life_bytes = number(in, 8);
	sa->life_packets = number(in, 8);
	address(in, &sa->local);
	address(in, &sa->remote);
	address(in, &sa->vip);
	algorithm(in, sa->cipher);
	algorithm(in, sa->integ);
	algorithm(in, sa->pfs);
	for (size_t i = 0; i < sizeof(texts) / sizeof(texts[0]); i++) {
		text(in, texts[i]);
	}
	selectors(in, &sa->local_ts);
	selectors(in, &sa->remote_ts);
}

static bool flag(struct input *in)
{
	return byte(in) & 1;
}

static void failure_of(struct input *in, struct qm_failure *failure)
{
	memset(failure, 0, sizeof(*failure));
	failure->reason = byte(in) % (QM_FAILURE_MAX + 1);
	failure->point = byte(in) % (QM_PARTY_MAX + 1);
	failure->state = byte(in) % (QM_NEGO_STATE_MAX + 1);
	failure->exchange = byte(in);
	failure->has_msgid = flag(in);
	failure->msgid = (uint32_t)number(in, 4);
	failure->notify = (uint16_t)number(in, 2);
	text(in, &failure->proposals);
}

static void invalid_of(struct input *in, struct qm_invalid *invalid)
{
	struct qm_packet *packet = &invalid->packet;

	memset(invalid, 0, sizeof(*invalid));
	packet->len = (uint32_t)number(in, 4);
	packet->has_spis = flag(in);
	packet->has_msgid = flag(in);
	packet->version = byte(in);
	packet->exchange = byte(in);
	packet->msgid = (uint32_t)number(in, 4);
	packet->spi_i = number(in, 8);
	packet->spi_r = number(in, 8);
	invalid->ike_sa = (uint32_t)number(in, 4);
	address(in, &invalid->local);
	address(in, &invalid->remote);
	invalid->fault = byte(in) % (QM_FAULT_MAX + 1);
	invalid->authenticated = byte(in) % (QM_TRI_MAX + 1);
}

static void kernel_of(struct input *in, struct qm_kernel_sa *sa)
{
	memset(sa, 0, sizeof(*sa));
	sa->id.satype = byte(in) % (QM_SATYPE_MAX + 1);
	sa->id.spi = (uint32_t)number(in, 4);
	address(in, &sa->id.dst);
	address(in, &sa->src);
	sa->reqid = (uint32_t)number(in, 4);
	sa->if_id = (uint32_t)number(in, 4);
	sa->mark.value = (uint32_t)number(in, 4);
	sa->mark.mask = (uint32_t)number(in, 4);
	sa->samode = byte(in) % (QM_SAMODE_MAX + 1);
	sa->pid = (uint32_t)number(in, 4);
	take(in, sa->comm, sizeof(sa->comm));
}

static void event_of(struct input *in, struct qm_event *event)
{
	*event = (struct qm_event){ .kind = byte(in) % QM_EVENT_KIND_MAX };
	event->when_ms = number(in, 8);
	event->old_child_sa = (uint32_t)number(in, 4);
	event->reason = byte(in) % (QM_REASON_MAX + 1);
	event->ended_by = byte(in) % (QM_PARTY_MAX + 1);
	event->traffic.bytes_in = count(in);
	event->traffic.bytes_out = count(in);
	event->traffic.packets_in = count(in);
	event->traffic.packets_out = count(in);
	event->total_bytes_in = count(in);
	event->total_bytes_out = count(in);
	event->duration_ms = number(in, 8);
	event->rekeys = (uint32_t)number(in, 4);
	event->old_policy.success = byte(in) % QM_TRI_MAX;
	event->old_policy.failure = byte(in) % QM_TRI_MAX;
	event->new_policy.success = byte(in) % QM_TRI_MAX;
	event->new_policy.failure = byte(in) % QM_TRI_MAX;
	event->cause = byte(in) % (QM_LOSS_MAX + 1);
	event->lost = number(in, 8);
	event->since_ms = number(in, 8);
	event->written = number(in, 8);
	event->count = number(in, 8);
	event->invalid_is_success = flag(in);
}

/** What is of runs and of their store: last, for a corpus that was there before it. */
static void run_of(struct input *in, struct qm_event *event)
{
	static const int errors[] = { 0, ENOSPC, EIO };
	struct qm_inheritance *inherited = &event->inherited;

	event->instance = (uint32_t)number(in, 4);
	event->last_seen_ms = number(in, 8);
	event->durability = byte(in) % (QM_DURABLE_MAX + 1);
	event->old_durability = byte(in) % (QM_DURABLE_MAX + 1);
	event->error = errors[byte(in) % 3];
	inherited->last = byte(in) % (QM_LAST_MAX + 1);
	inherited->last_alive_ms = number(in, 8);
	inherited->open_sas = number(in, 8);
	inherited->waiting = number(in, 8);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	static struct qm_record record;
	struct input in = { .data = data, .size = size };
	char version[QM_ALG_MAX];
	struct qm_origin origin = { .daemon = "charon", .daemon_version = version };
	struct qm_sa_facts sa;
	struct qm_failure failure;
	struct qm_invalid invalid;
	struct qm_kernel_sa kernel;
	struct qm_event event;
	uint64_t seq;
	const char *problem;

	event_of(&in, &event);
	seq = number(&in, 8);
	origin.instance = (uint32_t)number(&in, 4);
	algorithm(&in, version);
	failure_of(&in, &failure);
	invalid_of(&in, &invalid);
	facts(&in, &sa);
	kernel_of(&in, &kernel);
	run_of(&in, &event);
	event.sa = &sa;
	event.failure = &failure;
	event.invalid = &invalid;
	event.kernel = &kernel;
	if (qm_record_format(&event, &origin, seq, &record) < 0) {
		fprintf(stderr, "no record\n");
		abort();
	}
	problem = qm_readback(&record, &event, &origin, seq);
	if (problem) {
		fprintf(stderr, "%s\n%s\n", problem, record.body);
		abort();
	}
	return 0;
}
