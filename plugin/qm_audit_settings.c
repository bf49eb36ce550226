/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "qm_audit_settings.h"

#include <ctype.h>

/** Observations that can wait, 2.4 KiB of memory each */
#define QUEUE_SIZE_DEFAULT 4096
#define QUEUE_SIZE_MIN 16
#define QUEUE_SIZE_MAX 1048576

/** Seconds that charon's end may wait for the writer */
#define SHUTDOWN_TIMEOUT_DEFAULT 5
#define SHUTDOWN_TIMEOUT_MAX 300

/** Records a minute about packets and peers that anybody can make up */
#define FLOOD_SOURCE_DEFAULT 10
#define FLOOD_TOTAL_DEFAULT 300
#define FLOOD_RATE_MAX 1000000

/** Seconds between summaries of what was held back */
#define FLOOD_INTERVAL_DEFAULT 60
#define FLOOD_INTERVAL_MAX 3600

/** Bytes for the kernel's notifications, of which one takes about 1 KiB */
#define KERNEL_RCVBUF_DEFAULT (8 * 1024 * 1024)
#define KERNEL_RCVBUF_MIN 65536
#define KERNEL_RCVBUF_MAX (512 * 1024 * 1024)

/** Seconds between comparisons with the kernel */
#define KERNEL_INTERVAL_DEFAULT 300
#define KERNEL_INTERVAL_MAX 86400

#define STATE_DIR_DEFAULT "/var/lib/qm-audit"

/** Records that may wait in the state directory, and their bytes */
#define STORE_RECORDS_DEFAULT 1000000
#define STORE_RECORDS_MAX 100000000
#define STORE_BYTES_DEFAULT (256 * 1024 * 1024)
#define STORE_BYTES_MIN 65536

#define AUDIT_LOG_DEFAULT "auto"

#define STATUS_SOCKET_DEFAULT "/run/qm-audit/status.sock"

/**
 * Parse a yes or no as strongswan.conf spells them
 */
static bool parse_tristate(char *value, void *out)
{
	enum qm_tristate *tri = out;

	if (settings_value_as_bool(value, FALSE) !=
		settings_value_as_bool(value, TRUE))
	{
		return FALSE;
	}
	*tri = settings_value_as_bool(value, FALSE) ? QM_TRI_YES : QM_TRI_NO;
	return TRUE;
}

/**
 * Parse a decimal number within bounds
 */
static bool parse_number(char *value, u_long lowest, u_long highest, u_int *out)
{
	char *end;
	u_long number;

	/* what does not fit becomes ULONG_MAX, which no setting accepts */
	number = strtoul(value, &end, 10);
	if (!isdigit((u_char)*value) || *end || number < lowest ||
		number > highest)
	{
		return FALSE;
	}
	*out = number;
	return TRUE;
}

/**
 * Parse the size of the queue
 */
static bool parse_queue_size(char *value, void *out)
{
	return parse_number(value, QUEUE_SIZE_MIN, QUEUE_SIZE_MAX, out);
}

/**
 * Parse the shutdown timeout, given in seconds
 */
static bool parse_shutdown_timeout(char *value, void *out)
{
	u_int seconds;

	if (!parse_number(value, 0, SHUTDOWN_TIMEOUT_MAX, &seconds))
	{
		return FALSE;
	}
	*(u_int*)out = seconds * 1000;
	return TRUE;
}

/**
 * Parse a class of events
 */
static bool parse_class(char *value, void *out)
{
	if (!streq(value, "success") && !streq(value, "failure"))
	{
		return FALSE;
	}
	*(bool*)out = streq(value, "success");
	return TRUE;
}

/**
 * Parse a rate, in records a minute
 */
static bool parse_rate(char *value, void *out)
{
	return parse_number(value, 0, FLOOD_RATE_MAX, out);
}

/**
 * Parse the time between summaries, given in seconds
 */
static bool parse_interval(char *value, void *out)
{
	u_int seconds;

	if (!parse_number(value, 1, FLOOD_INTERVAL_MAX, &seconds))
	{
		return FALSE;
	}
	*(uint32_t*)out = seconds * 1000;
	return TRUE;
}

/**
 * Parse the size of the buffer for the kernel's notifications
 */
