/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../plugin/qm_audit_kernel.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <threading/thread.h>
#include <unistd.h>

#include <linux/xfrm.h>

#include "mirror.h"
#include "swan_kit.h"
#include "test.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

/** Calls of the watcher, taken instead of the mirror and of the recorder. */
static struct {
	struct qm_mirror_config config;
	int new_error;
	int run_error;
	bool no_thread;
	/** mirrors that are open */
	int open;
	_Atomic bool running;
	_Atomic bool stopped;
	struct qm_input inputs[8];
	int count;
	/** offers to refuse, -1 for all */
	_Atomic int refuse;
	_Atomic int refused;
} calls;

int __wrap_qm_mirror_new(struct qm_mirror **ret, const struct qm_mirror_config *config);
int __wrap_qm_mirror_run(struct qm_mirror *mirror);
void __wrap_qm_mirror_stop(struct qm_mirror *mirror);
struct qm_mirror *__wrap_qm_mirror_free(struct qm_mirror *mirror);
int __wrap_qm_recorder_offer(struct qm_recorder *recorder, const struct qm_input *input);
thread_t *__real_thread_create(thread_main_t main, void *arg);
thread_t *__wrap_thread_create(thread_main_t main, void *arg);

thread_t *__wrap_thread_create(thread_main_t main, void *arg)
{
	return calls.no_thread ? NULL : __real_thread_create(main, arg);
}

int __wrap_qm_mirror_new(struct qm_mirror **ret, const struct qm_mirror_config *config)
{
	calls.config = *config;
	if (calls.new_error) {
		return calls.new_error;
	}
	calls.open++;
	*ret = (void *)&calls;
	return 0;
}

int __wrap_qm_mirror_run(struct qm_mirror *mirror)
{
	(void)mirror;
	calls.running = true;
	while (!calls.run_error && !calls.stopped) {
		usleep(1000);
	}
	return calls.run_error;
}

void __wrap_qm_mirror_stop(struct qm_mirror *mirror)
{
	(void)mirror;
	calls.stopped = true;
}

struct qm_mirror *__wrap_qm_mirror_free(struct qm_mirror *mirror)
{
	calls.open -= mirror != NULL;
	return NULL;
}

int __wrap_qm_recorder_offer(struct qm_recorder *recorder, const struct qm_input *input)
{
	(void)recorder;
	if (calls.refuse) {
		calls.refuse -= calls.refuse > 0;
		calls.refused++;
		return -ENOSPC;
	}
	CU_ASSERT_FATAL(calls.count < (int)COUNT(calls.inputs));
	memcpy(&calls.inputs[calls.count++], input, qm_input_size(input));
	return 0;
}

static qm_audit_kernel_t *create(void)
{
	memset(&calls, 0, sizeof(calls));
	CU_ASSERT_FATAL(swan_init("charon", ""));
	return qm_audit_kernel_create(NULL, 123456, 60);
}

/** A watcher that watches, with a thread that does nothing. */
static qm_audit_kernel_t *create_started(void)
{
	qm_audit_kernel_t *kernel = create();

	kernel->start(kernel);
	return kernel;
}

static void destroy(qm_audit_kernel_t *kernel)
{
	kernel->destroy(kernel);
	QM_INT(calls.open, 0);
	swan_deinit();
}

static void tell(const struct qm_mirror_event *event)
{
	calls.config.tell(calls.config.user, event);
}

static void tell_resync(enum qm_mirror_event_kind kind, enum qm_mirror_cause cause,
						uint64_t dropped)
{
	const struct qm_mirror_resync resync = {
		.cause = cause,
		.error = -ENOBUFS,
		.attempts = 8,
		.dropped = dropped,
		/* policies and reserved SPIs among them */
		.sas_added = 77,
	};
	const struct qm_mirror_event event = { .kind = kind, .resync = &resync };

	tell(&event);
}

