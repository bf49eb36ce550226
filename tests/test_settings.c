/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "../plugin/qm_audit_settings.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "swan_kit.h"
#include "test.h"

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

#define UNSET QM_TRI_UNKNOWN
#define NO QM_TRI_NO
#define YES QM_TRI_YES

#define DIR_DEFAULT "/var/lib/qm-audit"

/** What holds where nothing is set. */
static qm_audit_settings_t make_defaults(void)
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
	};
}

static void expect(const qm_audit_settings_t *expected)
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
}

static void expect_settings(struct qm_policy policy, u_int queue_size, u_int timeout,
							const char *state_dir)
{
	qm_audit_settings_t expected = make_defaults();

	expected.reload.policy = policy;
	expected.queue_size = queue_size;
	expected.shutdown_timeout = timeout;
	snprintf(expected.state_dir, sizeof(expected.state_dir), "%s", state_dir);
	expect(&expected);
}

static void expect_flood(bool is_success, uint32_t source, uint32_t total,
						 uint32_t interval_ms)
{
	qm_audit_settings_t expected = make_defaults();

	expected.reload.invalid_is_success = is_success;
	expected.reload.rates.source = source;
	expected.reload.rates.total = total;
	expected.reload.rates.interval_ms = interval_ms;
	expect(&expected);
}

static void expect_defaults(void)
{
	const qm_audit_settings_t expected = make_defaults();

	expect(&expected);
}

/** Reads a section of the plugin's, in the namespace of plain charon. */
static void init_section(const char *section)
{
	char conf[3 * PATH_MAX];

	snprintf(conf, sizeof(conf), "charon { plugins { qm-audit {\n%s\n} } }\n", section);
	CU_ASSERT_FATAL(swan_init("charon", conf));
	QM_INT(swan_logs(), 0);
}

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
	};

	init_section("load = yes\nsuccess = yes\nfailure = no\nqueue_size = 100\n"
				 "shutdown_timeout = 7\nstate_dir = /srv/audit state\n"
				 "invalid_packet_class = failure\nflood_source_rate = 3\n"
				 "flood_total_rate = 40\nflood_interval = 90\n"
				 "kernel_receive_buffer = 100000\nkernel_check_interval = 60");
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

#define NOT_TRI "is not yes or no"
#define NOT_QUEUE "is not a number from 16 to 1048576"
#define NOT_TIMEOUT "is not a number of seconds from 0 to 300"
#define NOT_PATH "is not an absolute path"
#define NOT_CLASS "is not success or failure"
#define NOT_RATE "is not a number from 0 to 1000000"
#define NOT_BYTES "is not a number of bytes from 65536 to 536870912"
#define NOT_CHECK "is not a number of seconds from 0 to 86400"
#define NOT_INTERVAL "is not a number of seconds from 1 to 3600"

static const struct {
	const char *key;
	const char *value;
	const char *problem;
} malformed[] = {
	{ "success", "maybe", NOT_TRI },
	{ "success", "", NOT_TRI },
	{ "success", "2", NOT_TRI },
	{ "success", "yes please", NOT_TRI },
	{ "success", "y", NOT_TRI },
	{ "failure", "true false", NOT_TRI },
	{ "failure", " yes", NOT_TRI },
	{ "queue_size", "15", NOT_QUEUE },
	{ "queue_size", "0", NOT_QUEUE },
	{ "queue_size", "1048577", NOT_QUEUE },
	{ "queue_size", "99999999999999999999999", NOT_QUEUE },
	{ "queue_size", "-4096", NOT_QUEUE },
	{ "queue_size", "-18446744073709551600", NOT_QUEUE },
	{ "queue_size", " -18446744073709551600", NOT_QUEUE },
	{ "queue_size", "+4096", NOT_QUEUE },
	{ "queue_size", " 4096", NOT_QUEUE },
	{ "queue_size", "4096 ", NOT_QUEUE },
	{ "queue_size", "4k", NOT_QUEUE },
	{ "queue_size", "0x1000", NOT_QUEUE },
	{ "queue_size", "1e3", NOT_QUEUE },
	{ "queue_size", "many", NOT_QUEUE },
	{ "queue_size", "", NOT_QUEUE },
	{ "shutdown_timeout", "301", NOT_TIMEOUT },
	{ "shutdown_timeout", "4294967296", NOT_TIMEOUT },
	{ "shutdown_timeout", "-1", NOT_TIMEOUT },
	{ "shutdown_timeout", "5s", NOT_TIMEOUT },
	{ "shutdown_timeout", "1.5", NOT_TIMEOUT },
	{ "state_dir", "", NOT_PATH },
	{ "state_dir", "qm-audit", NOT_PATH },
	{ "state_dir", "./qm-audit", NOT_PATH },
	{ "state_dir", " /var/lib/qm-audit", NOT_PATH },
	{ "invalid_packet_class", "", NOT_CLASS },
	{ "invalid_packet_class", "Failure", NOT_CLASS },
	{ "invalid_packet_class", "failure ", NOT_CLASS },
	{ "invalid_packet_class", "fail", NOT_CLASS },
	{ "invalid_packet_class", "no", NOT_CLASS },
	{ "flood_source_rate", "1000001", NOT_RATE },
	{ "flood_source_rate", "-1", NOT_RATE },
	{ "flood_source_rate", "4294967296", NOT_RATE },
	{ "flood_source_rate", "18446744073709551616", NOT_RATE },
	{ "flood_source_rate", "10/s", NOT_RATE },
	{ "flood_source_rate", "", NOT_RATE },
	{ "flood_total_rate", "1000001", NOT_RATE },
	{ "flood_total_rate", "no", NOT_RATE },
	{ "flood_total_rate", "1.0", NOT_RATE },
	{ "flood_interval", "0", NOT_INTERVAL },
	{ "flood_interval", "3601", NOT_INTERVAL },
	{ "flood_interval", "4294967356", NOT_INTERVAL },
	{ "flood_interval", "60s", NOT_INTERVAL },
	{ "flood_interval", "", NOT_INTERVAL },
	{ "kernel_receive_buffer", "65535", NOT_BYTES },
	{ "kernel_receive_buffer", "536870913", NOT_BYTES },
	{ "kernel_receive_buffer", "8M", NOT_BYTES },
	{ "kernel_receive_buffer", "", NOT_BYTES },
	{ "kernel_check_interval", "86401", NOT_CHECK },
	{ "kernel_check_interval", "-1", NOT_CHECK },
	{ "kernel_check_interval", "5m", NOT_CHECK },
};

