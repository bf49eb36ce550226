/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * Fuzz target: values of settings. Each line of the input is a key's letter and
 * a value; what is read must be what was set, or the default with a message.
 */
#include "../plugin/qm_audit_settings.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "fuzz.h"
#include "swan_kit.h"

#define VALUE_MAX 5000

/** In an order that makes c to k their letters. */
enum {
	KEY_FLOOD_INTERVAL,
	KEY_SUCCESS,
	KEY_FAILURE,
	KEY_QUEUE_SIZE,
	KEY_SHUTDOWN_TIMEOUT,
	KEY_STATE_DIR,
	KEY_INVALID_PACKET_CLASS,
	KEY_FLOOD_SOURCE_RATE,
	KEY_FLOOD_TOTAL_RATE,
	KEY_KERNEL_RCVBUF,
	KEY_KERNEL_INTERVAL,
	KEY_DURABILITY,
	KEY_STORE_RECORDS,
	KEY_STORE_BYTES,
	KEY_ON_AUDIT_FAILURE,
	KEY_AUDIT_LOG,
	KEY_ASK_AUDIT_STATUS,
	KEY_STATUS_SOCKET,
	KEY_MAX,
};

static char *const names[KEY_MAX] = {
	"flood_interval", "success", "failure", "queue_size", "shutdown_timeout",
	"state_dir", "invalid_packet_class", "flood_source_rate", "flood_total_rate",
	"kernel_receive_buffer", "kernel_check_interval", "durability", "store_records",
	"store_bytes", "on_audit_failure", "audit_log", "ask_audit_status",
	"status_socket",
};

/** The last value of each key, "" if there is none. */
static char values[KEY_MAX][VALUE_MAX];
static bool set[KEY_MAX];

static void demand(bool good)
{
	if (!good) {
		abort();
	}
}

/** Sets what a line says; the value ends at a NUL. */
static void set_line(const char *line, size_t len)
{
	size_t key = (u_char)line[0] % KEY_MAX;

	snprintf(values[key], VALUE_MAX, "%.*s", (int)len - 1, line + 1);
	set[key] = TRUE;
	lib->settings->set_str(lib->settings, "%s.plugins.qm-audit.%s", values[key], lib->ns,
						   names[key]);
}

static void set_lines(const char *data, size_t size)
{
	while (size) {
		const char *newline = memchr(data, '\n', size);
		size_t len = newline ? (size_t)(newline - data) : size;

		if (len) {
			set_line(data, len);
		}
		len += newline != NULL;
		data += len;
		size -= len;
	}
}

static bool is_word(const char *value, const char *const words[4])
{
	return !strcasecmp(value, words[0]) || !strcasecmp(value, words[1]) ||
		   !strcasecmp(value, words[2]) || !strcasecmp(value, words[3]);
}

/** @return how many messages there must be about it: 0 or 1 */
static int check_tristate(int key, enum qm_tristate tri)
{
	static const char *const yes[] = { "yes", "true", "enabled", "1" };
	static const char *const no[] = { "no", "false", "disabled", "0" };

	if (set[key] && is_word(values[key], yes)) {
		demand(tri == QM_TRI_YES);
		return 0;
	}
	if (set[key] && is_word(values[key], no)) {
		demand(tri == QM_TRI_NO);
		return 0;
	}
	demand(tri == QM_TRI_UNKNOWN);
	return set[key];
}

static bool is_number(const char *value, uint64_t lowest, uint64_t highest)
{
	uint64_t number = 0;

	if (!*value || value[strspn(value, "0123456789")]) {
		return FALSE;
	}
	for (; *value && number <= highest; value++) {
		number = number * 10 + (uint64_t)(*value - '0');
	}
	return number >= lowest && number <= highest;
}

static int check_number(int key, uint64_t lowest, uint64_t highest, uint64_t number,
						uint64_t otherwise)
{
	if (set[key] && is_number(values[key], lowest, highest)) {
		demand(number == strtoull(values[key], NULL, 10));
		return 0;
	}
	demand(number == otherwise);
	return set[key];
}

static int check_path(int key, const char *path)
{
	if (set[key] && values[key][0] == '/' && strlen(values[key]) < PATH_MAX) {
		demand(streq(path, values[key]));
		return 0;
	}
	demand(streq(path, "/var/lib/qm-audit"));
	return set[key];
}

/** A number of seconds, of which milliseconds are made. */
static int check_seconds(int key, uint64_t lowest, uint64_t highest, uint64_t ms,
						 uint64_t otherwise)
{
	demand(ms % 1000 == 0);
	return check_number(key, lowest, highest, ms / 1000, otherwise);
}

