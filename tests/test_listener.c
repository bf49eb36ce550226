/* SPDX-License-Identifier: GPL-2.0-or-later */
/*
 * What the listener tells of IKE_SAs that go, on IKE_SAs that only answer what it may
 * ask. The recorder is the kit's.
 */
#include "../plugin/qm_audit_listener.h"

#include <string.h>
#include <sys/socket.h>

#include "listener_kit.h"
#include "swan_kit.h"
#include "test.h"

/** An IKE_SA; methods that are not set are not to be called. */
struct fake_sa {
	ike_sa_t public;
	ike_sa_id_t id;
	ike_sa_state_t state;
	ike_version_t version;
	int children;
	/** its configuration is known */
	bool configured;
	host_t *local;
	host_t *remote;
	identification_t *local_id;
	identification_t *remote_id;
	/** facts that were asked for: each ask costs the daemon */
	int asked;
};

METHOD(ike_sa_t, get_unique_id, uint32_t, struct fake_sa *this)
{
	(void)this;
	return 17;
}

METHOD(ike_sa_t, get_state, ike_sa_state_t, struct fake_sa *this)
{
	return this->state;
}

METHOD(ike_sa_t, get_version, ike_version_t, struct fake_sa *this)
{
	return this->version;
}

METHOD(ike_sa_t, get_child_count, int, struct fake_sa *this)
{
	return this->children;
}

METHOD(ike_sa_t, get_name, char *, struct fake_sa *this)
{
	return this->configured ? "gw" : "(unnamed)";
}

METHOD(ike_sa_t, get_peer_cfg, peer_cfg_t *, struct fake_sa *this)
{
	this->asked++;
	return this->configured ? (peer_cfg_t *)this : NULL;
}

METHOD(ike_sa_t, get_my_id, identification_t *, struct fake_sa *this)
{
	return this->local_id;
}

METHOD(ike_sa_t, get_other_id, identification_t *, struct fake_sa *this)
{
	return this->remote_id;
}

METHOD(ike_sa_t, get_my_host, host_t *, struct fake_sa *this)
{
	return this->local;
}

METHOD(ike_sa_t, get_other_host, host_t *, struct fake_sa *this)
{
	return this->remote;
}

METHOD(ike_sa_t, get_id, ike_sa_id_t *, struct fake_sa *this)
{
	return &this->id;
}

METHOD(ike_sa_id_t, is_initiator, bool, ike_sa_id_t *this)
{
	(void)this;
	return FALSE;
}

METHOD(ike_sa_t, has_condition, bool, struct fake_sa *this, ike_condition_t condition)
{
	(void)this;
	(void)condition;
	return FALSE;
}

METHOD(ike_sa_t, create_auth_cfg_enumerator, enumerator_t *, struct fake_sa *this,
	   bool local)
{
	(void)this;
	(void)local;
	return enumerator_create_empty();
}

METHOD(ike_sa_t, create_virtual_ip_enumerator, enumerator_t *, struct fake_sa *this,
	   bool local)
{
	(void)this;
	(void)local;
	return enumerator_create_empty();
}

static void make_sa(struct fake_sa *sa, ike_version_t version, ike_sa_state_t state,
					int children)
{
	*sa = (struct fake_sa){
		.public = {
			.get_unique_id = _get_unique_id,
			.get_state = _get_state,
			.get_version = _get_version,
			.get_child_count = _get_child_count,
			.get_name = _get_name,
			.get_peer_cfg = _get_peer_cfg,
			.get_my_id = _get_my_id,
			.get_other_id = _get_other_id,
			.get_my_host = _get_my_host,
			.get_other_host = _get_other_host,
			.get_id = _get_id,
			.has_condition = _has_condition,
			.create_auth_cfg_enumerator = _create_auth_cfg_enumerator,
			.create_virtual_ip_enumerator = _create_virtual_ip_enumerator,
		},
		.id = { .is_initiator = _is_initiator },
		.state = state,
		.version = version,
		.children = children,
		.configured = TRUE,
		.local = host_create_from_string("192.0.2.1", 500),
		.remote = host_create_from_string("198.51.100.7", 4500),
		.local_id = identification_create_from_string("gw.example.org"),
		.remote_id = identification_create_from_string("client.example.org"),
	};
}

