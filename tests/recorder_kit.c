/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "recorder_kit.h"

#include <stdlib.h>
#include <string.h>

#include "fake_sink.h"
#include "samples.h"
#include "test.h"

#define MONO_MS 7000000

/** @param instance	0 for the store's own */
static struct qm_recorder *make(const struct qm_reload *settings, size_t queue_size,
								const struct qm_store_config *store, uint32_t instance)
{
	static char error[QM_STORE_ERROR_MAX];
	struct qm_recorder_config config = {
		.queue_size = queue_size,
		.settings = *settings,
		.origin = { .daemon = "charon-test", .daemon_version = "5.9.8" },
		.log = fake_sink_log,
		.user = fake_sink_user,
	};
	struct qm_recorder *recorder = NULL;

	QM_OK_FATAL(qm_store_open(&config.store, store, &config.start, error));
	config.durability = store->durability;
	config.start.instance = instance ? instance : config.start.instance;
	QM_OK_FATAL(qm_recorder_new(&recorder, &config));
	return recorder;
}

struct qm_recorder *make_recorder_on(const struct qm_reload *settings, size_t queue_size,
									 const struct qm_store_config *store)
{
	fake_sink_reset();
	return make(settings, queue_size, store, 0);
}

struct qm_recorder *make_recorder_with(const struct qm_reload *settings,
									   size_t queue_size)
{
	const struct qm_store_config store = { .durability = QM_DURABLE_NONE };

	fake_sink_reset();
	return make(settings, queue_size, &store, 7);
}

/** Without a limit to anything. */
static struct qm_reload settings_of(struct qm_policy policy)
{
	return (struct qm_reload){ .policy = policy, .rates = { .interval_ms = 1000 } };
}

struct qm_recorder *make_recorder(struct qm_policy policy, size_t queue_size)
{
	const struct qm_reload settings = settings_of(policy);

	return make_recorder_with(&settings, queue_size);
}

struct qm_recorder *restart_recorder(struct qm_policy policy,
									 const struct qm_store_config *store)
{
	const struct qm_reload settings = settings_of(policy);
	struct qm_recorder *recorder = make(&settings, 64, store, 0);

	QM_OK_FATAL(qm_recorder_start(recorder));
	return recorder;
}

struct qm_recorder *start_recorder(struct qm_policy policy)
{
	struct qm_recorder *recorder = make_recorder(policy, 64);

	QM_OK_FATAL(qm_recorder_start(recorder));
	return recorder;
}

void end_recorder(struct qm_recorder *recorder)
{
	QM_OK_FATAL(qm_recorder_stop(recorder, 60000));
	qm_recorder_free(recorder);
}

static struct qm_time after(uint64_t ms)
{
	return (struct qm_time){ .wall_ms = QM_KIT_WALL_MS + ms, .mono_ms = MONO_MS + ms };
}

int push_up(struct qm_recorder *recorder, uint32_t child_sa, uint64_t ms)
{
	struct qm_input input = {
		.type = QM_INPUT_UP,
		.time = after(ms),
		.ike_sa = 17,
		.child_sa = child_sa,
	};

	qm_sample_tunnel(&input.sa);
	input.sa.child_sa = child_sa;
	input.sa.in_spi += child_sa;
	input.sa.out_spi += child_sa;
	return qm_recorder_push(recorder, &input);
}

int push_destroyed(struct qm_recorder *recorder, uint32_t child_sa, uint64_t ms)
{
	const struct qm_input input = {
		.type = QM_INPUT_CHILD_STATE,
		.time = after(ms),
		.ike_sa = 17,
		.child_sa = child_sa,
		.state = QM_CHILD_DESTROYING,
	};

	return qm_recorder_push(recorder, &input);
}

int push_nothing(struct qm_recorder *recorder, uint64_t ms)
{
	const struct qm_input input = { .type = QM_INPUT_IKE_UP, .time = after(ms) };

	return qm_recorder_push(recorder, &input);
}

void settle(struct qm_recorder *recorder)
{
	/* the first look may be one that had begun before */
	for (int i = 0; i < 2; i++) {
		QM_OK(push_nothing(recorder, 0));
		fake_sink_await_look();
	}
}

int push_settings(struct qm_recorder *recorder, const struct qm_reload *settings,
				  uint64_t ms)
{
	const struct qm_input input = {
		.type = QM_INPUT_SETTINGS,
		.time = after(ms),
		.settings = *settings,
	};

	return qm_recorder_push(recorder, &input);
}

int push_policy(struct qm_recorder *recorder, struct qm_policy policy, uint64_t ms)
{
	const struct qm_reload settings = settings_of(policy);

	return push_settings(recorder, &settings, ms);
}

void expect_ops(const char *const *ops)
{
	size_t i;

	for (i = 0; ops[i]; i++) {
		QM_STR(fake_sink_field(i, "op"), ops[i]);
	}
	QM_INT(fake_sink_records(), i);
}

uint64_t record_number(size_t record, const char *field)
{
	const char *text = fake_sink_field(record, field);

	return text ? strtoull(text, NULL, 10) : UINT64_MAX;
}

void expect_number(size_t record, const char *field, uint64_t value)
{
	QM_INT(record_number(record, field), value);
}

void expect_contiguous(void)
{
	for (size_t i = 0; i < fake_sink_records(); i++) {
		expect_number(i, "rec-seq", i + 1);
	}
}

static bool is_record_loss(size_t record)
{
	const char *cause = fake_sink_field(record, "cause");

	return cause && (!strcmp(cause, "audit") || !strcmp(cause, "store"));
}

void expect_gaps_explained(void)
{
	uint64_t last = 0, missing = 0, explained = 0;

	for (size_t i = 0; i < fake_sink_records(); i++) {
		uint64_t seq = record_number(i, "rec-seq");

		CU_ASSERT(seq > last);
		missing += seq - last - 1;
		last = seq;
		explained += is_record_loss(i) ? record_number(i, "count") : 0;
	}
	QM_INT(explained, missing);
}