static int check_class(int key, bool is_success)
{
	if (set[key] && streq(values[key], "failure")) {
		demand(!is_success);
		return 0;
	}
	demand(is_success);
	return set[key] && !streq(values[key], "success");
}

/** One of some words, the first of which is the default. */
static int check_word(int key, const char *const *words, int found)
{
	for (int i = 0; words[i]; i++) {
		if (set[key] && streq(values[key], words[i])) {
			demand(found == i);
			return 0;
		}
	}
	demand(!found);
	return set[key];
}

static int check_log(const char *log)
{
	const char *value = set[KEY_AUDIT_LOG] ? values[KEY_AUDIT_LOG] : "";

	if (streq(value, "auto") || streq(value, "none") ||
		(*value == '/' && strlen(value) < PATH_MAX)) {
		demand(streq(log, value));
		return 0;
	}
	demand(streq(log, "auto"));
	return set[KEY_AUDIT_LOG];
}

/** @return how many messages there must be about it */
static int check_socket(const char *path)
{
	const char *value = values[KEY_STATUS_SOCKET];
	const bool off = !strcmp(value, "") || !strcmp(value, "no");

	if (set[KEY_STATUS_SOCKET] && (off || (*value == '/' && strlen(value) < 108))) {
		demand(!strcmp(path, off ? "" : value));
		return 0;
	}
	demand(!strcmp(path, "/run/qm-audit/status.sock"));
	return set[KEY_STATUS_SOCKET];
}

/** What concerns the store and audit. */
static int check_store(const qm_audit_settings_t *settings)
{
	static const char *const durabilities[] = { "power", "crash", "none", NULL };
	static const char *const failures[] = { "continue", "refuse", NULL };
	enum qm_tristate ask = settings->ask_status ? QM_TRI_YES : QM_TRI_NO;
	int logs = 0;

	logs += check_word(KEY_DURABILITY, durabilities,
					   QM_DURABLE_POWER - (int)settings->durability);
	logs += check_number(KEY_STORE_RECORDS, 1, 100000000, settings->store_records,
						 1000000);
	logs += check_number(KEY_STORE_BYTES, 65536, 4294967295, settings->store_bytes,
						 268435456);
	logs += check_word(KEY_ON_AUDIT_FAILURE, failures, settings->refuse);
	logs += check_log(settings->audit_log);
	logs += check_socket(settings->status_socket);
	/* what is not said to be on is off; a no and nonsense look the same */
	if (ask == QM_TRI_NO &&
		(!set[KEY_ASK_AUDIT_STATUS] ||
		 settings_value_as_bool(values[KEY_ASK_AUDIT_STATUS], TRUE))) {
		ask = QM_TRI_UNKNOWN;
	}
	return logs + check_tristate(KEY_ASK_AUDIT_STATUS, ask);
}

/** @return how many messages there must be about all of them */
static int check_all(const qm_audit_settings_t *settings)
{
	const struct qm_reload *reload = &settings->reload;
	int logs = 0;

	logs += check_tristate(KEY_SUCCESS, reload->policy.success);
	logs += check_tristate(KEY_FAILURE, reload->policy.failure);
	logs += check_class(KEY_INVALID_PACKET_CLASS, reload->invalid_is_success);
	logs += check_number(KEY_FLOOD_SOURCE_RATE, 0, 1000000, reload->rates.source, 10);
	logs += check_number(KEY_FLOOD_TOTAL_RATE, 0, 1000000, reload->rates.total, 300);
	logs += check_seconds(KEY_FLOOD_INTERVAL, 1, 3600, reload->rates.interval_ms, 60);
	logs += check_number(KEY_QUEUE_SIZE, 16, 1048576, settings->queue_size, 4096);
	logs += check_seconds(KEY_SHUTDOWN_TIMEOUT, 0, 300, settings->shutdown_timeout, 5);
	logs += check_path(KEY_STATE_DIR, settings->state_dir);
	logs += check_number(KEY_KERNEL_RCVBUF, 65536, 536870912, settings->kernel_rcvbuf,
						 8388608);
	logs += check_number(KEY_KERNEL_INTERVAL, 0, 86400, settings->kernel_interval, 300);
	return logs + check_store(settings);
}

static void forget(void)
{
	static bool initialized;

	if (!initialized) {
		demand(swan_init("charon", ""));
		atexit(swan_deinit);
		initialized = TRUE;
	}
	lib->settings->destroy(lib->settings);
	lib->settings = settings_create(NULL);
	swan_release();
	swan_capture();
	memset(set, 0, sizeof(set));
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	qm_audit_settings_t settings;

	forget();
	set_lines((const char *)data, size);
	qm_audit_settings_read(&settings);
	demand(check_all(&settings) == swan_logs());
	return 0;
}