static void free_sa(struct fake_sa *sa)
{
	sa->local->destroy(sa->local);
	sa->remote->destroy(sa->remote);
	sa->local_id->destroy(sa->local_id);
	sa->remote_id->destroy(sa->remote_id);
}

static bool is_text(const struct qm_text *text, const char *s)
{
	return text->len == strlen(s) && !memcmp(text->s, s, text->len);
}

/** Tells the listener that an IKE_SA goes; what it tells is the kit's. */
static void destroy_sa(struct fake_sa *sa)
{
	qm_audit_listener_t *listener = qm_audit_listener_create(NULL, FALSE);

	listener_kit_reset();
	listener->listener.ike_state_change(&listener->listener, &sa->public,
										IKE_DESTROYING);
	listener->destroy(listener);
	QM_INT(listener_kit_pushed(), 1);
	QM_INT(listener_kit_last()->ike_sa, 17);
}

static void expect_facts(ike_version_t version, ike_sa_state_t state, bool configured)
{
	struct fake_sa sa;

	make_sa(&sa, version, state, 0);
	sa.configured = configured;
	destroy_sa(&sa);
	QM_INT(listener_kit_last()->type, QM_INPUT_IKE_ABANDONED);
	QM_INT(listener_kit_last()->sa.ike_sa, 17);
	QM_INT(listener_kit_last()->sa.child_sa, 0);
	QM_INT(listener_kit_last()->sa.ike_version, version == IKEV1 ? 1 : 2);
	QM_INT(listener_kit_last()->sa.remote.family, AF_INET);
	QM_INT(listener_kit_last()->sa.remote.ip[3], 7);
	QM_INT(listener_kit_last()->sa.remote.port, 4500);
	QM_INT(listener_kit_last()->sa.local.ip[3], 1);
	CU_ASSERT(is_text(&listener_kit_last()->sa.conn_name, configured ? "gw" : ""));
	CU_ASSERT(is_text(&listener_kit_last()->sa.local_id, "gw.example.org"));
	CU_ASSERT(is_text(&listener_kit_last()->sa.remote_id, "client.example.org"));
	free_sa(&sa);
}

static void expect_none(ike_version_t version, ike_sa_state_t state, int children)
{
	struct fake_sa sa;

	make_sa(&sa, version, state, children);
	destroy_sa(&sa);
	QM_INT(listener_kit_last()->type, QM_INPUT_IKE_DESTROYING);
	QM_INT(sa.asked, 0);
	free_sa(&sa);
}

static void test_destroying(void)
{
	static const ike_version_t versions[] = { IKEV1, IKEV2 };

	if (!swan_init("charon", "")) {
		CU_FAIL_FATAL("libstrongswan cannot be loaded");
	}
	for (size_t i = 0; i < countof(versions); i++) {
		expect_facts(versions[i], IKE_CONNECTING, TRUE);
		expect_facts(versions[i], IKE_CONNECTING, FALSE);
		expect_facts(versions[i], IKE_ESTABLISHED, TRUE);
		expect_facts(versions[i], IKE_DELETING, TRUE);
		/* a packet opened it that led to nothing: that comes in floods */
		expect_none(versions[i], IKE_CREATED, 0);
		/* its CHILD_SAs told whose it is */
		expect_none(versions[i], IKE_ESTABLISHED, 1);
		expect_none(versions[i], IKE_DELETING, 3);
	}
	swan_deinit();
}

CU_TestInfo listener_tests[] = {
	{ "tells whose an IKE_SA was where nothing else can", test_destroying },
	CU_TEST_INFO_NULL,
};