static bool parse_kernel_rcvbuf(char *value, void *out)
{
	return parse_number(value, KERNEL_RCVBUF_MIN, KERNEL_RCVBUF_MAX, out);
}

/**
 * Parse the time between comparisons with the kernel, given in seconds
 */
static bool parse_kernel_interval(char *value, void *out)
{
	return parse_number(value, 0, KERNEL_INTERVAL_MAX, out);
}

/**
 * Parse an absolute path
 */
static bool parse_state_dir(char *value, void *out)
{
	if (*value != '/' || strlen(value) >= PATH_MAX)
	{
		return FALSE;
	}
	snprintf(out, PATH_MAX, "%s", value);
	return TRUE;
}

/**
 * Parse what records outlive
 */
static bool parse_durability(char *value, void *out)
{
	enum qm_durability durability;

	for (durability = 0; durability < QM_DURABLE_MAX; durability++)
	{
		if (streq(value, qm_durability_name(durability)))
		{
			*(enum qm_durability*)out = durability;
			return TRUE;
		}
	}
	return FALSE;
}

/**
 * Parse how many records may wait
 */
static bool parse_store_records(char *value, void *out)
{
	return parse_number(value, 1, STORE_RECORDS_MAX, out);
}

/**
 * Parse how many bytes of records may wait
 */
static bool parse_store_bytes(char *value, void *out)
{
	return parse_number(value, STORE_BYTES_MIN, UINT_MAX, out);
}

/**
 * Parse what is done while records cannot be kept
 */
static bool parse_failure(char *value, void *out)
{
	if (!streq(value, "continue") && !streq(value, "refuse"))
	{
		return FALSE;
	}
	*(bool*)out = streq(value, "refuse");
	return TRUE;
}

/**
 * Parse where auditd's log is
 */
static bool parse_audit_log(char *value, void *out)
{
	if (streq(value, "auto") || streq(value, "none"))
	{
		snprintf(out, PATH_MAX, "%s", value);
		return TRUE;
	}
	return parse_state_dir(value, out);
}

/**
 * Parse a yes or no that has a default
 */
static bool parse_switch(char *value, void *out)
{
	enum qm_tristate tri;

	if (!parse_tristate(value, &tri))
	{
		return FALSE;
	}
	*(bool*)out = tri == QM_TRI_YES;
	return TRUE;
}

/**
 * Parse where the status is asked for
 */
static bool parse_status_socket(char *value, void *out)
{
	bool off = streq(value, "no") || streq(value, "");

	if (!off && (*value != '/' || strlen(value) >= QM_STATUS_PATH_MAX))
	{
		return FALSE;
	}
	snprintf(out, QM_STATUS_PATH_MAX, "%s", off ? "" : value);
	return TRUE;
}

/**
 * Leave a key alone that is the plugin loader's
 */
static bool parse_load(char *value, void *out)
{
	return TRUE;
}

/**
 * The keys that exist
 */
