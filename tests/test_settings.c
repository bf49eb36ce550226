/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "settings_kit.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "swan_kit.h"
#include "test.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define UNSET QM_TRI_UNKNOWN
#define NO QM_TRI_NO
#define YES QM_TRI_YES

static void test_defaults(void)
{
	static const char *const confs[] = {
		"",
		"charon { }",
		"charon { plugins { qm-audit { } } }",
		"charon { plugins { qm-audit { load = yes } } }",
		"charon { plugins { qm-audit { load = 7 } } }",
		"charon { plugins { qm-audit { success = \n failure = } } }",
		"charon { plugins { other { success = yes } } }",
		"charon-systemd { plugins { qm-audit { success = yes } } }",
	};

	for (size_t i = 0; i < COUNT(confs); i++) {
		CU_ASSERT_FATAL(swan_init("charon", confs[i]));
		expect_defaults();
		QM_INT(swan_logs(), 0);
		swan_deinit();
	}
}

static void test_all_keys(void)
{
	const qm_audit_settings_t expected = {
		.reload = {
			.policy = { YES, NO },
			.invalid_is_success = false,
			.rates = { .source = 3, .total = 40, .interval_ms = 90000 },
		},
		.queue_size = 100,
		.shutdown_timeout = 7000,
		.kernel_rcvbuf = 100000,
		.kernel_interval = 60,
		.state_dir = "/srv/audit state",
		.durability = QM_DURABLE_CRASH,
		.store_records = 7,
		.store_bytes = 65536,
		.refuse = true,
		.audit_log = "/srv/audit.log",
		.ask_status = true,
		.status_socket = "/run/moon/status",
	};

	init_section("load = yes\nsuccess = yes\nfailure = no\nqueue_size = 100\n"
				 "shutdown_timeout = 7\nstate_dir = /srv/audit state\n"
				 "invalid_packet_class = failure\nflood_source_rate = 3\n"
				 "flood_total_rate = 40\nflood_interval = 90\n"
				 "kernel_receive_buffer = 100000\nkernel_check_interval = 60\n"
				 "durability = crash\nstore_records = 7\nstore_bytes = 65536\n"
				 "on_audit_failure = refuse\naudit_log = /srv/audit.log\n"
				 "ask_audit_status = yes\nstatus_socket = /run/moon/status");
	expect(&expected);
	QM_INT(swan_logs(), 0);
	swan_deinit();
}

static void test_policy_states(void)
{
	static const struct {
		const char *section;
		struct qm_policy policy;
		const char *name;
	} states[] = {
		{ "", { UNSET, UNSET }, "not-configured" },
		{ "success = no\nfailure = no", { NO, NO }, "no-auditing" },
		{ "success = yes", { YES, UNSET }, "success" },
		{ "success = yes\nfailure = no", { YES, NO }, "success" },
		{ "failure = yes", { UNSET, YES }, "failure" },
		{ "failure = yes\nsuccess = no", { NO, YES }, "failure" },
		{ "success = yes\nfailure = yes", { YES, YES }, "success-and-failure" },
	};

	for (size_t i = 0; i < COUNT(states); i++) {
		qm_audit_settings_t settings;

		init_section(states[i].section);
		expect_settings(states[i].policy, 4096, 5000, DIR_DEFAULT);
		qm_audit_settings_read(&settings);
		QM_STR(qm_policy_name(settings.reload.policy), states[i].name);
		QM_INT(swan_logs(), 0);
		swan_deinit();
	}
}

/** All the ways in which strongswan.conf says yes and no. */
static void test_spellings(void)
{
	static const char *const words[2][5] = {
		{ "no", "0", "FALSE", "Disabled", "\"no\"" },
		{ "yes", "1", "TRUE", "Enabled", "\"yes\"" },
	};

	for (int yes = 0; yes < 2; yes++) {
		for (size_t i = 0; i < COUNT(words[yes]); i++) {
			enum qm_tristate value = yes ? YES : NO;
			char section[64];

			snprintf(section, sizeof(section), "success = %s\nfailure = %s",
					 words[yes][i], words[yes][i]);
			init_section(section);
			expect_settings((struct qm_policy){ value, value }, 4096, 5000, DIR_DEFAULT);
			QM_INT(swan_logs(), 0);
			swan_deinit();
		}
	}
}

static void test_bounds(void)
{
	init_section("queue_size = 16\nshutdown_timeout = 0\nstate_dir = /");
	expect_settings((struct qm_policy){ UNSET, UNSET }, 16, 0, "/");
	swan_deinit();
	init_section("queue_size = 1048576\nshutdown_timeout = 300\nstate_dir = /x");
	expect_settings((struct qm_policy){ UNSET, UNSET }, 1048576, 300000, "/x");
	swan_deinit();
	init_section("queue_size = 000064\nshutdown_timeout = 08");
	expect_settings((struct qm_policy){ UNSET, UNSET }, 64, 8000, DIR_DEFAULT);
	QM_INT(swan_logs(), 0);
	swan_deinit();
}