static struct qm_xfrm_sa make_sa(void)
{
	return (struct qm_xfrm_sa){
		.id = {
			.dst = { 192, 0, 2, 1 },
			.spi = 0xc0000001,
			.mark = 0x12,
			.mask = 0xff,
			.if_id = 42,
			.family = AF_INET,
			.proto = IPPROTO_ESP,
		},
		.has = QM_XFRM_HAS_INFO | QM_XFRM_HAS_COUNTERS,
		.src = { 192, 0, 2, 2 },
		.reqid = 7,
		.mode = XFRM_MODE_TUNNEL,
		.counters = { .bytes = 840, .packets = 10 },
	};
}

static void test_start(void)
{
	qm_audit_kernel_t *kernel = create_started();

	QM_INT(calls.config.rcvbuf, 123456);
	QM_INT(calls.config.compare_ms, 60000);
	QM_INT(swan_logs(), 0);
	kernel->stop(kernel);
	CU_ASSERT(calls.running && calls.stopped);
	kernel->stop(kernel);
	destroy(kernel);
}

static void test_no_start(void)
{
	qm_audit_kernel_t *kernel = create();

	calls.new_error = -EPERM;
	kernel->start(kernel);
	QM_INT(swan_logs(), 1);
	QM_STR(swan_log(0), "qm-audit: the kernel's SAs cannot be watched: Operation not "
		   "permitted (the daemon needs CAP_NET_ADMIN); byte and packet counts will not "
		   "be known");
	CU_ASSERT(!calls.running);
	destroy(kernel);
}

/** What nobody would read is closed. */
static void test_no_thread(void)
{
	qm_audit_kernel_t *kernel = create();

	calls.no_thread = true;
	kernel->start(kernel);
	QM_INT(calls.open, 0);
	QM_INT(swan_logs(), 1);
	QM_STR(swan_log(0), "qm-audit: no thread to watch the kernel's SAs; byte and packet "
		   "counts will not be known until the daemon starts again");
	kernel->stop(kernel);
	CU_ASSERT(!calls.running && !calls.stopped);
	destroy(kernel);
}

static void test_run_fails(void)
{
	qm_audit_kernel_t *kernel = create();

	calls.run_error = -ENOMEM;
	kernel->start(kernel);
	kernel->stop(kernel);
	QM_INT(calls.count, 1);
	QM_INT(calls.inputs[0].type, QM_INPUT_KERNEL_SYNC);
	QM_INT(calls.inputs[0].sync.phase, QM_SYNC_OFF);
	QM_INT(swan_logs(), 1);
	destroy(kernel);
}

static void test_removed(void)
{
	qm_audit_kernel_t *kernel = create_started();
	const struct qm_xfrm_sa sa = make_sa();
	const struct qm_mirror_event event = {
		.kind = QM_MIRROR_SA_REMOVED,
		.end = QM_MIRROR_END_DELETED,
		.known = true,
		.by = { .kind = QM_XFRM_ACTOR_OTHER, .port = 900, .pid = 900, .comm = "ip" },
		.sa = &sa,
	};
	const struct qm_kernel_sa *told = &calls.inputs[0].kernel;

	tell(&event);
	QM_INT(calls.count, 1);
	QM_INT(calls.inputs[0].type, QM_INPUT_KERNEL_REMOVED);
	QM_INT(told->id.satype, QM_SATYPE_ESP);
	QM_INT(told->id.spi, 0xc0000001);
	QM_INT(told->id.dst.family, AF_INET);
	QM_INT(told->id.dst.port, 0);
	CU_ASSERT(!memcmp(told->id.dst.ip, sa.id.dst, 16));
	QM_INT(told->src.family, AF_INET);
	CU_ASSERT(!memcmp(told->src.ip, sa.src, 16));
	QM_INT(told->reqid, 7);
	QM_INT(told->if_id, 42);
	QM_INT(told->mark.value, 0x12);
	QM_INT(told->mark.mask, 0xff);
	QM_INT(told->samode, QM_SAMODE_TUNNEL);
	QM_INT(told->end, QM_KERNEL_END_DELETED);
	QM_INT(told->by, QM_PARTY_EXTERNAL);
	QM_INT(told->pid, 900);
	QM_STR(told->comm, "ip");
	CU_ASSERT(!told->found);
	CU_ASSERT(told->bytes.known && told->packets.known);
	QM_INT(told->bytes.n, 840);
	QM_INT(told->packets.n, 10);
	destroy(kernel);
}

