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

static void expect_settings(struct qm_policy policy, u_int queue_size, u_int timeout,
							const char *state_dir)
{
	qm_audit_settings_t settings;

	memset(&settings, 0xa5, sizeof(settings));
	qm_audit_settings_read(&settings);
	QM_INT(settings.reload.policy.success, policy.success);
	QM_INT(settings.reload.policy.failure, policy.failure);
	QM_INT(settings.queue_size, queue_size);
	QM_INT(settings.shutdown_timeout, timeout);
	QM_STR(settings.state_dir, state_dir);
}

static void expect_defaults(void)
{
	expect_settings((struct qm_policy){ UNSET, UNSET }, 4096, 5000, DIR_DEFAULT);
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
	init_section("load = yes\nsuccess = yes\nfailure = no\nqueue_size = 100\n"
				 "shutdown_timeout = 7\nstate_dir = /srv/audit state\n");
	expect_settings((struct qm_policy){ YES, NO }, 100, 7000, "/srv/audit state");
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

#define NOT_TRI "is not yes or no"
#define NOT_QUEUE "is not a number from 16 to 1048576"
#define NOT_TIMEOUT "is not a number of seconds from 0 to 300"
#define NOT_PATH "is not an absolute path"

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
	{ "malformed values are named", test_malformed },
	{ "malformed values beside good ones", test_malformed_among_others },
	{ "long paths", test_long_paths },
	{ "unknown keys and sections are named", test_unknown },
	{ "values are no formats", test_no_format },
	{ "settings are read again", test_reload },
	{ "namespaces", test_namespaces },
	CU_TEST_INFO_NULL,
};