static void test_flood_bounds(void)
{
	static const struct {
		const char *section;
		uint32_t source;
		uint32_t total;
		uint32_t interval_ms;
	} bounds[] = {
		{ "flood_source_rate = 0", 0, 300, 60000 },
		{ "flood_total_rate = 0", 10, 0, 60000 },
		{ "flood_source_rate = 0\nflood_total_rate = 0", 0, 0, 60000 },
		{ "flood_source_rate = 1000000\nflood_total_rate = 1", 1000000, 1, 60000 },
		{ "flood_source_rate = 1\nflood_total_rate = 1000000", 1, 1000000, 60000 },
		{ "flood_interval = 1", 10, 300, 1000 },
		{ "flood_interval = 3600", 10, 300, 3600000 },
		{ "flood_source_rate = 007\nflood_interval = 01", 7, 300, 1000 },
	};

	for (size_t i = 0; i < COUNT(bounds); i++) {
		init_section(bounds[i].section);
		expect_flood(true, bounds[i].source, bounds[i].total, bounds[i].interval_ms);
		QM_INT(swan_logs(), 0);
		swan_deinit();
	}
}

static void test_kernel_bounds(void)
{
	static const struct {
		const char *section;
		u_int rcvbuf;
		u_int interval;
	} bounds[] = {
		{ "kernel_receive_buffer = 65536\nkernel_check_interval = 0", 65536, 0 },
		{ "kernel_receive_buffer = 536870912", 536870912, 300 },
		{ "kernel_check_interval = 86400", 8388608, 86400 },
	};

	for (size_t i = 0; i < COUNT(bounds); i++) {
		qm_audit_settings_t expected = make_defaults();

		expected.kernel_rcvbuf = bounds[i].rcvbuf;
		expected.kernel_interval = bounds[i].interval;
		init_section(bounds[i].section);
		expect(&expected);
		QM_INT(swan_logs(), 0);
		swan_deinit();
	}
}

static void test_store(void)
{
	qm_audit_settings_t expected = make_defaults();

	expected.durability = QM_DURABLE_NONE;
	expected.store_records = 100000000;
	expected.store_bytes = UINT_MAX;
	snprintf(expected.audit_log, sizeof(expected.audit_log), "none");
	expected.status_socket[0] = '\0';
	init_section("durability = none\nstore_records = 100000000\n"
				 "store_bytes = 4294967295\non_audit_failure = continue\n"
				 "audit_log = none\nask_audit_status = no\nstatus_socket = no");
	expect(&expected);
	QM_INT(swan_logs(), 0);
	swan_deinit();
	init_section("durability = power\naudit_log = auto\nask_audit_status = 0");
	expect_defaults();
	QM_INT(swan_logs(), 0);
	swan_deinit();
}

static void test_classes(void)
{
	init_section("invalid_packet_class = success");
	expect_flood(true, 10, 300, 60000);
	QM_INT(swan_logs(), 0);
	swan_deinit();
	init_section("invalid_packet_class = \"failure\"");
	expect_flood(false, 10, 300, 60000);
	QM_INT(swan_logs(), 0);
	swan_deinit();
}

static void test_reload(void)
{
	init_section("success = yes\nqueue_size = 20");
	expect_settings((struct qm_policy){ YES, UNSET }, 20, 5000, DIR_DEFAULT);
	CU_ASSERT(swan_reload("charon { plugins { qm-audit { failure = no } } }"));
	expect_settings((struct qm_policy){ UNSET, NO }, 4096, 5000, DIR_DEFAULT);
	QM_INT(swan_logs(), 0);
	CU_ASSERT(swan_reload("charon { plugins { qm-audit { failure = nein } } }"));
	expect_defaults();
	QM_INT(swan_logs(), 1);
	CU_ASSERT(swan_reload(""));
	expect_defaults();
	QM_INT(swan_logs(), 0);
	CU_ASSERT(swan_reload("charon { plugins { qm-audit { flood_source_rate = 4\n"
						  "flood_total_rate = 5\nflood_interval = 6\n"
						  "invalid_packet_class = failure\n } } }"));
	expect_flood(false, 4, 5, 6000);
	CU_ASSERT(swan_reload("charon { plugins { qm-audit { flood_total_rate = 7 } } }"));
	expect_flood(true, 10, 7, 60000);
	CU_ASSERT(swan_reload("charon { plugins { qm-audit { flood_total_rate = x } } }"));
	expect_defaults();
	QM_INT(swan_logs(), 1);
	swan_deinit();
}

/** charon-systemd reads charon's section where its own says nothing. */
static void test_namespaces(void)
{
	library_add_namespace("charon");
	CU_ASSERT_FATAL(swan_init("charon-systemd",
		"charon { plugins { qm-audit {\n"
		"  success = yes\n failure = no\n queue_size = 99\n state_dir = /c\n"
		"} } }\n"
		"charon-systemd { plugins { qm-audit {\n"
		"  failure = yes\n queue_size = few\n odd = 1\n"
		"} } }\n"));
	expect_settings((struct qm_policy){ YES, YES }, 4096, 5000, "/c");
	QM_STR(swan_log(0), "qm-audit: charon-systemd.plugins.qm-audit.queue_size = 'few' "
		   NOT_QUEUE ", using the default");
	QM_STR(swan_log(1),
		   "qm-audit: unknown setting charon-systemd.plugins.qm-audit.odd ignored");
	QM_INT(swan_logs(), 2);
	swan_deinit();
}

CU_TestInfo settings_tests[] = {
	{ "defaults", test_defaults },
	{ "every key", test_all_keys },
	{ "states of the policy", test_policy_states },
	{ "spellings of yes and no", test_spellings },
	{ "bounds", test_bounds },
	{ "bounds of what limits floods", test_flood_bounds },
	{ "bounds of what concerns the kernel", test_kernel_bounds },
	{ "the store", test_store },
	{ "classes", test_classes },
	{ "settings are read again", test_reload },
	{ "namespaces", test_namespaces },
	CU_TEST_INFO_NULL,
};