/** What the kernel gives no counts of. */
static void test_uncounted(void)
{
	qm_audit_kernel_t *kernel = create_started();
	struct qm_xfrm_sa sa = make_sa();
	const struct qm_mirror_event event = {
		.kind = QM_MIRROR_SA_REMOVED,
		.end = QM_MIRROR_END_FLUSHED,
		.by = { .kind = QM_XFRM_ACTOR_UNNAMED },
		.sa = &sa,
	};

	sa.has = 0;
	tell(&event);
	CU_ASSERT(!calls.inputs[0].kernel.bytes.known);
	CU_ASSERT(!calls.inputs[0].kernel.packets.known);
	QM_INT(calls.inputs[0].kernel.bytes.n, 0);
	destroy(kernel);
}

/** What each value of the mirror becomes. */
static void test_translations(void)
{
	static const struct {
		enum qm_mirror_end end;
		enum qm_kernel_end told_end;
		enum qm_xfrm_actor_kind by;
		enum qm_party told_by;
		uint8_t proto;
		enum qm_satype satype;
		uint8_t mode;
		enum qm_samode samode;
	} rows[] = {
		{ QM_MIRROR_END_DELETED, QM_KERNEL_END_DELETED, QM_XFRM_ACTOR_OWN,
		  QM_PARTY_LOCAL, IPPROTO_ESP, QM_SATYPE_ESP, XFRM_MODE_TRANSPORT,
		  QM_SAMODE_TRANSPORT },
		{ QM_MIRROR_END_EXPIRED, QM_KERNEL_END_EXPIRED, QM_XFRM_ACTOR_KERNEL,
		  QM_PARTY_KERNEL, IPPROTO_AH, QM_SATYPE_AH, XFRM_MODE_BEET, QM_SAMODE_BEET },
		{ QM_MIRROR_END_FLUSHED, QM_KERNEL_END_FLUSHED, QM_XFRM_ACTOR_UNNAMED,
		  QM_PARTY_EXTERNAL, IPPROTO_ESP, QM_SATYPE_ESP, 9, QM_SAMODE_UNKNOWN },
		{ QM_MIRROR_END_VANISHED, QM_KERNEL_END_VANISHED, QM_XFRM_ACTOR_UNKNOWN,
		  QM_PARTY_UNKNOWN, IPPROTO_ESP, QM_SATYPE_ESP, XFRM_MODE_TUNNEL,
		  QM_SAMODE_TUNNEL },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		qm_audit_kernel_t *kernel = create_started();
		struct qm_xfrm_sa sa = make_sa();
		const struct qm_mirror_event event = {
			.kind = QM_MIRROR_SA_REMOVED,
			.end = rows[i].end,
			.by = { .kind = rows[i].by },
			.sa = &sa,
		};

		sa.id.proto = rows[i].proto;
		sa.mode = rows[i].mode;
		tell(&event);
		QM_INT(calls.inputs[0].kernel.end, rows[i].told_end);
		QM_INT(calls.inputs[0].kernel.by, rows[i].told_by);
		QM_INT(calls.inputs[0].kernel.id.satype, rows[i].satype);
		QM_INT(calls.inputs[0].kernel.samode, rows[i].samode);
		destroy(kernel);
	}
}

