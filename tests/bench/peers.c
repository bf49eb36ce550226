/* SPDX-License-Identifier: GPL-2.0-or-later */
#include "peers.h"

#include <errno.h>
#include <net/if.h>
#include <semaphore.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdio.h>
#include <sys/ioctl.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <daemon.h>
#include <processing/jobs/delete_ike_sa_job.h>
#include <processing/jobs/rekey_child_sa_job.h>

/** How long one exchange may take; under valgrind everything is slow. */
#define TIMEOUT_S 20

#define PLUGINS "random nonce aes sha1 sha2 hmac kdf load-tester kernel-netlink " \
				"socket-default"

/** The daemon's log, but for errors, is none of a benchmark's output. */
#define LOG_LEVEL LEVEL_SILENT

/** The text by which a plugin knows which strongSwan it is in. */
static const char version[] __attribute__((used)) = "strongSwan " VERSION;

/** What the exchange under way has done so far. */
static struct {
	sem_t up;
	sem_t child_gone;
	sem_t ike_gone;
	atomic_uint rejected;
	/** the initiator's newest */
	struct peers_sa sa;
} progress;

static bool is_initiator(ike_sa_t *ike_sa)
{
	ike_sa_id_t *id = ike_sa->get_id(ike_sa);

	return id->is_initiator(id);
}

static void note(ike_sa_t *ike_sa, child_sa_t *child_sa)
{
	ike_sa_id_t *id = ike_sa->get_id(ike_sa);

	progress.sa = (struct peers_sa){
		.ike_sa = ike_sa->get_unique_id(ike_sa),
		.child_sa = child_sa->get_unique_id(child_sa),
		.spi = child_sa->get_spi(child_sa, TRUE),
		.ike_spi_i = id->get_initiator_spi(id),
		.ike_spi_r = id->get_responder_spi(id),
	};
}

static bool child_updown(listener_t *this, ike_sa_t *ike_sa, child_sa_t *child_sa,
						 bool up)
{
	if (up && is_initiator(ike_sa)) {
		note(ike_sa, child_sa);
		sem_post(&progress.up);
	}
	return TRUE;
}

static bool child_rekey(listener_t *this, ike_sa_t *ike_sa, child_sa_t *old,
						child_sa_t *new)
{
	if (is_initiator(ike_sa)) {
		note(ike_sa, new);
	}
	return TRUE;
}

static bool child_state_change(listener_t *this, ike_sa_t *ike_sa, child_sa_t *child_sa,
							   child_sa_state_t state)
{
	if (state == CHILD_DESTROYING) {
		sem_post(&progress.child_gone);
	}
	return TRUE;
}

static bool ike_state_change(listener_t *this, ike_sa_t *ike_sa, ike_sa_state_t state)
{
	if (state == IKE_DESTROYING) {
		sem_post(&progress.ike_gone);
	}
	return TRUE;
}

static bool alert(listener_t *this, ike_sa_t *ike_sa, alert_t alert, va_list args)
{
	if (alert == ALERT_PARSE_ERROR_BODY || alert == ALERT_INVALID_IKE_SPI) {
		progress.rejected++;
	}
	return TRUE;
}

static listener_t listener = {
	.alert = alert,
	.child_updown = child_updown,
	.child_rekey = child_rekey,
	.child_state_change = child_state_change,
	.ike_state_change = ike_state_change,
};

static int bring_lo_up(void)
{
	struct ifreq req = { .ifr_name = "lo" };
	int fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	int r = -1;

	if (fd >= 0 && !ioctl(fd, SIOCGIFFLAGS, &req)) {
		req.ifr_flags |= IFF_UP;
		r = ioctl(fd, SIOCSIFFLAGS, &req);
	}
	if (r < 0) {
		fprintf(stderr, "peers: bringing lo up: %s; run this in a network namespace of "
				"its own, see tests/bench/run\n", strerror(errno));
	}
	if (fd >= 0) {
		close(fd);
	}
	return r < 0 ? -EIO : 0;
}

