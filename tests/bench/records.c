/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * How fast records get from the queue to libaudit, for each durability, beside a bare
 * loop of audit_log_user_message(); what they cost on disk; and how long it takes to
 * send what waited.
 *
 * usage: records SAS WAITING DIR KERNEL_NS
 *
 * The recorder, its store and libaudit are the real ones. The kernel's end of the audit
 * socket is another: it takes a record, is busy for KERNEL_NS as a real one would be,
 * and acknowledges it. DIR is where state is kept,
 * on the disk that is to be measured. Prints a line for each figure.
 */
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <libaudit.h>

#include "clock.h"
#include "fake_audit.h"
#include "recorder.h"
#include "samples.h"
#include "store.h"

#define ROUNDS 3

/** Records that are put into a store at once. */
#define BATCH 1000

static const char *base;
static uint64_t kernel_ns;
/** stores made, each in a directory of its own */
static unsigned stores;

static void check(int r, const char *what)
{
	if (r < 0) {
		fprintf(stderr, "records: %s: %s\n", what, strerror(-r));
		exit(1);
	}
}

static uint64_t now_us(void)
{
	struct timespec ts;

	clock_gettime(CLOCK_MONOTONIC, &ts);
	return (uint64_t)ts.tv_sec * 1000000 + (uint64_t)ts.tv_nsec / 1000;
}

/** Bytes that this process has caused to be written to disks. */
static uint64_t written(void)
{
	FILE *file = fopen("/proc/self/io", "r");
	uint64_t bytes = 0;
	char line[128];

	while (file && fgets(line, sizeof(line), file)) {
		sscanf(line, "write_bytes: %" SCNu64, &bytes);
	}
	if (file) {
		fclose(file);
	}
	return bytes;
}

static unsigned sent(void)
{
	return __atomic_load_n(&qm_fake_audit.sent, __ATOMIC_RELAXED);
}

static void await_sent(unsigned count)
{
	const struct timespec pause = { .tv_nsec = 500000 };

	while (sent() < count) {
		nanosleep(&pause, NULL);
	}
}

static void start_audit(void)
{
	qm_fake_audit_start();
	qm_fake_audit.endless = true;
	qm_fake_audit.busy_ns = kernel_ns;
}

static void no_log(void *user, const char *message)
{
	(void)user;
	fprintf(stderr, "records: %s\n", message);
}

static struct qm_store *open_store(enum qm_durability durability, bool fresh,
								   struct qm_store_start *start)
{
	static char dir[PATH_MAX], error[QM_STORE_ERROR_MAX];
	const struct qm_store_config config = { .dir = dir, .durability = durability };
	struct qm_store *store;

	stores += fresh;
	snprintf(dir, sizeof(dir), "%s/%u", base, stores);
	if (qm_store_open(&store, &config, start, error) < 0) {
		fprintf(stderr, "records: %s\n", error);
		exit(1);
	}
	return store;
}

static struct qm_recorder *make(enum qm_durability durability, bool fresh, size_t queue)
{
	struct qm_recorder_config config = {
		.queue_size = queue,
		.settings = {
			.policy = { QM_TRI_YES, QM_TRI_YES },
			.rates = { .interval_ms = 1000 },
		},
		.durability = durability,
		.origin = { .daemon = "charon", .daemon_version = "5.9.8" },
		.log = no_log,
	};
	struct qm_recorder *recorder;

	config.store = open_store(durability, fresh, &config.start);
	check(qm_recorder_new(&recorder, &config), "making a recorder");
	return recorder;
}

static void end(struct qm_recorder *recorder)
{
	check(qm_recorder_stop(recorder, 60000), "stopping the recorder");
	qm_recorder_free(recorder);
}

static void push_life(struct qm_recorder *recorder, uint32_t child_sa)
{
	struct qm_input input = {
		.type = QM_INPUT_UP,
		.time = qm_time_now(),
		.ike_sa = 17,
		.child_sa = child_sa,
	};

	qm_sample_tunnel(&input.sa);
	input.sa.child_sa = child_sa;
	input.sa.in_spi += child_sa;
	input.sa.out_spi += child_sa;
	check(qm_recorder_push(recorder, &input), "queueing an input");
	input.type = QM_INPUT_CHILD_STATE;
	input.state = QM_CHILD_DESTROYING;
	check(qm_recorder_push(recorder, &input), "queueing an input");
}

/** A number of records each second. */
static double rate(unsigned count, uint64_t us)
{
	return 1e6 * count / (double)(us ? us : 1);
}

