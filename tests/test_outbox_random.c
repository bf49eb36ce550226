/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * The way of records out, through anything that may happen in any order: in the end
 * each record has been seen by auditd, or is counted.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "outbox_kit.h"
#include "random_kit.h"
#include "test.h"

#define STEPS 150

static const enum qm_sink_state deaf[] = {
	QM_SINK_NO_AUDITD, QM_SINK_AUDITD_STUCK, QM_SINK_DISABLED,
};

/** One history. */
struct history {
	uint64_t random;
	struct qm_outbox *outbox;
	enum qm_durability durability;
	/** the last number */
	uint64_t seq;
	/** records refused by qm_outbox_add(), and counted later */
	bool refused[KIT_RECORDS + 1];
	uint64_t counted;
	/** records that went with a daemon that was killed before they were kept */
	bool gone[KIT_RECORDS + 1];
	/** of the store since its last commit: what a kill takes along */
	uint64_t kept;
	/** something that is not seen to happen may have happened to the order */
	bool disorderly;
};

static struct history h;

static unsigned below(unsigned n)
{
	return qm_random_below(&h.random, n);
}

static void take_lost(void)
{
	h.counted += qm_outbox_take_lost(h.outbox, QM_LOSS_STORE);
	h.counted += qm_outbox_take_lost(h.outbox, QM_LOSS_AUDIT);
}

static void add(void)
{
	for (unsigned n = 1 + below(below(20) ? 6 : 300); n; n--) {
		h.seq++;
		h.refused[h.seq] = kit_add(h.outbox, h.seq, h.seq) < 0;
	}
}

static void flush(void)
{
	kit_flush(h.outbox);
	take_lost();
}

/** Another daemon, after this one was killed or stopped. */
static void restart(void)
{
	if (below(2)) {
		qm_outbox_finish(h.outbox);
	}
	take_lost();
	qm_outbox_free(h.outbox);
	memset(h.gone, true, h.seq + 1);
	for (uint64_t id = kit.committed.first; id < kit.committed.end; id++) {
		if (kit.rows[id] > 0) {
			h.gone[kit.rows[id]] = false;
		}
	}
	h.outbox = kit_again(h.durability);
	h.disorderly = true;
}

static void change_auditd(void)
{
	if (kit.state == QM_SINK_READY) {
		kit.state = deaf[below(3)];
		if (kit.state == QM_SINK_NO_AUDITD) {
			kit_kill_auditd();
			h.disorderly = true;
		}
	} else if (kit.state == QM_SINK_NO_AUDITD) {
		kit_start_auditd(kit.pid + 1);
	} else {
		/* it is seen to have been away */
		flush();
		kit.state = QM_SINK_READY;
	}
}

/** In the middle of sending. */
static void die(uint64_t seq)
{
	(void)seq;
	if (!below(50)) {
		kit_kill_auditd();
		h.disorderly = true;
	}
}

static void go_wrong(void)
{
	switch (below(6)) {
	case 0:
		kit.store_error = kit.store_error ? 0 : below(2) ? -ENOSPC : -EIO;
		break;
	case 1:
		kit.read_error = kit.read_error ? 0 : -EIO;
		h.disorderly |= kit.read_error;
		break;
	case 2:
		kit.write_error = kit.write_error ? 0 : -ENOBUFS;
		break;
	case 3:
		kit.lose = kit.confirms ? below(4) : 0;
		h.disorderly |= kit.lose;
		break;
	case 4:
		kit.refused = h.seq + below(10);
		break;
	default:
		kit.max_records = kit.max_records ? 0 : 1 + below(2000);
		break;
	}
}

static void step(void)
{
	switch (below(16)) {
	case 0:
		change_auditd();
		break;
	case 1:
		go_wrong();
		break;
	case 2:
		if (!below(4)) {
			restart();
		}
		break;
	case 3:
		kit.prompt = !kit.prompt || !kit.confirms;
		break;
	case 4:
		kit_write_log();
		break;
	case 5:
		kit_skip(below(20000));
		break;
	case 6:
		kit.on_write = kit.on_write || below(4) ? NULL : die;
		break;
	case 7:
	case 8:
		kit_run(h.outbox, below(5000));
		take_lost();
		break;
	case 9:
	case 10:
	case 11:
		flush();
		break;
	default:
		add();
		break;
	}
}

/** All is well again: what waits goes out. */
static void heal(void)
{
	kit.store_error = kit.read_error = kit.write_error = 0;
	kit.on_write = NULL;
	kit.lose = 0;
	kit.prompt = true;
	if (kit.state != QM_SINK_READY) {
		flush();
		kit_start_auditd(kit.state == QM_SINK_NO_AUDITD ? kit.pid + 1 : kit.pid);
	}
	kit_write_log();
	kit_run(h.outbox, 120000);
	take_lost();
}

/** Each was seen, or is counted; in order, unless there is a reason. */
static void check(uint64_t seed)
{
	uint64_t missing = 0, last = 0;

	QM_INT(kit_status(h.outbox).waiting, 0);
	for (uint64_t seq = 1; seq <= h.seq; seq++) {
		const uint64_t seen = kit.seen[seq];

		if (!seen) {
			missing += !h.refused[seq] && !h.gone[seq];
		} else {
			CU_ASSERT(h.disorderly || seen > last);
			last = seen;
		}
	}
	CU_ASSERT(missing <= h.counted);
	if (missing > h.counted || kit.forgotten || kit.hasty) {
		fprintf(stderr, "QM_SEED=%" PRIu64 ": %" PRIu64 " missing, %" PRIu64 " counted, "
				"%u forgotten, %u hasty\n", seed, missing, h.counted, kit.forgotten,
				kit.hasty);
	}
}

static void run(uint64_t seed)
{
	memset(&h, 0, sizeof(h));
	h.random = seed;
	h.durability = below(4) ? QM_DURABLE_POWER : QM_DURABLE_NONE;
	h.outbox = kit_begin(h.durability);
	kit.confirms = below(3);
	/* else it is not to be known */
	kit.prompt = !kit.confirms || below(2);
	for (unsigned i = 0; i < STEPS && h.seq < KIT_RECORDS - 300; i++) {
		step();
	}
	heal();
	check(seed);
	kit_end(h.outbox);
}

static void test_histories(void)
{
	const uint64_t n = qm_random_sequences() / 20 + 1, seed = qm_random_seed();

	for (uint64_t i = 0; i < n; i++) {
		run(seed + i);
	}
}

CU_TestInfo outbox_random_tests[] = {
	{ "anything in any order", test_histories },
	CU_TEST_INFO_NULL,
};
