/* SPDX-License-Identifier: GPL-2.0-or-later */

#include "qm_audit_plugin.h"
#include "qm_audit_compat.h"
#include "qm_audit_expiry.h"
#include "qm_audit_kernel.h"
#include "qm_audit_listener.h"
#include "qm_audit_settings.h"
#include "qm_audit_status.h"
#include "qm_audit_version.h"
#include "../auditd/sink.h"
#include "../auditd/store.h"

#include <daemon.h>
#include <processing/jobs/callback_job.h>
#include <threading/thread.h>

typedef struct private_qm_audit_plugin_t private_qm_audit_plugin_t;

/**
 * Private data of a qm_audit_plugin_t
 */
struct private_qm_audit_plugin_t {

	/**
	 * Public interface
	 */
	qm_audit_plugin_t public;

	/**
	 * Settings as they were at the start; see struct qm_reload for others
	 */
	qm_audit_settings_t settings;

	/**
	 * Thread behind the queue, NULL once it had to be left alone
	 */
	struct qm_recorder *recorder;

	/**
	 * Listener to charon's hooks
	 */
	qm_audit_listener_t *listener;

	/**
	 * Listener to the kernel's hard expiries
	 */
	qm_audit_expiry_t *expiry;

	/**
	 * Watcher of the kernel's SAs
	 */
	qm_audit_kernel_t *kernel;

	/**
	 * Answers qm-audit status
	 */
	qm_audit_status_t *status;
};

METHOD(plugin_t, get_name, char*,
	private_qm_audit_plugin_t *this)
{
	return "qm-audit";
}

/**
 * Log for the recorder
 */
static void log_cb(void *user, const char *message)
{
	DBG1(DBG_CFG, "qm-audit: %s", message);
}

/**
 * Watch the kernel's SAs, if that is where this daemon has them
 */
static void start_kernel(private_qm_audit_plugin_t *this)
{
	/* so says kernel-libipsec, which has them in this process */
	if (charon->kernel->get_features(charon->kernel) &
		KERNEL_REQUIRE_UDP_ENCAPSULATION)
	{
		struct qm_input input;

		DBG1(DBG_CFG, "qm-audit: this daemon has its SAs not in the kernel, "
			 "byte and packet counts will not be known");
		qm_input_init(&input, QM_INPUT_KERNEL_SYNC, thread_current_id(), 0);
		input.sync = (struct qm_sync){ .phase = QM_SYNC_NONE };
		qm_recorder_push(this->recorder, &input);
		return;
	}
	this->kernel->start(this->kernel);
}

/**
 * Start the threads. A job, so that it runs when the daemon has dropped its
 * capabilities: they are a thread's, and a user change would take from a
 * thread started before also those that the daemon keeps.
 */
static job_requeue_t start_threads(private_qm_audit_plugin_t *this)
{
	int r = qm_recorder_start(this->recorder);

	if (r < 0)
	{
		DBG1(DBG_CFG, "qm-audit: starting the writer failed: %s; no audit "
			 "records will be written", strerror(-r));
	}
	else
	{
		start_kernel(this);
	}
	this->status->start(this->status);
	return JOB_REQUEUE_NONE;
}

/**
 * Stop the writer; what it cannot write in time is given up, not waited for
 */
static void stop_writer(private_qm_audit_plugin_t *this)
{
	if (qm_recorder_stop(this->recorder, this->settings.shutdown_timeout) < 0)
	{
		DBG1(DBG_CFG, "qm-audit: audit did not take the last records within "
			 "%u ms (shutdown_timeout), giving up on them",
			 this->settings.shutdown_timeout);
		this->recorder = NULL;
	}
}

/**
 * Register or unregister listeners and threads
 */
static bool plugin_cb(private_qm_audit_plugin_t *this,
					  plugin_feature_t *feature, bool reg, void *cb_data)
{
	if (reg)
	{
		charon->bus->add_listener(charon->bus, &this->listener->listener);
		charon->kernel->add_listener(charon->kernel, &this->expiry->listener);
		lib->processor->queue_job(lib->processor, (job_t*)
			callback_job_create((callback_job_cb_t)start_threads, this, NULL,
								NULL));
	}
	else
	{
		charon->kernel->remove_listener(charon->kernel,
										&this->expiry->listener);
		charon->bus->remove_listener(charon->bus, &this->listener->listener);
		this->status->stop(this->status);
		this->kernel->stop(this->kernel);
		stop_writer(this);
	}
	return TRUE;
}

METHOD(plugin_t, get_features, int,
	private_qm_audit_plugin_t *this, plugin_feature_t *features[])
{
	static plugin_feature_t f[] = {
		PLUGIN_CALLBACK((plugin_feature_callback_t)plugin_cb, NULL),
			PLUGIN_PROVIDE(CUSTOM, "qm-audit"),
	};
	*features = f;
	return countof(f);
}

/**
 * Say which policy is in force, and what silence means
 */
static void log_policy(struct qm_policy policy)
{
	DBG1(DBG_CFG, "qm-audit: audit policy is %s%s", qm_policy_name(policy),
		 qm_policy_is_on(policy) ? "" : ", no events will be written (see "
		 "charon.plugins.qm-audit.success and .failure)");
}

/**
 * Check whether settings differ in what a reload does not change
 */
