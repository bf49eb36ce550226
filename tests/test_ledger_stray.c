/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the ledger makes of SAs in the kernel that are no CHILD_SA's: others', charon's
 * before it says whose they are, and those that stay behind; and of SAs that differ in
 * mark or interface id alone.
 */
#include <string.h>

#include "history.h"
#include "ledger.h"
#include "test.h"

#define NEW(c, i, how) "keys " c "/" i " " how "; installed " c "; up " c "/" i ";"
#define DELETED(c) "deleting " c "; down " c "; destroying " c ";"
#define SYNCED "sync begin start; sync end start;"
#define ADDED(c) "added-in " c "; + added-out " c ";"
#define REMOVED(c, in, out) "+ removed-out " c " " out "; + removed-in " c " " in ";"
#define DONE "ike-destroying 1"

/** Strays that are kept. */
#define STRAYS_MAX 65536

static void check_all(const struct qm_case *cases)
{
	for (; cases->name; cases++) {
		qm_history_check(cases, 0);
	}
}

static const struct qm_case others[] = {
	{ "told of once, after ten seconds; its end is nothing",
	  SYNCED "added-in 9 external name=pluto; wait 8; tick; tick; wait 20; tick;"
	  "removed-in 9 external 5/1; wait 20; tick",
	  "unknown in 9 to=1 external name=pluto for 10s" },
	{ "gone in time",
	  SYNCED "added-in 9 external; wait 8; tick; + removed-in 9 external; wait 5;"
	  "tick", "" },
	{ "gone, and there again: another ten seconds, and another record",
	  SYNCED "added-out 9 external; wait 5; removed-out 9 flushed external;"
	  "added-out 9 external; wait 9; tick; removed-out 9 expired; added-out 9 external;"
	  "wait 9; tick; removed-out 9 external",
	  "unknown out 9 to=1 external name= for 10s\n"
	  "unknown out 9 to=1 external name= for 10s" },
	{ "those that were there before us",
	  "sync begin start; added-in 9 found; added-out 8 found to=7; wait 30;"
	  "sync end start; tick; removed-in 9 vanished; removed-out 8 external to=7",
	  "unknown in 9 to=1 unknown name= for 33s\n"
	  "unknown out 8 to=7 unknown name= for 32s" },
	{ "added twice without an end",
	  SYNCED "added-in 9 external; added-in 9 found; wait 8; tick; removed-in 9 external",
	  "unknown in 9 to=1 external name= for 10s" },
	{ "not told of while it may be gone",
	  SYNCED "added-in 9 external; sync begin; wait 20; tick; removed-in 9 vanished;"
	  "+ added-in 8 external; sync end; wait 8; tick; removed-in 8",
	  "unknown in 8 to=1 external name= for 10s" },
	{ "not told of when nobody looks any more",
	  SYNCED "added-in 9 external; sync off; wait 20; tick; removed-in 9 external", "" },
	{ "of charon's end nothing is told of them",
	  SYNCED "added-in 9 external; wait 5; finish", "" },
	{ "that one ends that was never seen is nothing",
	  SYNCED "removed-in 9 external 1/1; removed-out 9 vanished; wait 20; tick", "" },
	{ NULL, NULL, NULL },
};

static void test_others(void)
{
	check_all(others);
}