/** Reserved SPIs, IPComp, changes and policies are not the ledger's. */
static void test_not_told(void)
{
	qm_audit_kernel_t *kernel = create_started();
	struct qm_xfrm_sa sa = make_sa();
	struct qm_mirror_event event = {
		.kind = QM_MIRROR_SA_ADDED,
		.larval = true,
		.found = true,
		.sa = &sa,
	};

	tell_resync(QM_MIRROR_RESYNC_BEGIN, QM_MIRROR_CAUSE_ASKED, 0);
	tell(&event);
	event.larval = false;
	sa.id.proto = IPPROTO_COMP;
	tell(&event);
	sa.id.proto = IPPROTO_ESP;
	event.kind = QM_MIRROR_SA_CHANGED;
	tell(&event);
	event.kind = QM_MIRROR_POLICY_ADDED;
	tell(&event);
	tell_resync(QM_MIRROR_RESYNC_END, QM_MIRROR_CAUSE_ASKED, 0);
	QM_INT(calls.count, 2);
	QM_INT(calls.inputs[1].sync.phase, QM_SYNC_END);
	QM_INT(calls.inputs[1].sync.changes, 0);
	QM_INT(calls.inputs[1].sync.dropped, 0);
	destroy(kernel);
}

/**
 * What was found to be gone counts, from one gap to its end; not what was found to be
 * there: a look at the kernel can be ahead of the notification.
 */
static void test_changes(void)
{
	qm_audit_kernel_t *kernel = create_started();
	const struct qm_xfrm_sa sa = make_sa();
	struct qm_mirror_event event = { .kind = QM_MIRROR_SA_ADDED, .sa = &sa };

	for (int gap = 0; gap < 2; gap++) {
		calls.count = 0;
		tell_resync(QM_MIRROR_RESYNC_BEGIN, QM_MIRROR_CAUSE_START, 0);
		event.found = true;
		event.kind = QM_MIRROR_SA_ADDED;
		tell(&event);
		event.kind = QM_MIRROR_SA_REMOVED;
		tell(&event);
		event.found = false;
		tell(&event);
		tell_resync(QM_MIRROR_RESYNC_END, QM_MIRROR_CAUSE_START, 0);
		QM_INT(calls.count, 5);
		QM_INT(calls.inputs[0].sync.phase, QM_SYNC_BEGIN);
		CU_ASSERT(calls.inputs[1].kernel.found && !calls.inputs[3].kernel.found);
		QM_INT(calls.inputs[4].sync.changes, 1);
		CU_ASSERT(calls.inputs[4].sync.start);
	}
	destroy(kernel);
}

static void test_causes(void)
{
	static const struct {
		enum qm_mirror_cause cause;
		uint64_t dropped;
		uint64_t told;
		/** the only message, NULL for none */
		const char *log;
	} rows[] = {
		{ QM_MIRROR_CAUSE_START, 0, 0, NULL },
		{ QM_MIRROR_CAUSE_START, 3, 3, "kernel_receive_buffer" },
		{ QM_MIRROR_CAUSE_UNCLEAR, 3, 3, "kernel_receive_buffer" },
		{ QM_MIRROR_CAUSE_ASKED, 0, 0, NULL },
		{ QM_MIRROR_CAUSE_UNCLEAR, 0, 0, NULL },
		{ QM_MIRROR_CAUSE_OVERRUN, 0, 1, "kernel_receive_buffer" },
		{ QM_MIRROR_CAUSE_OVERRUN, 900, 900, "kernel_receive_buffer" },
		{ QM_MIRROR_CAUSE_MALFORMED, 0, 1, "not understood" },
		{ QM_MIRROR_CAUSE_SOCKET, 0, 1, "No buffer space available" },
		{ QM_MIRROR_CAUSE_MEMORY, 0, 1, "no memory" },
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		qm_audit_kernel_t *kernel = create_started();

		tell_resync(QM_MIRROR_RESYNC_BEGIN, rows[i].cause, 0);
		tell_resync(QM_MIRROR_RESYNC_END, rows[i].cause, rows[i].dropped);
		QM_INT(calls.inputs[1].sync.dropped, rows[i].told);
		CU_ASSERT(calls.inputs[1].sync.start == (rows[i].cause == QM_MIRROR_CAUSE_START));
		QM_INT(swan_logs(), rows[i].log ? 1 : 0);
		CU_ASSERT(!rows[i].log || (swan_logs() && strstr(swan_log(0), rows[i].log)));
		destroy(kernel);
	}
}

