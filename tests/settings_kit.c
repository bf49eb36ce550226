/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "settings_kit.h"

#include <stdio.h>
#include <string.h>

#include "swan_kit.h"
#include "test.h"

qm_audit_settings_t make_defaults(void)
{
	return (qm_audit_settings_t){
		.reload = {
			.invalid_is_success = true,
			.rates = { .source = 10, .total = 300, .interval_ms = 60000 },
		},
		.queue_size = 4096,
		.shutdown_timeout = 5000,
		.kernel_rcvbuf = 8388608,
		.kernel_interval = 300,
		.state_dir = DIR_DEFAULT,
		.durability = QM_DURABLE_POWER,
		.store_records = 1000000,
		.store_bytes = 268435456,
		.audit_log = "auto",
		.status_socket = "/run/qm-audit/status.sock",
	};
}

void expect(const qm_audit_settings_t *expected)
{
	qm_audit_settings_t settings;

	memset(&settings, 0xa5, sizeof(settings));
	qm_audit_settings_read(&settings);
	QM_INT(settings.reload.policy.success, expected->reload.policy.success);
	QM_INT(settings.reload.policy.failure, expected->reload.policy.failure);
	QM_INT(settings.reload.invalid_is_success, expected->reload.invalid_is_success);
	QM_INT(settings.reload.rates.source, expected->reload.rates.source);
	QM_INT(settings.reload.rates.total, expected->reload.rates.total);
	QM_INT(settings.reload.rates.interval_ms, expected->reload.rates.interval_ms);
	QM_INT(settings.queue_size, expected->queue_size);
	QM_INT(settings.shutdown_timeout, expected->shutdown_timeout);
	QM_INT(settings.kernel_rcvbuf, expected->kernel_rcvbuf);
	QM_INT(settings.kernel_interval, expected->kernel_interval);
	QM_STR(settings.state_dir, expected->state_dir);
	QM_INT(settings.durability, expected->durability);
	QM_INT(settings.store_records, expected->store_records);
	QM_INT(settings.store_bytes, expected->store_bytes);
	QM_INT(settings.refuse, expected->refuse);
	QM_STR(settings.audit_log, expected->audit_log);
	QM_INT(settings.ask_status, expected->ask_status);
	QM_STR(settings.status_socket, expected->status_socket);
}

void expect_settings(struct qm_policy policy, u_int queue_size, u_int timeout,
					 const char *state_dir)
{
	qm_audit_settings_t expected = make_defaults();

	expected.reload.policy = policy;
	expected.queue_size = queue_size;
	expected.shutdown_timeout = timeout;
	snprintf(expected.state_dir, sizeof(expected.state_dir), "%s", state_dir);
	expect(&expected);
}

void expect_flood(bool is_success, uint32_t source, uint32_t total,
						 uint32_t interval_ms)
{
	qm_audit_settings_t expected = make_defaults();

	expected.reload.invalid_is_success = is_success;
	expected.reload.rates.source = source;
	expected.reload.rates.total = total;
	expected.reload.rates.interval_ms = interval_ms;
	expect(&expected);
}

void expect_defaults(void)
{
	const qm_audit_settings_t expected = make_defaults();

	expect(&expected);
}

void init_section(const char *section)
{
	char conf[3 * PATH_MAX];

	snprintf(conf, sizeof(conf), "charon { plugins { qm-audit {\n%s\n} } }\n", section);
	CU_ASSERT_FATAL(swan_init("charon", conf));
	QM_INT(swan_logs(), 0);
}