/** Names and values of strongswan.conf. */
static const char *const base_settings[][2] = {
	{ "charon.dos_protection", "no" },
	{ "charon.delete_rekeyed_delay", "0" },
	/* load-tester's null key exchange has a number of its own */
	{ "charon.accept_private_algs", "yes" },
	{ "charon.plugins.load-tester.enable", "yes" },
	{ "charon.plugins.load-tester.fake_kernel", "yes" },
	{ "charon.plugins.load-tester.version", "2" },
	{ "charon.plugins.load-tester.initiator", "127.0.0.1" },
	{ "charon.plugins.load-tester.responder", "127.0.0.1" },
	/* the cheapest handshake there is, so that nothing hides the plugin */
	{ "charon.plugins.load-tester.proposal", "aes128-sha1-modpnull" },
	{ "charon.plugins.load-tester.esp", "aes128-sha1" },
	{ "charon.plugins.load-tester.initiator_auth", "psk" },
	{ "charon.plugins.load-tester.responder_auth", "psk" },
	{ "charon.plugins.load-tester.child_rekey", "0" },
	{ "charon.plugins.qm-audit.success", "yes" },
};

static const char *const dn_settings[][2] = {
	{ "charon.plugins.load-tester.initiator_id",
	  "C=CH, O=Example Org, OU=Roadwarriors, CN=c%d-r%d.example.org" },
	{ "charon.plugins.load-tester.initiator_match",
	  "C=CH, O=Example Org, OU=Roadwarriors, CN=*" },
	{ "charon.plugins.load-tester.responder_id",
	  "C=CH, O=Example Org, OU=Gateways, CN=gw.example.org" },
};

static void set_all(const char *const settings[][2], size_t count)
{
	size_t i;

	for (i = 0; i < count; i++) {
		lib->settings->set_str(lib->settings, (char *)settings[i][0],
							   (char *)settings[i][1]);
	}
}

static void configure(const struct peers_config *config)
{
	set_all(base_settings, countof(base_settings));
	if (config->state_dir) {
		lib->settings->set_str(lib->settings, "%s.plugins.qm-audit.state_dir",
							   (char *)config->state_dir, lib->ns);
	}
	if (config->dn) {
		set_all(dn_settings, countof(dn_settings));
	}
}

/** What the daemon's own main() does for signals. */
static void block_signals(void)
{
	sigset_t set;

	sigemptyset(&set);
	sigaddset(&set, SIGINT);
	sigaddset(&set, SIGTERM);
	sigaddset(&set, SIGHUP);
	pthread_sigmask(SIG_BLOCK, &set, NULL);
	signal(SIGPIPE, SIG_IGN);
}

static void set_log_levels(void)
{
	level_t levels[DBG_MAX];
	const char *level = getenv("QM_BENCH_LOG");
	int i;

	for (i = 0; i < DBG_MAX; i++) {
		levels[i] = level ? atoi(level) : LOG_LEVEL;
	}
	charon->set_default_loggers(charon, levels, TRUE);
	charon->load_loggers(charon);
}

/** The plugins that this run is about must be there; the loader only logs. */
static int check_loaded(const struct peers_config *config)
{
	char *loaded = lib->plugins->loaded_plugins(lib->plugins);

	if (!strstr(loaded, "load-tester") ||
		(config->audit_dir && !strstr(loaded, "qm-audit"))) {
		fprintf(stderr, "peers: loaded only: %s; QM_BENCH_LOG=1 in the environment shows "
				"the daemon's log\n", loaded);
		return -EIO;
	}
	return 0;
}