/** That the buffer is too small is said once in a gap, whenever it shows. */
static void test_hint(void)
{
	qm_audit_kernel_t *kernel = create_started();

	/* cause of the end: it began without a loss */
	tell_resync(QM_MIRROR_RESYNC_BEGIN, QM_MIRROR_CAUSE_ASKED, 0);
	tell_resync(QM_MIRROR_RESYNC_END, QM_MIRROR_CAUSE_OVERRUN, 0);
	QM_INT(swan_logs(), 1);
	tell_resync(QM_MIRROR_RESYNC_BEGIN, QM_MIRROR_CAUSE_OVERRUN, 0);
	tell_resync(QM_MIRROR_RESYNC_END, QM_MIRROR_CAUSE_OVERRUN, 9);
	QM_INT(swan_logs(), 2);
	/* a gap that does not end */
	tell_resync(QM_MIRROR_RESYNC_BEGIN, QM_MIRROR_CAUSE_MALFORMED, 0);
	tell_resync(QM_MIRROR_RESYNC_FAILED, QM_MIRROR_CAUSE_MALFORMED, 9);
	tell_resync(QM_MIRROR_RESYNC_END, QM_MIRROR_CAUSE_MALFORMED, 9);
	QM_INT(swan_logs(), 5);
	for (int i = 0; i < swan_logs(); i++) {
		CU_ASSERT_EQUAL(strstr(swan_log(i), "raise kernel_receive_buffer") != NULL,
						i != 2 && i != 4);
	}
	destroy(kernel);
}

static void test_failed(void)
{
	qm_audit_kernel_t *kernel = create_started();

	tell_resync(QM_MIRROR_RESYNC_BEGIN, QM_MIRROR_CAUSE_OVERRUN, 0);
	tell_resync(QM_MIRROR_RESYNC_FAILED, QM_MIRROR_CAUSE_OVERRUN, 5);
	QM_INT(calls.count, 2);
	QM_INT(calls.inputs[1].sync.phase, QM_SYNC_OFF);
	QM_INT(swan_logs(), 2);
	CU_ASSERT_PTR_NOT_NULL(strstr(swan_log(1), "failed 8 times, last with: No buffer "
								  "space available"));
	/* it is tried on, and good again when that succeeds */
	tell_resync(QM_MIRROR_RESYNC_END, QM_MIRROR_CAUSE_OVERRUN, 5);
	QM_INT(calls.count, 3);
	QM_INT(calls.inputs[2].sync.phase, QM_SYNC_END);
	QM_INT(swan_logs(), 2);
	destroy(kernel);
}

/** Without room the mirror waits, so that hooks have what there is. */
static void test_no_room(void)
{
	qm_audit_kernel_t *kernel = create_started();

	calls.refuse = 3;
	tell_resync(QM_MIRROR_RESYNC_BEGIN, QM_MIRROR_CAUSE_ASKED, 0);
	QM_INT(calls.refused, 3);
	QM_INT(calls.count, 1);
	destroy(kernel);
}

/** But not beyond the end. */
static void test_no_room_at_end(void)
{
	qm_audit_kernel_t *kernel = create_started();

	kernel->stop(kernel);
	calls.refuse = -1;
	tell_resync(QM_MIRROR_RESYNC_BEGIN, QM_MIRROR_CAUSE_ASKED, 0);
	CU_ASSERT(calls.refused > 0);
	QM_INT(calls.count, 0);
	destroy(kernel);
}

CU_TestInfo kernel_tests[] = {
	{ "starts and stops", test_start },
	{ "cannot start", test_no_start },
	{ "no thread", test_no_thread },
	{ "the mirror fails", test_run_fails },
	{ "an SA is gone", test_removed },
	{ "an SA without counts", test_uncounted },
	{ "values", test_translations },
	{ "what is not told", test_not_told },
	{ "what was found", test_changes },
	{ "causes of gaps", test_causes },
	{ "the receive buffer is too small", test_hint },
	{ "no look succeeds", test_failed },
	{ "waits for room", test_no_room },
	{ "waits no longer at the end", test_no_room_at_end },
	CU_TEST_INFO_NULL,
};