/** One bad value is named and left out; the others hold. */
static void test_malformed(void)
{
	for (size_t i = 0; i < COUNT(malformed); i++) {
		char section[256], message[256];

		snprintf(section, sizeof(section), "%s = \"%s\"", malformed[i].key,
				 malformed[i].value);
		snprintf(message, sizeof(message), "qm-audit: charon.plugins.qm-audit.%s = '%s' "
				 "%s, using the default", malformed[i].key, malformed[i].value,
				 malformed[i].problem);
		init_section(section);
		expect_defaults();
		QM_INT(swan_logs(), 1);
		QM_STR(swan_log(0), message);
		swan_deinit();
	}
}

static void test_malformed_among_others(void)
{
	init_section("success = maybe\nfailure = yes\nqueue_size = none\n"
				 "shutdown_timeout = 9\nstate_dir = here");
	expect_settings((struct qm_policy){ UNSET, YES }, 4096, 9000, DIR_DEFAULT);
	QM_INT(swan_logs(), 3);
	swan_deinit();
}

static void test_long_paths(void)
{
	char section[2 * PATH_MAX], dir[PATH_MAX + 1], message[2 * PATH_MAX];

	memset(dir, 'x', sizeof(dir));
	dir[0] = '/';
	dir[PATH_MAX - 1] = '\0';
	snprintf(section, sizeof(section), "state_dir = %s", dir);
	init_section(section);
	expect_settings((struct qm_policy){ UNSET, UNSET }, 4096, 5000, dir);
	QM_INT(swan_logs(), 0);
	swan_deinit();

	dir[PATH_MAX - 1] = 'x';
	dir[PATH_MAX] = '\0';
	snprintf(section, sizeof(section), "state_dir = %s", dir);
	snprintf(message, sizeof(message), "qm-audit: charon.plugins.qm-audit.state_dir = "
			 "'%s' " NOT_PATH ", using the default", dir);
	init_section(section);
	expect_defaults();
	QM_STR(swan_log(0), message);
	swan_deinit();
}

static void test_unknown(void)
{
	init_section("succes = yes\nqueue-size = 20\nload = yes\nsub { success = yes }\n"
				 "success { x = y }");
	expect_defaults();
	QM_STR(swan_log(0),
		   "qm-audit: unknown setting charon.plugins.qm-audit.succes ignored");
	QM_STR(swan_log(1),
		   "qm-audit: unknown setting charon.plugins.qm-audit.queue-size ignored");
	QM_STR(swan_log(2), "qm-audit: unknown section charon.plugins.qm-audit.sub ignored");
	QM_STR(swan_log(3),
		   "qm-audit: unknown section charon.plugins.qm-audit.success ignored");
	QM_INT(swan_logs(), 4);
	swan_deinit();
}

/** What a value holds is shown, and is no format. */
static void test_no_format(void)
{
	init_section("success = \"%s%n%d\"\n%n = 1");
	expect_defaults();
	QM_STR(swan_log(0), "qm-audit: charon.plugins.qm-audit.success = '%s%n%d' " NOT_TRI
		   ", using the default");
	QM_STR(swan_log(1), "qm-audit: unknown setting charon.plugins.qm-audit.%n ignored");
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
	{ "classes", test_classes },
	{ "malformed values are named", test_malformed },
	{ "malformed values beside good ones", test_malformed_among_others },
	{ "long paths", test_long_paths },
	{ "unknown keys and sections are named", test_unknown },
	{ "values are no formats", test_no_format },
	{ "settings are read again", test_reload },
	{ "namespaces", test_namespaces },
	CU_TEST_INFO_NULL,
};