static const struct qm_case own[] = {
	{ "charon's own, of which it says nothing",
	  SYNCED "added-in 9; added-out 9 local; wait 99; tick; removed-in 9; removed-out 9",
	  "" },
	{ "found, and then charon's",
	  SYNCED "sync begin; added-in 1 found; added-out 1 found; sync end; wait 5;"
	  NEW("1", "1", "init") "wait 9;" DELETED("1") REMOVED("1", "1/1", "2/1") DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 12s in=1/1 out=2/1 total=1/2" },
	{ "claimed after it was told of",
	  SYNCED "added-in 1 external; added-out 1 found; wait 10;" NEW("1", "1", "init")
	  "wait 30; tick;" DELETED("1") REMOVED("1", "1/1", "2/1") DONE,
	  "unknown in 1 to=1 external name= for 12s\n"
	  "unknown out 1 to=1 unknown name= for 11s\n"
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 34s in=1/1 out=2/1 total=1/2" },
	{ "claimed when its address is said",
	  SYNCED NEW("1", "1", "init") "added-in 1 to=7 external; hosts 1 7; wait 9; tick;"
	  DELETED("1") "+ removed-in 1 to=7 1/1; + removed-out 1 to=7 2/1;" DONE,
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 15s at 7" },
	{ "left behind by charon, and removed at last",
	  SYNCED ADDED("1") NEW("1", "1", "init") DELETED("1") "+ removed-out 1 2/1;" DONE
	  "; tick; wait 9; tick; removed-in 1 external",
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 3s in=?/? out=2/1 total=?/2, 2s late\n"
	  "unknown in 1 to=1 local name= for 10s" },
	{ "left behind, and removed in time",
	  SYNCED ADDED("1") NEW("1", "1", "init") DELETED("1") DONE "; tick; wait 5;"
	  "removed-in 1; removed-out 1; wait 9; tick",
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 3s, 2s late" },
	{ "left behind where it was before it moved",
	  SYNCED ADDED("1") NEW("1", "1", "init") "hosts 1 7; added-in 1 to=7;"
	  "+ removed-out 1 2/1; + added-out 1 to=7 2/1; wait 8; tick; wait 9;" DELETED("1")
	  "+ removed-in 1 to=7 1/1; + removed-out 1 to=7 2/1; removed-in 1;" DONE,
	  "start 1/1 init old=0\n"
	  "unknown in 1 to=1 local name= for 19s\n"
	  "end 1/1 deleted local rekeys=0 23s at 7 in=?/? out=2/1 total=?/2" },
	{ "forgotten where it was before it moved",
	  SYNCED ADDED("1") NEW("1", "1", "init") "hosts 1 7;" DELETED("1") DONE "; tick;"
	  "wait 9; tick; removed-in 1; removed-out 1",
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 4s at 7, 2s late\n"
	  "unknown in 1 to=1 local name= for 10s\n"
	  "unknown out 1 to=1 local name= for 10s" },
	{ "left behind while nobody looks: nobody knows",
	  SYNCED ADDED("1") NEW("1", "1", "init") "sync off;" DELETED("1") DONE
	  "; sync end; wait 20; tick",
	  "start 1/1 init old=0\n"
	  "end 1/1 deleted local rekeys=0 4s" },
	{ "a negotiation that failed leaves one behind",
	  SYNCED ADDED("1") "keys 1/1 init; refused 1; destroying 1; + removed-in 1 0/0;"
	  DONE "; wait 8; tick; removed-out 1",
	  "unknown out 1 to=1 local name= for 10s" },
	{ NULL, NULL, NULL },
};

static void test_own(void)
{
	check_all(own);
}

/** What a ledger says, counted. */
struct counts {
	unsigned events[QM_EVENT_KIND_MAX];
	uint64_t lost;
	struct qm_traffic traffic;
	uint32_t mark;
};

static void count(void *user, const struct qm_event *event)
{
	struct counts *counts = user;

	if (event->kind == QM_EVENT_UPDATED) {
		return;
	}
	counts->events[event->kind]++;
	if (event->kind == QM_EVENT_LOST) {
		QM_INT(event->cause, QM_LOSS_NETLINK);
		counts->lost += event->lost;
	} else if (event->kind == QM_EVENT_ENDED) {
		counts->traffic = event->traffic;
	} else if (event->kind == QM_EVENT_UNKNOWN_SA) {
		counts->mark = event->kernel->mark.value;
	}
}

static void sync_end(struct qm_ledger *ledger, uint64_t seconds)
{
	const struct qm_input input = {
		.type = QM_INPUT_KERNEL_SYNC,
		.time = qm_history_time(seconds),
		.sync = { .phase = QM_SYNC_END, .start = true },
	};

	QM_OK(qm_ledger_input(ledger, &input));
}

static void tick(struct qm_ledger *ledger, uint64_t seconds)
{
	const struct qm_input input = {
		.type = QM_INPUT_TICK, .time = qm_history_time(seconds),
	};

	QM_OK(qm_ledger_input(ledger, &input));
}

static void tell_kernel(struct qm_ledger *ledger, enum qm_input_type type,
						const struct qm_kernel_sa *sa, uint64_t seconds)
{
	struct qm_input input;

	memset(&input, 0xa5, sizeof(input));
	input.type = type;
	input.thread = 9;
	input.time = qm_history_time(seconds);
	input.kernel = *sa;
	QM_OK(qm_ledger_input(ledger, &input));
}

/** One of many SAs of others. */
static void tell_stray(struct qm_ledger *ledger, enum qm_input_type type, uint32_t spi,
					   enum qm_party by)
{
	const struct qm_kernel_sa sa = {
		.id = { QM_SATYPE_ESP, spi, { .family = 2, .ip = { 192, 0, 2, 1 } } },
		.by = by,
		.end = type == QM_INPUT_KERNEL_REMOVED ? QM_KERNEL_END_DELETED :
												 QM_KERNEL_END_NONE,
	};

	tell_kernel(ledger, type, &sa, 2);
}

static void test_bounds(void)
{
	struct counts counts = { 0 };
	struct qm_ledger *ledger;
	uint32_t i;

	QM_OK_FATAL(qm_ledger_new(&ledger, count, &counts));
	sync_end(ledger, 1);
	for (i = 1; i <= STRAYS_MAX + 5; i++) {
		tell_stray(ledger, QM_INPUT_KERNEL_ADDED, i, QM_PARTY_EXTERNAL);
	}
	QM_INT(qm_ledger_entries(ledger), STRAYS_MAX);
	QM_INT(counts.lost, 5);
	/* charon's own are not among those: what it is about to name has to be found */
	tell_stray(ledger, QM_INPUT_KERNEL_ADDED, i, QM_PARTY_LOCAL);
	QM_INT(qm_ledger_entries(ledger), STRAYS_MAX + 1);
	/* one that is gone makes room */
	tell_stray(ledger, QM_INPUT_KERNEL_REMOVED, 1, QM_PARTY_EXTERNAL);
	tell_stray(ledger, QM_INPUT_KERNEL_REMOVED, i, QM_PARTY_LOCAL);
	tell_stray(ledger, QM_INPUT_KERNEL_ADDED, 1, QM_PARTY_EXTERNAL);
	QM_INT(counts.lost, 5);
	QM_INT(qm_ledger_entries(ledger), STRAYS_MAX);
	tick(ledger, 12);
	QM_INT(counts.events[QM_EVENT_UNKNOWN_SA], STRAYS_MAX);
	qm_ledger_finish(ledger, qm_history_time(13));
	QM_INT(qm_ledger_entries(ledger), 0);
	qm_ledger_free(ledger);
}

/** Ticks are asked for as long as one could be of use, and no longer. */
static void test_waits(void)
{
	struct counts counts = { 0 };
	struct qm_ledger *ledger;

	QM_OK_FATAL(qm_ledger_new(&ledger, count, &counts));
	tell_stray(ledger, QM_INPUT_KERNEL_ADDED, 7, QM_PARTY_LOCAL);
	CU_ASSERT(!qm_ledger_waits(ledger));
	tell_stray(ledger, QM_INPUT_KERNEL_ADDED, 1, QM_PARTY_UNKNOWN);
	CU_ASSERT(!qm_ledger_waits(ledger));
	sync_end(ledger, 2);
	CU_ASSERT(qm_ledger_waits(ledger));
	tick(ledger, 11);
	CU_ASSERT(qm_ledger_waits(ledger));
	tick(ledger, 12);
	CU_ASSERT(!qm_ledger_waits(ledger));
	QM_INT(counts.events[QM_EVENT_UNKNOWN_SA], 1);
	tell_stray(ledger, QM_INPUT_KERNEL_ADDED, 2, QM_PARTY_UNKNOWN);
	CU_ASSERT(qm_ledger_waits(ledger));
	qm_ledger_finish(ledger, qm_history_time(13));
	CU_ASSERT(!qm_ledger_waits(ledger));
	qm_ledger_free(ledger);
}

/** A CHILD_SA of one of many tenants: they share addresses and SPIs. */
static void tell_tenant(struct qm_ledger *ledger, uint32_t child_sa, uint32_t if_id,
						struct qm_mark mark)
{
	struct qm_input input = {
		.type = QM_INPUT_UP, .time = qm_history_time(1), .ike_sa = 1,
		.child_sa = child_sa,
	};

	qm_history_facts(&input.sa, 1, 1, 2, QM_SATYPE_ESP, 1);
	input.sa.child_sa = child_sa;
	input.sa.if_id_in = input.sa.if_id_out = if_id;
	input.sa.mark_in = input.sa.mark_out = mark;
	QM_OK(qm_ledger_input(ledger, &input));
}

static void tell_tenants_sa(struct qm_ledger *ledger, enum qm_input_type type, bool in,
							uint32_t if_id, struct qm_mark mark, uint64_t bytes)
{
	struct qm_sa_facts facts;
	struct qm_kernel_sa sa = {
		.if_id = if_id,
		.mark = mark,
		.by = QM_PARTY_EXTERNAL,
		.end = QM_KERNEL_END_DELETED,
		.bytes = { true, bytes },
		.packets = { true, 1 },
	};

	qm_history_facts(&facts, 1, 1, 2, QM_SATYPE_ESP, 1);
	sa.id = (struct qm_sa_id){ QM_SATYPE_ESP, in ? facts.in_spi : facts.out_spi,
							   in ? facts.local : facts.remote };
	tell_kernel(ledger, type, &sa, 2);
}

static void remove_tenants_sa(struct qm_ledger *ledger, bool in, uint32_t if_id,
							  struct qm_mark mark, uint64_t bytes)
{
	tell_tenants_sa(ledger, QM_INPUT_KERNEL_REMOVED, in, if_id, mark, bytes);
}

static void test_tenants(void)
{
	const struct qm_mark none = { 0, 0 }, one = { 0x1f, 0x0f }, same = { 0x2f, 0x0f },
						 two = { 0x0e, 0x0f };
	struct counts counts = { 0 };
	struct qm_ledger *ledger;

	QM_OK_FATAL(qm_ledger_new(&ledger, count, &counts));
	sync_end(ledger, 1);
	tell_tenant(ledger, 1, 7, none);
	tell_tenant(ledger, 2, 8, none);
	tell_tenant(ledger, 3, 9, one);
	tell_tenant(ledger, 4, 9, two);
	/* nobody's */
	remove_tenants_sa(ledger, true, 6, none, 1);
	remove_tenants_sa(ledger, true, 7, one, 2);
	remove_tenants_sa(ledger, false, 9, none, 3);
	QM_INT(counts.events[QM_EVENT_ENDED], 0);
	remove_tenants_sa(ledger, true, 7, none, 4);
	QM_INT(counts.traffic.bytes_in.n, 4);
	remove_tenants_sa(ledger, false, 8, none, 5);
	QM_INT(counts.traffic.bytes_out.n, 5);
	remove_tenants_sa(ledger, false, 9, same, 6);
	QM_INT(counts.traffic.bytes_out.n, 6);
	QM_INT(counts.events[QM_EVENT_ENDED], 3);
	/* inbound ones have no mark, unless charon is told to mark them */
	remove_tenants_sa(ledger, true, 9, two, 7);
	QM_INT(counts.traffic.bytes_in.n, 7);
	QM_INT(counts.events[QM_EVENT_ENDED], 4);
	qm_ledger_free(ledger);
}

/** Keeps what is told of strays, by the last byte of their destination. */
static void keep(void *user, const struct qm_event *event)
{
	struct qm_kernel_sa *kept = user;

	if (event->kind == QM_EVENT_UNKNOWN_SA) {
		kept[event->kernel->id.dst.ip[3]] = *event->kernel;
	}
}

static void tell_half(struct qm_ledger *ledger, const struct qm_sa_facts *facts, bool in)
{
	const struct qm_kernel_sa sa = {
		.id = { QM_SATYPE_ESP, in ? facts->in_spi : facts->out_spi,
				in ? facts->local : facts->remote },
		.if_id = in ? facts->if_id_in : facts->if_id_out,
		.mark = in ? facts->mark_in : facts->mark_out,
		.by = QM_PARTY_LOCAL,
	};

	tell_kernel(ledger, QM_INPUT_KERNEL_ADDED, &sa, 1);
}

static void expect_left(const struct qm_kernel_sa *sa, uint32_t spi, uint8_t src,
						uint32_t if_id, uint32_t mark)
{
	QM_INT(sa->id.satype, QM_SATYPE_ESP);
	QM_INT(sa->id.spi, spi);
	QM_INT(sa->src.ip[3], src);
	QM_INT(sa->src.port, 0);
	QM_INT(sa->reqid, 5);
	QM_INT(sa->if_id, if_id);
	QM_INT(sa->mark.value, mark);
	QM_INT(sa->samode, QM_SAMODE_TUNNEL);
	QM_INT(sa->by, QM_PARTY_LOCAL);
}

/** Of what charon leaves behind its facts tell. */
static void test_left_behind(void)
{
	struct qm_kernel_sa kept[256] = { 0 };
	struct qm_input input = {
		.type = QM_INPUT_UP, .time = qm_history_time(1), .ike_sa = 1, .child_sa = 5,
	};
	struct qm_ledger *ledger;

	QM_OK_FATAL(qm_ledger_new(&ledger, keep, kept));
	sync_end(ledger, 1);
	qm_history_facts(&input.sa, 5, 1, 2, QM_SATYPE_ESP, 1);
	input.sa.samode = QM_SAMODE_TUNNEL;
	input.sa.if_id_in = 7;
	input.sa.if_id_out = 8;
	input.sa.mark_in = (struct qm_mark){ 9, UINT32_MAX };
	input.sa.mark_out = (struct qm_mark){ 10, UINT32_MAX };
	input.sa.local.ip[3] = 21;
	input.sa.remote.ip[3] = 22;
	QM_OK(qm_ledger_input(ledger, &input));
	tell_half(ledger, &input.sa, true);
	tell_half(ledger, &input.sa, false);
	input.type = QM_INPUT_CHILD_STATE;
	input.state = QM_CHILD_DESTROYING;
	QM_OK(qm_ledger_input(ledger, &input));
	tick(ledger, 3);
	tick(ledger, 13);
	expect_left(&kept[21], input.sa.in_spi, 22, 7, 9);
	expect_left(&kept[22], input.sa.out_spi, 21, 8, 10);
	qm_ledger_free(ledger);
}

/** Of several SAs of one name, a CHILD_SA claims its own. */
static void test_claims(void)
{
	const struct qm_mark none = { 0, 0 };
	struct counts counts = { 0 };
	struct qm_ledger *ledger;

	for (uint32_t mine = 7; mine <= 9; mine++) {
		QM_OK_FATAL(qm_ledger_new(&ledger, count, &counts));
		sync_end(ledger, 1);
		for (uint32_t if_id = 7; if_id <= 9; if_id++) {
			tell_tenants_sa(ledger, QM_INPUT_KERNEL_ADDED, true, if_id, none, 0);
		}
		QM_INT(qm_ledger_entries(ledger), 3);
		tell_tenant(ledger, 1, mine, none);
		/* it, its IKE_SA, and two that are left */
		QM_INT(qm_ledger_entries(ledger), 4);
		tell_tenants_sa(ledger, QM_INPUT_KERNEL_REMOVED, true, mine, none, mine);
		QM_INT(counts.traffic.bytes_in.n, mine);
		qm_ledger_free(ledger);
	}
	QM_INT(counts.events[QM_EVENT_ENDED], 3);
}

static void tell_marked_stray(struct qm_ledger *ledger, enum qm_input_type type,
							  uint32_t mark)
{
	const struct qm_kernel_sa sa = {
		.id = { QM_SATYPE_AH, 1, { .family = 2, .ip = { 192, 0, 2, 1 } } },
		.mark = { mark, UINT32_MAX },
	};

	tell_kernel(ledger, type, &sa, 2);
}

/** Strays may differ in their mark alone, too. */
static void test_marks(void)
{
	struct counts counts = { 0 };
	struct qm_ledger *ledger;

	QM_OK_FATAL(qm_ledger_new(&ledger, count, &counts));
	sync_end(ledger, 1);
	for (uint32_t mark = 1; mark <= 3; mark++) {
		tell_marked_stray(ledger, QM_INPUT_KERNEL_ADDED, mark);
	}
	QM_INT(qm_ledger_entries(ledger), 3);
	tell_marked_stray(ledger, QM_INPUT_KERNEL_REMOVED, 4);
	QM_INT(qm_ledger_entries(ledger), 3);
	tell_marked_stray(ledger, QM_INPUT_KERNEL_REMOVED, 3);
	tell_marked_stray(ledger, QM_INPUT_KERNEL_REMOVED, 1);
	QM_INT(qm_ledger_entries(ledger), 1);
	tick(ledger, 12);
	QM_INT(counts.events[QM_EVENT_UNKNOWN_SA], 1);
	QM_INT(counts.mark, 2);
	qm_ledger_free(ledger);
}

CU_TestInfo ledger_stray_tests[] = {
	{ "others' SAs", test_others },
	{ "charon's, before and after", test_own },
	{ "a bounded number", test_bounds },
	{ "ticks", test_waits },
	{ "CHILD_SAs that differ in mark or interface id", test_tenants },
	{ "what is told of SAs left behind", test_left_behind },
	{ "kernel SAs that differ in their interface id", test_claims },
	{ "others' SAs that differ in their mark", test_marks },
	CU_TEST_INFO_NULL,
};