/** @return records/s; and bytes on disk of each */
static double measure(enum qm_durability durability, uint32_t sas, double *ret_bytes)
{
	struct qm_recorder *recorder = make(durability, true, 2 * (size_t)sas);
	uint64_t begin, bytes;
	uint32_t i;

	for (i = 1; i <= sas; i++) {
		push_life(recorder, i);
	}
	start_audit();
	bytes = written();
	begin = now_us();
	check(qm_recorder_start(recorder), "starting the recorder");
	await_sent(1 + 2 * sas);
	begin = now_us() - begin;
	*ret_bytes = (double)(written() - bytes) / (2 * sas);
	end(recorder);
	qm_fake_audit_stop();
	return rate(2 * sas, begin);
}

static void make_record(struct qm_record *record)
{
	const struct qm_origin origin = { 7, "charon", "5.9.8" };
	struct qm_sa_facts sa;
	const struct qm_event event = {
		.kind = QM_EVENT_ESTABLISHED, .when_ms = 1795438975152, .sa = &sa,
	};

	qm_sample_tunnel(&sa);
	check(qm_record_format(&event, &origin, 118, record), "making a record");
}

/** The anchor: nothing but libaudit. */
static double measure_bare(uint32_t count)
{
	static struct qm_record record;
	uint64_t begin;
	int fd;

	make_record(&record);
	start_audit();
	fd = audit_open();
	begin = now_us();
	for (uint32_t i = 0; i < count; i++) {
		check(audit_log_user_message(fd, AUDIT_CRYPTO_IPSEC_SA, record.body, NULL,
									 record.addr, "", 1), "writing a record");
	}
	begin = now_us() - begin;
	audit_close(fd);
	qm_fake_audit_stop();
	return rate(count, begin);
}

static void fill(unsigned count)
{
	static struct qm_record record;
	struct qm_store_start start;
	struct qm_store *store = open_store(QM_DURABLE_CRASH, true, &start);
	uint64_t id;

	make_record(&record);
	for (unsigned i = 1; i <= count; i++) {
		check(qm_store_add(store, start.instance, i, &record, &id), "keeping a record");
		if (i % BATCH == 0 || i == count) {
			check(qm_store_commit(store, qm_time_now().wall_ms), "committing");
		}
	}
	qm_store_close(store);
}

/** Sends what waits in a store. */
static void measure_drain(unsigned count)
{
	struct qm_recorder *recorder;
	uint64_t begin;

	fill(count);
	recorder = make(QM_DURABLE_CRASH, false, 64);
	start_audit();
	begin = now_us();
	check(qm_recorder_start(recorder), "starting the recorder");
	await_sent(count + 1);
	begin = now_us() - begin;
	end(recorder);
	qm_fake_audit_stop();
	printf("drain\t%u\t%.3f\t%.0f\n", count, (double)begin / 1e6, rate(count, begin));
}

static int compare(const void *a, const void *b)
{
	const double x = *(const double *)a, y = *(const double *)b;

	return (x > y) - (x < y);
}

/** Rounds are disturbed by whatever else runs: the median of each figure counts. */
static void measure_all(uint32_t sas)
{
	double rates[1 + QM_DURABLE_MAX][ROUNDS], bytes[QM_DURABLE_MAX][ROUNDS];
	enum qm_durability d;

	for (int i = 0; i < ROUNDS; i++) {
		rates[QM_DURABLE_MAX][i] = measure_bare(2 * sas);
		for (d = 0; d < QM_DURABLE_MAX; d++) {
			rates[d][i] = measure(d, sas, &bytes[d][i]);
		}
	}
	for (d = 0; d <= QM_DURABLE_MAX; d++) {
		qsort(rates[d], ROUNDS, sizeof(double), compare);
	}
	printf("records\tbare loop\t%.0f\t-\n", rates[QM_DURABLE_MAX][ROUNDS / 2]);
	for (d = 0; d < QM_DURABLE_MAX; d++) {
		qsort(bytes[d], ROUNDS, sizeof(double), compare);
		printf("records\t%s\t%.0f\t%.0f\n", qm_durability_name(d),
			   rates[d][ROUNDS / 2], bytes[d][ROUNDS / 2]);
	}
}

int main(int argc, char *argv[])
{
	unsigned long sas, waiting;

	if (argc != 5 || !(sas = strtoul(argv[1], NULL, 10)) ||
		!(waiting = strtoul(argv[2], NULL, 10)) || sas > 1000000 || waiting > 100000000) {
		fprintf(stderr, "usage: records SAS WAITING DIR KERNEL_NS\n");
		return 2;
	}
	base = argv[3];
	kernel_ns = strtoul(argv[4], NULL, 10);
	measure_all((uint32_t)sas);
	measure_drain((unsigned)waiting);
	return 0;
}