static const struct {
	/** name below charon.plugins.qm-audit */
	char *name;
	/** parse a value into a member; FALSE and unchanged if it is malformed */
	bool (*parse)(char *value, void *out);
	/** offset of that member */
	size_t offset;
	/** what is accepted, for the log */
	char *accepts;
} keys[] = {
	{ "load", parse_load, 0, NULL },
	{ "success", parse_tristate,
	  offsetof(qm_audit_settings_t, reload.policy.success), "yes or no" },
	{ "failure", parse_tristate,
	  offsetof(qm_audit_settings_t, reload.policy.failure), "yes or no" },
	{ "invalid_packet_class", parse_class,
	  offsetof(qm_audit_settings_t, reload.invalid_is_success),
	  "success or failure" },
	{ "flood_source_rate", parse_rate,
	  offsetof(qm_audit_settings_t, reload.rates.source),
	  "a number from 0 to 1000000" },
	{ "flood_total_rate", parse_rate,
	  offsetof(qm_audit_settings_t, reload.rates.total),
	  "a number from 0 to 1000000" },
	{ "flood_interval", parse_interval,
	  offsetof(qm_audit_settings_t, reload.rates.interval_ms),
	  "a number of seconds from 1 to 3600" },
	{ "queue_size", parse_queue_size,
	  offsetof(qm_audit_settings_t, queue_size), "a number from 16 to 1048576" },
	{ "shutdown_timeout", parse_shutdown_timeout,
	  offsetof(qm_audit_settings_t, shutdown_timeout),
	  "a number of seconds from 0 to 300" },
	{ "kernel_receive_buffer", parse_kernel_rcvbuf,
	  offsetof(qm_audit_settings_t, kernel_rcvbuf),
	  "a number of bytes from 65536 to 536870912" },
	{ "kernel_check_interval", parse_kernel_interval,
	  offsetof(qm_audit_settings_t, kernel_interval),
	  "a number of seconds from 0 to 86400" },
	{ "state_dir", parse_state_dir,
	  offsetof(qm_audit_settings_t, state_dir), "an absolute path" },
	{ "durability", parse_durability,
	  offsetof(qm_audit_settings_t, durability), "power, crash or none" },
	{ "store_records", parse_store_records,
	  offsetof(qm_audit_settings_t, store_records),
	  "a number from 1 to 100000000" },
	{ "store_bytes", parse_store_bytes,
	  offsetof(qm_audit_settings_t, store_bytes),
	  "a number of bytes from 65536 to 4294967295" },
	{ "on_audit_failure", parse_failure,
	  offsetof(qm_audit_settings_t, refuse), "continue or refuse" },
	{ "audit_log", parse_audit_log,
	  offsetof(qm_audit_settings_t, audit_log),
	  "auto, none or an absolute path" },
	{ "ask_audit_status", parse_switch,
	  offsetof(qm_audit_settings_t, ask_status), "yes or no" },
	{ "status_socket", parse_status_socket,
	  offsetof(qm_audit_settings_t, status_socket),
	  "no, or an absolute path of up to 107 bytes" },
};

/**
 * Take over one key
 */
static void read_key(qm_audit_settings_t *settings, char *name, char *value)
{
	int i;

	for (i = 0; i < countof(keys); i++)
	{
		if (streq(keys[i].name, name))
		{
			if (!keys[i].parse(value, (char*)settings + keys[i].offset))
			{
				DBG1(DBG_CFG, "qm-audit: %s.plugins.qm-audit.%s = '%s' is not "
					 "%s, using the default", lib->ns, name, value,
					 keys[i].accepts);
			}
			return;
		}
	}
	DBG1(DBG_CFG, "qm-audit: unknown setting %s.plugins.qm-audit.%s ignored",
		 lib->ns, name);
}

/**
 * Name the subsections, of which there are none
 */
static void reject_sections()
{
	enumerator_t *enumerator;
	char *name;

	enumerator = lib->settings->create_section_enumerator(lib->settings,
										"%s.plugins.qm-audit", lib->ns);
	while (enumerator->enumerate(enumerator, &name))
	{
		DBG1(DBG_CFG, "qm-audit: unknown section %s.plugins.qm-audit.%s "
			 "ignored", lib->ns, name);
	}
	enumerator->destroy(enumerator);
}

/*
 * Described in header
 */
void qm_audit_settings_read(qm_audit_settings_t *settings)
{
	enumerator_t *enumerator;
	char *name, *value;

	*settings = (qm_audit_settings_t){
		.reload = {
			.invalid_is_success = TRUE,
			.rates = {
				.source = FLOOD_SOURCE_DEFAULT,
				.total = FLOOD_TOTAL_DEFAULT,
				.interval_ms = FLOOD_INTERVAL_DEFAULT * 1000,
			},
		},
		.queue_size = QUEUE_SIZE_DEFAULT,
		.shutdown_timeout = SHUTDOWN_TIMEOUT_DEFAULT * 1000,
		.kernel_rcvbuf = KERNEL_RCVBUF_DEFAULT,
		.kernel_interval = KERNEL_INTERVAL_DEFAULT,
		.state_dir = STATE_DIR_DEFAULT,
		.durability = QM_DURABLE_POWER,
		.store_records = STORE_RECORDS_DEFAULT,
		.store_bytes = STORE_BYTES_DEFAULT,
		.audit_log = AUDIT_LOG_DEFAULT,
		.status_socket = STATUS_SOCKET_DEFAULT,
	};
	enumerator = lib->settings->create_key_value_enumerator(lib->settings,
										"%s.plugins.qm-audit", lib->ns);
	while (enumerator->enumerate(enumerator, &name, &value))
	{
		read_key(settings, name, value);
	}
	enumerator->destroy(enumerator);
	reject_sections();
}