int peers_start(const struct peers_config *config)
{
	if (bring_lo_up() < 0) {
		return -EIO;
	}
	if (!library_init("", "charon") || !libcharon_init()) {
		fprintf(stderr, "peers: strongSwan's libraries do not initialize\n");
		return -EIO;
	}
	sem_init(&progress.up, 0, 0);
	sem_init(&progress.child_gone, 0, 0);
	sem_init(&progress.ike_gone, 0, 0);
	configure(config);
	set_log_levels();
	lib->plugins->add_path(lib->plugins, (char *)config->load_tester_dir);
	if (config->audit_dir) {
		lib->plugins->add_path(lib->plugins, (char *)config->audit_dir);
	}
	if (!charon->initialize(charon, config->audit_dir ? PLUGINS " qm-audit" : PLUGINS)) {
		fprintf(stderr, "peers: the daemon does not start; QM_BENCH_LOG=1 in the "
				"environment shows its log\n");
		return -EIO;
	}
	if (check_loaded(config) < 0) {
		return -EIO;
	}
	block_signals();
	charon->bus->add_listener(charon->bus, &listener);
	charon->start(charon);
	return 0;
}

static int await(sem_t *sem, int count, const char *what)
{
	struct timespec deadline;

	clock_gettime(CLOCK_REALTIME, &deadline);
	deadline.tv_sec += TIMEOUT_S;
	while (count--) {
		if (sem_timedwait(sem, &deadline) < 0) {
			fprintf(stderr, "peers: %s took more than %d s; QM_BENCH_LOG=1 in the "
					"environment shows the daemon's log\n", what, TIMEOUT_S);
			return -ETIMEDOUT;
		}
	}
	return 0;
}

int peers_establish(struct peers_sa *ret)
{
	peer_cfg_t *peer_cfg;
	child_cfg_t *child_cfg;
	enumerator_t *enumerator;

	peer_cfg = charon->backends->get_peer_cfg_by_name(charon->backends, "load-test");
	enumerator = peer_cfg->create_child_cfg_enumerator(peer_cfg);
	enumerator->enumerate(enumerator, &child_cfg);
	child_cfg->get_ref(child_cfg);
	enumerator->destroy(enumerator);
	charon->controller->initiate(charon->controller, peer_cfg, child_cfg, NULL, NULL, 0,
								 FALSE);
	if (await(&progress.up, 1, "establishing a CHILD_SA") < 0) {
		return -ETIMEDOUT;
	}
	*ret = progress.sa;
	return 0;
}

int peers_rekey(struct peers_sa *sa)
{
	host_t *local = host_create_from_string("127.0.0.1", 0);
	job_t *job = (job_t *)rekey_child_sa_job_create(PROTO_ESP, sa->spi, local);

	lib->processor->queue_job(lib->processor, job);
	local->destroy(local);
	if (await(&progress.child_gone, 2, "rekeying a CHILD_SA") < 0) {
		return -ETIMEDOUT;
	}
	*sa = progress.sa;
	return 0;
}

int peers_terminate(const struct peers_sa *sa)
{
	ike_sa_t *ike_sa;
	job_t *job;

	ike_sa = charon->ike_sa_manager->checkout_by_id(charon->ike_sa_manager, sa->ike_sa);
	if (!ike_sa) {
		fprintf(stderr, "peers: IKE_SA %u is gone\n", sa->ike_sa);
		return -ETIMEDOUT;
	}
	job = (job_t *)delete_ike_sa_job_create(ike_sa->get_id(ike_sa), TRUE);
	charon->ike_sa_manager->checkin(charon->ike_sa_manager, ike_sa);
	lib->processor->queue_job(lib->processor, job);
	if (await(&progress.ike_gone, 2, "deleting an IKE_SA") < 0) {
		return -ETIMEDOUT;
	}
	return await(&progress.child_gone, 2, "deleting a CHILD_SA");
}

unsigned peers_rejected(void)
{
	return progress.rejected;
}

void peers_stop(void)
{
	charon->bus->remove_listener(charon->bus, &listener);
	libcharon_deinit();
	library_deinit();
}
