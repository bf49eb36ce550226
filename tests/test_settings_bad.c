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

#define NOT_TRI "is not yes or no"
#define NOT_DURABILITY "is not power, crash or none"
#define NOT_RECORDS "is not a number from 1 to 100000000"
#define NOT_STORE_BYTES "is not a number of bytes from 65536 to 4294967295"
#define NOT_LOG "is not auto, none or an absolute path"
#define NOT_SOCKET "is not no, or an absolute path of up to 107 bytes"
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
	{ "durability", "full", NOT_DURABILITY },
	{ "durability", "", NOT_DURABILITY },
	{ "durability", "Power", NOT_DURABILITY },
	{ "durability", "?", NOT_DURABILITY },
	{ "store_records", "0", NOT_RECORDS },
	{ "store_records", "100000001", NOT_RECORDS },
	{ "store_bytes", "65535", NOT_STORE_BYTES },
	{ "store_bytes", "4294967296", NOT_STORE_BYTES },
	{ "store_bytes", "256M", NOT_STORE_BYTES },
	{ "on_audit_failure", "stop", "is not continue or refuse" },
	{ "on_audit_failure", "yes", "is not continue or refuse" },
	{ "audit_log", "audit.log", NOT_LOG },
	{ "audit_log", "", NOT_LOG },
	{ "ask_audit_status", "perhaps", NOT_TRI },
	{ "status_socket", "yes", NOT_SOCKET },
	{ "status_socket", "status.sock", NOT_SOCKET },
	{ "status_socket",
	  "/run/aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
	  "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa", NOT_SOCKET },
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

CU_TestInfo settings_bad_tests[] = {
	{ "malformed values are named", test_malformed },
	{ "malformed values beside good ones", test_malformed_among_others },
	{ "long paths", test_long_paths },
	{ "unknown keys and sections are named", test_unknown },
	{ "values are no formats", test_no_format },
	CU_TEST_INFO_NULL,
};