static bool needs_restart(private_qm_audit_plugin_t *this,
						  qm_audit_settings_t *settings)
{
	return settings->queue_size != this->settings.queue_size ||
		   settings->shutdown_timeout != this->settings.shutdown_timeout ||
		   settings->kernel_rcvbuf != this->settings.kernel_rcvbuf ||
		   settings->kernel_interval != this->settings.kernel_interval ||
		   !streq(settings->state_dir, this->settings.state_dir) ||
		   settings->durability != this->settings.durability ||
		   settings->store_records != this->settings.store_records ||
		   settings->store_bytes != this->settings.store_bytes ||
		   settings->refuse != this->settings.refuse ||
		   !streq(settings->audit_log, this->settings.audit_log) ||
		   settings->ask_status != this->settings.ask_status ||
		   !streq(settings->status_socket, this->settings.status_socket);
}

METHOD(plugin_t, reload, bool,
	private_qm_audit_plugin_t *this)
{
	qm_audit_settings_t settings;
	struct qm_input input = {
		.type = QM_INPUT_SETTINGS,
		.time = qm_time_now(),
	};

	qm_audit_settings_read(&settings);
	input.settings = settings.reload;
	if (qm_recorder_push(this->recorder, &input) < 0)
	{
		DBG1(DBG_CFG, "qm-audit: queue is full, policy and rates stay as they "
			 "were; reload the settings again");
		return FALSE;
	}
	if (needs_restart(this, &settings))
	{
		DBG1(DBG_CFG, "qm-audit: a change of other settings than the policy, "
			 "invalid_packet_class and flood_ takes effect when the daemon "
			 "starts again");
	}
	return TRUE;
}

METHOD(plugin_t, destroy, void,
	private_qm_audit_plugin_t *this)
{
	this->status->destroy(this->status);
	this->kernel->destroy(this->kernel);
	this->expiry->destroy(this->expiry);
	this->listener->destroy(this->listener);
	qm_recorder_free(this->recorder);
	free(this);
}

/**
 * Open the store, in memory where there is none or it cannot be used. Then the
 * time numbers this start of the daemon: it is as unique as a count, and far
 * above any.
 */
static int open_store(qm_audit_settings_t *settings,
					  struct qm_recorder_config *config)
{
	char error[QM_STORE_ERROR_MAX];
	struct qm_store_config store = {
		.dir = settings->state_dir,
		.durability = settings->durability,
		.max_records = settings->store_records,
		.max_bytes = settings->store_bytes,
	};
	int r;

	r = qm_store_open(&config->store, &store, &config->start, error);
	if (*error)
	{
		DBG1(DBG_CFG, "qm-audit: %s", error);
	}
	if (r < 0)
	{
		store.durability = QM_DURABLE_NONE;
		r = qm_store_open(&config->store, &store, &config->start, error);
	}
	if (store.durability == QM_DURABLE_NONE)
	{
		config->start.instance = time(NULL);
		DBG1(DBG_CFG, "qm-audit: records and open SA pairs are kept in memory "
			 "alone; numbering this start %u, after the time",
			 config->start.instance);
	}
	config->durability = store.durability;
	config->watch.sync = store.durability == QM_DURABLE_POWER;
	return r;
}

/**
 * The log to see records arrive in, as qm_watch_config has it
 */
static const char *watched_log(qm_audit_settings_t *settings)
{
	if (streq(settings->audit_log, "auto"))
	{
		return NULL;
	}
	return streq(settings->audit_log, "none") ? "" : settings->audit_log;
}

/**
 * Say whether audit records will be kept by anybody
 */
static void probe_audit(bool ask)
{
	enum qm_sink_state state;

	if (ask && !lib->caps->keep(lib->caps, CAP_AUDIT_CONTROL))
	{
		DBG1(DBG_CFG, "qm-audit: capability CAP_AUDIT_CONTROL is missing, the "
			 "kernel's audit status cannot be asked for (ask_audit_status)");
	}
	if (!lib->caps->keep(lib->caps, CAP_AUDIT_WRITE))
	{
		DBG1(DBG_CFG, "qm-audit: capability CAP_AUDIT_WRITE is missing, audit "
			 "records cannot be written; grant it to the daemon");
	}
	state = qm_sink_probe();
	if (state != QM_SINK_READY)
	{
		DBG1(DBG_CFG, "qm-audit: %s", qm_sink_state_text(state));
	}
}

/*
 * Described in header
 */
QM_AUDIT_PLUGIN_DEFINE
{
	private_qm_audit_plugin_t *this;
	struct qm_recorder_config config;
	int r;

	if (!qm_audit_version_check())
	{
		return NULL;
	}
	INIT(this,
		.public = {
			.plugin = {
				.get_name = _get_name,
				.get_features = _get_features,
				.reload = _reload,
				.destroy = _destroy,
			},
		},
	);
	qm_audit_settings_read(&this->settings);
	probe_audit(this->settings.ask_status);
	config = (struct qm_recorder_config){
		.queue_size = this->settings.queue_size,
		.settings = this->settings.reload,
		.origin = {
			.daemon = lib->ns,
			.daemon_version = VERSION,
		},
		.watch = {
			.log = watched_log(&this->settings),
			.ask_kernel = this->settings.ask_status,
		},
		.log = log_cb,
	};
	r = open_store(&this->settings, &config);
	if (r == 0)
	{
		r = qm_recorder_new(&this->recorder, &config);
	}
	if (r < 0)
	{
		DBG1(DBG_CFG, "qm-audit: not loaded: queue of %u observations: %s",
			 this->settings.queue_size, strerror(-r));
		free(this);
		return NULL;
	}
	this->listener = qm_audit_listener_create(this->recorder,
											  this->settings.refuse);
	this->expiry = qm_audit_expiry_create(this->recorder);
	this->kernel = qm_audit_kernel_create(this->recorder,
										  this->settings.kernel_rcvbuf,
										  this->settings.kernel_interval);
	this->status = qm_audit_status_create(this->recorder, this->kernel,
										  &this->settings);
	log_policy(this->settings.reload.policy);
	return &this->public.plugin;
}
